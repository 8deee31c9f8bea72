/* One visit at the agent, with a service played by this program: what is
 * answered, and which session is nobody's. */
#include <pwd.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/io.h"
#include "core/msg.h"
#include "core/session.h"

#include "agent/decide.h"
#include "agent/peer.h"
#include "agent/serve.h"
#include "agent/visit.h"

#define AMPLE   60000 /* ms */
#define KEY     "not-a-real-key"
#define ID      "64f0c0ffee0123456789abcd"
#define OTHER   "64f0c0ffee0123456789abce"
#define EMAIL   "alice@example.com"
#define REFRESH "refresh.of.one"

/* What the service will do. */
struct play {
    enum uk_code open;
    enum uk_verdict verdict;
    enum uk_code profile;
    enum uk_verdict profile_verdict;
    const char *profile_id;
    enum uk_code close;
    enum uk_stage stage;
    size_t token_len;  /* of the refresh token; 0: the usual one */
    const char *claim; /* an access token that names addresses */
};

static struct play play;

/* What it was asked. */
static struct {
    int opened, profiles, closed;
    int answered, over, looks;
    bool more;
    char body[512]; /* of the login */
    char refresh[64];
    struct uk_deadline by;
} seen;

static struct uk_loop *loop;
static int quiet[2]; /* nothing ever comes here */
static struct uk_settings settings;
static struct uk_err err;
static int fd[2];

/* The service: these stand in for core/httpsmany. */

static struct uk_flight *waiting; /* there is one question at a time */

static const char *
access_token(void)
{
    if (play.claim != NULL) /* {"sub":ID,"uk_email": and the rest of it */
        return play.claim;
    /* {"typ":"access","sub":ID,"iat":1700000000,"exp":4000000000} */
    return "eyJhbGciOiJIUzI1NiJ9."
           "eyJ0eXAiOiJhY2Nlc3MiLCJzdWIiOiI2NGYwYzBmZmVlMDEyMzQ1Njc4OWFiY2Qi"
           "LCJpYXQiOjE3MDAwMDAwMDAsImV4cCI6NDAwMDAwMDAwMH0.c2ln";
}

/* The refresh token of the play. */
static const char *
refresh_token(void)
{
    static char text[UK_SECRET_MAX + 1];

    if (play.token_len == 0)
        return REFRESH;
    memset(text, 'r', play.token_len);
    text[1] = text[3] = '.';
    text[play.token_len] = '\0';
    return text;
}

static int
put_refusal(struct uk_buf *body, int status, const char *code)
{
    uk_buf_addf(body, "{\"error\":\"no\",\"error_code\":\"%s\"}", code);
    return status;
}

/* How a service says it, on an answer with this body if it says yes. */
static int
put_verdict(struct uk_buf *body, enum uk_verdict verdict)
{
    switch (verdict) {
    case UK_GRANTED:
        return 200;
    case UK_REFUSED:
        return put_refusal(body, 401, "AuthError");
    case UK_USER_DISABLED:
        return put_refusal(body, 403, "UserDisabled");
    case UK_THROTTLED_SERVICE:
        return put_refusal(body, 429, "AuthError");
    case UK_UNDECIDED:
        uk_buf_add_text(body, "{}");
        return 200;
    case UK_NOT_MAPPED:
    case UK_NOT_ALLOWED:
    case UK_UNKNOWN_USER:
    case UK_NOT_A_KEY:
    case UK_JUNK:
    case UK_THROTTLED_HERE:
        break;
    }
    return put_refusal(body, 404, "AuthError");
}

static void
land(struct uk_flight *flight, enum uk_code code, int status,
     struct uk_buf *body)
{
    struct uk_https_reply reply = {.status = 0};

    if (code != UK_OK) {
        uk_err_set(&err, code, "as the play says");
        err.stage = play.stage;
        uk_buf_clear(body);
    } else {
        reply = (struct uk_https_reply){
            .status = status, .body = *body, .request_id = "rq-7"};
        flight->attempt.head.bytes = 100;
    }
    if (status == 429)
        reply.retry_after_s = 17;
    flight->landed(flight, code, &reply, &err);
}

