/*
 * Internet addresses: where to listen, and who is asking.
 */
#ifndef UK_SERVICE_VALUE_ADDRESS_H
#define UK_SERVICE_VALUE_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "core/attr.h"
#include "core/err.h"

#define UK_ADDRESS_TEXT 64 /* room of "[ADDR]:PORT" with its NUL */

struct uk_address {
    struct sockaddr_storage at;
    socklen_t len;
};

/* "127.0.0.1:8080" or "[::1]:8080"; numbers only, port 0 for any free one. */
bool uk_address_parse(const char *text, struct uk_address *out);

/* The same without a port, as in a proxy's header. */
bool uk_address_parse_host(const char *text, struct uk_address *out);

bool uk_address_is_loopback(const struct uk_address *address);

/* The address as parse takes it; with_port false: only the host. */
const char *uk_address_text(const struct uk_address *address, bool with_port,
                            char out[UK_ADDRESS_TEXT]);

/* Who that is, for counting: IPv6 by its /64, which is one customer's. */
uint64_t uk_address_subject(const struct uk_address *address);

/*
 * Open n sockets that listen on the same address, one for each thread, so that
 * the kernel shares the connections out; *address gets the port that was
 * chosen for port 0.  UK_SYSTEM when somebody else listens there.
 */
UK_MUST_USE enum uk_code uk_address_listen(struct uk_address *address,
                                           int *sockets, unsigned n,
                                           struct uk_err *err);

#endif
