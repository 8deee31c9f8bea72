/* HTTPS against a service that lies (tests/unit/liar.py). */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/https.h"
#include "core/httpsmany.h"
#include "core/str.h"

#define SHORT_MS 400   /* a deadline that is meant to pass */
#define LONG_MS  20000 /* one that is not */
#define SOON_MS  20000 /* "did not hang", on a machine that is busy */

static char folder[] = "/tmp/userkey-https-XXXXXX";
static pid_t liar;
static int liar_stdin;

static struct port {
    char name[32];
    int number;
} ports[64];
static size_t n_ports;

/* The resolver of the tests: two names of our own.  libcurl calls this one. */
int getaddrinfo(const char *name, const char *service,
                const struct addrinfo *hints, struct addrinfo **out)
    __attribute__((visibility("default")));
int
getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
            struct addrinfo **out)
{
    static const struct in_addr loopback = {.s_addr = 0x0100007f};
    struct {
        struct addrinfo info;
        struct sockaddr_in address;
    } * found;

    if (strcmp(name, "blackhole.example") == 0)
        sleep(60);
    if (strcmp(name, "127.0.0.1") != 0 && strcmp(name, "localhost") != 0)
        return EAI_NONAME;
    found = calloc(1, sizeof(*found));
    if (found == NULL)
        return EAI_MEMORY;
    found->address = (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_port = htons((in_port_t)strtoul(service, NULL, 10)),
        .sin_addr = loopback,
    };
    found->info = (struct addrinfo){
        .ai_family = AF_INET,
        .ai_socktype = SOCK_STREAM,
        .ai_protocol = IPPROTO_TCP,
        .ai_addrlen = sizeof(found->address),
        .ai_addr = (struct sockaddr *)&found->address,
    };
    *out = &found->info;
    return 0;
}

void freeaddrinfo(struct addrinfo *info) __attribute__((visibility("default")));
void
freeaddrinfo(struct addrinfo *info)
{
    free(info);
}

static int
port(const char *name)
{
    for (size_t i = 0; i < n_ports; i++) {
        if (strcmp(ports[i].name, name) == 0)
            return ports[i].number;
    }
    fail_msg("no listener '%s'", name);
    return 0;
}

static const char *
path_of(const char *name)
{
    static char path[2][256];
    static unsigned turn;

    turn = !turn;
    snprintf(path[turn], sizeof(path[turn]), "%s/%s", folder, name);
    return path[turn];
}

/* What the liar has seen, from the byte before on. */
static char *
seen(long from)
{
    FILE *file = fopen(path_of("seen"), "r");
    static char text[1 << 20];
    size_t len;

    assert_non_null(file);
    assert_int_equal(fseek(file, from, SEEK_SET), 0);
    len = fread(text, 1, sizeof(text) - 1, file);
    text[len] = '\0';
    fclose(file);
    return text;
}

static long
seen_so_far(void)
{
    return (long)strlen(seen(0));
}

static int
count(const char *text, const char *what)
{
    int n = 0;

    while ((text = strstr(text, what)) != NULL) {
        text += strlen(what);
        n++;
    }
    return n;
}

static long
now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Settings for these listeners, the certificate authority known. */
static struct uk_settings
settings_for(const char *scheme, const char *host, const char *names)
{
    struct uk_settings settings = {.timeout = 0};
    char copy[256], *name, *rest = copy;

    snprintf(copy, sizeof(copy), "%s", names);
    while ((name = strsep(&rest, " ")) != NULL)
        snprintf(settings.service_url.item[settings.service_url.count++],
                 UK_CONF_VALUE, "%s://%s:%d", scheme, host, port(name));
    if (strcmp(scheme, "https") == 0)
        snprintf(settings.ca_file, UK_CONF_VALUE, "%s", path_of("ca.pem"));
    return settings;
}

static struct uk_https *
open_https(const struct uk_settings *settings)
{
    struct uk_err err = UK_ERR_NONE;
    struct uk_https *https = NULL;

    if (uk_https_new(settings, &https, &err) != UK_OK)
        fail_msg("%s", err.text);
    return https;
}

static enum uk_code
ask(struct uk_https *https, const char *method, const char *path, unsigned ms,
    struct uk_https_reply *reply, struct uk_err *err)
{
    struct uk_https_ask question = {.method = method, .path = path};

    *reply = (struct uk_https_reply){.status = -1};
    *err = (struct uk_err)UK_ERR_NONE;
    return uk_https_exchange(https, &question, uk_deadline_in(ms), reply, err);
}

/* One GET with a new connection. */
static enum uk_code
ask_once(const struct uk_settings *settings, const char *path, unsigned ms,
         struct uk_https_reply *reply, struct uk_err *err)
{
    struct uk_https *https = open_https(settings);
    long begun = now_ms();
    enum uk_code code = ask(https, "GET", path, ms, reply, err);

    uk_https_free(https);
    assert_true(now_ms() - begun < SOON_MS + (ms == LONG_MS ? LONG_MS : 0));
    if (code != UK_OK)
        assert_int_equal(reply->status, -1);
    assert_int_equal(err->code, code);
    assert_true(uk_str_is_printable(err->text));
    return code;
}

