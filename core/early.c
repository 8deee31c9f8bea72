/* An agent that gets ready while the person types. */
#include "core/early.h"

#include <fcntl.h>
#include <string.h>

#include "core/chan.h"
#include "core/io.h"
#include "core/msg.h"
#include "core/str.h"
#include "core/walk.h"

/* One of the bytes of the file, for as long as the descriptor is open: the
 * kernel gives it back however this process ends.  Whoever is not root has no
 * turn. */
static bool
take_turn(int *turn)
{
    struct uk_walk walk;
    struct uk_err err = UK_ERR_NONE;
    int fd = -1;

    if (uk_walk_to_last(&walk, UK_EARLY_FILE, UK_WALK_STICKY_REFUSED, &err) ==
        UK_OK)
        fd = openat(walk.folder, walk.part,
                    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
                    0600);
    uk_walk_close(&walk);
    for (off_t i = 0; fd >= 0 && i < UK_EARLY_MOST; i++) {
        struct flock lock = {
            .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = i, .l_len = 1};

        if (fcntl(fd, F_OFD_SETLK, &lock) == 0) {
            *turn = fd;
            return true;
        }
    }
    uk_io_close(&fd);
    return false;
}

static enum uk_code
announce(const struct uk_helper *agent, const char *user, struct uk_err *err)
{
    struct uk_request request = {.op = UK_OP_PREPARE, .budget_ms = 1};

    if (!uk_str_copy(request.user, sizeof(request.user), user))
        request.user[0] = '\0';
    return uk_chan_send(agent->fd, &request, (struct uk_deadline){0}, err);
}

void
uk_early_begin(struct uk_early *early, const struct uk_settings *settings,
               const char *conf_file, const char *user)
{
    struct uk_err err = UK_ERR_NONE;
    enum uk_code code = UK_UNREACHABLE;

    if (!settings->connect_early)
        return;
    if (settings->agent_socket[0] != '\0')
        code = uk_helper_reach(&early->agent, settings->agent_socket, &err);
    if (code == UK_UNREACHABLE && take_turn(&early->turn))
        code = uk_helper_start(&early->agent, settings->agent_program,
                               conf_file, &err);
    if (code != UK_OK || announce(&early->agent, user, &err) != UK_OK)
        uk_early_end(early);
}

struct uk_helper
uk_early_take(struct uk_early *early)
{
    struct uk_helper taken = early->agent;

    early->agent = (struct uk_helper)UK_HELPER_NONE;
    return taken;
}

void
uk_early_end(struct uk_early *early)
{
    uk_helper_stop(&early->agent, (struct uk_deadline){0});
    uk_io_close(&early->turn);
}
