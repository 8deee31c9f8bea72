/* Have the files changed that this process has read? */
#include "agent/stamps.h"

#include <errno.h>

#include "core/attr.h"

void
uk_stamps_add(struct uk_stamps *stamps, const char *path)
{
    if (path[0] == '\0' || stamps->count == UK_STAMPS_MOST ||
        stat(path, &stamps->file[stamps->count].was) != 0)
        return;
    stamps->file[stamps->count].path = path;
    stamps->count++;
}

void
uk_stamps_add_settings(struct uk_stamps *stamps,
                       const struct uk_settings *settings)
{
    const char *const paths[] = {
        settings->ca_file,
        settings->client_certificate,
        settings->client_key,
        settings->agent_program,
    };

    for (size_t i = 0; i < UK_COUNT(paths); i++)
        uk_stamps_add(stamps, paths[i]);
}

void
uk_stamps_settle(struct uk_stamps *stamps)
{
    size_t kept = 0;

    for (size_t i = 0; i < stamps->count; i++) {
        struct stat ignored;

        if (stat(stamps->file[i].path, &ignored) != 0 && errno == EACCES)
            continue;
        stamps->file[kept++] = stamps->file[i];
    }
    stamps->count = kept;
}

static bool
is_same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* The change time cannot be set back by anyone. */
static bool
is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
           a->st_size == b->st_size && is_same_time(&a->st_ctim, &b->st_ctim);
}

const char *
uk_stamps_changed(const struct uk_stamps *stamps)
{
    for (size_t i = 0; i < stamps->count; i++) {
        struct stat now;

        if (stat(stamps->file[i].path, &now) != 0 ||
            !is_same(&now, &stamps->file[i].was))
            return stamps->file[i].path;
    }
    return NULL;
}
