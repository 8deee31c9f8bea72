/*
 * The whole PAM module behind a scripted application, with an agent that says
 * anything.
 *
 * libpam is the real one; so is all of the module but the way to the agent
 * (core/helper), in whose place stand sockets on which the answers lie already.
 *   ==p  which stack: one digit
 *   ==u ==h ==r  PAM_USER, PAM_RHOST, PAM_RUSER from now on
 *   ==k  PAM_AUTHTOK, as a module before ours leaves it at the next call
 *   ==e  USERKEY_SESSION from now on
 *   ==A ==C ==S ==O ==E ==W  a call of the application, with a byte of flags
 *   ==t  how the next prompt is answered: a letter, and a text
 *   ==a  what the next agent says; ==b  what it says besides
 *   ==g  the same as ==a, made well: verdict, flags, id, behind a blank a mail
 *   ==x  the next agent is not there
 */
#include <dirent.h>
#include <limits.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <dlfcn.h>
#include <security/pam_appl.h>
#include <security/pam_modules.h>

#include "core/keytext.h"
#include "pam_module/kept.h"
#include "tests/fuzz/lib_folder.h"
#include "tests/fuzz/lib_module_agents.h"
#include "tests/pam/lib_sleep.h"
#include "tests/pam/lib_syslog.h"

#define LONG   100000 /* bytes of an answer that is repeated */
#define ALICE  "nobody"
#define PERSON "person1"
#define EMAIL  "a@b.example"

/* Anybody may be called from libpam. */
__attribute__((visibility("default"))) int fuzz_door(int which,
                                                     pam_handle_t *pamh,
                                                     int flags, int argc,
                                                     const char **argv);

static const struct {
    const char *settings, *arguments;
} stacks[] = {
    {"", ""},
    {"key_format = any\nconnect_early = no\n", "try_first_pass debug"},
    {"key_format = any\nsession = keep\n", ""},
    {"key_format = any\nemail_domain = b.example\noffline_grace = 1h\n"
     "offline_services = fuzz3\n",
     "use_first_pass"},
    {"key_format = any\nusers_file = /nowhere\n", "prompt=Key:"},
    {"nonsense\n", ""},
    {"key_format = any\nallow_root = yes\nmin_uid = 1\n"
     "email_domain = b.example\n",
     ""},
    {"", "debug=maybe"},
};

static const char *folder;
static struct fuzz_script script;
static pam_handle_t *handle;
static size_t talked; /* prompts */
static const struct fuzz_step *earlier;
static char typed[LONG + 1]; /* what was typed last */
static bool have_run;
static char stack; /* which */

/* The application. */

static char *
make_reply(const struct fuzz_step *step)
{
    char *text = fuzz_text(step->bytes + 1, step->len - 1);
    char *reply = text;
    size_t len = strlen(text);

    if (step->bytes[0] != 'l')
        return text;
    reply = malloc(LONG + 1);
    FUZZ_MUST(reply != NULL);
    for (size_t i = 0; i < LONG; i++)
        reply[i] = len == 0 ? 'x' : text[i % len];
    reply[LONG] = '\0';
    free(text);
    return reply;
}

static int
talk(int count, const struct pam_message **messages,
     struct pam_response **replies, void *context)
{
    static struct pam_response stale;
    const struct fuzz_step *step = fuzz_find_step(&script, 't', talked++);

    FUZZ_MUST(count == 1 && messages[0]->msg != NULL);
    if (step == NULL || step->len == 0 || step->bytes[0] == 'f')
        return PAM_CONV_ERR;
    if (step->bytes[0] == 'd') { /* libpam itself would take it for good */
        if (messages[0]->msg_style == PAM_PROMPT_ECHO_OFF)
            *replies = &stale;
        return PAM_CONV_ERR;
    }
    if (step->bytes[0] == '0')
        return PAM_SUCCESS;
    *replies = calloc(1, sizeof(**replies));
    FUZZ_MUST(*replies != NULL);
    (*replies)->resp = make_reply(step);
    if (messages[0]->msg_style == PAM_PROMPT_ECHO_OFF)
        snprintf(typed, sizeof(typed), "%s", (*replies)->resp);
    if (step->bytes[0] == 'u') /* and the login is another person's now */
        pam_set_item(handle, PAM_USER, (*replies)->resp);
    if (step->bytes[0] == 'n') {
        free((*replies)->resp);
        (*replies)->resp = NULL;
    }
    return PAM_SUCCESS;
}

