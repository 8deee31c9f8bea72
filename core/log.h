/*
 * One sink for a program's log lines: a priority, one line, printable only.
 *
 * For programs (agent, service, tests).  The library itself is silent, and
 * the PAM module logs through PAM.  Lines go to a descriptor, behind "<6>"
 * (RFC 5424 severity) where journald or another supervisor reads them.
 */
#ifndef UK_CORE_LOG_H
#define UK_CORE_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "core/attr.h"

/* What one write to a pipe puts there in one piece, between those of others
 * (PIPE_BUF of Linux). */
#define UK_LOG_HELD 4096

/* Lines of one thread that wait for uk_log_flush(). */
struct uk_log_held {
    size_t len;
    char bytes[UK_LOG_HELD];
};

enum uk_level {
    UK_LEVEL_ERROR = 3, /* numbers as in syslog(3) */
    UK_LEVEL_WARNING = 4,
    UK_LEVEL_NOTICE = 5,
    UK_LEVEL_INFO = 6,
    UK_LEVEL_DEBUG = 7,
};

struct uk_log {
    int fd;                   /* borrowed */
    enum uk_level most;       /* lines above this one are dropped */
    bool prefix;              /* write "<6>" in front */
    struct uk_log_held *held; /* or NULL: each line is written at once */
};

/* Drop lines above this level from now on; other threads may be logging. */
void uk_log_set(struct uk_log *log, enum uk_level most);

/* One line by one write; bytes outside 0x20-0x7e become \xNN, and a line of
 * over 2,048 bytes is cut.  Safe from several threads.  Does not fail: a log
 * that cannot be written is nobody's reason to stop. */
void uk_log_line(const struct uk_log *log, enum uk_level level, const char *fmt,
                 ...) UK_PRINTF(3, 4);

/* Write what is held, whole lines in as few writes as possible. */
void uk_log_flush(const struct uk_log *log);

#endif
