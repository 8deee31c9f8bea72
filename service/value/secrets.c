/* The files of signing key and pepper. */
#include "service/value/secrets.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "core/buf.h"
#include "core/file.h"
#include "core/secret.h"
#include "core/str.h"
#include "service/value/path.h"

#define DIGITS     (2 * UK_CRYPTO_KEY)
#define FILE_BYTES (DIGITS + 1) /* with the new line */

const char *const uk_secrets_names[UK_SECRETS_FILES] = {"signing_key",
                                                        "pepper"};

static enum uk_code
create_one(const char *folder, const char *name, bool *made, struct uk_err *err)
{
    unsigned char bytes[UK_CRYPTO_KEY];
    char text[DIGITS + 2];
    char path[PATH_MAX];
    struct stat st;
    enum uk_code code;

    code = uk_path_join(folder, name, path, err);
    if (code != UK_OK || lstat(path, &st) == 0)
        return code;
    uk_crypto_random(bytes, sizeof(bytes));
    uk_str_hex(text, bytes, sizeof(bytes));
    text[DIGITS] = '\n';
    code = uk_file_replace(path, text, FILE_BYTES, 0600, err);
    *made = code == UK_OK;
    uk_wipe(bytes, sizeof(bytes));
    uk_wipe(text, sizeof(text));
    return code;
}

enum uk_code
uk_secrets_create(const char *folder, bool made[UK_SECRETS_FILES],
                  struct uk_err *err)
{
    struct uk_secrets secrets = {{0}, {0}};
    enum uk_code code = UK_OK;

    memset(made, 0, UK_SECRETS_FILES * sizeof(*made));
    for (size_t i = 0; i < UK_SECRETS_FILES && code == UK_OK; i++)
        code = create_one(folder, uk_secrets_names[i], &made[i], err);
    if (code == UK_OK)
        code = uk_secrets_load(folder, &secrets, err);
    uk_secrets_clear(&secrets);
    return code;
}

static unsigned char
value_of(char digit)
{
    return (unsigned char)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

static enum uk_code
load_one(const char *folder, const char *name, unsigned char out[UK_CRYPTO_KEY],
         struct uk_err *err)
{
    struct uk_buf text = UK_BUF_UP_TO(FILE_BYTES);
    char path[PATH_MAX];
    struct stat st;
    enum uk_code code;

    code = uk_path_join(folder, name, path, err);
    if (code == UK_OK && lstat(path, &st) != 0 && errno == ENOENT)
        code = uk_err_set(err, UK_MISCONFIGURED,
                          "there is no '%s'; 'userkey-server init' makes one "
                          "for a new database, an old one needs its own",
                          path);
    if (code == UK_OK)
        code = uk_file_read(path, UK_FILE_PRIVATE, &text, err);
    if (code != UK_OK)
        goto out;
    if (text.len == FILE_BYTES)
        text.bytes[DIGITS] = '\0';
    if (text.len != FILE_BYTES || !uk_str_is_hex(text.bytes, DIGITS)) {
        code = uk_err_set(err, UK_MISCONFIGURED,
                          "'%s' is not %d hexadecimal digits and a new line",
                          path, DIGITS);
        goto out;
    }
    for (size_t i = 0; i < UK_CRYPTO_KEY; i++)
        out[i] = (unsigned char)(value_of(text.bytes[2 * i]) << 4 |
                                 value_of(text.bytes[2 * i + 1]));
out:
    uk_buf_clear(&text);
    return code;
}

enum uk_code
uk_secrets_load(const char *folder, struct uk_secrets *out, struct uk_err *err)
{
    struct uk_secrets secrets = {{0}, {0}};
    enum uk_code code;

    code = load_one(folder, uk_secrets_names[0], secrets.signing_key, err);
    if (code == UK_OK)
        code = load_one(folder, uk_secrets_names[1], secrets.pepper, err);
    if (code == UK_OK)
        *out = secrets;
    uk_secrets_clear(&secrets);
    return code;
}

void
uk_secrets_clear(struct uk_secrets *secrets)
{
    uk_wipe(secrets, sizeof(*secrets));
}
