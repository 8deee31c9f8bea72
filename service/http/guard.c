/* Strict framing. */
#include "service/http/guard.h"

#include <string.h>

#include "core/attr.h"
#include "core/str.h"

#define LONGEST_HOST 261 /* a name of 255 bytes, a colon, a port */

/* Headers besides those of framing that must not come twice, because code
 * would look at one and a proxy at the other. */
static const char *const once[] = {"authorization", "content-type", "origin"};

static bool
is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z');
}

/* RFC 9110, section 5.6.2: token. */
static bool
is_token(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!is_alnum(text[i]) &&
            (text[i] == '\0' || strchr("!#$%&'*+-.^_`|~", text[i]) == NULL))
            return false;
    }
    return len > 0;
}

static bool
is_value(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];

        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

static bool
is_path(const char *path)
{
    if (path[0] != '/')
        return false;
    for (const char *c = path; *c != '\0'; c++) {
        if (*c <= ' ' || *c > '~')
            return false;
        if (c[0] == '%' && c[1] == '0' && c[2] == '0')
            return false;
    }
    return true;
}

static bool
is_port(const char *text, size_t len)
{
    if (len > 5)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
    }
    return true;
}

bool
uk_guard_is_host(const char *text, size_t len)
{
    bool six = len > 0 && text[0] == '[';
    const char *end = memchr(text, six ? ']' : ':', len);
    size_t host = end == NULL ? len : (size_t)(end - text);

    if (host <= six || len > LONGEST_HOST || (six && end == NULL))
        return false;
    for (size_t i = six; i < host; i++) {
        if (!is_alnum(text[i]) && text[i] != '.' && text[i] != '-' &&
            text[i] != (six ? ':' : '_'))
            return false;
    }
    host += six;
    return host == len ||
           (text[host] == ':' && is_port(text + host + 1, len - host - 1));
}

static void
blame(struct uk_guard *guard, const char *fault)
{
    if (guard->fault == NULL)
        guard->fault = fault;
}

void
uk_guard_start(struct uk_guard *guard, const char *path, const char *version)
{
    memset(guard, 0, sizeof(*guard));
    if (!is_path(path))
        blame(guard, "bad path");
    guard->one_one = strcmp(version, "HTTP/1.0") != 0;
}

static void
take_length(struct uk_guard *guard, const char *value, size_t len)
{
    guard->lengths++;
    if (len == 0)
        blame(guard, "bad content length");
    for (size_t i = 0; i < len; i++) {
        if (value[i] < '0' || value[i] > '9')
            blame(guard, "bad content length");
        else if (guard->length < UINT32_MAX) /* more is too much anyway */
            guard->length = guard->length * 10 + (uint64_t)(value[i] - '0');
    }
}

void
uk_guard_header(struct uk_guard *guard, const char *name, size_t name_len,
                const char *value, size_t value_len)
{
    if (!is_token(name, name_len) || !is_value(value, value_len)) {
        blame(guard, "bad header");
        return;
    }
    if (uk_str_equal_nocase(name, "host")) {
        guard->hosts++;
        if (!uk_guard_is_host(value, value_len))
            blame(guard, "bad host");
    } else if (uk_str_equal_nocase(name, "content-length")) {
        take_length(guard, value, value_len);
    } else if (uk_str_equal_nocase(name, "transfer-encoding")) {
        guard->encodings++;
        if (!uk_str_equal_nocase(value, "chunked"))
            blame(guard, "unknown transfer encoding");
    }
    for (size_t i = 0; i < UK_COUNT(once); i++) {
        if (uk_str_equal_nocase(name, once[i]) && guard->singles[i]++ > 0)
            blame(guard, "a header comes twice");
    }
}

const char *
uk_guard_end(struct uk_guard *guard)
{
    if (guard->hosts > 1 || (guard->hosts == 0 && guard->one_one))
        blame(guard, "there must be one host");
    if (guard->lengths > 1)
        blame(guard, "there must be one content length");
    if (guard->encodings > 1 || (guard->encodings > 0 && guard->lengths > 0) ||
        (guard->encodings > 0 && !guard->one_one))
        blame(guard, "the body has no clear length");
    return guard->fault;
}

bool
uk_guard_is_clear(const struct uk_guard *guard, const char *method, bool direct)
{
    return guard->lengths + guard->encodings > 0 ||
           (direct && strcmp(method, "POST") != 0 &&
            strcmp(method, "PUT") != 0);
}
