/* Does the database answer now? */
#include "service/operate/health.h"

#define ROOM 64

/* One question for all that have come. */
static void
run(void *context, struct uk_job *jobs)
{
    struct uk_health *health = context;
    struct uk_store_app app;
    struct uk_err err = UK_ERR_NONE;
    bool found, answers;

    answers = uk_store_call(health->store, find_app, "-", &app, &found, &err) ==
              UK_OK;
    for (struct uk_job *next; jobs != NULL; jobs = next) {
        struct uk_health_ask *ask = (struct uk_health_ask *)jobs;

        next = jobs->next;
        ask->answers = answers;
        uk_inbox_put(ask->home, &ask->job);
    }
}

enum uk_code
uk_health_start(struct uk_health *health, struct uk_server *server,
                struct uk_err *err)
{
    const struct uk_config *config = server->config;
    struct uk_pool_options options = {
        .name = "health",
        .threads = 1,
        .room = ROOM,
        .batch = ROOM,
        .run = run,
        .context = health,
    };
    enum uk_code code;

    health->server = server;
    code = uk_store_open(config->database, UK_STORE_READ, &health->store, err);
    if (code == UK_OK)
        code = uk_pool_start(&options, &health->pool, err);
    return code;
}

bool
uk_health_ask(struct uk_health *health, struct uk_health_ask *ask)
{
    return uk_pool_put(health->pool, &ask->job);
}

void
uk_health_stop(struct uk_health *health)
{
    uk_pool_stop(health->pool);
    health->pool = NULL;
    uk_store_close(health->store);
    health->store = NULL;
}
