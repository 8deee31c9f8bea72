/* agent/grace: what lets a key in while nobody can be asked, and what does
 * not. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/grace.h"
#include "agent/gracefile.h"
#include "agent/graceseal.h"
#include "tests/unit/lib_place.h"

#define S    ((int64_t)1000)
#define MIN  (60 * S)
#define HOUR (60 * MIN)
#define NOON (1800000000 * S)

#define ALICE "64f0c0ffee0123456789abcd"
#define BOB   "64f0c0ffee0123456789abce"

static struct place place;
static struct uk_settings settings;
static struct uk_grace_key key = {"a secret of this machine"};
static struct uk_grace *grace;
static struct uk_clock_reading now;
static struct uk_err err, note;

static void
pass(int64_t ms)
{
    now.boot_ms += ms;
    now.wall_ms += ms;
}

static void
open_grace(bool clean)
{
    enum uk_code code =
        uk_grace_open(&settings, &key, &now, &grace, &note, &err);

    if (code != UK_OK)
        fail_msg("%s", err.text);
    if ((note.code == UK_OK) != clean)
        fail_msg("note: '%s'", note.text);
}

static void
reopen(bool clean)
{
    uk_grace_close(grace);
    open_grace(clean);
}

static struct uk_request
request_for(const char *text)
{
    union {
        const char *in;
        char *out;
    } bytes = {.in = text};

    return (struct uk_request){
        .op = UK_OP_LOGIN,
        .user = "alice",
        .service = "sshd",
        .rhost = "10.0.0.1",
        .secret = {.bytes = bytes.out, .len = strlen(text)},
    };
}

static void
learn(const char *text, enum uk_verdict verdict, const char *person)
{
    struct uk_request request = request_for(text);
    struct uk_answer answer = {.verdict = verdict};

    snprintf(answer.person.id, sizeof(answer.person.id), "%s", person);
    assert_int_equal(uk_grace_learn(grace, &request, &answer, &now, &err),
                     UK_OK);
}

static void
work(void)
{
    bool more = true;

    while (more)
        assert_int_equal(uk_grace_work(grace, &now, &more, &err), UK_OK);
}

/* An online login, and all that it leads to. */
static void
log_in(const char *text, const char *person)
{
    learn(text, UK_GRANTED, person);
    work();
}

static bool
check_request(const struct uk_request *request, struct uk_answer *answer)
{
    const struct uk_tries_who who = {request->user, request->rhost, "", 0};

    *answer = (struct uk_answer){.code = UK_OK};
    if (uk_grace_check(grace, request, &who, &now, answer))
        return true;
    assert_int_equal(answer->verdict, UK_UNDECIDED);
    assert_false(answer->offline);
    return false;
}

/* How old the login is that lets the key in; -1: none does. */
static int64_t
check(const char *text)
{
    struct uk_request request = request_for(text);
    struct uk_answer answer;

    if (!check_request(&request, &answer))
        return -1;
    assert_int_equal(answer.code, UK_OK);
    assert_int_equal(answer.verdict, UK_GRANTED);
    assert_true(answer.offline);
    assert_int_equal(uk_answer_check(&answer, &request, &err), UK_OK);
    return answer.offline_age_s;
}

static int
begin(void **state)
{
    place_open(&place);
    settings = (struct uk_settings){
        .app_id = "app",
        .service_url = {.count = 1, .item = {"https://a.example.com"}},
        .offline_grace = 12 * HOUR,
        .offline_services = {.count = 2, .item = {"login", "sshd"}},
        .failed_logins_per_source = 20,
        .failed_logins_per_user = 40,
        .limit_period = 600000,
    };
    snprintf(settings.state_folder, sizeof(settings.state_folder), "%s",
             place.dir);
    now = (struct uk_clock_reading){
        .boot_id = {1}, .boot_ms = HOUR, .wall_ms = NOON};
    open_grace(true);
    return 0;
}

static int
end(void **state)
{
    uk_grace_close(grace);
    grace = NULL;
    place_close(&place);
    return 0;
}

