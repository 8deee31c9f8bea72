/* Values of a query. */
#include "service/value/query.h"

#include <string.h>

/* -1 for what is no digit. */
static int
digit(char c)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *found = c == '\0' ? NULL : strchr(digits, c);

    return found == NULL ? -1 : (int)((found - digits) % 16);
}

bool
uk_query_decode(const char *text, char *out, size_t size)
{
    size_t n = 0;

    while (*text != '\0') {
        int c = (unsigned char)*text++;

        if (c == '%') {
            int high = digit(text[0]);
            int low = high < 0 ? -1 : digit(text[1]);

            if (low < 0 || high + low == 0)
                return false;
            c = 16 * high + low;
            text += 2;
        }
        if (n + 1 >= size)
            return false;
        out[n++] = (char)c;
    }
    out[n] = '\0';
    return true;
}
