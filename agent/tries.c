/* How many keys that the service does not take somebody may try through this
 * machine. */
#include "agent/tries.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/secret.h"

#include "agent/slots.h"

#define PREFIX_LEN 8 /* bytes of an IPv6 address that are one source: a /64 */
#define TEXT_SIZE  512

/* A key that was let in is known for so long of the machine's running time,
 * and written again when a day of it is over. */
#define DAY_MS   ((int64_t)24 * 60 * 60 * 1000)
#define KNOWN_MS (90 * DAY_MS)

enum kind { KIND_SOURCE = 1, KIND_PAIR, KIND_USER, KIND_KEY };

struct uk_tries {
    struct uk_slots *slots; /* owned */
    struct uk_tries_limits limits;
};

enum uk_code
uk_tries_open(const char *file, const struct uk_tries_limits *limits,
              struct uk_tries **out, struct uk_err *note, struct uk_err *err)
{
    struct uk_tries *tries = calloc(1, sizeof(*tries));
    enum uk_code code;

    if (tries == NULL)
        return uk_err_set(err, UK_NO_MEMORY, "no memory to count tries");
    tries->limits = *limits;
    code = uk_slots_open(file, &tries->slots, note, err);
    if (code != UK_OK) {
        uk_tries_close(tries);
        return code;
    }
    if (note->code != UK_OK)
        uk_err_in(note, "the count of tries in '%s'", file);
    *out = tries;
    return UK_OK;
}

void
uk_tries_close(struct uk_tries *tries)
{
    if (tries == NULL)
        return;
    uk_slots_close(tries->slots);
    free(tries);
}

/* Bytes that name a subject, one behind the other. */
struct name {
    unsigned char bytes[TEXT_SIZE];
    size_t len;
};

static void
add(struct name *name, const void *bytes, size_t len)
{
    if (len > sizeof(name->bytes) - name->len)
        len = sizeof(name->bytes) - name->len;
    memcpy(name->bytes + name->len, bytes, len);
    name->len += len;
}

/* Without the case of ASCII letters, and with its end. */
static void
add_host(struct name *name, const char *text)
{
    for (; *text != '\0'; text++) {
        char c =
            *text >= 'A' && *text <= 'Z' ? (char)(*text - 'A' + 'a') : *text;

        add(name, &c, 1);
    }
    add(name, "", 1);
}

/* An address however it is written, and of IPv6 what one customer has. */
static void
add_address(struct name *name, const char *rhost)
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    char text[INET6_ADDRSTRLEN];
    unsigned char address[sizeof(struct in6_addr)];
    size_t len = strcspn(rhost, "%"); /* the scope */

    snprintf(text, sizeof(text), "%.*s", (int)len, rhost);
    if (len < sizeof(text) && inet_pton(AF_INET, text, address) == 1)
        add(name, address, 4);
    else if (len >= sizeof(text) || inet_pton(AF_INET6, text, address) != 1)
        add_host(name, rhost);
    else if (memcmp(address, mapped, sizeof(mapped)) == 0)
        add(name, address + sizeof(mapped), 4);
    else
        add(name, address, PREFIX_LEN);
}

/*
 * Where it comes from.  Beside a remote host the asking user does not count:
 * where there is one, it may be the name that the other side claims (rsh).
 */
static void
add_source(struct name *name, const struct uk_tries_who *who)
{
    if (who->uid != 0) {
        add(name, "u", 1);
        add(name, &who->uid, sizeof(who->uid));
    } else if (who->rhost[0] != '\0') {
        add(name, "h", 1);
        add_address(name, who->rhost);
    } else {
        add(name, "l", 1);
        add_host(name, who->ruser);
    }
}

static uint64_t
subject_of(const struct uk_tries *tries, const struct name *name)
{
    uint64_t hash =
        uk_seal_short(uk_slots_secret(tries->slots), name->bytes, name->len);

    return hash != 0 ? hash : 1;
}

static uint64_t
subject_of_who(const struct uk_tries *tries, enum kind kind,
               const struct uk_tries_who *who)
{
    struct name name = {.len = 0};
    unsigned char first = (unsigned char)kind;

    add(&name, &first, 1);
    if (kind != KIND_USER)
        add_source(&name, who);
    add(&name, "", 1);
    if (kind != KIND_SOURCE)
        add(&name, who->user, strlen(who->user));
    return subject_of(tries, &name);
}

/* 32 bits are enough not to be met by chance, and too few to try keys against
 * them. */
static uint64_t
subject_of_key(const struct uk_tries *tries, const struct uk_secret *key)
{
    struct name name = {.len = 0};
    unsigned char first = KIND_KEY;
    uint64_t hash;

    add(&name, &first, 1);
    add(&name, key->bytes, key->len);
    hash = subject_of(tries, &name);
    uk_wipe(&name, sizeof(name));
    return (hash & UINT32_MAX) | (uint64_t)1 << 32;
}

/*
 * A count is a moment: when all of its failures will be forgotten, each having
 * its part of the period.  Never more than one period ahead, whatever the file
 * says and however many failed at the same time.
 */
struct count {
    int64_t used_ms; /* from now to that moment */
    int64_t each_ms; /* what one failure takes */
};

