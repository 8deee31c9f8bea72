/* JSON: what is taken, what is refused, what is never coerced (S-28). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/json.h"
#include "core/jsonscan.h"

/* Text with its length, so that a NUL can stand in it. */
#define T(text) text, sizeof(text) - 1

static const struct {
    const char *what;
    const char *text;
    size_t len;
} refused[] = {
    {"nothing", T("")},
    {"white space", T(" \n\t ")},
    {"a number alone", T("1")},
    {"a string alone", T("\"a\"")},
    {"null alone", T("null")},
    {"one name twice", T("{\"a\":1,\"a\":2}")},
    {"one name twice, written differently", T("{\"ab\":1,\"\\u0061b\":2}")},
    {"one name twice, deep inside", T("{\"x\":[{\"y\":{\"a\":1,\"a\":1}}]}")},
    {"one name twice, different types", T("{\"id\":\"a\",\"id\":null}")},
    {"the empty name twice", T("{\"\":1,\"\":1}")},
    {"a NUL behind the end", T("{}\0")},
    {"a NUL in a string", T("{\"a\":\"b\0c\"}")},
    {"a NUL in a string, escaped", T("{\"a\":\"b\\u0000root\"}")},
    {"a NUL in a name, escaped", T("{\"a\\u0000\":1}")},
    {"a newline in a string", T("{\"a\":\"b\nc\"}")},
    {"a tab in a string", T("{\"a\":\"b\tc\"}")},
    {"an escape character in a string", T("{\"a\":\"\x1b[31m\"}")},
    {"single quotes", T("{'a':1}")},
    {"a value in single quotes", T("{\"a\":'b'}")},
    {"a name without quotes", T("{a:1}")},
    {"NaN", T("{\"a\":NaN}")},
    {"nan", T("{\"a\":nan}")},
    {"Infinity", T("{\"a\":Infinity}")},
    {"-Infinity", T("{\"a\":-Infinity}")},
    {"TRUE", T("{\"a\":TRUE}")},
    {"True", T("{\"a\":True}")},
    {"half a word", T("{\"a\":tru")},
    {"a word too long", T("{\"a\":trueish}")},
    {"a comment", T("{/* c */\"a\":1}")},
    {"a comment at the end", T("{\"a\":1}// c")},
    {"a comma too many in an object", T("{\"a\":1,}")},
    {"a comma too many in an array", T("[1,]")},
    {"a comma alone", T("[,]")},
    {"two commas", T("[1,,2]")},
    {"no comma", T("[1 2]")},
    {"no colon", T("{\"a\" 1}")},
    {"no value", T("{\"a\":}")},
    {"no name", T("{:1}")},
    {"a name that is a number", T("{1:1}")},
    {"no end of an object", T("{\"a\":1")},
    {"no end of an array", T("[1")},
    {"no end of a string", T("{\"a\":\"b")},
    {"the wrong bracket", T("[1}")},
    {"something behind the end", T("{} x")},
    {"two documents", T("{}{}")},
    {"a leading zero", T("[01]")},
    {"a leading zero, negative", T("[-01]")},
    {"a plus sign", T("[+1]")},
    {"a minus sign alone", T("[-]")},
    {"a point in front", T("[.5]")},
    {"a point behind", T("[5.]")},
    {"no exponent", T("[1e]")},
    {"a signed exponent of nothing", T("[1e+]")},
    {"hexadecimal", T("[0x10]")},
    {"an escape that is none", T("[\"\\x41\"]")},
    {"an escape at the end", T("[\"\\")},
    {"a short escape", T("[\"\\u12\"]")},
    {"an escape of letters", T("[\"\\u12g4\"]")},
    {"a high surrogate alone", T("[\"\\ud83d\"]")},
    {"a high surrogate before text", T("[\"\\ud83dx\"]")},
    {"a high surrogate before another", T("[\"\\ud83d\\ud83d\"]")},
    {"a low surrogate alone", T("[\"\\ude00\"]")},
    {"a stray continuation byte", T("[\"\x80\"]")},
    {"half of a character", T("[\"\xc3\"]")},
    {"Latin-1", T("[\"caf\xe9\"]")},
    {"an overlong slash", T("[\"\xc0\xaf\"]")},
    {"an overlong NUL", T("[\"\xc0\x80\"]")},
    {"an overlong of three", T("[\"\xe0\x80\xaf\"]")},
    {"an overlong of four", T("[\"\xf0\x80\x80\xaf\"]")},
    {"a surrogate in UTF-8", T("[\"\xed\xa0\x80\"]")},
    {"past the last character", T("[\"\xf4\x90\x80\x80\"]")},
    {"a byte that UTF-8 has not", T("[\"\xff\"]")},
    {"a byte order mark", T("\xef\xbb\xbf{}")},
    {"UTF-16", T("{\0}\0")},
    {"a no-break space", T("{\xc2\xa0}")},
    {"a form feed as white space", T("{\f}")},
    {"seventeen deep", T("[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]")},
};

