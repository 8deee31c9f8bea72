/*
 * A locale in which letters are others than in ASCII: few machines have one, so
 * it is made for the test, where the C library's sources of locales are there.
 */
#ifndef UK_TESTS_UNIT_LOCALES_H
#define UK_TESTS_UNIT_LOCALES_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* One byte a letter: the small I of Turkish is not 'i'. */
#define LOCALES_TURKISH "tr_TR.ISO-8859-9"

/* Make it in this folder and have setlocale() look there. */
static inline void
locales_make(const char *folder)
{
    char path[4096];
    pid_t pid;

    if (snprintf(path, sizeof(path), "%s/" LOCALES_TURKISH, folder) >=
        (int)sizeof(path))
        return;
    pid = fork();
    if (pid == 0) {
        execlp("localedef", "localedef", "--quiet", "--no-archive", "-i",
               "tr_TR", "-f", "ISO-8859-9", path, (char *)NULL);
        _exit(127);
    }
    if (pid > 0)
        waitpid(pid, NULL, 0);
    setenv("LOCPATH", folder, 1);
}

#endif
