/* agent/upstream: whom is asked, whom next, and whom not at all; core/httpsmany
 * is played by this program. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/io.h"

#include "agent/loop.h"
#include "agent/upstream.h"

#define AMPLE 4000 /* ms, of a question */

enum act { ANSWERS, FAILS_500, REFUSES, SILENT, BREAKS_OFF, STALE };

static struct uk_settings settings;
static struct uk_loop *loop;
static struct uk_upstream *up;
static struct uk_flight *waiting[8];
static int quiet[2];
static enum act act_of[3]; /* by server */
static char asked[64];     /* "0:fresh 1 " */
static int looks;
static bool sound; /* libcurl has had all that it wanted */
static struct uk_err err;
static const struct uk_log no_log = {.fd = -1};

/* What stands in for core/httpsmany. */

enum uk_code
uk_httpsmany_new(const struct uk_settings *which, struct uk_httpsmany **out,
                 struct uk_err *why)
{
    return UK_OK;
}

void
uk_httpsmany_free(struct uk_httpsmany *many)
{
}

bool
uk_httpsmany_is_sound(const struct uk_httpsmany *many)
{
    return sound;
}

int
uk_httpsmany_fd(const struct uk_httpsmany *many)
{
    return quiet[0];
}

struct uk_deadline
uk_httpsmany_next(const struct uk_httpsmany *many)
{
    return (struct uk_deadline){waiting[0] != NULL ? 0 : INT64_MAX};
}

enum uk_code
uk_httpsmany_launch(struct uk_httpsmany *many, struct uk_flight *flight,
                    struct uk_err *why)
{
    size_t i = 0;

    while (waiting[i] != NULL)
        i++;
    waiting[i] = flight;
    return UK_OK;
}

void
uk_httpsmany_abandon(struct uk_httpsmany *many, struct uk_flight *flight)
{
    for (size_t i = 0; i < UK_COUNT(waiting); i++)
        if (waiting[i] == flight)
            waiting[i] = NULL;
}

static size_t
server_of(const struct uk_flight *flight)
{
    return (size_t)(flight->attempt.server[strlen("https://")] - '0');
}

static void
land(struct uk_flight *flight, enum uk_code code, int status)
{
    struct uk_https_reply reply = {.status = status};

    uk_err_set(&err, code == UK_OK ? UK_SYSTEM : code, "as played");
    flight->landed(flight, code, &reply, &err);
}

static void
play(struct uk_flight *flight)
{
    struct uk_httpstry *attempt = &flight->attempt;

    switch (act_of[server_of(flight)]) {
    case ANSWERS:
        attempt->head.bytes = 10;
        land(flight, UK_OK, 200);
        break;
    case FAILS_500:
        attempt->head.bytes = 10;
        land(flight, UK_OK, 503);
        break;
    case REFUSES:
        land(flight, UK_UNREACHABLE, 0);
        break;
    case SILENT:
        land(flight, UK_TIMEOUT, 0);
        break;
    case BREAKS_OFF:
        attempt->head.bytes = 10;
        land(flight, UK_UNREACHABLE, 0);
        break;
    case STALE:
        attempt->stale = !attempt->fresh;
        land(flight, attempt->fresh ? UK_OK : UK_UNREACHABLE, 200);
        break;
    }
}

void
uk_httpsmany_work(struct uk_httpsmany *many)
{
    uk_httpsmany_wake(many);
}

void
uk_httpsmany_wake(struct uk_httpsmany *many)
{
    struct uk_flight *flight = waiting[0];
    bool look;

    if (flight == NULL)
        return;
    memmove(waiting, waiting + 1, sizeof(waiting) - sizeof(waiting[0]));
    look = strstr(flight->attempt.ask.path, "/location") != NULL;
    looks += look;
    if (!look)
        snprintf(asked + strlen(asked), sizeof(asked) - strlen(asked), "%zu%s ",
                 server_of(flight), flight->attempt.fresh ? "!" : "");
    play(flight);
}

/* A question from its beginning to its end. */

static struct {
    enum uk_code code;
    int status, count;
    struct uk_err err;
} got;

