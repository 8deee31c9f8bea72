/* What the compiler is told about our functions and cannot see by itself. */
#ifndef UK_CORE_ATTR_H
#define UK_CORE_ATTR_H

/* The result says whether it worked; to drop it is an error. */
#define UK_MUST_USE __attribute__((warn_unused_result))

/* Argument `f` is a printf format for the arguments from `a` on. */
#define UK_PRINTF(f, a) __attribute__((format(printf, f, a)))

/* The number of elements of an array (not of a pointer). */
#define UK_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
