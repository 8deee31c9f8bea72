/*
 * What is kept, as an interface: apps, users, identities, keys, and what
 * revokes.
 *
 * One store is one connection and belongs to one thread.  Reading calls see
 * what was committed before them, on every node: nothing is cached.  Writing
 * calls stand between begin and commit, which waits until the change is on
 * the disk; a call that fails leaves nothing half-written once its savepoint
 * or its transaction has been undone.
 *
 * A code other than UK_OK means that we do not know.  What was found out is in
 * the out-parameters and in enum uk_store_result.
 */
#ifndef UK_SERVICE_STORE_STORE_H
#define UK_SERVICE_STORE_STORE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/err.h"
#include "service/store/rows.h"

struct uk_store;

/* One of question.h. */
struct uk_question;

/* What the events of a store have in epoll_event.data.fd. */
#define UK_STORE_EVENT (-1)

struct uk_store_ops {
    void (*close)(struct uk_store *);
    enum uk_code (*begin)(struct uk_store *, struct uk_err *);
    enum uk_code (*commit)(struct uk_store *, struct uk_err *);
    void (*rollback)(struct uk_store *);
    enum uk_code (*save)(struct uk_store *, struct uk_err *);
    enum uk_code (*keep)(struct uk_store *, struct uk_err *);
    enum uk_code (*undo)(struct uk_store *, struct uk_err *);

    void (*look)(struct uk_store *);
    void (*look_away)(struct uk_store *);
    void (*ask)(struct uk_store *, struct uk_question *);
    void (*watch)(struct uk_store *, int epoll); /* NULL, as listen, where */
    void (*listen)(struct uk_store *);           /* answers come at once */
    enum uk_code (*find_app)(struct uk_store *, const char *client_id,
                             struct uk_store_app *out, bool *found,
                             struct uk_err *);
    enum uk_code (*only_app)(struct uk_store *, struct uk_store_app *out,
                             unsigned *count, struct uk_err *);
    enum uk_code (*find_keys)(struct uk_store *, const struct uk_store_hash *,
                              size_t n, struct uk_store_login *out,
                              struct uk_err *);
    enum uk_code (*find_session)(struct uk_store *, const struct uk_store_ask *,
                                 struct uk_store_session *out, struct uk_err *);
    enum uk_code (*find_password)(struct uk_store *, const char *app_id,
                                  const char *email,
                                  struct uk_store_password *out, bool *found,
                                  struct uk_err *);
    enum uk_code (*find_key)(struct uk_store *, const char *user_id,
                             const char *key_id, struct uk_store_key *out,
                             bool *found, struct uk_err *);
    enum uk_code (*list_keys)(struct uk_store *, const char *user_id,
                              struct uk_store_key out[UK_STORE_KEYS],
                              size_t *count, struct uk_err *);
    enum uk_code (*list_identities)(
        struct uk_store *, const char *user_id,
        struct uk_store_identity out[UK_STORE_IDENTITIES], size_t *count,
        struct uk_err *);
    enum uk_code (*page_users)(struct uk_store *, const struct uk_store_page *,
                               uk_store_lister *each, void *context,
                               struct uk_err *);
    enum uk_code (*find_user)(struct uk_store *, const char *app_id,
                              const char *user_id, struct uk_store_listed *out,
                              bool *found, struct uk_err *);
    enum uk_code (*list_apps)(struct uk_store *, const char *app_id,
                              uk_store_app_lister *each, void *context,
                              struct uk_err *);
    enum uk_code (*list_origins)(struct uk_store *, const char *app_id,
                                 char out[UK_STORE_ORIGINS + 1],
                                 struct uk_err *);
    enum uk_code (*list_servers)(struct uk_store *, const char *app_id,
                                 struct uk_store_server out[UK_STORE_SERVERS],
                                 size_t *count, struct uk_err *);
    enum uk_code (*find_server)(struct uk_store *, const char *app_id,
                                const char *key_id, struct uk_store_user *out,
                                bool *found, struct uk_err *);
    enum uk_code (*count_users)(struct uk_store *, const char *app_id,
                                uint64_t *count, struct uk_err *);
    enum uk_code (*find_handout)(struct uk_store *, const char *app_id,
                                 int64_t now, struct uk_store_handout *,
                                 bool *found, struct uk_err *);
    enum uk_code (*find_admin)(struct uk_store *,
                               const struct uk_store_admin_ask *,
                               struct uk_store_admin_found *out,
                               struct uk_err *);
    enum uk_code (*list_admins)(struct uk_store *, uk_store_admin_lister *each,
                                void *context, struct uk_err *);

