/* Where the value of a new key goes: standard output, or a file. */
#include "tool/keys/target.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "core/json.h"
#include "core/keytext.h"
#include "tool/terminal/language.h"
#include "tool/terminal/out.h"

/* The folder's real name and the file's own. */
static enum uk_code
find_path(const char *given, char path[PATH_MAX], struct uk_err *err)
{
    const char *slash = strrchr(given, '/');
    const char *name = slash != NULL ? slash + 1 : given;
    char folder[PATH_MAX];
    char *real;
    int len;

    if (strlen(given) >= sizeof(folder) || name[0] == '\0')
        return uk_err_set(err, UK_INVALID, _("--out: that is not a file name"));
    snprintf(folder, sizeof(folder), "%.*s",
             slash != NULL ? (int)(slash - given) + 1 : 1,
             slash != NULL ? given : ".");
    real = realpath(folder, NULL);
    if (real == NULL)
        return uk_err_sys(err, errno, _("--out: opening '%s'"), folder);
    len = snprintf(path, PATH_MAX, "%s/%s", strcmp(real, "/") == 0 ? "" : real,
                   name);
    free(real);
    if (len >= PATH_MAX)
        return uk_err_set(err, UK_INVALID, _("--out: the name is too long"));
    return UK_OK;
}

enum uk_code
uk_target_read(const struct uk_target *target, struct uk_secret *out,
               struct uk_err *err)
{
    struct uk_buf text = UK_BUF_UP_TO(UK_SECRET_MAX);
    enum uk_code code = uk_file_read(target->path, UK_FILE_PRIVATE, &text, err);

    if (code == UK_OK && text.len > 0 && text.bytes[text.len - 1] == '\n')
        text.len--;
    if (code == UK_OK && !uk_keytext_check_any((char *)text.bytes, text.len))
        code =
            uk_err_set(err, UK_INVALID,
                       _("--out: there is something else than a key in '%s', "
                         "and it is not overwritten"),
                       target->path);
    if (code == UK_OK)
        code = uk_secret_set(out, (char *)text.bytes, text.len, err);
    uk_buf_clear(&text);
    return code;
}

/* What is overwritten must be a key: a slip of the hand is no loss then. */
static enum uk_code
check_old(const struct uk_target *target, struct uk_err *err)
{
    struct uk_secret old = UK_SECRET_NONE;
    enum uk_code code = uk_target_read(target, &old, err);

    uk_secret_clear(&old);
    return code;
}

static bool
is_there(const char *path)
{
    return access(path, F_OK) == 0 || errno != ENOENT;
}

enum uk_code
uk_target_open(struct uk_target *target, const char *given, bool may_replace,
               bool json, struct uk_err *err)
{
    enum uk_code code;

    *target = (struct uk_target){.replaces = false};
    if (given == NULL)
        return UK_OK;
    code = find_path(given, target->path, err);
    if (code == UK_OK && json && !uk_json_is_text(target->path))
        code =
            uk_err_set(err, UK_INVALID,
                       _("--out: '%s' is no text in UTF-8, which --json needs"),
                       target->path);
    if (code == UK_OK && may_replace && is_there(target->path)) {
        target->replaces = true;
        code = check_old(target, err);
    } else if (code == UK_OK) {
        code = uk_file_create(target->path, "", 0, 0600, err);
    }
    if (code != UK_OK)
        target->path[0] = '\0';
    return code;
}

void
uk_target_drop(const struct uk_target *target)
{
    if (target->path[0] != '\0' && !target->replaces &&
        unlink(target->path) != 0 && errno != ENOENT)
        uk_out_note(_("'%s' is left behind"), target->path);
}

/* In place of the empty file.  In a folder like /tmp somebody else may be
 * quicker; then this fails, as it should. */
static enum uk_code
put_in_place(const struct uk_target *target, const struct uk_buf *text,
             struct uk_err *err)
{
    if (target->replaces)
        return uk_file_replace(target->path, text->bytes, text->len, 0600, err);
    if (unlink(target->path) != 0)
        return uk_err_sys(err, errno, _("replacing '%s'"), target->path);
    return uk_file_create(target->path, text->bytes, text->len, 0600, err);
}

/* What cannot be read may be anything. */
static bool
may_hold(const struct uk_target *target, const struct uk_buf *text)
{
    struct uk_buf there = UK_BUF_UP_TO(UK_SECRET_MAX);
    struct uk_err ignored = UK_ERR_NONE;
    bool holds = uk_file_read(target->path, UK_FILE_PRIVATE, &there,
                              &ignored) != UK_OK ||
                 (there.len == text->len &&
                  memcmp(there.bytes, text->bytes, text->len) == 0);

    uk_buf_clear(&there);
    return holds;
}

enum uk_code
uk_target_fill(const struct uk_target *target, const struct uk_secret *value,
               bool *arrived, struct uk_err *err)
{
    struct uk_buf text = UK_BUF_UP_TO(UK_SECRET_MAX);
    enum uk_code code;

    uk_buf_add_text(&text, uk_secret_peek(value));
    uk_buf_add_byte(&text, '\n');
    code = uk_buf_check(&text, err);
    if (code == UK_OK) {
        code = put_in_place(target, &text, err);
        *arrived =
            code == UK_OK || (target->replaces && may_hold(target, &text));
    }
    uk_buf_clear(&text);
    return code;
}
