/*
 * A host that exports our names, and those of libraries: the module calls its
 * own functions all the same (threat S-15).
 *
 * Each of these would let everybody in, or end the test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/pam/lib_host.h"

/* The names are given to the linker only: no header must know them here. */
#define DOOR __attribute__((visibility("default")))
#define TRAP(name)                                                             \
    DOOR int trap_##name(void) __asm__(#name);                                 \
    DOOR int trap_##name(void)                                                 \
    {                                                                          \
        fprintf(stderr, "the host's %s was called\n", #name);                  \
        abort();                                                               \
    }

TRAP(uk_call_begin)
TRAP(uk_call_resume)
TRAP(uk_call_settle)
TRAP(uk_code_to_pam)
TRAP(uk_report)
TRAP(uk_options_parse)
TRAP(uk_converse_ask)
TRAP(uk_memory_set)
TRAP(uk_login_at_prompt)
TRAP(uk_login_decide)
TRAP(uk_login_admit)
TRAP(uk_settings_load)
TRAP(uk_identity_match)
TRAP(uk_account_find)
TRAP(uk_helper_start)
TRAP(uk_chan_send)
TRAP(json_object_get)
TRAP(json_object_iter_next)
TRAP(json_tokener_parse)
TRAP(curl_easy_init)
TRAP(verify_key)
TRAP(closefrom)
TRAP(mkstemp)

static void
test_logins(void **state)
{
    static const struct {
        const char *script;
        int result;
    } rows[] = {
        {"granted id=person1", PAM_SUCCESS},
        {"granted id=person2", PAM_AUTH_ERR},
        {"refused", PAM_AUTH_ERR},
        {"garbage", PAM_AUTHINFO_UNAVAIL},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct talk talk = {.answers = {host_key()}};
        pam_handle_t *pamh = host_start(ALICE, &talk);

        host_script(rows[i].script);
        assert_int_equal(pam_authenticate(pamh, 0), rows[i].result);
        assert_int_equal(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
        assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
        assert_int_equal(pam_close_session(pamh, 0), PAM_SUCCESS);
        assert_int_equal(pam_end(pamh, PAM_SUCCESS), PAM_SUCCESS);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_logins),
    };

    return cmocka_run_group_tests_name("clash", tests, host_setup,
                                       host_teardown);
}
