/*
 * Every statement that runs on PostgreSQL.
 *
 * CockroachDB and Yugabyte take them too: no sequences, triggers, functions of
 * our own, advisory locks or LISTEN.  What is one user's is found by an index.
 */
#include "service/store/pg.h"

/* One node's purge takes what another's has left, and never waits for it; a
 * thousand rows at once, so that no change waits long behind it. */
#define NOT_LOCKED " FOR UPDATE SKIP LOCKED)"

#define BURY                                                                   \
    " ON CONFLICT (hash) DO UPDATE SET id = excluded.id,"                      \
    " user_id = excluded.user_id, app_id = excluded.app_id,"                   \
    " deleted = excluded.deleted"

/* One user for the Admin API; $1 is the provider of addresses. */
#define LISTED                                                                 \
    "SELECT " UK_PG_USER ", u.created,"                                        \
    " (SELECT i.address FROM identity i WHERE i.user_id = u.id"                \
    " AND i.provider = $1 ORDER BY i.created, i.id LIMIT 1),"                  \
    " (SELECT count(*) FROM api_key k WHERE k.user_id = u.id),"                \
    " (SELECT k.name FROM api_key k WHERE k.user_id = u.id AND u.server"       \
    " ORDER BY k.created, k.id LIMIT 1) FROM app_user u"

/* Numbers are bits of enum uk_provider; a server's user has no identity but
 * its key. */
#define WANTED                                                                 \
    " AND ($5 < 0 OR u.disabled = ($5 = 1)) AND ($6 = 0"                       \
    " OR ($6 & 8 <> 0 AND u.server) OR EXISTS (SELECT 1 FROM identity f"       \
    " WHERE f.user_id = u.id AND (($6 & 2 <> 0 AND f.provider = 'anon-user')"  \
    " OR ($6 & 4 <> 0 AND f.provider = 'local-userpass'))))"

_Static_assert(1 << UK_PROVIDER_ANON == 2 && 1 << UK_PROVIDER_PASSWORD == 4 &&
                   1 << UK_PROVIDER_KEY == 8,
               "the statement has them as numbers");

#define SERVERS                                                                \
    " FROM app_user u JOIN api_key k ON k.user_id = u.id"                      \
    " WHERE u.app_id = $1 AND u.server"

#define READS  UK_PG_READS
#define WRITES UK_PG_WRITES
#define TIDIES UK_PG_TIDIES

