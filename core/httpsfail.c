/* Why an HTTPS exchange failed, in our own words. */
#include "core/httpsfail.h"

#include <errno.h>
#include <string.h>

#include "core/attr.h"

#define HTTP_OK 200

/* What to do about it: where the certificate is, or at this machine. */
#define RENEW "; put a new one in its place on the service's machine"
#define TRUST "; set 'ca_file' to the file of its CA"
#define HUNG_UP                                                                \
    "it hung up without an answer; does 'service_url' name userkey-server?"
#define OTHER_NAME                                                             \
    "its certificate is for another name; set 'service_url' to the name that " \
    "the certificate is for"

/* What is wrong with a certificate: X509_V_ERR_* of OpenSSL, which are numbers
 * that cannot change.  Source: x509_vfy.h */
static const struct {
    long number;
    const char *words;
} certificate_faults[] = {
    {2, "its certificate comes from an authority that is not known here" TRUST},
    {7, "its certificate has a signature that is wrong; is 'ca_file' of an "
        "older CA of the same name?"},
    {9, "its certificate is not valid yet; is the clock of this machine "
        "right?"},
    {10, "its certificate, or that of its CA, has expired" RENEW},
    {18, "its certificate is self-signed; set 'ca_file' to it, if it is the "
         "right one"},
    {19,
     "its certificate comes from an authority that is not known here" TRUST},
    {20,
     "its certificate comes from an authority that is not known here" TRUST},
    {21,
     "its certificate comes from an authority that is not known here" TRUST},
    {23, "its certificate has been revoked" RENEW},
    {24, "its certificate was signed by one that is no authority" RENEW},
    {26, "its certificate is not for servers" RENEW},
    {62, OTHER_NAME},
    {64, OTHER_NAME},
    {66, "the key of its certificate is too weak" RENEW},
    {67, "the key of its authority is too weak" RENEW},
    {68, "its certificate was signed with a digest that is too weak" RENEW},
};

/* Everything that has one sentence. */
static const struct {
    CURLcode rc;
    enum uk_code code;
    const char *words;
} faults[] = {
    {CURLE_OUT_OF_MEMORY, UK_NO_MEMORY, "no memory"},
    {CURLE_COULDNT_RESOLVE_HOST, UK_UNREACHABLE,
     "its name has no address; is 'service_url' right, and does DNS work "
     "here?"},
    {CURLE_COULDNT_RESOLVE_PROXY, UK_UNREACHABLE,
     "the name of 'proxy' has no address"},
    {CURLE_PROXY, UK_UNREACHABLE, "the proxy of 'proxy' does not lead there"},
    {CURLE_GOT_NOTHING, UK_UNREACHABLE, HUNG_UP},
    {CURLE_ABORTED_BY_CALLBACK, UK_UNREACHABLE, HUNG_UP},
    {CURLE_SSL_PINNEDPUBKEYNOTMATCH, UK_TLS,
     "its public key is not that of 'pinned_public_key'"},
    {CURLE_SSL_CACERT_BADFILE, UK_MISCONFIGURED,
     "the authorities cannot be used: 'ca_file' is damaged, or none is set and "
     "the system has none"},
    {CURLE_SSL_CERTPROBLEM, UK_MISCONFIGURED,
     "'client_certificate' and 'client_key' cannot be used: damaged, encrypted "
     "or not a pair"},
    {CURLE_PARTIAL_FILE, UK_BAD_ANSWER, "the answer was cut off"},
    {CURLE_HTTP2, UK_BAD_ANSWER, "the answer breaks the rules of HTTP/2"},
    {CURLE_HTTP2_STREAM, UK_BAD_ANSWER, "the answer was cut off"},
    {CURLE_UNSUPPORTED_PROTOCOL, UK_BAD_ANSWER, "the answer is not HTTP"},
    {CURLE_WEIRD_SERVER_REPLY, UK_BAD_ANSWER, "the answer is not HTTP"},
    {CURLE_BAD_CONTENT_ENCODING, UK_BAD_ANSWER, "the answer is damaged"},
};

static enum uk_code
tell(const struct uk_httpsfail *fail, enum uk_code code, const char *words,
     struct uk_err *err)
{
    return uk_err_set(err, code, "asking '%s': %s", fail->server, words);
}

static bool
detail_has(const struct uk_httpsfail *fail, const char *words)
{
    return strstr(fail->detail, words) != NULL;
}

/* What the kernel says, and where to look: nobody listens there, or there is
 * no way to there. */
static enum uk_code
tell_connect(const struct uk_httpsfail *fail, struct uk_err *err)
{
    long number = 0;
    const char *reason;
    enum uk_code code;

    if (curl_easy_getinfo(fail->easy, CURLINFO_OS_ERRNO, &number) != CURLE_OK ||
        number == 0)
        return tell(fail, UK_UNREACHABLE, "no connection", err);
    reason = strerrordesc_np((int)number);
    code = uk_err_set(
        err, number == ENOMEM ? UK_NO_MEMORY : UK_UNREACHABLE,
        "asking '%s': connecting: %s; %s", fail->server,
        reason != NULL ? reason : "refused by the kernel",
        fail->proxied
            ? "is 'proxy' right, and does it run?"
            : "is 'service_url' right, and does userkey-server run there?");
    err->sys = (int)number;
    return code;
}

/* The name is checked by libcurl, and before it asks what OpenSSL thinks of
 * the chain: the number is then none of OpenSSL's (0, or 1 for "not set"). */
