/* What an agent has done, as numbers for a monitor (Prometheus text). */
#include "agent/count.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/version.h"

#define SERVICE_SIZE 32 /* of a PAM service's name, with its NUL */
#define OTHER        UK_COUNT_SERVICES
#define STEPS        UK_COUNT(steps_us)
#define NAME         "userkey_agent_"

static const int64_t steps_us[] = {500,     1000,    2500,    5000,    10000,
                                   25000,   50000,   100000,  250000,  500000,
                                   1000000, 2500000, 5000000, 10000000};

struct histogram {
    uint64_t count[UK_COUNT(steps_us) + 1];
    int64_t sum_us;
};

/* What can come out: the verdicts, then the codes, then what is neither. */
#define CODES    (UK_THROTTLED_SERVICE + 1)
#define OFFLINE  (CODES + UK_CANCELLED + 1)
#define OUTCOMES (OFFLINE + 1)

struct uk_count {
    int64_t started; /* seconds of the wall clock */
    char service[UK_COUNT_SERVICES][SERVICE_SIZE];
    uint64_t answers[UK_COUNT_SERVICES + 1][OUTCOMES];
    struct histogram answer;
    struct histogram stage[UK_STAGE_ANSWER + 1];
};

enum uk_code
uk_count_new(struct uk_count **out, struct uk_err *err)
{
    struct uk_count *count = calloc(1, sizeof(*count));

    if (count == NULL)
        return uk_err_set(err, UK_NO_MEMORY, "no memory for counting");
    count->started = (int64_t)time(NULL);
    *out = count;
    return UK_OK;
}

void
uk_count_free(struct uk_count *count)
{
    free(count);
}

/* The place of a PAM service; a new one gets one while there is room, if it is
 * root's host that names it. */
static size_t
place_of(struct uk_count *count, const char *service, bool believed)
{
    size_t len = strlen(service);

    if (len == 0 || len >= SERVICE_SIZE)
        return OTHER;
    for (size_t i = 0; i < UK_COUNT_SERVICES; i++) {
        if (strcmp(count->service[i], service) == 0)
            return i;
        if (count->service[i][0] == '\0') {
            if (!believed)
                return OTHER;
            memcpy(count->service[i], service, len + 1);
            return i;
        }
    }
    return OTHER;
}

static void
measure(struct histogram *histogram, int64_t us)
{
    size_t i = 0;

    while (i < STEPS && us > steps_us[i])
        i++;
    histogram->count[i]++;
    histogram->sum_us += us;
}

void
uk_count_answer(struct uk_count *count, const char *service, bool believed,
                enum uk_code code, enum uk_verdict verdict, bool by_grace,
                int64_t us)
{
    size_t outcome = (size_t)verdict;

    if (code != UK_OK)
        outcome = CODES + (size_t)code;
    else if (by_grace)
        outcome = OFFLINE;
    if (outcome < OUTCOMES)
        count->answers[place_of(count, service, believed)][outcome]++;
    measure(&count->answer, us);
}

void
uk_count_stage(struct uk_count *count, enum uk_stage stage, int64_t us)
{
    if (stage <= UK_STAGE_ANSWER)
        measure(&count->stage[stage], us);
}

static const char *
outcome_word(size_t outcome)
{
    if (outcome == OFFLINE)
        return "granted-offline";
    if (outcome >= CODES)
        return uk_code_word((enum uk_code)(outcome - CODES));
    if (outcome == UK_THROTTLED_SERVICE)
        return "throttled-service";
    return uk_verdict_word((enum uk_verdict)outcome);
}

/* Writing. */

static void
put_head(struct uk_buf *out, const char *name, const char *type,
         const char *help)
{
    uk_buf_addf(out, "# HELP " NAME "%s %s\n# TYPE " NAME "%s %s\n", name, help,
                name, type);
}

static void
put_number(struct uk_buf *out, const char *name, const char *type,
           const char *help, uint64_t number)
{
    put_head(out, name, type, help);
    uk_buf_addf(out, NAME "%s %llu\n", name, (unsigned long long)number);
}

/* In quotes, where quote, backslash and newline must not stand as they are. */
static void
put_label(struct uk_buf *out, const char *name, const char *value)
{
    uk_buf_addf(out, "%s=\"", name);
    for (; *value != '\0'; value++) {
        if (*value == '"' || *value == '\\')
            uk_buf_add_byte(out, '\\');
        uk_buf_add_byte(out, *value >= 0x20 && *value <= 0x7e
                                 ? (unsigned char)*value
                                 : '?');
    }
    uk_buf_add_byte(out, '"');
}

static void
put_answers(const struct uk_count *count, struct uk_buf *out)
{
    put_head(out, "answers_total", "counter",
             "Answers, by PAM service and what they said.");
    for (size_t i = 0; i <= OTHER; i++) {
        for (size_t outcome = 0; outcome < OUTCOMES; outcome++) {
            uint64_t n = count->answers[i][outcome];

            if (n == 0)
                continue;
            uk_buf_add_text(out, NAME "answers_total{");
            put_label(out, "service", i < OTHER ? count->service[i] : "other");
            uk_buf_add_byte(out, ',');
            put_label(out, "verdict", outcome_word(outcome));
            uk_buf_addf(out, "} %llu\n", (unsigned long long)n);
        }
    }
}

