/* userkey agent: what the agent of this machine is doing. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/json.h"
#include "core/settings.h"
#include "core/str.h"
#include "tool/command/commands.h"
#include "tool/machine/agentask.h"
#include "tool/machine/numbers.h"
#include "tool/talk/talk.h"
#include "tool/terminal/language.h"
#include "tool/terminal/out.h"
#include "tool/terminal/table.h"

#define NAME     "userkey_agent_"
#define TEXT_MAX (256 * 1024)
#define ROWS     400

/* Rows of the table; texts live in one buffer. */
struct rows {
    size_t n; /* cells */
    const char *cell[2 * ROWS];
    char text[ROWS][640];
    size_t texts;
};

static void add(struct rows *rows, const char *head, const char *fmt, ...)
    UK_PRINTF(3, 4);

static void
add(struct rows *rows, const char *head, const char *fmt, ...)
{
    va_list args;
    char *text;

    if (rows->texts == ROWS)
        return;
    text = rows->text[rows->texts];
    va_start(args, fmt);
    vsnprintf(text, sizeof(rows->text[0]), fmt, args);
    va_end(args);
    rows->texts++;
    rows->cell[rows->n++] = uk_out_label(head);
    rows->cell[rows->n++] = text;
}

static bool
is(const struct uk_number *number, const char *name)
{
    return strcmp(number->name, name) == 0;
}

/* The first number of this name (and url, unless that is NULL); "0" if there
 * is none. */
static struct uk_number
find(const char *text, const char *name, const char *url)
{
    struct uk_number number;

    while (uk_numbers_next(&text, &number)) {
        if (is(&number, name) &&
            (url == NULL || strcmp(uk_number_label(&number, "url"), url) == 0))
            return number;
    }
    return (struct uk_number){.text = "0"};
}

static unsigned long
whole(const char *text, const char *name, const char *url)
{
    struct uk_number number = find(text, name, url);
    unsigned long value = 0;

    return uk_number_whole(&number, &value) ? value : 0;
}

/* "2026-11-23 09:47:07", in this machine's time. */
static void
format_time(char *to, size_t size, unsigned long seconds)
{
    time_t at = (time_t)seconds;
    struct tm parts;

    if (localtime_r(&at, &parts) == NULL ||
        strftime(to, size, "%Y-%m-%d %H:%M:%S", &parts) == 0)
        snprintf(to, size, "%lu", seconds);
}

static void
format_tenths(unsigned long whole_units, unsigned long tenths, const char *unit,
              char *to, size_t size)
{
    if (tenths > 0)
        snprintf(to, size, "%lu.%lu %s", whole_units, tenths, unit);
    else
        snprintf(to, size, "%lu %s", whole_units, unit);
}

/* "0.002500" as "2.5 ms", "10.000000" as "10 s"; others as they are. */
static void
format_seconds(const char *seconds, char *to, size_t size)
{
    size_t dot = strcspn(seconds, ".");
    char digits[UK_NUMBERS_VALUE];
    unsigned long whole_s, us;
    bool known;

    snprintf(digits, sizeof(digits), "%.*s", (int)dot, seconds);
    known = strlen(seconds) == dot + 7 &&
            uk_str_to_ulong(digits, 1000000, &whole_s) &&
            uk_str_to_ulong(seconds + dot + 1, 999999, &us);
    if (!known)
        snprintf(to, size, "%s s", seconds);
    else if (whole_s > 0)
        format_tenths(whole_s, us / 100000, "s", to, size);
    else
        format_tenths(us / 1000, us % 1000 / 100, "ms", to, size);
}

/* The bound below which this part of all answers came; "" where there were
 * none. */
static void
find_bound(const char *text, unsigned part, char *to, size_t size)
{
    unsigned long all = whole(text, NAME "answer_seconds_count", NULL);
    struct uk_number number;
    unsigned long count;

    to[0] = '\0';
    while (all > 0 && uk_numbers_next(&text, &number)) {
        if (!is(&number, NAME "answer_seconds_bucket") ||
            !uk_number_whole(&number, &count) || count * 100 < all * part)
            continue;
        format_seconds(uk_number_label(&number, "le"), to, size);
        return;
    }
}

static void
list_servers(struct rows *rows, const char *text)
{
    const char *at = text;
    struct uk_number number;

    while (uk_numbers_next(&at, &number)) {
        const char *url = uk_number_label(&number, "url");

        if (is(&number, NAME "server_up"))
            add(rows, N_("server"),
                _("%s: %s, asked %lu times, no answer %lu times"), url,
                strcmp(number.text, "1") == 0 ? _("up") : _("down"),
                whole(text, NAME "server_requests_total", url),
                whole(text, NAME "server_failures_total", url));
    }
}

static void
list_answers(struct rows *rows, const char *text)
{
    struct uk_number number;

    while (uk_numbers_next(&text, &number)) {
        if (is(&number, NAME "answers_total"))
            add(rows, N_("answers"), "%s: %s %s",
                uk_number_label(&number, "service"),
                uk_number_label(&number, "verdict"), number.text);
    }
}

static enum uk_code
list_status(struct uk_buf *out, const char *text, struct uk_err *err)
{
    static struct rows rows;
    struct uk_number info = find(text, NAME "info", NULL);
    char since[64], half[2 * UK_NUMBERS_VALUE], most[2 * UK_NUMBERS_VALUE];

    rows.n = rows.texts = 0;
    format_time(since, sizeof(since),
                whole(text, NAME "start_time_seconds", NULL));
    add(&rows, N_("running"), _("version %s, since %s"),
        uk_number_label(&info, "version"), since);
    add(&rows, N_("waiting"), "%lu", whole(text, NAME "waiting", NULL));
    list_servers(&rows, text);
    add(&rows, N_("outage"), _("%s; %lu keys are known for one"),
        whole(text, NAME "offline", NULL) != 0
            ? _("yes, no server can be reached")
            : _("no"),
        whole(text, NAME "offline_keys", NULL));
    list_answers(&rows, text);
    find_bound(text, 50, half, sizeof(half));
    find_bound(text, 99, most, sizeof(most));
    if (half[0] != '\0')
        add(&rows, N_("time"),
            _("half of the answers within %s, 99 %% within %s"), half, most);
    return uk_table_add(out, NULL, 2, rows.cell, rows.n / 2, err);
}