static void
answer_login(struct uk_flight *flight)
{
    struct uk_buf body = UK_BUF_UP_TO(65536);
    int status = put_verdict(&body, play.verdict);

    seen.opened++;
    snprintf(seen.body, sizeof(seen.body), "%s",
             uk_buf_peek(flight->attempt.ask.body));
    if (status == 200 && body.len == 0)
        uk_buf_addf(&body,
                    "{\"user_id\":\"" ID "\",\"access_token\":\"%s\","
                    "\"refresh_token\":\"%s\"}",
                    access_token(), refresh_token());
    land(flight, play.open, status, &body);
}

static void
answer_profile(struct uk_flight *flight)
{
    struct uk_buf body = UK_BUF_UP_TO(65536);
    int status = put_verdict(&body, play.profile_verdict);

    seen.profiles++;
    assert_string_equal(uk_secret_peek(flight->attempt.ask.bearer),
                        access_token());
    if (status == 200 && body.len == 0)
        uk_buf_addf(&body,
                    "{\"user_id\":\"%s\",\"identities\":[{"
                    "\"provider_type\":\"local-userpass\",\"provider_data\":"
                    "{\"email\":\"" EMAIL "\",\"confirmed\":true}}]}",
                    play.profile_id);
    land(flight, play.profile, status, &body);
}

static void
answer_logout(struct uk_flight *flight)
{
    struct uk_buf body = UK_BUF_UP_TO(65536);

    seen.closed++;
    snprintf(seen.refresh, sizeof(seen.refresh), "%s",
             uk_secret_peek(flight->attempt.ask.bearer));
    land(flight, play.close, 204, &body);
}

static void
answer_location(struct uk_flight *flight)
{
    struct uk_buf body = UK_BUF_UP_TO(65536);

    seen.looks++;
    assert_null(flight->attempt.ask.bearer);
    assert_null(flight->attempt.ask.body);
    land(flight, UK_OK, 404, &body); /* whatever it says */
}

enum uk_code
uk_httpsmany_new(const struct uk_settings *which, struct uk_httpsmany **out,
                 struct uk_err *why)
{
    return UK_OK;
}

void
uk_httpsmany_free(struct uk_httpsmany *many)
{
}

bool
uk_httpsmany_is_sound(const struct uk_httpsmany *many)
{
    return true;
}

int
uk_httpsmany_fd(const struct uk_httpsmany *many)
{
    return quiet[0];
}

struct uk_deadline
uk_httpsmany_next(const struct uk_httpsmany *many)
{
    return (struct uk_deadline){waiting != NULL ? 0 : INT64_MAX};
}

enum uk_code
uk_httpsmany_launch(struct uk_httpsmany *many, struct uk_flight *flight,
                    struct uk_err *why)
{
    assert_null(waiting);
    waiting = flight;
    return UK_OK;
}

void
uk_httpsmany_abandon(struct uk_httpsmany *many, struct uk_flight *flight)
{
    if (waiting == flight)
        waiting = NULL;
}

void
uk_httpsmany_work(struct uk_httpsmany *many)
{
    uk_httpsmany_wake(many);
}

void
uk_httpsmany_wake(struct uk_httpsmany *many)
{
    struct uk_flight *flight = waiting;
    const char *path;

    if (flight == NULL)
        return;
    waiting = NULL;
    seen.by = flight->by;
    path = flight->attempt.ask.path;
    if (strstr(path, "/app/demo/auth/providers/api-key/login") != NULL)
        answer_login(flight);
    else if (strstr(path, "/auth/profile") != NULL)
        answer_profile(flight);
    else if (strstr(path, "/auth/session") != NULL)
        answer_logout(flight);
    else if (strstr(path, "/app/demo/location") != NULL)
        answer_location(flight);
    else
        fail_msg("asked for '%s'", path);
}

/* The module's side. */

static struct uk_request
make_request(enum uk_op op, bool want_emails, bool keep)
{
    struct uk_request request = {
        .op = op,
        .budget_ms = AMPLE,
        .want_emails = want_emails,
        .keep = keep,
        .user = "alice",
    };

    assert_int_equal(uk_secret_set(&request.secret, KEY, strlen(KEY), &err),
                     UK_OK);
    return request;
}

static void
send_request(struct uk_request *request)
{
    struct uk_buf buf = UK_BUF_UP_TO(UK_MSG_MAX);

    assert_int_equal(uk_request_pack(request, &buf, &err), UK_OK);
    assert_int_equal(send(fd[0], buf.bytes, buf.len, 0), buf.len);
    uk_buf_clear(&buf);
    uk_request_clear(request);
}

