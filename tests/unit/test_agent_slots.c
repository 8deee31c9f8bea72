/* agent/slots: what stays, what a damage does, several processes at once. */
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/slots.h"
#include "tests/skip.h"

static char folder[] = "/tmp/userkey-slots-XXXXXX";
static char path[64];
static struct uk_err err, note;

static const struct uk_clock_reading start = {
    .boot_id = {1}, .boot_ms = 1000, .wall_ms = 1};

static struct uk_slots *
open_slots(const char *file, bool clean)
{
    struct uk_slots *slots = NULL;

    assert_int_equal(uk_slots_open(file, &slots, &note, &err), UK_OK);
    if ((note.code == UK_OK) != clean)
        fail_msg("note: '%s'", note.text);
    return slots;
}

static int64_t
get(struct uk_slots *slots, uint64_t subject)
{
    int64_t moment;

    assert_true(uk_slots_begin(slots, &start));
    moment = uk_slots_get(slots, UK_SLOTS_TRIES, subject);
    uk_slots_end(slots);
    return moment;
}

static void
set(struct uk_slots *slots, uint64_t subject, int64_t moment)
{
    assert_true(uk_slots_begin(slots, &start));
    uk_slots_set(slots, UK_SLOTS_TRIES, subject, moment);
    uk_slots_end(slots);
}

static void
keeps_what_is_set(void **state)
{
    const char *const files[] = {path, NULL};

    for (size_t i = 0; i < UK_COUNT(files); i++) {
        struct uk_slots *slots = open_slots(files[i], true);

        assert_int_equal(get(slots, 7), 0);
        set(slots, 7, 5000);
        set(slots, 8, 6000);
        assert_int_equal(get(slots, 7), 5000);
        set(slots, 7, 0);
        assert_int_equal(get(slots, 7), 0);
        assert_int_equal(get(slots, 8), 6000);
        /* Tables are apart. */
        assert_true(uk_slots_begin(slots, &start));
        assert_int_equal(uk_slots_get(slots, UK_SLOTS_KEYS, 8), 0);
        uk_slots_end(slots);
        uk_slots_close(slots);
    }
    unlink(path);
}

static void
outlives_the_process(void **state)
{
    struct uk_slots *slots = open_slots(path, true);
    struct uk_clock_reading later = start;
    unsigned char secret[UK_SEAL_SHORT_KEY];
    struct stat st;

    set(slots, 7, 5000);
    later.boot_ms += 10000;
    assert_true(uk_slots_begin(slots, &later));
    memcpy(secret, uk_slots_secret(slots), sizeof(secret));
    assert_int_equal(uk_slots_now(slots), 11000);
    uk_slots_end(slots);
    uk_slots_close(slots);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(st.st_size, UK_SLOTS_FILE_SIZE);
    slots = open_slots(path, true);
    assert_int_equal(get(slots, 7), 5000);
    assert_true(uk_slots_begin(slots, &start)); /* another boot, so */
    assert_int_equal(uk_slots_now(slots), 12000);
    assert_memory_equal(uk_slots_secret(slots), secret, sizeof(secret));
    uk_slots_end(slots);
    uk_slots_close(slots);
    unlink(path);
}

/* However many there are, it stays as large as it is, and whoever's moment is
 * latest stays. */
static void
has_room_for_the_latest(void **state)
{
    struct uk_slots *slots = open_slots(NULL, true);
    size_t kept = 0;

    set(slots, 1, INT64_MAX);
    for (uint64_t i = 2; i < 100000; i++)
        set(slots, i, 10000 + (int64_t)i);
    assert_int_equal(get(slots, 1), INT64_MAX);
    for (uint64_t i = 2; i < 100000; i++)
        kept += get(slots, i) != 0;
    assert_int_equal(kept, 2048 * 4 - 1);
    assert_int_equal(get(slots, 99999), 10000 + 99999);
    uk_slots_close(slots);
}

static void
put_byte(const char *file)
{
    int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    assert_int_equal(write(fd, "x", 1), 1);
    close(fd);
}

/* Each length that it could be cut to, and each one longer. */
static void
begins_anew_when_cut(void **state)
{
    struct uk_slots *slots;

    for (off_t len = 0; len <= UK_SLOTS_FILE_SIZE + 1;
         len += len < 200 || len > UK_SLOTS_FILE_SIZE - 10 ? 1 : 4093) {
        slots = open_slots(path, len == 0);
        set(slots, 7, 5000);
        uk_slots_close(slots);
        assert_int_equal(truncate(path, len), 0);
        slots = open_slots(path, len == 0 || len == UK_SLOTS_FILE_SIZE);
        assert_int_equal(get(slots, 7), len == UK_SLOTS_FILE_SIZE ? 5000 : 0);
        uk_slots_close(slots);
        unlink(path);
        /* Then one that is there, with another length, for the next. */
        put_byte(path);
    }
    unlink(path);
}

