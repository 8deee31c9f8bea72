/* The settings in a sentence, by the names under which a person gave them. */
#include "tool/talk/reword.h"

#include <stddef.h>
#include <string.h>

#include "core/buf.h"
#include "core/str.h"

#define AT(x) offsetof(struct uk_args, x)

static const struct {
    const char *setting;
    const char *option;
    size_t at;
    const char *admin;
} words[] = {
    {"'service_url'", "--url", AT(url), "'url' of the admin file"},
    {"'app_id'", "--app", AT(app), "'app_id' of the admin file"},
    {"'ca_file'", "--ca-file", AT(ca_file), "'ca_file' of the admin file"},
};

/* Who has given the settings. */
struct giver {
    const struct uk_args *login; /* or NULL: a login of before */
    bool admin;
};

/* The tool's own time is no setting. */
static const char no_setting[] = ", or is 'timeout' too short?";

static bool
is_given(const struct uk_args *login, size_t i)
{
    const char *const *value =
        (const void *)((const char *)login + words[i].at);

    return login->url != NULL || *value != NULL;
}

static void
put(struct uk_buf *out, size_t i, struct giver giver)
{
    if (giver.admin)
        uk_buf_add_text(out, words[i].admin);
    else if (giver.login != NULL)
        uk_buf_add_text(out, words[i].option);
    else
        uk_buf_addf(out, "'userkey login %s'", words[i].option);
}

/* Append what stands for the beginning of text; how much of it that was. */
static size_t
take(struct uk_buf *out, const char *text, struct giver giver)
{
    if (uk_str_starts(text, no_setting)) {
        uk_buf_add_byte(out, '?');
        return sizeof(no_setting) - 1;
    }
    for (size_t i = 0; i < UK_COUNT(words); i++) {
        if (!uk_str_starts(text, words[i].setting) ||
            (giver.login != NULL && !is_given(giver.login, i)))
            continue;
        put(out, i, giver);
        return strlen(words[i].setting);
    }
    uk_buf_add_byte(out, text[0]);
    return 1;
}

static void
reword(struct uk_err *err, struct giver giver)
{
    struct uk_buf out = UK_BUF_UP_TO(2 * sizeof(err->text));
    const char *at = err->text;
    struct uk_err ignored;

    while (*at != '\0')
        at += take(&out, at, giver);
    if (uk_buf_check(&out, &ignored) == UK_OK && out.len < sizeof(err->text))
        memcpy(err->text, uk_buf_peek(&out), out.len + 1);
    uk_buf_clear(&out);
}

void
uk_reword(struct uk_err *err, const struct uk_args *login)
{
    reword(err, (struct giver){.login = login});
}

void
uk_reword_admin(struct uk_err *err)
{
    reword(err, (struct giver){.admin = true});
}
