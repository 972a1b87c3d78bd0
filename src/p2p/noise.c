/* libp2p's Noise channel: libp2p specs, noise/README.md. The handshake's cryptography stands in
 * noise_xx.c, its payload in noise_payload.c; here both become one engine. Main flow: on_frame. */
#include "p2p/noise.h"

#include "base/arith.h"
#include "base/check.h"
#include "base/mem.h"
#include "base/wr.h"
#include "p2p/noise_payload.h"
#include "p2p/noise_xx.h"

#include <string.h>

struct noise_handshake {
    struct noise_xx xx;
    const struct noise_identity *identity;
    const struct span *muxers;
    size_t muxers_count;
    struct peer_id expected; /* empty: anyone */
    struct peer_id peer;
    struct span public_key; /* into noise.plain */
    size_t muxer;
};

enum err noise_identity_init(struct noise_identity *id, struct signer *signer, struct rng *rng)
{
    enum { PREFIX_LEN = sizeof NOISE_SIGNATURE_PREFIX - 1 };
    *id = (struct noise_identity){0};
    AUTO(secret32_wipe) struct secret32 secret = {0};
    rng_fill(rng, MSPAN_OF(secret.bytes));
    TRY(x25519_key_init(&id->key, &secret));
    uint8_t message[PREFIX_LEN + 32];
    memcpy(message, NOISE_SIGNATURE_PREFIX, PREFIX_LEN);
    memcpy(message + PREFIX_LEN, id->key.public_bytes, 32);
    struct signature sig;
    TRY(signer->sign(signer, &sig, SIGNER_NOISE_STATIC_KEY, SPAN_OF(message)));
    struct wr w = wr_init(MSPAN_OF(id->certificate));
    noise_certificate_write(&w, signer->public_key, span_of(sig.bytes, sig.len));
    TRY(wr_end(&w));
    id->certificate_len = w.n;
    return OK;
}

void noise_identity_done(struct noise_identity *id)
{
    x25519_key_wipe(&id->key);
    *id = (struct noise_identity){0};
}

static void handshake_free(struct noise *n)
{
    if (n->handshake) {
        noise_xx_done(&n->handshake->xx);
        mem_free(n->budget, n->handshake, sizeof *n->handshake);
        n->handshake = NULL;
    }
}

static void release_all(struct noise *n)
{
    handshake_free(n);
    frame_reader_done(&n->reader);
    buf_done(&n->plain);
    buf_done(&n->out);
    aead_done(&n->tx);
    aead_done(&n->rx);
    n->data = SPAN_EMPTY;
    n->data_event_waits = false;
}

static void fail(struct noise *n, enum err err, const char *rule)
{
    if (n->state == NOISE_FAILED) {
        return;
    }
    n->state = NOISE_FAILED;
    n->err = diag_set(&n->diag, err, rule, 0);
    n->end_event_waits = true;
    n->deadline = INSTANT_NEVER;
    release_all(n);
}

/* write_message queues the handshake message whose turn it is, as a frame. */
MUST_CHECK static enum err write_message(struct noise *n, struct span payload)
{
    struct mspan room;
    size_t before = n->out.n;
    TRY(buf_extend(&n->out, &room, 2 + NOISE_XX_OVERHEAD_MAX + payload.n));
    size_t len = 0;
    TRY(noise_xx_write(&n->handshake->xx, &len, mspan_from(room, 2), payload));
    check(len <= UINT16_MAX);
    room.p[0] = (uint8_t)(len >> 8);
    room.p[1] = (uint8_t)len;
    buf_shrink(&n->out, before + 2 + len);
    return OK;
}

MUST_CHECK static enum err write_identity(struct noise *n)
{
    const struct noise_handshake *h = n->handshake;
    AUTO(buf_done) struct buf payload = {0};
    buf_init(&payload, n->budget, NOISE_HANDSHAKE_LEN_MAX - NOISE_XX_OVERHEAD_MAX);
    struct wr w = wr_init_buf(&payload);
    noise_payload_write(&w, span_of(h->identity->certificate, h->identity->certificate_len),
                        h->muxers, h->muxers_count);
    TRY(wr_end(&w));
    return write_message(n, buf_span(&payload));
}

static void reader_init(struct noise *n, size_t frame_len_max)
{
    frame_reader_done(&n->reader);
    frame_reader_init(&n->reader, (struct frame_cfg){.prefix = FRAME_BE16,
                                                     .frame_len_max = frame_len_max,
                                                     .budget = n->budget});
}

