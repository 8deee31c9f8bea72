/* The settings, the files that they name, and who stands in the users file. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/account.h"
#include "core/lines.h"
#include "core/login.h"
#include "core/str.h"
#include "tool/doctor.h"

#define PASSWD_MAX   (16 * 1024 * 1024)
#define MISSING_MOST 20 /* accounts that are named one by one */

/*
 * Modes and owners.
 */

/* What a file must be, and is not. */
struct odd {
    bool owner;
    mode_t bits; /* that it must not have */
};

static struct odd
look(const struct uk_doctor *doctor, const struct stat *st, bool is_private)
{
    /* Of another system's files whoever looks may be the owner: a copy. */
    bool mine = !uk_doctor_is_live(doctor) && st->st_uid == geteuid();

    return (struct odd){
        .owner = st->st_uid != 0 && !mine,
        .bits = st->st_mode & (is_private ? 077 : 022),
    };
}

/* Only what stands beside the settings is ours to change: they could have been
 * written by somebody who wants another file to be. */
static bool
is_ours(const struct uk_doctor *doctor, const char *path, const struct stat *st)
{
    const char *slash = strrchr(doctor->conf, '/');
    size_t len = slash != NULL ? (size_t)(slash - doctor->conf) : 0;

    return len > 0 && strncmp(path, doctor->conf, len) == 0 &&
           (path[len] == '\0' || path[len] == '/') &&
           strstr(path, "/..") == NULL &&
           (S_ISDIR(st->st_mode) ||
            (S_ISREG(st->st_mode) && st->st_nlink == 1));
}

/* Through the descriptor that was looked at. */
static bool
mend(int fd, const struct stat *st, struct odd odd)
{
    return (!odd.owner || fchown(fd, 0, (gid_t)-1) == 0) &&
           (odd.bits == 0 ||
            fchmod(fd, (st->st_mode & 07777) & ~odd.bits) == 0);
}

static void
report_odd(struct uk_doctor *doctor, const char *path, const struct stat *st,
           struct odd odd, bool is_private)
{
    struct uk_finding *finding;

    if (odd.owner)
        finding = uk_doctor_say(doctor, UK_GRADE_ERROR,
                                "'%s' belongs to uid %lu, not to root", path,
                                (unsigned long)st->st_uid);
    else
        finding = uk_doctor_say(
            doctor, UK_GRADE_ERROR, "'%s' has mode %04o: others can %s it",
            path, st->st_mode & 07777, is_private ? "read" : "write");
    uk_doctor_why(finding,
                  "what others can %s is not believed, and no key logs in",
                  odd.owner || !is_private ? "change" : "read");
    uk_doctor_mend(finding, "%s%s%s%s%s '%s'",
                   is_ours(doctor, path, st) ? "userkey doctor --fix, or: "
                                             : "",
                   odd.owner ? "chown root" : "",
                   odd.owner && odd.bits != 0 ? " and " : "",
                   odd.bits != 0 ? "chmod " : "",
                   odd.bits == 0 ? "" : (is_private ? "go=" : "go-w"), path);
}

static void
report_mended(struct uk_doctor *doctor, const char *path, const struct stat *st,
              struct odd odd)
{
    struct uk_finding *finding = uk_doctor_say(
        doctor, UK_GRADE_NOTE,
        "mended: '%s' had owner %lu and mode %04o; now it has %lu and %04o",
        path, (unsigned long)st->st_uid, st->st_mode & 07777,
        odd.owner ? 0 : (unsigned long)st->st_uid,
        (st->st_mode & 07777) & ~odd.bits);

    uk_doctor_why(finding, "others could have changed or read it until now");
    uk_doctor_mend(finding, "look through it");
}

/* May this file or folder be believed?  Mended, where that is wanted. */
static void
check_mode(struct uk_doctor *doctor, const char *path, bool is_private)
{
    char at[UK_DOCTOR_PATH];
    struct stat st;
    struct odd odd;
    int fd;

    if (path[0] == '\0')
        return;
    uk_doctor_path(doctor, path, at);
    fd = open(at, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 && errno == EACCES && lstat(at, &st) == 0) {
        odd = look(doctor, &st, is_private);
        if (odd.owner || odd.bits != 0)
            report_odd(doctor, path, &st, odd, is_private);
        return;
    }
    if (fd < 0 || fstat(fd, &st) != 0)
        return; /* whoever needs it says so */
    odd = look(doctor, &st, is_private);
    if (!S_ISLNK(st.st_mode) && (odd.owner || odd.bits != 0)) {
        if (doctor->fix && is_ours(doctor, path, &st) && mend(fd, &st, odd))
            report_mended(doctor, path, &st, odd);
        else
            report_odd(doctor, path, &st, odd, is_private);
    }
    close(fd);
}

