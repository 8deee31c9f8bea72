/* What a decision about a login means: PAM's code for it, and what to do. */
#include "tool/explain/meaning.h"

#include <stddef.h>

#include "core/attr.h"
#include "core/pamcode.h"
#include "tool/stack/pamname.h"
#include "tool/terminal/language.h"

static const char *const verdicts[] = {
    [UK_UNDECIDED] = N_("nobody has decided"),
    [UK_GRANTED] = N_("the key's user may log in to this account"),
    [UK_REFUSED] =
        N_("the service does not take this key: it is unknown, "
           "disabled, expired or deleted, or keys are off there; on "
           "the service's machine 'journalctl -u userkey-server' says "
           "which, under the request id"),
    [UK_USER_DISABLED] = N_("the service has disabled the key's user; "
                            "'userkey-server user enable ADDRESS' there lets "
                            "them in again"),
    [UK_NOT_MAPPED] =
        N_("'users_file' does not let the key's user, or anybody, "
           "log in to this account"),
    [UK_NOT_ALLOWED] =
        N_("this account takes no keys, whoever has one; nothing "
           "was asked"),
    [UK_UNKNOWN_USER] = N_("there is no such account on this machine; nothing "
                           "was asked"),
    [UK_NOT_A_KEY] =
        N_("that is not a key: a typing error, or a Unix password; "
           "nothing was sent"),
    [UK_JUNK] = N_("that is what sshd puts in place of the password of a user "
                   "whom it has refused"),
    [UK_THROTTLED_HERE] = N_("too many attempts on this machine; wait"),
    [UK_THROTTLED_SERVICE] = N_("the service has seen too many attempts; wait"),
};

static const char *const failures[] = {
    [UK_MISCONFIGURED] = N_("a setting or a file of this machine is wrong, or "
                            "others could have written it; until that is put "
                            "right no key logs in"),
    [UK_UNREACHABLE] = N_("nobody is there to ask; until somebody is, no key "
                          "logs in"),
    [UK_TIMEOUT] =
        N_("there was no answer in the time that 'timeout' gives; no "
           "key logs in meanwhile"),
    [UK_TLS] = N_("the two sides cannot prove to one another who they are: "
                  "certificates, and the settings about them"),
    [UK_BAD_ANSWER] = N_("what answers there is not the service, has no such "
                         "app ('app_id'), or is broken"),
    [UK_NO_MEMORY] = N_("this machine has no memory left for it"),
    [UK_SYSTEM] = N_("the kernel of this machine refused what a login needs"),
    [UK_INVALID] = N_("what was asked for cannot be"),
    [UK_CANCELLED] = N_("the person gave up"),
};

const char *
uk_explain_pam(enum uk_code code, enum uk_verdict verdict)
{
    return uk_pamname(uk_pamcode_of(code, verdict, UK_PHASE_AUTH));
}

const char *
uk_explain_meaning(enum uk_code code, enum uk_verdict verdict)
{
    if (code == UK_OK && (size_t)verdict < UK_COUNT(verdicts) &&
        verdicts[verdict] != NULL)
        return _(verdicts[verdict]);
    if (code != UK_OK && (size_t)code < UK_COUNT(failures) &&
        failures[code] != NULL)
        return _(failures[code]);
    return _(verdicts[UK_UNDECIDED]);
}
