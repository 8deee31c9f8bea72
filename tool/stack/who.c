/* Who gets in by a PAM stack. */
#include "tool/stack/who.h"

#include "core/attr.h"

static const struct {
    const char *module;
    enum uk_stackwho_kind kind;
} modules[] = {
    {UK_STACKWHO_MODULE, UK_WHO_OURS},
    {"pam_permit", UK_WHO_YES},
    {"pam_deny", UK_WHO_NO},
    {"pam_cap", UK_WHO_HELPER},
    {"pam_echo", UK_WHO_HELPER},
    {"pam_ecryptfs", UK_WHO_HELPER},
    {"pam_env", UK_WHO_HELPER},
    {"pam_faildelay", UK_WHO_HELPER},
    {"pam_gnome_keyring", UK_WHO_HELPER},
    {"pam_group", UK_WHO_HELPER},
    {"pam_issue", UK_WHO_HELPER},
    {"pam_keyinit", UK_WHO_HELPER},
    {"pam_kwallet5", UK_WHO_HELPER},
    {"pam_lastlog", UK_WHO_HELPER},
    {"pam_limits", UK_WHO_HELPER},
    {"pam_loginuid", UK_WHO_HELPER},
    {"pam_mail", UK_WHO_HELPER},
    {"pam_mkhomedir", UK_WHO_HELPER},
    {"pam_motd", UK_WHO_HELPER},
    {"pam_mount", UK_WHO_HELPER},
    {"pam_nologin", UK_WHO_HELPER},
    {"pam_selinux", UK_WHO_HELPER},
    {"pam_systemd", UK_WHO_HELPER},
    {"pam_umask", UK_WHO_HELPER},
    {"pam_warn", UK_WHO_HELPER},
    {"pam_access", UK_WHO_GATE},
    {"pam_faillock", UK_WHO_GATE},
    {"pam_securetty", UK_WHO_GATE},
    {"pam_shells", UK_WHO_GATE},
    {"pam_tally2", UK_WHO_GATE},
    {"pam_time", UK_WHO_GATE},
    {"pam_listfile", UK_WHO_CONDITION},
    {"pam_localuser", UK_WHO_CONDITION},
    {"pam_rhosts", UK_WHO_CONDITION},
    {"pam_rootok", UK_WHO_CONDITION},
    {"pam_sepermit", UK_WHO_CONDITION},
    {"pam_succeed_if", UK_WHO_CONDITION},
    {"pam_usertype", UK_WHO_CONDITION},
    {"pam_wheel", UK_WHO_CONDITION},
    {"pam_authd", UK_WHO_PROOF},
    {"pam_duo", UK_WHO_PROOF},
    {"pam_fprintd", UK_WHO_PROOF},
    {"pam_google_authenticator", UK_WHO_PROOF},
    {"pam_himmelblau", UK_WHO_PROOF},
    {"pam_howdy", UK_WHO_PROOF},
    {"pam_kanidm", UK_WHO_PROOF},
    {"pam_krb5", UK_WHO_PROOF},
    {"pam_ldap", UK_WHO_PROOF},
    {"pam_mysql", UK_WHO_PROOF},
    {"pam_oath", UK_WHO_PROOF},
    {"pam_otpw", UK_WHO_PROOF},
    {"pam_p11", UK_WHO_PROOF},
    {"pam_pgsql", UK_WHO_PROOF},
    {"pam_pkcs11", UK_WHO_PROOF},
    {"pam_pwdfile", UK_WHO_PROOF},
    {"pam_radius_auth", UK_WHO_PROOF},
    {"pam_ssh", UK_WHO_PROOF},
    {"pam_ssh_agent_auth", UK_WHO_PROOF},
    {"pam_sss", UK_WHO_PROOF},
    {"pam_systemd_home", UK_WHO_PROOF},
    {"pam_tacplus", UK_WHO_PROOF},
    {"pam_u2f", UK_WHO_PROOF},
    {"pam_unix", UK_WHO_PROOF},
    {"pam_userdb", UK_WHO_PROOF},
    {"pam_winbind", UK_WHO_PROOF},
    {"pam_yubico", UK_WHO_PROOF},
};

enum uk_stackwho_kind
uk_stackwho_kind(const struct uk_stack_line *line)
{
    if (uk_stack_is(line, "pam_faillock") && uk_stack_has(line, "authfail"))
        return UK_WHO_NO;
    for (size_t i = 0; i < UK_COUNT(modules); i++) {
        if (uk_stack_is(line, modules[i].module))
            return modules[i].kind;
    }
    return UK_WHO_STRANGER;
}

static enum uk_pamcode
yes_or_no(bool yes)
{
    return yes ? UK_PAM_SUCCESS : UK_PAM_AUTH_ERR;
}

static enum uk_pamcode
says(void *context, const struct uk_stack_line *line, size_t index)
{
    const struct uk_stackwho *who = context;

    switch (uk_stackwho_kind(line)) {
    case UK_WHO_OURS:
        return who->ours;
    case UK_WHO_YES:
    case UK_WHO_GATE:
        return UK_PAM_SUCCESS;
    case UK_WHO_NO:
        return UK_PAM_AUTH_ERR;
    case UK_WHO_HELPER:
        return who->helpers || line->phase != UK_STACK_AUTH ? UK_PAM_SUCCESS
                                                            : UK_PAM_IGNORE;
    case UK_WHO_CONDITION:
        return yes_or_no(who->conditions);
    case UK_WHO_PROOF:
        return yes_or_no(who->proofs);
    case UK_WHO_STRANGER:
        break;
    }
    return yes_or_no(who->strangers);
}

bool
uk_stackwho_enters(const struct uk_stack *stack, enum uk_stack_phase phase,
                   const struct uk_stackwho *who, struct uk_stackrun *run)
{
    struct uk_stackwho copy = *who;

    uk_stackrun(stack, phase, says, &copy, run);
    return run->result == UK_PAM_SUCCESS;
}

size_t
uk_stackwho_ours(const struct uk_stack *stack, enum uk_stack_phase phase)
{
    size_t i = uk_stack_next(stack, phase, 0);

    while (i < stack->count && uk_stackwho_kind(&stack->line[i]) != UK_WHO_OURS)
        i = uk_stack_next(stack, phase, i + 1);
    return i;
}
