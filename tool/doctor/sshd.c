/* Does sshd ask PAM, and does it wait long enough? */
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/str.h"
#include "tool/doctor/pam_files.h"
#include "tool/machine/program.h"
#include "tool/stack/who.h"
#include "tool/terminal/language.h"

#define SSHD      "/usr/sbin/sshd"
#define CONFIG    "/etc/ssh/sshd_config"
#define TEXT_MAX  (1024 * 1024)
#define DEPTH     16
#define LOOKS     512 /* files, folders and patterns */
#define WORD      256
#define TYPING_MS 20000 /* in which somebody finds and pastes a key */

/* What counts here, with what it is where nothing is said. */
enum key { USE_PAM, KBD, PASSWORD, GRACE, ROOT, METHODS, KEYS };

static const struct {
    const char *name, *fallback;
    enum key key;
} keys[] = {
    {"usepam", "no", USE_PAM},
    {"kbdinteractiveauthentication", "yes", KBD},
    {"challengeresponseauthentication", "yes", KBD},
    {"passwordauthentication", "yes", PASSWORD},
    {"logingracetime", "120", GRACE},
    {"permitrootlogin", "prohibit-password", ROOT},
    {"authenticationmethods", "any", METHODS},
};

struct sshd {
    const struct uk_doctor *doctor;
    char value[KEYS][WORD];
    bool matched[KEYS]; /* some Match block says something else */
    bool match;         /* the line at hand is in one */
    unsigned depth, looks;
    bool unseen; /* not all of it was read */
};

static void read_config(struct sshd *sshd, const char *path);

/* The next word, in quotes or not; NULL for no more. */
static char *
next_word(char **rest)
{
    char *word = *rest + strspn(*rest, " \t=");
    const char *stop = " \t=";

    if (*word == '\0' || *word == '#')
        return NULL;
    if (*word == '"') {
        word++;
        stop = "\"";
    }
    *rest = word + strcspn(word, stop);
    if (**rest != '\0')
        *(*rest)++ = '\0';
    return word;
}

/* Files that include one another have an end, whoever wrote them. */
static bool
may_look(struct sshd *sshd)
{
    if (sshd->depth < DEPTH && sshd->looks < LOOKS) {
        sshd->looks++;
        return true;
    }
    sshd->unseen = true;
    return false;
}

/* What glob() has of the other system; it passes no context on. */
static struct sshd *globbing;

static void *
open_folder(const char *path)
{
    return may_look(globbing) ? uk_doctor_folder(globbing->doctor, path) : NULL;
}

static struct dirent *
read_folder(void *folder)
{
    return readdir(folder);
}

static void
close_folder(void *folder)
{
    closedir(folder);
}

static int
say_errno(int sys)
{
    errno = sys;
    return sys == 0 ? 0 : -1;
}

static int
stat_name(const char *path, struct stat *st)
{
    return say_errno(uk_doctor_stat(globbing->doctor, path, true, st));
}

static int
lstat_name(const char *path, struct stat *st)
{
    return say_errno(uk_doctor_stat(globbing->doctor, path, false, st));
}

static void
include(struct sshd *sshd, const char *pattern)
{
    char name[UK_DOCTOR_PATH];
    glob_t found = {.gl_opendir = open_folder,
                    .gl_readdir = read_folder,
                    .gl_closedir = close_folder,
                    .gl_stat = stat_name,
                    .gl_lstat = lstat_name};

    if (!may_look(sshd))
        return;
    snprintf(name, sizeof(name), "%s%s", pattern[0] == '/' ? "" : "/etc/ssh/",
             pattern);
    globbing = sshd;
    if (glob(name, GLOB_ALTDIRFUNC, NULL, &found) != 0)
        return;
    for (size_t i = 0; i < found.gl_pathc; i++)
        read_config(sshd, found.gl_pathv[i]);
    globfree(&found);
}

