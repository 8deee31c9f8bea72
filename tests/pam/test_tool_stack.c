/*
 * The tool's reading of PAM stacks against libpam's own: each stack is run by
 * both, for every code that a module can return.
 *
 * In the stacks '{N}' is a module that returns N, '{?}' the one whose code is
 * tried, '{-}' one that is not there.  Files to include are named with their
 * folder: libpam 1.5 looks for others in /etc/pam.d alone.  An 'include' that
 * names no file is not here, nor are files that include (and not substack) one
 * another, because libpam 1.5 crashes there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/attr.h"
#include "tests/pam/lib_host.h"
#include "tool/stack/line.c"
#include "tool/stack/pamname.c"
#include "tool/stack/run.c"
#include "tool/stack/stack.c"

/* libpam keeps what it has read of a stack that it then refuses. */
const char *__lsan_default_suppressions(void)
    __attribute__((visibility("default")));

const char *
__lsan_default_suppressions(void)
{
    return "leak:libpam.so";
}

#define MISSING "/nonexistent/pam_missing.so"

/* Files beside the stack that it can include. */
static const struct {
    const char *name, *text;
} files[] = {
    {"inc-ok", "auth required {0}\naccount required {0}\n"},
    {"inc-deny", "auth requisite {7}\naccount requisite {7}\n"},
    {"inc-ours", "auth [success=1 default=ignore] {?}\nauth requisite {7}\n"
                 "auth required {0}\naccount sufficient {?}\n"},
    {"inc-done", "auth sufficient {0}\nauth required {7}\n"},
    {"inc-die", "auth requisite {7}\nauth required {0}\n"},
    {"inc-two", "auth include inc-ok\nauth required {?}\n"},
    {"inc-sub", "auth substack inc-done\nauth required {?}\n"},
    {"inc-loop", "auth required {0}\nauth substack inc-loop\n"},
    {"inc-other-phase", "session required {0}\n"},
    {"inc-empty", "# nothing\n"},
    {"inc-bad-end", "auth required {0} \\\n"},
    {"inc-at", "@include inc-ok\nauth required {?}\n"},
    {"inc-broken", "auht required {0}\n"},
};

