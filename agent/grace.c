/* Keys that the service took not long ago, for a time when no server can be
 * reached. */
#include "agent/grace.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/secret.h"

#include "agent/gracefile.h"
#include "agent/graceseal.h"
#include "agent/seal.h"

#define QUEUE_MOST 16
#define MARK_MS    (5 * 60 * 1000)
#define FRESH_PART 100 /* logins are written after this part of grace */

/* A key that is to be hashed. */
struct waiting {
    struct uk_secret key; /* owned */
    struct uk_grace_entry entry;
};

struct uk_grace {
    const struct uk_settings *settings; /* borrowed */
    char file[PATH_MAX];
    struct uk_grace_seal seal;
    struct uk_grace_list list;
    struct uk_tries *tries; /* owned: tries in an outage */
    struct waiting queue[QUEUE_MOST];
    size_t queued;
    int64_t written_ms; /* of the file's mark */
};

static enum uk_code
save(struct uk_grace *grace, struct uk_err *err)
{
    enum uk_code code;

    code =
        uk_grace_list_save(&grace->list, grace->file, grace->seal.bytes, err);
    if (code == UK_OK)
        grace->written_ms = grace->list.mark.ran_ms;
    return code;
}

/* What must not be there any more is gone even if nothing can be written. */
static enum uk_code
save_or_remove(struct uk_grace *grace, struct uk_err *err)
{
    enum uk_code code = save(grace, err);

    if (code != UK_OK && unlink(grace->file) == 0)
        uk_err_in(err, "keys for outages are forgotten on the disk");
    return code;
}

static enum uk_code
open_tries(struct uk_grace *grace, struct uk_err *note, struct uk_err *err)
{
    const struct uk_settings *settings = grace->settings;
    const struct uk_tries_limits limits = {
        .per_source = (unsigned)settings->failed_logins_per_source,
        .per_user = (unsigned)settings->failed_logins_per_user,
        .period_ms = (unsigned)settings->limit_period,
    };
    struct uk_err ours = UK_ERR_NONE;
    char file[PATH_MAX];
    enum uk_code code;

    snprintf(file, sizeof(file), "%s/offline-tries", settings->state_folder);
    code = uk_tries_open(file, &limits, &grace->tries, &ours, err);
    if (code == UK_OK && ours.code != UK_OK)
        *note = ours;
    return code;
}

enum uk_code
uk_grace_open(const struct uk_settings *settings,
              const struct uk_grace_key *key,
              const struct uk_clock_reading *now, struct uk_grace **out,
              struct uk_err *note, struct uk_err *err)
{
    struct uk_grace *grace = calloc(1, sizeof(*grace));
    enum uk_code code;

    *note = (struct uk_err)UK_ERR_NONE;
    if (grace == NULL)
        return uk_err_set(err, UK_NO_MEMORY, "no memory for 'offline_grace'");
    grace->settings = settings;
    snprintf(grace->file, sizeof(grace->file), "%s/offline",
             settings->state_folder);
    if (settings->offline_grace == 0) {
        (void)unlink(grace->file);
        free(grace);
        *out = NULL;
        return UK_OK;
    }
    uk_grace_seal_make(&grace->seal, key, settings);
    code = uk_grace_list_load(&grace->list, grace->file, grace->seal.bytes,
                              note, err);
    uk_clock_advance(&grace->list.mark, now);
    if (code == UK_OK)
        code = save_or_remove(grace, err); /* can it be written? */
    if (code == UK_OK)
        code = open_tries(grace, note, err);
    if (code == UK_OK) {
        *out = grace;
        return UK_OK;
    }
    uk_err_in(err, "'offline_grace'");
    uk_grace_close(grace);
    return code;
}

static void
drop_waiting(struct uk_grace *grace, size_t i)
{
    struct waiting *last = &grace->queue[--grace->queued];

    uk_secret_clear(&grace->queue[i].key);
    if (last != &grace->queue[i])
        grace->queue[i] = *last;
    uk_wipe(last, sizeof(*last)); /* its key has moved, or is gone */
}

void
uk_grace_close(struct uk_grace *grace)
{
    if (grace == NULL)
        return;
    while (grace->queued > 0)
        drop_waiting(grace, 0);
    uk_grace_list_clear(&grace->list);
    uk_tries_close(grace->tries);
    uk_wipe(grace, sizeof(*grace));
    free(grace);
}

/* Everything about the key, and about the person where there is one. */
static size_t
forget(struct uk_grace *grace, uint32_t tag, const struct uk_person *person)
{
    for (size_t i = grace->queued; i-- > 0;) {
        if (uk_grace_entry_is(&grace->queue[i].entry, tag, person))
            drop_waiting(grace, i);
    }
    return uk_grace_list_forget(&grace->list, tag, person);
}

