/*
 * Fill a database with users that have one key each, through the service's
 * own store.
 *
 *   populate WHERE SECRETS COUNT KEYS SAMPLE
 *
 * WHERE is as in server.conf, and its app exists.  COUNT users are added; the
 * values of SAMPLE of their keys, spread evenly, are written to the file KEYS,
 * one a line.
 */
#include <stdio.h>
#include <string.h>

#include "core/keytext.h"
#include "core/str.h"
#include "service/store/store.h"
#include "service/value/secrets.h"

#define BATCH 5000 /* users in one transaction */

struct filling {
    struct uk_store *store;
    struct uk_store_app app;
    struct uk_secrets secrets;
    unsigned long count, sample;
    FILE *keys;
};

static enum uk_code
add_key(struct filling *fill, const struct uk_store_user *user, bool sampled,
        struct uk_err *err)
{
    struct uk_store_key key = {.name = "bench"};
    struct uk_secret value = UK_SECRET_NONE;
    enum uk_store_result result;
    struct uk_store_hash hash;
    enum uk_code code;

    uk_id_make(key.id);
    code = uk_keytext_make(&value, err);
    if (code == UK_OK) {
        uk_crypto_hash(UK_CRYPTO_API_KEY, fill->secrets.pepper,
                       uk_secret_peek(&value), UK_KEYTEXT_LEN, hash.bytes);
        code = uk_store_call(fill->store, add_key, user, &key, &hash, &result,
                             err);
    }
    if (code == UK_OK && result != UK_STORE_DONE)
        code = uk_err_set(err, UK_SYSTEM, "a key was not added");
    if (code == UK_OK && sampled &&
        fprintf(fill->keys, "%s\n", uk_secret_peek(&value)) < 0)
        code = uk_err_set(err, UK_SYSTEM, "a key cannot be written down");
    uk_secret_clear(&value);
    return code;
}

static enum uk_code
add_user(struct filling *fill, unsigned long n, struct uk_err *err)
{
    struct uk_store_identity identity = {
        .provider = UK_PROVIDER_PASSWORD,
        .confirmed = true,
    };
    struct uk_store_user user = {.disabled = false};
    enum uk_store_result result;
    enum uk_code code;

    uk_id_make(user.id);
    uk_id_make(identity.id);
    memcpy(user.app_id, fill->app.id, sizeof(user.app_id));
    snprintf(identity.email, sizeof(identity.email), "user%lu-%s@example.com",
             n, user.id + UK_ID_LEN - 8);
    code = uk_store_call(fill->store, add_user, &user, &identity, "*", &result,
                         err);
    if (code == UK_OK && result != UK_STORE_DONE)
        code = uk_err_set(err, UK_SYSTEM, "a user was not added");
    if (code == UK_OK)
        code = add_key(fill, &user,
                       n * fill->sample / fill->count !=
                           (n + 1) * fill->sample / fill->count,
                       err);
    return code;
}

static enum uk_code
fill_store(struct filling *fill, struct uk_err *err)
{
    enum uk_code code = UK_OK;

    for (unsigned long n = 0; n < fill->count && code == UK_OK;) {
        code = fill->store->ops->begin(fill->store, err);
        for (unsigned i = 0; i < BATCH && n < fill->count && code == UK_OK; i++)
            code = add_user(fill, n++, err);
        if (code == UK_OK)
            code = fill->store->ops->commit(fill->store, err);
    }
    return code;
}

static enum uk_code
prepare(struct filling *fill, char **argv, struct uk_err *err)
{
    unsigned apps = 0;
    enum uk_code code;

    if (!uk_str_to_ulong(argv[3], 1000000000, &fill->count) ||
        !uk_str_to_ulong(argv[5], fill->count, &fill->sample))
        return uk_err_set(err, UK_INVALID, "COUNT and SAMPLE are numbers");
    code = uk_crypto_start(err);
    if (code == UK_OK)
        code = uk_secrets_load(argv[2], &fill->secrets, err);
    if (code == UK_OK)
        code = uk_store_open(argv[1], UK_STORE_WRITE, &fill->store, err);
    if (code == UK_OK)
        code = uk_store_call(fill->store, only_app, &fill->app, &apps, err);
    if (code == UK_OK && apps == 0)
        code = uk_err_set(err, UK_INVALID, "the database has no app");
    if (code != UK_OK)
        return code;
    fill->keys = fopen(argv[4], "we");
    return fill->keys != NULL
               ? UK_OK
               : uk_err_set(err, UK_SYSTEM, "'%s' cannot be written", argv[4]);
}

int
main(int argc, char **argv)
{
    struct filling fill = {.store = NULL};
    struct uk_err err = UK_ERR_NONE;
    enum uk_code code;

    if (argc != 6) {
        fputs("usage: populate WHERE SECRETS COUNT KEYS SAMPLE\n", stderr);
        return 2;
    }
    code = prepare(&fill, argv, &err);
    if (code == UK_OK)
        code = fill_store(&fill, &err);
    uk_store_close(fill.store);
    uk_secrets_clear(&fill.secrets);
    if (fill.keys != NULL && fclose(fill.keys) != 0 && code == UK_OK)
        code = uk_err_set(&err, UK_SYSTEM, "'%s' cannot be written", argv[4]);
    if (code != UK_OK)
        fprintf(stderr, "populate: %s\n", err.text);
    return code == UK_OK ? 0 : 1;
}
