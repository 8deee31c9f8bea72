/*
 * Calls that have come in together are answered together.
 *
 * What one turn of a loop has read from its connections shares one view of
 * the database, one question for all of its keys and one write to the log.
 * The view is taken after the last of these requests has been read, so none
 * of them sees anything older than itself.
 */
#ifndef UK_ROUND_H
#define UK_ROUND_H

#include <stdbool.h>

#include "service/call.h"

struct uk_round {
    struct uk_job *first, **last; /* calls that wait */
    struct uk_store *store;       /* borrowed */
    struct uk_log log;            /* the loop's: lines wait for the end */
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

bool uk_round_is_empty(const struct uk_round *round);

/*
 * Answer all of them.  Returns those that have their reply, in the order in
 * which they got it, for uk_call_end() with the log of the round, and
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
