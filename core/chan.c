/* One exchange of messages between module and agent on a descriptor. */
#include "core/chan.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "core/buf.h"
#include "core/io.h"
#include "core/secret.h"

/* Whatever waiting was in vain, whoever hung up or talked nonsense: it was the
 * agent. */
static enum uk_code
blame_agent(enum uk_code code, struct uk_err *err)
{
    if (code == UK_TIMEOUT)
        return uk_err_late(err, UK_STAGE_AGENT,
                           "no answer in time; is this machine busy, or is "
                           "'timeout' too short?");
    if (code == UK_UNREACHABLE)
        return uk_err_set(err, code,
                          "it left without an answer ('agent_program')");
    if (code == UK_BAD_ANSWER)
        return uk_err_in(err, "'agent_program' does not answer as it should");
    return code;
}

/* One message into memory of its own, which is no larger than it (the host's is
 * scarce), and the caller's for drop_message(). */
static enum uk_code
receive_message(int fd, struct uk_deadline by, char **out, size_t *len,
                struct uk_err *err)
{
    size_t room;
    char *bytes;
    enum uk_code code = uk_io_await(fd, &room, by, err);

    if (code != UK_OK)
        return code;
    if (room > UK_MSG_MAX)
        room = UK_MSG_MAX;
    bytes = malloc(room);
    if (bytes == NULL)
        return uk_err_set(err, UK_NO_MEMORY, "no memory for a message");
    code = uk_io_receive(fd, bytes, room, len, by, err);
    if (code != UK_OK) {
        uk_wipe(bytes, room);
        free(bytes);
        return code;
    }
    *out = bytes;
    return UK_OK;
}

static void
drop_message(char *bytes, size_t len)
{
    if (bytes != NULL)
        uk_wipe(bytes, len);
    free(bytes);
}

enum uk_code
uk_chan_send(int fd, const struct uk_request *request, struct uk_deadline by,
             struct uk_err *err)
{
    struct uk_buf buf = UK_BUF_UP_TO(UK_MSG_MAX);
    enum uk_code code;

    code = uk_request_pack(request, &buf, err);
    if (code == UK_OK)
        code = uk_io_send(fd, buf.bytes, buf.len, by, err);
    uk_buf_clear(&buf);
    return blame_agent(code, err);
}

/* An answer with another one behind it is two answers, which is none. */
static enum uk_code
receive_end(int fd, struct uk_deadline by, struct uk_err *err)
{
    struct uk_err last = UK_ERR_NONE;
    size_t len;
    enum uk_code code = uk_io_await(fd, &len, by, &last);

    if (code == UK_UNREACHABLE)
        return UK_OK;
    if (code == UK_OK)
        return uk_err_set(err, UK_BAD_ANSWER, "more than one answer");
    *err = last;
    return code;
}

enum uk_code
uk_chan_hear(int fd, const struct uk_request *request, struct uk_deadline by,
             struct uk_answer *out, struct uk_err *err)
{
    struct uk_answer answer = {.code = UK_OK};
    char *bytes = NULL;
    size_t len = 0;
    enum uk_code code;

    /* It takes its time: to look at once is to ask twice. */
    code = uk_io_wait(fd, POLLIN, by, err);
    if (code == UK_OK)
        code = receive_message(fd, by, &bytes, &len, err);
    if (code == UK_OK)
        code = uk_answer_unpack(bytes, len, &answer, err);
    drop_message(bytes, len);
    if (code == UK_OK)
        code = uk_answer_check(&answer, request, err);
    if (code == UK_OK)
        code = receive_end(fd, by, err);
    if (code == UK_OK)
        *out = answer;
    else
        uk_answer_clear(&answer);
    return blame_agent(code, err);
}

enum uk_code
uk_chan_receive(int fd, struct uk_deadline by, struct uk_request *out,
                struct uk_err *err)
{
    char *bytes = NULL;
    size_t len = 0;
    enum uk_code code;

    code = receive_message(fd, by, &bytes, &len, err);
    if (code != UK_OK)
        return code;
    code = uk_request_unpack(bytes, len, out, err);
    drop_message(bytes, len);
    return code;
}

enum uk_code
uk_chan_discard(int fd, struct uk_deadline by, bool *more, struct uk_err *err)
{
    char *bytes = NULL;
    size_t len = 0;
    enum uk_code code;

    code = receive_message(fd, by, &bytes, &len, err);
    if (code == UK_OK)
        *more = uk_request_is_prepare(bytes, len);
    drop_message(bytes, len);
    return code;
}

enum uk_code
uk_chan_reply(int fd, const struct uk_answer *answer, struct uk_deadline by,
              struct uk_err *err)
{
    struct uk_buf buf = UK_BUF_UP_TO(UK_MSG_MAX);
    enum uk_code code;

    code = uk_answer_pack(answer, &buf, err);
    if (code == UK_OK)
        code = uk_io_send(fd, buf.bytes, buf.len, by, err);
    uk_buf_clear(&buf);
    /* The other side waits for the end, and a process that was forked from
     * this one may still hold the descriptor. */
    if (code == UK_OK)
        shutdown(fd, SHUT_RDWR);
    return code;
}
