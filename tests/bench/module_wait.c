/*
 * A module that asks as a key's does, and knows without asking anybody: after
 * "ms=N" milliseconds, which is a network without a module.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <security/pam_ext.h>
#include <security/pam_modules.h>

#include "core/str.h"

#define DOOR __attribute__((visibility("default")))

DOOR int
pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    unsigned long ms = 0;
    const char *secret;
    struct timespec time;

    (void)flags;
    if (argc > 0 && (strncmp(argv[0], "ms=", 3) != 0 ||
                     !uk_str_to_ulong(argv[0] + 3, 10000, &ms)))
        return PAM_SERVICE_ERR;
    if (pam_get_authtok(pamh, PAM_AUTHTOK, &secret, NULL) != PAM_SUCCESS)
        return PAM_AUTH_ERR;
    time = (struct timespec){(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
    if (ms > 0)
        nanosleep(&time, NULL);
    return PAM_SUCCESS;
}

DOOR int
pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    (void)pamh, (void)flags, (void)argc, (void)argv;
    return PAM_SUCCESS;
}
