/* A connection to the service: whatever comes, what is asked is a request. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "service/http/http.h"
#include "tests/fuzz/fuzz.h"

#define PATIENCE 6000
#define TURNS    200  /* of the loop, for one input */
#define STILL    3    /* turns in which nothing more came */
#define LOUD     8192 /* bytes that one request is answered with, at most */

static struct uk_http *http;
static struct sockaddr_in place = {.sin_family = AF_INET};
static unsigned asked;

static bool
ask(void *context, struct uk_http_exchange *exchange)
{
    const struct uk_http_request *request = &exchange->request;

    asked++;
    FUZZ_MUST(request->path[0] == '/' && strchr(request->path, '?') == NULL);
    FUZZ_MUST(strchr(request->path, ' ') == NULL);
    FUZZ_MUST(request->method[0] != '\0');
    FUZZ_MUST(request->body_len <= UK_HTTP_BODY);
    FUZZ_MUST(request->body_len == 0 || request->body != NULL);
    for (size_t i = 0; i < request->body_len; i++)
        FUZZ_MUST(((const volatile char *)request->body)[i] | 1);
    exchange->reply.status = 200;
    uk_buf_add_text(&exchange->reply.body, "{}");
    return true;
}

static void
refuse(void *context, struct uk_http_exchange *exchange, int status,
       const char *why)
{
    FUZZ_MUST(status >= 400 && status < 600 && why[0] != '\0');
    exchange->reply.status = status;
}

static void
start(void)
{
    static const struct uk_log quiet = {.fd = -1, .most = UK_LEVEL_ERROR};
    const struct uk_http_options options = {
        .handler = {.ask = ask, .refuse = refuse},
        .max_connections = 16,
        .log = &quiet,
    };
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct uk_err err = UK_ERR_NONE;
    socklen_t len = sizeof(place);

    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    FUZZ_MUST(bind(listener, (struct sockaddr *)&place, len) == 0);
    FUZZ_MUST(getsockname(listener, (struct sockaddr *)&place, &len) == 0);
    FUZZ_MUST(listen(listener, 16) == 0);
    FUZZ_MUST(uk_http_new(&options, listener, &http, &err) == UK_OK);
}

/* Send as much as there is room for; what has come back. */
static size_t
turn(int fd, const uint8_t *bytes, size_t len, size_t *sent, bool *over)
{
    char answer[4096];
    ssize_t n;
    size_t got = 0;

    if (*sent < len) {
        n = send(fd, bytes + *sent, len - *sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        *sent = n < 0 ? *sent : *sent + (size_t)n;
        if (*sent == len)
            shutdown(fd, SHUT_WR);
    }
    uk_http_run(http);
    while ((n = recv(fd, answer, sizeof(answer), MSG_DONTWAIT)) > 0)
        got += (size_t)n;
    *over = n == 0;
    return got;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct linger at_once = {.l_onoff = 1};
    size_t sent = 0, got = 0, more;
    unsigned still = 0;
    bool over = false;
    int fd;

    if (http == NULL)
        start();
    asked = 0;
    fd = socket(AF_INET, SOCK_STREAM, 0);
    FUZZ_MUST(fd >= 0);
    /* No port waits behind a connection that is over. */
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    /* Ports wait behind the connections that the service ended. */
    for (unsigned i = 0;
         connect(fd, (struct sockaddr *)&place, sizeof(place)) != 0; i++) {
        FUZZ_MUST(errno == EADDRNOTAVAIL && i < PATIENCE);
        poll(NULL, 0, 10);
    }
    for (unsigned i = 0; i < TURNS && !over && still < STILL; i++) {
        more = turn(fd, bytes, len, &sent, &over);
        got += more;
        still = more > 0 || sent < len ? 0 : still + 1;
    }
    FUZZ_MUST(got <= LOUD * (asked + 2));
    close(fd);
    for (unsigned i = 0; i < STILL; i++)
        uk_http_run(http);
    FUZZ_MUST(uk_http_active(http) == 0);
    return 0;
}
