/* An auth service for tests of the agent. */
#include "lib_service.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define HEAD                                                                   \
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9" /* {"alg":"HS256","typ":"JWT"} */
#define SIGNED ".c3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3M"
/* {"typ":"access","sub":SERVICE_USER,"iat":1700000000,"exp":4000000000} */
#define ACCESS                                                                 \
    HEAD ".eyJ0eXAiOiJhY2Nlc3MiLCJzdWIiOiI2NGYwYzBmZmVlMDEyMzQ1Njc4OWFiY2Qi"   \
         "LCJpYXQiOjE3MDAwMDAwMDAsImV4cCI6NDAwMDAwMDAwMH0" SIGNED
#define REFRESH                                                                \
    HEAD ".eyJ0eXAiOiJyZWZyZXNoIiwic3ViIjoiNjRmMGMwZmZlZTAxMjM0NTY3ODlhYmNk"   \
         "IiwiaWF0IjoxNzAwMDAwMDAwLCJleHAiOjQwMDAwMDAwMDB9" SIGNED

enum kind { LOGIN, PROFILE, LOGOUT };

static const struct {
    const char *start;
    const char *status;
    const char *body;
} calls[] = {
    [LOGIN] = {"POST /api/client/v2.0/app/demo/auth/providers/api-key/login ",
               "200 OK",
               "{\"access_token\":\"" ACCESS "\",\"refresh_token\":\"" REFRESH
               "\",\"user_id\":\"" SERVICE_USER
               "\",\"device_id\":\"000000000000000000000000\"}"},
    [PROFILE] = {"GET /api/client/v2.0/auth/profile ", "200 OK",
                 "{\"user_id\":\"" SERVICE_USER
                 "\",\"domain_id\":\"333333333333333333333333\",\"data\":{},"
                 "\"identities\":[{\"id\":\"111111111111111111111111\","
                 "\"provider_type\":\"local-userpass\",\"provider_id\":"
                 "\"222222222222222222222222\",\"provider_data\":{\"email\":"
                 "\"" SERVICE_EMAIL "\",\"confirmed\":true}}],"
                 "\"type\":\"normal\"}"},
    [LOGOUT] = {"DELETE /api/client/v2.0/auth/session ", "204 No Content", ""},
};

static bool
put(int fd, const char *status, const char *body)
{
    char text[4096];
    int len = body[0] == '\0'
                  ? snprintf(text, sizeof(text), "HTTP/1.1 %s\r\n\r\n", status)
                  : snprintf(text, sizeof(text),
                             "HTTP/1.1 %s\r\nContent-Type: application/json"
                             "\r\nContent-Length: %zu\r\n\r\n%s",
                             status, strlen(body), body);

    return send(fd, text, (size_t)len, MSG_NOSIGNAL) == len;
}

static bool
act(int fd, enum kind kind, enum service_act how)
{
    switch (how) {
    case SERVICE_GOOD:
        return put(fd, calls[kind].status, calls[kind].body);
    case SERVICE_REFUSES:
        return put(fd, "401 Unauthorized",
                   "{\"error\":\"unauthorized\",\"error_code\":\"AuthError\"}");
    case SERVICE_HANGS:
        break;
    }
    for (;;)
        pause();
}

/* The text behind a line's beginning, up to the end of the line. */
static void
note(const char *request, const char *beginning, volatile char *to, size_t size)
{
    const char *at = strstr(request, beginning);
    size_t i = 0;

    if (at == NULL)
        return;
    for (at += strlen(beginning); i + 1 < size && *at > 0x1f; i++)
        to[i] = *at++;
    to[i] = '\0';
}

static bool
answer(int fd, const char *request, struct service_plan plan,
       volatile struct service_seen *seen)
{
    enum kind kind = LOGIN;

    while (strncmp(request, calls[kind].start, strlen(calls[kind].start)) != 0)
        if (kind++ == LOGOUT)
            return put(fd, "404 Not Found", "{}");
    switch (kind) {
    case LOGIN:
        note(request, "\r\n\r\n", seen->key, sizeof(seen->key));
        seen->logins++;
        return act(fd, kind, plan.login);
    case PROFILE:
        seen->profiles++;
        return act(fd, kind, plan.profile);
    case LOGOUT:
        note(request, "\nAuthorization: Bearer ", seen->bearer,
             sizeof(seen->bearer));
        seen->logouts++;
        return act(fd, kind, plan.logout);
    }
    return false;
}

/* Is the whole request there? */
static bool
is_whole(const char *request)
{
    const char *end = strstr(request, "\r\n\r\n");
    const char *length = strstr(request, "Content-Length: ");

    if (end == NULL)
        return false;
    return length == NULL || length > end ||
           strlen(end + 4) >= strtoul(length + 16, NULL, 10);
}

static void
serve(int fd, struct service_plan plan, volatile struct service_seen *seen)
{
    static char request[16384];
    size_t len = 0;
    ssize_t n;

    while ((n = recv(fd, request + len, sizeof(request) - len - 1, 0)) > 0) {
        len += (size_t)n;
        request[len] = '\0';
        if (!is_whole(request))
            continue;
        if (!answer(fd, request, plan, seen))
            return;
        len = 0;
    }
}

static int
listen_on_loopback(unsigned *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    assert_int_equal(listen(fd, 16), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

unsigned
service_free_port(void)
{
    unsigned port;

    close(listen_on_loopback(&port));
    return port;
}

static void
run(int listener, struct service_plan plan, volatile struct service_seen *seen)
{
    for (;;) {
        int fd = accept(listener, NULL, NULL);

        if (fd >= 0 && fork() == 0) {
            (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
            serve(fd, plan, seen);
            _exit(0);
        }
        close(fd);
    }
}

void
service_start(struct service *service, struct service_plan plan)
{
    void *memory =
        mmap(NULL, sizeof(struct service_seen), PROT_READ | PROT_WRITE,
             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int listener = listen_on_loopback(&service->port);

    assert_ptr_not_equal(memory, MAP_FAILED);
    service->seen = memory;
    service->pid = fork();
    assert_true(service->pid >= 0);
    if (service->pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)signal(SIGCHLD, SIG_IGN);
        run(listener, plan, memory);
    }
    close(listener);
}

void
service_stop(struct service *service)
{
    assert_int_equal(kill(service->pid, SIGKILL), 0);
    assert_int_equal(waitpid(service->pid, NULL, 0), service->pid);
    munmap((void *)(uintptr_t)service->seen, sizeof(struct service_seen));
}
