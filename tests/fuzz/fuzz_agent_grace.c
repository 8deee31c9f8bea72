/*
 * Keys for an outage, whatever happens in whatever order: nobody comes in but
 * with a key that the service took within the time, and has not refused since.
 *
 * Two bytes are what happens next: the first says what, the second about which
 * key and person, or for how long.  Beside the real one goes a plain account of
 * what has happened.
 */
#include <string.h>
#include <unistd.h>

#include "agent/grace.h"
#include "agent/seal.h"
#include "core/str.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/lib_folder.h"

#define GRACE_MS  INT64_C(3600000)
#define WALL_MS   INT64_C(1800000000000)
#define SECOND_MS INT64_C(1000)
#define KEYS      4
#define PERSONS   2
#define MOST      48 /* events */

enum event {
    TAKEN,
    TAKEN_WITH_EMAILS,
    REFUSED,
    DISABLED,
    NO_ANSWER,
    WORK,
    CHECK,
    CHECK_ELSEWHERE,
    PASS,
    WALL,
    BOOT,
    AGAIN,
    EVENTS
};

/* What is so, as the service has said it. */
static struct {
    bool good;
    bool emails;     /* were told, of the login that counts */
    unsigned person; /* whose */
    int64_t taken_ms, worked_ms;
} fact[KEYS];

static struct uk_settings settings;
static struct uk_clock_reading now;
static int64_t ran_ms;   /* that the machine did run */
static bool clock_moved; /* and not with the time */
static unsigned wrong;   /* keys that were tried in the outage */
static struct uk_grace *grace;

static void
start(void)
{
    struct uk_err err = UK_ERR_NONE;

    FUZZ_MUST(uk_seal_start(&err) == UK_OK);
    FUZZ_MUST(uk_conf_init(uk_settings_table(), &settings, &err) == UK_OK);
    FUZZ_MUST(uk_str_copy(settings.state_folder, sizeof(settings.state_folder),
                          folder_make()));
    snprintf(settings.app_id, sizeof(settings.app_id), "demo");
    settings.offline_grace = GRACE_MS;
    settings.offline_services.count = 1;
    snprintf(settings.offline_services.item[0], UK_CONF_VALUE, "sshd");
}

static void
open_it(void)
{
    static const struct uk_grace_key secret = {"of this machine"};
    struct uk_err note = UK_ERR_NONE, err = UK_ERR_NONE;

    FUZZ_MUST(uk_grace_open(&settings, &secret, &now, &grace, &note, &err) ==
              UK_OK);
    FUZZ_MUST(note.code == UK_OK);
}

static struct uk_request
request_with(size_t key, const char *service, bool emails)
{
    static char text[KEYS][8] = {"k3y-a", "k3y-b", "k3y-c", "k3y-d"};
    struct uk_request request = {
        .op = UK_OP_LOGIN,
        .want_emails = emails,
        .secret = {.bytes = text[key], .len = strlen(text[key])}};

    snprintf(request.user, sizeof(request.user), "alice");
    snprintf(request.service, sizeof(request.service), "%s", service);
    return request;
}

static void
name(struct uk_person *person, unsigned which)
{
    snprintf(person->id, sizeof(person->id), "64f0c0ffee0123456789abc%u",
             which);
}

static void
learn(enum event event, size_t key, unsigned person)
{
    static const enum uk_verdict verdicts[] = {
        [TAKEN] = UK_GRANTED,
        [TAKEN_WITH_EMAILS] = UK_GRANTED,
        [REFUSED] = UK_REFUSED,
        [DISABLED] = UK_USER_DISABLED,
        [NO_ANSWER] = UK_THROTTLED_SERVICE,
    };
    struct uk_request request =
        request_with(key, "sshd", event == TAKEN_WITH_EMAILS);
    struct uk_answer answer = {.verdict = verdicts[event]};
    struct uk_err err = UK_ERR_NONE;

    if (event == TAKEN || event == TAKEN_WITH_EMAILS)
        name(&answer.person, person);
    FUZZ_MUST(uk_grace_learn(grace, &request, &answer, &now, &err) == UK_OK);
    if (event == TAKEN || event == TAKEN_WITH_EMAILS) {
        if (!fact[key].good || fact[key].person != person) {
            fact[key].worked_ms = -1;
            fact[key].emails = false;
        }
        fact[key].good = true;
        /* Of one that still waits to be hashed, the last login counts. */
        fact[key].emails = event == TAKEN_WITH_EMAILS ||
                           (fact[key].emails && fact[key].worked_ms >= 0);
        fact[key].person = person;
        fact[key].taken_ms = ran_ms;
    }
    for (size_t i = 0; event == DISABLED && fact[key].good && i < KEYS; i++)
        if (i != key && fact[i].person == fact[key].person)
            fact[i].good = false;
    if (event == REFUSED || event == DISABLED)
        fact[key].good = false;
}

