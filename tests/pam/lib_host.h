/*
 * A PAM host for tests: a private folder with settings, users, stacks and a
 * scripted agent; a conversation that counts; the lines that went to syslog.
 *
 * Everything goes through the real libpam (pam_start_confdir), without root
 * and without touching anything outside the folder.
 */
#ifndef UK_TESTS_PAM_LIB_HOST_H
#define UK_TESTS_PAM_LIB_HOST_H

#include <stdbool.h>
#include <stddef.h>

#include <security/pam_appl.h>

/* Accounts that every system has: an ordinary one by its uid, and one below
 * min_uid. */
#define ALICE  "nobody"
#define SYSTEM "daemon"

/* What the person at the prompt does. */
enum talk_style {
    TALK_ANSWERS,    /* the next of answers, in turn; the last one for ever */
    TALK_FAILS,      /* PAM_CONV_ERR */
    TALK_DANGLES,    /* PAM_CONV_ERR, and a pointer that must not be used */
    TALK_NO_REPLY,   /* success, no array */
    TALK_NULL_REPLY, /* success, an array with no string */
    TALK_AGAIN,      /* PAM_CONV_AGAIN */
};

struct talk {
    enum talk_style style;
    const char *answers[4];
    unsigned turn;
    unsigned prompts; /* without echo */
    unsigned names;   /* with echo */
    unsigned errors;  /* and other texts to show */
    char prompt[512]; /* the last prompt */
    char error[512];  /* the last text shown */
    /* At a prompt for a key the host sets its items anew, to these. */
    pam_handle_t *pamh; /* or NULL: it does not */
    const char *user;
    const char *rhost;
    /* Somebody else writes the users file then, and it takes that long. */
    const char *users; /* or NULL: nobody does */
    int thinks_ms;
};

/* Make the folder, with settings and users that let ALICE in and an agent
 * that says so.  For cmocka, as a group's. */
int host_setup(void **state);
int
host_setup_awake(void **state); /* and nobody sleeps: no floor is waited for */
int host_teardown(void **state);

/* Root alone becomes another user: skip the case if they cannot come here. */
#define NOBODY 65534 /* ALICE's uid */
void host_need_others(void);

/* The folder, and a path in it (borrowed until four more are asked for). */
const char *host_folder(void);
const char *host_path(const char *name);
const char *host_module(void); /* pam_userkey.so, a copy of what was built */
const char *host_probe(void);  /* module_probe.so */

void host_write(const char *name, const char *text);
char *host_read(const char *name); /* malloc'ed; "" for a file not there */

/* The settings: what a login needs, and these lines. */
void host_settings(const char *more);
/* What the agent does from now on; its log begins anew. */
void host_script(const char *script);
/* The users file: ALICE and SYSTEM have lines of their own. */
void host_users(const char *text);

/* The stack of service NAME. */
void host_stack(const char *name, const char *text, ...)
    __attribute__((format(printf, 2, 3)));
/* The stack of service "probe": the module alone, required in all phases. */
void host_simple_stack(const char *arguments);

/* A handle of service "probe", whose conversation is talk. */
pam_handle_t *host_start(const char *user, struct talk *talk);

/* One pam_authenticate on a handle of its own. */
int host_login(const char *user, struct talk *talk);
int host_login_with(const char *user, const char *key, struct talk *talk);

/* A well-formed key (the same one for the whole test). */
const char *host_key(void);

/* How often the agent has been started for a login or a logout since the last
 * host_script(); the requests are in the file "agent.log". */
unsigned host_asked(void);
unsigned host_logouts(void);

/* The log since host_log_clear(): how many lines, and each of them, with
 * times as "time=Nms" and the folder as "FOLDER". */
unsigned host_log_count(void);
const char *host_log_line(unsigned i);
int host_log_priority(unsigned i);
void host_log_clear(void);
/* Does any line hold this? */
bool host_log_has(const char *text);

/* There is this one line in the log and no other; NULL: none at all. */
void host_expect_log(const char *line);

#endif