static void
check_folder(struct uk_doctor *doctor, const char *path)
{
    char folder[UK_CONF_VALUE];
    const char *slash = strrchr(path, '/');

    /* The machine's own folders are not ours to change. */
    if (slash == NULL || slash == path ||
        snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path) >=
            (int)sizeof(folder) ||
        strcmp(folder, "/etc") == 0)
        return;
    check_mode(doctor, folder, false);
}

/*
 * The settings.
 */

/* Files that the settings name are those of that system. */
static void
prefix(const struct uk_doctor *doctor, char path[UK_CONF_VALUE])
{
    char whole[UK_DOCTOR_PATH];

    if (path[0] != '/' || uk_doctor_is_live(doctor))
        return;
    uk_doctor_path(doctor, path, whole);
    if (!uk_str_copy(path, UK_CONF_VALUE, whole))
        path[0] = '\0';
}

static void
check_values(struct uk_doctor *doctor)
{
    const struct uk_settings *settings = &doctor->settings;
    struct uk_finding *finding;

    if (settings->insecure_http) {
        finding = uk_doctor_say(doctor, UK_GRADE_WARNING,
                                "'insecure_http' is set: keys go to the "
                                "service unencrypted");
        uk_doctor_why(finding, "whoever can listen on this machine's loopback "
                               "has every key that is used");
        uk_doctor_mend(finding, "give the service a certificate and use "
                                "https://, or have its proxy on this machine");
    }
    if (settings->offline_grace > 0)
        uk_doctor_say(doctor, UK_GRADE_NOTE,
                      "'offline_grace' is set: while the service is away, a "
                      "key that was revoked still logs in for up to %lu min",
                      settings->offline_grace / 60000);
    if (settings->allow_root)
        uk_doctor_say(doctor, UK_GRADE_NOTE,
                      "'allow_root' is set: a key can log in as root");
}

/* The file, in the order of the words in which a login says it. */
void
uk_doctor_settings(struct uk_doctor *doctor)
{
    struct uk_settings *settings = &doctor->settings;
    char at[UK_DOCTOR_PATH];
    struct uk_err err = UK_ERR_NONE;
    struct uk_finding *finding;
    size_t before = doctor->count;

    check_folder(doctor, doctor->conf);
    check_mode(doctor, doctor->conf, false);
    if (uk_settings_load(uk_doctor_path(doctor, doctor->conf, at), settings,
                         &err) != UK_OK) {
        if (err.sys == EACCES && geteuid() != 0) {
            uk_doctor_unseen(doctor, doctor->conf);
            return;
        }
        finding = uk_doctor_say(doctor, UK_GRADE_ERROR, "%s", err.text);
        uk_doctor_why(finding, "with broken settings no key logs in anywhere");
        if (err.sys == ENOENT)
            uk_doctor_mend(finding,
                           "write '%s'; userkey.conf(5) has an "
                           "example",
                           doctor->conf);
        else
            uk_doctor_mend(finding, "put '%s' right, as the sentence says",
                           doctor->conf);
        return;
    }
    doctor->has_settings = true;
    check_mode(doctor, settings->users_file, false);
    check_folder(doctor, settings->users_file);
    check_mode(doctor, settings->ca_file, false);
    check_mode(doctor, settings->client_certificate, false);
    check_mode(doctor, settings->client_key, true);
    prefix(doctor, settings->users_file);
    prefix(doctor, settings->ca_file);
    prefix(doctor, settings->client_certificate);
    prefix(doctor, settings->client_key);
    check_values(doctor);
    if (doctor->count == before)
        uk_doctor_say(doctor, UK_GRADE_OK,
                      "'%s' can be believed and is understood", doctor->conf);
}

/*
 * The users file.
 */

enum known { KNOWN, UNKNOWN, UNCLEAR };

/* An account of another system: of its passwd file. */
static enum known
find_in_passwd(const char *text, const char *name, struct uk_account *account)
{
    size_t len = strlen(name);

    for (const char *at = text; *at != '\0';) {
        const char *end = at + strcspn(at, "\n");
        const char *uid = NULL;

        if (strncmp(at, name, len) == 0 && at[len] == ':')
            uid = strchr(at + len + 1, ':');
        if (uid != NULL && uid < end) {
            char digits[16];
            unsigned long number;

            snprintf(digits, sizeof(digits), "%.*s",
                     (int)strcspn(uid + 1, ":\n"), uid + 1);
            if (!uk_str_to_ulong(digits, 4294967295UL, &number))
                return UNCLEAR;
            account->uid = (uid_t)number;
            return uk_str_copy(account->name, sizeof(account->name), name)
                       ? KNOWN
                       : UNCLEAR;
        }
        at = *end != '\0' ? end + 1 : end;
    }
    return UNKNOWN;
}

