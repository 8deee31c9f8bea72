/* service/value/token and base64url: which texts are tokens of ours. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <string.h>

#include "core/base64url.h"
#include "core/json.h"
#include "core/str.h"
#include "service/value/token.h"

#define HEADER "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
#define USER   "64f0c0ffee0123456789abcd"
#define SID    "0123456789abcdef01234567"
#define APP    "aaaaaaaaaaaaaaaaaaaaaaaa"
#define IDENT  "bbbbbbbbbbbbbbbbbbbbbbbb"
#define KEY_ID "cccccccccccccccccccccccc"
#define ZEROS  "000000000000000000000000"
#define IDS                                                                    \
    "\"sub\":\"" USER "\",\"baas_device_id\":\"" ZEROS                         \
    "\",\"baas_domain_id\":\"" APP "\",\"identity_id\":\"" IDENT "\""
#define TIMES "\"iat\":1000,\"exp\":2000,\"epoch\":7"

/* The key is the bytes 0 to 31. */
static unsigned char key[UK_CRYPTO_KEY];

/* Made by Python's hmac, base64 and json. */
static const char access_token[] =
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ0eXAiOiJhY2Nlc3MiLCJzdWIiOiI2NGYw"
    "YzBmZmVlMDEyMzQ1Njc4OWFiY2QiLCJpc3MiOiIwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1NjciL"
    "CJpYXQiOjEwMDAsImV4cCI6MjAwMCwiYmFhc19kZXZpY2VfaWQiOiIwMDAwMDAwMDAwMDAwMD"
    "AwMDAwMDAwMDAiLCJiYWFzX2RvbWFpbl9pZCI6ImFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYSI"
    "sImVwb2NoIjo3LCJwcm92aWRlciI6ImFwaS1rZXkiLCJpZGVudGl0eV9pZCI6ImJiYmJiYmJi"
    "YmJiYmJiYmJiYmJiYmJiYiIsImtleV9pZCI6ImNjY2NjY2NjY2NjY2NjY2NjY2NjY2NjYyIsI"
    "mtleV9lcG9jaCI6M30.1M4dzXEui8QOVz30CwY81U_VZfyvgAVVQD8YOXgpkCs";
static const char refresh_token[] =
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ0eXAiOiJyZWZyZXNoIiwic3ViIjoiNjR"
    "mMGMwZmZlZTAxMjM0NTY3ODlhYmNkIiwiaWF0IjoxMDAwLCJleHAiOjIwMDAsImJhYXNfZGV"
    "2aWNlX2lkIjoiMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwIiwiYmFhc19kb21haW5faWQiOiJ"
    "hYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWEiLCJlcG9jaCI6NywicHJvdmlkZXIiOiJsb2NhbC1"
    "1c2VycGFzcyIsImlkZW50aXR5X2lkIjoiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiIiwiYmF"
    "hc19pZCI6IjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2NyJ9.TxzKm-0gl61xSzqjt-GPkIEESU"
    "vzJvHi_A0b5XPr4Q4";
/* The same claims as the first, HMAC-SHA512 and a header that says so. */
static const char hs512_token[] =
    "eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9.eyJ0eXAiOiJhY2Nlc3MiLCJzdWIiOiI2NGYw"
    "YzBmZmVlMDEyMzQ1Njc4OWFiY2QiLCJpc3MiOiIwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1NjciL"
    "CJpYXQiOjEwMDAsImV4cCI6MjAwMCwiYmFhc19kZXZpY2VfaWQiOiIwMDAwMDAwMDAwMDAwMD"
    "AwMDAwMDAwMDAiLCJiYWFzX2RvbWFpbl9pZCI6ImFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYSI"
    "sImVwb2NoIjo3LCJwcm92aWRlciI6ImFwaS1rZXkiLCJpZGVudGl0eV9pZCI6ImJiYmJiYmJi"
    "YmJiYmJiYmJiYmJiYmJiYiIsImtleV9pZCI6ImNjY2NjY2NjY2NjY2NjY2NjY2NjY2NjYyIsI"
    "mtleV9lcG9jaCI6M30.bts8UsU-AduANPWNBBu-BDRpyu0sywTEVOQ57Bala_FAlEPvuuoqiA"
    "WtfQti62A4u20SbqES0p6koDXZfqNHag";

