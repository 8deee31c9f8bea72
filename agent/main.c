/*
 * userkey-agent: whose key is this?
 *
 * Warm up, lock down, listen.  What takes privilege (settings, CA, client key)
 * is read first; then the process becomes its own user for good; only then it
 * looks at what the other side says.  It answers one request on descriptor 3
 * and leaves.  What comes in a command line, an environment or an exit status
 * decides nothing.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/helper.h"
#include "core/https.h"
#include "core/io.h"
#include "core/log.h"
#include "core/settings.h"

#include "agent/peer.h"
#include "agent/privs.h"
#include "agent/serve.h"

#define FD    UK_HELPER_FD
#define USAGE 2 /* exit status: started in a way that it is not for */

/* What descriptor 3 is. */
enum door {
    DOOR_NONE,      /* no socket of ours */
    DOOR_CONNECTED, /* one caller, to be answered once */
    DOOR_LISTENING, /* callers, each on a connection of its own */
};

static const struct uk_log to_person = {
    .fd = STDERR_FILENO,
    .most = UK_LEVEL_ERROR,
};

static bool
is_option(int fd, int option, int wanted)
{
    int value = -1;
    socklen_t len = sizeof(value);

    return getsockopt(fd, SOL_SOCKET, option, &value, &len) == 0 &&
           value == wanted;
}

static enum door
look_at(int fd)
{
    if (!is_option(fd, SO_DOMAIN, AF_UNIX) ||
        !is_option(fd, SO_TYPE, SOCK_SEQPACKET))
        return DOOR_NONE;
    return is_option(fd, SO_ACCEPTCONN, 1) ? DOOR_LISTENING : DOOR_CONNECTED;
}

/* Everything that the process is to have and to be, before it looks at the
 * request. */
static enum uk_code
get_ready(const char *conf_file, struct uk_settings *settings,
          struct uk_https **https, struct uk_err *err)
{
    enum uk_code code;

    code = uk_privs_forget(FD, err);
    if (code == UK_OK)
        code = uk_settings_load(conf_file, settings, err);
    if (code == UK_OK)
        code = uk_https_start(err);
    if (code == UK_OK)
        code = uk_https_new(settings, https, err);
    if (code == UK_OK)
        code = uk_privs_drop(UK_PRIVS_USER, err);
    return code;
}

/* The caller waits until this process has gone, so what remains to be done is
 * done by another, which has the settings' timeout and not a second more. */
static void
finish(const struct uk_serve *serve, const struct uk_secret *leftover)
{
    if (leftover->len == 0 || fork() > 0)
        return;
    close(FD);
    alarm((unsigned)(serve->settings->timeout / 1000 + 2));
    uk_serve_leftover(serve, leftover);
}

static void
serve_connection(const char *conf_file, struct uk_deadline since)
{
    struct uk_settings settings;
    struct uk_serve serve = {.settings = &settings, .since = since};
    struct uk_secret leftover = UK_SECRET_NONE;
    struct uk_err err = UK_ERR_NONE;
    struct uk_peer peer;
    enum uk_code code;

    code = uk_peer_find(FD, &peer, &err);
    if (code == UK_OK)
        code = get_ready(conf_file, &settings, &serve.https, &err);
    /* Died before we could be told of it? */
    if (code == UK_OK && peer.parent && getppid() != peer.pid)
        return;
    if (code != UK_OK) {
        uk_serve_failure(FD, code, &err);
        return;
    }
    uk_serve_one(&serve, FD, &peer, &leftover);
    finish(&serve, &leftover);
    uk_secret_clear(&leftover);
}

int
main(int argc, char **argv)
{
    struct uk_deadline since = uk_deadline_in(0);

    if (argc != 3 || strcmp(argv[1], "--conf") != 0) {
        uk_log_line(&to_person, UK_LEVEL_ERROR,
                    "usage: userkey-agent --conf FILE (with a socket as "
                    "descriptor %d)",
                    FD);
        return USAGE;
    }
    switch (look_at(FD)) {
    case DOOR_CONNECTED:
        serve_connection(argv[2], since);
        /* No epilogue: a thread of libcurl's may still look a name up. */
        _exit(0);
    case DOOR_LISTENING:
        uk_log_line(&to_person, UK_LEVEL_ERROR,
                    "userkey-agent: descriptor %d is a listening socket; this "
                    "version serves one connected caller only",
                    FD);
        return USAGE;
    case DOOR_NONE:
        break;
    }
    uk_log_line(&to_person, UK_LEVEL_ERROR,
                "userkey-agent: descriptor %d is not a socket of the PAM "
                "module's; this program is started by it, not by hand",
                FD);
    return USAGE;
}
