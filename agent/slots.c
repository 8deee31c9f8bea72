/* A table of moments in a file of fixed size, which several processes share. */
#include "agent/slots.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/deadline.h"
#include "core/io.h"
#include "core/secret.h"

#define MAGIC     "UKSLOT1\n"
#define MAGIC_LEN 8
#define WAYS      4 /* places in which a subject may stand */

/* How long a process waits for another, and how often it looks. */
#define PATIENCE_MS 20

/* The mark is written when it has grown by so much. */
#define MARK_MS 1000

/* No machine runs that long. */
#define MARK_MOST_MS ((int64_t)1 << 53)

struct slot {
    uint64_t subject;
    int64_t moment;
};

/* The beginning of the file, in this machine's own form. */
struct head {
    char magic[MAGIC_LEN];
    unsigned char secret[UK_SEAL_SHORT_KEY];
    struct uk_clock_mark mark;
};

/* Where the tables stand, in sets of WAYS slots. */
static const struct {
    off_t at;
    uint64_t sets;
} tables[] = {
    [UK_SLOTS_TRIES] = {4096, 2048},
    [UK_SLOTS_KEYS] = {4096 + 2048 * WAYS * sizeof(struct slot), 1024},
};

static_assert(4096 + (2048 + 1024) * WAYS * sizeof(struct slot) ==
                  UK_SLOTS_FILE_SIZE,
              "the tables fill the file");

struct uk_slots {
    int fd;                /* owned; -1: in memory */
    unsigned char *memory; /* owned, or NULL */
    bool locked;
    struct head head;   /* as read by begin, with the mark of now */
    int64_t written_ms; /* the mark's, as it stands in the file */
};

static bool
read_at(const struct uk_slots *slots, off_t at, void *to, size_t len)
{
    if (slots->memory == NULL)
        return pread(slots->fd, to, len, at) == (ssize_t)len;
    memcpy(to, slots->memory + at, len);
    return true;
}

static bool
write_at(struct uk_slots *slots, off_t at, const void *from, size_t len)
{
    if (slots->memory == NULL)
        return pwrite(slots->fd, from, len, at) == (ssize_t)len;
    memcpy(slots->memory + at, from, len);
    return true;
}

static bool
lock(struct uk_slots *slots)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    struct uk_deadline by = uk_deadline_in(PATIENCE_MS);

    while (fcntl(slots->fd, F_OFD_SETLK, &whole) != 0) {
        if ((errno != EAGAIN && errno != EACCES) || uk_deadline_passed(by))
            return false;
        uk_deadline_wait(uk_deadline_in(1));
    }
    slots->locked = true;
    return true;
}

static void
unlock(struct uk_slots *slots)
{
    struct flock whole = {.l_type = F_UNLCK, .l_whence = SEEK_SET};

    if (slots->locked)
        (void)fcntl(slots->fd, F_OFD_SETLK, &whole);
    slots->locked = false;
}

