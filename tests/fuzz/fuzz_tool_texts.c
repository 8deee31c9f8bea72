/*
 * Texts that the tool is asked with: questions of servers against the hosts
 * that may have the key, times, names of keys.
 *
 * The first line is the question, the time and the name, the second the list
 * of --host, the rest the file of hosts.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/str.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/lib_folder.h"
#include "tool/keys/askhosts.h"
#include "tool/keys/keyname.h"
#include "tool/keys/keysource.h"
#include "tool/terminal/when.h"

#define CENTURY_S (INT64_C(100) * 365 * 24 * 3600)
#define NAMES     6

static char hosts[128], inner[64];

/* Before the folder around it. */
static void
remove_inner(void)
{
    folder_empty(inner);
    rmdir(inner);
}

static void
start(void)
{
    const char *folder = folder_make();

    FUZZ_MUST(setenv("XDG_CONFIG_HOME", folder, 1) == 0);
    snprintf(inner, sizeof(inner), "%s/userkey", folder);
    FUZZ_MUST(mkdir(inner, 0700) == 0);
    atexit(remove_inner);
    snprintf(hosts, sizeof(hosts), "%s/askpass_hosts", inner);
}

/* Whose question it is: between the last '@', or the parenthesis, and the
 * first ") "; for free(). */
static char *
host_of(const char *question)
{
    const char *end = question[0] == '(' ? strstr(question, ") ") : NULL;
    char *text = strdup(question), *at;
    char *host;

    FUZZ_MUST(text != NULL);
    if (end == NULL) {
        free(text);
        return strdup("sudo");
    }
    text[end - question] = '\0';
    at = strrchr(text, '@');
    host = strdup(at != NULL ? at + 1 : text + 1);
    free(text);
    return host;
}

static bool
is_in_list(const char *list, const char *host)
{
    char *all = strdup(list), *rest = all, *one;
    bool found = false;

    FUZZ_MUST(all != NULL && host != NULL);
    while ((one = strsep(&rest, ",")) != NULL)
        found = found || (one[0] != '\0' && strcmp(one, host) == 0);
    free(all);
    return found;
}

/* Who gets the key is in the list, to the letter. */
static void
ask_for_key(const char *question, const char *list, const char *file)
{
    char *host = host_of(question);
    struct uk_err err = UK_ERR_NONE;
    enum uk_code code;
    int fd;

    code = uk_askhosts_check(question, list, &err);
    FUZZ_MUST((code == UK_OK) == is_in_list(list, host));
    FUZZ_MUST(code == UK_OK || uk_str_is_printable(err.text));
    fd = open(hosts, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FUZZ_MUST(fd >= 0 &&
              write(fd, file, strlen(file)) == (ssize_t)strlen(file));
    close(fd);
    code = uk_askhosts_check(question, NULL, &err);
    if (code == UK_OK)
        FUZZ_MUST(host[0] != '\0' && strstr(file, host) != NULL);
    else
        FUZZ_MUST(uk_str_is_printable(err.text));
    free(host);
}

static void
read_time(const char *text)
{
    struct uk_expiry expiry = {.in_s = -1, .at_s = -1};
    struct uk_err err = UK_ERR_NONE;
    char between[UK_WHEN_TEXT];
    int64_t seconds = -1;

    if (uk_when_parse("expires", text, &expiry, &err) == UK_OK) {
        FUZZ_MUST(expiry.in_s == 0 || expiry.at_s == 0);
        FUZZ_MUST(expiry.in_s >= 0 && expiry.in_s <= CENTURY_S);
        FUZZ_MUST(expiry.at_s == 0 ||
                  expiry.at_s > uk_when_now() - 3600); /* some time ago */
        FUZZ_MUST((expiry.in_s == 0 && expiry.at_s == 0) ==
                  (strcmp(text, "never") == 0));
        (void)uk_when_between(uk_when_now(), expiry.at_s, between);
        FUZZ_MUST(strlen(between) < sizeof(between));
    } else {
        FUZZ_MUST(expiry.in_s == -1 && expiry.at_s == -1);
        FUZZ_MUST(uk_str_is_printable(err.text));
    }
    if (uk_when_parse_time("over", text, &seconds, &err) == UK_OK)
        FUZZ_MUST(seconds >= 0 && seconds <= CENTURY_S);
    else
        FUZZ_MUST(seconds == -1 && uk_str_is_printable(err.text));
}

/* The next name is nobody's, and what has it comes in the place of the old. */
static void
follow(const char *name)
{
    static struct uk_key key[NAMES];
    struct uk_find find = {.key = key};
    char next[UK_KEYS_NAME + 1];
    struct uk_err err = UK_ERR_NONE;

    if (name[0] == '\0' || !uk_str_copy(key[0].name, sizeof(next), name))
        return;
    for (find.count = 1; find.count < NAMES; find.count++) {
        if (uk_keyname_next(&find, &key[0], next, &err) != UK_OK) {
            FUZZ_MUST(strlen(name) > UK_KEYS_NAME - 8);
            return;
        }
        FUZZ_MUST(strlen(next) <= UK_KEYS_NAME);
        for (size_t i = 0; i < find.count; i++)
            FUZZ_MUST(strcmp(key[i].name, next) != 0);
        memcpy(key[find.count].name, next, sizeof(next));
    }
    /* Numbers of more than six digits are parts of names. */
    if (strlen(name) < 8)
        FUZZ_MUST(uk_keyname_successor(&find, &key[0]) == &key[NAMES - 1]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    char *text = fuzz_text(bytes, len), *rest = text;
    const char *first = strsep(&rest, "\n"), *second = strsep(&rest, "\n");

    if (hosts[0] == '\0')
        start();
    ask_for_key(first, second == NULL ? "" : second, rest == NULL ? "" : rest);
    read_time(first);
    follow(first);
    free(text);
    return 0;
}
