/* The person at the terminal of this process. */
#include "service/command/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/io.h"
#include "core/str.h"

#define PROMPT_MS  600000
#define ANSWER_MAX 32
#define NEXT_MAX   2048

enum uk_code
uk_terminal_start(struct uk_terminal *terminal, bool silent, struct uk_err *err)
{
    struct termios now;

    terminal->fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (terminal->fd < 0 || tcgetattr(terminal->fd, &terminal->before) != 0) {
        uk_io_close(&terminal->fd);
        return uk_err_set(err, UK_INVALID, "there is no terminal");
    }
    terminal->silent = silent;
    now = terminal->before;
    now.c_lflag &= ~(tcflag_t)(ISIG | (silent ? ECHO | ECHONL : 0));
    now.c_cc[VEOL] = now.c_cc[VINTR]; /* ^C ends the line, as ^D does */
    if (tcsetattr(terminal->fd, TCSAFLUSH, &now) == 0)
        return UK_OK;
    uk_err_sys(err, errno, "setting up the terminal");
    uk_terminal_stop(terminal);
    return err->code;
}

enum uk_code
uk_terminal_line(struct uk_terminal *terminal, const char *prompt,
                 struct uk_buf *line, struct uk_err *err)
{
    enum uk_code code;
    unsigned char c = '\0', interrupt = terminal->before.c_cc[VINTR];
    ssize_t n;

    code = uk_io_write_all(terminal->fd, prompt, strlen(prompt),
                           uk_deadline_in(PROMPT_MS), err);
    if (code != UK_OK)
        return code;
    while ((n = read(terminal->fd, &c, 1)) == 1 && c != '\n' && c != interrupt)
        uk_buf_add_byte(line, c);
    if (n != 1 || c != '\n' || terminal->silent)
        (void)!write(terminal->fd, "\n", 1);
    if (n != 1 || c != '\n')
        return uk_err_set(err, UK_CANCELLED, "cancelled");
    return uk_buf_check(line, err);
}

void
uk_terminal_stop(struct uk_terminal *terminal)
{
    if (terminal->fd >= 0)
        tcsetattr(terminal->fd, TCSAFLUSH, &terminal->before);
    uk_io_close(&terminal->fd);
}

enum uk_code
uk_terminal_yes(const char *question, struct uk_err *err)
{
    struct uk_terminal terminal = UK_TERMINAL_NONE;
    struct uk_buf line = UK_BUF_UP_TO(ANSWER_MAX);
    enum uk_code code;

    code = uk_terminal_start(&terminal, false, err);
    if (code == UK_OK)
        code = uk_terminal_line(&terminal, question, &line, err);
    if (code == UK_OK && !uk_str_equal_nocase(uk_buf_peek(&line), "y") &&
        !uk_str_equal_nocase(uk_buf_peek(&line), "yes"))
        code = uk_err_set(err, UK_CANCELLED, "not done");
    uk_terminal_stop(&terminal);
    uk_buf_clear(&line);
    return code;
}

const char *
uk_terminal_date(int64_t seconds, char out[UK_TERMINAL_DATE])
{
    time_t when = (time_t)seconds;
    struct tm tm;

    if (gmtime_r(&when, &tm) == NULL ||
        strftime(out, UK_TERMINAL_DATE, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        memcpy(out, "-", 2);
    return out;
}

void
uk_terminal_next(const char *fmt, ...)
{
    char text[NEXT_MAX], shown[NEXT_MAX];
    va_list args;

    if (isatty(STDERR_FILENO) != 1)
        return;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    uk_str_escape(shown, sizeof(shown), text); /* names can have any byte */
    fprintf(stderr, "%s\n", shown);
}
