/* The agent that logins reach, and the module that reaches it. */
#include <dirent.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/attr.h"
#include "core/file.h"
#include "core/helper.h"
#include "core/io.h"
#include "core/version.h"
#include "tool/doctor/doctor.h"
#include "tool/machine/agentask.h"
#include "tool/machine/numbers.h"
#include "tool/terminal/language.h"

#define NUMBERS_MAX (256 * 1024)
#define MODULE      "pam_userkey.so"

/* Its version, by its own words. */
static void
check_version(struct uk_doctor *doctor, const char *socket_path)
{
    struct uk_buf text = UK_BUF_UP_TO(NUMBERS_MAX);
    struct uk_err err = UK_ERR_NONE;
    struct uk_number number;
    struct uk_finding *finding;
    const char *at;

    if (uk_agentask_numbers(socket_path, &text, &err) != UK_OK) {
        if (err.sys == EACCES)
            uk_doctor_unseen(doctor, _("the version of the agent that runs"));
        uk_buf_clear(&text);
        return;
    }
    at = uk_buf_peek(&text);
    while (uk_numbers_next(&at, &number)) {
        const char *version = uk_number_label(&number, "version");

        if (strcmp(number.name, "userkey_agent_info") != 0)
            continue;
        if (strcmp(version, UK_VERSION) == 0)
            break;
        finding = uk_doctor_say(
            doctor, UK_GRADE_WARNING,
            _("the agent that runs is of version '%s', and this is %s"),
            version, UK_VERSION);
        uk_doctor_why(finding, _("an agent that was upgraded is still the old "
                                 "one until it is started anew"));
        uk_doctor_mend(finding, _("systemctl restart userkey-agent.service"));
    }
    uk_buf_clear(&text);
}

static void
check_socket(struct uk_doctor *doctor)
{
    const char *path = doctor->settings.agent_socket;
    struct uk_helper agent = UK_HELPER_NONE;
    struct uk_err err = UK_ERR_NONE;
    struct uk_finding *finding;
    char name[UK_DOCTOR_QUOTED];

    if (path[0] == '\0') {
        uk_doctor_say(doctor, UK_GRADE_NOTE,
                      _("no agent listens by these settings: each login starts "
                        "one of its own, which takes some 20 ms more"));
        return;
    }
    switch (uk_helper_reach(&agent, path, &err)) {
    case UK_OK:
        uk_helper_stop(&agent, (struct uk_deadline){0});
        uk_doctor_say(doctor, UK_GRADE_OK,
                      _("the agent at '%s' takes questions, and is who it "
                        "should be"),
                      path);
        check_version(doctor, path);
        break;
    case UK_UNREACHABLE:
        finding = uk_doctor_say(doctor, UK_GRADE_NOTE,
                                _("no agent listens at '%s': each login starts "
                                  "one of its own"),
                                path);
        uk_doctor_why(finding, _("that works, and costs each login some 20 ms "
                                 "and a new connection; 'offline_grace' needs "
                                 "the one that listens"));
        uk_doctor_mend(finding,
                       _("systemctl enable --now userkey-agent.socket"));
        break;
    case UK_MISCONFIGURED:
    case UK_TIMEOUT:
    case UK_TLS:
    case UK_BAD_ANSWER:
    case UK_NO_MEMORY:
    case UK_SYSTEM:
    case UK_INVALID:
    case UK_CANCELLED:
        finding = uk_doctor_say(doctor, UK_GRADE_ERROR, "%s", err.text);
        uk_doctor_why(finding,
                      _("a key is given to nobody who may be somebody "
                        "else; no key logs in until that is put right"));
        uk_doctor_mend(finding,
                       _("ls -l %s; rm it if it is not the agent's, "
                         "and: systemctl restart userkey-agent.socket"),
                       uk_doctor_quote(path, name));
        break;
    }
}

/* What a login starts when nobody listens. */
static void
check_program(struct uk_doctor *doctor)
{
    char path[UK_DOCTOR_PATH];
    struct uk_err err = UK_ERR_NONE;
    struct uk_finding *finding;
    int fd = -1;

    if (uk_file_open(
            uk_doctor_path(doctor, doctor->settings.agent_program, path),
            UK_FILE_TRUSTED, &fd, &err) == UK_OK) {
        uk_io_close(&fd);
        if (access(path, X_OK) == 0)
            return;
        err.sys = EACCES;
        snprintf(err.text, sizeof(err.text), _("'%s' cannot be run"),
                 doctor->settings.agent_program);
    }
    finding =
        uk_doctor_say(doctor, UK_GRADE_ERROR,
                      _("the agent's program ('agent_program'): %s"), err.text);
    uk_doctor_why(finding, _("where no agent listens, no key logs in"));
    uk_doctor_mend(finding, _("install the package again (make install)"));
}