static void
lets_in_who_was_in(void **state)
{
    struct uk_request request = request_for("alices");
    struct uk_answer answer;

    assert_int_equal(check("alices"), -1);
    learn("alices", UK_GRANTED, ALICE);
    assert_int_equal(uk_grace_count(grace), 0); /* it waits to be hashed */
    assert_int_equal(check("alices"), -1);
    work();
    assert_int_equal(uk_grace_count(grace), 1);
    pass(3 * HOUR);
    assert_int_equal(check("alices"), 3 * HOUR / S);
    assert_true(check_request(&request, &answer));
    assert_string_equal(answer.person.id, ALICE);
    assert_int_equal(answer.person.n_emails, 0);
    assert_int_equal(check("alice"), -1);
    assert_int_equal(check("alicess"), -1);
    assert_int_equal(check("Alices"), -1);
    /* Another login online makes it new. */
    log_in("alices", ALICE);
    assert_int_equal(check("alices"), 0);
    assert_int_equal(uk_grace_count(grace), 1);
}

static void
ends_with_the_time(void **state)
{
    log_in("alices", ALICE);
    pass(12 * HOUR);
    assert_int_equal(check("alices"), 12 * HOUR / S);
    /* What was let in by grace is no login online. */
    pass(1);
    assert_int_equal(check("alices"), -1);
    log_in("alices", ALICE);
    assert_int_equal(check("alices"), 0);
}

static void
only_for_the_services_named(void **state)
{
    static const char *const others[] = {"sudo",  "su",  "",
                                         "sshd2", "ssh", "SSHD"};
    struct uk_request request = request_for("alices");
    struct uk_answer answer;

    log_in("alices", ALICE);
    for (size_t i = 0; i < UK_COUNT(others); i++) {
        snprintf(request.service, sizeof(request.service), "%s", others[i]);
        assert_false(check_request(&request, &answer));
        assert_false(uk_settings_offline(&settings, others[i]));
    }
    snprintf(request.service, sizeof(request.service), "login");
    assert_true(check_request(&request, &answer));
    request.op = UK_OP_LOGOUT;
    assert_false(check_request(&request, &answer));
    settings.offline_grace = 0;
    assert_false(uk_settings_offline(&settings, "sshd"));
}

/* Nobody is let in by an age that nobody can tell. */
static void
the_clock_cannot_be_turned_back(void **state)
{
    log_in("alices", ALICE);
    pass(6 * HOUR);
    assert_int_equal(check("alices"), 6 * HOUR / S);
    now.wall_ms = NOON; /* back to when it logged in */
    assert_int_equal(check("alices"), -1);
    now.wall_ms = NOON + 6 * HOUR;
    assert_int_equal(check("alices"), 6 * HOUR / S);
    /* Held where it is, while time goes on. */
    now.boot_ms += 5 * HOUR;
    assert_int_equal(check("alices"), 11 * HOUR / S);
    now.boot_ms += 2 * HOUR;
    assert_int_equal(check("alices"), -1);
}

static void
over_a_reboot(void **state)
{
    log_in("alices", ALICE);
    pass(HOUR);
    reopen(true);
    /* Off for two hours. */
    now = (struct uk_clock_reading){
        .boot_id = {2}, .boot_ms = MIN, .wall_ms = NOON + 3 * HOUR};
    reopen(true);
    assert_int_equal(check("alices"), 3 * HOUR / S);
    /* Off again, and the clock was set back meanwhile, but not before where it
     * was seen: what the machine ran counts, off and on. */
    for (unsigned char boot = 3; boot < 16; boot++) {
        now = (struct uk_clock_reading){
            .boot_id = {boot}, .boot_ms = HOUR, .wall_ms = NOON + 3 * HOUR};
        reopen(true);
    }
    assert_int_equal(check("alices"), -1);
}

static void
without_a_clock_after_a_reboot(void **state)
{
    log_in("alices", ALICE);
    reopen(true);
    now = (struct uk_clock_reading){.boot_id = {2}, .boot_ms = MIN};
    reopen(true);
    assert_int_equal(check("alices"), -1);
    /* The network's time comes. */
    now.wall_ms = NOON + HOUR;
    assert_int_equal(check("alices"), HOUR / S);
}

/* A clock that was set too far once does not end grace for good: with the next
 * login online it begins anew, and nothing of before counts. */
