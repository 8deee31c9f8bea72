/* The files of PAM, of the system that is looked at. */
#include "tool/doctor/pam_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/str.h"
#include "tool/stack/line.h"

#define PAM_CONF "/etc/pam.conf"

static bool
has_folder(const struct uk_doctor *doctor)
{
    return uk_doctor_is_there(doctor, UK_DOCTOR_PAM_D, S_IFDIR);
}

bool
uk_doctor_read_pam(const struct uk_doctor *doctor, const char *name,
                   struct uk_buf *text)
{
    static const char *const folders[] = {UK_DOCTOR_PAM_D, "/usr/lib/pam.d"};
    char path[UK_STACK_NAME + 32];

    if (name[0] == '\0')
        return uk_doctor_read(doctor, PAM_CONF, text) == 0;
    if (name[0] == '/')
        return uk_doctor_read(doctor, name, text) == 0;
    for (size_t i = 0; i < UK_COUNT(folders); i++) {
        if (snprintf(path, sizeof(path), "%s/%s", folders[i], name) <
                (int)sizeof(path) &&
            uk_doctor_read(doctor, path, text) == 0)
            return true;
    }
    return false;
}

static bool
read_for_stack(const void *context, const char *name, struct uk_buf *text)
{
    return uk_doctor_read_pam(context, name, text);
}

enum uk_code
uk_doctor_load_stack(const struct uk_doctor *doctor, const char *service,
                     struct uk_stack *out, struct uk_err *err)
{
    const struct uk_stack_source source = {.read = read_for_stack,
                                           .context = doctor,
                                           .one_file = !has_folder(doctor)};

    return uk_stack_load(&source, service, out, err);
}

static int
compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void
add_service(struct uk_doctor_services *services, const char *name)
{
    size_t i = 0;

    while (i < services->count && strcmp(services->name[i], name) != 0)
        i++;
    if (i == services->count && i < UK_DOCTOR_SERVICES &&
        uk_str_copy(services->name[i], sizeof(services->name[i]), name))
        services->count++;
}

/* Files with a dot or '~' are an editor's or a packager's. */
static void
list_folder(const struct uk_doctor *doctor, struct uk_doctor_services *services)
{
    DIR *dir = uk_doctor_folder(doctor, UK_DOCTOR_PAM_D);
    struct dirent *entry;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (strpbrk(entry->d_name, ".~") == NULL)
            add_service(services, entry->d_name);
    }
    if (dir != NULL)
        closedir(dir);
}

static void
list_file(const struct uk_doctor *doctor, struct uk_doctor_services *services)
{
    struct uk_buf text = UK_BUF_UP_TO(256 * 1024);
    struct uk_stackline *lines = malloc(sizeof(*lines));

    if (lines != NULL && uk_doctor_read(doctor, PAM_CONF, &text) == 0) {
        uk_stackline_init(lines, uk_buf_peek(&text), text.len);
        while (uk_stackline_next(lines) == UK_STACKLINE_ONE) {
            char *rest = lines->text;
            const char *name = uk_stackline_word(&rest);

            if (name != NULL)
                add_service(services, name);
        }
    }
    free(lines);
    uk_buf_clear(&text);
}

struct uk_doctor_services *
uk_doctor_services(struct uk_doctor *doctor)
{
    struct uk_doctor_services *services = calloc(1, sizeof(*services));

    if (services == NULL) {
        doctor->no_memory = true;
        return NULL;
    }
    if (has_folder(doctor))
        list_folder(doctor, services);
    else
        list_file(doctor, services);
    qsort(services->name, services->count, sizeof(services->name[0]),
          compare_names);
    return services;
}

const char *
uk_doctor_place_in(const char *file, unsigned number, char to[UK_DOCTOR_PLACE])
{
    if (file[0] == '\0')
        snprintf(to, UK_DOCTOR_PLACE, "'" PAM_CONF "':%u", number);
    else
        snprintf(to, UK_DOCTOR_PLACE, "'%s%s':%u",
                 file[0] == '/' ? "" : UK_DOCTOR_PAM_D "/", file, number);
    return to;
}

const char *
uk_doctor_place(const struct uk_stack_line *line, char to[UK_DOCTOR_PLACE])
{
    return uk_doctor_place_in(line->file, line->number, to);
}
