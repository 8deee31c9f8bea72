/* What a person sees of a copy. */
#include "service/copying.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "core/deadline.h"
#include "core/str.h"

#define FIRST_MS 1000 /* shorter copies show nothing */
#define NEXT_MS  200
#define LINE     4608 /* a path, escaped in part */

static volatile sig_atomic_t stopped;

static void
note_stop(int number)
{
    (void)number;
    stopped = 1;
}

/* What is half made is removed on the way out; a second signal does not wait
 * for that. */
static void
catch_signals(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = note_stop,
                               .sa_flags = (int)SA_RESETHAND};

    for (size_t i = 0; i < UK_COUNT(numbers); i++)
        sigaction(numbers[i], &action, NULL);
}

struct progress {
    bool terminal, shown;
    struct uk_deadline next;
};

static enum uk_code
look(void *context, const char *table, uint64_t rows, struct uk_err *err)
{
    struct progress *progress = context;

    if (stopped)
        return uk_err_set(err, UK_CANCELLED, "cancelled");
    if (!progress->terminal || !uk_deadline_passed(progress->next))
        return UK_OK;
    if (table == NULL)
        fprintf(stderr, "\rchecking the copy\033[K");
    else
        fprintf(stderr, "\r%s: %llu rows\033[K", table,
                (unsigned long long)rows);
    fflush(stderr);
    progress->shown = true;
    progress->next = uk_deadline_in(NEXT_MS);
    return UK_OK;
}

enum uk_code
uk_copying_run(struct uk_copy_source *source, struct uk_copy_target *target,
               struct uk_err *err)
{
    struct progress progress = {.terminal = isatty(STDERR_FILENO) == 1,
                                .next = uk_deadline_in(FIRST_MS)};
    uint64_t rows[UK_COPY_TABLES];
    enum uk_code code;

    catch_signals();
    code = uk_copy_run(source, target, look, &progress, rows, err);
    if (progress.shown)
        fprintf(stderr, "\r\033[K");
    for (size_t i = 0; i < UK_COPY_TABLES && code == UK_OK; i++)
        printf("%-16s  %llu\n", uk_copy_tables[i].name,
               (unsigned long long)rows[i]);
    return code;
}

void
uk_copying_say(const char *fmt, ...)
{
    char text[LINE], line[LINE];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    uk_str_escape(line, sizeof(line), text);
    fprintf(stderr, "%s\n", line);
}
