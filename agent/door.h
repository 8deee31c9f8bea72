/*
 * Where callers come in: what the descriptor that this program is given is,
 * or a listening socket of its own.
 */
#ifndef UK_AGENT_DOOR_H
#define UK_AGENT_DOOR_H

#include "core/attr.h"
#include "core/err.h"

enum uk_door {
    UK_DOOR_NONE,      /* no socket of ours */
    UK_DOOR_CONNECTED, /* one caller, to be answered once */
    UK_DOOR_LISTENING, /* callers, each on a connection of its own */
};

enum uk_door uk_door_look(int fd);

enum uk_door_kind {
    UK_DOOR_FOR_CALLERS, /* SOCK_SEQPACKET, for everybody */
    UK_DOOR_FOR_ROOT,    /* SOCK_STREAM, for root: what it says is numbers */
};

/*
 * Listen at path, as descriptor fd.  The socket stands there for those to
 * connect to, in a folder that only root and we can change (UK_MISCONFIGURED
 * otherwise); one that nobody listens at any more is replaced.  UK_INVALID if
 * somebody does, UK_SYSTEM.
 */
UK_MUST_USE enum uk_code uk_door_open(const char *path, enum uk_door_kind kind,
                                      int fd, struct uk_err *err);

#endif
