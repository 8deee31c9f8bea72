/* What the machine's own confinement does to logins with a key. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/str.h"
#include "tool/doctor/pam_files.h"
#include "tool/stack/who.h"
#include "tool/terminal/language.h"

#define ENFORCE  "/sys/fs/selinux/enforce"
#define APPARMOR "/sys/module/apparmor/parameters/enabled"
#define PROFILES "/sys/kernel/security/apparmor/profiles"
#define HELPER   "polkit-agent-helper@.service"
#define TEXT_MAX (4 * 1024 * 1024)

static void
check_selinux(struct uk_doctor *doctor)
{
    struct uk_buf text = UK_BUF_UP_TO(TEXT_MAX);
    struct uk_finding *finding;

    if (uk_doctor_read(doctor, ENFORCE, &text) != 0) {
        uk_doctor_say(doctor, UK_GRADE_OK, _("SELinux is not on"));
    } else if (uk_buf_peek(&text)[0] == '1') {
        finding = uk_doctor_say(doctor, UK_GRADE_NOTE,
                                _("SELinux enforces its policy"));
        uk_doctor_why(finding, _("sshd and sudo must be let connect to the "
                                 "agent's socket, and the agent to the "
                                 "service's port, or logins end in "
                                 "'unreachable'"));
        uk_doctor_mend(finding, _("after a refused login: ausearch -m avc -ts "
                                  "recent"));
    } else {
        uk_doctor_say(doctor, UK_GRADE_NOTE, _("SELinux is permissive"));
    }
    uk_buf_clear(&text);
}

static void
check_apparmor(struct uk_doctor *doctor)
{
    struct uk_buf text = UK_BUF_UP_TO(TEXT_MAX);
    int sys;

    if (uk_doctor_read(doctor, APPARMOR, &text) != 0 ||
        uk_buf_peek(&text)[0] != 'Y') {
        uk_doctor_say(doctor, UK_GRADE_OK, _("AppArmor is not on"));
        uk_buf_clear(&text);
        return;
    }
    uk_buf_clear(&text);
    sys = uk_doctor_read(doctor, PROFILES, &text);
    if (sys == EACCES) {
        uk_doctor_unseen(doctor, _("which profiles AppArmor has"));
    } else {
        const char *ours = strstr(uk_buf_peek(&text), "userkey-agent");
        bool complains =
            ours != NULL &&
            uk_str_starts(ours + strcspn(ours, " \n"), " (complain)");

        uk_doctor_say(doctor,
                      ours == NULL || complains ? UK_GRADE_NOTE : UK_GRADE_OK,
                      _("AppArmor %s"),
                      ours == NULL ? _("is on, without a profile for the agent")
                      : complains  ? _("only complains about the agent")
                                   : _("confines the agent"));
    }
    uk_buf_clear(&text);
}

/* Is there a drop-in of ours? */
static bool
has_drop_in(const struct uk_doctor *doctor)
{
    static const char *const folders[] = {
        "/etc/systemd/system/" HELPER ".d",
        "/usr/lib/systemd/system/" HELPER ".d",
    };
    bool found = false;

    for (size_t i = 0; i < UK_COUNT(folders) && !found; i++) {
        DIR *dir = uk_doctor_folder(doctor, folders[i]);
        struct dirent *entry;

        while (dir != NULL && !found && (entry = readdir(dir)) != NULL)
            found = strstr(entry->d_name, "userkey") != NULL;
        if (dir != NULL)
            closedir(dir);
    }
    return found;
}

/* One that listens is all that the module needs there. */
static bool
has_agent(const struct uk_doctor *doctor)
{
    static const char wanted[] =
        "/etc/systemd/system/sockets.target.wants/userkey-agent.socket";
    struct stat st;

    return uk_doctor_is_there(doctor,
                              doctor->has_settings
                                  ? doctor->settings.agent_socket
                                  : UK_SETTINGS_SOCKET,
                              S_IFSOCK) ||
           uk_doctor_stat(doctor, wanted, false, &st) == 0;
}

/* polkit's helper of today lives in a sandbox, where a module sees little. */
static void
check_polkit(struct uk_doctor *doctor)
{
    struct uk_stack stack = {.line = NULL};
    struct uk_err err = UK_ERR_NONE;
    struct uk_finding *finding;
    bool ours;

    if (!uk_doctor_is_there(doctor, "/usr/lib/systemd/system/" HELPER,
                            S_IFREG) ||
        uk_doctor_load_stack(doctor, "polkit-1", &stack, &err) != UK_OK)
        return;
    ours = stack.found && uk_stackwho_ours(&stack, UK_STACK_AUTH) < stack.count;
    uk_stack_clear(&stack);
    if (!ours || has_drop_in(doctor) || has_agent(doctor))
        return;
    finding =
        uk_doctor_say(doctor, UK_GRADE_WARNING,
                      _("polkit asks PAM inside a sandbox ('%s'), and neither "
                        "an agent that listens nor a drop-in for pam_userkey"),
                      HELPER);
    uk_doctor_why(finding,
                  _("without a network and its files an agent that the "
                    "module starts there reaches nobody"));
    uk_doctor_mend(
        finding,
        _("systemctl enable --now userkey-agent.socket, or "
          "copy the drop-in from the examples to /etc/systemd/system/%s.d"),
        HELPER);
}

void
uk_doctor_confinement(struct uk_doctor *doctor)
{
    if (uk_doctor_is_live(doctor)) {
        check_selinux(doctor);
        check_apparmor(doctor);
    } else {
        uk_doctor_unseen(doctor, _("what confines programs there"));
    }
    check_polkit(doctor);
}
