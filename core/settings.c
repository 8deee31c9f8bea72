/* The settings of a machine that is logged in to: /etc/userkey/userkey.conf. */
#include "core/settings.h"

#include <string.h>

#include "core/buf.h"
#include "core/file.h"
#include "core/identity.h"
#include "core/msg.h"
#include "core/str.h"
#include "core/url.h"

#define FILE_MAX  65536
#define NO_SOCKET "none"

/* Checks of single values: NULL, or what is allowed. */

static const char *
check_service_url(const char *value)
{
    struct uk_url url;

    if (uk_url_parse(value, &url) && value[strlen(value) - 1] != '/' &&
        (strcmp(url.scheme, "https") == 0 ||
         (strcmp(url.scheme, "http") == 0 && url.loopback)))
        return NULL;
    return "https://HOST[:PORT][/PATH] without a '/' at the end (http:// only "
           "to a loopback address)";
}

static const char *
check_app_id(const char *value)
{
    return uk_identity_is_id(value) ? NULL
                                    : "up to 64 letters, digits, '-' and '_'";
}

/* "sha256//" and 32 bytes in base64: 43 characters and one '='. */
static const char *
check_pin(const char *value)
{
    static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789+/";
    static const char prefix[] = "sha256//";
    const char *digest = value + sizeof(prefix) - 1;

    /* The 43rd character holds four bits of the digest and two zeros. */
    if (uk_str_starts(value, prefix) && strspn(digest, base64) == 43 &&
        (strchr(base64, digest[42]) - base64) % 4 == 0 &&
        strcmp(digest + 43, "=") == 0)
        return NULL;
    return "sha256//DIGEST, the digest being 44 characters of base64";
}

static const char *
check_proxy(const char *value)
{
    struct uk_url url;

    if (uk_url_parse(value, &url) && url.path[0] == '\0' &&
        (strcmp(url.scheme, "http") == 0 || strcmp(url.scheme, "https") == 0 ||
         strcmp(url.scheme, "socks5h") == 0))
        return NULL;
    return "http://HOST:PORT, https://HOST:PORT or socks5h://HOST:PORT";
}

/* A PAM service, as the host names it: a file's name in /etc/pam.d. */
static const char *
check_service(const char *value)
{
    return strlen(value) <= UK_MSG_SERVICE && uk_str_is_printable(value) &&
                   strchr(value, '/') == NULL
               ? NULL
               : "names of PAM services, with blanks between";
}

static const char *
check_domain(const char *value)
{
    return uk_url_is_domain(value) ? NULL : "a domain, as in example.com";
}

static const char *
check_socket(const char *value)
{
    return value[0] == '/' || strcmp(value, NO_SOCKET) == 0
               ? NULL
               : "an absolute path, or '" NO_SOCKET "'";
}

static const char *const key_formats[] = {"ukey", "any", NULL};
static const char *const session_policies[] = {"discard", "keep", NULL};
static const char *const log_levels[] = {"error", "warning", "notice",
                                         "info",  "debug",   NULL};

#define DAY_MS (24UL * 60 * 60 * 1000)

#define AT(field) offsetof(struct uk_settings, field)

