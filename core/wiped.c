/* Memory for a foreign library, wiped when it is given back. */
#include "core/wiped.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/secret.h"

static atomic_bool was_short;

/* What stands in front of each piece. */
struct block {
    size_t size;
    alignas(max_align_t) unsigned char bytes[];
};

static struct block *
block_of(void *memory)
{
    return (struct block *)(void *)((unsigned char *)memory -
                                    offsetof(struct block, bytes));
}

void *
uk_wiped_malloc(size_t size)
{
    struct block *block;

    if (size > SIZE_MAX - sizeof(*block))
        return NULL;
    block = malloc(sizeof(*block) + size);
    if (block == NULL) {
        was_short = true;
        return NULL;
    }
    block->size = size;
    return block->bytes;
}

bool
uk_wiped_was_short(void)
{
    return was_short;
}

void *
uk_wiped_calloc(size_t count, size_t size)
{
    void *memory;

    if (size > 0 && count > SIZE_MAX / size)
        return NULL;
    memory = uk_wiped_malloc(count * size);
    if (memory != NULL)
        memset(memory, 0, count * size);
    return memory;
}

void *
uk_wiped_realloc(void *memory, size_t size)
{
    size_t old = memory != NULL ? block_of(memory)->size : 0;
    void *more = uk_wiped_malloc(size);

    if (more == NULL)
        return NULL;
    if (old > 0)
        memcpy(more, memory, old < size ? old : size);
    uk_wiped_free(memory);
    return more;
}

char *
uk_wiped_strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = uk_wiped_malloc(size);

    if (copy != NULL)
        memcpy(copy, text, size);
    return copy;
}

void
uk_wiped_free(void *memory)
{
    struct block *block;

    if (memory == NULL)
        return;
    block = block_of(memory);
    uk_wipe(block->bytes, block->size);
    free(block);
}
