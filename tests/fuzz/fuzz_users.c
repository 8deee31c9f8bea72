/* The users file, and who may be whom by it. */
#include <string.h>

#include "core/identity.h"
#include "core/users.h"
#include "tests/fuzz/fuzz.h"

/* Whoever is let in stands there: by that id, or by that address. */
static void
must_stand_there(const struct uk_users *users, const struct uk_account *account,
                 const struct uk_person *person)
{
    bool there = false;

    for (size_t i = 0; i < users->count; i++) {
        const struct uk_users_entry *entry = &users->entry[i];
        const char *theirs = entry->by_email ? person->email[0] : person->id;

        there = there || (strcmp(entry->account, account->name) == 0 &&
                          strcasecmp(entry->value, theirs) == 0);
    }
    FUZZ_MUST(there);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct uk_account account = {.name = "alice", .uid = 1000, .gid = 1000};
    struct uk_person person = {.id = "64f0c0ffee0123456789abcd",
                               .n_emails = 1,
                               .email = {"alice@example.com"}};
    struct uk_users users = {.entry = NULL};
    struct uk_policy policy = {
        .users = &users, .email_domain = "", .min_uid = 1000};
    struct uk_err err = UK_ERR_NONE;
    char why[UK_WHY_SIZE];

    if (uk_users_parse((const char *)bytes, len, "users", &users, &err) !=
        UK_OK) {
        FUZZ_MUST(err.text[0] != '\0' && uk_str_is_printable(err.text));
        FUZZ_MUST(users.entry == NULL && users.count == 0);
        return 0;
    }
    for (size_t i = 0; i < users.count; i++) {
        FUZZ_MUST(uk_str_is_user_name(users.entry[i].account));
        FUZZ_MUST(users.entry[i].by_email
                      ? uk_identity_is_email(users.entry[i].value)
                      : uk_identity_is_id(users.entry[i].value));
    }
    if (uk_identity_match(&policy, &account, &person, why) == UK_GRANTED) {
        FUZZ_MUST(uk_identity_admit(&policy, &account, why) == UK_GRANTED);
        must_stand_there(&users, &account, &person);
    }
    account.uid = 0;
    FUZZ_MUST(uk_identity_match(&policy, &account, &person, why) != UK_GRANTED);
    uk_users_clear(&users);
    return 0;
}
