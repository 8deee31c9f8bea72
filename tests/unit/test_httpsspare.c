/* core/httpsspare: which handle is used again, and what it still knows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/httpsspare.h"

static const char here[] = "https://here", there[] = "https://there";

static CURL *
make_handle(void *owner)
{
    CURL *easy = curl_easy_init();

    assert_non_null(easy);
    assert_int_equal(curl_easy_setopt(easy, CURLOPT_PRIVATE, owner), CURLE_OK);
    return easy;
}

static void
test_same_server(void **state)
{
    struct uk_httpsspare spare = {.count = 0};
    CURL *first = make_handle(NULL), *second = make_handle(NULL);

    assert_null(uk_httpsspare_take(&spare, here));
    uk_httpsspare_give(&spare, first, here);
    uk_httpsspare_give(&spare, second, there);
    assert_ptr_equal(uk_httpsspare_take(&spare, there), second);
    assert_null(uk_httpsspare_take(&spare, there));
    assert_ptr_equal(uk_httpsspare_take(&spare, here), first);
    assert_null(uk_httpsspare_take(&spare, here));
    uk_httpsspare_give(&spare, first, there);
    uk_httpsspare_give(&spare, second, here);
    uk_httpsspare_give(&spare, NULL, here);
    uk_httpsspare_clear(&spare);
    assert_null(uk_httpsspare_take(&spare, here));
    uk_httpsspare_clear(&spare);
}

/* Whose it was is gone, what was set for every exchange stays. */
static void
test_lets_go(void **state)
{
    struct uk_httpsspare spare = {.count = 0};
    int owner;
    CURL *easy = make_handle(&owner);
    void *found = &owner;

    uk_httpsspare_give(&spare, easy, here);
    assert_ptr_equal(uk_httpsspare_take(&spare, here), easy);
    assert_int_equal(curl_easy_getinfo(easy, CURLINFO_PRIVATE, &found),
                     CURLE_OK);
    assert_null(found);
    curl_easy_cleanup(easy);
}

/* What there is no room for is freed, as ASan and valgrind see. */
static void
test_most(void **state)
{
    struct uk_httpsspare spare = {.count = 0};

    for (int i = 0; i < UK_HTTPSSPARE_MOST + 3; i++)
        uk_httpsspare_give(&spare, make_handle(NULL), here);
    assert_int_equal(spare.count, UK_HTTPSSPARE_MOST);
    uk_httpsspare_give(NULL, make_handle(NULL), here);
    uk_httpsspare_clear(&spare);
    assert_int_equal(spare.count, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_server),
        cmocka_unit_test(test_lets_go),
        cmocka_unit_test(test_most),
    };

    return cmocka_run_group_tests_name("httpsspare", tests, NULL, NULL);
}