static void
a_clock_that_was_set_too_far(void **state)
{
    log_in("alices", ALICE);
    log_in("bobs", BOB);
    now.wall_ms += 10000 * HOUR;
    assert_int_equal(check("alices"), -1);
    now.wall_ms = NOON + MIN;
    assert_int_equal(check("alices"), -1);
    log_in("alices", ALICE);
    assert_int_equal(check("alices"), 0);
    assert_int_equal(check("bobs"), -1);
}

/* What a login finds out while the clock is back is true behind it as well. */
static void
a_refusal_while_the_clock_is_back(void **state)
{
    log_in("alices", ALICE);
    log_in("bobs", BOB);
    now.wall_ms -= HOUR;
    learn("alices", UK_REFUSED, "");
    now.wall_ms += HOUR;
    reopen(true);
    assert_int_equal(check("alices"), -1);
    assert_int_equal(check("bobs"), -1);
}

static void
a_refusal_ends_it(void **state)
{
    log_in("alices", ALICE);
    log_in("alices2", ALICE);
    log_in("bobs", BOB);
    learn("nobodys", UK_REFUSED, "");
    assert_int_equal(uk_grace_count(grace), 3);
    learn("alices", UK_REFUSED, "");
    assert_int_equal(check("alices"), -1);
    assert_int_equal(check("alices2"), 0);
    reopen(true); /* on the disk too, at once */
    assert_int_equal(check("alices"), -1);
    assert_int_equal(check("alices2"), 0);
    assert_int_equal(check("bobs"), 0);
    log_in("alices", ALICE);
    learn("alices2", UK_USER_DISABLED, "");
    reopen(true);
    assert_int_equal(check("alices"), -1);
    assert_int_equal(check("alices2"), -1);
    assert_int_equal(check("bobs"), 0);
}

/* One that has not been hashed yet is forgotten too. */
static void
a_refusal_ends_what_waits(void **state)
{
    learn("alices", UK_GRANTED, ALICE);
    learn("bobs", UK_GRANTED, BOB);
    learn("alices", UK_REFUSED, "");
    work();
    assert_int_equal(check("alices"), -1);
    assert_int_equal(check("bobs"), 0);
    /* Who had a key that is another's now does not have it back. */
    learn("bobs", UK_GRANTED, ALICE);
    reopen(true);
    assert_int_equal(check("bobs"), -1);
    log_in("bobs", BOB);
    /* Whose it is counts from the first moment: their other keys go as well. */
    log_in("alices", ALICE);
    learn("alices2", UK_GRANTED, ALICE);
    learn("alices2", UK_USER_DISABLED, "");
    assert_int_equal(check("alices"), -1);
    assert_int_equal(check("bobs"), 0);
}

