/* Small texts: addresses of services, keys, ids, names, times, log lines. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/identity.h"
#include "core/keytext.h"
#include "core/log.h"
#include "core/str.h"
#include "core/typo.h"
#include "core/url.h"
#include "tests/fuzz/fuzz.h"

static void
check_url(const char *text)
{
    struct uk_url url;

    memset(&url, 0, sizeof(url));
    if (!uk_url_parse(text, &url))
        return;
    FUZZ_MUST(url.host[0] != '\0' && uk_str_is_printable(url.host));
    FUZZ_MUST(url.port <= 65535);
    FUZZ_MUST(url.path[0] == '\0' || url.path[0] == '/');
    FUZZ_MUST(strchr(url.host, '@') == NULL);
}

/* Neither ends a line, nor the quotes around it, nor shows a key. */
static void
check_shown(const uint8_t *bytes, size_t len)
{
    char shown[UK_PRINTABLE_SIZE];

    FUZZ_MUST(uk_str_printable(shown, bytes, len) == shown);
    FUZZ_MUST(strlen(shown) < sizeof(shown) && uk_str_is_printable(shown));
    FUZZ_MUST(strchr(shown, '\'') == NULL);
    for (size_t i = 0; i + UK_KEYTEXT_LEN <= strlen(shown); i++)
        FUZZ_MUST(!uk_keytext_check(shown + i, UK_KEYTEXT_LEN));
}

/* One line, whatever is in it. */
static void
check_logged(const char *text)
{
    static struct uk_log log = {.fd = -1, .most = UK_LEVEL_INFO};
    char line[4096];
    ssize_t len;

    if (log.fd < 0)
        log.fd = memfd_create("log", MFD_CLOEXEC);
    log.prefix = text[0] == '<';
    FUZZ_MUST(log.fd >= 0 && ftruncate(log.fd, 0) == 0 &&
              lseek(log.fd, 0, SEEK_SET) == 0);
    uk_log_line(&log, UK_LEVEL_INFO, "said: %s", text);
    uk_log_line(&log, UK_LEVEL_DEBUG, "%s", text);
    len = pread(log.fd, line, sizeof(line) - 1, 0);
    FUZZ_MUST(len > 0 && len < (ssize_t)sizeof(line) - 1);
    FUZZ_MUST(line[len - 1] == '\n');
    line[len - 1] = '\0';
    FUZZ_MUST(strlen(line) == (size_t)len - 1 && uk_str_is_printable(line));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    char *text = fuzz_text(bytes, len);
    char line[64];
    unsigned long number;

    check_url(text);
    check_shown(bytes, len);
    check_logged(text);
    if (uk_keytext_check(text, strlen(text)))
        FUZZ_MUST(uk_keytext_check_any(text, strlen(text)) &&
                  !uk_identity_is_id(text));
    if (uk_identity_is_id(text))
        FUZZ_MUST(!uk_keytext_check_admin(text, strlen(text)));
    if (uk_identity_is_email(text))
        FUZZ_MUST(strlen(text) <= UK_EMAIL_MAX && uk_str_is_printable(text));
    if (uk_str_is_user_name(text))
        FUZZ_MUST(strlen(text) <= UK_NAME_MAX && uk_str_is_printable(text));
    if (uk_str_to_ms(text, 1000000, &number))
        FUZZ_MUST(number <= 1000000);
    if (uk_str_to_ulong(text, 77, &number))
        FUZZ_MUST(number <= 77);
    FUZZ_MUST(uk_str_escape(line, sizeof(line), text) < sizeof(line));
    FUZZ_MUST(uk_typo_slips(text, "disable") > 0 ||
              strcmp(text, "disable") == 0);
    free(text);
    return 0;
}
