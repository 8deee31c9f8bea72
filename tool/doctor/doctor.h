/*
 * What is wrong with a machine that keys log in to: findings, collected by
 * checks.
 *
 * A check says what is, why it matters and the command that mends it.  It
 * changes nothing, but for modes of our own files where that was asked for.
 */
#ifndef UK_TOOL_DOCTOR_DOCTOR_H
#define UK_TOOL_DOCTOR_DOCTOR_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "core/attr.h"
#include "core/buf.h"
#include "core/err.h"
#include "core/identity.h"
#include "core/settings.h"
#include "tool/loginway/pamfile.h"

enum uk_grade {
    UK_GRADE_OK,
    UK_GRADE_NOTE,    /* worth to know */
    UK_GRADE_UNSEEN,  /* cannot be looked at from here */
    UK_GRADE_WARNING, /* will hurt somebody, some day */
    UK_GRADE_ERROR,   /* lets in who may not, or keeps out who may */
};

struct uk_finding {
    const char *check; /* the id of the check: static */
    enum uk_grade grade;
    char what[640];
    char why[512];  /* or "" */
    char mend[640]; /* a command, or what to write where; or "" */
    bool elsewhere; /* the cure is not in the file that is to blame */
};

struct uk_doctor {
    const char *root; /* borrowed: the folder of another system, or "" */
    const char *conf; /* borrowed: of that system */
    const struct uk_planned *planned; /* read in place of what is */
    size_t n_planned;
    bool fix;
    /* What earlier checks have found; the caller's, for uk_doctor_clear(). */
    bool has_settings;
    struct uk_settings settings; /* files of it below root */
    bool has_users;
    struct uk_users users;
    struct uk_finding *finding;
    size_t count;
    bool no_memory;    /* some are missing */
    const char *check; /* whose turn it is */
};

struct uk_doctor_check {
    const char *id;    /* stable: for --json */
    const char *title; /* for people who wait */
    void (*run)(struct uk_doctor *doctor);
};

/* All of them, in the order in which they build on one another. */
extern const struct uk_doctor_check uk_doctor_checks[];
extern const size_t uk_doctor_n_checks;

/* The checks. */
void uk_doctor_settings(struct uk_doctor *doctor); /* files.c */
void uk_doctor_users(struct uk_doctor *doctor);
void uk_doctor_service(struct uk_doctor *doctor); /* service.c */
void uk_doctor_agent(struct uk_doctor *doctor);   /* agent.c */
void uk_doctor_module(struct uk_doctor *doctor);
void uk_doctor_pam(struct uk_doctor *doctor);  /* pam.c */
void uk_doctor_sshd(struct uk_doctor *doctor); /* sshd.c */
void uk_doctor_sudo(struct uk_doctor *doctor); /* sudo.c */
void uk_doctor_confinement(struct uk_doctor *doctor);

/* Add a finding.  The result is for the next two and never NULL. */
struct uk_finding *uk_doctor_say(struct uk_doctor *doctor, enum uk_grade grade,
                                 const char *fmt, ...) UK_PRINTF(3, 4);
void uk_doctor_why(struct uk_finding *finding, const char *fmt, ...)
    UK_PRINTF(2, 3);
void uk_doctor_mend(struct uk_finding *finding, const char *fmt, ...)
    UK_PRINTF(2, 3);

/* Say that something cannot be seen, and whose eyes it takes. */
void uk_doctor_unseen(struct uk_doctor *doctor, const char *what);

/* A name for a command that is pasted into a shell, in quotes: to, or "NAME"
 * for one that is too long or cannot be shown. */
#define UK_DOCTOR_QUOTED 264
const char *uk_doctor_quote(const char *word, char to[UK_DOCTOR_QUOTED]);

/* Say what is wrong with owner or mode of a file, or of the folder that holds
 * it; mended, where that is wanted and safe (modes.c). */
void uk_doctor_mode(struct uk_doctor *doctor, const char *path,
                    bool is_private);
void uk_doctor_folder_mode(struct uk_doctor *doctor, const char *path);

/*
 * Reading (look.c).  No link leads out of root, and nothing is opened
 * that is no file and no folder.
 */

/* Is it this running machine that is looked at? */
bool uk_doctor_is_live(const struct uk_doctor *doctor);

/* A path of that system as one of this, for core/file, which follows no link,
 * or to be shown: to has UK_DOCTOR_PATH bytes.  Returns to. */
#define UK_DOCTOR_PATH 4352
const char *uk_doctor_path(const struct uk_doctor *doctor, const char *path,
                           char *to);

/* Append a file of that system, whoever owns it.  0, or an errno. */
int uk_doctor_read(const struct uk_doctor *doctor, const char *path,
                   struct uk_buf *to);

/* What stat() or lstat() says of it.  0, or an errno. */
int uk_doctor_stat(const struct uk_doctor *doctor, const char *path,
                   bool follow, struct stat *st);

/* opendir(). */
DIR *uk_doctor_folder(const struct uk_doctor *doctor, const char *path);

/* Is it there, as this type (S_IFREG, S_IFDIR, S_IFSOCK)? */
bool uk_doctor_is_there(const struct uk_doctor *doctor, const char *path,
                        unsigned type);

const char *uk_doctor_word(enum uk_grade grade);
void uk_doctor_clear(struct uk_doctor *doctor);

#endif
