/* core/log: one line, one write, printable only. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/attr.h"
#include "core/log.h"

static int ends[2]; /* of a pipe */

static int
open_pipe(void **state)
{
    return pipe2(ends, O_CLOEXEC | O_NONBLOCK);
}

static int
close_pipe(void **state)
{
    close(ends[0]);
    close(ends[1]);
    return 0;
}

/* Everything that was written since, as a string. */
static size_t
take(char *to, size_t size)
{
    ssize_t len = read(ends[0], to, size - 1);

    to[len > 0 ? len : 0] = '\0';
    return len > 0 ? (size_t)len : 0;
}

static void
writes_a_line_with_its_priority(void **state)
{
    struct uk_log log = {ends[1], UK_LEVEL_DEBUG, true, NULL};
    char text[100];

    uk_log_line(&log, UK_LEVEL_INFO, "granted user='%s' in %d ms", "alice", 84);
    take(text, sizeof(text));
    assert_string_equal(text, "<6>granted user='alice' in 84 ms\n");
    log.prefix = false;
    uk_log_line(&log, UK_LEVEL_ERROR, "%s", "");
    take(text, sizeof(text));
    assert_string_equal(text, "\n");
}

static void
drops_what_nobody_wants(void **state)
{
    static const enum uk_level levels[] = {UK_LEVEL_ERROR, UK_LEVEL_WARNING,
                                           UK_LEVEL_NOTICE, UK_LEVEL_INFO,
                                           UK_LEVEL_DEBUG};

    for (size_t most = 0; most < UK_COUNT(levels); most++) {
        for (size_t i = 0; i < UK_COUNT(levels); i++) {
            struct uk_log log = {ends[1], levels[most], true, NULL};
            char text[100];

            uk_log_line(&log, levels[i], "x");
            assert_int_equal(take(text, sizeof(text)), i <= most ? 5 : 0);
        }
    }
}

/* Whatever comes in, one line comes out, of the bytes 0x20 to 0x7e. */
static void
escapes_every_strange_byte(void **state)
{
    struct uk_log log = {ends[1], UK_LEVEL_DEBUG, false, NULL};

    for (int c = 1; c < 256; c++) {
        char raw[] = "a?b";
        char text[100];
        char want[100];

        raw[1] = (char)c;
        uk_log_line(&log, UK_LEVEL_INFO, "%s", raw);
        take(text, sizeof(text));
        if (c < 0x20 || c > 0x7e)
            snprintf(want, sizeof(want), "a\\x%02xb\n", (unsigned)c);
        else
            snprintf(want, sizeof(want), "%s\n", raw);
        assert_string_equal(text, want);
    }
}

static void
cuts_long_lines(void **state)
{
    static const char bytes[] = {'x', '\n'};
    static char raw[5000];
    static char text[10000];

    for (size_t i = 0; i < UK_COUNT(bytes); i++) {
        for (size_t len = 500; len < sizeof(raw) - 1; len += 7) {
            struct uk_log log = {ends[1], UK_LEVEL_DEBUG, true, NULL};
            size_t escaped = 3 + len * (bytes[i] == 'x' ? 1 : 4) + 1;
            size_t written;

            memset(raw, bytes[i], len);
            raw[len] = '\0';
            uk_log_line(&log, UK_LEVEL_INFO, "%s", raw);
            written = take(text, sizeof(text));
            assert_true(written <= 2048);
            assert_ptr_equal(strchr(text, '\n'), text + written - 1);
            if (escaped <= 2000)
                assert_int_equal(written, escaped);
            if (escaped > 2048)
                assert_string_equal(text + written - 4, "...\n");
        }
    }
}

/* Held lines come in their order and whole, as soon as they are told to or
 * have no room. */
static void
holds_lines_back(void **state)
{
    struct uk_log_held held = {.len = 0};
    struct uk_log log = {ends[1], UK_LEVEL_DEBUG, true, &held};
    struct uk_log other = {ends[1], UK_LEVEL_DEBUG, true, NULL};
    char text[2 * UK_LOG_HELD], want[64];
    size_t got = 0, seen = 0;

    uk_log_flush(&other); /* holds nothing */
    uk_log_line(&log, UK_LEVEL_INFO, "first");
    uk_log_line(&log, UK_LEVEL_ERROR, "second");
    assert_int_equal(take(text, sizeof(text)), 0);
    uk_log_line(&other, UK_LEVEL_INFO, "at once");
    uk_log_flush(&log);
    uk_log_flush(&log);
    take(text, sizeof(text));
    assert_string_equal(text, "<6>at once\n<6>first\n<3>second\n");
    for (int i = 0; i < 1000; i++) {
        uk_log_line(&log, UK_LEVEL_INFO, "line %d", i);
        got = take(text, sizeof(text));
        if (got == 0)
            continue;
        assert_true(got <= UK_LOG_HELD);
        for (char *at = text; *at != '\0'; at = strchr(at, '\n') + 1) {
            snprintf(want, sizeof(want), "<6>line %zu\n", seen++);
            assert_memory_equal(at, want, strlen(want));
        }
        assert_int_equal(seen, i); /* this one waits */
    }
    assert_true(seen > 0);
}

/* A reader that is slow, gone or was never there stops nobody. */
static void
never_fails(void **state)
{
    struct uk_log log = {ends[1], UK_LEVEL_DEBUG, true, NULL};
    struct uk_log nowhere = {-1, UK_LEVEL_DEBUG, true, NULL};

    for (int i = 0; i < 100000; i++)
        uk_log_line(&log, UK_LEVEL_INFO, "the pipe is full by now");
    uk_log_line(&nowhere, UK_LEVEL_INFO, "x");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(writes_a_line_with_its_priority,
                                        open_pipe, close_pipe),
        cmocka_unit_test_setup_teardown(drops_what_nobody_wants, open_pipe,
                                        close_pipe),
        cmocka_unit_test_setup_teardown(escapes_every_strange_byte, open_pipe,
                                        close_pipe),
        cmocka_unit_test_setup_teardown(cuts_long_lines, open_pipe, close_pipe),
        cmocka_unit_test_setup_teardown(holds_lines_back, open_pipe,
                                        close_pipe),
        cmocka_unit_test_setup_teardown(never_fails, open_pipe, close_pipe),
    };

    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
