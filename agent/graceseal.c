/* What makes a hash of a key worth nothing outside of this machine. */
#include "agent/graceseal.h"

#include <errno.h>
#include <string.h>

#include "core/buf.h"
#include "core/file.h"

static enum uk_code
make_key(const char *file, struct uk_buf *bytes, struct uk_err *err)
{
    struct uk_grace_key made;
    enum uk_code code = uk_seal_random(&made, sizeof(made), err);

    if (code == UK_OK)
        code = uk_file_create(file, &made, sizeof(made), 0600, err);
    if (code == UK_OK) {
        uk_buf_add(bytes, &made, sizeof(made));
        code = uk_buf_check(bytes, err);
    }
    uk_wipe(&made, sizeof(made));
    return code;
}

enum uk_code
uk_grace_load_key(const char *file, struct uk_grace_key *out,
                  struct uk_err *err)
{
    struct uk_buf bytes = UK_BUF_UP_TO(UK_GRACE_KEY_SIZE);
    enum uk_code code = uk_file_read(file, UK_FILE_PRIVATE, &bytes, err);

    if (code == UK_SYSTEM && err->sys == ENOENT)
        code = make_key(file, &bytes, err);
    else if (code == UK_INVALID || (code == UK_OK && bytes.len < sizeof(*out)))
        code = uk_err_set(err, UK_MISCONFIGURED,
                          "'%s' has not %d bytes; remove it, and a new one is "
                          "made",
                          file, UK_GRACE_KEY_SIZE);
    if (code == UK_OK)
        memcpy(out, bytes.bytes, sizeof(*out));
    else
        uk_err_in(err, "the key for 'offline_grace'");
    uk_buf_clear(&bytes);
    return code;
}

void
uk_grace_seal_make(struct uk_grace_seal *seal, const struct uk_grace_key *key,
                   const struct uk_settings *settings)
{
    const struct uk_conf_list *urls = &settings->service_url;
    struct uk_buf about = UK_BUF_UP_TO(sizeof(*settings));

    uk_buf_add(&about, settings->app_id, strlen(settings->app_id) + 1);
    for (size_t i = 0; i < urls->count; i++)
        uk_buf_add(&about, urls->item[i], strlen(urls->item[i]) + 1);
    /* Without memory it is a seal that nothing is found by. */
    uk_seal_mac(key->bytes, uk_buf_peek(&about), about.len, seal->bytes);
    uk_buf_clear(&about);
}

/* purpose: what this hash is for, so that no other one tells of it. */
static void
hash_for(const struct uk_grace_seal *seal, char purpose,
         const struct uk_secret *key, unsigned char out[UK_SEAL_HASH])
{
    unsigned char mac[UK_SEAL_HASH + 1];

    uk_seal_mac(seal->bytes, key->bytes, key->len, mac);
    mac[UK_SEAL_HASH] = (unsigned char)purpose;
    uk_seal_mac(seal->bytes, mac, sizeof(mac), out);
    uk_wipe(mac, sizeof(mac));
}

uint32_t
uk_grace_seal_tag(const struct uk_grace_seal *seal, const struct uk_secret *key)
{
    unsigned char hash[UK_SEAL_HASH];
    uint32_t tag;

    hash_for(seal, 't', key, hash);
    memcpy(&tag, hash, sizeof(tag));
    uk_wipe(hash, sizeof(hash));
    return tag;
}

enum uk_code
uk_grace_seal_hash(const struct uk_grace_seal *seal,
                   const struct uk_secret *key,
                   const unsigned char salt[UK_SEAL_SALT],
                   unsigned char out[UK_SEAL_HASH], struct uk_err *err)
{
    unsigned char mac[UK_SEAL_HASH];
    enum uk_code code;

    hash_for(seal, 'k', key, mac);
    code = uk_seal_stretch(mac, salt, out, err);
    uk_wipe(mac, sizeof(mac));
    return code;
}
