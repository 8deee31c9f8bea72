/*
 * userkey askpass: the key for a program that asks for it (SSH_ASKPASS,
 * SUDO_ASKPASS), and for nothing else that it may ask.
 */
#include <string.h>

#include "core/settings.h"
#include "core/str.h"
#include "tool/command/commands.h"
#include "tool/keys/askhosts.h"
#include "tool/keys/find.h"
#include "tool/keys/keysource.h"
#include "tool/talk/talk.h"
#include "tool/terminal/language.h"
#include "tool/terminal/out.h"

#define PROMPT "User API key:" /* where no setting says otherwise */

static size_t
len_without_end(const char *text)
{
    size_t len = strlen(text);

    while (len > 0 && text[len - 1] == ' ')
        len--;
    return len;
}

static bool
is_equal(const char *a, const char *b)
{
    size_t len = len_without_end(a);

    return len > 0 && len == len_without_end(b) && memcmp(a, b, len) == 0;
}

/* Is it the question of a machine's module: as that machine's settings have
 * it, or as it is unless they say otherwise? */
static bool
is_ours(const char *question, const char *wanted)
{
    struct uk_settings settings;
    struct uk_err ignored = UK_ERR_NONE;

    if (wanted != NULL && is_equal(question, wanted))
        return true;
    question = uk_askhosts_skip(question);
    if (wanted != NULL)
        return is_equal(question, wanted);
    return is_equal(question, PROMPT) ||
           (uk_settings_load(UK_SETTINGS_FILE, &settings, &ignored) == UK_OK &&
            is_equal(question, settings.prompt));
}

enum uk_exit
uk_cmd_askpass(struct uk_tool *tool)
{
    const char *question = tool->args.word[0];
    struct uk_secret key = UK_SECRET_NONE;
    char shown[UK_PRINTABLE_SIZE];
    enum uk_code code;

    if (uk_find_is_secret(question))
        return UK_EXIT_USAGE;
    if (!is_ours(question, tool->args.prompt)) {
        uk_out_error(
            _("askpass: this does not ask for a user API key, and gets "
              "no answer: '%s'"),
            uk_str_printable(shown, question, strlen(question)));
        return UK_EXIT_FAILED;
    }
    code = uk_askhosts_check(question, tool->args.host, &tool->err);
    if (code == UK_OK)
        code = uk_keysource_read(tool->args.file, &key, &tool->err);
    if (code == UK_OK)
        uk_buf_addf(&tool->out, "%s\n", uk_secret_peek(&key));
    else
        uk_out_error(_("askpass: %s"), tool->err.text);
    uk_secret_clear(&key);
    return code == UK_OK ? UK_EXIT_DONE : UK_EXIT_FAILED;
}
