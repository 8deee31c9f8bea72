/* The name that somebody probably meant. */
#include "core/typo.h"

#include <string.h>

#define NAME_MOST 32

/* d[i][j] is the number of slips between the first i and j characters. */
typedef unsigned char table[NAME_MOST + 1][NAME_MOST + 1];

static size_t
lesser(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t
step(table d, const char *a, size_t i, const char *b, size_t j)
{
    size_t best;

    if (i == 0 || j == 0)
        return i + j;
    best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1] ? 1U : 0U);
    best = lesser(best, d[i - 1][j] + 1U);
    best = lesser(best, d[i][j - 1] + 1U);
    if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        best = lesser(best, d[i - 2][j - 2] + 1U);
    return best;
}

size_t
uk_typo_slips(const char *a, const char *b)
{
    size_t n = strlen(a);
    size_t m = strlen(b);
    table d;

    if (n > NAME_MOST || m > NAME_MOST)
        return UK_TYPO_MOST + 1;
    for (size_t i = 0; i <= n; i++) {
        for (size_t j = 0; j <= m; j++)
            d[i][j] = (unsigned char)step(d, a, i, b, j);
    }
    return d[n][m];
}
