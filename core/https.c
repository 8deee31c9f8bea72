/* One HTTPS exchange by a deadline (libcurl, OpenSSL flavour). */
#include "core/https.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "core/httpstrust.h"
#include "core/httpstry.h"
#include "core/str.h"
#include "core/wiped.h"

#define OLDEST_CURL 0x075700 /* 7.87.0, the first with CURLOPT_QUICK_EXIT */

struct uk_https {
    struct uk_httpstrust trust;
    CURLM *multi; /* owned: keeps connections from one exchange to the next */
    size_t first; /* the server to begin with: the last one that answered */
};

enum uk_code
uk_https_start(struct uk_err *err)
{
    const curl_version_info_data *info;

    /* libcurl writes the keys of its connections into the file that this
     * names, and has no option against it (S-01). */
    if (unsetenv("SSLKEYLOGFILE") != 0)
        return uk_err_set(err, UK_SYSTEM, "cannot unset SSLKEYLOGFILE");
    if (curl_global_init_mem(CURL_GLOBAL_ALL, uk_wiped_malloc, uk_wiped_free,
                             uk_wiped_realloc, uk_wiped_strdup,
                             uk_wiped_calloc) != CURLE_OK)
        return uk_err_set(err, UK_SYSTEM, "libcurl does not start");
    info = curl_version_info(CURLVERSION_NOW);
    if (info->version_num < OLDEST_CURL ||
        (info->features & CURL_VERSION_ASYNCHDNS) == 0 ||
        info->ssl_version == NULL ||
        !uk_str_starts(info->ssl_version, "OpenSSL/") ||
        info->ssl_version[strlen("OpenSSL/")] < '3')
        return uk_err_set(err, UK_SYSTEM,
                          "libcurl is not 7.87 or later with OpenSSL 3 or "
                          "later and a resolver that does not block");
    return UK_OK;
}

enum uk_code
uk_https_new(const struct uk_settings *settings, struct uk_https **out,
             struct uk_err *err)
{
    struct uk_https *https = calloc(1, sizeof(*https));
    enum uk_code code;

    if (https == NULL)
        return uk_err_set(err, UK_NO_MEMORY, "no memory for a connection");
    code = uk_httpstrust_load(&https->trust, settings, err);
    if (code != UK_OK)
        goto out;
    https->multi = curl_multi_init();
    if (https->multi == NULL) {
        code = uk_err_set(err, UK_NO_MEMORY, "no memory for libcurl");
        goto out;
    }
    *out = https;
    https = NULL;
out:
    uk_https_free(https);
    return code;
}

void
uk_https_free(struct uk_https *https)
{
    if (https == NULL)
        return;
    curl_multi_cleanup(https->multi);
    uk_httpstrust_clear(&https->trust);
    free(https);
}

/* Each server but the last may use its share of the time to be connected to. */
static struct uk_deadline
share(struct uk_deadline by, size_t servers_left)
{
    unsigned left = (unsigned)uk_deadline_left_ms(by);

    if (servers_left <= 1)
        return by;
    return uk_deadline_sooner(by,
                              uk_deadline_in(left / (unsigned)servers_left));
}

static bool
is_done(CURLM *multi, CURLcode *rc)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(multi, &left)) != NULL) {
        if (message->msg == CURLMSG_DONE) {
            *rc = message->data.result;
            return true;
        }
    }
    return false;
}

/* Let libcurl work until it is done or the time is up: connect_by until the
 * request goes out, by from then on. */
static enum uk_code
drive(struct uk_httpstry *attempt, CURLM *multi, struct uk_deadline connect_by,
      struct uk_deadline by, struct uk_err *err)
{
    int running, left;

    for (;;) {
        CURLMcode mc = curl_multi_perform(multi, &running);
        CURLcode rc;

        if (is_done(multi, &rc))
            return uk_httpstry_conclude(attempt, rc, err);
        left = uk_deadline_left_ms(attempt->sent ? by : connect_by);
        if (left == 0)
            return uk_httpstry_late(attempt, err);
        if (mc == CURLM_OK)
            mc = curl_multi_poll(multi, NULL, 0, left, NULL);
        if (mc != CURLM_OK)
            return uk_err_set(err, UK_SYSTEM,
                              "asking '%s': libcurl failed with its code %d",
                              attempt->server, (int)mc);
    }
}

/* Ask, and have the whole answer by the deadline; be connected, TLS and all,
 * by connect_by. */
static enum uk_code
attempt_once(struct uk_https *https, struct uk_httpstry *attempt,
             struct uk_deadline connect_by, struct uk_deadline by,
             struct uk_err *err)
{
    enum uk_code code = uk_httpstry_prepare(attempt, &https->trust, err);

    if (code != UK_OK)
        return code;
    if (curl_multi_add_handle(https->multi, attempt->easy) != CURLM_OK)
        return uk_err_set(err, UK_NO_MEMORY, "no memory for libcurl");
    code = drive(attempt, https->multi, connect_by, by, err);
    if (curl_multi_remove_handle(https->multi, attempt->easy) != CURLM_OK &&
        code == UK_OK)
        code = uk_err_set(err, UK_SYSTEM, "libcurl cannot let a transfer go");
    return code;
}

/* One server; *more says whether another may be asked: nothing was sent. */
static enum uk_code
ask_server(struct uk_https *https, const char *server,
           const struct uk_https_ask *ask, struct uk_deadline connect_by,
           struct uk_deadline by, struct uk_https_reply *out, bool *more,
           struct uk_err *err)
{
    struct uk_httpstry attempt = {
        .server = server,
        .ask = *ask,
    };
    enum uk_code code;

    code = attempt_once(https, &attempt, connect_by, by, err);
    *more = !attempt.sent &&
            (code == UK_UNREACHABLE || code == UK_TIMEOUT || code == UK_TLS);
    if (code == UK_OK)
        uk_httpstry_hand_over(&attempt, out);
    else if (attempt.sent)
        err->stage = UK_STAGE_ANSWER; /* it may be done, all the same */
    uk_httpstry_clear(&attempt);
    return code;
}

enum uk_code
uk_https_exchange(struct uk_https *https, const struct uk_https_ask *ask,
                  struct uk_deadline by, struct uk_https_reply *out,
                  struct uk_err *err)
{
    const struct uk_conf_list *servers = &https->trust.settings->service_url;
    struct uk_err before, last = UK_ERR_NONE;
    bool more = true;

    uk_err_set(&last, UK_MISCONFIGURED, "no 'service_url' is set");
    for (size_t i = 0; more && i < servers->count; i++) {
        size_t server = (https->first + i) % servers->count;

        before = last;
        if (ask_server(https, servers->item[server], ask,
                       share(by, servers->count - i), by, out, &more,
                       &last) == UK_OK) {
            https->first = server;
            return UK_OK;
        }
        if (i > 0)
            uk_err_in(&last, "%s; then", before.text);
    }
    *err = last;
    return last.code;
}
