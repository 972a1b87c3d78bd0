/* Answering with evidence. */
#include "node/attest/attest_answerer.h"

#include "base/check.h"
#include "base/mem.h"
#include "node/attest/attest_host.h"
#include "p2p/host_state.h"

#include <string.h>

static_assert((int)ATTEST_ANSWERER_LIFE_S == (int)ATTEST_LIFE_S, "the protocol's");
static_assert((int)ATTEST_ANSWERER_CREDENTIAL_LEN_MAX == (int)TPM2_CREDENTIAL_LEN_MAX, "a chip's");

/* A session key and evidence that names it. */
struct session {
    struct ed25519_key key;
    struct attest_identity identity;
    uint8_t binding[64];
    uint8_t text[EVIDENCE_LEN_MAX];
    uint8_t text_ek[EVIDENCE_LEN_MAX]; /* with the EK's certificates */
};

struct opening {
    host_stream stream;
    struct tpm2_credential credential;
};

struct attest_answerer {
    struct attest_answerer_cfg cfg;
    struct attest_host host;
    struct session sessions[2]; /* in turn: an answer on its way still reads the old one */
    size_t current;
    bool is_prepared;
    size_t openings_count; /* the first has waited longest */
    struct opening openings[ATTEST_ANSWERER_OPENINGS_MAX];
    bool is_out; /* the chip has the first */
    instant minute_end;
    size_t minute_count;
};

/* False: more than the chip should be asked. */
static bool count_opening(struct attest_answerer *a)
{
    instant now = a->cfg.host->now;
    if (instant_reached(a->minute_end, now)) {
        a->minute_end = instant_add(now, 60 * US_PER_S);
        a->minute_count = 0;
    }
    a->minute_count++;
    return a->openings_count < ATTEST_ANSWERER_OPENINGS_MAX &&
           a->minute_count <= ATTEST_ANSWERER_OPENINGS_PER_MINUTE;
}

static void on_credential(void *user, host_stream stream, struct span credential)
{
    struct attest_answerer *a = user;
    if (!count_opening(a)) {
        attest_host_open(&a->host, stream, ERR_LIMIT, NULL);
        return;
    }
    struct opening *o = &a->openings[a->openings_count++];
    o->stream = stream;
    o->credential.n = span_copy(MSPAN_OF(o->credential.bytes), credential);
    a->cfg.on_credential(a->cfg.user);
}

bool attest_answerer_next(struct attest_answerer *a, struct span *ret_credential)
{
    if (a->is_out || a->openings_count == 0) {
        return false;
    }
    a->is_out = true;
    *ret_credential = span_of(a->openings[0].credential.bytes, a->openings[0].credential.n);
    return true;
}

void attest_answerer_open(struct attest_answerer *a, enum err e, const struct secret32 *secret)
{
    if (!a->is_out) {
        return;
    }
    host_stream stream = a->openings[0].stream;
    a->is_out = false;
    a->openings_count--;
    memmove(a->openings, a->openings + 1, a->openings_count * sizeof a->openings[0]);
    attest_host_open(&a->host, stream, e, secret);
}

enum err attest_answerer_new(struct attest_answerer **ret, const struct attest_answerer_cfg *cfg)
{
    void *p;
    TRY(mem_alloc(cfg->budget, &p, sizeof(struct attest_answerer)));
    struct attest_answerer *a = p;
    memset(a, 0, sizeof *a);
    a->cfg = *cfg;
    const struct attest_host_cfg host = {.budget = cfg->budget,
                                         .rng = cfg->rng,
                                         .on_credential = cfg->on_credential ? on_credential : NULL,
                                         .user = a};
    enum err e = attest_host_init(&a->host, cfg->host, &host);
    if (e != OK) {
        mem_free(cfg->budget, a, sizeof *a);
        return e;
    }
    *ret = a;
    return OK;
}

void attest_answerer_free(struct attest_answerer *a)
{
    if (a) {
        attest_host_done(&a->host);
        wipe(mspan_of(a->sessions, sizeof a->sessions));
        mem_free(a->cfg.budget, a, sizeof *a);
    }
}

void attest_answerer_prepare(struct attest_answerer *a,
                             uint8_t ret_binding[static 64],
                             walltime now)
{
    struct session *next = &a->sessions[1 - a->current];
    AUTO(secret32_wipe) struct secret32 seed;
    struct ed25519_public key;
    rng_fill(a->cfg.rng, MSPAN_OF(seed.bytes));
    ed25519_key_init(&next->key, &seed);
    ed25519_key_public(&key, &next->key);
    next->identity =
        (struct attest_identity){.kind = TEE_KIND_COUNT, .issued = now, .session_key = &next->key};
    attest_binding(next->binding, peer_id_span(host_self(a->cfg.host)), &key, now);
    memcpy(ret_binding, next->binding, sizeof next->binding);
    a->is_prepared = true;
}

/* Evidence for anyone, and that for who makes credentials: with the EK's certificate and its issuers'. */
static void write_texts(const struct attest_answerer *a, struct session *next, struct span text)
{
    struct evidence e;
    next->identity.evidence = span_of(next->text, span_copy(MSPAN_OF(next->text), text));
    next->identity.evidence_ek = SPAN_EMPTY;
    if (evidence_decode(&e, text) != OK || e.kind != TEE_TPM2 || e.parts[EVIDENCE_CHAIN].n == 0) {
        return;
    }
    struct span ek = e.parts[EVIDENCE_CHAIN];
    struct buf chain;
    buf_init(&chain, a->cfg.budget, EVIDENCE_LEN_MAX);
    struct wr w = wr_init(MSPAN_OF(next->text_ek));
    bool is_whole = buf_append(&chain, ek) == OK && buf_append(&chain, a->cfg.issuers) == OK;
    e.parts[EVIDENCE_CHAIN] = buf_span(&chain);
    evidence_encode(&w, &e);
    if (is_whole && wr_ok(&w) && a->cfg.on_credential) {
        next->identity.evidence_ek = span_of(next->text_ek, w.n);
    }
    buf_done(&chain);
    e.parts[EVIDENCE_CHAIN] = SPAN_EMPTY;
    w = wr_init(MSPAN_OF(next->text));
    evidence_encode(&w, &e);
    check(wr_ok(&w)); /* it is shorter */
    next->identity.evidence = span_of(next->text, w.n);
}

enum err attest_answerer_adopt(struct attest_answerer *a, struct span evidence)
{
    struct session *next = &a->sessions[1 - a->current];
    struct evidence parts;
    if (!a->is_prepared) {
        return ERR_STATE;
    }
    if (evidence.n == 0 || evidence.n > sizeof next->text) {
        return ERR_LIMIT;
    }
    TRY(evidence_decode(&parts, evidence));
    if (!evidence_carries(&parts, next->binding)) {
        return ERR_AUTH;
    }
    next->identity.kind = parts.kind;
    write_texts(a, next, evidence);
    a->host.cfg.identity = &next->identity;
    a->current = 1 - a->current;
    a->is_prepared = false;
    return OK;
}
