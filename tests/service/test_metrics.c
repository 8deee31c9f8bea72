/* service/value/meter, metrics: counting, and how it is written down. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "service/operate/metrics.h"
#include "service/request/route.h"
#include "service/request/traffic.h"

static struct uk_buf out = UK_BUF_UP_TO(65536);

/* What was written, once. */
static void
written(const char *text)
{
    assert_string_equal(uk_buf_peek(&out), text);
    uk_buf_clear(&out);
}

/* The examples of the format's description, in our names. */
static void
samples_are_as_the_format_says(void **state)
{
    const struct uk_metrics_label labels[] = {
        {"method", "post"}, {"code", "200"}, {NULL, NULL}};
    const struct uk_metrics_label odd[] = {
        {"path", "C:\\DIR\\FILE.TXT"},
        {"error", "Cannot find file:\n\"FILE.TXT\""},
        {NULL, NULL}};
    const struct uk_metrics_label none[] = {{"reason", NULL}, {NULL, NULL}};

    uk_metrics_family(&out, "http_requests_total", "counter",
                      "The total number of HTTP requests.");
    uk_metrics_count(&out, "http_requests_total", labels, 1027);
    written("# HELP http_requests_total The total number of HTTP requests.\n"
            "# TYPE http_requests_total counter\n"
            "http_requests_total{method=\"post\",code=\"200\"} 1027\n");
    uk_metrics_number(&out, "msdos_file_access_time_seconds", odd, 1.5);
    written("msdos_file_access_time_seconds{path=\"C:\\\\DIR\\\\FILE.TXT\","
            "error=\"Cannot find file:\\n\\\"FILE.TXT\\\"\"} 1.5\n");
    uk_metrics_count(&out, "metric_without_labels", NULL, 0);
    written("metric_without_labels 0\n");
    uk_metrics_count(&out, "x", none, 18446744073709551615UL);
    written("x{reason=\"\"} 18446744073709551615\n");
    uk_metrics_number(&out, "x_seconds", NULL, 1795428077);
    written("x_seconds 1795428077\n");
}

static void
a_value_belongs_to_the_first_step_that_it_does_not_pass(void **state)
{
    static const struct uk_meter_scale scale = {
        .step = {10, 20, 50}, .steps = 3, .unit = 1e-3};
    static const unsigned long values[] = {0, 10, 11, 20, 50, 51, 1000000};
    static const struct uk_metrics_label labels[] = {{"a", "b"}, {NULL, NULL}};
    struct uk_meter_histogram one = {.sum = 0}, two = {.sum = 0};
    struct uk_metrics_sum sum = {.sum = 0};

    for (size_t i = 0; i < UK_COUNT(values); i++)
        uk_meter_observe(i % 2 == 0 ? &one : &two, &scale, values[i]);
    uk_metrics_add(&sum, &one);
    uk_metrics_add(&sum, &two);
    uk_metrics_histogram(&out, "t_seconds", labels, &scale, &sum);
    written("t_seconds_bucket{a=\"b\",le=\"0.01\"} 2\n"
            "t_seconds_bucket{a=\"b\",le=\"0.02\"} 4\n"
            "t_seconds_bucket{a=\"b\",le=\"0.05\"} 5\n"
            "t_seconds_bucket{a=\"b\",le=\"+Inf\"} 7\n"
            "t_seconds_sum{a=\"b\"} 1000.142\n"
            "t_seconds_count{a=\"b\"} 7\n");
}

static void
scales_rise(void **state)
{
    const struct uk_meter_scale *scales[] = {&uk_meter_seconds,
                                             &uk_meter_batch};

    for (size_t i = 0; i < UK_COUNT(scales); i++) {
        assert_true(scales[i]->steps <= UK_METER_STEPS);
        for (size_t k = 1; k < scales[i]->steps; k++)
            assert_true(scales[i]->step[k] > scales[i]->step[k - 1]);
    }
}

static unsigned long
count_of(const struct uk_meter_tallies *tallies, const char *const *word)
{
    unsigned long count = 0;

    for (size_t i = 0; i < UK_METER_TALLIES; i++) {
        if (uk_meter_get(&tallies->at[i].count) > 0 &&
            memcmp(tallies->at[i].word, word, sizeof(tallies->at[i].word)) == 0)
            count += uk_meter_get(&tallies->at[i].count);
    }
    return count;
}

static void
tallies_are_told_apart_and_bounded(void **state)
{
    static char words[2 * UK_METER_TALLIES];
    static struct uk_meter_tallies tallies;
    unsigned long sum = 0;

    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < 200; i++) {
            const char *const word[UK_METER_WORDS] = {&words[i], NULL,
                                                      &words[i + 1], NULL};

            uk_meter_tally(&tallies, word);
            assert_int_equal(count_of(&tallies, word), round + 1);
        }
    }
    assert_int_equal(uk_meter_get(&tallies.lost), 0);
    for (size_t i = 0; i < sizeof(words); i++) {
        const char *const word[UK_METER_WORDS] = {NULL, NULL, NULL, &words[i]};

        uk_meter_tally(&tallies, word);
    }
    for (size_t i = 0; i < UK_METER_TALLIES; i++)
        sum += uk_meter_get(&tallies.at[i].count);
    assert_int_equal(sum + uk_meter_get(&tallies.lost), 600 + sizeof(words));
    assert_true(uk_meter_get(&tallies.lost) > 0);
}

/* Every route has its own number. */
static void
there_is_room_for_the_routes(void **state)
{
    size_t count;

    (void)uk_route_table(&count);
    assert_true(count <= UK_TRAFFIC_ROUTES);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_are_as_the_format_says),
        cmocka_unit_test(
            a_value_belongs_to_the_first_step_that_it_does_not_pass),
        cmocka_unit_test(scales_rise),
        cmocka_unit_test(tallies_are_told_apart_and_bounded),
        cmocka_unit_test(there_is_room_for_the_routes),
    };

    return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
