/*
 * The URL of a PostgreSQL database with a password in it that was written as
 * it is: whatever else that makes of the URL, nothing that is said shows it.
 *
 * The first line goes in front of the password, the second behind it.
 */
#include <string.h>

#include "core/str.h"
#include "service/store/pg.h"
#include "tests/fuzz/fuzz.h"

#define SECRET "qvxzk"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static struct uk_pg_place place;
    const char *names[UK_PG_PARAMS], *values[UK_PG_PARAMS];
    char *text = fuzz_text(bytes, len), *rest = text, url[UK_PG_URL];
    const char *front = strsep(&rest, "\n");
    struct uk_err err = UK_ERR_NONE;

    if (strcasestr(text, SECRET) != NULL ||
        (rest != NULL && strcasestr(rest, SECRET) != NULL) ||
        snprintf(url, sizeof(url), "postgresql://user:%s" SECRET "@%s", front,
                 rest == NULL ? "" : rest) >= (int)sizeof(url)) {
        free(text);
        return 0;
    }
    if (uk_pg_place_init(&place, url, &err) == UK_OK) {
        uk_pg_place_params(&place, names, values);
        FUZZ_MUST(uk_str_is_printable(place.name) && place.name[0] != '\0');
        FUZZ_MUST(strstr(place.name, SECRET) == NULL);
    } else {
        FUZZ_MUST(err.code == UK_MISCONFIGURED && err.text[0] != '\0');
        FUZZ_MUST(uk_str_is_printable(err.text));
        FUZZ_MUST(strstr(err.text, SECRET) == NULL);
    }
    free(text);
    return 0;
}
