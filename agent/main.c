/*
 * userkey-agent: whose key is this?
 *
 * Warm up, lock down, listen.  What takes privilege (settings, CA, client key)
 * is read first; then the process becomes its own user for good; only then it
 * looks at what the other side says.  Descriptor 3 is one caller, who is
 * answered once, or a listening socket, where all who come are.  What comes in
 * a command line, an environment or an exit status decides nothing.
 */
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/helper.h"
#include "core/https.h"
#include "core/log.h"
#include "core/secret.h"
#include "core/settings.h"

#include "agent/confine.h"
#include "agent/door.h"
#include "agent/guard.h"
#include "agent/keeper.h"
#include "agent/loop.h"
#include "agent/peer.h"
#include "agent/privs.h"
#include "agent/reception.h"
#include "agent/serve.h"
#include "agent/stamps.h"
#include "agent/upstream.h"

#define FD     UK_HELPER_FD
#define FD_SAY (FD + 1) /* where a service says its numbers */
#define USAGE  2        /* exit status: started in a way that it is not for */

static struct uk_log to_person = {
    .fd = STDERR_FILENO,
    .most = UK_LEVEL_ERROR,
};

/* Everything that is made before there is a caller. */
struct agent {
    struct uk_settings settings;
    struct uk_stamps stamps;
    struct uk_loop *loop;
    struct uk_upstream *upstream;
    struct uk_guard *guard;
    struct uk_grace_key key; /* of a service */
    pid_t keeper;            /* the process that stays, or 0 */
    bool says;               /* there is FD_SAY */
};

/* Where the settings are, root keeps a secret too, for 'offline_grace'. */
static enum uk_code
load_key(struct agent *agent, const char *conf_file, struct uk_err *err)
{
    const char *slash = strrchr(conf_file, '/');
    char file[PATH_MAX];

    if (agent->settings.offline_grace == 0)
        return UK_OK;
    snprintf(file, sizeof(file), "%.*s/offline.key",
             slash != NULL ? (int)(slash - conf_file) : 0, conf_file);
    return uk_grace_load_key(file, &agent->key, err);
}

/* Numbers are nothing that a login needs. */
static void
open_numbers(struct agent *agent)
{
    char path[UK_CONF_VALUE + sizeof(UK_SETTINGS_STATUS)];
    struct uk_err err = UK_ERR_NONE;

    if (agent->settings.agent_socket[0] == '\0')
        return;
    snprintf(path, sizeof(path), "%s" UK_SETTINGS_STATUS,
             agent->settings.agent_socket);
    agent->says = uk_door_open(path, UK_DOOR_FOR_ROOT, FD_SAY, &err) == UK_OK;
    if (!agent->says)
        uk_log_line(&to_person, UK_LEVEL_WARNING,
                    "there is no 'userkey agent status': %s", err.text);
}

/* journald and other supervisors read what a service has to say. */
static void
log_to_supervisor(const struct uk_settings *settings)
{
    to_person.prefix = isatty(STDERR_FILENO) == 0;
    to_person.most = UK_LEVEL_ERROR + (enum uk_level)settings->log_level;
}

/* What a service has beyond an agent for one caller.  No other descriptor has
 * been opened yet that would be FD_SAY. */
static enum uk_code
get_more(struct agent *agent, const char *conf_file, struct uk_err *err)
{
    log_to_supervisor(&agent->settings);
    open_numbers(agent);
    return load_key(agent, conf_file, err);
}

/* The limits, now that files are the agent's own. */
static enum uk_code
get_guard(struct agent *agent, enum uk_privs_life life, struct uk_err *err)
{
    enum uk_code code = uk_guard_new(
        &agent->settings, life == UK_PRIVS_SERVICE ? &agent->key : NULL,
        agent->loop, &to_person, agent->upstream, &agent->guard, err);

    uk_wipe(&agent->key, sizeof(agent->key));
    if (code == UK_OK && agent->says)
        code = uk_guard_listen(agent->guard, FD_SAY, err);
    return code;
}

/* Everything that the process is to have and to be, before it looks at the
 * request. */
static enum uk_code
get_ready(struct agent *agent, const char *conf_file, enum uk_privs_life life,
          struct uk_err *err)
{
    struct uk_settings *settings = &agent->settings;
    enum uk_code code;

    code = uk_privs_forget(FD, life, err);
    uk_stamps_add(&agent->stamps, conf_file);
    if (code == UK_OK)
        code = uk_settings_load(conf_file, settings, err);
    if (code == UK_OK)
        uk_stamps_add_settings(&agent->stamps, settings);
    if (code == UK_OK && life == UK_PRIVS_SERVICE)
        code = get_more(agent, conf_file, err);
    if (code == UK_OK)
        code = uk_https_start(err);
    if (code == UK_OK)
        code = uk_loop_new(&agent->loop, err);
    if (code == UK_OK)
        code = uk_upstream_new(settings, agent->loop, &to_person,
                               &agent->upstream, err);
    if (code == UK_OK)
        code = uk_privs_drop(UK_PRIVS_USER, life, err);
    if (code == UK_OK)
        code = get_guard(agent, life, err);
    if (code == UK_OK && agent->keeper != 0)
        uk_keeper_stay_with(agent->keeper); /* later nobody asks for it */
    if (code == UK_OK)
        code = uk_confine_agent(settings, life, &to_person, err);
    return code;
}