/* What came out is what the row says. */
static void
expect(const char *what, enum uk_code code, enum uk_code wanted,
       const char *words, const struct uk_err *err)
{
    if (code != wanted)
        fail_msg("%s: %s: %s", what, uk_code_word(code), err->text);
    if (words != NULL && strstr(err->text, words) == NULL)
        fail_msg("%s: '%s' has no '%s'", what, err->text, words);
}

static const struct {
    const char *path;
    int status;
    const char *body;
} good[] = {
    {"/good", 200, "{\"a\":1}"},
    {"/charset", 200, "{\"a\":1}"},
    {"/case", 200, "{\"a\":1}"},
    {"/slow-pieces", 200, "{\"a\":1}"},
    {"/empty", 200, ""},
    {"/no-content", 204, ""},
    {"/chunked", 200, "{\"a\":1}"},
    {"/interim", 200, "{\"a\":1}"},
    {"/cookie", 200, "{\"a\":1}"},
    {"/refused", 401, "{\"error\":\"unauthorized\"}"},
    {"/forbidden", 403, ""},
    {"/broken", 500, "{}"},
    {"/redirect", 302, ""},
    {"/redirect-307", 307, ""},
};

static void
check_good(const char *scheme, const char *listener)
{
    struct uk_settings settings = settings_for(scheme, "127.0.0.1", listener);
    struct uk_https *https = open_https(&settings);
    long from = seen_so_far();

    for (size_t i = 0; i < UK_COUNT(good); i++) {
        struct uk_https_reply reply;
        struct uk_err err;

        expect(good[i].path,
               ask(https, "GET", good[i].path, LONG_MS, &reply, &err), UK_OK,
               NULL, &err);
        assert_int_equal(reply.status, good[i].status);
        assert_string_equal(uk_buf_peek(&reply.body), good[i].body);
        assert_int_equal(reply.body.len, strlen(good[i].body));
        assert_int_equal(reply.retry_after_s, 0);
        uk_https_reply_clear(&reply);
    }
    uk_https_free(https);
    /* All on one connection; nobody followed a redirect or kept a cookie. */
    assert_int_equal(count(seen(from), " connection"), 1);
    assert_int_equal(count(seen(from), "ookie:"), 0);
}

static void
test_good(void **state)
{
    check_good("https", "tls");
    check_good("https", "tls12");
    check_good("http", "plain");
}

static const struct {
    const char *path;
    enum uk_code code;
    const char *words;
} lies[] = {
    {"/html", UK_BAD_ANSWER, "status 200"},
    {"/html-502", UK_BAD_ANSWER, "status 502"},
    {"/type-begins", UK_BAD_ANSWER, "application/json"},
    {"/no-type", UK_BAD_ANSWER, "application/json"},
    {"/two-types", UK_BAD_ANSWER, "two content types"},
    {"/204-body", UK_BAD_ANSWER, "204 with a body"},
    {"/204-chunked", UK_BAD_ANSWER, "204 with a body"},
    {"/huge", UK_BAD_ANSWER, "65536"},
    {"/huge-announced", UK_BAD_ANSWER, "65536"},
    {"/huge-chunked", UK_BAD_ANSWER, "65536"},
    {"/huge-one-chunk", UK_BAD_ANSWER, "65536"},
    {"/cut", UK_BAD_ANSWER, "cut off"},
    {"/cut-hard", UK_BAD_ANSWER, "cut off"},
    {"/cut-head", UK_BAD_ANSWER, NULL},
    {"/no-length", UK_BAD_ANSWER, "how long"},
    {"/cut-no-length", UK_BAD_ANSWER, "how long"},
    {"/cut-chunked", UK_BAD_ANSWER, "cut off"},
    {"/cut-in-chunk", UK_BAD_ANSWER, "cut off"},
    {"/bad-chunk", UK_BAD_ANSWER, NULL},
    {"/trailer", UK_BAD_ANSWER, "behind its body"},
    {"/gzip", UK_BAD_ANSWER, "compressed"},
    {"/gzip-transfer", UK_BAD_ANSWER, "chunked"},
    {"/length-and-chunks", UK_BAD_ANSWER, "chunks and a length"},
    {"/two-lengths", UK_BAD_ANSWER, "twice"},
    {"/same-length-twice", UK_BAD_ANSWER, "twice"},
    {"/length-list", UK_BAD_ANSWER, "length"},
    {"/length-plus", UK_BAD_ANSWER, "length"},
    {"/length-minus", UK_BAD_ANSWER, NULL},
    {"/length-hex", UK_BAD_ANSWER, "length"},
    {"/http-0.9", UK_BAD_ANSWER, NULL},
    {"/http-1.0", UK_BAD_ANSWER, "HTTP/1.1"},
    {"/http-1.2", UK_BAD_ANSWER, NULL},
    {"/garbage", UK_BAD_ANSWER, NULL},
    {"/status-099", UK_BAD_ANSWER, NULL},
    {"/status-999", UK_BAD_ANSWER, NULL},
    {"/status-20", UK_BAD_ANSWER, NULL},
    {"/status-2000", UK_BAD_ANSWER, NULL},
    {"/switch", UK_BAD_ANSWER, "101"},
    {"/space-colon", UK_BAD_ANSWER, "name: value"},
    {"/folded", UK_BAD_ANSWER, NULL},
    {"/control", UK_BAD_ANSWER, "control character"},
    {"/nul", UK_BAD_ANSWER, NULL},
    {"/no-colon", UK_BAD_ANSWER, NULL},
    {"/head-flood", UK_BAD_ANSWER, NULL},
    {"/long-line", UK_BAD_ANSWER, NULL},
    {"/interim-flood", UK_BAD_ANSWER, "16384"},
    {"/nothing", UK_UNREACHABLE,
     "hung up without an answer; does 'service_url'"},
    {"/reset", UK_UNREACHABLE, "hung up without an answer; does 'service_url'"},
    {"/cut-status", UK_UNREACHABLE,
     "hung up without an answer; does 'service_url'"},
};

