/*
 * Files of kept sessions whose login is over, and nobody ended them.
 *
 * A login may come to nothing in a process that ends without a word to PAM
 * (sshd's, where a later module refuses), and a process that has a session
 * open may be killed.  Later logins clear away what those left.
 */
#ifndef UK_PAM_MODULE_KEPTLEFT_H
#define UK_PAM_MODULE_KEPTLEFT_H

#include <stdbool.h>

#include "pam_module/kept.h"

/*
 * Find one such file: one that has waited for its login for more than ten
 * minutes, or whose session was opened as long ago by a process that is no
 * more.  Some hundred files are looked at, so that nobody waits because there
 * are many.
 */
bool uk_keptleft_find(char path[UK_KEPT_PATH_SIZE]);

#endif
