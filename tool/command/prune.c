/* userkey prune: delete the keys that have let nobody in for long. */
#include <string.h>

#include "core/json.h"
#include "tool/command/commands.h"
#include "tool/keys/find.h"
#include "tool/talk/talk.h"
#include "tool/terminal/language.h"
#include "tool/terminal/out.h"
#include "tool/terminal/table.h"
#include "tool/terminal/when.h"

#define OLDER_S (INT64_C(30) * 24 * 3600)

/* The keys that go, and how many are over since nobody knows when. */
struct harvest {
    const struct uk_key *key[UK_KEYS_MAX]; /* borrowed */
    int64_t since_s[UK_KEYS_MAX];
    size_t count, unknown;
    int64_t now_s; /* by the service's clock, which is what keys expire by */
};

static void
gather(const struct uk_find *find, int64_t older_s, struct harvest *out)
{
    for (size_t i = 0; i < find->count && out->count < UK_KEYS_MAX; i++) {
        int64_t since;

        if (!uk_when_over(&find->key[i], out->now_s, &since))
            continue;
        if (!uk_when_over_for(&find->key[i], out->now_s, older_s)) {
            out->unknown += since == 0;
            continue;
        }
        out->since_s[out->count] = since;
        out->key[out->count++] = &find->key[i];
    }
}

static void
put_harvest(struct uk_buf *out, const struct harvest *harvest)
{
    struct uk_json_out json = {.buf = out};

    uk_json_begin(&json, NULL, '[');
    for (size_t i = 0; i < harvest->count; i++) {
        const struct uk_key *key = harvest->key[i];

        uk_json_begin(&json, NULL, '{');
        uk_json_put_text(&json, "id", key->id);
        uk_json_put_text(&json, "name", key->name);
        uk_json_put_text(&json, "state", uk_when_state(key, harvest->now_s));
        if (harvest->since_s[i] > 0)
            uk_json_put_int(&json, "since", harvest->since_s[i]);
        uk_json_end(&json, '}');
    }
    uk_json_end(&json, ']');
    uk_buf_add_byte(out, '\n');
}

/* On standard error where the deletion's own words follow. */
static void
show(const struct harvest *harvest)
{
    for (size_t i = 0; i < harvest->count; i++) {
        char date[UK_OUT_DATE];

        uk_out_note(_("%s  %s  %s since %s"), harvest->key[i]->id,
                    harvest->key[i]->name,
                    uk_when_state(harvest->key[i], harvest->now_s),
                    uk_out_date(harvest->since_s[i], date));
    }
}

static enum uk_code
list(struct uk_tool *tool, const struct harvest *harvest)
{
    static const char *const heads[] = {N_("ID"), N_("NAME"), N_("STATE"),
                                        N_("SINCE")};
    char dates[UK_KEYS_MAX][UK_OUT_DATE];
    const char *cells[4 * UK_KEYS_MAX];

    if (tool->args.json) {
        put_harvest(&tool->out, harvest);
        return UK_OK;
    }
    for (size_t i = 0; i < harvest->count; i++) {
        cells[4 * i] = harvest->key[i]->id;
        cells[4 * i + 1] = harvest->key[i]->name;
        cells[4 * i + 2] = uk_when_state(harvest->key[i], harvest->now_s);
        cells[4 * i + 3] = uk_out_date(harvest->since_s[i], dates[i]);
    }
    return harvest->count == 0 ? UK_OK
                               : uk_table_add(&tool->out, heads, 4, cells,
                                              harvest->count, &tool->err);
}

/* By their ids, as 'userkey delete' does it, which looks at each of them again:
 * the question may have stood for long. */
static enum uk_exit
delete_all(struct uk_tool *tool, const struct harvest *harvest, int64_t older_s)
{
    char ids[UK_KEYS_MAX][UK_USER_ID_MAX + 1];
    char *words[UK_KEYS_MAX];

    for (size_t i = 0; i < harvest->count; i++) {
        memcpy(ids[i], harvest->key[i]->id, sizeof(ids[i]));
        words[i] = ids[i];
    }
    tool->args.word = words;
    tool->args.n_words = harvest->count;
    tool->args.only_over = true;
    tool->args.over_for_s = older_s;
    return uk_cmd_delete(tool);
}

static enum uk_exit
prune(struct uk_tool *tool, const struct harvest *harvest, int64_t older_s)
{
    if (harvest->unknown > 0)
        uk_out_note(ngettext("%zu more, disabled since nobody knows when: "
                             "'--older-than 0' takes it too",
                             "%zu more, disabled since nobody knows when: "
                             "'--older-than 0' takes them too",
                             harvest->unknown),
                    harvest->unknown);
    if (harvest->count == 0 && !tool->args.json)
        uk_out_note(_("no key has been over for so long; 'userkey list' shows "
                      "what there is"));
    if (tool->args.dry_run || harvest->count == 0)
        return list(tool, harvest) == UK_OK ? UK_EXIT_DONE
                                            : uk_talk_failed(&tool->err);
    if (!tool->args.json)
        show(harvest);
    return delete_all(tool, harvest, older_s);
}

enum uk_exit
uk_cmd_prune(struct uk_tool *tool)
{
    struct uk_talk talk = {.https = NULL};
    struct uk_find find = {.key = NULL};
    struct harvest harvest = {.count = 0};
    int64_t older_s = OLDER_S;
    enum uk_exit status;
    enum uk_code code;

    if (tool->args.older_than != NULL &&
        uk_when_parse_time("older-than", tool->args.older_than, &older_s,
                           &tool->err) != UK_OK)
        return uk_talk_failed(&tool->err);
    status = uk_talk_open_keys(&talk, &tool->args, &tool->err);
    if (status == UK_EXIT_DONE) {
        code = uk_keys_list(uk_talk_next_keys(&talk), &find.key, &find.count,
                            &tool->err);
        status = uk_talk_check(&talk, code, "prune", &tool->err);
        harvest.now_s = talk.service.refusal.date;
    }
    uk_talk_close(&talk);
    if (status == UK_EXIT_DONE && harvest.now_s == 0) {
        uk_out_error(_("the service does not say what time it is there, so "
                       "nobody knows which keys are over; 'userkey delete' "
                       "removes those that you name"));
        status = UK_EXIT_FAILED;
    }
    if (status == UK_EXIT_DONE) {
        gather(&find, older_s, &harvest);
        status = prune(tool, &harvest, older_s);
    }
    uk_find_clear(&find);
    return status;
}