static void
test_lies(void **state)
{
    struct uk_settings settings[] = {
        settings_for("https", "127.0.0.1", "tls"),
        settings_for("https", "localhost", "tls12"),
        settings_for("http", "127.0.0.1", "plain"),
    };

    for (size_t i = 0; i < UK_COUNT(lies); i++) {
        for (size_t j = 0; j < UK_COUNT(settings); j++) {
            struct uk_https_reply reply;
            struct uk_err err;

            expect(lies[i].path,
                   ask_once(&settings[j], lies[i].path, LONG_MS, &reply, &err),
                   lies[i].code, lies[i].words, &err);
            /* What was asked for may be done: the server has the request. */
            assert_int_equal(err.stage, UK_STAGE_ANSWER);
        }
    }
}

/* What never ends is ended by the deadline, and the stage is named. */
static void
test_time(void **state)
{
    static const struct {
        const char *scheme, *host, *listener, *path;
        enum uk_stage stage;
        const char *words; /* what to look at; all name 'timeout' too */
    } rows[] = {
        {"https", "127.0.0.1", "tls", "/hang", UK_STAGE_ANSWER,
         "is the service busy"},
        {"https", "127.0.0.1", "tls", "/hang-in-body", UK_STAGE_ANSWER,
         "is the service busy"},
        {"https", "127.0.0.1", "tls", "/drip-status", UK_STAGE_ANSWER,
         "is the service busy"},
        {"https", "127.0.0.1", "tls", "/drip-head", UK_STAGE_ANSWER,
         "is the service busy"},
        {"https", "127.0.0.1", "tls", "/drip-body", UK_STAGE_ANSWER,
         "is the service busy"},
        {"https", "127.0.0.1", "tls", "/drip-chunks", UK_STAGE_ANSWER,
         "is the service busy"},
        {"http", "127.0.0.1", "plain", "/hang", UK_STAGE_ANSWER,
         "is the service busy"},
        {"https", "127.0.0.1", "mute", "/good", UK_STAGE_TLS,
         "is the service busy"},
        {"https", "127.0.0.1", "nowhere", "/good", UK_STAGE_CONNECT,
         "is a firewall between"},
        {"https", "blackhole.example", "tls", "/good", UK_STAGE_RESOLVE,
         "does DNS work here"},
    };

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        struct uk_settings settings =
            settings_for(rows[i].scheme, rows[i].host, rows[i].listener);
        struct uk_https_reply reply;
        struct uk_err err;

        enum uk_code code;

        /* A machine that is busy may need more, to get to that stage. */
        for (unsigned ms = SHORT_MS; ms < LONG_MS; ms *= 3) {
            code = ask_once(&settings, rows[i].path, ms, &reply, &err);
            if (code != UK_TIMEOUT || err.stage == rows[i].stage)
                break;
        }
        expect(rows[i].path, code, UK_TIMEOUT, rows[i].words, &err);
        assert_non_null(strstr(err.text, "is 'timeout' too short?"));
        if (err.stage != rows[i].stage)
            fail_msg("%s at '%s': stage %s: %s", rows[i].path, rows[i].listener,
                     uk_stage_word(err.stage), err.text);
    }
}

/* A deadline that has passed already asks nobody. */
static void
test_no_time(void **state)
{
    struct uk_settings settings = settings_for("https", "127.0.0.1", "tls");
    struct uk_https_reply reply;
    struct uk_err err;

    expect("no time", ask_once(&settings, "/hang", 0, &reply, &err), UK_TIMEOUT,
           NULL, &err);
}

static const struct {
    const char *host, *listener;
    enum uk_code code;
    const char *words;
} strangers[] = {
    {"127.0.0.1", "wrong-name", UK_TLS, "another name; set 'service_url' to"},
    {"localhost", "wrong-name", UK_TLS, "another name"},
    {"127.0.0.1", "wrong-address", UK_TLS, "another name"},
    {"127.0.0.1", "only-common-name", UK_TLS, "subjectAltName"},
    {"127.0.0.1", "expired", UK_TLS,
     "expired; put a new one in its place on the service's machine"},
    {"127.0.0.1", "for-clients", UK_TLS,
     "not for servers; put a new one in its place"},
    {"127.0.0.1", "wrong-ca", UK_TLS,
     "not known here; set 'ca_file' to the file of its CA"},
    {"127.0.0.1", "self-signed", UK_TLS, "self-signed; set 'ca_file'"},
    {"127.0.0.1", "tls11", UK_TLS, "TLS 1.2"},
    {"127.0.0.1", "speaks-http", UK_TLS,
     "does not speak TLS; is the port in 'service_url' right?"},
    {"127.0.0.1", "wants-client", UK_TLS, "client_certificate"},
    {"127.0.0.1", "wants-client12", UK_TLS, "client_certificate"},
    {"127.0.0.1", "closed", UK_UNREACHABLE,
     "connecting: Connection refused; is 'service_url' right, and does "
     "userkey-server run there?"},
    {"nobody.example", "tls", UK_UNREACHABLE,
     "no address; is 'service_url' right"},
};

