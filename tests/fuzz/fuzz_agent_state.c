/*
 * What the agent finds in its own files: counts of tries, which anything may
 * have happened to, and keys for an outage, which nothing may have.
 *
 * The first byte says which.  A file of counts is the input over and over, in
 * its one size, with our beginning or the input's own; behind 'h' the input is
 * who asks, by what names the host process has for them.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "agent/gracefile.h"
#include "agent/slots.h"
#include "agent/tries.h"
#include "core/str.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/lib_folder.h"

#define HEAD 64 /* bytes in which ours begins */

static char path[256];

static void
write_counts(const uint8_t *bytes, size_t len, bool ours)
{
    static uint8_t file[UK_SLOTS_FILE_SIZE];
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    for (size_t i = 0; i < sizeof(file); i++)
        file[i] = len == 0 ? 0 : bytes[i % len];
    if (ours)
        memcpy(file, "UKSLOT1\n", 8);
    if (ours && (len == 0 || bytes[0] % 2 == 0)) /* the mark is near zero */
        memset(file + 8, 0, HEAD);
    FUZZ_MUST(fd >= 0 && write(fd, file, sizeof(file)) == sizeof(file));
    close(fd);
}

/* Nobody waits for longer than a limit can make them, and who is let in comes
 * in: whatever the file says. */
static void
use_counts(const struct uk_tries_who *who)
{
    static const struct uk_tries_limits limits = {
        .per_source = 4, .per_user = 8, .period_ms = 60000};
    struct uk_err note = UK_ERR_NONE, err = UK_ERR_NONE;
    struct uk_secret key = UK_SECRET_NONE;
    struct uk_clock_reading now;
    struct uk_tries_ticket ticket;
    struct uk_tries *tries;
    unsigned wait_s = 0;

    uk_clock_read(&now);
    FUZZ_MUST(uk_secret_set(&key, "k3y", 3, &err) == UK_OK);
    FUZZ_MUST(uk_tries_open(path, &limits, &tries, &note, &err) == UK_OK);
    FUZZ_MUST(note.code == UK_OK || uk_str_is_printable(note.text));
    for (unsigned i = 0; i < 3; i++) {
        if (!uk_tries_before(tries, who, &key, &now, &ticket, &wait_s))
            FUZZ_MUST(wait_s > 0 && wait_s <= limits.period_ms / 1000);
        uk_tries_after(tries, &ticket, &now, UK_OK, UK_REFUSED);
    }
    uk_tries_after(tries, &ticket, &now, UK_OK, UK_GRANTED);
    FUZZ_MUST(uk_tries_before(tries, who, &key, &now, &ticket, &wait_s));
    uk_tries_close(tries);
    uk_secret_clear(&key);
}

/* Lines: remote host, asking user, account. */
static void
count_names(const uint8_t *bytes, size_t len)
{
    char *text = fuzz_text(bytes, len), *rest = text;
    const char *rhost = strsep(&rest, "\n"), *ruser = strsep(&rest, "\n");
    const struct uk_tries_who who = {.user = rest == NULL ? "" : rest,
                                     .rhost = rhost,
                                     .ruser = ruser == NULL ? "" : ruser};

    unlink(path);
    use_counts(&who);
    free(text);
}

/* Behind a MAC of ours: an older or a newer version. */
static void
read_keys(const uint8_t *bytes, size_t len)
{
    static const unsigned char key[UK_SEAL_KEY] = "a key for this alone";
    struct uk_buf file = UK_BUF_UP_TO(UK_GRACE_FILE_MAX);
    struct uk_buf again = UK_BUF_UP_TO(UK_GRACE_FILE_MAX);
    struct uk_grace_list list = {.count = 0};
    struct uk_err err = UK_ERR_NONE;
    unsigned char mac[UK_SEAL_HASH];

    FUZZ_MUST(uk_grace_list_unpack(bytes, len, key, &list, &err) ==
              UK_BAD_ANSWER);
    uk_buf_add_text(&file, "UKGRACE1");
    uk_buf_add(&file, bytes, len);
    if (file.bad)
        return;
    uk_seal_mac(key, file.bytes, file.len, mac);
    uk_buf_add(&file, mac, sizeof(mac));
    if (uk_grace_list_unpack(file.bytes, file.len, key, &list, &err) == UK_OK) {
        FUZZ_MUST(list.count <= UK_GRACE_MOST);
        FUZZ_MUST(uk_grace_list_pack(&list, key, &again, &err) == UK_OK);
        FUZZ_MUST(again.len == file.len &&
                  memcmp(again.bytes, file.bytes, file.len) == 0);
        for (size_t i = 0; i < list.count; i++)
            (void)uk_grace_list_find(&list, list.entry[i].tag, NULL);
    } else {
        FUZZ_MUST(list.entry == NULL);
    }
    uk_grace_list_clear(&list);
    uk_buf_clear(&again);
    uk_buf_clear(&file);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static const struct uk_tries_who alice = {
        .user = "alice", .rhost = "10.0.0.7", .ruser = ""};
    struct uk_err err = UK_ERR_NONE;

    if (path[0] == '\0') {
        FUZZ_MUST(uk_seal_start(&err) == UK_OK);
        snprintf(path, sizeof(path), "%s/tries", folder_make());
    }
    if (len == 0)
        return 0;
    if (bytes[0] == 'g') {
        read_keys(bytes + 1, len - 1);
        return 0;
    }
    if (bytes[0] == 'h') {
        count_names(bytes + 1, len - 1);
        return 0;
    }
    write_counts(bytes + 1, len - 1, bytes[0] != 'x');
    use_counts(&alice);
    return 0;
}
