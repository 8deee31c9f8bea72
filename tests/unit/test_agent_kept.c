/* agent/upstream over core/httpsmany: connections that were kept and that the
 * server closes, before or under a request; the server is a thread of this
 * program. */
#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/https.h"
#include "core/io.h"

#include "agent/loop.h"
#include "agent/upstream.h"

#define LONG_MS 20000
#define MOST    4 /* connections that are kept */

/* What becomes of a request: a letter of a plan. */
#define ANSWER  'a'
#define HANG_UP 'c' /* without a byte of an answer */
#define RESET   'r' /* the same, and as if the machine were gone */
#define PART    'p' /* of an answer: its first line, and the end */
#define LAST    'l' /* an answer, and the end */
#define HOLD    'h' /* an answer, once all that are held have come */

/* The server. */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    const char *plan; /* a letter for each request */
    int requests, held, to_hold, connections, ended;
    int listening;
    unsigned port;
} there = {.lock = PTHREAD_MUTEX_INITIALIZER,
           .changed = PTHREAD_COND_INITIALIZER};

/* The letter for the request that has come; 0 behind the plan's end. */
static char
take_letter(void)
{
    char letter;

    pthread_mutex_lock(&there.lock);
    there.requests++;
    letter = *there.plan;
    if (letter != '\0')
        there.plan++;
    if (letter == HOLD) {
        there.held++;
        pthread_cond_broadcast(&there.changed);
        while (there.held < there.to_hold)
            pthread_cond_wait(&there.changed, &there.lock);
    }
    pthread_mutex_unlock(&there.lock);
    return letter;
}

static bool
read_request(int fd)
{
    char text[4096];
    size_t len = 0;

    while (len < sizeof(text) - 1) {
        ssize_t n = recv(fd, text + len, sizeof(text) - 1 - len, 0);

        if (n <= 0)
            return false;
        len += (size_t)n;
        text[len] = '\0';
        if (strstr(text, "\r\n\r\n{}") != NULL)
            return true;
    }
    return false;
}

/* Does the connection go on? */
static bool
answer(int fd)
{
    static const char good[] = "HTTP/1.1 200 OK\r\n"
                               "Content-Type: application/json\r\n"
                               "Content-Length: 2\r\n\r\n{}";
    const struct linger hard = {.l_onoff = 1};
    char letter = take_letter();

    if (letter == ANSWER || letter == HOLD || letter == LAST)
        (void)send(fd, good, sizeof(good) - 1, MSG_NOSIGNAL);
    else if (letter == PART)
        (void)send(fd, good, strchr(good, '\n') + 1 - good, MSG_NOSIGNAL);
    else if (letter == RESET)
        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    return letter == ANSWER || letter == HOLD;
}

static void *
serve(void *own)
{
    int fd = (int)(intptr_t)own;

    while (read_request(fd) && answer(fd))
        continue;
    close(fd);
    pthread_mutex_lock(&there.lock);
    there.ended++;
    pthread_cond_broadcast(&there.changed);
    pthread_mutex_unlock(&there.lock);
    return NULL;
}

static void *
accept_all(void *own)
{
    for (;;) {
        int fd = accept4(there.listening, NULL, NULL, SOCK_CLOEXEC);
        pthread_t thread;

        if (fd < 0)
            return NULL;
        pthread_mutex_lock(&there.lock);
        there.connections++;
        pthread_mutex_unlock(&there.lock);
        if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)fd) == 0)
            pthread_detach(thread);
    }
}

static int
start_server(void **state)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    struct uk_err err;
    pthread_t thread;

    there.listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(there.listening, (struct sockaddr *)&at, len) != 0 ||
        listen(there.listening, 64) != 0 ||
        getsockname(there.listening, (struct sockaddr *)&at, &len) != 0 ||
        pthread_create(&thread, NULL, accept_all, NULL) != 0)
        return -1;
    pthread_detach(thread);
    there.port = ntohs(at.sin_port);
    return uk_https_start(&err) == UK_OK ? 0 : -1;
}

static void
follow(const char *plan, int to_hold)
{
    pthread_mutex_lock(&there.lock);
    there.plan = plan;
    there.requests = there.held = there.connections = there.ended = 0;
    there.to_hold = to_hold;
    pthread_mutex_unlock(&there.lock);
}

/* One of the server's numbers, which its threads change. */
static int
counted(const int *number)
{
    int now;

    pthread_mutex_lock(&there.lock);
    now = *number;
    pthread_mutex_unlock(&there.lock);
    return now;
}

/* The agent's side. */

static struct uk_settings settings;
static struct uk_loop *loop;
static struct uk_upstream *up;
static const struct uk_log no_log = {.fd = -1};
static int flying;
static enum uk_code came;
static struct uk_err why;

static int
set_up(void **state)
{
    struct uk_err err;

    memset(&settings, 0, sizeof(settings));
    settings.timeout = LONG_MS;
    settings.service_url.count = 1;
    snprintf(settings.service_url.item[0], UK_CONF_VALUE, "http://127.0.0.1:%u",
             there.port);
    snprintf(settings.app_id, sizeof(settings.app_id), "demo");
    return uk_loop_new(&loop, &err) != UK_OK ||
           uk_upstream_new(&settings, loop, &no_log, &up, &err) != UK_OK;
}

