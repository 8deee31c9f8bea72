/* What a decision about a login means: PAM's code for it, and what to do. */
#include "tool/explain/meaning.h"

#include <stddef.h>

#include "core/pamcode.h"
#include "core/str.h"
#include "tool/stack/pamname.h"

static const char *const verdicts[] = {
    [UK_UNDECIDED] = "nobody has decided",
    [UK_GRANTED] = "the key's user may log in to this account",
    [UK_REFUSED] = "the service does not take this key: it is unknown, "
                   "disabled, expired or deleted, or keys are off there; on "
                   "the service's machine 'journalctl -u userkey-server' says "
                   "which, under the request id",
    [UK_USER_DISABLED] = "the service has disabled the key's user; "
                         "'userkey-server user enable ADDRESS' there lets "
                         "them in again",
    [UK_NOT_MAPPED] = "'users_file' does not let the key's user, or anybody, "
                      "log in to this account",
    [UK_NOT_ALLOWED] = "this account takes no keys, whoever has one; nothing "
                       "was asked",
    [UK_UNKNOWN_USER] = "there is no such account on this machine; nothing "
                        "was asked",
    [UK_NOT_A_KEY] = "that is not a key: a typing error, or a Unix password; "
                     "nothing was sent",
    [UK_JUNK] = "that is what sshd puts in place of the password of a user "
                "whom it has refused",
    [UK_THROTTLED_HERE] = "too many attempts on this machine; wait",
    [UK_THROTTLED_SERVICE] = "the service has seen too many attempts; wait",
};

static const char *const failures[] = {
    [UK_MISCONFIGURED] = "a setting or a file of this machine is wrong, or "
                         "others could have written it; until that is put "
                         "right no key logs in",
    [UK_UNREACHABLE] = "nobody is there to ask; until somebody is, no key "
                       "logs in",
    [UK_TIMEOUT] = "there was no answer in the time that 'timeout' gives; no "
                   "key logs in meanwhile",
    [UK_TLS] = "the two sides cannot prove to one another who they are: "
               "certificates, and the settings about them",
    [UK_BAD_ANSWER] = "what answers there is not the service, has no such "
                      "app ('app_id'), or is broken",
    [UK_NO_MEMORY] = "this machine has no memory left for it",
    [UK_SYSTEM] = "the kernel of this machine refused what a login needs",
    [UK_INVALID] = "what was asked for cannot be",
    [UK_CANCELLED] = "the person gave up",
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
        return verdicts[verdict];
    if (code != UK_OK && (size_t)code < UK_COUNT(failures) &&
        failures[code] != NULL)
        return failures[code];
    return verdicts[UK_UNDECIDED];
}
