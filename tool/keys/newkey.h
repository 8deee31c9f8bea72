/*
 * A key that has just been made: until somebody has its value.
 */
#ifndef UK_TOOL_KEYS_NEWKEY_H
#define UK_TOOL_KEYS_NEWKEY_H

#include "core/keys.h"
#include "core/secret.h"
#include "tool/keys/target.h"
#include "tool/talk/talk.h"
#include "tool/terminal/tool.h"

/* {0} is releasable. */
struct uk_newkey {
    struct uk_key key;
    struct uk_secret value; /* owned */
    size_t others;          /* that were there before it; 0: not known */
};

/* Do the options that say where its value goes fit together?  Else why not is
 * said on standard error. */
bool uk_newkey_check_args(const struct uk_args *args);

/* How many there are before it, for uk_newkey_hand_over() to say when there will
 * soon be no room: behind a value that is shown nothing should come. */
UK_MUST_USE enum uk_exit uk_newkey_count(struct uk_tool *tool,
                                         struct uk_talk *talk,
                                         struct uk_newkey *out);

/* Make it.  Each of these says on standard error what is wrong. */
UK_MUST_USE enum uk_exit uk_newkey_make(struct uk_tool *tool,
                                        struct uk_talk *talk, const char *name,
                                        struct uk_expiry expiry,
                                        struct uk_newkey *out);

/* Its value, to where it goes; replaced is the key in whose place it comes, or
 * NULL.  The notice comes first, so that a value on a terminal is seen last.
 * arrived tells, whatever the status, whether a file may have the value now:
 * another one that was in it is gone then. */
UK_MUST_USE enum uk_exit uk_newkey_hand_over(struct uk_tool *tool,
                                             const struct uk_target *target,
                                             const struct uk_newkey *made,
                                             const struct uk_key *replaced,
                                             bool *arrived);

/* A key that nobody has the value of is deleted again. */
void uk_newkey_take_back(struct uk_talk *talk, const struct uk_newkey *made);

void uk_newkey_clear(struct uk_newkey *made);

#endif