static void
receive_answer(struct uk_answer *out)
{
    static char room[UK_MSG_MAX];
    size_t len;

    assert_int_equal(uk_io_receive(fd[0], room, sizeof(room), &len,
                                   uk_deadline_in(AMPLE), &err),
                     UK_OK);
    assert_int_equal(uk_answer_unpack(room, len, out, &err), UK_OK);
    /* And the end, although the agent still has the descriptor. */
    assert_int_equal(uk_io_receive(fd[0], room, sizeof(room), &len,
                                   uk_deadline_in(AMPLE), &err),
                     UK_UNREACHABLE);
}

static int
set_up(void **state)
{
    memset(&play, 0, sizeof(play));
    memset(&seen, 0, sizeof(seen));
    memset(&settings, 0, sizeof(settings));
    snprintf(settings.app_id, sizeof(settings.app_id), "demo");
    settings.timeout = AMPLE;
    play.verdict = play.profile_verdict = UK_GRANTED;
    play.profile_id = ID;
    settings.service_url.count = 1;
    snprintf(settings.service_url.item[0], UK_CONF_VALUE, "https://s");
    waiting = NULL;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, quiet) != 0)
        return -1;
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd);
}

static int
tear_down(void **state)
{
    uk_io_close(&fd[0]);
    uk_io_close(&fd[1]);
    uk_io_close(&quiet[0]);
    uk_io_close(&quiet[1]);
    return 0;
}

static const struct uk_log no_log = {.fd = -1};

static void
on_answered(struct uk_visit *visit, bool more)
{
    seen.answered++;
    seen.more = more;
}

static void
on_over(struct uk_visit *visit)
{
    seen.over++;
    uk_loop_stop(uk_visit_host(visit)->loop);
}

/* A visit from its beginning to its end, of whoever is on fd. */
static void
visit(const struct uk_peer *peer, struct uk_deadline since,
      struct uk_deadline patience)
{
    struct uk_visit_host host = {
        .settings = &settings, .answered = on_answered, .over = on_over};
    struct uk_visit *one;

    assert_int_equal(uk_loop_new(&loop, &err), UK_OK);
    host.loop = loop;
    assert_int_equal(
        uk_upstream_new(&settings, loop, &no_log, &host.upstream, &err), UK_OK);
    assert_int_equal(uk_whois_new(loop, &host.whois, &err), UK_OK);
    assert_int_equal(
        uk_visit_begin(&host, fd[1], peer, since, patience, &one, &err), UK_OK);
    fd[1] = -1;
    uk_visit_look(one);
    assert_int_equal(uk_loop_run(loop, &err), UK_OK);
    assert_int_equal(seen.answered, 1);
    assert_int_equal(seen.over, 1);
    assert_null(waiting);
    uk_whois_free(host.whois);
    uk_upstream_free(host.upstream);
    uk_loop_free(loop);
}

static const struct uk_peer parent = {.uid = 12345, .parent = true};

static void
visit_of(const struct uk_peer *peer)
{
    visit(peer, uk_deadline_in(0), uk_deadline_in(AMPLE));
}

static void
serve(struct uk_request request, struct uk_answer *answer)
{
    send_request(&request);
    visit_of(&parent);
    receive_answer(answer);
}

