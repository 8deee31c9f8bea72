/* A new password. */
#include "service/password.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/io.h"
#include "core/json.h"

#define SHORTEST  6
#define LONGEST   128
#define TYPED_MAX 1024
#define STDIN_MS  600000 /* for whatever writes it */

bool
uk_password_check(const struct uk_secret *password)
{
    const char *text = uk_secret_peek(password);
    size_t n = 0;

    if (strlen(text) != password->len || !uk_json_is_text(text))
        return false;
    for (; *text != '\0'; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n >= SHORTEST && n <= LONGEST;
}

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
uk_password_from_stdin(struct uk_secret *out, struct uk_err *err)
{
    struct uk_buf line = UK_BUF_UP_TO(TYPED_MAX);
    enum uk_code code;

    code = uk_io_read_all(STDIN_FILENO, &line, uk_deadline_in(STDIN_MS), err);
    if (code == UK_OK)
        code = take(&line, out, err);
    uk_buf_clear(&line);
    return code == UK_OK ? UK_OK : uk_err_in(err, "reading the password");
}

/* A line from the terminal; ^C and ^D are cancelling. */
static enum uk_code
read_line(int tty, const char *prompt, struct uk_buf *line, struct uk_err *err)
{
    enum uk_code code;
    char c = '\0';
    ssize_t n;

    code = uk_io_write_all(tty, prompt, strlen(prompt),
                           uk_deadline_in(STDIN_MS), err);
    if (code != UK_OK)
        return code;
    while ((n = read(tty, &c, 1)) == 1 && c != '\n' && c != 3 && c != 4)
        uk_buf_add_byte(line, (unsigned char)c);
    (void)!write(tty, "\n", 1);
    if (n != 1 || c != '\n')
        return uk_err_set(err, UK_CANCELLED, "cancelled");
    return uk_buf_check(line, err);
}

static enum uk_code
ask_twice(int tty, struct uk_secret *out, struct uk_err *err)
{
    struct uk_buf first = UK_BUF_UP_TO(TYPED_MAX);
    struct uk_buf second = UK_BUF_UP_TO(TYPED_MAX);
    enum uk_code code;

    code = read_line(tty, "password: ", &first, err);
    if (code == UK_OK)
        code = read_line(tty, "once more: ", &second, err);
    if (code == UK_OK && strcmp(uk_buf_peek(&first), uk_buf_peek(&second)) != 0)
        code = uk_err_set(err, UK_INVALID, "the two are not the same");
    if (code == UK_OK)
        code = take(&first, out, err);
    uk_buf_clear(&first);
    uk_buf_clear(&second);
    return code;
}

enum uk_code
uk_password_from_terminal(struct uk_secret *out, struct uk_err *err)
{
    struct termios before, silent;
    enum uk_code code;
    int tty;

    tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (tty < 0 || tcgetattr(tty, &before) != 0) {
        uk_io_close(&tty);
        return uk_err_set(err, UK_INVALID,
                          "there is no terminal to type a password on; use "
                          "--password-stdin");
    }
    silent = before;
    /* Without signals, so that nothing can leave the terminal silent. */
    silent.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ISIG);
    if (tcsetattr(tty, TCSAFLUSH, &silent) != 0)
        code = uk_err_sys(err, errno, "silencing the terminal");
    else
        code = ask_twice(tty, out, err);
    tcsetattr(tty, TCSAFLUSH, &before);
    uk_io_close(&tty);
    return code;
}
