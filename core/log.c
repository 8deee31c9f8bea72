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

static void
write_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t written = write(fd, bytes, len);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return;
        bytes += written;
        len -= (size_t)written;
    }
}

/* Write a line, or put it to those that wait. */
static void
put_out(const struct uk_log *log, const char *line, size_t len)
{
    struct uk_log_held *held = log->held;

    if (held == NULL) {
        write_all(log->fd, line, len);
        return;
    }
    if (len > sizeof(held->bytes) - held->len)
        uk_log_flush(log);
    memcpy(held->bytes + held->len, line, len);
    held->len += len;
}

/* Append what needs no escape from here on, as far as there is room; how much
 * that was. */
static size_t
put_run(char line[LINE_SIZE], size_t *len, const char *text)
{
    size_t most = LINE_SIZE - sizeof(CUT) - *len, run = 0;

    while (run < most && text[run] >= 0x20 && text[run] <= 0x7e)
        run++;
    memcpy(line + *len, text, run);
    *len += run;
    return run;
}

void
uk_log_set(struct uk_log *log, enum uk_level most)
{
    __atomic_store_n(&log->most, most, __ATOMIC_RELAXED);
}

void
uk_log_line(const struct uk_log *log, enum uk_level level, const char *fmt, ...)
{
    char text[LINE_SIZE];
    char line[LINE_SIZE];
    size_t len = 0;
    va_list args;
    int wanted;

    if (level > __atomic_load_n(&log->most, __ATOMIC_RELAXED))
        return;
    va_start(args, fmt);
    wanted = vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    if (wanted < 0)
        return;
    if (log->prefix)
        len = (size_t)snprintf(line, sizeof(line), "<%d>", (int)level);
    for (const char *c = text; *c != '\0';) {
        size_t run = put_run(line, &len, c);

        if (run == 0 && !put_byte(line, &len, (unsigned char)*c)) {
            wanted = LINE_SIZE;
            break;
        }
        c += run > 0 ? run : 1;
    }
    if ((size_t)wanted >= sizeof(text)) {
        memcpy(line + len, CUT, sizeof(CUT) - 1);
        len += sizeof(CUT) - 1;
    }
    line[len++] = '\n';
    put_out(log, line, len);
}

void
uk_log_flush(const struct uk_log *log)
{
    if (log->held == NULL || log->held->len == 0)
        return;
    write_all(log->fd, log->held->bytes, log->held->len);
    log->held->len = 0;
}
