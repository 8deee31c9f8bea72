/* What an administrator does for one person who cannot do it alone. */
#include "core/adminperson.h"

#include <stdio.h>
#include <string.h>

#include "core/json.h"
#include "core/str.h"

#define PATH_ROOM 1280

static enum uk_code
take_word(const struct uk_json *document, struct uk_secret *word,
          int64_t *expires, struct uk_err *err)
{
    struct uk_buf text = UK_BUF_UP_TO(UK_SECRET_MAX);
    const char *id, *token;
    int64_t until;
    enum uk_code code;

    if (!uk_json_text(document, "tokenId", &id) ||
        !uk_json_text(document, "token", &token) ||
        !uk_json_int(document, "expires", &until))
        return uk_err_set(err, UK_BAD_ANSWER, "the answer has no token");
    uk_buf_addf(&text, "%s.%s", id, token);
    code = uk_buf_check(&text, err);
    if (code == UK_OK &&
        (strchr(id, '.') != NULL || !uk_str_is_printable(uk_buf_peek(&text)) ||
         strchr(uk_buf_peek(&text), ' ') != NULL))
        code = uk_err_set(err, UK_BAD_ANSWER, "the token is no word");
    if (code == UK_OK)
        code = uk_secret_set(word, uk_buf_peek(&text), text.len, err);
    if (code == UK_OK)
        *expires = until;
    uk_buf_clear(&text);
    return code;
}

enum uk_code
uk_adminperson_reset(struct uk_admin *admin, const char *id,
                     struct uk_secret *word, int64_t *expires,
                     struct uk_err *err)
{
    char user[UK_ADMIN_PATH], path[PATH_ROOM];
    struct uk_json *document = NULL;
    enum uk_code code = uk_admin_path(admin, id, user, err);

    if (code == UK_OK) {
        snprintf(path, sizeof(path), "%s/reset_token", user);
        code = uk_admin_call(admin, "POST", path, NULL, &document, err);
    }
    if (code == UK_OK && admin->reply == UK_ADMIN_DONE)
        code = take_word(document, word, expires, err);
    uk_json_free(document);
    return code == UK_OK ? code : uk_err_in(err, "making a token");
}

enum uk_code
uk_adminperson_confirm(struct uk_admin *admin, const char *email,
                       struct uk_err *err)
{
    struct uk_buf path = UK_BUF_UP_TO(PATH_ROOM);
    struct uk_json *document = NULL;
    enum uk_code code;

    uk_buf_addf(&path, "%s/user_registrations/by_email/", admin->app);
    uk_admin_add_escaped(&path, email);
    uk_buf_add_text(&path, "/confirm");
    code = uk_buf_check(&path, err);
    if (code == UK_OK)
        code = uk_admin_call(admin, "POST", uk_buf_peek(&path), NULL, &document,
                             err);
    if (code == UK_OK && admin->reply == UK_ADMIN_CONFIRMED)
        admin->reply = UK_ADMIN_DONE;
    uk_json_free(document);
    uk_buf_clear(&path);
    return code == UK_OK ? code : uk_err_in(err, "confirming the address");
}
