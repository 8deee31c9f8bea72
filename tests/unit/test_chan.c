/* One exchange on a descriptor, both sides in this program. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "core/chan.h"
#include "core/io.h"

#define SOON  200
#define AMPLE 60000
#define KEY   "not-a-real-key"
#define ID    "64f0c0ffee0123456789abcd"

static struct uk_err err;
static int fd[2]; /* the module's end and the agent's */

static int
open_pair(void **state)
{
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd);
}

static int
close_pair(void **state)
{
    uk_io_close(&fd[0]);
    uk_io_close(&fd[1]);
    return 0;
}

static struct uk_request
make_request(void)
{
    struct uk_request request = {.op = UK_OP_LOGIN, .budget_ms = SOON};

    snprintf(request.user, sizeof(request.user), "alice");
    assert_int_equal(uk_secret_set(&request.secret, KEY, strlen(KEY), &err),
                     UK_OK);
    return request;
}

static struct uk_answer
make_answer(enum uk_verdict verdict)
{
    struct uk_answer answer = {.verdict = verdict};

    if (verdict == UK_GRANTED)
        snprintf(answer.person.id, sizeof(answer.person.id), ID);
    return answer;
}

static enum uk_code
ask(unsigned ms, struct uk_answer *out)
{
    struct uk_request request = make_request();
    struct uk_deadline by = uk_deadline_in(ms);
    enum uk_code code;

    code = uk_chan_send(fd[0], &request, by, &err);
    if (code == UK_OK)
        code = uk_chan_hear(fd[0], &request, by, out, &err);
    uk_request_clear(&request);
    return code;
}

/* An agent that does as it should. */
static void *
serve(void *arg)
{
    struct uk_answer answer = make_answer(UK_GRANTED);
    struct uk_request request;
    struct uk_err mine;

    if (uk_chan_receive(fd[1], uk_deadline_in(AMPLE), &request, &mine) != UK_OK)
        return NULL;
    if (strcmp(uk_secret_peek(&request.secret), KEY) != 0 ||
        strcmp(request.user, "alice") != 0)
        answer.verdict = UK_UNDECIDED; /* which no login may be told */
    uk_request_clear(&request);
    if (uk_chan_reply(fd[1], &answer, uk_deadline_in(AMPLE), &mine) != UK_OK)
        return NULL;
    return arg;
}

static void
test_exchange(void **state)
{
    struct uk_answer answer;
    pthread_t agent;
    void *done = NULL;

    assert_int_equal(pthread_create(&agent, NULL, serve, fd), 0);
    /* The agent's end stays open: the end of file is part of the answer. */
    assert_int_equal(ask(AMPLE, &answer), UK_OK);
    assert_int_equal(pthread_join(agent, &done), 0);
    assert_non_null(done);
    assert_int_equal(answer.verdict, UK_GRANTED);
    assert_string_equal(answer.person.id, ID);
    uk_answer_clear(&answer);
}

/* The agent's side of these, done beforehand: the socket keeps it. */
static void
put_answer(enum uk_verdict verdict)
{
    struct uk_answer answer = make_answer(verdict);
    struct uk_buf buf = UK_BUF_UP_TO(UK_MSG_MAX);

    assert_int_equal(uk_answer_pack(&answer, &buf, &err), UK_OK);
    assert_int_equal(send(fd[1], buf.bytes, buf.len, 0), buf.len);
    uk_buf_clear(&buf);
}

static void
assert_nothing(enum uk_code wanted, unsigned ms)
{
    struct uk_answer answer = {.code = 77};

    assert_int_equal(ask(ms, &answer), wanted);
    assert_int_equal(answer.code, 77); /* untouched */
    assert_int_equal(err.code, wanted);
    if (wanted == UK_TIMEOUT) {
        assert_int_equal(err.stage, UK_STAGE_AGENT);
        assert_non_null(strstr(err.text, "'timeout'"));
    }
    if (wanted == UK_UNREACHABLE || wanted == UK_BAD_ANSWER)
        assert_non_null(strstr(err.text, "'agent_program'"));
}

static void
test_no_answer(void **state)
{
    assert_nothing(UK_TIMEOUT, SOON);
}

static void
test_no_agent(void **state)
{
    uk_io_close(&fd[1]);
    assert_nothing(UK_UNREACHABLE, AMPLE);
}

