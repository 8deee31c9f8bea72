/* agent/tries: who waits, who never does, and what is no failure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/seal.h"
#include "agent/tries.h"

#define S         ((int64_t)1000)
#define MIN       (60 * S)
#define PERIOD_MS 600000

/* 20 for a source, so 10 for a pair, one a minute; 40 for an account. */
static const struct uk_tries_limits limits = {20, 40, PERIOD_MS};

static char folder[] = "/tmp/userkey-tries-XXXXXX";
static char path[64];
static struct uk_tries *tries;
static struct uk_clock_reading now = {.boot_id = {1}, .wall_ms = 1};
static unsigned wait_s;
static struct uk_err err, note;

static struct uk_secret
borrow(const char *text)
{
    union {
        const char *in;
        char *out;
    } bytes = {.in = text};

    return (struct uk_secret){.bytes = bytes.out, .len = strlen(text)};
}

static bool
may(const struct uk_tries_who *who, const char *key,
    struct uk_tries_ticket *ticket)
{
    struct uk_secret secret = borrow(key);

    wait_s = 0;
    return uk_tries_before(tries, who, &secret, &now, ticket, &wait_s);
}

/* A try with this outcome; false when it was not allowed. */
static bool
attempt(const struct uk_tries_who *who, const char *key, enum uk_code code,
        enum uk_verdict verdict)
{
    struct uk_tries_ticket ticket;

    if (!may(who, key, &ticket))
        return false;
    uk_tries_after(tries, &ticket, &now, code, verdict);
    return true;
}

static struct uk_tries_who
from(const char *rhost, const char *user)
{
    return (struct uk_tries_who){.user = user, .rhost = rhost, .ruser = ""};
}

static bool
fail_at(const char *rhost, const char *user)
{
    struct uk_tries_who who = from(rhost, user);

    return attempt(&who, "bad", UK_OK, UK_REFUSED);
}

/* Tries until one is not allowed; how many were. */
static unsigned
fail_until(const char *rhost, const char *user)
{
    unsigned n = 0;

    while (n < 1000 && fail_at(rhost, user))
        n++;
    return n;
}

static bool
log_in(const char *rhost, const char *user, const char *key)
{
    struct uk_tries_who who = from(rhost, user);

    return attempt(&who, key, UK_OK, UK_GRANTED);
}

static void
open_tries(void)
{
    assert_int_equal(uk_tries_open(path, &limits, &tries, &note, &err), UK_OK);
    assert_string_equal(note.text, "");
}

static int
begin(void **state)
{
    now.boot_ms = MIN;
    open_tries();
    return 0;
}

static int
end(void **state)
{
    uk_tries_close(tries);
    uk_tries_close(NULL);
    return unlink(path);
}

static void
a_pair_waits_after_its_half(void **state)
{
    assert_int_equal(fail_until("10.0.0.1", "alice"), 10);
    assert_in_range(wait_s, 1, 60);
    assert_false(fail_at("10.0.0.1", "alice"));
    /* Evenly forgotten: one try a minute. */
    now.boot_ms += MIN;
    assert_int_equal(fail_until("10.0.0.1", "alice"), 1);
    now.boot_ms += 3 * MIN;
    assert_int_equal(fail_until("10.0.0.1", "alice"), 3);
    now.boot_ms += PERIOD_MS;
    assert_int_equal(fail_until("10.0.0.1", "alice"), 10);
}

/* Who comes back when they were told to is not told the same again. */
static void
a_wait_is_rounded_up(void **state)
{
    unsigned told;

    fail_until("10.0.0.1", "alice");
    now.boot_ms += 1;
    assert_false(fail_at("10.0.0.1", "alice"));
    assert_int_equal(wait_s, 60);
    now.boot_ms += MIN - 2;
    assert_false(fail_at("10.0.0.1", "alice"));
    told = wait_s;
    assert_int_equal(told, 1);
    now.boot_ms += told * S;
    assert_true(fail_at("10.0.0.1", "alice"));
}

/* Nobody waits for longer than the settings of now say. */
static void
a_shorter_period(void **state)
{
    static const struct uk_tries_limits shorter = {20, 40, 10000};

    fail_until("10.0.0.1", "alice");
    uk_tries_close(tries);
    assert_int_equal(uk_tries_open(path, &shorter, &tries, &note, &err), UK_OK);
    assert_false(fail_at("10.0.0.1", "alice"));
    assert_in_range(wait_s, 1, 10);
}