static int
start(void **state)
{
    struct uk_err err = UK_ERR_NONE;

    for (int i = 0; i < UK_CRYPTO_KEY; i++)
        key[i] = (unsigned char)i;
    return uk_crypto_start(&err) == UK_OK ? 0 : -1;
}

static enum uk_token_state
read_token(const char *token, int64_t now, struct uk_claims *out)
{
    return uk_token_read(token, strlen(token), key, now, out);
}

/* A token with this header and these claims, rightly signed. */
static void
sign(const char *header, const char *claims, struct uk_buf *out)
{
    unsigned char mac[UK_CRYPTO_MAC];

    uk_buf_clear(out);
    uk_base64url_add(out, header, strlen(header));
    uk_buf_add_byte(out, '.');
    uk_base64url_add(out, claims, strlen(claims));
    uk_crypto_mac(key, uk_buf_peek(out), out->len, mac);
    uk_buf_add_byte(out, '.');
    uk_base64url_add(out, mac, sizeof(mac));
    assert_false(out->bad);
}

static void
reads_tokens_of_another_program(void **state)
{
    struct uk_claims claims;

    memset(&claims, 0, sizeof(claims));
    assert_int_equal(read_token(access_token, 1999, &claims), UK_TOKEN_GOOD);
    assert_int_equal(claims.kind, UK_TOKEN_ACCESS);
    assert_int_equal(claims.provider, UK_PROVIDER_KEY);
    assert_string_equal(claims.user_id, USER);
    assert_string_equal(claims.session_id, SID);
    assert_string_equal(claims.app_id, APP);
    assert_string_equal(claims.identity_id, IDENT);
    assert_string_equal(claims.key_id, KEY_ID);
    assert_string_equal(claims.device_id, ZEROS);
    assert_int_equal(claims.epoch, 7);
    assert_int_equal(claims.key_epoch, 3);
    assert_int_equal(claims.issued, 1000);
    assert_int_equal(claims.expires, 2000);
    /* It is of a version that did not say how long the session is. */
    assert_int_equal(claims.session_expires, 2000);

    memset(&claims, 0, sizeof(claims));
    assert_int_equal(read_token(refresh_token, 1000, &claims), UK_TOKEN_GOOD);
    assert_int_equal(claims.kind, UK_TOKEN_REFRESH);
    assert_int_equal(claims.provider, UK_PROVIDER_PASSWORD);
    assert_string_equal(claims.session_id, SID);
    assert_string_equal(claims.key_id, "");
    assert_int_equal(claims.key_epoch, 0);
}

static void
knows_when_one_is_over(void **state)
{
    struct uk_claims claims;

    assert_int_equal(read_token(access_token, 0, &claims), UK_TOKEN_GOOD);
    assert_int_equal(read_token(access_token, 2000, &claims), UK_TOKEN_EXPIRED);
    assert_int_equal(read_token(access_token, INT64_MAX, &claims),
                     UK_TOKEN_EXPIRED);
}

/* It was issued at 1000. */
static void
believes_no_token_of_the_future(void **state)
{
    struct uk_claims claims;

    assert_int_equal(read_token(access_token, 1000 - 86400, &claims),
                     UK_TOKEN_GOOD);
    assert_int_equal(read_token(access_token, 1000 - 86401, &claims),
                     UK_TOKEN_BAD);
    assert_int_equal(read_token(refresh_token, 1000 - 86401, &claims),
                     UK_TOKEN_BAD);
}

