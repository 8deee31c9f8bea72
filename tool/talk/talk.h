/*
 * A conversation with the service, by the session that is kept.
 */
#ifndef UK_TOOL_TALK_TALK_H
#define UK_TOOL_TALK_TALK_H

#include "core/admin.h"
#include "core/api.h"
#include "core/attr.h"
#include "core/err.h"
#include "core/https.h"
#include "core/keys.h"
#include "tool/talk/state.h"
#include "tool/terminal/args.h"
#include "tool/terminal/status.h"

#define UK_TALK_MS 15000 /* for each call */

/* {0} is releasable.  keys and service borrow from the rest: it does not
 * move. */
struct uk_talk {
    struct uk_state state;
    struct uk_https *https; /* owned */
    struct uk_service service;
    struct uk_keys keys;
    bool of_admin; /* admin stands in the place of the session */
    struct uk_admin admin;
    char user_path[UK_ADMIN_PATH];
};

/* Prepare for the place in talk->state; nothing is sent yet. */
UK_MUST_USE enum uk_code uk_talk_prepare(struct uk_talk *talk,
                                         struct uk_err *err);

/* Load the session and prepare.  Says what is wrong on standard error. */
UK_MUST_USE enum uk_exit uk_talk_open(struct uk_talk *talk, struct uk_err *err);

/* The same for the keys of --user, by --admin-file, where they are given
 * (keys.c). */
UK_MUST_USE enum uk_exit uk_talk_open_keys(struct uk_talk *talk,
                                           const struct uk_args *args,
                                           struct uk_err *err);

/* Log in by --admin-file, which must be given (admin.c). */
UK_MUST_USE enum uk_exit uk_talk_open_admin(struct uk_talk *talk,
                                            const struct uk_args *args,
                                            struct uk_err *err);

/* An administrator's session ends with it. */
void uk_talk_close(struct uk_talk *talk);

/* The service, with the time for its next call; the same for the keys. */
struct uk_service *uk_talk_next(struct uk_talk *talk);
struct uk_keys *uk_talk_next_keys(struct uk_talk *talk);
struct uk_admin *uk_talk_next_admin(struct uk_talk *talk);

/* Say on standard error why it did not work, and what to do next; settings
 * are those of the login that went before. */
enum uk_exit uk_talk_failed(const struct uk_err *err);

/* The same in these very words. */
enum uk_exit uk_talk_say(const struct uk_err *err);

/* Say that this cannot be the name of a key. */
enum uk_exit uk_talk_bad_name(const char *name);
enum uk_exit uk_talk_over(void);

/* The same for a call about keys, if it did not work; subject is the key. */
enum uk_exit uk_talk_check(const struct uk_talk *talk, enum uk_code code,
                           const char *subject, const struct uk_err *err);

/* The same for a call about users. */
enum uk_exit uk_talk_check_admin(const struct uk_talk *talk, enum uk_code code,
                                 const char *subject, const struct uk_err *err);
enum uk_exit uk_talk_failed_admin(const struct uk_err *err);

#endif
