/* The login by key, put into this machine's PAM configuration and taken out. */
#include "tool/loginway/loginway.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/str.h"
#include "tool/loginway/block.h"
#include "tool/loginway/pamfile.h"
#include "tool/machine/program.h"
#include "tool/terminal/language.h"

#define PROFILE "/usr/share/pam-configs/userkey"
#define UPDATE  "/usr/sbin/pam-auth-update"
#define MODULE  "pam_userkey.so"
#define STACK   UK_LOGINFILE_STACK

/* What pam-auth-update writes. */
static const char *const commons[] = {"common-auth", "common-account",
                                      "common-password", "common-session",
                                      "common-session-noninteractive"};

static struct uk_buf
empty(void)
{
    struct uk_buf buf = UK_BUF_UP_TO(UK_LOGINFILE_MAX);

    return buf;
}

bool
uk_loginway_has_profile(void)
{
    return access(PROFILE, R_OK) == 0 && access(UPDATE, X_OK) == 0;
}

static void
add_planned(struct uk_loginplan *plan, const char *service,
            const struct uk_buf *text)
{
    char *path = plan->path[plan->n_planned];

    snprintf(path, UK_CONF_VALUE, "%s/%s", UK_LOGINFILE_PAM, service);
    plan->planned[plan->n_planned++] =
        (struct uk_planned){.path = path, .text = text};
}

static enum uk_code
plan_service(struct uk_loginplan *plan, size_t i, struct uk_err *err)
{
    const char *service = plan->services.item[i];
    enum uk_code code = uk_loginfile_read(service, &plan->before[i], err);

    if (code != UK_OK && err->sys == ENOENT)
        return uk_err_set(err, UK_INVALID,
                          _("there is no service '%s': '%s/%s' does not exist"),
                          service, UK_LOGINFILE_PAM, service);
    if (code != UK_OK)
        return code;
    code =
        uk_loginblock_put(uk_buf_peek(&plan->before[i]), &plan->after[i], err);
    if (code != UK_OK)
        return uk_err_in(err, "'%s/%s'", UK_LOGINFILE_PAM, service);
    add_planned(plan, service, &plan->after[i]);
    return UK_OK;
}

/* One that is there is its administrator's, whatever it says. */
static enum uk_code
plan_stack(struct uk_loginplan *plan, struct uk_err *err)
{
    struct uk_buf now = empty();
    enum uk_code code = uk_loginfile_read(STACK, &now, err);

    uk_buf_clear(&now);
    if (code == UK_OK || err->sys != ENOENT)
        return code;
    plan->makes_stack = true;
    uk_buf_add_text(&plan->stack, uk_loginfile_stack);
    add_planned(plan, STACK, &plan->stack);
    return uk_buf_check(&plan->stack, err);
}

static enum uk_code
plan_profile(struct uk_loginplan *plan, struct uk_err *err)
{
    struct uk_buf now = empty();
    enum uk_code code = uk_loginfile_read(commons[0], &now, err);

    plan->way = UK_LOGINWAY_PROFILE;
    if (code == UK_OK && strstr(uk_buf_peek(&now), MODULE) != NULL)
        code = uk_err_set(err, UK_INVALID,
                          _("'%s/%s' has the module already; 'userkey "
                            "disable-login' takes the profile out"),
                          UK_LOGINFILE_PAM, commons[0]);
    uk_buf_clear(&now);
    return code;
}

enum uk_code
uk_loginplan_make(const struct uk_conf_list *services,
                  struct uk_loginplan *plan, struct uk_err *err)
{
    enum uk_code code = UK_OK;

    for (size_t i = 0; i < UK_CONF_ITEMS; i++)
        plan->before[i] = plan->after[i] = empty();
    plan->stack = empty();
    plan->services = *services;
    if (services->count == 0)
        return plan_profile(plan, err);
    plan->way = UK_LOGINWAY_SERVICES;
    for (size_t i = 0; code == UK_OK && i < services->count; i++)
        code = plan_service(plan, i, err);
    return code == UK_OK ? plan_stack(plan, err) : code;
}

