/* One conversation of the agent's, with a service played by this program:
 * what is answered, and which session is nobody's. */
#include <pwd.h>
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

#define AMPLE 60000 /* ms */
#define KEY   "not-a-real-key"
#define ID    "64f0c0ffee0123456789abcd"
#define OTHER "64f0c0ffee0123456789abce"
#define EMAIL "alice@example.com"

/* What the service will do. */
struct play {
    enum uk_code open;
    enum uk_verdict verdict;
    enum uk_code profile;
    enum uk_verdict profile_verdict;
    const char *profile_id;
    enum uk_code close;
    enum uk_stage stage;
    size_t token_len; /* of the refresh token; 0: "refresh-1" */
};

static struct play play;

/* What it was asked. */
static struct {
    int opened, profiles, closed;
    char key[64];
    char refresh[64];
    struct uk_deadline by;
} seen;

static struct uk_settings settings;
static struct uk_err err;
static int fd[2];

/* The service: these stand in for core/session. */

static enum uk_code
outcome(enum uk_code code, struct uk_service *service, struct uk_err *why)
{
    memcpy(service->refusal.request_id, "rq-7", sizeof("rq-7"));
    seen.by = service->by;
    if (code == UK_OK)
        return UK_OK;
    uk_err_set(why, code, "as the play says");
    why->stage = play.stage;
    return code;
}

enum uk_code
uk_session_open(struct uk_service *service, const struct uk_secret *key,
                struct uk_session *out, enum uk_verdict *verdict,
                struct uk_err *why)
{
    static char refresh[UK_SECRET_MAX + 1];
    const char *token = "refresh-1";

    seen.opened++;
    snprintf(seen.key, sizeof(seen.key), "%s", uk_secret_peek(key));
    assert_string_equal(service->app_id, "demo");
    if (outcome(play.open, service, why) != UK_OK)
        return play.open;
    *verdict = play.verdict;
    if (play.verdict == UK_THROTTLED_SERVICE)
        service->refusal.retry_after_s = 17;
    if (play.verdict != UK_GRANTED)
        return UK_OK;
    if (play.token_len > 0) {
        memset(refresh, 'r', play.token_len);
        refresh[play.token_len] = '\0';
        token = refresh;
    }
    snprintf(out->user_id, sizeof(out->user_id), ID);
    assert_int_equal(uk_secret_set(&out->tokens.access, "access-1", 8, why),
                     UK_OK);
    assert_int_equal(
        uk_secret_set(&out->tokens.refresh, token, strlen(token), why), UK_OK);
    return UK_OK;
}

enum uk_code
uk_session_profile(struct uk_service *service, const struct uk_session *session,
                   struct uk_person *out, enum uk_verdict *verdict,
                   struct uk_err *why)
{
    seen.profiles++;
    assert_string_equal(session->user_id, ID);
    if (outcome(play.profile, service, why) != UK_OK)
        return play.profile;
    *verdict = play.profile_verdict;
    if (play.profile_verdict != UK_GRANTED)
        return UK_OK;
    snprintf(out->id, sizeof(out->id), "%s", play.profile_id);
    out->n_emails = 1;
    snprintf(out->email[0], sizeof(out->email[0]), EMAIL);
    return UK_OK;
}

enum uk_code
uk_session_close(struct uk_service *service, const struct uk_secret *refresh,
                 struct uk_err *why)
{
    seen.closed++;
    snprintf(seen.refresh, sizeof(seen.refresh), "%s", uk_secret_peek(refresh));
    return outcome(play.close, service, why);
}

void
uk_session_clear(struct uk_session *session)
{
    uk_tokens_clear(&session->tokens);
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
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd);
}

static int
tear_down(void **state)
{
    uk_io_close(&fd[0]);
    uk_io_close(&fd[1]);
    return 0;
}

static struct uk_serve
make_serve(void)
{
    return (struct uk_serve){.settings = &settings, .since = uk_deadline_in(0)};
}

static void
serve(struct uk_request request, struct uk_answer *answer,
      struct uk_secret *leftover)
{
    struct uk_serve one = make_serve();
    struct uk_peer parent = {.uid = 12345, .parent = true};