/* A file that somebody else could write is none of ours. */
static enum uk_code
check_owner(int fd, struct stat *st, struct uk_err *err)
{
    if (fstat(fd, st) != 0)
        return uk_err_sys(err, errno, "looking at it");
    if (!S_ISREG(st->st_mode) || st->st_uid != geteuid() || st->st_nlink != 1 ||
        (st->st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return uk_err_set(err, UK_MISCONFIGURED,
                          "it must be a plain file that belongs to the "
                          "agent's user alone");
    return UK_OK;
}

static bool
is_head(const struct head *head)
{
    return memcmp(head->magic, MAGIC, MAGIC_LEN) == 0 &&
           head->mark.ran_ms >= 0 && head->mark.ran_ms < MARK_MOST_MS &&
           head->mark.last.boot_ms >= 0 &&
           head->mark.last.boot_ms < MARK_MOST_MS;
}

static enum uk_code
make_head(struct head *head, struct uk_err *err)
{
    memset(head, 0, sizeof(*head));
    memcpy(head->magic, MAGIC, MAGIC_LEN);
    return uk_seal_random(head->secret, sizeof(head->secret), err);
}

/* All of its room is taken now, so that a full disk is no matter later. */
static enum uk_code
begin_anew(struct uk_slots *slots, struct uk_err *err)
{
    struct head head;
    enum uk_code code;
    int errnum;

    code = make_head(&head, err);
    if (code != UK_OK)
        return code;
    if (ftruncate(slots->fd, 0) != 0)
        return uk_err_sys(err, errno, "emptying it");
    errnum = posix_fallocate(slots->fd, 0, UK_SLOTS_FILE_SIZE);
    if (errnum != 0)
        return uk_err_sys(err, errnum, "taking room for it");
    if (!write_at(slots, 0, &head, sizeof(head)))
        return uk_err_sys(err, errno, "writing it");
    uk_wipe(&head, sizeof(head));
    return UK_OK;
}

/* Is it what was left there?  If not, begin anew and note why. */
static enum uk_code
check_or_begin(struct uk_slots *slots, struct uk_err *note, struct uk_err *err)
{
    struct stat st = {.st_size = 0};
    struct head head;
    enum uk_code code;

    if (!lock(slots))
        return uk_err_set(err, UK_SYSTEM, "another process holds it");
    code = check_owner(slots->fd, &st, err);
    if (code == UK_OK &&
        (st.st_size != UK_SLOTS_FILE_SIZE ||
         !read_at(slots, 0, &head, sizeof(head)) || !is_head(&head))) {
        code = begin_anew(slots, err);
        if (code == UK_OK && st.st_size != 0)
            uk_err_set(note, UK_BAD_ANSWER,
                       "it was damaged, and is begun anew");
    }
    unlock(slots);
    return code;
}

static enum uk_code
open_file(struct uk_slots *slots, const char *path, struct uk_err *note,
          struct uk_err *err)
{
    slots->fd = open(
        path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
        S_IRUSR | S_IWUSR);
    if (slots->fd < 0)
        return uk_err_sys(err, errno, "opening it");
    return check_or_begin(slots, note, err);
}

static enum uk_code
open_memory(struct uk_slots *slots, struct uk_err *err)
{
    struct head head;
    enum uk_code code = make_head(&head, err);

    if (code != UK_OK)
        return code;
    slots->memory = calloc(1, UK_SLOTS_FILE_SIZE);
    if (slots->memory == NULL)
        return uk_err_set(err, UK_NO_MEMORY, "no memory to count tries");
    (void)write_at(slots, 0, &head, sizeof(head));
    return UK_OK;
}

enum uk_code
uk_slots_open(const char *path, struct uk_slots **out, struct uk_err *note,
              struct uk_err *err)
{
    struct uk_slots *slots = calloc(1, sizeof(*slots));
    enum uk_code code = UK_INVALID;

    *note = (struct uk_err)UK_ERR_NONE;
    if (slots == NULL)
        return uk_err_set(err, UK_NO_MEMORY, "no memory to count tries");
    slots->fd = -1;
    if (path != NULL) {
        code = open_file(slots, path, note, err);
        if (code != UK_OK) {
            *note = *err;
            uk_io_close(&slots->fd);
        }
    }
    if (code != UK_OK)
        code = open_memory(slots, err);
    if (code == UK_OK)
        *out = slots;
    else
        uk_slots_close(slots);
    return code;
}

void
uk_slots_close(struct uk_slots *slots)
{
    if (slots == NULL)
        return;
    uk_io_close(&slots->fd);
    free(slots->memory);
    uk_wipe(slots, sizeof(*slots));
    free(slots);
}

bool
uk_slots_begin(struct uk_slots *slots, const struct uk_clock_reading *now)
{
    if (slots->memory == NULL)
        (void)lock(slots);
    if (!read_at(slots, 0, &slots->head, sizeof(slots->head)) ||
        !is_head(&slots->head)) {
        unlock(slots);
        return false;
    }
    slots->written_ms = slots->head.mark.ran_ms;
    uk_clock_advance(&slots->head.mark, now);
    return true;
}

void
uk_slots_end(struct uk_slots *slots)
{
    const struct uk_clock_mark *mark = &slots->head.mark;

    if (mark->ran_ms - slots->written_ms >= MARK_MS)
        (void)write_at(slots, offsetof(struct head, mark), mark, sizeof(*mark));
    unlock(slots);
}

const unsigned char *
uk_slots_secret(const struct uk_slots *slots)
{
    return slots->head.secret;
}

int64_t
uk_slots_now(const struct uk_slots *slots)
{
    return slots->head.mark.ran_ms;
}

static off_t
place_of(enum uk_slots_table table, uint64_t subject)
{
    uint64_t set = subject % tables[table].sets;

    return tables[table].at + (off_t)(set * WAYS * sizeof(struct slot));
}

/* Its place in the set, or WAYS. */
static size_t
find(const struct slot set[WAYS], uint64_t subject)
{
    size_t i = 0;

    while (i < WAYS && set[i].subject != subject)
        i++;
    return i;
}

int64_t
uk_slots_get(struct uk_slots *slots, enum uk_slots_table table,
             uint64_t subject)
{
    struct slot set[WAYS];
    size_t i;

    if (!read_at(slots, place_of(table, subject), set, sizeof(set)))
        return 0;
    i = find(set, subject);
    return i < WAYS ? set[i].moment : 0;
}

void
uk_slots_set(struct uk_slots *slots, enum uk_slots_table table,
             uint64_t subject, int64_t moment)
{
    off_t at = place_of(table, subject);
    struct slot set[WAYS];
    size_t i;

    if (!read_at(slots, at, set, sizeof(set)))
        return;
    i = find(set, subject);
    if (i == WAYS && moment == 0)
        return;
    if (i == WAYS) {
        i = 0;
        for (size_t j = 1; j < WAYS; j++) {
            if (set[j].moment < set[i].moment)
                i = j;
        }
    }
    set[i] = (struct slot){moment != 0 ? subject : 0, moment};
    (void)write_at(slots, at + (off_t)(i * sizeof(set[i])), &set[i],
                   sizeof(set[i]));
}