static const char *const stacks[] = {
    /* One module, every keyword. */
    "auth required {?}\n",
    "auth requisite {?}\n",
    "auth sufficient {?}\n",
    "auth optional {?}\n",
    /* Before and behind others. */
    "auth required {0}\nauth required {?}\n",
    "auth required {?}\nauth required {0}\n",
    "auth requisite {?}\nauth required {0}\n",
    "auth sufficient {?}\nauth required {7}\n",
    "auth sufficient {?}\nauth required {0}\n",
    "auth required {0}\nauth sufficient {?}\n",
    "auth required {25}\nauth sufficient {?}\n",
    "auth required {7}\nauth sufficient {?}\n",
    "auth optional {?}\nauth required {0}\n",
    "auth optional {0}\nauth optional {?}\n",
    "auth optional {7}\nauth required {?}\nauth optional {0}\n",
    "auth required {?}\nauth sufficient {0}\nauth required {7}\n",
    "auth required {12}\nauth required {?}\n",
    "auth required {?}\nauth required {12}\n",
    "auth required {3}\nauth required {?}\n",
    "auth requisite {25}\n",
    /* Brackets. */
    "auth [success=1 default=ignore] {?}\nauth requisite {7}\n"
    "auth required {0}\n",
    "auth [success=2 default=ignore] {?}\n"
    "auth [success=1 default=ignore] {7}\nauth requisite {7}\n"
    "auth required {0}\n",
    "auth [success=2 default=ignore] {?}\n"
    "auth [success=1 default=ignore] {0}\nauth requisite {7}\n"
    "auth required {0}\n",
    "auth [success=done authinfo_unavail=ignore default=die] {?}\n"
    "auth required {0}\n",
    "auth [success=ok ignore=ignore default=bad] {?}\nauth required {0}\n",
    "auth [default=ignore] {?}\nauth required {0}\n",
    "auth [default=ok] {?}\n",
    "auth [default=done] {?}\nauth required {7}\n",
    "auth [default=die] {?}\nauth required {0}\n",
    "auth required {0}\nauth [default=reset] {?}\n",
    "auth required {7}\nauth [success=reset default=ignore] {?}\n"
    "auth required {0}\n",
    "auth [success=1 default=bad] {?}\n",
    "auth [success=5 default=ignore] {?}\nauth required {0}\n",
    "auth [default=1] {?}\nauth required {7}\nauth required {0}\n",
    "auth [ success = ok  default = die ] {?}\nauth required {0}\n",
    "auth [default=bad success=ok] {?}\n",
    "auth [success=ok auth_err=ignore user_unknown=ignore maxtries=die "
    "authtok_recover_err=ignore] {?}\nauth required {0}\n",
    "auth [new_authtok_reqd=done service_err=ignore perm_denied=2 "
    "default=bad] {?}\nauth required {7}\nauth required {7}\n"
    "auth required {0}\n",
    "auth [success=0 default=ignore] {?}\nauth required {0}\n",
    "auth [succes=ok default=ignore] {?}\nauth required {0}\n",
    "auth [success ok] {?}\nauth required {0}\n",
    "auth [success=okay] {?}\nauth required {0}\n",
    "auth [] {?}\nauth required {0}\n",
    "auth nonsense {?}\nauth required {0}\n",
    "auth [success=1 default=ignore {?}\nauth required {0}\n",
    /* Modules that are not there, lines that are none. */
    "auth sufficient {-}\nauth required {?}\n",
    "auth required {-}\nauth sufficient {?}\n",
    "-auth required {-}\nauth required {?}\n",
    "-auth optional {-}\nauth required {?}\n",
    "auth [success=ok module_unknown=ignore default=bad] {-}\n"
    "auth required {?}\n",
    "auth\nauth required {?}\n",
    "auth required\nauth sufficient {?}\n",
    "auth optional\nauth required {?}\n",
    "auht required {0}\nauth required {?}\n",
    "AUTH REQUIRED {?}\nAuth Sufficient {0}\n",
    /* Lines that go on, comments, blanks. */
    "auth \\\n  required \\\n  {?}\n",
    "auth \\\n# between\n\n  required {?}\n",
    "# auth required {0}\n\t auth\trequired\t{?} # behind\n\n",
    "auth required {?} # goes on? \\\nauth required {0}\n",
    "auth required {?}",
    "auth required {?} \\\n",
    "auth required {?} \\  \nset=x\nauth required {0}\n",
    /* Includes. */
    "auth include inc-ok\nauth required {?}\n",
    "@include inc-ok\nauth required {?}\n",
    "auth include inc-ours\n",
    "@include inc-ours\n",
    "auth required {0}\n@include inc-ours\n",
    "auth include inc-done\nauth required {?}\n",
    "auth include inc-die\nauth required {?}\n",
    "auth include inc-two\n",
    "auth include inc-at\n",
    "auth include inc-other-phase\nauth required {?}\n",
    "auth include inc-empty\nauth required {?}\n",
    "auth include inc-broken\nauth required {?}\n",
    "auth include inc-missing\nauth required {?}\n",
    "auth required {?}\n@include inc-missing\n",
    "auth required {?}\nauth include inc-bad-end\n",
    /* Substacks. */
    "auth substack inc-ours\n",
    "auth substack inc-ours\nauth required {0}\n",
    "auth substack inc-done\nauth required {?}\n",
    "auth substack inc-die\nauth sufficient {?}\n",
    "auth sufficient {?}\nauth substack inc-done\n",
    "auth [success=1 default=ignore] {?}\nauth substack inc-deny\n"
    "auth required {0}\n",
    "auth [success=2 default=ignore] {?}\nauth substack inc-done\n"
    "auth requisite {7}\nauth required {0}\n",
    "auth include inc-sub\n",
    "auth substack inc-sub\nauth optional {0}\n",
    "auth required {0}\nauth substack inc-ours\nauth required {?}\n",
    "auth required {7}\nauth substack inc-ours\n",
    "auth substack inc-missing\nauth required {?}\n",
    "auth substack inc-empty\nauth required {?}\n",
    "auth required {0}\nauth substack inc-done\n"
    "auth [default=reset] {?}\n",
    "auth [default=2] {?}\nauth substack inc-ok\nauth substack inc-deny\n"
    "auth required {0}\n",
    "auth include inc-loop\nauth required {?}\n",
    "auth substack inc-loop\nauth required {?}\n",
    /* Phases that the service does not have are those of 'other'. */
    "account required {0}\n",
    "",
    "session required {0}\n",
};

static const char *const account_stacks[] = {
    "account required {?}\n",
    "account [success=ok ignore=ignore service_err=ignore "
    "module_unknown=ignore default=bad] {?}\naccount required {0}\n",
    "account [default=ignore] {?}\naccount required {0}\n",
    "account required {0}\naccount sufficient {?}\naccount required {7}\n",
    "account [success=1 new_authtok_reqd=done default=ignore] {?}\n"
    "account requisite {7}\naccount required {0}\n",
    "auth required {0}\n",
    "account include inc-ours\n@include inc-ok\n",
};

