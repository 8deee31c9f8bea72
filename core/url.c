/* The address of a service or proxy: checked for form, taken apart. */
#include "core/url.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

#include "core/str.h"

#define LABEL_MAX 63
#define PORT_MAX  65535

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool
is_alnum(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_label(const char *text, size_t len)
{
    if (len == 0 || len > LABEL_MAX || text[0] == '-' || text[len - 1] == '-')
        return false;
    for (size_t i = 0; i < len; i++) {
        if (!is_alnum(text[i]) && text[i] != '-')
            return false;
    }
    return true;
}

bool
uk_url_is_domain(const char *text)
{
    if (strlen(text) >= UK_URL_HOST)
        return false;
    for (;;) {
        size_t len = strcspn(text, ".");

        if (!is_label(text, len))
            return false;
        if (text[len] == '\0')
            return true;
        text += len + 1;
    }
}

/* Some programs read "127.1" or "0x7f.1" as addresses, some as names. */
static bool
looks_like_number(const char *host)
{
    const char *dot = strrchr(host, '.');
    const char *last = dot != NULL ? dot + 1 : host;

    return last[strspn(last, "0123456789")] == '\0' ||
           uk_str_starts(last, "0x") || uk_str_starts(last, "0X");
}

static bool
check_name(struct uk_url *url)
{
    struct in_addr v4;

    if (inet_pton(AF_INET, url->host, &v4) == 1) {
        url->loopback = ntohl(v4.s_addr) >> 24 == 127;
        return true;
    }
    url->loopback = uk_str_equal_nocase(url->host, "localhost");
    return !looks_like_number(url->host) && uk_url_is_domain(url->host);
}

static bool
check_v6(struct uk_url *url)
{
    struct in6_addr v6;

    if (inet_pton(AF_INET6, url->host, &v6) != 1)
        return false;
    url->loopback = memcmp(&v6, &in6addr_loopback, sizeof(v6)) == 0;
    return true;
}

/* Copy len bytes as a string, when there is room. */
static bool
copy_part(char *to, size_t size, const char *from, size_t len)
{
    if (len == 0 || len >= size)
        return false;
    memcpy(to, from, len);
    to[len] = '\0';
    return true;
}

static bool
take_host(const char **text, struct uk_url *url)
{
    const char *host = *text;
    bool v6 = host[0] == '[';
    size_t len;

    host += v6;
    len = strcspn(host, v6 ? "]" : ":/");
    if (!copy_part(url->host, sizeof(url->host), host, len))
        return false;
    if (v6 && host[len] != ']')
        return false;
    *text = host + len + v6;
    return v6 ? check_v6(url) : check_name(url);
}

static bool
take_port(const char **text, struct uk_url *url)
{
    char digits[6];
    size_t len;

    if (**text != ':')
        return true;
    (*text)++;
    len = strcspn(*text, "/");
    if (!copy_part(digits, sizeof(digits), *text, len))
        return false;
    *text += len;
    return uk_str_to_ulong(digits, PORT_MAX, &url->port) && url->port > 0;
}

/* Segments of unreserved characters; none is empty but the last, none is one
 * that programs leave out ("." and ".."). */
static bool
is_path(const char *path)
{
    while (*path != '\0') {
        size_t len;

        if (*path++ != '/')
            return false;
        len = strcspn(path, "/");
        if (len == 0 && *path == '/')
            return false;
        if (len > 0 && len == strspn(path, ".") && len <= 2)
            return false;
        for (; len > 0; len--, path++) {
            if (!is_alnum(*path) && strchr("-._~", *path) == NULL)
                return false;
        }
    }
    return true;
}

bool
uk_url_parse(const char *text, struct uk_url *out)
{
    struct uk_url url = {.port = 0};
    const char *colon = strstr(text, "://");

    if (colon == NULL || !copy_part(url.scheme, sizeof(url.scheme), text,
                                    (size_t)(colon - text)))
        return false;
    for (const char *c = url.scheme; *c != '\0'; c++) {
        if (!is_digit(*c) && !(*c >= 'a' && *c <= 'z'))
            return false;
    }
    text = colon + 3;
    if (!take_host(&text, &url) || !take_port(&text, &url) || !is_path(text))
        return false;
    url.path = text;
    *out = url;
    return true;
}
