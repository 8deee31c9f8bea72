/* userkey doctor: what is wrong with this machine's logins, what mends it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/json.h"
#include "tool/command/commands.h"
#include "tool/doctor/doctor.h"
#include "tool/doctor/mend.h"
#include "tool/terminal/language.h"
#include "tool/terminal/out.h"
#include "tool/terminal/table.h"
#include "tool/terminal/tty.h"
#include "tool/terminal/wait.h"

#define INDENT 21 /* of what is said, behind check and grade */
#define SECOND 9  /* of which the grade has so much */
#define BELOW  4  /* of what is said, below them on a narrow terminal */
#define NARROW 60

struct counts {
    size_t errors, warnings, unseen;
};

static struct counts
count(const struct uk_doctor *doctor)
{
    struct counts counts = {0};

    for (size_t i = 0; i < doctor->count; i++) {
        counts.errors += doctor->finding[i].grade == UK_GRADE_ERROR;
        counts.warnings += doctor->finding[i].grade == UK_GRADE_WARNING;
        counts.unseen += doctor->finding[i].grade == UK_GRADE_UNSEEN;
    }
    return counts;
}

static void
put_findings(struct uk_buf *out, const struct uk_doctor *doctor)
{
    struct uk_json_out json = {.buf = out};
    struct counts counts = count(doctor);

    uk_json_begin(&json, NULL, '{');
    uk_json_put_int(&json, "errors", (int64_t)counts.errors);
    uk_json_put_int(&json, "warnings", (int64_t)counts.warnings);
    uk_json_put_int(&json, "unseen", (int64_t)counts.unseen);
    uk_json_begin(&json, "findings", '[');
    for (size_t i = 0; i < doctor->count; i++) {
        const struct uk_finding *finding = &doctor->finding[i];

        uk_json_begin(&json, NULL, '{');
        uk_json_put_text(&json, "check", finding->check);
        uk_json_put_text(&json, "grade", uk_doctor_word(finding->grade));
        uk_json_put_text(&json, "what", finding->what);
        uk_json_put_text(&json, "why", finding->why);
        uk_json_put_text(&json, "mend", finding->mend);
        uk_json_end(&json, '}');
    }
    uk_json_end(&json, ']');
    uk_json_end(&json, '}');
    uk_buf_add_byte(out, '\n');
}

static void
add_part(struct uk_buf *out, const char *first, const char *second,
         const char *text, size_t width)
{
    const char *colour = uk_out_colour(second);
    bool narrow = width < NARROW;
    size_t indent = narrow ? BELOW : INDENT;

    if (text[0] == '\0')
        return;
    if (!narrow)
        uk_buf_addf(out, "%-*s", INDENT - SECOND, first);
    else
        uk_buf_addf(out, "%s  ", first);
    uk_buf_addf(out, "%s%s%s", colour != NULL ? colour : "", second,
                colour != NULL ? UK_OUT_PLAIN : "");
    if (!narrow)
        uk_buf_addf(out, "%*s", (int)(SECOND - uk_language_width(second)), "");
    else
        uk_buf_addf(out, "\n%*s", BELOW, "");
    uk_table_add_words(out, text, indent, width);
}

static void
list_findings(struct uk_buf *out, const struct uk_doctor *doctor)
{
    bool terminal = isatty(STDOUT_FILENO) != 0;
    size_t width = uk_tty_width(STDOUT_FILENO);

    for (size_t i = 0; i < doctor->count; i++) {
        const struct uk_finding *finding = &doctor->finding[i];
        const char *grade = uk_doctor_word(finding->grade);

        if (!terminal) {
            uk_buf_addf(out, "%s\t%s\t%s\t%s\t%s\n", finding->check, grade,
                        finding->what, finding->why, finding->mend);
            continue;
        }
        add_part(out, finding->check, grade, finding->what, width);
        add_part(out, "", _("why"), finding->why, width);
        add_part(out, "", _("mend"), finding->mend, width);
    }
}

