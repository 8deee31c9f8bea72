/*
 * The written form of a user API key: "ukey", 54 random base62 characters
 * (321 bits), and 6 of checksum, so that a typing error or a Unix password
 * typed by mistake is seen here and never leaves the machine.
 *
 * The checksum is the CRC-32 of ISO 3309 (as in zlib) over the first 58
 * characters, written in base62 (0-9 A-Z a-z), most significant digit first.
 */
#ifndef UK_CORE_KEYTEXT_H
#define UK_CORE_KEYTEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/attr.h"
#include "core/err.h"
#include "core/secret.h"

#define UK_KEYTEXT_PREFIX "ukey"
#define UK_KEYTEXT_ADMIN  "ukadm" /* of an administrator's private key */
#define UK_KEYTEXT_LEN    64
#define UK_KEYTEXT_MAX    512 /* longest key of any other service */

/* A new key from the kernel's random numbers.  UK_SYSTEM without them. */
UK_MUST_USE enum uk_code uk_keytext_make(struct uk_secret *out,
                                         struct uk_err *err);

/* Of our form, with the right checksum? */
bool uk_keytext_check(const char *text, size_t len);

/* The same for an administrator's private key, which begins with
 * UK_KEYTEXT_ADMIN and has 53 random characters: neither is ever taken for the
 * other. */
UK_MUST_USE enum uk_code uk_keytext_make_admin(struct uk_secret *out,
                                               struct uk_err *err);
bool uk_keytext_check_admin(const char *text, size_t len);

/* Could it be a key of any service: 1 to UK_KEYTEXT_MAX bytes, all of them
 * printable ASCII without spaces? */
bool uk_keytext_check_any(const char *text, size_t len);

/*
 * Is it what sshd hands to PAM in place of the password of a user that it has
 * refused already (unknown, or root under PermitRootLogin)?  That is
 * "\b\n\r\177INCORRECT", repeated or cut to the length of what was typed.
 * Source: auth-pam.c, fake_password() of OpenSSH 7.2 and later.
 */
bool uk_keytext_is_junk(const char *text, size_t len);

#endif