/* Each byte of its beginning, and then all of it. */
static void
survives_damage(void **state)
{
    static unsigned char bytes[UK_SLOTS_FILE_SIZE];
    struct uk_slots *slots = open_slots(path, true);
    int fd = open(path, O_RDWR | O_CLOEXEC);

    for (off_t at = 0; at < 200; at++) {
        unsigned char was, is;

        assert_int_equal(pread(fd, &was, 1, at), 1);
        is = (unsigned char)~was;
        assert_int_equal(pwrite(fd, &is, 1, at), 1);
        /* An open one goes on, or says that it cannot. */
        if (uk_slots_begin(slots, &start)) {
            uk_slots_set(slots, UK_SLOTS_TRIES, 7, 5000);
            uk_slots_end(slots);
        }
        assert_int_equal(pwrite(fd, &was, 1, at), 1);
    }
    uk_slots_close(slots);
    memset(bytes, 0x5a, sizeof(bytes));
    assert_int_equal(pwrite(fd, bytes, sizeof(bytes), 0), sizeof(bytes));
    close(fd);
    slots = open_slots(path, false);
    assert_non_null(strstr(note.text, "damaged"));
    assert_int_equal(get(slots, 7), 0);
    uk_slots_close(slots);
    unlink(path);
}

/* Cut under an open one: no SIGBUS, and nobody is refused. */
static void
survives_being_cut_while_open(void **state)
{
    struct uk_slots *slots = open_slots(path, true);

    set(slots, 7, 5000);
    assert_int_equal(truncate(path, 4096), 0);
    assert_int_equal(get(slots, 7), 0);
    assert_int_equal(truncate(path, 0), 0);
    assert_false(uk_slots_begin(slots, &start));
    uk_slots_close(slots);
    unlink(path);
}