    send_request(&request);
    uk_serve_one(&one, fd[1], &parent, leftover);
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
    bool tokens;   /* in the answer */
    bool leftover; /* to be ended */
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

static void
assert_row(size_t i, const struct uk_answer *answer,
           const struct uk_secret *leftover)
{
    if (answer->code != table[i].code || answer->verdict != table[i].verdict ||
        answer->stage != table[i].play.stage ||
        answer->person.n_emails != table[i].emails ||
        seen.profiles != table[i].profiles ||
        (answer->tokens.refresh.len > 0) != table[i].tokens ||
        (answer->tokens.access.len > 0) != table[i].tokens ||
        (leftover->len > 0) != table[i].leftover)
        fail_msg("%s: %s %s %s, %zu addresses, %d profiles: %s", table[i].what,
                 uk_code_word(answer->code), uk_verdict_word(answer->verdict),
                 uk_stage_word(answer->stage), answer->person.n_emails,
                 seen.profiles, answer->text);
    assert_string_equal(answer->person.id,
                        answer->verdict == UK_GRANTED ? ID : "");
    assert_int_equal(answer->text[0] != '\0', answer->code != UK_OK);
    assert_string_equal(answer->request_id, "rq-7");
    assert_int_equal(answer->retry_after_s,
                     answer->verdict == UK_THROTTLED_SERVICE ? 17 : 0);
    if (table[i].leftover)
        assert_string_equal(uk_secret_peek(leftover), "refresh-1");
}

static void
test_table(void **state)
{
    for (size_t i = 0; i < UK_COUNT(table); i++) {
        struct uk_secret leftover = UK_SECRET_NONE;
        struct uk_answer answer;

        tear_down(state);
        assert_int_equal(set_up(state), 0);
        play = table[i].play;
        serve(make_request(UK_OP_LOGIN, table[i].want_emails, table[i].keep),
              &answer, &leftover);
        assert_row(i, &answer, &leftover);
        assert_int_equal(seen.opened, 1);
        assert_int_equal(seen.closed, 0);
        assert_string_equal(seen.key, KEY);
        uk_answer_clear(&answer);
        uk_secret_clear(&leftover);
    }
}

static void
test_logout(void **state)
{
    struct uk_secret leftover = UK_SECRET_NONE;
    struct uk_answer answer;

    serve(make_request(UK_OP_LOGOUT, false, false), &answer, &leftover);
    assert_int_equal(answer.code, UK_OK);
    assert_int_equal(answer.verdict, UK_UNDECIDED);
    assert_int_equal(seen.closed, 1);
    assert_int_equal(seen.opened, 0);
    assert_string_equal(seen.refresh, KEY);
    assert_int_equal(leftover.len, 0);
    tear_down(state);
    assert_int_equal(set_up(state), 0);
    play.close = UK_UNREACHABLE;
    serve(make_request(UK_OP_LOGOUT, false, false), &answer, &leftover);
    assert_int_equal(answer.code, UK_UNREACHABLE);
}

static void
test_leftover(void **state)
{
    struct uk_secret leftover = UK_SECRET_NONE;
    struct uk_serve one = make_serve();

    uk_serve_leftover(&one, &leftover);
    assert_int_equal(seen.closed, 0);
    assert_int_equal(uk_secret_set(&leftover, "refresh-1", 9, &err), UK_OK);
    play.close = UK_TIMEOUT; /* which is nobody's business */
    uk_serve_leftover(&one, &leftover);
    assert_int_equal(seen.closed, 1);
    assert_string_equal(seen.refresh, "refresh-1");
    assert_false(uk_deadline_passed(seen.by));
    uk_secret_clear(&leftover);
}

/* Who asked has gone: the session that was to be theirs is ended. */
static void
test_gone(void **state)
{
    struct uk_request request = make_request(UK_OP_LOGIN, false, true);
    struct uk_secret leftover = UK_SECRET_NONE;
    struct uk_serve one = make_serve();
    struct uk_peer parent = {.parent = true};

    send_request(&request);
    uk_io_close(&fd[0]);
    uk_serve_one(&one, fd[1], &parent, &leftover);
    assert_string_equal(uk_secret_peek(&leftover), "refresh-1");
    uk_secret_clear(&leftover);
}

/* The longest token that there can be. */
static void
test_long_token(void **state)
{
    struct uk_secret leftover = UK_SECRET_NONE;
    struct uk_answer answer;

    play.token_len = UK_SECRET_MAX;
    serve(make_request(UK_OP_LOGIN, false, true), &answer, &leftover);
    assert_int_equal(answer.verdict, UK_GRANTED);
    assert_int_equal(answer.tokens.refresh.len, UK_SECRET_MAX);
    uk_answer_clear(&answer);
}

/* Before anything of a request is believed, it is one. */
static void
test_not_a_request(void **state)
{
    struct uk_secret leftover = UK_SECRET_NONE;
    struct uk_serve one = make_serve();
    struct uk_peer parent = {.parent = true};
    struct uk_answer answer;

    assert_int_equal(send(fd[0], "hello", 5, 0), 5);
    uk_serve_one(&one, fd[1], &parent, &leftover);
    receive_answer(&answer);
    assert_int_equal(answer.code, UK_BAD_ANSWER);
    assert_int_equal(seen.opened, 0);
}

/* The time that the agent took to get ready is part of the budget, and the
 * administrator's timeout is the end of every caller's. */
static void
test_budget(void **state)
{
    struct uk_request request = make_request(UK_OP_LOGIN, false, false);
    struct uk_secret leftover = UK_SECRET_NONE;
    struct uk_serve one = make_serve();
    struct uk_peer parent = {.parent = true};
    struct uk_answer answer;
    int64_t since = uk_deadline_in(0).at_ns - 7000000000;

    one.since.at_ns = since;
    request.budget_ms = 30000;
    send_request(&request);
    uk_serve_one(&one, fd[1], &parent, &leftover);
    receive_answer(&answer);
    assert_true(seen.by.at_ns == since + 30000000000);
    uk_secret_clear(&leftover);
    tear_down(state);
    assert_int_equal(set_up(state), 0);
    settings.timeout = 5000;
    request = make_request(UK_OP_LOGIN, false, false);
    send_request(&request);
    uk_serve_one(&one, fd[1], &parent, &leftover);
    receive_answer(&answer);
    assert_true(seen.by.at_ns == since + 5000000000);
    uk_secret_clear(&leftover);
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
    assert_int_equal(uk_peer_check(&peer, &request, &err), UK_OK);
    peer = (struct uk_peer){.uid = 0};
    assert_int_equal(uk_peer_check(&peer, &request, &err), UK_OK);
    peer = (struct uk_peer){.uid = 12345};
    assert_int_equal(uk_peer_check(&peer, &request, &err), UK_INVALID);
    assert_non_null(strstr(err.text, "12345"));
    snprintf(request.user, sizeof(request.user), "no-such-user");
    assert_int_equal(uk_peer_check(&peer, &request, &err), UK_INVALID);
    request.op = UK_OP_LOGOUT;
    assert_int_equal(uk_peer_check(&peer, &request, &err), UK_OK);
    if (me != NULL && geteuid() != 0) {
        request.op = UK_OP_LOGIN;
        snprintf(request.user, sizeof(request.user), "%s", me->pw_name);
        peer = (struct uk_peer){.uid = geteuid()};
        assert_int_equal(uk_peer_check(&peer, &request, &err), UK_OK);
    }
    uk_request_clear(&request);
}

/* Who starts an agent and sends it nothing does not have it for long. */
static void
test_patience(void **state)
{
    struct uk_secret leftover = UK_SECRET_NONE;
    struct uk_serve one = make_serve();
    struct uk_peer parent = {.uid = 12345, .parent = true};
    struct uk_deadline long_after = uk_deadline_in(20000);
    struct uk_answer answer;

    settings.timeout = 100;
    uk_serve_one(&one, fd[1], &parent, &leftover);
    assert_false(uk_deadline_passed(long_after));
    receive_answer(&answer);
    assert_int_equal(answer.code, UK_TIMEOUT);
    assert_int_equal(seen.opened, 0);
}

/* One that waits for connections has time for who is on their way. */
static void
test_patience_with_others(void **state)
{
    struct uk_secret leftover = UK_SECRET_NONE;
    struct uk_serve one = make_serve();
    struct uk_peer other = {.uid = 0};
    struct uk_answer answer;
    int status;
    pid_t pid;

    settings.timeout = 1;
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct uk_request request = make_request(UK_OP_LOGIN, false, false);

        uk_deadline_wait(uk_deadline_in(300));
        send_request(&request);
        _exit(0);
    }
    uk_serve_one(&one, fd[1], &other, &leftover);
    receive_answer(&answer);
    assert_int_equal(answer.code, UK_OK);
    assert_int_equal(seen.opened, 1);
    uk_secret_clear(&leftover);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* A stranger on the socket is told so, and the service is not asked. */
static void
test_stranger(void **state)
{
    struct uk_request request = make_request(UK_OP_LOGIN, false, false);
    struct uk_secret leftover = UK_SECRET_NONE;
    struct uk_serve one = make_serve();
    struct uk_peer stranger = {.uid = 12345};
    struct uk_answer answer;

    snprintf(request.user, sizeof(request.user), "root");
    send_request(&request);
    uk_serve_one(&one, fd[1], &stranger, &leftover);
    receive_answer(&answer);
    assert_int_equal(answer.code, UK_INVALID);
    assert_int_equal(seen.opened, 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_table),      TEST(test_logout),
        TEST(test_leftover),   TEST(test_gone),
        TEST(test_long_token), TEST(test_not_a_request),
        TEST(test_budget),     TEST(test_failure),
        TEST(test_peer),       TEST(test_stranger),
        TEST(test_patience),   TEST(test_patience_with_others),
    };

    return cmocka_run_group_tests_name("agent_serve", tests, NULL, NULL);
}
