/*
 * The text in which Prometheus reads numbers: exposition format 0.0.4.  Pure.
 *
 * A family is written first, then its samples, all of it before the next one.
 */
#ifndef UK_SERVICE_OPERATE_METRICS_H
#define UK_SERVICE_OPERATE_METRICS_H

#include "core/buf.h"
#include "service/value/meter.h"

#define UK_METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct uk_metrics_label {
    const char *name, *value;
};

/* A list ends with a NULL name; NULL is no label.  A value NULL is "". */

void uk_metrics_family(struct uk_buf *out, const char *name, const char *type,
                       const char *help);
void uk_metrics_count(struct uk_buf *out, const char *name,
                      const struct uk_metrics_label *labels,
                      unsigned long value);
void uk_metrics_number(struct uk_buf *out, const char *name,
                       const struct uk_metrics_label *labels, double value);

/* The sums of several, as one histogram. */
struct uk_metrics_sum {
    unsigned long count[UK_METER_STEPS + 1];
    unsigned long sum;
};

void uk_metrics_add(struct uk_metrics_sum *sum,
                    const struct uk_meter_histogram *histogram);
void uk_metrics_histogram(struct uk_buf *out, const char *name,
                          const struct uk_metrics_label *labels,
                          const struct uk_meter_scale *scale,
                          const struct uk_metrics_sum *sum);

#endif
