/* JSON from the network: strict, the same again when it is written anew. */
#include <string.h>

#include "core/json.h"
#include "core/jsonscan.h"
#include "tests/fuzz/fuzz.h"

static const char *const names[] = {"key",   "sub",        "user_id", "a",
                                    "error", "identities", "data",    ""};

static void
ask(const struct uk_json *value, unsigned depth)
{
    const struct uk_json *inside;
    const char *text;
    int64_t number;
    bool flag;

    FUZZ_MUST(depth <= UK_JSONSCAN_DEPTH);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (uk_json_text(value, names[i], &text))
            FUZZ_MUST(uk_json_is_text(text));
        (void)uk_json_int(value, names[i], &number);
        (void)uk_json_bool(value, names[i], &flag);
        if (uk_json_object(value, names[i], &inside))
            ask(inside, depth + 1);
        if (!uk_json_array(value, names[i], &inside))
            continue;
        for (size_t at = 0; at < uk_json_count(inside); at++)
            if (uk_json_is_object(uk_json_item(inside, at)))
                ask(uk_json_item(inside, at), depth + 2);
    }
}

/* A text that we write is read as it was. */
static void
write_anew(const char *text)
{
    struct uk_buf buf = UK_BUF_UP_TO(1 << 16);
    struct uk_json_out out = {.buf = &buf};
    struct uk_json *document = NULL;
    struct uk_err err = UK_ERR_NONE;
    const char *back;

    uk_json_begin(&out, NULL, '{');
    uk_json_put_text(&out, "t", text);
    uk_json_end(&out, '}');
    FUZZ_MUST(!buf.bad);
    FUZZ_MUST(uk_json_parse(buf.bytes, buf.len, &document, &err) == UK_OK);
    FUZZ_MUST(uk_json_text(document, "t", &back) && strcmp(back, text) == 0);
    uk_json_free(document);
    uk_buf_clear(&buf);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct uk_json *document = NULL;
    struct uk_err err = UK_ERR_NONE;
    size_t values;
    char *text;

    if (uk_json_parse(bytes, len, &document, &err) == UK_OK) {
        FUZZ_MUST(uk_jsonscan_check(bytes, len, &values, &err) == UK_OK);
        if (uk_json_is_object(document))
            ask(document, 1);
    } else {
        FUZZ_MUST(document == NULL && err.text[0] != '\0');
    }
    uk_json_free(document);
    text = fuzz_text(bytes, len);
    if (len < 4096 && uk_json_is_text(text))
        write_anew(text);
    free(text);
    return 0;
}