MUST_CHECK static enum err handshake_new(struct noise *n, const struct noise_cfg *cfg)
{
    void *memory;
    TRY(mem_alloc(n->budget, &memory, sizeof *n->handshake));
    struct noise_handshake *h = n->handshake = memory;
    h->identity = cfg->identity;
    h->muxers = cfg->muxers;
    h->muxers_count = cfg->muxers_count;
    if (cfg->expected) {
        h->expected = *cfg->expected;
    }
    AUTO(secret32_wipe) struct secret32 ephemeral = {0};
    rng_fill(cfg->rng, MSPAN_OF(ephemeral.bytes));
    return noise_xx_init(&h->xx, &(struct noise_xx_cfg){.is_initiator = cfg->is_initiator,
                                                        .aead = &n->tx,
                                                        .budget = n->budget,
                                                        .static_key = &cfg->identity->key,
                                                        .ephemeral_secret = &ephemeral,
                                                        .prologue = cfg->prologue});
}

enum err noise_init(struct noise *n, const struct noise_cfg *cfg, instant now)
{
    check(cfg->identity);
    check(cfg->budget);
    check(cfg->muxers_count <= NOISE_MUXERS_MAX);
    uint32_t timeout_ms = cfg->timeout_ms ? cfg->timeout_ms : NOISE_TIMEOUT_MS;
    *n = (struct noise){.budget = cfg->budget,
                        .is_initiator = cfg->is_initiator,
                        .deadline = instant_add(now, timeout_ms * US_PER_MS)};
    buf_init(&n->plain, n->budget, NOISE_PLAIN_LEN_MAX + AEAD_TAG_LEN);
    buf_init(&n->out, n->budget, NOISE_HANDSHAKE_LEN_MAX + 2);
    reader_init(n, NOISE_HANDSHAKE_LEN_MAX);
    TRY(handshake_new(n, cfg));
    if (cfg->is_initiator) {
        /* SPEC libp2p/noise §"The Noise Handshake": message 0 travels in the clear, so it carries no identity and no payload. */
        TRY(write_message(n, SPAN_EMPTY));
    }
    return OK;
}

static bool list_has(const struct span *list, size_t count, struct span item)
{
    for (size_t i = 0; i < count; i++) {
        if (span_equal(list[i], item)) {
            return true;
        }
    }
    return false;
}

/* choose_muxer sets the index in our own list. */
MUST_CHECK static enum err choose_muxer(struct noise *n, const struct noise_payload *theirs)
{
    struct noise_handshake *h = n->handshake;
    h->muxer = NOISE_MUXER_NONE;
    /* SPEC libp2p/connections §"Inlined Muxer Negotiation": with only one list, or none, the muxer is negotiated afterwards. */
    if (h->muxers_count == 0 || theirs->muxers_count == 0) {
        return OK;
    }
    /* SPEC libp2p/connections §"Inlined Muxer Negotiation": the initiator's first entry that the responder also has wins; no common entry is a failure. */
    const struct span *first = n->is_initiator ? h->muxers : theirs->muxers;
    size_t first_count = n->is_initiator ? h->muxers_count : theirs->muxers_count;
    const struct span *second = n->is_initiator ? theirs->muxers : h->muxers;
    size_t second_count = n->is_initiator ? theirs->muxers_count : h->muxers_count;
    for (size_t i = 0; i < first_count; i++) {
        if (!list_has(second, second_count, first[i])) {
            continue;
        }
        for (h->muxer = 0; !span_equal(h->muxers[h->muxer], first[i]); h->muxer++) {
            check(h->muxer < h->muxers_count);
        }
        return OK;
    }
    return diag_set(&n->diag, ERR_UNSUPPORTED, "no muxer in common", 0);
}

/* take_identity verifies the payload that lies in n->plain: the proof first, then what it claims. */
MUST_CHECK static enum err take_identity(struct noise *n)
{
    struct noise_handshake *h = n->handshake;
    struct noise_payload payload;
    enum err err = noise_payload_decode(&payload, buf_span(&n->plain));
    if (err != OK) {
        return diag_set(&n->diag, err, "handshake payload is malformed", 0);
    }
    err = noise_payload_verify(&h->peer, &payload, h->xx.rs);
    if (err == ERR_AUTH) {
        return diag_set(&n->diag, err, "identity did not sign the static key", 0);
    }
    if (err != OK) {
        return diag_set(&n->diag, err, "identity key is of no kind, form or size that we take", 0);
    }
    /* SPEC libp2p/noise §"The libp2p Handshake Payload": a dialer that expects a peer compares before it reveals itself in message 2. */
    if (h->expected.n > 0 && !peer_id_equal(&h->expected, &h->peer)) {
        return diag_set(&n->diag, ERR_AUTH, "peer is another than the one dialed", 0);
    }
    h->public_key = payload.identity_key;
    return choose_muxer(n, &payload);
}