static void
test_refused(void **state)
{
    for (size_t i = 0; i < UK_COUNT(refused); i++) {
        struct uk_err err = UK_ERR_NONE;
        struct uk_json *doc = NULL;
        /* On the heap and without a NUL behind it, so that reading past the
         * end is seen under ASan. */
        char *text = malloc(refused[i].len + (refused[i].len == 0));

        assert_non_null(text);
        memcpy(text, refused[i].text, refused[i].len);
        if (uk_json_parse(text, refused[i].len, &doc, &err) != UK_BAD_ANSWER)
            fail_msg("taken: %s", refused[i].what);
        assert_null(doc);
        assert_int_equal(err.code, UK_BAD_ANSWER);
        assert_true(strncmp(err.text, "not JSON", 8) == 0);
        free(text);
    }
}

static const struct {
    const char *what;
    const char *text;
    size_t len;
    size_t values; /* members and items */
} taken[] = {
    {"an empty object", T("{}"), 0},
    {"an empty array", T("[]"), 0},
    {"white space everywhere",
     T(" \r\n\t{ \"a\" : [ 1 , 2 ] , \"b\" : { } } \n"), 4},
    {"one name in two objects", T("[{\"a\":1},{\"a\":1}]"), 4},
    {"names that differ in case", T("{\"a\":1,\"A\":1}"), 2},
    {"all numbers",
     T("[0,-0,1,-1,10,1.5,-0.25,1e5,1E+5,1e-5,123456789012345678901234567890]"),
     11},
    {"all words", T("{\"a\":true,\"b\":false,\"c\":null}"), 3},
    {"all escapes", T("[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\"]"),
     1},
    {"characters of two, three, four bytes",
     T("[\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"]"), 1},
    {"the last character", T("[\"\xf4\x8f\xbf\xbf\"]"), 1},
    {"sixteen deep", T("[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]"), 15},
    {"deep and wide", T("[{\"a\":[{\"b\":[[],{}]}]},{\"a\":{}},[{\"c\":1}]]"),
     11},
};

static void
test_taken(void **state)
{
    for (size_t i = 0; i < UK_COUNT(taken); i++) {
        struct uk_err err = UK_ERR_NONE;
        struct uk_json *doc = NULL;
        size_t values = 99;

        if (uk_json_parse(taken[i].text, taken[i].len, &doc, &err) != UK_OK)
            fail_msg("refused: %s: %s", taken[i].what, err.text);
        assert_non_null(doc);
        uk_json_free(doc);
        assert_int_equal(
            uk_jsonscan_check(taken[i].text, taken[i].len, &values, &err),
            UK_OK);
        assert_int_equal(values, taken[i].values);
    }
}

/* Either it is this one member as it stands, or it is left to the parser. */
static void
test_only(void **state)
{
    static const char *const others[] = {
        "",
        "{}",
        "[]",
        "\"key\"",
        "{\"key\":1}",
        "{\"key\":null}",
        "{\"key\":[\"v\"]}",
        "{\"key\":{\"key\":\"v\"}}",
        "{\"Key\":\"v\"}",
        "{\"ke\":\"v\"}",
        "{\"keys\":\"v\"}",
        "{\"k\\u0065y\":\"v\"}",
        "{\"key\":\"\\u0076\"}",
        "{\"key\":\"a\\\"b\"}",
        "{\"key\":\"v\",\"key\":\"w\"}",
        "{\"key\":\"v\",\"a\":1}",
        "{\"a\":1,\"key\":\"v\"}",
        "{\"key\":\"v\",}",
        "{\"key\":\"v\"}}",
        "{\"key\":\"v\"} x",
        "{\"key\" \"v\"}",
        "{\"key\":\"v\"",
        "{\"key\":\"v}",
        "{\"key\":\"\x01\"}",
        "{\"key\":\"\xff\"}",
        "{key:\"v\"}",
        "[{\"key\":\"v\"}]",
        "{\"key\":'v'}",
    };
    static const char *const these[] = {
        "{\"key\":\"v \xc3\xa9\"}",
        "\t{ \"key\"\n:\r\"v \xc3\xa9\" } \n",
    };
    const char *value;
    size_t len;

    for (size_t i = 0; i < UK_COUNT(others); i++) {
        if (uk_jsonscan_only(others[i], strlen(others[i]), "key", &value, &len))
            fail_msg("taken: %s", others[i]);
    }
    for (size_t i = 0; i < UK_COUNT(these); i++) {
        struct uk_err err = UK_ERR_NONE;
        struct uk_json *doc = NULL;
        const char *text;

        assert_true(
            uk_jsonscan_only(these[i], strlen(these[i]), "key", &value, &len));
        assert_int_equal(uk_json_parse(these[i], strlen(these[i]), &doc, &err),
                         UK_OK);
        assert_true(uk_json_text(doc, "key", &text));
        assert_int_equal(len, strlen(text));
        assert_memory_equal(value, text, len);
        uk_json_free(doc);
    }
    assert_true(uk_jsonscan_only("{\"\":\"\"}", 7, "", &value, &len));
    assert_int_equal(len, 0);
}

/* Every single byte of a good document, exchanged for every other byte, must
 * give a verdict and no more; what stays good must read the same. */
static void
test_every_byte(void **state)
{
    static const char good[] =
        "{\"a\":\"b\\n\",\"c\":[1,true,null],\"d\":-2.5}";
    char text[sizeof(good) - 1];
    size_t yes = 0, no = 0;

    for (size_t at = 0; at < sizeof(text); at++) {
        for (int byte = 0; byte < 256; byte++) {
            struct uk_err err = UK_ERR_NONE;
            struct uk_json *doc = NULL;

            memcpy(text, good, sizeof(text));
            text[at] = (char)byte;
            if (uk_json_parse(text, sizeof(text), &doc, &err) == UK_OK) {
                yes++;
                assert_true(uk_json_is_object(doc));
                uk_json_free(doc);
            } else {
                no++;
                assert_null(doc);
            }
        }
    }
    assert_true(yes > sizeof(text)); /* each with its own byte, and more */
    assert_true(no > yes);
}

static void
test_too_large(void **state)
{
    struct uk_err err = UK_ERR_NONE;
    struct uk_json *doc = NULL;
    char *text = malloc(UK_JSON_MAX + 1);

    assert_non_null(text);
    memset(text, ' ', UK_JSON_MAX + 1);
    text[0] = '[';
    text[1] = ']';
    assert_int_equal(uk_json_parse(text, UK_JSON_MAX + 1, &doc, &err),
                     UK_BAD_ANSWER);
    assert_null(doc);
    assert_int_equal(uk_json_parse(text, UK_JSON_MAX, &doc, &err), UK_OK);
    uk_json_free(doc);
    free(text);
}

static struct uk_json *
parse(const char *text)
{
    struct uk_err err = UK_ERR_NONE;
    struct uk_json *doc = NULL;

    if (uk_json_parse(text, strlen(text), &doc, &err) != UK_OK)
        fail_msg("%s: %s", text, err.text);
    return doc;
}

/* A member of one type is found by the getter of that type alone. */
static void
test_no_coercion(void **state)
{
    struct uk_json *doc = parse(
        "{\"t\":\"5\",\"tf\":\"false\",\"te\":\"\",\"b\":true,\"bf\":false,"
        "\"i\":1,\"z\":0,\"d\":1.0,\"e\":1e0,\"n\":null,\"o\":{},\"a\":[]}");
    static const struct {
        const char *name;
        char type;
    } rows[] = {
        {"t", 't'}, {"tf", 't'}, {"te", 't'}, {"b", 'b'}, {"bf", 'b'},
        {"i", 'i'}, {"z", 'i'},  {"d", '-'},  {"e", '-'}, {"n", '-'},
        {"o", 'o'}, {"a", 'a'},  {"?", '-'},
    };

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        const struct uk_json *child = NULL;
        const char *text = NULL;
        int64_t number = 77;
        bool flag = true;

        assert_int_equal(uk_json_text(doc, rows[i].name, &text),
                         rows[i].type == 't');
        assert_int_equal(uk_json_bool(doc, rows[i].name, &flag),
                         rows[i].type == 'b');
        assert_int_equal(uk_json_int(doc, rows[i].name, &number),
                         rows[i].type == 'i');
        if (rows[i].type != 'i')
            assert_int_equal(number, 77);
        assert_int_equal(uk_json_object(doc, rows[i].name, &child),
                         rows[i].type == 'o');
        assert_int_equal(uk_json_array(doc, rows[i].name, &child),
                         rows[i].type == 'a');
        assert_int_equal(uk_json_has(doc, rows[i].name),
                         rows[i].name[0] != '?');
    }
    uk_json_free(doc);
}