/* The rows: a request, a play, and what must come of it. */
static const struct {
    const char *what;
    bool want_emails, keep;
    struct play play;
    enum uk_code code;
    enum uk_verdict verdict;
    size_t emails;
    int profiles;
    bool tokens; /* in the answer */
    bool closed; /* it is ended behind it */
} table[] = {
    {"a good key",
     false,
     false,
     {.verdict = UK_GRANTED},
     UK_OK,
     UK_GRANTED,
     0,
     0,
     false,
     true},
    {"a good key, its session kept",
     false,
     true,
     {.verdict = UK_GRANTED},
     UK_OK,
     UK_GRANTED,
     0,
     0,
     true,
     false},
    {"addresses wanted",
     true,
     false,
     {.verdict = UK_GRANTED, .profile_verdict = UK_GRANTED, .profile_id = ID},
     UK_OK,
     UK_GRANTED,
     1,
     1,
     false,
     true},
    {"addresses wanted, kept",
     true,
     true,
     {.verdict = UK_GRANTED, .profile_verdict = UK_GRANTED, .profile_id = ID},
     UK_OK,
     UK_GRANTED,
     1,
     1,
     true,
     false},
    {"a bad key",
     true,
     true,
     {.verdict = UK_REFUSED},
     UK_OK,
     UK_REFUSED,
     0,
     0,
     false,
     false},
    {"a disabled user",
     true,
     true,
     {.verdict = UK_USER_DISABLED},
     UK_OK,
     UK_USER_DISABLED,
     0,
     0,
     false,
     false},
    {"too often",
     true,
     true,
     {.verdict = UK_THROTTLED_SERVICE},
     UK_OK,
     UK_THROTTLED_SERVICE,
     0,
     0,
     false,
     false},
    {"nobody there",
     false,
     false,
     {.open = UK_UNREACHABLE},
     UK_UNREACHABLE,
     UK_UNDECIDED,
     0,
     0,
     false,
     false},
    {"too slow",
     false,
     false,
     {.open = UK_TIMEOUT, .stage = UK_STAGE_RESOLVE},
     UK_TIMEOUT,
     UK_UNDECIDED,
     0,
     0,
     false,
     false},
    {"somebody else there",
     false,
     false,
     {.open = UK_TLS},
     UK_TLS,
     UK_UNDECIDED,
     0,
     0,
     false,
     false},
    {"nonsense",
     false,
     true,
     {.open = UK_BAD_ANSWER},
     UK_BAD_ANSWER,
     UK_UNDECIDED,
     0,
     0,
     false,
     false},
    {"a service that decides what is not its to decide",
     false,
     true,
     {.verdict = UK_NOT_ALLOWED},
     UK_BAD_ANSWER,
     UK_UNDECIDED,
     0,
     0,
     false,
     false},
    {"a service that says nothing",
     false,
     true,
     {.verdict = UK_UNDECIDED},
     UK_BAD_ANSWER,
     UK_UNDECIDED,
     0,
     0,
     false,
     false},
    {"the profile is another's",
     true,
     true,
     {.verdict = UK_GRANTED,
      .profile_verdict = UK_GRANTED,
      .profile_id = OTHER},
     UK_BAD_ANSWER,
     UK_UNDECIDED,
     0,
     1,
     false,
     true},
    {"the profile does not come",
     true,
     true,
     {.verdict = UK_GRANTED, .profile = UK_TIMEOUT, .stage = UK_STAGE_ANSWER},
     UK_TIMEOUT,
     UK_UNDECIDED,
     0,
     1,
     false,
     true},
    {"the session is over before its profile",
     true,
     true,
     {.verdict = UK_GRANTED, .profile_verdict = UK_REFUSED},
     UK_OK,
     UK_REFUSED,
     0,
     1,
     false,
     true},
    {"the user is disabled meanwhile",
     true,
     false,
     {.verdict = UK_GRANTED, .profile_verdict = UK_USER_DISABLED},
     UK_OK,
     UK_USER_DISABLED,
     0,
     1,
     false,
     true},
    {"the profile says nothing",
     true,
     false,
     {.verdict = UK_GRANTED, .profile_verdict = UK_UNDECIDED},
     UK_BAD_ANSWER,
     UK_UNDECIDED,
     0,
     1,
     false,
     true},
};

/* Did the service say anything last? */
static bool
was_answered(size_t i)
{
    return play.open == UK_OK &&
           (table[i].profiles == 0 || play.profile == UK_OK);
}

