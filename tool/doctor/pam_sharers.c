/* Files of PAM that services share: who does, and what includes them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/str.h"
#include "tool/doctor/pam_files.h"
#include "tool/doctor/pam_look.h"
#include "tool/stack/line.h"
#include "tool/terminal/language.h"

#define MOST_IN  4 /* files that include one another */
#define WORD_MAX 100

/* A line that includes a file, as far as the auth phase goes. */
struct inclusion {
    unsigned number;
    char file[UK_STACK_NAME];            /* that is included */
    char text[UK_STACK_NAME + WORD_MAX]; /* "@include common-auth" */
};

/* Taken apart; false if the line includes nothing. */
static bool
take_inclusion(struct uk_stackline *lines, struct inclusion *out)
{
    char *rest = lines->text;
    const char *first = uk_stackline_word(&rest), *file, *how;

    if (first == NULL)
        return false;
    if (uk_str_equal_nocase(first, "@include")) {
        file = uk_stackline_word(&rest);
        how = "";
    } else {
        if (!uk_str_equal_nocase(first + (first[0] == '-'), "auth"))
            return false;
        how = uk_stackline_word(&rest);
        if (how == NULL || (!uk_str_equal_nocase(how, "include") &&
                            !uk_str_equal_nocase(how, "substack")))
            return false;
        file = uk_stackline_word(&rest);
    }
    if (file == NULL || !uk_str_copy(out->file, sizeof(out->file), file))
        return false;
    out->number = lines->number;
    snprintf(out->text, sizeof(out->text), "%s%s%s %s", first,
             how[0] != '\0' ? " " : "", how, file);
    return true;
}

/* A whole way in that was left behind the inclusion of ours. */
struct left {
    char text[UK_STACK_NAME + WORD_MAX]; /* "@include common-auth" */
    char place[UK_DOCTOR_PLACE];
};

/* The inclusions of a file, up to most of them. */
static size_t
list_inclusions(const struct uk_doctor *doctor, const char *file,
                struct inclusion *out, size_t most)
{
    struct uk_buf text = UK_BUF_UP_TO(256 * 1024);
    struct uk_stackline *lines = malloc(sizeof(*lines));
    size_t count = 0;

    if (lines != NULL && uk_doctor_read_pam(doctor, file, &text)) {
        uk_stackline_init(lines, uk_buf_peek(&text), text.len);
        while (count < most && uk_stackline_next(lines) == UK_STACKLINE_ONE)
            count += take_inclusion(lines, &out[count]);
    }
    free(lines);
    uk_buf_clear(&text);
    return count;
}

/* Does our line stand in a file that the service includes, as others may? */
static bool
is_shared(const struct uk_doctor_stack *look)
{
    const char *file = look->stack->line[look->auth].file;

    return file[0] != '\0' && strcmp(file, look->service) != 0;
}

/* Where behind the inclusion of our line, in the same file, is that of the
 * other one?  outer is that file. */
static bool
find_left(const struct uk_doctor_stack *look, const struct uk_stack_line *other,
          const char *file, unsigned depth, struct left *out)
{
    const char *ours = look->stack->line[look->auth].file;
    struct inclusion in[16];
    size_t n = list_inclusions(look->doctor, file, in, UK_COUNT(in));
    bool behind = false;

    for (size_t i = 0; i < n; i++) {
        if (behind && strcmp(in[i].file, other->file) == 0) {
            snprintf(out->text, sizeof(out->text), "%s", in[i].text);
            uk_doctor_place_in(file, in[i].number, out->place);
            return true;
        }
        behind |= strcmp(in[i].file, ours) == 0;
        if (!behind && depth < MOST_IN &&
            find_left(look, other, in[i].file, depth + 1, out))
            return true;
    }
    return false;
}

/* Does our line's file ask for another proof, too? */
static bool
has_way_back(const struct uk_doctor_stack *look)
{
    const struct uk_stack *stack = look->stack;

    for (size_t i = look->auth + 1; i < stack->count; i++) {
        if (stack->line[i].phase == UK_STACK_AUTH &&
            strcmp(stack->line[i].file, stack->line[look->auth].file) == 0 &&
            uk_stackwho_kind(&stack->line[i]) == UK_WHO_PROOF)
            return true;
    }
    return false;
}