    enum uk_code (*claim)(struct uk_store *, bool *taken, struct uk_err *);
    enum uk_code (*add_app)(struct uk_store *, const struct uk_store_app *,
                            const char *name, enum uk_store_result *,
                            struct uk_err *);
    enum uk_code (*set_providers)(struct uk_store *, const char *app_id,
                                  unsigned which, bool off, struct uk_err *);
    enum uk_code (*set_refresh)(struct uk_store *, const char *app_id,
                                int64_t seconds, struct uk_err *);
    enum uk_code (*set_origins)(struct uk_store *, const char *app_id,
                                const char *lines, struct uk_err *);
    enum uk_code (*drop_app)(struct uk_store *, const char *app_id,
                             struct uk_store_app *out, bool *found,
                             struct uk_err *);
    enum uk_code (*empty_app)(struct uk_store *, const char *app_id,
                              unsigned most, bool *more, struct uk_err *);
    enum uk_code (*add_server)(struct uk_store *, const struct uk_store_user *,
                               const struct uk_store_key *,
                               const struct uk_store_hash *,
                               enum uk_store_result *, struct uk_err *);
    enum uk_code (*note_logins)(struct uk_store *, const struct uk_store_seen *,
                                size_t n, int64_t when_us, struct uk_err *);
    enum uk_code (*set_email)(struct uk_store *, const struct uk_store_user *,
                              const char *email, enum uk_store_result *,
                              struct uk_err *);
    enum uk_code (*add_user)(struct uk_store *, const struct uk_store_user *,
                             const struct uk_store_identity *, const char *hash,
                             enum uk_store_result *, struct uk_err *);
    enum uk_code (*set_user)(struct uk_store *, const char *user_id,
                             bool disabled, enum uk_store_result *,
                             struct uk_err *);
    enum uk_code (*set_password)(struct uk_store *, const char *user_id,
                                 const char *hash, enum uk_store_result *,
                                 struct uk_err *);
    enum uk_code (*confirm_user)(struct uk_store *, const char *user_id,
                                 enum uk_store_result *, struct uk_err *);
    enum uk_code (*settle_user)(struct uk_store *, const char *user_id,
                                enum uk_store_result *, struct uk_err *);
    enum uk_code (*delete_pending)(struct uk_store *, const char *user_id,
                                   enum uk_store_result *, struct uk_err *);
    enum uk_code (*merge_user)(struct uk_store *, const char *pending_id,
                               const char *user_id, enum uk_store_result *,
                               struct uk_err *);
    enum uk_code (*add_handout)(struct uk_store *,
                                const struct uk_store_handout *,
                                enum uk_store_result *, struct uk_err *);
    enum uk_code (*take_handout)(struct uk_store *,
                                 const struct uk_store_handout *, int64_t now,
                                 enum uk_store_result *, struct uk_err *);
    enum uk_code (*delete_user)(struct uk_store *, const char *user_id,
                                enum uk_store_result *, struct uk_err *);
    enum uk_code (*add_key)(struct uk_store *, const struct uk_store_user *,
                            const struct uk_store_key *,
                            const struct uk_store_hash *,
                            enum uk_store_result *, struct uk_err *);
    enum uk_code (*set_key)(struct uk_store *, const char *user_id,
                            const char *key_id, bool disabled,
                            enum uk_store_result *, struct uk_err *);
    enum uk_code (*set_expiry)(struct uk_store *, const char *user_id,
                               const char *key_id, int64_t expires_us,
                               int64_t now_us, enum uk_store_result *,
                               struct uk_err *);
    enum uk_code (*delete_key)(struct uk_store *, const char *user_id,
                               const char *key_id, enum uk_store_result *,
                               struct uk_err *);
    enum uk_code (*revoke)(struct uk_store *, const char *session_id,
                           int64_t expires, int64_t now, struct uk_err *);
    enum uk_code (*end_sessions)(struct uk_store *, const char *user_id,
                                 enum uk_store_result *, struct uk_err *);
    enum uk_code (*add_admin)(struct uk_store *, const struct uk_store_admin *,
                              const struct uk_store_hash *,
                              enum uk_store_result *, struct uk_err *);
    enum uk_code (*delete_admin)(struct uk_store *, const char *id,
                                 enum uk_store_result *, struct uk_err *);
};

/* The common beginning of every kind of store. */
struct uk_store {
    const struct uk_store_ops *ops;
    atomic_ulong connects; /* to a server, since it was opened */
};

enum uk_store_mode {
    UK_STORE_CREATE, /* it must not exist yet */
    UK_STORE_WRITE,
    UK_STORE_READ,  /* refuses to write */
    UK_STORE_CLAIM, /* tables are made where there are none; then claim */
};

/*
 * May the file be believed: can nobody else read or change it?  Hashes of
 * passwords are in it, and who writes to it is every user.  To be called
 * before the first uk_store_open() of a process and not beside an open store:
 * closing a file drops all POSIX locks that the process has on it, and with
 * them SQLite's.
 */
