/*
 * "name = value" lines into a struct, by a table.
 *
 * One grammar for userkey.conf, server.conf and the module's arguments: one
 * setting a line, '#' begins a comment at the start of a line or after white
 * space, white space around name and value does not count, a value has no
 * quotes.  An unknown name, a bad value, a name given twice, a missing
 * required name: UK_MISCONFIGURED, and the sentence begins with file and line
 * and says what is allowed.
 *
 * Pure: bytes in, struct out.  Values are kept in the struct itself; there is
 * nothing to free.
 */
#ifndef UK_CORE_CONF_H
#define UK_CORE_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "core/attr.h"
#include "core/err.h"

#define UK_CONF_VALUE   256 /* room of one text value, with its NUL */
#define UK_CONF_ITEMS   8   /* most words of one list */
#define UK_CONF_RULES   64  /* most rows of a table */
#define UK_CONF_NO_LINE 0   /* a value that stands in no file */

enum uk_conf_type {
    UK_CONF_BOOL,   /* yes or no -> bool */
    UK_CONF_NUMBER, /* min to max -> unsigned long */
    UK_CONF_TIME,   /* with a unit, min to max ms -> unsigned long, in ms */
    UK_CONF_CHOICE, /* one of the words -> int, its index in choices */
    UK_CONF_TEXT,   /* 1 to UK_CONF_VALUE - 1 bytes -> char[UK_CONF_VALUE] */
    UK_CONF_PATH,   /* the same, an absolute path */
    UK_CONF_LIST,   /* words with white space between -> struct uk_conf_list */
};

struct uk_conf_list {
    size_t count;
    char item[UK_CONF_ITEMS][UK_CONF_VALUE];
};

struct uk_conf_rule {
    const char *name;
    enum uk_conf_type type;
    bool required;              /* must stand in the file */
    size_t offset;              /* of the value, in the struct */
    const char *fallback;       /* as it would stand in the file; or NULL */
    unsigned long min, max;     /* of a number or a time */
    const char *const *choices; /* NULL-terminated */
    /* A further check of a text, path or each word of a list, or NULL:
     * returns what is allowed when the value is not. */
    const char *(*check)(const char *value);
};

struct uk_conf_table {
    const struct uk_conf_rule *rules;
    size_t count;
};

/* Which lines the settings came from, for messages about combinations. */
struct uk_conf_seen {
    /* By row of the table; 0: not given; UINT_MAX: given outside a file. */
    unsigned line[UK_CONF_RULES];
};

/* Fill the struct with every fallback; it was cleared by the caller.  The
 * fallbacks are the programmer's: a wrong one is UK_INVALID. */
UK_MUST_USE enum uk_code uk_conf_init(const struct uk_conf_table *table,
                                      void *into, struct uk_err *err);

/* Set one by name; file and line are for the sentence (file "pam_userkey",
 * line UK_CONF_NO_LINE for module arguments).  seen was cleared by the caller
 * before the first. */
UK_MUST_USE enum uk_code uk_conf_set(const struct uk_conf_table *table,
                                     const char *name, const char *value,
                                     const char *file, unsigned line,
                                     void *into, struct uk_conf_seen *seen,
                                     struct uk_err *err);

/* Fallbacks, then every line of text, then the required ones; *seen is
 * overwritten. */
UK_MUST_USE enum uk_code uk_conf_parse(const struct uk_conf_table *table,
                                       const char *text, size_t len,
                                       const char *file, void *into,
                                       struct uk_conf_seen *seen,
                                       struct uk_err *err);

/* The line that set this name, 0 if none did, UINT_MAX if it was none. */
unsigned uk_conf_line(const struct uk_conf_table *table,
                      const struct uk_conf_seen *seen, const char *name);

#endif
