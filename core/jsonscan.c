/* Is this text strict JSON? */
#include "core/jsonscan.h"

#include <string.h>

struct scan {
    const unsigned char *text;
    size_t len;
    size_t at;
    size_t values;   /* inside of others */
    const char *why; /* what is wrong at `at` */
};

static bool scan_value(struct scan *scan, unsigned depth);

/* The byte here, or -1 at the end. */
static int
peek(const struct scan *scan)
{
    return scan->at < scan->len ? scan->text[scan->at] : -1;
}

static bool
fail(struct scan *scan, const char *why)
{
    scan->why = why;
    return false;
}

static bool
take(struct scan *scan, char wanted)
{
    if (peek(scan) != wanted)
        return false;
    scan->at++;
    return true;
}

static void
skip_space(struct scan *scan)
{
    for (;;) {
        int c = peek(scan);

        if (c != ' ' && c != '\t' && c != '\n' && c != '\r')
            return;
        scan->at++;
    }
}

static bool
is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static size_t
skip_digits(struct scan *scan)
{
    size_t from = scan->at;

    while (is_digit(peek(scan)))
        scan->at++;
    return scan->at - from;
}

/* -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)? */
static bool
scan_number(struct scan *scan)
{
    take(scan, '-');
    if (take(scan, '0')) {
        if (is_digit(peek(scan)))
            return fail(scan, "a number begins with a zero");
    } else if (skip_digits(scan) == 0) {
        return fail(scan, "not a number");
    }
    if (take(scan, '.') && skip_digits(scan) == 0)
        return fail(scan, "no digit behind the point");
    if (take(scan, 'e') || take(scan, 'E')) {
        if (!take(scan, '+'))
            take(scan, '-');
        if (skip_digits(scan) == 0)
            return fail(scan, "no digit in the exponent");
    }
    return true;
}

static bool
scan_word(struct scan *scan, const char *word)
{
    size_t len = strlen(word);

    if (scan->len - scan->at < len ||
        memcmp(scan->text + scan->at, word, len) != 0)
        return fail(scan, "not a value");
    scan->at += len;
    return true;
}

/* Four hexadecimal digits. */
static bool
scan_hex(struct scan *scan, unsigned *out)
{
    unsigned n = 0;

    for (int i = 0; i < 4; i++) {
        int c = peek(scan);

        if (is_digit(c))
            n = n * 16 + (unsigned)(c - '0');
        else if (c >= 'a' && c <= 'f')
            n = n * 16 + (unsigned)(c - 'a' + 10);
        else if (c >= 'A' && c <= 'F')
            n = n * 16 + (unsigned)(c - 'A' + 10);
        else
            return fail(scan, "not four hexadecimal digits");
        scan->at++;
    }
    *out = n;
    return true;
}

/* What stands behind \u. */
static bool
scan_unicode(struct scan *scan)
{
    unsigned high, low;

    if (!scan_hex(scan, &high))
        return false;
    if (high == 0)
        return fail(scan, "a NUL in a string");
    if (high < 0xd800 || high > 0xdfff)
        return true;
    if (high > 0xdbff || !take(scan, '\\') || !take(scan, 'u') ||
        !scan_hex(scan, &low) || low < 0xdc00 || low > 0xdfff)
        return fail(scan, "half of a surrogate pair");
    return true;
}

static bool
scan_escape(struct scan *scan)
{
    int c = peek(scan);

    if (c <= 0 || strchr("\"\\/bfnrtu", c) == NULL)
        return fail(scan, "not an escape");
    scan->at++;
    return c != 'u' || scan_unicode(scan);
}

/* What stands in a string as it is: ASCII without control characters, quote
 * and backslash.  Nearly all of a token is of this kind. */
static void
skip_plain(struct scan *scan)
{
    const unsigned char *text = scan->text;
    size_t at = scan->at;

    while (at < scan->len && text[at] >= 0x20 && text[at] < 0x80 &&
           text[at] != '"' && text[at] != '\\')
        at++;
    scan->at = at;
}

