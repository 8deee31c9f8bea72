/* An outage of the database in the log. */
#include "service/request/outage.h"

#define PAUSE_MS 1000
#define OVER_MS  5000 /* without a failure */

void
uk_outage_init(struct uk_outage *outage)
{
    *outage = (struct uk_outage){.untold = 0};
    pthread_mutex_init(&outage->lock, NULL);
}

void
uk_outage_clear(struct uk_outage *outage)
{
    pthread_mutex_destroy(&outage->lock);
}

void
uk_outage_note(struct uk_outage *outage, const char *request,
               const struct uk_err *err, const struct uk_log *log)
{
    pthread_mutex_lock(&outage->lock);
    atomic_fetch_add(&outage->requests, 1);
    if (uk_deadline_passed(outage->over))
        atomic_fetch_add(&outage->outages, 1);
    outage->over = uk_deadline_in(OVER_MS);
    if (outage->untold == 0 && uk_deadline_passed(outage->next)) {
        outage->next = uk_deadline_in(PAUSE_MS);
        uk_log_line(log, UK_LEVEL_ERROR, "request %s: %s", request, err->text);
    } else {
        outage->untold++;
        outage->last = *err;
    }
    pthread_mutex_unlock(&outage->lock);
}

void
uk_outage_tell(struct uk_outage *outage, const struct uk_log *log)
{
    pthread_mutex_lock(&outage->lock);
    if (outage->untold > 0 && uk_deadline_passed(outage->next)) {
        uk_log_line(log, UK_LEVEL_ERROR, "%lu more requests failed: %s",
                    outage->untold, outage->last.text);
        outage->next = uk_deadline_in(PAUSE_MS);
        outage->untold = 0;
    }
    pthread_mutex_unlock(&outage->lock);
}
