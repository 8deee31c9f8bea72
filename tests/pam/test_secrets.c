/*
 * Where a key stays: nowhere.  The memory of the host is read after a login,
 * and everything that was logged (threats S-14 and S-40).
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/attr.h"
#include "core/keytext.h"
#include "tests/pam/lib_host.h"

#define AREA_SIZE (1 << 20)
#define CHUNK     (1 << 16)
#define HUGE_MAP  ((uintptr_t)1 << 30) /* a sanitizer's book-keeping */
#define PIECE     20                   /* bytes that count as a copy */

/* The one place of the test's own copies, which is not looked into. */
static struct area {
    char key[UK_KEYTEXT_LEN + 1];
    char chunk[CHUNK + PIECE];
} * area;

/* Made by another process, so that no copy is left of the making. */
static void
make_key(void)
{
    int ends[2], status;
    pid_t pid;

    assert_int_equal(pipe(ends), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct uk_secret key = UK_SECRET_NONE;
        struct uk_err err;
        bool ok = uk_keytext_make(&key, &err) == UK_OK &&
                  write(ends[1], key.bytes, key.len) == UK_KEYTEXT_LEN;

        _exit(ok ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(read(ends[0], area->key, UK_KEYTEXT_LEN), UK_KEYTEXT_LEN);
    close(ends[0]);
    close(ends[1]);
}

static int
setup(void **state)
{
    host_setup(state);
    area = mmap(NULL, AREA_SIZE, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(area != MAP_FAILED);
    make_key();
    return 0;
}

/* --- looking ----------------------------------------------------------------- */

/* How often a piece of the key stands in len bytes. */
static unsigned
count_pieces(const char *bytes, size_t len)
{
    static const size_t offsets[] = {4, 24, 44};
    unsigned count = 0;

    for (size_t i = 0; i < UK_COUNT(offsets); i++) {
        const char *at = bytes;
        const char *end = bytes + len;

        while ((at = memmem(at, (size_t)(end - at), area->key + offsets[i],
                            PIECE)) != NULL) {
            count++;
            at++;
        }
    }
    return count;
}

/* The last bytes of one chunk stand before the next one. */
static unsigned
count_in(int memory, uintptr_t from, uintptr_t to)
{
    unsigned count = 0;
    size_t kept = 0;

    for (uintptr_t at = from; at < to;) {
        size_t want = to - at < CHUNK ? to - at : CHUNK;
        ssize_t got = pread(memory, area->chunk + kept, want, (off_t)at);
        size_t len = kept + (got > 0 ? (size_t)got : 0);

        if (got <= 0)
            break; /* a page that cannot be read */
        count += count_pieces(area->chunk, len);
        kept = len < PIECE - 1 ? len : PIECE - 1;
        memmove(area->chunk, area->chunk + len - kept, kept);
        at += (uintptr_t)got;
    }
    return count;
}

/* In all that this process can read, but for the area. */
static unsigned
count_copies(void)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    char line[512];
    unsigned count = 0;

    assert_non_null(maps);
    assert_true(memory >= 0);
    while (fgets(line, sizeof(line), maps) != NULL) {
        char *end;
        uintptr_t from = strtoull(line, &end, 16);
        uintptr_t to = strtoull(end + 1, &end, 16);
        bool ours = from <= (uintptr_t)area && (uintptr_t)area < to;

        if (end[1] == 'r' && !ours && to - from < HUGE_MAP &&
            strstr(line, "[v") == NULL)
            count += count_in(memory, from, to);
    }
    close(memory);
    fclose(maps);
    return count;
}

/* --- the host ----------------------------------------------------------------- */

static size_t typed_len;

/* Byte by byte, into memory that the module must wipe and free. */
static int
converse(int n, const struct pam_message **messages,
         struct pam_response **replies, void *data)
{
    struct pam_response *reply = calloc(1, sizeof(*reply));
    volatile char *text = malloc(typed_len + 1);

    if (reply == NULL || text == NULL)
        return PAM_BUF_ERR;
    for (size_t i = 0; i < typed_len; i++)
        text[i] = area->key[i % UK_KEYTEXT_LEN];
    text[typed_len] = '\0';
    reply->resp = (char *)(uintptr_t)text;
    *replies = reply;
    return PAM_SUCCESS;
}

static int
login(size_t len, bool end, pam_handle_t **out)
{
    const struct pam_conv conv = {.conv = converse, .appdata_ptr = NULL};
    pam_handle_t *pamh = NULL;
    int result;

    typed_len = len;
    assert_int_equal(
        pam_start_confdir("probe", ALICE, &conv, host_path("pam.d"), &pamh),
        PAM_SUCCESS);
    result = pam_authenticate(pamh, 0);
    if (end)
        assert_int_equal(pam_end(pamh, result), PAM_SUCCESS);
    else
        *out = pamh;
    return result;
}

/* --- the tests ----------------------------------------------------------------- */

/* Time enough for an agent that answers, and not too much for one that never
 * will. */
static void
let_agent(const char *script)
{
    host_settings(strcmp(script, "deaf") == 0
                      ? "failure_floor = 0\ntimeout = 600ms\n"
                      : "failure_floor = 0\ntimeout = 20s\n");
    host_script(script);
}

/* The scan sees what there is to see. */
static void
test_scan(void **state)
{
    volatile char *copy = malloc(UK_KEYTEXT_LEN);

    assert_non_null(copy);
    assert_int_equal(count_copies(), 0);
    for (size_t i = 0; i < UK_KEYTEXT_LEN; i++)
        copy[i] = area->key[i];
    assert_int_equal(count_copies(), 3);
    for (size_t i = 0; i < UK_KEYTEXT_LEN; i++)
        copy[i] = 0;
    assert_int_equal(count_copies(), 0);
    free((char *)(uintptr_t)copy);
}

static const struct {
    const char *script;
    const char *arguments;
    size_t len;
    int result;
} logins[] = {
    {"granted", "", UK_KEYTEXT_LEN, PAM_SUCCESS},
    {"granted", "debug", UK_KEYTEXT_LEN, PAM_SUCCESS},
    {"refused", "debug", UK_KEYTEXT_LEN, PAM_AUTH_ERR},
    {"user-disabled", "", UK_KEYTEXT_LEN, PAM_AUTH_ERR},
    {"tls", "debug", UK_KEYTEXT_LEN, PAM_AUTHINFO_UNAVAIL},
    {"garbage", "debug", UK_KEYTEXT_LEN, PAM_AUTHINFO_UNAVAIL},
    {"echo", "debug", UK_KEYTEXT_LEN, PAM_AUTHINFO_UNAVAIL},
    {"crash", "debug", UK_KEYTEXT_LEN, PAM_AUTHINFO_UNAVAIL},
    {"deaf", "debug", UK_KEYTEXT_LEN, PAM_AUTHINFO_UNAVAIL},
    {"granted", "debug", UK_KEYTEXT_LEN - 1, PAM_AUTH_ERR},
    {"granted", "debug", 5000, PAM_AUTH_ERR},
    {"granted", "debug", 70000, PAM_AUTH_ERR},
};

static void
test_after_the_handle(void **state)
{
    for (size_t i = 0; i < UK_COUNT(logins); i++) {
        unsigned copies;

        host_simple_stack(logins[i].arguments);
        let_agent(logins[i].script);
        assert_int_equal(login(logins[i].len, true, NULL), logins[i].result);
        copies = count_copies();
        if (copies != 0)
            fail_msg("row %zu: %u copies", i, copies);
    }
    host_log_clear();
}

/* Between the calls of a handle neither: nothing of ours keeps it. */
static void
test_within_the_handle(void **state)
{
    pam_handle_t *pamh = NULL;

    host_simple_stack("");
    let_agent("granted");
    assert_int_equal(login(UK_KEYTEXT_LEN, false, &pamh), PAM_SUCCESS);
    assert_int_equal(count_copies(), 0);
    assert_int_equal(pam_end(pamh, PAM_SUCCESS), PAM_SUCCESS);
}

/* Every line that was ever logged here, at the loudest: caught lines are in
 * memory as well, so the scan has seen them; once more by name. */
static void
test_log(void **state)
{
    host_simple_stack("debug");
    host_log_clear();
    for (size_t i = 0; i < UK_COUNT(logins); i++) {
        let_agent(logins[i].script);
        login(logins[i].len, true, NULL);
    }
    assert_int_equal(host_log_count(), UK_COUNT(logins));
    for (unsigned i = 0; i < host_log_count(); i++)
        assert_int_equal(
            count_pieces(host_log_line(i), strlen(host_log_line(i))), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scan),
        cmocka_unit_test(test_after_the_handle),
        cmocka_unit_test(test_within_the_handle),
        cmocka_unit_test(test_log),
    };

    return cmocka_run_group_tests_name("secrets", tests, setup, host_teardown);
}
