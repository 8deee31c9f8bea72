/*
 * Sessions that are kept for the time of a login, for tests.
 *
 * The place of the files is fixed, so the test has a /run of its own (a mount
 * namespace), for which it needs root; without, it is skipped.
 */
#ifndef UK_TESTS_PAM_LIB_KEPT_H
#define UK_TESTS_PAM_LIB_KEPT_H

#include <stdbool.h>
#include <time.h>

#include "tests/pam/lib_host.h"

#define KEPT_QUICK  "failure_floor = 0\ntimeout = 20s\nsession = keep\n"
#define KEPT_FOLDER "/run/userkey/sessions"
#define KEPT_ENV    "USERKEY_SESSION"
#define KEPT_PATH   128

/* What helper_agent hands over, in JSON. */
#define KEPT_CONTENT                                                           \
    "{\"account\":\"" ALICE "\",\"url\":\"https://auth.test.invalid\","        \
    "\"app_id\":\"app\",\"user_id\":\"person1\",\"access_token\":"             \
    "\"acc\\\"ess\\\\1\","                                                     \
    "\"refresh_token\":\"ref\\\"resh\\\\1\"}\n"
#define KEPT_REFRESH "ref\"resh\\1"

/* host_setup, and a /run that goes with the process. */
int kept_setup(void **state);
/* Skip the test that has none. */
void kept_need_run(void);

/* As a host logs ALICE in. */
pam_handle_t *kept_log_in(struct talk *talk);
/* The file that the PAM environment names. */
void kept_copy_path(pam_handle_t *pamh, char path[KEPT_PATH]);

unsigned kept_count_files(void);
void kept_empty_folder(void);
void kept_write_text(const char *path, const char *text);
void kept_make_old(const char *path, time_t age); /* s */
void kept_expect_no_file(const char *path);

/* The agent was asked to log that session out, so often. */
void kept_expect_logout(unsigned times);

/* A host opens the session of this file for ALICE, here, or in a process that
 * then ends without closing it. */
void kept_open_session_of(const char *path);
void kept_open_and_die(const char *path);

#endif
