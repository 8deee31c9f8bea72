/* One attempt of an HTTPS exchange with one server. */
#include "core/httpstry.h"

#include <string.h>

#include "core/httpsfail.h"
#include "core/str.h"

#define URL_ROOM    2048
#define BEARER_ROOM (UK_SECRET_MAX + 64)

/* To create something twice, or to try one key twice, is not the same as to
 * do it once. */
static bool
is_once(const struct uk_httpstry *attempt)
{
    return strcmp(attempt->ask.method, "POST") == 0;
}

/* What libcurl calls while it works. */

/* A connection stands, and TLS begins. */
static CURLcode
on_handshake(CURL *easy, void *context, void *own)
{
    struct uk_httpstry *attempt = own;

    attempt->handshaking = true;
    uk_httpstrust_wipe(context);
    return CURLE_OK;
}

/* A connection stands, TLS and all, and the request goes out next.  It comes
 * here a second time when a kept connection turns out to be dead. */
static int
on_sending(void *own, char *to, char *from, int to_port, int from_port)
{
    struct uk_httpstry *attempt = own;

    /* Before anything else: with HTTP/2 a connection stands even when its first
     * request is taken back, and those that come after are not looked at. */
    if (attempt->handshaking &&
        uk_httpstrust_check(attempt->easy, &attempt->refusal) != UK_OK) {
        (void)curl_easy_setopt(attempt->easy, CURLOPT_FORBID_REUSE, 1L);
        return CURL_PREREQFUNC_ABORT;
    }
    attempt->anew = attempt->sent;
    if (attempt->sent && is_once(attempt)) {
        if (!attempt->twice || attempt->again || attempt->head.bytes > 0) {
            attempt->stale = attempt->head.bytes == 0;
            return CURL_PREREQFUNC_ABORT;
        }
        attempt->again = true;
    }
    attempt->sent = true;
    return CURL_PREREQFUNC_OK;
}

static size_t
on_line(char *line, size_t size, size_t count, void *own)
{
    struct uk_httpstry *attempt = own;
    size_t len = size * count;

    if (uk_httphead_take(&attempt->head, line, len, &attempt->refusal) != UK_OK)
        return 0;
    return len;
}

static size_t
on_body(char *bytes, size_t size, size_t count, void *own)
{
    struct uk_httpstry *attempt = own;
    size_t len = size * count;

    if (uk_httphead_check(&attempt->head, attempt->answer.len + len, false,
                          &attempt->refusal) != UK_OK)
        return 0;
    uk_buf_add(&attempt->answer, bytes, len);
    if (uk_buf_check(&attempt->answer, &attempt->refusal) != UK_OK)
        return 0;
    return len;
}

static CURLcode
set_callbacks(struct uk_httpstry *attempt)
{
    CURL *easy = attempt->easy;
    CURLcode rc;

    rc = curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_handshake);
    if (rc == CURLE_OK)
        rc = curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, attempt);
    if (rc == CURLE_OK)
        rc = curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_sending);
    if (rc == CURLE_OK)
        rc = curl_easy_setopt(easy, CURLOPT_PREREQDATA, attempt);
    if (rc == CURLE_OK)
        rc = curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_line);
    if (rc == CURLE_OK)
        rc = curl_easy_setopt(easy, CURLOPT_HEADERDATA, attempt);
    if (rc == CURLE_OK)
        rc = curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    if (rc == CURLE_OK)
        rc = curl_easy_setopt(easy, CURLOPT_WRITEDATA, attempt);
    if (rc == CURLE_OK)
        rc = curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, attempt->detail);
    return rc;
}

static bool
add_line(struct uk_httpstry *attempt, const char *line)
{
    struct curl_slist *longer = curl_slist_append(attempt->lines, line);

    if (longer != NULL)
        attempt->lines = longer;
    return longer != NULL;
}

/* A token comes from outside: what is not printable would be a line more. */
static bool
add_bearer(struct uk_httpstry *attempt)
{
    struct uk_buf line = UK_BUF_UP_TO(BEARER_ROOM);
    bool done;

    uk_buf_add_text(&line, "Authorization: Bearer ");
    uk_buf_add_text(&line, uk_secret_peek(attempt->ask.bearer));
    done = !line.bad && uk_str_is_printable(uk_buf_peek(&line)) &&
           add_line(attempt, uk_buf_peek(&line));
    uk_buf_clear(&line);
    return done;
}

