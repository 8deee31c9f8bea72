/* Strict framing. */
#include "service/http/framing.h"

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
uk_framing_is_host(const char *text, size_t len)
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
blame(struct uk_framing *framing, const char *fault)
{
    if (framing->fault == NULL)
        framing->fault = fault;
}

void
uk_framing_start(struct uk_framing *framing, const char *path,
                 const char *version)
{
    memset(framing, 0, sizeof(*framing));
    if (!is_path(path))
        blame(framing, "bad path");
    framing->one_one = strcmp(version, "HTTP/1.0") != 0;
}

static void
take_length(struct uk_framing *framing, const char *value, size_t len)
{
    framing->lengths++;
    if (len == 0)
        blame(framing, "bad content length");
    for (size_t i = 0; i < len; i++) {
        if (value[i] < '0' || value[i] > '9')
            blame(framing, "bad content length");
        else if (framing->length < UINT32_MAX) /* more is too much anyway */
            framing->length = framing->length * 10 + (uint64_t)(value[i] - '0');
    }
}

void
uk_framing_header(struct uk_framing *framing, const char *name, size_t name_len,
                  const char *value, size_t value_len)
{
    if (!is_token(name, name_len) || !is_value(value, value_len)) {
        blame(framing, "bad header");
        return;
    }
    if (uk_str_equal_nocase(name, "host")) {
        framing->hosts++;
        if (!uk_framing_is_host(value, value_len))
            blame(framing, "bad host");
    } else if (uk_str_equal_nocase(name, "content-length")) {
        take_length(framing, value, value_len);
    } else if (uk_str_equal_nocase(name, "transfer-encoding")) {
        framing->encodings++;
        if (!uk_str_equal_nocase(value, "chunked"))
            blame(framing, "unknown transfer encoding");
    }
    for (size_t i = 0; i < UK_COUNT(once); i++) {
        if (uk_str_equal_nocase(name, once[i]) && framing->singles[i]++ > 0)
            blame(framing, "a header comes twice");
    }
}

const char *
uk_framing_end(struct uk_framing *framing)
{
    if (framing->hosts > 1 || (framing->hosts == 0 && framing->one_one))
        blame(framing, "there must be one host");
    if (framing->lengths > 1)
        blame(framing, "there must be one content length");
    if (framing->encodings > 1 ||
        (framing->encodings > 0 && framing->lengths > 0) ||
        (framing->encodings > 0 && !framing->one_one))
        blame(framing, "the body has no clear length");
    return framing->fault;
}

bool
uk_framing_is_clear(const struct uk_framing *framing, const char *method,
                    bool direct)
{
    static const char *const with_body[] = {"POST", "PUT", "PATCH"};
    bool clear = direct;

    for (size_t i = 0; i < UK_COUNT(with_body); i++)
        clear = clear && strcmp(method, with_body[i]) != 0;
    return clear || framing->lengths + framing->encodings > 0;
}
