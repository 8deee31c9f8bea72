/* The numbers of an agent, as the tool reads them. */
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tool/machine/numbers.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    char *text = fuzz_text(bytes, len);
    const char *at = text;
    struct uk_number number;
    unsigned long value;

    while (uk_numbers_next(&at, &number)) {
        FUZZ_MUST(number.name[0] != '\0' && number.text[0] != '\0');
        FUZZ_MUST(at > text && at <= text + strlen(text));
        FUZZ_MUST(strlen(uk_number_label(&number, "le")) < UK_NUMBERS_VALUE);
        if (uk_number_whole(&number, &value))
            FUZZ_MUST(number.text[0] >= '0' && number.text[0] <= '9');
    }
    FUZZ_MUST(*at == '\0');
    free(text);
    return 0;
}
