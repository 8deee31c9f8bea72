/* A new password as an administrator types it. */
#include "service/command/typed.h"

#include <string.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/io.h"
#include "service/api/password.h"
#include "service/command/terminal.h"

#define TYPED_MAX 1024
#define STDIN_MS  600000 /* for whatever writes it */

/* Take the line without its end. */
static enum uk_code
take(const struct uk_buf *line, struct uk_secret *out, struct uk_err *err)
{
    size_t len = line->len;
    enum uk_code code;

    if (len > 0 && line->bytes[len - 1] == '\n')
        len--;
    code = uk_secret_set(out, uk_buf_peek(line), len, err);
    if (code == UK_OK && !uk_password_check(out)) {
        uk_secret_clear(out);
        code = uk_err_set(err, UK_INVALID, UK_PASSWORD_RULE);
    }
    return code;
}

enum uk_code
uk_typed_password(struct uk_secret *out, struct uk_err *err)
{
    struct uk_buf line = UK_BUF_UP_TO(TYPED_MAX);
    enum uk_code code;

    code = uk_io_read_all(STDIN_FILENO, &line, uk_deadline_in(STDIN_MS), err);
    if (code == UK_OK)
        code = take(&line, out, err);
    uk_buf_clear(&line);
    return code == UK_OK ? UK_OK : uk_err_in(err, "reading the password");
}

static enum uk_code
ask_twice(struct uk_terminal *terminal, const char *prompt,
          struct uk_secret *out, struct uk_err *err)
{
    struct uk_buf first = UK_BUF_UP_TO(TYPED_MAX);
    struct uk_buf second = UK_BUF_UP_TO(TYPED_MAX);
    struct uk_secret password = UK_SECRET_NONE;
    enum uk_code code;

    code = uk_terminal_line(terminal, prompt, &first, err);
    if (code == UK_OK)
        code = take(&first, &password, err); /* before it is typed again */
    if (code == UK_OK)
        code = uk_terminal_line(terminal, "Once more: ", &second, err);
    if (code == UK_OK && strcmp(uk_buf_peek(&first), uk_buf_peek(&second)) != 0)
        code = uk_err_set(err, UK_INVALID, "the two are not the same");
    if (code == UK_OK)
        code = take(&first, out, err);
    uk_secret_clear(&password);
    uk_buf_clear(&first);
    uk_buf_clear(&second);
    return code;
}

enum uk_code
uk_typed_password_twice(const char *whose, struct uk_secret *out,
                        struct uk_err *err)
{
    struct uk_terminal terminal = UK_TERMINAL_NONE;
    struct uk_buf prompt = UK_BUF_UP_TO(TYPED_MAX);
    enum uk_code code;

    uk_buf_addf(&prompt, "Password of %s: ", whose);
    code = uk_buf_check(&prompt, err);
    if (code == UK_OK)
        code = uk_terminal_start(&terminal, true, err);
    if (code == UK_INVALID)
        uk_err_set(err, code,
                   "there is no terminal to type a password on; use "
                   "--password-stdin");
    if (code == UK_OK)
        code = ask_twice(&terminal, uk_buf_peek(&prompt), out, err);
    uk_terminal_stop(&terminal);
    uk_buf_clear(&prompt);
    return code;
}
