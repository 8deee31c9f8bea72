/* The process that has opened the session of a kept file. */
#ifndef UK_PAM_MODULE_KEPTOPENER_H
#define UK_PAM_MODULE_KEPTOPENER_H

#include <stdbool.h>

/* Note in the file that this process has opened its session.  Where that is
 * not possible, the file is not cleared away before its age tells
 * (tmpfiles.d). */
void uk_keptopener_sign(int fd);

/* Is it known that the process which opened the session is no more?  A number
 * that has been given to another process since keeps the file for now. */
bool uk_keptopener_is_gone(const char *path);

#endif
