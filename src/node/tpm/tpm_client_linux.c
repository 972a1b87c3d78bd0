/* Asking passmesh-tpm. */
#include "node/tpm/tpm_client.h"

#include "base/wr.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

static struct tpm_client *client_of(struct sealer *s)
{
    return (struct tpm_client *)(void *)s;
}

MUST_CHECK static enum err broken(struct tpm_client *c)
{
    c->fd = -1;
    return ERR_IO;
}

MUST_CHECK static enum err receive(struct tpm_client *c, size_t *ret)
{
    struct pollfd p = {.fd = c->fd, .events = POLLIN};
    int ready;
    do {
        ready = poll(&p, 1, c->timeout_ms);
    } while (ready < 0 && errno == EINTR);
    ssize_t n = ready > 0 ? recv(c->fd, c->message, sizeof c->message, 0) : -1;
    if (n <= 0 || c->message[0] >= ERR_COUNT) {
        return broken(c);
    }
    *ret = (size_t)n;
    return OK;
}

enum err
tpm_client_ask(struct tpm_client *c, struct span *ret_body, enum tpm_op op, struct span body)
{
    size_t n = 0;
    if (c->fd < 0) {
        return ERR_IO;
    }
    if (body.n > TPM_REQUEST_MAX - 1) {
        return ERR_LIMIT;
    }
    c->message[0] = (uint8_t)op;
    if (body.n > 0) {
        memmove(c->message + 1, body.p, body.n);
    }
    ssize_t sent;
    do {
        sent = send(c->fd, c->message, body.n + 1, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    wipe(mspan_of(c->message, body.n + 1));
    if (sent != (ssize_t)body.n + 1) {
        return broken(c);
    }
    TRY(receive(c, &n));
    if (c->message[0] != OK) {
        return (enum err)c->message[0];
    }
    *ret_body = span_of(c->message + 1, n - 1);
    return OK;
}

/* A request written behind its op, so that nothing secret has a second place. */
static struct wr request(struct tpm_client *c)
{
    return wr_init(mspan_of(c->message + 1, TPM_REQUEST_MAX - 1));
}

MUST_CHECK static enum err
finish(struct tpm_client *c, struct span *ret, enum tpm_op op, const struct wr *w)
{
    TRY(wr_end(w));
    return tpm_client_ask(c, ret, op, span_of(c->message + 1, w->n));
}

static enum err client_seal(struct sealer *self,
                            struct sealer_blob *ret,
                            const struct secret32 *key,
                            const struct p256_public *authority)
{
    struct tpm_client *c = client_of(self);
    struct span body;
    struct wr w = request(c);
    wr_bytes(&w, SPAN_OF(key->bytes));
    wr_bytes(&w, SPAN_OF(authority->xy));
    TRY(finish(c, &body, TPM_SEAL, &w));
    if (body.n == 0 || body.n > sizeof ret->bytes) {
        return broken(c);
    }
    ret->n = span_copy(MSPAN_OF(ret->bytes), body);
    return OK;
}

static enum err client_unseal(struct sealer *self,
                              struct secret32 *ret,
                              const struct sealer_blob *blob,
                              const struct p256_public *authority,
                              const struct sealer_approvals *approvals)
{
    struct tpm_client *c = client_of(self);
    struct span body;
    struct wr w = request(c);
    wr_bytes(&w, SPAN_OF(authority->xy));
    sealer_approvals_write(&w, approvals);
    wr_bytes(&w, span_of(blob->bytes, blob->n));
    TRY(finish(c, &body, TPM_UNSEAL, &w));
    bool is_good = body.n == sizeof ret->bytes;
    if (is_good) {
        (void)span_copy(MSPAN_OF(ret->bytes), body);
    }
    wipe(MSPAN_OF(c->message));
    return is_good ? OK : broken(c);
}

static enum err
client_state(struct sealer *self, struct hash32 *ret, uint32_t registers, struct span values)
{
    struct tpm_client *c = client_of(self);
    struct span body;
    struct wr w = request(c);
    wr_be32(&w, registers);
    wr_bytes(&w, values);
    TRY(finish(c, &body, TPM_STATE, &w));
    if (body.n != sizeof ret->bytes) {
        return broken(c);
    }
    (void)span_copy(MSPAN_OF(ret->bytes), body);
    return OK;
}

static enum err client_counter(struct sealer *self,
                               uint64_t *ret,
                               enum sealer_counter what,
                               const struct sealer_blob *blob,
                               const struct secret32 *key)
{
    struct tpm_client *c = client_of(self);
    struct span body;
    struct wr w = request(c);
    wr_u8(&w, (uint8_t)what);
    wr_bytes(&w, SPAN_OF(key->bytes));
    wr_bytes(&w, span_of(blob->bytes, blob->n));
    TRY(finish(c, &body, TPM_COUNTER, &w));
    struct rd r = rd_init(body);
    uint64_t value = rd_be64(&r);
    if (!rd_end(&r)) {
        return broken(c);
    }
    *ret = value;
    return OK;
}

void tpm_client_init(struct tpm_client *c, int fd, int timeout_ms)
{
    *c = (struct tpm_client){
        .sealer = {.name = "tpm2",
                   .seal = client_seal,
                   .unseal = client_unseal,
                   .state = client_state,
                   .counter = client_counter},
        .fd = fd,
        .timeout_ms = timeout_ms,
    };
}

enum err tpm_spawn(struct process *ret, const char *path, const char *device, uint32_t uses)
{
    const char *use = uses & TPM_FOR_SEAL ? "seal" : "evidence";
    const char *const argv[] = {"passmesh-tpm", "--device", device, "--for", use, NULL};
    /* What the chip's library says is told again by our own errors. */
    const char *const env[] = {"TSS2_LOG=all+none", NULL};
    const struct process_args args = {.path = path, .argv = argv, .env = env, .is_datagram = true};
    return process_spawn(ret, &args);
}
