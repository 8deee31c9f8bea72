/*
 * A system that somebody else has written, and what the doctor says of it: it
 * comes to an end, and nothing outside of that system is in it.
 *
 * Each step is a file or a link: the letter says which, or with "==f" and "==l"
 * the first line does.  '@' in a link's target is a place outside.
 */
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/str.h"
#include "tests/fuzz/lib_folder.h"
#include "tests/fuzz/script.h"
#include "tool/doctor/doctor.h"

#define PATH   256
#define MARK   "zz-outside"
#define CONF   "/etc/userkey/userkey.conf"
#define STACK  "auth required pam_userkey.so\naccount required pam_userkey.so\n"
#define MOSTLY (sizeof(usual) / sizeof(usual[0]))

static const struct {
    char letter;
    const char *path, *text; /* what stands there unless a step says so */
} usual[] = {
    {'p', "etc/pam.d/sshd", STACK},
    {'q', "etc/pam.d/sudo", STACK},
    {'o', "etc/pam.d/other", "auth required pam_deny.so\n"},
    {'i', "etc/pam.d/common-auth", NULL},
    {'s', "etc/ssh/sshd_config", "UsePAM yes\n"},
    {'n', "etc/ssh/sshd_config.d/a.conf", NULL},
    {'u', "etc/sudoers", "@includedir /etc/sudoers.d\n"},
    {'v', "etc/sudoers.d/a", NULL},
    {'c', CONF, "service_url = https://auth.example.com\napp_id = demo\n"},
    {'m', "etc/userkey/users", "alice id:64f0c0ffee0123456789abcd\n"},
    {'w', "etc/passwd", "alice:x:1000:1000::/home/alice:/bin/sh\n"},
};

static char root[PATH], outside[PATH];

static void
start(void)
{
    const char *folder = folder_make();

    snprintf(root, sizeof(root), "%s/root", folder);
    snprintf(outside, sizeof(outside), "%s/outside", folder);
    /* What each of the doctor's readers would show. */
    folder_write("outside", "UsePAM " MARK "\nPermitRootLogin " MARK "\n"
                            "Defaults timestamp_timeout=-77.77\n"
                            "Defaults:" MARK " timestamp_timeout=-77.77\n"
                            "auth required " MARK "\n" MARK " id:" MARK
                            "\n" MARK " = yes\n");
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

/* Into its folder, which is made; never along a link that a step has made. */
static int
open_folder(char *path, const char **last)
{
    int at = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    char *rest = path, *part = strsep(&rest, "/");

    while (at >= 0 && rest != NULL) {
        int next = -1;

        if (strcmp(part, "..") != 0) {
            (void)mkdirat(at, part, 0755);
            next =
                openat(at, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        }
        close(at);
        at = next;
        part = strsep(&rest, "/");
    }
    *last = part;
    return at;
}

static void
put(const char *name, const char *text, size_t len, bool is_link)
{
    char path[PATH], target[PATH];
    const char *last, *mark = memchr(text, '@', len);
    int folder, fd;

    if (!uk_str_copy(path, sizeof(path), name + (name[0] == '/')))
        return;
    folder = open_folder(path, &last);
    if (folder < 0)
        return;
    if (is_link) {
        int n = snprintf(target, sizeof(target), "%.*s%s",
                         (int)(mark != NULL ? mark - text : (ptrdiff_t)len),
                         text, mark != NULL ? outside : "");

        if (n > 0 && n < (int)sizeof(target))
            (void)!symlinkat(target, folder, last);
    } else {
        fd =
            openat(folder, last,
                   O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
        if (fd >= 0) {
            FUZZ_MUST(write(fd, text, len) == (ssize_t)len);
            close(fd);
        }
    }
    close(folder);
}

static void
do_step(const struct fuzz_step *step)
{
    char *text = fuzz_text(step->bytes, step->len);
    const uint8_t *end = memchr(step->bytes, '\n', step->len);
    size_t head = end == NULL ? step->len : (size_t)(end - step->bytes) + 1;

    if (step->what == 'f' || step->what == 'l') {
        text[end == NULL ? head : head - 1] = '\0';
        put(text, (const char *)step->bytes + head, step->len - head,
            step->what == 'l');
    }
    for (size_t i = 0; i < MOSTLY; i++) {
        if (step->what == usual[i].letter)
            put(usual[i].path, text, step->len, false);
    }
    free(text);
}

/* It is a line for a terminal, and for a file of lines. */
static void
check_finding(const struct uk_finding *finding, const char *check)
{
    const char *const texts[] = {finding->what, finding->why, finding->mend};

    FUZZ_MUST(finding->check != NULL && strcmp(finding->check, check) == 0);
    FUZZ_MUST(finding->grade <= UK_GRADE_ERROR && finding->what[0] != '\0');
    for (size_t i = 0; i < 3; i++) {
        FUZZ_MUST(uk_str_is_printable(texts[i]));
        FUZZ_MUST(strstr(texts[i], MARK) == NULL);
        FUZZ_MUST(strstr(texts[i], "-77.77") == NULL);
    }
}

static void
look(void)
{
    struct uk_doctor doctor = {.root = root, .conf = CONF};
    size_t seen = 0;

    for (size_t i = 0; i < uk_doctor_n_checks; i++) {
        doctor.check = uk_doctor_checks[i].id;
        uk_doctor_checks[i].run(&doctor);
        for (; seen < doctor.count; seen++)
            check_finding(&doctor.finding[seen], doctor.check);
    }
    FUZZ_MUST(!doctor.no_memory);
    uk_doctor_clear(&doctor);
}

const char fuzz_is_slow = 1;

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct fuzz_script script;

    /* The fuzzer knows what is looked for, and would put it inside. */
    if (memmem(bytes, len, "outside", 7) != NULL ||
        memmem(bytes, len, "77.77", 5) != NULL)
        return 0;
    if (root[0] == '\0')
        start();
    FUZZ_MUST(mkdir(root, 0755) == 0);
    fuzz_read_script(bytes, len, &script);
    for (size_t i = 0; i < script.count; i++)
        do_step(&script.step[i]);
    for (size_t i = 0; i < MOSTLY; i++) {
        if (usual[i].text != NULL &&
            fuzz_find_step(&script, usual[i].letter, 0) == NULL)
            put(usual[i].path, usual[i].text, strlen(usual[i].text), false);
    }
    look();
    FUZZ_MUST(nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0);
    return 0;
}