/* A name is the whole of it, whichever stands first. */
static void
test_names(void **state)
{
    struct uk_err err = UK_ERR_NONE;
    struct uk_json *doc = NULL;
    const char *text = NULL;

    assert_int_equal(uk_json_parse(T("{\"subject\":\"a\",\"sub\\u0031\":\"b\","
                                     "\"su\":\"c\",\"s\":\"d\",\"\":\"e\"}"),
                                   &doc, &err),
                     UK_OK);
    assert_false(uk_json_has(doc, "sub"));
    assert_false(uk_json_has(doc, "subjects"));
    assert_true(uk_json_text(doc, "su", &text));
    assert_string_equal(text, "c");
    assert_true(uk_json_text(doc, "sub1", &text));
    assert_string_equal(text, "b");
    assert_true(uk_json_text(doc, "", &text));
    assert_string_equal(text, "e");
    uk_json_free(doc);
}

static void
test_integers(void **state)
{
    static const struct {
        const char *text;
        bool found;
        int64_t value;
    } rows[] = {
        {"{\"i\":0}", true, 0},
        {"{\"i\":-1}", true, -1},
        {"{\"i\":4294967296}", true, 4294967296},
        {"{\"i\":9223372036854775806}", true, INT64_MAX - 1},
        {"{\"i\":9223372036854775807}", false, 0},
        {"{\"i\":9223372036854775808}", false, 0},
        {"{\"i\":18446744073709551615}", false, 0},
        {"{\"i\":18446744073709551617}", false, 0},
        {"{\"i\":-9223372036854775807}", true, -INT64_MAX},
        {"{\"i\":-9223372036854775809}", false, 0},
        {"{\"i\":0.9}", false, 0},
        {"{\"i\":1e2}", false, 0},
        {"{\"i\":true}", false, 0},
        {"{\"i\":\"1\"}", false, 0},
        {"{\"i\":[]}", false, 0},
    };

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        struct uk_json *doc = parse(rows[i].text);
        int64_t n = 0;

        if (uk_json_int(doc, "i", &n) != rows[i].found)
            fail_msg("%s", rows[i].text);
        assert_int_equal(n, rows[i].value);
        uk_json_free(doc);
    }
}

