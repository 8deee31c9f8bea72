/* What the refusals of a PostgreSQL server mean. */
#include "service/store/pg.h"

#include <stdio.h>
#include <string.h>

#include "core/str.h"

/*
 * By the beginning of the SQLSTATE; the first row that fits counts.
 *
 * LOST is what a new connection may mend: the server stops or has stopped
 * (57P, 08, 25P03 and 25P05, its timeouts for idle ones), has become a standby
 * (25006), or does not know our prepared statements any more (26000, 0A000).
 */
static const struct {
    const char *state;
    enum uk_pg_fault fault;
    enum uk_code code;
} meanings[] = {
    {"40003", UK_PG_LOST, UK_UNREACHABLE}, /* whether it was done is unknown */
    {"40", UK_PG_CONFLICT, UK_UNREACHABLE},
    {"08", UK_PG_LOST, UK_UNREACHABLE},
    {"57P", UK_PG_LOST, UK_UNREACHABLE},
    {"25P03", UK_PG_LOST, UK_UNREACHABLE},
    {"25P05", UK_PG_LOST, UK_UNREACHABLE},
    {"25006", UK_PG_LOST, UK_UNREACHABLE},
    {"26000", UK_PG_LOST, UK_UNREACHABLE},
    {"0A000", UK_PG_LOST, UK_SYSTEM},
    {"57014", UK_PG_REFUSED, UK_TIMEOUT},     /* took too long */
    {"55P03", UK_PG_REFUSED, UK_TIMEOUT},     /* waited too long for a lock */
    {"53300", UK_PG_REFUSED, UK_UNREACHABLE}, /* too many connections */
    {"28", UK_PG_REFUSED, UK_MISCONFIGURED},  /* who we are */
    {"3D", UK_PG_REFUSED, UK_MISCONFIGURED},  /* no such database */
    {"3F", UK_PG_REFUSED, UK_MISCONFIGURED},  /* no such schema */
    {"42", UK_PG_REFUSED, UK_MISCONFIGURED},  /* no such table, no right */
    {"", UK_PG_REFUSED, UK_SYSTEM},
};

enum uk_pg_fault
uk_pg_judge(const PGresult *result, struct uk_err *err)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    char words[UK_PG_WORDS];
    size_t i = 0;

    if (state == NULL)
        state = "";
    while (!uk_str_starts(state, meanings[i].state))
        i++; /* the last one fits all */
    uk_err_set(
        err, meanings[i].code, "'%s' (%.5s)",
        uk_pg_words(words, PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY)),
        uk_str_is_printable(state) ? state : "?");
    return meanings[i].fault;
}

const char *
uk_pg_words(char to[UK_PG_WORDS], const char *text)
{
    char piece[UK_PRINTABLE_SIZE];
    size_t len, used = 0;

    to[0] = '\0';
    if (text == NULL)
        text = "no reason given";
    while (text[0] != '\0' && used + UK_PRINTABLE_SIZE < UK_PG_WORDS) {
        /* Lines become clauses. */
        len = strcspn(text, "\n\t");
        if (len == 0) {
            text += strspn(text, "\n\t");
            if (text[0] != '\0' && used > 0)
                used += (size_t)snprintf(to + used, UK_PG_WORDS - used, "; ");
            continue;
        }
        if (len > UK_PRINTABLE_MAX)
            len = UK_PRINTABLE_MAX;
        used += (size_t)snprintf(to + used, UK_PG_WORDS - used, "%s",
                                 uk_str_printable(piece, text, len));
        text += len;
    }
    return to;
}