static enum uk_code
tell_certificate(const struct uk_httpsfail *fail, struct uk_err *err)
{
    long number = 0;

    if (curl_easy_getinfo(fail->easy, CURLINFO_SSL_VERIFYRESULT, &number) !=
            CURLE_OK ||
        number <= 1)
        return tell(fail, UK_TLS, OTHER_NAME, err);
    for (size_t i = 0; i < UK_COUNT(certificate_faults); i++) {
        if (certificate_faults[i].number == number)
            return tell(fail, UK_TLS, certificate_faults[i].words, err);
    }
    return uk_err_set(err, UK_TLS,
                      "asking '%s': its certificate is refused by OpenSSL "
                      "with code %ld",
                      fail->server, number);
}

/* What the other side thinks of us: alerts of TLS (RFC 8446, section 6.2) as
 * OpenSSL spells them.  With TLS 1.3 they come after our side of the handshake,
 * in place of an answer. */
static bool
tell_alert(const struct uk_httpsfail *fail, struct uk_err *err)
{
    static const struct {
        const char *alert, *words;
    } alerts[] = {
        {"certificate required", "it wants a certificate of ours "
                                 "('client_certificate')"},
        {"alert bad certificate", "it refuses 'client_certificate'"},
        {"alert unknown ca", "it refuses 'client_certificate'"},
        {"alert certificate", "it refuses 'client_certificate'"},
        {"alert unsupported certificate", "it refuses 'client_certificate'"},
        {"alert handshake failure",
         "it ended the TLS handshake (does it want 'client_certificate'?)"},
    };

    for (size_t i = 0; i < UK_COUNT(alerts); i++) {
        if (detail_has(fail, alerts[i].alert)) {
            tell(fail, UK_TLS, alerts[i].words, err);
            return true;
        }
    }
    return false;
}

static enum uk_code
tell_handshake(const struct uk_httpsfail *fail, struct uk_err *err)
{
    if (detail_has(fail, "SYSCALL") || detail_has(fail, "unexpected eof") ||
        detail_has(fail, "reset by peer"))
        return tell(fail, UK_UNREACHABLE,
                    "it hung up in the TLS handshake; is the port in "
                    "'service_url' right?",
                    err);
    if (detail_has(fail, "wrong version number"))
        return tell(
            fail, UK_TLS,
            "it does not speak TLS; is the port in 'service_url' right?", err);
    return tell(fail, UK_TLS,
                "no TLS handshake (TLS 1.2 or later is what we take)", err);
}

/* Sending or receiving did not work. */
static enum uk_code
tell_break(const struct uk_httpsfail *fail, struct uk_err *err)
{
    long status = 0;

    if (!fail->sent &&
        curl_easy_getinfo(fail->easy, CURLINFO_HTTP_CONNECTCODE, &status) ==
            CURLE_OK &&
        status != 0 && status != HTTP_OK)
        return uk_err_set(err, UK_UNREACHABLE,
                          "asking '%s': the proxy of 'proxy' answered with "
                          "status %ld",
                          fail->server, status);
    if (fail->begun)
        return tell(fail, UK_BAD_ANSWER, "the answer was cut off or damaged",
                    err);
    return tell(fail, UK_UNREACHABLE, HUNG_UP, err);
}

enum uk_code
uk_httpsfail_tell(const struct uk_httpsfail *fail, struct uk_err *err)
{
    for (size_t i = 0; i < UK_COUNT(faults); i++) {
        if (faults[i].rc == fail->rc)
            return tell(fail, faults[i].code, faults[i].words, err);
    }
    if (fail->rc == CURLE_COULDNT_CONNECT)
        return tell_connect(fail, err);
    if (fail->rc == CURLE_PEER_FAILED_VERIFICATION)
        return tell_certificate(fail, err);
    if (tell_alert(fail, err))
        return err->code;
    if (fail->rc == CURLE_SSL_CONNECT_ERROR)
        return tell_handshake(fail, err);
    if (fail->rc == CURLE_SEND_ERROR || fail->rc == CURLE_RECV_ERROR)
        return tell_break(fail, err);
    if (fail->rc == CURLE_OPERATION_TIMEDOUT)
        return uk_httpsfail_late(fail, err);
    return uk_err_set(err, UK_SYSTEM,
                      "asking '%s': libcurl failed with its code %d",
                      fail->server, (int)fail->rc);
}

static bool
is_resolved(const struct uk_httpsfail *fail)
{
    curl_off_t us = 0;

    return curl_easy_getinfo(fail->easy, CURLINFO_NAMELOOKUP_TIME_T, &us) ==
               CURLE_OK &&
           us > 0;
}

#define SLOW "; is the service busy, or is 'timeout' too short?"

enum uk_code
uk_httpsfail_late(const struct uk_httpsfail *fail, struct uk_err *err)
{
    if (fail->sent)
        return uk_err_late(err, UK_STAGE_ANSWER,
                           "asking '%s': no complete answer in time" SLOW,
                           fail->server);
    if (!is_resolved(fail))
        return uk_err_late(err, UK_STAGE_RESOLVE,
                           "asking '%s': its name was not resolved in time; "
                           "does DNS work here, or is 'timeout' too short?",
                           fail->server);
    /* The timer of the connection stops only when TLS stands too. */
    if (!fail->handshaking)
        return uk_err_late(err, UK_STAGE_CONNECT,
                           "asking '%s': not connected in time; is "
                           "'service_url' right, is a firewall between, or "
                           "is 'timeout' too short?",
                           fail->server);
    return uk_err_late(err, UK_STAGE_TLS,
                       "asking '%s': no TLS handshake in time" SLOW,
                       fail->server);
}