/* The text with modules in the places of '{...}'. */
static void
expand(const char *text, int code, char *to, size_t size)
{
    size_t used = 0;

    while (*text != '\0') {
        int len;

        if (strncmp(text, "inc-", 4) == 0) {
            used += (size_t)snprintf(to + used, size - used, "%s/",
                                     host_path("pam.d"));
            assert_true(used + 4 < size);
            memcpy(to + used, text, 4);
            used += 4;
            text += 4;
            continue;
        }
        if (*text != '{') {
            assert_true(used + 1 < size);
            to[used++] = *text++;
            continue;
        }
        len = text[1] == '-' ? snprintf(to + used, size - used, "%s", MISSING)
                             : snprintf(to + used, size - used, "%s return=%d",
                                        host_probe(),
                                        text[1] == '?' ? code : atoi(text + 1));
        assert_true(len > 0 && (size_t)len < size - used);
        used += (size_t)len;
        text = strchr(text, '}') + 1;
    }
    to[used] = '\0';
}

static int
answer(int count, const struct pam_message **messages,
       struct pam_response **replies, void *context)
{
    return PAM_CONV_ERR; /* nobody of these asks */
}

static int
run_libpam(enum uk_stack_phase phase)
{
    const struct pam_conv conv = {.conv = answer};
    pam_handle_t *pamh = NULL;
    int result =
        pam_start_confdir("probe", ALICE, &conv, host_path("pam.d"), &pamh);

    if (result != PAM_SUCCESS)
        return result;
    result = phase == UK_STACK_AUTH ? pam_authenticate(pamh, 0)
                                    : pam_acct_mgmt(pamh, 0);
    assert_int_equal(pam_end(pamh, result), PAM_SUCCESS);
    return result;
}

static bool
read_stack(const void *context, const char *name, struct uk_buf *text)
{
    char path[512];
    FILE *file;
    int c;

    snprintf(path, sizeof(path), "pam.d/%s", name);
    file = fopen(name[0] == '/' ? name : host_path(path), "re");
    if (file == NULL)
        return false;
    while ((c = fgetc(file)) != EOF)
        uk_buf_add_byte(text, (unsigned char)c);
    fclose(file);
    return true;
}

static enum uk_pamcode
says(void *context, const struct uk_stack_line *line, size_t index)
{
    const char *code = strstr(line->args, "return=");

    if (strcmp(line->module, MISSING) == 0)
        return UK_PAM_MODULE_UNKNOWN;
    if (code == NULL) /* the words of a bracket that does not end */
        return UK_PAM_MODULE_UNKNOWN;
    return (enum uk_pamcode)atoi(code + strlen("return="));
}

static int
run_tool(enum uk_stack_phase phase)
{
    const struct uk_stack_source source = {.read = read_stack};
    struct uk_stack stack = {.line = NULL};
    static struct uk_stackrun run;
    struct uk_err err;

    assert_int_equal(uk_stack_load(&source, "probe", &stack, &err), UK_OK);
    uk_stackrun(&stack, phase, says, NULL, &run);
    uk_stack_clear(&stack);
    return (int)run.result;
}

/* What can be included, with this code. */
static void
write_files(int code)
{
    char text[16384];

    for (size_t i = 0; i < UK_COUNT(files); i++) {
        expand(files[i].text, code, text, sizeof(text));
        host_stack(files[i].name, "%s", text);
    }
    expand("auth required {6}\naccount sufficient {?}\n", code, text,
           sizeof(text));
    host_stack("other", "%s", text);
}

/* Do both come to the same? */
static bool
compare(const char *text, enum uk_stack_phase phase, int code)
{
    char expanded[16384];
    int wanted, got;

    expand(text, code, expanded, sizeof(expanded));
    host_stack("probe", "%s", expanded);
    wanted = run_libpam(phase);
    got = run_tool(phase);
    if (got != wanted)
        print_error("%s with {?} = %s: libpam %s, the tool %s\n", text,
                    uk_pamname((enum uk_pamcode)code),
                    uk_pamname((enum uk_pamcode)wanted),
                    uk_pamname((enum uk_pamcode)got));
    return got == wanted;
}

static void
test_as_libpam(void **state)
{
    size_t wrong = 0;

    for (int code = 0; code < PAM_INCOMPLETE; code++) {
        write_files(code);
        for (size_t i = 0; i < UK_COUNT(stacks); i++)
            wrong += !compare(stacks[i], UK_STACK_AUTH, code);
        for (size_t i = 0; i < UK_COUNT(account_stacks); i++)
            wrong += !compare(account_stacks[i], UK_STACK_ACCOUNT, code);
        for (size_t i = 0; i < UK_COUNT(stacks); i += 7)
            wrong += !compare(stacks[i], UK_STACK_ACCOUNT, code);
        host_log_clear();
    }
    assert_int_equal(wrong, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_libpam),
    };

    return cmocka_run_group_tests_name("tool stack", tests, host_setup_awake,
                                       host_teardown);
}
