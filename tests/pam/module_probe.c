/*
 * A module for stacks in tests, which does what its arguments say.
 *
 *   set=TEXT    put TEXT into PAM_AUTHTOK
 *   show=PATH   write what PAM_AUTHTOK holds to a file ("none", or "text:...")
 *   return=N    this PAM code (0)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <security/pam_modules.h>

#define DOOR __attribute__((visibility("default")))

static int
show(pam_handle_t *pamh, const char *path)
{
    const void *item = NULL;
    FILE *file = fopen(path, "we");

    if (file == NULL)
        return PAM_SYSTEM_ERR;
    if (pam_get_item(pamh, PAM_AUTHTOK, &item) != PAM_SUCCESS || item == NULL)
        fputs("none", file);
    else
        fprintf(file, "text:%s", (const char *)item);
    return fclose(file) == 0 ? PAM_SUCCESS : PAM_SYSTEM_ERR;
}

static int
act(pam_handle_t *pamh, int argc, const char **argv)
{
    int result = PAM_SUCCESS, status = PAM_SUCCESS;

    for (int i = 0; i < argc && status == PAM_SUCCESS; i++) {
        if (strncmp(argv[i], "set=", 4) == 0)
            status = pam_set_item(pamh, PAM_AUTHTOK, argv[i] + 4);
        else if (strncmp(argv[i], "show=", 5) == 0)
            status = show(pamh, argv[i] + 5);
        else if (strncmp(argv[i], "return=", 7) == 0)
            result = atoi(argv[i] + 7);
    }
    return status != PAM_SUCCESS ? status : result;
}

DOOR int
pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    return act(pamh, argc, argv);
}

DOOR int
pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    return PAM_SUCCESS;
}

DOOR int
pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    return act(pamh, argc, argv);
}

DOOR int
pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    return PAM_SUCCESS;
}

DOOR int
pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    return PAM_SUCCESS;
}
