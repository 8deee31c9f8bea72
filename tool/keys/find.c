/* The key that somebody means: by its id, or by its name if that is unique. */
#include "tool/keys/find.h"

#include <stdlib.h>
#include <string.h>

#include "core/keytext.h"
#include "core/str.h"
#include "tool/terminal/language.h"
#include "tool/terminal/out.h"

static size_t
count_names(const struct uk_find *find, const char *word,
            const struct uk_key **last)
{
    size_t n = 0;

    for (size_t i = 0; i < find->count; i++) {
        if (strcmp(find->key[i].name, word) == 0) {
            *last = &find->key[i];
            n++;
        }
    }
    return n;
}

static enum uk_exit
refuse_ambiguous(const struct uk_find *find, const char *word)
{
    uk_out_error(_("'%s' is the name of several keys; give the id of one:"),
                 word);
    for (size_t i = 0; i < find->count; i++) {
        if (strcmp(find->key[i].name, word) == 0 ||
            strcmp(find->key[i].id, word) == 0)
            uk_out_note("  %s  %s%s", find->key[i].id, find->key[i].name,
                        find->key[i].disabled ? _("  (disabled)") : "");
    }
    return UK_EXIT_CONFLICT;
}

enum uk_exit
uk_find_key(const struct uk_find *find, const struct uk_args *args,
            const char *word, const struct uk_key **out)
{
    const struct uk_key *by_id = NULL, *by_name = NULL;
    size_t names = count_names(find, word, &by_name);
    char shown[UK_PRINTABLE_SIZE];

    for (size_t i = 0; i < find->count; i++) {
        if (strcmp(find->key[i].id, word) == 0)
            by_id = &find->key[i];
    }
    if (names > 1 || (names == 1 && by_id != NULL && by_id != by_name))
        return refuse_ambiguous(find, word);
    if (names == 0 && by_id == NULL) {
        uk_out_error(_("'%s': no such key; 'userkey %s' shows what there is"),
                     uk_str_printable(shown, word, strlen(word)),
                     args->server_keys ? "server-key list" : "list");
        return UK_EXIT_NOT_FOUND;
    }
    *out = by_id != NULL ? by_id : by_name;
    return UK_EXIT_DONE;
}

const char *
uk_find_command(const struct uk_args *args)
{
    return args->server_keys ? "userkey server-key" : "userkey";
}

void
uk_find_warn(size_t count, const struct uk_args *args)
{
    /* Of one user, and of servers: how many there may be. */
    size_t most = args->server_keys ? 100 : 20;

    if (count < most / 10 * 9)
        return;
    uk_out_note(ngettext("%zu of %zu keys is there; %s makes room",
                         "%zu of %zu keys are there; %s makes room", count),
                count, most,
                args->server_keys
                    ? _("'userkey server-key delete'")
                    : _("'userkey prune' (what is over) or 'userkey delete'"));
}

void
uk_find_clear(struct uk_find *find)
{
    free(find->key);
    *find = (struct uk_find){.key = NULL};
}

bool
uk_find_is_secret(const char *word)
{
    if (!uk_keytext_check(word, strlen(word)) &&
        !uk_keytext_check_admin(word, strlen(word)))
        return false;
    uk_out_error(_("that is the value of a key, which everyone on this machine "
                   "can read in a command line; give its name or id, and put "
                   "another key in its place"));
    return true;
}
