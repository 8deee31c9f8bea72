/*
 * Which pages may talk to us, by the origin that their browser gives.
 *
 * No cookie is ever used, so without a list any page may, as far as it has a
 * token.  An app's own list stands in the place of the server's.
 */
#ifndef UK_SERVICE_REQUEST_ORIGIN_H
#define UK_SERVICE_REQUEST_ORIGIN_H

#include "service/request/call.h"

/* By the list of the server: say so in the reply's headers.  false: the page
 * may not. */
bool uk_origin_admit(struct uk_call *call);

/*
 * By the list of the app, which is asked for if it has one: the headers say so
 * in place of what they said.  false: the page may not, or the database does
 * not answer, and the reply is filled.
 */
bool uk_origin_admit_app(struct uk_call *call, const struct uk_store_app *app);

/* Is there a list that says which pages are this app's?  '*' does not. */
bool uk_origin_is_listed(const struct uk_call *call,
                         const struct uk_store_app *app);

#endif
