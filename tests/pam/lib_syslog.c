/*
 * What the program under test says to syslog(3), caught before it leaves.
 *
 * libpam's calls find these functions because the test programs are linked
 * with -rdynamic.  <syslog.h> is not included: it may have inline functions of
 * these names.
 */
#include "tests/pam/lib_syslog.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define LINES         256
#define PRIORITY_MASK 7
#define DOOR          __attribute__((visibility("default")))

static struct {
    int priority;
    char text[LIB_SYSLOG_SIZE];
} lines[LINES];
static unsigned count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define FORMAT(f, a) __attribute__((format(printf, f, a)))

DOOR void syslog(int priority, const char *fmt, ...) FORMAT(2, 3);
DOOR void vsyslog(int priority, const char *fmt, va_list args) FORMAT(2, 0);
DOOR void __syslog_chk(int priority, int flag, const char *fmt, ...)
    FORMAT(3, 4);
DOOR void __vsyslog_chk(int priority, int flag, const char *fmt, va_list args)
    FORMAT(3, 0);

static void keep(int priority, const char *fmt, va_list args) FORMAT(2, 0);

static void
keep(int priority, const char *fmt, va_list args)
{
    pthread_mutex_lock(&lock);
    if (count == LINES)
        abort(); /* a test that logs so much should clear in between */
    lines[count].priority = priority;
    vsnprintf(lines[count].text, sizeof(lines[count].text), fmt, args);
    count++;
    pthread_mutex_unlock(&lock);
}

void
syslog(int priority, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    keep(priority, fmt, args);
    va_end(args);
}

void
__syslog_chk(int priority, int flag, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    keep(priority, fmt, args);
    va_end(args);
}

void
vsyslog(int priority, const char *fmt, va_list args)
{
    keep(priority, fmt, args);
}

void
__vsyslog_chk(int priority, int flag, const char *fmt, va_list args)
{
    keep(priority, fmt, args);
}

unsigned
lib_syslog_count(void)
{
    return count;
}

const char *
lib_syslog_line(unsigned i)
{
    return lines[i].text;
}

int
lib_syslog_priority(unsigned i)
{
    return lines[i].priority & PRIORITY_MASK;
}

int
lib_syslog_facility(unsigned i)
{
    return lines[i].priority & ~PRIORITY_MASK;
}

void
lib_syslog_clear(void)
{
    count = 0;
}
