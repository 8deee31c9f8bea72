/* Internet addresses, parsed, shown, counted and listened on. */
#include "service/value/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/io.h"
#include "core/str.h"
#include "service/value/crypto.h"

#define BACKLOG 1024

/* An IPv4 address that came in through an IPv6 socket is an IPv4 address. */
static void
unmap(struct uk_address *address)
{
    struct sockaddr_in6 six;
    struct sockaddr_in four = {.sin_family = AF_INET};

    if (address->at.ss_family != AF_INET6)
        return;
    memcpy(&six, &address->at, sizeof(six));
    if (!IN6_IS_ADDR_V4MAPPED(&six.sin6_addr))
        return;
    memcpy(&four.sin_addr, six.sin6_addr.s6_addr + 12, 4);
    four.sin_port = six.sin6_port;
    memcpy(&address->at, &four, sizeof(four));
    address->len = sizeof(four);
}

static bool
fill(const char *host, bool six, unsigned long port, struct uk_address *out)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    struct uk_address address = {.len = 0};

    v4.sin_port = htons((uint16_t)port);
    v6.sin6_port = v4.sin_port;
    if (inet_pton(six ? AF_INET6 : AF_INET, host,
                  six ? (void *)&v6.sin6_addr : (void *)&v4.sin_addr) != 1)
        return false;
    address.len = six ? sizeof(v6) : sizeof(v4);
    memcpy(&address.at, six ? (void *)&v6 : (void *)&v4, address.len);
    *out = address;
    return true;
}

bool
uk_address_parse(const char *text, struct uk_address *out)
{
    char host[INET6_ADDRSTRLEN];
    bool six = text[0] == '[';
    const char *end = six ? strchr(text, ']') : strrchr(text, ':');
    unsigned long port;
    size_t len;

    if (end == NULL)
        return false;
    text += six;
    len = (size_t)(end - text);
    end += six;
    if (len >= sizeof(host) || *end != ':' ||
        !uk_str_to_ulong(end + 1, 65535, &port))
        return false;
    memcpy(host, text, len);
    host[len] = '\0';
    return fill(host, six, port, out);
}

bool
uk_address_parse_host(const char *text, struct uk_address *out)
{
    struct uk_address address;

    if (!fill(text, strchr(text, ':') != NULL, 0, &address))
        return false;
    unmap(&address);
    *out = address;
    return true;
}

bool
uk_address_is_loopback(const struct uk_address *address)
{
    struct sockaddr_in6 six;
    struct sockaddr_in four;

    if (address->at.ss_family == AF_INET) {
        memcpy(&four, &address->at, sizeof(four));
        return ntohl(four.sin_addr.s_addr) >> 24 == 127;
    }
    memcpy(&six, &address->at, sizeof(six));
    return address->at.ss_family == AF_INET6 &&
           IN6_IS_ADDR_LOOPBACK(&six.sin6_addr);
}

const char *
uk_address_text(const struct uk_address *address, bool with_port,
                char out[UK_ADDRESS_TEXT])
{
    struct uk_address plain = *address;
    char host[INET6_ADDRSTRLEN];
    struct sockaddr_in6 six;
    struct sockaddr_in four;

    unmap(&plain);
    memcpy(&six, &plain.at, sizeof(six));
    memcpy(&four, &plain.at, sizeof(four));
    if (plain.at.ss_family != AF_INET && plain.at.ss_family != AF_INET6) {
        snprintf(out, UK_ADDRESS_TEXT, "unknown");
    } else if (plain.at.ss_family == AF_INET6) {
        inet_ntop(AF_INET6, &six.sin6_addr, host, sizeof(host));
        if (with_port)
            snprintf(out, UK_ADDRESS_TEXT, "[%s]:%u", host,
                     ntohs(six.sin6_port));
        else
            snprintf(out, UK_ADDRESS_TEXT, "%s", host);
    } else {
        inet_ntop(AF_INET, &four.sin_addr, host, sizeof(host));
        if (with_port)
            snprintf(out, UK_ADDRESS_TEXT, "%s:%u", host, ntohs(four.sin_port));
        else
            snprintf(out, UK_ADDRESS_TEXT, "%s", host);
    }
    return out;
}

uint64_t
uk_address_subject(const struct uk_address *address)
{
    struct uk_address plain = *address;
    struct sockaddr_in6 six;
    struct sockaddr_in four;

    unmap(&plain);
    if (plain.at.ss_family == AF_INET6) {
        memcpy(&six, &plain.at, sizeof(six));
        return uk_crypto_short(six.sin6_addr.s6_addr, 8);
    }
    memcpy(&four, &plain.at, sizeof(four));
    return uk_crypto_short(&four.sin_addr, sizeof(four.sin_addr));
}

static enum uk_code
open_one(struct uk_address *address, bool shared, int *out, struct uk_err *err)
{
    char text[UK_ADDRESS_TEXT];
    bool six = address->at.ss_family == AF_INET6;
    int yes = 1;
    int fd;

    /* [::] is IPv6 alone, so that 0.0.0.0 can stand beside it.  TLS begins with
     * several small pieces, and none of them is to wait until the one before
     * has been acknowledged: that is a round trip of every new connection. */
    fd = socket(address->at.ss_family,
                SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)) != 0 ||
        (six &&
         setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes)) != 0) ||
        (shared &&
         setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof(yes)) != 0) ||
        bind(fd, (struct sockaddr *)&address->at, address->len) != 0 ||
        (shared && listen(fd, BACKLOG) != 0) ||
        getsockname(fd, (struct sockaddr *)&address->at, &address->len) != 0) {
        uk_err_sys(err, errno, "listening on '%s'",
                   uk_address_text(address, true, text));
        uk_io_close(&fd);
        return err->code;
    }
    *out = fd;
    return UK_OK;
}

enum uk_code
uk_address_listen(struct uk_address *address, int *sockets, unsigned n,
                  struct uk_err *err)
{
    struct uk_address chosen = *address;
    enum uk_code code;
    unsigned have = 0;
    int probe = -1;

    /* Sockets that share a port would share it with another server of the
     * same user as well.  One that does not share finds out. */
    code = open_one(&chosen, false, &probe, err);
    uk_io_close(&probe);
    while (code == UK_OK && have < n) {
        code = open_one(&chosen, true, &sockets[have], err);
        if (code == UK_OK)
            have++;
    }
    if (code == UK_OK) {
        *address = chosen;
        return UK_OK;
    }
    while (have > 0)
        uk_io_close(&sockets[--have]);
    return code;
}
