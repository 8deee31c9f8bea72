/* server.conf. */
#include "core/str.h"
#include "service/request/config.h"
#include "service/value/address.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct uk_err err = UK_ERR_NONE;
    struct uk_address address;
    struct uk_config config;

    if (uk_config_parse((const char *)bytes, len, "f", &config, &err) !=
        UK_OK) {
        FUZZ_MUST(err.code == UK_MISCONFIGURED || err.code == UK_NO_MEMORY);
        FUZZ_MUST(err.text[0] != '\0' && uk_str_is_printable(err.text));
        return 0;
    }
    FUZZ_MUST(config.database[0] != '\0');
    FUZZ_MUST(config.access_token_lifetime > 0);
    for (size_t i = 0; i < config.listen_http.count; i++) {
        FUZZ_MUST(uk_address_parse(config.listen_http.item[i], &address));
        FUZZ_MUST(config.insecure_http || uk_address_is_loopback(&address));
    }
    return 0;
}
