/* What survives between the calls of one PAM handle. */
#include "pam_module/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/conf.h"
#include "core/secret.h"

#define NAME_PREFIX "pam_userkey:"
#define NAME_SIZE   (sizeof(NAME_PREFIX) + UK_CONF_VALUE)

/* What hangs on the handle. */
struct held {
    struct uk_memory memory;
    pid_t owner; /* the process that remembered it */
};

static void
make_name(char name[NAME_SIZE], const char *conf)
{
    snprintf(name, NAME_SIZE, NAME_PREFIX "%s", conf);
}

/*
 * Handles survive fork, and then this runs in parent and child: memory is
 * freed in both, the file is removed once.  A host that ends the handle in a
 * child which goes on to the user's program says so (PAM_DATA_SILENT), and a
 * replaced memory passes its file on.
 */
static void
release(pam_handle_t *pamh, void *data, int status)
{
    struct held *held = data;

    if (held->memory.waiting[0] != '\0' && held->owner == getpid() &&
        (status & (PAM_DATA_SILENT | PAM_DATA_REPLACE)) == 0)
        uk_kept_drop(held->memory.waiting);
    uk_wipe(held, sizeof(*held));
    free(held);
}

enum uk_code
uk_memory_set(pam_handle_t *pamh, const char *conf,
              const struct uk_memory *memory, struct uk_err *err)
{
    char name[NAME_SIZE];
    struct held *held = malloc(sizeof(*held));
    int status;

    if (held == NULL)
        return uk_err_set(err, UK_NO_MEMORY, "no memory to remember a user");
    held->memory = *memory;
    held->owner = getpid();
    make_name(name, conf);
    status = pam_set_data(pamh, name, held, release);
    if (status == PAM_SUCCESS)
        return UK_OK;
    uk_wipe(held, sizeof(*held));
    free(held);
    return uk_err_set(err, status == PAM_BUF_ERR ? UK_NO_MEMORY : UK_SYSTEM,
                      "remembering a user failed with PAM code %d", status);
}

const struct uk_memory *
uk_memory_peek(pam_handle_t *pamh, const char *conf)
{
    char name[NAME_SIZE];
    const void *data = NULL;
    const struct held *held;

    make_name(name, conf);
    if (pam_get_data(pamh, name, &data) != PAM_SUCCESS || data == NULL)
        return NULL;
    held = data;
    return &held->memory;
}

const struct uk_memory *
uk_memory_of(pam_handle_t *pamh, const char *conf, const char *user)
{
    const struct uk_memory *memory = uk_memory_peek(pamh, conf);

    if (memory == NULL || strcmp(memory->user, user) != 0)
        return NULL;
    return memory;
}
