/*
 * Which refusals have a line of the log each, and which are only counted.
 *
 * Refusals cost their sender nothing, so a flood of them could fill the disk
 * with lines, or push those out that matter.  A source that is throttled has
 * one line for each try that it gets back; what else is refused has as many
 * as nobody needs who means well.  What was granted is always told.
 */
#ifndef UK_SERVICE_REQUEST_NOISE_H
#define UK_SERVICE_REQUEST_NOISE_H

#include "service/request/call.h"

/* Does the line of this call belong into the log?  If so, audit.left_out is
 * how many like it were left out before it. */
bool uk_noise_admit(struct uk_call *call);

#endif
