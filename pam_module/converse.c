/* Prompts and messages through the host; an answer becomes a secret at once. */
#include "pam_module/converse.h"

#include <stdlib.h>
#include <string.h>

/* The host wrote it, malloc'ed; its memory is ours to wipe and free. */
static void
drop_answer(struct pam_response *answer)
{
    if (answer == NULL)
        return;
    if (answer->resp != NULL)
        uk_wipe(answer->resp, strlen(answer->resp));
    free(answer->resp);
    free(answer);
}

/* One message; *answer may be NULL after UK_OK too, as hosts go. */
static enum uk_code
converse(pam_handle_t *pamh, int style, const char *text,
         struct pam_response **answer, struct uk_err *err)
{
    const struct pam_message message = {.msg_style = style, .msg = text};
    const struct pam_message *messages = &message;
    const struct pam_conv *conv;
    const void *item = NULL;
    int status = pam_get_item(pamh, PAM_CONV, &item);

    conv = item;
    if (status != PAM_SUCCESS || conv == NULL || conv->conv == NULL)
        return uk_err_set(err, UK_CANCELLED,
                          "the program has no conversation function");
    *answer = NULL;
    status = conv->conv(1, &messages, answer, conv->appdata_ptr);
    if (status == PAM_SUCCESS)
        return UK_OK;
    /* After a failure the pointer is not looked at: some hosts have freed
     * what it points to. */
    *answer = NULL;
    return uk_err_set(err, UK_CANCELLED,
                      "the program's conversation failed with PAM code %d",
                      status);
}

static enum uk_code
take(const char *text, struct uk_typed *out, struct uk_err *err)
{
    size_t len = strlen(text);
    bool cut = len > UK_SECRET_MAX;
    /* Cut, it is as far from any key as it was, and junk stays junk. */
    enum uk_code code =
        uk_secret_set(&out->text, text, cut ? UK_SECRET_MAX : len, err);

    if (code == UK_OK)
        out->cut = cut;
    return code;
}

enum uk_code
uk_converse_ask(pam_handle_t *pamh, const char *prompt, struct uk_typed *out,
                struct uk_err *err)
{
    struct pam_response *answer = NULL;
    enum uk_code code =
        converse(pamh, PAM_PROMPT_ECHO_OFF, prompt, &answer, err);

    if (code == UK_OK && (answer == NULL || answer->resp == NULL))
        code = uk_err_set(err, UK_CANCELLED, "the prompt got no answer");
    else if (code == UK_OK)
        code = take(answer->resp, out, err);
    drop_answer(answer);
    return code;
}

enum uk_code
uk_converse_reuse(pam_handle_t *pamh, struct uk_typed *out, bool *found,
                  struct uk_err *err)
{
    const void *item = NULL;
    int status = pam_get_item(pamh, PAM_AUTHTOK, &item);

    *found = status == PAM_SUCCESS && item != NULL;
    return *found ? take(item, out, err) : UK_OK;
}

enum uk_code
uk_converse_leave(pam_handle_t *pamh, const struct uk_typed *typed,
                  struct uk_err *err)
{
    int status = pam_set_item(pamh, PAM_AUTHTOK, uk_secret_peek(&typed->text));

    if (status == PAM_SUCCESS)
        return UK_OK;
    return uk_err_set(err, status == PAM_BUF_ERR ? UK_NO_MEMORY : UK_SYSTEM,
                      "setting PAM_AUTHTOK failed with PAM code %d", status);
}

void
uk_converse_tell(pam_handle_t *pamh, int flags, const char *text)
{
    struct uk_err unheard = UK_ERR_NONE;
    struct pam_response *answer = NULL;

    if ((flags & PAM_SILENT) != 0)
        return;
    if (converse(pamh, PAM_ERROR_MSG, text, &answer, &unheard) == UK_OK)
        drop_answer(answer);
}

void
uk_typed_clear(struct uk_typed *typed)
{
    uk_secret_clear(&typed->text);
    typed->cut = false;
}