static void
test_strangers(void **state)
{
    for (size_t i = 0; i < UK_COUNT(strangers); i++) {
        struct uk_settings settings =
            settings_for("https", strangers[i].host, strangers[i].listener);
        long from = seen_so_far();
        struct uk_https_reply reply;
        struct uk_err err;

        expect(strangers[i].listener,
               ask_once(&settings, "/good", LONG_MS, &reply, &err),
               strangers[i].code, strangers[i].words, &err);
        if (strangers[i].code == UK_UNREACHABLE) /* nothing was sent */
            assert_int_equal(err.stage, UK_STAGE_NONE);
        assert_int_equal(count(seen(from), " request"), 0);
    }
}

/* Without a CA file the system's folder counts, which does not know ours. */
static void
test_system_authorities(void **state)
{
    struct uk_settings settings = settings_for("https", "127.0.0.1", "tls");
    struct uk_https_reply reply;
    struct uk_err err;

    settings.ca_file[0] = '\0';
    expect("no ca_file", ask_once(&settings, "/good", LONG_MS, &reply, &err),
           UK_TLS, "not known", &err);
}

/* The pin of the server's key, made with the openssl program. */
static void
read_pin(char pin[UK_CONF_VALUE])
{
    char command[512];
    FILE *pipe;

    snprintf(command, sizeof(command),
             "openssl pkey -in %s -pubout -outform DER 2>/dev/null |"
             " openssl dgst -sha256 -binary | openssl base64 -A",
             path_of("server.key"));
    pipe = popen(command, "r");
    assert_non_null(pipe);
    memcpy(pin, "sha256//", 8);
    assert_non_null(fgets(pin + 8, UK_CONF_VALUE - 8, pipe));
    assert_int_equal(pclose(pipe), 0);
    assert_int_equal(strlen(pin), 8 + 44);
}

static void
test_pin(void **state)
{
    struct uk_settings settings = settings_for("https", "127.0.0.1", "tls");
    struct uk_https_reply reply;
    struct uk_err err;
    char *digit;

    read_pin(settings.pinned_public_key);
    expect("pin", ask_once(&settings, "/good", LONG_MS, &reply, &err), UK_OK,
           NULL, &err);
    uk_https_reply_clear(&reply);
    digit = &settings.pinned_public_key[10];
    *digit = *digit == 'A' ? 'B' : 'A';
    expect("other pin", ask_once(&settings, "/good", LONG_MS, &reply, &err),
           UK_TLS, "pinned_public_key", &err);
}

static void
set_client(struct uk_settings *settings, const char *certificate,
           const char *key)
{
    snprintf(settings->client_certificate, UK_CONF_VALUE, "%s",
             path_of(certificate));
    snprintf(settings->client_key, UK_CONF_VALUE, "%s", path_of(key));
}

static void
test_client_certificate(void **state)
{
    static const struct {
        const char *certificate, *key;
        enum uk_code code;
        const char *words;
    } rows[] = {
        {"client.pem", "client.key", UK_OK, NULL},
        {"wrong-ca.pem", "wrong-ca.key", UK_TLS, "refuses"},
        {"client.pem", "server.key", UK_MISCONFIGURED, "not a pair"},
        {"client.pem", "client-locked.key", UK_MISCONFIGURED, "encrypted"},
    };

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        struct uk_settings settings =
            settings_for("https", "127.0.0.1", "wants-client");
        struct uk_https_reply reply;
        struct uk_err err;

        set_client(&settings, rows[i].certificate, rows[i].key);
        expect(rows[i].key, ask_once(&settings, "/good", LONG_MS, &reply, &err),
               rows[i].code, rows[i].words, &err);
        if (rows[i].code == UK_OK)
            uk_https_reply_clear(&reply);
    }
}

/* Files are read, and judged, when the service is prepared. */
static void
test_files(void **state)
{
    static const struct {
        const char *ca, *certificate, *key;
        const char *words;
    } rows[] = {
        {"no-such-file", NULL, NULL, "ca_file"},
        {"server.ext", NULL, NULL, "BEGIN CERTIFICATE"},
        {"ca.pem", "client.key", "client.key", "client_certificate"},
        {"ca.pem", "client.pem", "client.pem", "client_key"},
        {"ca.pem", "client.pem", "no-such-file", "client_key"},
    };

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        struct uk_settings settings = settings_for("https", "127.0.0.1", "tls");
        struct uk_err err = UK_ERR_NONE;
        struct uk_https *https = NULL;

        snprintf(settings.ca_file, UK_CONF_VALUE, "%s", path_of(rows[i].ca));
        if (rows[i].certificate != NULL)
            set_client(&settings, rows[i].certificate, rows[i].key);
        expect(rows[i].words, uk_https_new(&settings, &https, &err),
               UK_MISCONFIGURED, rows[i].words, &err);
        assert_null(https);
    }
}

