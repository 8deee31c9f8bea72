/* What the tool says: a table on a terminal, plain lines for a program, JSON. */
#include "tool/terminal/out.h"

#include <errno.h>
#include <libsmartcols/libsmartcols.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/attr.h"
#include "core/deadline.h"
#include "core/io.h"
#include "tool/terminal/language.h"
#include "tool/terminal/tty.h"
#include "tool/terminal/wait.h"

#define CELL       4096 /* the longest that is shown in a table */
#define LAST_LEAST 24   /* columns in which words can be read */

static const struct uk_deadline no_deadline = {.at_ns = INT64_MAX};

/* What would end a cell or a row, or work on a terminal, as \xNN. */
static void
add_cell(struct uk_buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            uk_buf_addf(out, "\\x%02x", (unsigned)*text);
        else
            uk_buf_add_byte(out, (unsigned char)*text);
    }
}

static void
add_plain(struct uk_buf *out, size_t columns, const char *const *cells,
          size_t rows)
{
    for (size_t i = 0; i < rows * columns; i++) {
        add_cell(out, cells[i]);
        uk_buf_add_byte(out, (i + 1) % columns == 0 ? '\n' : '\t');
    }
}

bool
uk_out_is_terminal(void)
{
    return isatty(STDOUT_FILENO) == 1;
}

/* And do they want colours there?  (NO_COLOR, TERM) */
static bool
has_colours(void)
{
    const char *no = getenv("NO_COLOR");

    return uk_tty_obeys(STDOUT_FILENO) && (no == NULL || no[0] == '\0');
}

/* Words that stand for a state, and what people see at once. */
static const struct {
    const char *word, *colour;
} colours[] = {
    {"ok", UK_OUT_GOOD},          {"enabled", UK_OUT_GOOD},
    {"granted", UK_OUT_GOOD},     {"running", UK_OUT_GOOD},
    {"up", UK_OUT_GOOD},          {"yes", UK_OUT_GOOD},
    {"note", UK_OUT_NOTE},        {"unseen", UK_OUT_NOTE},
    {"warning", UK_OUT_WARNING},  {"disabled", UK_OUT_WARNING},
    {"expired", UK_OUT_WARNING},  {"pending", UK_OUT_WARNING},
    {"error", UK_OUT_BAD},        {"refused", UK_OUT_BAD},
    {"not-mapped", UK_OUT_BAD},   {"not-allowed", UK_OUT_BAD},
    {"not-found", UK_OUT_BAD},    {"conflict", UK_OUT_BAD},
    {"denied", UK_OUT_BAD},       {"network", UK_OUT_BAD},
    {"failed", UK_OUT_BAD},       {"user-disabled", UK_OUT_BAD},
    {"unknown-user", UK_OUT_BAD}, {"malformed", UK_OUT_BAD},
    {"throttled", UK_OUT_BAD},    {"unreachable", UK_OUT_BAD},
    {"tls", UK_OUT_BAD},          {"bad-answer", UK_OUT_BAD},
    {"down", UK_OUT_BAD},         {"misconfigured", UK_OUT_BAD},
};

const char *
uk_out_colour(const char *word)
{
    for (size_t i = 0; has_colours() && i < UK_COUNT(colours); i++) {
        if (strcmp(word, colours[i].word) == 0)
            return colours[i].colour;
    }
    return NULL;
}

const char *
uk_out_label(const char *name)
{
    return uk_out_is_terminal() ? _(name) : name;
}

/* What the last column has on this terminal, or 0: as much as it wants. */
static size_t
room_for_last(const char *const *heads, size_t columns,
              const char *const *cells, size_t rows)
{
    size_t width = uk_tty_width(STDOUT_FILENO), taken = 0;

    for (size_t j = 0; j + 1 < columns; j++) {
        size_t most = heads != NULL ? uk_language_width(_(heads[j])) : 0;

        for (size_t i = 0; i < rows; i++) {
            size_t len = uk_language_width(cells[i * columns + j]);

            most = len > most ? len : most;
        }
        taken += most + 1;
    }
    return width >= taken + LAST_LEAST ? width - taken : 0;
}

/* Break it into lines of whole words, with none over room where it can be; 0
 * is room for all. */
static void
fold(char *text, size_t room)
{
    char *begin = text, *blank = text;

    for (char *at = text; room > 0 && *at != '\0'; at++) {
        if (*at == ' ')
            blank = at;
        if (blank <= begin ||
            uk_language_width(begin) - uk_language_width(at) < room)
            continue;
        *blank = '\n';
        begin = blank + 1;
    }
}

static int
fill_cell(struct libscols_line *line, size_t column, const char *text,
          size_t room)
{
    const char *colour = uk_out_colour(text);
    char shown[CELL];
    int rc;

    uk_language_escape(shown, sizeof(shown), text);
    fold(shown, room);
    rc = scols_line_set_data(line, column, shown);
    if (rc == 0 && colour != NULL)
        rc = scols_cell_set_color(scols_line_get_cell(line, column), colour);
    return rc;
}

