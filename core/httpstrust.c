/* What an HTTPS connection trusts, as libcurl is told. */
#include "core/httpstrust.h"

#include <stdint.h>
#include <string.h>

#include "core/file.h"
#include "core/str.h"
#include "core/version.h"

#define PEM_MAX (1024 * 1024)

/* Where OpenSSL finds an authority by the hash of its name.  Never the file
 * with all of them: to read that costs each new process 20 ms. */
#ifndef UK_CA_FOLDER
#define UK_CA_FOLDER "/etc/ssl/certs"
#endif

/* OpenSSL's, where libcurl has brought it along; it has no header here because
 * this is all that we want of it.  Source: SSL_CTX_set_options(3) */
uint64_t SSL_CTX_set_options(void *context, uint64_t options)
    __attribute__((weak));
#define CLEANSE_PLAINTEXT UINT64_C(2)

/* One file of the settings, and a line that it must have. */
static enum uk_code
load_pem(struct uk_buf *buf, const char *setting, const char *path,
         enum uk_file_trust trust, const char *line, struct uk_err *err)
{
    enum uk_code code;

    uk_buf_init(buf, PEM_MAX);
    if (path[0] == '\0')
        return UK_OK;
    code = uk_file_read(path, trust, buf, err);
    if (code == UK_OK && strstr(uk_buf_peek(buf), line) == NULL)
        code = uk_err_set(err, UK_MISCONFIGURED, "'%s' has no line '-----%s'",
                          path, line);
    if (code != UK_OK) {
        uk_err_in(err, "reading '%s'", setting);
        code = uk_err_recode(err, UK_MISCONFIGURED);
    }
    return code;
}

enum uk_code
uk_httpstrust_load(struct uk_httpstrust *trust,
                   const struct uk_settings *settings, struct uk_err *err)
{
    enum uk_code code;

    trust->settings = settings;
    code = load_pem(&trust->ca, "ca_file", settings->ca_file, UK_FILE_TRUSTED,
                    "BEGIN CERTIFICATE-----", err);
    if (code == UK_OK)
        code = load_pem(&trust->certificate, "client_certificate",
                        settings->client_certificate, UK_FILE_TRUSTED,
                        "BEGIN CERTIFICATE-----", err);
    if (code == UK_OK)
        code = load_pem(&trust->key, "client_key", settings->client_key,
                        UK_FILE_PRIVATE, "PRIVATE KEY-----", err);
    if (code != UK_OK)
        uk_httpstrust_clear(trust);
    return code;
}

void
uk_httpstrust_clear(struct uk_httpstrust *trust)
{
    uk_buf_clear(&trust->ca);
    uk_buf_clear(&trust->certificate);
    uk_buf_clear(&trust->key);
}

