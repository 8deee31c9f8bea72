/* What a PAM stack makes of what its modules say: a run without the modules. */
#include "tool/stack/run.h"

#include <string.h>

/* What no configuration and no module has said. */
#define DENIED UK_PAM_PERM_DENIED

enum mood { OPEN, GOOD, BAD };

struct state {
    enum mood mood;
    enum uk_pamcode status;
    size_t grantor;
};

struct run {
    const struct uk_stack *stack;
    enum uk_stack_phase phase;
    struct state now;
    struct state before[UK_STACK_DEPTH + 1]; /* each substack was entered */
    struct uk_stackrun *out;
};

static size_t
next(const struct run *run, size_t index)
{
    return uk_stack_next(run->stack, run->phase, index + 1);
}

static unsigned
level_of(const struct run *run, size_t index)
{
    unsigned level = run->stack->line[index].level;

    return level <= UK_STACK_DEPTH ? level : UK_STACK_DEPTH;
}

static bool
is_inside(const struct run *run, size_t index, unsigned level)
{
    return index < run->stack->count && level_of(run, index) >= level;
}

/* The last line of this level, or of those within it. */
static size_t
skip_rest(const struct run *run, size_t index, unsigned level)
{
    while (is_inside(run, next(run, index), level))
        index = next(run, index);
    return index;
}

/* So many lines further; a substack is one. */
static size_t
jump(struct run *run, size_t index, int over)
{
    unsigned level = level_of(run, index);

    while (over > 0 && is_inside(run, next(run, index), level)) {
        do
            index = next(run, index);
        while (is_inside(run, next(run, index), level + 1));
        over--;
    }
    if (over > 0) {
        run->out->bad_jump = true;
        run->now.mood = BAD;
        run->now.status = DENIED;
    }
    return index;
}

static void
take_good(struct run *run, size_t index, enum uk_pamcode said)
{
    if (run->now.mood == BAD ||
        (run->now.mood == GOOD && run->now.status != UK_PAM_SUCCESS))
        return;
    if (run->now.mood == OPEN || said != UK_PAM_SUCCESS)
        run->now.grantor = index;
    run->now.mood = GOOD;
    run->now.status = said;
}

static void
take_bad(struct run *run, size_t index, enum uk_pamcode said)
{
    if (run->now.mood == BAD)
        return;
    run->now.mood = BAD;
    run->now.status = said == UK_PAM_IGNORE ? DENIED : said;
    if (run->out->refuser == UK_STACKRUN_NOBODY)
        run->out->refuser = index;
}

/* Where the run stands when this line has been heard. */
static size_t
act(struct run *run, size_t index, enum uk_pamcode said)
{
    int action = run->stack->line[index].action[said];

    switch (action) {
    case UK_STACK_IGNORE:
        return index;
    case UK_STACK_RESET:
        run->now = run->before[level_of(run, index)];
        return index;
    case UK_STACK_OK:
        take_good(run, index, said);
        return index;
    case UK_STACK_DONE:
        take_good(run, index, said);
        return run->now.mood == GOOD
                   ? skip_rest(run, index, level_of(run, index))
                   : index;
    case UK_STACK_BAD:
        take_bad(run, index, said);
        return index;
    case UK_STACK_DIE:
        take_bad(run, index, said);
        return skip_rest(run, index, level_of(run, index));
    default:
        return jump(run, index, action);
    }
}

static size_t
step(struct run *run, size_t index, uk_stackrun_says *says, void *context)
{
    const struct uk_stack_line *line = &run->stack->line[index];
    enum uk_pamcode said;

    if (line->kind == UK_STACK_SUBSTACK)
        return index;
    said = line->kind == UK_STACK_BROKEN ? DENIED : says(context, line, index);
    if ((unsigned)said >= UK_PAM_CODES)
        said = UK_PAM_ABORT;
    run->out->ran[index] = true;
    run->out->said[index] = (int)said;
    return act(run, index, said);
}

void
uk_stackrun(const struct uk_stack *stack, enum uk_stack_phase phase,
            uk_stackrun_says *says, void *context, struct uk_stackrun *out)
{
    struct run run = {
        .stack = stack,
        .phase = phase,
        .now = {OPEN, DENIED, UK_STACKRUN_NOBODY},
        .out = out,
    };
    unsigned before = 0;

    memset(out, 0, sizeof(*out));
    out->grantor = out->refuser = UK_STACKRUN_NOBODY;
    run.before[0] = run.now;
    if (stack->fault != NULL) {
        out->result = UK_PAM_ABORT;
        return;
    }
    for (size_t i = uk_stack_next(stack, phase, 0); i < stack->count;
         i = next(&run, i)) {
        unsigned level = level_of(&run, i);

        if (before < level)
            run.before[level] = run.now;
        before = level;
        i = step(&run, i, says, context);
    }
    out->result = run.now.status;
    if (out->result == UK_PAM_SUCCESS && run.now.mood == GOOD)
        out->grantor = run.now.grantor;
    else if (out->result == UK_PAM_SUCCESS)
        out->result = DENIED;
}
