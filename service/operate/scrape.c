/* Everything that is counted, for Prometheus. */
#include "service/operate/scrape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/version.h"
#include "service/operate/metrics.h"
#include "service/request/loop.h"
#include "service/request/route.h"

#define MOST_DECISIONS 4096

static void
scrape_process(struct uk_server *server, struct uk_buf *out)
{
    const struct uk_metrics_label build[] = {{"version", UK_VERSION},
                                             {NULL, NULL}};
    int64_t until = server->certificate_until;

    uk_metrics_family(out, "userkey_build_info", "gauge",
                      "Always 1; the version is in the label.");
    uk_metrics_count(out, "userkey_build_info", build, 1);
    uk_metrics_family(out, "userkey_start_time_seconds", "gauge",
                      "When the service was started, in seconds since 1970.");
    uk_metrics_number(out, "userkey_start_time_seconds", NULL,
                      (double)server->started_s);
    if (until == 0)
        return;
    uk_metrics_family(out, "userkey_certificate_expiry_time_seconds", "gauge",
                      "When the certificate expires, in seconds since 1970.");
    uk_metrics_number(out, "userkey_certificate_expiry_time_seconds", NULL,
                      (double)until);
}

static unsigned long
requests_of(const struct uk_server *server, size_t row, unsigned class)
{
    unsigned long sum = 0;

    for (unsigned i = 0; i < server->loops; i++)
        sum += uk_meter_get(
            &uk_loop_traffic(server->loop[i])->requests[row][class]);
    return sum;
}

/* The route without its base: it stands in the label as the table has it. */
static void
scrape_row(const struct uk_server *server, const struct uk_route *route,
           size_t row, struct uk_buf *out)
{
    char path[256] = "none";

    if (route != NULL)
        snprintf(path, sizeof(path), "%s%s", route->base, route->path);
    for (unsigned class = 0; class < UK_TRAFFIC_CLASSES; class ++) {
        char status[] = {(char)('0' + class), 'x', 'x', '\0'};
        const struct uk_metrics_label labels[] = {
            {"method", route != NULL ? route->method : ""},
            {"route", path},
            {"status", status},
            {NULL, NULL},
        };
        unsigned long requests = requests_of(server, row, class);

        if (requests > 0)
            uk_metrics_count(out, "userkey_http_requests_total", labels,
                             requests);
    }
}

static void
scrape_requests(const struct uk_server *server, struct uk_buf *out)
{
    size_t count;
    const struct uk_route *table = uk_route_table(&count);

    uk_metrics_family(out, "userkey_http_requests_total", "counter",
                      "Requests that have their reply, by route and class of "
                      "status; route 'none' has no route, or was no request.");
    for (size_t row = 0; row < count && row < UK_TRAFFIC_ROUTES; row++)
        scrape_row(server, &table[row], row, out);
    scrape_row(server, NULL, UK_TRAFFIC_ROUTES, out);
}

static void
scrape_times(const struct uk_server *server, struct uk_buf *out)
{
    static const char name[] = "userkey_http_request_duration_seconds";

    uk_metrics_family(out, name, "histogram",
                      "From a request's last byte to its reply.");
    for (int kind = 0; kind < UK_TRAFFIC_KINDS; kind++) {
        const struct uk_metrics_label labels[] = {
            {"route", uk_traffic_word((enum uk_traffic_kind)kind)},
            {NULL, NULL},
        };
        struct uk_metrics_sum sum = {.sum = 0};

        for (unsigned i = 0; i < server->loops; i++)
            uk_metrics_add(&sum,
                           &uk_loop_traffic(server->loop[i])->seconds[kind]);
        uk_metrics_histogram(out, name, labels, &uk_meter_seconds, &sum);
    }
}

/* Decisions of all loops, by their words. */
struct decision {
    const char *word[UK_METER_WORDS];
    unsigned long count;
};

static int
compare(const void *left, const void *right)
{
    const struct decision *a = left, *b = right;
    int order = 0;

    for (size_t i = 0; i < UK_METER_WORDS && order == 0; i++)
        order = strcmp(a->word[i], b->word[i]);
    return order;
}

static size_t
collect(const struct uk_server *server, struct decision *all)
{
    size_t n = 0;

    for (unsigned i = 0; i < server->loops; i++) {
        const struct uk_meter_tally *at =
            uk_loop_traffic(server->loop[i])->decisions.at;

        for (size_t k = 0; k < UK_METER_TALLIES && n < MOST_DECISIONS; k++) {
            unsigned long count =
                atomic_load_explicit(&at[k].count, memory_order_acquire);

            if (count == 0)
                continue;
            for (size_t w = 0; w < UK_METER_WORDS; w++)
                all[n].word[w] = at[k].word[w] == NULL ? "" : at[k].word[w];
            all[n++].count = count;
        }
    }
    return n;
}

static void
scrape_decisions(const struct uk_server *server, struct uk_buf *out)
{
    struct decision *all = calloc(MOST_DECISIONS, sizeof(*all));
    size_t n = all == NULL ? 0 : collect(server, all);

    uk_metrics_family(out, "userkey_decisions_total", "counter",
                      "Decisions, by the words of their audit lines.");
    if (n > 0)
        qsort(all, n, sizeof(*all), compare);
    for (size_t i = 0; i < n; i++) {
        const struct uk_metrics_label labels[] = {
            {"event", all[i].word[0]},
            {"provider", all[i].word[1]},
            {"verdict", all[i].word[2]},
            {"reason", all[i].word[3]},
            {NULL, NULL},
        };

        /* The same words of several loops, or of several files. */
        if (i + 1 < n && compare(&all[i], &all[i + 1]) == 0)
            all[i + 1].count += all[i].count;
        else
            uk_metrics_count(out, "userkey_decisions_total", labels,
                             all[i].count);
    }
    free(all);
}

