/* The settings, the files that they name, and who stands in the users file. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/account.h"
#include "core/lines.h"
#include "core/login.h"
#include "core/str.h"
#include "tool/doctor/doctor.h"
#include "tool/terminal/language.h"

#define PASSWD_MAX   (16 * 1024 * 1024)
#define MISSING_MOST 20 /* accounts that are named one by one */

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
                                _("'insecure_http' is set: keys go to the "
                                  "service unencrypted"));
        uk_doctor_why(finding,
                      _("whoever can listen on this machine's loopback "
                        "has every key that is used"));
        uk_doctor_mend(finding,
                       _("give the service a certificate and use "
                         "https://, or have its proxy on this machine"));
    }
    if (settings->offline_grace > 0)
        uk_doctor_say(doctor, UK_GRADE_NOTE,
                      _("'offline_grace' is set: while the service is away, a "
                        "key that was revoked still logs in for up to %lu min"),
                      settings->offline_grace / 60000);
    if (settings->allow_root)
        uk_doctor_say(doctor, UK_GRADE_NOTE,
                      _("'allow_root' is set: a key can log in as root"));
}

/* In the same folder? */
static bool
is_beside(const char *one, const char *other)
{
    const char *slash = strrchr(other, '/');
    size_t len = slash != NULL ? (size_t)(slash - other) + 1 : 0;

    return strncmp(one, other, len) == 0 && strchr(one + len, '/') == NULL;
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

    uk_doctor_folder_mode(doctor, doctor->conf);
    uk_doctor_mode(doctor, doctor->conf, false);
    if (uk_settings_load(uk_doctor_path(doctor, doctor->conf, at), settings,
                         &err) != UK_OK) {
        if (err.sys == EACCES && geteuid() != 0) {
            uk_doctor_unseen(doctor, doctor->conf);
            return;
        }
        finding = uk_doctor_say(doctor, UK_GRADE_ERROR, "%s", err.text);
        uk_doctor_why(finding,
                      _("with broken settings no key logs in anywhere"));
        if (err.sys == ENOENT)
            uk_doctor_mend(finding,
                           _("write '%s'; userkey.conf(5) has an "
                             "example"),
                           doctor->conf);
        else
            uk_doctor_mend(finding, _("put '%s' right, as the sentence says"),
                           doctor->conf);
        return;
    }
    doctor->has_settings = true;
    if (!is_beside(settings->users_file, doctor->conf))
        uk_doctor_folder_mode(doctor, settings->users_file);
    uk_doctor_mode(doctor, settings->users_file, false);
    uk_doctor_mode(doctor, settings->ca_file, false);
    uk_doctor_mode(doctor, settings->client_certificate, false);
    uk_doctor_mode(doctor, settings->client_key, true);
    prefix(doctor, settings->users_file);
    prefix(doctor, settings->ca_file);
    prefix(doctor, settings->client_certificate);
    prefix(doctor, settings->client_key);
    check_values(doctor);
    if (doctor->count == before)
        uk_doctor_say(doctor, UK_GRADE_OK,
                      _("'%s' can be believed and is understood"),
                      doctor->conf);
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
    char why[UK_WHY_SIZE], name[UK_DOCTOR_QUOTED];

    uk_doctor_quote(entry->account, name);
    if (known == UNCLEAR) {
        uk_doctor_say(
            doctor, UK_GRADE_WARNING,
            _("'%s':%u: the name service does not say whether there is "
              "an account '%s'"),
            file, entry->line, entry->account);
    } else if (known == UNKNOWN) {
        finding = uk_doctor_say(doctor, UK_GRADE_WARNING,
                                _("'%s':%u: there is no account '%s' on this "
                                  "machine"),
                                file, entry->line, entry->account);
        uk_doctor_why(finding,
                      _("the line lets nobody in now, and whoever makes "
                        "that account later lets these people in"));
        uk_doctor_mend(finding, _("useradd %s, or take the line out"), name);
    } else if (uk_identity_admit(&policy, account, why) != UK_GRANTED) {
        finding = uk_doctor_say(doctor, UK_GRADE_WARNING,
                                _("'%s':%u: '%s' takes no keys: %s"), file,
                                entry->line, entry->account, why);
        uk_doctor_why(finding, _("the line has no effect"));
        uk_doctor_mend(finding, _("userkey explain %s"), name);
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
        uk_doctor_unseen(doctor, _("'/etc/passwd'"));
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
                      ngettext("%zu account has a line, and is there",
                               "%zu accounts have a line, and each is there",
                               accounts),
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
            uk_doctor_unseen(doctor, _("the users file"));
            return;
        }
        finding = uk_doctor_say(doctor, UK_GRADE_ERROR, "%s", err.text);
        uk_doctor_why(finding, _("a users file that is wrong anywhere lets "
                                 "nobody in"));
        uk_doctor_mend(finding,
                       _("put '%s' right; userkey.conf(5) has its form"),
                       doctor->settings.users_file);
        return;
    }
    doctor->has_users = true;
    if (doctor->users.count > 0) {
        check_lines(doctor);
    } else if (doctor->settings.email_domain[0] != '\0') {
        uk_doctor_say(doctor, UK_GRADE_OK,
                      _("no account has a line; 'email_domain' lets in who has "
                        "an address of '%s'"),
                      doctor->settings.email_domain);
    } else {
        finding = uk_doctor_say(doctor, UK_GRADE_WARNING,
                                _("'%s' has no line: nobody can log in with a "
                                  "key"),
                                doctor->settings.users_file);
        uk_doctor_mend(finding, _("add 'ACCOUNT id:ID'; 'userkey whoami' shows "
                                  "people their ID"));
    }
}
