/* What the tool asks a person: a secret, a line, a yes. */
#include "tool/terminal/ask.h"

#include <bsd/readpassphrase.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tool/terminal/language.h"
#include "tool/terminal/wait.h"

bool
uk_ask_is_terminal(void)
{
    return isatty(STDIN_FILENO) == 1;
}

static void
ignore(int number)
{
}

/* readpassphrase() gives the terminal back as it was and then sends itself
 * the signal that came; with a handler for it we live to say so. */
static char *
read_line(const char *prompt, char *line, size_t room, int flags)
{
    struct sigaction quiet = {.sa_handler = ignore}, before;
    char *got;
    int why;

    uk_wait_end();
    sigemptyset(&quiet.sa_mask);
    sigaction(SIGINT, &quiet, &before);
    got = readpassphrase(prompt, line, room, flags | RPP_REQUIRE_TTY);
    why = errno;
    sigaction(SIGINT, &before, NULL);
    errno = why;
    return got;
}

static enum uk_code
ask(const char *prompt, const char *how_else, char *line, size_t room,
    int flags, struct uk_err *err)
{
    if (read_line(prompt, line, room, flags) == NULL) {
        if (errno == EINTR)
            return uk_err_set(err, UK_CANCELLED, _("interrupted"));
        if (errno == ENOTTY || errno == ENXIO || errno == ENOENT)
            return uk_err_set(err, UK_INVALID, _("no terminal to ask on; %s"),
                              how_else);
        return uk_err_sys(err, errno, _("asking on the terminal"));
    }
    if (strlen(line) + 1 == room)
        return uk_err_set(err, UK_INVALID, _("longer than %zu bytes"),
                          room - 2);
    if (line[0] == '\0')
        return uk_err_set(err, UK_CANCELLED, _("nothing was typed"));
    return UK_OK;
}

enum uk_code
uk_ask_secret(const char *prompt, const char *how_else, struct uk_secret *out,
              struct uk_err *err)
{
    char line[UK_SECRET_MAX + 2];
    enum uk_code code;

    code = ask(prompt, how_else, line, sizeof(line), RPP_ECHO_OFF, err);
    if (code == UK_OK)
        code = uk_secret_set(out, line, strlen(line), err);
    uk_wipe(line, sizeof(line));
    return code;
}

/* Byte by byte, so that what stands behind the line is left to others. */
static enum uk_code
read_first_line(char *line, size_t room, size_t *len, struct uk_err *err)
{
    uk_wait_end();
    *len = 0;
    for (;;) {
        ssize_t n = read(STDIN_FILENO, line + *len, 1);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return uk_err_sys(err, errno, _("reading standard input"));
        if (n == 0 || line[*len] == '\n')
            return UK_OK;
        if (++*len == room)
            return uk_err_set(err, UK_INVALID,
                              _("the line on standard input is longer than %zu "
                                "bytes"),
                              room - 1);
    }
}

enum uk_code
uk_ask_stdin(struct uk_secret *out, struct uk_err *err)
{
    char line[UK_SECRET_MAX + 1];
    size_t len;
    enum uk_code code = read_first_line(line, sizeof(line), &len, err);

    if (code == UK_OK && len > 0 && line[len - 1] == '\r')
        len--;
    if (code == UK_OK && len == 0)
        code = uk_err_set(err, UK_INVALID, _("nothing on standard input"));
    if (code == UK_OK && memchr(line, '\0', len) != NULL)
        code = uk_err_set(err, UK_INVALID,
                          _("the line on standard input has a NUL byte"));
    if (code == UK_OK)
        code = uk_secret_set(out, line, len, err);
    uk_wipe(line, sizeof(line));
    return code;
}

enum uk_code
uk_ask_line(const char *prompt, const char *how_else, char *out, size_t room,
            struct uk_err *err)
{
    return ask(prompt, how_else, out, room, RPP_ECHO_ON, err);
}

enum uk_code
uk_ask_yes(const char *question, struct uk_err *err)
{
    char answer[32];
    enum uk_code code;

    if (!uk_ask_is_terminal())
        return uk_err_set(err, UK_INVALID,
                          _("nobody is there to ask; --yes says that it is "
                            "meant"));
    code = uk_ask_line(question, _("give --yes"), answer, sizeof(answer), err);
    if (code != UK_OK || uk_language_is_yes(answer))
        return code;
    return uk_err_set(err, UK_CANCELLED, _("not done"));
}
