/* A bounded queue and its threads. */
#include "service/pool.h"

#include <pthread.h>
#include <stdlib.h>

struct uk_pool {
    struct uk_pool_options options;
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct uk_job *first, **last;
    unsigned waiting;
    bool stopping;
    unsigned running; /* threads that were started */
    pthread_t thread[];
};

/* Up to a batch from the front; NULL when it is over.  The caller has the
 * lock. */
static struct uk_job *
take(struct uk_pool *pool)
{
    struct uk_job *jobs, *end;
    unsigned n = 1;

    while (pool->first == NULL) {
        if (pool->stopping)
            return NULL;
        pthread_cond_wait(&pool->more, &pool->lock);
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
    struct uk_pool *pool = argument;
    struct uk_job *jobs;

    pthread_mutex_lock(&pool->lock);
    while ((jobs = take(pool)) != NULL) {
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
    struct uk_pool *pool;

    pool = calloc(1, sizeof(*pool) + options->threads * sizeof(pthread_t));
    if (pool == NULL)
        return uk_err_set(err, UK_NO_MEMORY, "no memory for threads");
    pool->options = *options;
    pool->last = &pool->first;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->more, NULL);
    while (pool->running < options->threads) {
        int failed =
            pthread_create(&pool->thread[pool->running], NULL, work, pool);

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
    }
    pthread_mutex_unlock(&pool->lock);
    return room;
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
        pthread_join(pool->thread[i], NULL);
    pthread_cond_destroy(&pool->more);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}
