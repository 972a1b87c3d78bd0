/* The one door: evidence of any kind under the roots that are built in. */
#include "tee/evidence.h"

#include "base/rd.h"
#include "tee/cca.h"
#include "tee/nitro.h"
#include "tee/roots.h"

#include <assert.h>

enum { BINDING_LEN = 64 };

/* Bits of the parts that each kind uses. */
#define BIT(part) (UINT32_C(1) << (part))
static const uint32_t parts_of[] = {
    [TEE_SGX] = BIT(EVIDENCE_MAIN) | BIT(EVIDENCE_ROOT_CRL) | BIT(EVIDENCE_PCK_CRL) |
                BIT(EVIDENCE_PCK_CRL_CHAIN) | BIT(EVIDENCE_TCB_INFO) |
                BIT(EVIDENCE_TCB_INFO_SIGNATURE) | BIT(EVIDENCE_QE_IDENTITY) |
                BIT(EVIDENCE_QE_IDENTITY_SIGNATURE) | BIT(EVIDENCE_SIGNING_CHAIN),
    [TEE_TDX] = BIT(EVIDENCE_MAIN) | BIT(EVIDENCE_ROOT_CRL) | BIT(EVIDENCE_PCK_CRL) |
                BIT(EVIDENCE_PCK_CRL_CHAIN) | BIT(EVIDENCE_TCB_INFO) |
                BIT(EVIDENCE_TCB_INFO_SIGNATURE) | BIT(EVIDENCE_QE_IDENTITY) |
                BIT(EVIDENCE_QE_IDENTITY_SIGNATURE) | BIT(EVIDENCE_SIGNING_CHAIN),
    [TEE_SEV_SNP] = BIT(EVIDENCE_MAIN) | BIT(EVIDENCE_CHAIN) | BIT(EVIDENCE_ROOT_CRL) |
                    BIT(EVIDENCE_RUNTIME) | BIT(EVIDENCE_TPM_ATTEST) | BIT(EVIDENCE_TPM_SIGNATURE) |
                    BIT(EVIDENCE_TPM_PCRS),
    [TEE_NITRO] = BIT(EVIDENCE_MAIN),
    [TEE_TPM2] = BIT(EVIDENCE_MAIN) | BIT(EVIDENCE_CHAIN) | BIT(EVIDENCE_TPM_SIGNATURE) |
                 BIT(EVIDENCE_TPM_KEY) | BIT(EVIDENCE_TPM_PCRS),
    [TEE_CCA] = BIT(EVIDENCE_MAIN) | BIT(EVIDENCE_PLATFORM_KEY),
};
static_assert(sizeof parts_of / sizeof parts_of[0] == TEE_KIND_COUNT, "a set for each kind");

enum err evidence_decode(struct evidence *ret, struct span text)
{
    struct evidence e = {0};
    struct rd r = rd_init(text);
    uint8_t last = 0;
    if (text.n > EVIDENCE_LEN_MAX) {
        return ERR_LIMIT;
    }
    uint8_t kind = rd_u8(&r);
    while (r.rest.n > 0 && rd_ok(&r)) {
        uint8_t part = rd_u8(&r);
        struct span bytes = rd_bytes(&r, rd_be32(&r));
        if (part <= last || part >= EVIDENCE_PART_COUNT || bytes.n == 0) {
            return ERR_MALFORMED;
        }
        e.parts[part] = bytes;
        last = part;
    }
    if (!rd_end(&r) || kind >= TEE_KIND_COUNT || e.parts[EVIDENCE_MAIN].n == 0) {
        return ERR_MALFORMED;
    }
    e.kind = (enum tee_kind)kind;
    *ret = e;
    return OK;
}

static enum err appraise_dcap(struct appraiser *work,
                              struct appraisal *ret,
                              const struct evidence *v,
                              const struct expectation *e)
{
    struct dcap_texts texts = {
        .tcb_info = v->parts[EVIDENCE_TCB_INFO],
        .tcb_info_signature = v->parts[EVIDENCE_TCB_INFO_SIGNATURE],
        .qe_identity = v->parts[EVIDENCE_QE_IDENTITY],
        .qe_identity_signature = v->parts[EVIDENCE_QE_IDENTITY_SIGNATURE],
        .signing_chain = v->parts[EVIDENCE_SIGNING_CHAIN],
        .pck_crl = v->parts[EVIDENCE_PCK_CRL],
        .pck_crl_chain = v->parts[EVIDENCE_PCK_CRL_CHAIN],
        .root_crl = v->parts[EVIDENCE_ROOT_CRL],
    };
    TRY(dcap_collateral_verify(&work->collateral, ret, &texts, e->anchors, e->now));
    TRY(dcap_verify(ret, v->parts[EVIDENCE_MAIN], &work->collateral, e));
    /* What was announced is what it is: the kind decides which policy rule holds. */
    return ret->kind == v->kind
               ? OK
               : appraisal_fail(ret, ERR_AUTH, STEP_EVIDENCE_VERSION, PART_EVIDENCE, 0);
}

