/*
 * The whole service, by what comes in on a connection: threads, database and
 * all.
 *
 * Each step "==r" is a request, sent when the one before has its reply; "==m"
 * is one to the port for those who operate it.  Who is to get in says so by a
 * name for what nobody can guess: @A and @R are the tokens of a user, @K an API
 * key of theirs, @W the password; @X and @Y the tokens of an administrator;
 * without secrets are @U and @I, the ids of user and key, @P, @N and @G, those
 * of app and group, and @L, the length of the body that follows.  What the
 * replies so far have had in them: @B and @C, the tokens of a session, @T and
 * @J, a token to hand out and its id, @V, the value of a key, @D, an id.
 */
#include <unistd.h>

#include "core/json.h"
#include "tests/fuzz/lib_service_learned.h"
#include "tests/fuzz/lib_service_world.h"
#include "tests/fuzz/script.h"

#define SECRETS "ARKWXYBCTV"
#define ADMINS  "XY"

static struct {
    bool secret, admin; /* what it has */
    bool changed;       /* something may have been */
    bool headless;      /* a reply may be one without the body it announces */
} input;
static int fds[WORLD_PORTS]; /* connections; none are -1 */

/* Replies. */

static void
must_not_have(const char *reply, size_t len, const char *text)
{
    FUZZ_MUST(memmem(reply, len, text, strlen(text)) == NULL);
}

static void
check_body(int status, const char *head, const char *body, size_t len,
           enum world_port port)
{
    struct uk_json *document = NULL;
    struct uk_err err = UK_ERR_NONE;

    if (len == 0)
        return;
    if (strcasestr(head, "\r\nContent-Type: application/json") == NULL) {
        /* Of the HTTP library itself, which took it for no request. */
        FUZZ_MUST(status >= 400 || port == WORLD_OPERATE);
        return;
    }
    FUZZ_MUST(uk_json_parse(body, len, &document, &err) == UK_OK);
    uk_json_free(document);
}

static void
check_reply(char *reply, size_t len, enum world_port port)
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
    check_body(status, reply, end + 4, len - (size_t)(end + 4 - reply), port);
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
check_replies(char *bytes, size_t len, enum world_port port)
{
    size_t n;

    check_secrets(bytes, len);
    while (!input.headless && len > 0 && (n = world_reply(bytes, len)) > 0) {
        check_reply(bytes, n, port);
        bytes += n;
        len -= n;
    }
}

/* Requests. */

static const char *
text_of(char letter)
{
    const char *text = world_name(letter);

    return text != NULL ? text : learned_name(letter);
}

static void
expand(const struct fuzz_step *step, struct uk_buf *out)
{
    struct uk_buf rest = UK_BUF_UP_TO(WORLD_ROOM);
    size_t body = 0, cut = SIZE_MAX;

    for (size_t i = 0; i < step->len; i++) {
        char letter = i + 1 < step->len ? (char)step->bytes[i + 1] : '\0';
        const char *text = step->bytes[i] == '@' ? text_of(letter) : NULL;

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

/* Send it, and look at what comes.  false: nothing does. */
static bool
ask(const struct fuzz_step *step, enum world_port port)
{
    static char reply[WORLD_ROOM + 1];
    struct uk_buf request = UK_BUF_UP_TO(WORLD_ROOM);
    bool open;
    size_t got;

    expand(step, &request);
    input.headless =
        input.headless ||
        (request.len > 0 && strcasestr(request.bytes, "HEAD") != NULL);
    if (fds[port] < 0)
        fds[port] = world_dial(port);
    open = world_exchange(fds[port], &request, reply, &got);
    reply[got] = '\0';
    learned_take(reply);
    /* Who is told that this was the last reply asks on another connection. */
    if (!open || strcasestr(reply, "\r\nConnection: close\r\n") != NULL) {
        close(fds[port]);
        fds[port] = -1;
    }
    check_replies(reply, got, port);
    uk_buf_clear(&request);
    return got > 0;
}

const char fuzz_is_slow = 1;

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static bool started;
    struct fuzz_script script;
    bool open = true;

    if (!started)
        world_start();
    if (!started || input.changed)
        world_renew();
    started = true;
    memset(&input, 0, sizeof(input));
    learned_take(NULL);
    for (size_t i = 0; i < WORLD_PORTS; i++)
        fds[i] = -1;
    fuzz_read_script(bytes, len, &script);
    for (size_t i = 0; open && i < script.count; i++) {
        if (script.step[i].what == 'r')
            open = ask(&script.step[i], WORLD_SERVE);
        else if (script.step[i].what == 'm')
            open = ask(&script.step[i], WORLD_OPERATE);
    }
    for (size_t i = 0; i < WORLD_PORTS; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    if (input.secret && !input.admin)
        FUZZ_MUST(world_is_victim_well());
    return 0;
}