static void
assert_row(size_t i, const struct uk_answer *answer)
{
    if (answer->code != table[i].code || answer->verdict != table[i].verdict ||
        answer->stage != table[i].play.stage ||
        answer->person.n_emails != table[i].emails ||
        seen.profiles != table[i].profiles ||
        (answer->tokens.refresh.len > 0) != table[i].tokens ||
        (answer->tokens.access.len > 0) != table[i].tokens ||
        seen.closed != table[i].closed || seen.more != table[i].closed)
        fail_msg("%s: %s %s %s, %zu addresses, %d profiles, %d closed: %s",
                 table[i].what, uk_code_word(answer->code),
                 uk_verdict_word(answer->verdict), uk_stage_word(answer->stage),
                 answer->person.n_emails, seen.profiles, seen.closed,
                 answer->text);
    assert_string_equal(answer->person.id,
                        answer->verdict == UK_GRANTED ? ID : "");
    assert_int_equal(answer->text[0] != '\0', answer->code != UK_OK);
    assert_string_equal(answer->request_id, was_answered(i) ? "rq-7" : "");
    assert_int_equal(answer->retry_after_s,
                     answer->verdict == UK_THROTTLED_SERVICE ? 17 : 0);
    assert_string_equal(seen.refresh, table[i].closed ? REFRESH : "");
}

static void
test_table(void **state)
{
    for (size_t i = 0; i < UK_COUNT(table); i++) {
        struct uk_answer answer;

        tear_down(state);
        assert_int_equal(set_up(state), 0);
        play = table[i].play;
        serve(make_request(UK_OP_LOGIN, table[i].want_emails, table[i].keep),
              &answer);
        assert_row(i, &answer);
        assert_int_equal(seen.opened, 1);
        assert_non_null(strstr(seen.body, "\"key\": \"" KEY "\"") != NULL
                            ? seen.body
                            : strstr(seen.body, "\"key\":\"" KEY "\""));
        uk_answer_clear(&answer);
    }
}

/* Addresses in the access token spare the question for the profile; what is
 * not exactly a list of them does not.  Written with python's base64. */
static const struct {
    const char *what; /* "uk_email" */
    const char *token;
    size_t emails;
    int profiles;
} claims[] = {
    {"[\"alice@example.com\"]",
     "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI2NGYwYzBmZmVlMDEyMzQ1Njc4OWF"
     "iY2QiLCJ1a19lbWFpbCI6WyJhbGljZUBleGFtcGxlLmNvbSJdfQ.c2ln",
     1, 0},
    {"[]",
     "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI2NGYwYzBmZmVlMDEyMzQ1Njc4OWF"
     "iY2QiLCJ1a19lbWFpbCI6W119.c2ln",
     0, 0},
    {"\"alice@example.com\"",
     "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI2NGYwYzBmZmVlMDEyMzQ1Njc4OWF"
     "iY2QiLCJ1a19lbWFpbCI6ImFsaWNlQGV4YW1wbGUuY29tIn0.c2ln",
     1, 1},
    {"[\"x\"]",
     "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI2NGYwYzBmZmVlMDEyMzQ1Njc4OWF"
     "iY2QiLCJ1a19lbWFpbCI6WyJhbGljZUBleGFtcGxlLmNvbSIsIngiXX0.c2l"
     "n",
     1, 1},
    {"[1]",
     "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI2NGYwYzBmZmVlMDEyMzQ1Njc4OWF"
     "iY2QiLCJ1a19lbWFpbCI6WzFdfQ.c2ln",
     1, 1},
    {"[9 of them]",
     "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI2NGYwYzBmZmVlMDEyMzQ1Njc4OWF"
     "iY2QiLCJ1a19lbWFpbCI6WyJhQGV4YW1wbGUuY29tIiwiYUBleGFtcGxlLmN"
     "vbSIsImFAZXhhbXBsZS5jb20iLCJhQGV4YW1wbGUuY29tIiwiYUBleGFtcGx"
     "lLmNvbSIsImFAZXhhbXBsZS5jb20iLCJhQGV4YW1wbGUuY29tIiwiYUBleGF"
     "tcGxlLmNvbSIsImFAZXhhbXBsZS5jb20iXX0.c2ln",
     1, 1},
};

static void
test_claims(void **state)
{
    for (size_t i = 0; i < UK_COUNT(claims); i++) {
        struct uk_answer answer;

        tear_down(state);
        assert_int_equal(set_up(state), 0);
        play.claim = claims[i].token;
        serve(make_request(UK_OP_LOGIN, true, true), &answer);
        if (answer.verdict != UK_GRANTED ||
            answer.person.n_emails != claims[i].emails ||
            seen.profiles != claims[i].profiles)
            fail_msg("%s: %zu addresses, %d profiles", claims[i].what,
                     answer.person.n_emails, seen.profiles);
        assert_non_null(strstr(seen.body, "\"emails\""));
        uk_answer_clear(&answer);
    }
}

