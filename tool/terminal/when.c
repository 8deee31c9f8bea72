/* Times of keys: as people write them, and as they read them. */
#include "tool/terminal/when.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/str.h"
#include "tool/terminal/language.h"

#define MOST_S (INT64_C(100) * 365 * 24 * 3600)

int64_t
uk_when_now(void)
{
    return (int64_t)time(NULL);
}

enum uk_code
uk_when_parse_time(const char *option, const char *text, int64_t *seconds,
                   struct uk_err *err)
{
    char shown[UK_PRINTABLE_SIZE];
    unsigned long ms;

    if (!uk_str_to_ms(text, ULONG_MAX, &ms) || ms / 1000 > MOST_S)
        return uk_err_set(err, UK_INVALID,
                          _("--%s: '%s' is not a time like 7d, 12h or 30min"),
                          option, uk_str_printable(shown, text, strlen(text)));
    *seconds = (int64_t)(ms / 1000);
    return UK_OK;
}

static bool
take_date(const char *text, int64_t *at_s)
{
    static const char *const forms[] = {"%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"};

    for (size_t i = 0; i < UK_COUNT(forms); i++) {
        struct tm tm = {.tm_isdst = 0}, real;
        const char *end = strptime(text, forms[i], &tm);

        if (end == NULL || *end != '\0')
            continue;
        real = tm;
        *at_s = (int64_t)timegm(&real);
        /* The 31st of February is none. */
        return real.tm_mday == tm.tm_mday && real.tm_mon == tm.tm_mon;
    }
    return false;
}

enum uk_code
uk_when_parse(const char *option, const char *text, struct uk_expiry *out,
              struct uk_err *err)
{
    struct uk_expiry expiry = {.in_s = 0};
    char shown[UK_PRINTABLE_SIZE];
    int64_t now = uk_when_now();
    unsigned long ms;

    uk_str_printable(shown, text, strlen(text));
    if (strcmp(text, "never") == 0) {
        *out = expiry;
        return UK_OK;
    }
    if (uk_str_to_ms(text, ULONG_MAX, &ms))
        expiry.in_s = ms / 1000 > MOST_S ? MOST_S + 1 : (int64_t)(ms / 1000);
    else if (!take_date(text, &expiry.at_s))
        return uk_err_set(
            err, UK_INVALID,
            _("--%s: '%s' is neither a time like 90d or 12h, nor a "
              "date like 2027-01-31, nor 'never'"),
            option, shown);
    if ((expiry.in_s == 0 && expiry.at_s <= now) || expiry.in_s > MOST_S ||
        expiry.at_s > now + MOST_S)
        return uk_err_set(
            err, UK_INVALID,
            _("--%s: '%s' is not a moment to come within 100 years"), option,
            shown);
    *out = expiry;
    return UK_OK;
}

const char *
uk_when_between(int64_t from_s, int64_t to_s, char out[UK_WHEN_TEXT])
{
    static const struct {
        int64_t s;
        const char *name;
    } units[] = {{24 * 3600, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
    int64_t seconds = to_s > from_s ? to_s - from_s : 0;
    size_t i = 0;

    if (from_s == 0 || to_s == 0) {
        memcpy(out, "-", 2);
        return out;
    }
    /* Two of a unit are shown in it: 47h, then 2d. */
    while (i + 1 < UK_COUNT(units) && seconds < 2 * units[i].s)
        i++;
    snprintf(out, UK_WHEN_TEXT, "%lld%s", (long long)(seconds / units[i].s),
             units[i].name);
    return out;
}

static bool
is_expired(const struct uk_key *key, int64_t now_s)
{
    return key->expires_s > 0 && key->expires_s <= now_s;
}

const char *
uk_when_state(const struct uk_key *key, int64_t now_s)
{
    if (key->disabled)
        return "disabled";
    return is_expired(key, now_s) ? "expired" : "enabled";
}

bool
uk_when_over(const struct uk_key *key, int64_t now_s, int64_t *since_s)
{
    int64_t since = 0;

    if (!key->disabled && !is_expired(key, now_s))
        return false;
    if (key->disabled)
        since = key->disabled_s;
    if (is_expired(key, now_s) && (since == 0 || key->expires_s < since))
        since = key->expires_s;
    *since_s = since;
    return true;
}

bool
uk_when_over_for(const struct uk_key *key, int64_t now_s, int64_t for_s)
{
    int64_t since_s;

    return uk_when_over(key, now_s, &since_s) &&
           (for_s == 0 || (since_s > 0 && now_s - since_s >= for_s));
}