static void
refuses_every_changed_byte(void **state)
{
    char token[sizeof(access_token)];
    struct uk_claims claims;

    for (size_t at = 0; at < sizeof(access_token) - 1; at++) {
        memcpy(token, access_token, sizeof(token));
        token[at] = token[at] == 'A' ? 'B' : 'A';
        assert_int_equal(read_token(token, 1500, &claims), UK_TOKEN_BAD);
        token[at] = '\0';
        assert_int_equal(
            uk_token_read(token, sizeof(token) - 1, key, 1500, &claims),
            UK_TOKEN_BAD);
    }
}

static void
refuses_every_other_length(void **state)
{
    char longer[sizeof(access_token) + 1];
    struct uk_claims claims;

    for (size_t len = 0; len < sizeof(access_token) - 1; len++)
        assert_int_equal(uk_token_read(access_token, len, key, 1500, &claims),
                         UK_TOKEN_BAD);
    memcpy(longer, access_token, sizeof(access_token));
    for (const char *more = "A=.\n"; *more != '\0'; more++) {
        longer[sizeof(access_token) - 1] = *more;
        longer[sizeof(access_token)] = '\0';
        assert_int_equal(read_token(longer, 1500, &claims), UK_TOKEN_BAD);
    }
}

static void
refuses_another_key(void **state)
{
    const unsigned char zeros[UK_CRYPTO_KEY] = {0};
    struct uk_claims claims;

    assert_int_equal(
        uk_token_read(access_token, strlen(access_token), zeros, 1500, &claims),
        UK_TOKEN_BAD);
}

/* The signature is right each time; the header is not ours. */
static void
negotiates_no_algorithm(void **state)
{
    static const char *const headers[] = {
        "{\"alg\":\"none\",\"typ\":\"JWT\"}",
        "{\"alg\":\"HS512\",\"typ\":\"JWT\"}",
        "{\"alg\":\"RS256\",\"typ\":\"JWT\"}",
        "{\"alg\":\"EdDSA\",\"typ\":\"JWT\"}",
        "{\"typ\":\"JWT\",\"alg\":\"HS256\"}",
        "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"../../dev/null\"}",
        "{\"alg\":\"HS256\",\"typ\":\"JWT\" }",
        "{\"alg\":\"HS256\"}",
        "{}",
        "",
    };
    static const char claims_text[] =
        "{\"typ\":\"access\",\"iss\":\"" SID "\",\"provider\":\"api-key\","
        "\"key_id\":\"" KEY_ID "\",\"key_epoch\":3," IDS "," TIMES "}";
    struct uk_buf token = UK_BUF_UP_TO(8192);
    struct uk_claims claims;

    sign(HEADER, claims_text, &token);
    assert_int_equal(read_token(uk_buf_peek(&token), 1500, &claims),
                     UK_TOKEN_GOOD);
    for (size_t i = 0; i < UK_COUNT(headers); i++) {
        sign(headers[i], claims_text, &token);
        assert_int_equal(read_token(uk_buf_peek(&token), 1500, &claims),
                         UK_TOKEN_BAD);
    }
    uk_buf_clear(&token);
    assert_int_equal(read_token(hs512_token, 1500, &claims), UK_TOKEN_BAD);
}

