/*
 * Which hosts may have the key that is kept.
 *
 * A server writes its question itself, and so may write ours; in front of it
 * ssh puts "(user@host) ", which no server has a hand in.
 */
#ifndef UK_TOOL_KEYS_ASKHOSTS_H
#define UK_TOOL_KEYS_ASKHOSTS_H

#include "core/attr.h"
#include "core/err.h"

/* What a list has for a question without a host in front: sudo's. */
#define UK_ASKHOSTS_SUDO "sudo"

/* May who asks this have it?  given is the list of --host ("a,b"), or NULL for
 * the one in the file, where there is one; without any list everybody may.
 * UK_INVALID says who may not; UK_MISCONFIGURED for a file that is not to be
 * believed. */
UK_MUST_USE enum uk_code
uk_askhosts_check(const char *question, const char *given, struct uk_err *err);

/* The question without what ssh puts in front. */
const char *uk_askhosts_skip(const char *question);

#endif
