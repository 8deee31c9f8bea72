/* `userkey-server backup`, `restore` and `move`: everything in another
 * place. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "service/command/commands.h"
#include "service/command/copying.h"
#include "service/command/where.h"
#include "service/value/path.h"

#define WHERE_MAX (PATH_MAX + 16)

/* "sqlite:/whole/path" of a file as people type it. */
static enum uk_code
name_file(const char *word, char out[WHERE_MAX], struct uk_err *err)
{
    char path[PATH_MAX];
    enum uk_code code = uk_path_whole(word, path, err);

    if (code == UK_OK)
        snprintf(out, WHERE_MAX, "sqlite:%s", path);
    return code;
}

static enum uk_code
open_trusted(const char *where, enum uk_copy_use use,
             struct uk_copy_source **out, struct uk_err *err)
{
    enum uk_code code = uk_store_trust(where, err);

    return code == UK_OK ? uk_copy_source_open(where, use, out, err) : code;
}

/* Read the database as who owns it, and be who we were again. */
static enum uk_code
read_as_owner(const char *database, struct uk_copying *copying,
              struct uk_err *err)
{
    struct uk_err second = UK_ERR_NONE;
    char folder[PATH_MAX];
    enum uk_code code = UK_OK;

    uk_where_folder(database, folder);
    if (folder[0] != '\0')
        code = uk_where_act_as_owner(folder, err);
    if (code == UK_OK)
        code = open_trusted(database, UK_COPY_LIVE, &copying->source, err);
    if (code == UK_OK)
        code = uk_copying_run(copying, err);
    if (uk_where_act_as_owner("", &second) != UK_OK && code == UK_OK) {
        *err = second;
        code = err->code;
    }
    return code;
}

enum uk_code
uk_command_backup(const struct uk_args *args, struct uk_err *err)
{
    struct uk_copying copying;
    struct uk_config config;
    char file[WHERE_MAX];
    enum uk_code code;

    uk_copying_start(&copying);
    code = uk_where_find(args, &config, err);
    if (code == UK_OK)
        code = name_file(args->word, file, err);
    if (code == UK_OK)
        code = uk_copy_target_open(file, &copying.target, err);
    if (code == UK_OK)
        code = read_as_owner(config.database, &copying, err);
    if (code == UK_OK)
        code = uk_copying_finish(&copying, err);
    uk_copying_stop(&copying);
    if (code == UK_OK)
        uk_copying_say(
            "'%s' has everything but the secrets: 'pepper' and 'signing_key', "
            "which are in '%s', need copies too, apart from it; without the "
            "pepper no key works",
            uk_store_path(file), config.secrets);
    return code;
}

static void
ask_for_secrets(const char *folder)
{
    char path[PATH_MAX];
    struct uk_err err = UK_ERR_NONE;
    struct stat st;

    if (uk_path_join(folder, "pepper", path, &err) == UK_OK &&
        lstat(path, &st) == 0)
        uk_copying_say("the secrets in '%s' must be those of the backup: with "
                       "another pepper no key works",
                       folder);
    else
        uk_copying_say("the secrets are not in a backup: put 'pepper' and "
                       "'signing_key' into '%s'; without that pepper no key "
                       "works",
                       folder);
}

/* A folder that root has made, or made now, is one that the service, which is
 * not root, cannot open. */
static void
ask_for_owner(const char *folder)
{
    struct stat st;

    if (geteuid() == 0 && lstat(folder, &st) == 0 && st.st_uid == 0)
        uk_copying_say("'%s' and the database belong to root: give them to who "
                       "runs the service ('chown -R "
                       "_userkey-server:_userkey-server %s')",
                       folder, folder);
}

/* As `init` does: folders that are missing are ours alone. */
static enum uk_code
make_folders(const char *folder, const char *secrets, struct uk_err *err)
{
    enum uk_code code = UK_OK;

    if (folder[0] != '\0')
        code = uk_file_make_folder(folder, 0700, err);
    return code == UK_OK ? uk_file_make_folder(secrets, 0700, err) : code;
}

/* The backup is opened as who we are, before root becomes the owner of the
 * place where it goes to. */
enum uk_code
uk_command_restore(const struct uk_args *args, struct uk_err *err)
{
    char file[WHERE_MAX], folder[PATH_MAX];
    struct uk_copying copying;
    struct uk_config config;
    enum uk_code code;

    uk_copying_start(&copying);
    code = uk_where_find(args, &config, err);
    if (code == UK_OK)
        code = name_file(args->word, file, err);
    if (code == UK_OK)
        code = open_trusted(file, UK_COPY_FILE, &copying.source, err);
    if (code != UK_OK)
        return code;
    uk_where_folder(config.database, folder);
    if (folder[0] != '\0')
        code = uk_where_become_owner(folder, err);
    if (code == UK_OK)
        code = make_folders(folder, config.secrets, err);
    if (code == UK_OK)
        code = uk_copy_target_open(config.database, &copying.target, err);
    if (code == UK_OK)
        code = uk_copying_run(&copying, err);
    if (code == UK_OK)
        code = uk_copying_finish(&copying, err);
    uk_copying_stop(&copying);
    if (code == UK_OK) {
        ask_for_secrets(config.secrets);
        if (folder[0] != '\0')
            ask_for_owner(folder);
        uk_copying_say("what has ended since the backup was made is good "
                       "again: keys, users, passwords, and sessions, unless "
                       "there is a new 'signing_key'; end it again");
    }
    return code;
}

static enum uk_code
check_url(const char *option, const char *url, struct uk_err *err)
{
    const char *wrong = uk_store_check(url);

    if (wrong != NULL)
        return uk_err_set(err, UK_INVALID, "%s: allowed: %s", option, wrong);
    if (uk_store_has_password(url))
        return uk_err_set(err, UK_INVALID,
                          "%s: everyone on the machine can read a password in "
                          "a command line; it can stand in ~/.pgpass, or in a "
                          "file that passfile= in the address names",
                          option);
    return UK_OK;
}

/* Root becomes the owner of the first of the two that is a file. */
static enum uk_code
become_owner(const char *from, const char *to, struct uk_err *err)
{
    char folder[PATH_MAX];

    uk_where_folder(from, folder);
    if (folder[0] == '\0')
        uk_where_folder(to, folder);
    return folder[0] != '\0' ? uk_where_become_owner(folder, err) : UK_OK;
}

enum uk_code
uk_command_move(const struct uk_args *args, struct uk_err *err)
{
    struct uk_copying copying;
    enum uk_code code;

    uk_copying_start(&copying);
    code = check_url("--from", args->from, err);
    if (code == UK_OK)
        code = check_url("--to", args->to, err);
    if (code == UK_OK && strcmp(args->from, args->to) == 0)
        code = uk_err_set(err, UK_INVALID, "--from and --to are the same");
    if (code == UK_OK)
        code = become_owner(args->from, args->to, err);
    if (code == UK_OK)
        code = open_trusted(args->from, UK_COPY_LIVE, &copying.source, err);
    if (code == UK_OK)
        code = uk_copy_target_open(args->to, &copying.target, err);
    if (code == UK_OK)
        code = uk_copying_run(&copying, err);
    if (code == UK_OK)
        code = uk_copying_finish(&copying, err);
    uk_copying_stop(&copying);
    if (code == UK_OK)
        uk_copying_say("now set 'database' to the new place, and 'secrets' to "
                       "the folder of the secrets, which stay where they are, "
                       "and start the service; the old database is as it was, "
                       "and what still changes there is lost");
    return code;
}