static void
take(struct sshd *sshd, const char *name, const char *value)
{
    for (size_t i = 0; i < UK_COUNT(keys); i++) {
        char *at = sshd->value[keys[i].key];

        if (!uk_str_equal_nocase(name, keys[i].name))
            continue;
        if (sshd->match)
            sshd->matched[keys[i].key] = true;
        else if (at[0] == '\0') /* the first one counts */
            snprintf(at, WORD, "%s", value);
    }
}

static void
read_line(struct sshd *sshd, char *line)
{
    char *name = next_word(&line), *value;

    if (name == NULL)
        return;
    value = next_word(&line);
    if (value == NULL)
        return;
    if (uk_str_equal_nocase(name, "match"))
        sshd->match = !uk_str_equal_nocase(value, "all");
    else if (uk_str_equal_nocase(name, "include"))
        for (; value != NULL; value = next_word(&line))
            include(sshd, value);
    else
        take(sshd, name, value);
}

static void
read_text(struct sshd *sshd, const char *text)
{
    char line[1024];

    while (*text != '\0') {
        size_t len = strcspn(text, "\r\n");

        snprintf(line, sizeof(line), "%.*s", (int)len, text);
        read_line(sshd, line);
        text += len;
        text += strspn(text, "\r\n");
    }
}

static void
read_config(struct sshd *sshd, const char *path)
{
    struct uk_buf text = UK_BUF_UP_TO(TEXT_MAX);
    bool match = sshd->match;

    if (may_look(sshd) && uk_doctor_read(sshd->doctor, path, &text) == 0) {
        sshd->depth++;
        read_text(sshd, uk_buf_peek(&text));
        sshd->depth--;
    }
    sshd->match = match; /* a block ends with its file */
    uk_buf_clear(&text);
}

/* What sshd itself says that it goes by, before what its files say. */
static void
load(struct sshd *sshd)
{
    static const char *const argv[] = {SSHD, "-T", NULL};
    struct uk_buf text = UK_BUF_UP_TO(TEXT_MAX);

    if (uk_doctor_is_live(sshd->doctor) && geteuid() == 0 &&
        uk_program_read(argv, &text))
        read_text(sshd, uk_buf_peek(&text));
    read_config(sshd, CONFIG);
    for (size_t i = 0; i < UK_COUNT(keys); i++) {
        if (sshd->value[keys[i].key][0] == '\0')
            snprintf(sshd->value[keys[i].key], WORD, "%s", keys[i].fallback);
    }
    uk_buf_clear(&text);
}

/* "120", "2m", "1h30m": in milliseconds. */
static bool
read_time(const char *text, unsigned long *ms)
{
    static const char units[] = "smhdw";
    static const unsigned long seconds[] = {1, 60, 3600, 86400, 604800};
    unsigned long sum = 0;

    while (*text != '\0') {
        unsigned long number = 0, unit = 1;
        const char *at;

        if (*text < '0' || *text > '9')
            return false;
        for (; *text >= '0' && *text <= '9' && number < 1000000; text++)
            number = 10 * number + (unsigned long)(*text - '0');
        at = *text != '\0' ? strchr(units, *text | 0x20) : NULL;
        if (at != NULL) {
            unit = seconds[at - units];
            text++;
        }
        sum += number * unit;
    }
    *ms = sum * 1000;
    return true;
}

static bool
is(const struct sshd *sshd, enum key key, const char *value)
{
    return uk_str_equal_nocase(sshd->value[key], value);
}

static void
check_grace(struct uk_doctor *doctor, const struct sshd *sshd)
{
    unsigned long timeout =
        doctor->has_settings ? doctor->settings.timeout : 5000;
    unsigned long grace = 0;
    struct uk_finding *finding;

    if (!read_time(sshd->value[GRACE], &grace) || grace == 0 ||
        grace >= timeout + TYPING_MS)
        return;
    finding = uk_doctor_say(
        doctor, grace <= timeout ? UK_GRADE_ERROR : UK_GRADE_WARNING,
        _("sshd ends a login after %lu s ('LoginGraceTime'), and the service "
          "has "
          "%lu s to answer ('timeout')"),
        grace / 1000, (timeout + 999) / 1000);
    uk_doctor_why(finding, _("typing counts for sshd: who is cut off sees no "
                             "reason, and the log has none"));
    uk_doctor_mend(finding, _("write into %s: LoginGraceTime 120"), CONFIG);
}

