/* The store in PostgreSQL: its opening, its closing, its apps. */
#include "service/store/pg.h"

#include <stdlib.h>

#include "core/secret.h"

#define SCRIPT_MAX (4U << 20) /* bytes of the statements of a transaction */
#define OPEN_MS    10000

static enum uk_code
read_apps(struct uk_pg_query *query, struct uk_store_app *out, unsigned *count,
          struct uk_err *err)
{
    enum uk_code code = uk_pg_query_run(query, err);

    if (code == UK_OK) {
        *count = (unsigned)uk_pg_query_rows(query);
        if (*count > 0)
            uk_pg_query_app(query, 0, 0, out);
    }
    uk_pg_query_end(query);
    return code;
}

static enum uk_code
find_app(struct uk_store *store, const char *client_id,
         struct uk_store_app *out, bool *found, struct uk_err *err)
{
    struct uk_pg_query query = uk_pg_query_start(store, UK_PG_FIND_APP);
    enum uk_code code;
    unsigned count;

    uk_pg_query_put_text(&query, client_id);
    code = read_apps(&query, out, &count, err);
    if (code == UK_OK)
        *found = count > 0;
    return code;
}

/* Each statement sees what was committed before it, and costs no lock that
 * others could share. */
static void
look(struct uk_store *store)
{
    (void)store;
}

static enum uk_code
only_app(struct uk_store *store, struct uk_store_app *out, unsigned *count,
         struct uk_err *err)
{
    struct uk_pg_query query = uk_pg_query_start(store, UK_PG_ONLY_APP);

    return read_apps(&query, out, count, err);
}

static enum uk_code
add_app(struct uk_store *store, const struct uk_store_app *app,
        const char *name, enum uk_store_result *result, struct uk_err *err)
{
    struct uk_pg_query query = uk_pg_query_start(store, UK_PG_ADD_APP);
    unsigned long changed;
    enum uk_code code;

    uk_pg_query_put_text(&query, app->id);
    uk_pg_query_put_text(&query, app->client_id);
    uk_pg_query_put_text(&query, name);
    uk_pg_query_put_int(&query, uk_id_now_us());
    code = uk_pg_query_change(&query, &changed, err);
    if (code == UK_OK)
        *result = changed > 0 ? UK_STORE_DONE : UK_STORE_TAKEN;
    return code;
}

static void
close_store(struct uk_store *store)
{
    struct uk_pg *pg = (struct uk_pg *)store;

    uk_pg_forget_dial(pg);
    uk_pg_hang_up(pg);
    uk_buf_clear(&pg->script);
    uk_wipe(pg, sizeof(*pg)); /* the URL has a password */
    free(pg);
}

static const struct uk_store_ops ops = {
    .close = close_store,
    .begin = uk_pg_begin,
    .commit = uk_pg_commit,
    .rollback = uk_pg_rollback,
    .save = uk_pg_save,
    .keep = uk_pg_keep,
    .undo = uk_pg_undo,
    .look = look,
    .look_away = look,
    .watch = uk_pg_watch,
    .ask = uk_pg_ask,
    .listen = uk_pg_listen,
    .find_app = find_app,
    .only_app = only_app,
    .find_keys = uk_pg_find_keys,
    .find_session = uk_pg_find_session,
    .find_password = uk_pg_find_password,
    .find_key = uk_pg_find_key,
    .list_keys = uk_pg_list_keys,
    .list_identities = uk_pg_list_identities,
    .claim = uk_pg_claim,
    .add_app = add_app,
    .add_user = uk_pg_add_user,
    .set_user = uk_pg_set_user,
    .set_password = uk_pg_set_password,
    .confirm_user = uk_pg_confirm_user,
    .settle_user = uk_pg_settle_user,
    .delete_pending = uk_pg_delete_pending,
    .merge_user = uk_pg_merge_user,
    .add_handout = uk_pg_add_handout,
    .find_handout = uk_pg_find_handout,
    .take_handout = uk_pg_take_handout,
    .delete_user = uk_pg_delete_user,
    .add_key = uk_pg_add_key,
    .set_key = uk_pg_set_key,
    .set_expiry = uk_pg_set_expiry,
    .delete_key = uk_pg_delete_key,
    .revoke = uk_pg_revoke,
    .end_sessions = uk_pg_end_sessions,
    .page_users = uk_pg_page_users,
    .find_user = uk_pg_find_user,
    .note_logins = uk_pg_note_logins,
    .set_email = uk_pg_set_email,
    .list_origins = uk_pg_list_origins,
    .set_providers = uk_pg_set_providers,
    .set_refresh = uk_pg_set_refresh,
    .set_origins = uk_pg_set_origins,
    .drop_app = uk_pg_drop_app,
    .empty_app = uk_pg_empty_app,
    .list_servers = uk_pg_list_servers,
    .find_server = uk_pg_find_server,
    .add_server = uk_pg_add_server,
    .list_apps = uk_pg_list_apps,
    .count_users = uk_pg_count_users,
    .find_admin = uk_pg_find_admin,
    .list_admins = uk_pg_list_admins,
    .add_admin = uk_pg_add_admin,
    .delete_admin = uk_pg_delete_admin,
};

enum uk_code
uk_pg_open(const char *url, enum uk_store_mode mode, struct uk_store **out,
           struct uk_err *err)
{
    struct uk_pg *pg = calloc(1, sizeof(*pg));
    enum uk_code code;

    if (pg == NULL)
        return uk_err_set(err, UK_NO_MEMORY, "no memory for the database");
    pg->store.ops = &ops;
    pg->mode = mode;
    pg->opening = true;
    pg->epoll = -1;
    uk_buf_init(&pg->script, SCRIPT_MAX);
    code = uk_pg_place_init(&pg->place, url, err);
    if (code != UK_OK)
        goto out;
    code = uk_pg_connect(pg, uk_deadline_in(OPEN_MS), err);
    if (code == UK_OK)
        code = uk_pg_migrate(pg, &uk_pg_schema, err);
    if (code != UK_OK)
        uk_err_in(err, "the database %s", pg->place.name);
out:
    if (code != UK_OK) {
        close_store(&pg->store);
        return code;
    }
    pg->opening = false;
    *out = &pg->store;
    return UK_OK;
}
