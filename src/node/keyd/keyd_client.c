/* keyd's client: blocking calls over the socket pair. */
#include "node/keyd/keyd_client.h"

#include "base/check.h"
#include "base/rd.h"
#include "base/wr.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

enum { HEAD_LEN = 6, REPLY_HEAD_LEN = 7 };

static enum err broken(struct keyd_client *c, enum err e)
{
    c->fd = -1;
    return e;
}

static enum err
send_request(struct keyd_client *c, enum keyd_op op, struct span first, struct span second)
{
    uint8_t head[HEAD_LEN];
    struct wr w = wr_init(MSPAN_OF(head));
    wr_u8(&w, KEYD_VERSION);
    wr_u8(&w, (uint8_t)op);
    wr_be32(&w, c->next_id);
    struct iovec parts[] = {
        {.iov_base = head,                        .iov_len = sizeof head},
        {.iov_base = (void *)(uintptr_t)first.p,  .iov_len = first.n    },
        {.iov_base = (void *)(uintptr_t)second.p, .iov_len = second.n   },
    };
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 3};
    ssize_t n;
    do {
        n = sendmsg(c->fd, &message, MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    return n == (ssize_t)(HEAD_LEN + first.n + second.n) ? OK : broken(c, ERR_IO);
}

static enum err wait_reply(struct keyd_client *c)
{
    struct pollfd p = {.fd = c->fd, .events = POLLIN};
    int n;
    do {
        n = poll(&p, 1, c->timeout_ms);
    } while (n < 0 && errno == EINTR);
    if (n == 0) {
        return broken(c, ERR_TIMEOUT);
    }
    return n > 0 ? OK : broken(c, ERR_IO);
}

/* The body of the reply, a span into room (KEYD_REPLY_MAX bytes). */
static enum err
recv_reply(struct keyd_client *c, struct mspan room, struct span *ret_body, enum keyd_op op)
{
    TRY(wait_reply(c));
    ssize_t n;
    do {
        n = recv(c->fd, room.p, room.n, MSG_TRUNC);
    } while (n < 0 && errno == EINTR);
    if (n < REPLY_HEAD_LEN || (size_t)n > room.n) {
        return broken(c, ERR_IO);
    }
    struct rd r = rd_init(span_of(room.p, (size_t)n));
    uint8_t version = rd_u8(&r);
    uint8_t reply_op = rd_u8(&r);
    uint32_t id = rd_be32(&r);
    uint8_t e = rd_u8(&r);
    if (version != KEYD_VERSION || reply_op != ((unsigned)op | KEYD_REPLY_BIT) ||
        id != c->next_id || e >= ERR_COUNT) {
        return broken(c, ERR_IO);
    }
    c->next_id++;
    *ret_body = rd_rest(&r);
    return (enum err)e;
}

struct call {
    enum keyd_op op;
    struct span first; /* the body, in two parts */
    struct span second;
};

static enum err
call(struct keyd_client *c, struct mspan room, struct span *ret_body, const struct call *what)
{
    if (c->fd < 0) {
        return ERR_IO;
    }
    if (what->first.n + what->second.n + HEAD_LEN > KEYD_REQUEST_MAX) {
        return ERR_LIMIT;
    }
    TRY(send_request(c, what->op, what->first, what->second));
    return recv_reply(c, room, ret_body, what->op);
}

void keyd_client_init(struct keyd_client *c, int fd, int timeout_ms)
{
    *c = (struct keyd_client){.fd = fd, .timeout_ms = timeout_ms, .next_id = 1};
}

enum err keyd_client_status(struct keyd_client *c, struct keyd_status *ret_status)
{
    uint8_t room[KEYD_REPLY_MAX / 2];
    struct span body;
    const struct call what = {.op = KEYD_STATUS};
    TRY(call(c, MSPAN_OF(room), &body, &what));
    struct rd r = rd_init(body);
    struct keyd_status status;
    status.capabilities = rd_be32(&r);
    status.protections = rd_be32(&r);
    status.landlock_abi = rd_u8(&r);
    status.keys_count = rd_be16(&r);
    status.signed_count = rd_be64(&r);
    status.denied_count = rd_be64(&r);
    if (!rd_end(&r)) {
        return broken(c, ERR_IO);
    }
    *ret_status = status;
    return OK;
}

static bool read_key(struct rd *r, struct keyd_key *ret_key)
{
    struct keyd_key key = {0};
    key.id = rd_be32(r);
    uint8_t purpose = rd_u8(r);
    key.public_len = rd_u8(r);
    struct span public_bytes = rd_bytes(r, key.public_len);
    if (!rd_ok(r) || public_bytes.n > sizeof key.public_bytes ||
        (purpose != KEYD_IDENTITY && purpose != KEYD_BUNDLER)) {
        return false;
    }
    key.purpose = (enum keyd_purpose)purpose;
    (void)span_copy(MSPAN_OF(key.public_bytes), public_bytes);
    *ret_key = key;
    return true;
}

enum err keyd_client_list(struct keyd_client *c, struct keyd_key *ret_keys, size_t *ret_count)
{
    uint8_t room[KEYD_REPLY_MAX / 4 * 3];
    struct span body;
    const struct call what = {.op = KEYD_LIST};
    TRY(call(c, MSPAN_OF(room), &body, &what));
    struct rd r = rd_init(body);
    size_t count = 0;
    while (r.rest.n > 0) {
        if (count == KEYD_KEYS_MAX || !read_key(&r, &ret_keys[count])) {
            return broken(c, ERR_IO);
        }
        count++;
    }
    *ret_count = count;
    return OK;
}

enum err
keyd_client_create(struct keyd_client *c, struct keyd_key *ret_key, enum keyd_purpose purpose)
{
    uint8_t room[256];
    struct span body;
    uint8_t wanted = (uint8_t)purpose;
    const struct call what = {.op = KEYD_CREATE, .first = span_of(&wanted, 1)};
    TRY(call(c, MSPAN_OF(room), &body, &what));
    struct rd r = rd_init(body);
    struct keyd_key key;
    if (!read_key(&r, &key) || !rd_end(&r) || key.purpose != purpose) {
        return broken(c, ERR_IO);
    }
    *ret_key = key;
    return OK;
}

enum err
keyd_client_open(struct keyd_client *c, struct keyd_key *ret_key, enum keyd_purpose purpose)
{
    struct keyd_key keys[KEYD_KEYS_MAX];
    size_t count;
    TRY(keyd_client_list(c, keys, &count));
    for (size_t i = 0; i < count; i++) {
        if (keys[i].purpose == purpose) {
            *ret_key = keys[i];
            return OK;
        }
    }
    return keyd_client_create(c, ret_key, purpose);
}

static enum keyd_op op_of(enum signer_purpose purpose)
{
    switch (purpose) {
    case SIGNER_NOISE_STATIC_KEY: return KEYD_SIGN_NOISE_KEY;
    case SIGNER_TLS_KEY:          return KEYD_SIGN_TLS_KEY;
    case SIGNER_PUBSUB:           return KEYD_SIGN_PUBSUB;
    case SIGNER_ENVELOPE:         break;
    }
    return KEYD_SIGN_ENVELOPE;
}

static enum err client_sign(struct signer *self,
                            struct signature *ret_sig,
                            enum signer_purpose purpose,
                            struct span message)
{
    struct keyd_client *c = (struct keyd_client *)(void *)self;
    uint8_t room[128];
    struct span body;
    const struct call what = {.op = op_of(purpose), .first = message};
    TRY(call(c, MSPAN_OF(room), &body, &what));
    if (body.n != 64) {
        return broken(c, ERR_IO);
    }
    ret_sig->len = span_copy(MSPAN_OF(ret_sig->bytes), body);
    return OK;
}

enum err keyd_client_open_identity(struct keyd_client *c)
{
    struct keyd_key key;
    TRY(keyd_client_open(c, &key, KEYD_IDENTITY));
    if (key.public_len != 32) {
        return broken(c, ERR_IO);
    }
    key_encode_ed25519(c->identity, key.public_bytes);
    c->signer = (struct signer){.sign = client_sign, .public_key = SPAN_OF(c->identity)};
    return OK;
}

MUST_CHECK static enum err sign_by_key(struct keyd_client *c,
                                       struct secp256k1_signature *ret_sig,
                                       enum keyd_op op,
                                       uint32_t key_id,
                                       struct span unsigned_tx)
{
    uint8_t room[128];
    uint8_t id[4];
    struct span body;
    struct wr w = wr_init(MSPAN_OF(id));
    wr_be32(&w, key_id);
    const struct call what = {.op = op, .first = SPAN_OF(id), .second = unsigned_tx};
    TRY(call(c, MSPAN_OF(room), &body, &what));
    struct rd r = rd_init(body);
    struct secp256k1_signature sig;
    rd_copy(&r, MSPAN_OF(sig.rs));
    sig.recovery_id = rd_u8(&r);
    if (!rd_end(&r)) {
        return broken(c, ERR_IO);
    }
    *ret_sig = sig;
    return OK;
}

enum err keyd_client_sign_transaction(struct keyd_client *c,
                                      struct secp256k1_signature *ret_sig,
                                      uint32_t key_id,
                                      struct span unsigned_tx)
{
    return sign_by_key(c, ret_sig, KEYD_SIGN_TRANSACTION, key_id, unsigned_tx);
}

enum err keyd_client_sign_withdrawal(struct keyd_client *c,
                                     struct secp256k1_signature *ret_sig,
                                     uint32_t key_id,
                                     struct span unsigned_tx)
{
    return sign_by_key(c, ret_sig, KEYD_SIGN_WITHDRAWAL, key_id, unsigned_tx);
}

static const struct {
    uint32_t bit;
    const char *word;
} capability_words[] = {
    {KEYD_MAY_IDENTITY, "identity"},
    {KEYD_MAY_BUNDLER,  "bundler" },
    {KEYD_MAY_MANAGE,   "manage"  },
    {KEYD_MAY_VAULT,    "vault"   },
    {KEYD_MAY_WITHDRAW, "withdraw"},
    {KEYD_MAY_COSIGN,   "cosign"  },
};

enum { WORDS_COUNT = sizeof capability_words / sizeof capability_words[0] };

void keyd_capabilities_print(char *ret_text, uint32_t capabilities)
{
    struct wr w = wr_init(mspan_of(ret_text, KEYD_CAPABILITIES_MAX - 1));
    for (size_t i = 0; i < WORDS_COUNT; i++) {
        if (capabilities & capability_words[i].bit) {
            wr_str(&w, w.n > 0 ? "," : "");
            wr_str(&w, capability_words[i].word);
        }
    }
    check(wr_ok(&w));
    ret_text[w.n] = '\0';
}

enum err keyd_capabilities_parse(uint32_t *ret_capabilities, struct span text)
{
    uint32_t mask = 0;
    while (text.n > 0) {
        struct span word = span_take(&text, span_find(text, ','));
        text = span_from(text, 1);
        uint32_t bit = 0;
        for (size_t i = 0; i < WORDS_COUNT; i++) {
            if (span_equal(word, span_str(capability_words[i].word))) {
                bit = capability_words[i].bit;
            }
        }
        if (bit == 0) {
            return ERR_MALFORMED;
        }
        mask |= bit;
    }
    *ret_capabilities = mask;
    return OK;
}

enum err keyd_client_ask(struct keyd_client *c,
                         struct mspan room,
                         struct span *ret_body,
                         enum keyd_op op,
                         struct span body)
{
    const struct call what = {.op = op, .first = body};
    return call(c, room, ret_body, &what);
}

enum err keyd_spawn_as(struct process *ret_process, const struct keyd_spawn_args *args)
{
    char words[KEYD_CAPABILITIES_MAX];
    const char *argv[10] = {"passmesh-keyd", "--store", args->store_dir, "--client", words};
    size_t n = 5;
    keyd_capabilities_print(words, args->capabilities);
    if (args->tpm_device && args->tpm_device[0]) {
        argv[n++] = "--tpm";
        argv[n++] = args->tpm_device;
    }
    if (args->needs_seal) {
        argv[n++] = "--seal";
        argv[n++] = "required";
    }
    const char *const env[] = {NULL};
    const struct process_args process = {
        .path = args->path, .argv = argv, .env = env, .is_datagram = true};
    return process_spawn(ret_process, &process);
}

enum err keyd_spawn(struct process *ret_process,
                    const char *path,
                    const char *store_dir,
                    uint32_t capabilities)
{
    const struct keyd_spawn_args args = {
        .path = path, .store_dir = store_dir, .capabilities = capabilities};
    return keyd_spawn_as(ret_process, &args);
}