static void
test_logout(void **state)
{
    struct uk_answer answer;

    serve(make_request(UK_OP_LOGOUT, false, false), &answer);
    assert_int_equal(answer.code, UK_OK);
    assert_int_equal(answer.verdict, UK_UNDECIDED);
    assert_int_equal(seen.closed, 1);
    assert_int_equal(seen.opened, 0);
    assert_string_equal(seen.refresh, KEY);
    assert_false(seen.more);
    tear_down(state);
    assert_int_equal(set_up(state), 0);
    play.close = UK_UNREACHABLE;
    serve(make_request(UK_OP_LOGOUT, false, false), &answer);
    assert_int_equal(answer.code, UK_UNREACHABLE);
}

/* That a session could not be ended is nobody's business. */
static void
test_leftover(void **state)
{
    struct uk_answer answer;

    play.close = UK_TIMEOUT;
    serve(make_request(UK_OP_LOGIN, false, false), &answer);
    assert_int_equal(answer.verdict, UK_GRANTED);
    assert_int_equal(seen.closed, 1);
    assert_false(uk_deadline_passed(seen.by));
}

/* Who asked has gone: the session that was to be theirs is ended. */
static void
test_gone(void **state)
{
    struct uk_request request = make_request(UK_OP_LOGIN, false, true);

    send_request(&request);
    uk_io_close(&fd[0]);
    visit_of(&parent);
    assert_int_equal(seen.closed, 1);
    assert_string_equal(seen.refresh, REFRESH);
    /* Without a word: nothing is asked, and nothing said. */
    tear_down(state);
    assert_int_equal(set_up(state), 0);
    uk_io_close(&fd[0]);
    visit_of(&parent);
    assert_int_equal(seen.opened + seen.closed, 0);
}

/* The longest token that there can be. */
static void
test_long_token(void **state)
{
    struct uk_answer answer;

    play.token_len = UK_SECRET_MAX;
    serve(make_request(UK_OP_LOGIN, false, true), &answer);
    assert_int_equal(answer.verdict, UK_GRANTED);
    assert_int_equal(answer.tokens.refresh.len, UK_SECRET_MAX);
    uk_answer_clear(&answer);
}

/* Before anything of a request is believed, it is one. */
static void
test_not_a_request(void **state)
{
    struct uk_answer answer;

    assert_int_equal(send(fd[0], "hello", 5, 0), 5);
    visit_of(&parent);
    receive_answer(&answer);
    assert_int_equal(answer.code, UK_BAD_ANSWER);
    assert_int_equal(seen.opened, 0);
}

/* A second request on one connection is nobody's: one answer, one login. */
static void
test_two_requests(void **state)
{
    struct uk_request first = make_request(UK_OP_LOGIN, false, true);
    struct uk_request second = make_request(UK_OP_LOGIN, false, true);
    static char room[UK_MSG_MAX];

    send_request(&first);
    send_request(&second);
    visit_of(&parent);
    assert_int_equal(seen.opened, 1);
    /* What was left unread may have taken the answer with it. */
    while (recv(fd[0], room, sizeof(room), MSG_DONTWAIT) > 0)
        continue;
}

static struct uk_request
make_prepare(const char *user)
{
    struct uk_request request = {.op = UK_OP_PREPARE, .budget_ms = 1};

    snprintf(request.user, sizeof(request.user), "%s", user);
    return request;
}

/* One that is announced has time to be typed, and a connection by then, if
 * that can be of use. */
static void
test_prepare(void **state)
{
    static const char *const users[] = {"alice", ""};

    for (size_t i = 0; i < UK_COUNT(users); i++) {
        struct uk_request prepare = make_prepare(users[i]);
        struct uk_answer answer;
        int status;
        pid_t pid;

        tear_down(state);
        assert_int_equal(set_up(state), 0);
        send_request(&prepare);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            struct uk_request request = make_request(UK_OP_LOGIN, false, true);

            uk_deadline_wait(uk_deadline_in(300));
            send_request(&request);
            _exit(0);
        }
        visit(&parent, (struct uk_deadline){0}, uk_deadline_in(50));
        receive_answer(&answer);
        assert_int_equal(answer.verdict, UK_GRANTED);
        assert_int_equal(seen.looks, users[i][0] != '\0');
        uk_answer_clear(&answer);
        assert_int_equal(waitpid(pid, &status, 0), pid);
    }
}

