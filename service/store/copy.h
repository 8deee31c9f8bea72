/*
 * Copies of everything: all rows of one database in another one, which was
 * empty.
 *
 * The one table of tables and columns is here.  A column that a migration adds
 * is added to it, or a test fails.
 */
#ifndef UK_SERVICE_STORE_COPY_H
#define UK_SERVICE_STORE_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/buf.h"
#include "core/err.h"

#define UK_COPY_COLUMNS 12 /* most columns of a table */
#define UK_COPY_TABLES  8

enum uk_copy_kind { UK_COPY_TEXT, UK_COPY_BYTES, UK_COPY_NUMBER, UK_COPY_FLAG };

/* What a value is, beside bytes or a number. */
enum uk_copy_form {
    UK_COPY_ID,
    UK_COPY_HASH,
    UK_COPY_APP_NAME,
    UK_COPY_KEY_NAME,
    UK_COPY_ADMIN_NAME,
    UK_COPY_PROVIDER,
    UK_COPY_SUBJECT, /* an address in small letters, or an id */
    UK_COPY_ADDRESS, /* or none */
    UK_COPY_SECRET,  /* the hash of a password, or none */
    UK_COPY_ORIGINS,
    UK_COPY_PURPOSE,
    UK_COPY_YES_NO,
    UK_COPY_TIME_US,
    UK_COPY_TIME_S,
    UK_COPY_EPOCH,
    UK_COPY_PROVIDERS, /* as bits */
    UK_COPY_LIFETIME,
};

struct uk_copy_column {
    const char *name;
    enum uk_copy_kind kind;
    enum uk_copy_form form;
};

/* The first column is what is unique, and the order in which rows come. */
struct uk_copy_table {
    const char *name;
    size_t count;
    struct uk_copy_column column[UK_COPY_COLUMNS];
};

/* In an order in which each row finds those that it refers to. */
extern const struct uk_copy_table uk_copy_tables[UK_COPY_TABLES];

/* "id, name, created" */
void uk_copy_names(struct uk_buf *sql, const struct uk_copy_table *table);

/* Of a row.  No column is ever NULL. */
struct uk_copy_value {
    const void *bytes; /* text and bytes; borrowed */
    size_t len;
    int64_t number; /* numbers, and flags as 0 and 1 */
};

/* Could the service have written this row?  UK_MISCONFIGURED names it, where
 * not: what stands in a file that somebody has handed us gets no further. */
UK_MUST_USE enum uk_code
uk_copy_check(const struct uk_copy_table *table,
              const struct uk_copy_value values[UK_COPY_COLUMNS],
              struct uk_err *err);

typedef enum uk_code
uk_copy_row(void *context, const struct uk_copy_value values[UK_COPY_COLUMNS],
            struct uk_err *err);

/* What is read: one view of it from its opening to its closing, and nothing in
 * it is changed. */
struct uk_copy_source;
struct uk_copy_source_ops {
    void (*close)(struct uk_copy_source *);
    enum uk_code (*read)(struct uk_copy_source *, const struct uk_copy_table *,
                         uk_copy_row *each, void *context, struct uk_err *);
};
struct uk_copy_source {
    const struct uk_copy_source_ops *ops;
    /* Asked now and then while a row is looked for, where that can take long:
     * true ends it. */
    bool (*stops)(void *context);
    void *context;
};

/* What is written, in one transaction that finish ends; close without it
 * leaves nothing. */
struct uk_copy_target;
struct uk_copy_target_ops {
    void (*close)(struct uk_copy_target *);
    enum uk_code (*begin)(struct uk_copy_target *, const struct uk_copy_table *,
                          struct uk_err *);
    enum uk_code (*put)(struct uk_copy_target *,
                        const struct uk_copy_value values[UK_COPY_COLUMNS],
                        struct uk_err *);
    /* The table is full; *rows is what the database counts in it. */
    enum uk_code (*end)(struct uk_copy_target *, uint64_t *rows,
                        struct uk_err *);
    /* The database finds nothing wrong with itself, and keeps all of it. */
    enum uk_code (*finish)(struct uk_copy_target *, struct uk_err *);
};
struct uk_copy_target {
    const struct uk_copy_target_ops *ops;
};

/* A database that may be in use (UK_COPY_LIVE), or a file that nothing is made
 * beside (UK_COPY_FILE).  An older schema is brought up to date in a copy where
 * the database is a file; else UK_MISCONFIGURED, as for one that is not ours.
 * The caller's, for uk_copy_source_close(). */
enum uk_copy_use { UK_COPY_LIVE, UK_COPY_FILE };
UK_MUST_USE enum uk_code uk_copy_source_open(const char *where,
                                             enum uk_copy_use use,
                                             struct uk_copy_source **out,
                                             struct uk_err *err);

/* The place must be empty, UK_INVALID: a file that is there is never one, and
 * in PostgreSQL no table has a row.  The caller's, for
 * uk_copy_target_close(). */
UK_MUST_USE enum uk_code uk_copy_target_open(const char *where,
                                             struct uk_copy_target **out,
                                             struct uk_err *err);

/* Both take NULL. */
void uk_copy_source_close(struct uk_copy_source *source);
void uk_copy_target_close(struct uk_copy_target *target);

/* Who looks on: called now and then, table is NULL while the whole is being
 * checked.  A failure ends the copying. */
typedef enum uk_code uk_copy_watch(void *context, const char *table,
                                   uint64_t rows, struct uk_err *err);

/* Copy all of it.  rows[i] is how many table i had and has; another number
 * there than was read is a failure. */
UK_MUST_USE enum uk_code uk_copy_run(struct uk_copy_source *source,
                                     struct uk_copy_target *target,
                                     uk_copy_watch *watch, void *context,
                                     uint64_t rows[UK_COPY_TABLES],
                                     struct uk_err *err);

/* Check the target, and keep it.  The source is of no more use for it. */
UK_MUST_USE enum uk_code uk_copy_finish(struct uk_copy_target *target,
                                        uk_copy_watch *watch, void *context,
                                        struct uk_err *err);

/* The two kinds of store, each in its own file; the caller is copy.c. */
enum uk_code uk_sqlite_source_open(const char *path, enum uk_copy_use use,
                                   struct uk_copy_source **out,
                                   struct uk_err *);
enum uk_code uk_sqlite_target_open(const char *path,
                                   struct uk_copy_target **out,
                                   struct uk_err *);
enum uk_code uk_pg_source_open(const char *url, struct uk_copy_source **out,
                               struct uk_err *);
enum uk_code uk_pg_target_open(const char *url, struct uk_copy_target **out,
                               struct uk_err *);

#endif
