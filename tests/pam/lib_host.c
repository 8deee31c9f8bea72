/* A PAM host for tests: folder, settings, stacks, conversation, log lines. */
#include "tests/pam/lib_host.h"
#include "tests/pam/lib_sleep.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/file.h"
#include "core/io.h"
#include "core/keytext.h"
#include "tests/pam/lib_sleep.h"
#include "tests/pam/lib_syslog.h"
#include "tests/skip.h"

static char folder[PATH_MAX];
static char build[PATH_MAX];
static struct uk_secret key;

/* --- files ---------------------------------------------------------------- */

static void
join(char to[PATH_MAX], const char *a, const char *b)
{
    assert_true(snprintf(to, PATH_MAX, "%s/%s", a, b) < PATH_MAX);
}

const char *
host_folder(void)
{
    return folder;
}

const char *
host_path(const char *name)
{
    static char paths[4][PATH_MAX];
    static unsigned turn;

    turn = (turn + 1) % 4;
    join(paths[turn], folder, name);
    return paths[turn];
}

const char *
host_module(void)
{
    static char path[PATH_MAX];

    join(path, folder, "pam_userkey.so");
    return path;
}

const char *
host_probe(void)
{
    static char path[PATH_MAX];

    join(path, build, "tests/pam/module_probe.so");
    return path;
}

static void
write_file(const char *path, const void *bytes, size_t len, mode_t mode)
{
    int fd;

    assert_true(unlink(path) == 0 || errno == ENOENT);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    assert_true(fd >= 0);
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);

        assert_true(n > 0);
        bytes = (const char *)bytes + n;
        len -= (size_t)n;
    }
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(close(fd), 0);
}

void
host_write(const char *name, const char *text)
{
    write_file(host_path(name), text, strlen(text), 0644);
}

static char *
read_file(const char *path, size_t *len)
{
    struct stat st;
    char *text;
    size_t got = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    *len = 0;
    if (fd < 0)
        return strdup("");
    assert_int_equal(fstat(fd, &st), 0);
    text = calloc(1, (size_t)st.st_size + 1);
    assert_non_null(text);
    while (got < (size_t)st.st_size) {
        ssize_t n = read(fd, text + got, (size_t)st.st_size - got);

        assert_true(n > 0);
        got += (size_t)n;
    }
    close(fd);
    *len = got;
    return text;
}

char *
host_read(const char *name)
{
    size_t len;

    return read_file(host_path(name), &len);
}

/* --- setting up ----------------------------------------------------------- */

static void
find_build(void)
{
    ssize_t len = readlink("/proc/self/exe", build, sizeof(build) - 1);

    assert_true(len > 0);
    build[len] = '\0';
    for (int i = 0; i < 3; i++) /* tests/pam/test_NAME */
        *strrchr(build, '/') = '\0';
}

/* Files are believed only where nobody but root and we can write; the agent
 * must be started there as well. */
static bool
is_usable(void)
{
    struct uk_err err;
    struct statvfs fs;
    int fd = -1;
    bool ok;

    host_write("believed", "");
    ok = uk_file_open(host_path("believed"), UK_FILE_TRUSTED, &fd, &err) ==
         UK_OK;
    uk_io_close(&fd);
    return ok && statvfs(folder, &fs) == 0 && (fs.f_flag & ST_NOEXEC) == 0;
}

static void
remove_folder(void)
{
    char command[PATH_MAX + 16];

    if (folder[0] == '\0')
        return;
    snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    assert_int_equal(system(command), 0);
    folder[0] = '\0';
}

static void
make_folder(void)
{
    /* The short one first: log lines cut long paths. */
    const char *const parents[] = {"/tmp", build};

    for (size_t i = 0; i < UK_COUNT(parents); i++) {
        join(folder, parents[i], "pam-test-XXXXXX");
        if (mkdtemp(folder) == NULL) {
            folder[0] = '\0';
            continue;
        }
        /* For a host or an agent that is another user. */
        assert_int_equal(chmod(folder, 0755), 0);
        if (is_usable())
            return;
        remove_folder();
    }
    fail_msg("no folder that only we can write to, neither '%s' nor /tmp",
             build);
}

/* Our own copy: whoever built it, it is ours, and a host that is another user
 * reaches it wherever the build is. */
