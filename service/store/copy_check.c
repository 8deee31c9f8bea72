/* What a copy takes: rows that the service itself could have written. */
#include <string.h>

#include "core/str.h"
#include "service/store/copy.h"
#include "service/store/store.h"
#include "service/value/email.h"

#define NAME "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
#define TEXT (UK_STORE_ORIGINS + 1) /* room of the longest text, with a NUL */

/* The year 9999; and what a number of a token can be. */
#define LAST_S     253402300799LL
#define LAST_EPOCH (1LL << 53)
#define PROVIDERS                                                              \
    (1U << UK_PROVIDER_ANON | 1U << UK_PROVIDER_PASSWORD |                     \
     1U << UK_PROVIDER_KEY)

static bool
is_name(const char *text, const char *letters, size_t most)
{
    size_t len = strspn(text, letters);

    return len > 0 && len <= most && text[len] == '\0';
}

static bool
is_subject(const char *text)
{
    char folded[UK_EMAIL_MAX + 1];

    if (uk_id_check(text))
        return true;
    if (!uk_email_check(text))
        return false;
    uk_email_fold(text, folded);
    return strcmp(folded, text) == 0;
}

/* Lines, each with its end. */
static bool
are_origins(const char *text)
{
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");

        for (size_t i = 0; i < len; i++) {
            if (text[i] <= ' ' || text[i] > '~')
                return false;
        }
        if (len == 0 || text[len] != '\n')
            return false;
        text += len + 1;
    }
    return true;
}

static bool
is_provider(const char *text)
{
    enum uk_provider provider = uk_provider_by_word(text);

    return provider == UK_PROVIDER_ANON || provider == UK_PROVIDER_PASSWORD;
}

static bool
is_text(enum uk_copy_form form, const char *text)
{
    switch (form) {
    case UK_COPY_ID:
        return uk_id_check(text);
    case UK_COPY_APP_NAME:
        return is_name(text, NAME, UK_STORE_APP_NAME);
    case UK_COPY_KEY_NAME:
        return is_name(text, NAME, UK_STORE_KEY_NAME);
    case UK_COPY_ADMIN_NAME:
        return is_name(text, NAME ".@", UK_STORE_ADMIN_NAME);
    case UK_COPY_PROVIDER:
        return is_provider(text);
    case UK_COPY_SUBJECT:
        return is_subject(text);
    case UK_COPY_ADDRESS:
        return text[0] == '\0' || uk_email_check(text);
    case UK_COPY_SECRET:
        return text[0] == '\0' || uk_pwhash_is_ours(text);
    case UK_COPY_ORIGINS:
        return are_origins(text);
    case UK_COPY_PURPOSE:
        return strcmp(text, "confirm") == 0 || strcmp(text, "reset") == 0;
    case UK_COPY_HASH:
    case UK_COPY_YES_NO:
    case UK_COPY_TIME_US:
    case UK_COPY_TIME_S:
    case UK_COPY_EPOCH:
    case UK_COPY_PROVIDERS:
    case UK_COPY_LIFETIME:
        break;
    }
    return false;
}

static bool
is_number(enum uk_copy_form form, int64_t number)
{
    switch (form) {
    case UK_COPY_YES_NO:
        return number == 0 || number == 1;
    case UK_COPY_TIME_US:
        return number >= 0 && number <= LAST_S * 1000000;
    case UK_COPY_TIME_S:
        return number >= 0 && number <= LAST_S;
    case UK_COPY_EPOCH:
        return number >= 0 && number <= LAST_EPOCH;
    case UK_COPY_PROVIDERS:
        return number >= 0 && (number & ~(int64_t)PROVIDERS) == 0;
    case UK_COPY_LIFETIME:
        return number == 0 || (number >= UK_STORE_REFRESH_LEAST_S &&
                               number <= UK_STORE_REFRESH_MOST_S);
    case UK_COPY_ID:
    case UK_COPY_HASH:
    case UK_COPY_APP_NAME:
    case UK_COPY_KEY_NAME:
    case UK_COPY_ADMIN_NAME:
    case UK_COPY_PROVIDER:
    case UK_COPY_SUBJECT:
    case UK_COPY_ADDRESS:
    case UK_COPY_SECRET:
    case UK_COPY_ORIGINS:
    case UK_COPY_PURPOSE:
        break;
    }
    return false;
}

static bool
is_good(const struct uk_copy_column *column, const struct uk_copy_value *value)
{
    char text[TEXT];

    switch (column->kind) {
    case UK_COPY_BYTES:
        return value->len == UK_CRYPTO_HASH;
    case UK_COPY_NUMBER:
    case UK_COPY_FLAG:
        return is_number(column->form, value->number);
    case UK_COPY_TEXT:
        break;
    }
    if (value->len >= sizeof(text))
        return false;
    if (value->len > 0)
        memcpy(text, value->bytes, value->len);
    text[value->len] = '\0';
    return strlen(text) == value->len && is_text(column->form, text);
}

/* The row is named by its id, whatever stands there. */
static enum uk_code
blame(const struct uk_copy_table *table, size_t column,
      const struct uk_copy_value values[UK_COPY_COLUMNS], struct uk_err *err)
{
    char id[UK_PRINTABLE_SIZE] = "";

    for (size_t i = 0; i < table->count; i++) {
        if (strcmp(table->column[i].name, "id") == 0)
            uk_str_printable(id, values[i].bytes, values[i].len);
    }
    return uk_err_set(err, UK_MISCONFIGURED,
                      "row '%s': column '%s' has a value that userkey-server "
                      "does not write",
                      id, table->column[column].name);
}

enum uk_code
uk_copy_check(const struct uk_copy_table *table,
              const struct uk_copy_value values[UK_COPY_COLUMNS],
              struct uk_err *err)
{
    for (size_t i = 0; i < table->count; i++) {
        if (!is_good(&table->column[i], &values[i]))
            return blame(table, i, values, err);
    }
    return UK_OK;
}
