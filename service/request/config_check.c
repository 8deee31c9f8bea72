/* What of the settings must fit together. */
#include "service/request/config_check.h"

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>

#include "core/str.h"
#include "service/store/store.h"
#include "service/value/path.h"

/* Plain HTTP carries keys and passwords for everybody on the way to read. */
static const char *
first_open(const struct uk_conf_list *list)
{
    struct uk_address address;

    for (size_t i = 0; i < list->count; i++) {
        if (!uk_address_parse(list->item[i], &address) ||
            !uk_address_is_loopback(&address))
            return list->item[i];
    }
    return NULL;
}

static enum uk_code
check_listeners(const struct uk_config *config, const char **name,
                struct uk_err *err)
{
    bool tls = config->tls_certificate[0] != '\0';
    const char *open = first_open(&config->listen_http);

    *name = "listen_http";
    if (open == NULL) {
        open = first_open(&config->listen_metrics);
        *name = "listen_metrics";
    }
    if (open == NULL && !tls) {
        open = first_open(&config->listen);
        *name = "listen";
    }
    if (open != NULL && !config->insecure_http)
        return uk_err_set(err, UK_MISCONFIGURED,
                          "'%s' is '%s': without TLS only loopback addresses "
                          "are allowed, unless 'insecure_http = yes'",
                          *name, open);
    *name = tls ? "tls_certificate" : "tls_key";
    if (tls != (config->tls_key[0] != '\0'))
        return uk_err_set(err, UK_MISCONFIGURED,
                          "'tls_certificate' and 'tls_key' need each other");
    return UK_OK;
}

enum uk_code
uk_config_check(const struct uk_config *config, const char **name,
                struct uk_err *err)
{
    enum uk_code code = check_listeners(config, name, err);

    if (code != UK_OK)
        return code;
    /* The one that is set: the other may be the default. */
    *name = uk_conf_line(uk_config_table(), &config->seen,
                         "access_token_lifetime") != UK_CONF_NO_LINE
                ? "access_token_lifetime"
                : "refresh_token_lifetime";
    if (config->access_token_lifetime > config->refresh_token_lifetime)
        return uk_err_set(err, UK_MISCONFIGURED,
                          "'access_token_lifetime' (%lu s) is longer than "
                          "'refresh_token_lifetime' (%lu s)",
                          config->access_token_lifetime / 1000,
                          config->refresh_token_lifetime / 1000);
    return UK_OK;
}

/* Secrets are beside the database, unless they are said to be elsewhere. */
static enum uk_code
place_secrets(struct uk_config *config, struct uk_err *err)
{
    const char *path = uk_store_path(config->database);
    char folder[PATH_MAX];

    if (config->secrets[0] != '\0')
        return UK_OK;
    if (path == NULL)
        return uk_err_set(err, UK_MISCONFIGURED,
                          "'secrets' must be set: the database is no file");
    uk_path_folder(path, folder);
    if (!uk_str_copy(config->secrets, sizeof(config->secrets), folder))
        return uk_err_set(err, UK_MISCONFIGURED, "'database' is too long");
    return UK_OK;
}

static void
read_proxies(struct uk_config *config)
{
    const struct uk_conf_list *list = &config->trusted_proxies;

    config->proxies = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (uk_address_parse_host(list->item[i],
                                  &config->proxy[config->proxies]))
            config->proxies++;
    }
}

enum uk_code
uk_config_complete(struct uk_config *config, struct uk_err *err)
{
    read_proxies(config);
    return place_secrets(config, err);
}

enum uk_code
uk_config_check_readers(const char *file, const struct uk_config *config,
                        struct uk_err *err)
{
    struct stat st;

    if (!uk_store_has_password(config->database))
        return UK_OK;
    if (stat(file, &st) != 0)
        return uk_err_sys(err, errno, "looking at '%s'", file);
    if ((st.st_mode & S_IROTH) == 0)
        return UK_OK;
    uk_err_set(err, UK_MISCONFIGURED,
               "there is a password in it, and anybody can read the file; "
               "chmod o-r, or put it into a file and name that: ?passfile=");
    return uk_config_blame(config, "database", err);
}