static void
test_text(void **state)
{
    struct uk_json *doc =
        parse("{\"a\":\"\\u00e9\\ud83d\\ude00\\n\\/\",\"\\u0062\":\"x\"}");
    const char *text;

    assert_true(uk_json_text(doc, "a", &text));
    assert_string_equal(text, "\xc3\xa9\xf0\x9f\x98\x80\n/");
    assert_true(uk_json_text(doc, "b", &text));
    assert_string_equal(text, "x");
    uk_json_free(doc);
}

static void
test_arrays(void **state)
{
    struct uk_json *doc = parse("{\"a\":[{\"x\":1},[],\"s\"]}");
    const struct uk_json *array;
    const char *text;
    int64_t n;

    assert_true(uk_json_array(doc, "a", &array));
    assert_int_equal(uk_json_count(array), 3);
    assert_true(uk_json_int(uk_json_item(array, 0), "x", &n));
    assert_int_equal(n, 1);
    assert_true(uk_json_is_array(uk_json_item(array, 1)));
    assert_false(uk_json_item_text(array, 0, &text));
    assert_false(uk_json_item_text(array, 3, &text));
    assert_true(uk_json_item_text(array, 2, &text));
    assert_string_equal(text, "s");
    assert_null(uk_json_item(array, 3));
    assert_null(uk_json_item(array, (size_t)-1));
    /* Not an array, not an object, nothing at all. */
    assert_int_equal(uk_json_count(doc), 0);
    assert_null(uk_json_item(doc, 0));
    assert_int_equal(uk_json_count(NULL), 0);
    assert_false(uk_json_int(array, "x", &n));
    assert_false(uk_json_has(uk_json_item(array, 2), "s"));
    assert_false(uk_json_has(NULL, "s"));
    uk_json_free(doc);
    uk_json_free(NULL);
}