static void
scrape_connections(const struct uk_server *server, struct uk_buf *out)
{
    unsigned long opened = 0, closed = 0, crowded = 0, unused = 0;
    const struct uk_http_counts *counts;

    for (unsigned i = 0; i < server->loops; i++) {
        for (size_t k = 0;
             (counts = uk_loop_connections(server->loop[i], k)) != NULL; k++) {
            /* In this order: never more closed than opened. */
            closed += uk_meter_get(&counts->closed);
            opened += uk_meter_get(&counts->opened);
            crowded += uk_meter_get(&counts->crowded);
            unused += uk_meter_get(&counts->unused);
        }
    }
    uk_metrics_family(out, "userkey_connections_total", "counter",
                      "Connections that were taken.");
    uk_metrics_count(out, "userkey_connections_total", NULL, opened);
    uk_metrics_family(out, "userkey_connections", "gauge",
                      "Connections at this moment.");
    uk_metrics_count(out, "userkey_connections", NULL,
                     opened > closed ? opened - closed : 0);
    uk_metrics_family(out, "userkey_connections_refused_total", "counter",
                      "Connections of addresses that had as many as one may.");
    uk_metrics_count(out, "userkey_connections_refused_total", NULL, crowded);
    uk_metrics_family(out, "userkey_tls_connections_unused_total", "counter",
                      "TLS connections that ended before a request: their "
                      "handshake failed, most of the time.");
    uk_metrics_count(out, "userkey_tls_connections_unused_total", NULL, unused);
}

static void
scrape_queues(struct uk_server *server, struct uk_buf *out)
{
    const struct {
        struct uk_metrics_label labels[2];
        struct uk_pool_state state;
    } queue[] = {
        {{{"queue", "password"}, {NULL, NULL}}, uk_pool_look(server->hashers)},
        {{{"queue", "write"}, {NULL, NULL}}, uk_pool_look(server->writer)},
    };

    uk_metrics_family(out, "userkey_queue_length", "gauge",
                      "Requests that wait for a password's hash, or for the "
                      "writer of the database.");
    for (size_t i = 0; i < UK_COUNT(queue); i++)
        uk_metrics_count(out, "userkey_queue_length", queue[i].labels,
                         queue[i].state.waiting);
    uk_metrics_family(out, "userkey_queue_limit", "gauge", "So many may wait.");
    for (size_t i = 0; i < UK_COUNT(queue); i++)
        uk_metrics_count(out, "userkey_queue_limit", queue[i].labels,
                         queue[i].state.room);
    uk_metrics_family(out, "userkey_queue_refused_total", "counter",
                      "Requests that got 503 because too many waited.");
    for (size_t i = 0; i < UK_COUNT(queue); i++)
        uk_metrics_count(out, "userkey_queue_refused_total", queue[i].labels,
                         queue[i].state.refused);
}

static void
scrape_writer(const struct uk_server *server, struct uk_buf *out)
{
    struct uk_metrics_sum changes = {.sum = 0}, seconds = {.sum = 0};

    uk_metrics_add(&changes, &server->writing.changes);
    uk_metrics_add(&seconds, &server->writing.seconds);
    uk_metrics_family(out, "userkey_transaction_changes", "histogram",
                      "Changes that shared a transaction.");
    uk_metrics_histogram(out, "userkey_transaction_changes", NULL,
                         &uk_meter_batch, &changes);
    uk_metrics_family(out, "userkey_transaction_duration_seconds", "histogram",
                      "From a transaction's begin to the end of its commit.");
    uk_metrics_histogram(out, "userkey_transaction_duration_seconds", NULL,
                         &uk_meter_seconds, &seconds);
    uk_metrics_family(out, "userkey_transactions_failed_total", "counter",
                      "Transactions that did not come about.");
    uk_metrics_count(out, "userkey_transactions_failed_total", NULL,
                     uk_meter_get(&server->writing.failed));
}

static void
scrape_database(const struct uk_server *server, struct uk_buf *out)
{
    unsigned long connects = uk_meter_get(&server->write_store->connects);

    for (unsigned i = 0; i < server->loops; i++)
        connects += uk_loop_connects(server->loop[i]);
    uk_metrics_family(out, "userkey_database_connections_total", "counter",
                      "Connections made to a database server.");
    uk_metrics_count(out, "userkey_database_connections_total", NULL, connects);
    uk_metrics_family(out, "userkey_database_outages_total", "counter",
                      "Times that the database did not answer any more.");
    uk_metrics_count(out, "userkey_database_outages_total", NULL,
                     uk_meter_get(&server->outage.outages));
    uk_metrics_family(out, "userkey_database_failed_requests_total", "counter",
                      "Requests that got 503 because it did not answer.");
    uk_metrics_count(out, "userkey_database_failed_requests_total", NULL,
                     uk_meter_get(&server->outage.requests));
}

void
uk_scrape(struct uk_server *server, struct uk_buf *out)
{
    scrape_process(server, out);
    scrape_requests(server, out);
    scrape_times(server, out);
    scrape_decisions(server, out);
    scrape_connections(server, out);
    scrape_queues(server, out);
    scrape_writer(server, out);
    scrape_database(server, out);
}
