/* passmesh-tpm on Linux. */
#include "node/tpm/tpm_serve.h"

#include "crypto/backend.h"
#include "node/attest/collector_devices.h"
#include "node/os/entropy.h"
#include "node/os/sandbox.h"
#include "node/tpm/tpm_answer.h"
#include "node/tpm/tpm_collector.h"
#include "node/tpm/tpm_fd.h"
#include "node/tpm/tpm_paravisor.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum {
    ANSWER_MS = 60000,           /* a chip that makes a key may take many seconds */
    EVIDENCE_BUDGET = 256 * 1024 /* bytes, for what collectors hold while they ask */
};

struct server {
    struct tpm_fd way;
    struct tpm_chip chip;
    bool has_chip;
    struct collector_devices devices;
    struct tpm_collector tpm;
    struct tpm_paravisor paravisor;
    struct azure_vtpm azure_vtpm;
    struct collector *collectors[COLLECTORS_MAX];
    size_t collectors_count;
    struct collector_outcome told; /* what was last said of them */
    struct budget budget;
    struct entropy entropy;
    uint8_t request[TPM_REQUEST_MAX];
    uint8_t reply[TPM_REPLY_MAX];
};

static enum err complain(enum err e, const char *what, const char *device)
{
    (void)fprintf(stderr, "passmesh-tpm: %s: %s (%s)\n", device, what, err_name(e));
    return e;
}

MUST_CHECK static enum err open_chip(struct server *s, const struct tpm_serve_cfg *cfg)
{
    int fd = -1;
    enum err e = tpm_fd_open(&fd, cfg->device);
    if (e != OK && s->devices.count > 0) {
        return e; /* others are there, and it would have been the last that is asked */
    }
    if (e != OK) {
        return complain(e, "there is no TPM, or this user may not use it (group tss)", cfg->device);
    }
    tpm_fd_init(&s->way, fd, ANSWER_MS);
    e = tpm_chip_open(&s->chip, tpm_fd_tcti(&s->way));
    /* Once, so that the libraries have read what they read. */
    e = e == OK ? tpm_chip_begin(&s->chip) : e;
    tpm_chip_end(&s->chip);
    s->has_chip = e == OK;
    return e == OK ? OK : complain(e, "the TPM does not answer as one of version 2", cfg->device);
}

/* Whatever is there, the TPM last. */
static void list_collectors(struct server *s)
{
    for (size_t i = 0; i < s->devices.count; i++) {
        s->collectors[s->collectors_count++] = s->devices.list[i];
    }
    if (s->has_chip) { /* a paravisor's says by its indices that it is one */
        tpm_paravisor_init(&s->paravisor, &s->chip);
        azure_vtpm_init(&s->azure_vtpm, &s->paravisor.ops);
        s->collectors[s->collectors_count++] = &s->azure_vtpm.collector;
        tpm_collector_init(&s->tpm, &s->chip);
        s->collectors[s->collectors_count++] = &s->tpm.collector;
    }
}

MUST_CHECK static enum err start(struct server *s, const struct tpm_serve_cfg *cfg)
{
    struct sandbox_report report;
    struct sandbox_cfg sandbox = {.dir_fd = -1};
    bool is_for_evidence = cfg->uses & TPM_FOR_EVIDENCE;
    budget_init(&s->budget, NULL, "evidence", EVIDENCE_BUDGET);
    TRY(crypto_init());
    TRY(entropy_init(&s->entropy));
    if (is_for_evidence) {
        collector_devices_open(&s->devices, "");
        collector_devices_allow(&s->devices, &sandbox);
    }
    enum err e = open_chip(s, cfg);
    if (e != OK && s->devices.count == 0) {
        return e;
    }
    if (is_for_evidence) {
        list_collectors(s);
    }
    e = sandbox_enter(&report, &sandbox);
    return e == OK ? OK : complain(e, "no sandbox at all: not starting", cfg->device);
}

/* Which collector gave evidence and which did not, once: the question comes twice an hour. */
static void tell(struct server *s, const struct collector_outcome *now)
{
    size_t failed = now->used;
    if (memcmp(&s->told, now, sizeof *now) == 0) {
        return;
    }
    for (size_t i = 0; i < failed && i < s->collectors_count; i++) {
        if (now->errs[i] == ERR_UNSUPPORTED) {
            continue; /* not this kind of machine */
        }
        (void)fprintf(stderr, "passmesh-tpm: %s gives no evidence (%s)%s%s\n",
                      s->collectors[i]->name, err_name(now->errs[i]),
                      s->collectors[i]->note[0] ? "; " : "", s->collectors[i]->note);
    }
    s->told = *now;
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
    if (a->uses & TPM_FOR_EVIDENCE) {
        tell(s, &a->outcome);
    }
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
    struct tpm_answerer a = {
        .chip = s.has_chip ? &s.chip : NULL,
        .rng = &s.entropy.rng,
        .uses = cfg->uses,
        .collectors = s.collectors,
        .collectors_count = s.collectors_count,
        .budget = &s.budget,
    };
    bool goes_on = true;
    while (goes_on) {
        goes_on = serve_one(&s, &a, cfg->fd);
    }
    return OK;
}
