/* A service with threads and a database, and people in it. */
#include "tests/fuzz/lib_service_world.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/keytext.h"
#include "service/operate/server.h"
#include "service/request/admin_session.h"
#include "service/store/app.h"
#include "service/value/pwhash.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/lib_folder.h"

#define REPLY_MS 500
#define PATIENCE 6000 /* times 10 ms, for a port */
#define PART_MS  3    /* for what is no whole request */
#define EMAIL    "user@example.com"
#define VICTIM   "victim@example.com"

static struct uk_config config;
static struct uk_store *store;
static struct uk_secrets secrets;
static char hash_of_password[UK_PWHASH_SIZE];
static char admin_id[UK_ID_SIZE];
static struct uk_secret admin_key;
static struct sockaddr_in places[WORLD_PORTS];

/* What the names stand for. */
static char access_token[UK_TOKEN_MAX], refresh_token[UK_TOKEN_MAX];
static char admin_access[UK_TOKEN_MAX], admin_refresh[UK_TOKEN_MAX];
static char group[UK_ID_SIZE];
static struct uk_store_app app;
static struct uk_store_user user, victim;
static struct uk_store_key user_key, victim_key;
static char user_text[UK_KEYTEXT_LEN + 1], victim_text[UK_KEYTEXT_LEN + 1];

/* The machine. */

static void
must(enum uk_code code, const struct uk_err *err)
{
    if (code != UK_OK)
        fprintf(stderr, "%s\n", err->text);
    FUZZ_MUST(code == UK_OK);
}

static void *
run_server(void *context)
{
    struct uk_err err = UK_ERR_NONE;

    must(uk_server_run(&config, &err), &err);
    return NULL;
}

/* It took any ports that were free; the address tells which. */
static bool
find_listeners(void)
{
    for (int fd = 0; fd < 256; fd++) {
        struct sockaddr_in place;
        socklen_t len = sizeof(int), size = sizeof(place);
        int listens = 0;

        if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) == 0 &&
            listens != 0 &&
            getsockname(fd, (struct sockaddr *)&place, &size) == 0)
            places[place.sin_addr.s_addr == htonl(INADDR_LOOPBACK)
                       ? WORLD_SERVE
                       : WORLD_OPERATE] = place;
    }
    return places[WORLD_SERVE].sin_port != 0 &&
           places[WORLD_OPERATE].sin_port != 0;
}

static void
make_admin(void)
{
    struct uk_store_admin admin = {.name = "root"};
    enum uk_store_result result;
    struct uk_err err = UK_ERR_NONE;
    struct uk_store_hash hash;

    must(uk_keytext_make_admin(&admin_key, &err), &err);
    uk_admin_hash(secrets.pepper, uk_secret_peek(&admin_key), &hash);
    uk_admin_group(&secrets, group);
    uk_id_make(admin.id);
    memcpy(admin_id, admin.id, sizeof(admin_id));
    must(store->ops->begin(store, &err), &err);
    must(uk_store_call(store, add_admin, &admin, &hash, &result, &err), &err);
    must(store->ops->commit(store, &err), &err);
}

void
world_start(void)
{
    struct uk_secret password = UK_SECRET_NONE;
    bool made[UK_SECRETS_FILES];
    struct uk_err err = UK_ERR_NONE;
    const char *folder = folder_make();
    pthread_t thread;
    char text[1024];

    snprintf(text, sizeof(text),
             "database = sqlite:%s/userkey.db\nsecrets = %s\n"
             "listen_http = 127.0.0.1:0\nlisten_metrics = 127.0.0.2:0\n"
             "threads = 1\npassword_threads = 1\n"
             "allowed_origins = https://a.example\n"
             "log_level = error\nregistration = open\nlimit_period = 1s\n"
             "failed_logins_per_user = 100000\nlogins_per_user = 100000\n"
             "failed_logins_per_source = 100000\n"
             "new_users_per_source = 100000\n",
             folder, folder);
    must(uk_config_parse(text, strlen(text), "f", &config, &err), &err);
    must(uk_crypto_start(&err), &err);
    must(uk_secrets_create(folder, made, &err), &err);
    must(uk_secrets_load(folder, &secrets, &err), &err);
    /* An empty file becomes a database. */
    close(open(uk_store_path(config.database), O_CREAT | O_CLOEXEC, 0600));
    must(uk_store_open(config.database, UK_STORE_CLAIM, &store, &err), &err);
    must(uk_secret_set(&password, WORLD_PASSWORD, strlen(WORLD_PASSWORD), &err),
         &err);
    must(uk_pwhash_make(&password, hash_of_password, &err), &err);
    uk_secret_clear(&password);
    make_admin();
    FUZZ_MUST(pthread_create(&thread, NULL, run_server, NULL) == 0);
    while (!find_listeners())
        poll(NULL, 0, 10);
}

