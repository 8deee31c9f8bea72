/* The names of keys that come in the place of one another. */
#include "tool/keys/keyname.h"

#include <stdio.h>
#include <string.h>

#include "core/str.h"
#include "tool/terminal/language.h"

static bool
is_taken(const struct uk_find *find, const char *name)
{
    for (size_t i = 0; i < find->count; i++) {
        if (strcmp(find->key[i].name, name) == 0)
            return true;
    }
    return false;
}

/* "ci-3" is the third "ci": how much of it is "ci", and *number is 3; 1 for a
 * name without one. */
static size_t
split_name(const char *name, unsigned long *number)
{
    size_t len = strlen(name), base = len;

    *number = 1;
    while (base > 0 && name[base - 1] >= '0' && name[base - 1] <= '9')
        base--;
    if (base < 2 || name[base - 1] != '-' || name[base] == '\0' ||
        !uk_str_to_ulong(name + base, 1000000, number))
        return len;
    return base - 1;
}

const struct uk_key *
uk_keyname_successor(const struct uk_find *find, const struct uk_key *old)
{
    const struct uk_key *last = NULL;
    unsigned long number, most;
    size_t base = split_name(old->name, &most);

    for (size_t i = 0; i < find->count; i++) {
        const struct uk_key *key = &find->key[i];

        if (split_name(key->name, &number) == base && number > most &&
            strncmp(key->name, old->name, base) == 0 &&
            key->created_s >= old->created_s) {
            last = key;
            most = number;
        }
    }
    return last;
}

enum uk_code
uk_keyname_next(const struct uk_find *find, const struct uk_key *old,
                char name[UK_KEYS_NAME + 1], struct uk_err *err)
{
    unsigned long n;
    size_t base = split_name(old->name, &n);

    do {
        if (snprintf(name, UK_KEYS_NAME + 1, "%.*s-%lu", (int)base, old->name,
                     ++n) > UK_KEYS_NAME)
            return uk_err_set(err, UK_INVALID,
                              _("the name of the old key leaves no room for a "
                                "number; give another with --name"));
    } while (is_taken(find, name));
    return UK_OK;
}
