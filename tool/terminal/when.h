/*
 * Times of keys: as people write them, and as they read them.
 */
#ifndef UK_TOOL_TERMINAL_WHEN_H
#define UK_TOOL_TERMINAL_WHEN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/err.h"
#include "core/keys.h"
#include "tool/terminal/out.h"

int64_t uk_when_now(void);

/* "7d", "12h", "30min": seconds; UK_INVALID names the option. */
UK_MUST_USE enum uk_code uk_when_parse_time(const char *option,
                                            const char *text, int64_t *seconds,
                                            struct uk_err *err);

/* The same, or a date (2027-01-31, its beginning in UTC, or
 * 2027-01-31T12:00:00Z), or "never".  Not a moment that is over. */
UK_MUST_USE enum uk_code uk_when_parse(const char *option, const char *text,
                                       struct uk_expiry *out,
                                       struct uk_err *err);

/* "12d", "3h", "5min", "0s"; "-" where either is not known.  Returns out. */
#define UK_WHEN_TEXT UK_OUT_DATE
const char *uk_when_between(int64_t from_s, int64_t to_s,
                            char out[UK_WHEN_TEXT]);

/* "enabled", "disabled" or "expired", at that time. */
const char *uk_when_state(const struct uk_key *key, int64_t now_s);

/* Since when the key lets nobody in, as far as that is known; 0 for one that
 * does, or since nobody knows when.  Returns whether it lets nobody in. */
bool uk_when_over(const struct uk_key *key, int64_t now_s, int64_t *since_s);

/* Has it been over for that long?  Of one that is over since nobody knows when
 * only 0 is sure. */
bool uk_when_over_for(const struct uk_key *key, int64_t now_s, int64_t for_s);

#endif
