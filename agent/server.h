/*
 * One server of the service: what is known about it, and whether it is there.
 */
#ifndef UK_AGENT_SERVER_H
#define UK_AGENT_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/deadline.h"
#include "core/err.h"
#include "core/httpsmany.h"
#include "core/log.h"
#include "core/sessionwords.h"
#include "core/settings.h"

#include "agent/health.h"

/* What all servers share; borrowed. */
struct uk_server_host {
    const struct uk_settings *settings;
    const struct uk_log *log;
    struct uk_httpsmany *many;
    struct uk_question where; /* owned: asks where the app is served */
    size_t in_flight;         /* questions, of all servers */
    void *own;
    void (*launched)(void *own); /* many has more to do */
    void (*turned)(void *own);   /* a server's health is another */
    /* Told of each attempt that has landed, or NULL. */
    void (*timed)(void *whose, const struct uk_httpstry *attempt);
    void *whose;
};

/* {0} with url and host is one that nothing is known about. */
struct uk_server {
    const char *url;             /* borrowed */
    struct uk_server_host *host; /* borrowed */
    struct uk_health health;
    enum { UK_SERVER_UNKNOWN, UK_SERVER_HTTP_1, UK_SERVER_HTTP_2 } speaks;
    bool failing;                /* the last attempt has */
    struct uk_deadline answered; /* last; 0: never */
    struct uk_flight look;       /* its own: a probe */
    uint64_t asked, failed;      /* attempts */
    bool looking;
};

/* Ask it.  The flight has its deadlines and its end; what is asked is
 * borrowed until it has landed.  As uk_httpsmany_launch(). */
UK_MUST_USE enum uk_code uk_server_launch(struct uk_server *server,
                                          struct uk_flight *flight,
                                          const struct uk_question *question,
                                          struct uk_err *err);

/* It has landed, or been taken back. */
void uk_server_landed(struct uk_server *server);

/* What an attempt that has landed says about it.  patient: it had as much time
 * as a question may take; one that had less says nothing by being late.  err:
 * why there is no answer. */
void uk_server_learn(struct uk_server *server,
                     const struct uk_httpstry *attempt, enum uk_code code,
                     int status, bool patient, const struct uk_err *err);

/* See whether it is there, without a key; a connection stands then. */
void uk_server_look(struct uk_server *server);

/* Has it answered a moment ago, so that a connection stands? */
bool uk_server_is_warm(const struct uk_server *server);

#endif