static void
put_servers(struct uk_json_out *json, const char *text)
{
    const char *at = text;
    struct uk_number number;

    uk_json_begin(json, "servers", '[');
    while (uk_numbers_next(&at, &number)) {
        const char *url = uk_number_label(&number, "url");

        if (!is(&number, NAME "server_up") || !uk_json_is_text(url))
            continue;
        uk_json_begin(json, NULL, '{');
        uk_json_put_text(json, "url", url);
        uk_json_put_bool(json, "up", strcmp(number.text, "1") == 0);
        uk_json_put_int(
            json, "requests",
            (int64_t)whole(text, NAME "server_requests_total", url));
        uk_json_put_int(
            json, "failures",
            (int64_t)whole(text, NAME "server_failures_total", url));
        uk_json_end(json, '}');
    }
    uk_json_end(json, ']');
}

static void
put_answers(struct uk_json_out *json, const char *text)
{
    struct uk_number number;
    unsigned long count;

    uk_json_begin(json, "answers", '[');
    while (uk_numbers_next(&text, &number)) {
        const char *service = uk_number_label(&number, "service");
        const char *verdict = uk_number_label(&number, "verdict");

        if (!is(&number, NAME "answers_total") || !uk_json_is_text(service) ||
            !uk_json_is_text(verdict) || !uk_number_whole(&number, &count))
            continue;
        uk_json_begin(json, NULL, '{');
        uk_json_put_text(json, "service", service);
        uk_json_put_text(json, "verdict", verdict);
        uk_json_put_int(json, "count", (int64_t)count);
        uk_json_end(json, '}');
    }
    uk_json_end(json, ']');
}

static void
put_status(struct uk_buf *out, const char *text)
{
    static const char *const numbers[][2] = {
        {"started", NAME "start_time_seconds"},
        {"waiting", NAME "waiting"},
        {"offline_keys", NAME "offline_keys"},
    };
    struct uk_json_out json = {.buf = out};
    struct uk_number info = find(text, NAME "info", NULL);
    const char *version = uk_number_label(&info, "version");

    uk_json_begin(&json, NULL, '{');
    uk_json_put_text(&json, "version", uk_json_is_text(version) ? version : "");
    for (size_t i = 0; i < UK_COUNT(numbers); i++)
        uk_json_put_int(&json, numbers[i][0],
                        (int64_t)whole(text, numbers[i][1], NULL));
    uk_json_put_bool(&json, "offline", whole(text, NAME "offline", NULL) != 0);
    put_servers(&json, text);
    put_answers(&json, text);
    uk_json_end(&json, '}');
    uk_buf_add_byte(out, '\n');
}

/* Is nobody there, where somebody need not be? */
static bool
is_nobody(enum uk_code code, const struct uk_err *err)
{
    return code == UK_SYSTEM &&
           (err->sys == ENOENT || err->sys == ECONNREFUSED);
}

static enum uk_exit
fail(enum uk_code code, const struct uk_err *err)
{
    if (!is_nobody(code, err)) {
        uk_out_error("%s", err->text);
        if (code == UK_SYSTEM && err->sys == EACCES) {
            uk_out_note(_("only root may ask: 'sudo userkey agent status'"));
            return UK_EXIT_DENIED;
        }
        return uk_status_of_code(code);
    }
    uk_out_error(_("no agent is running: %s"), err->text);
    uk_out_note(_("each login starts one of its own; 'systemctl enable --now "
                  "userkey-agent.socket' keeps one"));
    return UK_EXIT_NOT_FOUND;
}

static enum uk_code
show(struct uk_tool *tool, const char *text, bool raw)
{
    if (raw)
        uk_buf_add_text(&tool->out, text);
    else if (tool->args.json)
        put_status(&tool->out, text);
    else
        return list_status(&tool->out, text, &tool->err);
    return UK_OK;
}

enum uk_exit
uk_cmd_agent(struct uk_tool *tool)
{
    const char *conf =
        tool->args.conf != NULL ? tool->args.conf : UK_SETTINGS_FILE;
    bool raw = strcmp(tool->args.word[0], "metrics") == 0;
    struct uk_buf text = UK_BUF_UP_TO(TEXT_MAX);
    struct uk_settings settings;
    enum uk_exit status = UK_EXIT_DONE;
    enum uk_code code;

    if (!raw && strcmp(tool->args.word[0], "status") != 0) {
        uk_out_error(_("agent: what is wanted is one of 'status', 'metrics'"));
        return UK_EXIT_USAGE;
    }
    code = uk_settings_load(conf, &settings, &tool->err);
    if (code == UK_OK && settings.agent_socket[0] == '\0')
        code = uk_err_set(&tool->err, UK_MISCONFIGURED,
                          _("'%s' says that no agent listens ('agent_socket')"),
                          conf);
    if (code == UK_OK) {
        code = uk_agentask_numbers(settings.agent_socket, &text, &tool->err);
    }
    if (code == UK_OK)
        code = show(tool, uk_buf_peek(&text), raw);
    if (code != UK_OK)
        status = fail(code, &tool->err);
    uk_buf_clear(&text);
    return status;
}
