/*
 * What went wrong: one code, one sentence.
 *
 * A function that can fail returns an enum uk_code and fills the caller's
 * struct uk_err only when the code is not UK_OK.  The lowest function says
 * what failed; a caller that knows what for puts that in front with
 * uk_err_in(); nobody logs on the way.  No heap, never a secret.
 *
 * A code says whether we found out.  What we found out is a verdict.
 */
#ifndef UK_CORE_ERR_H
#define UK_CORE_ERR_H

#include "core/attr.h"

enum uk_code {
    UK_OK = 0,
    UK_MISCONFIGURED, /* our settings or files are wrong or not to be trusted */
    UK_UNREACHABLE,   /* nobody answers there, or hung up before an answer */
    UK_TIMEOUT,       /* the deadline passed; the stage says where */
    UK_TLS,           /* the other side is not who it should be */
    UK_BAD_ANSWER,    /* bytes from outside that are not what they must be */
    UK_NO_MEMORY,     /* this machine has no memory left for us */
    UK_SYSTEM,        /* the kernel refused something; sys has the errno */
    UK_INVALID,       /* what the person or program asked for cannot be */
    UK_CANCELLED,     /* the person gave up */
};

/* Where in a login the time went. */
enum uk_stage {
    UK_STAGE_NONE = 0,
    UK_STAGE_AGENT,   /* starting or asking the agent */
    UK_STAGE_RESOLVE, /* the service's name */
    UK_STAGE_CONNECT, /* TCP, or the proxy */
    UK_STAGE_TLS,     /* the handshake */
    UK_STAGE_ANSWER,  /* the service has the request */
};

#define UK_ERR_TEXT 512 /* longest sentence with its NUL; longer ones are cut */

struct uk_err {
    enum uk_code code;
    enum uk_stage stage;
    int sys; /* an errno, or 0 */
    char text[UK_ERR_TEXT];
};

#define UK_ERR_NONE                                                            \
    {                                                                          \
        .code = UK_OK                                                          \
    }

/* Begin a sentence: lower case, no full stop, the subject in single quotes.
 * Returns code, so that a failure is one line.  Foreign text must have been
 * made printable (uk_str_printable) before it comes here. */
enum uk_code uk_err_set(struct uk_err *err, enum uk_code code, const char *fmt,
                        ...) UK_PRINTF(3, 4);

/* The same with code UK_SYSTEM (UK_NO_MEMORY for ENOMEM), ending in
 * ": " and the C locale's words for errnum. */
enum uk_code uk_err_sys(struct uk_err *err, int errnum, const char *fmt, ...)
    UK_PRINTF(3, 4);

/* The same with code UK_TIMEOUT and its stage. */
enum uk_code uk_err_late(struct uk_err *err, enum uk_stage stage,
                         const char *fmt, ...) UK_PRINTF(3, 4);

/* Put what it was for, and ": ", in front of the sentence.  Returns the code
 * that was there. */
enum uk_code uk_err_in(struct uk_err *err, const char *fmt, ...)
    UK_PRINTF(2, 3);

/* The same failure seen from higher up: keep the sentence, change the code.
 * Returns code. */
enum uk_code uk_err_recode(struct uk_err *err, enum uk_code code);

#ifdef UK_ANALYSE /* who looks at one file alone cannot know what they return */
#define uk_err_set(err, code, ...)                                             \
    ((void)uk_err_set(err, code, __VA_ARGS__), (enum uk_code)(code))
#define uk_err_recode(err, code) ((void)uk_err_recode(err, code), (code))
#define uk_err_sys(err, ...)                                                   \
    ((void)uk_err_sys(err, __VA_ARGS__), (enum uk_code)UK_SYSTEM)
#endif

/* The word for logs ("unreachable", "misconfigured"): static. */
const char *uk_code_word(enum uk_code code);

/* The word after "timeout:" ("resolve", "answer"): static. */
const char *uk_stage_word(enum uk_stage stage);

#endif
