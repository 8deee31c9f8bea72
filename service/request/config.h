/*
 * The settings of the server: server.conf(5), or the command line in place of
 * a file.
 */
#ifndef UK_SERVICE_REQUEST_CONFIG_H
#define UK_SERVICE_REQUEST_CONFIG_H

#include <stdbool.h>

#include "core/attr.h"
#include "core/conf.h"
#include "core/err.h"
#include "service/value/address.h"

enum uk_registration { UK_REGISTRATION_CLOSED, UK_REGISTRATION_OPEN };

struct uk_config {
    char file[UK_CONF_VALUE];   /* where they stand */
    struct uk_conf_seen seen;   /* and in which lines */
    uint64_t number;            /* of those read since the start: 0, 1 .. */
    struct uk_conf_list listen; /* TLS, where there is a certificate */
    struct uk_conf_list listen_http; /* plain HTTP */
    struct uk_conf_list listen_metrics;
    char tls_certificate[UK_CONF_VALUE];
    char tls_key[UK_CONF_VALUE];
    char database[UK_CONF_VALUE];
    char secrets[UK_CONF_VALUE];    /* a folder */
    char public_url[UK_CONF_VALUE]; /* "": as the request's Host says */
    unsigned long access_token_lifetime, refresh_token_lifetime; /* ms */
    int registration;                                            /* enum */
    struct uk_conf_list allowed_origins;
    struct uk_conf_list trusted_proxies;
    unsigned long failed_logins_per_user, failed_logins_per_source;
    unsigned long new_users_per_source, logins_per_user;
    unsigned long limit_period; /* ms */
    unsigned long max_connections, max_connections_per_address;
    unsigned long threads, password_threads; /* 0: one per core */
    bool insecure_http;
    int log_level; /* index: error warning notice info debug */
    struct uk_address proxy[UK_CONF_ITEMS]; /* trusted_proxies once more */
    size_t proxies;
};

/* The table, for the man page's test. */
const struct uk_conf_table *uk_config_table(void);

/* Parse and check what must fit together.  Pure. */
UK_MUST_USE enum uk_code uk_config_parse(const char *text, size_t len,
                                         const char *file,
                                         struct uk_config *out,
                                         struct uk_err *err);

/* Read a file that can be believed, and parse it. */
UK_MUST_USE enum uk_code uk_config_load(const char *file, struct uk_config *out,
                                        struct uk_err *err);

/* Do they stand in a file? */
bool uk_config_is_file(const struct uk_config *config);

/* Put the place of the setting, and its name, in front of what is wrong with
 * the file that it names.  Returns the code. */
enum uk_code uk_config_blame(const struct uk_config *config, const char *name,
                             struct uk_err *err);

/* The settings of a data folder without a file (an absolute path); listen may
 * be NULL, for a command that does not serve. */
UK_MUST_USE enum uk_code
uk_config_for_folder(const char *folder, const char *listen,
                     const char *certificate, const char *key,
                     struct uk_config *out, struct uk_err *err);

#endif
