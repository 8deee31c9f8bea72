/*
 * libcurl's handles between two exchanges (a part of core/https).
 *
 * To make one and to tell it what it may trust costs as much as to send a
 * request with it.  What has done its work is kept, a few at a time, for the
 * same server; it still has what was set for every exchange, and of the last
 * one nothing: that points into memory of somebody who has gone.
 */
#ifndef UK_CORE_HTTPSSPARE_H
#define UK_CORE_HTTPSSPARE_H

#include <curl/curl.h>
#include <stddef.h>

#define UK_HTTPSSPARE_MOST 16

/* {0} is empty. */
struct uk_httpsspare {
    size_t count;
    struct {
        CURL *easy;         /* owned */
        const char *server; /* borrowed; known by its address */
    } kept[UK_HTTPSSPARE_MOST];
};

/* The caller's, or NULL if there is none. */
CURL *uk_httpsspare_take(struct uk_httpsspare *spare, const char *server);

/* Give back one that is in no multi handle any more; what there is no room for
 * is freed, and so is any without a spare (NULL).  easy may be NULL. */
void uk_httpsspare_give(struct uk_httpsspare *spare, CURL *easy,
                        const char *server);

void uk_httpsspare_clear(struct uk_httpsspare *spare);

#endif