static void
check_account(struct uk_doctor *doctor)
{
    struct uk_finding *finding;

    if (!uk_doctor_is_live(doctor) || getpwnam("_userkey") != NULL)
        return;
    finding = uk_doctor_say(doctor, UK_GRADE_ERROR,
                            _("there is no account '_userkey'"));
    uk_doctor_why(finding, _("the agent becomes that user before it talks to "
                             "anybody, and leaves when it cannot"));
    uk_doctor_mend(finding, _("systemd-sysusers, or: useradd --system "
                              "--no-create-home --shell /usr/sbin/nologin "
                              "_userkey"));
}

/* Where tries are counted beyond one agent's life. */
static void
check_state(struct uk_doctor *doctor)
{
    const char *folder = doctor->settings.state_folder;
    const struct passwd *agent = getpwnam("_userkey");
    char name[UK_DOCTOR_QUOTED];
    struct uk_finding *finding;
    struct stat st;
    int sys;

    if (!uk_doctor_is_live(doctor) || agent == NULL)
        return;
    sys = uk_doctor_stat(doctor, folder, true, &st);
    if (sys == EACCES)
        return;
    if (sys != 0) {
        finding =
            uk_doctor_say(doctor, UK_GRADE_WARNING,
                          _("'%s' ('state_folder') is not there"), folder);
    } else if (!S_ISDIR(st.st_mode) || st.st_uid != agent->pw_uid ||
               (st.st_mode & 077) != 0) {
        finding = uk_doctor_say(doctor, UK_GRADE_WARNING,
                                _("'%s' ('state_folder') is not a folder of "
                                  "'_userkey' alone"),
                                folder);
    } else {
        return;
    }
    uk_doctor_why(finding, _("each agent then counts failed tries for itself: "
                             "one that is started for a login limits nobody"));
    uk_doctor_mend(finding,
                   _("systemd-tmpfiles --create userkey.conf, or: "
                     "install -d -m 700 -o _userkey -g _userkey %s"),
                   uk_doctor_quote(folder, name));
}

void
uk_doctor_agent(struct uk_doctor *doctor)
{
    if (!doctor->has_settings)
        return;
    check_program(doctor);
    check_account(doctor);
    check_state(doctor);
    if (uk_doctor_is_live(doctor))
        check_socket(doctor);
    else
        uk_doctor_unseen(doctor, _("the agent that runs"));
}

/* The module's file, where the other modules are. */
static void
check_file(struct uk_doctor *doctor, const char *folder)
{
    char name[UK_CONF_VALUE + 16], quoted[UK_DOCTOR_QUOTED];
    struct uk_finding *finding;
    struct stat st;

    snprintf(name, sizeof(name), "%s/" MODULE, folder);
    if (uk_doctor_stat(doctor, name, true, &st) != 0) {
        finding = uk_doctor_say(doctor, UK_GRADE_ERROR,
                                _("'%s' is not there, where libpam looks for "
                                  "modules"),
                                name);
        uk_doctor_why(finding, _("a stack that names it runs without it: what "
                                 "that means stands below, under 'pam'"));
        uk_doctor_mend(finding,
                       _("install the package again, or: make install "
                         "PAMDIR=%s"),
                       uk_doctor_quote(folder, quoted));
    } else if ((st.st_uid != 0 && uk_doctor_is_live(doctor)) ||
               (st.st_mode & 022) != 0) {
        finding =
            uk_doctor_say(doctor, UK_GRADE_ERROR,
                          _("'%s' can be changed by others than root"), name);
        uk_doctor_why(finding, _("whoever can change it is root at the next "
                                 "login"));
        uk_doctor_mend(finding, _("install the package again (make install): "
                                  "what is there can be anybody's"));
    } else {
        uk_doctor_say(doctor, UK_GRADE_OK, _("'%s' is there"), name);
    }
}

/* Folders of modules in this one: that which has pam_unix.so. */
static bool
find_modules(const struct uk_doctor *doctor, const char *parent,
             char folder[UK_CONF_VALUE])
{
    char module[UK_CONF_VALUE + 16];
    DIR *dir = uk_doctor_folder(doctor, parent);
    bool found = false;
    struct dirent *entry;

    while (dir != NULL && !found && (entry = readdir(dir)) != NULL) {
        /* "." for folders without the name of a machine. */
        if (strcmp(entry->d_name, "..") == 0 ||
            snprintf(folder, UK_CONF_VALUE, "%s/%s%ssecurity", parent,
                     strcmp(entry->d_name, ".") == 0 ? "" : entry->d_name,
                     strcmp(entry->d_name, ".") == 0 ? "" : "/") >=
                UK_CONF_VALUE)
            continue;
        snprintf(module, sizeof(module), "%s/pam_unix.so", folder);
        found = uk_doctor_is_there(doctor, module, S_IFREG);
    }
    if (dir != NULL)
        closedir(dir);
    return found;
}

void
uk_doctor_module(struct uk_doctor *doctor)
{
    static const char *const parents[] = {"/usr/lib", "/usr/lib64", "/lib",
                                          "/lib64"};
    char folder[UK_CONF_VALUE];

    for (size_t i = 0; i < UK_COUNT(parents); i++) {
        if (find_modules(doctor, parents[i], folder)) {
            check_file(doctor, folder);
            return;
        }
    }
    uk_doctor_unseen(doctor, _("where this system has its PAM modules"));
}
