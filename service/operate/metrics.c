/* The text in which Prometheus reads numbers. */
#include "service/operate/metrics.h"

#include <stdio.h>

/* In quotes: '\', '"' and the end of a line are written with a '\'. */
static void
write_value(struct uk_buf *out, const char *value)
{
    for (; value != NULL && *value != '\0'; value++) {
        if (*value == '\n')
            uk_buf_add_text(out, "\\n");
        else if (*value == '\\' || *value == '"')
            uk_buf_addf(out, "\\%c", *value);
        else
            uk_buf_add_byte(out, (unsigned char)*value);
    }
}

static void
write_labels(struct uk_buf *out, const struct uk_metrics_label *labels,
             const char *upto)
{
    char sign = '{';

    for (; labels != NULL && labels->name != NULL; labels++, sign = ',') {
        uk_buf_addf(out, "%c%s=\"", sign, labels->name);
        write_value(out, labels->value);
        uk_buf_add_byte(out, '"');
    }
    if (upto != NULL) {
        uk_buf_addf(out, "%cle=\"%s\"", sign, upto);
        sign = ',';
    }
    if (sign == ',')
        uk_buf_add_byte(out, '}');
}

void
uk_metrics_family(struct uk_buf *out, const char *name, const char *type,
                  const char *help)
{
    uk_buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void
uk_metrics_count(struct uk_buf *out, const char *name,
                 const struct uk_metrics_label *labels, unsigned long value)
{
    uk_buf_add_text(out, name);
    write_labels(out, labels, NULL);
    uk_buf_addf(out, " %lu\n", value);
}

void
uk_metrics_number(struct uk_buf *out, const char *name,
                  const struct uk_metrics_label *labels, double value)
{
    uk_buf_add_text(out, name);
    write_labels(out, labels, NULL);
    uk_buf_addf(out, " %.15g\n", value);
}

void
uk_metrics_add(struct uk_metrics_sum *sum,
               const struct uk_meter_histogram *histogram)
{
    for (size_t i = 0; i <= UK_METER_STEPS; i++)
        sum->count[i] += uk_meter_get(&histogram->count[i]);
    sum->sum += uk_meter_get(&histogram->sum);
}

static void
write_bucket(struct uk_buf *out, const char *name,
             const struct uk_metrics_label *labels, const char *upto,
             unsigned long count)
{
    uk_buf_addf(out, "%s_bucket", name);
    write_labels(out, labels, upto);
    uk_buf_addf(out, " %lu\n", count);
}

void
uk_metrics_histogram(struct uk_buf *out, const char *name,
                     const struct uk_metrics_label *labels,
                     const struct uk_meter_scale *scale,
                     const struct uk_metrics_sum *sum)
{
    unsigned long count = 0;
    char upto[32];

    for (size_t i = 0; i < scale->steps; i++) {
        count += sum->count[i];
        snprintf(upto, sizeof(upto), "%g",
                 (double)scale->step[i] * scale->unit);
        write_bucket(out, name, labels, upto, count);
    }
    count += sum->count[scale->steps];
    write_bucket(out, name, labels, "+Inf", count);
    uk_buf_addf(out, "%s_sum", name);
    write_labels(out, labels, NULL);
    uk_buf_addf(out, " %.15g\n", (double)sum->sum * scale->unit);
    uk_buf_addf(out, "%s_count", name);
    write_labels(out, labels, NULL);
    uk_buf_addf(out, " %lu\n", count);
}