static void
put_seconds(struct uk_buf *out, int64_t us)
{
    uk_buf_addf(out, "%lld.%06lld", (long long)(us / 1000000),
                (long long)(us % 1000000));
}

/* label is "" or ends in a comma. */
static void
put_histogram(struct uk_buf *out, const char *name, const char *label,
              const struct histogram *histogram)
{
    size_t len = strlen(label);
    const char *left = len > 0 ? "{" : "", *right = len > 0 ? "}" : "";
    int bare = len > 0 ? (int)len - 1 : 0;
    uint64_t sum = 0;

    for (size_t i = 0; i <= STEPS; i++) {
        sum += histogram->count[i];
        uk_buf_addf(out, NAME "%s_bucket{%sle=\"", name, label);
        if (i < STEPS)
            put_seconds(out, steps_us[i]);
        else
            uk_buf_add_text(out, "+Inf");
        uk_buf_addf(out, "\"} %llu\n", (unsigned long long)sum);
    }
    uk_buf_addf(out, NAME "%s_sum%s%.*s%s ", name, left, bare, label, right);
    put_seconds(out, histogram->sum_us);
    uk_buf_addf(out, "\n" NAME "%s_count%s%.*s%s %llu\n", name, left, bare,
                label, right, (unsigned long long)sum);
}

static void
put_times(const struct uk_count *count, struct uk_buf *out)
{
    put_head(out, "answer_seconds", "histogram",
             "From a request to its answer.");
    put_histogram(out, "answer_seconds", "", &count->answer);
    put_head(out, "stage_seconds", "histogram", "The stages of asking.");
    for (int stage = UK_STAGE_RESOLVE; stage <= UK_STAGE_ANSWER; stage++) {
        char label[32];

        snprintf(label, sizeof(label), "stage=\"%s\",",
                 uk_stage_word((enum uk_stage)stage));
        put_histogram(out, "stage_seconds", label, &count->stage[stage]);
    }
}

/* One number of each server, under one head. */
static void
put_servers(const struct uk_count_now *now, struct uk_buf *out,
            const char *name, const char *type, const char *help,
            uint64_t (*number)(const struct uk_count_server *server))
{
    put_head(out, name, type, help);
    for (size_t i = 0; i < now->n_servers; i++) {
        uk_buf_addf(out, NAME "%s{", name);
        put_label(out, "url", now->servers[i].url);
        uk_buf_addf(out, "} %llu\n",
                    (unsigned long long)number(&now->servers[i]));
    }
}

static uint64_t
is_up(const struct uk_count_server *server)
{
    return server->up;
}

static uint64_t
asked(const struct uk_count_server *server)
{
    return server->asked;
}

static uint64_t
failed(const struct uk_count_server *server)
{
    return server->failed;
}

static void
put_process(const struct uk_count *count, struct uk_buf *out)
{
    struct timespec cpu = {.tv_sec = 0};

    put_head(out, "info", "gauge", "Which version runs.");
    uk_buf_add_text(out, NAME "info{");
    put_label(out, "version", UK_VERSION);
    uk_buf_add_text(out, "} 1\n");
    put_number(out, "start_time_seconds", "gauge",
               "When it began, in seconds since 1970.",
               (uint64_t)count->started);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    put_head(out, "cpu_seconds_total", "counter", "Processor time.");
    uk_buf_add_text(out, NAME "cpu_seconds_total ");
    put_seconds(out, (int64_t)cpu.tv_sec * 1000000 + cpu.tv_nsec / 1000);
    uk_buf_add_byte(out, '\n');
}

enum uk_code
uk_count_write(const struct uk_count *count, const struct uk_count_now *now,
               struct uk_buf *out, struct uk_err *err)
{
    put_process(count, out);
    put_servers(now, out, "server_up", "gauge",
                "Would the server be asked now?", is_up);
    put_servers(now, out, "server_requests_total", "counter",
                "What it was asked.", asked);
    put_servers(now, out, "server_failures_total", "counter",
                "How often it gave no answer.", failed);
    put_number(out, "offline", "gauge",
               "Is no server to be reached, so that keys log in by grace?",
               now->offline);
    put_number(out, "offline_keys", "gauge", "Keys that could log in by grace.",
               now->offline_keys);
    put_number(out, "waiting", "gauge", "Requests without an answer yet.",
               now->waiting);
    put_answers(count, out);
    put_times(count, out);
    return uk_buf_check(out, err);
}

void
uk_count_serve(const struct uk_count *count, const struct uk_count_now *now,
               int listening)
{
    struct uk_buf text = UK_BUF_UP_TO(UK_COUNT_MAX);
    struct uk_err err = UK_ERR_NONE;
    int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd < 0)
        return;
    if (uk_count_write(count, now, &text, &err) == UK_OK)
        (void)send(fd, uk_buf_peek(&text), text.len,
                   MSG_NOSIGNAL | MSG_DONTWAIT);
    uk_buf_clear(&text);
    close(fd);
}
