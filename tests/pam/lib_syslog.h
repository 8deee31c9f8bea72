/* What the program under test says to syslog(3), caught before it leaves. */
#ifndef UK_TESTS_PAM_LIB_SYSLOG_H
#define UK_TESTS_PAM_LIB_SYSLOG_H

#define LIB_SYSLOG_SIZE 4096

unsigned lib_syslog_count(void);
const char *lib_syslog_line(unsigned i);
int lib_syslog_priority(unsigned i); /* without the facility */
int lib_syslog_facility(unsigned i);
void lib_syslog_clear(void);

#endif