static bool
has_email(const struct uk_answer *answer, const char *email)
{
    for (size_t i = 0; i < answer->person.n_emails; i++) {
        if (strcasecmp(answer->person.email[i], email) == 0)
            return true;
    }
    return false;
}

/* By the users file, and on stack 6 also by the rule of the settings. */
static bool
may_be(const struct uk_answer *answer, const char *user)
{
    char email[UK_EMAIL_MAX + 1];

    if (strcmp(user, ALICE) == 0)
        return strcmp(answer->person.id, PERSON) == 0 ||
               has_email(answer, EMAIL);
    if (stack != '6' || strcmp(user, "root") == 0)
        return false;
    if (strcmp(user, "daemon") == 0)
        return strcmp(answer->person.id, "person2") == 0;
    snprintf(email, sizeof(email), "%s@b.example", user);
    return has_email(answer, email);
}

/* Somebody has been let in: an agent has said once that it is the key of who
 * is mapped to that account. */
static void
check_entry(size_t login, const char *asked)
{
    const void *user = NULL;
    const struct uk_answer *answer = agents_answer(login);

    FUZZ_MUST(answer != NULL && answer->code == UK_OK &&
              answer->verdict == UK_GRANTED);
    FUZZ_MUST(pam_get_item(handle, PAM_USER, &user) == PAM_SUCCESS);
    FUZZ_MUST(strcmp(user, asked) == 0 && may_be(answer, user));
    FUZZ_MUST(!answer->offline || stack == '3');
}

int
fuzz_door(int which, pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    char user[UK_NAME_MAX + 1] = "";
    size_t first = agents_count(), login;
    int result;

    if (earlier != NULL) {
        char *text = fuzz_text(earlier->bytes, earlier->len);

        pam_set_item(pamh, PAM_AUTHTOK, text);
        snprintf(typed, sizeof(typed), "%s", text);
        free(text);
        earlier = NULL;
    }
    switch (which) {
    case 'A':
        result = pam_sm_authenticate(pamh, flags, argc, argv);
        login = agents_asked(first, typed, user);
        if (result == PAM_SUCCESS)
            check_entry(login, user);
        FUZZ_MUST(result != PAM_IGNORE);
        return result;
    case 'C':
        result = pam_sm_acct_mgmt(pamh, flags, argc, argv);
        break;
    case 'S':
        return pam_sm_setcred(pamh, flags, argc, argv);
    case 'O':
        result = pam_sm_open_session(pamh, flags, argc, argv);
        break;
    case 'E':
        result = pam_sm_close_session(pamh, flags, argc, argv);
        break;
    default:
        result = pam_sm_chauthtok(pamh, flags, argc, argv);
        FUZZ_MUST(result != PAM_SUCCESS && result != PAM_IGNORE);
    }
    /* No key goes there. */
    FUZZ_MUST(agents_asked(first, typed, user) == AGENTS_NONE);
    return result;
}

static void
set(int item, const struct fuzz_step *step)
{
    char *text = fuzz_text(step->bytes, step->len);

    pam_set_item(handle, item, text);
    free(text);
}

static void
set_session(const struct fuzz_step *step)
{
    char *text = fuzz_text(step->bytes, step->len);
    char line[256];

    if (snprintf(line, sizeof(line), UK_KEPT_ENV "=%s", text) <
        (int)sizeof(line))
        pam_putenv(handle, line);
    free(text);
}

/* Who may come in without a key of ours is what the settings say. */
static void
check_account(int result)
{
    const void *user = NULL;

    if (result == PAM_SUCCESS)
        FUZZ_MUST(pam_get_item(handle, PAM_USER, &user) == PAM_SUCCESS &&
                  strcmp(user, "root") != 0 &&
                  (strcmp(user, ALICE) == 0 || stack == '6'));
}

static void
do_step(const struct fuzz_step *step)
{
    int flags = step->len > 0 && (step->bytes[0] & 1) != 0 ? PAM_SILENT : 0;

    switch (step->what) {
    case 'u':
        set(PAM_USER, step);
        break;
    case 'h':
        set(PAM_RHOST, step);
        break;
    case 'r':
        set(PAM_RUSER, step);
        break;
    case 'k':
        earlier = step;
        break;
    case 'e':
        set_session(step);
        break;
    case 'A':
        (void)pam_authenticate(handle, flags);
        break;
    case 'C':
        check_account(pam_acct_mgmt(handle, flags));
        break;
    case 'S':
        (void)pam_setcred(handle, PAM_ESTABLISH_CRED);
        break;
    case 'O':
        (void)pam_open_session(handle, flags);
        break;
    case 'E':
        (void)pam_close_session(handle, flags);
        break;
    case 'W':
        FUZZ_MUST(pam_chauthtok(handle, flags) != PAM_SUCCESS);
        break;
    default: /* somebody else's */
        break;
    }
}