/* The value of a header, as a number; none is -1. */
long
world_length(const char *head)
{
    const char *at = strcasestr(head, "\r\nContent-Length:");

    return at == NULL ? -1 : strtol(at + 17, NULL, 10);
}

/* The bytes of its first whole reply; 0 if there is none yet. */
size_t
world_reply(char *bytes, size_t len)
{
    char *end = memmem(bytes, len, "\r\n\r\n", 4);
    size_t size = end == NULL ? 0 : (size_t)(end + 4 - bytes);
    long body;

    if (end == NULL)
        return 0;
    *end = '\0';
    body = world_length(bytes);
    *end = '\r';
    size += body < 0 ? 0 : (size_t)body;
    return len < size ? 0 : size;
}

/* How much of it is a body, if its head has an end. */
bool
world_body(const struct uk_buf *request, size_t *body)
{
    const char *text = uk_buf_peek(request);
    const char *end = memmem(text, request->len, "\r\n\r\n", 4);

    if (end == NULL)
        return false;
    *body = request->len - (size_t)(end + 4 - text);
    return true;
}

static bool
is_whole(const struct uk_buf *request)
{
    size_t body;
    long length;

    if (!world_body(request, &body))
        return false;
    length = world_length(request->bytes);
    return length <= 0 || (size_t)length <= body;
}

/* Send it, and read what comes.  false: the connection is over. */
bool
world_exchange(int fd, const struct uk_buf *request, char *reply, size_t *got)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    int patience = is_whole(request) ? REPLY_MS : PART_MS;
    ssize_t n;

    *got = 0;
    if (request->len > 0 &&
        send(fd, request->bytes, request->len, MSG_NOSIGNAL) < 0)
        return false;
    while (world_reply(reply, *got) == 0 && poll(&ready, 1, patience) == 1) {
        n = recv(fd, reply + *got, WORLD_ROOM - *got, MSG_DONTWAIT);
        if (n <= 0 || *got + (size_t)n == WORLD_ROOM)
            return false;
        *got += (size_t)n;
        reply[*got] = '\0';
    }
    return *got > 0;
}

int
world_dial(enum world_port port)
{
    struct linger at_once = {.l_onoff = 1};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    FUZZ_MUST(fd >= 0);
    /* No port waits behind a connection that is over. */
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    /* Ports wait behind the connections that the service ended. */
    for (unsigned i = 0; connect(fd, (struct sockaddr *)&places[port],
                                 sizeof(places[port])) != 0;
         i++) {
        FUZZ_MUST(errno == EADDRNOTAVAIL && i < PATIENCE);
        poll(NULL, 0, 10);
    }
    return fd;
}

/* A new app with a user and a victim. */

static void
add_person(struct uk_store_user *one, struct uk_store_key *key,
           const char *email, char text[UK_KEYTEXT_LEN + 1])
{
    struct uk_store_identity identity = {.provider = UK_PROVIDER_PASSWORD,
                                         .confirmed = true};
    struct uk_secret made = UK_SECRET_NONE;
    enum uk_store_result result;
    struct uk_err err = UK_ERR_NONE;
    struct uk_store_hash hash;

    *one = (struct uk_store_user){.epoch = 0};
    *key = (struct uk_store_key){.name = "one"};
    uk_id_make(one->id);
    uk_id_make(key->id);
    uk_id_make(identity.id);
    memcpy(one->app_id, app.id, sizeof(app.id));
    snprintf(identity.email, sizeof(identity.email), "%s", email);
    must(uk_keytext_make(&made, &err), &err);
    memcpy(text, made.bytes, UK_KEYTEXT_LEN + 1);
    uk_crypto_hash(UK_CRYPTO_API_KEY, secrets.pepper, made.bytes, made.len,
                   hash.bytes);
    uk_secret_clear(&made);
    must(uk_store_call(store, add_user, one, &identity, hash_of_password,
                       &result, &err),
         &err);
    must(uk_store_call(store, add_key, one, key, &hash, &result, &err), &err);
}

