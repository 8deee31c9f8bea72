/* Addresses that may stand for a user. */
#ifndef UK_EMAIL_H
#define UK_EMAIL_H

#include <stdbool.h>

/*
 * LOCAL@DOMAIN in the plain form of RFC 5321: no quotes, no comments, no
 * address literals, ASCII only, so that no two programs read it differently.
 */
bool uk_email_check(const char *text);

#endif
