/*
 * Take away modes by which others can write our own files, or read a private
 * one.
 *
 * What somebody else wrote is never made root's: only what is root's already
 * is touched, only in the folder of the settings, and no link is followed.
 */
#ifndef UK_TOOL_DOCTOR_MEND_H
#define UK_TOOL_DOCTOR_MEND_H

#include <stdbool.h>

#include "core/attr.h"
#include "core/err.h"

/* The folder of the settings that this program was built for, or a file in
 * it? */
bool uk_doctor_mend_is_ours(const char *path);

/* Put a new file with its content in its place, so that who has the old one
 * open writes into that.  The words of err say why it is left as it is. */
UK_MUST_USE enum uk_code uk_doctor_mend_file(const char *path, bool is_private,
                                             struct uk_err *err);
UK_MUST_USE enum uk_code uk_doctor_mend_folder(struct uk_err *err);

#endif
