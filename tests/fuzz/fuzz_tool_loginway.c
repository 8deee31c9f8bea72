/*
 * Blocks in a PAM file: what is put in comes out again to the byte, and any
 * text is read to an end.
 */
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tool/loginway/block.h"

#define MOST (64 * 1024)

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct uk_buf text = UK_BUF_UP_TO(MOST), put = UK_BUF_UP_TO(4 * MOST);
    struct uk_buf taken = UK_BUF_UP_TO(4 * MOST);
    struct uk_err err = UK_ERR_NONE;

    if (memchr(bytes, '\0', len) == NULL)
        uk_buf_add(&text, bytes, len);
    if (uk_loginblock_put(uk_buf_peek(&text), &put, &err) == UK_OK) {
        FUZZ_MUST(uk_loginblock_is_there(uk_buf_peek(&put)));
        FUZZ_MUST(uk_loginblock_take(uk_buf_peek(&put), &taken, &err) == UK_OK);
        FUZZ_MUST(strcmp(uk_buf_peek(&taken), uk_buf_peek(&text)) == 0);
    } else {
        FUZZ_MUST(err.text[0] != '\0');
    }
    uk_buf_clear(&taken);
    if (uk_loginblock_take(uk_buf_peek(&text), &taken, &err) == UK_OK &&
        !uk_loginblock_is_there(uk_buf_peek(&text)))
        FUZZ_MUST(strcmp(uk_buf_peek(&taken), uk_buf_peek(&text)) == 0);
    uk_buf_clear(&taken);
    uk_buf_clear(&put);
    uk_buf_clear(&text);
    return 0;
}
