/* The file that makes somebody an administrator. */
#include "tool/talk/adminfile.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/keytext.h"
#include "tool/talk/place.h"
#include "tool/terminal/language.h"

#define FILE_MAX 8192

/* The file as it stands there. */
struct content {
    char url[UK_CONF_VALUE];
    char app_id[UK_CONF_VALUE];
    char ca_file[UK_CONF_VALUE];
    char public_key[UK_CONF_VALUE];
    char private_key[UK_CONF_VALUE];
};

#define AT(x) .offset = offsetof(struct content, x)
static const struct uk_conf_rule rules[] = {
    {.name = "url", .type = UK_CONF_TEXT, AT(url), .required = true},
    {.name = "app_id", .type = UK_CONF_TEXT, AT(app_id), .required = true},
    {.name = "ca_file", .type = UK_CONF_PATH, AT(ca_file)},
    {.name = "public_key",
     .type = UK_CONF_TEXT,
     AT(public_key),
     .required = true},
    {.name = "private_key",
     .type = UK_CONF_TEXT,
     AT(private_key),
     .required = true},
};

static const struct uk_conf_table table = {rules, UK_COUNT(rules)};

static enum uk_code
take_place(const struct content *content, const char *path,
           struct uk_settings *out, struct uk_err *err)
{
    struct uk_settings place = {.timeout = 0};
    enum uk_code code;

    code = uk_place_set(&place, "service_url", content->url, path, err);
    if (code == UK_OK)
        code = uk_place_set(&place, "app_id", content->app_id, path, err);
    if (code == UK_OK && content->ca_file[0] != '\0')
        code = uk_place_set(&place, "ca_file", content->ca_file, path, err);
    if (code == UK_OK)
        *out = place;
    return code;
}

static enum uk_code
take(const struct content *content, const char *path, struct uk_adminfile *out,
     struct uk_settings *place, struct uk_err *err)
{
    struct uk_adminfile file = {.public_key = ""};
    size_t len = strlen(content->private_key);
    enum uk_code code;

    if (uk_keytext_check_admin(content->public_key,
                               strlen(content->public_key)))
        return uk_err_set(
            err, UK_MISCONFIGURED,
            _("'%s': 'public_key' has a private key as its value"), path);
    code = take_place(content, path, place, err);
    if (code == UK_OK)
        code = uk_secret_set(&file.private_key, content->private_key, len, err);
    if (code == UK_OK) {
        memcpy(file.public_key, content->public_key, sizeof(file.public_key));
        *out = file;
    }
    return code;
}

enum uk_code
uk_adminfile_load(const char *given, struct uk_adminfile *out,
                  struct uk_settings *place, struct uk_err *err)
{
    struct uk_buf text = UK_BUF_UP_TO(FILE_MAX);
    struct content content = {.url = ""};
    struct uk_conf_seen seen = {.line = {0}};
    char *path = realpath(given, NULL);
    enum uk_code code;

    if (path == NULL)
        return uk_err_sys(err, errno, _("--admin-file: opening '%s'"), given);
    code = uk_file_read(path, UK_FILE_PRIVATE, &text, err);
    if (code == UK_OK)
        code = uk_conf_parse(&table, uk_buf_peek(&text), text.len, path,
                             &content, &seen, err);
    if (code == UK_OK)
        code = take(&content, path, out, place, err);
    uk_wipe(&content, sizeof(content));
    uk_buf_clear(&text);
    free(path);
    return code == UK_OK ? code : uk_err_in(err, _("--admin-file"));
}

void
uk_adminfile_clear(struct uk_adminfile *file)
{
    uk_secret_clear(&file->private_key);
}
