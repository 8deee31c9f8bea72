/* The certificate of the service. */
#include "service/http/tls.h"

#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/file.h"
#include "service/http/internal.h"

#define PEM_MAX   262144
#define CHAIN_MAX 8
#define KEY_ID    64 /* most bytes of the id of a key */

struct pair {
    struct pair *older;
    gnutls_pcert_st chain[CHAIN_MAX];
    unsigned count; /* certificates, our own first */
    gnutls_privkey_t key;
};

/* A handshake may still be using an older pair, so they all stay until the
 * end; a new one comes every few weeks. */
static _Atomic(struct pair *) newest;

int
uk_tls_choose(gnutls_session_t session, const gnutls_datum_t *names,
              int names_count, const gnutls_pk_algorithm_t *algorithms,
              int algorithms_count, gnutls_pcert_st **chain, unsigned *count,
              gnutls_privkey_t *key)
{
    struct pair *pair = atomic_load(&newest);

    (void)session;
    (void)names;
    (void)names_count;
    (void)algorithms;
    (void)algorithms_count;
    if (pair == NULL)
        return -1;
    *chain = pair->chain;
    *count = pair->count;
    *key = pair->key;
    return 0;
}

static void
free_pair(struct pair *pair)
{
    for (unsigned i = 0; i < pair->count; i++)
        gnutls_pcert_deinit(&pair->chain[i]);
    if (pair->key != NULL)
        gnutls_privkey_deinit(pair->key);
    free(pair);
}

/* Certificates are often reached through links; what they lead to counts. */
static enum uk_code
read_pem(const char *path, enum uk_file_trust trust, struct uk_buf *buf,
         struct uk_err *err)
{
    char *real = realpath(path, NULL);
    enum uk_code code;

    if (real == NULL)
        return uk_err_sys(err, errno, "opening '%s'", path);
    code = uk_file_read(real, trust, buf, err);
    if (code != UK_OK && strcmp(real, path) != 0)
        code = uk_err_in(err, "'%s'", path);
    free(real);
    return code;
}

/* The library ends its sentences with full stops, behind which ours go on. */
static enum uk_code
refuse(const char *path, int status, const char *what, struct uk_err *err)
{
    const char *why = gnutls_strerror(status);

    return uk_err_set(err, UK_MISCONFIGURED, "'%s' is not %s in PEM: %.*s",
                      path, what, (int)strcspn(why, "."), why);
}

static enum uk_code
take_chain(struct pair *pair, const char *path, const struct uk_buf *pem,
           struct uk_tls_dates *dates, struct uk_err *err)
{
    gnutls_datum_t datum = {(unsigned char *)pem->bytes, (unsigned)pem->len};
    unsigned count = CHAIN_MAX;
    gnutls_x509_crt_t own;
    int status;

    if (pem->len == 0)
        return refuse(path, GNUTLS_E_NO_CERTIFICATE_FOUND, "a certificate",
                      err);
    status = gnutls_pcert_list_import_x509_raw(pair->chain, &count, &datum,
                                               GNUTLS_X509_FMT_PEM, 0);
    if (status < 0)
        return refuse(path, status, "a certificate", err);
    pair->count = count;
    status = gnutls_pcert_export_x509(&pair->chain[0], &own);
    if (status < 0)
        return refuse(path, status, "a certificate", err);
    dates->from = gnutls_x509_crt_get_activation_time(own);
    dates->until = gnutls_x509_crt_get_expiration_time(own);
    gnutls_x509_crt_deinit(own);
    return UK_OK;
}

/* Is the key that of the certificate? */
static bool
belongs(const struct pair *pair)
{
    unsigned char ours[KEY_ID], theirs[KEY_ID];
    size_t ours_len = sizeof(ours), theirs_len = sizeof(theirs);
    gnutls_pubkey_t public;
    bool same;

    if (gnutls_pubkey_init(&public) < 0)
        return false;
    same =
        gnutls_pubkey_import_privkey(public, pair->key, 0, 0) >= 0 &&
        gnutls_pubkey_get_key_id(public, GNUTLS_KEYID_USE_SHA256, ours,
                                 &ours_len) >= 0 &&
        gnutls_pubkey_get_key_id(pair->chain[0].pubkey, GNUTLS_KEYID_USE_SHA256,
                                 theirs, &theirs_len) >= 0 &&
        ours_len == theirs_len && memcmp(ours, theirs, ours_len) == 0;
    gnutls_pubkey_deinit(public);
    return same;
}

static enum uk_code
take_key(struct pair *pair, const char *path, const struct uk_buf *pem,
         const char *certificate, struct uk_err *err)
{
    gnutls_datum_t datum = {(unsigned char *)pem->bytes, (unsigned)pem->len};
    int status;

    if (pem->len == 0)
        return refuse(path, GNUTLS_E_NO_CERTIFICATE_FOUND, "a private key",
                      err);
    status = gnutls_privkey_init(&pair->key);
    if (status >= 0)
        status = gnutls_privkey_import_x509_raw(pair->key, &datum,
                                                GNUTLS_X509_FMT_PEM, NULL, 0);
    if (status < 0)
        return refuse(path, status, "a private key without a passphrase", err);
    if (!belongs(pair))
        return uk_err_set(err, UK_MISCONFIGURED,
                          "'%s' is not the key of the certificate '%s'", path,
                          certificate);
    return UK_OK;
}

enum uk_code
uk_tls_load(const char *certificate, const char *key,
            struct uk_tls_dates *dates, bool *of_key, struct uk_err *err)
{
    struct uk_buf certificate_pem = UK_BUF_UP_TO(PEM_MAX);
    struct uk_buf key_pem = UK_BUF_UP_TO(PEM_MAX);
    struct pair *pair = calloc(1, sizeof(*pair));
    struct uk_tls_dates found;
    enum uk_code code;

    *of_key = false;
    if (pair == NULL)
        return uk_err_set(err, UK_NO_MEMORY, "no memory for a certificate");
    code = read_pem(certificate, UK_FILE_TRUSTED, &certificate_pem, err);
    if (code == UK_OK)
        code = take_chain(pair, certificate, &certificate_pem, &found, err);
    if (code == UK_OK) {
        *of_key = true;
        code = read_pem(key, UK_FILE_PRIVATE, &key_pem, err);
    }
    if (code == UK_OK)
        code = take_key(pair, key, &key_pem, certificate, err);
    if (code == UK_OK) {
        *dates = found;
        pair->older = atomic_load(&newest);
        atomic_store(&newest, pair);
    } else {
        free_pair(pair);
    }
    uk_buf_clear(&key_pem);
    uk_buf_clear(&certificate_pem);
    return code == UK_OK ? UK_OK : uk_err_recode(err, UK_MISCONFIGURED);
}

void
uk_tls_clear(void)
{
    struct pair *pair = atomic_exchange(&newest, NULL);

    while (pair != NULL) {
        struct pair *older = pair->older;

        free_pair(pair);
        pair = older;
    }
}
