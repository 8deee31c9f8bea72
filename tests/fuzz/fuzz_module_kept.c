/* The file of a kept session: what is read is what could have been written. */
#include <string.h>

#include "core/str.h"
#include "pam_module/kept.h"
#include "tests/fuzz/fuzz.h"

static void
write_anew(const char *account, const struct uk_secret *refresh)
{
    struct uk_tokens tokens = {.refresh = *refresh};
    const struct uk_kept kept = {.account = account,
                                 .url = "https://a\"\\",
                                 .app_id = "app",
                                 .user_id = "id",
                                 .tokens = &tokens};
    struct uk_buf buf = UK_BUF_UP_TO(UK_KEPT_MAX);
    struct uk_secret again = UK_SECRET_NONE;
    struct uk_err err = UK_ERR_NONE;
    char name[UK_NAME_MAX + 1];

    FUZZ_MUST(uk_kept_pack(&kept, &buf, &err) == UK_OK);
    FUZZ_MUST(uk_kept_unpack(buf.bytes, buf.len, name, &again, &err) == UK_OK);
    FUZZ_MUST(strcmp(name, account) == 0);
    FUZZ_MUST(strcmp(uk_secret_peek(&again), uk_secret_peek(refresh)) == 0);
    uk_secret_clear(&again);
    uk_buf_clear(&buf);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    char *text = fuzz_text(bytes, len);
    struct uk_secret refresh = UK_SECRET_NONE;
    struct uk_err err = UK_ERR_NONE;
    char account[UK_NAME_MAX + 1] = "";

    if (uk_kept_unpack(text, len, account, &refresh, &err) == UK_OK) {
        FUZZ_MUST(uk_str_is_user_name(account) && refresh.len > 0);
        FUZZ_MUST(uk_str_is_printable(refresh.bytes));
        FUZZ_MUST(memchr(bytes, '\0', len) == NULL);
        write_anew(account, &refresh);
    } else {
        FUZZ_MUST(account[0] == '\0' && refresh.len == 0);
        FUZZ_MUST(err.code == UK_BAD_ANSWER);
    }
    if (uk_kept_is_path(text))
        FUZZ_MUST(strlen(text) == UK_KEPT_PATH_SIZE - 1 &&
                  strstr(text, "..") == NULL);
    uk_secret_clear(&refresh);
    free(text);
    return 0;
}
