/* Late connections are cut off. */
#include "service/http/sweep.h"

#include <stddef.h>
#include <sys/socket.h>

void
uk_sweep_init(struct uk_sweep *sweep)
{
    sweep->head.before = &sweep->head;
    sweep->head.after = &sweep->head;
    sweep->head.idle_before = &sweep->head;
    sweep->head.idle_after = &sweep->head;
    sweep->count = 0;
}

/* Those that are idle are in a ring of their own, longest first. */
static void
leave_idle(struct uk_sweep_item *item)
{
    item->idle_before->idle_after = item->idle_after;
    item->idle_after->idle_before = item->idle_before;
    item->idle_before = item;
    item->idle_after = item;
}

void
uk_sweep_add(struct uk_sweep *sweep, struct uk_sweep_item *item, int fd,
             unsigned ms)
{
    item->fd = fd;
    item->idle_before = item;
    item->idle_after = item;
    item->before = sweep->head.before;
    item->after = &sweep->head;
    item->before->after = item;
    item->after->before = item;
    sweep->count++;
    uk_sweep_set(item, ms);
}

void
uk_sweep_remove(struct uk_sweep *sweep, struct uk_sweep_item *item)
{
    leave_idle(item);
    item->before->after = item->after;
    item->after->before = item->before;
    sweep->count--;
}

void
uk_sweep_set(struct uk_sweep_item *item, unsigned ms)
{
    leave_idle(item);
    item->by = uk_deadline_in(ms);
    item->held = false;
}

void
uk_sweep_hold(struct uk_sweep_item *item)
{
    leave_idle(item);
    item->held = true;
}

void
uk_sweep_idle(struct uk_sweep *sweep, struct uk_sweep_item *item, unsigned ms)
{
    uk_sweep_set(item, ms);
    item->idle_before = sweep->head.idle_before;
    item->idle_after = &sweep->head;
    item->idle_before->idle_after = item;
    item->idle_after->idle_before = item;
}

bool
uk_sweep_drop_idle(struct uk_sweep *sweep)
{
    struct uk_sweep_item *item = sweep->head.idle_after;

    if (item == &sweep->head)
        return false;
    shutdown(item->fd, SHUT_RDWR);
    uk_sweep_hold(item);
    return true;
}

unsigned
uk_sweep_run(struct uk_sweep *sweep)
{
    unsigned late = 0;

    for (struct uk_sweep_item *item = sweep->head.after; item != &sweep->head;
         item = item->after) {
        if (item->held || !uk_deadline_passed(item->by))
            continue;
        shutdown(item->fd, SHUT_RDWR);
        uk_sweep_hold(item); /* once is enough */
        late++;
    }
    return late;
}