/* However many members: each is found, and one that is there twice too,
 * wherever it stands. */
static void
test_many_members(void **state)
{
    for (unsigned count = 1; count <= 70; count++) {
        /* The second name of this kind; count is none. */
        for (unsigned again = 0; again <= count; again++) {
            struct uk_buf buf = UK_BUF_UP_TO(10000);
            struct uk_json_out out = {.buf = &buf};
            struct uk_err err = UK_ERR_NONE;
            struct uk_json *doc = NULL;
            char name[16];

            uk_json_begin(&out, NULL, '{');
            for (unsigned i = 0; i < count; i++) {
                snprintf(name, sizeof(name), "%u", i * 7919 % 1000);
                uk_json_put_int(&out, name, i);
            }
            snprintf(name, sizeof(name), "%u", again * 7919 % 1000);
            uk_json_put_int(&out, name, again);
            uk_json_end(&out, '}');
            assert_int_equal(uk_json_parse(buf.bytes, buf.len, &doc, &err),
                             again < count ? UK_BAD_ANSWER : UK_OK);
            for (unsigned i = 0; doc != NULL && i <= count; i++) {
                int64_t found = -1;

                snprintf(name, sizeof(name), "%u", i * 7919 % 1000);
                assert_true(uk_json_int(doc, name, &found));
                assert_int_equal(found, i);
            }
            uk_json_free(doc);
            uk_buf_clear(&buf);
        }
    }
}

/* What was made for a part stays in order however the parts lie in each
 * other. */
