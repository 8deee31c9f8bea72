/* Does sudo ask for a key as often as its administrator thinks? */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/str.h"
#include "tool/doctor/pam_files.h"
#include "tool/stack/who.h"
#include "tool/terminal/language.h"

#define SUDOERS  "/etc/sudoers"
#define TEXT_MAX (1024 * 1024)
#define DEPTH    16
#define LINE     4096
#define FILES    256  /* of one folder */
#define LOOKS    1024 /* files and folders */
#define SOME     64   /* for whom a scoped line is */

struct sudo {
    const struct uk_doctor *doctor;
    char timeout[32]; /* as it is written; "" for nothing said */
    char where[UK_DOCTOR_PATH];
    char some[SOME]; /* "Defaults:bob": a line that is not for all; or "" */
    char some_timeout[32];
    bool no_password;
    bool unseen;   /* may not be read */
    bool too_much; /* or is more than is followed */
    unsigned depth, looks;
};

static void read_sudoers(struct sudo *sudo, const char *path);

static int
compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Files that include one another have an end, whoever wrote them. */
static bool
may_look(struct sudo *sudo)
{
    if (sudo->depth < DEPTH && sudo->looks < LOOKS) {
        sudo->looks++;
        return true;
    }
    sudo->too_much = true;
    return false;
}

/* Its files in order, but those with a dot or '~' (sudoers(5)). */
static void
read_folder(struct sudo *sudo, const char *folder)
{
    char *names[FILES];
    size_t count = 0;
    DIR *dir;
    struct dirent *entry;

    if (!may_look(sudo))
        return;
    dir = uk_doctor_folder(sudo->doctor, folder);
    if (dir == NULL) {
        sudo->unseen |= errno == EACCES;
        return;
    }
    while ((entry = readdir(dir)) != NULL) {
        if (strpbrk(entry->d_name, ".~") != NULL)
            continue;
        if (count < FILES && (names[count] = strdup(entry->d_name)) != NULL)
            count++;
        else
            sudo->too_much = true;
    }
    closedir(dir);
    qsort(names, count, sizeof(names[0]), compare);
    for (size_t i = 0; i < count; i++) {
        char file[UK_DOCTOR_PATH + FILENAME_MAX];

        snprintf(file, sizeof(file), "%s/%s", folder, names[i]);
        read_sudoers(sudo, file);
        free(names[i]);
    }
}

/* What "timestamp_timeout" is set to, by the last of them in the line. */
static bool
find_timeout(const char *line, char value[32])
{
    static const char name[] = "timestamp_timeout";
    const char *at = line;
    bool found = false;

    for (; (at = strstr(at, name)) != NULL; found = true) {
        bool off = at > line && at[-1] == '!';

        at += sizeof(name) - 1;
        at += strspn(at, " \t=\"");
        if (off)
            memcpy(value, "0", 2);
        else
            snprintf(value, 32, "%.*s", (int)strspn(at, "-.0123456789"), at);
    }
    return found;
}

/* Always, as far as a number says so. */
static bool
is_zero(const char *value)
{
    return value[0] != '\0' && strspn(value, "0.") == strlen(value);
}

/* "Defaults env_reset, timestamp_timeout=0": the last one counts.  With one of
 * "@:!>" behind the word it is for some hosts, users, commands or targets. */
static void
read_defaults(struct sudo *sudo, const char *line, const char *path)
{
    const char *scope = line + sizeof("Defaults") - 1;
    char value[32];

    if (!find_timeout(scope, value))
        return;
    if (strchr(" \t", scope[0]) != NULL) {
        memcpy(sudo->timeout, value, sizeof(value));
        snprintf(sudo->where, sizeof(sudo->where), "%s", path);
    } else if (sudo->some[0] == '\0' || is_zero(sudo->some_timeout)) {
        /* Of several that which asks less. */
        memcpy(sudo->some_timeout, value, sizeof(value));
        snprintf(sudo->some, sizeof(sudo->some), "%.*s",
                 (int)strcspn(line, " \t"), line);
    }
}

/* What a line includes: its path, whole, which begins in the folder of the
 * file that includes it.  False for one that includes nothing. */