static int
add_column(struct libscols_table *table, const char *head, bool folds)
{
    struct libscols_column *column =
        scols_table_new_column(table, head, 0, folds ? SCOLS_FL_WRAP : 0);
    int rc;

    if (column == NULL)
        return -ENOMEM;
    rc = scols_cell_set_color(scols_column_get_header(column), UK_OUT_HEAD);
    if (rc == 0 && folds)
        rc = scols_column_set_safechars(column, "\n");
    if (rc == 0 && folds)
        rc = scols_column_set_wrapfunc(column, scols_wrapnl_chunksize,
                                       scols_wrapnl_nextchunk, NULL);
    return rc;
}

/* Row by row; 0, or a negative errno as libsmartcols has them. */
static int
fill(struct libscols_table *table, const char *const *heads, size_t columns,
     const char *const *cells, size_t rows)
{
    size_t room = room_for_last(heads, columns, cells, rows);
    int rc = scols_table_enable_noheadings(table, heads == NULL);

    if (rc == 0)
        rc = scols_table_enable_colors(table, has_colours());
    for (size_t i = 0; rc == 0 && i < columns; i++)
        rc = add_column(table, heads != NULL ? _(heads[i]) : "",
                        room > 0 && i + 1 == columns);
    for (size_t i = 0; rc == 0 && i < rows; i++) {
        struct libscols_line *line = scols_table_new_line(table, NULL);

        if (line == NULL)
            return -ENOMEM;
        for (size_t j = 0; rc == 0 && j < columns; j++)
            rc = fill_cell(line, j, cells[i * columns + j],
                           j + 1 == columns ? room : 0);
    }
    return rc;
}

enum uk_code
uk_out_table(struct uk_buf *out, const char *const *heads, size_t columns,
             const char *const *cells, size_t rows, struct uk_err *err)
{
    struct libscols_table *table;
    char *text = NULL;
    int rc = -ENOMEM;

    if (rows == 0)
        return UK_OK;
    if (!uk_out_is_terminal()) {
        add_plain(out, columns, cells, rows);
        return UK_OK;
    }
    table = scols_new_table();
    if (table != NULL)
        rc = fill(table, heads, columns, cells, rows);
    if (rc == 0)
        rc = scols_print_table_to_string(table, &text);
    if (rc == 0 && text != NULL) {
        uk_buf_add_text(out, text);
        uk_buf_add_byte(out, '\n'); /* the last line has none of its own */
    }
    free(text);
    scols_unref_table(table);
    return rc == 0 ? UK_OK : uk_err_sys(err, -rc, _("making a table"));
}

enum uk_code
uk_out_flush(struct uk_buf *out, struct uk_err *err)
{
    enum uk_code code = uk_buf_check(out, err);

    uk_wait_end();
    if (code == UK_OK && out->len > 0)
        code = uk_io_write_all(STDOUT_FILENO, out->bytes, out->len, no_deadline,
                               err);
    uk_buf_clear(out);
    return code == UK_OK ? code : uk_err_in(err, _("writing standard output"));
}

enum uk_code
uk_out_close(struct uk_err *err)
{
    if (close(STDOUT_FILENO) != 0 && errno != EBADF)
        return uk_err_sys(err, errno, _("writing standard output"));
    return UK_OK;
}

static void say(const char *prefix, const char *fmt, va_list args)
    UK_PRINTF(2, 0);

/* One write, so that lines of several programs do not mix.  Names of files and
 * folders can have any byte, and whoever made them may not be who reads it. */
static void
say(const char *prefix, const char *fmt, va_list args)
{
    char text[2048], line[2048];
    struct uk_err ignored;
    size_t len;

    uk_wait_end();
    if (vsnprintf(text, sizeof(text), fmt, args) < 0)
        return;
    len = (size_t)snprintf(line, sizeof(line), "%s", prefix);
    len += uk_language_escape(line + len, sizeof(line) - len, text);
    line[len++] = '\n'; /* where the NUL was */
    if (uk_io_write_all(STDERR_FILENO, line, len, no_deadline, &ignored) !=
        UK_OK)
        return; /* nobody is left to be told */
}

void
uk_out_note(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    say("", fmt, args);
    va_end(args);
}

void
uk_out_error(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    say("userkey: ", fmt, args);
    va_end(args);
}

void
uk_out_hint(const char *fmt, ...)
{
    va_list args;

    if (isatty(STDERR_FILENO) != 1)
        return;
    va_start(args, fmt);
    say("", fmt, args);
    va_end(args);
}

enum uk_code
uk_out_next(struct uk_buf *out, struct uk_err *err, const char *fmt, ...)
{
    enum uk_code code = uk_out_flush(out, err);
    va_list args;

    if (code != UK_OK || isatty(STDERR_FILENO) != 1)
        return code;
    va_start(args, fmt);
    say("", fmt, args);
    va_end(args);
    return UK_OK;
}

const char *
uk_out_date(int64_t seconds, char out[UK_OUT_DATE])
{
    time_t when = (time_t)seconds;
    struct tm tm;

    if (seconds <= 0 || gmtime_r(&when, &tm) == NULL ||
        strftime(out, UK_OUT_DATE, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        memcpy(out, "-", 2);
    return out;
}