static struct uk_clock_moment
moment_of(const struct uk_grace *grace, const struct uk_clock_reading *now)
{
    return (struct uk_clock_moment){grace->list.mark.ran_ms, now->wall_ms};
}

static void
fill(struct uk_grace *grace, struct uk_grace_entry *entry,
     const struct uk_request *request, const struct uk_answer *answer,
     const struct uk_clock_reading *now)
{
    entry->online = moment_of(grace, now);
    if (request->want_emails || !entry->emails_known) {
        entry->person = answer->person;
        entry->emails_known = request->want_emails;
    }
}

/* Will the entry say of the person what it says already? */
static bool
is_known_so(const struct uk_grace_entry *entry,
            const struct uk_request *request, const struct uk_answer *answer)
{
    const struct uk_person *old = &entry->person, *new = &answer->person;
    bool same = entry->emails_known && old->n_emails == new->n_emails;

    for (size_t i = 0; same && i < new->n_emails; i++)
        same = strcmp(old->email[i], new->email[i]) == 0;
    return same || !request->want_emails;
}

/* A key that is known has its time set; a new one waits to be hashed.  What a
 * person has lost by now (an address) is lost on the disk at once. */
static enum uk_code
remember(struct uk_grace *grace, const struct uk_request *request,
         const struct uk_answer *answer, uint32_t tag,
         const struct uk_clock_reading *now, struct uk_err *err)
{
    struct uk_grace_entry *entry =
        uk_grace_list_find(&grace->list, tag, &answer->person);
    struct waiting *waiting;
    enum uk_code code = UK_OK;
    int64_t fresh_ms = (int64_t)(grace->settings->offline_grace / FRESH_PART);

    if (entry != NULL) {
        if (!is_known_so(entry, request, answer)) {
            fill(grace, entry, request, answer, now);
            return save_or_remove(grace, err);
        }
        fill(grace, entry, request, answer, now);
        return grace->list.mark.ran_ms - grace->written_ms < fresh_ms
                   ? UK_OK
                   : save(grace, err);
    }
    if (forget(grace, tag, NULL) > 0) /* it was somebody else's */
        code = save_or_remove(grace, err);
    if (code != UK_OK || grace->queued == QUEUE_MOST)
        return code;
    waiting = &grace->queue[grace->queued];
    code = uk_secret_set(&waiting->key, request->secret.bytes,
                         request->secret.len, err);
    if (code != UK_OK)
        return code;
    waiting->entry = (struct uk_grace_entry){.tag = tag};
    fill(grace, &waiting->entry, request, answer, now);
    grace->queued++;
    return UK_OK;
}

/* How old anything is cannot be told any more.  The service can be asked now,
 * so nobody needs it; from here on the clock is believed again.  On the disk it
 * would be told once more when the clock is set right. */
static enum uk_code
begin_wall_anew(struct uk_grace *grace, const struct uk_clock_reading *now,
                struct uk_err *err)
{
    while (grace->list.count > 0)
        uk_grace_list_remove(&grace->list, grace->list.count - 1);
    while (grace->queued > 0)
        drop_waiting(grace, grace->queued - 1);
    uk_clock_believe(&grace->list.mark, now);
    return save_or_remove(grace, err);
}

/* What is known of the key, or waits to be; NULL for nothing. */
static const struct uk_grace_entry *
find_known(struct uk_grace *grace, uint32_t tag)
{
    for (size_t i = 0; i < grace->queued; i++) {
        if (grace->queue[i].entry.tag == tag)
            return &grace->queue[i].entry;
    }
    return uk_grace_list_find(&grace->list, tag, NULL);
}

enum uk_code
uk_grace_learn(struct uk_grace *grace, const struct uk_request *request,
               const struct uk_answer *answer,
               const struct uk_clock_reading *now, struct uk_err *err)
{
    const struct uk_grace_entry *entry;
    struct uk_person person;
    enum uk_code code = UK_OK;
    uint32_t tag;

    if (grace == NULL || request->op != UK_OP_LOGIN || answer->code != UK_OK ||
        answer->offline)
        return UK_OK;
    uk_clock_advance(&grace->list.mark, now);
    if (uk_clock_went_back(&grace->list.mark, now))
        code = begin_wall_anew(grace, now, err);
    if (code != UK_OK)
        return code;
    tag = uk_grace_seal_tag(&grace->seal, &request->secret);
    if (answer->verdict == UK_GRANTED)
        return remember(grace, request, answer, tag, now, err);
    if (answer->verdict != UK_REFUSED && answer->verdict != UK_USER_DISABLED)
        return UK_OK;
    entry = find_known(grace, tag);
    if (entry != NULL)
        person = entry->person;
    if (forget(grace, tag,
               entry != NULL && answer->verdict == UK_USER_DISABLED ? &person
                                                                    : NULL) > 0)
        return save_or_remove(grace, err);
    return UK_OK;
}