static int
tear_down(void **state)
{
    uk_upstream_free(up);
    uk_loop_free(loop);
    return 0;
}

static void
on_done(struct uk_errand *errand, enum uk_code code,
        struct uk_https_reply *reply, const struct uk_err *err)
{
    came = code;
    if (code != UK_OK)
        why = *err;
    uk_https_reply_clear(reply);
    if (--flying == 0)
        uk_loop_stop(loop);
}

/* So many questions at once. */
static enum uk_code
ask(int count)
{
    struct uk_question question = {.method = "POST"};
    struct uk_errand errands[MOST];
    struct uk_err err;

    uk_buf_init(&question.path, 64);
    uk_buf_add_text(&question.path, "/login");
    uk_buf_init(&question.body, 64);
    uk_buf_add_text(&question.body, "{}");
    flying = count;
    for (int i = 0; i < count; i++) {
        errands[i] = (struct uk_errand){.question = &question,
                                        .by = uk_deadline_in(LONG_MS),
                                        .done = on_done};
        uk_upstream_ask(up, &errands[i]);
    }
    assert_int_equal(uk_loop_run(loop, &err), UK_OK);
    uk_question_clear(&question);
    return came;
}

/* Have so many connections that are kept. */
static void
keep(int count)
{
    static const char all[] = {ANSWER, '\0'}, held[] = "hhhh";

    follow(all, 0);
    assert_int_equal(ask(1), UK_OK); /* it speaks HTTP/1.1: known from here */
    if (count == 0) {
        uk_upstream_free(up);
        assert_int_equal(uk_upstream_new(&settings, loop, &no_log, &up, &why),
                         UK_OK);
        return;
    }
    follow(held, count);
    assert_int_equal(ask(count), UK_OK);
    assert_int_equal(counted(&there.connections), count - 1);
}

static const struct {
    const char *what;
    int kept;
    const char *plan;
    enum uk_code code;
    int requests;
} rows[] = {
    {"an answer", 1, "a", UK_OK, 1},
    {"closed under the request", 1, "ca", UK_OK, 2},
    {"reset under the request", 1, "ra", UK_OK, 2},
    {"two, one behind the other", 2, "cca", UK_OK, 3},
    {"two that are reset", 2, "rra", UK_OK, 3},
    {"one of each kind", 2, "cra", UK_OK, 3},
    {"and the other way round", 2, "rca", UK_OK, 3},
    {"the second answers", 2, "ca", UK_OK, 2},
    {"more than two: the third is a new one", 4, "cca", UK_OK, 3},
    {"the same, reset", 4, "rra", UK_OK, 3},
    {"no more than three times", 4, "ccca", UK_UNREACHABLE, 3},
    {"however it ends", 4, "rrra", UK_UNREACHABLE, 3},
    {"a new one has one chance", 0, "ca", UK_UNREACHABLE, 1},
    {"reset or not", 0, "ra", UK_UNREACHABLE, 1},
    {"nor has it one more behind a kept one", 1, "cca", UK_UNREACHABLE, 2},
    {"a line is an answer", 1, "pa", UK_BAD_ANSWER, 1},
    {"on the second too", 2, "cpa", UK_BAD_ANSWER, 2},
    {"and on the third", 2, "ccpa", UK_BAD_ANSWER, 3},
};

static void
asks_again(void **state)
{
    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        enum uk_code code;
        int requests;

        tear_down(state);
        assert_int_equal(set_up(state), 0);
        keep(rows[i].kept);
        follow(rows[i].plan, 0);
        code = ask(1);
        requests = counted(&there.requests);
        if (code != rows[i].code || requests != rows[i].requests)
            fail_msg("%s: %s (%s) after %d requests", rows[i].what,
                     uk_code_word(code), code != UK_OK ? why.text : "",
                     requests);
    }
}

/* libcurl's handles are used again, and count for all their life how often
 * they had to send anew: what happened to the requests before is none of the
 * next one's business. */
static void
begins_anew(void **state)
{
    keep(2);
    for (int before = 0; before < 12; before++) {
        for (int i = 0; i <= before; i++) {
            const char *plan = i == before ? "cca" : "ca";
            enum uk_code code;
            int requests;

            follow("hh", 2);
            assert_int_equal(ask(2), UK_OK);
            follow(plan, 0);
            code = ask(1);
            requests = counted(&there.requests);
            if (code != UK_OK || requests != (int)strlen(plan))
                fail_msg("'%s' after %d others: %s after %d requests", plan, i,
                         why.text, requests);
        }
    }
}

/* Closed while nobody asks: noticed, or found out by asking. */
static void
closed_before(void **state)
{
    for (int i = 0; i < 40; i++) {
        follow("l", 0);
        assert_int_equal(ask(1), UK_OK);
    }
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(asks_again),
        TEST(begins_anew),
        TEST(closed_before),
    };

    return cmocka_run_group_tests_name("agent_kept", tests, start_server, NULL);
}
