/* Bounded JSON in and out (json-c). */
#include "core/json.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "core/jsonscan.h"
#include "core/secret.h"

/* Ours is the same object under a name that nobody else can use. */
static struct uk_json *
ours(struct json_object *value)
{
    return (struct uk_json *)value;
}

static const struct json_object *
theirs(const struct uk_json *value)
{
    return (const struct json_object *)value;
}

/* Give the parser one long string of no importance.  It keeps strings in a
 * buffer that grows by realloc() and is freed as it is: made large enough
 * beforehand it stays in one place, and written over afterwards it keeps
 * nothing. */
static bool
rinse(struct json_tokener *parser, size_t len)
{
    struct json_object *value;
    char *text = malloc(len + 2);
    size_t done = 0;

    if (text == NULL)
        return false;
    memset(text, 'x', len + 2);
    text[0] = text[len + 1] = '"';
    json_tokener_reset(parser);
    value = json_tokener_parse_ex(parser, text, (int)(len + 2));
    if (value != NULL)
        done = (size_t)json_object_get_string_len(value);
    json_object_put(value);
    json_tokener_reset(parser);
    free(text);
    return done == len;
}

/* The parser is strict too, though not about everything: the text has been
 * scanned before. */
static struct json_object *
parse(const char *text, size_t len)
{
    struct json_tokener *parser = json_tokener_new_ex(UK_JSONSCAN_DEPTH + 2);
    struct json_object *tree = NULL;

    if (parser == NULL)
        return NULL;
    json_tokener_set_flags(parser, JSON_TOKENER_STRICT |
                                       JSON_TOKENER_VALIDATE_UTF8 |
                                       JSON_TOKENER_ALLOW_TRAILING_CHARS);
    if (rinse(parser, len))
        tree = json_tokener_parse_ex(parser, text, (int)len);
    if (!rinse(parser, len)) {
        json_object_put(tree);
        tree = NULL;
    }
    json_tokener_free(parser);
    return tree;
}

/* How many members the objects of the tree have together. */
static size_t
count_members(const struct json_object *value)
{
    size_t n = 0;

    if (json_object_is_type(value, json_type_object)) {
        json_object_object_foreach(value, name, member)
        {
            (void)name;
            n += 1 + count_members(member);
        }
    } else if (json_object_is_type(value, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(value); i++)
            n += count_members(json_object_array_get_idx(value, i));
    }
    return n;
}

enum uk_code
uk_json_parse(const void *bytes, size_t len, struct uk_json **out,
              struct uk_err *err)
{
    struct json_object *tree;
    size_t members;
    enum uk_code code;

    if (len > UK_JSON_MAX)
        return uk_err_set(err, UK_BAD_ANSWER,
                          "%zu bytes of JSON; allowed are %d", len,
                          UK_JSON_MAX);
    code = uk_jsonscan_check(bytes, len, &members, err);
    if (code != UK_OK)
        return code;
    tree = parse(bytes, len);
    if (tree == NULL)
        return uk_err_set(err, UK_NO_MEMORY, "no memory for %zu bytes of JSON",
                          len);
    if (count_members(tree) != members) {
        uk_json_free(ours(tree));
        return uk_err_set(err, UK_BAD_ANSWER,
                          "not JSON: an object has one name twice");
    }
    *out = ours(tree);
    return UK_OK;
}

/* Strings are the document's own memory, though we get them as const. */
static void
wipe_strings(struct json_object *value)
{
    if (json_object_is_type(value, json_type_string)) {
        uk_wipe((char *)(uintptr_t)json_object_get_string(value),
                (size_t)json_object_get_string_len(value));
    } else if (json_object_is_type(value, json_type_object)) {
        json_object_object_foreach(value, name, member)
        {
            (void)name;
            wipe_strings(member);
        }
    } else if (json_object_is_type(value, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(value); i++)
            wipe_strings(json_object_array_get_idx(value, i));
    }
}

void
uk_json_free(struct uk_json *document)
{
    struct json_object *tree = (struct json_object *)document;

    wipe_strings(tree);
    json_object_put(tree);
}

bool
uk_json_is_object(const struct uk_json *value)
{
    return json_object_is_type(theirs(value), json_type_object);
}

bool
uk_json_is_array(const struct uk_json *value)
{
    return json_object_is_type(theirs(value), json_type_array);
}

bool
uk_json_has(const struct uk_json *object, const char *name)
{
    return uk_json_is_object(object) &&
           json_object_object_get_ex(theirs(object), name, NULL);
}

/* The member of this name and type, or NULL. */
static struct json_object *
find(const struct uk_json *object, const char *name, enum json_type type)
{
    struct json_object *member;

    if (!uk_json_is_object(object) ||
        !json_object_object_get_ex(theirs(object), name, &member) ||
        !json_object_is_type(member, type))
        return NULL;
    return member;
}

bool
uk_json_text(const struct uk_json *object, const char *name, const char **out)
{
    struct json_object *member = find(object, name, json_type_string);

    if (member == NULL)
        return false;
    *out = json_object_get_string(member);
    return true;
}

bool
uk_json_bool(const struct uk_json *object, const char *name, bool *out)
{
    struct json_object *member = find(object, name, json_type_boolean);

    if (member == NULL)
        return false;
    *out = json_object_get_boolean(member);
    return true;
}

bool
uk_json_int(const struct uk_json *object, const char *name, int64_t *out)
{
    struct json_object *member = find(object, name, json_type_int);
    int64_t n;

    if (member == NULL)
        return false;
    n = json_object_get_int64(member);
    if (n == INT64_MAX || n == INT64_MIN)
        return false; /* what json-c makes of anything larger */
    *out = n;
    return true;
}

bool
uk_json_object(const struct uk_json *object, const char *name,
               const struct uk_json **out)
{
    struct json_object *member = find(object, name, json_type_object);

    if (member == NULL)
        return false;
    *out = ours(member);
    return true;
}

bool
uk_json_array(const struct uk_json *object, const char *name,
              const struct uk_json **out)
{
    struct json_object *member = find(object, name, json_type_array);

    if (member == NULL)
        return false;
    *out = ours(member);
    return true;
}

size_t
uk_json_count(const struct uk_json *array)
{
    return uk_json_is_array(array) ? json_object_array_length(theirs(array))
                                   : 0;
}

const struct uk_json *
uk_json_item(const struct uk_json *array, size_t i)
{
    if (i >= uk_json_count(array))
        return NULL;
    return ours(json_object_array_get_idx(theirs(array), i));
}

bool
uk_json_item_text(const struct uk_json *array, size_t i, const char **out)
{
    struct json_object *item;

    if (i >= uk_json_count(array))
        return false;
    item = json_object_array_get_idx(theirs(array), i);
    if (!json_object_is_type(item, json_type_string))
        return false;
    *out = json_object_get_string(item);
    return true;
}

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
