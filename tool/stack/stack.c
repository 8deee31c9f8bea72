/* The stack of one PAM service, as libpam would load it. */
#include "tool/stack/stack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/str.h"
#include "tool/stack/line.h"
#include "tool/terminal/language.h"

#define FILE_MAX  (256 * 1024)
#define FIRST     16
#define DEFAULT   "other"
#define ANY_PHASE UK_STACK_PHASES

#define CANNOT_INCLUDE N_("the file that it includes cannot be read")

static const char *const phases[UK_STACK_PHASES] = {
    [UK_STACK_AUTH] = "auth",
    [UK_STACK_ACCOUNT] = "account",
    [UK_STACK_SESSION] = "session",
    [UK_STACK_PASSWORD] = "password",
};

const char *
uk_stack_phase_word(enum uk_stack_phase phase)
{
    return phase < UK_STACK_PHASES ? phases[phase] : "";
}

/* Why libpam takes nothing more of a file. */
struct refusal {
    const char *fault; /* static; NULL: it does */
    unsigned line;
};

/* A file that is being read. */
struct reading {
    const struct uk_stack_source *source;
    struct uk_stack *stack;
    const char *file;          /* "" for pam.conf */
    const char *service;       /* whose lines count there; else NULL */
    enum uk_stack_phase phase; /* that counts, or ANY_PHASE */
    unsigned depth, level;
    struct refusal *refusal; /* of the file at hand */
    struct uk_err *err;
};

static enum uk_code read_file(const struct reading *reading, bool *whole);

static void
set_fault(const struct reading *reading, const struct refusal *refusal)
{
    struct uk_stack *stack = reading->stack;

    stack->fault = refusal->fault;
    stack->fault_line = refusal->line;
    snprintf(stack->fault_file, sizeof(stack->fault_file), "%s", reading->file);
}

static enum uk_code
no_memory(struct uk_err *err)
{
    return uk_err_set(err, UK_NO_MEMORY, _("no memory for a stack"));
}

static enum uk_code
add_line(const struct reading *reading, const struct uk_stack_line *line)
{
    struct uk_stack *stack = reading->stack;

    if (stack->count == UK_STACK_LINES)
        return uk_err_set(reading->err, UK_INVALID,
                          _("a stack of more than %d lines"), UK_STACK_LINES);
    if (stack->line == NULL ||
        (stack->count >= FIRST && (stack->count & (stack->count - 1)) == 0)) {
        size_t room = stack->line == NULL ? FIRST : 2 * stack->count;
        struct uk_stack_line *more =
            reallocarray(stack->line, room, sizeof(*more));

        if (more == NULL)
            return no_memory(reading->err);
        stack->line = more;
    }
    stack->line[stack->count++] = *line;
    return UK_OK;
}

/* A line of ours, not yet owned by anybody: the texts are copied here. */
static enum uk_code
add_copy(const struct reading *reading, struct uk_stack_line *line,
         const char *control, const char *module, const char *args)
{
    enum uk_code code;

    snprintf(line->file, sizeof(line->file), "%s", reading->file);
    line->level = reading->level;
    line->control = strdup(control != NULL ? control : "");
    line->module = strdup(module != NULL ? module : "");
    line->args = strdup(args);
    code = line->control != NULL && line->module != NULL && line->args != NULL
               ? add_line(reading, line)
               : no_memory(reading->err);
    if (code != UK_OK) {
        free(line->control);
        free(line->module);
        free(line->args);
    }
    return code;
}

/* The words that are left, with one blank between. */
static void
join_args(char *rest, char *to, size_t size)
{
    size_t used = 0;
    char *word;

    to[0] = '\0';
    while (rest != NULL && (word = uk_stackline_word(&rest)) != NULL) {
        int len =
            snprintf(to + used, size - used, "%s%s", used > 0 ? " " : "", word);

        if (len < 0 || (size_t)len >= size - used)
            return;
        used += (size_t)len;
    }
}

static void
break_line(struct uk_stack_line *line, const char *fault)
{
    line->kind = UK_STACK_BROKEN;
    if (line->fault == NULL)
        line->fault = fault;
}