static void
check_ways(struct uk_doctor *doctor, const struct sshd *sshd)
{
    struct uk_finding *finding;

    if (!is(sshd, USE_PAM, "yes")) {
        finding = uk_doctor_say(doctor, UK_GRADE_ERROR,
                                _("sshd does not ask PAM ('UsePAM %s')"),
                                sshd->value[USE_PAM]);
        uk_doctor_why(finding, _("no key logs in by ssh, and the account phase "
                                 "keeps nobody out"));
        uk_doctor_mend(
            finding, _("write 'UsePAM yes' into %s and: systemctl reload ssh"),
            CONFIG);
    } else if (is(sshd, KBD, "no") && is(sshd, PASSWORD, "no")) {
        bool some = sshd->matched[KBD] || sshd->matched[PASSWORD];

        finding = uk_doctor_say(doctor, some ? UK_GRADE_NOTE : UK_GRADE_ERROR,
                                _("sshd asks for nothing that could be a key "
                                  "('KbdInteractiveAuthentication no', "
                                  "'PasswordAuthentication no')%s"),
                                some ? _(", but for who a Match block is about")
                                     : "");
        uk_doctor_why(finding, _("no key logs in by ssh"));
        uk_doctor_mend(finding,
                       _("write 'KbdInteractiveAuthentication yes' into %s "
                         "and: systemctl reload ssh"),
                       CONFIG);
    } else {
        uk_doctor_say(doctor, UK_GRADE_OK, _("sshd asks PAM, by %s"),
                      is(sshd, KBD, "no")
                          ? _("'PasswordAuthentication' alone")
                          : _("'KbdInteractiveAuthentication'"));
    }
}

static void
check_root(struct uk_doctor *doctor, const struct sshd *sshd)
{
    struct uk_finding *finding;

    if (!doctor->has_settings || !doctor->settings.allow_root ||
        is(sshd, ROOT, "yes"))
        return;
    finding =
        uk_doctor_say(doctor, UK_GRADE_NOTE,
                      _("'allow_root' is set, and sshd lets root in by no "
                        "key of ours ('PermitRootLogin %s')"),
                      sshd->value[ROOT]);
    uk_doctor_why(finding, _("sshd puts junk in the place of what root types; "
                             "the log says 'junk'"));
}

/* Without our module it is no business of ours. */
static bool
concerns_us(const struct uk_doctor *doctor)
{
    struct uk_stack stack = {.line = NULL};
    struct uk_err err = UK_ERR_NONE;
    bool ours;

    if (uk_doctor_load_stack(doctor, "sshd", &stack, &err) != UK_OK)
        return false;
    ours = uk_stackwho_ours(&stack, UK_STACK_AUTH) < stack.count;
    uk_stack_clear(&stack);
    return ours;
}

void
uk_doctor_sshd(struct uk_doctor *doctor)
{
    struct sshd sshd = {.doctor = doctor};
    struct uk_buf text = UK_BUF_UP_TO(TEXT_MAX);
    int sys;

    if (!concerns_us(doctor) || !uk_doctor_is_there(doctor, CONFIG, S_IFREG))
        return;
    sys = uk_doctor_read(doctor, CONFIG, &text);
    uk_buf_clear(&text);
    if (sys != 0) {
        uk_doctor_unseen(doctor, CONFIG);
        return;
    }
    load(&sshd);
    if (sshd.unseen)
        uk_doctor_say(doctor, UK_GRADE_UNSEEN,
                      _("'%s' includes more than can be followed: what is said "
                        "of sshd is about a part of it"),
                      CONFIG);
    check_ways(doctor, &sshd);
    check_grace(doctor, &sshd);
    check_root(doctor, &sshd);
}
