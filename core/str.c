/* Numbers, booleans, prefixes, printable text: checked, in every locale. */
#include "core/str.h"

#include <string.h>

#define MS_PER_S   1000UL
#define MS_PER_MIN (60UL * MS_PER_S)
#define MS_PER_H   (60UL * MS_PER_MIN)
#define MS_PER_D   (24UL * MS_PER_H)

static const char hex_digits[] = "0123456789abcdef";
static const char cut[] = "..."; /* something has been left out */

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static char
to_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Read digits from *text, which is left behind them. */
static bool
read_digits(const char **text, unsigned long max, unsigned long *out)
{
    const char *p = *text;
    unsigned long n = 0;

    if (!is_digit(*p))
        return false;
    for (; is_digit(*p); p++) {
        unsigned long digit = (unsigned long)(*p - '0');

        if (digit > max || n > (max - digit) / 10)
            return false;
        n = n * 10 + digit;
    }
    *text = p;
    *out = n;
    return true;
}

bool
uk_str_to_ulong(const char *text, unsigned long max, unsigned long *out)
{
    unsigned long n;

    if (!read_digits(&text, max, &n) || *text != '\0')
        return false;
    *out = n;
    return true;
}

bool
uk_str_to_bool(const char *text, bool *out)
{
    bool yes = strcmp(text, "yes") == 0;

    if (!yes && strcmp(text, "no") != 0)
        return false;
    *out = yes;
    return true;
}

bool
uk_str_to_ms(const char *text, unsigned long max_ms, unsigned long *out)
{
    static const struct {
        const char *name;
        unsigned long ms;
    } units[] = {
        {"", MS_PER_S},      {"ms", 1UL},     {"s", MS_PER_S},
        {"min", MS_PER_MIN}, {"h", MS_PER_H}, {"d", MS_PER_D},
    };
    unsigned long n;

    if (!read_digits(&text, max_ms, &n))
        return false;
    for (size_t i = 0; i < UK_COUNT(units); i++) {
        if (strcmp(text, units[i].name) != 0)
            continue;
        if (n > max_ms / units[i].ms)
            return false;
        *out = n * units[i].ms;
        return true;
    }
    return false;
}

bool
uk_str_starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool
uk_str_equal_nocase(const char *a, const char *b)
{
    while (*a != '\0' && to_lower(*a) == to_lower(*b)) {
        a++;
        b++;
    }
    return *a == '\0' && *b == '\0';
}

bool
uk_str_copy(char *to, size_t size, const char *from)
{
    size_t len = strlen(from);

    if (len >= size)
        return false;
    memcpy(to, from, len + 1);
    return true;
}

bool
uk_str_is_hex(const char *text, size_t len)
{
    size_t i;

    for (i = 0; i < len; i++) {
        if (!is_digit(text[i]) && !(text[i] >= 'a' && text[i] <= 'f'))
            return false;
    }
    return text[i] == '\0';
}

void
uk_str_hex(char *to, const void *bytes, size_t size)
{
    const unsigned char *from = bytes;

    for (size_t i = 0; i < size; i++) {
        to[2 * i] = hex_digits[from[i] >> 4];
        to[2 * i + 1] = hex_digits[from[i] & 15];
    }
    to[2 * size] = '\0';
}

bool
uk_str_is_user_name(const char *text)
{
    size_t i;

    for (i = 0; text[i] != '\0'; i++) {
        char c = text[i];
        bool letter = (c >= 'a' && c <= 'z') || c == '_';

        if (i >= UK_NAME_MAX)
            return false;
        if (!letter && (i == 0 || !(is_digit(c) || c == '-')))
            return false;
    }
    return i > 0;
}

bool
uk_str_is_printable(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text < 0x20 || *text > 0x7e)
            return false;
    }
    return true;
}

/* How a user API key, an administrator's private key and a token of a session
 * begin ('{"' in base64url), and which characters they have. */
#define BASE62 "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
static const struct {
    const char *prefix;
    const char *alphabet;
} secrets[] = {
    {"ukey", BASE62},
    {"ukadm", BASE62},
    {"eyJ", BASE62 "-_."},
};

/* The longest piece of one that may be shown.  It is a user name's length and
 * leaves more of a key unknown than could be tried; the last characters of a
 * key, which are its checksum, can be computed by anybody. */
#define PIECE_MAX UK_NAME_MAX

/* How many bytes are one secret from here on; *prefix gets what stands for it.
 * 0 for none. */
static size_t
find_secret(const unsigned char *from, size_t len, const char **prefix)
{
    for (size_t i = 0; i < UK_COUNT(secrets); i++) {
        size_t n = strlen(secrets[i].prefix);

        if (len < n || memcmp(from, secrets[i].prefix, n) != 0)
            continue;
        while (n < len && from[n] != '\0' &&
               strchr(secrets[i].alphabet, from[n]) != NULL)
            n++;
        *prefix = secrets[i].prefix;
        if (n > PIECE_MAX)
            return n;
    }
    return 0;
}

static char *
put_plain(char *to, const char *text)
{
    size_t len = strlen(text);

    memcpy(to, text, len);
    return to + len;
}

static char *
put_number(char *to, unsigned char c)
{
    *to++ = '\\';
    *to++ = 'x';
    *to++ = hex_digits[c >> 4];
    *to++ = hex_digits[c & 15];
    return to;
}

static bool
is_plain(unsigned char c)
{
    return c >= 0x20 && c <= 0x7e;
}

static char *
put_escaped(char *to, unsigned char c)
{
    if (!is_plain(c) || c == '\'' || c == '\\')
        return put_number(to, c);
    *to++ = (char)c;
    return to;
}

const char *
uk_str_printable(char to[UK_PRINTABLE_SIZE], const void *bytes, size_t len)
{
    const unsigned char *from = bytes;
    size_t at = 0, shown = 0;
    char *p = to;

    while (at < len && shown < UK_PRINTABLE_MAX) {
        const char *prefix = NULL;
        size_t secret = find_secret(from + at, len - at, &prefix);

        if (secret == 0) {
            p = put_escaped(p, from[at++]);
            shown++;
            continue;
        }
        shown += strlen(prefix) + strlen(cut);
        if (shown > UK_PRINTABLE_MAX)
            break;
        p = put_plain(put_plain(p, prefix), cut);
        at += secret;
    }
    if (at < len)
        p = put_plain(p, cut);
    *p = '\0';
    return to;
}

size_t
uk_str_escape(char *to, size_t size, const char *text)
{
    char *p = to, *end = to + size - sizeof(cut);

    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;

        if (end - p < (is_plain(c) ? 1 : 4)) {
            p = put_plain(p, cut);
            break;
        }
        if (is_plain(c))
            *p++ = (char)c;
        else
            p = put_number(p, c);
    }
    *p = '\0';
    return (size_t)(p - to);
}
