/* Rows of cells: under heads, in blocks, or between tabs. */
#include "tool/terminal/table.h"

#include <errno.h>
#include <libsmartcols/libsmartcols.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/terminal/language.h"
#include "tool/terminal/out.h"
#include "tool/terminal/tty.h"

#define CELL       4096 /* the longest that is shown */
#define LAST_LEAST 24   /* columns in which words can be read */
#define HELP_LEAST 16   /* the same, of a few */
#define BELOW      4    /* of what stands below its name */
#define SPACE      2    /* around a head, in a block */

/* What is to be shown, in the terms of its caller. */
struct rows {
    const char *const *heads; /* or NULL */
    size_t columns;
    const char *const *cells;
    size_t count;
};

static const char *
head_of(const struct rows *rows, size_t column)
{
    return rows->heads != NULL ? _(rows->heads[column]) : "";
}

static const char *
cell_of(const struct rows *rows, size_t row, size_t column)
{
    return rows->cells[row * rows->columns + column];
}

/*
 * For programs.
 */

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
add_plain(struct uk_buf *out, const struct rows *rows)
{
    for (size_t i = 0; i < rows->count * rows->columns; i++) {
        add_cell(out, rows->cells[i]);
        uk_buf_add_byte(out, (i + 1) % rows->columns == 0 ? '\n' : '\t');
    }
}

/*
 * In blocks.
 */

/* Words from this column on; the one that the last of them ends in. */
static size_t
add_wrapped(struct uk_buf *out, const char *text, size_t column, size_t indent,
            size_t width)
{
    bool begun = false;

    while (*text != '\0') {
        size_t len = strcspn(text, " ");
        size_t columns =
            uk_language_width(text) - uk_language_width(text + len);

        if (begun && column + 1 + columns > width) {
            uk_buf_addf(out, "\n%*s", (int)indent, "");
            column = indent;
        } else if (begun) {
            uk_buf_add_byte(out, ' ');
            column++;
        }
        uk_buf_add(out, text, len);
        column += columns;
        text += len + strspn(text + len, " ");
        begun = true;
    }
    return column;
}

void
uk_table_add_words(struct uk_buf *out, const char *text, size_t indent,
                   size_t width)
{
    add_wrapped(out, text, indent, indent, width);
    uk_buf_add_byte(out, '\n');
}

/* Where a line's second column begins, if there is room for it. */
static size_t
find_indent(const char *line, size_t width)
{
    size_t in = strspn(line, " "), at = in, gap;

    do {
        at += strcspn(line + at, " ");
        gap = strspn(line + at, " ");
        at += gap;
    } while (gap == 1);
    if (gap > 1 && at + HELP_LEAST <= width)
        return at;
    return gap > 1 || in == 0 ? in + BELOW : in;
}

void
uk_table_add_lines(struct uk_buf *out, const char *text, size_t width)
{
    char line[CELL];

    while (*text != '\0') {
        size_t len = strcspn(text, "\n"), indent, begin;

        snprintf(line, sizeof(line), "%.*s", (int)len, text);
        indent = find_indent(line, width);
        begin = strlen(line);
        if (uk_language_width(line) > width && indent < begin)
            begin = indent; /* up to there it is as it was */
        uk_buf_add(out, line, begin);
        add_wrapped(out, line + begin, begin, indent, width);
        uk_buf_add_byte(out, '\n');
        text += len + (text[len] == '\n');
    }
}

static void
add_coloured(struct uk_buf *out, const char *colour, const char *text,
             size_t indent, size_t width)
{
    char shown[CELL];

    uk_language_escape(shown, sizeof(shown), text);
    if (colour != NULL)
        uk_buf_add_text(out, colour);
    add_wrapped(out, shown, indent, indent, width);
    if (colour != NULL)
        uk_buf_add_text(out, UK_OUT_PLAIN);
    uk_buf_add_byte(out, '\n');
}

static bool
says_nothing(const char *cell)
{
    return cell[0] == '\0' || strcmp(cell, "-") == 0;
}