/* Rightly signed, as by another version of us; not what we need to know. */
static void
refuses_other_claims(void **state)
{
#define NAMED "\"provider\":\"api-key\",\"key_id\":\"" KEY_ID "\""
#define KEYED NAMED ",\"key_epoch\":3"
#define ISS   "\"iss\":\"" SID "\""
    static const char *const rows[] = {
        "",
        "{",
        "[]",
        "\"x\"",
        "{}",
        "{" ISS "," KEYED "," IDS "," TIMES "}",
        "{\"typ\":\"other\"," ISS "," KEYED "," IDS "," TIMES "}",
        "{\"typ\":1," ISS "," KEYED "," IDS "," TIMES "}",
        "{\"typ\":\"access\"," KEYED "," IDS "," TIMES "}",
        "{\"typ\":\"access\",\"iss\":\"../x\"," KEYED "," IDS "," TIMES "}",
        "{\"typ\":\"refresh\"," ISS "," KEYED "," IDS "," TIMES "}",
        "{\"typ\":\"access\"," ISS "," IDS "," TIMES "}",
        "{\"typ\":\"access\"," ISS ",\"provider\":\"oauth2-google\"," IDS
        "," TIMES "}",
        "{\"typ\":\"access\"," ISS ",\"provider\":\"\"," IDS "," TIMES "}",
        "{\"typ\":\"access\"," ISS ",\"provider\":\"api-key\"," IDS "," TIMES
        "}",
        "{\"typ\":\"access\"," ISS
        ",\"provider\":\"api-key\",\"key_id\":\"\",\"key_epoch\":3," IDS
        "," TIMES "}",
        "{\"typ\":\"access\"," ISS
        ",\"provider\":\"api-key\",\"key_epoch\":3," IDS "," TIMES "}",
        "{\"typ\":\"access\"," ISS "," NAMED "," IDS "," TIMES "}",
        "{\"typ\":\"access\"," ISS "," NAMED ",\"key_epoch\":\"3\"," IDS
        "," TIMES "}",
        "{\"typ\":\"access\"," ISS "," KEYED "," TIMES "}",
        "{\"typ\":\"access\"," ISS "," KEYED ",\"sub\":\"x\"," TIMES "}",
        "{\"typ\":\"access\"," ISS "," KEYED "," IDS "}",
        "{\"typ\":\"access\"," ISS "," KEYED "," IDS
        ",\"iat\":1.5,\"exp\":2000,\"epoch\":7}",
        "{\"typ\":\"access\"," ISS "," KEYED "," IDS
        ",\"iat\":1000,\"exp\":\"2000\",\"epoch\":7}",
        "{\"typ\":\"access\"," ISS "," KEYED "," IDS
        ",\"iat\":1000,\"exp\":2000,\"epoch\":true}",
        "{\"typ\":\"access\"," ISS "," KEYED "," IDS
        ",\"iat\":1000,\"exp\":2000}",
        "{\"typ\":\"access\",\"typ\":\"access\"," ISS "," KEYED "," IDS
        "," TIMES "}",
    };
    struct uk_buf token = UK_BUF_UP_TO(8192);
    struct uk_claims claims, before;

    memset(&claims, 'x', sizeof(claims));
    before = claims;
    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        sign(HEADER, rows[i], &token);
        if (read_token(uk_buf_peek(&token), 1500, &claims) != UK_TOKEN_BAD)
            fail_msg("taken: %s", rows[i]);
    }
    assert_memory_equal(&claims, &before, sizeof(claims));
    uk_buf_clear(&token);
}

static struct uk_claims
sample(enum uk_token_kind kind, enum uk_provider provider)
{
    struct uk_claims claims = {.kind = kind,
                               .provider = provider,
                               .app_id = APP,
                               .user_id = USER,
                               .session_id = SID,
                               .identity_id = IDENT,
                               .device_id = ZEROS,
                               .epoch = INT64_C(1) << 40,
                               .issued = 1795418249,
                               .expires = 1795420049};

    if (kind == UK_TOKEN_ACCESS)
        claims.session_expires = INT64_C(1800602249);
    if (provider == UK_PROVIDER_KEY) {
        memcpy(claims.key_id, KEY_ID, sizeof(claims.key_id));
        claims.key_epoch = INT64_C(1) << 41;
    }
    return claims;
}

static void
reads_what_it_makes(void **state)
{
    for (int kind = UK_TOKEN_ACCESS; kind <= UK_TOKEN_REFRESH; kind++) {
        for (int by = UK_PROVIDER_ANON; by <= UK_PROVIDER_KEY; by++) {
            struct uk_claims made =
                sample((enum uk_token_kind)kind, (enum uk_provider)by);
            struct uk_buf token = UK_BUF_UP_TO(UK_TOKEN_MAX);
            struct uk_err err = UK_ERR_NONE;
            struct uk_claims got;

            assert_int_equal(uk_token_make(&made, key, &token, &err), UK_OK);
            assert_int_equal(read_token(uk_buf_peek(&token), made.issued, &got),
                             UK_TOKEN_GOOD);
            assert_memory_equal(&got, &made, sizeof(made));
            uk_buf_clear(&token);
        }
    }
}

