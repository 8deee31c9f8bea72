/* userkey create: a new key, whose value is shown once. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "core/json.h"
#include "core/str.h"
#include "tool/command.h"
#include "tool/find.h"
#include "tool/out.h"
#include "tool/talk.h"

/* Where the value goes, decided and proved before the key is made: a key
 * whose value is lost is of no use to anyone, and one of few. */
struct target {
    char path[PATH_MAX]; /* of --out, absolute; "" for standard output */
};

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
        return uk_err_set(err, UK_INVALID, "--out: that is not a file name");
    snprintf(folder, sizeof(folder), "%.*s",
             slash != NULL ? (int)(slash - given) + 1 : 1,
             slash != NULL ? given : ".");
    real = realpath(folder, NULL);
    if (real == NULL)
        return uk_err_sys(err, errno, "--out: opening '%s'", folder);
    len = snprintf(path, PATH_MAX, "%s/%s", strcmp(real, "/") == 0 ? "" : real,
                   name);
    free(real);
    if (len >= PATH_MAX)
        return uk_err_set(err, UK_INVALID, "--out: the name is too long");
    return UK_OK;
}

/* An empty file of ours takes the place; what is there already is not
 * touched. */
static enum uk_code
open_target(const char *given, bool json, struct target *target,
            struct uk_err *err)
{
    enum uk_code code;

    target->path[0] = '\0';
    if (given == NULL)
        return UK_OK;
    code = find_path(given, target->path, err);
    if (code == UK_OK && json && !uk_json_is_text(target->path))
        code = uk_err_set(err, UK_INVALID,
                          "--out: '%s' is no text in UTF-8, which --json needs",
                          target->path);
    if (code == UK_OK)
        code = uk_file_create(target->path, "", 0, 0600, err);
    if (code != UK_OK)
        target->path[0] = '\0';
    return code;
}

static void
drop_target(const struct target *target)
{
    if (target->path[0] != '\0' && unlink(target->path) != 0 && errno != ENOENT)
        uk_out_note("'%s' is left behind", target->path);
}

static void
put_key(struct uk_tool *tool, const struct target *target,
        const struct uk_key *key, const struct uk_secret *value)
{
    struct uk_json_out json = {.buf = &tool->out};

    uk_json_begin(&json, NULL, '{');
    uk_json_put_text(&json, "id", key->id);
    uk_json_put_text(&json, "name", key->name);
    uk_json_put_bool(&json, "disabled", key->disabled);
    if (key->user_id[0] != '\0')
        uk_json_put_text(&json, "user_id", key->user_id);
    if (target->path[0] != '\0')
        uk_json_put_text(&json, "file", target->path);
    else
        uk_json_put_text(&json, "key", uk_secret_peek(value));
    uk_json_end(&json, '}');
    uk_buf_add_byte(&tool->out, '\n');
}

/* In place of the empty file.  In a folder like /tmp somebody else may be
 * quicker; then this fails, as it should. */
static enum uk_code
fill_target(const struct target *target, const struct uk_secret *value,
            struct uk_err *err)
{
    struct uk_buf text = UK_BUF_UP_TO(UK_SECRET_MAX);
    enum uk_code code;

    uk_buf_add_text(&text, uk_secret_peek(value));
    uk_buf_add_byte(&text, '\n');
    code = uk_buf_check(&text, err);
    if (code == UK_OK && unlink(target->path) != 0)
        code = uk_err_sys(err, errno, "replacing '%s'", target->path);
    if (code == UK_OK)
        code = uk_file_create(target->path, text.bytes, text.len, 0600, err);
    uk_buf_clear(&text);
    return code;
}

/* The notice comes first, so that the value is the last thing that is seen. */
static enum uk_code
hand_over(struct uk_tool *tool, const struct target *target,
          const struct uk_key *key, const struct uk_secret *value)
{
    bool in_file = target->path[0] != '\0';
    const char *user = key->user_id;
    enum uk_code code = UK_OK;

    if (!tool->args.raw && !tool->args.json)
        uk_out_note("key '%s' (%s) is made%s%s%s; %s%s%s", key->name, key->id,
                    user[0] != '\0' ? " for user '" : "", user,
                    user[0] != '\0' ? "'" : "",
                    in_file ? "its value is in '" : "this is its value, which ",
                    in_file ? target->path : "nobody can show a second time",
                    in_file ? "' and nowhere else" : ":");
    if (in_file)
        code = fill_target(target, value, &tool->err);
    if (tool->args.json)
        put_key(tool, target, key, value);
    else if (!in_file)
        uk_buf_addf(&tool->out, "%s\n", uk_secret_peek(value));
    return code == UK_OK ? uk_out_flush(&tool->out, &tool->err) : code;
}

/* A key that nobody has the value of is deleted again. */
static void
take_back(struct uk_talk *talk, const struct uk_key *key)
{
    struct uk_err err = UK_ERR_NONE;

    if (uk_keys_delete(uk_talk_next_keys(talk), key->id, &err) == UK_OK &&
        talk->keys.reply == UK_KEYS_DONE)
        uk_out_note("the key has been deleted again");
    else
        uk_out_note("the key '%s' (%s) is there and its value is lost; "
                    "'userkey delete %s' removes it",
                    key->name, key->id, key->id);
}

static enum uk_exit
create(struct uk_tool *tool, struct uk_talk *talk, const struct target *target)
{
    const char *name = tool->args.word[0];
    struct uk_secret value = UK_SECRET_NONE;
    struct uk_key key;
    enum uk_exit status;
    enum uk_code code;

    code =
        uk_keys_create(uk_talk_next_keys(talk), name, &key, &value, &tool->err);
    status = uk_talk_check(talk, code, name, &tool->err);
    if (status == UK_EXIT_DONE &&
        hand_over(tool, target, &key, &value) != UK_OK) {
        status = uk_talk_failed(&tool->err);
        take_back(talk, &key);
    }
    uk_secret_clear(&value);
    return status;
}

enum uk_exit
uk_cmd_create(struct uk_tool *tool)
{
    struct uk_talk talk = {.https = NULL};
    struct target target;
    enum uk_exit status;

    if (tool->args.raw && (tool->args.json || tool->args.out != NULL)) {
        uk_out_error("--raw goes with neither --json nor --out");
        return UK_EXIT_USAGE;
    }
    if (uk_find_is_secret(tool->args.word[0]))
        return UK_EXIT_USAGE;
    if (tool->args.word[0][0] == '\0') /* what is allowed, the service says */
        return uk_talk_bad_name(tool->args.word[0]);
    status = uk_talk_open_keys(&talk, &tool->args, &tool->err);
    if (status == UK_EXIT_DONE && open_target(tool->args.out, tool->args.json,
                                              &target, &tool->err) != UK_OK)
        status = uk_talk_failed(&tool->err);
    if (status == UK_EXIT_DONE) {
        status = create(tool, &talk, &target);
        if (status != UK_EXIT_DONE)
            drop_target(&target);
    }
    uk_talk_close(&talk);
    return status;
}
