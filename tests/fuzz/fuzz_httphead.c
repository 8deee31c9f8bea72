/* The head of an answer, line by line as libcurl hands it over. */
#include <string.h>

#include "core/httphead.h"
#include "core/str.h"
#include "tests/fuzz/fuzz.h"

#define YEAR_S (INT64_C(366) * 24 * 3600)

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct uk_httphead head = {.status = 0};
    struct uk_err err = UK_ERR_NONE;
    enum uk_code code = UK_OK;
    size_t at = 0;

    while (at < len && code == UK_OK) {
        const uint8_t *end = memchr(bytes + at, '\n', len - at);
        size_t n = end == NULL ? len - at : (size_t)(end - bytes) + 1 - at;
        char *line = malloc(n);

        FUZZ_MUST(line != NULL);
        memcpy(line, bytes + at, n); /* so that its end is seen to */
        code = uk_httphead_take(&head, line, n, &err);
        free(line);
        at += n;
    }
    FUZZ_MUST(head.bytes <= UK_HTTPHEAD_MAX || code != UK_OK);
    if (code != UK_OK)
        return 0;
    if (uk_httphead_check(&head, head.length, true, &err) == UK_OK) {
        FUZZ_MUST(head.complete);
        FUZZ_MUST(head.status >= 200 && head.status <= 599);
        FUZZ_MUST(head.length <= UK_HTTPHEAD_BODY);
        FUZZ_MUST(head.retry_after_s <= UK_HTTPHEAD_WAIT_S);
        FUZZ_MUST(uk_str_is_printable(head.request_id));
        /* Four digits of a year, two of anything else. */
        FUZZ_MUST(head.date < YEAR_S * 10001 && head.date > -YEAR_S * 1971);
    }
    return 0;
}
