/*
 * Ids of 24 hexadecimal digits, as clients expect them of an ObjectId: four
 * bytes of time in front, so that they sort by it, then eight random ones.
 */
#ifndef UK_SERVICE_VALUE_ID_H
#define UK_SERVICE_VALUE_ID_H

#include <stdbool.h>
#include <stdint.h>

#define UK_ID_LEN  24
#define UK_ID_SIZE 25 /* with the NUL */

void uk_id_make(char out[UK_ID_SIZE]);

/* Of that form? */
bool uk_id_check(const char *text);

/* Microseconds since 1970, for what is stored. */
int64_t uk_id_now_us(void);

/* Has what expires then (0: never) expired? */
bool uk_id_is_over(int64_t expires_us);

#endif
