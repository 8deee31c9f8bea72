/*
 * A table of moments in a file of fixed size, which several processes share
 * and which outlives them.
 *
 * A subject (a keyed hash) has a moment, in milliseconds of the file's clock
 * (agent/clock.h); one that has passed is as good as none, and gives its place
 * to another when room is needed: first whoever's moment is soonest.  So the
 * file never grows, whoever tries to fill it, and needs no sweeping.  It is
 * written in place, in pieces that are right or wrong on their own: what a
 * crash or a damage leaves behind is some other moment for some subject, which
 * the reader holds to what is possible.  A file that has another size or
 * beginning is begun anew.
 */
#ifndef UK_AGENT_SLOTS_H
#define UK_AGENT_SLOTS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/err.h"

#include "agent/clock.h"
#include "agent/seal.h"

#define UK_SLOTS_FILE_SIZE 200704 /* bytes: what RLIMIT_FSIZE must allow */

struct uk_slots;

/* Tables of one file; none takes another's room. */
enum uk_slots_table { UK_SLOTS_TRIES, UK_SLOTS_KEYS };

/* Use, make or begin anew the file; path NULL: keep it in memory.  *note says
 * what was wrong with a file that was begun anew or, with memory in its place,
 * that could not be used; its code is UK_OK otherwise.  UK_NO_MEMORY,
 * UK_SYSTEM. */
UK_MUST_USE enum uk_code uk_slots_open(const char *path, struct uk_slots **out,
                                       struct uk_err *note, struct uk_err *err);
void uk_slots_close(struct uk_slots *slots);

/* Begin a piece of work; the file's clock goes on to now, and its secret for
 * hashes is at hand.  Other processes wait, at most some milliseconds: after
 * that they go on, and may lose a moment that is written at the same time.
 * false: the file cannot be read now, nothing may be asked or set. */
bool uk_slots_begin(struct uk_slots *slots, const struct uk_clock_reading *now);
void uk_slots_end(struct uk_slots *slots);

/* Between begin and end. */
const unsigned char *uk_slots_secret(const struct uk_slots *slots);
int64_t uk_slots_now(const struct uk_slots *slots);

/* 0 for one that has none.  subject is not 0. */
int64_t uk_slots_get(struct uk_slots *slots, enum uk_slots_table table,
                     uint64_t subject);

/* A moment that has passed (0) forgets.  Fails silently: a disk that cannot be
 * written is nobody's reason to be refused. */
void uk_slots_set(struct uk_slots *slots, enum uk_slots_table table,
                  uint64_t subject, int64_t moment);

#endif
