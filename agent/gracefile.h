/*
 * Keys that may log in by grace, as bytes for a file (a part of agent/grace).
 *
 * Everything stands behind a MAC that only this machine can make, so what was
 * cut, damaged, changed or made elsewhere is none.  Pure.
 */
#ifndef UK_AGENT_GRACEFILE_H
#define UK_AGENT_GRACEFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/buf.h"
#include "core/err.h"

#include "agent/gracelist.h"
#include "agent/seal.h"

#define UK_GRACE_FILE_MAX (4 * 1024 * 1024) /* bytes */

/* Append the file's bytes.  UK_NO_MEMORY, UK_INVALID past the buffer's
 * limit. */
UK_MUST_USE enum uk_code
uk_grace_list_pack(const struct uk_grace_list *list,
                   const unsigned char key[UK_SEAL_KEY], struct uk_buf *buf,
                   struct uk_err *err);

/* UK_BAD_ANSWER for bytes that are not such a file of this key's.  *out is
 * written on success only, and the caller's to clear. */
UK_MUST_USE enum uk_code
uk_grace_list_unpack(const void *bytes, size_t len,
                     const unsigned char key[UK_SEAL_KEY],
                     struct uk_grace_list *out, struct uk_err *err);

/* Replace the file.  UK_SYSTEM, UK_MISCONFIGURED (a folder that others could
 * write), UK_NO_MEMORY. */
UK_MUST_USE enum uk_code
uk_grace_list_save(const struct uk_grace_list *list, const char *file,
                   const unsigned char key[UK_SEAL_KEY], struct uk_err *err);

/* Read it.  One that is not there is an empty list, and so is one that is
 * damaged, with a sentence in *note. */
UK_MUST_USE enum uk_code
uk_grace_list_load(struct uk_grace_list *out, const char *file,
                   const unsigned char key[UK_SEAL_KEY], struct uk_err *note,
                   struct uk_err *err);

#endif