static void
copy_built(const char *from, const char *to)
{
    char path[PATH_MAX];
    size_t len;
    char *bytes;

    join(path, build, from);
    bytes = read_file(path, &len);
    assert_true(len > 0);
    write_file(host_path(to), bytes, len, 0755);
    free(bytes);
}

void
host_need_others(void)
{
    struct stat st;
    uid_t me = geteuid();
    bool reached;

    if (me != 0)
        return;
    assert_int_equal(seteuid(NOBODY), 0);
    reached = stat(host_module(), &st) == 0;
    assert_int_equal(seteuid(me), 0);
    if (!reached)
        skip_because("neither /tmp nor the build can serve another user");
}

void
host_settings(const char *more)
{
    char text[8192];

    assert_true(snprintf(text, sizeof(text),
                         "service_url = https://auth.test.invalid\n"
                         "app_id = app\n"
                         "users_file = %s/users\n"
                         "agent_program = %s/agent\n%s",
                         folder, folder, more) < (int)sizeof(text));
    host_write("userkey.conf", text);
}

void
host_script(const char *script)
{
    host_write("script", script);
    /* For an agent of any user. */
    write_file(host_path("agent.log"), "", 0, 0666);
}

void
host_users(const char *text)
{
    host_write("users", text);
}

static void
write_stack(const char *name, const char *text)
{
    char path[PATH_MAX];

    join(path, host_path("pam.d"), name);
    write_file(path, text, strlen(text), 0644);
}

void
host_stack(const char *name, const char *text, ...)
{
    char stack[8192];
    va_list args;

    va_start(args, text);
    assert_true(vsnprintf(stack, sizeof(stack), text, args) <
                (int)sizeof(stack));
    va_end(args);
    write_stack(name, stack);
}

void
host_simple_stack(const char *arguments)
{
    static const char *const phases[] = {"auth", "account", "password",
                                         "session"};
    char text[4 * PATH_MAX];
    size_t len = 0;

    for (size_t i = 0; i < UK_COUNT(phases); i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len,
                                "%s required %s conf=%s/userkey.conf %s\n",
                                phases[i], host_module(), folder, arguments);
    write_stack("probe", text);
}

int
host_setup(void **state)
{
    find_build();
    make_folder();
    copy_built("tests/pam/helper_agent", "agent");
    copy_built("pam_userkey.so", "pam_userkey.so");
    assert_int_equal(mkdir(host_path("pam.d"), 0755), 0);
    /* libpam complains where there is none. */
    host_stack("other", "auth required %s return=%d\n", host_probe(),
               PAM_AUTH_ERR);
    host_users(ALICE " id:person1 id:person1b\n" SYSTEM " id:person2\n");
    host_settings("failure_floor = 0\ntimeout = 20s\n");
    host_script("granted id=person1");
    host_simple_stack("");
    return 0;
}

int
host_setup_awake(void **state)
{
    lib_sleep_skip(true);
    return host_setup(state);
}

int
host_teardown(void **state)
{
    remove_folder();
    uk_secret_clear(&key);
    return 0;
}

const char *
host_key(void)
{
    struct uk_err err;

    if (key.len == 0)
        assert_int_equal(uk_keytext_make(&key, &err), UK_OK);
    return uk_secret_peek(&key);
}

/* --- the conversation ------------------------------------------------------ */

static void
note(char *to, size_t size, const char *text)
{
    snprintf(to, size, "%s", text);
}

static int
answer_prompt(struct talk *talk, struct pam_response **replies)
{
    /* Not our memory, so that using it would be noticed. */
    static struct pam_response stale;
    struct pam_response *reply;
    unsigned last = UK_COUNT(talk->answers) - 1;

    if (talk->style == TALK_FAILS)
        return PAM_CONV_ERR;
    if (talk->style == TALK_AGAIN)
        return PAM_CONV_AGAIN;
    if (talk->style == TALK_DANGLES) {
        *replies = &stale;
        return PAM_CONV_ERR;
    }
    if (talk->style == TALK_NO_REPLY)
        return PAM_SUCCESS;
    reply = calloc(1, sizeof(*reply));
    if (reply == NULL)
        return PAM_BUF_ERR;
    if (talk->style == TALK_ANSWERS && talk->answers[talk->turn] != NULL) {
        reply->resp = strdup(talk->answers[talk->turn]);
        if (talk->turn < last && talk->answers[talk->turn + 1] != NULL)
            talk->turn++;
    }
    *replies = reply;
    return PAM_SUCCESS;
}

