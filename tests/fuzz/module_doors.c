/* What libpam loads for the fuzz target of the module: each door is one of the
 * program's, in which the module itself is. */
#include <security/pam_modules.h>

extern int fuzz_door(int which, pam_handle_t *pamh, int flags, int argc,
                     const char **argv);

#define DOOR(name, which)                                                      \
    __attribute__((visibility("default"))) int name(                           \
        pam_handle_t *pamh, int flags, int argc, const char **argv)            \
    {                                                                          \
        return fuzz_door(which, pamh, flags, argc, argv);                      \
    }

DOOR(pam_sm_authenticate, 'A')
DOOR(pam_sm_acct_mgmt, 'C')
DOOR(pam_sm_setcred, 'S')
DOOR(pam_sm_open_session, 'O')
DOOR(pam_sm_close_session, 'E')
DOOR(pam_sm_chauthtok, 'W')