/* An empty value keeps libcurl from sending one of its own. */
static CURLcode
set_lines(struct uk_httpstry *attempt)
{
    const char *type = attempt->ask.body != NULL
                           ? "Content-Type: application/json"
                           : "Content-Type:";

    if (!add_line(attempt, "Accept: application/json") ||
        !add_line(attempt, type) || !add_line(attempt, "Expect:") ||
        (attempt->ask.bearer != NULL && !add_bearer(attempt)))
        return CURLE_OUT_OF_MEMORY;
    return curl_easy_setopt(attempt->easy, CURLOPT_HTTPHEADER, attempt->lines);
}

static CURLcode
set_url(struct uk_httpstry *attempt)
{
    const char *text = uk_buf_peek(&attempt->url);
    CURLU *parsed =
        attempt->urls != NULL ? uk_httpsurl_find(attempt->urls, text) : NULL;
    CURLcode rc = curl_easy_setopt(attempt->easy, CURLOPT_CURLU, parsed);

    if (rc == CURLE_OK && parsed == NULL)
        rc = curl_easy_setopt(attempt->easy, CURLOPT_URL, text);
    return rc;
}

/* POST and PUT announce a length even where it is nothing. */
static CURLcode
set_request(struct uk_httpstry *attempt)
{
    bool sends = is_once(attempt) || strcmp(attempt->ask.method, "PUT") == 0;
    const struct uk_buf *body = attempt->ask.body;
    CURL *easy = attempt->easy;
    CURLcode rc;

    /* The handle may have sent something else before. */
    rc = curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    if (rc == CURLE_OK)
        rc = set_url(attempt);
    if (rc == CURLE_OK)
        rc = curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, attempt->ask.method);
    if (rc == CURLE_OK && sends)
        rc = curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE,
                              body != NULL ? (long)body->len : 0L);
    if (rc == CURLE_OK && sends)
        rc = curl_easy_setopt(easy, CURLOPT_POSTFIELDS,
                              body != NULL ? uk_buf_peek(body) : "");
    return rc;
}

/* Over which connection. */
static CURLcode
set_way(struct uk_httpstry *attempt)
{
    CURL *easy = attempt->easy;
    CURLcode rc = CURLE_OK;

    if (attempt->share != NULL) {
        rc = curl_easy_setopt(easy, CURLOPT_SHARE, attempt->share);
        if (rc == CURLE_OK)
            rc = curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 1L);
    }
    if (rc == CURLE_OK)
        rc =
            curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, (long)attempt->fresh);
    if (rc == CURLE_OK)
        rc = curl_easy_setopt(easy, CURLOPT_PIPEWAIT, (long)attempt->join);
    return rc;
}

/* One that knows already whom to trust, or a new one. */
static enum uk_code
get_handle(struct uk_httpstry *attempt, const struct uk_httpstrust *trust,
           struct uk_err *err)
{
    if (attempt->spare != NULL)
        attempt->easy = uk_httpsspare_take(attempt->spare, attempt->server);
    if (attempt->easy != NULL)
        return UK_OK;
    attempt->easy = curl_easy_init();
    if (attempt->easy == NULL)
        return uk_err_set(err, UK_NO_MEMORY, "no memory for libcurl");
    return uk_httpstrust_set(trust, attempt->easy, attempt->server, err);
}

enum uk_code
uk_httpstry_prepare(struct uk_httpstry *attempt,
                    const struct uk_httpstrust *trust, struct uk_err *err)
{
    enum uk_code code;
    CURLcode rc;

    attempt->proxied = trust->settings->proxy[0] != '\0';
    uk_buf_init(&attempt->answer, UK_HTTPHEAD_BODY);
    uk_buf_init(&attempt->url, URL_ROOM);
    uk_buf_addf(&attempt->url, "%s%s", attempt->server, attempt->ask.path);
    code = uk_buf_check(&attempt->url, err);
    if (code != UK_OK)
        return code;
    code = get_handle(attempt, trust, err);
    if (code != UK_OK)
        return code;
    rc = set_request(attempt);
    if (rc == CURLE_OK)
        rc = set_way(attempt);
    if (rc == CURLE_OK)
        rc = set_callbacks(attempt);
    if (rc == CURLE_OK)
        rc = set_lines(attempt);
    if (rc != CURLE_OK)
        code = uk_err_set(
            err, rc == CURLE_OUT_OF_MEMORY ? UK_NO_MEMORY : UK_SYSTEM,
            "setting up libcurl failed with its code %d", (int)rc);
    return code;
}

static struct uk_httpsfail
failure_of(const struct uk_httpstry *attempt, CURLcode rc)
{
    return (struct uk_httpsfail){
        .easy = attempt->easy,
        .rc = rc,
        .detail = attempt->detail,
        .server = attempt->server,
        .proxied = attempt->proxied,
        .handshaking = attempt->handshaking,
        .sent = attempt->sent,
        .begun = attempt->head.bytes > 0,
    };
}

