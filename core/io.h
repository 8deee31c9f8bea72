/*
 * Read and write whole amounts by a deadline.
 *
 * The one place that knows EINTR, EAGAIN and short counts.  Descriptors may
 * be blocking or not; nothing here waits past the deadline on one that poll()
 * works for.  No signal disposition is touched (sockets are written with
 * MSG_NOSIGNAL).
 */
#ifndef UK_CORE_IO_H
#define UK_CORE_IO_H

#include <stdbool.h>
#include <stddef.h>

#include "core/attr.h"
#include "core/buf.h"
#include "core/deadline.h"
#include "core/err.h"

/* Wait until fd is ready for the poll(2) events.  UK_TIMEOUT (stage none). */
UK_MUST_USE enum uk_code uk_io_wait(int fd, short events, struct uk_deadline by,
                                    struct uk_err *err);

/* Append to buf until end of file.  UK_INVALID past the buffer's limit. */
UK_MUST_USE enum uk_code uk_io_read_all(int fd, struct uk_buf *buf,
                                        struct uk_deadline by,
                                        struct uk_err *err);

/* Write every byte to a file, pipe or terminal. */
UK_MUST_USE enum uk_code uk_io_write_all(int fd, const void *bytes, size_t len,
                                         struct uk_deadline by,
                                         struct uk_err *err);

/* Send one message, whole or not at all.  UK_UNREACHABLE when the other side
 * has closed. */
UK_MUST_USE enum uk_code uk_io_send(int fd, const void *bytes, size_t len,
                                    struct uk_deadline by, struct uk_err *err);

/* Wait for a message, which stays there; *len is its length.  UK_UNREACHABLE at
 * end of file. */
UK_MUST_USE enum uk_code uk_io_await(int fd, size_t *len, struct uk_deadline by,
                                     struct uk_err *err);

/* Receive one message into room bytes; *len is its length.  UK_UNREACHABLE at
 * end of file, UK_BAD_ANSWER for one that is longer than room or carries
 * descriptors (which are closed). */
UK_MUST_USE enum uk_code uk_io_receive(int fd, void *bytes, size_t room,
                                       size_t *len, struct uk_deadline by,
                                       struct uk_err *err);

/* Close and forget: *fd becomes -1.  Takes -1. */
void uk_io_close(int *fd);

#endif