MUST_CHECK static enum err become_ready(struct noise *n)
{
    AUTO(secret32_wipe) struct secret32 initiator_key = {0};
    AUTO(secret32_wipe) struct secret32 responder_key = {0};
    TRY(noise_xx_split(&n->handshake->xx, &initiator_key, &responder_key, &n->handshake_hash));
    TRY(aead_rekey(&n->tx, n->is_initiator ? &initiator_key : &responder_key));
    TRY(aead_init(&n->rx, n->budget, AEAD_CHACHA20_POLY1305,
                  n->is_initiator ? &responder_key : &initiator_key));
    noise_xx_done(&n->handshake->xx);
    reader_init(n, NOISE_PLAIN_LEN_MAX + AEAD_TAG_LEN);
    n->state = NOISE_READY;
    n->deadline = INSTANT_NEVER;
    n->end_event_waits = true;
    return OK;
}

MUST_CHECK static enum err on_handshake_frame(struct noise *n, struct span frame)
{
    struct noise_xx *xx = &n->handshake->xx;
    if (noise_xx_is_ours(xx)) {
        return diag_set(&n->diag, ERR_MALFORMED, "handshake message out of turn", 0);
    }
    bool has_identity = xx->message > 0;
    struct mspan room;
    TRY(buf_extend(&n->plain, &room, max_size(frame.n, 1)));
    size_t len = 0;
    TRY(noise_xx_read(xx, &len, room, frame));
    buf_shrink(&n->plain, len);
    if (!has_identity) {
        /* SPEC libp2p/noise §"The Noise Handshake": message 0 has no payload, and nothing unproven is looked at. */
        if (len > 0) {
            return diag_set(&n->diag, ERR_MALFORMED, "first message has a payload", 0);
        }
        return write_identity(n);
    }
    TRY(take_identity(n));
    if (noise_xx_is_ours(xx)) {
        TRY(write_identity(n));
    }
    return become_ready(n);
}

MUST_CHECK static enum err on_data_frame(struct noise *n, struct span frame)
{
    if (frame.n < AEAD_TAG_LEN) {
        return diag_set(&n->diag, ERR_MALFORMED, "frame is shorter than its tag", 0);
    }
    /* SPEC noise/rev34 §"5.1. The CipherState object": the last nonce is reserved, so a channel ends before it. */
    if (n->rx_nonce == UINT64_MAX) {
        return diag_set(&n->diag, ERR_LIMIT, "nonces are used up", 0);
    }
    struct mspan room = {0};
    if (frame.n > AEAD_TAG_LEN) {
        TRY(buf_extend(&n->plain, &room, frame.n - AEAD_TAG_LEN));
    }
    uint8_t nonce[AEAD_NONCE_LEN];
    noise_nonce(nonce, n->rx_nonce++);
    TRY(aead_open(&n->rx, room, nonce, SPAN_EMPTY, frame));
    n->data = span_const(room);
    n->data_event_waits = room.n > 0;
    return OK;
}

MUST_CHECK static enum err on_frame(struct noise *n, struct span frame)
{
    switch (n->state) {
    case NOISE_SHAKING: return on_handshake_frame(n, frame);
    case NOISE_READY:   return on_data_frame(n, frame);
    case NOISE_FAILED:  return n->err;
    }
    return ERR_INTERNAL;
}

/* let_go gives back what the caller has used: the handshake once READY was polled, and the frame's
 * buffer, unless more frames are on their way, which would only want it again. */
static void let_go(struct noise *n)
{
    if (n->state == NOISE_READY) {
        handshake_free(n);
    }
    buf_clear(&n->plain);
    if (!n->more_input && frame_reader_is_idle(&n->reader)) {
        buf_trim(&n->plain);
    }
}

static const char *rule_of(enum err err)
{
    switch (err) {
    case ERR_AUTH:        return "a message does not decrypt";
    case ERR_LIMIT:       return "over a limit or the memory budget";
    case ERR_TRUNCATED:   return "handshake message is too short";
    case OK:
    case ERR_MALFORMED:
    case ERR_UNSUPPORTED:
    case ERR_STATE:
    case ERR_DENIED:
    case ERR_NOT_FOUND:
    case ERR_TIMEOUT:
    case ERR_CLOSED:
    case ERR_IO:
    case ERR_INTERNAL:
    case ERR_COUNT:       break;
    }
    return "broken handshake or frame";
}

