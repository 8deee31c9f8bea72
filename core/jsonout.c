/* JSON out. */
#include "core/jsonout.h"

#include <inttypes.h>
#include <string.h>

#include "core/jsonscan.h"

bool
uk_json_is_text(const char *text)
{
    size_t left = strlen(text);

    while (left > 0) {
        size_t width = uk_jsonscan_utf8(text, left);

        if (width == 0)
            return false;
        text += width;
        left -= width;
    }
    return true;
}

/* How many bytes from here stand in a string as they are: ASCII without
 * control characters, quote and backslash. */
static size_t
plain_run(const char *text)
{
    size_t run = 0;

    while ((unsigned char)text[run] >= 0x20 &&
           (unsigned char)text[run] < 0x80 && text[run] != '"' &&
           text[run] != '\\')
        run++;
    return run;
}

static void
put_quoted(struct uk_buf *buf, const char *text)
{
    const char *end = text + strlen(text);

    uk_buf_add_byte(buf, '"');
    for (;;) {
        size_t run = plain_run(text);

        uk_buf_add(buf, text, run);
        text += run;
        if (*text == '\0')
            break;
        run = uk_jsonscan_utf8(text, (size_t)(end - text));
        if (run == 0) {
            buf->bad = true;
            buf->not_text = true;
            break;
        }
        if (run > 1)
            uk_buf_add(buf, text, run);
        else if (*text == '"' || *text == '\\')
            uk_buf_addf(buf, "\\%c", *text);
        else
            uk_buf_addf(buf, "\\u%04x", (unsigned char)*text);
        text += run;
    }
    uk_buf_add_byte(buf, '"');
}

/* Everything that stands in front of a value. */
static void
put_name(struct uk_json_out *out, const char *name)
{
    if (out->comma)
        uk_buf_add_byte(out->buf, ',');
    out->comma = true;
    if (name != NULL) {
        put_quoted(out->buf, name);
        uk_buf_add_byte(out->buf, ':');
    }
}

void
uk_json_begin(struct uk_json_out *out, const char *name, char bracket)
{
    put_name(out, name);
    uk_buf_add_byte(out->buf, (unsigned char)bracket);
    out->comma = false;
}

void
uk_json_end(struct uk_json_out *out, char bracket)
{
    uk_buf_add_byte(out->buf, (unsigned char)bracket);
    out->comma = true;
}

void
uk_json_put_text(struct uk_json_out *out, const char *name, const char *text)
{
    put_name(out, name);
    put_quoted(out->buf, text);
}

void
uk_json_open_text(struct uk_json_out *out, const char *name)
{
    put_name(out, name);
    uk_buf_add_byte(out->buf, '"');
}

void
uk_json_close_text(struct uk_json_out *out)
{
    uk_buf_add_byte(out->buf, '"');
}

void
uk_json_put_bool(struct uk_json_out *out, const char *name, bool value)
{
    put_name(out, name);
    uk_buf_add_text(out->buf, value ? "true" : "false");
}

void
uk_json_put_int(struct uk_json_out *out, const char *name, int64_t value)
{
    put_name(out, name);
    uk_buf_addf(out->buf, "%" PRId64, value);
}

void
uk_json_put_null(struct uk_json_out *out, const char *name)
{
    put_name(out, name);
    uk_buf_add_text(out->buf, "null");
}
