/* passmesh-tpm on Linux. */
#include "node/tpm/tpm_serve.h"

#include "crypto/backend.h"
#include "node/os/entropy.h"
#include "node/os/sandbox.h"
#include "node/tpm/tpm_answer.h"
#include "node/tpm/tpm_fd.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

enum { ANSWER_MS = 60000 /* a chip that makes a key may take many seconds */ };

struct server {
    struct tpm_fd way;
    struct tpm_chip chip;
    struct entropy entropy;
    uint8_t request[TPM_REQUEST_MAX];
    uint8_t reply[TPM_REPLY_MAX];
};

static enum err complain(enum err e, const char *what, const char *device)
{
    (void)fprintf(stderr, "passmesh-tpm: %s: %s (%s)\n", device, what, err_name(e));
    return e;
}

MUST_CHECK static enum err start(struct server *s, const struct tpm_serve_cfg *cfg)
{
    int fd = -1;
    struct sandbox_report report;
    const struct sandbox_cfg sandbox = {.dir_fd = -1};
    TRY(crypto_init());
    TRY(entropy_init(&s->entropy));
    enum err e = tpm_fd_open(&fd, cfg->device);
    if (e != OK) {
        return complain(e, "there is no TPM, or this user may not use it (group tss)", cfg->device);
    }
    tpm_fd_init(&s->way, fd, ANSWER_MS);
    e = tpm_chip_open(&s->chip, tpm_fd_tcti(&s->way));
    /* Once, so that the libraries have read what they read. */
    e = e == OK ? tpm_chip_begin(&s->chip) : e;
    tpm_chip_end(&s->chip);
    if (e != OK) {
        return complain(e, "the TPM does not answer as one of version 2", cfg->device);
    }
    e = sandbox_enter(&report, &sandbox);
    return e == OK ? OK : complain(e, "no sandbox at all: not starting", cfg->device);
}

/* One request; false if the other side has gone. */
static bool serve_one(struct server *s, struct tpm_answerer *a, int fd)
{
    ssize_t n;
    ssize_t sent;
    do {
        n = recv(fd, s->request, sizeof s->request, 0);
    } while (n < 0 && errno == EINTR);
    if (n <= 0) {
        return false;
    }
    size_t len = tpm_answer(a, MSPAN_OF(s->reply), span_of(s->request, (size_t)n));
    do {
        sent = send(fd, s->reply, len, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    wipe(MSPAN_OF(s->request));
    wipe(MSPAN_OF(s->reply));
    return sent == (ssize_t)len;
}

enum err tpm_serve(const struct tpm_serve_cfg *cfg)
{
    static struct server s; /* large, and there is one in a process */
    TRY(start(&s, cfg));
    struct tpm_answerer a = {.chip = &s.chip, .rng = &s.entropy.rng, .uses = cfg->uses};
    bool goes_on = true;
    while (goes_on) {
        goes_on = serve_one(&s, &a, cfg->fd);
    }
    return OK;
}
