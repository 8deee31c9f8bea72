/* A new password, by a token that an administrator has handed out. */
#include "core/reset.h"

#include <stdio.h>
#include <string.h>

#include "core/json.h"

#define BODY_MAX  (3 * UK_SECRET_MAX)
#define PATH_ROOM 512
#define ID_MAX    64 /* of the token's id */

static enum uk_code
write_body(const struct uk_secret *word, const struct uk_secret *password,
           struct uk_buf *buf, struct uk_err *err)
{
    struct uk_json_out body = {.buf = buf};
    const char *dot = strchr(uk_secret_peek(word), '.');
    char id[ID_MAX + 1];
    enum uk_code code = uk_api_check_text(word, "token", err);

    if (code == UK_OK)
        code = uk_api_check_text(password, "password", err);
    if (code != UK_OK)
        return code;
    if (dot == NULL || dot[1] == '\0' || dot == uk_secret_peek(word) ||
        dot - uk_secret_peek(word) > ID_MAX)
        return uk_err_set(err, UK_INVALID,
                          "that is not a token as it was handed out: two "
                          "parts with a dot between them");
    snprintf(id, sizeof(id), "%.*s", (int)(dot - uk_secret_peek(word)),
             uk_secret_peek(word));
    uk_json_begin(&body, NULL, '{');
    uk_json_put_text(&body, "tokenId", id);
    uk_json_put_text(&body, "token", dot + 1);
    uk_json_put_text(&body, "password", uk_secret_peek(password));
    uk_json_end(&body, '}');
    return uk_buf_check(buf, err);
}

static enum uk_code
judge(const struct uk_service *service, enum uk_verdict *verdict,
      struct uk_err *err)
{
    if (uk_api_succeeded(service))
        *verdict = UK_GRANTED;
    else if (service->refusal.status == 400)
        *verdict = UK_REFUSED;
    else if (service->refusal.status == 429)
        *verdict = UK_THROTTLED_SERVICE;
    else
        return uk_api_odd(service, err);
    return UK_OK;
}

enum uk_code
uk_reset_password(struct uk_service *service, const struct uk_secret *word,
                  const struct uk_secret *password, enum uk_verdict *verdict,
                  struct uk_err *err)
{
    struct uk_buf body = UK_BUF_UP_TO(BODY_MAX);
    char path[PATH_ROOM];
    const struct uk_api_ask ask = {
        .method = "POST", .path = path, .body = &body};
    struct uk_json *document = NULL;
    enum uk_code code = write_body(word, password, &body, err);

    if (code == UK_OK && snprintf(path, sizeof(path),
                                  "/app/%s/auth/providers/local-userpass/reset",
                                  service->app_id) >= (int)sizeof(path))
        code = uk_err_set(err, UK_INVALID, "the app's id is too long");
    if (code == UK_OK)
        code = uk_api_call(service, &ask, &document, err);
    if (code == UK_OK)
        code = judge(service, verdict, err);
    uk_json_free(document);
    uk_buf_clear(&body);
    return code == UK_OK ? code : uk_err_in(err, "setting the password");
}
