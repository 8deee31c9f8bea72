/* A throwaway PostgreSQL server, served by a script of its own. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/service/lib_cluster.h"

#define SCRIPT "tests/service/pg_cluster.py"

static FILE *to, *from;
static pid_t script;
static char folder[CLUSTER_ANSWER];
static unsigned port;

static void
read_line(char line[CLUSTER_ANSWER])
{
    if (fgets(line, CLUSTER_ANSWER, from) == NULL)
        snprintf(line, CLUSTER_ANSWER, "the script has gone");
    line[strcspn(line, "\n")] = '\0';
}

bool
cluster_start(char why[CLUSTER_ANSWER])
{
    int in[2], out[2];
    char line[CLUSTER_ANSWER];

    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
        return false;
    script = fork();
    if (script == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        execl(SCRIPT, SCRIPT, (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    to = fdopen(in[1], "w");
    from = fdopen(out[0], "r");
    read_line(line);
    if (strncmp(line, "ok ", 3) != 0) {
        snprintf(why, CLUSTER_ANSWER, "%s",
                 strncmp(line, "skip ", 5) == 0 ? line + 5 : line);
        cluster_end();
        return false;
    }
    snprintf(folder, sizeof(folder), "%s", line + 3);
    folder[strcspn(folder, " ")] = '\0';
    port = (unsigned)strtoul(strrchr(line, ' ') + 1, NULL, 10);
    return true;
}

void
cluster_end(void)
{
    fclose(to);
    waitpid(script, NULL, 0);
    fclose(from);
}

const char *
cluster_folder(void)
{
    return folder;
}

unsigned
cluster_port(void)
{
    return port;
}

void
cluster_do(const char *command, char answer[CLUSTER_ANSWER])
{
    char line[CLUSTER_ANSWER];

    fprintf(to, "%s\n", command);
    fflush(to);
    read_line(line);
    if (strncmp(line, "ok", 2) != 0)
        fail_msg("'%s': %s", command, line);
    if (answer != NULL)
        snprintf(answer, CLUSTER_ANSWER, "%s", line + (line[2] == ' ' ? 3 : 2));
}
