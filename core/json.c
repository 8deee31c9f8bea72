/* JSON in: a document that has been checked. */
#include "core/json.h"

#include <string.h>

#include "core/jsontree.h"

enum uk_code
uk_json_parse(const void *bytes, size_t len, struct uk_json **out,
              struct uk_err *err)
{
    struct uk_jsontree *tree = NULL;
    enum uk_code code;

    if (len > UK_JSON_MAX)
        return uk_err_set(err, UK_BAD_ANSWER,
                          "%zu bytes of JSON; allowed are %d", len,
                          UK_JSON_MAX);
    code = uk_jsontree_make(bytes, len, &tree, err);
    if (code == UK_OK)
        *out = &tree->top;
    return code;
}

void
uk_json_free(struct uk_json *document)
{
    uk_jsontree_free((struct uk_jsontree *)(void *)document);
}

static bool
is_of(const struct uk_json *value, enum uk_jsontree_type type)
{
    return value != NULL && value->type == type;
}

bool
uk_json_is_object(const struct uk_json *value)
{
    return is_of(value, UK_JSON_OBJECT);
}

bool
uk_json_is_array(const struct uk_json *value)
{
    return is_of(value, UK_JSON_ARRAY);
}

/* The member of this name, or NULL. */
static const struct uk_json *
find(const struct uk_json *object, const char *name)
{
    size_t len = strlen(name);

    if (!uk_json_is_object(object))
        return NULL;
    for (size_t i = 0; i < object->count; i++) {
        const struct uk_json *member = &object->item[i];

        if (member->name_len == len && memcmp(member->name, name, len) == 0)
            return member;
    }
    return NULL;
}

bool
uk_json_has(const struct uk_json *object, const char *name)
{
    return find(object, name) != NULL;
}

bool
uk_json_text(const struct uk_json *object, const char *name, const char **out)
{
    const struct uk_json *member = find(object, name);

    if (!is_of(member, UK_JSON_TEXT))
        return false;
    *out = member->text;
    return true;
}

bool
uk_json_bool(const struct uk_json *object, const char *name, bool *out)
{
    const struct uk_json *member = find(object, name);

    if (!is_of(member, UK_JSON_FLAG))
        return false;
    *out = member->flag;
    return true;
}

bool
uk_json_int(const struct uk_json *object, const char *name, int64_t *out)
{
    const struct uk_json *member = find(object, name);

    if (!is_of(member, UK_JSON_INTEGER))
        return false;
    *out = member->integer;
    return true;
}

bool
uk_json_object(const struct uk_json *object, const char *name,
               const struct uk_json **out)
{
    const struct uk_json *member = find(object, name);

    if (!uk_json_is_object(member))
        return false;
    *out = member;
    return true;
}

bool
uk_json_array(const struct uk_json *object, const char *name,
              const struct uk_json **out)
{
    const struct uk_json *member = find(object, name);

    if (!uk_json_is_array(member))
        return false;
    *out = member;
    return true;
}

size_t
uk_json_count(const struct uk_json *array)
{
    return uk_json_is_array(array) ? array->count : 0;
}

const struct uk_json *
uk_json_item(const struct uk_json *array, size_t i)
{
    return i < uk_json_count(array) ? &array->item[i] : NULL;
}

bool
uk_json_item_text(const struct uk_json *array, size_t i, const char **out)
{
    const struct uk_json *item = uk_json_item(array, i);

    if (!is_of(item, UK_JSON_TEXT))
        return false;
    *out = item->text;
    return true;
}