static void
on_done(struct uk_errand *errand, enum uk_code code,
        struct uk_https_reply *reply, const struct uk_err *why)
{
    got.code = code;
    got.status = reply->status;
    got.count++;
    got.err = *why;
    uk_https_reply_clear(reply);
    uk_loop_stop(loop);
}

static void
ask(unsigned ms)
{
    static struct uk_question question = {.method = "POST"};
    struct uk_errand errand = {
        .question = &question, .by = uk_deadline_in(ms), .done = on_done};

    asked[0] = '\0';
    memset(&got, 0, sizeof(got));
    uk_upstream_ask(up, &errand);
    assert_int_equal(got.count, 0); /* never at once */
    assert_int_equal(uk_loop_run(loop, &err), UK_OK);
    assert_int_equal(got.count, 1);
}

static int
set_up(void **state)
{
    memset(&settings, 0, sizeof(settings));
    memset(act_of, 0, sizeof(act_of));
    memset(waiting, 0, sizeof(waiting));
    looks = 0;
    sound = true;
    settings.timeout = AMPLE;
    settings.service_url.count = 3;
    for (int i = 0; i < 3; i++)
        snprintf(settings.service_url.item[i], UK_CONF_VALUE, "https://%d", i);
    snprintf(settings.app_id, sizeof(settings.app_id), "demo");
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, quiet) != 0 ||
           uk_loop_new(&loop, &err) != UK_OK ||
           uk_upstream_new(&settings, loop, &no_log, &up, &err) != UK_OK;
}

static int
tear_down(void **state)
{
    uk_upstream_free(up);
    uk_loop_free(loop);
    uk_io_close(&quiet[0]);
    uk_io_close(&quiet[1]);
    return 0;
}

/* What one question comes to. */
static const struct {
    const char *what;
    enum act act[3];
    const char *asked;
    enum uk_code code;
    int status;
} rows[] = {
    {"all are well", {ANSWERS, ANSWERS, ANSWERS}, "0 ", UK_OK, 200},
    {"the first is not there", {REFUSES, ANSWERS}, "0 1 ", UK_OK, 200},
    {"the first is silent", {SILENT, ANSWERS}, "0 1 ", UK_OK, 200},
    {"two are not there", {REFUSES, SILENT, ANSWERS}, "0 1 2 ", UK_OK, 200},
    {"none is", {REFUSES, REFUSES, REFUSES}, "0 1 2 ", UK_UNREACHABLE, 0},
    {"a trouble is an answer", {FAILS_500, ANSWERS}, "0 ", UK_OK, 503},
    {"so is a part of one", {BREAKS_OFF, ANSWERS}, "0 ", UK_UNREACHABLE, 0},
    {"a stale connection", {STALE, ANSWERS}, "0 0! ", UK_OK, 200},
};

static void
goes_where_it_may(void **state)
{
    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        tear_down(state);
        assert_int_equal(set_up(state), 0);
        memcpy(act_of, rows[i].act, sizeof(act_of));
        ask(AMPLE);
        if (strcmp(asked, rows[i].asked) != 0 || got.code != rows[i].code ||
            got.status != rows[i].status)
            fail_msg("%s: asked %s: %s, %d", rows[i].what, asked,
                     uk_code_word(got.code), got.status);
    }
}

static void
asks_the_well_ones_first(void **state)
{
    act_of[0] = REFUSES;
    ask(AMPLE);
    assert_string_equal(asked, "0 1 ");
    ask(AMPLE);
    assert_string_equal(asked, "1 ");
    act_of[1] = act_of[2] = REFUSES;
    act_of[0] = ANSWERS;
    ask(AMPLE);
    assert_string_equal(asked, "1 2 0 ");
    ask(AMPLE);
    assert_string_equal(asked, "0 ");
}

static void
leaves_the_silent_out(void **state)
{
    uk_upstream_free(up);
    settings.service_url.count = 1;
    assert_int_equal(uk_upstream_new(&settings, loop, &no_log, &up, &err),
                     UK_OK);
    act_of[0] = SILENT;
    for (int i = 0; i < 3; i++) {
        ask(AMPLE);
        assert_string_equal(asked, "0 ");
        assert_int_equal(got.code, UK_TIMEOUT);
    }
    ask(AMPLE);
    assert_string_equal(asked, "");
    assert_int_equal(got.code, UK_UNREACHABLE);
    assert_non_null(strstr(got.err.text, "probe"));
}