/* A source with nothing left has one try for each account it has not tried,
 * and the next one a period later. */
static void
a_source_waits(void **state)
{
    assert_int_equal(fail_until("10.0.0.1", "alice"), 10);
    assert_int_equal(fail_until("10.0.0.1", "bob"), 10);
    assert_int_equal(fail_until("10.0.0.1", "carol"), 1);
    assert_int_equal(fail_until("10.0.0.1", "dave"), 1);
    now.boot_ms += MIN + S; /* two tries are the source's again, */
    assert_int_equal(fail_until("10.0.0.1", "carol"), 1);
    assert_int_equal(fail_until("10.0.0.1", "dave"), 1);
    now.boot_ms += S; /* and none of any account's */
    assert_false(fail_at("10.0.0.1", "alice"));
    assert_false(fail_at("10.0.0.1", "bob"));
    assert_false(fail_at("10.0.0.1", "carol"));
    now.boot_ms += PERIOD_MS + MIN;
    assert_int_equal(fail_until("10.0.0.1", "dave"), 10);
}

/* Ten thousand names of one source are as many tries and no more. */
static void
names_do_not_help(void **state)
{
    unsigned taken = 0;

    for (unsigned i = 0; i < 5000; i++) {
        char name[16];

        snprintf(name, sizeof(name), "u%u", i % 500);
        taken += fail_at("10.0.0.1", name);
    }
    assert_in_range(taken, 500, 520);
}

static void
others_do_not_wait(void **state)
{
    fail_until("10.0.0.1", "alice");
    fail_until("10.0.0.1", "bob");
    /* Another source, whatever its key is worth. */
    assert_true(fail_at("10.0.0.2", "alice"));
    /* Behind the same address, with another account. */
    assert_true(log_in("10.0.0.1", "carol", "carols"));
    assert_true(log_in("10.0.0.1", "carol", "carols"));
}

/* From two thousand addresses against one account: each has two tries, and
 * its owner comes in from a third place at the first, with a key that was never
 * seen here. */
static void
a_victim_comes_in(void **state)
{
    unsigned taken = 0;

    for (unsigned i = 0; i < 2000; i++) {
        char rhost[32];

        snprintf(rhost, sizeof(rhost), "10.1.%u.%u", i / 250, i % 250);
        taken += fail_until(rhost, "alice");
    }
    assert_in_range(taken, 4000, 4100);
    assert_true(fail_at("192.0.2.1", "alice")); /* a key that was disabled */
    assert_true(log_in("192.0.2.1", "alice", "never seen"));
    assert_true(log_in("192.0.2.2", "alice", "never seen 2"));
    /* Those who have failed at other accounts are no matter of alice's. */
    assert_int_equal(fail_until("192.0.2.3", "bob"), 10);
}

/* A key that was let in passes, from wherever, until it is refused once. */
static void
a_known_key_passes(void **state)
{
    struct uk_tries_who who = from("10.0.0.1", "alice");

    assert_true(log_in("10.0.0.9", "alice", "good"));
    fail_until("10.0.0.1", "alice");
    fail_until("10.0.0.1", "bob");
    assert_false(fail_at("10.0.0.1", "alice"));
    for (int i = 0; i < 100; i++)
        assert_true(log_in("10.0.0.1", "alice", "good"));
    assert_false(log_in("10.0.0.1", "alice", "Good"));
    /* Ninety days later it is one of many. */
    assert_true(attempt(&who, "good", UK_OK, UK_REFUSED));
    assert_false(attempt(&who, "good", UK_OK, UK_REFUSED));
    assert_true(log_in("10.0.0.9", "alice", "good"));
    now.boot_ms += (int64_t)91 * 24 * 60 * MIN;
    fail_until("10.0.0.1", "alice");
    assert_false(log_in("10.0.0.1", "alice", "good"));
}

/* Being let in once does not buy tries. */
static void
a_good_key_resets_nothing(void **state)
{
    unsigned taken = 0;

    for (int i = 0; i < 100; i++) {
        assert_true(log_in("10.0.0.1", "mallory", "hers"));
        taken += fail_at("10.0.0.1", "alice");
    }
    assert_int_equal(taken, 10);
}

