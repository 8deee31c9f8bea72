/* Keys that may log in by grace, as bytes for a file. */
#include "agent/gracefile.h"

#include <errno.h>
#include <string.h>

#include "core/file.h"
#include "core/wire.h"

#define MAGIC     "UKGRACE1"
#define MAGIC_LEN 8

static void
put_long(struct uk_buf *buf, int64_t number)
{
    uk_wire_put_number(buf, 4, (uint32_t)((uint64_t)number >> 32));
    uk_wire_put_number(buf, 4, (uint32_t)number);
}

static int64_t
take_long(struct uk_wire *from)
{
    uint64_t high = uk_wire_take_number(from, 4, UINT32_MAX, "time");

    return (int64_t)(high << 32 |
                     uk_wire_take_number(from, 4, UINT32_MAX, "time"));
}

static void
take_bytes(struct uk_wire *from, void *to, size_t len)
{
    const unsigned char *at = uk_wire_take(from, len, "length");

    if (at != NULL)
        memcpy(to, at, len);
}

static void
put_entry(struct uk_buf *buf, const struct uk_grace_entry *entry)
{
    uk_wire_put_number(buf, 4, entry->tag);
    uk_buf_add(buf, entry->salt, sizeof(entry->salt));
    uk_buf_add(buf, entry->hash, sizeof(entry->hash));
    put_long(buf, entry->online.ran_ms);
    put_long(buf, entry->online.wall_ms);
    uk_wire_put_number(buf, 1, entry->emails_known);
    uk_wire_put_text(buf, entry->person.id);
    uk_wire_put_number(buf, 1, (uint32_t)entry->person.n_emails);
    for (size_t i = 0; i < entry->person.n_emails; i++)
        uk_wire_put_text(buf, entry->person.email[i]);
}

static void
take_entry(struct uk_wire *from, struct uk_grace_entry *entry)
{
    struct uk_person *person = &entry->person;

    entry->tag = uk_wire_take_number(from, 4, UINT32_MAX, "tag");
    take_bytes(from, entry->salt, sizeof(entry->salt));
    take_bytes(from, entry->hash, sizeof(entry->hash));
    entry->online.ran_ms = take_long(from);
    entry->online.wall_ms = take_long(from);
    entry->emails_known = uk_wire_take_number(from, 1, 1, "flag") == 1;
    uk_wire_take_text(from, person->id, sizeof(person->id), "person");
    person->n_emails =
        uk_wire_take_number(from, 1, UK_PERSON_EMAILS, "number of addresses");
    for (size_t i = 0; i < person->n_emails; i++)
        uk_wire_take_text(from, person->email[i], sizeof(person->email[i]),
                          "address");
}

static void
put_mark(struct uk_buf *buf, const struct uk_clock_mark *mark)
{
    uk_buf_add(buf, mark->last.boot_id, sizeof(mark->last.boot_id));
    put_long(buf, mark->last.boot_ms);
    put_long(buf, mark->last.wall_ms);
    put_long(buf, mark->ran_ms);
}

static void
take_mark(struct uk_wire *from, struct uk_clock_mark *mark)
{
    take_bytes(from, mark->last.boot_id, sizeof(mark->last.boot_id));
    mark->last.boot_ms = take_long(from);
    mark->last.wall_ms = take_long(from);
    mark->ran_ms = take_long(from);
}

enum uk_code
uk_grace_list_pack(const struct uk_grace_list *list,
                   const unsigned char key[UK_SEAL_KEY], struct uk_buf *buf,
                   struct uk_err *err)
{
    unsigned char mac[UK_SEAL_HASH];
    size_t start = buf->len;
    enum uk_code code;

    uk_buf_add(buf, MAGIC, MAGIC_LEN);
    put_mark(buf, &list->mark);
    uk_wire_put_number(buf, 2, (uint32_t)list->count);
    for (size_t i = 0; i < list->count; i++)
        put_entry(buf, &list->entry[i]);
    code = uk_buf_check(buf, err);
    if (code != UK_OK)
        return code;
    uk_seal_mac(key, buf->bytes + start, buf->len - start, mac);
    uk_buf_add(buf, mac, sizeof(mac));
    return uk_buf_check(buf, err);
}

/* Nothing is read before all of it is known to be ours. */
static bool
is_ours(const unsigned char *bytes, size_t len,
        const unsigned char key[UK_SEAL_KEY])
{
    unsigned char mac[UK_SEAL_HASH];

    if (len < MAGIC_LEN + sizeof(mac) || memcmp(bytes, MAGIC, MAGIC_LEN) != 0)
        return false;
    uk_seal_mac(key, bytes, len - sizeof(mac), mac);
    return uk_seal_equal(mac, bytes + len - sizeof(mac));
}

enum uk_code
uk_grace_list_unpack(const void *bytes, size_t len,
                     const unsigned char key[UK_SEAL_KEY],
                     struct uk_grace_list *out, struct uk_err *err)
{
    struct uk_grace_list list = {.count = 0};
    struct uk_wire from;
    uint32_t count;

    if (!is_ours(bytes, len, key))
        return uk_err_set(err, UK_BAD_ANSWER,
                          "damaged, or not made here with these settings");
    uk_wire_init(&from, bytes, len - UK_SEAL_HASH, err);
    (void)uk_wire_take(&from, MAGIC_LEN, "beginning");
    take_mark(&from, &list.mark);
    count = uk_wire_take_number(&from, 2, UK_GRACE_MOST, "number of keys");
    for (uint32_t i = 0; i < count && from.code == UK_OK; i++) {
        struct uk_grace_entry *entry = uk_grace_list_add(&list);

        if (entry == NULL)
            from.code = uk_err_set(err, UK_NO_MEMORY, "no memory for it");
        else
            take_entry(&from, entry);
    }
    if (from.left > 0)
        uk_wire_refuse(&from, "end");
    if (from.code == UK_OK)
        *out = list;
    else
        uk_grace_list_clear(&list);
    return from.code;
}

enum uk_code
uk_grace_list_save(const struct uk_grace_list *list, const char *file,
                   const unsigned char key[UK_SEAL_KEY], struct uk_err *err)
{
    struct uk_buf bytes = UK_BUF_UP_TO(UK_GRACE_FILE_MAX);
    enum uk_code code = uk_grace_list_pack(list, key, &bytes, err);

    if (code == UK_OK)
        code = uk_file_replace(file, bytes.bytes, bytes.len, 0600, err);
    uk_buf_clear(&bytes);
    return code;
}

enum uk_code
uk_grace_list_load(struct uk_grace_list *out, const char *file,
                   const unsigned char key[UK_SEAL_KEY], struct uk_err *note,
                   struct uk_err *err)
{
    struct uk_buf bytes = UK_BUF_UP_TO(UK_GRACE_FILE_MAX);
    enum uk_code code = uk_file_read(file, UK_FILE_PRIVATE, &bytes, err);

    if (code == UK_OK)
        code = uk_grace_list_unpack(bytes.bytes, bytes.len, key, out, err);
    else if (code == UK_SYSTEM && err->sys == ENOENT)
        code = UK_OK;
    if (code == UK_BAD_ANSWER || code == UK_INVALID) {
        *note = *err;
        uk_err_in(note, "keys for outages in '%s' are forgotten", file);
        code = UK_OK;
    }
    uk_buf_clear(&bytes);
    return code;
}