static void
uses_memory_where_there_is_no_file(void **state)
{
    char other[96];
    struct uk_slots *slots;

    snprintf(other, sizeof(other), "%s/none/tries", folder);
    slots = open_slots(other, false);
    set(slots, 7, 5000);
    assert_int_equal(get(slots, 7), 5000);
    uk_slots_close(slots);
    /* Somebody else could have written it. */
    uk_slots_close(open_slots(path, true));
    assert_int_equal(chmod(path, 0620), 0);
    uk_slots_close(open_slots(path, false));
    assert_int_equal(chmod(path, 0600), 0);
    snprintf(other, sizeof(other), "%s/link", folder);
    assert_int_equal(link(path, other), 0);
    uk_slots_close(open_slots(path, false));
    unlink(other);
    assert_int_equal(symlink(path, other), 0);
    uk_slots_close(open_slots(other, false));
    unlink(other);
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    uk_slots_close(open_slots(path, false));
    rmdir(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    uk_slots_close(open_slots(path, false));
    unlink(path);
}

/* A limit of the caller's, as a full disk: what cannot be written is not
 * counted, and nothing else happens. */
static void
writes_nothing_past_a_limit(void **state)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        struct rlimit none = {0, 0};
        struct uk_slots *slots = open_slots(path, true);

        signal(SIGXFSZ, SIG_IGN);
        set(slots, 7, 5000);
        setrlimit(RLIMIT_FSIZE, &none);
        set(slots, 8, 5000);
        _exit(get(slots, 7) == 5000 && get(slots, 8) == 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    unlink(path);
}

/* Write until there is no room. */
static void
fill_disk(const char *file)
{
    static const char zeros[4096];
    int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    while (write(fd, zeros, sizeof(zeros)) > 0 || write(fd, zeros, 1) > 0)
        continue;
    close(fd);
}

static bool
works(struct uk_slots *slots)
{
    set(slots, 7, 5000);
    return get(slots, 7) == 5000;
}

/* In a mount namespace of its own: 77 where there can be none. */
static int
use_a_small_disk(void)
{
    char full[96];
    struct uk_slots *slots = NULL;

    snprintf(full, sizeof(full), "%s/full", folder);
    if (unshare(CLONE_NEWNS) != 0 ||
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", folder, "tmpfs", 0, "size=320k,mode=700") != 0)
        return 77;
    if (uk_slots_open(path, &slots, &note, &err) != UK_OK || note.code != UK_OK)
        return 1;
    fill_disk(full);
    if (!works(slots))
        return 2;
    uk_slots_close(slots);
    unlink(path);
    fill_disk(full);
    if (uk_slots_open(path, &slots, &note, &err) != UK_OK || note.code == UK_OK)
        return 3;
    return works(slots) ? 0 : 4;
}

/* The room is taken at the beginning: a disk that fills up later is no
 * matter; one that is full then means memory. */
static void
takes_its_room_at_once(void **state)
{
    pid_t pid = fork();
    int status;

    if (pid == 0)
        _exit(use_a_small_disk());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (status == 77 << 8)
        skip_because("a file system of its own cannot be mounted here");
    assert_int_equal(status, 0);
}

#define PROCESSES 4
#define TIMES     100
#define ROUNDS    10

/* Who finds it held for too long has memory instead, and tries again here. */
static struct uk_slots *
open_shared(void)
{
    struct uk_slots *slots = NULL;

    for (int i = 0; i < 1000; i++) {
        if (uk_slots_open(path, &slots, &note, &err) != UK_OK)
            return NULL;
        if (note.code == UK_OK)
            return slots;
        uk_slots_close(slots);
    }
    return NULL;
}

/* In a process of its own. */
static int
count_up(void)
{
    const struct timespec within = {.tv_nsec = 10000};
    const struct timespec between = {.tv_nsec = 1000000};
    struct uk_slots *slots = open_shared();
    int64_t was;

    if (slots == NULL)
        return 1;
    for (int n = 0; n < TIMES; n++) {
        if (!uk_slots_begin(slots, &start))
            return 2;
        was = uk_slots_get(slots, UK_SLOTS_TRIES, 7);
        nanosleep(&within, NULL); /* others come meanwhile */
        uk_slots_set(slots, UK_SLOTS_TRIES, 7, was + 1);
        uk_slots_end(slots);
        nanosleep(&between, NULL);
    }
    uk_slots_close(slots);
    return 0;
}

static int64_t
count_together(void)
{
    struct uk_slots *slots;
    int64_t count;
    int status;

    for (int i = 0; i < PROCESSES; i++) {
        if (fork() == 0)
            _exit(count_up());
    }
    for (int i = 0; i < PROCESSES; i++) {
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    slots = open_slots(path, true);
    count = get(slots, 7);
    uk_slots_close(slots);
    unlink(path);
    return count;
}

/* Nothing is lost of what several count at the same time.  One that waited too
 * long goes on without the lock, though, and may lose some: where the machine
 * is that busy, once more. */
static void
is_shared_by_processes(void **state)
{
    int64_t count = 0;

    for (int i = 0; i < ROUNDS && count < PROCESSES * TIMES * 9 / 10; i++)
        count = count_together();
    assert_in_range(count, PROCESSES * TIMES * 9 / 10, PROCESSES * TIMES);
}

/* A process that holds the file for ever holds nobody up. */
static void
does_not_wait_for_the_stopped(void **state)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    struct uk_slots *slots = open_slots(path, true);
    int fd = open(path, O_RDWR | O_CLOEXEC);

    assert_int_equal(fcntl(fd, F_OFD_SETLK, &whole), 0);
    set(slots, 7, 5000);
    assert_int_equal(get(slots, 7), 5000);
    uk_slots_close(slots);
    uk_slots_close(open_slots(path, false)); /* memory */
    close(fd);
    unlink(path);
}

static int
make_folder(void **state)
{
    if (mkdtemp(folder) == NULL || uk_seal_start(&err) != UK_OK)
        return -1;
    snprintf(path, sizeof(path), "%s/tries", folder);
    return 0;
}

static int
remove_folder(void **state)
{
    return rmdir(folder);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_what_is_set),
        cmocka_unit_test(outlives_the_process),
        cmocka_unit_test(has_room_for_the_latest),
        cmocka_unit_test(begins_anew_when_cut),
        cmocka_unit_test(survives_damage),
        cmocka_unit_test(survives_being_cut_while_open),
        cmocka_unit_test(uses_memory_where_there_is_no_file),
        cmocka_unit_test(writes_nothing_past_a_limit),
        cmocka_unit_test(takes_its_room_at_once),
        cmocka_unit_test(is_shared_by_processes),
        cmocka_unit_test(does_not_wait_for_the_stopped),
    };

    return cmocka_run_group_tests_name("agent_slots", tests, make_folder,
                                       remove_folder);
}