/* Whatever happens to the service, and whoever it is that says no. */
static void
an_outage_is_no_failure(void **state)
{
    static const struct {
        enum uk_code code;
        enum uk_verdict verdict;
    } rows[] = {
        {UK_MISCONFIGURED, UK_UNDECIDED},
        {UK_UNREACHABLE, UK_UNDECIDED},
        {UK_TIMEOUT, UK_UNDECIDED},
        {UK_TLS, UK_UNDECIDED},
        {UK_BAD_ANSWER, UK_UNDECIDED},
        {UK_NO_MEMORY, UK_UNDECIDED},
        {UK_SYSTEM, UK_UNDECIDED},
        {UK_INVALID, UK_UNDECIDED},
        {UK_CANCELLED, UK_UNDECIDED},
        {UK_TIMEOUT, UK_REFUSED}, /* a code is stronger */
        {UK_OK, UK_THROTTLED_SERVICE},
        {UK_OK, UK_THROTTLED_HERE},
        {UK_OK, UK_GRANTED},
    };
    struct uk_tries_who who = from("10.0.0.1", "alice");

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        for (int n = 0; n < 50; n++)
            assert_true(attempt(&who, "k", rows[i].code, rows[i].verdict));
    }
    assert_int_equal(fail_until("10.0.0.1", "alice"), 10);
}

static void
a_disabled_user_is_a_failure(void **state)
{
    struct uk_tries_who who = from("10.0.0.1", "alice");
    unsigned n = 0;

    while (n < 100 && attempt(&who, "k", UK_OK, UK_USER_DISABLED))
        n++;
    assert_int_equal(n, 10);
}

/* Many are on their way when the first one fails: all count, and the wait is
 * no longer than the period. */
static void
many_at_once(void **state)
{
    struct uk_tries_who who = from("10.0.0.1", "alice");
    struct uk_tries_ticket ticket[100];

    for (size_t i = 0; i < UK_COUNT(ticket); i++)
        assert_true(may(&who, "bad", &ticket[i]));
    for (size_t i = 0; i < UK_COUNT(ticket); i++)
        uk_tries_after(tries, &ticket[i], &now, UK_OK, UK_REFUSED);
    assert_false(may(&who, "bad", &ticket[0]));
    assert_in_range(wait_s, 1, PERIOD_MS / S);
    now.boot_ms += PERIOD_MS;
    assert_true(may(&who, "bad", &ticket[0]));
}

static void
sources(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } rows[] = {
        {"10.0.0.1", "10.0.0.1", true},
        {"10.0.0.1", "10.0.0.2", false},
        {"10.0.0.1", "::ffff:10.0.0.1", true},
        {"10.0.0.1", "::ffff:10.0.0.2", false},
        {"2001:db8::1", "2001:DB8:0:0::1", true},
        {"2001:db8::1", "2001:db8::ffff:2", true}, /* one /64 */
        {"2001:db8::1", "2001:db8:0:1::1", false}, /* two */
        {"fe80::1%eth0", "fe80::1", true},
        {"gate.example.com", "GATE.example.COM", true},
        {"gate.example.com", "gate2.example.com", false},
        {"", "10.0.0.1", false},
    };

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        fail_until(rows[i].a, "alice");
        if (fail_at(rows[i].b, "alice") == rows[i].same)
            fail_msg("'%s', '%s'", rows[i].a, rows[i].b);
        now.boot_ms += 3 * PERIOD_MS;
    }
}

/* On the machine itself the host says who asks; a caller without rights is
 * who they are, and counts for nobody else. */
static void
local_sources(void **state)
{
    struct uk_tries_who mallory = {"alice", "", "mallory", 0};
    struct uk_tries_who alice = {"alice", "", "alice", 0};
    struct uk_tries_who liar = {"alice", "", "alice", 1001};
    struct uk_tries_who liar2 = {"alice", "10.0.0.1", "alice", 1001};
    struct uk_tries_who other = {"alice", "", "alice", 1002};

    while (attempt(&liar, "bad", UK_OK, UK_REFUSED))
        continue;
    assert_false(attempt(&liar2, "bad", UK_OK, UK_REFUSED));
    assert_true(attempt(&other, "bad", UK_OK, UK_REFUSED));
    while (attempt(&mallory, "bad", UK_OK, UK_REFUSED))
        continue;
    assert_true(attempt(&alice, "bad", UK_OK, UK_REFUSED));
    assert_true(fail_at("10.0.0.1", "alice"));
    /* Where there is a remote host, the name may be the other side's claim. */
    fail_until("10.0.0.5", "bob");
    mallory = (struct uk_tries_who){"bob", "10.0.0.5", "another", 0};
    assert_false(attempt(&mallory, "bad", UK_OK, UK_REFUSED));
}

