/* The settings of the server. */
#include "service/request/config.h"

#include <limits.h>
#include <string.h>

#include "core/buf.h"
#include "core/file.h"
#include "core/str.h"
#include "core/url.h"
#include "service/request/config_check.h"
#include "service/store/store.h"

#define FILE_MAX     65536
#define COMMAND_LINE "command line"
#define DAY          86400000UL

/* Checks of single values: NULL, or what is allowed. */

static const char *
check_address(const char *value)
{
    struct uk_address address;

    return uk_address_parse(value, &address) ? NULL
                                             : "ADDRESS:PORT in numbers, as in "
                                               "127.0.0.1:8080 or [::1]:8443";
}

static const char *
check_host(const char *value)
{
    struct uk_address address;

    return uk_address_parse_host(value, &address) ? NULL : "an IP address";
}

static const char *
check_database(const char *value)
{
    return uk_store_check(value);
}

static const char *
check_url(const char *value)
{
    struct uk_url url;

    if (uk_url_parse(value, &url) && url.path[0] == '\0' &&
        (strcmp(url.scheme, "https") == 0 || strcmp(url.scheme, "http") == 0))
        return NULL;
    return "https://HOST[:PORT] without a path";
}

static const char *
check_origin(const char *value)
{
    return strcmp(value, "*") == 0 || check_url(value) == NULL
               ? NULL
               : "SCHEME://HOST[:PORT], as a browser sends it, or *";
}

static const char *const registrations[] = {"closed", "open", NULL};
static const char *const log_levels[] = {"error", "warning", "notice",
                                         "info",  "debug",   NULL};

#define AT(field) .offset = offsetof(struct uk_config, field)

static const struct uk_conf_rule rules[] = {
    {.name = "listen",
     .type = UK_CONF_LIST,
     AT(listen),
     .check = check_address},
    {.name = "listen_http",
     .type = UK_CONF_LIST,
     AT(listen_http),
     .check = check_address},
    {.name = "listen_metrics",
     .type = UK_CONF_LIST,
     AT(listen_metrics),
     .check = check_address},
    {.name = "tls_certificate", .type = UK_CONF_PATH, AT(tls_certificate)},
    {.name = "tls_key", .type = UK_CONF_PATH, AT(tls_key)},
    {.name = "database",
     .type = UK_CONF_TEXT,
     AT(database),
     .required = true,
     .check = check_database},
    {.name = "secrets", .type = UK_CONF_PATH, AT(secrets)},
    {.name = "public_url",
     .type = UK_CONF_TEXT,
     AT(public_url),
     .check = check_url},
    {.name = "access_token_lifetime",
     .type = UK_CONF_TIME,
     AT(access_token_lifetime),
     .fallback = "30min",
     .min = 1000,
     .max = DAY},
    {.name = "refresh_token_lifetime",
     .type = UK_CONF_TIME,
     AT(refresh_token_lifetime),
     .fallback = "60d",
     .min = 1000,
     .max = 1830 * DAY},
    {.name = "registration",
     .type = UK_CONF_CHOICE,
     AT(registration),
     .fallback = "closed",
     .choices = registrations},
    {.name = "allowed_origins",
     .type = UK_CONF_LIST,
     AT(allowed_origins),
     .check = check_origin},
    {.name = "trusted_proxies",
     .type = UK_CONF_LIST,
     AT(trusted_proxies),
     .check = check_host},
    {.name = "failed_logins_per_user",
     .type = UK_CONF_NUMBER,
     AT(failed_logins_per_user),
     .fallback = "10",
     .min = 1,
     .max = 100000},
    {.name = "failed_logins_per_source",
     .type = UK_CONF_NUMBER,
     AT(failed_logins_per_source),
     .fallback = "100",
     .min = 1,
     .max = 100000},
    {.name = "new_users_per_source",
     .type = UK_CONF_NUMBER,
     AT(new_users_per_source),
     .fallback = "100",
     .min = 1,
     .max = 100000},
    {.name = "logins_per_user",
     .type = UK_CONF_NUMBER,
     AT(logins_per_user),
     .fallback = "10000",
     .min = 1,
     .max = 10000000},
    {.name = "limit_period",
     .type = UK_CONF_TIME,
     AT(limit_period),
     .fallback = "10min",
     .min = 1000,
     .max = DAY},
    {.name = "max_connections",
     .type = UK_CONF_NUMBER,
     AT(max_connections),
     .fallback = "4096",
     .min = 16,
     .max = 1000000},
    {.name = "max_connections_per_address",
     .type = UK_CONF_NUMBER,
     AT(max_connections_per_address),
     .fallback = "512",
     .min = 0,
     .max = 1000000},
    {.name = "threads",
     .type = UK_CONF_NUMBER,
     AT(threads),
     .fallback = "0",
     .min = 0,
     .max = 256},
    {.name = "password_threads",
     .type = UK_CONF_NUMBER,
     AT(password_threads),
     .fallback = "0",
     .min = 0,
     .max = 256},
    {.name = "insecure_http",
     .type = UK_CONF_BOOL,
     AT(insecure_http),
     .fallback = "no"},
    {.name = "log_level",
     .type = UK_CONF_CHOICE,
     AT(log_level),
     .fallback = "info",
     .choices = log_levels},
};

