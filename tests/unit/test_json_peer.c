/* Our reading of JSON beside json-c's, on the corpus and on damaged texts. */
#include <dirent.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "core/jsonscan.h"
#include "core/jsontree.h"

#define CORPUS  "tests/fuzz/corpus/json/"
#define LONGEST 65536
#define DAMAGED 3000 /* of each text */
#define LEAST   5    /* texts, or the corpus is somewhere else */

static bool same(const struct uk_json *ours, struct json_object *theirs);

static bool
same_items(const struct uk_json *ours, struct json_object *theirs)
{
    if (ours->count != json_object_array_length(theirs))
        return false;
    for (size_t i = 0; i < ours->count; i++) {
        if (!same(&ours->item[i], json_object_array_get_idx(theirs, i)))
            return false;
    }
    return true;
}

static bool
same_members(const struct uk_json *ours, struct json_object *theirs)
{
    if (ours->count != (size_t)json_object_object_length(theirs))
        return false;
    for (size_t i = 0; i < ours->count; i++) {
        const struct uk_json *member = &ours->item[i];
        struct json_object *found = NULL;

        if (strlen(member->name) != member->name_len ||
            !json_object_object_get_ex(theirs, member->name, &found) ||
            !same(member, found))
            return false;
    }
    return true;
}

static bool
same_integer(int64_t ours, struct json_object *theirs)
{
    int64_t n = json_object_get_int64(theirs);

    return json_object_is_type(theirs, json_type_int) && n == ours &&
           n != INT64_MAX && n != INT64_MIN;
}

/* What is beyond an int64_t, json-c makes one of its two ends. */
static bool
is_no_integer(struct json_object *theirs)
{
    int64_t n = json_object_get_int64(theirs);

    return json_object_is_type(theirs, json_type_double) ||
           (json_object_is_type(theirs, json_type_int) &&
            (n == INT64_MAX || n == INT64_MIN));
}

/* json-c 0.16 has the replacement character for some pairs of surrogates that
 * are right: \ud837\ude00, which is U+1DE00. */
static bool
same_text(const struct uk_json *ours, const char *theirs, size_t len)
{
    return (ours->count == len && memcmp(ours->text, theirs, len) == 0) ||
           strstr(theirs, "\xef\xbf\xbd") != NULL;
}

static bool
same(const struct uk_json *ours, struct json_object *theirs)
{
    switch (ours->type) {
    case UK_JSON_NOTHING:
        return theirs == NULL;
    case UK_JSON_FLAG:
        return json_object_is_type(theirs, json_type_boolean) &&
               json_object_get_boolean(theirs) == ours->flag;
    case UK_JSON_INTEGER:
        return same_integer(ours->integer, theirs);
    case UK_JSON_NUMBER:
        return is_no_integer(theirs);
    case UK_JSON_TEXT:
        return json_object_is_type(theirs, json_type_string) &&
               same_text(ours, json_object_get_string(theirs),
                         (size_t)json_object_get_string_len(theirs));
    case UK_JSON_ARRAY:
        return json_object_is_type(theirs, json_type_array) &&
               same_items(ours, theirs);
    case UK_JSON_OBJECT:
        return json_object_is_type(theirs, json_type_object) &&
               same_members(ours, theirs);
    }
    return false;
}

/* Was it JSON, and if so, was it read as json-c reads it? */
static bool
compare(const char *text, size_t len)
{
    struct json_tokener *parser = json_tokener_new_ex(UK_JSONSCAN_DEPTH + 2);
    struct uk_jsontree *tree = NULL;
    struct uk_err err = UK_ERR_NONE;
    struct json_object *theirs;
    enum uk_code code = uk_jsontree_make(text, len, &tree, &err);

    assert_non_null(parser);
    json_tokener_set_flags(parser, JSON_TOKENER_STRICT |
                                       JSON_TOKENER_VALIDATE_UTF8 |
                                       JSON_TOKENER_ALLOW_TRAILING_CHARS);
    theirs = json_tokener_parse_ex(parser, text, (int)len);
    if (code == UK_OK && !same(&tree->top, theirs))
        fail_msg("read otherwise: '%.*s'", (int)len, text);
    uk_jsontree_free(tree);
    json_object_put(theirs);
    json_tokener_free(parser);
    return code == UK_OK;
}

static uint32_t
next(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

/* Another byte, one that is gone, or a piece that stands there twice. */
static size_t
damage(char *text, size_t len, uint32_t *state)
{
    static const char likely[] = "{}[]\",:\\u0123456789eE+-.tfn \x80\xc3\xe2";
    size_t at = next(state) % len;
    size_t run = next(state) % (len - at) % 16;

    switch (next(state) % 3) {
    case 0:
        text[at] = likely[next(state) % (sizeof(likely) - 1)];
        return len;
    case 1:
        memmove(text + at, text + at + run, len - at - run);
        return len - run;
    default:
        memmove(text + at + run, text + at, len - at);
        return len + run;
    }
}

static void
test_the_same(void **unused)
{
    static char text[LONGEST + 16], damaged[LONGEST + 16];
    DIR *folder = opendir(CORPUS);
    struct dirent *entry;
    uint32_t state = 2463534242;
    size_t texts = 0, good = 0, survived = 0;

    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        char path[512];
        size_t len;
        FILE *file;

        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), CORPUS "%s", entry->d_name);
        file = fopen(path, "r");
        assert_non_null(file);
        len = fread(text, 1, LONGEST, file);
        fclose(file);
        texts++;
        good += compare(text, len);
        for (int i = 0; len > 0 && i < DAMAGED; i++) {
            memcpy(damaged, text, len);
            survived += compare(damaged, damage(damaged, len, &state));
        }
    }
    closedir(folder);
    assert_true(texts >= LEAST);
    assert_true(good >= 3);
    assert_true(survived >= DAMAGED);
}

/* Where the two could part: ends of integers, escapes, what is nothing. */
static void
test_edges(void **unused)
{
    static const char *const texts[] = {
        "[0,-0]",
        "[9223372036854775806,9223372036854775807,9223372036854775808]",
        "[-9223372036854775807,-9223372036854775808,-9223372036854775809]",
        "[1e2,1.0,-1E+2,0.1e-3,100000000000000000000]",
        "[\"\\ud83d\\ude00\\u00e9\\u20ac\\\"\\\\\\/\\b\\f\\n\\r\\t\"]",
        "{\"\":{},\"a\":[],\"b\":[[]],\"c\":null,\"d\":[null,true,false]}",
        " [ 1 , [ 2 , { \"a\" : 3 } ] , \"4\" ] ",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (!compare(texts[i], strlen(texts[i])))
            fail_msg("not JSON: %s", texts[i]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_same),
        cmocka_unit_test(test_edges),
    };

    return cmocka_run_group_tests_name("json_peer", tests, NULL, NULL);
}