UK_MUST_USE enum uk_code uk_store_trust(const char *where, struct uk_err *err);

/*
 * where is "sqlite:PATH" or "postgresql://...".  Older schemas are brought up
 * to date where mode allows writing; UK_MISCONFIGURED for a newer one, or one
 * that is not ours.  UK_UNREACHABLE, here and in every call, for a server that
 * is not there now.
 */
UK_MUST_USE enum uk_code uk_store_open(const char *where,
                                       enum uk_store_mode mode,
                                       struct uk_store **out,
                                       struct uk_err *err);

/* Takes NULL. */
void uk_store_close(struct uk_store *store);

/* Is it the address of a database?  NULL, or what is allowed.  A URL is only
 * seen to be one: what is wrong in it, its opening says, without its
 * password. */
const char *uk_store_check(const char *where);

/* Does a password stand in it? */
bool uk_store_has_password(const char *where);

/* "sqlite:PATH", PATH absolute?  Returns PATH, borrowed, or NULL. */
const char *uk_store_path(const char *where);

/*
 * Each call of the table above, said once more:
 *
 * In SQLite begin takes the right to write at once; in PostgreSQL a change
 * takes the right to the user that it concerns.  Either waits for others up to
 * five seconds.  save, then keep or undo, bracket one of several changes in a
 * transaction.  rollback does not fail.
 *
 * Between look and look_away reading calls may share one view of the database,
 * which is not older than look; both save time only, so they do not fail.
 *
 * ask answers a question at once or, after watch, when it has come: an event
 * UK_STORE_EVENT says so to listen, which is also to be called when a question
 * has waited for a second.  Nothing that is not there is waited for, but where
 * a connection was lost.
 *
 * find_keys answers n hashes with n rows.  find_session answers in one
 * statement.  find_password and add_user compare addresses without the case
 * of ASCII letters.  list_* and find_key see the keys of this user only, in
 * order of creation.  page_users is in the order of ids, from the first behind
 * after ("" for all) and UK_STORE_PAGE of them at most; find_user sees the
 * users of this app only.  list_apps shows the app of that id, or with "" all.
 * list_origins: lines, each with its end; "" for none.  list_servers: the
 * server keys of the app, in order of creation; find_server: the user of one
 * of them.
 *
 * set_providers: which are bits as in providers_off.  drop_app: from its commit
 * on the app is not found; it answers what it was, also when it has been
 * dropped before.  empty_app: a dropped app loses that many of its users, with
 * all that is theirs, and behind the last of them the app itself goes; *more
 * tells whether there is anything left to do.  add_server: the user, new, with
 * its key: TAKEN by the name, FULL.  Without the key the user is of no use:
 * delete_user ends both.  note_logins: these users and keys, as far as they
 * are there, logged in then.  set_email: of an identity that is there, and
 * confirmed by it; what was handed out to the user is void: TAKEN, NOT_FOUND.
 * claim: until the transaction ends nobody else claims; taken if it has, or
 * ever had, an app.
 * add_user: TAKEN.  set_user: disabling raises the epoch; NOT_FOUND.
 * set_password: sessions go on, and a token for a new password is void; where
 * nobody has confirmed the address, the keys go, too: who made them may be
 * another than who has it now.  NOT_FOUND also for a user without an address.
 * confirm_user: the user's address; NOT_FOUND likewise.
 *
 * settle_user: a pending user has logged in and is a user like others;
 * NOT_FOUND.  delete_pending: as delete_user, of a user who still is; NOT_FOUND
 * for one who has settled.  merge_user: the address of a pending user becomes the other
 * user's, and the pending one is no more: NOT_FOUND when it is not there, not
 * pending, disabled, or has a key; TAKEN when the other has an address.
 *
 * add_handout: in the place of an older one for the same user and purpose;
 * NOT_FOUND for a user without an address.  find_handout: id, purpose and hash
 * say which, of a user of this app, and user_id is filled; one that is over by
 * now is not found.  take_handout: that one, and it is gone; NOT_FOUND.
 *
 * delete_user: with identities and keys; NOT_FOUND.  add_key: TAKEN, FULL;
 * keys of the user that have been over for UK_STORE_EXPIRED_US are deleted, and
 * where there is no room all that are over.
 * set_key: disabling raises the epoch; NOT_FOUND.  set_expiry: 0 is never; a
 * key that was over has its epoch raised; NOT_FOUND.  delete_key: NOT_FOUND.
 * revoke: expires and now in seconds; rows that have been over for
 * UK_STORE_PATIENCE_S go.
 * end_sessions: raises the epoch; NOT_FOUND.  add_admin: TAKEN, by the name.
 * delete_admin: NOT_FOUND.
 */
#define uk_store_call(store, name, ...)                                        \
    ((store)->ops->name((store), __VA_ARGS__))

#endif
