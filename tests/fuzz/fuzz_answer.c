/* An answer as the module gets it: what is taken says one thing. */
#include <string.h>

#include "core/msg.h"
#include "tests/fuzz/fuzz.h"

static void
check_rules(const struct uk_answer *answer)
{
    FUZZ_MUST((answer->verdict == UK_GRANTED) == (answer->person.id[0] != 0));
    FUZZ_MUST(answer->code == UK_OK || answer->verdict == UK_UNDECIDED);
    FUZZ_MUST(answer->code == UK_OK || answer->tokens.access.len == 0);
    FUZZ_MUST(answer->verdict != UK_NOT_MAPPED &&
              answer->verdict != UK_NOT_ALLOWED &&
              answer->verdict != UK_UNKNOWN_USER && answer->verdict != UK_JUNK);
    FUZZ_MUST(!answer->offline || (answer->verdict == UK_GRANTED &&
                                   answer->tokens.refresh.len == 0));
    FUZZ_MUST(uk_str_is_printable(answer->text));
    FUZZ_MUST(uk_str_is_printable(answer->request_id));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct uk_request login = {.op = UK_OP_LOGIN, .budget_ms = 1};
    struct uk_answer answer = {.code = UK_OK};
    struct uk_buf buf = UK_BUF_UP_TO(UK_MSG_MAX);
    struct uk_err err = UK_ERR_NONE;

    if (uk_answer_unpack(bytes, len, &answer, &err) != UK_OK) {
        FUZZ_MUST(err.code == UK_BAD_ANSWER);
        FUZZ_MUST(answer.tokens.access.bytes == NULL);
        return 0;
    }
    check_rules(&answer);
    FUZZ_MUST(uk_answer_pack(&answer, &buf, &err) == UK_OK);
    FUZZ_MUST(buf.len == len && memcmp(buf.bytes, bytes, len) == 0);
    /* Tokens that nobody has asked for are no answer. */
    if (uk_answer_check(&answer, &login, &err) == UK_OK)
        FUZZ_MUST(answer.tokens.refresh.len == 0);
    uk_answer_clear(&answer);
    uk_buf_clear(&buf);
    return 0;
}
