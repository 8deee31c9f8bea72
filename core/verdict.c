/* What was decided about a key and a person; the word for it in logs. */
#include "core/verdict.h"

const char *
uk_verdict_word(enum uk_verdict verdict)
{
    switch (verdict) {
    case UK_UNDECIDED:
        return "undecided";
    case UK_GRANTED:
        return "granted";
    case UK_REFUSED:
        return "refused";
    case UK_USER_DISABLED:
        return "user-disabled";
    case UK_NOT_MAPPED:
        return "not-mapped";
    case UK_NOT_ALLOWED:
        return "not-allowed";
    case UK_UNKNOWN_USER:
        return "unknown-user";
    case UK_NOT_A_KEY:
        return "malformed";
    case UK_JUNK:
        return "junk";
    case UK_THROTTLED_HERE:
    case UK_THROTTLED_SERVICE:
        return "throttled";
    }
    return "undecided";
}