static enum known
find_account(const struct uk_doctor *doctor, const char *passwd,
             const char *name, struct uk_account *account)
{
    struct uk_err err = UK_ERR_NONE;
    bool found = false;

    if (!uk_doctor_is_live(doctor))
        return find_in_passwd(passwd, name, account);
    if (uk_account_find(name, account, &found, &err) != UK_OK)
        return UNCLEAR;
    return found ? KNOWN : UNKNOWN;
}

/* Lines that let nobody in. */
static void
check_line(struct uk_doctor *doctor, const struct uk_users_entry *entry,
           enum known known, const struct uk_account *account)
{
    const struct uk_policy policy = {
        .users = &doctor->users,
        .email_domain = doctor->settings.email_domain,
        .min_uid = doctor->settings.min_uid,
        .allow_root = doctor->settings.allow_root,
    };
    const char *file = doctor->users.file + strlen(doctor->root);
    struct uk_finding *finding;
    char why[UK_WHY_SIZE];

    if (known == UNCLEAR) {
        uk_doctor_say(doctor, UK_GRADE_WARNING,
                      "'%s':%u: the name service does not say whether there is "
                      "an account '%s'",
                      file, entry->line, entry->account);
    } else if (known == UNKNOWN) {
        finding = uk_doctor_say(doctor, UK_GRADE_WARNING,
                                "'%s':%u: there is no account '%s' on this "
                                "machine",
                                file, entry->line, entry->account);
        uk_doctor_why(finding, "the line lets nobody in now, and whoever makes "
                               "that account later lets these people in");
        uk_doctor_mend(finding, "useradd '%s', or take the line out",
                       entry->account);
    } else if (uk_identity_admit(&policy, account, why) != UK_GRANTED) {
        finding = uk_doctor_say(doctor, UK_GRADE_WARNING,
                                "'%s':%u: '%s' takes no keys: %s", file,
                                entry->line, entry->account, why);
        uk_doctor_why(finding, "the line has no effect");
        uk_doctor_mend(finding, "userkey explain '%s'", entry->account);
    }
}

static void
check_lines(struct uk_doctor *doctor)
{
    const struct uk_users *users = &doctor->users;
    struct uk_buf passwd = UK_BUF_UP_TO(PASSWD_MAX);
    size_t before = doctor->count, accounts = 0;

    if (!uk_doctor_is_live(doctor) &&
        uk_doctor_read(doctor, "/etc/passwd", &passwd) != 0) {
        uk_doctor_unseen(doctor, "'/etc/passwd'");
        return;
    }
    for (size_t i = 0; i < users->count; i++) {
        struct uk_account account = {.uid = 0};

        if (i > 0 && users->entry[i].line == users->entry[i - 1].line)
            continue;
        accounts++;
        if (doctor->count - before < MISSING_MOST)
            check_line(doctor, &users->entry[i],
                       find_account(doctor, uk_buf_peek(&passwd),
                                    users->entry[i].account, &account),
                       &account);
    }
    if (doctor->count == before)
        uk_doctor_say(doctor, UK_GRADE_OK,
                      accounts == 1 ? "%zu account has a line, and is there"
                                    : "%zu accounts have a line, and each is "
                                      "there",
                      accounts);
    uk_buf_clear(&passwd);
}

void
uk_doctor_users(struct uk_doctor *doctor)
{
    struct uk_err err = UK_ERR_NONE;
    struct uk_finding *finding;

    if (!doctor->has_settings)
        return;
    if (uk_login_users(&doctor->settings, &doctor->users, &err) != UK_OK) {
        if (err.sys == EACCES && geteuid() != 0) {
            uk_doctor_unseen(doctor, "the users file");
            return;
        }
        finding = uk_doctor_say(doctor, UK_GRADE_ERROR, "%s", err.text);
        uk_doctor_why(finding, "a users file that is wrong anywhere lets "
                               "nobody in");
        uk_doctor_mend(finding, "put '%s' right; userkey.conf(5) has its form",
                       doctor->settings.users_file);
        return;
    }
    doctor->has_users = true;
    if (doctor->users.count > 0) {
        check_lines(doctor);
    } else if (doctor->settings.email_domain[0] != '\0') {
        uk_doctor_say(doctor, UK_GRADE_OK,
                      "no account has a line; 'email_domain' lets in who has "
                      "an address of '%s'",
                      doctor->settings.email_domain);
    } else {
        finding = uk_doctor_say(doctor, UK_GRADE_WARNING,
                                "'%s' has no line: nobody can log in with a "
                                "key",
                                doctor->settings.users_file);
        uk_doctor_mend(finding, "add 'ACCOUNT id:ID'; 'userkey whoami' shows "
                                "people their ID");
    }
}
