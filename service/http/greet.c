/*
 * TLS handshakes that wait for their clients.
 *
 * The library asks for the rest of a handshake again and again, so that one
 * client that stops in it costs a whole core.  Here such a connection is
 * suspended until there is something to read.
 */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "core/io.h"
#include "service/http/internal.h"

#define EVENTS 64

enum uk_code
uk_http_greet_init(struct uk_http *http, struct uk_err *err)
{
    if (!http->options.tls)
        return UK_OK;
    http->greet = epoll_create1(EPOLL_CLOEXEC);
    if (http->greet < 0)
        return uk_err_sys(err, errno, "making an epoll descriptor");
    return UK_OK;
}

static void
wait_for(struct uk_http_connection *link)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP,
                                .data.ptr = link};
    struct uk_http *http = link->http;

    if (http->leaving ||
        epoll_ctl(http->greet, EPOLL_CTL_ADD, link->item.fd, &event) != 0)
        return;
    MHD_suspend_connection(link->connection);
    link->waits = true;
    http->waiting++;
}

static void
go_on(struct uk_http_connection *link)
{
    if (!link->waits)
        return;
    epoll_ctl(link->http->greet, EPOLL_CTL_DEL, link->item.fd, NULL);
    link->waits = false;
    link->http->waiting--;
    MHD_resume_connection(link->connection);
}

/* What GnuTLS reads with.  Behind the client's last word of the handshake the
 * library knows how to wait. */
static ssize_t
pull(gnutls_transport_ptr_t from, void *to, size_t len)
{
    struct uk_http_connection *link = from;
    ssize_t n = recv(link->item.fd, to, len, 0);
    int why = errno;

    if (!link->greeted)
        link->greeted = gnutls_handshake_get_last_in(link->session) ==
                        GNUTLS_HANDSHAKE_FINISHED;
    if (n < 0 && (why == EAGAIN || why == EWOULDBLOCK) && !link->greeted)
        wait_for(link);
    errno = why;
    return n;
}

void
uk_http_greet(struct uk_http_connection *link,
              struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);

    if (link->http->greet < 0 || info == NULL || info->tls_session == NULL)
        return;
    link->connection = connection;
    link->session = info->tls_session;
    gnutls_transport_set_ptr2(link->session, link,
                              (void *)(intptr_t)link->item.fd);
    gnutls_transport_set_pull_function(link->session, pull);
}

void
uk_http_greet_run(struct uk_http *http)
{
    struct epoll_event events[EVENTS];
    int n;

    if (http->waiting == 0)
        return;
    n = epoll_wait(http->greet, events, EVENTS, 0);
    for (int i = 0; i < n; i++)
        go_on(events[i].data.ptr);
}

void
uk_http_greet_clear(struct uk_http *http)
{
    struct uk_sweep_item *head = &http->sweep.head;

    http->leaving = true;
    for (struct uk_sweep_item *item = head->after; item != head;
         item = item->after)
        go_on((struct uk_http_connection *)item);
}
