/* What the long-lived agent of this machine says about itself. */
#include "tool/machine/agentask.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "core/deadline.h"
#include "core/io.h"
#include "core/settings.h"
#include "core/str.h"
#include "tool/terminal/language.h"

#define WAIT_MS 5000

enum uk_code
uk_agentask_numbers(const char *agent_socket, struct uk_buf *text,
                    struct uk_err *err)
{
    char path[UK_CONF_VALUE + sizeof(UK_SETTINGS_STATUS)];
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    enum uk_code code;
    int fd;

    snprintf(path, sizeof(path), "%s" UK_SETTINGS_STATUS, agent_socket);
    if (!uk_str_copy(at.sun_path, sizeof(at.sun_path), path))
        return uk_err_set(err, UK_MISCONFIGURED,
                          _("'%s' is too long for a socket"), path);
    /* An agent that hangs, and at whose socket enough others wait, must not
     * keep us. */
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)(const void *)&at,
                          sizeof(at)) != 0)
        code = uk_err_sys(err, errno, _("connecting to '%s'"), path);
    else
        code = uk_io_read_all(fd, text, uk_deadline_in(WAIT_MS), err);
    uk_io_close(&fd);
    if (code == UK_OK && text->len == 0)
        code = uk_err_set(err, UK_BAD_ANSWER, _("'%s' says nothing"), path);
    return code;
}