static const struct uk_conf_rule rules[] = {
    {.name = "service_url",
     .type = UK_CONF_LIST,
     .offset = AT(service_url),
     .required = true,
     .check = check_service_url},
    {.name = "app_id",
     .type = UK_CONF_TEXT,
     .offset = AT(app_id),
     .required = true,
     .check = check_app_id},
    {.name = "ca_file", .type = UK_CONF_PATH, .offset = AT(ca_file)},
    {.name = "pinned_public_key",
     .type = UK_CONF_TEXT,
     .offset = AT(pinned_public_key),
     .check = check_pin},
    {.name = "client_certificate",
     .type = UK_CONF_PATH,
     .offset = AT(client_certificate)},
    {.name = "client_key", .type = UK_CONF_PATH, .offset = AT(client_key)},
    {.name = "proxy",
     .type = UK_CONF_TEXT,
     .offset = AT(proxy),
     .check = check_proxy},
    {.name = "timeout",
     .type = UK_CONF_TIME,
     .offset = AT(timeout),
     .fallback = "5s",
     .min = 500,
     .max = 30000},
    {.name = "users_file",
     .type = UK_CONF_PATH,
     .offset = AT(users_file),
     .fallback = UK_CONFDIR "/users"},
    {.name = "email_domain",
     .type = UK_CONF_TEXT,
     .offset = AT(email_domain),
     .check = check_domain},
    {.name = "min_uid",
     .type = UK_CONF_NUMBER,
     .offset = AT(min_uid),
     .fallback = "1000",
     .min = 1,
     .max = 4294967294},
    {.name = "allow_root",
     .type = UK_CONF_BOOL,
     .offset = AT(allow_root),
     .fallback = "no"},
    {.name = "failed_logins_per_source",
     .type = UK_CONF_NUMBER,
     .offset = AT(failed_logins_per_source),
     .fallback = "20",
     .min = 1,
     .max = 100000},
    {.name = "failed_logins_per_user",
     .type = UK_CONF_NUMBER,
     .offset = AT(failed_logins_per_user),
     .fallback = "40",
     .min = 1,
     .max = 100000},
    {.name = "limit_period",
     .type = UK_CONF_TIME,
     .offset = AT(limit_period),
     .fallback = "10min",
     .min = 1000,
     .max = DAY_MS},
    {.name = "offline_grace",
     .type = UK_CONF_TIME,
     .offset = AT(offline_grace),
     .fallback = "0",
     .min = 0,
     .max = 30 * DAY_MS},
    {.name = "offline_services",
     .type = UK_CONF_LIST,
     .offset = AT(offline_services),
     .check = check_service},
    {.name = "state_folder",
     .type = UK_CONF_PATH,
     .offset = AT(state_folder),
     .fallback = UK_STATEDIR "/userkey-agent"},
    {.name = "key_format",
     .type = UK_CONF_CHOICE,
     .offset = AT(key_format),
     .fallback = "ukey",
     .choices = key_formats},
    {.name = "failure_floor",
     .type = UK_CONF_TIME,
     .offset = AT(failure_floor),
     .fallback = "1s",
     .min = 0,
     .max = 10000},
    {.name = "session",
     .type = UK_CONF_CHOICE,
     .offset = AT(session),
     .fallback = "discard",
     .choices = session_policies},
    {.name = "prompt",
     .type = UK_CONF_TEXT,
     .offset = AT(prompt),
     .fallback = "User API key: "},
    {.name = "log_level",
     .type = UK_CONF_CHOICE,
     .offset = AT(log_level),
     .fallback = "info",
     .choices = log_levels},
    {.name = "insecure_http",
     .type = UK_CONF_BOOL,
     .offset = AT(insecure_http),
     .fallback = "no"},
    {.name = "agent_program",
     .type = UK_CONF_PATH,
     .offset = AT(agent_program),
     .fallback = UK_LIBEXECDIR "/userkey-agent"},
    {.name = "agent_socket",
     .type = UK_CONF_TEXT,
     .offset = AT(agent_socket),
     .check = check_socket},
    {.name = "connect_early",
     .type = UK_CONF_BOOL,
     .offset = AT(connect_early),
     .fallback = "yes"},
    {.name = "agent_idle",
     .type = UK_CONF_TIME,
     .offset = AT(agent_idle),
     .fallback = "10min",
     .min = 1000,
     .max = DAY_MS},
};

static const struct uk_conf_table table = {rules, UK_COUNT(rules)};

const struct uk_conf_table *
uk_settings_table(void)
{
    return &table;
}

bool
uk_settings_offline(const struct uk_settings *settings, const char *service)
{
    const struct uk_conf_list *list = &settings->offline_services;

    for (size_t i = 0; settings->offline_grace > 0 && i < list->count; i++) {
        if (strcmp(list->item[i], service) == 0)
            return true;
    }
    return false;
}

/* Is there an address that only insecure_http allows?  Which? */
static const char *
find_insecure(const struct uk_settings *settings)
{
    for (size_t i = 0; i < settings->service_url.count; i++) {
        if (uk_str_starts(settings->service_url.item[i], "http://"))
            return settings->service_url.item[i];
    }
    return NULL;
}

