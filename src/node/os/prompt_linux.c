/* The terminal, for secrets and for a yes. */
#define _GNU_SOURCE
#include "node/os/prompt.h"

#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { ANSWER_MAX = 16 };

static enum err read_line(int tty, struct mspan room, size_t *ret_n)
{
    bool is_too_long = false;
    size_t n = 0;
    for (;;) {
        char c = 0;
        ssize_t got = read(tty, &c, 1);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return ERR_IO;
        }
        if (c == '\n') {
            break;
        }
        is_too_long |= n == room.n;
        if (n < room.n) {
            room.p[n++] = (uint8_t)c;
        }
    }
    *ret_n = n;
    return is_too_long ? ERR_LIMIT : OK;
}

enum err prompt_secret(struct mspan room, size_t *ret_n, const char *what)
{
    struct termios before;
    int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (tty < 0 || tcgetattr(tty, &before) != 0) {
        if (tty >= 0) {
            (void)close(tty);
        }
        return ERR_NOT_FOUND;
    }
    struct termios quiet = before;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    (void)tcsetattr(tty, TCSAFLUSH, &quiet);
    (void)dprintf(tty, "%s (not shown): ", what);
    enum err e = read_line(tty, room, ret_n);
    (void)tcsetattr(tty, TCSAFLUSH, &before);
    (void)dprintf(tty, "\n");
    (void)close(tty);
    return e;
}

bool prompt_yes(const char *question)
{
    uint8_t room[ANSWER_MAX];
    size_t n = 0;
    int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (tty < 0) {
        return false;
    }
    (void)dprintf(tty, "%s Type yes: ", question);
    enum err e = read_line(tty, MSPAN_OF(room), &n);
    (void)close(tty);
    return e == OK && n == 3 && memcmp(room, "yes", 3) == 0;
}