/* Where nothing can be written, what is refused is still gone. */
static void
a_refusal_on_a_full_disk(void **state)
{
    pid_t pid;
    int status;

    log_in("alices", ALICE);
    pid = fork();
    if (pid == 0) {
        struct uk_request request = request_for("alices");
        struct uk_answer refused = {.verdict = UK_REFUSED};
        struct rlimit none = {0, 0};

        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &none);
        _exit(uk_grace_learn(grace, &request, &refused, &now, &err) == UK_SYSTEM
                  ? 0
                  : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    reopen(true);
    assert_int_equal(check("alices"), -1);
}

/* What is no answer about the key changes nothing. */
static void
an_outage_changes_nothing(void **state)
{
    static const enum uk_code codes[] = {UK_UNREACHABLE, UK_TIMEOUT, UK_TLS,
                                         UK_BAD_ANSWER, UK_SYSTEM};
    struct uk_request request = request_for("alices");
    struct uk_answer answer = {.code = UK_OK};

    log_in("alices", ALICE);
    for (size_t i = 0; i < UK_COUNT(codes); i++) {
        answer.code = codes[i];
        assert_int_equal(uk_grace_learn(grace, &request, &answer, &now, &err),
                         UK_OK);
    }
    learn("alices", UK_THROTTLED_SERVICE, "");
    learn("alices", UK_THROTTLED_HERE, "");
    pass(HOUR);
    assert_true(check_request(&request, &answer));
    /* Nor does a login by grace make it younger. */
    assert_int_equal(uk_grace_learn(grace, &request, &answer, &now, &err),
                     UK_OK);
    work();
    assert_int_equal(check("alices"), HOUR / S);
}

/* The token of a session that was ended is no key. */
static void
a_logout_is_no_login(void **state)
{
    struct uk_request request = request_for("a.refresh.token");
    struct uk_answer answer = {.verdict = UK_GRANTED, .person = {.id = ALICE}};

    request.op = UK_OP_LOGOUT;
    assert_int_equal(uk_grace_learn(grace, &request, &answer, &now, &err),
                     UK_OK);
    work();
    assert_int_equal(uk_grace_count(grace), 0);
    log_in("alices", ALICE);
    request = request_for("alices");
    request.op = UK_OP_LOGOUT;
    assert_false(check_request(&request, &answer));
}

static void
addresses(void **state)
{
    struct uk_request request = request_for("alices");
    struct uk_answer answer = {
        .verdict = UK_GRANTED,
        .person = {.id = ALICE, .n_emails = 1, .email = {"alice@example.com"}}};
    struct uk_answer got;

    /* Where they were not asked for, they are not known to be none. */
    log_in("alices", ALICE);
    request.want_emails = true;
    assert_false(check_request(&request, &got));
    assert_int_equal(uk_grace_learn(grace, &request, &answer, &now, &err),
                     UK_OK);
    work();
    assert_true(check_request(&request, &got));
    assert_int_equal(got.person.n_emails, 1);
    assert_string_equal(got.person.email[0], "alice@example.com");
    /* A login that does not need them does not lose them. */
    log_in("alices", ALICE);
    assert_true(check_request(&request, &got));
    assert_int_equal(got.person.n_emails, 1);
    request.want_emails = false;
    assert_true(check_request(&request, &got));
    assert_int_equal(got.person.n_emails, 0);
}

/* An administrator has taken it away, or the person given it up. */
static void
an_address_that_is_gone(void **state)
{
    struct uk_request request = request_for("alices");
    struct uk_answer answer = {
        .verdict = UK_GRANTED,
        .person = {.id = ALICE,
                   .n_emails = 2,
                   .email = {"root@example.com", "alice@example.com"}}};
    struct uk_answer got;

    request.want_emails = true;
    assert_int_equal(uk_grace_learn(grace, &request, &answer, &now, &err),
                     UK_OK);
    work();
    for (size_t i = 2; i-- > 0;) {
        answer.person = (struct uk_person){
            .id = ALICE, .n_emails = i, .email = {"alice@example.com"}};
        pass(S); /* far from a time at which all is written */
        assert_int_equal(uk_grace_learn(grace, &request, &answer, &now, &err),
                         UK_OK);
        reopen(true);
        assert_true(check_request(&request, &got));
        assert_int_equal(got.person.n_emails, i);
        if (i > 0)
            assert_string_equal(got.person.email[0], "alice@example.com");
    }
}

/* The key is now another person's: the old entry must not name the first. */
static void
a_key_of_another_person(void **state)
{
    struct uk_request request = request_for("alices");
    struct uk_answer got;

    log_in("alices", ALICE);
    log_in("alices", BOB);
    assert_true(check_request(&request, &got));
    assert_string_equal(got.person.id, BOB);
    assert_int_equal(uk_grace_count(grace), 1);
}

static void
has_a_limit_of_tries(void **state)
{
    struct uk_request request = request_for("alices");
    struct uk_answer got;
    char wrong[32];

    log_in("alices", ALICE);
    for (int i = 0; i < 12; i++) {
        snprintf(wrong, sizeof(wrong), "wrong%d", i);
        assert_int_equal(check(wrong), -1);
    }
    assert_int_equal(check("alices"), -1); /* behind the same address */
    snprintf(request.rhost, sizeof(request.rhost), "10.0.0.2");
    assert_true(check_request(&request, &got));
    assert_int_equal(check("alices"), 0); /* it is known now */
}

static void
outlives_a_restart(void **state)
{
    log_in("alices", ALICE);
    log_in("bobs", BOB);
    pass(HOUR);
    reopen(true);
    assert_int_equal(uk_grace_count(grace), 2);
    assert_int_equal(check("alices"), HOUR / S);
    assert_int_equal(check("bobs"), HOUR / S);
}

/* One login after the other, each soon after the last: a crash loses little. */
static void
writes_logins_of_known_keys(void **state)
{
    struct uk_grace *killed;

    log_in("alices", ALICE);
    for (int i = 0; i < 120; i++) {
        pass(MIN);
        learn("alices", UK_GRANTED, ALICE);
    }
    killed = grace; /* nothing is written at the end */
    open_grace(true);
    uk_grace_close(killed);
    assert_in_range(check("alices"), 0, 12 * 60 * 60 / 100 + 60);
}

static size_t
read_file(char *to, size_t size)
{
    FILE *file = fopen(place_path(&place, "offline"), "re");
    size_t len;

    assert_non_null(file);
    len = fread(to, 1, size, file);
    fclose(file);
    return len;
}

static void
write_file(const char *bytes, size_t len)
{
    FILE *file = fopen(place_path(&place, "offline"), "we");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

/* Cut anywhere, or with any byte changed: nobody is let in by it, and the next
 * one is right again. */
static void
a_damaged_file_lets_nobody_in(void **state)
{
    static char bytes[4096];
    size_t len;

    log_in("alices", ALICE);
    len = read_file(bytes, sizeof(bytes));
    assert_true(len > 100);
    for (size_t i = 0; i < 2 * len; i++) {
        if (i < len) {
            write_file(bytes, i);
        } else {
            bytes[i - len] ^= 1;
            write_file(bytes, len);
            bytes[i - len] ^= 1;
        }
        reopen(false);
        assert_non_null(strstr(note.text, "offline' are forgotten"));
        assert_int_equal(uk_grace_count(grace), 0);
    }
    write_file(bytes, len);
    reopen(true);
    assert_int_equal(check("alices"), 0);
}

/* Two keys may have the same tag, which is short: the hash decides. */
static void
knows_a_key_by_its_hash(void **state)
{
    const char *file = place_path(&place, "offline");
    struct uk_secret bobs = UK_SECRET_NONE;
    struct uk_grace_list list;
    struct uk_grace_seal seal;
    uint32_t tag;

    log_in("alices", ALICE);
    uk_grace_seal_make(&seal, &key, &settings);
    assert_int_equal(uk_grace_list_load(&list, file, seal.bytes, &note, &err),
                     UK_OK);
    assert_int_equal(list.count, 1);
    assert_int_equal(uk_secret_set(&bobs, "bobs", 4, &err), UK_OK);
    tag = list.entry[0].tag;
    for (int same = 0; same <= 1; same++) {
        list.entry[0].tag = same ? tag : uk_grace_seal_tag(&seal, &bobs);
        assert_int_equal(uk_grace_list_save(&list, file, seal.bytes, &err),
                         UK_OK);
        reopen(true);
        assert_int_equal(check("bobs"), -1);
        assert_int_equal(check("alices"), same ? 0 : -1);
    }
    uk_grace_list_clear(&list);
    uk_secret_clear(&bobs);
}

static void
is_worth_nothing_elsewhere(void **state)
{
    log_in("alices", ALICE);
    key.bytes[0] ^= 1;
    reopen(false);
    assert_int_equal(check("alices"), -1);
    key.bytes[0] ^= 1;
    reopen(false); /* what was written with the other key */
    log_in("alices", ALICE);
    reopen(true);
    settings.app_id[0] = 'b';
    reopen(false);
    assert_int_equal(check("alices"), -1);
    log_in("alices", ALICE);
    settings.service_url.item[0][8] = 'b';
    reopen(false);
    assert_int_equal(check("alices"), -1);
}

/* A file that others could have read is not taken. */
static void
others_may_not_read_it(void **state)
{
    log_in("alices", ALICE);
    assert_int_equal(chmod(place_path(&place, "offline"), 0640), 0);
    uk_grace_close(grace);
    grace = NULL;
    assert_int_equal(uk_grace_open(&settings, &key, &now, &grace, &note, &err),
                     UK_MISCONFIGURED);
    assert_non_null(strstr(err.text, "chmod 600"));
    assert_null(grace);
    assert_int_equal(chmod(place_path(&place, "offline"), 0600), 0);
    open_grace(true);
    assert_int_equal(check("alices"), 0);
}

/* Rightly sealed, and with one byte more than it says. */
static void
a_file_ends_with_its_keys(void **state)
{
    struct uk_buf bytes = UK_BUF_UP_TO(UK_GRACE_FILE_MAX);
    unsigned char mac[UK_SEAL_HASH];
    struct uk_grace_list list = {.count = 0}, got;
    struct uk_grace_seal seal;

    uk_grace_seal_make(&seal, &key, &settings);
    assert_int_equal(uk_grace_list_pack(&list, seal.bytes, &bytes, &err),
                     UK_OK);
    assert_int_equal(
        uk_grace_list_unpack(bytes.bytes, bytes.len, seal.bytes, &got, &err),
        UK_OK);
    bytes.len -= sizeof(mac);
    uk_buf_add_byte(&bytes, 0);
    uk_seal_mac(seal.bytes, bytes.bytes, bytes.len, mac);
    uk_buf_add(&bytes, mac, sizeof(mac));
    assert_int_equal(
        uk_grace_list_unpack(bytes.bytes, bytes.len, seal.bytes, &got, &err),
        UK_BAD_ANSWER);
    uk_buf_clear(&bytes);
}

/* What waits to be hashed moves up, each with its own key. */
static void
what_waits_keeps_its_key(void **state)
{
    bool more;

    learn("alices", UK_GRANTED, ALICE);
    learn("bobs", UK_GRANTED, BOB);
    assert_int_equal(uk_grace_work(grace, &now, &more, &err), UK_OK);
    assert_true(more);
    learn("carols", UK_GRANTED, "64f0c0ffee0123456789abff");
    work();
    assert_int_equal(uk_grace_count(grace), 3);
    assert_int_equal(check("alices"), 0);
    assert_int_equal(check("bobs"), 0);
    assert_int_equal(check("carols"), 0);
}

/* How old it is cannot be told either, once it has been hashed. */
static void
what_waits_while_the_clock_goes_back(void **state)
{
    learn("alices", UK_GRANTED, ALICE);
    now.wall_ms -= HOUR;
    learn("bobs", UK_GRANTED, BOB);
    work();
    assert_int_equal(uk_grace_count(grace), 1);
    assert_int_equal(check("alices"), -1);
    assert_int_equal(check("bobs"), 0);
}

static void
holds_no_key(void **state)
{
    static const char text[] = "ukey-a-key-that-would-be-found";
    static char bytes[4096];
    struct stat st;
    size_t len;

    log_in(text, ALICE);
    len = read_file(bytes, sizeof(bytes));
    for (size_t i = 0; i + 6 < sizeof(text); i++)
        assert_null(memmem(bytes, len, text + i, 6));
    assert_int_equal(stat(place_path(&place, "offline"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

static void
off_is_off(void **state)
{
    log_in("alices", ALICE);
    assert_int_equal(access(place_path(&place, "offline"), F_OK), 0);
    settings.offline_grace = 0;
    reopen(true);
    assert_null(grace);
    assert_int_equal(access(place_path(&place, "offline"), F_OK), -1);
    learn("alices", UK_GRANTED, ALICE);
    work();
    assert_int_equal(check("alices"), -1);
    assert_int_equal(uk_grace_count(grace), 0);
}

/* One person's keys do not push out another's, and the queue has an end. */
static void
has_bounds(void **state)
{
    struct uk_grace_list list = {.count = 0};
    struct uk_person person = {.id = ALICE};
    char text[32];

    log_in("bobs", BOB);
    for (int i = 0; i < 9; i++) {
        snprintf(text, sizeof(text), "alices%d", i);
        pass(MIN);
        log_in(text, ALICE);
    }
    assert_int_equal(uk_grace_count(grace), 9);
    assert_int_equal(check("alices0"), -1);
    assert_int_equal(check("alices1"), 7 * MIN / S);
    assert_true(check("bobs") > 0);
    for (int i = 0; i < 100; i++) {
        snprintf(text, sizeof(text), "others%d", i);
        learn(text, UK_GRANTED, text);
    }
    for (uint32_t i = 0; i < UK_GRACE_MOST + 10; i++) {
        struct uk_grace_entry *entry;

        snprintf(person.id, sizeof(person.id), "user%u", i);
        uk_grace_list_make_room(&list, &person);
        entry = uk_grace_list_add(&list);
        assert_non_null(entry);
        entry->tag = i;
        entry->online.ran_ms = i;
        entry->person = person;
    }
    assert_int_equal(list.count, UK_GRACE_MOST);
    assert_null(uk_grace_list_add(&list));
    assert_null(uk_grace_list_find(&list, 9, NULL));
    assert_non_null(uk_grace_list_find(&list, 10, NULL));
    uk_grace_list_clear(&list);
    uk_grace_list_clear(&list);
}

static void
notes_the_time(void **state)
{
    log_in("alices", ALICE);
    pass(HOUR);
    work(); /* nobody logs in for an hour */
    now = (struct uk_clock_reading){
        .boot_id = {2}, .boot_ms = MIN, .wall_ms = NOON};
    reopen(true);
    assert_int_equal(check("alices"), -1); /* it was seen an hour later */
}

static void
has_a_secret_of_the_machine(void **state)
{
    struct uk_grace_key a = {{0}}, b = {{1}};
    const char *file = place_path(&place, "key");
    struct stat st;

    assert_int_equal(uk_grace_load_key(file, &a, &err), UK_OK);
    assert_int_equal(uk_grace_load_key(file, &b, &err), UK_OK);
    assert_memory_equal(&a, &b, sizeof(a));
    assert_memory_not_equal(&a, &key, sizeof(a));
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(chmod(file, 0640), 0);
    assert_int_equal(uk_grace_load_key(file, &b, &err), UK_MISCONFIGURED);
    assert_non_null(strstr(err.text, "the key for 'offline_grace'"));
    assert_int_equal(chmod(file, 0600), 0);
    assert_int_equal(truncate(file, 31), 0);
    assert_int_equal(uk_grace_load_key(file, &b, &err), UK_MISCONFIGURED);
    assert_int_equal(truncate(file, 33), 0);
    assert_int_equal(uk_grace_load_key(file, &b, &err), UK_MISCONFIGURED);
    assert_int_equal(
        uk_grace_load_key(place_path(&place, "none/key"), &b, &err), UK_SYSTEM);
}

static void
needs_its_folder(void **state)
{
    struct uk_grace *other = NULL;

    snprintf(settings.state_folder, sizeof(settings.state_folder), "%s/none",
             place.dir);
    assert_int_equal(uk_grace_open(&settings, &key, &now, &other, &note, &err),
                     UK_SYSTEM);
    assert_null(other);
    snprintf(settings.state_folder, sizeof(settings.state_folder), "/tmp");
    assert_int_equal(uk_grace_open(&settings, &key, &now, &other, &note, &err),
                     UK_MISCONFIGURED);
    assert_null(other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lets_in_who_was_in),
        TEST(ends_with_the_time),
        TEST(only_for_the_services_named),
        TEST(the_clock_cannot_be_turned_back),
        TEST(over_a_reboot),
        TEST(without_a_clock_after_a_reboot),
        TEST(a_clock_that_was_set_too_far),
        TEST(a_refusal_while_the_clock_is_back),
        TEST(a_refusal_ends_it),
        TEST(a_refusal_ends_what_waits),
        TEST(a_refusal_on_a_full_disk),
        TEST(an_outage_changes_nothing),
        TEST(a_logout_is_no_login),
        TEST(addresses),
        TEST(an_address_that_is_gone),
        TEST(a_key_of_another_person),
        TEST(has_a_limit_of_tries),
        TEST(outlives_a_restart),
        TEST(writes_logins_of_known_keys),
        TEST(a_damaged_file_lets_nobody_in),
        TEST(knows_a_key_by_its_hash),
        TEST(is_worth_nothing_elsewhere),
        TEST(others_may_not_read_it),
        TEST(a_file_ends_with_its_keys),
        TEST(what_waits_keeps_its_key),
        TEST(what_waits_while_the_clock_goes_back),
        TEST(holds_no_key),
        TEST(off_is_off),
        TEST(has_bounds),
        TEST(notes_the_time),
        TEST(has_a_secret_of_the_machine),
        TEST(needs_its_folder),
    };

    if (uk_seal_start(&err) != UK_OK)
        return 1;
    return cmocka_run_group_tests_name("agent_grace", tests, NULL, NULL);
}
