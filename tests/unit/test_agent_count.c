/* agent/count: the text that a monitor reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/count.h"

static struct uk_count *count;
static struct uk_buf text = UK_BUF_UP_TO(UK_COUNT_MAX);
static struct uk_err err;
static const struct uk_count_now idle = {.servers = NULL};

static void
write_text(const struct uk_count_now *now)
{
    uk_buf_clear(&text);
    assert_int_equal(uk_count_write(count, now, &text, &err), UK_OK);
}

/* Does the text have this line, whole? */
static bool
has_line(const char *line)
{
    const char *at = uk_buf_peek(&text);
    size_t len = strlen(line);

    while ((at = strstr(at, line)) != NULL) {
        if ((at == text.bytes || at[-1] == '\n') && at[len] == '\n')
            return true;
        at += len;
    }
    return false;
}

static void
assert_line(const char *line)
{
    if (!has_line(line))
        fail_msg("no line '%s' in\n%s", line, uk_buf_peek(&text));
}

static void
answer(const char *service, enum uk_code code, enum uk_verdict verdict)
{
    uk_count_answer(count, service, true, code, verdict, false, 1);
}

static void
counts_answers(void **state)
{
    answer("sshd", UK_OK, UK_GRANTED);
    answer("sshd", UK_OK, UK_GRANTED);
    answer("sshd", UK_OK, UK_REFUSED);
    answer("sudo", UK_TIMEOUT, UK_UNDECIDED);
    answer("sudo", UK_OK, UK_THROTTLED_HERE);
    answer("sudo", UK_OK, UK_THROTTLED_SERVICE);
    uk_count_answer(count, "sshd", true, UK_OK, UK_GRANTED, true, 1);
    write_text(&idle);
    assert_line("# TYPE userkey_agent_answers_total counter");
#define ANSWERS "userkey_agent_answers_total{service="
    assert_line(ANSWERS "\"sshd\",verdict=\"granted\"} 2");
    assert_line(ANSWERS "\"sshd\",verdict=\"refused\"} 1");
    assert_line(ANSWERS "\"sshd\",verdict=\"granted-offline\"} 1");
    assert_line(ANSWERS "\"sudo\",verdict=\"timeout\"} 1");
    assert_line(ANSWERS "\"sudo\",verdict=\"throttled\"} 1");
    assert_line(ANSWERS "\"sudo\",verdict=\"throttled-service\"} 1");
    assert_null(strstr(uk_buf_peek(&text), "user-disabled"));
}

/* Whoever invents names fills no table. */
static void
bounds_services(void **state)
{
    char name[64];

    uk_count_answer(count, "mine", false, UK_OK, UK_REFUSED, false, 1);
    answer("", UK_OK, UK_REFUSED);
    answer("a-name-that-is-much-longer-than-any-pam-service-has", UK_OK,
           UK_REFUSED);
    for (int i = 0; i < UK_COUNT_SERVICES + 5; i++) {
        snprintf(name, sizeof(name), "service-%d", i);
        answer(name, UK_OK, UK_REFUSED);
    }
    uk_count_answer(count, "service-0", false, UK_OK, UK_REFUSED, false, 1);
    write_text(&idle);
    assert_line(ANSWERS "\"service-0\",verdict=\"refused\"} 2");
    assert_line(ANSWERS "\"service-15\",verdict=\"refused\"} 1");
    assert_line(ANSWERS "\"other\",verdict=\"refused\"} 8");
    assert_null(strstr(uk_buf_peek(&text), "service-16"));
    assert_null(strstr(uk_buf_peek(&text), "mine"));
}

static void
escapes_labels(void **state)
{
    answer("a\"b\\c\nd", UK_OK, UK_REFUSED);
    write_text(&idle);
    assert_line(ANSWERS "\"a\\\"b\\\\c?d\",verdict=\"refused\"} 1");
}

/* Each value is in the first step that is not below it, and in all later
 * ones. */
static void
measures_time(void **state)
{
    static const int64_t us[] = {0, 500, 501, 11350, 30000000};

    for (size_t i = 0; i < UK_COUNT(us); i++)
        uk_count_answer(count, "sshd", true, UK_OK, UK_GRANTED, false, us[i]);
    uk_count_stage(count, UK_STAGE_CONNECT, 1500);
    write_text(&idle);
#define SECONDS "userkey_agent_answer_seconds_"
    assert_line("# TYPE userkey_agent_answer_seconds histogram");
    assert_line(SECONDS "bucket{le=\"0.000500\"} 2");
    assert_line(SECONDS "bucket{le=\"0.001000\"} 3");
    assert_line(SECONDS "bucket{le=\"0.010000\"} 3");
    assert_line(SECONDS "bucket{le=\"0.025000\"} 4");
    assert_line(SECONDS "bucket{le=\"10.000000\"} 4");
    assert_line(SECONDS "bucket{le=\"+Inf\"} 5");
    assert_line(SECONDS "sum 30.012351");
    assert_line(SECONDS "count 5");
    assert_line("userkey_agent_stage_seconds_bucket"
                "{stage=\"connect\",le=\"0.001000\"} 0");
    assert_line("userkey_agent_stage_seconds_bucket"
                "{stage=\"connect\",le=\"0.002500\"} 1");
    assert_line("userkey_agent_stage_seconds_sum{stage=\"connect\"} 0.001500");
    assert_line("userkey_agent_stage_seconds_count{stage=\"tls\"} 0");
}

