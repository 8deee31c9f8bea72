/* A request as the agent gets it: what is taken can be said again. */
#include <string.h>

#include "core/keytext.h"
#include "core/msg.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct uk_request request = {.op = 0}, again = {.op = 0};
    struct uk_buf buf = UK_BUF_UP_TO(UK_MSG_MAX);
    struct uk_err err = UK_ERR_NONE;

    if (uk_request_unpack(bytes, len, &request, &err) != UK_OK) {
        FUZZ_MUST(err.code == UK_BAD_ANSWER);
        FUZZ_MUST(request.secret.bytes == NULL);
        return 0;
    }
    FUZZ_MUST(request.budget_ms > 0 && request.secret.len > 0);
    FUZZ_MUST(uk_request_pack(&request, &buf, &err) == UK_OK);
    /* One way to write each message. */
    FUZZ_MUST(buf.len == len && memcmp(buf.bytes, bytes, len) == 0);
    FUZZ_MUST(uk_request_unpack(buf.bytes, buf.len, &again, &err) == UK_OK);
    FUZZ_MUST(strcmp(again.user, request.user) == 0);
    uk_request_clear(&request);
    uk_request_clear(&again);
    uk_buf_clear(&buf);
    return 0;
}
