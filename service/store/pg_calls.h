/* The calls of struct uk_store_ops in PostgreSQL, each beside its kind. */
#ifndef UK_SERVICE_STORE_PG_CALLS_H
#define UK_SERVICE_STORE_PG_CALLS_H

#include "service/store/store.h"

enum uk_code uk_pg_find_keys(struct uk_store *, const struct uk_store_hash *,
                             size_t, struct uk_store_login *, struct uk_err *);
enum uk_code uk_pg_find_key(struct uk_store *, const char *, const char *,
                            struct uk_store_key *, bool *, struct uk_err *);
enum uk_code uk_pg_list_keys(struct uk_store *, const char *,
                             struct uk_store_key[UK_STORE_KEYS], size_t *,
                             struct uk_err *);
enum uk_code uk_pg_add_key(struct uk_store *, const struct uk_store_user *,
                           const struct uk_store_key *,
                           const struct uk_store_hash *, enum uk_store_result *,
                           struct uk_err *);
enum uk_code uk_pg_set_key(struct uk_store *, const char *, const char *, bool,
                           enum uk_store_result *, struct uk_err *);
enum uk_code uk_pg_set_expiry(struct uk_store *, const char *, const char *,
                              int64_t, int64_t, enum uk_store_result *,
                              struct uk_err *);
enum uk_code uk_pg_delete_key(struct uk_store *, const char *, const char *,
                              enum uk_store_result *, struct uk_err *);
/* Forget deleted keys that are too old or too many. */
enum uk_code uk_pg_purge_buried(struct uk_store *, const char *user_id,
                                struct uk_err *);
enum uk_code uk_pg_find_password(struct uk_store *, const char *, const char *,
                                 struct uk_store_password *, bool *,
                                 struct uk_err *);
enum uk_code uk_pg_find_session(struct uk_store *, const struct uk_store_ask *,
                                struct uk_store_session *, struct uk_err *);
enum uk_code
uk_pg_list_identities(struct uk_store *, const char *,
                      struct uk_store_identity[UK_STORE_IDENTITIES], size_t *,
                      struct uk_err *);
enum uk_code uk_pg_add_user(struct uk_store *, const struct uk_store_user *,
                            const struct uk_store_identity *, const char *,
                            enum uk_store_result *, struct uk_err *);
enum uk_code uk_pg_set_user(struct uk_store *, const char *, bool,
                            enum uk_store_result *, struct uk_err *);
enum uk_code uk_pg_set_password(struct uk_store *, const char *, const char *,
                                enum uk_store_result *, struct uk_err *);
enum uk_code uk_pg_confirm_user(struct uk_store *, const char *,
                                enum uk_store_result *, struct uk_err *);
enum uk_code uk_pg_settle_user(struct uk_store *, const char *,
                               enum uk_store_result *, struct uk_err *);
enum uk_code uk_pg_delete_pending(struct uk_store *, const char *,
                                  enum uk_store_result *, struct uk_err *);
enum uk_code uk_pg_merge_user(struct uk_store *, const char *, const char *,
                              enum uk_store_result *, struct uk_err *);
enum uk_code uk_pg_add_handout(struct uk_store *,
                               const struct uk_store_handout *,
                               enum uk_store_result *, struct uk_err *);
enum uk_code uk_pg_find_handout(struct uk_store *, const char *, int64_t,
                                struct uk_store_handout *, bool *,
                                struct uk_err *);
enum uk_code uk_pg_take_handout(struct uk_store *,
                                const struct uk_store_handout *, int64_t,
                                enum uk_store_result *, struct uk_err *);
enum uk_code uk_pg_delete_user(struct uk_store *, const char *,
                               enum uk_store_result *, struct uk_err *);
enum uk_code uk_pg_revoke(struct uk_store *, const char *, int64_t, int64_t,
                          struct uk_err *);
enum uk_code uk_pg_end_sessions(struct uk_store *, const char *,
                                enum uk_store_result *, struct uk_err *);
enum uk_code uk_pg_page_users(struct uk_store *, const struct uk_store_page *,
                              uk_store_lister *, void *, struct uk_err *);
enum uk_code uk_pg_note_logins(struct uk_store *, const struct uk_store_seen *,
                               size_t, int64_t, struct uk_err *);
enum uk_code uk_pg_set_email(struct uk_store *, const struct uk_store_user *,
                             const char *, enum uk_store_result *,
                             struct uk_err *);
enum uk_code uk_pg_list_origins(struct uk_store *, const char *,
                                char[UK_STORE_ORIGINS + 1], struct uk_err *);
enum uk_code uk_pg_set_providers(struct uk_store *, const char *, unsigned,
                                 bool, struct uk_err *);
enum uk_code uk_pg_set_refresh(struct uk_store *, const char *, int64_t,
                               struct uk_err *);
enum uk_code uk_pg_set_origins(struct uk_store *, const char *, const char *,
                               struct uk_err *);
enum uk_code uk_pg_drop_app(struct uk_store *, const char *,
                            struct uk_store_app *, bool *, struct uk_err *);
enum uk_code uk_pg_empty_app(struct uk_store *, const char *, unsigned, bool *,
                             struct uk_err *);
enum uk_code uk_pg_list_servers(struct uk_store *, const char *,
                                struct uk_store_server[UK_STORE_SERVERS],
                                size_t *, struct uk_err *);
enum uk_code uk_pg_find_server(struct uk_store *, const char *, const char *,
                               struct uk_store_user *, bool *, struct uk_err *);
enum uk_code uk_pg_add_server(struct uk_store *, const struct uk_store_user *,
                              const struct uk_store_key *,
                              const struct uk_store_hash *,
                              enum uk_store_result *, struct uk_err *);
enum uk_code uk_pg_find_user(struct uk_store *, const char *, const char *,
                             struct uk_store_listed *, bool *, struct uk_err *);
enum uk_code uk_pg_list_apps(struct uk_store *, const char *,
                             uk_store_app_lister *, void *, struct uk_err *);
enum uk_code uk_pg_count_users(struct uk_store *, const char *, uint64_t *,
                               struct uk_err *);
enum uk_code uk_pg_find_admin(struct uk_store *,
                              const struct uk_store_admin_ask *,
                              struct uk_store_admin_found *, struct uk_err *);
enum uk_code uk_pg_list_admins(struct uk_store *, uk_store_admin_lister *,
                               void *, struct uk_err *);
enum uk_code uk_pg_add_admin(struct uk_store *, const struct uk_store_admin *,
                             const struct uk_store_hash *,
                             enum uk_store_result *, struct uk_err *);
enum uk_code uk_pg_delete_admin(struct uk_store *, const char *,
                                enum uk_store_result *, struct uk_err *);
enum uk_code uk_pg_claim(struct uk_store *, bool *, struct uk_err *);

#endif
