/* Answering with evidence. */
#include "node/attest/attest_answerer.h"

#include "base/check.h"
#include "base/mem.h"
#include "node/attest/attest_host.h"

#include <string.h>

static_assert((int)ATTEST_ANSWERER_LIFE_S == (int)ATTEST_LIFE_S, "the protocol's");

/* A session key and evidence that names it. */
struct session {
    struct ed25519_key key;
    struct attest_identity identity;
    uint8_t binding[64];
    uint8_t text[EVIDENCE_LEN_MAX];
};

struct attest_answerer {
    struct attest_answerer_cfg cfg;
    struct attest_host host;
    struct session sessions[2]; /* in turn: an answer on its way still reads the old one */
    size_t current;
    bool is_prepared;
};

enum err attest_answerer_new(struct attest_answerer **ret, const struct attest_answerer_cfg *cfg)
{
    void *p;
    TRY(mem_alloc(cfg->budget, &p, sizeof(struct attest_answerer)));
    struct attest_answerer *a = p;
    memset(a, 0, sizeof *a);
    a->cfg = *cfg;
    const struct attest_host_cfg host = {.budget = cfg->budget, .rng = cfg->rng};
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
    size_t n = span_copy(MSPAN_OF(next->text), evidence);
    next->identity.kind = parts.kind;
    next->identity.evidence = span_of(next->text, n);
    a->host.cfg.identity = &next->identity;
    a->current = 1 - a->current;
    a->is_prepared = false;
    return OK;
}
