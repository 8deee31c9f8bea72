/* The session that `userkey login` leaves behind: one file of the person's. */
#include "tool/talk/state.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "core/json.h"
#include "core/str.h"
#include "tool/talk/place.h"
#include "tool/terminal/language.h"

#define FILE_MAX (4 * UK_SECRET_MAX)

/* The folder of a path's beginning that is there may be reached by a symbolic
 * link (a /home that is one), which is its owner's business: what stands
 * below is ours, and is looked at part by part. */
static enum uk_code
find_base(const char *variable, char *base, struct uk_err *err)
{
    char *real = realpath(variable, NULL);
    bool fits = uk_str_copy(base, PATH_MAX, real != NULL ? real : variable);

    free(real);
    if (!fits)
        return uk_err_set(
            err, UK_MISCONFIGURED,
            _("the name of the home folder is over %d bytes long"), PATH_MAX);
    return UK_OK;
}

static enum uk_code
find_home(char *base, struct uk_err *err)
{
    const char *home = getenv("HOME");
    struct passwd entry, *found = NULL;
    char room[4096];

    if (home != NULL && home[0] == '/')
        return find_base(home, base, err);
    if (getpwuid_r(getuid(), &entry, room, sizeof(room), &found) != 0 ||
        found == NULL || found->pw_dir[0] != '/')
        return uk_err_set(err, UK_MISCONFIGURED,
                          _("no home folder to keep a session in; set HOME"));
    return find_base(found->pw_dir, base, err);
}

/* A relative XDG_STATE_HOME does not count (XDG Base Directory, 0.8). */
static enum uk_code
find_path(char folder[PATH_MAX], char path[PATH_MAX], struct uk_err *err)
{
    const char *state = getenv("XDG_STATE_HOME");
    char base[PATH_MAX];
    bool set = state != NULL && state[0] == '/';
    enum uk_code code;

    code = set ? find_base(state, base, err) : find_home(base, err);
    if (code != UK_OK)
        return code;
    if (snprintf(folder, PATH_MAX, "%s%s/userkey", base,
                 set ? "" : "/.local/state") >= PATH_MAX ||
        snprintf(path, PATH_MAX, "%.*s/session", PATH_MAX - 10, folder) >=
            PATH_MAX)
        return uk_err_set(err, UK_MISCONFIGURED,
                          _("the name of the home folder is too long"));
    return UK_OK;
}

static enum uk_code
take_secret(const struct uk_json *document, const char *name,
            struct uk_secret *out, struct uk_err *err)
{
    const char *text;

    if (!uk_json_text(document, name, &text) || text[0] == '\0')
        return uk_err_set(err, UK_MISCONFIGURED, _("no '%s'"), name);
    return uk_secret_set(out, text, strlen(text), err);
}

static enum uk_code
take_state(const struct uk_json *document, const char *path,
           struct uk_state *out, struct uk_err *err)
{
    struct uk_state state = {.session = {.user_id = ""}};
    const char *id;
    enum uk_code code = uk_place_take(document, path, &state.place, err);

    if (code == UK_OK &&
        (!uk_json_text(document, "user_id", &id) || !uk_identity_is_id(id) ||
         !uk_str_copy(state.session.user_id, sizeof(state.session.user_id),
                      id)))
        code = uk_err_set(err, UK_MISCONFIGURED, _("no 'user_id'"));
    if (code == UK_OK)
        code = take_secret(document, "access_token",
                           &state.session.tokens.access, err);
    if (code == UK_OK)
        code = take_secret(document, "refresh_token",
                           &state.session.tokens.refresh, err);
    if (code == UK_OK) {
        *out = state;
        state.session = (struct uk_session){.user_id = ""};
    }
    uk_state_clear(&state);
    return code;
}

static enum uk_code
parse(const struct uk_buf *text, const char *path, struct uk_state *out,
      struct uk_err *err)
{
    struct uk_json *document = NULL;
    enum uk_code code;

    code = uk_json_parse(uk_buf_peek(text), text->len, &document, err);
    if (code == UK_OK)
        code = take_state(document, path, out, err);
    uk_json_free(document);
    if (code == UK_OK)
        return UK_OK;
    uk_err_in(err, _("'%s' is damaged, log in again ('userkey login')"), path);
    return uk_err_recode(err, UK_MISCONFIGURED);
}

enum uk_code
uk_state_load(struct uk_state *out, bool *found, struct uk_err *err)
{
    struct uk_buf text = UK_BUF_UP_TO(FILE_MAX);
    char folder[PATH_MAX], path[PATH_MAX];
    enum uk_code code = find_path(folder, path, err);

    if (code != UK_OK)
        return code;
    code = uk_file_read(path, UK_FILE_PRIVATE, &text, err);
    if (code == UK_OK) {
        code = parse(&text, path, out, err);
        *found = code == UK_OK;
    } else if (code == UK_SYSTEM && err->sys == ENOENT) {
        *found = false;
        code = UK_OK;
    } else {
        uk_err_in(err, _("reading the session"));
    }
    uk_buf_clear(&text);
    return code;
}

enum uk_code
uk_state_save(const struct uk_state *state, struct uk_err *err)
{
    struct uk_buf text = UK_BUF_UP_TO(FILE_MAX);
    struct uk_json_out out = {.buf = &text};
    char folder[PATH_MAX], path[PATH_MAX];
    enum uk_code code = find_path(folder, path, err);

    uk_json_begin(&out, NULL, '{');
    uk_place_put(&out, &state->place);
    uk_json_put_text(&out, "user_id", state->session.user_id);
    uk_json_put_text(&out, "access_token",
                     uk_secret_peek(&state->session.tokens.access));
    uk_json_put_text(&out, "refresh_token",
                     uk_secret_peek(&state->session.tokens.refresh));
    uk_json_end(&out, '}');
    uk_buf_add_byte(&text, '\n');
    if (code == UK_OK)
        code = uk_buf_check(&text, err);
    if (code == UK_OK)
        code = uk_file_make_folder(folder, 0700, err);
    if (code == UK_OK)
        code = uk_file_replace(path, text.bytes, text.len, 0600, err);
    uk_buf_clear(&text);
    return code == UK_OK ? code : uk_err_in(err, _("keeping the session"));
}

enum uk_code
uk_state_remove(struct uk_err *err)
{
    char folder[PATH_MAX], path[PATH_MAX];
    enum uk_code code = find_path(folder, path, err);

    if (code == UK_OK && unlink(path) != 0 && errno != ENOENT)
        code = uk_err_sys(err, errno, _("removing '%s'"), path);
    return code;
}

void
uk_state_clear(struct uk_state *state)
{
    uk_session_clear(&state->session);
}
