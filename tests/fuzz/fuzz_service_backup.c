/*
 * A backup that somebody hands us: what is restored of it is rows that the
 * service could have written.
 *
 * The input changes a good one: "*TABLE COLUMN KIND VALUE" writes a value of a
 * kind (i, t, b or n for none) into each row of a table, and whatever does not
 * begin so is bytes, four at a time: three say where, the fourth what.
 */
#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/str.h"
#include "service/store/app.h"
#include "service/store/copy.h"
#include "service/store/store.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/lib_folder.h"

#define BYTES (1 << 20) /* of the good one, at most */
#define WORDS 4

static char good[128], bad[128], restored[128];
static uint8_t file[BYTES];
static size_t size;

static void
must(enum uk_code code, const struct uk_err *err)
{
    if (code != UK_OK)
        fprintf(stderr, "%s\n", err->text);
    FUZZ_MUST(code == UK_OK);
}

static void
fill(struct uk_store *store)
{
    struct uk_store_identity identity = {.provider = UK_PROVIDER_PASSWORD,
                                         .email = "a@b.example",
                                         .confirmed = true};
    struct uk_store_admin admin = {.name = "root"};
    struct uk_store_key key = {.name = "one"};
    struct uk_store_user user = {.epoch = 1};
    const struct uk_store_hash hash = {.bytes = {1}};
    enum uk_store_result result;
    struct uk_err err = UK_ERR_NONE;
    struct uk_store_app app;

    must(store->ops->begin(store, &err), &err);
    must(uk_app_add(store, "fuzz", &app, &err), &err);
    memcpy(user.app_id, app.id, sizeof(app.id));
    uk_id_make(user.id);
    uk_id_make(identity.id);
    uk_id_make(key.id);
    uk_id_make(admin.id);
    must(uk_store_call(store, add_user, &user, &identity,
                       "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA", &result,
                       &err),
         &err);
    must(uk_store_call(store, add_key, &user, &key, &hash, &result, &err),
         &err);
    must(uk_store_call(store, add_admin, &admin, &hash, &result, &err), &err);
    must(store->ops->commit(store, &err), &err);
}

static enum uk_code
look_on(void *context, const char *table, uint64_t rows, struct uk_err *err)
{
    return UK_OK;
}

/* Copy what stands there, as backup and restore do. */
static enum uk_code
copy(const char *from, const char *to, uint64_t rows[UK_COPY_TABLES],
     struct uk_err *err)
{
    struct uk_copy_source *source = NULL;
    struct uk_copy_target *target = NULL;
    char where[160];
    enum uk_code code;

    snprintf(where, sizeof(where), "sqlite:%s", from);
    code = uk_copy_source_open(where, UK_COPY_FILE, &source, err);
    snprintf(where, sizeof(where), "sqlite:%s", to);
    if (code == UK_OK)
        code = uk_copy_target_open(where, &target, err);
    if (code == UK_OK)
        code = uk_copy_run(source, target, look_on, NULL, rows, err);
    if (code == UK_OK)
        code = uk_copy_finish(target, look_on, NULL, err);
    uk_copy_target_close(target);
    uk_copy_source_close(source);
    return code;
}

static void
start(void)
{
    const char *folder = folder_make();
    struct uk_store *store = NULL;
    uint64_t rows[UK_COPY_TABLES];
    struct uk_err err = UK_ERR_NONE;
    char first[128], where[160];
    int fd;

    snprintf(first, sizeof(first), "%s/first", folder);
    snprintf(good, sizeof(good), "%s/good", folder);
    snprintf(bad, sizeof(bad), "%s/bad", folder);
    snprintf(restored, sizeof(restored), "%s/restored", folder);
    close(open(first, O_CREAT | O_CLOEXEC, 0600));
    snprintf(where, sizeof(where), "sqlite:%s", first);
    must(uk_store_open(where, UK_STORE_CLAIM, &store, &err), &err);
    fill(store);
    uk_store_close(store);
    must(copy(first, good, rows, &err), &err);
    fd = open(good, O_RDONLY | O_CLOEXEC);
    size = (size_t)read(fd, file, sizeof(file));
    FUZZ_MUST(size > 0 && size < sizeof(file));
    close(fd);
}