/* What another file says about this phase, in the place of this line. */
static enum uk_code
include(const struct reading *reading, struct uk_stack_line *line,
        const char *name, bool substack)
{
    struct reading inner = *reading;
    bool whole = false;
    enum uk_code code = UK_OK;

    if (substack) {
        line->kind = UK_STACK_SUBSTACK;
        code = add_copy(reading, line, "substack", name, "");
        inner.level++;
    }
    inner.file = name != NULL ? name : "";
    inner.phase = line->phase;
    inner.service = NULL;
    inner.depth++;
    if (code == UK_OK && name != NULL && name[0] != '\0' &&
        inner.depth < UK_STACK_DEPTH)
        code = read_file(&inner, &whole);
    if (code != UK_OK || whole)
        return code;
    if (line->phase == ANY_PHASE) {
        *reading->refusal = (struct refusal){_(CANNOT_INCLUDE), line->number};
        return UK_OK;
    }
    uk_stackline_control("required", line->action);
    line->kind = UK_STACK_BROKEN;
    line->fault = inner.depth < UK_STACK_DEPTH
                      ? _(CANNOT_INCLUDE)
                      : _("files include one another too deeply");
    return add_copy(reading, line, "include", name, "");
}

/* "auth", "-auth", or something that libpam takes for a phase all the same. */
static void
read_phase(const struct reading *reading, const char *word,
           struct uk_stack_line *line)
{
    for (int i = 0; word != NULL && i < UK_STACK_PHASES; i++) {
        if (uk_str_equal_nocase(word + (word[0] == '-'), phases[i])) {
            line->phase = (enum uk_stack_phase)i;
            return;
        }
    }
    line->phase = reading->phase != ANY_PHASE ? reading->phase : UK_STACK_AUTH;
    break_line(line, _("neither auth, account, password nor session"));
}

static enum uk_code
read_control(const struct reading *reading, struct uk_stack_line *line,
             char *rest)
{
    char *control = rest != NULL ? uk_stackline_word(&rest) : NULL;
    char *module = control != NULL ? uk_stackline_word(&rest) : NULL;
    char args[UK_STACKLINE_SIZE];

    if (control != NULL && (uk_str_equal_nocase(control, "include") ||
                            uk_str_equal_nocase(control, "substack")))
        return include(reading, line, module,
                       uk_str_equal_nocase(control, "substack"));
    if (control == NULL)
        break_line(line, _("it says neither required nor anything else"));
    if (!uk_stackline_control(control != NULL ? control : "", line->action))
        line->fault = _("what stands in brackets is not understood");
    if (module == NULL)
        break_line(line, _("it names no module"));
    join_args(module != NULL ? rest : NULL, args, sizeof(args));
    return add_copy(reading, line, control, module, args);
}

static enum uk_code
read_line(const struct reading *reading, char *text, unsigned number)
{
    struct uk_stack_line line = {.number = number};
    char *rest = text, *word;

    if (reading->service != NULL) { /* pam.conf has a column more */
        word = uk_stackline_word(&rest);
        if (word == NULL || !uk_str_equal_nocase(word, reading->service))
            return UK_OK;
        reading->stack->found |= strcmp(reading->service, DEFAULT) != 0;
    }
    word = uk_stackline_word(&rest);
    if (word != NULL && uk_str_equal_nocase(word, "@include")) {
        line.phase = reading->phase;
        return include(reading, &line, uk_stackline_word(&rest), false);
    }
    read_phase(reading, word, &line);
    if (reading->phase != ANY_PHASE && line.phase != reading->phase)
        return UK_OK;
    return read_control(reading, &line, word != NULL ? rest : NULL);
}

static enum uk_code
read_lines(const struct reading *reading, const struct uk_buf *text)
{
    struct uk_stackline *lines = malloc(sizeof(*lines));
    enum uk_stackline_next next = UK_STACKLINE_NONE;
    enum uk_code code = UK_OK;

    if (lines == NULL)
        return no_memory(reading->err);
    uk_stackline_init(lines, uk_buf_peek(text), text->len);
    while (code == UK_OK && reading->refusal->fault == NULL &&
           (next = uk_stackline_next(lines)) == UK_STACKLINE_ONE)
        code = read_line(reading, lines->text, lines->number);
    if (next == UK_STACKLINE_BAD)
        *reading->refusal = (struct refusal){
            _("a line that does not end, or is too long"), lines->number};
    free(lines);
    return code;
}

/* *whole is false, or stays it, for a file that is not there or that libpam
 * does not read to its end; what came before that counts. */