static enum uk_code
add_waiting(struct uk_grace *grace, struct waiting *waiting, struct uk_err *err)
{
    struct uk_grace_entry *entry;
    enum uk_code code;

    code = uk_seal_random(waiting->entry.salt, UK_SEAL_SALT, err);
    if (code == UK_OK)
        code =
            uk_grace_seal_hash(&grace->seal, &waiting->key, waiting->entry.salt,
                               waiting->entry.hash, err);
    if (code != UK_OK)
        return code;
    uk_grace_list_make_room(&grace->list, &waiting->entry.person);
    entry = uk_grace_list_add(&grace->list);
    if (entry == NULL)
        return uk_err_set(err, UK_NO_MEMORY, "no memory for a key");
    *entry = waiting->entry;
    return save(grace, err);
}

enum uk_code
uk_grace_work(struct uk_grace *grace, const struct uk_clock_reading *now,
              bool *more, struct uk_err *err)
{
    enum uk_code code = UK_OK;

    *more = false;
    if (grace == NULL)
        return UK_OK;
    uk_clock_advance(&grace->list.mark, now);
    if (grace->queued > 0) {
        code = add_waiting(grace, &grace->queue[0], err);
        drop_waiting(grace, 0);
    } else if (grace->list.mark.ran_ms - grace->written_ms >= MARK_MS) {
        code = save(grace, err);
    }
    *more = grace->queued > 0;
    return code;
}

/* Is the entry young enough, as far as anybody can tell? */
static bool
is_young(const struct uk_grace *grace, const struct uk_grace_entry *entry,
         const struct uk_clock_reading *now, int64_t *age_ms)
{
    return uk_clock_age(&grace->list.mark, now, &entry->online, age_ms) &&
           *age_ms <= (int64_t)grace->settings->offline_grace;
}

static bool
is_its_key(const struct uk_grace *grace, const struct uk_grace_entry *entry,
           const struct uk_secret *key)
{
    unsigned char hash[UK_SEAL_HASH];
    struct uk_err ignored = UK_ERR_NONE;

    return uk_grace_seal_hash(&grace->seal, key, entry->salt, hash, &ignored) ==
               UK_OK &&
           uk_seal_equal(hash, entry->hash);
}

/* The entry that lets the request in, or NULL. */
static const struct uk_grace_entry *
find_good(struct uk_grace *grace, const struct uk_request *request,
          const struct uk_clock_reading *now, int64_t *age_ms)
{
    uint32_t tag = uk_grace_seal_tag(&grace->seal, &request->secret);

    for (size_t i = 0; i < grace->list.count; i++) {
        const struct uk_grace_entry *entry = &grace->list.entry[i];

        if (entry->tag == tag && is_young(grace, entry, now, age_ms) &&
            (entry->emails_known || !request->want_emails) &&
            is_its_key(grace, entry, &request->secret))
            return entry;
    }
    return NULL;
}

bool
uk_grace_check(struct uk_grace *grace, const struct uk_request *request,
               const struct uk_tries_who *who,
               const struct uk_clock_reading *now, struct uk_answer *answer)
{
    const struct uk_grace_entry *entry;
    struct uk_tries_ticket ticket;
    int64_t age_ms = 0;
    unsigned wait_s;

    if (grace == NULL || request->op != UK_OP_LOGIN ||
        !uk_settings_offline(grace->settings, request->service))
        return false;
    uk_clock_advance(&grace->list.mark, now);
    if (!uk_tries_before(grace->tries, who, &request->secret, now, &ticket,
                         &wait_s))
        return false;
    entry = find_good(grace, request, now, &age_ms);
    uk_tries_after(grace->tries, &ticket, now, UK_OK,
                   entry != NULL ? UK_GRANTED : UK_REFUSED);
    if (entry == NULL)
        return false;
    answer->verdict = UK_GRANTED;
    answer->person = entry->person;
    if (!request->want_emails)
        answer->person.n_emails = 0;
    answer->offline = true;
    answer->offline_age_s = (uint32_t)(age_ms / 1000);
    return true;
}

unsigned
uk_grace_count(const struct uk_grace *grace)
{
    return grace != NULL ? (unsigned)grace->list.count : 0;
}
