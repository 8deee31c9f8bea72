/* One sink for a program's log lines: a priority, one line, printable only. */
#include "core/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_SIZE 2048 /* with prefix and newline */
#define CUT       "..."

/* Append c, escaped where it must be, or say that there is no room with the
 * mark of a cut line behind it. */
static bool
put_byte(char line[LINE_SIZE], size_t *len, unsigned char c)
{
    static const char digits[] = "0123456789abcdef";
    bool plain = c >= 0x20 && c <= 0x7e;
    size_t need = plain ? 1 : 4;

    if (need > LINE_SIZE - sizeof(CUT) - *len)
        return false;
    if (plain) {
        line[(*len)++] = (char)c;
        return true;
    }
    line[(*len)++] = '\\';
    line[(*len)++] = 'x';
    line[(*len)++] = digits[c >> 4];
    line[(*len)++] = digits[c & 15];
    return true;
}

void
uk_log_line(const struct uk_log *log, enum uk_level level, const char *fmt, ...)
{
    char text[LINE_SIZE];
    char line[LINE_SIZE];
    size_t len = 0;
    va_list args;
    ssize_t written;
    int wanted;

    if (level > log->most)
        return;
    va_start(args, fmt);
    wanted = vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    if (wanted < 0)
        return;
    if (log->prefix)
        len = (size_t)snprintf(line, sizeof(line), "<%d>", (int)level);
    for (const char *c = text; *c != '\0'; c++) {
        if (!put_byte(line, &len, (unsigned char)*c)) {
            wanted = LINE_SIZE;
            break;
        }
    }
    if ((size_t)wanted >= sizeof(text)) {
        memcpy(line + len, CUT, sizeof(CUT) - 1);
        len += sizeof(CUT) - 1;
    }
    line[len++] = '\n';
    do
        written = write(log->fd, line, len);
    while (written < 0 && errno == EINTR);
}