/* The next server is asked only where nothing was sent to the one before. */
static void
test_servers(void **state)
{
    static const struct {
        const char *listeners, *path;
        unsigned ms;
        enum uk_code code;
        const char *words, *also;
        int requests;
    } rows[] = {
        {"closed tls2", "/good", LONG_MS, UK_OK, NULL, NULL, 1},
        {"expired tls2", "/good", LONG_MS, UK_OK, NULL, NULL, 1},
        {"nowhere tls2", "/good", 6000, UK_OK, NULL, NULL, 1},
        {"mute tls2", "/good", 6000, UK_OK, NULL, NULL, 1},
        {"closed expired tls2", "/good", LONG_MS, UK_OK, NULL, NULL, 1},
        {"tls closed", "/good", LONG_MS, UK_OK, NULL, NULL, 1},
        {"tls tls2", "/hang", 4000, UK_TIMEOUT, "answer", NULL, 1},
        {"tls tls2", "/nothing", LONG_MS, UK_UNREACHABLE,
         "hung up without an answer; does 'service_url'", NULL, 1},
        {"tls tls2", "/cut", LONG_MS, UK_BAD_ANSWER, "cut off", NULL, 1},
        {"tls tls2", "/broken", LONG_MS, UK_OK, NULL, NULL, 1},
        {"closed expired", "/good", LONG_MS, UK_TLS, "refused", "expired", 0},
        {"expired closed", "/good", LONG_MS, UK_UNREACHABLE, "refused",
         "expired", 0},
    };

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        struct uk_settings settings =
            settings_for("https", "127.0.0.1", rows[i].listeners);
        long from = seen_so_far();
        struct uk_https_reply reply;
        struct uk_err err;

        expect(rows[i].listeners,
               ask_once(&settings, rows[i].path, rows[i].ms, &reply, &err),
               rows[i].code, rows[i].words, &err);
        expect(rows[i].listeners, rows[i].code, rows[i].code, rows[i].also,
               &err);
        assert_int_equal(count(seen(from), " request"), rows[i].requests);
        if (rows[i].code == UK_OK)
            uk_https_reply_clear(&reply);
    }
}

/* The one that answered is asked first from then on. */
static void
test_server_is_kept(void **state)
{
    struct uk_settings settings =
        settings_for("https", "127.0.0.1", "nowhere tls2");
    struct uk_https *https = open_https(&settings);
    struct uk_https_reply reply;
    struct uk_err err;

    expect("first", ask(https, "GET", "/good", 6000, &reply, &err), UK_OK, NULL,
           &err);
    uk_https_reply_clear(&reply);
    for (int i = 0; i < 3; i++) {
        long begun = now_ms();

        expect("then", ask(https, "GET", "/good", LONG_MS, &reply, &err), UK_OK,
               NULL, &err);
        /* Half of LONG_MS would have gone to the other one. */
        assert_true(now_ms() - begun < LONG_MS / 2);
        uk_https_reply_clear(&reply);
    }
    uk_https_free(https);
}

/* What is sent, to the byte. */
static void
test_request(void **state)
{
    struct uk_settings settings = settings_for("http", "127.0.0.1", "plain");
    struct uk_https *https = open_https(&settings);
    struct uk_secret token = UK_SECRET_NONE;
    struct uk_buf body = UK_BUF_UP_TO(100);
    struct uk_err err = UK_ERR_NONE;
    static const struct {
        const char *method;
        bool bearer, body;
        const char *sent;
    } rows[] = {
        {"GET", false, false, ""},
        {"GET", true, false, "Authorization: Bearer abc.def.ghi|"},
        {"DELETE", true, false, "Authorization: Bearer abc.def.ghi|"},
        {"PUT", true, false,
         "Authorization: Bearer abc.def.ghi|Content-Length: 0|"},
        {"POST", false, false, "Content-Length: 0|"},
        {"POST", true, true,
         "Content-Type: application/json|Authorization: Bearer abc.def.ghi|"
         "Content-Length: 9|"},
    };

    assert_int_equal(uk_secret_set(&token, "abc.def.ghi", 11, &err), UK_OK);
    uk_buf_add_text(&body, "{\"k\":\"v\"}");
    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        struct uk_https_ask question = {
            .method = rows[i].method,
            .path = "/good",
            .bearer = rows[i].bearer ? &token : NULL,
            .body = rows[i].body ? &body : NULL,
        };
        struct uk_https_reply reply;
        long from = seen_so_far();
        char wanted[512], *line;

        expect(rows[i].method,
               uk_https_exchange(https, &question, uk_deadline_in(LONG_MS),
                                 &reply, &err),
               UK_OK, NULL, &err);
        uk_https_reply_clear(&reply);
        snprintf(wanted, sizeof(wanted),
                 "plain request %s /good HTTP/1.1|Host: 127.0.0.1:%d|"
                 "User-Agent: userkey/0.1|Accept: application/json|%s",
                 rows[i].method, port("plain"), rows[i].sent);
        if (rows[i].body) /* libcurl puts the length last */
            wanted[strlen(wanted) - 1] = '\0';
        else
            wanted[strlen(wanted) - 1] = '\0';
        strcat(wanted, rows[i].body ? " {\"k\":\"v\"}\n" : " \n");
        line = strstr(seen(from), "plain request");
        assert_non_null(line);
        assert_string_equal(line, wanted);
    }
    uk_buf_clear(&body);
    uk_secret_clear(&token);
    uk_https_free(https);
}