static void
says_what_is_so_now(void **state)
{
    static const struct uk_count_server servers[] = {
        {"https://a.example.com", true, 10, 1},
        {"https://b.example.com", false, 3, 2},
    };
    static const struct uk_count_now now = {
        .servers = servers,
        .n_servers = 2,
        .waiting = 3,
        .offline_keys = 5,
        .offline = true,
    };

    write_text(&now);
    assert_line("userkey_agent_server_up{url=\"https://a.example.com\"} 1");
    assert_line("userkey_agent_server_up{url=\"https://b.example.com\"} 0");
    assert_line("userkey_agent_server_requests_total"
                "{url=\"https://a.example.com\"} 10");
    assert_line("userkey_agent_server_failures_total"
                "{url=\"https://b.example.com\"} 2");
    assert_line("userkey_agent_waiting 3");
    assert_line("userkey_agent_offline_keys 5");
    assert_line("userkey_agent_offline 1");
}

/* Each family has its two lines once, in front of its series, and no series
 * stands there twice. */
static void
is_well_formed(void **state)
{
    static char seen[400][160];
    char family[96] = "";
    size_t n = 0;

    answer("sshd", UK_OK, UK_GRANTED);
    write_text(&idle);
    for (char *line = strtok(text.bytes, "\n"); line != NULL;
         line = strtok(NULL, "\n")) {
        if (sscanf(line, "# HELP %90s", family) == 1 ||
            strncmp(line, "# TYPE ", 7) == 0) {
            assert_non_null(strstr(line, family));
            continue;
        }
        assert_int_equal(strncmp(line, family, strlen(family)), 0);
        assert_true(n < 400 && strlen(line) < 160);
        snprintf(seen[n], sizeof(seen[n]), "%.*s",
                 (int)(strrchr(line, ' ') - line), line);
        for (size_t i = 0; i < n; i++)
            assert_string_not_equal(seen[i], seen[n]);
        n++;
    }
    assert_true(n > 20);
    text.len = 0;
}

static void
fits_when_it_is_full(void **state)
{
    struct uk_count_server servers[8];
    struct uk_count_now now = {.servers = servers, .n_servers = 8};
    char url[256], name[64];

    memset(url, '\\', sizeof(url) - 1);
    url[255] = '\0';
    for (size_t i = 0; i < 8; i++)
        servers[i] =
            (struct uk_count_server){url, true, UINT64_MAX, UINT64_MAX};
    for (int i = 0; i <= UK_COUNT_SERVICES; i++) {
        snprintf(name, sizeof(name), "a-service-with-a-long-name-%02d", i);
        for (int verdict = 0; verdict <= UK_THROTTLED_SERVICE; verdict++)
            answer(name, UK_OK, (enum uk_verdict)verdict);
        for (int code = 1; code <= UK_CANCELLED; code++)
            answer(name, (enum uk_code)code, UK_UNDECIDED);
    }
    write_text(&now);
    assert_true(text.len < UK_COUNT_MAX);
}

static void
serves_a_caller(void **state)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    static char got[UK_COUNT_MAX];
    size_t len = 0;
    ssize_t n;
    int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    socklen_t size = sizeof(at.sun_family); /* a name of the kernel's choice */

    answer("sshd", UK_OK, UK_GRANTED);
    assert_int_equal(bind(listening, (struct sockaddr *)&at, size), 0);
    assert_int_equal(listen(listening, 1), 0);
    uk_count_serve(count, &idle, listening); /* nobody: at once */
    size = sizeof(at);
    assert_int_equal(getsockname(listening, (struct sockaddr *)&at, &size), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, size), 0);
    uk_count_serve(count, &idle, listening);
    while ((n = read(fd, got + len, sizeof(got) - 1 - len)) > 0)
        len += (size_t)n;
    assert_int_equal(n, 0);
    assert_non_null(strstr(got, ANSWERS "\"sshd\",verdict=\"granted\"} 1\n"));
    assert_int_equal(got[len - 1], '\n');
    close(fd);
    close(listening);
}

static int
begin(void **state)
{
    return uk_count_new(&count, &err) == UK_OK ? 0 : -1;
}

static int
end(void **state)
{
    uk_buf_clear(&text);
    uk_count_free(count);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(counts_answers),       TEST(bounds_services),
        TEST(escapes_labels),       TEST(measures_time),
        TEST(says_what_is_so_now),  TEST(is_well_formed),
        TEST(fits_when_it_is_full), TEST(serves_a_caller),
    };

    return cmocka_run_group_tests_name("agent_count", tests, NULL, NULL);
}
