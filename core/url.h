/*
 * The address of a service or proxy: checked for form, taken apart.
 *
 * Stricter than RFC 3986, so that no two programs can read one address in two
 * ways: no user information, no query, no fragment, no escapes, and a host
 * that looks like a number is an IPv4 address in its usual form or an error.
 * Pure.
 */
#ifndef UK_CORE_URL_H
#define UK_CORE_URL_H

#include <stdbool.h>

#define UK_URL_SCHEME 8   /* room of a scheme, with its NUL */
#define UK_URL_HOST   254 /* room of a host, with its NUL */

struct uk_url {
    char scheme[UK_URL_SCHEME]; /* "https"; lower case */
    char host[UK_URL_HOST];     /* a name or an address, without brackets */
    unsigned long port;         /* 1 to 65535, or 0 for the scheme's own */
    const char *path;           /* borrowed; "", or begins with '/' */
    bool loopback;              /* localhost, 127.0.0.0/8, [::1] */
};

/* scheme://host[:port][/path]; out is written on success only. */
bool uk_url_parse(const char *text, struct uk_url *out);

/* Labels of letters, digits and inner '-', with '.' between? */
bool uk_url_is_domain(const char *text);

#endif
