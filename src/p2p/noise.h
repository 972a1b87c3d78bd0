#ifndef P2P_NOISE_H
#define P2P_NOISE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/instant.h"
#include "base/rng.h"
#include "base/span.h"
#include "codec/frame.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/x25519.h"
#include "p2p/peer_id.h"
#include "p2p/signer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* libp2p's secure channel (libp2p specs, noise/README.md): Noise_XX_25519_ChaChaPoly_SHA256, with the
 * libp2p identities proven inside the handshake, and the muxer chosen in it where both sides can.
 *
 * On the wire every message, of the handshake too, is a frame: a two-byte length, most significant byte
 * first, and that many bytes. After the handshake a frame holds up to 65,519 bytes of plaintext and a
 * tag of 16.
 *
 *     initiator                                              responder
 *     e                                        ------------>
 *                                              <------------  e, ee, s, es, payload
 *     s, se, payload                           ------------>
 *
 *     payload = protobuf { 1 identity_key, 2 identity_sig, 4 extensions { 2 stream_muxers, repeated } }
 *     identity_sig = signature over "noise-libp2p-static-key:" and the sender's static public key
 *
 * States:  SHAKING --both identities verified--> READY --violation, nonce limit--> FAILED
 *             \_______ violation, wrong peer, no common muxer, deadline, end of input ____/
 *
 * The plaintext path copies nothing: the caller lets the muxer write into noise_plain_room(out) and
 * noise_seal encrypts it where it stands; a frame that arrives whole is decrypted once into a buffer
 * that is lent until the caller has used it.
 *
 * Memory: sizeof(struct noise) and two ciphers of AEAD_MEM; about 400 bytes more while shaking hands; a
 * buffer for one frame only while a frame is partial or its plaintext is in the caller's hands. All
 * but the struct itself is charged to cfg.budget. */

enum {
    NOISE_PLAIN_LEN_MAX = 65519, /* bytes of plaintext in one frame */
    NOISE_FRAME_OVERHEAD = 2 + AEAD_TAG_LEN,
    NOISE_HANDSHAKE_LEN_MAX =
        8192, /* of a handshake message: before it is verified, nobody gets more memory */
    NOISE_TIMEOUT_MS = 15000,        /* for the whole handshake */
    NOISE_MUXERS_MAX = 32,           /* of the peer's list: looked at; more is a violation */
    NOISE_CERTIFICATE_LEN_MAX = 640, /* own identity_key and identity_sig, encoded */
};

/* No muxer was chosen in the handshake: negotiate it with multistream-select. */
#define NOISE_MUXER_NONE SIZE_MAX

/* The static key of this process and the identity's signature over it: made once, used by every
 * connection, never stored. */
struct noise_identity {
    struct x25519_key key;
    size_t certificate_len;
    uint8_t certificate[NOISE_CERTIFICATE_LEN_MAX]; /* fields 1 and 2 of the payload */
};

/* noise_identity_init draws a static key from rng and has signer certify it. Errors: the signer's;
 * ERR_LIMIT if key and signature are too long. */
MUST_CHECK enum err
noise_identity_init(struct noise_identity *id, struct signer *signer, struct rng *rng);
void noise_identity_done(struct noise_identity *id);

struct noise_cfg {
    bool is_initiator;
    const struct noise_identity *identity; /* outlives the engine */
    const struct span *muxers;      /* in order of preference; borrowed until READY or FAILED */
    size_t muxers_count;            /* at most NOISE_MUXERS_MAX; 0: say nothing of muxers */
    const struct peer_id *expected; /* who must answer; NULL or empty: whoever it is. Copied */
    struct span prologue;           /* empty on TCP. Used by init only */
    struct rng *rng;                /* used by init only, for the ephemeral key */
    struct budget *budget;          /* of the connection; outlives the engine */
    uint32_t timeout_ms;            /* 0: NOISE_TIMEOUT_MS */
};

enum noise_state {
    NOISE_SHAKING,
    NOISE_READY,
    NOISE_FAILED,
};

enum noise_event_kind {
    NOISE_EVENT_READY,  /* the peer is who it says: peer, public_key and muxer are set */
    NOISE_EVENT_DATA,   /* plaintext */
    NOISE_EVENT_FAILED, /* err and diag; send what noise_send still has, then close */
};

struct noise_event {
    enum noise_event_kind kind;
    struct peer_id peer; /* READY */
    struct span
        public_key; /* READY: the peer's PublicKey message. Lives until the next call of recv or poll */
    size_t muxer;     /* READY: index in cfg.muxers, or NOISE_MUXER_NONE */
    struct span data; /* DATA, never empty. Lives until the next call of recv or poll */
    enum err err; /* FAILED: ERR_AUTH a tag or signature does not hold or the peer is another than
                             * expected; ERR_MALFORMED; ERR_UNSUPPORTED no common muxer or an unknown kind of
                             * key; ERR_LIMIT; ERR_TIMEOUT; ERR_CLOSED input ended within handshake or frame */
    struct diag diag; /* FAILED */
};

struct noise_handshake;

struct noise {
    struct frame_reader reader;
    struct buf plain; /* the frame in the caller's hands */
    struct buf out;   /* handshake messages not yet sent */
    struct aead tx;
    struct aead rx;
    uint64_t tx_nonce;
    uint64_t rx_nonce;
    struct noise_handshake *handshake; /* NULL once READY has been used */
    struct budget *budget;
    instant deadline;
    struct hash32 handshake_hash;
    enum noise_state state;
    bool is_initiator;
    bool end_event_waits; /* READY or FAILED */
    bool data_event_waits;
    bool more_input; /* the last recv left input over */
    struct span data;
    enum err err;
    struct diag diag;
};

/* noise_init starts a handshake; the initiator's first message waits in noise_send at once. ERR_LIMIT
 * if the budget cannot hold it. After an error n is safe to give to noise_done. */
MUST_CHECK enum err noise_init(struct noise *n, const struct noise_cfg *cfg, instant now);

/* noise_recv consumes frames off *in until an event waits: poll all events, use their bytes, and call
 * it again while *in is not empty. Returns OK, also when it waits for more; after FAILED the reason,
 * and it consumes nothing. */
enum err noise_recv(struct noise *n, instant now, struct span *in);

/* noise_recv_end tells that the peer will send nothing more: a failure within the handshake or a frame. */
void noise_recv_end(struct noise *n);

/* noise_send copies handshake bytes into out and returns how many; 0 = nothing to say. */
size_t noise_send(struct noise *n, instant now, struct mspan out);

/* noise_can_seal: the handshake is over and its bytes are out, so frames may follow. */
bool noise_can_seal(const struct noise *n);

/* noise_plain_room is where in out the plaintext of one frame goes; empty if out is too small for any. */
struct mspan noise_plain_room(struct mspan out);

/* noise_seal encrypts the first plain_len bytes (1 to noise_plain_room(out).n) of that room in place,
 * completes the frame around them at the front of out, and returns the frame's length. 0 if not
 * noise_can_seal, or when the nonces are used up, which fails the channel: poll. */
size_t noise_seal(struct noise *n, struct mspan out, size_t plain_len);

bool noise_poll(struct noise *n, struct noise_event *ret_event);

/* noise_deadline is the end of the handshake's time, or INSTANT_NEVER. */
instant noise_deadline(const struct noise *n);
void noise_tick(struct noise *n, instant now);

/* noise_handshake_hash names this session alike on both sides, for channel binding; valid from READY. */
struct span noise_handshake_hash(const struct noise *n);

/* noise_done wipes the keys and gives all memory back; safe on a zeroed or half-built object. */
void noise_done(struct noise *n);

#endif
