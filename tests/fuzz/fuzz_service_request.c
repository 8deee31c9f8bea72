/* The head of a request, after the HTTP library: what is believed of it. */
#include <string.h>

#include "service/http/framing.h"
#include "service/value/address.h"
#include "service/value/email.h"
#include "service/value/query.h"
#include "tests/fuzz/fuzz.h"

/* Lines "name: value", the first is the path. */
static void
framing(char *text)
{
    struct uk_framing framing;
    unsigned hosts = 0;
    char *save = NULL, *line = strtok_r(text, "\n", &save);

    uk_framing_start(&framing, line == NULL ? "" : line, "HTTP/1.1");
    while (line != NULL && (line = strtok_r(NULL, "\n", &save)) != NULL) {
        size_t n = strcspn(line, ":");
        const char *value = line[n] == ':' ? line + n + 1 : line + n;

        hosts += n == 4 && strncasecmp(line, "host", 4) == 0;
        uk_framing_header(&framing, line, n, value, strlen(value));
    }
    if (uk_framing_end(&framing) == NULL) {
        FUZZ_MUST(hosts == 1 && framing.lengths <= 1);
        FUZZ_MUST(framing.encodings == 0 || framing.lengths == 0);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    char *text = fuzz_text(bytes, len);
    char small[64], folded[UK_EMAIL_MAX + 1], back[UK_ADDRESS_TEXT];
    struct uk_address address, again;

    memset(&address, 0, sizeof(address));
    if (uk_query_decode(text, small, sizeof(small)))
        FUZZ_MUST(strlen(small) < sizeof(small));
    if (uk_address_parse(text, &address)) {
        uk_address_text(&address, true, back);
        FUZZ_MUST(uk_address_parse(back, &again));
        FUZZ_MUST(uk_address_subject(&address) == uk_address_subject(&again));
    }
    uk_email_fold(text, folded);
    if (uk_email_check(text))
        FUZZ_MUST(uk_email_check(folded) && strcasecmp(folded, text) == 0);
    (void)uk_framing_is_host(text, strlen(text));
    framing(text);
    free(text);
    return 0;
}