/* The same for every connection. */
static const struct {
    CURLoption option;
    long value;
} numbers[] = {
    {CURLOPT_NOSIGNAL, 1},
    /* Do not wait for a name to be resolved once we have given up (S-08). */
    {CURLOPT_QUICK_EXIT, 1},
    {CURLOPT_SSL_VERIFYPEER, 1},
    {CURLOPT_SSL_VERIFYHOST, 2},
    /* For uk_httpstrust_check(). */
    {CURLOPT_CERTINFO, 1},
    /* Who makes many connections says otherwise (core/httpsmany). */
    {CURLOPT_SSL_SESSIONID_CACHE, 0},
    {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
    {CURLOPT_PROXY_SSL_VERIFYPEER, 1},
    {CURLOPT_PROXY_SSL_VERIFYHOST, 2},
    {CURLOPT_PROXY_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
    {CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS},
    {CURLOPT_HTTP09_ALLOWED, 0},
    {CURLOPT_FOLLOWLOCATION, 0},
    {CURLOPT_NETRC, CURL_NETRC_IGNORED},
    {CURLOPT_UNRESTRICTED_AUTH, 0},
    {CURLOPT_HTTP_TRANSFER_DECODING, 1},
    {CURLOPT_TRANSFER_ENCODING, 0},
    {CURLOPT_HEADEROPT, CURLHEADER_SEPARATE},
    {CURLOPT_SUPPRESS_CONNECT_HEADERS, 1},
    {CURLOPT_PATH_AS_IS, 1},
    {CURLOPT_NOPROGRESS, 1},
    /* Both are taken, and wiped, for each exchange, of which hardly one is
     * longer. */
    {CURLOPT_BUFFERSIZE, 4096},
    {CURLOPT_UPLOAD_BUFFERSIZE, 16384},
};
static const struct {
    CURLoption option;
    const char *value; /* NULL: nothing, where libcurl has a default */
} texts[] = {
    {CURLOPT_USERAGENT, "userkey/" UK_VERSION},
    {CURLOPT_ACCEPT_ENCODING, NULL},
    {CURLOPT_COOKIEFILE, NULL},
    {CURLOPT_CAINFO, NULL},
    {CURLOPT_PROXY_CAINFO, NULL},
    {CURLOPT_PROXY_CAPATH, UK_CA_FOLDER},
    /* "" is "no exceptions"; NULL would be "ask the environment". */
    {CURLOPT_NOPROXY, ""},
    {CURLOPT_PRE_PROXY, ""},
    /* An encrypted client key is an error, and no question to a terminal. */
    {CURLOPT_KEYPASSWD, ""},
};

static CURLcode
set_blob(CURL *easy, CURLoption option, const struct uk_buf *buf)
{
    struct curl_blob blob = {
        .data = buf->bytes, .len = buf->len, .flags = CURL_BLOB_NOCOPY};

    return buf->len > 0 ? curl_easy_setopt(easy, option, &blob) : CURLE_OK;
}

static CURLcode
set_fixed(CURL *easy)
{
    CURLcode rc = CURLE_OK;

    for (size_t i = 0; rc == CURLE_OK && i < UK_COUNT(numbers); i++)
        rc = curl_easy_setopt(easy, numbers[i].option, numbers[i].value);
    for (size_t i = 0; rc == CURLE_OK && i < UK_COUNT(texts); i++)
        rc = curl_easy_setopt(easy, texts[i].option, texts[i].value);
    return rc;
}

/* CAPATH is set in any case: libcurl has one built in, and would look there
 * beside the authorities that we give it (S-32). */
static CURLcode
set_certificates(const struct uk_httpstrust *trust, CURL *easy)
{
    const char *folder = trust->ca.len > 0 ? NULL : UK_CA_FOLDER;
    const char *pin = trust->settings->pinned_public_key;
    CURLcode rc = curl_easy_setopt(easy, CURLOPT_CAPATH, folder);

    if (rc == CURLE_OK)
        rc = set_blob(easy, CURLOPT_CAINFO_BLOB, &trust->ca);
    if (rc == CURLE_OK)
        rc = set_blob(easy, CURLOPT_SSLCERT_BLOB, &trust->certificate);
    if (rc == CURLE_OK)
        rc = set_blob(easy, CURLOPT_SSLKEY_BLOB, &trust->key);
    if (rc == CURLE_OK && pin[0] != '\0')
        rc = curl_easy_setopt(easy, CURLOPT_PINNEDPUBLICKEY, pin);
    return rc;
}

/* Plain HTTP goes to this machine itself (core/settings sees to that), where
 * no proxy stands between. */
static CURLcode
set_way(const struct uk_httpstrust *trust, CURL *easy, const char *server)
{
    bool plain = uk_str_starts(server, "http://");
    CURLcode rc =
        curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, plain ? "http" : "https");

    if (rc == CURLE_OK)
        rc = curl_easy_setopt(easy, CURLOPT_PROXY,
                              plain ? "" : trust->settings->proxy);
    return rc;
}

enum uk_code
uk_httpstrust_set(const struct uk_httpstrust *trust, CURL *easy,
                  const char *server, struct uk_err *err)
{
    CURLcode rc = set_fixed(easy);

    if (rc == CURLE_OK)
        rc = set_certificates(trust, easy);
    if (rc == CURLE_OK)
        rc = set_way(trust, easy, server);
    if (rc != CURLE_OK)
        return uk_err_set(
            err, rc == CURLE_OUT_OF_MEMORY ? UK_NO_MEMORY : UK_SYSTEM,
            "setting up libcurl failed with its code %d", (int)rc);
    return UK_OK;
}

void
uk_httpstrust_wipe(void *context)
{
    if (SSL_CTX_set_options != NULL)
        SSL_CTX_set_options(context, CLEANSE_PLAINTEXT);
}

enum uk_code
uk_httpstrust_check(CURL *easy, struct uk_err *err)
{
    struct curl_certinfo *chain = NULL;

    if (curl_easy_getinfo(easy, CURLINFO_CERTINFO, &chain) == CURLE_OK &&
        chain != NULL && chain->num_of_certs > 0) {
        for (struct curl_slist *l = chain->certinfo[0]; l != NULL; l = l->next)
            if (uk_str_starts(l->data, "X509v3 Subject Alternative Name:"))
                return UK_OK;
    }
    return uk_err_set(err, UK_TLS,
                      "its certificate names no host (subjectAltName); put "
                      "one for the name in 'service_url' in its place");
}