void
uk_loginplan_clear(struct uk_loginplan *plan)
{
    for (size_t i = 0; i < UK_CONF_ITEMS; i++) {
        uk_buf_clear(&plan->before[i]);
        uk_buf_clear(&plan->after[i]);
    }
    uk_buf_clear(&plan->stack);
}

static enum uk_code
keep(const char *service, const struct uk_buf *text, struct uk_err *err)
{
    char name[UK_CONF_VALUE + 16];

    snprintf(name, sizeof(name), "%s.before", service);
    return uk_loginfile_keep(name, text, err);
}

enum uk_code
uk_loginway_keep(const struct uk_loginplan *plan, struct uk_err *err)
{
    enum uk_code code = UK_OK;

    for (size_t i = 0; code == UK_OK && i < plan->services.count; i++)
        code = keep(plan->services.item[i], &plan->before[i], err);
    if (plan->way != UK_LOGINWAY_PROFILE)
        return code;
    for (size_t i = 0; code == UK_OK && i < UK_COUNT(commons); i++) {
        struct uk_buf now = empty();

        code = uk_loginfile_read(commons[i], &now, err);
        if (code == UK_OK)
            code = keep(commons[i], &now, err);
        uk_buf_clear(&now);
    }
    return code;
}

/* Does the system's stack have our module? */
static bool
profile_is_in(void)
{
    struct uk_err ignored = UK_ERR_NONE;
    struct uk_buf now = empty();
    bool in = false;

    for (size_t i = 0; i < UK_COUNT(commons) && !in; i++) {
        uk_buf_clear(&now);
        in = uk_loginfile_read(commons[i], &now, &ignored) == UK_OK &&
             strstr(uk_buf_peek(&now), MODULE) != NULL;
    }
    uk_buf_clear(&now);
    return in;
}

/* It says "not updating" and exits with 0 where files were changed by hand. */
static enum uk_code
put_profile(struct uk_err *err)
{
    const char *const argv[] = {UPDATE, "--enable", "userkey", NULL};

    if (uk_program_run(argv) && profile_is_in())
        return UK_OK;
    return uk_err_set(
        err, UK_SYSTEM,
        _("pam-auth-update has not enabled the profile (it changes "
          "nothing where '%s/common-*' were changed by hand); name "
          "services with --service"),
        UK_LOGINFILE_PAM);
}

enum uk_code
uk_loginway_put(const struct uk_loginplan *plan, struct uk_err *err)
{
    enum uk_code code = UK_OK;

    if (plan->way == UK_LOGINWAY_PROFILE)
        return put_profile(err);
    if (plan->makes_stack) /* first: the services include it */
        code = uk_loginfile_write(STACK, &plan->stack, err);
    for (size_t i = 0; code == UK_OK && i < plan->services.count; i++)
        code = uk_loginfile_write(plan->services.item[i], &plan->after[i], err);
    return code;
}

/*
 * Taking out.
 */

/* What was kept, in place of a file that cannot be undone. */
static enum uk_code
put_back(const char *service, const struct uk_buf *now, struct uk_err *err)
{
    char name[UK_CONF_VALUE + 16];
    struct uk_buf kept = empty();
    enum uk_code code;

    snprintf(name, sizeof(name), "%s.before", service);
    code = uk_loginfile_kept(name, &kept, err);
    snprintf(name, sizeof(name), "%s.changed", service);
    if (code == UK_OK)
        code = uk_loginfile_keep(name, now, err);
    if (code == UK_OK)
        code = uk_loginfile_write(service, &kept, err);
    uk_buf_clear(&kept);
    return code;
}

