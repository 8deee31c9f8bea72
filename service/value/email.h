/* Addresses that may stand for a user. */
#ifndef UK_SERVICE_VALUE_EMAIL_H
#define UK_SERVICE_VALUE_EMAIL_H

#include <stdbool.h>

#include "core/identity.h"

/*
 * LOCAL@DOMAIN in the plain form of RFC 5321: no quotes, no comments, no
 * address literals, ASCII only, so that no two programs read it differently.
 */
bool uk_email_check(const char *text);

/* How an address is compared: without the case of ASCII letters; cut at
 * UK_EMAIL_MAX. */
void uk_email_fold(const char *text, char out[UK_EMAIL_MAX + 1]);

#endif
