/* The script of a transaction: statements with their values, as bytes. */
#include "service/store/pg.h"

#include <stdint.h>
#include <string.h>

#define KEEP_ROOM 65536 /* a longer one gives its memory back */

/* In front of the values of a statement.  Not aligned: copied in and out. */
struct head {
    uint32_t size; /* with the head */
    uint16_t which, values;
    uint32_t answered;
    uint64_t digest;
};

static void
read_head(const struct uk_pg *pg, size_t at, struct head *head)
{
    memcpy(head, pg->script.bytes + at, sizeof(*head));
}

static void
write_head(struct uk_pg *pg, size_t at, const struct head *head)
{
    memcpy(pg->script.bytes + at, head, sizeof(*head));
}

void
uk_pg_script_open(struct uk_pg *pg, enum uk_pg_sql which)
{
    struct head head;

    memset(&head, 0, sizeof(head));
    head.which = (uint16_t)which;
    if (!pg->open)
        uk_pg_script_clear(pg);
    pg->start = pg->script.len;
    uk_buf_add(&pg->script, &head, sizeof(head));
}

void
uk_pg_script_put(struct uk_pg *pg, const void *bytes, size_t len)
{
    uint32_t size = (uint32_t)len;
    struct head head;

    if (len > INT32_MAX)
        pg->script.bad = true;
    uk_buf_add(&pg->script, &size, sizeof(size));
    uk_buf_add(&pg->script, bytes, len);
    if (pg->script.bad)
        return;
    read_head(pg, pg->start, &head);
    head.values++;
    write_head(pg, pg->start, &head);
}

enum uk_code
uk_pg_script_close(struct uk_pg *pg, struct uk_err *err)
{
    enum uk_code code = uk_buf_check(&pg->script, err);
    struct head head;

    if (code != UK_OK)
        return uk_err_in(err, "the database: too many changes at once");
    read_head(pg, pg->start, &head);
    head.size = (uint32_t)(pg->script.len - pg->start);
    write_head(pg, pg->start, &head);
    return UK_OK;
}

void
uk_pg_script_read(const struct uk_pg *pg, size_t at, struct uk_pg_record *out)
{
    const char *value = pg->script.bytes + at;
    struct head head;
    uint32_t len;

    read_head(pg, at, &head);
    out->size = head.size;
    out->which = (enum uk_pg_sql)head.which;
    out->values = head.values;
    out->answered = head.answered != 0;
    out->digest = head.digest;
    value += sizeof(head);
    for (int i = 0; i < out->values && i < UK_PG_VALUES; i++) {
        memcpy(&len, value, sizeof(len));
        value += sizeof(len);
        out->value[i] = value;
        out->len[i] = (int)len;
        value += len;
    }
}

void
uk_pg_script_answer(struct uk_pg *pg, size_t at, uint64_t digest)
{
    struct head head;

    read_head(pg, at, &head);
    head.answered = 1;
    head.digest = digest;
    write_head(pg, at, &head);
}

void
uk_pg_script_cut(struct uk_pg *pg, size_t at)
{
    if (at < pg->script.len)
        pg->script.len = at;
    if (pg->played > pg->script.len)
        pg->played = pg->script.len;
}

void
uk_pg_script_clear(struct uk_pg *pg)
{
    if (pg->script.bad || pg->script.room > KEEP_ROOM)
        uk_buf_clear(&pg->script);
    pg->script.len = 0;
    pg->start = 0;
    pg->played = 0;
    pg->saved = 0;
}
