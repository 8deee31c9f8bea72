/*
 * What asking costs without us: a POST over TLS, timed.
 *
 *   login_post kept|new COUNT ADDRESS PORT CA_FILE PATH <body
 *
 * kept: all on one connection, after some that are not counted; new: each on a
 * connection of its own, TCP and TLS included.  Prints the microseconds of
 * each, one a line; anything but a status of 200 is an end.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/str.h"

#define WARM_UP 3

static struct sockaddr_in server;
static SSL_CTX *tls;
static char request[8192];
static int request_len;

static void
fail(const char *what)
{
    fprintf(stderr, "login_post: %s\n", what);
    ERR_print_errors_fp(stderr);
    exit(1);
}

static int64_t
now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static SSL *
dial(void)
{
    int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    SSL *ssl = SSL_new(tls);

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (connect(fd, (const struct sockaddr *)(const void *)&server,
                sizeof(server)) != 0)
        fail("connecting");
    SSL_set_fd(ssl, fd);
    if (SSL_connect(ssl) != 1)
        fail("TLS");
    return ssl;
}

static void
hang_up(SSL *ssl)
{
    int fd = SSL_get_fd(ssl);

    SSL_free(ssl);
    close(fd);
}

/* Is the whole answer there, with a status of 200? */
static bool
is_whole(const char *reply, size_t len)
{
    const char *end = memmem(reply, len, "\r\n\r\n", 4);
    const char *length = strcasestr(reply, "\r\ncontent-length:");
    char number[16];
    unsigned long body;

    if (end == NULL)
        return false;
    if (strncmp(reply, "HTTP/1.1 200", 12) != 0 || length == NULL)
        fail("the answer is none");
    length += strlen("\r\ncontent-length:");
    length += strspn(length, " ");
    snprintf(number, sizeof(number), "%.*s", (int)strcspn(length, "\r"),
             length);
    if (!uk_str_to_ulong(number, 1000000, &body))
        fail("the answer has no length");
    return len >= (size_t)(end + 4 - reply) + body;
}

static void
post(SSL *ssl)
{
    char reply[65536];
    size_t len = 0;

    if (SSL_write(ssl, request, request_len) != request_len)
        fail("sending");
    do {
        int n = SSL_read(ssl, reply + len, (int)(sizeof(reply) - 1 - len));

        if (n <= 0)
            fail("receiving");
        len += (size_t)n;
        reply[len] = '\0';
    } while (!is_whole(reply, len));
}

static void
prepare(char **argv)
{
    char body[4096];
    size_t len = fread(body, 1, sizeof(body), stdin);
    unsigned long port = 0;

    server.sin_family = AF_INET;
    if (inet_pton(AF_INET, argv[3], &server.sin_addr) != 1 ||
        !uk_str_to_ulong(argv[4], 65535, &port))
        fail("the address");
    server.sin_port = htons((uint16_t)port);
    tls = SSL_CTX_new(TLS_client_method());
    if (SSL_CTX_load_verify_locations(tls, argv[5], NULL) != 1)
        fail("the CA");
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
    request_len = snprintf(request, sizeof(request),
                           "POST %s HTTP/1.1\r\nHost: %s:%lu\r\n"
                           "Content-Type: application/json\r\n"
                           "Content-Length: %zu\r\n\r\n%.*s",
                           argv[6], argv[3], port, len, (int)len, body);
}

int
main(int argc, char **argv)
{
    unsigned long times;
    bool kept;
    SSL *ssl;

    if (argc != 7 || !uk_str_to_ulong(argv[2], 1000000, &times))
        return 2;
    kept = strcmp(argv[1], "kept") == 0;
    prepare(argv);
    ssl = dial();
    for (int i = 0; i < WARM_UP; i++)
        post(ssl);
    for (unsigned long i = 0; i < times; i++) {
        int64_t begin = now_us();

        if (!kept) {
            hang_up(ssl);
            begin = now_us();
            ssl = dial();
        }
        post(ssl);
        printf("%lld\n", (long long)(now_us() - begin));
    }
    hang_up(ssl);
    return 0;
}
