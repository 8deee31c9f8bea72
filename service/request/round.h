/*
 * Calls that have come in together are answered together.
 *
 * What one turn of a loop has read from its connections shares one view of
 * the database, one question for its app and all of its keys, one write to the
 * log.  The question goes out after the last of these requests has been read,
 * so none of them sees anything older than itself.  While its answer is on the
 * way the loop goes on.
 */
#ifndef UK_SERVICE_REQUEST_ROUND_H
#define UK_SERVICE_REQUEST_ROUND_H

#include <stdbool.h>

#include "service/request/call.h"
#include "service/store/question.h"

#define UK_ROUND_FLIGHTS 2 /* most questions under way */

/* Calls in their order. */
struct uk_round_queue {
    struct uk_job *first, **last;
};

/* Calls that share a question, which is under way. */
struct uk_round_flight {
    struct uk_question question;
    struct uk_round_queue calls; /* each with the key of its place, if any */
    struct uk_deadline overdue;
};

struct uk_round {
    struct uk_round_queue ready;    /* they need no question, or none yet */
    struct uk_round_queue foreseen; /* what they will ask for is known */
    struct uk_round_flight flight[UK_ROUND_FLIGHTS];
    unsigned out, oldest;   /* flights */
    bool woken;             /* the store has something to say */
    struct uk_store *store; /* borrowed */
    struct uk_log log;      /* the loop's: lines wait for the end */
    struct uk_log_held held;
    bool app_known; /* asked for once in a round */
    bool app_found;
    char app_name[UK_STORE_CLIENT_ID + 1];
    struct uk_store_app app;
};

/* The first round of a loop.  log is the server's, the store is borrowed. */
void uk_round_init(struct uk_round *round, const struct uk_log *log,
                   struct uk_store *store);

/* A call that has something to do here. */
void uk_round_add(struct uk_round *round, struct uk_call *call);

/* Is there nothing that uk_round_run() could do now? */
bool uk_round_is_idle(const struct uk_round *round);

/* Calls that wait for an answer of the database. */
bool uk_round_is_asking(const struct uk_round *round);

/*
 * Answer all that can be.  Returns those that have their reply, in the order
 * in which they got it, for uk_call_end() with the log of the round, and
 * uk_log_flush().  *away grows by those that went elsewhere: they come back
 * through their inbox.
 */
struct uk_job *uk_round_run(struct uk_round *round, unsigned *away);

/* As find_app of the store of the call. */
UK_MUST_USE enum uk_code uk_round_find_app(struct uk_call *call,
                                           const char *client_id,
                                           struct uk_store_app *out,
                                           bool *found, struct uk_err *err);

#endif
