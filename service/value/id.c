/* Ids of the form that clients expect. */
#include "service/value/id.h"

#include <time.h>

#include "core/str.h"
#include "service/value/crypto.h"

void
uk_id_make(char out[UK_ID_SIZE])
{
    unsigned char bytes[UK_ID_LEN / 2];
    uint64_t seconds = (uint64_t)(uk_id_now_us() / 1000000);

    uk_crypto_random(bytes, sizeof(bytes));
    for (int i = 0; i < 4; i++)
        bytes[i] = (unsigned char)(seconds >> (24 - 8 * i));
    uk_str_hex(out, bytes, sizeof(bytes));
}

bool
uk_id_check(const char *text)
{
    return uk_str_is_hex(text, UK_ID_LEN);
}

int64_t
uk_id_now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

bool
uk_id_is_over(int64_t expires_us)
{
    return expires_us > 0 && expires_us <= uk_id_now_us();
}