static enum uk_code
take_service(const char *service, bool force, struct uk_err *err)
{
    struct uk_buf now = empty(), then = empty();
    enum uk_code code = uk_loginfile_read(service, &now, err);

    if (code == UK_OK)
        code = uk_loginblock_take(uk_buf_peek(&now), &then, err);
    if (code == UK_OK)
        code = uk_loginfile_write(service, &then, err);
    else if (force && code == UK_INVALID)
        code = put_back(service, &now, err);
    else
        uk_err_in(err, _("'%s/%s' (as it was: '%s/%s.before')"),
                  UK_LOGINFILE_PAM, service, UK_LOGINFILE_STATE, service);
    uk_buf_clear(&now);
    uk_buf_clear(&then);
    return code;
}

static bool
collect(void *context, const char *service, const char *text)
{
    struct uk_conf_list *names = context;

    if (uk_loginblock_is_there(text) &&
        uk_str_copy(names->item[names->count], UK_CONF_VALUE, service))
        names->count++;
    return names->count < UK_CONF_ITEMS;
}

static int
compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

static bool
mentions_us(void *context, const char *service, const char *text)
{
    bool *others = context;

    *others = strcmp(service, STACK) != 0 && strstr(text, STACK) != NULL;
    return !*others;
}

/* Ours, as it was made, and nobody's any more. */
static enum uk_code
take_stack(struct uk_err *err)
{
    struct uk_err ignored = UK_ERR_NONE;
    struct uk_buf now = empty();
    bool others = false, same;

    same = uk_loginfile_read(STACK, &now, &ignored) == UK_OK &&
           strcmp(uk_buf_peek(&now), uk_loginfile_stack) == 0;
    uk_buf_clear(&now);
    if (!same || uk_loginfile_each(mentions_us, &others, err) != UK_OK ||
        others)
        return UK_OK;
    return uk_loginfile_remove(STACK, err);
}

static enum uk_code
take_profile(bool force, struct uk_err *err)
{
    const char *const argv[] = {UPDATE, "--disable", "userkey", NULL};
    enum uk_code code = UK_OK;

    if (access(UPDATE, X_OK) == 0 && uk_program_run(argv) && !profile_is_in())
        return UK_OK;
    if (!force)
        return uk_err_set(
            err, UK_SYSTEM,
            _("pam-auth-update has not taken the profile out; the "
              "files as they were: '%s/common-*.before'"),
            UK_LOGINFILE_STATE);
    for (size_t i = 0; i < UK_COUNT(commons); i++) {
        struct uk_buf now = empty();
        enum uk_code one = uk_loginfile_read(commons[i], &now, err);

        if (one == UK_OK)
            one = put_back(commons[i], &now, err);
        uk_buf_clear(&now);
        if (code == UK_OK)
            code = one;
    }
    return code;
}

enum uk_code
uk_loginway_take(const struct uk_loginstate *state, bool force,
                 struct uk_conf_list *names, struct uk_err *err)
{
    struct uk_conf_list found = {.count = 0};
    struct uk_err failure = UK_ERR_NONE;
    bool profile = state != NULL && state->way == UK_LOGINWAY_PROFILE;
    enum uk_code code = uk_loginfile_each(collect, &found, err);

    if (code != UK_OK)
        return code;
    qsort(found.item, found.count, sizeof(found.item[0]), compare_names);
    for (size_t i = 0; i < found.count; i++) {
        if (take_service(found.item[i], force, &failure) != UK_OK &&
            code == UK_OK) {
            *err = failure;
            code = failure.code;
        }
    }
    if (state == NULL)
        profile = uk_loginway_has_profile();
    if (profile && profile_is_in()) {
        if (take_profile(force, &failure) == UK_OK) {
            if (found.count < UK_CONF_ITEMS)
                memcpy(found.item[found.count++], "common-*", 9);
        } else if (code == UK_OK) {
            *err = failure;
            code = failure.code;
        }
    }
    if (code == UK_OK && state != NULL && state->made_stack)
        code = take_stack(err);
    *names = found;
    return code;
}
