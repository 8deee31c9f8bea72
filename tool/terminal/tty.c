/* What a terminal can: how wide it is, and whether it obeys. */
#include "tool/terminal/tty.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define USUAL 80

bool
uk_tty_obeys(int fd)
{
    const char *kind = getenv("TERM");

    return isatty(fd) == 1 && kind != NULL && kind[0] != '\0' &&
           strcmp(kind, "dumb") != 0;
}

size_t
uk_tty_width(int fd)
{
    struct winsize size;

    return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col
                                                                : USUAL;
}