static void
test_prepare_twice(void **state)
{
    struct uk_request prepare = make_prepare("");
    struct uk_answer answer;

    send_request(&prepare);
    prepare = make_prepare("");
    send_request(&prepare);
    visit_of(&parent);
    receive_answer(&answer);
    assert_int_equal(answer.code, UK_BAD_ANSWER);
}

/* The time that the agent took to get ready is part of the budget, and the
 * administrator's timeout is the end of every caller's. */
static void
test_budget(void **state)
{
    struct uk_request request = make_request(UK_OP_LOGIN, false, true);
    struct uk_deadline since = {uk_deadline_in(0).at_ns - 7000000000};
    struct uk_answer answer;

    request.budget_ms = 30000;
    send_request(&request);
    visit(&parent, since, uk_deadline_in(AMPLE));
    receive_answer(&answer);
    assert_true(seen.by.at_ns == since.at_ns + 30000000000);
    uk_answer_clear(&answer);
    tear_down(state);
    assert_int_equal(set_up(state), 0);
    settings.timeout = 8000;
    request = make_request(UK_OP_LOGIN, false, true);
    send_request(&request);
    visit(&parent, since, uk_deadline_in(AMPLE));
    receive_answer(&answer);
    assert_true(seen.by.at_ns == since.at_ns + 8000000000);
    uk_answer_clear(&answer);
    /* One whose time was over before it could be asked is not asked. */
    tear_down(state);
    assert_int_equal(set_up(state), 0);
    settings.timeout = 5000;
    request = make_request(UK_OP_LOGIN, false, true);
    send_request(&request);
    visit(&parent, since, uk_deadline_in(AMPLE));
    receive_answer(&answer);
    assert_int_equal(answer.code, UK_TIMEOUT);
    assert_int_equal(seen.opened, 0);
}

static void
test_failure(void **state)
{
    struct uk_request request = make_request(UK_OP_LOGIN, false, false);
    struct uk_answer answer;
    struct uk_err why = UK_ERR_NONE;

    send_request(&request);
    uk_err_set(&why, UK_MISCONFIGURED, "'/etc/x':3: \xc3\xa4 no");
    uk_serve_failure(fd[1], UK_MISCONFIGURED, &why);
    receive_answer(&answer);
    assert_int_equal(answer.code, UK_MISCONFIGURED);
    assert_string_equal(answer.text, "'/etc/x':3: ?? no");
    assert_int_equal(seen.opened, 0);
    /* What only announces another one is none. */
    tear_down(state);
    assert_int_equal(set_up(state), 0);
    request = make_prepare("alice");
    send_request(&request);
    request = make_request(UK_OP_LOGIN, false, false);
    send_request(&request);
    uk_serve_failure(fd[1], UK_MISCONFIGURED, &why);
    receive_answer(&answer);
    assert_int_equal(answer.code, UK_MISCONFIGURED);
    /* Nobody asks, and nobody will. */
    tear_down(state);
    assert_int_equal(set_up(state), 0);
    uk_io_close(&fd[0]);
    uk_serve_failure(fd[1], UK_MISCONFIGURED, &why);
}

static void
test_peer(void **state)
{
    struct uk_peer peer;
    struct uk_request request = make_request(UK_OP_LOGIN, false, false);
    struct passwd *me = getpwuid(geteuid());

    assert_int_equal(uk_peer_find(fd[1], &peer, &err), UK_OK);
    assert_int_equal(peer.pid, getpid()); /* who made the pair */
    assert_int_equal(peer.uid, geteuid());
    assert_false(peer.parent);
    assert_int_equal(uk_peer_find(1023, &peer, &err), UK_SYSTEM);

    snprintf(request.user, sizeof(request.user), "root");
    peer = (struct uk_peer){.uid = 12345, .parent = true};
    assert_true(uk_peer_may(&peer, &request));
    peer = (struct uk_peer){.uid = 0};
    assert_true(uk_peer_may(&peer, &request));
    peer = (struct uk_peer){.uid = 12345};
    assert_false(uk_peer_may(&peer, &request));
    request.op = UK_OP_LOGOUT;
    assert_true(uk_peer_may(&peer, &request));
    uk_request_clear(&request);

    assert_int_equal(uk_peer_check_own("root", 12345, &err), UK_INVALID);
    assert_non_null(strstr(err.text, "12345"));
    assert_int_equal(uk_peer_check_own("no-such-user", 12345, &err),
                     UK_INVALID);
    assert_int_equal(uk_peer_check_own("root", 0, &err), UK_OK);
    if (me != NULL)
        assert_int_equal(uk_peer_check_own(me->pw_name, geteuid(), &err),
                         UK_OK);
}

