/*
 * Files of kept sessions whose login is over, and nobody ended them.
 *
 * A login may come to nothing in a process that ends without a word to PAM
 * (sshd's, where a later module refuses), and a process that has a session
 * open may be killed.  Later logins clear away what those left.
 */
#ifndef UK_KEPTLEFT_H
#define UK_KEPTLEFT_H

#include <stdbool.h>

#include "pam_module/kept.h"

/* Note in the file that this process has opened its session.  Where that is
 * not possible, the file is not cleared away before its age tells
 * (tmpfiles.d). */
void uk_keptleft_sign(int fd);

/*
 * Find one such file: one that has waited for its login for more than ten
 * minutes, or whose session was opened as long ago by a process that is no
 * more.  Some hundred files are looked at, so that nobody waits because there
 * are many.
 */
bool uk_keptleft_find(char path[UK_KEPT_PATH_SIZE]);

#endif
