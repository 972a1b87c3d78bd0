/* Evidence for who made it: its text, and what it is bound to. */
#include "base/wr.h"
#include "tee/cca.h"
#include "tee/evidence.h"
#include "tee/hcl.h"
#include "tee/nitro.h"

enum {
    BINDING_LEN = 64,
    PART_HEAD_LEN = 5, /* type and length */
};

void evidence_encode(struct wr *w, const struct evidence *e)
{
    wr_u8(w, (uint8_t)e->kind);
    for (size_t i = EVIDENCE_MAIN; i < EVIDENCE_PART_COUNT; i++) {
        if (e->parts[i].n > 0) {
            wr_u8(w, (uint8_t)i);
            wr_be32(w, (uint32_t)e->parts[i].n);
            wr_bytes(w, e->parts[i]);
        }
    }
}

size_t evidence_encoded_len(const struct evidence *e)
{
    size_t len = 1;
    for (size_t i = EVIDENCE_MAIN; i < EVIDENCE_PART_COUNT; i++) {
        len += e->parts[i].n > 0 ? PART_HEAD_LEN + e->parts[i].n : 0;
    }
    return len;
}

static bool nitro_carries(struct span document, struct span binding)
{
    struct cose message;
    struct nitro n;
    return cose_decode(&message, document) == OK && nitro_decode(&n, message.payload) == OK &&
           span_equal(n.user_data, binding);
}

/* These two are not inlined: a quote and an appraisal are too much for one frame. */
__attribute__((noinline)) static struct span report_data_of(struct span text, struct appraisal *a)
{
    struct quote q;
    if (quote_decode(&q, text, a) != OK) {
        return SPAN_EMPTY;
    }
    return q.kind == TEE_SGX ? q.sgx.report_data : q.td.report_data;
}

__attribute__((noinline)) static bool quote_carries(struct span text, struct span binding)
{
    struct appraisal unused;
    appraisal_init(&unused, TEE_KIND_COUNT);
    return span_equal(report_data_of(text, &unused), binding);
}

static bool tpm_carries(struct span attest, struct span binding)
{
    struct tpm2_attest q;
    struct hash32 hash;
    sha256(&hash, binding);
    return tpm2_attest_decode(&q, attest) == OK && span_equal(q.extra_data, SPAN_OF(hash.bytes));
}

/* Below a paravisor the report carries the text's hash, and the quote what was asked for. */
static bool snp_carries(const struct evidence *e, struct span binding)
{
    struct sev_snp_report report;
    uint8_t named[64];
    struct hcl h = {.runtime = e->parts[EVIDENCE_RUNTIME]};
    if (sev_snp_decode(&report, e->parts[EVIDENCE_MAIN]) != OK) {
        return false;
    }
    if (h.runtime.n == 0) {
        return span_equal(report.report_data, binding);
    }
    hcl_binding(named, &h);
    return span_equal(report.report_data, SPAN_OF(named)) &&
           tpm_carries(e->parts[EVIDENCE_TPM_ATTEST], binding);
}

bool evidence_carries(const struct evidence *e, const uint8_t binding[static 64])
{
    struct span want = span_of(binding, BINDING_LEN);
    struct span main_part = e->parts[EVIDENCE_MAIN];
    struct cca token;
    switch (e->kind) {
    case TEE_SGX:
    case TEE_TDX:     return quote_carries(main_part, want);
    case TEE_SEV_SNP: return snp_carries(e, want);
    case TEE_NITRO:   return nitro_carries(main_part, want);
    case TEE_TPM2:    return tpm_carries(main_part, want);
    case TEE_CCA:
        return cca_decode(&token, main_part) == OK && span_equal(token.realm_challenge, want);
    case TEE_KIND_COUNT: break;
    }
    return false;
}
