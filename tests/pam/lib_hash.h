/* A short number in place of a secret, to compare two without showing one. */
#ifndef UK_TESTS_PAM_LIB_HASH_H
#define UK_TESTS_PAM_LIB_HASH_H

#include <stddef.h>
#include <stdint.h>

/* FNV-1a, 32 bits. */
static inline uint32_t
lib_hash(const void *bytes, size_t len)
{
    const unsigned char *p = bytes;
    uint32_t hash = 2166136261U;

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ p[i]) * 16777619U;
    return hash;
}

#endif