static bool
included(struct sudo *sudo, const char *line, const char *word,
         const char *path, char to[UK_DOCTOR_PATH])
{
    size_t len = strlen(word), used = 0;
    const char *at = line + 1 + len, *stop = " \t\r";

    if ((line[0] != '@' && line[0] != '#') ||
        strncmp(line + 1, word, len) != 0 || (*at != ' ' && *at != '\t'))
        return false;
    at += strspn(at, " \t");
    if (*at == '"') {
        stop = "\"";
        at++;
    }
    if (*at != '/')
        used = (size_t)snprintf(to, UK_DOCTOR_PATH, "%.*s",
                                (int)(strrchr(path, '/') - path) + 1, path);
    for (; *at != '\0' && strchr(stop, *at) == NULL; at++) {
        at += *at == '\\' && at[1] != '\0';
        sudo->too_much |= *at == '%' || used + 1 >= UK_DOCTOR_PATH;
        if (used + 1 < UK_DOCTOR_PATH)
            to[used++] = *at;
    }
    to[used] = '\0';
    return true;
}

static void
read_line(struct sudo *sudo, char *line, const char *path)
{
    char other[UK_DOCTOR_PATH];

    line[strcspn(line, "\r")] = '\0';
    if (included(sudo, line, "includedir", path, other))
        read_folder(sudo, other);
    else if (included(sudo, line, "include", path, other))
        read_sudoers(sudo, other);
    if (line[0] == '#' || line[0] == '@')
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

        if (put > 0 && (size_t)put < sizeof(line) - used)
            used += (size_t)put;
        else if (put > 0)
            sudo->too_much = true;
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

    if (!may_look(sudo))
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
say_consequence(struct uk_finding *finding)
{
    uk_doctor_why(finding, _("a key that is disabled meanwhile still has sudo "
                             "until then"));
    uk_doctor_mend(finding, _("where that matters: echo 'Defaults "
                              "timestamp_timeout=0' | tee "
                              "/etc/sudoers.d/userkey"));
}

/* For whom, is not asked: a line for some says nothing about all. */
static void
report_some(struct uk_doctor *doctor, const struct sudo *sudo)
{
    struct uk_finding *finding;

    if (sudo->some[0] == '\0')
        return;
    finding = uk_doctor_say(
        doctor, sudo->some_timeout[0] == '-' ? UK_GRADE_WARNING : UK_GRADE_NOTE,
        _("sudo does otherwise for some: '%s' has "
          "'timestamp_timeout=%s'"),
        sudo->some, sudo->some_timeout);
    uk_doctor_why(finding, _("a key that is disabled meanwhile still has sudo "
                             "for as long (in minutes; -1 is for ever)"));
}

static void
report_all(struct uk_doctor *doctor, const struct sudo *sudo)
{
    bool never = sudo->timeout[0] == '-';

    if (is_zero(sudo->timeout))
        uk_doctor_say(
            doctor,
            sudo->some[0] != '\0' && !is_zero(sudo->some_timeout)
                ? UK_GRADE_NOTE
                : UK_GRADE_OK,
            _("sudo asks each time ('timestamp_timeout=0' in '%s')%s"),
            sudo->where, sudo->some[0] != '\0' ? _(", but for some") : "");
    else
        say_consequence(uk_doctor_say(
            doctor, never ? UK_GRADE_WARNING : UK_GRADE_NOTE,
            never ? _("sudo asks once and never again ('timestamp_timeout=%s')")
                  : _("sudo does not ask again for %s minutes "
                      "('timestamp_timeout')"),
            sudo->timeout[0] != '\0' ? sudo->timeout : "15"));
}

static void
report(struct uk_doctor *doctor, const struct sudo *sudo)
{
    if (sudo->too_much)
        uk_doctor_say(doctor, UK_GRADE_UNSEEN,
                      _("sudoers has more than can be followed (files that "
                        "include one another, long lines, names with '%%'): "
                        "what is said of sudo is about a part of it"));
    else
        report_all(doctor, sudo);
    report_some(doctor, sudo);
    if (sudo->no_password)
        uk_doctor_say(
            doctor, UK_GRADE_NOTE,
            _("some rule of sudoers has NOPASSWD: nobody is asked for "
              "a key there"));
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
        uk_doctor_unseen(doctor, _("what sudoers says"));
    else
        report(doctor, &sudo);
}
