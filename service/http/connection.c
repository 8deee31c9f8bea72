/* Connections of one listener, from accept to close. */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "service/http/internal.h"

static struct uk_address
address_of(const struct sockaddr *peer)
{
    struct uk_address address = {.len = 0};

    address.len = peer->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                              : sizeof(struct sockaddr_in);
    memcpy(&address.at, peer, address.len);
    return address;
}

/* Are connections nearly used up?  An eighth of them is for who comes next,
 * and whoever has nothing to ask makes room for it. */
static bool
is_crowded(const struct uk_http *http)
{
    unsigned most = http->options.max_connections;

    return http->sweep.count + most / 8 + 1 >= most;
}

void
uk_http_wait(struct uk_http_connection *link, unsigned ms)
{
    if (link->http->options.may_drop)
        uk_sweep_idle(&link->http->sweep, &link->item, ms);
    else
        uk_sweep_set(&link->item, ms);
}

enum MHD_Result
uk_http_on_accept(void *context, const struct sockaddr *peer, socklen_t len)
{
    struct uk_http *http = context;
    struct uk_address address = address_of(peer);

    (void)len;
    if (!uk_crowd_check(http->crowd, uk_address_subject(&address))) {
        uk_meter_add(&http->counts.crowded, 1);
        return MHD_NO;
    }
    if (is_crowded(http))
        (void)uk_sweep_drop_idle(&http->sweep);
    return MHD_YES;
}

static void
close_link(struct uk_http *http, struct uk_http_connection *link)
{
    if (link == NULL)
        return;
    if (http->options.tls && !link->greeted)
        uk_meter_add(&http->counts.unused, 1);
    uk_meter_add(&http->counts.closed, 1);
    uk_sweep_remove(&http->sweep, &link->item);
    uk_crowd_remove(http->crowd, link->subject);
    free(link);
}

/* NULL without memory. */
static struct uk_http_connection *
open_link(struct uk_http *http, struct MHD_Connection *connection)
{
    struct uk_http_connection *link = calloc(1, sizeof(*link));
    unsigned hello_ms = http->options.hello_ms;
    const union MHD_ConnectionInfo *info;

    if (link == NULL)
        return NULL;
    link->http = http;
    info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    link->peer = address_of(info->client_addr);
    uk_address_text(&link->peer, false, link->peer_text);
    link->subject = uk_address_subject(&link->peer);
    if (!uk_crowd_add(http->crowd, link->subject)) {
        free(link);
        return NULL;
    }
    info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (hello_ms == 0)
        hello_ms = UK_HTTP_HELLO_MS;
    uk_sweep_add(&http->sweep, &link->item, info->connect_fd, hello_ms);
    uk_http_wait(link, hello_ms);
    uk_http_greet(link, connection);
    uk_meter_add(&http->counts.opened, 1);
    return link;
}

void
uk_http_on_connection(void *context, struct MHD_Connection *connection,
                      void **slot, enum MHD_ConnectionNotificationCode what)
{
    struct uk_http *http = context;

    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        close_link(http, *slot);
        *slot = NULL;
    } else {
        *slot = open_link(http, connection); /* NULL: its request is refused */
    }
}

/* The library takes no new connection while there are as many as there may
 * be, so this is not for uk_http_on_accept() alone. */
void
uk_http_sweep(struct uk_http *http)
{
    unsigned reserve = http->options.max_connections / 8 + 1;

    uk_sweep_run(&http->sweep);
    for (unsigned i = 0; i < reserve && is_crowded(http); i++) {
        if (!uk_sweep_drop_idle(&http->sweep))
            break;
    }
}