static void
work(void)
{
    struct uk_err err = UK_ERR_NONE;
    bool more = true;

    for (size_t i = 0; more; i++) {
        FUZZ_MUST(i <= KEYS);
        FUZZ_MUST(uk_grace_work(grace, &now, &more, &err) == UK_OK);
    }
    for (size_t i = 0; i < KEYS; i++)
        if (fact[i].good)
            fact[i].worked_ms = ran_ms;
}

static void
check(size_t key, const char *service, bool emails)
{
    const struct uk_tries_who who = {
        .user = "alice", .rhost = "10.0.0.7", .ruser = ""};
    struct uk_request request = request_with(key, service, emails);
    struct uk_answer answer = {.code = UK_OK};
    struct uk_person person = {.n_emails = 0};
    int64_t age_ms = ran_ms - fact[key].taken_ms;
    bool here = strcmp(service, "sshd") == 0;

    if (!uk_grace_check(grace, &request, &who, &now, &answer)) {
        FUZZ_MUST(answer.verdict == UK_UNDECIDED);
        /* Who has not tried too much comes in, when nothing is in doubt. */
        FUZZ_MUST(!here || !fact[key].good || fact[key].worked_ms < 0 ||
                  clock_moved || wrong > 0 || age_ms > GRACE_MS ||
                  (emails && !fact[key].emails));
        wrong += here;
        return;
    }
    name(&person, fact[key].person);
    FUZZ_MUST(here && fact[key].good && fact[key].worked_ms >= 0);
    FUZZ_MUST(age_ms <= GRACE_MS && answer.offline);
    FUZZ_MUST(answer.verdict == UK_GRANTED);
    FUZZ_MUST(answer.offline_age_s <= GRACE_MS / SECOND_MS);
    FUZZ_MUST(strcmp(answer.person.id, person.id) == 0);
    FUZZ_MUST(!emails || fact[key].emails);
}

/* Written or not, what has been seen running counts from then on; what ran
 * before the machine stopped, and was not seen, nobody knows. */
static void
boot(uint8_t how)
{
    uk_grace_close(grace);
    now.boot_id[0]++;
    now.boot_ms = how;
    ran_ms += how;
    now.wall_ms += how + SECOND_MS * (how & 0xf0);
    clock_moved = true;
    for (size_t i = 0; i < KEYS; i++) {
        fact[i].taken_ms = ran_ms;
        if (fact[i].worked_ms < 0)
            fact[i].good = false;
    }
    open_it();
}

static void
happen(enum event event, uint8_t how)
{
    size_t key = how % KEYS;

    switch (event) {
    case TAKEN:
    case TAKEN_WITH_EMAILS:
    case REFUSED:
    case DISABLED:
    case NO_ANSWER:
        learn(event, key, how / KEYS % PERSONS);
        break;
    case WORK:
        work();
        break;
    case CHECK:
    case CHECK_ELSEWHERE:
        check(key, event == CHECK ? "sshd" : "su", (how & KEYS) != 0);
        break;
    case PASS:
        ran_ms += SECOND_MS * how * how;
        now.boot_ms += SECOND_MS * how * how;
        now.wall_ms += SECOND_MS * how * how;
        break;
    case WALL:
        now.wall_ms += SECOND_MS * ((int64_t)how - 128) * how;
        clock_moved = true;
        break;
    case BOOT:
        boot(how);
        break;
    case AGAIN:
    case EVENTS:
        uk_grace_close(grace);
        open_it();
        for (size_t i = 0; i < KEYS; i++)
            if (fact[i].worked_ms < 0)
                fact[i].good = false; /* it was not kept yet */
        clock_moved = true;           /* nor may the last login have been */
    }
}

const char fuzz_is_slow = 1;

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (settings.state_folder[0] == '\0' || settings.offline_grace == 0)
        start();
    folder_empty(settings.state_folder);
    memset(fact, 0, sizeof(fact));
    now = (struct uk_clock_reading){
        .boot_id = {1}, .boot_ms = SECOND_MS, .wall_ms = WALL_MS};
    ran_ms = wrong = 0;
    clock_moved = false;
    open_it();
    for (size_t i = 0; i + 2 <= len && i < (size_t)2 * MOST; i += 2)
        happen((enum event)(bytes[i] % EVENTS), bytes[i + 1]);
    FUZZ_MUST(uk_grace_count(grace) <= KEYS);
    uk_grace_close(grace);
    grace = NULL;
    return 0;
}
