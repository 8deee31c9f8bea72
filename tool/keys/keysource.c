/* Where a person's key is kept, so that nobody has to type it. */
#include "tool/keys/keysource.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/deadline.h"
#include "core/file.h"
#include "core/io.h"
#include "core/keytext.h"
#include "tool/terminal/language.h"

#define SECRET_TOOL "/usr/bin/secret-tool"
/* Somebody may have to unlock it first. */
#define SECRET_MS 120000

/* One line with a key, and nothing else. */
static enum uk_code
take(const struct uk_buf *text, const char *where, struct uk_secret *out,
     struct uk_err *err)
{
    size_t len = text->len;

    while (len > 0 &&
           (text->bytes[len - 1] == '\n' || text->bytes[len - 1] == '\r'))
        len--;
    if (len == 0 || !uk_keytext_check_any((const char *)text->bytes, len))
        return uk_err_set(
            err, UK_MISCONFIGURED,
            _("there is no key in %s, or something else beside it"), where);
    return uk_secret_set(out, (const char *)text->bytes, len, err);
}

static enum uk_code
read_file(const char *path, enum uk_file_trust trust, struct uk_secret *out,
          struct uk_err *err)
{
    struct uk_buf text = UK_BUF_UP_TO(UK_SECRET_MAX);
    char where[PATH_MAX + 8];
    enum uk_code code = uk_file_read(path, trust, &text, err);

    snprintf(where, sizeof(where), "'%s'", path);
    if (code == UK_OK)
        code = take(&text, where, out, err);
    uk_buf_clear(&text);
    return code;
}

/* $NAME/rest, or under the home folder; "" where neither is known. */
static void
find_path(char out[PATH_MAX], const char *name, const char *rest,
          const char *under_home)
{
    const char *base = getenv(name), *home = getenv("HOME");
    int len = 0;

    out[0] = '\0';
    if (base != NULL && base[0] == '/')
        len = snprintf(out, PATH_MAX, "%s/%s", base, rest);
    else if (under_home != NULL && home != NULL && home[0] == '/')
        len = snprintf(out, PATH_MAX, "%s/%s", home, under_home);
    if (len >= PATH_MAX)
        out[0] = '\0';
}

void
uk_keysource_own(char out[PATH_MAX], const char *name)
{
    char in_base[64], in_home[64];

    out[0] = '\0';
    if (snprintf(in_base, sizeof(in_base), "userkey/%s", name) <
            (int)sizeof(in_base) &&
        snprintf(in_home, sizeof(in_home), ".config/userkey/%s", name) <
            (int)sizeof(in_home))
        find_path(out, "XDG_CONFIG_HOME", in_base, in_home);
}

static bool
is_there(const char *path)
{
    return path[0] != '\0' &&
           (access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR));
}

/* What came of asking secret-tool. */
struct asked {
    struct uk_buf text;
    int status;
    bool complained; /* in words of its own, which nobody gets to see */
};

static enum uk_code
spawn_secret_tool(int out, int errors, pid_t *pid, struct uk_err *err)
{
    static char program[] = SECRET_TOOL, verb[] = "lookup",
                attribute[] = "service", value[] = "userkey";
    char *const argv[] = {program, verb, attribute, value, NULL};
    posix_spawn_file_actions_t actions;
    int why;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out, 1);
    posix_spawn_file_actions_adddup2(&actions, errors, 2);
    why = posix_spawn(pid, SECRET_TOOL, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    return why == 0 ? UK_OK
                    : uk_err_sys(err, why, _("starting '%s'"), SECRET_TOOL);
}

static enum uk_code
run_secret_tool(struct asked *asked, struct uk_err *err)
{
    int pipe_fds[2] = {-1, -1}, errors = memfd_create("errors", MFD_CLOEXEC);
    enum uk_code code = UK_OK;
    struct stat st = {.st_size = 0};
    pid_t pid = -1;

    if (errors == -1 || pipe2(pipe_fds, O_CLOEXEC) != 0)
        code = uk_err_sys(err, errno, _("making a pipe"));
    if (code == UK_OK)
        code = spawn_secret_tool(pipe_fds[1], errors, &pid, err);
    uk_io_close(&pipe_fds[1]);
    if (pid != -1) {
        code = uk_io_read_all(pipe_fds[0], &asked->text,
                              uk_deadline_in(SECRET_MS), err);
        if (code != UK_OK)
            kill(pid, SIGTERM);
        if (waitpid(pid, &asked->status, 0) != pid && code == UK_OK)
            code = uk_err_sys(err, errno, _("waiting for '%s'"), SECRET_TOOL);
        asked->complained = fstat(errors, &st) == 0 && st.st_size > 0;
    }
    uk_io_close(&pipe_fds[0]);
    uk_io_close(&errors);
    return code;
}

/* *silent says why it has none, if it could not be asked. */
static enum uk_code
ask_secret_service(struct uk_secret *out, bool *found, const char **silent,
                   struct uk_err *err)
{
    struct asked asked = {.text = UK_BUF_UP_TO(UK_SECRET_MAX), .status = -1};
    enum uk_code code;

    if (access(SECRET_TOOL, X_OK) != 0) {
        *silent = _(" (which 'secret-tool' would ask)");
        return UK_OK;
    }
    code = run_secret_tool(&asked, err);
    *found = code == UK_OK && asked.status == 0 && asked.text.len > 0;
    if (*found)
        code = take(&asked.text, _("the secret service"), out, err);
    else if (asked.complained)
        *silent = _(" (which does not answer here)");
    uk_buf_clear(&asked.text);
    return code == UK_OK ? code
                         : uk_err_in(err, _("the desktop's secret service"));
}

enum uk_code
uk_keysource_read(const char *file, struct uk_secret *out, struct uk_err *err)
{
    char credential[PATH_MAX], own[PATH_MAX];
    const char *silent = "";
    bool found = false;
    enum uk_code code;

    if (file != NULL)
        return read_file(file, UK_FILE_PRIVATE, out, err);
    find_path(credential, "CREDENTIALS_DIRECTORY", "userkey", NULL);
    uk_keysource_own(own, "key");
    /* systemd says who may read its own; where it does so with an access
     * control list, the mode shows it as the group's. */
    if (is_there(credential))
        return read_file(credential, UK_FILE_TRUSTED, out, err);
    if (is_there(own))
        return read_file(own, UK_FILE_PRIVATE, out, err);
    code = ask_secret_service(out, &found, &silent, err);
    if (code != UK_OK || found)
        return code;
    return uk_err_set(
        err, UK_INVALID,
        _("no key is kept anywhere: neither as systemd's credential "
          "'userkey', nor in '%s', nor in the desktop's secret "
          "service%s; 'userkey create NAME --out FILE' makes one"),
        own[0] != '\0' ? own : "~/.config/userkey/key", silent);
}
