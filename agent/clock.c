/* Time that nobody can turn back: how long this machine has been seen
 * running. */
#include "agent/clock.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The wall clock is set right now and then, by the network's time. */
#define CORRECTION_MS (5 * 60 * 1000)

#define MS_PER_S  1000
#define NS_PER_MS 1000000

static int64_t
read_ms(clockid_t clock)
{
    struct timespec now;

    if (clock_gettime(clock, &now) != 0)
        return 0;
    return (int64_t)now.tv_sec * MS_PER_S + now.tv_nsec / NS_PER_MS;
}

static int
hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;

    return at != NULL ? (int)(at - digits) : -1;
}

/* "xxxxxxxx-xxxx-...": 32 digits.  What cannot be read stays zero: a boot is
 * then known by a clock that has begun anew. */
static void
read_boot_id(unsigned char id[UK_CLOCK_BOOT_ID])
{
    char text[64];
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t len = fd >= 0 ? read(fd, text, sizeof(text)) : 0;
    size_t digits = 0;

    if (fd >= 0)
        close(fd);
    for (ssize_t i = 0; i < len && digits < (size_t)2 * UK_CLOCK_BOOT_ID; i++) {
        int digit = hex_digit(text[i]);

        if (digit < 0)
            continue;
        id[digits / 2] = (unsigned char)(id[digits / 2] << 4 | digit);
        digits++;
    }
}

void
uk_clock_read(struct uk_clock_reading *out)
{
    static unsigned char boot_id[UK_CLOCK_BOOT_ID];
    static bool known; /* it does not change while a process lives */

    if (!known)
        read_boot_id(boot_id);
    known = true;
    memcpy(out->boot_id, boot_id, sizeof(boot_id));
    out->boot_ms = read_ms(CLOCK_BOOTTIME);
    out->wall_ms = read_ms(CLOCK_REALTIME);
}

static bool
is_same_boot(const struct uk_clock_reading *a, const struct uk_clock_reading *b)
{
    return memcmp(a->boot_id, b->boot_id, sizeof(a->boot_id)) == 0 &&
           b->boot_ms >= a->boot_ms;
}

/* What has passed since the mark, at least. */
static int64_t
ran_since(const struct uk_clock_mark *mark, const struct uk_clock_reading *now)
{
    return is_same_boot(&mark->last, now) ? now->boot_ms - mark->last.boot_ms
                                          : now->boot_ms;
}

void
uk_clock_advance(struct uk_clock_mark *mark, const struct uk_clock_reading *now)
{
    int64_t wall_ms = mark->last.wall_ms;

    mark->ran_ms += ran_since(mark, now);
    mark->last = *now;
    if (mark->last.wall_ms < wall_ms)
        mark->last.wall_ms = wall_ms;
}

bool
uk_clock_went_back(const struct uk_clock_mark *mark,
                   const struct uk_clock_reading *now)
{
    return now->wall_ms < mark->last.wall_ms - CORRECTION_MS;
}

void
uk_clock_believe(struct uk_clock_mark *mark, const struct uk_clock_reading *now)
{
    mark->last.wall_ms = now->wall_ms;
}

bool
uk_clock_age(const struct uk_clock_mark *mark,
             const struct uk_clock_reading *now,
             const struct uk_clock_moment *then, int64_t *age_ms)
{
    int64_t ran = mark->ran_ms + ran_since(mark, now) - then->ran_ms;
    int64_t wall = now->wall_ms - then->wall_ms;

    if (uk_clock_went_back(mark, now) || wall < -CORRECTION_MS || ran < 0)
        return false;
    *age_ms = wall > ran ? wall : ran;
    return true;
}
