/* What a person sees of a copy. */
#include "service/command/copying.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

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

void
uk_copying_start(struct uk_copying *copying)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = note_stop,
                               .sa_flags = (int)SA_RESETHAND},
                     before;

    *copying = (struct uk_copying){
        .terminal = isatty(STDERR_FILENO) == 1,
        .next = uk_deadline_in(FIRST_MS),
    };
    for (size_t i = 0; i < UK_COUNT(numbers); i++) {
        if (sigaction(numbers[i], NULL, &before) == 0 &&
            before.sa_handler != SIG_IGN)
            sigaction(numbers[i], &action, NULL);
    }
}

static enum uk_code
look(void *context, const char *table, uint64_t rows, struct uk_err *err)
{
    struct uk_copying *copying = context;

    if (stopped)
        return uk_err_set(err, UK_CANCELLED, "cancelled");
    if (!copying->terminal || !uk_deadline_passed(copying->next))
        return UK_OK;
    if (table == NULL)
        fprintf(stderr, "\rchecking the copy\033[K");
    else
        fprintf(stderr, "\r%s: %llu rows\033[K", table,
                (unsigned long long)rows);
    fflush(stderr);
    copying->shown = true;
    copying->next = uk_deadline_in(NEXT_MS);
    return UK_OK;
}

/* The line of progress is nothing to keep. */
static void
clear_line(struct uk_copying *copying)
{
    if (copying->shown)
        fprintf(stderr, "\r\033[K");
    copying->shown = false;
}

enum uk_code
uk_copying_run(struct uk_copying *copying, struct uk_err *err)
{
    enum uk_code code = uk_copy_run(copying->source, copying->target, look,
                                    copying, copying->rows, err);

    clear_line(copying);
    uk_copy_source_close(copying->source);
    copying->source = NULL;
    return code;
}

enum uk_code
uk_copying_finish(struct uk_copying *copying, struct uk_err *err)
{
    enum uk_code code = uk_copy_finish(copying->target, look, copying, err);

    clear_line(copying);
    for (size_t i = 0; i < UK_COPY_TABLES && code == UK_OK; i++)
        printf("%-16s  %llu\n", uk_copy_tables[i].name,
               (unsigned long long)copying->rows[i]);
    return code;
}

void
uk_copying_stop(struct uk_copying *copying)
{
    uk_copy_source_close(copying->source);
    uk_copy_target_close(copying->target);
    copying->source = NULL;
    copying->target = NULL;
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