static bool
is_left_over(const struct uk_doctor_stack *look, size_t proof, struct left *out)
{
    const struct uk_stack *stack = look->stack;

    return proof < stack->count && is_shared(look) &&
           strcmp(stack->line[proof].file, stack->line[look->auth].file) != 0 &&
           has_way_back(look) &&
           find_left(look, &stack->line[proof], look->service, 0, out);
}

static bool
shares(const struct uk_doctor *doctor, const char *service, const char *file)
{
    struct uk_stack stack = {.line = NULL};
    struct uk_err ignored = UK_ERR_NONE;
    bool found = false;

    if (strcmp(service, file) == 0 ||
        uk_doctor_load_stack(doctor, service, &stack, &ignored) != UK_OK)
        return false;
    for (size_t i = 0; i < stack.count; i++)
        found |= strcmp(stack.line[i].file, file) == 0;
    uk_stack_clear(&stack);
    return found;
}

/* Those that include our file: "sshd, sudo". */
static void
name_sharers(const struct uk_doctor_stack *look, char *to, size_t size)
{
    const char *file = look->stack->line[look->auth].file;
    struct uk_doctor_services *services = uk_doctor_services(look->doctor);
    size_t used = 0;

    to[0] = '\0';
    for (size_t i = 0; services != NULL && i < services->count; i++) {
        const char *name = services->name[i];

        if (used + strlen(name) + 8 < size && shares(look->doctor, name, file))
            used += (size_t)snprintf(to + used, size - used, "%s%s",
                                     used > 0 ? ", " : "", name);
    }
    free(services);
}

bool
uk_doctor_report_left(const struct uk_doctor_stack *look,
                      struct uk_finding *finding)
{
    char place[UK_DOCTOR_PLACE];
    struct left left;
    size_t proof = look->auth + 1;

    while (proof < look->stack->count &&
           (!look->run.ran[proof] ||
            uk_stackwho_kind(uk_doctor_line(look, proof)) != UK_WHO_PROOF ||
            strcmp(uk_doctor_line(look, proof)->file,
                   uk_doctor_line(look, look->auth)->file) == 0))
        proof++;
    if (!is_left_over(look, proof, &left))
        return false;
    uk_doctor_why(finding,
                  _("'%s' in %s was left behind the lines of the key, and asks "
                    "everybody once more"),
                  left.text, left.place);
    uk_doctor_mend(finding,
                   _("take out '%s' in %s; %s has a way back by Unix password "
                     "already"),
                   left.text, left.place,
                   uk_doctor_place(uk_doctor_line(look, look->auth), place));
    finding->elsewhere = true;
    return true;
}

void
uk_doctor_warn_of_sharers(const struct uk_doctor_stack *look, size_t from)
{
    const char *file = uk_doctor_line(look, look->auth)->file;
    char place[UK_DOCTOR_PLACE], names[256], text[640];

    if (!is_shared(look))
        return;
    snprintf(place, sizeof(place), "%s'", file);
    names[0] = '\0';
    for (size_t i = from; i < look->doctor->count; i++) {
        struct uk_finding *finding = &look->doctor->finding[i];
        size_t len = strlen(finding->mend);

        /* A sentence that names have filled is as it is. */
        if (len == 0 || finding->elsewhere ||
            sizeof(finding->mend) - len < UK_LANGUAGE_LEAST ||
            (strstr(finding->what, place) == NULL &&
             strstr(finding->why, place) == NULL))
            continue;
        if (names[0] == '\0')
            name_sharers(look, names, sizeof(names));
        snprintf(text, sizeof(text), _(" (a change of '%s%s' is one for: %s)"),
                 file[0] == '/' ? "" : UK_DOCTOR_PAM_D "/", file, names);
        /* Names of files can have any byte. */
        uk_language_escape(finding->mend + len, sizeof(finding->mend) - len,
                           text);
    }
}
