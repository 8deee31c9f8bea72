/* The values of a JSON text in one piece of memory. */
#include "core/jsontree.h"

#include <stdlib.h>
#include <string.h>

#include "core/jsonscan.h"
#include "core/secret.h"

/* Up to so many members of an object each is compared with each. */
#define FEW 16

/*
 * A text that has been scanned becomes values.  There is room for as many as
 * the scan has counted: those whose array or object is complete stand at the
 * lower end, side by side; those whose is not yet are piled up at the upper
 * end, the last one lowest.
 */
struct build {
    const char *at; /* in the text */
    char *texts;    /* where the next one goes */
    struct uk_json *done, *pile;
    bool twice; /* an object has one name twice */
};

static void build_value(struct build *b, struct uk_json *out);

static void
skip_space(struct build *b)
{
    while (*b->at == ' ' || *b->at == '\t' || *b->at == '\n' || *b->at == '\r')
        b->at++;
}

static unsigned
take_hex(struct build *b)
{
    unsigned n = 0;

    for (int i = 0; i < 4; i++) {
        char c = *b->at++;

        n = n * 16 + (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return n;
}

static void
put_utf8(struct build *b, unsigned c)
{
    if (c < 0x80) {
        *b->texts++ = (char)c;
        return;
    }
    if (c < 0x800) {
        *b->texts++ = (char)(0xc0 | c >> 6);
    } else {
        if (c < 0x10000) {
            *b->texts++ = (char)(0xe0 | c >> 12);
        } else {
            *b->texts++ = (char)(0xf0 | c >> 18);
            *b->texts++ = (char)(0x80 | (c >> 12 & 0x3f));
        }
        *b->texts++ = (char)(0x80 | (c >> 6 & 0x3f));
    }
    *b->texts++ = (char)(0x80 | (c & 0x3f));
}

/* Behind a backslash.  Surrogates come in pairs: the scan has seen to it. */
static void
take_escape(struct build *b)
{
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    char c = *b->at++;
    const char *found = strchr(from, c);
    unsigned high;

    if (c != 'u') {
        *b->texts++ = found != NULL ? to[found - from] : c;
        return;
    }
    high = take_hex(b);
    if (high >= 0xd800 && high <= 0xdbff) {
        b->at += 2; /* of the other half */
        high = 0x10000 + ((high - 0xd800) << 10) + (take_hex(b) - 0xdc00);
    }
    put_utf8(b, high);
}

/* No longer than it stands there with its quotes: an escape never becomes
 * longer, and the NUL is in the place of a quote. */
static size_t
take_text(struct build *b, const char **out)
{
    char *text = b->texts;
    size_t len;

    b->at++;
    while (*b->at != '"') {
        size_t run = strcspn(b->at, "\"\\");

        memcpy(b->texts, b->at, run);
        b->texts += run;
        b->at += run;
        if (*b->at == '\\') {
            b->at++;
            take_escape(b);
        }
    }
    b->at++;
    len = (size_t)(b->texts - text);
    *b->texts++ = '\0';
    *out = text;
    return len;
}

/* INT64_MIN and INT64_MAX are no integers: what is read here is read by others
 * as well, some of whom take them for "anything beyond". */
static void
build_number(struct build *b, struct uk_json *out)
{
    bool negative = *b->at == '-';
    bool fits = true;
    size_t len = strspn(b->at, "+-.0123456789eE");
    int64_t n = 0;

    for (size_t i = negative; fits && i < len; i++) {
        int digit = b->at[i] - '0';

        /* A point and an e are no digits, nor is an exponent's sign. */
        fits = digit >= 0 && digit <= 9 && n <= (INT64_MAX - digit) / 10;
        if (fits)
            n = n * 10 + digit;
    }
    b->at += len;
    fits = fits && (negative || n < INT64_MAX);
    out->type = fits ? UK_JSON_INTEGER : UK_JSON_NUMBER;
    out->integer = fits && negative ? -n : n;
}

static int
compare_names(const void *left, const void *right)
{
    const struct uk_json *a = left, *b = right;

    if (a->name_len != b->name_len)
        return a->name_len < b->name_len ? -1 : 1;
    return memcmp(a->name, b->name, a->name_len);
}

/* Many are sorted first, so that no document takes longer than its length
 * allows; nobody asks for the order of members. */
static bool
has_one_twice(struct uk_json *member, size_t count)
{
    if (count > FEW)
        qsort(member, count, sizeof(*member), compare_names);
    for (size_t i = 1; i < count; i++)
        for (size_t j = count > FEW ? i - 1 : 0; j < i; j++)
            if (compare_names(&member[i], &member[j]) == 0)
                return true;
    return false;
}

/* The last so many of the pile are complete: in their order to the others. */
static void
settle(struct build *b, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        struct uk_json last = b->pile[i];

        b->pile[i] = b->pile[count - 1 - i];
        b->pile[count - 1 - i] = last;
    }
    memmove(b->done, b->pile, count * sizeof(*b->pile));
    b->done += count;
    b->pile += count;
}

/* What stands between a pair of brackets, and these. */
static void
build_inside(struct build *b, struct uk_json *out)
{
    char closing = out->type == UK_JSON_OBJECT ? '}' : ']';
    size_t count = 0;

    b->at++;
    skip_space(b);
    while (*b->at != closing) {
        struct uk_json value = {.type = UK_JSON_NOTHING};

        if (*b->at == ',')
            b->at++;
        skip_space(b);
        if (out->type == UK_JSON_OBJECT) {
            value.name_len = take_text(b, &value.name);
            skip_space(b);
            b->at++; /* the colon */
            skip_space(b);
        }
        build_value(b, &value);
        *--b->pile = value;
        count++;
        skip_space(b);
    }
    b->at++;
    settle(b, count);
    out->count = count;
    out->item = b->done - count;
    if (out->type == UK_JSON_OBJECT && has_one_twice(b->done - count, count))
        b->twice = true;
}

static void
build_value(struct build *b, struct uk_json *out)
{
    switch (*b->at) {
    case '{':
    case '[':
        out->type = *b->at == '{' ? UK_JSON_OBJECT : UK_JSON_ARRAY;
        build_inside(b, out);
        break;
    case '"':
        out->type = UK_JSON_TEXT;
        out->count = take_text(b, &out->text);
        break;
    case 't':
    case 'f':
        out->type = UK_JSON_FLAG;
        out->flag = *b->at == 't';
        b->at += out->flag ? strlen("true") : strlen("false");
        break;
    case 'n':
        b->at += strlen("null");
        break;
    default:
        build_number(b, out);
        break;
    }
}

static struct uk_jsontree *
make_tree(size_t values, size_t len)
{
    size_t size = sizeof(struct uk_jsontree) + values * sizeof(struct uk_json);
    struct uk_jsontree *tree = malloc(size + len);

    if (tree == NULL)
        return NULL;
    tree->top = (struct uk_json){.type = UK_JSON_NOTHING};
    tree->texts = (char *)tree + size;
    tree->texts_len = 0;
    return tree;
}

enum uk_code
uk_jsontree_make(const void *bytes, size_t len, struct uk_jsontree **out,
                 struct uk_err *err)
{
    struct uk_jsontree *tree;
    struct build b = {.at = bytes};
    size_t values;
    enum uk_code code = uk_jsonscan_check(bytes, len, &values, err);

    if (code != UK_OK)
        return code;
    tree = make_tree(values, len);
    if (tree == NULL)
        return uk_err_set(err, UK_NO_MEMORY, "no memory for %zu bytes of JSON",
                          len);
    b.texts = tree->texts;
    b.done = tree->values;
    b.pile = tree->values + values;
    skip_space(&b);
    build_value(&b, &tree->top);
    tree->texts_len = (size_t)(b.texts - tree->texts);
    if (b.twice) {
        uk_jsontree_free(tree);
        return uk_err_set(err, UK_BAD_ANSWER,
                          "not JSON: an object has one name twice");
    }
    *out = tree;
    return UK_OK;
}

void
uk_jsontree_free(struct uk_jsontree *tree)
{
    if (tree == NULL)
        return;
    uk_wipe(tree->texts, tree->texts_len);
    free(tree);
}
