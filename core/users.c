/* The users file, taken apart. */
#include "core/users.h"

#include <stdlib.h>
#include <string.h>

#include "core/lines.h"
#include "core/str.h"

#define FIRST_ROOM 4

/* A struct uk_users that grows. */
struct growing {
    struct uk_users_entry *entry;
    size_t count;
    size_t room;
};

static enum uk_code
add_entry(struct growing *to, const struct uk_users_entry *entry,
          struct uk_err *err)
{
    if (to->count == to->room) {
        size_t room = to->room == 0 ? FIRST_ROOM : 2 * to->room;
        struct uk_users_entry *more =
            reallocarray(to->entry, room, sizeof(*more));

        if (more == NULL)
            return uk_err_set(err, UK_NO_MEMORY,
                              "no memory for more than %zu identities",
                              to->count);
        to->entry = more;
        to->room = room;
    }
    to->entry[to->count++] = *entry;
    return UK_OK;
}

static bool
read_identity(const char *word, struct uk_users_entry *entry)
{
    static const struct {
        const char *kind;
        bool by_email;
        bool (*check)(const char *value);
    } kinds[] = {
        {"id:", false, uk_identity_is_id},
        {"email:", true, uk_identity_is_email},
    };

    for (size_t i = 0; i < UK_COUNT(kinds); i++) {
        const char *value = word + strlen(kinds[i].kind);

        if (!uk_str_starts(word, kinds[i].kind))
            continue;
        entry->by_email = kinds[i].by_email;
        return kinds[i].check(value) &&
               uk_str_copy(entry->value, sizeof(entry->value), value);
    }
    return false;
}

/* Cut the first word off. */
static char *
next_word(char **rest)
{
    char *word = *rest + strspn(*rest, " \t");
    size_t len = strcspn(word, " \t");

    *rest = word + len + (word[len] != '\0');
    word[len] = '\0';
    return word;
}

static enum uk_code
parse_line(char *line, unsigned number, struct growing *to, struct uk_err *err)
{
    struct uk_users_entry entry = {.line = number};
    char shown[UK_PRINTABLE_SIZE];
    char *word = next_word(&line);
    enum uk_code code = UK_OK;

    if (!uk_str_is_user_name(word))
        return uk_err_set(err, UK_MISCONFIGURED,
                          "'%s' is not the name of an account; allowed: up to "
                          "%d of a-z, 0-9, '_', '-', the first a letter or '_'",
                          uk_str_printable(shown, word, strlen(word)),
                          UK_NAME_MAX);
    memcpy(entry.account, word, strlen(word) + 1);
    word = next_word(&line);
    if (*word == '\0')
        return uk_err_set(err, UK_MISCONFIGURED,
                          "'%s' has no identity; allowed: id:ID, email:ADDRESS",
                          entry.account);
    for (; code == UK_OK && *word != '\0'; word = next_word(&line)) {
        if (!read_identity(word, &entry))
            return uk_err_set(err, UK_MISCONFIGURED,
                              "'%s' is not an identity; allowed: id:ID, "
                              "email:ADDRESS",
                              uk_str_printable(shown, word, strlen(word)));
        code = add_entry(to, &entry, err);
    }
    return code;
}

static int
compare_entries(const void *left, const void *right)
{
    const struct uk_users_entry *a = left;
    const struct uk_users_entry *b = right;
    int order = strcmp(a->account, b->account);

    if (order != 0)
        return order;
    return a->line < b->line ? -1 : a->line > b->line;
}

/* Sort by account, so that what belongs together stands together and an
 * account with two lines is seen. */
static enum uk_code
sort_entries(struct growing *users, const char *file, struct uk_err *err)
{
    if (users->count > 0)
        qsort(users->entry, users->count, sizeof(users->entry[0]),
              compare_entries);
    for (size_t i = 1; i < users->count; i++) {
        const struct uk_users_entry *a = &users->entry[i - 1];
        const struct uk_users_entry *b = &users->entry[i];

        if (strcmp(a->account, b->account) == 0 && a->line != b->line)
            return uk_err_set(err, UK_MISCONFIGURED,
                              "'%s':%u: '%s' stands in line %u already", file,
                              b->line, b->account, a->line);
    }
    return UK_OK;
}

enum uk_code
uk_users_parse(const char *text, size_t len, const char *file,
               struct uk_users *out, struct uk_err *err)
{
    struct growing users = {.entry = NULL};
    struct uk_lines lines;
    char *line = NULL;
    enum uk_code code;

    uk_lines_init(&lines, text, len, file);
    for (;;) {
        code = uk_lines_next(&lines, &line, err);
        if (code != UK_OK || line == NULL)
            break;
        code =
            lines.number <= UK_USERS_MAX_LINES
                ? parse_line(line, lines.number, &users, err)
                : uk_err_set(err, UK_MISCONFIGURED,
                             "too many lines; allowed: %d", UK_USERS_MAX_LINES);
        if (code != UK_OK) {
            uk_lines_place(&lines, err);
            break;
        }
    }
    if (code == UK_OK)
        code = sort_entries(&users, file, err);
    if (code == UK_OK)
        *out = (struct uk_users){users.entry, users.count, file};
    else
        free(users.entry);
    return code;
}

void
uk_users_clear(struct uk_users *users)
{
    free(users->entry);
    *users = (struct uk_users){.entry = NULL};
}
