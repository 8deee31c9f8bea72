/* What a new password is. */
#include "service/api/password.h"

#include <string.h>

#include "core/json.h"

#define SHORTEST 6
#define LONGEST  128

bool
uk_password_check(const struct uk_secret *password)
{
    const char *text = uk_secret_peek(password);
    size_t n = 0;

    if (strlen(text) != password->len || !uk_json_is_text(text))
        return false;
    for (; *text != '\0'; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n >= SHORTEST && n <= LONGEST;
}
