/* The head of one HTTP answer, read line by line as it comes. */
#include "core/httphead.h"

#include <string.h>
#include <time.h>

#include "core/identity.h"
#include "core/str.h"

#define NAME_ROOM  32  /* of the longest name that means something here */
#define VALUE_ROOM 256 /* of the longest such value */

static enum uk_code
refuse(struct uk_err *err, const char *why)
{
    return uk_err_set(err, UK_BAD_ANSWER, "%s", why);
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The fields that mean something here; each sees its value once a line. */

static enum uk_code
take_length(struct uk_httphead *head, const char *value, struct uk_err *err)
{
    unsigned long length;

    if (head->has_length)
        return refuse(err, "it announces its length twice");
    if (!uk_str_to_ulong(value, UK_HTTPHEAD_BODY, &length))
        return uk_err_set(err, UK_BAD_ANSWER,
                          "it announces a length that is none or over %d bytes",
                          UK_HTTPHEAD_BODY);
    head->has_length = true;
    head->length = length;
    return UK_OK;
}

static enum uk_code
take_transfer(struct uk_httphead *head, const char *value, struct uk_err *err)
{
    if (head->http2 || head->chunked || !uk_str_equal_nocase(value, "chunked"))
        return refuse(err, "its transfer encoding is not 'chunked' alone");
    head->chunked = true;
    return UK_OK;
}

static enum uk_code
take_encoding(struct uk_httphead *head, const char *value, struct uk_err *err)
{
    if (!uk_str_equal_nocase(value, "identity"))
        return refuse(err, "it is compressed, which was not asked for");
    return UK_OK;
}

static enum uk_code
take_type(struct uk_httphead *head, const char *value, struct uk_err *err)
{
    char type[VALUE_ROOM];
    size_t len = strcspn(value, "; \t");

    if (head->has_type)
        return refuse(err, "it has two content types");
    memcpy(type, value, len);
    type[len] = '\0';
    head->has_type = true;
    head->json = uk_str_equal_nocase(type, "application/json");
    return UK_OK;
}

/* It goes into a log line as it is, so it has to be one word. */
static enum uk_code
take_request_id(struct uk_httphead *head, const char *value, struct uk_err *err)
{
    if (!uk_identity_is_id(value) ||
        !uk_str_copy(head->request_id, sizeof(head->request_id), value))
        head->request_id[0] = '\0';
    return UK_OK;
}

/* A date (the other form) is nothing that we would wait for. */
static enum uk_code
take_retry_after(struct uk_httphead *head, const char *value,
                 struct uk_err *err)
{
    unsigned long seconds;

    if (uk_str_to_ulong(value, UK_HTTPHEAD_WAIT_S, &seconds))
        head->retry_after_s = (unsigned)seconds;
    return UK_OK;
}

/* So many digits, and what must stand behind them. */
static bool
take_digits(const char **text, size_t count, const char *behind, int *out)
{
    *out = 0;
    for (; count > 0; count--, (*text)++) {
        if (!is_digit(**text))
            return false;
        *out = *out * 10 + (**text - '0');
    }
    if (!uk_str_starts(*text, behind))
        return false;
    *text += strlen(behind);
    return true;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT", which is the only form that may be sent
 * (RFC 9110, section 5.6.7); another one is no date. */
static enum uk_code
take_date(struct uk_httphead *head, const char *value, struct uk_err *err)
{
    static const char months[][5] = {"Jan ", "Feb ", "Mar ", "Apr ",
                                     "May ", "Jun ", "Jul ", "Aug ",
                                     "Sep ", "Oct ", "Nov ", "Dec "};
    const char *text = strlen(value) > 5 ? value + 5 : "";
    struct tm tm = {.tm_isdst = 0};

    if (!take_digits(&text, 2, " ", &tm.tm_mday))
        return UK_OK;
    while (tm.tm_mon < 12 && !uk_str_starts(text, months[tm.tm_mon]))
        tm.tm_mon++;
    if (tm.tm_mon == 12)
        return UK_OK;
    text += 4;
    if (!take_digits(&text, 4, " ", &tm.tm_year) ||
        !take_digits(&text, 2, ":", &tm.tm_hour) ||
        !take_digits(&text, 2, ":", &tm.tm_min) ||
        !take_digits(&text, 2, " GMT", &tm.tm_sec) || *text != '\0')
        return UK_OK;
    tm.tm_year -= 1900;
    head->date = (int64_t)timegm(&tm);
    return UK_OK;
}

static const struct {
    const char *name;
    bool must_fit; /* a value that is too long is an error, not nothing */
    enum uk_code (*take)(struct uk_httphead *, const char *, struct uk_err *);
} fields[] = {
    {"content-length", true, take_length},
    {"transfer-encoding", true, take_transfer},
    {"content-encoding", true, take_encoding},
    {"content-type", true, take_type},
    {"x-appservices-request-id", false, take_request_id},
    {"retry-after", false, take_retry_after},
    {"date", false, take_date},
};

/* Without the white space at both ends. */
static void
trim(const char **text, size_t *len)
{
    while (*len > 0 && (**text == ' ' || **text == '\t')) {
        (*text)++;
        (*len)--;
    }
    while (*len > 0 && ((*text)[*len - 1] == ' ' || (*text)[*len - 1] == '\t'))
        (*len)--;
}

static enum uk_code
take_value(struct uk_httphead *head, size_t field, const char *text, size_t len,
           struct uk_err *err)
{
    char value[VALUE_ROOM];

    trim(&text, &len);
    if (len >= sizeof(value))
        return fields[field].must_fit
                   ? refuse(err, "a line of its head is too long")
                   : UK_OK;
    memcpy(value, text, len);
    value[len] = '\0';
    return fields[field].take(head, value, err);
}

static enum uk_code
take_field(struct uk_httphead *head, const char *line, size_t len,
           struct uk_err *err)
{
    const char *colon = memchr(line, ':', len);
    size_t name_len = colon != NULL ? (size_t)(colon - line) : 0;
    char name[NAME_ROOM];

    if (name_len == 0 || memchr(line, ' ', name_len) != NULL ||
        memchr(line, '\t', name_len) != NULL)
        return refuse(err, "a line of its head is not 'name: value'");
    if (name_len >= sizeof(name))
        return UK_OK;
    memcpy(name, line, name_len);
    name[name_len] = '\0';
    for (size_t i = 0; i < UK_COUNT(fields); i++) {
        if (uk_str_equal_nocase(name, fields[i].name))
            return take_value(head, i, colon + 1, len - name_len - 1, err);
    }
    return UK_OK;
}

/* "HTTP/1.1 200 OK", "HTTP/2 200" */
static enum uk_code
take_status(struct uk_httphead *head, const char *line, size_t len,
            struct uk_err *err)
{
    static const char v1[] = "HTTP/1.1 ", v2[] = "HTTP/2 ";
    bool http2 = len > sizeof(v2) && memcmp(line, v2, sizeof(v2) - 1) == 0;
    size_t skip = http2 ? sizeof(v2) - 1 : sizeof(v1) - 1;

    if (!http2 && (len < skip || memcmp(line, v1, skip) != 0))
        return refuse(err, "it is neither HTTP/1.1 nor HTTP/2");
    line += skip;
    len -= skip;
    if (len < 3 || (len > 3 && line[3] != ' ') || !is_digit(line[0]) ||
        !is_digit(line[1]) || !is_digit(line[2]))
        return refuse(err, "its status is not a number of three digits");
    head->http2 = http2;
    head->status = (line[0] - '0') * 100 + (line[1] - '0') * 10 + line[2] - '0';
    if (head->status < 100 || head->status > 599 || head->status == 101)
        return uk_err_set(err, UK_BAD_ANSWER, "its status is %d", head->status);
    return UK_OK;
}

/* The empty line: is the head one that a body can be read by? */
static enum uk_code
finish(struct uk_httphead *head, struct uk_err *err)
{
    bool none = head->status == 204 || head->status == 304;

    if (head->status < 200) { /* what it says about itself is of no interest */
        *head = (struct uk_httphead){.bytes = head->bytes};
        return UK_OK;
    }
    if (head->chunked && head->has_length)
        return refuse(err, "it announces chunks and a length");
    if (none && (head->chunked || (head->has_length && head->length > 0)))
        return uk_err_set(err, UK_BAD_ANSWER, "status %d with a body",
                          head->status);
    if (!none && !head->http2 && !head->chunked && !head->has_length)
        return refuse(err, "it does not say how long it is");
    head->complete = true;
    return UK_OK;
}

/* Only printable bytes and tabs; obs-text (RFC 9110) is passed over. */
static bool
is_clean(const char *line, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (((unsigned char)line[i] < 0x20 && line[i] != '\t') ||
            line[i] == 0x7f)
            return false;
    }
    return true;
}

enum uk_code
uk_httphead_take(struct uk_httphead *head, const char *line, size_t len,
                 struct uk_err *err)
{
    if (len > UK_HTTPHEAD_MAX - head->bytes)
        return uk_err_set(err, UK_BAD_ANSWER, "its head is over %d bytes long",
                          UK_HTTPHEAD_MAX);
    head->bytes += len;
    if (head->complete)
        return refuse(err, "it has a line of a head behind its body");
    if (len > 0 && line[len - 1] == '\n')
        len--;
    if (len > 0 && line[len - 1] == '\r')
        len--;
    if (!is_clean(line, len))
        return refuse(err, "its head has a control character");
    if (head->status == 0)
        return take_status(head, line, len, err);
    if (len == 0)
        return finish(head, err);
    return take_field(head, line, len, err);
}

enum uk_code
uk_httphead_check(const struct uk_httphead *head, size_t len, bool over,
                  struct uk_err *err)
{
    if (!head->complete)
        return refuse(err, "it has no head, or only a part of one");
    if (len > UK_HTTPHEAD_BODY)
        return uk_err_set(err, UK_BAD_ANSWER, "it is over %d bytes long",
                          UK_HTTPHEAD_BODY);
    if (len > 0 && !head->json)
        return uk_err_set(err, UK_BAD_ANSWER,
                          "status %d with a body that is not "
                          "'application/json': is this the service?",
                          head->status);
    if (head->has_length &&
        (len > head->length || (over && len < head->length)))
        return uk_err_set(err, UK_BAD_ANSWER,
                          "it is %zu bytes long where it announced %zu", len,
                          head->length);
    return UK_OK;
}