static void
outlives_a_restart(void **state)
{
    assert_true(log_in("10.0.0.9", "alice", "good"));
    fail_until("10.0.0.1", "alice");
    uk_tries_close(tries);
    open_tries();
    assert_false(fail_at("10.0.0.1", "alice"));
    assert_true(log_in("10.0.0.1", "alice", "good"));
    /* The machine too: a clock that begins anew, and a wall clock of 1970. */
    uk_tries_close(tries);
    open_tries();
    now = (struct uk_clock_reading){.boot_id = {2}, .boot_ms = 10 * S};
    assert_false(fail_at("10.0.0.1", "alice"));
    assert_true(log_in("10.0.0.1", "alice", "good"));
    now.boot_ms += MIN;
    assert_true(fail_at("10.0.0.1", "alice"));
    now = (struct uk_clock_reading){.boot_id = {1}, .wall_ms = 1};
}

/* Setting the wall clock back, or on, changes nothing. */
static void
the_wall_clock_does_not_count(void **state)
{
    fail_until("10.0.0.1", "alice");
    now.wall_ms = INT64_MAX / 2;
    assert_false(fail_at("10.0.0.1", "alice"));
    now.wall_ms = -1;
    assert_false(fail_at("10.0.0.1", "alice"));
    now.wall_ms = 1;
}

/* Any bytes at all in the tables: nobody waits longer than for one failure,
 * and a source that is fresh by luck is none that was locked. */
static void
damaged_tables_lock_nobody(void **state)
{
    static unsigned char bytes[4096];
    FILE *file = fopen(path, "r+e");

    assert_non_null(file);
    for (unsigned fill = 0; fill < 256; fill += 85) {
        memset(bytes, (int)fill, sizeof(bytes));
        assert_int_equal(fseek(file, 4096, SEEK_SET), 0);
        for (int i = 0; i < 48; i++)
            assert_int_equal(fwrite(bytes, sizeof(bytes), 1, file), 1);
        assert_int_equal(fflush(file), 0);
        assert_true(log_in("10.0.0.1", "alice", "never seen"));
        if (!fail_at("10.0.0.1", "alice"))
            assert_in_range(wait_s, 1, 60);
    }
    fclose(file);
}

static void
works_without_a_folder(void **state)
{
    struct uk_tries *kept = tries;

    assert_int_equal(
        uk_tries_open("/nonexistent/tries", &limits, &tries, &note, &err),
        UK_OK);
    assert_non_null(strstr(note.text, "'/nonexistent/tries'"));
    assert_int_equal(fail_until("10.0.0.1", "alice"), 10);
    uk_tries_close(tries);
    assert_int_equal(uk_tries_open(NULL, &limits, &tries, &note, &err), UK_OK);
    assert_string_equal(note.text, "");
    assert_int_equal(fail_until("10.0.0.1", "alice"), 10);
    uk_tries_close(tries);
    tries = kept;
}

/* Nothing of a key stands in the file. */
static void
keeps_no_key(void **state)
{
    static const char key[] = "ukey-a-key-that-would-be-found";
    static char bytes[300000];
    FILE *file;
    size_t len;

    assert_true(log_in("10.0.0.1", "alice", key));
    file = fopen(path, "re");
    assert_non_null(file);
    len = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    assert_true(len > 100000);
    assert_null(memmem(bytes, len, key, 8));
    assert_null(memmem(bytes, len, "alice", 5));
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_pair_waits_after_its_half),
        TEST(a_wait_is_rounded_up),
        TEST(a_shorter_period),
        TEST(a_source_waits),
        TEST(names_do_not_help),
        TEST(others_do_not_wait),
        TEST(a_victim_comes_in),
        TEST(a_known_key_passes),
        TEST(a_good_key_resets_nothing),
        TEST(an_outage_is_no_failure),
        TEST(a_disabled_user_is_a_failure),
        TEST(many_at_once),
        TEST(sources),
        TEST(local_sources),
        TEST(outlives_a_restart),
        TEST(the_wall_clock_does_not_count),
        TEST(damaged_tables_lock_nobody),
        TEST(works_without_a_folder),
        TEST(keeps_no_key),
    };

    return cmocka_run_group_tests_name("agent_tries", tests, make_folder,
                                       remove_folder);
}