/* Ids and words stand in JSON as they are; what does not is of a database that
 * somebody else has written, and no token is made of it. */
static void
makes_none_of_odd_claims(void **state)
{
    static const char *const odd[] = {"a\"b", "a\\b",  "a b",
                                      "a\nb", "a\x7f", "a\xc3\xa9"};

    for (size_t i = 0; i < UK_COUNT(odd); i++) {
        struct uk_claims made = sample(UK_TOKEN_ACCESS, UK_PROVIDER_KEY);
        struct uk_buf token = UK_BUF_UP_TO(UK_TOKEN_MAX);
        struct uk_err err = UK_ERR_NONE;

        assert_true(
            uk_str_copy(made.identity_id, sizeof(made.identity_id), odd[i]));
        assert_int_equal(uk_token_make(&made, key, &token, &err), UK_INVALID);
        assert_int_equal(token.len, 0);
        uk_buf_clear(&token);
    }
}

/* One that is too long is none of ours, whatever it says, and however well it
 * is signed. */
static void
knows_the_longest(void **state)
{
    static const char rest[] =
        "\"typ\":\"refresh\",\"baas_id\":\"" SID
        "\",\"provider\":\"local-userpass\"," IDS "," TIMES "}";
    static char text[UK_TOKEN_MAX];
    /* Header, dots and signature are 81 bytes; three bytes of claims are
     * four of the token. */
    const size_t longest = (size_t)(UK_TOKEN_MAX - 81) * 3 / 4;

    for (size_t more = 0; more < 2; more++) {
        struct uk_buf token = UK_BUF_UP_TO(2 * UK_TOKEN_MAX);
        struct uk_claims claims;

        memset(text, ' ', sizeof(text));
        text[0] = '{';
        memcpy(text + longest + more - sizeof(rest) + 1, rest, sizeof(rest));
        sign(HEADER, text, &token);
        assert_int_equal(token.len, UK_TOKEN_MAX + more);
        assert_int_equal(read_token(uk_buf_peek(&token), 1500, &claims),
                         more == 0 ? UK_TOKEN_GOOD : UK_TOKEN_BAD);
        uk_buf_clear(&token);
    }
}

/* What clients look for in the claims (client API, tokens). */
static void
says_what_clients_look_for(void **state)
{
    static const char *const access[] = {"iss", "baas_device_id",
                                         "baas_domain_id", "stitch_devId",
                                         "stitch_domainId"};
    static const char *const refresh[] = {"baas_id", "stitch_id",
                                          "baas_device_id", "baas_domain_id"};
    struct uk_err err = UK_ERR_NONE;
    const char *const *names[] = {access, refresh};
    const size_t counts[] = {UK_COUNT(access), UK_COUNT(refresh)};

    for (int i = 0; i < 2; i++) {
        struct uk_claims made = sample(
            i == 0 ? UK_TOKEN_ACCESS : UK_TOKEN_REFRESH, UK_PROVIDER_PASSWORD);
        struct uk_buf token = UK_BUF_UP_TO(UK_TOKEN_MAX);
        const struct uk_json *identity;
        struct uk_json *json = NULL;
        char text[UK_TOKEN_MAX];
        const char *from, *word;
        size_t len;
        int64_t number;

        assert_int_equal(uk_token_make(&made, key, &token, &err), UK_OK);
        from = strchr(uk_buf_peek(&token), '.') + 1;
        assert_true(uk_base64url_decode(from,
                                        (size_t)(strchr(from, '.') - from),
                                        text, sizeof(text), &len));
        assert_int_equal(uk_json_parse(text, len, &json, &err), UK_OK);
        assert_true(uk_json_int(json, "exp", &number));
        assert_int_equal(number, made.expires);
        assert_true(uk_json_int(json, "iat", &number));
        assert_true(uk_json_text(json, "sub", &word));
        assert_string_equal(word, USER);
        for (size_t n = 0; n < counts[i]; n++)
            assert_true(uk_json_text(json, names[i][n], &word));
        if (i == 1) {
            assert_true(uk_json_object(json, "baas_identity", &identity));
            assert_true(uk_json_text(identity, "provider_type", &word));
            assert_string_equal(word, "local-userpass");
            assert_true(uk_json_text(identity, "id", &word));
            assert_true(uk_json_text(identity, "provider_id", &word));
            assert_true(uk_json_has(json, "baas_data"));
        }
        uk_json_free(json);
        uk_buf_clear(&token);
    }
}

