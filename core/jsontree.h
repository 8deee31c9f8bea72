/*
 * The values of a JSON text in one piece of memory (a part of core/json).
 *
 * Made once its size is known: nothing of it is ever moved or left behind, and
 * to free it is to wipe one piece.  Libraries that do the same by many small
 * ones cost a login four times as much.
 */
#ifndef UK_CORE_JSONTREE_H
#define UK_CORE_JSONTREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/err.h"

enum uk_jsontree_type {
    UK_JSON_NOTHING, /* null */
    UK_JSON_FLAG,
    UK_JSON_INTEGER,
    UK_JSON_NUMBER, /* of any other form */
    UK_JSON_TEXT,
    UK_JSON_ARRAY,
    UK_JSON_OBJECT,
};

struct uk_json {
    enum uk_jsontree_type type;
    const char *name; /* as a member; borrowed from the document's texts */
    size_t name_len;
    size_t count; /* of an array's or object's own; a text's length */
    union {
        bool flag;
        int64_t integer;
        const char *text;           /* borrowed from the document's texts */
        const struct uk_json *item; /* the first of count */
    };
};

/* The top stands first, so that it is known by the document's address. */
struct uk_jsontree {
    struct uk_json top;
    char *texts; /* behind the values: names and strings, each with its NUL */
    size_t texts_len;
    struct uk_json values[];
};

/* Of what core/jsonscan.h takes, if no object has one name twice; else
 * UK_BAD_ANSWER.  Members may stand in another order than in the text.  *out is
 * the caller's, for uk_jsontree_free(). */
UK_MUST_USE enum uk_code uk_jsontree_make(const void *bytes, size_t len,
                                          struct uk_jsontree **out,
                                          struct uk_err *err);

/* Wipes every text in it. */
void uk_jsontree_free(struct uk_jsontree *tree);

#endif
