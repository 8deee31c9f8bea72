/*
 * The whole service, by what comes in on a connection: threads, database and
 * all.
 *
 * Each step "==r" is a request, sent when the one before has its reply.  Who
 * is to get in says so by a name for what nobody can guess: @A and @R are the
 * tokens of a user, @K an API key of theirs, @W the password; @X and @Y the
 * tokens of an administrator; without secrets are @U and @I, the ids of user
 * and key, @P, @N and @G, those of app and group, and @L, the length of the
 * body that follows.
 */
#include <unistd.h>

#include "core/json.h"
#include "tests/fuzz/lib_service_world.h"
#include "tests/fuzz/script.h"

#define SECRETS "ARKWXY"
#define ADMINS  "XY"

static struct {
    bool secret, admin; /* what it has */
    bool changed;       /* something may have been */
} input;

/* Replies. */

static void
must_not_have(const char *reply, size_t len, const char *text)
{
    FUZZ_MUST(memmem(reply, len, text, strlen(text)) == NULL);
}

static void
check_body(int status, const char *head, const char *body, size_t len)
{
    struct uk_json *document = NULL;
    struct uk_err err = UK_ERR_NONE;

    if (len == 0)
        return;
    if (strcasestr(head, "\r\nContent-Type: application/json") == NULL) {
        /* Of the HTTP library itself, which took it for no request. */
        FUZZ_MUST(status >= 400);
        return;
    }
    FUZZ_MUST(uk_json_parse(body, len, &document, &err) == UK_OK);
    uk_json_free(document);
}

static void
check_reply(char *reply, size_t len)
{
    char *end = memmem(reply, len, "\r\n\r\n", 4);
    int status;

    *end = '\0';
    FUZZ_MUST(strncmp(reply, "HTTP/1.1 ", 9) == 0 ||
              strncmp(reply, "HTTP/1.0 ", 9) == 0);
    status = atoi(reply + 9);
    FUZZ_MUST(world_length(reply) >= 0 || status == 204 || status == 100);
    /* 503 is for what waits too long: the machine may be at much else.  And one
     * refusal is a 500, as docs/PROTOCOL.md has it. */
    FUZZ_MUST(status >= 100 && status < 506);
    FUZZ_MUST(status != 500 || strstr(end + 4, "already linked") != NULL);
    input.changed = input.changed || (status < 300 && input.secret);
    check_body(status, reply, end + 4, len - (size_t)(end + 4 - reply));
}

/* What nobody gets, whatever they have; and what only administrators do. */
static void
check_secrets(const char *reply, size_t len)
{
    const char *text;

    for (size_t i = 0; (text = world_secret(i)) != NULL; i++)
        must_not_have(reply, len, text);
    for (size_t i = 0; !input.admin && (text = world_victim(i)) != NULL; i++)
        must_not_have(reply, len, text);
}

static void
check_replies(char *bytes, size_t len, bool headless)
{
    size_t n;

    check_secrets(bytes, len);
    while (!headless && len > 0 && (n = world_reply(bytes, len)) > 0) {
        check_reply(bytes, n);
        bytes += n;
        len -= n;
    }
}

/* Requests. */

static void
expand(const struct fuzz_step *step, struct uk_buf *out)
{
    struct uk_buf rest = UK_BUF_UP_TO(WORLD_ROOM);
    size_t body = 0, cut = SIZE_MAX;

    for (size_t i = 0; i < step->len; i++) {
        char letter = i + 1 < step->len ? (char)step->bytes[i + 1] : '\0';
        const char *text = step->bytes[i] == '@' ? world_name(letter) : NULL;

        if (step->bytes[i] == '@' && letter == 'L' && cut == SIZE_MAX) {
            cut = out->len;
        } else if (text != NULL) {
            uk_buf_add_text(out, text);
            input.secret = input.secret || strchr(SECRETS, letter) != NULL;
            input.admin = input.admin || strchr(ADMINS, letter) != NULL;
        } else {
            uk_buf_add_byte(out, step->bytes[i]);
            continue;
        }
        i++;
    }
    if (cut == SIZE_MAX || out->bad || out->len == cut ||
        !world_body(out, &body))
        return;
    uk_buf_add(&rest, out->bytes + cut, out->len - cut);
    out->len = cut;
    uk_buf_addf(out, "%zu", body);
    uk_buf_add(out, rest.bytes, rest.len);
    uk_buf_clear(&rest);
}

const char fuzz_is_slow = 1;

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static char reply[WORLD_ROOM + 1];
    static bool started;
    struct uk_buf request = UK_BUF_UP_TO(WORLD_ROOM);
    const struct fuzz_step *step;
    struct fuzz_script script;
    bool headless = false, open = true;
    size_t got;
    int fd;

    if (!started)
        world_start();
    if (!started || input.changed)
        world_renew();
    started = true;
    memset(&input, 0, sizeof(input));
    fuzz_read_script(bytes, len, &script);
    fd = world_dial();
    for (size_t i = 0; open && (step = fuzz_find_step(&script, 'r', i)) != NULL;
         i++) {
        expand(step, &request);
        headless = headless || (request.len > 0 &&
                                strcasestr(request.bytes, "HEAD") != NULL);
        open = world_exchange(fd, &request, reply, &got);
        check_replies(reply, got, headless);
        uk_buf_clear(&request);
    }
    close(fd);
    if (input.secret && !input.admin)
        FUZZ_MUST(world_is_victim_well());
    return 0;
}
