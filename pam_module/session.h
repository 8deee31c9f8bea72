/* open_session and close_session: what becomes of a session that is kept. */
#ifndef UK_MODULE_SESSION_H
#define UK_MODULE_SESSION_H

#include "core/attr.h"
#include "pam_module/call.h"
#include "pam_module/kept.h"

/* Put the tokens of a granted login into a file and its name into the PAM
 * environment.  Who may log in has been decided: where that fails, the session
 * is ended, the log says so, path stays as it was, and the login goes on. */
void uk_session_store(struct uk_call *call, struct uk_deadline by,
                      char path[UK_KEPT_PATH_SIZE]);

/* Take that back: the file that nobody has taken over, and its name. */
void uk_session_forget(struct uk_call *call, const char *path);

/* Hand the file over to the user whose session is opened.  UK_OK also where
 * there is none. */
UK_MUST_USE enum uk_code uk_session_hand_over(struct uk_call *call);

/* Log the session out and remove the file.  UK_OK also where there is none. */
UK_MUST_USE enum uk_code uk_session_take_back(struct uk_call *call);

#endif
