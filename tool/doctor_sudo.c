/* Does sudo ask for a key as often as its administrator thinks? */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/str.h"
#include "tool/doctor_pam.h"

#define SUDOERS  "/etc/sudoers"
#define TEXT_MAX (1024 * 1024)
#define DEPTH    16
#define LINE     4096
#define FILES    256

struct sudo {
    const struct uk_doctor *doctor;
    char timeout[32]; /* as it is written; "" for nothing said */
    char where[UK_DOCTOR_PATH];
    bool no_password, unseen;
    unsigned depth;
};

static void read_sudoers(struct sudo *sudo, const char *path);

static int
compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Its files in order, but those with a dot or '~' (sudoers(5)). */
static void
read_folder(struct sudo *sudo, const char *folder)
{
    char path[UK_DOCTOR_PATH], *names[FILES];
    size_t count = 0;
    DIR *dir = opendir(uk_doctor_path(sudo->doctor, folder, path));
    struct dirent *entry;

    if (dir == NULL) {
        sudo->unseen |= errno == EACCES;
        return;
    }
    while (count < FILES && (entry = readdir(dir)) != NULL) {
        if (strpbrk(entry->d_name, ".~") == NULL &&
            (names[count] = strdup(entry->d_name)) != NULL)
            count++;
    }
    closedir(dir);
    qsort(names, count, sizeof(names[0]), compare);
    for (size_t i = 0; i < count; i++) {
        char file[UK_DOCTOR_PATH];

        snprintf(file, sizeof(file), "%s/%s", folder, names[i]);
        read_sudoers(sudo, file);
        free(names[i]);
    }
}

/* "Defaults env_reset, timestamp_timeout=0": the last one counts. */
static void
read_defaults(struct sudo *sudo, const char *line, const char *path)
{
    static const char name[] = "timestamp_timeout";
    const char *at = strstr(line, name);

    if (at == NULL)
        return;
    if (at > line && at[-1] == '!') {
        memcpy(sudo->timeout, "0", 2);
    } else {
        at += sizeof(name) - 1;
        at += strspn(at, " \t=\"");
        snprintf(sudo->timeout, sizeof(sudo->timeout), "%.*s",
                 (int)strspn(at, "-.0123456789"), at);
    }
    snprintf(sudo->where, sizeof(sudo->where), "%s", path);
}

/* The rest of a line that includes; NULL for one that does not. */
static const char *
included(const char *line, const char *word)
{
    size_t len = strlen(word);

    if ((line[0] != '@' && line[0] != '#') ||
        strncmp(line + 1, word, len) != 0 ||
        (line[1 + len] != ' ' && line[1 + len] != '\t'))
        return NULL;
    return line + 1 + len + strspn(line + 1 + len, " \t");
}

static void
read_line(struct sudo *sudo, char *line, const char *path)
{
    const char *folder = included(line, "includedir");
    const char *file = included(line, "include");

    line[strcspn(line, "\r")] = '\0';
    if (folder != NULL && folder[0] == '/')
        read_folder(sudo, folder);
    else if (file != NULL && file[0] == '/')
        read_sudoers(sudo, file);
    if (line[0] == '#')
        return;
    line[strcspn(line, "#")] = '\0';
    if (uk_str_starts(line, "Defaults"))
        read_defaults(sudo, line, path);
    else if (strstr(line, "NOPASSWD") != NULL)
        sudo->no_password = true;
}

/* Lines that go on behind a '\' are one. */
static void
read_text(struct sudo *sudo, const char *text, const char *path)
{
    char line[LINE];
    size_t used = 0;

    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        bool more = len > 0 && text[len - 1] == '\\';
        int put = snprintf(line + used, sizeof(line) - used, "%.*s",
                           (int)(len - more), text);

        used += put > 0 && (size_t)put < sizeof(line) - used ? (size_t)put : 0;
        text += len + (text[len] != '\0');
        if (more)
            continue;
        read_line(sudo, line + strspn(line, " \t"), path);
        used = 0;
    }
}

static void
read_sudoers(struct sudo *sudo, const char *path)
{
    struct uk_buf text = UK_BUF_UP_TO(TEXT_MAX);
    int sys;

    if (sudo->depth >= DEPTH)
        return;
    sudo->depth++;
    sys = uk_doctor_read(sudo->doctor, path, &text);
    if (sys == 0)
        read_text(sudo, uk_buf_peek(&text), path);
    else
        sudo->unseen |= sys == EACCES;
    sudo->depth--;
    uk_buf_clear(&text);
}

static void
report(struct uk_doctor *doctor, const struct sudo *sudo)
{
    bool never = sudo->timeout[0] == '-';
    bool always = strspn(sudo->timeout, "0.") == strlen(sudo->timeout) &&
                  sudo->timeout[0] != '\0';
    struct uk_finding *finding;

    if (always) {
        uk_doctor_say(doctor, UK_GRADE_OK,
                      "sudo asks each time ('timestamp_timeout=0' in '%s')",
                      sudo->where);
    } else {
        finding = uk_doctor_say(
            doctor, never ? UK_GRADE_WARNING : UK_GRADE_NOTE,
            never ? "sudo asks once and never again ('timestamp_timeout=%s')"
                  : "sudo does not ask again for %s minutes "
                    "('timestamp_timeout')",
            sudo->timeout[0] != '\0' ? sudo->timeout : "15");
        uk_doctor_why(finding, "a key that is disabled meanwhile still has "
                               "sudo until then");
        uk_doctor_mend(finding, "where that matters: echo 'Defaults "
                                "timestamp_timeout=0' | tee "
                                "/etc/sudoers.d/userkey");
    }
    if (sudo->no_password)
        uk_doctor_say(doctor, UK_GRADE_NOTE,
                      "some rule of sudoers has NOPASSWD: nobody is asked for "
                      "a key there");
}

void
uk_doctor_sudo(struct uk_doctor *doctor)
{
    struct sudo sudo = {.doctor = doctor};
    struct uk_stack stack = {.line = NULL};
    struct uk_err err = UK_ERR_NONE;
    bool ours;

    if (uk_doctor_load_stack(doctor, "sudo", &stack, &err) != UK_OK)
        return;
    ours = uk_stackwho_ours(&stack, UK_STACK_AUTH) < stack.count;
    uk_stack_clear(&stack);
    if (!ours)
        return;
    read_sudoers(&sudo, SUDOERS);
    if (sudo.unseen)
        uk_doctor_unseen(doctor, "what sudoers says");
    else
        report(doctor, &sudo);
}
