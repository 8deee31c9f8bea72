/*
 * The agent at work for all who come.
 *
 * One thread lets callers in, as many as there is room for; who is not root
 * has a part of the room, and one uid a part of that.  Those who have not said
 * yet what they want make room for those who come.
 */
#ifndef UK_AGENT_RECEPTION_H
#define UK_AGENT_RECEPTION_H

#include <stdbool.h>

#include "core/attr.h"
#include "core/err.h"

#include "agent/serve.h"

enum uk_reception_door {
    UK_RECEPTION_LENT, /* somebody else listens too, and starts us when needed */
    UK_RECEPTION_OWN,  /* when we leave for good, nobody listens */
};

/*
 * Answer all who come to the listening socket fd, until a signal (TERM, INT,
 * HUP) or a file that has changed says that it is enough, or, at a door that
 * was lent, nobody has come for the time of 'agent_idle'.  Nobody who has been
 * let in is sent away without an answer.  *anew says that another is to follow,
 * by HUP or because of the file, for whom a door of our own has been left open.
 * UK_SYSTEM, UK_NO_MEMORY.
 */
UK_MUST_USE enum uk_code uk_reception_run(const struct uk_serve *serve, int fd,
                                          enum uk_reception_door door,
                                          bool *anew, struct uk_err *err);

#endif