static bool
scan_string(struct scan *scan)
{
    if (!take(scan, '"'))
        return fail(scan, "not a string");
    for (;;) {
        size_t width = 1;
        int c;

        skip_plain(scan);
        c = peek(scan);

        if (c < 0)
            return fail(scan, "a string without an end");
        if (c < 0x20)
            return fail(scan, "a control character in a string");
        if (c >= 0x80)
            width =
                uk_jsonscan_utf8(scan->text + scan->at, scan->len - scan->at);
        if (width == 0)
            return fail(scan, "not UTF-8");
        scan->at += width;
        if (c == '"')
            return true;
        if (c == '\\' && !scan_escape(scan))
            return false;
    }
}

static bool
scan_member(struct scan *scan, unsigned depth)
{
    skip_space(scan);
    if (!scan_string(scan))
        return false;
    skip_space(scan);
    if (!take(scan, ':'))
        return fail(scan, "no colon behind a name");
    return scan_value(scan, depth);
}

/* What stands between a pair of brackets, and the closing one. */
static bool
scan_inside(struct scan *scan, char closing, unsigned depth)
{
    if (depth == UK_JSONSCAN_DEPTH)
        return fail(scan, "nested too deep");
    skip_space(scan);
    if (take(scan, closing))
        return true;
    do {
        bool good = closing == '}' ? scan_member(scan, depth + 1)
                                   : scan_value(scan, depth + 1);

        if (!good)
            return false;
        scan->values++;
        skip_space(scan);
    } while (take(scan, ','));
    return take(scan, closing) || fail(scan, "no comma and no closing bracket");
}

static bool
scan_value(struct scan *scan, unsigned depth)
{
    skip_space(scan);
    switch (peek(scan)) {
    case '{':
        scan->at++;
        return scan_inside(scan, '}', depth);
    case '[':
        scan->at++;
        return scan_inside(scan, ']', depth);
    case '"':
        return scan_string(scan);
    case 't':
        return scan_word(scan, "true");
    case 'f':
        return scan_word(scan, "false");
    case 'n':
        return scan_word(scan, "null");
    default:
        return scan_number(scan);
    }
}

static bool
scan_document(struct scan *scan)
{
    skip_space(scan);
    if (peek(scan) != '{' && peek(scan) != '[')
        return fail(scan, "not an object or an array");
    if (!scan_value(scan, 0))
        return false;
    skip_space(scan);
    return peek(scan) < 0 || fail(scan, "something behind the end");
}

enum uk_code
uk_jsonscan_check(const void *bytes, size_t len, size_t *values,
                  struct uk_err *err)
{
    struct scan scan = {.text = bytes, .len = len};

    if (!scan_document(&scan))
        return uk_err_set(err, UK_BAD_ANSWER, "not JSON at byte %zu: %s",
                          scan.at, scan.why);
    *values = scan.values;
    return UK_OK;
}

/* A string without an escape; what stands between its quotes. */
static bool
take_plain(struct scan *scan, const char **text, size_t *len)
{
    size_t from;

    skip_space(scan);
    from = scan->at + 1;
    if (!scan_string(scan))
        return false;
    *text = (const char *)scan->text + from;
    *len = scan->at - 1 - from;
    return memchr(*text, '\\', *len) == NULL;
}

bool
uk_jsonscan_only(const void *bytes, size_t len, const char *name,
                 const char **value, size_t *value_len)
{
    struct scan scan = {.text = bytes, .len = len};
    const char *found, *text;
    size_t found_len, text_len;

    skip_space(&scan);
    if (!take(&scan, '{') || !take_plain(&scan, &found, &found_len) ||
        found_len != strlen(name) || memcmp(found, name, found_len) != 0)
        return false;
    skip_space(&scan);
    if (!take(&scan, ':') || !take_plain(&scan, &text, &text_len))
        return false;
    skip_space(&scan);
    if (!take(&scan, '}'))
        return false;
    skip_space(&scan);
    if (scan.at != len)
        return false;
    *value = text;
    *value_len = text_len;
    return true;
}

size_t
uk_jsonscan_utf8(const void *bytes, size_t len)
{
    const unsigned char *p = bytes;
    size_t width;

    if (len == 0)
        return 0;
    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0xc2 || p[0] > 0xf4)
        return 0;
    width = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    if (len < width)
        return 0;
    for (size_t i = 1; i < width; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    }
    /* Longer than needed, a surrogate, or past the last character. */
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
        (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return width;
}
