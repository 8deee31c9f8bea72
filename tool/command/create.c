/* userkey create: a new key, whose value is shown once. */
#include "tool/command/commands.h"
#include "tool/keys/find.h"
#include "tool/keys/newkey.h"
#include "tool/keys/target.h"
#include "tool/talk/talk.h"
#include "tool/terminal/out.h"
#include "tool/terminal/when.h"

static enum uk_exit
create(struct uk_tool *tool, struct uk_talk *talk,
       const struct uk_target *target, struct uk_expiry expiry)
{
    struct uk_newkey made = {.value = UK_SECRET_NONE};
    bool arrived; /* in a new file, which goes with the key */
    enum uk_exit status = uk_newkey_count(tool, talk, &made);

    if (status == UK_EXIT_DONE)
        status = uk_newkey_make(tool, talk, tool->args.word[0], expiry, &made);
    if (status == UK_EXIT_DONE) {
        status = uk_newkey_hand_over(tool, target, &made, NULL, &arrived);
        if (status != UK_EXIT_DONE)
            uk_newkey_take_back(talk, &made);
    }
    uk_newkey_clear(&made);
    return status;
}

enum uk_exit
uk_cmd_create(struct uk_tool *tool)
{
    struct uk_talk talk = {.https = NULL};
    struct uk_expiry expiry = {.in_s = 0};
    struct uk_target target;
    enum uk_exit status;

    if (!uk_newkey_check_args(&tool->args) ||
        uk_find_is_secret(tool->args.word[0]))
        return UK_EXIT_USAGE;
    if (tool->args.word[0][0] == '\0') /* what is allowed, the service says */
        return uk_talk_bad_name(tool->args.word[0]);
    if (tool->args.expires != NULL &&
        uk_when_parse("expires", tool->args.expires, &expiry, &tool->err) !=
            UK_OK)
        return uk_talk_failed(&tool->err);
    status = uk_talk_open_keys(&talk, &tool->args, &tool->err);
    if (status == UK_EXIT_DONE &&
        uk_target_open(&target, tool->args.out, false, tool->args.json,
                       &tool->err) != UK_OK)
        status = uk_talk_failed(&tool->err);
    if (status == UK_EXIT_DONE) {
        status = create(tool, &talk, &target, expiry);
        if (status != UK_EXIT_DONE)
            uk_target_drop(&target);
    }
    uk_talk_close(&talk);
    return status;
}