/* A token with a line feed in it would be a line more: nothing is sent. */
static void
test_token_is_one_line(void **state)
{
    struct uk_settings settings = settings_for("http", "127.0.0.1", "plain");
    struct uk_https *https = open_https(&settings);
    struct uk_secret token = UK_SECRET_NONE;
    struct uk_err err = UK_ERR_NONE;
    struct uk_https_reply reply = {.status = -1};
    struct uk_https_ask question = {
        .method = "GET", .path = "/good", .bearer = &token};
    long from = seen_so_far();

    assert_int_equal(uk_secret_set(&token, "a\r\nX-Evil: 1", 12, &err), UK_OK);
    assert_int_not_equal(uk_https_exchange(https, &question,
                                           uk_deadline_in(LONG_MS), &reply,
                                           &err),
                         UK_OK);
    assert_int_equal(reply.status, -1);
    assert_string_equal(seen(from), "");
    uk_secret_clear(&token);
    uk_https_free(https);
}

static void
test_reply_fields(void **state)
{
    struct uk_settings settings = settings_for("https", "127.0.0.1", "tls");
    struct uk_https_reply reply;
    struct uk_err err;

    expect("ids", ask_once(&settings, "/ids", LONG_MS, &reply, &err), UK_OK,
           NULL, &err);
    assert_string_equal(reply.request_id, "5f-e1");
    assert_int_equal(reply.retry_after_s, 17);
    uk_https_reply_clear(&reply);
    uk_https_reply_clear(&reply);
    expect("odd", ask_once(&settings, "/odd-ids", LONG_MS, &reply, &err), UK_OK,
           NULL, &err);
    assert_string_equal(reply.request_id, "");
    assert_int_equal(reply.retry_after_s, 0);
    uk_https_reply_clear(&reply);
    expect("long", ask_once(&settings, "/long-id", LONG_MS, &reply, &err),
           UK_OK, NULL, &err);
    assert_string_equal(reply.request_id, "");
    uk_https_reply_clear(&reply);
}

/* The second of two answers is not taken for the answer to what is asked
 * next. */
static void
test_two_answers(void **state)
{
    struct uk_settings settings = settings_for("https", "127.0.0.1", "tls");
    struct uk_https *https = open_https(&settings);
    struct uk_https_reply reply;
    struct uk_err err;

    for (int i = 0; i < 4; i++) {
        const char *path = i % 2 == 0 ? "/two-answers" : "/good";

        expect(path, ask(https, "GET", path, LONG_MS, &reply, &err), UK_OK,
               NULL, &err);
        assert_string_equal(uk_buf_peek(&reply.body), "{\"a\":1}");
        uk_https_reply_clear(&reply);
    }
    uk_https_free(https);
}

/* A kept connection that dies under the second request: what is asked may be
 * asked again, what is done may not be done again. */
static void
test_dead_connection(void **state)
{
    static const struct {
        const char *method;
        enum uk_code code;
        int requests;
    } rows[] = {
        {"GET", UK_OK, 2},
        {"POST", UK_UNREACHABLE, 1},
    };

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        struct uk_settings settings = settings_for("https", "127.0.0.1", "tls");
        struct uk_https *https = open_https(&settings);
        struct uk_https_reply reply;
        struct uk_err err;
        long from;

        expect("first", ask(https, "GET", "/good", LONG_MS, &reply, &err),
               UK_OK, NULL, &err);
        uk_https_reply_clear(&reply);
        from = seen_so_far();
        expect(rows[i].method,
               ask(https, rows[i].method, "/second/nothing", LONG_MS, &reply,
                   &err),
               rows[i].code, NULL, &err);
        assert_int_equal(count(seen(from), " request"), rows[i].requests);
        if (rows[i].code == UK_OK)
            uk_https_reply_clear(&reply);
        uk_https_free(https);
    }
}

/* The proxy is the one of the settings, whatever the environment says; it
 * sees neither token nor path. */
static void
test_proxy(void **state)
{
    struct uk_settings settings = settings_for("https", "127.0.0.1", "tls");
    struct uk_secret token = UK_SECRET_NONE;
    struct uk_https_ask question = {
        .method = "GET", .path = "/good", .bearer = &token};
    long from = seen_so_far();
    struct uk_https_reply reply;
    struct uk_err err = UK_ERR_NONE;
    struct uk_https *https;
    char *line;

    assert_int_equal(uk_secret_set(&token, "abc", 3, &err), UK_OK);
    snprintf(settings.proxy, UK_CONF_VALUE, "http://127.0.0.1:%d",
             port("proxy"));
    setenv("no_proxy", "*", 1);
    setenv("NO_PROXY", "127.0.0.1", 1);
    https = open_https(&settings);
    expect("proxy",
           uk_https_exchange(https, &question, uk_deadline_in(LONG_MS), &reply,
                             &err),
           UK_OK, NULL, &err);
    assert_string_equal(uk_buf_peek(&reply.body), "{\"a\":1}");
    uk_https_reply_clear(&reply);
    uk_https_free(https);
    uk_secret_clear(&token);
    line = strstr(seen(from), "proxy request CONNECT 127.0.0.1:");
    assert_non_null(line);
    *strchr(line, '\n') = '\0';
    assert_null(strstr(line, "Bearer"));
    assert_null(strstr(line, "good"));

    snprintf(settings.proxy, UK_CONF_VALUE, "http://127.0.0.1:%d",
             port("proxy-no"));
    expect("proxy-no", ask_once(&settings, "/good", LONG_MS, &reply, &err),
           UK_UNREACHABLE, "status 403", &err);
    snprintf(settings.proxy, UK_CONF_VALUE, "http://127.0.0.1:%d",
             port("closed"));
    expect("no proxy", ask_once(&settings, "/good", LONG_MS, &reply, &err),
           UK_UNREACHABLE, NULL, &err);
    assert_int_equal(count(seen(from), "tls connection"), 1);
    unsetenv("no_proxy");
    unsetenv("NO_PROXY");
}