static const struct uk_pg_statement statements[UK_PG_SQL_COUNT] = {
    [UK_PG_BEGIN] = {"begin", "BEGIN ISOLATION LEVEL READ COMMITTED", "",
                     READS},
    [UK_PG_COMMIT] = {"commit", "COMMIT", "", READS},
    [UK_PG_ROLLBACK] = {"rollback", "ROLLBACK", "", READS},
    [UK_PG_SAVE] = {"save", "SAVEPOINT one", "", READS},
    [UK_PG_KEEP] = {"keep", "RELEASE SAVEPOINT one", "", READS},
    [UK_PG_UNDO] = {"undo", "ROLLBACK TO SAVEPOINT one", "", READS},

    /* Who makes the first rows of a database has this one alone. */
    [UK_PG_LOCK_SCHEMA] = {"lock_schema",
                           "SELECT version FROM userkey_schema WHERE one = 1"
                           " FOR UPDATE",
                           "", WRITES},
    [UK_PG_ANY_APP] = {"any_app", "SELECT 1 FROM app LIMIT 1", "", READS},
    [UK_PG_FIND_APP] = {"find_app",
                        "SELECT " UK_PG_APP " FROM app a"
                        " WHERE a.client_id = $1 AND NOT a.deleted",
                        "b", READS},
    [UK_PG_ONLY_APP] = {"only_app",
                        "SELECT " UK_PG_APP " FROM app a"
                        " WHERE NOT a.deleted ORDER BY a.id LIMIT 2",
                        "", READS},
    [UK_PG_ADD_APP] = {"add_app",
                       "INSERT INTO app(id, client_id, name, created) VALUES"
                       " ($1, $2, $3, $4) ON CONFLICT (client_id) DO NOTHING",
                       "bbbi", WRITES},

    [UK_PG_FIND_PASSWORD] =
        {"find_password",
         "SELECT " UK_PG_USER ", i.id, i.address, i.confirmed, i.secret"
         " FROM identity i"
         " JOIN app_user u ON u.id = i.user_id"
         " WHERE i.app_id = $1 AND i.provider = $2 AND i.subject = $3",
         "bbb", READS},
    [UK_PG_FIND_SESSION] =
        {"find_session",
         "SELECT " UK_PG_USER ", " UK_PG_APP ", " UK_PG_KEY
         ", EXISTS (SELECT 1 FROM revoked_session r WHERE r.id = $3)"
         " FROM (SELECT 1 AS one) z LEFT JOIN (app_user u JOIN app a"
         " ON a.id = u.app_id AND NOT a.deleted) ON u.id = $1"
         " LEFT JOIN api_key k ON k.id = $2 AND k.user_id = u.id",
         "bbb", READS},
    [UK_PG_LIST_IDENTITIES] =
        {"list_identities",
         "SELECT id, provider, address, confirmed FROM identity"
         " WHERE user_id = $1 ORDER BY created, id LIMIT $2",
         "bi", READS},

    /* A change of what belongs to a user begins with this one. */
    [UK_PG_LOCK_USER] = {"lock_user",
                         "SELECT 1 FROM app_user WHERE id = $1 FOR UPDATE", "b",
                         WRITES},
    [UK_PG_ADD_USER] = {"add_user",
                        "INSERT INTO app_user(id, app_id, pending, created)"
                        " VALUES ($1, $2, $3, $4)",
                        "bbfi", WRITES},
    [UK_PG_ADD_IDENTITY] =
        {"add_identity",
         "INSERT INTO identity(id, app_id, user_id, provider, subject,"
         " address, secret, confirmed, created)"
         " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
         " ON CONFLICT (app_id, provider, subject) DO NOTHING",
         "bbbbbbbfi", WRITES},
    [UK_PG_HOLD_ADDRESS] =
        {"hold_address",
         "INSERT INTO identity(id, app_id, user_id, provider, subject,"
         " address, secret, confirmed, created)"
         " SELECT $1, i.app_id, i.user_id, i.provider, $2, '', '', FALSE, 0"
         " FROM identity i WHERE i.user_id = $3 AND i.provider = $4"
         " ON CONFLICT (app_id, provider, subject) DO NOTHING",
         "bbbb", WRITES},
    [UK_PG_DROP_IDENTITY] = {"drop_identity",
                             "DELETE FROM identity WHERE id = $1", "b", WRITES},
    /* The epoch ends sessions for good: enabling does not bring them back. */
    [UK_PG_SET_USER] = {"set_user",
                        "UPDATE app_user SET disabled = $1,"
                        " epoch = epoch + CASE WHEN $1 THEN 1 ELSE 0 END"
                        " WHERE id = $2",
                        "fb", WRITES},
    [UK_PG_SET_PASSWORD] = {"set_password",
                            "UPDATE identity SET secret = $1"
                            " WHERE user_id = $2 AND provider = $3",
                            "bbb", WRITES},
    [UK_PG_VOID_RESET] = {"void_reset",
                          "DELETE FROM handout WHERE user_id = $1"
                          " AND purpose = 'reset'",
                          "b", WRITES},
    /* The keys of a user whose address nobody has confirmed. */
    [UK_PG_DROP_DOUBTFUL] =
        {"drop_doubtful",
         "WITH gone AS (DELETE FROM api_key WHERE user_id = $1"
         " AND EXISTS (SELECT 1 FROM identity i WHERE i.user_id = $1"
         " AND i.provider = $2 AND NOT i.confirmed)"
         " RETURNING hash, id, user_id, app_id)"
         " INSERT INTO deleted_key(hash, id, user_id, app_id, deleted)"
         " SELECT hash, id, user_id, app_id, $3 FROM gone WHERE TRUE" BURY,
         "bbi", WRITES},
    [UK_PG_BURY_KEYS] =
        {"bury_keys",
         "INSERT INTO deleted_key(hash, id, user_id, app_id, deleted)"
         " SELECT hash, id, user_id, app_id, $2 FROM api_key"
         " WHERE user_id = $1" BURY,
         "bi", WRITES},
    [UK_PG_CONFIRM_USER] = {"confirm_user",
                            "UPDATE identity SET confirmed = TRUE"
                            " WHERE user_id = $1 AND provider = $2",
                            "bb", WRITES},
    [UK_PG_SETTLE_USER] = {"settle_user",
                           "UPDATE app_user SET pending = FALSE WHERE id = $1",
                           "b", WRITES},
    /* In the order of ids, so that no two wait for each other. */
    [UK_PG_LOCK_USERS] = {"lock_users",
                          "SELECT 1 FROM app_user WHERE id IN ($1, $2)"
                          " ORDER BY id FOR UPDATE",
                          "bb", WRITES},
    [UK_PG_CHECK_MERGE] =
        {"check_merge",
         "SELECT EXISTS (SELECT 1 FROM identity i WHERE i.user_id = u.id"
         " AND i.provider = $3) FROM app_user p JOIN app_user u"
         " ON u.app_id = p.app_id AND u.id <> p.id"
         " WHERE p.id = $1 AND u.id = $2 AND p.pending AND NOT p.disabled"
         " AND NOT EXISTS (SELECT 1 FROM api_key k WHERE k.user_id = p.id)",
         "bbb", WRITES},
    [UK_PG_MOVE_IDENTITY] = {"move_identity",
                             "UPDATE identity SET user_id = $1"
                             " WHERE user_id = $2 AND provider = $3",
                             "bbb", WRITES},
    [UK_PG_ADD_HANDOUT] =
        {"add_handout",
         "INSERT INTO handout(id, hash, user_id, purpose, expires)"
         " SELECT $1, $2, i.user_id, $4, $5 FROM identity i"
         " WHERE i.user_id = $3 AND i.provider = $6"
         " ON CONFLICT (user_id, purpose) DO UPDATE SET id = excluded.id,"
         " hash = excluded.hash, expires = excluded.expires",
         "bbbbib", WRITES},
    [UK_PG_FIND_HANDOUT] =
        {"find_handout",
         "SELECT h.user_id FROM handout h"
         " JOIN app_user u ON u.id = h.user_id"
         " WHERE h.id = $1 AND h.purpose = $2 AND h.hash = $3"
         " AND h.expires > $4 AND u.app_id = $5",
         "bbbib", READS},
    [UK_PG_TAKE_HANDOUT] = {"take_handout",
                            "DELETE FROM handout WHERE id = $1 AND user_id = $2"
                            " AND purpose = $3 AND hash = $4 AND expires > $5",
                            "bbbbi", WRITES},
    [UK_PG_DELETE_USER] = {"delete_user", "DELETE FROM app_user WHERE id = $1",
                           "b", WRITES},
    [UK_PG_FIND_KEYS] =
        {"find_keys",
         "SELECT " UK_PG_USER ", k.hash, FALSE, k.id, k.disabled, k.epoch,"
         " k.expires, k.last_used FROM api_key k JOIN app_user u"
         " ON u.id = k.user_id WHERE k.hash = ANY ($1)"
         " UNION ALL SELECT d.user_id, d.app_id, FALSE, 0, FALSE, FALSE,"
         " 0, d.hash, TRUE, d.id, FALSE, 0, 0, 0"
         " FROM deleted_key d WHERE d.hash = ANY ($1)",
         "a", READS},
    [UK_PG_FIND_KEY] = {"find_key",
                        "SELECT " UK_PG_KEY " FROM api_key k"
                        " WHERE id = $1 AND user_id = $2",
                        "bb", READS},
    [UK_PG_LIST_KEYS] = {"list_keys",
                         "SELECT " UK_PG_KEY " FROM api_key k"
                         " WHERE user_id = $1 ORDER BY created, id LIMIT $2",
                         "bi", READS},
    [UK_PG_KEY_NAMED] = {"key_named",
                         "SELECT 1 FROM api_key WHERE user_id = $1"
                         " AND name = $2",
                         "bb", READS},
    /* Later than the user's last one, whatever the clock does: lists are in
     * order of creation. */
    [UK_PG_ADD_KEY] =
        {"add_key",
         "INSERT INTO api_key(hash, id, app_id, user_id, name, created, "
         "expires)"
         " SELECT $1, $2, $3, $4, $5, greatest($6, coalesce(k.last + 1, 0)), $8"
         " FROM (SELECT count(*) AS n, max(created) AS last FROM api_key"
         " WHERE user_id = $4) k WHERE k.n < $7"
         " ON CONFLICT (user_id, name) DO NOTHING",
         "bbbbbiii", WRITES},
    /* As that of the user, for the sessions that the key opened. */
    [UK_PG_SET_KEY] = {"set_key",
                       "UPDATE api_key SET disabled = $1,"
                       " epoch = epoch + CASE WHEN $1 THEN 1 ELSE 0 END,"
                       " disabled_at = CASE WHEN $1 THEN $4 ELSE disabled_at"
                       " END WHERE id = $2 AND user_id = $3",
                       "fbbi", WRITES},
    [UK_PG_SET_EXPIRY] =
        {"set_expiry",
         "UPDATE api_key SET expires = $1, epoch = epoch"
         " + CASE WHEN expires > 0 AND expires <= $2 THEN 1 ELSE 0 END"
         " WHERE id = $3 AND user_id = $4",
         "iibb", WRITES},
    [UK_PG_DROP_EXPIRED] =
        {"drop_expired",
         "WITH gone AS (DELETE FROM api_key WHERE user_id = $1"
         " AND expires > 0 AND expires <= CASE WHEN (SELECT count(*)"
         " FROM api_key WHERE user_id = $1) >= $2 THEN $3 ELSE $4 END"
         " RETURNING hash, id, user_id, app_id)"
         " INSERT INTO deleted_key(hash, id, user_id, app_id, deleted)"
         " SELECT hash, id, user_id, app_id, $3 FROM gone WHERE TRUE" BURY,
         "biii", WRITES},
    [UK_PG_DELETE_KEY] =
        {"delete_key",
         "WITH gone AS (DELETE FROM api_key WHERE id = $1 AND user_id = $2"
         " RETURNING hash, id, user_id, app_id)"
         " INSERT INTO deleted_key(hash, id, user_id, app_id, deleted)"
         " SELECT hash, id, user_id, app_id, $3 FROM gone WHERE TRUE" BURY,
         "bbi", WRITES},
    [UK_PG_PURGE_BURIED] =
        {"purge_buried",
         "DELETE FROM deleted_key WHERE hash IN (SELECT hash FROM deleted_key"
         " WHERE deleted < $1 ORDER BY deleted LIMIT 1000" NOT_LOCKED,
         "i", TIDIES},
    [UK_PG_CAP_BURIED] =
        {"cap_buried",
         "DELETE FROM deleted_key WHERE hash IN (SELECT hash FROM deleted_key"
         " WHERE user_id = $1 AND deleted <= (SELECT deleted FROM deleted_key"
         " WHERE user_id = $1 ORDER BY deleted DESC LIMIT 1"
         " OFFSET $2)" NOT_LOCKED,
         "bi", TIDIES},

    [UK_PG_REVOKE] = {"revoke",
                      "INSERT INTO revoked_session(id, expires)"
                      " VALUES ($1, $2) ON CONFLICT (id) DO NOTHING",
                      "bi", WRITES},
    /* More at a time than have come since the last. */
    [UK_PG_PURGE_REVOKED] =
        {"purge_revoked",
         "DELETE FROM revoked_session WHERE id IN (SELECT id"
         " FROM revoked_session WHERE expires < $1 ORDER BY expires"
         " LIMIT 1000" NOT_LOCKED,
         "i", TIDIES},

    [UK_PG_COUNT_USERS] = {"count_users",
                           "SELECT count(*) FROM app_user WHERE app_id = $1",
                           "b", READS},
    [UK_PG_END_SESSIONS] = {"end_sessions",
                            "UPDATE app_user SET epoch = epoch + 1"
                            " WHERE id = $1",
                            "b", WRITES},
    [UK_PG_PAGE_USERS] = {"page_users",
                          LISTED " WHERE u.app_id = $2 AND u.id > $3" WANTED
                                 " ORDER BY u.id LIMIT $4",
                          "bbbiii", READS},
    [UK_PG_PAGE_BACK] =
        {"page_back",
         LISTED " WHERE u.app_id = $2 AND (u.id < $3 OR $3 = '')" WANTED
                " ORDER BY u.id DESC LIMIT $4",
         "bbbiii", READS},
    [UK_PG_PAGE_PENDING] = {"page_pending",
                            LISTED " WHERE u.app_id = $2 AND u.pending"
                                   " AND u.id > $3" WANTED
                                   " ORDER BY u.id LIMIT $4",
                            "bbbiii", READS},
    /* Nobody waits for it: who is being changed now is left out. */
    [UK_PG_NOTE_LOGINS] =
        {"note_logins",
         "UPDATE app_user SET last_login = $2 WHERE id IN (SELECT id"
         " FROM app_user WHERE id = ANY ($1)" NOT_LOCKED,
         "ai", TIDIES},
    [UK_PG_NOTE_KEYS] =
        {"note_keys",
         "UPDATE api_key SET last_used = $2 WHERE id IN (SELECT id"
         " FROM api_key WHERE id = ANY ($1)" NOT_LOCKED,
         "ai", TIDIES},
    [UK_PG_SET_EMAIL] = {"set_email",
                         "UPDATE identity SET subject = $1, address = $2,"
                         " confirmed = TRUE WHERE user_id = $3"
                         " AND provider = $4",
                         "bbbb", WRITES},
    [UK_PG_VOID_HANDOUTS] = {"void_handouts",
                             "DELETE FROM handout WHERE user_id = $1", "b",
                             WRITES},

    [UK_PG_LIST_ORIGINS] = {"list_origins",
                            "SELECT origins FROM app WHERE id = $1", "b",
                            READS},
    [UK_PG_SET_PROVIDERS] = {"set_providers",
                             "UPDATE app SET providers_off ="
                             " (providers_off & ~$1) | $2 WHERE id = $3",
                             "iib", WRITES},
    [UK_PG_SET_REFRESH] = {"set_refresh",
                           "UPDATE app SET refresh_lifetime = $1"
                           " WHERE id = $2",
                           "ib", WRITES},
    [UK_PG_SET_ORIGINS] = {"set_origins",
                           "UPDATE app SET origins = $1 WHERE id = $2", "bb",
                           WRITES},
    [UK_PG_DROP_APP] = {"drop_app",
                        "UPDATE app a SET deleted = TRUE WHERE a.id = $1"
                        " RETURNING " UK_PG_APP,
                        "b", WRITES},
    [UK_PG_EMPTY_APP] =
        {"empty_app",
         "DELETE FROM app_user WHERE id IN (SELECT u.id FROM app_user u"
         " JOIN app a ON a.id = u.app_id AND a.deleted"
         " WHERE u.app_id = $1 ORDER BY u.id LIMIT $2 FOR UPDATE OF u)",
         "bi", WRITES},
    [UK_PG_DELETE_APP] = {"delete_app",
                          "DELETE FROM app WHERE id = $1 AND deleted"
                          " AND NOT EXISTS (SELECT 1 FROM app_user u"
                          " WHERE u.app_id = $1)",
                          "b", WRITES},
    [UK_PG_LOCK_APP] = {"lock_app",
                        "SELECT 1 FROM app WHERE id = $1 FOR NO KEY UPDATE",
                        "b", WRITES},
    [UK_PG_LIST_SERVERS] = {"list_servers",
                            "SELECT " UK_PG_KEY ", u.id" SERVERS
                            " ORDER BY k.created, k.id LIMIT $2",
                            "bi", READS},
    [UK_PG_FIND_SERVER] = {"find_server",
                           "SELECT " UK_PG_USER SERVERS " AND k.id = $2", "bb",
                           READS},
    [UK_PG_SERVER_ROOM] = {"server_room",
                           "SELECT count(*), count(*) FILTER"
                           " (WHERE k.name = $2)" SERVERS,
                           "bb", READS},
    [UK_PG_ADD_SERVER] = {"add_server",
                          "INSERT INTO app_user(id, app_id, created, server)"
                          " VALUES ($1, $2, $3, TRUE)",
                          "bbi", WRITES},
    [UK_PG_FIND_USER] = {"find_user",
                         LISTED " WHERE u.app_id = $2 AND u.id = $3", "bbb",
                         READS},
    [UK_PG_LIST_APPS] = {"list_apps",
                         "SELECT " UK_PG_APP ", a.name FROM app a"
                         " WHERE (a.id = $1 OR $2) AND NOT a.deleted"
                         " ORDER BY a.created, a.id",
                         "bf", READS},
    [UK_PG_FIND_ADMIN] = {"find_admin",
                          "SELECT id, name, created, hash = $2, EXISTS"
                          " (SELECT 1 FROM revoked_session r WHERE r.id = $3)"
                          " FROM admin_key WHERE id = $1",
                          "bbb", READS},
    [UK_PG_LIST_ADMINS] = {"list_admins",
                           "SELECT id, name, created FROM admin_key"
                           " ORDER BY created, id",
                           "", READS},
    [UK_PG_ADD_ADMIN] = {"add_admin",
                         "INSERT INTO admin_key(id, name, hash, created)"
                         " VALUES ($1, $2, $3, $4)"
                         " ON CONFLICT (name) DO NOTHING",
                         "bbbi", WRITES},
    [UK_PG_DELETE_ADMIN] = {"delete_admin",
                            "DELETE FROM admin_key WHERE id = $1", "b", WRITES},
};

const struct uk_pg_statement *
uk_pg_statement(enum uk_pg_sql which)
{
    return &statements[which];
}
