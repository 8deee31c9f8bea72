/*
 * A double of core/https: it answers what a test has scripted and keeps what
 * was asked.  A test that includes this does not link the real one.
 */
#ifndef UK_TESTS_UNIT_EXCHANGE_H
#define UK_TESTS_UNIT_EXCHANGE_H

#include <stdio.h>
#include <string.h>

#include "core/https.h"

/* What the next exchange answers. */
static struct {
    enum uk_code code; /* other than UK_OK: it fails with this */
    int status;
    const char *body;
    unsigned retry_after_s;
} script;

/* What the last one was asked; "-" stands for no bearer and no body. */
static struct {
    int count;
    char line[512]; /* "POST /path bearer" */
    char body[4096];
} asked;

enum uk_code
uk_https_exchange(struct uk_https *https, const struct uk_https_ask *ask,
                  struct uk_deadline by, struct uk_https_reply *out,
                  struct uk_err *err)
{
    asked.count++;
    snprintf(asked.line, sizeof(asked.line), "%s %s %s", ask->method, ask->path,
             ask->bearer != NULL ? uk_secret_peek(ask->bearer) : "-");
    snprintf(asked.body, sizeof(asked.body), "%s",
             ask->body != NULL ? uk_buf_peek(ask->body) : "-");
    if (script.code != UK_OK)
        return uk_err_set(err, script.code, "as scripted");
    *out = (struct uk_https_reply){.status = script.status,
                                   .retry_after_s = script.retry_after_s,
                                   .request_id = "req-1"};
    uk_buf_init(&out->body, UK_HTTPS_BODY);
    if (script.body != NULL)
        uk_buf_add_text(&out->body, script.body);
    return UK_OK;
}

void
uk_https_reply_clear(struct uk_https_reply *reply)
{
    uk_buf_clear(&reply->body);
}

#endif