/* The environment was full of traps before the first exchange: see main(). */
static void
test_environment(void **state)
{
    assert_int_equal(count(seen(0), "proxy-env"), 0);
    assert_int_equal(access(path_of("keylog"), F_OK), -1);
    assert_int_equal(errno, ENOENT);
}

static void
test_http2(void **state)
{
    static const struct {
        const char *listener;
        enum uk_code code;
        const char *words;
    } rows[] = {
        {"h2-good", UK_OK, NULL},
        {"h2-length", UK_OK, NULL},
        {"h2-short", UK_BAD_ANSWER, NULL},
        {"h2-cut", UK_BAD_ANSWER, NULL},
        {"h2-reset", UK_BAD_ANSWER, NULL},
        {"h2-huge", UK_BAD_ANSWER, "65536"},
        {"h2-html", UK_BAD_ANSWER, "application/json"},
        {"h2-trailer", UK_BAD_ANSWER, NULL},
    };

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        struct uk_settings settings =
            settings_for("https", "127.0.0.1", rows[i].listener);
        struct uk_https_reply reply;
        struct uk_err err;

        expect(rows[i].listener,
               ask_once(&settings, "/good", LONG_MS, &reply, &err),
               rows[i].code, rows[i].words, &err);
        if (rows[i].code == UK_OK) {
            assert_string_equal(uk_buf_peek(&reply.body), "{\"a\":1}");
            uk_https_reply_clear(&reply);
        }
    }
}

/* HTTP/2 lets a connection stand whose first question was taken back: the next
 * one does not go over it. */
static void
test_http2_stranger(void **state)
{
    struct uk_settings settings =
        settings_for("https", "127.0.0.1", "h2-only-common-name");
    long from = seen_so_far();
    struct uk_https *https = NULL;
    struct uk_err err;

    assert_int_equal(uk_https_new(&settings, &https, &err), UK_OK);
    for (int i = 0; i < 3; i++) {
        const struct uk_https_ask ask = {.method = "POST", .path = "/good"};
        struct uk_https_reply reply = {.status = 0};

        expect("h2-only-common-name",
               uk_https_exchange(https, &ask, uk_deadline_in(LONG_MS), &reply,
                                 &err),
               UK_TLS, "subjectAltName", &err);
    }
    assert_int_equal(count(seen(from), " request"), 0);
    uk_https_free(https);
}

/* Those that wait for the connection of another, and those that come later. */
static void
on_stranger(struct uk_flight *flight, enum uk_code code,
            struct uk_https_reply *reply, const struct uk_err *err)
{
    int *landed = flight->own;

    expect("h2-only-common-name", code, UK_TLS, "subjectAltName", err);
    uk_https_reply_clear(reply);
    uk_httpstry_clear(&flight->attempt);
    ++*landed;
}

/* Until so many have landed. */
static void
fly(struct uk_httpsmany *many, const int *landed, int wanted,
    struct uk_deadline by)
{
    while (*landed < wanted) {
        struct pollfd fd = {.fd = uk_httpsmany_fd(many), .events = POLLIN};

        assert_false(uk_deadline_passed(by));
        if (poll(&fd, 1, 5) > 0)
            uk_httpsmany_work(many);
        uk_httpsmany_wake(many);
    }
}

static void
test_http2_strangers_at_once(void **state)
{
    static struct uk_flight flights[6];
    struct uk_settings settings =
        settings_for("https", "127.0.0.1", "h2-only-common-name");
    struct uk_deadline by = uk_deadline_in(LONG_MS);
    struct uk_httpsmany *many = NULL;
    long from = seen_so_far();
    int landed = 0;
    struct uk_err err;

    assert_int_equal(uk_httpsmany_new(&settings, &many, &err), UK_OK);
    for (int i = 0; i < 6; i++) {
        flights[i] = (struct uk_flight){
            .attempt = {.server = settings.service_url.item[0],
                        .ask = {.method = "POST", .path = "/good"},
                        .twice = true,
                        .join = true},
            .connect_by = by,
            .by = by,
            .landed = on_stranger,
            .own = &landed,
        };
        assert_int_equal(uk_httpsmany_launch(many, &flights[i], &err), UK_OK);
        if (i % 3 == 2)
            fly(many, &landed, i + 1, by);
    }
    assert_int_equal(count(seen(from), " request"), 0);
    uk_httpsmany_free(many);
}

/* A process that exchanges has the signal dispositions it had before. */
static void
test_signals(void **state)
{
    struct uk_settings settings = settings_for("https", "127.0.0.1", "tls");
    struct sigaction before[NSIG], after;
    struct uk_https_reply reply;
    struct uk_err err;

    for (int i = 1; i < NSIG; i++)
        sigaction(i, NULL, &before[i]);
    expect("signals", ask_once(&settings, "/reset", LONG_MS, &reply, &err),
           UK_UNREACHABLE, NULL, &err);
    for (int i = 1; i < NSIG; i++) {
        if (sigaction(i, NULL, &after) == 0)
            assert_ptr_equal(after.sa_handler, before[i].sa_handler);
    }
}

