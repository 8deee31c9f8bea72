/* userkey user: who there is, for an administrator. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/adminperson.h"
#include "core/json.h"
#include "core/str.h"
#include "tool/command/commands.h"
#include "tool/keys/find.h"
#include "tool/talk/talk.h"
#include "tool/terminal/ask.h"
#include "tool/terminal/language.h"
#include "tool/terminal/out.h"
#include "tool/terminal/table.h"

#define USERS_MAX  1000000 /* most users that one list has */
#define LIST_MAX   (512UL << 20)
#define WITH_STDIN "give --password-stdin"

static const char *const heads[] = {N_("ID"), N_("EMAIL"), N_("STATE"),
                                    N_("CREATED")};
#define COLUMNS UK_COUNT(heads)

#define NAME_SIZE (UK_KEYS_NAME + sizeof("server:"))

/* What is done to each of the words of the command line. */
struct verb {
    const char *name;
    const char *done; /* the word when it is */
    bool asks;        /* it cannot be undone */
    bool of_email;    /* not of the user, but of the address */
    enum uk_admin_change change;
};

static void
put_user(struct uk_json_out *json, const struct uk_admin_user *user)
{
    uk_json_begin(json, NULL, '{');
    uk_json_put_text(json, "id", user->id);
    uk_json_put_text(json, "type", user->server ? "server" : "normal");
    if (user->server)
        uk_json_put_text(json, "name", user->name);
    uk_json_put_text(json, "email", user->email);
    uk_json_put_bool(json, "disabled", user->disabled);
    uk_json_put_int(json, "created", user->created);
    uk_json_end(json, '}');
}

/* Who it is, in the column of addresses, in which no address is like it. */
static const char *
show_name(const struct uk_admin_user *user, char room[NAME_SIZE])
{
    if (!user->server)
        return user->email[0] != '\0' ? user->email : "-";
    snprintf(room, NAME_SIZE, "server:%s", user->name);
    return room;
}

static enum uk_code
add_table(struct uk_tool *tool, const struct uk_admin_user *user, size_t count)
{
    const char **cells = calloc(count * COLUMNS, sizeof(*cells));
    struct {
        char name[NAME_SIZE], date[UK_OUT_DATE];
    } *room = calloc(count, sizeof(*room));
    enum uk_code code = UK_OK;

    if (cells == NULL || room == NULL)
        code = uk_err_set(&tool->err, UK_NO_MEMORY, _("no memory for a table"));
    for (size_t i = 0; i < count && code == UK_OK; i++) {
        cells[i * COLUMNS] = user[i].id;
        cells[i * COLUMNS + 1] = show_name(&user[i], room[i].name);
        cells[i * COLUMNS + 2] = user[i].disabled ? "disabled" : "enabled";
        cells[i * COLUMNS + 3] = uk_out_date(user[i].created, room[i].date);
    }
    if (code == UK_OK)
        code =
            uk_table_add(&tool->out, heads, COLUMNS, cells, count, &tool->err);
    free(room);
    free(cells);
    return code;
}

static enum uk_code
show(struct uk_tool *tool, const struct uk_admin_user *user)
{
    struct uk_json_out json = {.buf = &tool->out};

    if (!tool->args.json)
        return add_table(tool, user, 1);
    put_user(&json, user);
    uk_buf_add_byte(&tool->out, '\n');
    return UK_OK;
}

/* One page more; *out grows and stays the caller's.  The end is a page with
 * nobody on it. */
static enum uk_code
append(struct uk_admin_user **out, size_t *count,
       const struct uk_admin_user *page, size_t n, struct uk_err *err)
{
    struct uk_admin_user *more;

    if (*count > 0 && strcmp(page[n - 1].id, (*out)[*count - 1].id) <= 0)
        return uk_err_set(err, UK_BAD_ANSWER, _("the service repeats itself"));
    if (*count + n > USERS_MAX)
        return uk_err_set(err, UK_BAD_ANSWER, _("there are more than %d users"),
                          USERS_MAX);
    more = reallocarray(*out, *count + n, sizeof(*more));
    if (more == NULL)
        return uk_err_set(err, UK_NO_MEMORY, _("no memory for so many users"));
    memcpy(more + *count, page, n * sizeof(*page));
    *out = more;
    *count += n;
    return UK_OK;
}

static enum uk_exit
fetch_all(struct uk_tool *tool, struct uk_talk *talk,
          struct uk_admin_user **out, size_t *count)
{
    struct uk_admin_user *page = calloc(UK_ADMIN_PAGE, sizeof(*page));
    enum uk_exit status = UK_EXIT_DONE;
    size_t n = 1;

