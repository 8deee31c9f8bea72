/* What 'userkey enable-login' has done to this machine, and until when. */
#include "tool/loginway/state.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "core/attr.h"
#include "core/deadline.h"
#include "core/file.h"
#include "core/io.h"
#include "tool/loginway/pamfile.h"
#include "tool/loginway/proof.h"
#include "tool/terminal/language.h"

#define FILE_NAME "state"
#define FILE_PATH UK_LOGINFILE_STATE "/" FILE_NAME
#define LOCK_PATH UK_LOGINFILE_STATE "/lock"
#define LOCK_MS   30000

#define AT(x) offsetof(struct uk_loginstate, x)

static const char *const ways[] = {"services", "profile", NULL};
static const struct uk_conf_rule rules[] = {
    {.name = "way",
     .type = UK_CONF_CHOICE,
     .required = true,
     .offset = AT(way),
     .choices = ways},
    {.name = "services", .type = UK_CONF_LIST, .offset = AT(services)},
    {.name = "made_stack", .type = UK_CONF_BOOL, .offset = AT(made_stack)},
    {.name = "began",
     .type = UK_CONF_NUMBER,
     .required = true,
     .offset = AT(began),
     .max = ULONG_MAX},
    {.name = "session",
     .type = UK_CONF_NUMBER,
     .offset = AT(session),
     .max = ULONG_MAX},
    {.name = "until",
     .type = UK_CONF_NUMBER,
     .required = true,
     .offset = AT(until),
     .max = ULONG_MAX},
    {.name = "boot",
     .type = UK_CONF_TEXT,
     .required = true,
     .offset = AT(boot)},
};
static const struct uk_conf_table table = {rules, UK_COUNT(rules)};

static void
read_boot(char to[UK_CONF_VALUE])
{
    struct uk_buf text = UK_BUF_UP_TO(UK_CONF_VALUE - 1);
    struct uk_err ignored = UK_ERR_NONE;
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

    memcpy(to, "none", 5);
    if (fd >= 0 &&
        uk_io_read_all(fd, &text, uk_deadline_in(1000), &ignored) == UK_OK)
        snprintf(to, UK_CONF_VALUE, "%.*s",
                 (int)strcspn(uk_buf_peek(&text), "\n"), uk_buf_peek(&text));
    uk_io_close(&fd);
    uk_buf_clear(&text);
}

unsigned long
uk_loginstate_now(void)
{
    struct timespec now = {.tv_sec = 0};

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (unsigned long)now.tv_sec;
}

void
uk_loginstate_stamp(struct uk_loginstate *state)
{
    struct timespec now = {.tv_sec = 0};
    unsigned long hertz = (unsigned long)sysconf(_SC_CLK_TCK);

    clock_gettime(CLOCK_BOOTTIME, &now);
    state->began = (unsigned long)now.tv_sec * hertz +
                   (unsigned long)now.tv_nsec / (1000000000UL / hertz);
    state->session = uk_loginproof_last_session();
    read_boot(state->boot);
}

enum uk_code
uk_loginstate_load(struct uk_loginstate *out, bool *there, struct uk_err *err)
{
    struct uk_buf text = UK_BUF_UP_TO(UK_LOGINFILE_MAX);
    struct uk_loginstate state = {.way = UK_LOGINWAY_SERVICES};
    struct uk_conf_seen seen;
    enum uk_code code = uk_loginfile_kept(FILE_NAME, &text, err);

    if (code == UK_SYSTEM && err->sys == ENOENT) {
        *there = false;
        return UK_OK;
    }
    if (code == UK_OK)
        code = uk_conf_parse(&table, uk_buf_peek(&text), text.len, FILE_PATH,
                             &state, &seen, err);
    uk_buf_clear(&text);
    if (code != UK_OK)
        return code;
    *out = state;
    *there = true;
    return UK_OK;
}

enum uk_code
uk_loginstate_save(const struct uk_loginstate *state, struct uk_err *err)
{
    struct uk_buf text = UK_BUF_UP_TO(UK_LOGINFILE_MAX);
    enum uk_code code;

    uk_buf_addf(&text, "# of 'userkey enable-login'\nway = %s\n",
                ways[state->way]);
    if (state->services.count > 0)
        uk_buf_add_text(&text, "services =");
    for (size_t i = 0; i < state->services.count; i++)
        uk_buf_addf(&text, " %s", state->services.item[i]);
    uk_buf_addf(&text,
                "\nmade_stack = %s\nbegan = %lu\nsession = %lu\nuntil = %lu\n"
                "boot = %s\n",
                state->made_stack ? "yes" : "no", state->began, state->session,
                state->until, state->boot);
    code = uk_buf_check(&text, err);
    if (code == UK_OK)
        code = uk_loginfile_keep(FILE_NAME, &text, err);
    uk_buf_clear(&text);
    return code;
}

enum uk_code
uk_loginstate_drop(const struct uk_loginstate *state, struct uk_err *err)
{
    char path[UK_LOGINFILE_PATH];

    if (unlink(FILE_PATH) != 0 && errno != ENOENT)
        return uk_err_sys(err, errno, _("removing '%s'"), FILE_PATH);
    for (size_t i = 0; i < state->services.count; i++) {
        snprintf(path, sizeof(path), "%s/%s.before", UK_LOGINFILE_STATE,
                 state->services.item[i]);
        unlink(path); /* what is left over is in nobody's way */
    }
    return UK_OK;
}

enum uk_code
uk_loginstate_lock(int *fd, struct uk_err *err)
{
    struct uk_deadline by = uk_deadline_in(LOCK_MS);
    int lock;

    if (uk_file_make_folder(UK_LOGINFILE_STATE, 0700, err) != UK_OK)
        return err->code;
    lock = open(LOCK_PATH, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock < 0)
        return uk_err_sys(err, errno, _("opening '%s'"), LOCK_PATH);
    while (flock(lock, LOCK_EX | LOCK_NB) != 0) {
        const struct timespec pause = {.tv_nsec = 50 * 1000 * 1000};

        if (errno != EWOULDBLOCK || uk_deadline_passed(by)) {
            uk_io_close(&lock);
            return uk_err_set(err, UK_SYSTEM,
                              _("another 'userkey' is changing the logins; try "
                                "again when it is done"));
        }
        nanosleep(&pause, NULL);
    }
    *fd = lock;
    return UK_OK;
}

bool
uk_loginstate_is_trial(const struct uk_loginstate *state)
{
    return state->until != 0;
}

bool
uk_loginstate_is_over(const struct uk_loginstate *state)
{
    char boot[UK_CONF_VALUE];

    read_boot(boot);
    return uk_loginstate_is_trial(state) &&
           (strcmp(boot, state->boot) != 0 ||
            uk_loginstate_now() >= state->until);
}