static enum uk_code
read_file(const struct reading *reading, bool *whole)
{
    const struct uk_stack_source *source = reading->source;
    struct uk_buf text = UK_BUF_UP_TO(FILE_MAX);
    struct refusal refusal = {.fault = NULL};
    struct reading here = *reading;
    enum uk_code code = UK_OK;

    if (++reading->stack->files > UK_STACK_FILES)
        return uk_err_set(reading->err, UK_INVALID,
                          _("a stack that includes more than %d files"),
                          UK_STACK_FILES);
    here.refusal = &refusal;
    if (source->read(source->context, reading->file, &text)) {
        code = uk_buf_check(&text, reading->err);
        if (code == UK_OK)
            code = read_lines(&here, &text);
        *whole = refusal.fault == NULL;
    }
    if (reading->refusal == NULL && refusal.fault != NULL)
        set_fault(reading, &refusal); /* no other file includes this one */
    uk_buf_clear(&text);
    return code;
}

/* Phases of which a service says nothing are those of 'other'. */
static enum uk_code
load_other(const struct reading *service, bool *found)
{
    struct uk_stack *stack = service->stack, other = {.line = NULL};
    struct reading reading = *service;
    bool has[UK_STACK_PHASES] = {false};
    enum uk_code code;

    for (size_t i = 0; i < stack->count; i++)
        has[stack->line[i].phase] = true;
    reading.stack = &other;
    reading.file = service->source->one_file ? "" : DEFAULT;
    reading.service = service->source->one_file ? DEFAULT : NULL;
    code = read_file(&reading, found);
    if (other.fault != NULL) {
        stack->fault = other.fault;
        stack->fault_line = other.fault_line;
        memcpy(stack->fault_file, other.fault_file, sizeof(stack->fault_file));
    }
    for (size_t i = 0; i < other.count; i++) {
        if (code == UK_OK && !has[other.line[i].phase]) {
            code = add_line(service, &other.line[i]);
            if (code == UK_OK) {
                stack->other[other.line[i].phase] = true;
                other.line[i].control = other.line[i].module =
                    other.line[i].args = NULL;
            }
        }
    }
    uk_stack_clear(&other);
    return code;
}

enum uk_code
uk_stack_load(const struct uk_stack_source *source, const char *service,
              struct uk_stack *out, struct uk_err *err)
{
    struct uk_stack stack = {.line = NULL};
    struct reading reading = {.source = source,
                              .stack = &stack,
                              .file = source->one_file ? "" : service,
                              .service = source->one_file ? service : NULL,
                              .phase = ANY_PHASE,
                              .err = err};
    bool whole = false, other = false;
    enum uk_code code = read_file(&reading, &whole);

    if (!source->one_file)
        stack.found = whole || stack.fault != NULL;
    if (code == UK_OK && stack.fault == NULL)
        code = load_other(&reading, &other);
    if (code == UK_OK && stack.fault == NULL && !whole && !other)
        stack.fault = _("neither it nor 'other' is there");
    if (code == UK_OK)
        *out = stack;
    else
        uk_stack_clear(&stack);
    return code;
}

void
uk_stack_clear(struct uk_stack *stack)
{
    for (size_t i = 0; i < stack->count; i++) {
        free(stack->line[i].control);
        free(stack->line[i].module);
        free(stack->line[i].args);
    }
    free(stack->line);
    *stack = (struct uk_stack){.line = NULL};
}

size_t
uk_stack_next(const struct uk_stack *stack, enum uk_stack_phase phase,
              size_t index)
{
    while (index < stack->count && stack->line[index].phase != phase)
        index++;
    return index;
}

bool
uk_stack_is(const struct uk_stack_line *line, const char *module)
{
    const char *slash = strrchr(line->module, '/');
    const char *name = slash != NULL ? slash + 1 : line->module;
    size_t len = strlen(module);

    return line->kind == UK_STACK_MODULE && strncmp(name, module, len) == 0 &&
           (name[len] == '\0' || strcmp(name + len, ".so") == 0);
}

bool
uk_stack_has(const struct uk_stack_line *line, const char *name)
{
    size_t len = strlen(name);

    for (const char *at = line->args; *at != '\0'; at += strcspn(at, " ")) {
        at += strspn(at, " ");
        if (strncmp(at, name, len) == 0 &&
            (at[len] == '\0' || at[len] == ' ' || name[len - 1] == '='))
            return true;
    }
    return false;
}
