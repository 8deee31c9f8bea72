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

/* All names of the module, but for what this program itself needs of core.
 * The names are given to the linker only: no header must know them here. */
#define DOOR __attribute__((visibility("default")))
#define TRAP(name)                                                             \
    DOOR int trap_##name(void) __asm__(#name);                                 \
    DOOR int trap_##name(void)                                                 \
    {                                                                          \
        fprintf(stderr, "the host's %s was called\n", #name);                  \
        abort();                                                               \
    }

TRAP(uk_account_check)
TRAP(uk_account_find)
TRAP(uk_agent_ask)
TRAP(uk_answer_check)
TRAP(uk_answer_clear)
TRAP(uk_answer_pack)
TRAP(uk_answer_unpack)
TRAP(uk_base64url_add)
TRAP(uk_base64url_decode)
TRAP(uk_call_begin)
TRAP(uk_call_borrow)
TRAP(uk_call_resume)
TRAP(uk_call_settle)
TRAP(uk_call_start_clock)
TRAP(uk_callfilter_load)
TRAP(uk_callfilter_pack)
TRAP(uk_calltable_common)
TRAP(uk_calltable_deadly)
TRAP(uk_chan_discard)
TRAP(uk_chan_hear)
TRAP(uk_chan_receive)
TRAP(uk_chan_reply)
TRAP(uk_chan_send)
TRAP(uk_code_to_pam)
TRAP(uk_conf_init)
TRAP(uk_conf_line)
TRAP(uk_conf_parse)
TRAP(uk_conf_set)
TRAP(uk_confine)
TRAP(uk_confine_is_built)
TRAP(uk_converse_ask)
TRAP(uk_converse_leave)
TRAP(uk_converse_reuse)
TRAP(uk_converse_tell)
TRAP(uk_early_begin)
TRAP(uk_early_end)
TRAP(uk_early_take)
TRAP(uk_fence_close)
TRAP(uk_helper_reach)
TRAP(uk_helper_start)
TRAP(uk_helper_stop)
TRAP(uk_identity_admit)
TRAP(uk_identity_ask)
TRAP(uk_identity_is_email)
TRAP(uk_identity_is_id)
TRAP(uk_identity_match)
TRAP(uk_identity_needs_email)
TRAP(uk_kept_drop)
TRAP(uk_kept_give)
TRAP(uk_kept_is_path)
TRAP(uk_kept_make)
TRAP(uk_kept_pack)
TRAP(uk_kept_read)
TRAP(uk_kept_unpack)
TRAP(uk_keptacl_is_set)
TRAP(uk_keptacl_set)
TRAP(uk_keptleft_find)
TRAP(uk_keptopener_is_gone)
TRAP(uk_keptopener_sign)
TRAP(uk_lines_init)
TRAP(uk_lines_next)
TRAP(uk_lines_place)
TRAP(uk_lines_trim)
TRAP(uk_log_flush)
TRAP(uk_log_line)
TRAP(uk_log_set)
TRAP(uk_login_admit)
TRAP(uk_login_at_prompt)
TRAP(uk_login_decide)
TRAP(uk_login_end)
TRAP(uk_login_rules)
TRAP(uk_login_users)
TRAP(uk_memory_of)
TRAP(uk_memory_peek)
TRAP(uk_memory_set)
TRAP(uk_options_parse)
TRAP(uk_outcome_clear)
TRAP(uk_pamcode_of)
TRAP(uk_report)
TRAP(uk_report_aside)
TRAP(uk_request_clear)
TRAP(uk_request_is_prepare)
TRAP(uk_request_pack)
TRAP(uk_request_unpack)
TRAP(uk_session_end)
TRAP(uk_session_hand_over)
TRAP(uk_session_hide)
TRAP(uk_session_store)
TRAP(uk_session_sweep)
TRAP(uk_session_take_back)
TRAP(uk_settings_load)
TRAP(uk_settings_load_seen)
TRAP(uk_settings_offline)
TRAP(uk_settings_parse)
TRAP(uk_settings_table)
TRAP(uk_tokens_clear)
TRAP(uk_typed_clear)
TRAP(uk_typo_slips)
TRAP(uk_url_is_domain)
TRAP(uk_url_parse)
TRAP(uk_users_clear)
TRAP(uk_users_parse)
TRAP(uk_verdict_word)
TRAP(uk_wire_init)
TRAP(uk_wire_put_number)
TRAP(uk_wire_put_secret)
TRAP(uk_wire_put_text)
TRAP(uk_wire_refuse)
TRAP(uk_wire_take)
TRAP(uk_wire_take_number)
TRAP(uk_wire_take_secret)
TRAP(uk_wire_take_text)
/* of libraries, and of nobody */
TRAP(SSL_new)
TRAP(SSL_CTX_new)
TRAP(closefrom)
TRAP(curl_easy_init)
TRAP(curl_easy_setopt)
TRAP(curl_global_init)
TRAP(json_decref)
TRAP(json_delete)
TRAP(json_dumps)
TRAP(json_loads)
TRAP(json_object)
TRAP(json_object_get)
TRAP(json_object_iter_next)
TRAP(json_object_put)
TRAP(json_object_new_object)
TRAP(json_object_object_get_ex)
TRAP(json_object_get_boolean)
TRAP(json_object_set_new)
TRAP(json_string)
TRAP(json_string_value)
TRAP(json_tokener_new)
TRAP(json_tokener_parse)
TRAP(json_tokener_parse_ex)
TRAP(mkstemp)
TRAP(verify_key)

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
