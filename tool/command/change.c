/* userkey enable, disable, expire, delete: the same for one key or several. */
#include <string.h>

#include "core/json.h"
#include "core/str.h"
#include "tool/command/commands.h"
#include "tool/keys/find.h"
#include "tool/talk/talk.h"
#include "tool/terminal/ask.h"
#include "tool/terminal/language.h"
#include "tool/terminal/out.h"
#include "tool/terminal/table.h"
#include "tool/terminal/when.h"

struct change {
    const char *done; /* the word when it is */
    enum uk_code (*run)(struct uk_keys *keys, const char *id,
                        struct uk_err *err); /* or NULL: it gets this expiry */
    struct uk_expiry expiry;
    bool asks; /* it cannot be undone */
};

/* What came of each word of the command line. */
struct result {
    const char *word;         /* borrowed */
    const struct uk_key *key; /* borrowed; NULL for one that is not there */
    enum uk_exit status;
};

/* The first that went wrong gives the exit status. */
static enum uk_exit
worst_of(const struct result *results, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (results[i].status != UK_EXIT_DONE)
            return results[i].status;
    }
    return UK_EXIT_DONE;
}

/* One question for all of them, on a terminal; without one, --yes. */
static enum uk_code
ask(const struct uk_args *args, const struct result *results, size_t count,
    struct uk_err *err)
{
    struct uk_buf question = UK_BUF_UP_TO(UK_OUT_MAX);
    size_t n = 0;
    enum uk_code code;

    if (args->yes)
        return UK_OK;
    uk_buf_add_text(&question, _("Delete for good"));
    for (size_t i = 0; i < count; i++) {
        if (results[i].key == NULL)
            continue;
        uk_buf_addf(&question, "%s '%s' (%s)", n > 0 ? "," : "",
                    results[i].key->name, results[i].key->id);
        n++;
    }
    uk_buf_addf(&question, _("? ('%s disable' can be undone.) [y/N] "),
                uk_find_command(args));
    code = uk_buf_check(&question, err);
    if (code == UK_OK && n > 0)
        code = uk_ask_yes(uk_buf_peek(&question), err);
    uk_buf_clear(&question);
    return code;
}

/* Does it still let nobody in, by the service's word of this moment?  So that a
 * key that somebody has taken back into use is not deleted. */
static enum uk_exit
check_over(struct uk_tool *tool, struct uk_talk *talk,
           const struct result *result)
{
    struct uk_key key;
    enum uk_code code = uk_keys_fetch(uk_talk_next_keys(talk), result->key->id,
                                      &key, &tool->err);
    enum uk_exit status = uk_talk_check(talk, code, result->word, &tool->err);

    if (status != UK_EXIT_DONE ||
        (talk->service.refusal.date > 0 &&
         uk_when_over_for(&key, talk->service.refusal.date,
                          tool->args.over_for_s)))
        return status;
    uk_out_error(
        _("key '%s' (%s) has been changed meanwhile, and is not deleted"),
        key.name, key.id);
    return UK_EXIT_CONFLICT;
}

static void
run_each(struct uk_tool *tool, struct uk_talk *talk,
         const struct change *change, struct result *results, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        enum uk_code code;

        if (results[i].key == NULL)
            continue;
        if (tool->args.only_over) {
            results[i].status = check_over(tool, talk, &results[i]);
            if (results[i].status != UK_EXIT_DONE)
                continue;
        }
        code = change->run != NULL
                   ? change->run(uk_talk_next_keys(talk), results[i].key->id,
                                 &tool->err)
                   : uk_keys_expire(uk_talk_next_keys(talk), results[i].key->id,
                                    change->expiry, &tool->err);
        results[i].status =
            uk_talk_check(talk, code, results[i].word, &tool->err);
    }
}

static void
put_results(struct uk_buf *out, const struct change *change,
            const struct result *results, size_t count)
{
    struct uk_json_out json = {.buf = out};
    char shown[UK_PRINTABLE_SIZE];

    uk_json_begin(&json, NULL, '[');
    for (size_t i = 0; i < count; i++) {
        const struct result *one = &results[i];

        uk_json_begin(&json, NULL, '{');
        uk_json_put_text(&json, "given",
                         uk_str_printable(shown, one->word, strlen(one->word)));
        if (one->key != NULL) {
            uk_json_put_text(&json, "id", one->key->id);
            uk_json_put_text(&json, "name", one->key->name);
        }
        uk_json_put_text(&json, "result",
                         one->status == UK_EXIT_DONE
                             ? change->done
                             : uk_status_word(one->status));
        uk_json_end(&json, '}');
    }
    uk_json_end(&json, ']');
    uk_buf_add_byte(out, '\n');
}

