/* Which hosts may have the key that is kept. */
#include "tool/keys/askhosts.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/file.h"
#include "core/lines.h"
#include "core/str.h"
#include "tool/keys/keysource.h"
#include "tool/terminal/language.h"

#define FILE_NAME "askpass_hosts"
#define FILE_MAX  65536

/* Behind the first such end all is the server's:
 * "(user@host) x) User API key:" is not ours. */
const char *
uk_askhosts_skip(const char *question)
{
    const char *end = question[0] == '(' ? strstr(question, ") ") : NULL;

    return end != NULL ? end + 2 : question;
}

/* A part of a text. */
struct part {
    const char *at;
    size_t len;
};

/* The host of "(user@host) ", whose user may have an '@' too. */
static struct part
find_host(const char *question)
{
    const char *end = uk_askhosts_skip(question);
    const char *at, *host;

    if (end == question)
        return (struct part){UK_ASKHOSTS_SUDO, strlen(UK_ASKHOSTS_SUDO)};
    end -= 2;
    at = memrchr(question, '@', (size_t)(end - question));
    host = at != NULL ? at + 1 : question + 1;
    return (struct part){host, (size_t)(end - host)};
}

static bool
is_equal(struct part host, const char *text, size_t len)
{
    return len > 0 && host.len == len && memcmp(host.at, text, len) == 0;
}

static bool
is_given(const char *list, struct part host)
{
    while (true) {
        size_t len = strcspn(list, ",");

        if (is_equal(host, list, len))
            return true;
        if (list[len] == '\0')
            return false;
        list += len + 1;
    }
}

static enum uk_code
search_file(const char *path, struct part host, bool *found, struct uk_err *err)
{
    struct uk_buf text = UK_BUF_UP_TO(FILE_MAX);
    struct uk_lines lines;
    char *line = NULL;
    enum uk_code code = uk_file_read(path, UK_FILE_TRUSTED, &text, err);

    if (code == UK_OK) {
        uk_lines_init(&lines, uk_buf_peek(&text), text.len, path);
        do {
            code = uk_lines_next(&lines, &line, err);
            if (code == UK_OK && line != NULL)
                *found = *found || is_equal(host, line, strlen(line));
        } while (code == UK_OK && line != NULL);
    }
    uk_buf_clear(&text);
    return code;
}

enum uk_code
uk_askhosts_check(const char *question, const char *given, struct uk_err *err)
{
    struct part host = find_host(question);
    char path[PATH_MAX], shown[UK_PRINTABLE_SIZE];
    bool found = false;
    enum uk_code code = UK_OK;

    uk_keysource_own(path, FILE_NAME);
    if (given != NULL)
        found = is_given(given, host);
    else if (path[0] == '\0' ||
             (access(path, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR)))
        return UK_OK;
    else
        code = search_file(path, host, &found, err);
    if (code != UK_OK || found)
        return code;
    return uk_err_set(err, UK_INVALID,
                      _("'%s' is not among the hosts that may have the key; "
                        "%s%s says which may"),
                      uk_str_printable(shown, host.at, host.len),
                      given != NULL ? "--host" : _("a line of "),
                      given != NULL ? "" : path);
}
