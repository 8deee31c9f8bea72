/*
 * Reach or start the agent from inside a host process that is not ours.
 *
 * One that listens is connected to; the kernel says who it is.
 *
 * The child gets one end of a socket pair as descriptor 3, /dev/null on 0 to
 * 2, nothing else, an empty environment, default signals and a fixed command
 * line.  The host notices nothing: no signal disposition, no descriptor below
 * 3 or left over, no child left behind, whatever it does about SIGCHLD (a
 * waitpid that finds no child is not an error here, and an exit status is
 * never looked at).
 */
#ifndef UK_CORE_HELPER_H
#define UK_CORE_HELPER_H

#include <sys/types.h>

#include "core/attr.h"
#include "core/deadline.h"
#include "core/err.h"

#define UK_HELPER_FD 3 /* the agent's end, in the agent */

struct uk_helper {
    int fd;    /* owned: ours of the pair, SOCK_SEQPACKET; -1 for none */
    int pidfd; /* owned; -1 for none */
    pid_t pid;
};

#define UK_HELPER_NONE                                                         \
    {                                                                          \
        .fd = -1, .pidfd = -1, .pid = -1                                       \
    }

/*
 * Connect to the agent that listens at this path.  UK_UNREACHABLE: nobody
 * does, or it has as many callers as it can have, and nothing has been sent.
 * UK_MISCONFIGURED for a socket where others than root and we could have put
 * one, or behind which somebody else is.  Never waits.
 */
UK_MUST_USE enum uk_code uk_helper_reach(struct uk_helper *helper,
                                         const char *path, struct uk_err *err);

/* Start `program --conf conf_file`.  The program must be one that can be
 * believed (core/file.h): UK_MISCONFIGURED otherwise.  UK_UNREACHABLE for one
 * that is not there or cannot be run. */
UK_MUST_USE enum uk_code uk_helper_start(struct uk_helper *helper,
                                         const char *program,
                                         const char *conf_file,
                                         struct uk_err *err);

/* Hang up and wait for the agent to leave, at most until by; then kill it.
 * After an answer the agent leaves at once, having put what remains to do
 * (logging the session out) into a process of its own.  An agent that root
 * traces stays a zombie until the tracer lets it go: its end is not waited for
 * a second time.  Takes the empty one, and twice. */
void uk_helper_stop(struct uk_helper *helper, struct uk_deadline by);

#endif
