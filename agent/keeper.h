/*
 * Keeps an agent going at a socket that this program has made itself.
 *
 * Where no supervisor holds the socket, this process does: it stays root, does
 * nothing but wait, and has the work done by a child that becomes its own user
 * for good.  When that one leaves because what it has read has changed, the
 * program is begun anew, perhaps a newer one; callers wait at the socket
 * meanwhile and notice nothing.
 */
#ifndef UK_AGENT_KEEPER_H
#define UK_AGENT_KEEPER_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/attr.h"
#include "core/log.h"

/* What the work comes to: exit statuses of the child. */
#define UK_KEEPER_DONE   0 /* nobody is to come any more */
#define UK_KEEPER_FAILED 1 /* could not serve; who waited was told why */
#define UK_KEEPER_ANEW   3 /* what was read has changed */

struct uk_keeper {
    /* Borrowed: */
    const struct uk_log *log;
    char *const *argv; /* this program's: how it is begun anew */
    void *own;         /* the caller's */
    /* The child's whole life. */
    int (*work)(void *own);
    int fd;      /* the listening socket; it stays open over exec */
    bool before; /* it has been kept before: a failure is not the start's */
};

/*
 * Have the work done until it is done or a signal (TERM, INT) says so; HUP has
 * it begun anew.  A child that dies is followed by another as soon as somebody
 * comes, as is one that fails, but for the first one.  Returns UK_KEEPER_DONE
 * or UK_KEEPER_FAILED.
 */
int uk_keeper_run(const struct uk_keeper *keeper);

/* For the child, once it has given up root's rights, which undoes it: when the
 * keeper ends in whatever way, so does the child, as if told to. */
void uk_keeper_stay_with(pid_t keeper);

#endif
