/* What the tool's exit says: one small number, the same for every command. */
#include "tool/terminal/status.h"

enum uk_exit
uk_status_of_code(enum uk_code code)
{
    switch (code) {
    case UK_OK:
        return UK_EXIT_DONE;
    case UK_INVALID:
        return UK_EXIT_USAGE;
    case UK_UNREACHABLE:
    case UK_TIMEOUT:
    case UK_TLS:
    case UK_BAD_ANSWER:
        return UK_EXIT_NETWORK;
    case UK_CANCELLED:
        return UK_EXIT_CANCELLED;
    case UK_MISCONFIGURED:
    case UK_NO_MEMORY:
    case UK_SYSTEM:
        break;
    }
    return UK_EXIT_FAILED;
}

enum uk_exit
uk_status_of_verdict(enum uk_verdict verdict)
{
    switch (verdict) {
    case UK_GRANTED:
        return UK_EXIT_DONE;
    case UK_REFUSED:
    case UK_USER_DISABLED:
    case UK_NOT_MAPPED:
    case UK_NOT_ALLOWED:
    case UK_UNKNOWN_USER:
    case UK_NOT_A_KEY:
    case UK_JUNK:
    case UK_THROTTLED_HERE:
        return UK_EXIT_DENIED;
    case UK_THROTTLED_SERVICE:
        return UK_EXIT_NETWORK;
    case UK_UNDECIDED:
        break;
    }
    return UK_EXIT_FAILED;
}

enum uk_exit
uk_status_of_reply(enum uk_keys_reply reply)
{
    switch (reply) {
    case UK_KEYS_DONE:
        return UK_EXIT_DONE;
    case UK_KEYS_NOT_FOUND:
        return UK_EXIT_NOT_FOUND;
    case UK_KEYS_CONFLICT:
    case UK_KEYS_LIMIT:
        return UK_EXIT_CONFLICT;
    case UK_KEYS_BAD_NAME:
        return UK_EXIT_USAGE;
    case UK_KEYS_DENIED:
        return UK_EXIT_DENIED;
    case UK_KEYS_NOT_LOGGED_IN:
        return UK_EXIT_NOT_LOGGED_IN;
    case UK_KEYS_THROTTLED:
        return UK_EXIT_NETWORK;
    case UK_KEYS_NONE:
        break;
    }
    return UK_EXIT_FAILED;
}

const char *
uk_status_word(enum uk_exit status)
{
    switch (status) {
    case UK_EXIT_DONE:
        return "done";
    case UK_EXIT_FAILED:
        return "failed";
    case UK_EXIT_USAGE:
        return "usage";
    case UK_EXIT_NOT_FOUND:
        return "not-found";
    case UK_EXIT_NOT_LOGGED_IN:
        return "not-logged-in";
    case UK_EXIT_DENIED:
        return "denied";
    case UK_EXIT_CONFLICT:
        return "conflict";
    case UK_EXIT_NETWORK:
        return "network";
    case UK_EXIT_CANCELLED:
        return "cancelled";
    }
    return "failed";
}
