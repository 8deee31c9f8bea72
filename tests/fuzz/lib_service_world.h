/*
 * A service with threads and a database, and people in it, in this process.
 */
#ifndef UK_TESTS_FUZZ_LIB_SERVICE_WORLD_H
#define UK_TESTS_FUZZ_LIB_SERVICE_WORLD_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"

#define WORLD_ROOM     (1 << 17) /* bytes of a request, or of what comes back */
#define WORLD_PASSWORD "known to nobody but the user"

/* Where it listens. */
enum world_port { WORLD_SERVE, WORLD_OPERATE, WORLD_PORTS };

/* Once, before anything else: it serves from then on. */
void world_start(void);

/* A new app with a user and a victim; the names stand for theirs now. */
void world_renew(void);

/* What a name stands for; NULL for what is none. */
const char *world_name(char letter);

/* What is in no reply: the n-th text of those that nobody gets, or of those
 * that only administrators do; NULL behind the last. */
const char *world_secret(size_t n);
const char *world_victim(size_t n);

/* Is the victim still who they were, and comes in with their key? */
bool world_is_victim_well(void);

/* A connection to it. */
int world_dial(enum world_port port);

/* Send a request, and read what comes into WORLD_ROOM bytes, a NUL behind.
 * false: the connection is over, or nothing came. */
bool world_exchange(int fd, const struct uk_buf *request, char *reply,
                    size_t *got);

/* The bytes of the first whole reply; 0 if there is none yet.  And how many of
 * a request are its body, if its head has an end. */
size_t world_reply(char *bytes, size_t len);
bool world_body(const struct uk_buf *request, size_t *body);

/* The length that a head announces; -1 for none. */
long world_length(const char *head);

#endif
