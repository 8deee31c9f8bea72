/* The head of an answer: limits to the byte, and every byte there is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/httphead.h"
#include "core/str.h"

static char said[sizeof(((struct uk_err *)0)->text)]; /* by the last refusal */

/* Feed a head, one line after the other; the last code. */
static enum uk_code
feed(struct uk_httphead *head, const char *text, size_t len)
{
    struct uk_err err = UK_ERR_NONE;
    enum uk_code code = UK_OK;

    while (len > 0 && code == UK_OK) {
        const char *end = memchr(text, '\n', len);
        size_t n = end != NULL ? (size_t)(end - text) + 1 : len;
        /* On the heap, so that reading past the line is seen under ASan. */
        char *line = malloc(n);

        assert_non_null(line);
        memcpy(line, text, n);
        code = uk_httphead_take(head, line, n, &err);
        assert_int_equal(err.code, code);
        assert_true(uk_str_is_printable(err.text));
        memcpy(said, err.text, sizeof(said));
        free(line);
        text += n;
        len -= n;
    }
    return code;
}

static const char good[] = "HTTP/1.1 401 Unauthorized\r\n"
                           "Content-Type: application/json\r\n"
                           "X-Appservices-Request-Id:  5f-e1 \t\r\n"
                           "Retry-After: 86400\r\n"
                           "Content-Length: 65536\r\n"
                           "\r\n";

static void
test_good(void **state)
{
    struct uk_httphead head = {.bytes = 0};

    assert_int_equal(feed(&head, good, sizeof(good) - 1), UK_OK);
    assert_true(head.complete);
    assert_int_equal(head.bytes, sizeof(good) - 1);
    assert_int_equal(head.status, 401);
    assert_int_equal(head.length, 65536);
    assert_true(head.json);
    assert_string_equal(head.request_id, "5f-e1");
    assert_int_equal(head.retry_after_s, 86400);
}

/* Every byte of it exchanged for every other one: a verdict, and what is kept
 * is a word that a log line takes. */
static void
test_every_byte(void **state)
{
    static const char word[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "abcdefghijklmnopqrstuvwxyz_-";
    char text[sizeof(good) - 1];
    int yes = 0, no = 0;

    for (size_t at = 0; at < sizeof(text); at++) {
        for (int byte = 0; byte < 256; byte++) {
            struct uk_httphead head = {.bytes = 0};

            memcpy(text, good, sizeof(text));
            text[at] = (char)byte;
            if (feed(&head, text, sizeof(text)) == UK_OK)
                yes++;
            else
                no++;
            assert_int_equal(strspn(head.request_id, word),
                             strlen(head.request_id));
            assert_true(head.retry_after_s <= UK_HTTPHEAD_WAIT_S);
            assert_true(head.length <= UK_HTTPHEAD_BODY);
        }
    }
    assert_true(yes > 0 && no > 0);
}

/* Cut anywhere, it is not complete, and no body can stand behind it. */
static void
test_every_cut(void **state)
{
    for (size_t len = 0; len < sizeof(good) - 1; len++) {
        struct uk_httphead head = {.bytes = 0};
        struct uk_err err = UK_ERR_NONE;

        if (feed(&head, good, len) == UK_OK && len < sizeof(good) - 2)
            assert_false(head.complete);
        if (!head.complete)
            assert_int_equal(uk_httphead_check(&head, 0, true, &err),
                             UK_BAD_ANSWER);
    }
}

static void
test_limit(void **state)
{
    static char line[UK_HTTPHEAD_MAX + 1];

    memset(line, 'a', sizeof(line));
    for (size_t extra = 0; extra <= 1; extra++) {
        struct uk_httphead head = {.bytes = 0};
        struct uk_err err = UK_ERR_NONE;
        size_t rest;

        assert_int_equal(feed(&head, "HTTP/1.1 200 OK\r\n", 17), UK_OK);
        rest = UK_HTTPHEAD_MAX - head.bytes - 2 + extra;
        line[1] = ':';
        assert_int_equal(uk_httphead_take(&head, line, rest, &err), UK_OK);
        assert_int_equal(uk_httphead_take(&head, "\r\n", 2, &err),
                         UK_BAD_ANSWER); /* no length: never a good head */
        assert_true(strstr(err.text, extra == 1 ? "16384" : "how long") !=
                    NULL);
    }
}

static const struct {
    const char *head;
    size_t len;
    bool over;
    enum uk_code code;
} bodies[] = {
    {"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
     "Content-Length: 5\r\n\r\n",
     3, false, UK_OK},
    {"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
     "Content-Length: 5\r\n\r\n",
     3, true, UK_BAD_ANSWER},
    {"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
     "Content-Length: 5\r\n\r\n",
     5, true, UK_OK},
    {"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
     "Content-Length: 5\r\n\r\n",
     6, false, UK_BAD_ANSWER},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 5, true, UK_BAD_ANSWER},
    {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 0, true, UK_OK},
    {"HTTP/1.1 204 No\r\n\r\n", 0, true, UK_OK},
    {"HTTP/2 200 \r\ncontent-type: application/json\r\n\r\n", 65536, true,
     UK_OK},
    {"HTTP/2 200 \r\ncontent-type: application/json\r\n\r\n", 65537, false,
     UK_BAD_ANSWER},
    {"HTTP/2 200\r\n\r\n", 1, false, UK_BAD_ANSWER},
};

