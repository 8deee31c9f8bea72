/*
 * HTTP by libmicrohttpd 0.9.75, in its external epoll mode.
 *
 * What one must know about that version:
 * - MHD_get_timeout() does not count connections that were just resumed, so
 *   MHD_run() must follow MHD_resume_connection() at once;
 * - it takes requests whose framing is ambiguous: see framing.h;
 * - its timeouts begin again with each byte: see sweep.h;
 * - its limit for one address counts an IPv6 address for itself: see crowd.h;
 * - it turns round and round while a TLS handshake waits: see greet.c;
 * - every suspended connection must be resumed before MHD_stop_daemon();
 * - the memory limit is paid for each idle connection, too.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/io.h"
#include "core/str.h"
#include "service/http/internal.h"

#define MEMORY 12288 /* bytes for one connection's headers */
#define TLS_RULES                                                              \
    "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-CIPHER-ALL:+AES-256-GCM"      \
    ":+AES-128-GCM:+CHACHA20-POLY1305:-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA"

void
uk_http_add(struct uk_http_reply *reply, const char *name, const char *value)
{
    if (reply->headers == UK_HTTP_HEADERS ||
        !uk_str_copy(reply->header[reply->headers].value,
                     sizeof(reply->header[0].value), value))
        return;
    reply->header[reply->headers++].name = name;
}

void
uk_http_set(struct uk_http_reply *reply, const char *name, const char *value)
{
    for (size_t i = 0; i < reply->headers; i++) {
        if (strcmp(reply->header[i].name, name) == 0 &&
            uk_str_copy(reply->header[i].value, sizeof(reply->header[i].value),
                        value))
            return;
    }
    uk_http_add(reply, name, value);
}

static void __attribute__((format(printf, 2, 0)))
on_log(void *context, const char *fmt, va_list args)
{
    struct uk_http *http = context;
    char line[256];

    vsnprintf(line, sizeof(line), fmt, args);
    line[strcspn(line, "\n")] = '\0';
    uk_log_line(http->options.log, UK_LEVEL_DEBUG, "http: %s", line);
}

static struct MHD_Daemon *
start_daemon(struct uk_http *http, int listener)
{
    const struct uk_http_options *options = &http->options;
    unsigned flags =
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)TLS_RULES},
        {MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)(uintptr_t)uk_tls_choose},
        {MHD_OPTION_END, 0, NULL},
    };

    if (options->tls)
        flags |= MHD_USE_TLS;
    else
        tls[0].option = MHD_OPTION_END;
    return MHD_start_daemon(
        flags, 0, uk_http_on_accept, http, uk_http_on_request, http,
        MHD_OPTION_EXTERNAL_LOGGER, on_log, http, /* first: for the others */
        MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_NOTIFY_CONNECTION,
        uk_http_on_connection, http, MHD_OPTION_NOTIFY_COMPLETED,
        uk_http_on_completed, http, MHD_OPTION_UNESCAPE_CALLBACK,
        uk_http_keep_escapes, http, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)MEMORY, MHD_OPTION_CONNECTION_LIMIT, options->max_connections,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
        MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
}

enum uk_code
uk_http_new(const struct uk_http_options *options, int listener,
            struct uk_http **out, struct uk_err *err)
{
    struct uk_http *http = calloc(1, sizeof(*http));
    const union MHD_DaemonInfo *info;
    enum uk_code code;

    if (http == NULL)
        return uk_err_set(err, UK_NO_MEMORY, "no memory for a listener");
    http->options = *options;
    http->listener = listener;
    http->greet = -1;
    uk_sweep_init(&http->sweep);
    code = uk_crowd_new(options->max_connections, options->max_per_address,
                        &http->crowd, err);
    if (code == UK_OK)
        code = uk_http_greet_init(http, err);
    if (code == UK_OK)
        http->daemon = start_daemon(http, listener);
    if (code == UK_OK && http->daemon == NULL)
        code = uk_err_set(err, UK_SYSTEM, "the HTTP server cannot start");
    if (code != UK_OK) {
        uk_io_close(&http->greet);
        uk_crowd_free(http->crowd);
        free(http);
        return code;
    }
    info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    http->epoll = info->epoll_fd;
    *out = http;
    return UK_OK;
}

int
uk_http_fd(const struct uk_http *http)
{
    return http->epoll;
}

int
uk_http_greet_fd(const struct uk_http *http)
{
    return http->greet;
}

int
uk_http_timeout(const struct uk_http *http)
{
    MHD_UNSIGNED_LONG_LONG ms;

    if (MHD_get_timeout(http->daemon, &ms) != MHD_YES)
        return -1;
    return ms > INT_MAX ? INT_MAX : (int)ms;
}

bool
uk_http_is_due(const struct uk_http *http)
{
    return http->resumed || uk_http_timeout(http) == 0;
}

void
uk_http_run(struct uk_http *http)
{
    http->resumed = false;
    uk_http_greet_run(http);
    MHD_run(http->daemon);
}

unsigned
uk_http_active(const struct uk_http *http)
{
    return http->active;
}

const struct uk_http_counts *
uk_http_counts(const struct uk_http *http)
{
    return &http->counts;
}

void
uk_http_limit(struct uk_http *http, unsigned max_per_address)
{
    uk_crowd_limit(http->crowd, max_per_address);
}

void
uk_http_quiesce(struct uk_http *http)
{
    if (http->listener < 0)
        return;
    MHD_run(http->daemon); /* who has connected already is served */
    MHD_quiesce_daemon(http->daemon);
    uk_io_close(&http->listener);
}

void
uk_http_free(struct uk_http *http)
{
    if (http == NULL)
        return;
    uk_http_quiesce(http);
    uk_http_greet_clear(http);
    MHD_run(http->daemon);
    MHD_stop_daemon(http->daemon);
    uk_io_close(&http->greet);
    uk_crowd_free(http->crowd);
    free(http);
}
