/* Which service, and how it is trusted: chosen once, kept with the session. */
#include "tool/talk/place.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "core/attr.h"
#include "tool/terminal/language.h"

/* The settings that say how to reach a service.  The file names them as
 * userkey.conf does, but for the first. */
#define SERVICE_URL "service_url"
static const struct {
    const char *name;
    size_t at;
    bool of_service; /* does not count for another service than the file's */
} kept[] = {
    {"app_id", offsetof(struct uk_settings, app_id), false},
    {"ca_file", offsetof(struct uk_settings, ca_file), false},
    {"pinned_public_key", offsetof(struct uk_settings, pinned_public_key),
     true},
    {"client_certificate", offsetof(struct uk_settings, client_certificate),
     true},
    {"client_key", offsetof(struct uk_settings, client_key), true},
    {"proxy", offsetof(struct uk_settings, proxy), false},
};

static const char *
value_of(const struct uk_settings *place, size_t i)
{
    return (const char *)place + kept[i].at;
}

/* Plain HTTP to this machine itself needs no word of permission here: it is
 * the person's own session.  Any other http:// is refused by the table. */
enum uk_code
uk_place_set(struct uk_settings *place, const char *name, const char *value,
             const char *from, struct uk_err *err)
{
    struct uk_conf_seen seen = {.line = {0}};
    enum uk_code code;

    code = uk_conf_set(uk_settings_table(), name, value, from, UK_CONF_NO_LINE,
                       place, &seen, err);
    if (code == UK_OK && strcmp(name, SERVICE_URL) == 0)
        place->insecure_http = strstr(value, "http://") != NULL;
    return code;
}

/* A path that stays right when the session is used from another folder. */
static enum uk_code
set_path(struct uk_settings *place, const char *name, const char *value,
         const char *from, struct uk_err *err)
{
    char *path = realpath(value, NULL);
    enum uk_code code;

    if (path == NULL)
        return uk_err_sys(err, errno, _("'%s': '%s': opening '%s'"), from, name,
                          value);
    code = uk_place_set(place, name, path, from, err);
    free(path);
    return code;
}

#define FROM "command line"

static enum uk_code
set_given(const struct uk_args *args, struct uk_settings *place,
          struct uk_err *err)
{
    enum uk_code code = UK_OK;

    if (args->url != NULL)
        code = uk_place_set(place, SERVICE_URL, args->url, FROM, err);
    if (code == UK_OK && args->app != NULL)
        code = uk_place_set(place, "app_id", args->app, FROM, err);
    if (code == UK_OK && args->ca_file != NULL)
        code = set_path(place, "ca_file", args->ca_file, FROM, err);
    /* What is wrong stands in the command, not in a configuration. */
    return code == UK_MISCONFIGURED ? uk_err_recode(err, UK_INVALID) : code;
}

static void
forget_service(struct uk_settings *place)
{
    for (size_t i = 0; i < UK_COUNT(kept); i++) {
        if (kept[i].of_service)
            *((char *)place + kept[i].at) = '\0';
    }
}

enum uk_code
uk_place_choose(const struct uk_args *args, const char *conf_file,
                struct uk_settings *out, struct uk_err *err)
{
    struct uk_settings place = {.timeout = 0};
    bool complete = args->url != NULL && args->app != NULL;
    enum uk_code code = uk_settings_load(conf_file, &place, err);

    if (code != UK_OK && !complete && err->sys == ENOENT)
        return uk_err_set(err, UK_INVALID,
                          _("which service? give --url and --app; there is no "
                            "'%s' to take them from"),
                          conf_file);
    if (code != UK_OK && !complete)
        return code;
    if (code != UK_OK)
        place = (struct uk_settings){.timeout = 0};
    if (args->url != NULL)
        forget_service(&place);
    code = set_given(args, &place, err);
    if (code == UK_OK)
        *out = place;
    return code;
}

void
uk_place_put(struct uk_json_out *out, const struct uk_settings *place)
{
    uk_json_begin(out, SERVICE_URL, '[');
    for (size_t i = 0; i < place->service_url.count; i++)
        uk_json_put_text(out, NULL, place->service_url.item[i]);
    uk_json_end(out, ']');
    for (size_t i = 0; i < UK_COUNT(kept); i++) {
        if (value_of(place, i)[0] != '\0')
            uk_json_put_text(out, kept[i].name, value_of(place, i));
    }
}

/* The list as it would stand in userkey.conf. */
static enum uk_code
take_urls(const struct uk_json *document, const char *file,
          struct uk_settings *place, struct uk_err *err)
{
    struct uk_buf words = UK_BUF_UP_TO(UK_CONF_ITEMS * UK_CONF_VALUE);
    const struct uk_json *urls;
    enum uk_code code;

    if (uk_json_array(document, SERVICE_URL, &urls)) {
        for (size_t i = 0; i < uk_json_count(urls); i++) {
            const char *url;

            if (uk_json_item_text(urls, i, &url))
                uk_buf_addf(&words, "%s%s", i > 0 ? " " : "", url);
        }
    }
    code = uk_buf_check(&words, err);
    if (code == UK_OK)
        code = uk_place_set(place, SERVICE_URL, uk_buf_peek(&words), file, err);
    uk_buf_clear(&words);
    return code;
}

enum uk_code
uk_place_take(const struct uk_json *document, const char *file,
              struct uk_settings *out, struct uk_err *err)
{
    struct uk_settings place = {.timeout = 0};
    const char *value;
    enum uk_code code = take_urls(document, file, &place, err);

    for (size_t i = 0; code == UK_OK && i < UK_COUNT(kept); i++) {
        if (uk_json_text(document, kept[i].name, &value))
            code = uk_place_set(&place, kept[i].name, value, file, err);
    }
    if (code == UK_OK && place.app_id[0] == '\0')
        code = uk_err_set(err, UK_MISCONFIGURED, _("'%s': no 'app_id'"), file);
    if (code == UK_OK)
        *out = place;
    return code;
}