static void
put_value(sqlite3_stmt *statement, const char *kind, const char *value)
{
    switch (kind[0]) {
    case 'i':
        sqlite3_bind_int64(statement, 1, strtoll(value, NULL, 0));
        break;
    case 't':
        sqlite3_bind_text(statement, 1, value, -1, SQLITE_TRANSIENT);
        break;
    case 'b':
        sqlite3_bind_blob(statement, 1, value, (int)strlen(value),
                          SQLITE_TRANSIENT);
        break;
    default:
        break;
    }
}

/* Only names that are ours are put into a statement. */
static void
change(sqlite3 *db, char *line)
{
    char *word[WORDS] = {NULL}, sql[128];
    sqlite3_stmt *statement = NULL;
    const char *letters = "abcdefghijklmnopqrstuvwxyz_";

    for (size_t i = 0; i < WORDS; i++)
        word[i] = i + 1 < WORDS ? strsep(&line, " ") : line;
    for (size_t i = 0; i < WORDS; i++) {
        if (word[i] == NULL)
            return;
    }
    if (word[0][strspn(word[0], letters)] != '\0' ||
        word[1][strspn(word[1], letters)] != '\0' ||
        snprintf(sql, sizeof(sql), "UPDATE %s SET %s = ?", word[0], word[1]) >=
            (int)sizeof(sql))
        return;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK) {
        put_value(statement, word[2], word[3]);
        (void)sqlite3_step(statement);
    }
    sqlite3_finalize(statement);
}

static void
change_rows(const uint8_t *bytes, size_t len)
{
    char *text = fuzz_text(bytes, len), *rest = text, *line;
    sqlite3 *db = NULL;

    if (sqlite3_open(bad, &db) == SQLITE_OK) {
        sqlite3_exec(db, "PRAGMA ignore_check_constraints = ON", NULL, NULL,
                     NULL);
        while ((line = strsep(&rest, "\n")) != NULL)
            if (line[0] == '*')
                change(db, line + 1);
    }
    sqlite3_close(db);
    free(text);
}

static void
write_bad(const uint8_t *bytes, size_t len, bool patched)
{
    static uint8_t changed[BYTES];
    int fd = open(bad, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    memcpy(changed, file, size);
    for (size_t i = 0; patched && i + 4 <= len; i += 4)
        changed[((size_t)bytes[i] << 16 | (size_t)bytes[i + 1] << 8 |
                 bytes[i + 2]) %
                size] = bytes[i + 3];
    FUZZ_MUST(fd >= 0 && write(fd, changed, size) == (ssize_t)size);
    close(fd);
}

const char fuzz_is_slow = 1;

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    uint64_t rows[UK_COPY_TABLES] = {0}, again[UK_COPY_TABLES] = {0};
    struct uk_err err = UK_ERR_NONE;
    struct stat st;
    bool rowwise = len > 0 && bytes[0] == '*';

    if (size == 0)
        start();
    unlink(restored);
    write_bad(bytes, len, !rowwise);
    if (rowwise)
        change_rows(bytes, len);
    if (copy(bad, restored, rows, &err) != UK_OK) {
        FUZZ_MUST(uk_str_is_printable(err.text) && err.text[0] != '\0');
        FUZZ_MUST(stat(restored, &st) != 0); /* nothing is half there */
        return 0;
    }
    /* What has been taken once is taken again, all of it. */
    unlink(bad);
    must(copy(restored, bad, again, &err), &err);
    FUZZ_MUST(memcmp(rows, again, sizeof(rows)) == 0);
    return 0;
}
