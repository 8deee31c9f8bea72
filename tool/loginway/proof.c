/* Does this process belong to a login that began after a moment? */
#include "tool/loginway/proof.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/deadline.h"
#include "core/io.h"
#include "core/str.h"
#include "tool/terminal/language.h"

#define NO_SESSION 4294967295UL /* what the kernel says of none */
#define READ_MS    1000
#define DEEPEST    64 /* a chain of parents that is longer is none */

struct process {
    unsigned long pid, parent;
    unsigned long began; /* clock ticks since the start of the machine */
    char name[32];
};

static bool
read_of(const char *pid, const char *file, struct uk_buf *out)
{
    struct uk_err ignored = UK_ERR_NONE;
    char path[64];
    bool good;
    int fd;

    snprintf(path, sizeof(path), "/proc/%.20s/%s", pid, file);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    good = fd >= 0 &&
           uk_io_read_all(fd, out, uk_deadline_in(READ_MS), &ignored) == UK_OK;
    uk_io_close(&fd);
    return good;
}

/* 0 where there is none: an unset one, or a kernel without audit. */
static unsigned long
session_of(const char *pid)
{
    struct uk_buf text = UK_BUF_UP_TO(64);
    unsigned long number = 0;

    if (!read_of(pid, "sessionid", &text) ||
        !uk_str_to_ulong(uk_buf_peek(&text), ULONG_MAX, &number) ||
        number == NO_SESSION)
        number = 0;
    uk_buf_clear(&text);
    return number;
}

unsigned long
uk_loginproof_last_session(void)
{
    DIR *dir = opendir("/proc");
    struct dirent *entry;
    unsigned long last = 0;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        unsigned long pid, session;

        if (!uk_str_to_ulong(entry->d_name, ULONG_MAX, &pid))
            continue;
        session = session_of(entry->d_name);
        if (session > last)
            last = session;
    }
    if (dir != NULL)
        closedir(dir);
    return last;
}

/* The word with this number behind the name, counted as in proc(5). */
static bool
take_number(const char *rest, unsigned field, unsigned long *out)
{
    char word[24];
    size_t len;

    for (unsigned i = 3; i < field && *rest != '\0'; i++)
        rest += strcspn(rest, " ") + 1;
    len = strcspn(rest, " ");
    if (len >= sizeof(word))
        return false;
    memcpy(word, rest, len);
    word[len] = '\0';
    return uk_str_to_ulong(word, ULONG_MAX, out);
}

static bool
look_at(unsigned long pid, struct process *out)
{
    struct uk_buf text = UK_BUF_UP_TO(4096);
    struct process process = {.pid = pid};
    char number[24];
    const char *stat, *open, *close;
    bool good = false;

    snprintf(number, sizeof(number), "%lu", pid);
    if (read_of(number, "stat", &text)) {
        stat = uk_buf_peek(&text);
        open = strchr(stat, '(');
        close = strrchr(stat, ')'); /* a name may have one */
        good = open != NULL && close != NULL && open < close &&
               close[1] == ' ' && take_number(close + 2, 4, &process.parent) &&
               take_number(close + 2, 22, &process.began);
        if (good)
            snprintf(process.name, sizeof(process.name), "%.*s",
                     (int)(close - open - 1), open + 1);
    }
    uk_buf_clear(&text);
    if (good)
        *out = process;
    return good;
}

/* Programs that make a process for each login, after PAM has let it in or
 * before they ask it; as the kernel cuts their names. */
static bool
is_door(const char *name)
{
    static const char *const doors[] = {
        "sshd",         "sshd-session",    "login",          "dropbear",
        "in.telnetd",   "gdm-session-wor", "lightdm",        "sddm-helper",
        "lxdm-session", "xrdp-sesman",     "cockpit-session"};

    for (size_t i = 0; i < UK_COUNT(doors); i++) {
        if (strcmp(name, doors[i]) == 0)
            return true;
    }
    return false;
}

/* The oldest of our parents that is new must be such a door; or the one above
 * it is 'login', which began as the getty that waited there, and lets in one
 * person and no more. */
static bool
comes_by_new_door(unsigned long began)
{
    struct process now, above;

    if (!look_at((unsigned long)getpid(), &now) || now.began <= began)
        return false;
    for (unsigned i = 0; i < DEEPEST; i++) {
        bool top = now.parent == 0 || !look_at(now.parent, &above);

        if (top || above.began <= began)
            return is_door(now.name) ||
                   (!top && strcmp(above.name, "login") == 0);
        now = above;
    }
    return false;
}

bool
uk_loginproof_is_new(unsigned long began, unsigned long session,
                     const char **why)
{
    unsigned long ours = session_of("self");
    struct process here;

    if (ours != 0) {
        *why = _("this is a login from before the change (by its number in the "
                 "kernel's audit)");
        return look_at((unsigned long)getpid(), &here) && here.began > began &&
               ours > session;
    }
    *why = _("this is no login that began after the change");
    return comes_by_new_door(began);
}
