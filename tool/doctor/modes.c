/* Who could have written what logins believe. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/settings.h"
#include "tool/doctor/doctor.h"
#include "tool/doctor/mend.h"
#include "tool/terminal/language.h"

/* One file or folder that is not as it must be. */
struct odd {
    const char *path;
    struct stat st;
    bool is_private, is_folder;
    bool owner;    /* is somebody else */
    bool writable; /* for others than its owner */
    bool readable; /* for them, and private */
};

static bool
look(const struct uk_doctor *doctor, struct odd *odd)
{
    const struct stat *st = &odd->st;
    /* Of another system's files whoever looks may be the owner: a copy. */
    bool mine = !uk_doctor_is_live(doctor) && st->st_uid == geteuid();

    if (S_ISLNK(st->st_mode))
        return false; /* whoever needs it says so */
    odd->is_folder = S_ISDIR(st->st_mode);
    odd->owner = st->st_uid != 0 && !mine;
    odd->writable = (st->st_mode & 022) != 0;
    odd->readable = odd->is_private && (st->st_mode & 077) != 0;
    return odd->owner || odd->writable || odd->readable;
}

static const char *
changed(const struct odd *odd, char to[32])
{
    struct tm tm;

    if (localtime_r(&odd->st.st_mtime, &tm) == NULL ||
        strftime(to, 32, "%Y-%m-%d %H:%M", &tm) == 0)
        snprintf(to, 32, "?");
    return to;
}

/* What mends it, by hand. */
static void
say_mend(const struct uk_doctor *doctor, struct uk_finding *finding,
         const struct odd *odd)
{
    const char *there = uk_doctor_is_live(doctor) ? "" : _("in that system: ");
    char name[UK_DOCTOR_QUOTED];
    bool ours = uk_doctor_mend_is_ours(odd->path);
    bool by_us = ours && !odd->owner && uk_doctor_is_live(doctor) &&
                 !(odd->is_folder && (odd->st.st_mode & S_ISVTX) != 0);

    uk_doctor_quote(odd->path, name);
    if (odd->is_folder && !ours)
        uk_doctor_mend(finding,
                       _("%shave the file in a folder of root's own, "
                         "such as '%s'"),
                       there, UK_CONFDIR);
    else if (by_us)
        uk_doctor_mend(
            finding, _("%suserkey doctor --fix"),
            odd->writable ? _("look through it (who wrote it?), then: ") : "");
    else if (odd->is_folder)
        uk_doctor_mend(
            finding,
            _("%slook through each file in it (who wrote it?), then: "
              "chown root %s && chmod 0755 %s"),
            there, name, name);
    else if (odd->owner || odd->writable)
        uk_doctor_mend(finding,
                       _("%slook through a copy of it (who wrote it?), then: "
                         "install -o root -m %s COPY %s"),
                       there, odd->is_private ? "0600" : "0644", name);
    else
        uk_doctor_mend(finding, _("%schmod go= %s"), there, name);
}

static void
report_odd(struct uk_doctor *doctor, const struct odd *odd,
           const struct uk_err *left)
{
    bool says = left->code != UK_OK;
    struct uk_finding *finding;
    char date[32];

    if (odd->owner)
        finding = uk_doctor_say(doctor, UK_GRADE_ERROR,
                                _("'%s' belongs to uid %lu, not to root (mode "
                                  "%04o, changed %s)%s%s"),
                                odd->path, (unsigned long)odd->st.st_uid,
                                odd->st.st_mode & 07777, changed(odd, date),
                                says ? _("; not mended: ") : "", left->text);
    else
        finding = uk_doctor_say(
            doctor, UK_GRADE_ERROR,
            _("'%s' has mode %04o: others can %s it (changed %s)%s%s"),
            odd->path, odd->st.st_mode & 07777,
            odd->writable ? _("write") : _("read"), changed(odd, date),
            says ? _("; not mended: ") : "", left->text);
    uk_doctor_why(finding,
                  _("what others can %s is not believed, and no key logs in"),
                  odd->owner || odd->writable ? _("change") : _("read"));
    say_mend(doctor, finding, odd);
}

/* What others wrote is believed from now on, so this is no good news. */
static void
report_mended(struct uk_doctor *doctor, const struct odd *odd)
{
    struct uk_finding *finding;
    char date[32], name[UK_DOCTOR_QUOTED];

    finding = uk_doctor_say(
        doctor, odd->writable ? UK_GRADE_ERROR : UK_GRADE_WARNING,
        _("mended: '%s' had mode %04o, and others could %s it; it %s now "
          "(changed %s)"),
        odd->path, odd->st.st_mode & 07777,
        odd->writable ? _("write") : _("read"),
        odd->is_folder ? _("is root's alone")
                       : _("is a new file with its content"),
        changed(odd, date));
    uk_doctor_quote(odd->path, name);
    if (!odd->writable) {
        uk_doctor_why(finding, _("whoever has read it can still use it"));
        uk_doctor_mend(finding,
                       _("have a new one made if somebody could have"));
        return;
    }
    uk_doctor_why(finding, _("what they wrote there is believed from now on"));
    if (odd->is_private)
        uk_doctor_mend(finding, _("have a new one made: this can be theirs"));
    else
        uk_doctor_mend(finding, _("look through %s now: %s %s"),
                       odd->is_folder ? _("each file in it") : _("it"),
                       odd->is_folder ? "ls -la" : "cat -v", name);
}

static bool
mend(const struct uk_doctor *doctor, const struct odd *odd, struct uk_err *err)
{
    if (!doctor->fix)
        return false;
    if (!odd->is_folder)
        return uk_doctor_mend_file(odd->path, odd->is_private, err) == UK_OK;
    return strcmp(odd->path, UK_CONFDIR) == 0 &&
           uk_doctor_mend_folder(err) == UK_OK;
}

void
uk_doctor_mode(struct uk_doctor *doctor, const char *path, bool is_private)
{
    struct odd odd = {.path = path, .is_private = is_private};
    struct uk_err err = UK_ERR_NONE;

    if (path[0] == '\0' || uk_doctor_stat(doctor, path, false, &odd.st) != 0 ||
        !look(doctor, &odd))
        return;
    if (mend(doctor, &odd, &err))
        report_mended(doctor, &odd);
    else
        report_odd(doctor, &odd, &err);
}

void
uk_doctor_folder_mode(struct uk_doctor *doctor, const char *path)
{
    char folder[UK_CONF_VALUE];
    const char *slash = strrchr(path, '/');

    /* The machine's own folders are looked at with what stands in them. */
    if (slash == NULL || slash == path ||
        snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path) >=
            (int)sizeof(folder) ||
        strcmp(folder, "/etc") == 0)
        return;
    uk_doctor_mode(doctor, folder, false);
}
