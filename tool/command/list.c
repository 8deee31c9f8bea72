/* userkey list, userkey show: which keys there are. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "tool/command/commands.h"
#include "tool/keys/find.h"
#include "tool/talk/talk.h"
#include "tool/terminal/language.h"
#include "tool/terminal/out.h"
#include "tool/terminal/table.h"
#include "tool/terminal/when.h"

/* Whose a key is is told of the keys of servers alone. */
static const char *const heads[] = {N_("ID"),  N_("NAME"),    N_("STATE"),
                                    N_("AGE"), N_("EXPIRES"), N_("LAST USE")};
static const char *const server_heads[] = {
    N_("ID"),  N_("NAME"),    N_("STATE"),   N_("USER"),
    N_("AGE"), N_("EXPIRES"), N_("LAST USE")};

/* Room for what stands in one row. */
struct texts {
    char age[UK_OUT_DATE], expires[UK_OUT_DATE], used[UK_OUT_DATE];
};

static void
put_time(struct uk_json_out *json, const char *name, int64_t seconds)
{
    if (seconds > 0)
        uk_json_put_int(json, name, seconds);
}

static void
put_key(struct uk_json_out *json, const struct uk_key *key)
{
    uk_json_begin(json, NULL, '{');
    uk_json_put_text(json, "id", key->id);
    uk_json_put_text(json, "name", key->name);
    uk_json_put_bool(json, "disabled", key->disabled);
    if (key->user_id[0] != '\0')
        uk_json_put_text(json, "user_id", key->user_id);
    uk_json_put_text(json, "state", uk_when_state(key, uk_when_now()));
    put_time(json, "created", key->created_s);
    put_time(json, "expires", key->expires_s);
    put_time(json, "last_used", key->used_s);
    if (key->disabled)
        put_time(json, "disabled_since", key->disabled_s);
    uk_json_end(json, '}');
}

/* How long ago, for people; when, for programs. */
static const char *
past(int64_t when_s, char out[UK_OUT_DATE])
{
    return uk_out_is_terminal() ? uk_when_between(when_s, uk_when_now(), out)
                                : uk_out_date(when_s, out);
}

/* The service keeps it to an hour; what is said is not finer. */
static const char *
past_use(int64_t when_s, char out[UK_OUT_DATE])
{
    int64_t hours = (uk_when_now() - when_s) / 3600;

    if (!uk_out_is_terminal() || when_s == 0 || hours >= 48)
        return past(when_s, out);
    if (hours < 1)
        snprintf(out, UK_OUT_DATE, "< 1h");
    else
        snprintf(out, UK_OUT_DATE, "%dh", (int)hours);
    return out;
}

/* The day is enough for people, until it is near. */
static const char *
end(int64_t when_s, char out[UK_OUT_DATE])
{
    uk_out_date(when_s, out);
    if (uk_out_is_terminal() && when_s - uk_when_now() > 2 * 86400)
        out[strcspn(out, "T")] = '\0';
    return out;
}

static void
fill_row(const struct uk_key *key, bool servers, struct texts *texts,
         const char **row)
{
    size_t n = 0;

    row[n++] = key->id;
    row[n++] = key->name;
    row[n++] = uk_when_state(key, uk_when_now());
    if (servers)
        row[n++] = key->user_id[0] != '\0' ? key->user_id : "-";
    row[n++] = past(key->created_s, texts->age);
    row[n++] = end(key->expires_s, texts->expires);
    row[n++] = past_use(key->used_s, texts->used);
}

static enum uk_code
add_table(struct uk_tool *tool, const struct uk_key *key, size_t count)
{
    bool servers = tool->args.server_keys;
    size_t columns = servers ? UK_COUNT(server_heads) : UK_COUNT(heads);
    const char **cells = calloc(count * columns, sizeof(*cells));
    struct texts *texts = calloc(count, sizeof(*texts));
    enum uk_code code = UK_OK;

    if (cells == NULL || texts == NULL)
        code = uk_err_set(&tool->err, UK_NO_MEMORY, _("no memory for a table"));
    for (size_t i = 0; i < count && code == UK_OK; i++)
        fill_row(&key[i], servers, &texts[i], &cells[i * columns]);
    if (code == UK_OK)
        code = uk_table_add(&tool->out, servers ? server_heads : heads, columns,
                            cells, count, &tool->err);
    free(texts);
    free(cells);
    return code;
}

static enum uk_code
add_list(struct uk_tool *tool, const struct uk_find *find)
{
    struct uk_json_out json = {.buf = &tool->out};

    if (!tool->args.json && find->count == 0) {
        uk_out_note(_("no keys yet; '%s create NAME' makes one"),
                    uk_find_command(&tool->args));
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
    if (status == UK_EXIT_DONE)
        uk_find_warn(find.count, &tool->args);
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
        status = uk_find_key(&find, &tool->args, tool->args.word[0], &key);
    if (status == UK_EXIT_DONE)
        status = show(tool, &talk, key->id);
out:
    uk_find_clear(&find);
    uk_talk_close(&talk);
    return status;
}