static void
say_sum(const struct uk_doctor *doctor)
{
    struct counts counts = count(doctor);
    char errors[64], warnings[64];

    if (counts.errors + counts.warnings == 0) {
        uk_out_note(_("nothing is wrong%s"),
                    counts.unseen > 0 ? _(", as far as can be seen") : "");
        return;
    }
    snprintf(errors, sizeof(errors),
             ngettext("%zu error", "%zu errors", counts.errors), counts.errors);
    snprintf(warnings, sizeof(warnings),
             ngettext("%zu warning", "%zu warnings", counts.warnings),
             counts.warnings);
    uk_out_note("%s, %s%s", errors, warnings,
                counts.unseen > 0 ? _("; something cannot be seen") : "");
}

/* What is mended is this machine's, as its logins see it: in other folders
 * others have a say. */
static enum uk_exit
check_fix(const struct uk_doctor *doctor)
{
    if (!doctor->fix)
        return UK_EXIT_DONE;
    if (!uk_doctor_is_live(doctor)) {
        uk_out_error(_("--fix: not together with --root: the files there are "
                       "another system's, and so are their owners"));
        return UK_EXIT_USAGE;
    }
    if (strcmp(doctor->conf, UK_CONFDIR) == 0 ||
        !uk_doctor_mend_is_ours(doctor->conf)) {
        uk_out_error(_("--fix: only for settings in '%s': other folders are "
                       "not ours to change"),
                     UK_CONFDIR);
        return UK_EXIT_USAGE;
    }
    return UK_EXIT_DONE;
}

/* What keeps links from leading out of another system is the kernel's. */
static enum uk_exit
check_root(const struct uk_doctor *doctor)
{
    struct stat st;
    int sys =
        uk_doctor_is_live(doctor) ? 0 : uk_doctor_stat(doctor, "/", true, &st);

    if (sys == 0)
        return UK_EXIT_DONE;
    uk_out_error(_("--root: '%s' cannot be looked at: %s%s"), doctor->root,
                 strerrordesc_np(sys),
                 sys == ENOSYS || sys == EPERM ? _(" (it takes Linux 5.6)")
                                               : "");
    return UK_EXIT_FAILED;
}

static enum uk_exit
check_arguments(const struct uk_args *args)
{
    struct stat st;

    if (args->root != NULL &&
        (args->root[0] != '/' || stat(args->root, &st) != 0 ||
         !S_ISDIR(st.st_mode))) {
        uk_out_error(_("--root: an absolute path of a folder is wanted"));
        return UK_EXIT_USAGE;
    }
    if (args->conf != NULL && args->conf[0] != '/') {
        uk_out_error(_("--conf: an absolute path is wanted"));
        return UK_EXIT_USAGE;
    }
    return UK_EXIT_DONE;
}

enum uk_exit
uk_cmd_doctor(struct uk_tool *tool)
{
    const struct uk_args *args = &tool->args;
    struct uk_doctor doctor = {
        .root = args->root != NULL && strcmp(args->root, "/") != 0 ? args->root
                                                                   : "",
        .conf = args->conf != NULL ? args->conf : UK_SETTINGS_FILE,
        .fix = args->fix,
    };
    enum uk_exit status = check_arguments(args);

    if (status == UK_EXIT_DONE)
        status = check_fix(&doctor);
    if (status == UK_EXIT_DONE)
        status = check_root(&doctor);
    if (status != UK_EXIT_DONE)
        return status;
    for (size_t i = 0; i < uk_doctor_n_checks; i++) {
        if (!args->json) /* a name lookup or a server can take its time */
            uk_wait_look(_(uk_doctor_checks[i].title));
        doctor.check = uk_doctor_checks[i].id;
        uk_doctor_checks[i].run(&doctor);
    }
    uk_wait_end();
    if (args->json)
        put_findings(&tool->out, &doctor);
    else
        list_findings(&tool->out, &doctor);
    if (uk_out_flush(&tool->out, &tool->err) != UK_OK) {
        uk_out_error("%s", tool->err.text);
        status = UK_EXIT_FAILED;
    }
    if (!args->json)
        say_sum(&doctor);
    if (doctor.no_memory)
        uk_out_error(_("no memory for all findings"));
    if (doctor.no_memory || count(&doctor).errors > 0)
        status = UK_EXIT_FAILED;
    uk_doctor_clear(&doctor);
    return status;
}
