/* The settings in a sentence, by the names under which a person gave them. */
#include "tool/reword.h"

#include <stddef.h>
#include <string.h>

#include "core/buf.h"
#include "core/str.h"

#define AT(x) offsetof(struct uk_args, x)

static const struct {
    const char *setting;
    const char *option;
    size_t at;
} words[] = {
    {"'service_url'", "--url", AT(url)},
    {"'app_id'", "--app", AT(app)},
    {"'ca_file'", "--ca-file", AT(ca_file)},
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

/* Append what stands for the beginning of text; how much of it that was. */
static size_t
take(struct uk_buf *out, const char *text, const struct uk_args *login)
{
    if (uk_str_starts(text, no_setting)) {
        uk_buf_add_byte(out, '?');
        return sizeof(no_setting) - 1;
    }
    for (size_t i = 0; i < UK_COUNT(words); i++) {
        if (!uk_str_starts(text, words[i].setting) ||
            (login != NULL && !is_given(login, i)))
            continue;
        uk_buf_addf(out, login != NULL ? "%s" : "'userkey login %s'",
                    words[i].option);
        return strlen(words[i].setting);
    }
    uk_buf_add_byte(out, text[0]);
    return 1;
}

void
uk_reword(struct uk_err *err, const struct uk_args *login)
{
    struct uk_buf out = UK_BUF_UP_TO(2 * sizeof(err->text));
    const char *at = err->text;
    struct uk_err ignored;

    while (*at != '\0')
        at += take(&out, at, login);
    if (uk_buf_check(&out, &ignored) == UK_OK && out.len < sizeof(err->text))
        memcpy(err->text, uk_buf_peek(&out), out.len + 1);
    uk_buf_clear(&out);
}
