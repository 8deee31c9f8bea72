/* open_session and close_session: what becomes of a session that is kept. */
#ifndef UK_PAM_MODULE_SESSION_H
#define UK_PAM_MODULE_SESSION_H

#include "core/attr.h"
#include "pam_module/call.h"
#include "pam_module/kept.h"

/* Put the tokens of a granted login into a file and its name into the PAM
 * environment.  Who may log in has been decided: where that fails, the session
 * is ended, the log says so, path stays as it was, and the login goes on. */
void uk_session_store(struct uk_call *call, struct uk_deadline by,
                      char path[UK_KEPT_PATH_SIZE]);

/* Take the name back out of the PAM environment. */
void uk_session_hide(struct uk_call *call);

/* End the session of a file that nobody has taken over.  Nothing depends on
 * it: where it fails, the log says so. */
void uk_session_end(struct uk_call *call, const char *path,
                    struct uk_deadline by);

/* End one session that another login has left behind, if there is one. */
void uk_session_sweep(struct uk_call *call, struct uk_deadline by);

/* Let the user whose session is opened read the file.  UK_OK also where there
 * is none, and where the file cannot be handed over: the session is ended
 * then, and the log says so. */
UK_MUST_USE enum uk_code uk_session_hand_over(struct uk_call *call);

/* Log the session out and remove the file.  UK_OK also where there is none. */
UK_MUST_USE enum uk_code uk_session_take_back(struct uk_call *call);

#endif