#ifndef __SANITIZE_ADDRESS__ /* whose shadow is too large to look through */
/* How often the marker stands in writable memory of this process. */
static int
count_in_memory(const char *marker, size_t len)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[512];
    int n = 0;

    assert_non_null(maps);
    while (fgets(line, sizeof(line), maps) != NULL) {
        char *end;
        uintptr_t from = strtoul(line, &end, 16);
        uintptr_t to = strtoul(end + 1, &end, 16);

        if (strncmp(end, " rw", 3) != 0 || strstr(line, "[stack]") != NULL)
            continue;
        for (; from + len <= to; from++)
            n += memcmp((const void *)from, marker, len) == 0;
    }
    fclose(maps);
    return n;
}

/* A token and a key that were sent are nowhere when the exchange is over. */
static void
test_leaves_nothing(void **state)
{
    struct uk_settings settings = settings_for("https", "127.0.0.1", "tls");
    struct uk_https *https = open_https(&settings);
    struct uk_secret token = UK_SECRET_NONE;
    struct uk_buf body = UK_BUF_UP_TO(100);
    struct uk_err err = UK_ERR_NONE;
    struct uk_https_reply reply;
    struct uk_https_ask question = {
        .method = "POST", .path = "/echo", .bearer = &token, .body = &body};
    char marker[2][25];

    for (size_t i = 0; i < sizeof(marker[0]) - 1; i++) {
        marker[0][i] = (char)('A' + (i * 7) % 26);
        marker[1][i] = (char)('a' + (i * 11) % 26);
    }
    marker[0][24] = marker[1][24] = '\0';
    assert_int_equal(uk_secret_set(&token, marker[0], 24, &err), UK_OK);
    uk_buf_addf(&body, "{\"key\":\"%s\"}", marker[1]);
    expect("secrets",
           uk_https_exchange(https, &question, uk_deadline_in(LONG_MS), &reply,
                             &err),
           UK_OK, NULL, &err);
    assert_int_equal(count_in_memory(marker[0], 24), 1);
    assert_int_equal(count_in_memory(marker[1], 24), 2);
    uk_https_reply_clear(&reply);
    uk_https_free(https);
    uk_secret_clear(&token);
    uk_buf_clear(&body);
    assert_int_equal(count_in_memory(marker[0], 24), 0);
    assert_int_equal(count_in_memory(marker[1], 24), 0);
}
#endif

static int
start_liar(void **state)
{
    char line[128];
    int in[2], out[2];
    FILE *answers;

    if (mkdtemp(folder) == NULL || pipe(in) != 0 || pipe(out) != 0)
        return -1;
    liar = fork();
    if (liar == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        close(in[1]);
        close(out[0]);
        execlp("python3", "python3", "-W", "ignore", "tests/unit/liar.py",
               folder, NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    liar_stdin = in[1];
    answers = fdopen(out[0], "r");
    while (answers != NULL && fgets(line, sizeof(line), answers) != NULL) {
        if (strcmp(line, "ready\n") == 0)
            return 0;
        if (sscanf(line, "%31s %d", ports[n_ports].name,
                   &ports[n_ports].number) == 2)
            n_ports++;
    }
    return -1;
}

static int
stop_liar(void **state)
{
    char command[sizeof(folder) + 16];

    close(liar_stdin);
    if (liar > 0)
        waitpid(liar, NULL, 0);
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    return system(command);
}

/* Traps in the environment, then the library, as a program would. */
static int
start(void **state)
{
    struct uk_err err = UK_ERR_NONE;
    char proxy[64];

    if (start_liar(state) != 0)
        return -1;
    snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%d", port("proxy-env"));
    setenv("https_proxy", proxy, 1);
    setenv("HTTPS_PROXY", proxy, 1);
    setenv("http_proxy", proxy, 1);
    setenv("ALL_PROXY", proxy, 1);
    setenv("all_proxy", proxy, 1);
    setenv("SSLKEYLOGFILE", path_of("keylog"), 1);
    setenv("SSL_CERT_FILE", path_of("other-ca.pem"), 1);
    setenv("CURL_CA_BUNDLE", path_of("other-ca.pem"), 1);
    setenv("HOME", folder, 1);
    return uk_https_start(&err) == UK_OK ? 0 : -1;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_lies),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_no_time),
        cmocka_unit_test(test_strangers),
        cmocka_unit_test(test_system_authorities),
        cmocka_unit_test(test_pin),
        cmocka_unit_test(test_client_certificate),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_servers),
        cmocka_unit_test(test_server_is_kept),
        cmocka_unit_test(test_request),
        cmocka_unit_test(test_token_is_one_line),
        cmocka_unit_test(test_reply_fields),
        cmocka_unit_test(test_two_answers),
        cmocka_unit_test(test_dead_connection),
        cmocka_unit_test(test_proxy),
        cmocka_unit_test(test_http2),
        cmocka_unit_test(test_http2_stranger),
        cmocka_unit_test(test_http2_strangers_at_once),
        cmocka_unit_test(test_signals),
#ifndef __SANITIZE_ADDRESS__
        cmocka_unit_test(test_leaves_nothing),
#endif
        cmocka_unit_test(test_environment),
    };

    return cmocka_run_group_tests_name("https", tests, start, stop_liar);
}
