/*
 * URLs that libcurl need not parse again (a part of core/https).
 *
 * A long-lived program asks the same few URLs over and over, and libcurl takes
 * each apart for each exchange: a tenth of its work.  The first few that are
 * asked for are kept, parsed.
 */
#ifndef UK_CORE_HTTPSURL_H
#define UK_CORE_HTTPSURL_H

#include <curl/curl.h>
#include <stddef.h>

#define UK_HTTPSURL_MOST 16

/* {0} is empty. */
struct uk_httpsurls {
    size_t count;
    struct {
        char *text;    /* owned */
        CURLU *parsed; /* owned */
    } kept[UK_HTTPSURL_MOST];
};

/* Borrowed until uk_httpsurl_clear(), for any number of handles; NULL for one
 * that libcurl cannot parse, or where there is no room for more: then libcurl
 * is to be told the text. */
CURLU *uk_httpsurl_find(struct uk_httpsurls *urls, const char *text);

/* Behind the last handle that was told of any. */
void uk_httpsurl_clear(struct uk_httpsurls *urls);

#endif