static struct uk_serve
serve_with(const struct agent *agent, struct uk_deadline since)
{
    return (struct uk_serve){
        .settings = &agent->settings,
        .loop = agent->loop,
        .upstream = agent->upstream,
        .guard = agent->guard,
        .log = &to_person,
        .stamps = &agent->stamps,
        .since = since,
    };
}

static void
serve_connection(const char *conf_file, struct uk_deadline since)
{
    static struct agent agent;
    struct uk_err err = UK_ERR_NONE;
    struct uk_serve serve;
    struct uk_peer peer;
    enum uk_code code;

    code = uk_peer_find(FD, &peer, &err);
    if (code == UK_OK)
        code = get_ready(&agent, conf_file, UK_PRIVS_ONE_CALL, &err);
    /* Died before we could be told of it? */
    if (code == UK_OK && peer.parent && getppid() != peer.pid)
        return;
    if (code != UK_OK) {
        uk_serve_failure(FD, code, &err);
        return;
    }
    serve = serve_with(&agent, since);
    uk_serve_one(&serve, FD, &peer);
}

static int
serve_all(const char *conf_file, pid_t keeper, struct uk_deadline since)
{
    static struct agent agent;
    struct uk_err err = UK_ERR_NONE;
    struct uk_serve serve;
    bool anew = false;
    enum uk_code code;

    agent.keeper = keeper;
    code = get_ready(&agent, conf_file, UK_PRIVS_SERVICE, &err);
    if (code == UK_OK) {
        uk_stamps_settle(&agent.stamps);
        serve = serve_with(&agent, since);
        code = uk_reception_run(
            &serve, FD, keeper != 0 ? UK_RECEPTION_OWN : UK_RECEPTION_LENT,
            &anew, &err);
    } else {
        uk_serve_failures(FD, code, &err);
    }
    if (code != UK_OK)
        uk_log_line(&to_person, UK_LEVEL_ERROR, "userkey-agent: %s", err.text);
    if (code != UK_OK)
        return UK_KEEPER_FAILED;
    return anew ? UK_KEEPER_ANEW : UK_KEEPER_DONE;
}

/* A door of its own. */
struct own {
    const char *conf_file;
    pid_t keeper;
};

static int
work(void *own)
{
    const struct own *kept = own;

    return serve_all(kept->conf_file, kept->keeper, uk_deadline_in(0));
}

static int
listen_at(char *const *argv, const char *conf_file, const char *path)
{
    struct own own = {conf_file, getpid()};
    struct uk_keeper keeper = {
        .log = &to_person,
        .argv = argv,
        .own = &own,
        .work = work,
        .fd = FD,
        .before = uk_door_look(FD) == UK_DOOR_LISTENING,
    };
    struct uk_err err = UK_ERR_NONE;

    if (keeper.before ||
        uk_door_open(path, UK_DOOR_FOR_CALLERS, FD, &err) == UK_OK)
        return uk_keeper_run(&keeper);
    uk_log_line(&to_person, UK_LEVEL_ERROR, "userkey-agent: %s", err.text);
    return UK_KEEPER_FAILED;
}

static int
serve(const char *conf_file, struct uk_deadline since)
{
    switch (uk_door_look(FD)) {
    case UK_DOOR_CONNECTED:
        serve_connection(conf_file, since);
        return 0;
    case UK_DOOR_LISTENING:
        return serve_all(conf_file, 0, since) == UK_KEEPER_FAILED
                   ? UK_KEEPER_FAILED
                   : UK_KEEPER_DONE;
    case UK_DOOR_NONE:
        break;
    }
    uk_log_line(&to_person, UK_LEVEL_ERROR,
                "userkey-agent: descriptor %d is not a socket of the PAM "
                "module's or of a supervisor; with '--listen PATH' it makes "
                "one itself",
                FD);
    return USAGE;
}

int
main(int argc, char **argv)
{
    struct uk_deadline since = uk_deadline_in(0);
    int status = USAGE;

    if (argc == 3 && strcmp(argv[1], "--conf") == 0)
        status = serve(argv[2], since);
    else if (argc == 5 && strcmp(argv[1], "--conf") == 0 &&
             strcmp(argv[3], "--listen") == 0)
        status = listen_at(argv, argv[2], argv[4]);
    else
        uk_log_line(&to_person, UK_LEVEL_ERROR,
                    "usage: userkey-agent --conf FILE [--listen PATH] (or with "
                    "a socket as descriptor %d)",
                    FD);
    /* No epilogue: a thread of libcurl's may still look a name up. */
    _exit(status);
}
