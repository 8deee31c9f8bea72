/*
 * What a round asks a store for, at once and without waiting.
 *
 * A question is the asker's and stays where it is until it is answered.  Its
 * answer is never older than the question.
 */
#ifndef UK_SERVICE_STORE_QUESTION_H
#define UK_SERVICE_STORE_QUESTION_H

#include "service/store/store.h"

#define UK_QUESTION_KEYS 64
#define UK_QUESTION_APPS 4

struct uk_question {
    size_t apps, keys;
    struct {
        char client_id[UK_STORE_CLIENT_ID + 1];
        bool found;
        struct uk_store_app app; /* where it was found */
    } app[UK_QUESTION_APPS];
    struct uk_store_hash hash[UK_QUESTION_KEYS];
    struct uk_store_login login[UK_QUESTION_KEYS];
    bool answered;
    struct uk_err err; /* with a code, nothing is known of any of them */
};

/* Nothing is asked. */
void uk_question_clear(struct uk_question *question);

/* Ask for this app, too.  false: there is no room. */
bool uk_question_add_app(struct uk_question *question, const char *client_id);

/* Where it stands, or UK_QUESTION_APPS if it was not asked for. */
size_t uk_question_find_app(const struct uk_question *question,
                            const char *client_id);

/* Answer it now, by find_app and find_keys of the store. */
void uk_question_answer(struct uk_store *store, struct uk_question *question);

#endif
