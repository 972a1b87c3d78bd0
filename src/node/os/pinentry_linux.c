/* Talking to a pinentry program. */
#define _GNU_SOURCE
#include "node/os/pinentry.h"

#include "base/secret.h"
#include "codec/assuan.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    CANCELLED = 99, /* GPG_ERR_CANCELED, the low 16 bits of what ERR says (gpg-error.h) */
    LINES_MAX = 64, /* notices and comments before an answer */
};

struct talk {
    int fd;
    pid_t pid;
    uint8_t line[ASSUAN_LINE_MAX + 1];
    size_t n; /* of the line, without its end */
};

static void talk_done(struct talk *t)
{
    wipe(MSPAN_OF(t->line));
    if (t->fd >= 0) {
        (void)close(t->fd); /* it ends when nobody talks to it any more */
    }
    if (t->pid > 0) {
        (void)kill(t->pid, SIGTERM);
        while (waitpid(t->pid, NULL, 0) < 0 && errno == EINTR) {}
    }
}

/* Byte by byte: what stands behind the line's end belongs to the next, and a PIN has few bytes. */
static enum err read_line(struct talk *t)
{
    for (t->n = 0;;) {
        uint8_t c = 0;
        ssize_t got = recv(t->fd, &c, 1, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return ERR_IO;
        }
        if (c == '\n') {
            return OK;
        }
        if (t->n == ASSUAN_LINE_MAX) {
            return ERR_IO;
        }
        t->line[t->n++] = c;
    }
}

static enum err send_line(struct talk *t, const char *command, const char *argument)
{
    struct wr w = wr_init(MSPAN_OF(t->line));
    wr_str(&w, command);
    assuan_escape(&w, span_str(argument));
    wr_u8(&w, '\n');
    if (!wr_ok(&w)) {
        return ERR_LIMIT;
    }
    return send(t->fd, t->line, w.n, MSG_NOSIGNAL) == (ssize_t)w.n ? OK : ERR_IO;
}

static enum err err_of(struct span text)
{
    unsigned long code = 0;
    for (size_t i = 0; i < text.n && i < 10 && text.p[i] >= '0' && text.p[i] <= '9'; i++) {
        code = code * 10 + (unsigned long)(text.p[i] - '0');
    }
    return (code & 0xffff) == CANCELLED ? ERR_CLOSED : ERR_NOT_FOUND;
}

/* Until OK or ERR; data is unescaped into w (NULL: none is expected). */
static enum err read_answer(struct talk *t, struct wr *w)
{
    for (int i = 0; i < LINES_MAX; i++) {
        struct assuan_line line;
        TRY(read_line(t));
        if (assuan_decode(&line, span_of(t->line, t->n)) != OK) {
            return ERR_IO;
        }
        switch (line.kind) {
        case ASSUAN_OK:      return OK;
        case ASSUAN_ERR:     return err_of(line.text);
        case ASSUAN_INQUIRE: return ERR_IO; /* nothing that we send asks for more */
        case ASSUAN_DATA:
            if (!w) {
                return ERR_IO;
            }
            if (assuan_unescape(w, line.text) != OK) {
                return wr_ok(w) ? ERR_IO : ERR_LIMIT;
            }
            break;
        case ASSUAN_STATUS:
        case ASSUAN_COMMENT: break;
        }
    }
    return ERR_IO;
}

static enum err say(struct talk *t, const char *command, const char *argument)
{
    TRY(send_line(t, command, argument));
    return read_answer(t, NULL);
}

/* What a program on the terminal needs to find it; a windowed one refuses it, or does not mind. */
static enum err say_terminal(struct talk *t)
{
    const char *type = getenv("TERM");
    enum err e = say(t, "OPTION ttyname=", "/dev/tty");
    if (e == OK && type) {
        e = say(t, "OPTION ttytype=", type);
    }
    return e == ERR_IO ? e : OK;
}

static enum err start(struct talk *t, const char *program)
{
    int ends[2];
    posix_spawn_file_actions_t files;
    char name[] = "pinentry";
    char *const argv[] = {name, NULL};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        return ERR_IO;
    }
    t->fd = ends[0];
    bool is_ready = posix_spawn_file_actions_init(&files) == 0;
    int failed = is_ready ? posix_spawn_file_actions_adddup2(&files, ends[1], 0) : ENOMEM;
    failed = failed ? failed : posix_spawn_file_actions_adddup2(&files, ends[1], 1);
    /* posix_spawn may tell that only by the child's exit status, 127. */
    failed = failed ? failed : access(program, X_OK);
    failed = failed ? failed
                    : posix_spawn(&t->pid, program, &files, NULL, argv,
                                  environ); /* display, terminal and language are in there */
    if (is_ready) {
        (void)posix_spawn_file_actions_destroy(&files);
    }
    (void)close(ends[1]);
    if (failed) {
        t->pid = 0;
        return ERR_NOT_FOUND;
    }
    return OK;
}

static enum err ask_for_pin(struct talk *t, struct wr *w, const struct pinentry_ask *ask)
{
    TRY(start(t, ask->program ? ask->program : PINENTRY_PROGRAM));
    TRY(read_answer(t, NULL)); /* its greeting */
    TRY(say_terminal(t));
    TRY(say(t, "SETTITLE ", ask->title));
    TRY(say(t, "SETDESC ", ask->what));
    TRY(say(t, "SETPROMPT ", ask->prompt));
    TRY(send_line(t, "GETPIN", ""));
    return read_answer(t, w);
}

enum err pinentry_get(struct mspan room, size_t *ret_n, const struct pinentry_ask *ask)
{
    AUTO(talk_done) struct talk t = {.fd = -1};
    struct wr w = wr_init(room);
    TRY(ask_for_pin(&t, &w, ask));
    *ret_n = w.n;
    return OK;
}
