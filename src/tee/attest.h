#ifndef TEE_ATTEST_H
#define TEE_ATTEST_H

#include "base/budget.h"
#include "base/instant.h"
#include "codec/frame.h"
#include "crypto/ed25519.h"
#include "tee/evidence.h"

/* /web3-wallet/attest/1: one round trip on a stream of a connection that is already secure. The verifier asks with a fresh
 * nonce; the attester answers with evidence, which names a session key made inside, and with that key's signature over this
 * nonce, this connection and both peers:
 *
 *     request   version (1) · nonce (32) · kinds (bit i: enum tee_kind i) · least level
 *     response  version (1) · status (0) · issued (seconds, 64 bits) · session key (32) · signature (64) · evidence
 *               version (1) · status (1): no evidence of these kinds
 *
 *     evidence binds   SHA-512("passmesh/attest/1/bind" · attester · session key · issued)
 *     signature over   "passmesh/attest/1/live" · nonce · channel · attester · verifier · SHA-256(evidence) · issued ·
 *                      kinds · least level
 *
 * Names, nonce, key and channel stand behind their length (16 bits). So evidence can be made once an hour, and yet a copy
 * of it is worth nothing on another connection. Each message has its length in front (uvarint) and at most 24 KiB. */
#define ATTEST_PROTOCOL "/web3-wallet/attest/1"

enum {
    ATTEST_MESSAGE_LEN_MAX = 24 * 1024,
    ATTEST_NONCE_LEN = 32,
    ATTEST_REQUEST_LEN = 35,
    ATTEST_HEAD_LEN = 106, /* of a response, before the evidence */
    ATTEST_ID_LEN_MAX = 64,
    ATTEST_CHANNEL_LEN_MIN = 32,
    ATTEST_LIFE_S = 3600, /* of a session key */
    ATTEST_SKEW_S = 300,  /* by which clocks may differ */
    ATTEST_CACHE_COUNT = 8,
};

/* attest_binding is what evidence must carry for this peer and key. */
void attest_binding(uint8_t ret_binding[static 64],
                    struct span attester_id,
                    const struct ed25519_public *session_key,
                    walltime issued);

/* What an attester answers with; lives as long as the engines that use it. */
struct attest_identity {
    enum tee_kind kind;
    struct span evidence; /* evidence_encode's text, at most EVIDENCE_LEN_MAX */
    walltime issued;
    const struct ed25519_key *session_key;
};

/* Who judges: the node calls evidence_appraise. Embed as first member of the real object. */
struct attest_judge {
    enum err (*appraise)(struct attest_judge *self,
                         struct appraisal *ret,
                         const struct evidence *evidence,
                         const uint8_t binding[static 64]);
};

/* Results by hash of evidence and binding, so that a second connection within the hour costs one signature. Clear it when a policy
 * or a floor changes. */
struct attest_cache {
    struct {
        bool is_used;
        struct hash32 key;
        struct appraisal result;
    } entries[ATTEST_CACHE_COUNT];
    size_t next;
};
void attest_cache_clear(struct attest_cache *c);

struct attest_cfg {
    bool is_verifier;
    struct span self_id; /* peer ids in bytes; live as long as the engine */
    struct span remote_id;
    struct span
        channel; /* Noise handshake hash or TLS exporter; never empty: without a binding nothing is accepted */
    struct budget *budget;
    uint64_t timeout_us;
    /* verifier */
    uint8_t nonce[ATTEST_NONCE_LEN]; /* fresh from the system's generator */
    uint8_t kinds;
    enum tee_level level_min;
    walltime now;
    struct attest_judge *judge;
    struct attest_cache *cache; /* may be NULL */
    /* attester */
    const struct attest_identity *identity;
};

enum attest_outcome {
    ATTEST_PENDING,
    ATTEST_ACCEPTED, /* verifier: result tells the level. attester: the answer has been sent */
    ATTEST_REFUSED,  /* verifier: evidence was not accepted, or too low; result tells */
    ATTEST_NOTHING,  /* the attester has no evidence of these kinds */
    ATTEST_BROKEN    /* the other side broke the protocol, or was too slow */
};

struct attest_event {
    enum attest_outcome outcome;
    enum err err; /* OK for ACCEPTED and NOTHING */
    struct diag why;
    const struct appraisal
        *result; /* verifier, ACCEPTED and REFUSED; lives as long as the engine */
};

struct attest {
    struct attest_cfg cfg;
    struct frame_reader reader;
    instant deadline;
    enum attest_outcome outcome;
    enum err err;
    struct diag why;
    bool is_told;
    bool is_heard; /* the one message of the other side has come */
    size_t sent;   /* bytes of the message that were pulled */
    size_t head_len;
    uint8_t head[ATTEST_HEAD_LEN + 4];
    struct span body; /* evidence, behind head */
    struct ed25519_public session_key;
    struct appraisal result;
};

/* attest_init: ERR_MALFORMED for ids or a channel of a length that cannot be right, or equal ids. */
MUST_CHECK enum err attest_init(struct attest *a, const struct attest_cfg *cfg, instant now);
MUST_CHECK enum err attest_recv(struct attest *a, instant now, struct span *in);
size_t attest_send(struct attest *a, instant now, struct mspan out);
bool attest_poll(struct attest *a, struct attest_event *ret_event); /* one event, once */
instant attest_deadline(const struct attest *a);
void attest_tick(struct attest *a, instant now);
void attest_done(struct attest *a);

#endif