static const struct uk_conf_table table = {rules, UK_COUNT(rules)};

const struct uk_conf_table *
uk_config_table(void)
{
    return &table;
}

/* "'FILE':LINE", or the file alone for what stands in no line of it. */
static enum uk_code
blame_line(const char *file, const struct uk_conf_seen *seen, const char *name,
           struct uk_err *err)
{
    unsigned line = uk_conf_line(&table, seen, name);

    if (line == UK_CONF_NO_LINE || line == UINT_MAX)
        return uk_err_in(err, "'%s'", file);
    return uk_err_in(err, "'%s':%u", file, line);
}

enum uk_code
uk_config_blame(const struct uk_config *config, const char *name,
                struct uk_err *err)
{
    if (!uk_config_is_file(config) &&
        (strcmp(name, "database") == 0 || strcmp(name, "secrets") == 0))
        return uk_err_in(err, "--data"); /* which stands for both */
    uk_err_in(err, "'%s'", name);
    return blame_line(config->file, &config->seen, name, err);
}

enum uk_code
uk_config_parse(const char *text, size_t len, const char *file,
                struct uk_config *out, struct uk_err *err)
{
    struct uk_config config = {.log_level = 0};
    const char *name = NULL;
    enum uk_code code;

    if (!uk_str_copy(config.file, sizeof(config.file), file))
        return uk_err_set(err, UK_INVALID, "the file's name is too long");
    code = uk_conf_parse(&table, text, len, file, &config, &config.seen, err);
    if (code != UK_OK)
        return code;
    code = uk_config_check(&config, &name, err);
    if (code != UK_OK)
        return blame_line(file, &config.seen, name, err);
    if (config.listen.count + config.listen_http.count == 0)
        return uk_err_set(err, UK_MISCONFIGURED,
                          "'%s': 'listen' or 'listen_http' must be set", file);
    code = uk_config_complete(&config, err);
    if (code == UK_OK)
        *out = config;
    return code;
}

enum uk_code
uk_config_load(const char *file, struct uk_config *out, struct uk_err *err)
{
    struct uk_buf text = UK_BUF_UP_TO(FILE_MAX);
    struct uk_config config;
    enum uk_code code;

    code = uk_file_read(file, UK_FILE_TRUSTED, &text, err);
    if (code != UK_OK)
        code = uk_err_recode(err, UK_MISCONFIGURED);
    else
        code =
            uk_config_parse(uk_buf_peek(&text), text.len, file, &config, err);
    uk_buf_clear(&text);
    if (code == UK_OK)
        code = uk_config_check_readers(file, &config, err);
    if (code != UK_OK)
        return uk_err_in(err, "reading the configuration");
    *out = config;
    return UK_OK;
}

bool
uk_config_is_file(const struct uk_config *config)
{
    return strcmp(config->file, COMMAND_LINE) != 0;
}

enum uk_code
uk_config_for_folder(const char *folder, const char *listen,
                     const char *certificate, const char *key,
                     struct uk_config *out, struct uk_err *err)
{
    struct uk_config config = {.file = COMMAND_LINE};
    char database[PATH_MAX + 64];
    const char *name = NULL;
    const struct {
        const char *name, *value;
    } given[] = {
        {"database", database},
        {"listen", listen},
        {"tls_certificate", certificate},
        {"tls_key", key},
    };
    struct uk_buf text = UK_BUF_UP_TO(sizeof(database) - 1);
    enum uk_code code;

    uk_buf_addf(&text, "sqlite:%s/userkey.db", folder);
    code = uk_buf_check(&text, err);
    if (code == UK_OK &&
        !uk_str_copy(database, sizeof(database), uk_buf_peek(&text)))
        code = uk_err_set(err, UK_INVALID, "the path is too long");
    uk_buf_clear(&text);
    if (code == UK_OK)
        code = uk_conf_init(&table, &config, err);
    for (size_t i = 0; i < UK_COUNT(given) && code == UK_OK; i++) {
        if (given[i].value != NULL)
            code =
                uk_conf_set(&table, given[i].name, given[i].value, COMMAND_LINE,
                            UK_CONF_NO_LINE, &config, &config.seen, err);
    }
    if (code == UK_OK)
        code = uk_config_check(&config, &name, err);
    if (code != UK_OK && name != NULL)
        return blame_line(COMMAND_LINE, &config.seen, name, err);
    if (code == UK_OK)
        code = uk_config_complete(&config, err);
    if (code == UK_OK)
        *out = config;
    return code;
}
