/*
 * PAM stacks: any text is read to an end, and no run of it lets somebody in to
 * whom no module has said yes.
 *
 * Form feeds part the files: the service's, 'other', then those that are
 * included, by the last letter of their name.
 */
#include <string.h>

#include "core/str.h"
#include "tests/fuzz/fuzz.h"
#include "tool/stack/who.h"

#define FILES 8

struct files {
    const char *text[FILES];
    size_t len[FILES];
    size_t count;
};

static bool
read_file(const void *context, const char *name, struct uk_buf *text)
{
    const struct files *files = context;
    size_t len = strlen(name), i = 0;

    if (strcmp(name, "other") == 0)
        i = 1;
    else if (strcmp(name, "service") != 0 && len > 0)
        i = 2 + (unsigned char)name[len - 1] % (FILES - 2);
    if (i >= files->count)
        return false;
    uk_buf_add(text, files->text[i], files->len[i]);
    return true;
}

static void
split(const uint8_t *bytes, size_t len, struct files *files)
{
    const char *at = (const char *)bytes, *end = at + len;

    for (files->count = 0; files->count < FILES && at <= end;) {
        const char *feed = memchr(at, '\f', (size_t)(end - at));
        const char *stop = feed != NULL ? feed : end;

        files->text[files->count] = at;
        files->len[files->count++] = (size_t)(stop - at);
        at = stop + 1;
    }
}

static void
run_all(const struct uk_stack *stack, enum uk_stack_phase phase)
{
    static struct uk_stackrun run;

    for (int code = 0; code < UK_PAM_CODES; code++) {
        struct uk_stackwho who = {.ours = (enum uk_pamcode)code,
                                  .proofs = (code & 1) != 0,
                                  .conditions = (code & 2) != 0,
                                  .strangers = (code & 4) != 0};
        bool enters = uk_stackwho_enters(stack, phase, &who, &run);
        bool yes = false;

        FUZZ_MUST((unsigned)run.result < UK_PAM_CODES);
        for (size_t i = 0; i < stack->count; i++)
            yes |= run.ran[i] && run.said[i] == UK_PAM_SUCCESS;
        FUZZ_MUST(!enters || yes);
        FUZZ_MUST(!enters || run.grantor < stack->count);
    }
}

static void
load(const struct uk_stack_source *source)
{
    struct uk_stack stack = {.line = NULL};
    struct uk_err err = UK_ERR_NONE;

    if (uk_stack_load(source, "service", &stack, &err) != UK_OK) {
        FUZZ_MUST(err.text[0] != '\0' && uk_str_is_printable(err.text));
        return;
    }
    FUZZ_MUST(stack.count <= UK_STACK_LINES);
    for (size_t i = 0; i < stack.count; i++) {
        FUZZ_MUST(stack.line[i].module != NULL && stack.line[i].args != NULL);
        FUZZ_MUST(stack.line[i].level <= UK_STACK_DEPTH);
        FUZZ_MUST(stack.line[i].phase < UK_STACK_PHASES);
    }
    for (int phase = 0; phase < UK_STACK_PHASES; phase++)
        run_all(&stack, (enum uk_stack_phase)phase);
    uk_stack_clear(&stack);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct files files;
    struct uk_stack_source source = {.read = read_file, .context = &files};

    split(bytes, len, &files);
    load(&source);
    source.one_file = true;
    load(&source);
    return 0;
}