    if (page == NULL) {
        uk_err_set(&tool->err, UK_NO_MEMORY,
                   _("no memory for a page of users"));
        return uk_talk_failed_admin(&tool->err);
    }
    while (n > 0 && status == UK_EXIT_DONE) {
        const char *after = *count > 0 ? (*out)[*count - 1].id : "";
        enum uk_code code = uk_admin_page(uk_talk_next_admin(talk), after, page,
                                          &n, &tool->err);

        if (code == UK_OK && talk->admin.reply == UK_ADMIN_DONE && n > 0)
            code = append(out, count, page, n, &tool->err);
        status = uk_talk_check_admin(talk, code, "list", &tool->err);
    }
    free(page);
    return status;
}

static enum uk_exit
list(struct uk_tool *tool, struct uk_talk *talk)
{
    struct uk_json_out json = {.buf = &tool->out};
    struct uk_admin_user *users = NULL;
    size_t count = 0;
    enum uk_exit status = fetch_all(tool, talk, &users, &count);

    if (status != UK_EXIT_DONE)
        goto out;
    tool->out.max = LIST_MAX;
    if (tool->args.json) {
        uk_json_begin(&json, NULL, '[');
        for (size_t i = 0; i < count; i++)
            put_user(&json, &users[i]);
        uk_json_end(&json, ']');
        uk_buf_add_byte(&tool->out, '\n');
    } else if (count == 0) {
        uk_out_note(_("no users yet; 'userkey user add EMAIL' makes one"));
    } else if (add_table(tool, users, count) != UK_OK) {
        status = uk_talk_failed_admin(&tool->err);
    }
out:
    free(users);
    return status;
}

static enum uk_exit
add(struct uk_tool *tool, struct uk_talk *talk)
{
    const char *email = tool->args.word[1];
    struct uk_secret password = UK_SECRET_NONE;
    struct uk_admin_user user = {.server = false};
    enum uk_exit status;
    enum uk_code code;

    code = tool->args.password_stdin
               ? uk_ask_stdin(&password, &tool->err)
               : uk_ask_secret(_("Password of the new user: "), WITH_STDIN,
                               &password, &tool->err);
    if (code == UK_OK)
        code = uk_admin_add(uk_talk_next_admin(talk), email, &password, &user,
                            &tool->err);
    status = uk_talk_check_admin(talk, code, email, &tool->err);
    if (status == UK_EXIT_DONE && show(tool, &user) != UK_OK)
        status = uk_talk_failed_admin(&tool->err);
    if (status == UK_EXIT_DONE && !tool->args.json &&
        uk_out_next(
            &tool->out, &tool->err,
            _("'userkey login --email %s' and 'userkey create NAME' make "
              "a key; with a line 'ACCOUNT id:%s' in "
              "'/etc/userkey/users' it logs in there"),
            email, user.id) != UK_OK)
        status = uk_talk_failed_admin(&tool->err);
    uk_secret_clear(&password);
    return status;
}

static enum uk_exit
show_one(struct uk_tool *tool, struct uk_talk *talk)
{
    const char *who = tool->args.word[1];
    struct uk_admin_user user = {.server = false};
    enum uk_exit status;
    enum uk_code code;

    code = uk_admin_find(uk_talk_next_admin(talk), who, &user, &tool->err);
    status = uk_talk_check_admin(talk, code, who, &tool->err);
    if (status == UK_EXIT_DONE && show(tool, &user) != UK_OK)
        status = uk_talk_failed_admin(&tool->err);
    return status;
}

static enum uk_code
ask(const struct uk_args *args, struct uk_err *err)
{
    struct uk_buf question = UK_BUF_UP_TO(UK_OUT_MAX);
    char shown[UK_PRINTABLE_SIZE];
    enum uk_code code;

    if (args->yes)
        return UK_OK;
    uk_buf_add_text(&question, _("Delete for good, with all keys,"));
    for (size_t i = 1; i < args->n_words; i++)
        uk_buf_addf(
            &question, "%s '%s'", i > 1 ? "," : "",
            uk_str_printable(shown, args->word[i], strlen(args->word[i])));
    uk_buf_add_text(&question,
                    _("? ('userkey user disable' can be undone.) [y/N] "));
    code = uk_buf_check(&question, err);
    if (code == UK_OK)
        code = uk_ask_yes(uk_buf_peek(&question), err);
    uk_buf_clear(&question);
    return code;
}

static enum uk_exit
change_one(struct uk_tool *tool, struct uk_talk *talk, const struct verb *verb,
           const char *who, struct uk_admin_user *user)
{
    enum uk_exit status;
    enum uk_code code;

    code = uk_admin_find(uk_talk_next_admin(talk), who, user, &tool->err);
    status = uk_talk_check_admin(talk, code, who, &tool->err);
    if (status != UK_EXIT_DONE)
        return status;
    if (verb->of_email && user->email[0] == '\0') {
        uk_out_error(_("user '%s' has no address to log in with"), user->id);
        return UK_EXIT_NOT_FOUND;
    }
    code = verb->of_email ? uk_adminperson_confirm(uk_talk_next_admin(talk),
                                                   user->email, &tool->err)
                          : uk_admin_set(uk_talk_next_admin(talk), user->id,
                                         verb->change, &tool->err);
    return uk_talk_check_admin(talk, code, who, &tool->err);
}