static void
set_items(const struct talk *talk)
{
    assert_int_equal(pam_set_item(talk->pamh, PAM_USER, talk->user), 0);
    assert_int_equal(pam_set_item(talk->pamh, PAM_RHOST, talk->rhost), 0);
}

static int
converse(int count, const struct pam_message **messages,
         struct pam_response **replies, void *data)
{
    struct talk *talk = data;

    if (count != 1)
        return PAM_CONV_ERR;
    switch (messages[0]->msg_style) {
    case PAM_PROMPT_ECHO_OFF:
        talk->prompts++;
        note(talk->prompt, sizeof(talk->prompt), messages[0]->msg);
        if (talk->users != NULL)
            host_users(talk->users);
        if (talk->thinks_ms > 0)
            (void)poll(NULL, 0, talk->thinks_ms);
        if (talk->pamh != NULL)
            set_items(talk);
        return answer_prompt(talk, replies);
    case PAM_PROMPT_ECHO_ON:
        talk->names++;
        return answer_prompt(talk, replies);
    default:
        talk->errors++;
        note(talk->error, sizeof(talk->error), messages[0]->msg);
        *replies = calloc(1, sizeof(**replies));
        return PAM_SUCCESS;
    }
}

pam_handle_t *
host_start(const char *user, struct talk *talk)
{
    const struct pam_conv conv = {.conv = converse, .appdata_ptr = talk};
    pam_handle_t *pamh = NULL;

    assert_int_equal(
        pam_start_confdir("probe", user, &conv, host_path("pam.d"), &pamh),
        PAM_SUCCESS);
    return pamh;
}

int
host_login(const char *user, struct talk *talk)
{
    pam_handle_t *pamh = host_start(user, talk);
    int result = pam_authenticate(pamh, 0);

    assert_int_equal(pam_end(pamh, result), PAM_SUCCESS);
    return result;
}

int
host_login_with(const char *user, const char *typed, struct talk *talk)
{
    *talk = (struct talk){.answers = {typed}};
    return host_login(user, talk);
}

/* --- what the agent was asked ---------------------------------------------- */

static unsigned
count_lines(const char *beginning)
{
    char *text = host_read("agent.log");
    unsigned count = 0;

    for (char *line = text; *line != '\0'; line = strchr(line, '\n') + 1)
        count += strncmp(line, beginning, strlen(beginning)) == 0;
    free(text);
    return count;
}

unsigned
host_asked(void)
{
    return count_lines("login ");
}

unsigned
host_logouts(void)
{
    return count_lines("logout ");
}

/* --- the log ---------------------------------------------------------------- */

/* Put "with" in the place of len bytes at "at". */
static void
exchange(char *at, size_t len, const char *with)
{
    size_t new = strlen(with);

    memmove(at + new, at + len, strlen(at + len) + 1);
    memcpy(at, with, new);
}

const char *
host_log_line(unsigned i)
{
    static char line[LIB_SYSLOG_SIZE + 64];
    char *at;

    if (i >= lib_syslog_count())
        fail_msg("the log has %u lines", lib_syslog_count());
    note(line, sizeof(line), lib_syslog_line(i));
    at = strstr(line, " time=");
    if (at != NULL)
        exchange(at + 6, strspn(at + 6, "0123456789"), "N");
    while ((at = strstr(line, folder)) != NULL)
        exchange(at, strlen(folder), "FOLDER");
    return line;
}

unsigned
host_log_count(void)
{
    return lib_syslog_count();
}

int
host_log_priority(unsigned i)
{
    return lib_syslog_priority(i);
}

void
host_log_clear(void)
{
    lib_syslog_clear();
}

bool
host_log_has(const char *text)
{
    for (unsigned i = 0; i < lib_syslog_count(); i++) {
        if (strstr(lib_syslog_line(i), text) != NULL)
            return true;
    }
    return false;
}

void
host_expect_log(const char *line)
{
    if (line == NULL) {
        assert_int_equal(host_log_count(), 0);
        return;
    }
    if (host_log_count() != 1)
        fail_msg("%u lines, the first one: %s", host_log_count(),
                 host_log_line(0));
    assert_string_equal(host_log_line(0), line);
}