/* The token of that name in what a request is answered with. */
static void
take_token(const char *reply, const char *name, char out[UK_TOKEN_MAX])
{
    const char *at = strstr(reply, name);
    size_t len;

    FUZZ_MUST(at != NULL);
    at += strlen(name) + 3; /* ":" */
    len = strcspn(at, "\"");
    FUZZ_MUST(len > 0 && len < UK_TOKEN_MAX);
    memcpy(out, at, len);
    out[len] = '\0';
}

static void
log_in(const char *path, const char *body, char access[UK_TOKEN_MAX],
       char refresh[UK_TOKEN_MAX])
{
    static char reply[WORLD_ROOM + 1];
    struct uk_buf request = UK_BUF_UP_TO(WORLD_ROOM);
    int fd = world_dial(WORLD_SERVE);
    size_t got;

    uk_buf_addf(&request,
                "POST %s HTTP/1.1\r\nHost: a\r\nContent-Type: "
                "application/json\r\nContent-Length: %zu\r\n\r\n%s",
                path, strlen(body), body);
    while (!world_exchange(fd, &request, reply, &got))
        poll(NULL, 0, 10);
    reply[got] = '\0';
    take_token(reply, "access_token", access);
    take_token(reply, "refresh_token", refresh);
    uk_buf_clear(&request);
    close(fd);
}

void
world_renew(void)
{
    struct uk_err err = UK_ERR_NONE;
    char path[256], body[512];

    must(store->ops->begin(store, &err), &err);
    must(uk_app_add(store, "fuzz", &app, &err), &err);
    add_person(&user, &user_key, EMAIL, user_text);
    add_person(&victim, &victim_key, VICTIM, victim_text);
    must(store->ops->commit(store, &err), &err);
    snprintf(path, sizeof(path),
             "/api/client/v2.0/app/%s/auth/providers/local-userpass/login",
             app.client_id);
    snprintf(body, sizeof(body),
             "{\"username\":\"" EMAIL "\",\"password\":\"" WORLD_PASSWORD
             "\"}");
    log_in(path, body, access_token, refresh_token);
    snprintf(body, sizeof(body), "{\"username\":\"%s\",\"apiKey\":\"%s\"}",
             admin_id, uk_secret_peek(&admin_key));
    log_in("/api/admin/v3.0/auth/providers/mongodb-cloud/login", body,
           admin_access, admin_refresh);
}

const char *
world_name(char letter)
{
    switch (letter) {
    case 'A':
        return access_token;
    case 'R':
        return refresh_token;
    case 'K':
        return user_text;
    case 'W':
        return WORLD_PASSWORD;
    case 'X':
        return admin_access;
    case 'Y':
        return admin_refresh;
    case 'U':
        return user.id;
    case 'I':
        return user_key.id;
    case 'P':
        return app.client_id;
    case 'N':
        return app.id;
    case 'G':
        return group;
    default:
        return NULL;
    }
}

const char *
world_secret(size_t n)
{
    const char *const all[] = {"$argon2", WORLD_PASSWORD, user_text,
                               victim_text, uk_secret_peek(&admin_key)};

    return n < sizeof(all) / sizeof(all[0]) ? all[n] : NULL;
}

const char *
world_victim(size_t n)
{
    const char *const all[] = {victim.id, victim_key.id, VICTIM};

    return n < sizeof(all) / sizeof(all[0]) ? all[n] : NULL;
}

bool
world_is_victim_well(void)
{
    struct uk_err err = UK_ERR_NONE;
    struct uk_store_login login;
    struct uk_store_hash hash;

    uk_crypto_hash(UK_CRYPTO_API_KEY, secrets.pepper, victim_text,
                   UK_KEYTEXT_LEN, hash.bytes);
    must(uk_store_call(store, find_keys, &hash, 1, &login, &err), &err);
    return login.state == UK_STORE_THERE && !login.key_disabled &&
           !login.user.disabled && strcmp(login.user.id, victim.id) == 0;
}
