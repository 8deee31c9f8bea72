/*
 * The settings of a machine that is logged in to: /etc/userkey/userkey.conf.
 *
 * Read by module, agent and tool through the same table.  userkey.conf(5) is
 * tested against that table.
 */
#ifndef UK_CORE_SETTINGS_H
#define UK_CORE_SETTINGS_H

#include <stdbool.h>

#include "core/attr.h"
#include "core/conf.h"
#include "core/err.h"
#include "core/log.h"

/* The folder comes from the Makefile (SYSCONFDIR). */
#define UK_SETTINGS_FILE UK_CONFDIR "/userkey.conf"

/* Where the agent listens, by the same file. */
#define UK_SETTINGS_SOCKET "/run/userkey/agent.sock"

/* Behind the path of that socket: where it says its numbers. */
#define UK_SETTINGS_STATUS ".status"

enum uk_key_format { UK_KEY_FORMAT_UKEY, UK_KEY_FORMAT_ANY };
enum uk_session_policy { UK_SESSION_DISCARD, UK_SESSION_KEEP };

struct uk_settings {
    struct uk_conf_list service_url; /* in order of preference, no last '/' */
    char app_id[UK_CONF_VALUE];
    char ca_file[UK_CONF_VALUE];           /* "": the system's hashed folder */
    char pinned_public_key[UK_CONF_VALUE]; /* "sha256//BASE64", or "" */
    char client_certificate[UK_CONF_VALUE];
    char client_key[UK_CONF_VALUE];
    char proxy[UK_CONF_VALUE];
    unsigned long timeout; /* ms */
    char users_file[UK_CONF_VALUE];
    char email_domain[UK_CONF_VALUE];
    unsigned long min_uid;
    bool allow_root;
    unsigned long failed_logins_per_source; /* in each limit_period */
    unsigned long failed_logins_per_user;
    unsigned long limit_period;  /* ms */
    unsigned long offline_grace; /* ms; 0: off */
    struct uk_conf_list offline_services;
    char state_folder[UK_CONF_VALUE];
    int key_format;              /* enum uk_key_format */
    unsigned long failure_floor; /* ms */
    int session;                 /* enum uk_session_policy */
    char prompt[UK_CONF_VALUE];  /* ends in a space, if there is room */
    int log_level;               /* index: error warning notice info debug */
    bool insecure_http;
    char agent_program[UK_CONF_VALUE];
    char agent_socket[UK_CONF_VALUE]; /* "": there is none */
    unsigned long agent_idle;         /* ms */
    bool connect_early;
};

/* The table, also for settings that come from elsewhere: the tool's options. */
const struct uk_conf_table *uk_settings_table(void);

/* Does 'offline_grace' hold for this PAM service?  Pure. */
bool uk_settings_offline(const struct uk_settings *settings,
                         const char *service);

/* End a prompt in a space, if there is room: neither this file nor, but for
 * words in brackets, a line of pam.d can say it.  "" stays.  Pure. */
void uk_settings_end_prompt(char prompt[UK_CONF_VALUE]);

/* Parse and check the combinations (http only to loopback and only with
 * insecure_http; a client certificate needs its key).  Pure. */
UK_MUST_USE enum uk_code uk_settings_parse(const char *text, size_t len,
                                           const char *file,
                                           struct uk_settings *out,
                                           struct uk_err *err);

/* Read a file that can be believed and parse it.  Unless it says so itself,
 * only UK_SETTINGS_FILE has an agent that listens: the one that does goes by
 * that file.  A file that cannot be read is UK_MISCONFIGURED, whatever the
 * reason: there is no default policy. */
UK_MUST_USE enum uk_code
uk_settings_load(const char *file, struct uk_settings *out, struct uk_err *err);

/* The same, and which lines the settings came from, for uk_conf_line(). */
UK_MUST_USE enum uk_code uk_settings_load_seen(const char *file,
                                               struct uk_settings *out,
                                               struct uk_conf_seen *seen,
                                               struct uk_err *err);

#endif
