/* The content of a kept session's file: one flat JSON object of strings. */
#include "pam_module/keptjson.h"

#include <string.h>

#include "core/str.h"

#define ACCOUNT "account"
#define REFRESH "refresh_token"

static void
put_string(struct uk_buf *buf, const char *text)
{
    uk_buf_add_byte(buf, '"');
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            uk_buf_add_byte(buf, '\\');
        uk_buf_add_byte(buf, (unsigned char)*text);
    }
    uk_buf_add_byte(buf, '"');
}

enum uk_code
uk_kept_pack(const struct uk_kept *kept, struct uk_buf *buf, struct uk_err *err)
{
    const struct {
        const char *name;
        const char *value;
    } members[] = {
        {ACCOUNT, kept->account},
        {"url", kept->url},
        {"app_id", kept->app_id},
        {"user_id", kept->user_id},
        {"access_token", uk_secret_peek(&kept->tokens->access)},
        {REFRESH, uk_secret_peek(&kept->tokens->refresh)},
    };

    for (size_t i = 0; i < UK_COUNT(members); i++) {
        if (!uk_str_is_printable(members[i].value))
            return uk_err_set(err, UK_INVALID,
                              "'%s' of a session is not printable",
                              members[i].name);
        uk_buf_add_text(buf, i == 0 ? "{" : ",");
        put_string(buf, members[i].name);
        uk_buf_add_byte(buf, ':');
        put_string(buf, members[i].value);
    }
    uk_buf_add_text(buf, "}\n");
    return uk_buf_check(buf, err);
}

/* What is left of the text. */
struct reader {
    const char *at;
    const char *end;
};

static void
skip_space(struct reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' ||
                              *r->at == '\n' || *r->at == '\r'))
        r->at++;
}

/* The next character but for white space, if it is this one. */
static bool
read_char(struct reader *r, char wanted)
{
    skip_space(r);
    if (r->at == r->end || *r->at != wanted)
        return false;
    r->at++;
    return true;
}

/* A string of printable ASCII, with no other escapes than those that such
 * text can need. */
static bool
read_string(struct reader *r, struct uk_buf *out)
{
    if (!read_char(r, '"'))
        return false;
    for (; r->at < r->end && *r->at != '"'; r->at++) {
        if (*r->at == '\\') {
            r->at++;
            if (r->at == r->end || strchr("\"\\/", *r->at) == NULL)
                return false;
        }
        if (*r->at < 0x20 || *r->at > 0x7e)
            return false;
        uk_buf_add_byte(out, (unsigned char)*r->at);
    }
    return read_char(r, '"') && !out->bad;
}

/* What is looked for. */
struct wanted {
    const char *name;
    struct uk_buf value; /* owned */
    bool found;
};

/* The one of this name, or NULL. */
static struct wanted *
find_wanted(struct wanted *wanted, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(wanted[i].name, name) == 0)
            return &wanted[i];
    }
    return NULL;
}

/* One member; its value is kept where it is wanted, once. */
static bool
read_member(struct reader *r, struct wanted *wanted, size_t count)
{
    struct uk_buf name = UK_BUF_UP_TO(64);
    struct uk_buf other = UK_BUF_UP_TO(UK_KEPT_MAX);
    bool ok = read_string(r, &name) && read_char(r, ':');
    struct wanted *one = find_wanted(wanted, count, uk_buf_peek(&name));

    if (one != NULL) {
        ok = ok && !one->found && read_string(r, &one->value);
        one->found = true;
    } else {
        ok = ok && read_string(r, &other);
    }
    uk_buf_clear(&other);
    uk_buf_clear(&name);
    return ok;
}

static bool
read_object(struct reader *r, struct wanted *wanted, size_t count)
{
    if (!read_char(r, '{'))
        return false;
    do {
        if (!read_member(r, wanted, count))
            return false;
    } while (read_char(r, ','));
    if (!read_char(r, '}'))
        return false;
    skip_space(r);
    return r->at == r->end;
}

enum uk_code
uk_kept_unpack(const char *text, size_t len, char account[UK_NAME_MAX + 1],
               struct uk_secret *refresh, struct uk_err *err)
{
    struct reader r = {text, text + len};
    struct wanted wanted[] = {
        {.name = ACCOUNT, .value = UK_BUF_UP_TO(UK_NAME_MAX)},
        {.name = REFRESH, .value = UK_BUF_UP_TO(UK_SECRET_MAX)},
    };
    const struct uk_buf *name = &wanted[0].value;
    const struct uk_buf *token = &wanted[1].value;
    enum uk_code code;

    if (read_object(&r, wanted, UK_COUNT(wanted)) &&
        uk_str_is_user_name(uk_buf_peek(name)) && token->len > 0)
        code = uk_secret_set(refresh, token->bytes, token->len, err);
    else
        code = uk_err_set(err, UK_BAD_ANSWER,
                          "it is not the JSON that was written there");
    if (code == UK_OK)
        memcpy(account, uk_buf_peek(name), name->len + 1);
    for (size_t i = 0; i < UK_COUNT(wanted); i++)
        uk_buf_clear(&wanted[i].value);
    return code;
}