enum err noise_recv(struct noise *n, instant now, struct span *in)
{
    noise_tick(n, now);
    n->more_input = in->n > 0;
    while (n->state != NOISE_FAILED && !n->end_event_waits && !n->data_event_waits) {
        let_go(n);
        struct span frame;
        enum err err = frame_reader_next(&n->reader, &frame, in);
        if (err == ERR_TRUNCATED) {
            break;
        }
        if (err == OK) {
            err = on_frame(n, frame);
        }
        if (err != OK) {
            fail(n, err == ERR_TRUNCATED ? ERR_MALFORMED : err,
                 n->diag.rule ? n->diag.rule : rule_of(err));
        }
    }
    n->more_input = in->n > 0;
    return n->err;
}

void noise_recv_end(struct noise *n)
{
    if (n->state == NOISE_SHAKING) {
        fail(n, ERR_CLOSED, "peer closed within the handshake");
    } else if (n->state == NOISE_READY && !frame_reader_is_idle(&n->reader)) {
        fail(n, ERR_CLOSED, "peer closed within a frame");
    }
}

size_t noise_send(struct noise *n, instant now, struct mspan out)
{
    noise_tick(n, now);
    size_t len = span_copy(out, buf_span(&n->out));
    if (len > 0) {
        buf_consume(&n->out, len);
        buf_trim(&n->out);
    }
    return len;
}

bool noise_can_seal(const struct noise *n)
{
    return n->state == NOISE_READY && n->out.n == 0;
}

struct mspan noise_plain_room(struct mspan out)
{
    if (out.n <= NOISE_FRAME_OVERHEAD) {
        return (struct mspan){0};
    }
    return mspan_first(mspan_from(out, 2),
                       min_size(out.n - NOISE_FRAME_OVERHEAD, NOISE_PLAIN_LEN_MAX));
}

size_t noise_seal(struct noise *n, struct mspan out, size_t plain_len)
{
    struct mspan room = noise_plain_room(out);
    check(plain_len > 0);
    check(plain_len <= room.n);
    if (!noise_can_seal(n)) {
        return 0;
    }
    if (n->tx_nonce == UINT64_MAX) {
        fail(n, ERR_LIMIT, "nonces are used up");
        return 0;
    }
    uint8_t nonce[AEAD_NONCE_LEN];
    noise_nonce(nonce, n->tx_nonce++);
    size_t sealed_len = plain_len + AEAD_TAG_LEN;
    enum err err = aead_seal(&n->tx, mspan_of(room.p, sealed_len), nonce, SPAN_EMPTY,
                             span_of(room.p, plain_len));
    if (err != OK) {
        fail(n, err, "cipher does not work");
        return 0;
    }
    out.p[0] = (uint8_t)(sealed_len >> 8);
    out.p[1] = (uint8_t)sealed_len;
    return 2 + sealed_len;
}

static struct noise_event end_event(const struct noise *n)
{
    if (n->state == NOISE_FAILED) {
        return (struct noise_event){.kind = NOISE_EVENT_FAILED, .err = n->err, .diag = n->diag};
    }
    const struct noise_handshake *h = n->handshake;
    return (struct noise_event){
        .kind = NOISE_EVENT_READY, .peer = h->peer, .public_key = h->public_key, .muxer = h->muxer};
}

bool noise_poll(struct noise *n, struct noise_event *ret_event)
{
    if (n->end_event_waits) {
        n->end_event_waits = false;
        *ret_event = end_event(n);
        return true;
    }
    if (n->data_event_waits) {
        n->data_event_waits = false;
        *ret_event = (struct noise_event){.kind = NOISE_EVENT_DATA, .data = n->data};
        return true;
    }
    let_go(n);
    return false;
}

instant noise_deadline(const struct noise *n)
{
    return n->deadline;
}

void noise_tick(struct noise *n, instant now)
{
    if (instant_reached(n->deadline, now)) {
        fail(n, ERR_TIMEOUT, "handshake took too long");
    }
}

struct span noise_handshake_hash(const struct noise *n)
{
    return SPAN_OF(n->handshake_hash.bytes);
}

void noise_done(struct noise *n)
{
    release_all(n);
    n->state = NOISE_FAILED;
}
