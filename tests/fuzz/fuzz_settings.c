/* userkey.conf: what is taken has been checked, what is not has a line. */
#include <string.h>

#include "core/settings.h"
#include "core/str.h"
#include "core/url.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct uk_err err = UK_ERR_NONE;
    struct uk_settings settings;
    struct uk_url url;

    if (uk_settings_parse((const char *)bytes, len, "f", &settings, &err) !=
        UK_OK) {
        FUZZ_MUST(err.code == UK_MISCONFIGURED || err.code == UK_NO_MEMORY);
        FUZZ_MUST(err.text[0] != '\0' && uk_str_is_printable(err.text));
        return 0;
    }
    FUZZ_MUST(settings.service_url.count > 0);
    for (size_t i = 0; i < settings.service_url.count; i++) {
        FUZZ_MUST(uk_url_parse(settings.service_url.item[i], &url));
        FUZZ_MUST(strcmp(url.scheme, "https") == 0 ||
                  (settings.insecure_http && url.loopback));
    }
    FUZZ_MUST(settings.app_id[0] != '\0');
    FUZZ_MUST(settings.timeout > 0);
    FUZZ_MUST(settings.agent_program[0] == '/');
    FUZZ_MUST((settings.client_certificate[0] == '\0') ==
              (settings.client_key[0] == '\0'));
    return 0;
}