static void
put_result(struct uk_json_out *json, const char *who,
           const struct uk_admin_user *user, const char *result)
{
    char shown[UK_PRINTABLE_SIZE];

    uk_json_begin(json, NULL, '{');
    uk_json_put_text(json, "given", uk_str_printable(shown, who, strlen(who)));
    if (user->id[0] != '\0')
        uk_json_put_text(json, "id", user->id);
    uk_json_put_text(json, "result", result);
    uk_json_end(json, '}');
}

/* Each in turn; the first that went wrong gives the exit status. */
static enum uk_exit
change_all(struct uk_tool *tool, struct uk_talk *talk, const struct verb *verb)
{
    struct uk_json_out json = {.buf = &tool->out};
    enum uk_exit worst = UK_EXIT_DONE;

    if (verb->asks && ask(&tool->args, &tool->err) != UK_OK)
        return uk_talk_failed_admin(&tool->err);
    if (tool->args.json)
        uk_json_begin(&json, NULL, '[');
    for (size_t i = 1; i < tool->args.n_words; i++) {
        const char *who = tool->args.word[i];
        struct uk_admin_user user = {.id = ""};
        enum uk_exit status = change_one(tool, talk, verb, who, &user);
        bool done = status == UK_EXIT_DONE;
        char name[NAME_SIZE];

        if (worst == UK_EXIT_DONE)
            worst = status;
        if (tool->args.json)
            put_result(&json, who, &user,
                       done ? verb->done : uk_status_word(status));
        else if (done)
            uk_buf_addf(&tool->out, "%s\t%s\t%s\n", user.id,
                        show_name(&user, name), verb->done);
    }
    if (tool->args.json) {
        uk_json_end(&json, ']');
        uk_buf_add_byte(&tool->out, '\n');
    }
    return worst;
}

static const struct verb verbs[] = {
    {"enable", "enabled", false, false, UK_ADMIN_ENABLE},
    {"disable", "disabled", false, false, UK_ADMIN_DISABLE},
    {"logout", "logged-out", false, false, UK_ADMIN_LOGOUT},
    {"delete", "deleted", true, false, UK_ADMIN_DELETE},
    {"confirm", "confirmed", false, true, UK_ADMIN_ENABLE},
};

static const struct {
    const char *name;
    size_t words; /* with its own */
    enum uk_exit (*run)(struct uk_tool *tool, struct uk_talk *talk);
} actions[] = {
    {"add", 2, add},
    {"list", 1, list},
    {"show", 2, show_one},
    {"reset-token", 2, uk_cmd_reset_token},
};

static enum uk_exit
refuse(const char *what)
{
    char shown[UK_PRINTABLE_SIZE];

    uk_out_error(_("user: '%s' with these words is not one of add EMAIL, list, "
                   "show WHO, enable WHO..., disable WHO..., logout WHO..., "
                   "delete WHO..., confirm WHO..., reset-token WHO%s"),
                 uk_str_printable(shown, what, strlen(what)),
                 strcmp(what, "password") == 0
                     ? _("; 'userkey-server user password' is on the service's "
                         "machine")
                     : "");
    return UK_EXIT_USAGE;
}

static enum uk_exit
run(struct uk_tool *tool, struct uk_talk *talk)
{
    const char *name = tool->args.word[0];
    size_t words = tool->args.n_words;
    enum uk_exit (*action)(struct uk_tool *, struct uk_talk *) = NULL;
    const struct verb *verb = NULL;
    enum uk_exit status;

    for (size_t i = 0; i < UK_COUNT(actions); i++) {
        if (strcmp(name, actions[i].name) == 0 && words == actions[i].words)
            action = actions[i].run;
    }
    for (size_t i = 0; i < UK_COUNT(verbs); i++) {
        if (strcmp(name, verbs[i].name) == 0 && words > 1)
            verb = &verbs[i];
    }
    if (action == NULL && verb == NULL)
        return refuse(name);
    status = uk_talk_open_admin(talk, &tool->args, &tool->err);
    if (status != UK_EXIT_DONE)
        return status;
    return action != NULL ? action(tool, talk) : change_all(tool, talk, verb);
}

enum uk_exit
uk_cmd_user(struct uk_tool *tool)
{
    struct uk_talk talk = {.https = NULL};
    enum uk_exit status;

    for (size_t i = 0; i < tool->args.n_words; i++) {
        if (uk_find_is_secret(tool->args.word[i]))
            return UK_EXIT_USAGE;
    }
    status = run(tool, &talk);
    uk_talk_close(&talk);
    return status;
}
