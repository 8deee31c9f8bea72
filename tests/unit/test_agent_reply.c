/* One answer on a descriptor: whoever asks hears one, and never a better one
 * than there is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/chan.h"

#include "agent/reply.h"

#define AMPLE 30000 /* ms */
#define ID    "64f0c0ffee0123456789abcd"

static const struct uk_deadline over = {0};
static struct uk_err err;
static int fd[2]; /* who asks, who answers */

static int
begin(void **state)
{
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd);
}

static int
end(void **state)
{
    close(fd[0]);
    close(fd[1]);
    return 0;
}

static enum uk_code
hear(enum uk_op op, struct uk_answer *answer)
{
    struct uk_request asked = {.op = op};

    *answer = (struct uk_answer){.verdict = UK_REFUSED};
    return uk_chan_hear(fd[0], &asked, uk_deadline_in(AMPLE), answer, &err);
}

static void
ask(enum uk_op op, const char *secret)
{
    struct uk_request request = {.op = op, .budget_ms = AMPLE};

    if (secret != NULL)
        assert_int_equal(
            uk_secret_set(&request.secret, secret, strlen(secret), &err),
            UK_OK);
    assert_int_equal(uk_chan_send(fd[0], &request, uk_deadline_in(AMPLE), &err),
                     UK_OK);
    uk_request_clear(&request);
}

/* What may not be said becomes a failure that says so: nobody waits for
 * nothing, and nobody is let in. */
static void
test_unsayable(void **state)
{
    const struct uk_answer rows[] = {
        {.verdict = UK_NOT_MAPPED},
        {.verdict = UK_UNKNOWN_USER},
        {.verdict = UK_GRANTED},
        {.verdict = UK_GRANTED, .person = {.id = "no id"}},
        {.verdict = UK_REFUSED, .person = {.id = ID}},
        {.code = UK_TIMEOUT, .verdict = UK_GRANTED, .person = {.id = ID}},
        {.verdict = UK_GRANTED, .offline_age_s = 7, .person = {.id = ID}},
    };

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        struct uk_answer heard;

        assert_int_equal(uk_reply_send(fd[1], &rows[i]), UK_INVALID);
        assert_int_equal(hear(UK_OP_LOGIN, &heard), UK_OK);
        assert_int_equal(heard.code, UK_INVALID);
        assert_int_equal(heard.verdict, UK_UNDECIDED);
        assert_non_null(strstr(heard.text, "is not one that can be sent"));
        end(state);
        assert_int_equal(begin(state), 0);
    }
}

/* Nobody is there any more: that is the answer's end, and no failure is sent
 * behind it. */
static void
test_gone(void **state)
{
    const struct uk_answer answer = {.verdict = UK_REFUSED};

    close(fd[0]);
    fd[0] = -1;
    assert_int_equal(uk_reply_send(fd[1], &answer), UK_UNREACHABLE);
}

static const struct uk_answer full = {.verdict = UK_THROTTLED_HERE,
                                      .retry_after_s = 1};

static void
must_be_told(void)
{
    struct uk_answer heard;

    assert_int_equal(hear(UK_OP_LOGIN, &heard), UK_OK);
    assert_int_equal(heard.code, UK_OK);
    assert_int_equal(heard.verdict, UK_THROTTLED_HERE);
    assert_int_equal(heard.retry_after_s, 1);
}

/* The request is taken off, unread, or the answer would go with it. */
static void
test_refused(void **state)
{
    ask(UK_OP_LOGIN, "k3y");
    uk_reply_refuse(fd[1], over, 0, &full);
    must_be_told();
}

/* Behind an announcement the key is waited for, as long as typing takes; the
 * key that comes then is taken off as well. */
static void
test_refused_while_typing(void **state)
{
    ask(UK_OP_PREPARE, NULL);
    ask(UK_OP_LOGIN, "k3y");
    uk_reply_refuse(fd[1], over, AMPLE, &full);
    must_be_told();
}

/* Who has announced a login and gone hears nothing, and is not waited for. */
static void
test_gone_while_typing(void **state)
{
    ask(UK_OP_PREPARE, NULL);
    shutdown(fd[0], SHUT_WR);
    uk_reply_refuse(fd[1], over, AMPLE, &full);
    assert_int_equal(recv(fd[0], &(char){0}, 1, MSG_DONTWAIT), -1);
}

/* Who has said nothing in time has nothing to be answered. */
static void
test_silent(void **state)
{
    struct uk_answer heard;

    uk_reply_refuse(fd[1], over, 0, &full);
    close(fd[1]);
    fd[1] = -1;
    assert_int_equal(hear(UK_OP_LOGIN, &heard), UK_UNREACHABLE);
}

/* Noise is refused like a request. */
static void
test_noise(void **state)
{
    assert_int_equal(send(fd[0], "noise", 5, MSG_NOSIGNAL), 5);
    uk_reply_refuse(fd[1], over, AMPLE, &full);
    must_be_told();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_unsayable), TEST(test_gone),
        TEST(test_refused),   TEST(test_refused_while_typing),
        TEST(test_silent),    TEST(test_gone_while_typing),
        TEST(test_noise),
    };

    return cmocka_run_group_tests_name("agent_reply", tests, NULL, NULL);
}
