/* A bounded queue and its threads. */
#include "service/request/pool.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "core/deadline.h"

#define IDLE_MS 500

struct worker {
    struct uk_beat beat;
    struct uk_pool *pool;
    pthread_t thread;
};

struct uk_pool {
    struct uk_pool_options options;
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct uk_job *first, **last;
    unsigned waiting;
    unsigned long refused;
    bool stopping;
    unsigned running; /* threads that were started */
    struct worker worker[];
};

/* For work, but not for ever: who waits must be told from who hangs. */
static void
wait_a_moment(struct uk_pool *pool)
{
    struct uk_deadline until = uk_deadline_in(IDLE_MS);
    const struct timespec at = {.tv_sec = until.at_ns / 1000000000,
                                .tv_nsec = until.at_ns % 1000000000};

    pthread_cond_timedwait(&pool->more, &pool->lock, &at);
}

/* Up to a batch from the front; NULL when it is over.  The caller has the
 * lock. */
static struct uk_job *
take(struct worker *worker)
{
    struct uk_pool *pool = worker->pool;
    struct uk_job *jobs, *end;
    unsigned n = 1;

    uk_beat_turn(&worker->beat);
    while (pool->first == NULL) {
        if (pool->stopping)
            return NULL;
        wait_a_moment(pool);
        uk_beat_turn(&worker->beat);
    }
    jobs = pool->first;
    for (end = jobs; end->next != NULL && n < pool->options.batch; n++)
        end = end->next;
    pool->first = end->next;
    if (pool->first == NULL)
        pool->last = &pool->first;
    end->next = NULL;
    pool->waiting -= n;
    return jobs;
}

static void *
work(void *argument)
{
    struct worker *worker = argument;
    struct uk_pool *pool = worker->pool;
    struct uk_job *jobs;

    if (pool->options.name != NULL)
        pthread_setname_np(pthread_self(), pool->options.name);
    pthread_mutex_lock(&pool->lock);
    while ((jobs = take(worker)) != NULL) {
        pthread_mutex_unlock(&pool->lock);
        pool->options.run(pool->options.context, jobs);
        pthread_mutex_lock(&pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

enum uk_code
uk_pool_start(const struct uk_pool_options *options, struct uk_pool **out,
              struct uk_err *err)
{
    pthread_condattr_t clock;
    struct uk_pool *pool;

    pool = calloc(1, sizeof(*pool) + options->threads * sizeof(struct worker));
    if (pool == NULL)
        return uk_err_set(err, UK_NO_MEMORY, "no memory for threads");
    pool->options = *options;
    pool->last = &pool->first;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&pool->more, &clock);
    pthread_condattr_destroy(&clock);
    while (pool->running < options->threads) {
        struct worker *worker = &pool->worker[pool->running];
        int failed;

        worker->pool = pool;
        failed = pthread_create(&worker->thread, NULL, work, worker);
        if (failed != 0) {
            uk_pool_stop(pool);
            return uk_err_sys(err, failed, "starting a thread");
        }
        pool->running++;
    }
    *out = pool;
    return UK_OK;
}

bool
uk_pool_put(struct uk_pool *pool, struct uk_job *job)
{
    bool room;

    pthread_mutex_lock(&pool->lock);
    room = pool->waiting < pool->options.room;
    if (room) {
        job->next = NULL;
        *pool->last = job;
        pool->last = &job->next;
        pool->waiting++;
        pthread_cond_signal(&pool->more);
    } else {
        pool->refused++;
    }
    pthread_mutex_unlock(&pool->lock);
    return room;
}

struct uk_pool_state
uk_pool_look(struct uk_pool *pool)
{
    struct uk_pool_state state = {.room = pool->options.room};

    pthread_mutex_lock(&pool->lock);
    state.waiting = pool->waiting;
    state.refused = pool->refused;
    pthread_mutex_unlock(&pool->lock);
    return state;
}

enum uk_code
uk_pool_watch(struct uk_pool *pool, struct uk_pulse *pulse, struct uk_err *err)
{
    enum uk_code code = UK_OK;

    for (unsigned i = 0; i < pool->running && code == UK_OK; i++)
        code =
            uk_pulse_add(pulse, pool->options.name, &pool->worker[i].beat, err);
    return code;
}

void
uk_pool_stop(struct uk_pool *pool)
{
    if (pool == NULL)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->stopping = true;
    pthread_cond_broadcast(&pool->more);
    pthread_mutex_unlock(&pool->lock);
    for (unsigned i = 0; i < pool->running; i++)
        pthread_join(pool->worker[i].thread, NULL);
    pthread_cond_destroy(&pool->more);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}
