/* userkey list, userkey show: which keys there are. */
#include <stdlib.h>

#include "core/json.h"
#include "tool/command.h"
#include "tool/find.h"
#include "tool/out.h"
#include "tool/talk.h"

/* Whose a key is tells the last, of the keys of servers alone. */
static const char *const heads[] = {"ID", "NAME", "STATE", "USER"};

static void
put_key(struct uk_json_out *json, const struct uk_key *key)
{
    uk_json_begin(json, NULL, '{');
    uk_json_put_text(json, "id", key->id);
    uk_json_put_text(json, "name", key->name);
    uk_json_put_bool(json, "disabled", key->disabled);
    if (key->user_id[0] != '\0')
        uk_json_put_text(json, "user_id", key->user_id);
    uk_json_end(json, '}');
}

static enum uk_code
add_table(struct uk_tool *tool, const struct uk_key *key, size_t count)
{
    size_t columns = UK_COUNT(heads) - (tool->args.server_keys ? 0 : 1);
    const char **cells = calloc(count * columns, sizeof(*cells));
    enum uk_code code;

    if (cells == NULL)
        return uk_err_set(&tool->err, UK_NO_MEMORY, "no memory for a table");
    for (size_t i = 0; i < count; i++) {
        const char **row = &cells[i * columns];

        row[0] = key[i].id;
        row[1] = key[i].name;
        row[2] = key[i].disabled ? "disabled" : "enabled";
        if (tool->args.server_keys)
            row[3] = key[i].user_id[0] != '\0' ? key[i].user_id : "-";
    }
    code = uk_out_table(&tool->out, heads, columns, cells, count, &tool->err);
    free(cells);
    return code;
}

static enum uk_code
add_list(struct uk_tool *tool, const struct uk_find *find)
{
    struct uk_json_out json = {.buf = &tool->out};

    if (!tool->args.json && find->count == 0) {
        uk_out_note("no keys yet; '%s create NAME' makes one",
                    uk_command_of_keys(&tool->args));
        return UK_OK;
    }
    if (!tool->args.json)
        return add_table(tool, find->key, find->count);
    uk_json_begin(&json, NULL, '[');
    for (size_t i = 0; i < find->count; i++)
        put_key(&json, &find->key[i]);
    uk_json_end(&json, ']');
    uk_buf_add_byte(&tool->out, '\n');
    return UK_OK;
}

enum uk_exit
uk_cmd_list(struct uk_tool *tool)
{
    struct uk_talk talk = {.https = NULL};
    struct uk_find find = {.key = NULL};
    enum uk_exit status = uk_talk_open_keys(&talk, &tool->args, &tool->err);
    enum uk_code code;

    if (status != UK_EXIT_DONE)
        goto out;
    code = uk_keys_list(uk_talk_next_keys(&talk), &find.key, &find.count,
                        &tool->err);
    status = uk_talk_check(&talk, code, "list", &tool->err);
    if (status == UK_EXIT_DONE && add_list(tool, &find) != UK_OK)
        status = uk_talk_failed(&tool->err);
out:
    uk_find_clear(&find);
    uk_talk_close(&talk);
    return status;
}

static enum uk_exit
show(struct uk_tool *tool, struct uk_talk *talk, const char *id)
{
    struct uk_json_out json = {.buf = &tool->out};
    struct uk_key key;
    enum uk_exit status;
    enum uk_code code;

    code = uk_keys_fetch(uk_talk_next_keys(talk), id, &key, &tool->err);
    status = uk_talk_check(talk, code, tool->args.word[0], &tool->err);
    if (status != UK_EXIT_DONE)
        return status;
    if (tool->args.json) {
        put_key(&json, &key);
        uk_buf_add_byte(&tool->out, '\n');
    } else if (add_table(tool, &key, 1) != UK_OK) {
        status = uk_talk_failed(&tool->err);
    }
    return status;
}

enum uk_exit
uk_cmd_show(struct uk_tool *tool)
{
    struct uk_talk talk = {.https = NULL};
    struct uk_find find = {.key = NULL};
    const struct uk_key *key;
    enum uk_exit status;
    enum uk_code code;

    if (uk_find_is_secret(tool->args.word[0]))
        return UK_EXIT_USAGE;
    status = uk_talk_open_keys(&talk, &tool->args, &tool->err);
    if (status != UK_EXIT_DONE)
        goto out;
    code = uk_keys_list(uk_talk_next_keys(&talk), &find.key, &find.count,
                        &tool->err);
    status = uk_talk_check(&talk, code, tool->args.word[0], &tool->err);
    if (status == UK_EXIT_DONE)
        status = uk_find_key(&find, tool->args.word[0], &key);
    if (status == UK_EXIT_DONE)
        status = show(tool, &talk, key->id);
out:
    uk_find_clear(&find);
    uk_talk_close(&talk);
    return status;
}