static enum err appraise_tpm(struct appraiser *work,
                             struct appraisal *ret,
                             const struct evidence *v,
                             struct span activated_name,
                             const struct expectation *e)
{
    struct tpm2_texts texts = {
        .attest = v->parts[EVIDENCE_MAIN],
        .signature = v->parts[EVIDENCE_TPM_SIGNATURE],
        .ak = v->parts[EVIDENCE_TPM_KEY],
        .pcrs = v->parts[EVIDENCE_TPM_PCRS],
        .ek_chain = v->parts[EVIDENCE_CHAIN],
        .activated_name = activated_name,
    };
    struct hash32 hash;
    struct expectation short_one = *e;
    sha256(&hash, e->binding);
    short_one.binding = SPAN_OF(hash.bytes);
    return tpm2_verify(ret, &work->chain, &texts, &short_one);
}

static enum err appraise_snp(struct appraiser *work,
                             struct appraisal *ret,
                             const struct evidence *v,
                             const struct expectation *e)
{
    const struct sev_snp_texts texts = {
        .chain = v->parts[EVIDENCE_CHAIN],
        .crl = v->parts[EVIDENCE_ROOT_CRL],
        .paravisor = {.runtime = v->parts[EVIDENCE_RUNTIME],
                      .attest = v->parts[EVIDENCE_TPM_ATTEST],
                      .signature = v->parts[EVIDENCE_TPM_SIGNATURE],
                      .pcrs = v->parts[EVIDENCE_TPM_PCRS]},
    };
    return sev_snp_verify(ret, &work->chain, v->parts[EVIDENCE_MAIN], &texts, e);
}

/* A quote counts only beside the text that names its key. */
static bool has_quote_alone(const struct evidence *v)
{
    return v->kind == TEE_SEV_SNP && v->parts[EVIDENCE_RUNTIME].n == 0 &&
           (v->parts[EVIDENCE_TPM_ATTEST].n > 0 || v->parts[EVIDENCE_TPM_SIGNATURE].n > 0 ||
            v->parts[EVIDENCE_TPM_PCRS].n > 0);
}

static bool has_foreign_part(const struct evidence *v)
{
    for (size_t i = EVIDENCE_MAIN; i < EVIDENCE_PART_COUNT; i++) {
        if (v->parts[i].n > 0 && !(parts_of[v->kind] & BIT(i))) {
            return true;
        }
    }
    return false;
}

enum err evidence_appraise(struct appraiser *work,
                           struct appraisal *ret,
                           const struct evidence *evidence,
                           const struct evidence_expectation *e)
{
    struct anchors anchors = roots_of(evidence->kind);
    struct expectation inner = {.anchors = &anchors,
                                .policy = e->policy,
                                .releases = e->releases,
                                .now = e->now,
                                .binding = span_of(e->binding, BINDING_LEN)};
    struct span main_part = evidence->parts[EVIDENCE_MAIN];
    appraisal_init(ret, evidence->kind);
    if (has_foreign_part(evidence) || has_quote_alone(evidence)) {
        return appraisal_fail(ret, ERR_MALFORMED, STEP_EVIDENCE_FORMAT, PART_EVIDENCE, 0);
    }
    switch (evidence->kind) {
    case TEE_SGX:
    case TEE_TDX:        return appraise_dcap(work, ret, evidence, &inner);
    case TEE_SEV_SNP:    return appraise_snp(work, ret, evidence, &inner);
    case TEE_NITRO:      return nitro_verify(ret, &work->chain, main_part, &inner);
    case TEE_TPM2:       return appraise_tpm(work, ret, evidence, e->activated_name, &inner);
    case TEE_CCA:        return cca_verify(ret, main_part, evidence->parts[EVIDENCE_PLATFORM_KEY], &inner);
    case TEE_KIND_COUNT: break;
    }
    return appraisal_fail(ret, ERR_UNSUPPORTED, STEP_EVIDENCE_VERSION, PART_EVIDENCE, 0);
}

bool evidence_lacks_activation(const struct appraisal *a)
{
    return a->kind == TEE_TPM2 && a->failed == STEP_KEY_ORIGIN && a->part == PART_EVIDENCE &&
           a->has_hardware_id;
}

enum err evidence_challenge(const struct appraiser *work,
                            struct tpm2_credential *ret,
                            struct secret32 *ret_secret,
                            const struct appraisal *failed,
                            struct span name,
                            struct rng *rng)
{
    struct hash32 ek;
    struct span spki = work->chain.count > 0 ? work->chain.certs[0].spki : SPAN_EMPTY;
    AUTO(secret32_wipe) struct secret32 secret;
    sha256(&ek, spki);
    /* The key of the certificate that was verified, and no other. */
    if (!evidence_lacks_activation(failed) ||
        !span_equal(SPAN_OF(ek.bytes), SPAN_OF(failed->hardware_id.bytes))) {
        return ERR_STATE;
    }
    rng_fill(rng, MSPAN_OF(secret.bytes));
    TRY(tpm2_credential_make(ret, spki, name, &secret, rng));
    (void)span_copy(MSPAN_OF(ret_secret->bytes), SPAN_OF(secret.bytes));
    return OK;
}
