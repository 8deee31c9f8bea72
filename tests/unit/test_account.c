/* core/account: what the name service says, and what it cannot say. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <errno.h>
#include <pwd.h>
#include <string.h>

#include "core/account.h"

/*
 * The name service is ours here: the C library's function of this name is not
 * linked.  It answers what the test has put into `service`.
 */
static struct {
    int errnum;       /* what it returns */
    int interrupted;  /* as often EINTR before that */
    const char *name; /* the name in the entry it finds, or NULL for none */
    size_t room;      /* what it needs, or ERANGE */
    uid_t uid;
    gid_t gid;
    int calls;
} service;

int
getpwnam_r(const char *name, struct passwd *entry, char *buffer, size_t room,
           struct passwd **result)
{
    size_t len;

    service.calls++;
    *result = NULL;
    if (service.interrupted > 0) {
        service.interrupted--;
        return EINTR;
    }
    if (service.errnum != 0)
        return service.errnum;
    if (room < service.room)
        return ERANGE;
    if (service.name == NULL)
        return 0;
    len = strlen(service.name) + 1;
    assert_true(len <= room);
    memcpy(buffer, service.name, len);
    *entry = (struct passwd){
        .pw_name = buffer, .pw_uid = service.uid, .pw_gid = service.gid};
    *result = entry;
    return 0;
}

static int
forget(void **state)
{
    memset(&service, 0, sizeof(service));
    return 0;
}

static void
finds_an_account(void **state)
{
    struct uk_account account;
    struct uk_err err = UK_ERR_NONE;
    bool found = false;

    service.name = "alice";
    service.uid = 1000;
    service.gid = 100;
    assert_int_equal(uk_account_find("alice", &account, &found, &err), UK_OK);
    assert_true(found);
    assert_string_equal(account.name, "alice");
    assert_int_equal(account.uid, 1000);
    assert_int_equal(account.gid, 100);
}

static void
finds_nobody(void **state)
{
    struct uk_account account = {.name = "old"};
    struct uk_err err = UK_ERR_NONE;
    bool found = true;

    assert_int_equal(uk_account_find("alice", &account, &found, &err), UK_OK);
    assert_false(found);
    assert_string_equal(account.name, "old");
}

/* A name service that ignores case, or completes names. */
static void
does_not_take_an_entry_of_another_name(void **state)
{
    static const char *const others[] = {"Alice", "alice2", "alic", "root", ""};

    for (size_t i = 0; i < UK_COUNT(others); i++) {
        struct uk_account account = {.uid = 7};
        struct uk_err err = UK_ERR_NONE;
        bool found = true;

        service.name = others[i];
        assert_int_equal(uk_account_find("alice", &account, &found, &err),
                         UK_OK);
        assert_false(found);
        assert_int_equal(account.uid, 7);
    }
}

static void
does_not_ask_for_what_is_no_name(void **state)
{
    static const char *const names[] = {
        "", "Alice", "..", "0", "-froot", "a b", "a\n", "a:b", "\xc3\xa4"};

    for (size_t i = 0; i < UK_COUNT(names); i++) {
        struct uk_account account;
        struct uk_err err = UK_ERR_NONE;
        bool found = true;

        service.name = names[i];
        assert_int_equal(uk_account_find(names[i], &account, &found, &err),
                         UK_OK);
        assert_false(found);
        assert_int_equal(service.calls, 0);
    }
}

static void
does_not_call_silence_unknown(void **state)
{
    static const int errnums[] = {EIO,    EMFILE, ENFILE, ENOENT,
                                  EAGAIN, EPERM,  ESRCH,  ECONNREFUSED};

    for (size_t i = 0; i < UK_COUNT(errnums); i++) {
        struct uk_account account;
        struct uk_err err = UK_ERR_NONE;
        bool found = true;

        service.errnum = errnums[i];
        assert_int_equal(uk_account_find("alice", &account, &found, &err),
                         UK_SYSTEM);
        assert_int_equal(err.sys, errnums[i]);
        assert_non_null(strstr(err.text, "looking up the account 'alice': "));
    }
}

static void
gives_large_entries_room(void **state)
{
    struct uk_account account;
    struct uk_err err = UK_ERR_NONE;
    bool found = false;

    service.name = "alice";
    service.room = 1048576;
    assert_int_equal(uk_account_find("alice", &account, &found, &err), UK_OK);
    assert_true(found);
    service.room = 1048577;
    assert_int_equal(uk_account_find("alice", &account, &found, &err),
                     UK_SYSTEM);
    assert_int_equal(err.sys, ERANGE);
}

static void
is_not_stopped_by_signals(void **state)
{
    struct uk_account account;
    struct uk_err err = UK_ERR_NONE;
    bool found = false;

    service.name = "alice";
    service.interrupted = 3;
    assert_int_equal(uk_account_find("alice", &account, &found, &err), UK_OK);
    assert_true(found);
    service.interrupted = 1000; /* nor kept for ever */
    assert_int_equal(uk_account_find("alice", &account, &found, &err),
                     UK_SYSTEM);
    assert_int_equal(err.sys, EINTR);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(finds_an_account, forget),
        cmocka_unit_test_setup(finds_nobody, forget),
        cmocka_unit_test_setup(does_not_take_an_entry_of_another_name, forget),
        cmocka_unit_test_setup(does_not_ask_for_what_is_no_name, forget),
        cmocka_unit_test_setup(does_not_call_silence_unknown, forget),
        cmocka_unit_test_setup(gives_large_entries_room, forget),
        cmocka_unit_test_setup(is_not_stopped_by_signals, forget),
    };

    return cmocka_run_group_tests_name("account", tests, NULL, NULL);
}
