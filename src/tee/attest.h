#ifndef TEE_ATTEST_H
#define TEE_ATTEST_H

#include "base/budget.h"
#include "base/instant.h"
#include "codec/frame.h"
#include "crypto/ed25519.h"
#include "tee/evidence.h"
#include "tee/tpm2_credential.h"

#include <assert.h>

/* /web3-wallet/attest/1: one round trip, or two, on a stream of a connection that is already secure. The verifier asks with a fresh
 * nonce; the attester answers with evidence, which names a session key made inside, and with that key's signature over this
 * nonce, this connection and both peers:
 *
 *     request     version (1) · nonce (32) · kinds (bit i: enum tee_kind i; bit 7: who asks makes credentials) · least level
 *     response    version (1) · status (0) · issued (seconds, 64 bits) · session key (32) · signature (64) · evidence
 *                 version (1) · status (1): no evidence of these kinds
 *     credential  version (1) · credential (tpm2_credential.h)
 *     opened      version (1) · status (0) · secret (32)
 *                 version (1) · status (1): this TPM does not open it; (2): it is busy
 *
 *     evidence binds   SHA-512("passmesh/attest/1/bind" · attester · session key · issued)
 *     signature over   "passmesh/attest/1/live" · nonce · channel · attester · verifier · SHA-256(evidence) · issued ·
 *                      kinds · least level
 *
 * Names, nonce, key and channel stand behind their length (16 bits). So evidence can be made once an hour, and yet a copy
 * of it is worth nothing on another connection. Each message has its length in front (uvarint) and at most 24 KiB.
 *
 * The second round trip is for a TPM's key of which nothing is known yet: that it lies in the chip whose endorsement key (EK) a maker's certificate names, only that chip can show, by
 * opening a credential made for both. It comes only if the request said so, and evidence with an EK's certificate holds in all else; who asks keeps EK and key, and the next time one
 * round trip is enough. An attester that does not know of it takes bit 7 for a kind that it has not, and shows no certificate; a verifier that does not know of it is
 * shown none. A credential sent on to another machine gains nothing: it names the key, and opening it says nothing of who asked. */
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
    ATTEST_CREDENTIAL_LEN_MAX = 1 + TPM2_CREDENTIAL_LEN_MAX,
    ATTEST_OPENED_LEN = 34,
    ATTEST_ACTIVATIONS_COUNT = 64,
};
static_assert((int)TEE_KIND_COUNT <= 7, "bit 7 of the kinds is for credentials");

/* attest_binding is what evidence must carry for this peer and key. */
void attest_binding(uint8_t ret_binding[static 64],
                    struct span attester_id,
                    const struct ed25519_public *session_key,
                    walltime issued);

/* What an attester answers with; lives as long as the engines that use it. */
struct attest_identity {
    enum tee_kind kind;
    struct span evidence; /* evidence_encode's text, at most EVIDENCE_LEN_MAX */
    struct span
        evidence_ek; /* the same with the EK's certificates, for who makes credentials; empty: there are none */
    walltime issued;
    const struct ed25519_key *session_key;
};

/* Who judges: the node calls evidence_appraise, with the name of a key whose TPM has opened a credential (empty: none has), and evidence_challenge, which draws a secret and makes a credential
 * of it for the key of this name, right after evidence failed for want of one; challenge NULL: none are made. Embed as first member of the real object. */
struct attest_judge {
    enum err (*appraise)(struct attest_judge *self,
                         struct appraisal *ret,
                         const struct evidence *evidence,
                         const uint8_t binding[static 64],
                         struct span activated_name);
    enum err (*challenge)(struct attest_judge *self,
                          struct tpm2_credential *ret,
                          struct secret32 *ret_secret,
                          const struct appraisal *failed,
                          const struct evidence *evidence,
                          struct span name);
};

/* Results by hash of evidence and binding, so that a second connection within the hour costs one signature; and which key lies in which TPM, by hash of EK and name, for as long as the
 * program runs. Clear it when a policy or a floor changes. */
struct attest_cache {
    struct {
        bool is_used;
        struct hash32 key;
        struct appraisal result;
    } entries[ATTEST_CACHE_COUNT];
    size_t next;
    struct hash32 activations[ATTEST_ACTIVATIONS_COUNT]; /* all zero: none */
    size_t next_activation;
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
    uint64_t open_timeout_us; /* for opening a credential: a chip may take long */
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

/* How far it is. */
enum attest_stage {
    ATTEST_STAGE_ASKED,      /* first round trip */
    ATTEST_STAGE_CREDENTIAL, /* verifier: sent one. attester: one may come */
    ATTEST_STAGE_OPENING,    /* attester: its TPM is asked */
    ATTEST_STAGE_OPENED      /* attester: the answer is on its way */
};

struct attest {
    struct attest_cfg cfg;
    struct frame_reader reader;
    enum attest_stage stage;
    bool opens; /* attester: a credential may come */
    instant deadline;
    enum attest_outcome outcome;
    enum err err;
    struct diag why;
    bool is_told;
    bool is_heard; /* the other side's message has come; no other may yet */
    size_t sent;   /* bytes of the message that were pulled */
    size_t head_len;
    uint8_t head[ATTEST_HEAD_LEN + 4];
    struct span body; /* evidence, behind head */
    struct ed25519_public session_key;
    struct appraisal result;
    struct tpm2_credential credential; /* verifier: made. attester: came */
    struct secret32 secret;            /* verifier: in it */
    struct buf kept;                   /* verifier: the response, while the credential is out */
};

/* attest_init: ERR_MALFORMED for ids or a channel of a length that cannot be right, or equal ids. */
MUST_CHECK enum err attest_init(struct attest *a, const struct attest_cfg *cfg, instant now);
MUST_CHECK enum err attest_recv(struct attest *a, instant now, struct span *in);
size_t attest_send(struct attest *a, instant now, struct mspan out);
bool attest_poll(struct attest *a, struct attest_event *ret_event); /* one event, once */

/* attest_is_opening: the attester's TPM is to open *ret_credential, which lives as long as the engine waits; then the owner calls attest_open, with OK and the secret, ERR_LIMIT: too much is
 * asked of it, or any other error; it does nothing in an engine that does not wait. attest_fin: the other side says no more. */
bool attest_is_opening(const struct attest *a, struct span *ret_credential);
void attest_open(struct attest *a, instant now, enum err e, const struct secret32 *secret);
void attest_fin(struct attest *a);

instant attest_deadline(const struct attest *a);
void attest_tick(struct attest *a, instant now);
void attest_done(struct attest *a);

#endif