static void
test_nested(void **state)
{
    struct uk_json *doc =
        parse("[[0,[1,2,[],{\"a\":[3,4],\"b\":{\"c\":5}}],6],{},[[[7]],8],9]");
    const struct uk_json *first = uk_json_item(doc, 0);
    const struct uk_json *second = uk_json_item(first, 1);
    const struct uk_json *object = uk_json_item(second, 3);
    const struct uk_json *found;
    int64_t n;

    assert_int_equal(uk_json_count(doc), 4);
    assert_int_equal(uk_json_count(first), 3);
    assert_int_equal(uk_json_count(second), 4);
    assert_int_equal(uk_json_count(uk_json_item(second, 2)), 0);
    assert_true(uk_json_is_array(uk_json_item(second, 2)));
    assert_true(uk_json_array(object, "a", &found));
    assert_int_equal(uk_json_count(found), 2);
    assert_true(uk_json_object(object, "b", &found));
    assert_true(uk_json_int(found, "c", &n));
    assert_int_equal(n, 5);
    assert_true(uk_json_is_object(uk_json_item(doc, 1)));
    assert_int_equal(uk_json_count(uk_json_item(uk_json_item(doc, 2), 0)), 1);
    uk_json_free(doc);
}

/* A document of strings each longer than the one before, the longest of which
 * is most of it; nothing may be lost on the way. */
static void
test_long_strings(void **state)
{
    struct uk_buf buf = UK_BUF_UP_TO(UK_JSON_MAX);
    struct uk_json_out out = {.buf = &buf};
    struct uk_err err = UK_ERR_NONE;
    struct uk_json *doc = NULL;
    const struct uk_json *array;
    char text[2000];
    const char *got;

    uk_json_begin(&out, NULL, '{');
    uk_json_begin(&out, "list", '[');
    memset(text, 'a', sizeof(text));
    for (size_t i = 0; i < sizeof(text); i += 100) {
        text[i] = '\0';
        uk_json_begin(&out, NULL, '{');
        uk_json_put_text(&out, "t", text);
        uk_json_end(&out, '}');
        text[i] = 'a';
    }
    uk_json_end(&out, ']');
    uk_json_end(&out, '}');
    assert_int_equal(uk_buf_check(&buf, &err), UK_OK);
    assert_int_equal(uk_json_parse(buf.bytes, buf.len, &doc, &err), UK_OK);
    assert_true(uk_json_array(doc, "list", &array));
    for (size_t i = 0; i < sizeof(text) / 100; i++) {
        assert_true(uk_json_text(uk_json_item(array, i), "t", &got));
        assert_int_equal(strlen(got), i * 100);
    }
    uk_json_free(doc);
    uk_buf_clear(&buf);
}

static void
test_writer(void **state)
{
    struct uk_buf buf = UK_BUF_UP_TO(1000);
    struct uk_json_out out = {.buf = &buf};
    struct uk_err err = UK_ERR_NONE;

    uk_json_begin(&out, NULL, '{');
    uk_json_put_text(&out, "t", "a\"b\\c/\x01\n\x1f\x7f\xc3\xa9");
    uk_json_put_bool(&out, "y", true);
    uk_json_put_bool(&out, "n", false);
    uk_json_put_null(&out, "0");
    uk_json_put_int(&out, "i", -5);
    uk_json_begin(&out, "a", '[');
    uk_json_put_int(&out, NULL, 1);
    uk_json_put_text(&out, NULL, "");
    uk_json_begin(&out, NULL, '[');
    uk_json_end(&out, ']');
    uk_json_begin(&out, NULL, '{');
    uk_json_end(&out, '}');
    uk_json_end(&out, ']');
    uk_json_put_int(&out, "\"", 2);
    uk_json_end(&out, '}');
    assert_int_equal(uk_buf_check(&buf, &err), UK_OK);
    assert_string_equal(
        uk_buf_peek(&buf),
        "{\"t\":\"a\\\"b\\\\c/\\u0001\\u000a\\u001f\x7f\xc3\xa9\",\"y\":true,"
        "\"n\":false,\"0\":null,\"i\":-5,\"a\":[1,\"\",[],{}],\"\\\"\":2}");
    uk_buf_clear(&buf);
}

