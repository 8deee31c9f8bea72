/* Where callers come in. */
#include "agent/door.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/io.h"
#include "core/str.h"
#include "core/walk.h"

#define BACKLOG 4096 /* the kernel cuts it to net.core.somaxconn */

static bool
is_option(int fd, int option, int wanted)
{
    int value = -1;
    socklen_t len = sizeof(value);

    return getsockopt(fd, SOL_SOCKET, option, &value, &len) == 0 &&
           value == wanted;
}

enum uk_door
uk_door_look(int fd)
{
    if (!is_option(fd, SO_DOMAIN, AF_UNIX) ||
        !is_option(fd, SO_TYPE, SOCK_SEQPACKET))
        return UK_DOOR_NONE;
    return is_option(fd, SO_ACCEPTCONN, 1) ? UK_DOOR_LISTENING
                                           : UK_DOOR_CONNECTED;
}

static const struct {
    int type;
    mode_t mode;
} kinds[] = {
    [UK_DOOR_FOR_CALLERS] = {SOCK_SEQPACKET, 0666},
    [UK_DOOR_FOR_ROOT] = {SOCK_STREAM, 0600},
};

static enum uk_code
make_socket(enum uk_door_kind kind, int *fd, struct uk_err *err)
{
    *fd = socket(AF_UNIX, kinds[kind].type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return *fd >= 0 ? UK_OK : uk_err_sys(err, errno, "making a socket");
}

static bool
set_address(struct sockaddr_un *address, const char *path)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    return uk_str_copy(address->sun_path, sizeof(address->sun_path), path);
}

/* Who is busy (EAGAIN), or is there for other callers (EPROTOTYPE), is there. */
static bool
is_free(int fd, const struct sockaddr_un *address)
{
    return connect(fd, (const struct sockaddr *)address, sizeof(*address)) !=
               0 &&
           (errno == ENOENT || errno == ECONNREFUSED);
}

static enum uk_code
check_free(const char *path, enum uk_door_kind kind, struct uk_err *err)
{
    struct sockaddr_un address;
    enum uk_code code;
    int fd = -1;

    if (!set_address(&address, path))
        return uk_err_set(err, UK_MISCONFIGURED,
                          "'%s' is too long for the path of a socket", path);
    code = make_socket(kind, &fd, err);
    if (code == UK_OK && !is_free(fd, &address))
        code = uk_err_set(err, UK_INVALID, "somebody listens at '%s' already",
                          path);
    uk_io_close(&fd);
    return code;
}

/* Where no one but root and we could put another one in its place. */
static enum uk_code
check_folder(const char *path, struct uk_err *err)
{
    struct uk_walk walk;
    enum uk_code code =
        uk_walk_to_last(&walk, path, UK_WALK_STICKY_REFUSED, err);

    uk_walk_close(&walk);
    return code;
}

/* Under another name first: a caller who comes meanwhile finds the old socket
 * or the new one, and the new one listens. */
static enum uk_code
listen_at(int fd, enum uk_door_kind kind, const char *path, struct uk_err *err)
{
    struct sockaddr_un address;
    char fresh[sizeof(address.sun_path)];

    if (snprintf(fresh, sizeof(fresh), "%s.%ld", path, (long)getpid()) >=
            (int)sizeof(fresh) ||
        !set_address(&address, fresh))
        return uk_err_set(err, UK_MISCONFIGURED,
                          "'%s' is too long for the path of a socket", path);
    (void)unlink(fresh);
    if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
        return uk_err_sys(err, errno, "making the socket '%s'", fresh);
    if (chmod(fresh, kinds[kind].mode) == 0 && listen(fd, BACKLOG) == 0 &&
        rename(fresh, path) == 0)
        return UK_OK;
    uk_err_sys(err, errno, "listening at '%s'", path);
    (void)unlink(fresh);
    return err->code;
}

enum uk_code
uk_door_open(const char *path, enum uk_door_kind kind, int fd,
             struct uk_err *err)
{
    enum uk_code code = check_folder(path, err);
    int made = -1;

    if (code == UK_OK)
        code = check_free(path, kind, err);
    if (code == UK_OK)
        code = make_socket(kind, &made, err);
    if (code == UK_OK)
        code = listen_at(made, kind, path, err);
    if (code != UK_OK) {
        uk_io_close(&made);
        return code;
    }
    if (made != fd) {
        if (dup2(made, fd) < 0)
            code = uk_err_sys(err, errno, "moving the socket to descriptor %d",
                              fd);
        uk_io_close(&made);
    }
    return code;
}