/* Did it end because a kept connection was closed meanwhile?  libcurl notices
 * that by itself in most cases, but not when an HTTP/2 connection is closed
 * while a request is on its way.  If it was the second that was kept, that
 * says no more about the server than the first. */
static bool
was_closed(const struct uk_httpstry *attempt, CURLcode rc)
{
    long made = 1;

    return attempt->sent && attempt->head.bytes == 0 &&
           (rc == CURLE_SEND_ERROR || rc == CURLE_RECV_ERROR ||
            rc == CURLE_GOT_NOTHING || rc == CURLE_HTTP2 ||
            rc == CURLE_HTTP2_STREAM) &&
           curl_easy_getinfo(attempt->easy, CURLINFO_NUM_CONNECTS, &made) ==
               CURLE_OK &&
           made == 0;
}

enum uk_code
uk_httpstry_conclude(struct uk_httpstry *attempt, CURLcode rc,
                     struct uk_err *err)
{
    struct uk_httpsfail fail = failure_of(attempt, rc);

    attempt->done = rc == CURLE_OK;
    if (was_closed(attempt, rc))
        attempt->stale = true;
    if (attempt->refusal.code == UK_OK && rc != CURLE_OK)
        return uk_httpsfail_tell(&fail, err);
    if (attempt->refusal.code == UK_OK &&
        uk_httphead_check(&attempt->head, attempt->answer.len, true,
                          &attempt->refusal) == UK_OK)
        return UK_OK;
    *err = attempt->refusal;
    if (err->code == UK_BAD_ANSWER)
        uk_err_in(err, "the answer cannot be taken");
    return uk_err_in(err, "asking '%s'", attempt->server);
}

enum uk_code
uk_httpstry_late(const struct uk_httpstry *attempt, struct uk_err *err)
{
    struct uk_httpsfail fail = failure_of(attempt, CURLE_OPERATION_TIMEDOUT);

    return uk_httpsfail_late(&fail, err);
}

void
uk_httpstry_hand_over(struct uk_httpstry *attempt, struct uk_https_reply *out)
{
    *out = (struct uk_https_reply){
        .status = attempt->head.status,
        .body = attempt->answer,
        .retry_after_s = attempt->head.retry_after_s,
        .date = attempt->head.date,
    };
    memcpy(out->request_id, attempt->head.request_id, sizeof(out->request_id));
    uk_buf_init(&attempt->answer, UK_HTTPS_BODY);
}

void
uk_httpstry_clear(struct uk_httpstry *attempt)
{
    /* One that failed may be in whatever state; one that sent anew counts
     * that, and gives up at the fifth in its life. */
    bool usable = attempt->done && !attempt->anew;

    uk_httpsspare_give(usable ? attempt->spare : NULL, attempt->easy,
                       attempt->server);
    curl_slist_free_all(attempt->lines);
    attempt->easy = NULL;
    attempt->lines = NULL;
    uk_buf_clear(&attempt->url);
    uk_buf_clear(&attempt->answer);
}

static int64_t
moment(CURL *easy, CURLINFO info)
{
    curl_off_t us = 0;

    return curl_easy_getinfo(easy, info, &us) == CURLE_OK ? (int64_t)us : 0;
}

int64_t
uk_httpstry_took(const struct uk_httpstry *attempt, enum uk_stage stage)
{
    static const struct {
        CURLINFO from, to; /* from 0: from its beginning */
    } stages[] = {
        [UK_STAGE_RESOLVE] = {0, CURLINFO_NAMELOOKUP_TIME_T},
        [UK_STAGE_CONNECT] = {CURLINFO_NAMELOOKUP_TIME_T,
                              CURLINFO_CONNECT_TIME_T},
        [UK_STAGE_TLS] = {CURLINFO_CONNECT_TIME_T, CURLINFO_APPCONNECT_TIME_T},
        [UK_STAGE_ANSWER] = {CURLINFO_PRETRANSFER_TIME_T,
                             CURLINFO_TOTAL_TIME_T},
    };
    CURL *easy = attempt->easy;
    int64_t from, to;
    long dialled = 0;

    if (easy == NULL || stage >= UK_COUNT(stages) || stages[stage].to == 0)
        return -1;
    if (stage != UK_STAGE_ANSWER &&
        (curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &dialled) != CURLE_OK ||
         dialled == 0))
        return -1;
    from = stages[stage].from != 0 ? moment(easy, stages[stage].from) : 0;
    to = moment(easy, stages[stage].to);
    return to > from ? to - from : -1;
}
