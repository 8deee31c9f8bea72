/*
 * The list of keys that may log in by grace (a part of agent/grace).
 */
#ifndef UK_AGENT_GRACELIST_H
#define UK_AGENT_GRACELIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/identity.h"

#include "agent/clock.h"
#include "agent/seal.h"

#define UK_GRACE_MOST         1024 /* keys */
#define UK_GRACE_MOST_OF_USER 8    /* so that nobody's push all others out */

struct uk_grace_entry {
    uint32_t tag; /* of a keyed hash of the key: where to look */
    unsigned char salt[UK_SEAL_SALT];
    unsigned char hash[UK_SEAL_HASH]; /* Argon2id */
    struct uk_clock_moment online;    /* when the service took it last */
    bool emails_known; /* the person's addresses were asked for */
    struct uk_person person;
};

/* {0} is the empty one. */
struct uk_grace_list {
    struct uk_clock_mark mark;
    struct uk_grace_entry *entry; /* owned */
    size_t count;
};

/* Room for one more, at the end, cleared; NULL: no memory, or UK_GRACE_MOST
 * are there. */
struct uk_grace_entry *uk_grace_list_add(struct uk_grace_list *list);

/* Drop the oldest one, of the person who has too many or of all, if one more
 * of that person has no room. */
void uk_grace_list_make_room(struct uk_grace_list *list,
                             const struct uk_person *person);

/* The entry of this tag (and person, unless it is NULL); NULL: none. */
struct uk_grace_entry *uk_grace_list_find(struct uk_grace_list *list,
                                          uint32_t tag,
                                          const struct uk_person *person);

/* Is it about this tag, or this person (unless that is NULL)? */
bool uk_grace_entry_is(const struct uk_grace_entry *entry, uint32_t tag,
                       const struct uk_person *person);

/* Drop all of which that is so; how many. */
size_t uk_grace_list_forget(struct uk_grace_list *list, uint32_t tag,
                            const struct uk_person *person);

void uk_grace_list_remove(struct uk_grace_list *list, size_t i);

void uk_grace_list_clear(struct uk_grace_list *list);

#endif
