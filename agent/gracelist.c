/* The list of keys that may log in by grace. */
#include "agent/gracelist.h"

#include <stdlib.h>
#include <string.h>

#include "core/secret.h"

static bool
is_of(const struct uk_grace_entry *entry, const struct uk_person *person)
{
    return strcmp(entry->person.id, person->id) == 0;
}

struct uk_grace_entry *
uk_grace_list_add(struct uk_grace_list *list)
{
    struct uk_grace_entry *more = list->entry;
    size_t count = list->count;

    if (count == UK_GRACE_MOST)
        return NULL;
    /* Room doubles each time that a power of two is full. */
    if ((count & (count - 1)) == 0)
        more = reallocarray(list->entry, count == 0 ? 1 : 2 * count,
                            sizeof(*more));
    if (more == NULL)
        return NULL;
    list->entry = more;
    memset(&more[count], 0, sizeof(*more));
    list->count++;
    return &more[count];
}

void
uk_grace_list_remove(struct uk_grace_list *list, size_t i)
{
    list->count--;
    list->entry[i] = list->entry[list->count];
    uk_wipe(&list->entry[list->count], sizeof(*list->entry));
}

struct uk_grace_entry *
uk_grace_list_find(struct uk_grace_list *list, uint32_t tag,
                   const struct uk_person *person)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->entry[i].tag == tag &&
            (person == NULL || is_of(&list->entry[i], person)))
            return &list->entry[i];
    }
    return NULL;
}

bool
uk_grace_entry_is(const struct uk_grace_entry *entry, uint32_t tag,
                  const struct uk_person *person)
{
    return entry->tag == tag || (person != NULL && is_of(entry, person));
}

size_t
uk_grace_list_forget(struct uk_grace_list *list, uint32_t tag,
                     const struct uk_person *person)
{
    size_t gone = 0;

    for (size_t i = list->count; i-- > 0;) {
        if (!uk_grace_entry_is(&list->entry[i], tag, person))
            continue;
        uk_grace_list_remove(list, i);
        gone++;
    }
    return gone;
}

/* Of those that a person has, or of all: the one that was online the longest
 * time ago. */
static void
remove_oldest(struct uk_grace_list *list, const struct uk_person *person)
{
    size_t oldest = list->count;

    for (size_t i = 0; i < list->count; i++) {
        const struct uk_grace_entry *entry = &list->entry[i];

        if ((person == NULL || is_of(entry, person)) &&
            (oldest == list->count ||
             entry->online.ran_ms < list->entry[oldest].online.ran_ms))
            oldest = i;
    }
    if (oldest < list->count)
        uk_grace_list_remove(list, oldest);
}

void
uk_grace_list_make_room(struct uk_grace_list *list,
                        const struct uk_person *person)
{
    size_t of_person = 0;

    for (size_t i = 0; i < list->count; i++)
        of_person += is_of(&list->entry[i], person);
    if (of_person >= UK_GRACE_MOST_OF_USER)
        remove_oldest(list, person);
    else if (list->count == UK_GRACE_MOST)
        remove_oldest(list, NULL);
}

void
uk_grace_list_clear(struct uk_grace_list *list)
{
    if (list->entry != NULL)
        uk_wipe(list->entry, list->count * sizeof(*list->entry));
    free(list->entry);
    *list = (struct uk_grace_list){.count = 0};
}