static struct count
count_of(struct uk_tries *tries, uint64_t subject, unsigned burst)
{
    int64_t period = tries->limits.period_ms;
    int64_t now = uk_slots_now(tries->slots);
    int64_t moment = uk_slots_get(tries->slots, UK_SLOTS_TRIES, subject);
    struct count count = {.each_ms = period / burst};

    if (count.each_ms == 0)
        count.each_ms = 1;
    if (moment > now)
        count.used_ms = moment - now < period ? moment - now : period;
    return count;
}

/* Until there is room for one more of so many; 0: there is. */
static int64_t
wait_for(struct count count, unsigned burst)
{
    int64_t over = count.used_ms + count.each_ms - count.each_ms * burst;

    return over > 0 ? over : 0;
}

static unsigned
pair_burst(const struct uk_tries *tries)
{
    return tries->limits.per_source > 1 ? tries->limits.per_source / 2 : 1;
}

/* Every wait there is a reason for; 0 for none.  A pair that has not failed
 * never waits, whatever source and account have done: most logins end there. */
static int64_t
find_wait(struct uk_tries *tries, const struct uk_tries_ticket *ticket)
{
    const struct uk_tries_limits *limits = &tries->limits;
    unsigned burst = pair_burst(tries);
    struct count pair = count_of(tries, ticket->pair, burst);
    struct count source, user;
    int64_t wait;

    if (pair.used_ms == 0)
        return 0;
    source = count_of(tries, ticket->source, limits->per_source);
    user = count_of(tries, ticket->user, limits->per_user);
    if (burst > UK_TRIES_UNDER_ATTACK && wait_for(user, limits->per_user) > 0)
        burst = UK_TRIES_UNDER_ATTACK;
    wait = wait_for(pair, burst);
    return wait > 0 ? wait : wait_for(source, limits->per_source);
}

bool
uk_tries_before(struct uk_tries *tries, const struct uk_tries_who *who,
                const struct uk_secret *key, const struct uk_clock_reading *now,
                struct uk_tries_ticket *ticket, unsigned *wait_s)
{
    int64_t wait, ran_ms, known_ms;

    *ticket = (struct uk_tries_ticket){.source = 0};
    if (!uk_slots_begin(tries->slots, now))
        return true;
    *ticket = (struct uk_tries_ticket){
        .source = subject_of_who(tries, KIND_SOURCE, who),
        .pair = subject_of_who(tries, KIND_PAIR, who),
        .user = subject_of_who(tries, KIND_USER, who),
        .key = subject_of_key(tries, key),
    };
    ran_ms = uk_slots_now(tries->slots);
    known_ms = uk_slots_get(tries->slots, UK_SLOTS_KEYS, ticket->key);
    ticket->fresh = known_ms >= ran_ms + KNOWN_MS - DAY_MS;
    wait = find_wait(tries, ticket);
    if (wait > 0 && known_ms > ran_ms)
        wait = 0;
    uk_slots_end(tries->slots);
    if (wait > 0)
        *wait_s = (unsigned)((wait + 999) / 1000);
    return wait == 0;
}

static void
set_count(struct uk_tries *tries, uint64_t subject, int64_t used_ms)
{
    if (used_ms > tries->limits.period_ms)
        used_ms = tries->limits.period_ms;
    uk_slots_set(tries->slots, UK_SLOTS_TRIES, subject,
                 uk_slots_now(tries->slots) + used_ms);
}

/* The one try that a source without any left has for an account is one a
 * period, not one for as long as a failure counts. */
static void
count_failure(struct uk_tries *tries, const struct uk_tries_ticket *ticket)
{
    const struct uk_tries_limits *limits = &tries->limits;
    struct count source = count_of(tries, ticket->source, limits->per_source);
    struct count pair = count_of(tries, ticket->pair, pair_burst(tries));
    struct count user = count_of(tries, ticket->user, limits->per_user);

    if (wait_for(source, limits->per_source) > 0)
        pair.used_ms = limits->period_ms;
    set_count(tries, ticket->source, source.used_ms + source.each_ms);
    set_count(tries, ticket->pair, pair.used_ms + pair.each_ms);
    set_count(tries, ticket->user, user.used_ms + user.each_ms);
    uk_slots_set(tries->slots, UK_SLOTS_KEYS, ticket->key, 0);
}

static void
remember_key(struct uk_tries *tries, uint64_t key)
{
    uk_slots_set(tries->slots, UK_SLOTS_KEYS, key,
                 uk_slots_now(tries->slots) + KNOWN_MS);
}

void
uk_tries_after(struct uk_tries *tries, const struct uk_tries_ticket *ticket,
               const struct uk_clock_reading *now, enum uk_code code,
               enum uk_verdict verdict)
{
    /* A key that was let in and is remembered leaves nothing to be written. */
    if (code != UK_OK || ticket->source == 0 ||
        (verdict == UK_GRANTED && ticket->fresh) ||
        !uk_slots_begin(tries->slots, now))
        return;
    switch (verdict) {
    case UK_GRANTED:
        remember_key(tries, ticket->key);
        break;
    case UK_REFUSED:
    case UK_USER_DISABLED:
        count_failure(tries, ticket);
        break;
    case UK_UNDECIDED:
    case UK_NOT_MAPPED:
    case UK_NOT_ALLOWED:
    case UK_UNKNOWN_USER:
    case UK_NOT_A_KEY:
    case UK_JUNK:
    case UK_THROTTLED_HERE:
    case UK_THROTTLED_SERVICE:
        break;
    }
    uk_slots_end(tries->slots);
}