/* In a namespace of its own a process has no number for whoever is outside, its
 * parent among them: that is no sign that it is the parent. */
static void
test_outside(void **state)
{
    struct uk_peer peer;
    int status = 0;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        if (unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0)
            _exit(77); /* not on this machine */
        pid = fork();
        if (pid == 0)
            _exit(getppid() != 0 || uk_peer_find(fd[1], &peer, &err) != UK_OK ||
                  peer.parent);
        _exit(waitpid(pid, &status, 0) == pid && WIFEXITED(status)
                  ? WEXITSTATUS(status)
                  : 2);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* Who starts an agent and sends it nothing does not have it for long. */
static void
test_patience(void **state)
{
    struct uk_serve one = {.settings = &settings, .log = &no_log};
    struct uk_deadline long_after = uk_deadline_in(20000);
    struct uk_answer answer;

    settings.timeout = 100;
    assert_int_equal(uk_loop_new(&loop, &err), UK_OK);
    one.loop = loop;
    assert_int_equal(
        uk_upstream_new(&settings, loop, &no_log, &one.upstream, &err), UK_OK);
    uk_serve_one(&one, fd[1], &parent);
    fd[1] = -1;
    assert_false(uk_deadline_passed(long_after));
    receive_answer(&answer);
    assert_int_equal(answer.code, UK_TIMEOUT);
    assert_int_equal(seen.opened, 0);
    uk_upstream_free(one.upstream);
    uk_loop_free(loop);
}

/* A request that is on its way has time to come. */
static void
test_late_request(void **state)
{
    struct uk_answer answer;
    int status;
    pid_t pid;

    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct uk_request request = make_request(UK_OP_LOGIN, false, true);

        uk_deadline_wait(uk_deadline_in(300));
        send_request(&request);
        _exit(0);
    }
    /* It is as old as it is, not as old as we are. */
    visit(&parent, (struct uk_deadline){0}, uk_deadline_in(AMPLE));
    receive_answer(&answer);
    assert_int_equal(answer.code, UK_OK);
    assert_int_equal(seen.opened, 1);
    uk_answer_clear(&answer);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* A stranger on the socket is told so, and the service is not asked; who asks
 * about themselves is served. */
static void
test_stranger(void **state)
{
    struct uk_request request = make_request(UK_OP_LOGIN, false, false);
    struct uk_peer stranger = {.uid = 12345};
    struct passwd *nobody = getpwnam("nobody");
    struct uk_answer answer;

    snprintf(request.user, sizeof(request.user), "root");
    send_request(&request);
    visit_of(&stranger);
    receive_answer(&answer);
    assert_int_equal(answer.code, UK_INVALID);
    assert_int_equal(seen.opened, 0);
    if (nobody == NULL)
        return;
    tear_down(state);
    assert_int_equal(set_up(state), 0);
    stranger.uid = nobody->pw_uid;
    request = make_request(UK_OP_LOGIN, false, false);
    snprintf(request.user, sizeof(request.user), "nobody");
    send_request(&request);
    visit_of(&stranger);
    receive_answer(&answer);
    assert_int_equal(answer.code, UK_OK);
    assert_int_equal(seen.opened, 1);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_table),         TEST(test_logout),
        TEST(test_leftover),      TEST(test_gone),
        TEST(test_long_token),    TEST(test_not_a_request),
        TEST(test_budget),        TEST(test_failure),
        TEST(test_peer),          TEST(test_stranger),
        TEST(test_patience),      TEST(test_late_request),
        TEST(test_two_requests),  TEST(test_prepare),
        TEST(test_prepare_twice), TEST(test_claims),
        TEST(test_outside),
    };

    return cmocka_run_group_tests_name("agent_visit", tests, NULL, NULL);
}