/* The first cell names the block; what the others say stands below it, each
 * behind its head where there are heads. */
static void
add_block(struct uk_buf *out, const struct rows *rows, size_t row, size_t width)
{
    const char *name =
        uk_out_has_colours() && rows->heads != NULL ? UK_OUT_HEAD : NULL;
    size_t most = 0, indent;

    for (size_t j = 1; j < rows->columns; j++) {
        size_t len = uk_language_width(head_of(rows, j));

        most = len > most ? len : most;
    }
    indent = rows->heads != NULL ? SPACE + most + SPACE : BELOW;
    add_coloured(out, name, cell_of(rows, row, 0), 0, width);
    for (size_t j = 1; j < rows->columns; j++) {
        const char *head = head_of(rows, j), *cell = cell_of(rows, row, j);
        size_t len = uk_language_width(head);

        if (says_nothing(cell))
            continue;
        if (rows->heads != NULL)
            uk_buf_addf(out, "%*s%s%*s", SPACE, "", head,
                        (int)(most - len + SPACE), "");
        else
            uk_buf_addf(out, "%*s", BELOW, "");
        add_coloured(out, uk_out_colour(cell), cell, indent, width);
    }
}

/*
 * Under heads.
 */

static size_t
width_of(const char *text)
{
    char shown[CELL];

    uk_language_escape(shown, sizeof(shown), text);
    return uk_language_width(shown);
}

static size_t
width_of_column(const struct rows *rows, size_t column)
{
    size_t most = uk_language_width(head_of(rows, column));

    for (size_t i = 0; i < rows->count; i++) {
        size_t len = width_of(cell_of(rows, i, column));

        most = len > most ? len : most;
    }
    return most;
}

/* Does it fit if the last column is folded to so much?  0 is what it wants. */
static bool
find_room(const struct rows *rows, size_t width, size_t *room)
{
    size_t taken = 0, last = width_of_column(rows, rows->columns - 1);

    for (size_t j = 0; j + 1 < rows->columns; j++)
        taken += width_of_column(rows, j) + 1;
    *room = taken + last <= width ? 0 : width - taken;
    return taken + last <= width || width >= taken + LAST_LEAST;
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
fill(struct libscols_table *table, const struct rows *rows, size_t room)
{
    size_t last = rows->columns - 1;
    int rc = scols_table_enable_noheadings(table, rows->heads == NULL);

    if (rc == 0)
        rc = scols_table_enable_colors(table, uk_out_has_colours());
    for (size_t j = 0; rc == 0 && j <= last; j++)
        rc = add_column(table, head_of(rows, j), room > 0 && j == last);
    for (size_t i = 0; rc == 0 && i < rows->count; i++) {
        struct libscols_line *line = scols_table_new_line(table, NULL);

        if (line == NULL)
            return -ENOMEM;
        for (size_t j = 0; rc == 0 && j <= last; j++)
            rc = fill_cell(line, j, cell_of(rows, i, j), j == last ? room : 0);
    }
    return rc;
}

static enum uk_code
add_table(struct uk_buf *out, const struct rows *rows, size_t room,
          struct uk_err *err)
{
    struct libscols_table *table = scols_new_table();
    char *text = NULL;
    int rc = -ENOMEM;

    if (table != NULL)
        rc = fill(table, rows, room);
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
uk_table_add(struct uk_buf *out, const char *const *heads, size_t columns,
             const char *const *cells, size_t rows, struct uk_err *err)
{
    const struct rows all = {heads, columns, cells, rows};
    size_t room, width;

    if (rows == 0)
        return UK_OK;
    if (!uk_out_is_terminal()) {
        add_plain(out, &all);
        return UK_OK;
    }
    width = uk_tty_width(STDOUT_FILENO);
    if (find_room(&all, width, &room))
        return add_table(out, &all, room, err);
    for (size_t i = 0; i < rows; i++)
        add_block(out, &all, i, width);
    return UK_OK;
}
