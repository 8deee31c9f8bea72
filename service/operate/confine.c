/* What the service may still ask of the kernel. */
#include "service/operate/confine.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "core/calltable.h"
#include "core/confine.h"
#include "service/store/store.h"

#define NAMED 4 /* what the settings name */

static const struct uk_syscall of_server[] = {
    UK_SYSCALL_THREADS,   UK_SYSCALL(listen), UK_SYSCALL(accept4),
#ifdef __NR_accept
    UK_SYSCALL(accept),
#endif
    UK_SYSCALL(sendfile),
};

struct fence {
    struct uk_fence_rule rule[NAMED];
    size_t rules;
    char path[NAMED][UK_CONF_VALUE];
};

static void
allow(struct fence *fence, enum uk_fence_right right, const char *path,
      size_t len)
{
    char *own = fence->path[fence->rules];

    snprintf(own, UK_CONF_VALUE, "%.*s", (int)len, path);
    fence->rule[fence->rules++] = (struct uk_fence_rule){own, right};
}

/* "/srv" of "/srv/tls/site/key.pem"; all of "/key.pem". */
static void
allow_around(struct fence *fence, const char *file)
{
    const char *slash;

    if (file[0] == '/') {
        slash = strchr(file + 1, '/');
        allow(fence, UK_FENCE_READ, file,
              slash != NULL ? (size_t)(slash - file) : strlen(file));
    }
}

/* SQLite makes files beside its own. */
static void
allow_database(struct fence *fence, const char *file)
{
    const char *slash = strrchr(file, '/');

    allow(fence, UK_FENCE_WRITE, file,
          slash == file ? 1 : (size_t)(slash - file));
}

enum uk_code
uk_confine_service(const struct uk_config *config, const struct uk_log *log,
                   struct uk_err *err)
{
    const struct uk_syscall_table table = {of_server, UK_COUNT(of_server)};
    const char *database = uk_store_path(config->database);
    struct fence fence = {.rules = 0};
    struct uk_confine how = {
        .rule = fence.rule,
        .reading = database == NULL ? UK_FENCE_READ_ALL : UK_FENCE_READ_RULES,
        .doors = UK_FENCE_ALL_DOORS,
        .table = &table,
        .tables = 1,
    };

    if (database != NULL)
        allow_database(&fence, database);
    allow_around(&fence, config->file);
    allow_around(&fence, config->tls_certificate);
    allow_around(&fence, config->tls_key);
    how.rules = fence.rules;
    return uk_confine(&how, log, err);
}