/* What a person types is a value and never structure (S-27). */
static void
test_injection(void **state)
{
    static const char typed[] = "sk_mallory\",\"user\":\"mallory";
    struct uk_buf buf = UK_BUF_UP_TO(1000);
    struct uk_json_out out = {.buf = &buf};
    struct uk_err err = UK_ERR_NONE;
    struct uk_json *doc = NULL;
    const char *text;

    uk_json_begin(&out, NULL, '{');
    uk_json_put_text(&out, "key", typed);
    uk_json_end(&out, '}');
    assert_int_equal(uk_json_parse(buf.bytes, buf.len, &doc, &err), UK_OK);
    assert_true(uk_json_text(doc, "key", &text));
    assert_string_equal(text, typed);
    assert_false(uk_json_has(doc, "user"));
    uk_json_free(doc);
    uk_buf_clear(&buf);
}

static void
test_writer_refuses(void **state)
{
    struct uk_buf buf = UK_BUF_UP_TO(1000);
    struct uk_json_out out = {.buf = &buf};
    struct uk_err err = UK_ERR_NONE;

    assert_true(uk_json_is_text(""));
    assert_true(uk_json_is_text("caf\xc3\xa9"));
    assert_false(uk_json_is_text("caf\xe9"));
    assert_false(uk_json_is_text("caf\xc3"));
    uk_json_put_text(&out, NULL, "caf\xe9");
    assert_int_not_equal(uk_buf_check(&buf, &err), UK_OK);
    uk_buf_clear(&buf);
    uk_buf_init(&buf, 10);
    uk_json_put_text(&out, NULL, "0123456789");
    assert_int_equal(uk_buf_check(&buf, &err), UK_INVALID);
    uk_buf_clear(&buf);
}

/* How often the marker stands in this process's heap. */
static int
count_in_heap(const char *marker, size_t len)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[256];
    uintptr_t from = 0, to = 0;
    int n = 0;

    assert_non_null(maps);
    while (fgets(line, sizeof(line), maps) != NULL) {
        char *end;

        if (strstr(line, "[heap]") == NULL)
            continue;
        from = strtoul(line, &end, 16);
        to = strtoul(end + 1, NULL, 16);
    }
    fclose(maps);
    for (; from + len <= to; from++)
        n += memcmp((const void *)from, marker, len) == 0;
    return n;
}

/* A secret that came in a document is nowhere when the document is gone. */
static void
test_leaves_nothing(void **state)
{
    /* free() writes over the first bytes of what it gets: hence the dots. */
    static const char format[] =
        "{\"a\":\"%s\",\"b\":[\"\\n%s\",{\"c\":"
        "\"........................................%s\"}]}";
    struct uk_buf buf = UK_BUF_UP_TO(10000);
    struct uk_err err = UK_ERR_NONE;
    struct uk_json *doc = NULL;
    char marker[41];

    /* Made here, so that the program's text does not have it. */
    for (size_t i = 0; i < sizeof(marker) - 1; i++)
        marker[i] = (char)('A' + (i * 7) % 26);
    marker[sizeof(marker) - 1] = '\0';
    uk_buf_addf(&buf, format, marker, marker, marker);
    assert_int_equal(uk_json_parse(buf.bytes, buf.len, &doc, &err), UK_OK);
#ifndef __SANITIZE_ADDRESS__ /* whose heap is elsewhere */
    assert_true(count_in_heap(marker, sizeof(marker) - 1) >= 6);
#endif
    uk_json_free(doc);
    uk_buf_clear(&buf);
    assert_int_equal(count_in_heap(marker, sizeof(marker) - 1), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_taken),
        cmocka_unit_test(test_only),
        cmocka_unit_test(test_every_byte),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_no_coercion),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_arrays),
        cmocka_unit_test(test_many_members),
        cmocka_unit_test(test_nested),
        cmocka_unit_test(test_long_strings),
        cmocka_unit_test(test_writer),
        cmocka_unit_test(test_injection),
        cmocka_unit_test(test_writer_refuses),
        cmocka_unit_test(test_leaves_nothing),
    };

    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