/* RFC 4648, section 10, without padding; and the two letters of section 5. */
static void
knows_base64url(void **state)
{
    static const struct {
        const char *bytes, *text;
    } rows[] = {
        {"", ""},
        {"f", "Zg"},
        {"fo", "Zm8"},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg"},
        {"fooba", "Zm9vYmE"},
        {"foobar", "Zm9vYmFy"},
        {"\xfb\xff", "-_8"},
        {"\xff\xff\xff", "____"},
    };
    static const char *const wrong[] = {
        "A",    "Zm9vA", "Z",   "Zm9vY", "Zg==", "Zg=",      "Zh",    "Zm9",
        "Zm8 ", "Z\n",   "+/8", "Zm+v",  "Zm/v", "\xc3\xa4", "Zm9v.",
    };
    struct uk_buf buf = UK_BUF_UP_TO(512);
    unsigned char all[256], back[256];
    char out[16];
    size_t len;

    for (size_t i = 0; i < UK_COUNT(rows); i++) {
        uk_buf_clear(&buf);
        uk_base64url_add(&buf, rows[i].bytes, strlen(rows[i].bytes));
        assert_string_equal(uk_buf_peek(&buf), rows[i].text);
        assert_true(uk_base64url_decode(rows[i].text, strlen(rows[i].text), out,
                                        sizeof(out), &len));
        assert_int_equal(len, strlen(rows[i].bytes));
        assert_memory_equal(out, rows[i].bytes, len);
    }
    for (size_t i = 0; i < UK_COUNT(wrong); i++)
        assert_false(uk_base64url_decode(wrong[i], strlen(wrong[i]), out,
                                         sizeof(out), &len));
    assert_false(uk_base64url_decode("Zm9vYmFy", 8, out, 5, &len));
    for (size_t n = 0; n <= sizeof(all); n++) {
        for (size_t i = 0; i < n; i++)
            all[i] = (unsigned char)(i * 7 + n);
        uk_buf_clear(&buf);
        uk_base64url_add(&buf, all, n);
        assert_true(uk_base64url_decode(uk_buf_peek(&buf), buf.len, back,
                                        sizeof(back), &len));
        assert_int_equal(len, n);
        assert_memory_equal(all, back, n);
    }
    uk_buf_clear(&buf);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_base64url),
        cmocka_unit_test(reads_tokens_of_another_program),
        cmocka_unit_test(knows_when_one_is_over),
        cmocka_unit_test(believes_no_token_of_the_future),
        cmocka_unit_test(refuses_every_changed_byte),
        cmocka_unit_test(refuses_every_other_length),
        cmocka_unit_test(refuses_another_key),
        cmocka_unit_test(negotiates_no_algorithm),
        cmocka_unit_test(refuses_other_claims),
        cmocka_unit_test(reads_what_it_makes),
        cmocka_unit_test(makes_none_of_odd_claims),
        cmocka_unit_test(knows_the_longest),
        cmocka_unit_test(says_what_clients_look_for),
    };

    return cmocka_run_group_tests_name("token", tests, start, NULL);
}