static void
test_bodies(void **state)
{
    for (size_t i = 0; i < UK_COUNT(bodies); i++) {
        struct uk_httphead head = {.bytes = 0};
        struct uk_err err = UK_ERR_NONE;

        assert_int_equal(feed(&head, bodies[i].head, strlen(bodies[i].head)),
                         UK_OK);
        if (uk_httphead_check(&head, bodies[i].len, bodies[i].over, &err) !=
            bodies[i].code)
            fail_msg("row %zu: %s", i, err.text);
    }
}

#define OK1   "HTTP/1.1 200 OK\r\n"
#define JSON  "Content-Type: application/json\r\n"
#define FIVE  "Content-Length: 5\r\n"
#define CHUNK "Transfer-Encoding: chunked\r\n"

/* Each rule of a head by itself: what is said of it, or NULL for a good one. */
static const struct {
    const char *head;
    const char *said;
} heads[] = {
    {OK1 JSON FIVE "\r\n", NULL},
    {OK1 JSON CHUNK "\r\n", NULL},
    {OK1 JSON "transfer-encoding: CHUNKED\r\n\r\n", NULL},
    {OK1 "Content-Encoding: Identity\r\n" FIVE "\r\n", NULL},
    {OK1 FIVE FIVE "\r\n", "length twice"},
    {OK1 FIVE "Content-Length: 6\r\n\r\n", "length twice"},
    {OK1 "Content-Length: 65536\r\n\r\n", NULL},
    {OK1 "Content-Length: 65537\r\n\r\n", "none or over 65536"},
    {OK1 "Content-Length: 5,5\r\n\r\n", "none or over 65536"},
    {OK1 "Content-Length: -5\r\n\r\n", "none or over 65536"},
    {OK1 "Content-Length:\r\n\r\n", "none or over 65536"},
    {OK1 CHUNK CHUNK "\r\n", "not 'chunked' alone"},
    {OK1 "Transfer-Encoding: gzip, chunked\r\n\r\n", "not 'chunked' alone"},
    {OK1 "Transfer-Encoding: identity\r\n\r\n", "not 'chunked' alone"},
    {"HTTP/2 200 \r\n" CHUNK "\r\n", "not 'chunked' alone"},
    {OK1 FIVE CHUNK "\r\n", "chunks and a length"},
    {OK1 "Content-Encoding: gzip\r\n" FIVE "\r\n", "compressed"},
    {OK1 JSON JSON FIVE "\r\n", "two content types"},
    {OK1 JSON "\r\n", "how long it is"},
    {"HTTP/2 200 \r\n" JSON "\r\n", NULL},
    {"HTTP/1.1 204 No\r\nContent-Length: 0\r\n\r\n", NULL},
    {"HTTP/1.1 204 No\r\n" FIVE "\r\n", "204 with a body"},
    {"HTTP/1.1 204 No\r\n" CHUNK "\r\n", "204 with a body"},
    {"HTTP/1.1 304 No\r\n" FIVE "\r\n", "304 with a body"},
    {"HTTP/1.1 099 Less\r\n" FIVE "\r\n", "status is 99"},
    {"HTTP/1.1 599 Most\r\n" FIVE "\r\n", NULL},
    {"HTTP/1.1 600 More\r\n" FIVE "\r\n", "status is 600"},
    {"HTTP/1.1 101 Switching\r\n\r\n", "status is 101"},
    {"HTTP/1.1 20 OK\r\n" FIVE "\r\n", "three digits"},
    {"HTTP/1.1 2000 OK\r\n" FIVE "\r\n", "three digits"},
    {"HTTP/1.1 2o0 OK\r\n" FIVE "\r\n", "three digits"},
    {"HTTP/1.0 200 OK\r\n" FIVE "\r\n", "neither HTTP/1.1 nor HTTP/2"},
    {"ICY 200 OK\r\n" FIVE "\r\n", "neither HTTP/1.1 nor HTTP/2"},
    {OK1 FIVE "\r\n" JSON, "behind its body"},
    {OK1 "X: a\bb\r\n" FIVE "\r\n", "control character"},
    {OK1 "X: a\x7f\r\n" FIVE "\r\n", "control character"},
    {OK1 "X: a\rb\r\n" FIVE "\r\n", "control character"},
    {OK1 "X: \ta\r\n" FIVE "\r\n", NULL},
    {OK1 "X: \xe9\r\n" FIVE "\r\n", NULL},
    {OK1 "Content-Length : 5\r\n\r\n", "'name: value'"},
    {OK1 " Content-Length: 5\r\n\r\n", "'name: value'"},
    {OK1 "Content\tLength: 5\r\n\r\n", "'name: value'"},
    {OK1 ": 5\r\n\r\n", "'name: value'"},
    {OK1 "Content-Length\r\n\r\n", "'name: value'"},
};

