/* What a decision about a login means: PAM's code for it, and what to do. */
#include "tool/explain.h"

#include <stddef.h>

#include "core/str.h"

struct outcome {
    const char *pam;
    const char *meaning;
};

static const struct outcome verdicts[] = {
    [UK_UNDECIDED] = {"PAM_AUTHINFO_UNAVAIL", "nobody has decided"},
    [UK_GRANTED] = {"PAM_SUCCESS", "the key's user may log in to this account"},
    [UK_REFUSED] = {"PAM_AUTH_ERR",
                    "the service does not take this key: it is unknown, "
                    "disabled or deleted; the service's log ('journalctl -u "
                    "userkey-server') says which, under the request id"},
    [UK_USER_DISABLED] = {"PAM_AUTH_ERR",
                          "the service has disabled the key's user; "
                          "'userkey-server user enable' there lets them in "
                          "again"},
    [UK_NOT_MAPPED] = {"PAM_AUTH_ERR",
                       "'users_file' does not let the key's user, or anybody, "
                       "log in to this account"},
    [UK_NOT_ALLOWED] = {"PAM_PERM_DENIED",
                        "this account takes no keys, whoever has one; nothing "
                        "was asked"},
    [UK_UNKNOWN_USER] = {"PAM_USER_UNKNOWN",
                         "there is no such account on this machine; nothing "
                         "was asked"},
    [UK_NOT_A_KEY] = {"PAM_AUTH_ERR",
                      "that is not a key: a typing error, or a Unix password; "
                      "nothing was sent"},
    [UK_JUNK] = {"PAM_AUTH_ERR",
                 "that is what sshd puts in place of the password of a user "
                 "whom it has refused"},
    [UK_THROTTLED_HERE] = {"PAM_MAXTRIES",
                           "too many attempts on this machine; wait"},
    [UK_THROTTLED_SERVICE] = {"PAM_AUTHINFO_UNAVAIL",
                              "the service has seen too many attempts; wait"},
};

static const struct outcome failures[] = {
    [UK_MISCONFIGURED] = {"PAM_SERVICE_ERR",
                          "a setting or a file of this machine is wrong, or "
                          "others could have written it; until that is put "
                          "right no key logs in"},
    [UK_UNREACHABLE] = {"PAM_AUTHINFO_UNAVAIL",
                        "nobody is there to ask; until somebody is, no key "
                        "logs in"},
    [UK_TIMEOUT] = {"PAM_AUTHINFO_UNAVAIL",
                    "there was no answer in the time that 'timeout' gives; no "
                    "key logs in meanwhile"},
    [UK_TLS] = {"PAM_AUTHINFO_UNAVAIL",
                "the two sides cannot prove to one another who they are: "
                "certificates, and the settings about them"},
    [UK_BAD_ANSWER] = {"PAM_AUTHINFO_UNAVAIL",
                       "what answers there is not the service, is broken, "
                       "or takes no keys"},
    [UK_NO_MEMORY] = {"PAM_BUF_ERR", "this machine has no memory left for it"},
    [UK_SYSTEM] = {"PAM_SYSTEM_ERR",
                   "the kernel of this machine refused what a login needs"},
    [UK_INVALID] = {"PAM_SYSTEM_ERR", "what was asked for cannot be"},
    [UK_CANCELLED] = {"PAM_CONV_ERR", "the person gave up"},
};

static const struct outcome *
find(enum uk_code code, enum uk_verdict verdict)
{
    if (code == UK_OK && (size_t)verdict < UK_COUNT(verdicts) &&
        verdicts[verdict].pam != NULL)
        return &verdicts[verdict];
    if (code != UK_OK && (size_t)code < UK_COUNT(failures) &&
        failures[code].pam != NULL)
        return &failures[code];
    return &verdicts[UK_UNDECIDED];
}

const char *
uk_explain_pam(enum uk_code code, enum uk_verdict verdict)
{
    return find(code, verdict)->pam;
}

const char *
uk_explain_meaning(enum uk_code code, enum uk_verdict verdict)
{
    return find(code, verdict)->meaning;
}