/* The machine. */

static void
write_stack(size_t n, const char *doors)
{
    static const char *const phases[] = {"auth", "account", "session",
                                         "password"};
    char name[16], text[4096];
    size_t len = 0;

    snprintf(name, sizeof(name), "conf%zu", n);
    folder_write(name,
                 "service_url = https://auth.test.invalid\napp_id = app\n"
                 "agent_socket = /run/agent.sock\nfailure_floor = 0\n"
                 "%s%s%s%s",
                 strstr(stacks[n].settings, "users_file") ? ""
                                                          : "users_file = ",
                 strstr(stacks[n].settings, "users_file") ? "" : folder,
                 strstr(stacks[n].settings, "users_file") ? "" : "/users\n",
                 stacks[n].settings);
    for (size_t i = 0; i < 4; i++)
        len +=
            (size_t)snprintf(text + len, sizeof(text) - len,
                             "%s required %s conf=%s/conf%zu %s\n", phases[i],
                             doors, folder, n, stacks[n].arguments);
    snprintf(name, sizeof(name), "fuzz%zu", n);
    folder_write(name, "%s", text);
}

static void
set_up(void)
{
    char doors[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", doors, sizeof(doors) - 32);

    FUZZ_MUST(len > 0);
    folder = folder_make();
    lib_sleep_skip(true);
    doors[len] = '\0';
    strcpy(strrchr(doors, '/'), "/module_doors.so");
    FUZZ_MUST(dlopen(doors, RTLD_NOW) != NULL); /* it stays */
    folder_write("users",
                 ALICE " id:" PERSON " email:" EMAIL "\ndaemon id:person2\n");
    folder_write("other", "auth required %s\n", doors);
    for (size_t i = 0; i < sizeof(stacks) / sizeof(stacks[0]); i++)
        write_stack(i, doors);
    have_run = unshare(CLONE_NEWNS) == 0 &&
               mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
               mount("none", "/run", "tmpfs", 0, "mode=755") == 0;
}

/* One line a call, and no key in it. */
static void
check_log(void)
{
    for (unsigned i = 0; i < lib_syslog_count(); i++) {
        const char *line = lib_syslog_line(i);

        if (strncmp(line, "module_doors(", 13) != 0)
            continue; /* libpam's own */
        FUZZ_MUST(uk_str_is_printable(line));
        for (size_t at = 0; at + UK_KEYTEXT_LEN <= strlen(line); at++)
            FUZZ_MUST(!uk_keytext_check(line + at, UK_KEYTEXT_LEN));
    }
}

/* Of a session that nobody took over nothing is left. */
static void
check_kept(bool opened)
{
    struct dirent *entry;
    DIR *dir = have_run ? opendir(UK_KEPT_FOLDER) : NULL;

    while (dir != NULL && (entry = readdir(dir)) != NULL)
        FUZZ_MUST(opened || entry->d_name[0] == '.');
    if (dir != NULL)
        closedir(dir);
    if (have_run)
        folder_empty(UK_KEPT_FOLDER);
}

const char fuzz_is_slow = 1;

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static const struct pam_conv conversation = {.conv = talk};
    const struct fuzz_step *step;
    char service[16] = "fuzz0";

    if (folder == NULL)
        set_up();
    lib_syslog_clear();
    fuzz_read_script(bytes, len, &script);
    step = fuzz_find_step(&script, 'p', 0);
    if (step != NULL && step->len > 0 && step->bytes[0] >= '0' &&
        step->bytes[0] <= '7' && (step->bytes[0] != '2' || have_run))
        service[4] = (char)step->bytes[0];
    stack = service[4];
    talked = 0;
    agents_begin(&script);
    earlier = NULL;
    typed[0] = '\0';
    FUZZ_MUST(pam_start_confdir(service, NULL, &conversation, folder,
                                &handle) == PAM_SUCCESS);
    for (size_t i = 0; i < script.count; i++)
        do_step(&script.step[i]);
    FUZZ_MUST(pam_end(handle, PAM_SUCCESS) == PAM_SUCCESS);
    check_log();
    check_kept(fuzz_find_step(&script, 'O', 0) != NULL);
    agents_end();
    return 0;
}
