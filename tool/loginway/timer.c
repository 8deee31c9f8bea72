/* Who ends a trial that nobody confirms. */
#include "tool/loginway/timer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tool/loginway/state.h"
#include "tool/machine/program.h"
#include "tool/terminal/language.h"

#define BOOT_UNIT   "userkey-login-trial.service"
#define DESCRIPTION "--description=end of a trial of the login by key"

/* Does systemd run this machine? */
static bool
has_systemd(void)
{
    struct stat st;

    return lstat("/run/systemd/system", &st) == 0 && S_ISDIR(st.st_mode);
}

static bool
ask_systemd(unsigned long seconds)
{
    char active[64], self[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
    const char *const argv[] = {"/usr/bin/systemd-run",
                                "--quiet",
                                "--collect",
                                DESCRIPTION,
                                "--timer-property=AccuracySec=1s",
                                active,
                                self,
                                "disable-login",
                                "--expired",
                                NULL};

    if (len <= 0)
        return false;
    self[len] = '\0';
    snprintf(active, sizeof(active), "--on-active=%lus", seconds);
    return uk_program_run(argv);
}

/* Where systemd does not count the time that the machine slept, and where a
 * timer was made for a moment that has been moved, nothing is done too early:
 * what is kept says when. */
static void
wait_until(unsigned long until_s)
{
    const struct timespec until = {.tv_sec = (time_t)until_s};

    while (clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &until, NULL) ==
           EINTR)
        ;
}

/* Nothing of the terminal, the session or the folder is held on to. */
static bool
leave_everything(void)
{
    int null = open("/dev/null", O_RDWR);

    signal(SIGHUP, SIG_IGN);
    if (null < 0 || setsid() < 0 || chdir("/") != 0)
        return false;
    for (int fd = 0; fd <= 2; fd++) {
        if (dup2(null, fd) != fd)
            return false;
    }
    return close_range(3, UINT_MAX, 0) == 0;
}

/* The grandchild belongs to init, which is who buries it.  The middle one says
 * by its status whether there is one. */
static enum uk_code
start_own(unsigned long until_s, void (*end)(void), struct uk_err *err)
{
    int status = -1;
    pid_t child = fork();

    if (child < 0)
        return uk_err_sys(err, errno, _("starting the timer of the trial"));
    if (child == 0) {
        pid_t grandchild;

        if (!leave_everything())
            _exit(1);
        grandchild = fork();
        if (grandchild == 0) {
            wait_until(until_s);
            end();
        }
        _exit(grandchild < 0 ? 1 : 0);
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return uk_err_set(err, UK_SYSTEM,
                          _("the timer of the trial does not start"));
    return UK_OK;
}

enum uk_code
uk_logintimer_start(unsigned long until_s, void (*end)(void),
                    struct uk_err *err)
{
    unsigned long now = uk_loginstate_now();

    if (has_systemd() && ask_systemd(until_s > now ? until_s - now : 0))
        return UK_OK;
    return start_own(until_s, end, err);
}

bool
uk_logintimer_at_boot(bool wanted)
{
    const char *const argv[] = {"/usr/bin/systemctl", "--quiet",
                                wanted ? "enable" : "disable", BOOT_UNIT, NULL};

    return has_systemd() && uk_program_run(argv);
}
