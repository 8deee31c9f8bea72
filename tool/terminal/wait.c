/* What takes its time, said to people while it does. */
#include "tool/terminal/wait.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "tool/terminal/language.h"
#include "tool/terminal/tty.h"

#define CLEAR "\r\033[K"

/* For the handler: written while no alarm is set. */
static char line[512];
static volatile sig_atomic_t length;
static volatile sig_atomic_t shown;
static bool obeys; /* else it is a line of its own, which stays */

static void
show(int number)
{
    int saved = errno;

    shown = write(STDERR_FILENO, line, (size_t)length) > 0;
    errno = saved;
}

static void
set_alarm(time_t seconds)
{
    const struct itimerval when = {.it_value = {.tv_sec = seconds}};

    setitimer(ITIMER_REAL, &when, NULL);
}

/* What can be taken away has one line, as a fold would stay. */
static void
make_line(const char *text)
{
    size_t room = uk_tty_width(STDERR_FILENO) - 1;
    char cut[256];

    uk_language_escape(cut, sizeof(cut), text);
    while (obeys && uk_language_width(cut) > room)
        cut[strlen(cut) - 1] = '\0';
    length = snprintf(line, sizeof(line), "%s%s%s", obeys ? CLEAR : "", cut,
                      obeys ? "" : "\n");
}

void
uk_wait_begin(const char *subject)
{
    struct sigaction action = {.sa_handler = show, .sa_flags = SA_RESTART};
    char text[256];

    uk_wait_end();
    if (isatty(STDERR_FILENO) != 1)
        return;
    obeys = uk_tty_obeys(STDERR_FILENO);
    snprintf(text, sizeof(text), _("waiting for %s ..."), subject);
    make_line(text);
    sigaction(SIGALRM, &action, NULL);
    set_alarm(1);
}

void
uk_wait_look(const char *subject)
{
    char text[256];

    uk_wait_end();
    obeys = uk_tty_obeys(STDERR_FILENO);
    if (!obeys)
        return;
    snprintf(text, sizeof(text), _("looking at %s ..."), subject);
    make_line(text);
    show(0);
}

void
uk_wait_end(void)
{
    if (length == 0)
        return;
    set_alarm(0);
    length = 0; /* an alarm that still comes shows nothing */
    if (shown && !obeys)
        shown = 0;
    else if (shown)
        shown = write(STDERR_FILENO, CLEAR, strlen(CLEAR)) < 0;
}