/* Who may log in while nobody can be asked is said by name, or not at all. */
static enum uk_code
check_offline(const struct uk_settings *settings, const char *file,
              const struct uk_conf_seen *seen, struct uk_err *err)
{
    bool services = settings->offline_services.count > 0;

    if (settings->offline_grace > 0 && !services)
        return uk_err_set(err, UK_MISCONFIGURED,
                          "'%s':%u: 'offline_grace' needs 'offline_services'",
                          file, uk_conf_line(&table, seen, "offline_grace"));
    if (settings->offline_grace == 0 && services)
        return uk_err_set(err, UK_MISCONFIGURED,
                          "'%s':%u: 'offline_services' needs 'offline_grace'",
                          file, uk_conf_line(&table, seen, "offline_services"));
    return UK_OK;
}

static enum uk_code
check_combinations(const struct uk_settings *settings, const char *file,
                   const struct uk_conf_seen *seen, struct uk_err *err)
{
    unsigned certificate = uk_conf_line(&table, seen, "client_certificate");
    unsigned key = uk_conf_line(&table, seen, "client_key");
    const char *insecure = find_insecure(settings);

    if (insecure != NULL && !settings->insecure_http)
        return uk_err_set(err, UK_MISCONFIGURED,
                          "'%s':%u: 'service_url' has '%s', which sends keys "
                          "unencrypted; allowed: https://, or this with "
                          "'insecure_http = yes'",
                          file, uk_conf_line(&table, seen, "service_url"),
                          insecure);
    if (certificate != 0 && key == 0)
        return uk_err_set(err, UK_MISCONFIGURED,
                          "'%s':%u: 'client_certificate' needs 'client_key'",
                          file, certificate);
    if (key != 0 && certificate == 0)
        return uk_err_set(err, UK_MISCONFIGURED,
                          "'%s':%u: 'client_key' needs 'client_certificate'",
                          file, key);
    return check_offline(settings, file, seen, err);
}

void
uk_settings_end_prompt(char prompt[UK_CONF_VALUE])
{
    size_t len = strlen(prompt);

    if (len > 0 && prompt[len - 1] != ' ' && len + 1 < UK_CONF_VALUE)
        memcpy(prompt + len, " ", 2);
}

static enum uk_code
parse(const char *text, size_t len, const char *file, struct uk_settings *out,
      struct uk_conf_seen *seen, struct uk_err *err)
{
    struct uk_settings settings = {.timeout = 0};
    enum uk_code code;

    code = uk_conf_parse(&table, text, len, file, &settings, seen, err);
    if (code == UK_OK)
        code = check_combinations(&settings, file, seen, err);
    if (code != UK_OK)
        return code;
    uk_settings_end_prompt(settings.prompt);
    if (settings.agent_socket[0] == '\0' && strcmp(file, UK_SETTINGS_FILE) == 0)
        memcpy(settings.agent_socket, UK_SETTINGS_SOCKET,
               sizeof(UK_SETTINGS_SOCKET));
    if (strcmp(settings.agent_socket, NO_SOCKET) == 0)
        settings.agent_socket[0] = '\0';
    *out = settings;
    return UK_OK;
}

enum uk_code
uk_settings_parse(const char *text, size_t len, const char *file,
                  struct uk_settings *out, struct uk_err *err)
{
    struct uk_conf_seen seen;

    return parse(text, len, file, out, &seen, err);
}

enum uk_code
uk_settings_load_seen(const char *file, struct uk_settings *out,
                      struct uk_conf_seen *seen, struct uk_err *err)
{
    struct uk_buf text = UK_BUF_UP_TO(FILE_MAX);
    enum uk_code code;

    code = uk_file_read(file, UK_FILE_TRUSTED, &text, err);
    if (code == UK_OK) {
        code = parse(uk_buf_peek(&text), text.len, file, out, seen, err);
    } else {
        uk_err_in(err, "reading the configuration");
        code = uk_err_recode(err, UK_MISCONFIGURED);
    }
    uk_buf_clear(&text);
    return code;
}

enum uk_code
uk_settings_load(const char *file, struct uk_settings *out, struct uk_err *err)
{
    struct uk_conf_seen seen;

    return uk_settings_load_seen(file, out, &seen, err);
}