/* What failed stands on standard error already. */
static enum uk_code
list_results(struct uk_buf *out, const struct change *change,
             const struct result *results, size_t count, struct uk_err *err)
{
    const char *cells[3 * UK_KEYS_MAX];
    size_t n = 0;

    for (size_t i = 0; i < count; i++) {
        if (results[i].status != UK_EXIT_DONE)
            continue;
        cells[n++] = results[i].key->id;
        cells[n++] = results[i].key->name;
        cells[n++] = change->done;
    }
    return uk_table_add(out, NULL, 3, cells, n / 3, err);
}

static enum uk_exit
report(struct uk_tool *tool, const struct change *change,
       const struct result *results, size_t count)
{
    if (tool->args.json)
        put_results(&tool->out, change, results, count);
    else if (list_results(&tool->out, change, results, count, &tool->err) !=
             UK_OK)
        return uk_talk_failed(&tool->err);
    return worst_of(results, count);
}

/* The same word, or another for the same key? */
static bool
is_there(const struct result *results, size_t count, const struct result *one)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(results[i].word, one->word) == 0 ||
            (one->key != NULL && results[i].key == one->key))
            return true;
    }
    return false;
}

/* What the words mean, each key and each word once; how many there are. */
static size_t
find_all(const struct uk_find *find, const struct uk_args *args,
         struct result *results)
{
    size_t n = 0;

    for (size_t i = 0; i < args->n_words; i++) {
        struct result one = {.word = args->word[i]};

        if (is_there(results, n, &one))
            continue;
        one.status = uk_find_key(find, args, one.word, &one.key);
        if (one.key == NULL || !is_there(results, n, &one))
            results[n++] = one;
    }
    return n;
}

static enum uk_exit
change_all(struct uk_tool *tool, struct uk_talk *talk,
           const struct change *change, struct result *results)
{
    size_t count;
    struct uk_find find = {.key = NULL};
    enum uk_exit status;
    enum uk_code code;

    code = uk_keys_list(uk_talk_next_keys(talk), &find.key, &find.count,
                        &tool->err);
    status = uk_talk_check(talk, code, tool->args.word[0], &tool->err);
    if (status != UK_EXIT_DONE)
        goto out;
    count = find_all(&find, &tool->args, results);
    if (change->asks && ask(&tool->args, results, count, &tool->err) != UK_OK) {
        status = uk_talk_failed(&tool->err);
        goto out;
    }
    run_each(tool, talk, change, results, count);
    status = report(tool, change, results, count);
out:
    uk_find_clear(&find);
    return status;
}

static enum uk_exit
change_keys(struct uk_tool *tool, const struct change *change)
{
    struct uk_talk talk = {.https = NULL};
    struct result results[UK_KEYS_MAX] = {{.word = NULL}};
    enum uk_exit status;

    if (tool->args.n_words > UK_KEYS_MAX) {
        uk_out_error(_("more than %d keys at once"), UK_KEYS_MAX);
        return UK_EXIT_USAGE;
    }
    for (size_t i = 0; i < tool->args.n_words; i++) {
        if (uk_find_is_secret(tool->args.word[i]))
            return UK_EXIT_USAGE;
    }
    status = uk_talk_open_keys(&talk, &tool->args, &tool->err);
    if (status == UK_EXIT_DONE)
        status = change_all(tool, &talk, change, results);
    uk_talk_close(&talk);
    return status;
}

enum uk_exit
uk_cmd_enable(struct uk_tool *tool)
{
    static const struct change change = {.done = "enabled",
                                         .run = uk_keys_enable};

    return change_keys(tool, &change);
}

enum uk_exit
uk_cmd_disable(struct uk_tool *tool)
{
    static const struct change change = {.done = "disabled",
                                         .run = uk_keys_disable};

    return change_keys(tool, &change);
}

enum uk_exit
uk_cmd_expire(struct uk_tool *tool)
{
    struct change change = {.done = "set"};

    if (tool->args.expires == NULL) {
        uk_out_error(_("expire: '--expires WHEN' is missing"));
        return UK_EXIT_USAGE;
    }
    if (uk_when_parse("expires", tool->args.expires, &change.expiry,
                      &tool->err) != UK_OK)
        return uk_talk_failed(&tool->err);
    return change_keys(tool, &change);
}

enum uk_exit
uk_cmd_delete(struct uk_tool *tool)
{
    static const struct change change = {
        .done = "deleted", .run = uk_keys_delete, .asks = true};

    return change_keys(tool, &change);
}