/* The one line in the journal: with others, and without. */
static void
says_what_the_problem_is(void **state)
{
    static const struct {
        enum act act;
        size_t servers;
        const char *line;
    } lines[] = {
        {REFUSES, 1, "server 'https://0' has a problem: as played\n"},
        {FAILS_500, 1,
         "server 'https://0' has a problem: it answered with status 503\n"},
        {FAILS_500, 2,
         "server 'https://0' has a problem, others are asked before it: it "
         "answered with status 503\n"},
    };

    for (size_t i = 0; i < UK_COUNT(lines); i++) {
        char line[256] = "";
        int ends[2];

        assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
        const struct uk_log log = {.fd = ends[1], .most = UK_LEVEL_WARNING};

        uk_upstream_free(up);
        settings.service_url.count = lines[i].servers;
        assert_int_equal(uk_upstream_new(&settings, loop, &log, &up, &err),
                         UK_OK);
        act_of[0] = lines[i].act;
        ask(AMPLE);
        assert_true(read(ends[0], line, sizeof(line) - 1) > 0);
        assert_string_equal(line, lines[i].line);
        close(ends[0]);
        close(ends[1]);
    }
}

/* Who leaves no time for an answer says nothing about the server. */
static void
does_not_believe_the_hasty(void **state)
{
    for (int i = 0; i < 10; i++) {
        act_of[0] = act_of[1] = act_of[2] = SILENT;
        ask(AMPLE / 10);
        assert_string_equal(asked, "0 1 2 ");
    }
    ask(0);
    assert_string_equal(asked, "");
    assert_int_equal(got.code, UK_TIMEOUT);
}

static void
stop(struct uk_alarm *alarm)
{
    uk_loop_stop(loop);
}

static void
run_for(unsigned ms)
{
    struct uk_alarm end = {.rang = stop};

    uk_loop_set(loop, &end, uk_deadline_in(ms));
    assert_int_equal(uk_loop_run(loop, &err), UK_OK);
}

/* A kept connection that was closed says nothing about the server to who only
 * looks either. */
static void
looks_past_a_stale_connection(void **state)
{
    const struct uk_server *server = uk_upstream_peek(up, 0);

    act_of[0] = STALE;
    uk_upstream_warm(up);
    uk_httpsmany_wake(NULL);
    assert_int_equal(looks, 1);
    assert_int_equal(server->health.state, UK_HEALTH_GOOD);
    assert_int_equal(server->failed, 0);
}

/* However many are coming, one look; and none where one answered just now. */
static void
is_warm_once(void **state)
{
    for (int i = 0; i < 30; i++)
        uk_upstream_warm(up);
    run_for(20);
    assert_int_equal(looks, 1);
    uk_upstream_warm(up);
    run_for(20);
    assert_int_equal(looks, 1);
}

/* What fails while this machine has no memory or no room is no outage. */
static void
is_gone_by_the_network_only(void **state)
{
    assert_false(uk_upstream_gone(up, 0));
    settings.offline_grace = 1; /* else nobody looks at once */
    act_of[0] = act_of[1] = act_of[2] = REFUSES;
    ask(AMPLE);
    for (int i = 0; i < 100 && !uk_upstream_gone(up, 0); i++)
        run_for(50);
    assert_true(uk_upstream_gone(up, 0));
    sound = false;
    assert_false(uk_upstream_gone(up, 0));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(goes_where_it_may),           TEST(asks_the_well_ones_first),
        TEST(leaves_the_silent_out),       TEST(is_warm_once),
        TEST(does_not_believe_the_hasty),  TEST(says_what_the_problem_is),
        TEST(is_gone_by_the_network_only), TEST(looks_past_a_stale_connection),
    };

    return cmocka_run_group_tests_name("agent_upstream", tests, NULL, NULL);
}
