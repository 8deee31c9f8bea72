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

/* Its output, and how it ended. */
static enum uk_code
run_secret_tool(struct uk_buf *text, int *status, struct uk_err *err)
{
    static char program[] = SECRET_TOOL, verb[] = "lookup",
                attribute[] = "service", value[] = "userkey";
    char *const argv[] = {program, verb, attribute, value, NULL};
    posix_spawn_file_actions_t actions;
    int pipe_fds[2], why;
    enum uk_code code;
    pid_t pid = -1;

    if (pipe2(pipe_fds, O_CLOEXEC) != 0)
        return uk_err_sys(err, errno, _("making a pipe"));
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, pipe_fds[1], 1);
    why = posix_spawn(&pid, SECRET_TOOL, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    uk_io_close(&pipe_fds[1]);
    code = why == 0 ? uk_io_read_all(pipe_fds[0], text,
                                     uk_deadline_in(SECRET_MS), err)
                    : uk_err_sys(err, why, _("starting '%s'"), SECRET_TOOL);
    uk_io_close(&pipe_fds[0]);
    if (why == 0 && code != UK_OK)
        kill(pid, SIGTERM);
    if (why == 0 && waitpid(pid, status, 0) != pid && code == UK_OK)
        code = uk_err_sys(err, errno, _("waiting for '%s'"), SECRET_TOOL);
    return code;
}

static enum uk_code
ask_secret_service(struct uk_secret *out, bool *found, struct uk_err *err)
{
    struct uk_buf text = UK_BUF_UP_TO(UK_SECRET_MAX);
    int status = -1;
    enum uk_code code = run_secret_tool(&text, &status, err);

    *found = code == UK_OK && status == 0 && text.len > 0;
    if (*found)
        code = take(&text, _("the secret service"), out, err);
    uk_buf_clear(&text);
    return code == UK_OK ? code
                         : uk_err_in(err, _("the desktop's secret service"));
}

enum uk_code
uk_keysource_read(const char *file, struct uk_secret *out, struct uk_err *err)
{
    char credential[PATH_MAX], own[PATH_MAX];
    bool found = false;
    enum uk_code code = UK_OK;

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
    if (access(SECRET_TOOL, X_OK) == 0)
        code = ask_secret_service(out, &found, err);
    if (code != UK_OK || found)
        return code;
    return uk_err_set(
        err, UK_INVALID,
        _("no key is kept anywhere: neither as systemd's credential "
          "'userkey', nor in '%s', nor in the desktop's secret "
          "service; 'userkey create NAME --out FILE' makes one"),
        own[0] != '\0' ? own : "~/.config/userkey/key");
}
