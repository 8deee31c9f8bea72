/* Paths as people type them, made whole. */
#ifndef UK_SERVICE_VALUE_PATH_H
#define UK_SERVICE_VALUE_PATH_H

#include <limits.h>

#include "core/attr.h"
#include "core/err.h"

/* Put the working folder in front of a path that is not absolute, and take
 * the '/' at its end away. */
UK_MUST_USE enum uk_code uk_path_whole(const char *path, char out[PATH_MAX],
                                       struct uk_err *err);

/* folder/name */
UK_MUST_USE enum uk_code uk_path_join(const char *folder, const char *name,
                                      char out[PATH_MAX], struct uk_err *err);

/* The folder that holds an absolute path. */
void uk_path_folder(const char *path, char out[PATH_MAX]);

#endif