static void
test_heads(void **state)
{
    for (size_t i = 0; i < UK_COUNT(heads); i++) {
        struct uk_httphead head = {.bytes = 0};

        said[0] = '\0';
        if (feed(&head, heads[i].head, strlen(heads[i].head)) !=
            (heads[i].said != NULL ? UK_BAD_ANSWER : UK_OK))
            fail_msg("row %zu: '%s'", i, said);
        if (strstr(said, heads[i].said != NULL ? heads[i].said : "") == NULL)
            fail_msg("row %zu: '%s'", i, said);
    }
}

/* What goes before an answer says nothing about it, but is counted. */
static void
test_interim(void **state)
{
    static const char interim[] = "HTTP/1.1 103 Early\r\n" CHUNK "\r\n";
    struct uk_httphead head = {.bytes = 0};

    assert_int_equal(feed(&head, interim, sizeof(interim) - 1), UK_OK);
    assert_false(head.complete);
    assert_int_equal(feed(&head, good, sizeof(good) - 1), UK_OK);
    assert_true(head.complete);
    assert_int_equal(head.status, 401);
    assert_int_equal(head.bytes, sizeof(interim) + sizeof(good) - 2);
}

/* What is shown to people is one word, or nothing. */
static void
test_request_id(void **state)
{
    static const char *const bad[] = {"a b", "a\"b", "a;b", "\xc3\xa9", ""};
    char text[256];

    for (size_t i = 0; i < UK_COUNT(bad); i++) {
        struct uk_httphead head = {.bytes = 0};

        snprintf(text, sizeof(text),
                 OK1 "X-Appservices-Request-Id: %s\r\n" FIVE "\r\n", bad[i]);
        assert_int_equal(feed(&head, text, strlen(text)), UK_OK);
        assert_string_equal(head.request_id, "");
    }
}

static void
test_dates(void **state)
{
    static const struct {
        const char *value;
        long long seconds; /* by `date -d ... +%s` */
    } rows[] = {
        {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
        {"Thu, 29 Feb 2024 23:59:59 GMT", 1709251199},
        {"Mon, 23 Nov 2026 13:00:00 GMT", 1795438800},
        {"Sunday, 06-Nov-94 08:49:37 GMT", 0},
        {"Sun Nov  6 08:49:37 1994", 0},
        {"Sun, 06 Nov 1994 08:49:37", 0},
        {"Sun, 06 Nov 1994 08:49:37 GMT+1", 0},
        {"Sun, 6 Nov 1994 08:49:37 GMT", 0},
        {"Sun, 06 Nop 1994 08:49:37 GMT", 0},
        {"Sun", 0},
        {"", 0},
    };
    char text[256];

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        struct uk_httphead head = {.bytes = 0};

        snprintf(text, sizeof(text), "HTTP/1.1 204 No\r\nDate: %s\r\n\r\n",
                 rows[i].value);
        assert_int_equal(feed(&head, text, strlen(text)), UK_OK);
        assert_int_equal(head.date, rows[i].seconds);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),      cmocka_unit_test(test_every_byte),
        cmocka_unit_test(test_every_cut), cmocka_unit_test(test_limit),
        cmocka_unit_test(test_bodies),    cmocka_unit_test(test_heads),
        cmocka_unit_test(test_interim),   cmocka_unit_test(test_request_id),
        cmocka_unit_test(test_dates),
    };

    return cmocka_run_group_tests_name("httphead", tests, NULL, NULL);
}
