/* Who is asking: root for anyone, others for themselves. */
#include "agent/peer.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/account.h"

enum uk_code
uk_peer_find(int fd, struct uk_peer *out, struct uk_err *err)
{
    struct ucred made_by;
    socklen_t len = sizeof(made_by);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &made_by, &len) != 0)
        return uk_err_sys(err, errno, "asking who is on the socket");
    *out = (struct uk_peer){
        .pid = made_by.pid,
        .uid = made_by.uid,
        /* 0 is whoever is outside of our namespace of processes. */
        .parent = made_by.pid > 0 && made_by.pid == getppid(),
    };
    return UK_OK;
}

bool
uk_peer_may(const struct uk_peer *peer, const struct uk_request *request)
{
    /* Who holds a refresh token can end its session anywhere. */
    return peer->parent || peer->uid == 0 || request->op == UK_OP_LOGOUT;
}

enum uk_code
uk_peer_check_own(const char *name, uid_t uid, struct uk_err *err)
{
    struct uk_account account;
    bool found = false;
    enum uk_code code = uk_account_find(name, &account, &found, err);

    if (code == UK_OK && (!found || account.uid != uid))
        code = uk_err_set(err, UK_INVALID,
                          "uid %lu may ask the agent about its own account, "
                          "not about '%s'",
                          (unsigned long)uid, name);
    return code;
}
