/* Requests to the chip. */
#include "node/tpm/tpm_answer.h"

#include "base/rd.h"
#include "base/wr.h"
#include "node/tpm/tpm_endorsement.h"
#include "node/tpm/tpm_seal.h"

#include <string.h>

enum { BINDING_LEN = 64 };

static void take_blob(struct sealer_blob *ret, struct rd *r)
{
    struct span blob = rd_rest(r);
    ret->n = 0;
    if (blob.n > sizeof ret->bytes) {
        rd_fail(r);
        return;
    }
    ret->n = span_copy(MSPAN_OF(ret->bytes), blob);
}

MUST_CHECK static enum err answer_seal(struct tpm_answerer *a, struct wr *w, struct rd *r)
{
    AUTO(secret32_wipe) struct secret32 key;
    struct p256_public authority;
    struct sealer_blob blob;
    rd_copy(r, MSPAN_OF(key.bytes));
    rd_copy(r, MSPAN_OF(authority.xy));
    if (!rd_end(r)) {
        return ERR_MALFORMED;
    }
    TRY(tpm_seal_make(a->chip, &blob, a->rng, &key, &authority));
    wr_bytes(w, span_of(blob.bytes, blob.n));
    return OK;
}

MUST_CHECK static enum err answer_unseal(struct tpm_answerer *a, struct wr *w, struct rd *r)
{
    AUTO(secret32_wipe) struct secret32 key;
    struct p256_public authority;
    struct sealer_approvals approvals;
    struct sealer_blob blob;
    rd_copy(r, MSPAN_OF(authority.xy));
    TRY(sealer_approvals_read(&approvals, r));
    take_blob(&blob, r);
    if (!rd_end(r)) {
        return ERR_MALFORMED;
    }
    TRY(tpm_seal_open(a->chip, &key, &blob, &authority, &approvals));
    wr_bytes(w, SPAN_OF(key.bytes));
    return OK;
}

MUST_CHECK static enum err answer_state(struct tpm_answerer *a, struct wr *w, struct rd *r)
{
    struct hash32 state;
    uint32_t registers = rd_be32(r);
    struct span values = rd_rest(r);
    if (!rd_ok(r)) {
        return ERR_MALFORMED;
    }
    TRY(tpm_seal_state(a->chip, &state, registers, values));
    wr_bytes(w, SPAN_OF(state.bytes));
    return OK;
}

MUST_CHECK static enum err answer_counter(struct tpm_answerer *a, struct wr *w, struct rd *r)
{
    AUTO(secret32_wipe) struct secret32 key;
    struct sealer_blob blob;
    uint64_t value;
    uint8_t what = rd_u8(r);
    rd_copy(r, MSPAN_OF(key.bytes));
    take_blob(&blob, r);
    if (!rd_ok(r) || what > SEALER_COUNTER_REMOVE) {
        return ERR_MALFORMED;
    }
    TRY(tpm_seal_counter(a->chip, &value, (enum sealer_counter)what, &blob, &key));
    wr_be64(w, value);
    return OK;
}

/* The name of the collector stands before what it gave, and is known only afterwards. */
MUST_CHECK static enum err answer_evidence(struct tpm_answerer *a, struct wr *w, struct rd *r)
{
    static uint8_t text[EVIDENCE_LEN_MAX]; /* large, and one request is answered at a time */
    struct wr evidence = wr_init(MSPAN_OF(text));
    struct span binding = rd_rest(r);
    if (binding.n != BINDING_LEN) {
        return ERR_MALFORMED;
    }
    TRY(collectors_write(&evidence, a->collectors, a->collectors_count, a->budget, binding.p,
                         &a->outcome));
    struct span name = span_str(a->collectors[a->outcome.used]->name);
    wr_u8(w, (uint8_t)name.n);
    wr_bytes(w, name);
    wr_bytes(w, span_of(text, evidence.n));
    return wr_end(w);
}

MUST_CHECK static enum err answer_activate(struct tpm_answerer *a, struct wr *w, struct rd *r)
{
    AUTO(secret32_wipe) struct secret32 secret;
    struct span credential = rd_rest(r);
    if (!a->chip) {
        return ERR_NOT_FOUND;
    }
    TRY(tpm_endorsement_answer(a->chip, &secret, credential));
    wr_bytes(w, SPAN_OF(secret.bytes));
    return OK;
}

MUST_CHECK static enum err answer(struct tpm_answerer *a, struct wr *w, struct span request)
{
    struct rd r = rd_init(request);
    uint8_t op = rd_u8(&r);
    bool is_evidence = op == TPM_EVIDENCE || op == TPM_ACTIVATE;
    if (!(a->uses & (is_evidence ? TPM_FOR_EVIDENCE : TPM_FOR_SEAL))) {
        return ERR_DENIED;
    }
    switch (op) {
    case TPM_SEAL:     return answer_seal(a, w, &r);
    case TPM_UNSEAL:   return answer_unseal(a, w, &r);
    case TPM_STATE:    return answer_state(a, w, &r);
    case TPM_COUNTER:  return answer_counter(a, w, &r);
    case TPM_EVIDENCE: return answer_evidence(a, w, &r);
    case TPM_ACTIVATE: return answer_activate(a, w, &r);
    default:           return ERR_UNSUPPORTED;
    }
}

size_t tpm_answer(struct tpm_answerer *a, struct mspan out, struct span request)
{
    struct wr w = wr_init(mspan_from(out, 1));
    enum err e = answer(a, &w, request);
    e = e == OK ? wr_end(&w) : e;
    out.p[0] = (uint8_t)e;
    return e == OK ? 1 + w.n : 1;
}
