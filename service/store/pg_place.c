/* Where a PostgreSQL server is, by its URL. */
#include "service/store/pg.h"

#include <stdio.h>
#include <string.h>

#include "core/str.h"

#define WRITTEN                                                                \
    "a PostgreSQL database is written "                                        \
    "postgresql://USER[:PASSWORD]@HOST[:PORT][,HOST...]/NAME[?...]"

/* "" for a parameter that the URL does not give. */
static const char *
find(const PQconninfoOption *options, const char *name)
{
    for (; options->keyword != NULL; options++) {
        if (strcmp(options->keyword, name) == 0)
            return options->val != NULL ? options->val : "";
    }
    return "";
}

static bool
is_local(const char *host, size_t len)
{
    static const char *const names[] = {"localhost", "::1"};

    for (size_t i = 0; i < UK_COUNT(names); i++) {
        if (len == strlen(names[i]) && memcmp(host, names[i], len) == 0)
            return true;
    }
    /* A socket in the file system, an abstract one, or 127.0.0.0/8. */
    return host[0] == '/' || host[0] == '@' ||
           (uk_str_starts(host, "127.") && strspn(host, "0123456789.") == len);
}

/* Is one of the list not on this machine?  An empty one is where the
 * environment or a service file says. */
static bool
is_far(const char *hosts)
{
    for (;; hosts++) {
        size_t len = strcspn(hosts, ",");

        if (!is_local(hosts, len))
            return true;
        hosts += len;
        if (hosts[0] == '\0')
            return false;
    }
}

/*
 * An '@' or '/' in a password, written as it is, moves the rest of the
 * password into what libpq takes for host, port or name, and from there into
 * messages.
 */
static enum uk_code
check_parts(const PQconninfoOption *options, struct uk_err *err)
{
    const char *port = find(options, "port");

    if (strchr(find(options, "host") + (find(options, "host")[0] == '@'),
               '@') == NULL &&
        strchr(find(options, "hostaddr"), '@') == NULL &&
        strchr(find(options, "dbname"), '@') == NULL &&
        port[strspn(port, "0123456789,")] == '\0')
        return UK_OK;
    return uk_err_set(err, UK_MISCONFIGURED,
                      "it has no right host, port or name; in a password '@' "
                      "is written %%40, ':' %%3A, '/' %%2F; " WRITTEN);
}

/* An answer from a standby is old, and lets in a key that was disabled. */
static enum uk_code
check_attributes(const PQconninfoOption *options, struct uk_err *err)
{
    const char *wanted = find(options, "target_session_attrs");

    if (wanted[0] == '\0' || strcmp(wanted, "read-write") == 0 ||
        strcmp(wanted, "primary") == 0)
        return UK_OK;
    return uk_err_set(err, UK_MISCONFIGURED,
                      "'target_session_attrs' must be read-write: what another "
                      "server knows is old");
}

static void
name(struct uk_pg_place *place, const PQconninfoOption *options)
{
    const char *hosts = find(options, "host");
    const char *base = find(options, "dbname");
    char host[UK_PRINTABLE_SIZE], text[UK_PRINTABLE_SIZE];

    if (hosts[0] == '\0')
        hosts = find(options, "hostaddr");
    uk_str_printable(text, base, strlen(base));
    uk_str_printable(host, hosts, strlen(hosts));
    snprintf(place->name, sizeof(place->name), "%s%.96s%s%s%.112s%s",
             base[0] == '\0' ? "of the user's name" : "'", text,
             base[0] == '\0' ? "" : "'",
             hosts[0] == '\0' ? " on the default host" : " on '", host,
             hosts[0] == '\0' ? "" : "'");
}

bool
uk_pg_is_url(const char *where)
{
    return uk_str_starts(where, "postgresql://") ||
           uk_str_starts(where, "postgres://");
}

enum uk_code
uk_pg_place_init(struct uk_pg_place *place, const char *url, struct uk_err *err)
{
    PQconninfoOption *options;
    char *why = NULL;
    enum uk_code code;

    memset(place, 0, sizeof(*place));
    if (!uk_pg_is_url(url) || !uk_str_copy(place->url, sizeof(place->url), url))
        return uk_err_set(err, UK_MISCONFIGURED, WRITTEN);
    options = PQconninfoParse(url, &why);
    if (options == NULL) {
        char words[UK_PG_WORDS];

        /* Behind the colon it shows what it did not like. */
        if (why != NULL && strstr(why, ": ") != NULL)
            *strstr(why, ": ") = '\0';
        code = uk_err_set(err, UK_MISCONFIGURED, "'%s'; " WRITTEN,
                          uk_pg_words(words, why));
        PQfreemem(why);
        return code;
    }
    code = check_parts(options, err);
    if (code == UK_OK)
        code = check_attributes(options, err);
    place->far = find(options, "hostaddr")[0] == '\0'
                     ? is_far(find(options, "host"))
                     : is_far(find(options, "hostaddr"));
    name(place, options);
    PQconninfoFree(options);
    return code;
}

/* Before the URL stands what it may change, behind it what it may not. */
static const struct {
    const char *name, *value;
} before[] =
    {
        {"connect_timeout", "3"}, /* seconds, for each address */
        {"target_session_attrs", "read-write"},
        {"keepalives_idle", "10"},
        {"keepalives_interval", "5"},
        {"keepalives_count", "3"},
        {"tcp_user_timeout", "10000"},
        {"gssencmode", "disable"},
        {"fallback_application_name", "userkey-server"},
},
  behind[] = {
      {"client_encoding", "UTF8"},
};

void
uk_pg_place_params(const struct uk_pg_place *place,
                   const char *names[UK_PG_PARAMS],
                   const char *values[UK_PG_PARAMS])
{
    size_t n = 0;

    for (size_t i = 0; i < UK_COUNT(before); i++) {
        names[n] = before[i].name;
        values[n++] = before[i].value;
    }
    /* Who sits between here and the database is every user. */
    names[n] = "sslmode";
    values[n++] = place->far ? "verify-full" : "prefer";
    names[n] = "dbname";
    values[n++] = place->url;
    for (size_t i = 0; i < UK_COUNT(behind); i++) {
        names[n] = behind[i].name;
        values[n++] = behind[i].value;
    }
    names[n] = NULL;
    values[n] = NULL;
}