static void
test_agent_goes(void **state)
{
    shutdown(fd[1], SHUT_WR);
    assert_nothing(UK_UNREACHABLE, AMPLE);
}

static void
test_two_answers(void **state)
{
    put_answer(UK_GRANTED);
    put_answer(UK_GRANTED);
    shutdown(fd[1], SHUT_WR);
    assert_nothing(UK_BAD_ANSWER, AMPLE);
}

static void
test_no_end(void **state)
{
    put_answer(UK_GRANTED);
    assert_nothing(UK_TIMEOUT, SOON);
}

static void
test_not_an_answer(void **state)
{
    assert_int_equal(send(fd[1], "UKEY", 4, 0), 4);
    shutdown(fd[1], SHUT_WR);
    assert_nothing(UK_BAD_ANSWER, AMPLE);
}

/* A login must be told something: cleared memory is no answer. */
static void
test_undecided(void **state)
{
    put_answer(UK_UNDECIDED);
    shutdown(fd[1], SHUT_WR);
    assert_nothing(UK_BAD_ANSWER, AMPLE);
}

static void
test_too_long(void **state)
{
    char *bytes = calloc(1, UK_MSG_MAX + 1);

    assert_non_null(bytes);
    assert_int_equal(send(fd[1], bytes, UK_MSG_MAX + 1, 0), UK_MSG_MAX + 1);
    shutdown(fd[1], SHUT_WR);
    assert_nothing(UK_BAD_ANSWER, AMPLE);
    free(bytes);
}

static void
test_receive(void **state)
{
    struct uk_request request = {.budget_ms = 77};

    assert_int_equal(
        uk_chan_receive(fd[1], uk_deadline_in(SOON), &request, &err),
        UK_TIMEOUT);
    assert_int_equal(send(fd[0], "UKEY", 4, 0), 4);
    assert_int_equal(
        uk_chan_receive(fd[1], uk_deadline_in(AMPLE), &request, &err),
        UK_BAD_ANSWER);
    uk_io_close(&fd[0]);
    assert_int_equal(
        uk_chan_receive(fd[1], uk_deadline_in(AMPLE), &request, &err),
        UK_UNREACHABLE);
    assert_int_equal(request.budget_ms, 77);
}

/* Who cannot serve a request takes it off the socket all the same: what is
 * answered would be lost otherwise. */
static void
test_discard(void **state)
{
    bool more = true;
    struct uk_request request = make_request();
    struct uk_answer answer = {.code = UK_MISCONFIGURED, .text = "sorry"};
    struct uk_answer got;
    struct uk_buf buf = UK_BUF_UP_TO(UK_MSG_MAX);
    char room[UK_MSG_MAX];
    size_t len;

    assert_int_equal(uk_request_pack(&request, &buf, &err), UK_OK);
    assert_int_equal(send(fd[0], buf.bytes, buf.len, 0), buf.len);
    assert_int_equal(uk_chan_discard(fd[1], uk_deadline_in(AMPLE), &more, &err),
                     UK_OK);
    assert_false(more);
    assert_int_equal(uk_chan_reply(fd[1], &answer, uk_deadline_in(AMPLE), &err),
                     UK_OK);
    uk_io_close(&fd[1]);
    assert_int_equal(uk_io_receive(fd[0], room, sizeof(room), &len,
                                   uk_deadline_in(AMPLE), &err),
                     UK_OK);
    assert_int_equal(uk_answer_unpack(room, len, &got, &err), UK_OK);
    assert_int_equal(got.code, UK_MISCONFIGURED);
    assert_string_equal(got.text, "sorry");
    uk_buf_clear(&buf);
    uk_request_clear(&request);
}

#define WITH_PAIR(test)                                                        \
    cmocka_unit_test_setup_teardown(test, open_pair, close_pair)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PAIR(test_exchange),      WITH_PAIR(test_no_answer),
        WITH_PAIR(test_no_agent),      WITH_PAIR(test_agent_goes),
        WITH_PAIR(test_two_answers),   WITH_PAIR(test_no_end),
        WITH_PAIR(test_not_an_answer), WITH_PAIR(test_undecided),
        WITH_PAIR(test_too_long),      WITH_PAIR(test_receive),
        WITH_PAIR(test_discard),
    };

    return cmocka_run_group_tests_name("chan", tests, NULL, NULL);
}
