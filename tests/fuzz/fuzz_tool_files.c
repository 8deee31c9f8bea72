/* The tool's own files: the session of a person, what makes somebody an
 * administrator, the key that is kept. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/keytext.h"
#include "core/str.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/lib_folder.h"
#include "tool/keys/keysource.h"
#include "tool/talk/adminfile.h"
#include "tool/talk/state.h"

static char session[128], file[128], inner[64];

/* Before the folder around it. */
static void
remove_inner(void)
{
    folder_empty(inner);
    rmdir(inner);
}

static void
start(void)
{
    const char *folder = folder_make();

    FUZZ_MUST(setenv("XDG_STATE_HOME", folder, 1) == 0);
    snprintf(inner, sizeof(inner), "%s/userkey", folder);
    FUZZ_MUST(mkdir(inner, 0700) == 0);
    atexit(remove_inner);
    snprintf(session, sizeof(session), "%s/session", inner);
    snprintf(file, sizeof(file), "%s/admin", folder);
}

static void
put(const char *path, const uint8_t *bytes, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    FUZZ_MUST(fd >= 0 && write(fd, bytes, len) == (ssize_t)len);
    close(fd);
}

/* What is taken is the same when it has been kept once more. */
static void
use_session(void)
{
    struct uk_state state = {.session = {.user_id = ""}}, again = state;
    struct uk_err err = UK_ERR_NONE;
    bool found = false;

    if (uk_state_load(&state, &found, &err) != UK_OK) {
        FUZZ_MUST(!found && uk_str_is_printable(err.text));
        return;
    }
    FUZZ_MUST(found && uk_identity_is_id(state.session.user_id));
    FUZZ_MUST(state.place.service_url.count > 0);
    FUZZ_MUST(uk_state_save(&state, &err) == UK_OK);
    FUZZ_MUST(uk_state_load(&again, &found, &err) == UK_OK && found);
    FUZZ_MUST(strcmp(again.session.user_id, state.session.user_id) == 0);
    FUZZ_MUST(strcmp(uk_secret_peek(&again.session.tokens.refresh),
                     uk_secret_peek(&state.session.tokens.refresh)) == 0);
    uk_state_clear(&again);
    uk_state_clear(&state);
}

static void
use_file(void)
{
    struct uk_adminfile admin = {.public_key = ""};
    struct uk_err err = UK_ERR_NONE;
    struct uk_settings place;

    if (uk_adminfile_load(file, &admin, &place, &err) == UK_OK)
        FUZZ_MUST(admin.private_key.len > 0);
    else
        FUZZ_MUST(admin.private_key.len == 0 && uk_str_is_printable(err.text));
    uk_adminfile_clear(&admin);
}

/* One line, which is a key, and nothing beside it. */
static void
use_key(const uint8_t *bytes, size_t len)
{
    struct uk_secret key = UK_SECRET_NONE;
    struct uk_err err = UK_ERR_NONE;

    if (uk_keysource_read(file, &key, &err) == UK_OK) {
        FUZZ_MUST(uk_keytext_check_any(uk_secret_peek(&key), key.len));
        FUZZ_MUST(key.len <= len && memcmp(key.bytes, bytes, key.len) == 0);
        for (size_t i = key.len; i < len; i++)
            FUZZ_MUST(bytes[i] == '\n' || bytes[i] == '\r');
    } else {
        FUZZ_MUST(key.len == 0 && uk_str_is_printable(err.text));
    }
    uk_secret_clear(&key);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (session[0] == '\0')
        start();
    if (len > 0 && bytes[0] == '{') {
        put(session, bytes, len);
        use_session();
    } else {
        put(file, bytes, len);
        use_file();
        use_key(bytes, len);
    }
    return 0;
}
