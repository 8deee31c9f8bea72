/* What a round asks a store for, at once. */
#include "service/store/question.h"

#include <string.h>

#include "core/str.h"

void
uk_question_clear(struct uk_question *question)
{
    question->apps = 0;
    question->keys = 0;
    question->answered = false;
    question->err = (struct uk_err)UK_ERR_NONE;
}

size_t
uk_question_find_app(const struct uk_question *question, const char *client_id)
{
    for (size_t i = 0; i < question->apps; i++) {
        if (strcmp(question->app[i].client_id, client_id) == 0)
            return i;
    }
    return UK_QUESTION_APPS;
}

bool
uk_question_add_app(struct uk_question *question, const char *client_id)
{
    size_t at = question->apps;

    if (uk_question_find_app(question, client_id) != UK_QUESTION_APPS)
        return true;
    if (at == UK_QUESTION_APPS ||
        !uk_str_copy(question->app[at].client_id,
                     sizeof(question->app[at].client_id), client_id))
        return false;
    question->app[at].found = false;
    question->apps++;
    return true;
}

void
uk_question_answer(struct uk_store *store, struct uk_question *question)
{
    struct uk_err *err = &question->err;
    enum uk_code code = UK_OK;

    *err = (struct uk_err)UK_ERR_NONE;
    for (size_t i = 0; i < question->apps && code == UK_OK; i++)
        code =
            uk_store_call(store, find_app, question->app[i].client_id,
                          &question->app[i].app, &question->app[i].found, err);
    if (code == UK_OK && question->keys > 0)
        code = uk_store_call(store, find_keys, question->hash, question->keys,
                             question->login, err);
    err->code = code;
    question->answered = true;
}
