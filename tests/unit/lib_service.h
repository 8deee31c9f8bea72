/* An auth service for tests of the agent: a process on loopback that gives the
 * same answers to everybody and takes note of what it was asked. */
#ifndef UK_TESTS_UNIT_LIB_SERVICE_H
#define UK_TESTS_UNIT_LIB_SERVICE_H

#include <stdbool.h>
#include <sys/types.h>

#define SERVICE_USER  "64f0c0ffee0123456789abcd"
#define SERVICE_EMAIL "alice@example.com"

/* What it does with one kind of call. */
enum service_act {
    SERVICE_GOOD,
    SERVICE_REFUSES, /* 401 */
    SERVICE_HANGS,
};

struct service_plan {
    enum service_act login, profile, logout;
};

/* What it was asked, in memory that both processes see. */
struct service_seen {
    int logins, profiles, logouts;
    char key[128];     /* the body of the last login */
    char bearer[1024]; /* of the last logout */
};

struct service {
    pid_t pid;
    unsigned port; /* plain HTTP on 127.0.0.1 */
    volatile struct service_seen *seen;
};

void service_start(struct service *service, struct service_plan plan);
void service_stop(struct service *service);

/* A port of loopback where nobody listens. */
unsigned service_free_port(void);

#endif
