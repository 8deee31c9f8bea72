/* Whose account is this name? */
#include "agent/whois.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/io.h"

#include "agent/peer.h"

#define STACK (512UL << 10) /* NSS modules need some */

struct uk_whois_ask {
    struct uk_whois_ask *next;
    char name[UK_NAME_MAX + 1];
    uid_t uid;
    uk_whois_done *done; /* NULL when nobody waits any more */
    void *own;
    struct uk_err err;
};

struct uk_whois {
    struct uk_loop *loop;
    struct uk_watch watch;
    int event; /* owned: an answer is there */
    bool running;
    pthread_mutex_t lock;
    pthread_cond_t wanted;
    /* Under the lock: */
    struct uk_whois_ask *asked, **last_asked;
    struct uk_whois_ask *answered;
};

/* The thread: one question after the other, without end. */
static void *
answer_all(void *own)
{
    struct uk_whois *whois = own;
    struct uk_whois_ask *ask;

    for (;;) {
        pthread_mutex_lock(&whois->lock);
        while (whois->asked == NULL)
            pthread_cond_wait(&whois->wanted, &whois->lock);
        ask = whois->asked;
        whois->asked = ask->next;
        if (whois->asked == NULL)
            whois->last_asked = &whois->asked;
        pthread_mutex_unlock(&whois->lock);
        if (uk_peer_check_own(ask->name, ask->uid, &ask->err) == UK_OK)
            ask->err.code = UK_OK;
        pthread_mutex_lock(&whois->lock);
        ask->next = whois->answered;
        whois->answered = ask;
        pthread_mutex_unlock(&whois->lock);
        (void)eventfd_write(whois->event, 1);
    }
    return NULL;
}

static void
on_answer(struct uk_watch *watch)
{
    struct uk_whois *whois = watch->own;
    struct uk_whois_ask *ask, *next;
    eventfd_t count;

    (void)eventfd_read(whois->event, &count);
    pthread_mutex_lock(&whois->lock);
    ask = whois->answered;
    whois->answered = NULL;
    pthread_mutex_unlock(&whois->lock);
    for (; ask != NULL; ask = next) {
        next = ask->next;
        if (ask->done != NULL)
            ask->done(ask->own, ask->err.code, &ask->err);
        free(ask);
    }
}

enum uk_code
uk_whois_new(struct uk_loop *loop, struct uk_whois **out, struct uk_err *err)
{
    struct uk_whois *whois = calloc(1, sizeof(*whois));

    if (whois == NULL)
        return uk_err_set(err, UK_NO_MEMORY, "no memory for questions");
    whois->loop = loop;
    whois->event = -1;
    whois->last_asked = &whois->asked;
    pthread_mutex_init(&whois->lock, NULL);
    pthread_cond_init(&whois->wanted, NULL);
    *out = whois;
    return UK_OK;
}

void
uk_whois_free(struct uk_whois *whois)
{
    if (whois == NULL || whois->running)
        return;
    free(whois);
}

static enum uk_code
start(struct uk_whois *whois, struct uk_err *err)
{
    enum uk_code code;
    pthread_attr_t how;
    pthread_t thread;
    int failed;

    whois->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (whois->event < 0)
        return uk_err_sys(err, errno, "making an event descriptor");
    whois->watch = (struct uk_watch){.ready = on_answer, .own = whois};
    code = uk_loop_watch(whois->loop, &whois->watch, whois->event, err);
    if (code != UK_OK)
        goto out;
    pthread_attr_init(&how);
    pthread_attr_setstacksize(&how, STACK);
    pthread_attr_setdetachstate(&how, PTHREAD_CREATE_DETACHED);
    failed = pthread_create(&thread, &how, answer_all, whois);
    pthread_attr_destroy(&how);
    if (failed != 0)
        code = uk_err_sys(err, failed, "starting a thread");
out:
    if (code != UK_OK) {
        uk_loop_unwatch(whois->loop, &whois->watch);
        uk_io_close(&whois->event);
    }
    whois->running = code == UK_OK;
    return code;
}

enum uk_code
uk_whois_check(struct uk_whois *whois, const char *name, uid_t uid,
               uk_whois_done *done, void *own, struct uk_whois_ask **out,
               struct uk_err *err)
{
    struct uk_whois_ask *ask;
    enum uk_code code = whois->running ? UK_OK : start(whois, err);

    if (code != UK_OK)
        return code;
    ask = calloc(1, sizeof(*ask));
    if (ask == NULL)
        return uk_err_set(err, UK_NO_MEMORY, "no memory for a question");
    snprintf(ask->name, sizeof(ask->name), "%s", name);
    ask->uid = uid;
    ask->done = done;
    ask->own = own;
    pthread_mutex_lock(&whois->lock);
    *whois->last_asked = ask;
    whois->last_asked = &ask->next;
    pthread_cond_signal(&whois->wanted);
    pthread_mutex_unlock(&whois->lock);
    *out = ask;
    return UK_OK;
}

/* One that nobody has begun to answer is taken out: else who comes and goes
 * while the name service hangs would fill the memory, and have others wait until
 * all of that is answered.  Otherwise it is dropped when it is answered; only
 * the loop's thread looks at done. */
void
uk_whois_forget(struct uk_whois *whois, struct uk_whois_ask *ask)
{
    struct uk_whois_ask **at = &whois->asked;

    pthread_mutex_lock(&whois->lock);
    while (*at != NULL && *at != ask)
        at = &(*at)->next;
    if (*at == NULL) {
        ask->done = NULL;
        ask = NULL;
    } else {
        *at = ask->next;
        if (whois->last_asked == &ask->next)
            whois->last_asked = at;
    }
    pthread_mutex_unlock(&whois->lock);
    free(ask);
}
