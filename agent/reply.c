/* One answer on a descriptor, whatever becomes of it. */
#include "agent/reply.h"

#include <sys/socket.h>

#include "core/chan.h"

#include "agent/decide.h"

/* There is room for one message: nobody has to wait until it can be sent. */
static const struct uk_deadline now = {0};

enum uk_code
uk_reply_send(int fd, const struct uk_answer *answer)
{
    struct uk_err err = UK_ERR_NONE;
    struct uk_answer failure = {.code = UK_OK};
    enum uk_code code, sent;

    code = uk_chan_reply(fd, answer, now, &err);
    if (code != UK_INVALID && code != UK_NO_MEMORY)
        return code;
    uk_decide_failure(code, &err, &failure);
    sent = uk_chan_reply(fd, &failure, now, &err);
    (void)sent; /* there is nothing further that could be said */
    return code;
}

/* Take what is there by then; at the end nothing more can come, but something
 * may have come just before it. */
static enum uk_code
take(int fd, struct uk_deadline by, bool *more)
{
    struct uk_err err = UK_ERR_NONE;
    enum uk_code code = uk_chan_discard(fd, by, more, &err);

    if (code != UK_TIMEOUT)
        return code;
    shutdown(fd, SHUT_RD);
    return uk_chan_discard(fd, now, more, &err);
}

void
uk_reply_refuse(int fd, struct uk_deadline by, unsigned typing_ms,
                const struct uk_answer *answer)
{
    bool more = false;
    /* What is left unread would take the answer with it. */
    enum uk_code code = take(fd, by, &more);

    if (code == UK_OK && more)
        code = take(fd, uk_deadline_in(typing_ms), &more);
    if (code != UK_UNREACHABLE)
        code = uk_reply_send(fd, answer);
    (void)code;
}
