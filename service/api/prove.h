/*
 * Who comes with an address and a password is proven to be its person, in
 * steps: tries are counted, the hash is compared among the hashers, and what
 * the database says is asked once more behind it.
 */
#ifndef UK_SERVICE_API_PROVE_H
#define UK_SERVICE_API_PROVE_H

#include "service/request/call.h"

/* Keep the password, and the address of that name as it was typed, of the
 * body; else the reply is filled. */
bool uk_prove_take(struct uk_call *call, const char *email_name);

/* Prove the person whom uk_prove_take() has taken, of call->app.  next comes
 * on the loop then, and begins with uk_prove_end(). */
enum uk_then uk_prove_begin(struct uk_call *call, uk_step *next);

/* Proven: the person as the database has it now.  Else the reply is filled:
 * unknown and wrong are one. */
bool uk_prove_end(struct uk_call *call, struct uk_store_password *now);

/* The person, for the audit log: beside the user of a session, if there is
 * one.  Only somebody who is known: people type passwords into the wrong field,
 * and what they type must not get into a log. */
void uk_prove_name(struct uk_call *call);

/* 409: somebody has the address already. */
enum uk_then uk_prove_taken(struct uk_call *call);

#endif
