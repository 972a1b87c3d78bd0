/* Quotes. */
#include "node/tpm/tpm_quote.h"

#include "node/tpm/tpm_endorsement.h"

#include <string.h>
#include <tss2/tss2_mu.h>

enum { REGISTERS_COUNT = 24, VALUE_LEN = 32 };

static const TPMT_PUBLIC key_template = {
    .type = TPM2_ALG_ECC,
    .nameAlg = TPM2_ALG_SHA256,
    .objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                        TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |
                        TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_SIGN_ENCRYPT | TPMA_OBJECT_NODA,
    .parameters.eccDetail = {.symmetric = {.algorithm = TPM2_ALG_NULL},
                             .scheme = {.scheme = TPM2_ALG_ECDSA,
                                        .details.ecdsa.hashAlg = TPM2_ALG_SHA256},
                             .curveID = TPM2_ECC_NIST_P256,
                             .kdf = {.scheme = TPM2_ALG_NULL}},
    .unique.ecc.x = {.size = 15, .buffer = "passmesh attest"},
};

/* What a quote consists of, as it travels. */
struct parts {
    uint8_t attest[sizeof(TPMS_ATTEST)];
    size_t attest_len;
    uint8_t signature[sizeof(TPMT_SIGNATURE)];
    size_t signature_len;
    uint8_t key[256];
    size_t key_len;
    uint8_t values[REGISTERS_COUNT * VALUE_LEN];
    size_t values_len;
    struct tpm_certificate certificate;
};

enum err tpm_quote_key(struct tpm_chip *c, ESYS_TR *ret, TPM2B_PUBLIC **ret_area)
{
    static const TPM2B_SENSITIVE_CREATE sensitive = {.size = 0};
    static const TPM2B_DATA outside = {.size = 0};
    static const TPML_PCR_SELECTION no_pcr = {.count = 0};
    TPM2B_PUBLIC area = {.publicArea = key_template};
    return tpm_chip_err(Esys_CreatePrimary(c->ctx, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                           ESYS_TR_NONE, &sensitive, &area, &outside, &no_pcr, ret,
                                           ret_area, NULL, NULL, NULL));
}

MUST_CHECK static enum err make_key(struct tpm_chip *c, ESYS_TR *ret, struct parts *p)
{
    TPM2B_PUBLIC *made = NULL;
    TRY(tpm_quote_key(c, ret, &made));
    TSS2_RC rc = Tss2_MU_TPM2B_PUBLIC_Marshal(made, p->key, sizeof p->key, &p->key_len);
    Esys_Free(made);
    return rc == TSS2_RC_SUCCESS ? OK : ERR_LIMIT;
}

/* Values of the registers that are asked for; the chip gives eight at a time. */
MUST_CHECK static enum err read_values(struct tpm_chip *c, struct parts *p, uint32_t registers)
{
    p->values_len = 0;
    for (uint32_t i = 0; i < REGISTERS_COUNT; i++) {
        if (!(registers >> i & 1)) {
            continue;
        }
        TPML_PCR_SELECTION one = tpm_chip_pcrs(1U << i);
        TPML_DIGEST *values = NULL;
        TRY(tpm_chip_err(Esys_PCR_Read(c->ctx, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &one, NULL,
                                       NULL, &values)));
        bool is_good = values->count == 1 && values->digests[0].size == VALUE_LEN;
        if (is_good) {
            memcpy(p->values + p->values_len, values->digests[0].buffer, VALUE_LEN);
            p->values_len += VALUE_LEN;
        }
        Esys_Free(values);
        if (!is_good) {
            return ERR_UNSUPPORTED; /* it has no such bank */
        }
    }
    return OK;
}

MUST_CHECK static enum err
quote(struct tpm_chip *c, struct parts *p, ESYS_TR key, struct span binding, uint32_t registers)
{
    static const TPMT_SIG_SCHEME scheme = {.scheme = TPM2_ALG_NULL}; /* the key's own */
    TPM2B_DATA data = {.size = (uint16_t)binding.n};
    TPM2B_ATTEST *attest = NULL;
    TPMT_SIGNATURE *signature = NULL;
    TPML_PCR_SELECTION pcrs = tpm_chip_pcrs(registers);
    memcpy(data.buffer, binding.p, binding.n);
    TRY(tpm_chip_err(Esys_Quote(c->ctx, key, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &data,
                                &scheme, &pcrs, &attest, &signature)));
    bool is_good = attest->size <= sizeof p->attest;
    if (is_good) {
        memcpy(p->attest, attest->attestationData, attest->size);
        p->attest_len = attest->size;
    }
    is_good =
        is_good && Tss2_MU_TPMT_SIGNATURE_Marshal(signature, p->signature, sizeof p->signature,
                                                  &p->signature_len) == TSS2_RC_SUCCESS;
    Esys_Free(attest);
    Esys_Free(signature);
    return is_good ? OK : ERR_LIMIT;
}

/* Large, and there is one chip in a process. */
static struct parts *parts_new(void)
{
    static struct parts p;
    memset(&p, 0, sizeof p);
    return &p;
}

MUST_CHECK static enum err quote_whole(struct tpm_chip *c,
                                       struct evidence *ret,
                                       struct parts *p,
                                       ESYS_TR key,
                                       struct span binding,
                                       uint32_t registers)
{
    TRY(read_values(c, p, registers));
    TRY(quote(c, p, key, binding, registers));
    *ret = (struct evidence){
        .kind = TEE_TPM2,
        .parts = {[EVIDENCE_MAIN] = span_of(p->attest, p->attest_len),
                  [EVIDENCE_CHAIN] = span_of(p->certificate.der, p->certificate.n),
                  [EVIDENCE_TPM_SIGNATURE] = span_of(p->signature, p->signature_len),
                  [EVIDENCE_TPM_KEY] = span_of(p->key, p->key_len),
                  [EVIDENCE_TPM_PCRS] = span_of(p->values, p->values_len)},
    };
    return OK;
}

static bool is_asked_rightly(struct span binding, uint32_t registers)
{
    return binding.n == VALUE_LEN && registers != 0 && registers >> REGISTERS_COUNT == 0;
}

enum err
tpm_quote_make(struct tpm_chip *c, struct evidence *ret, struct span binding, uint32_t registers)
{
    struct parts *p = parts_new();
    ESYS_TR key = ESYS_TR_NONE;
    if (!is_asked_rightly(binding, registers)) {
        return ERR_MALFORMED;
    }
    /* A chip without a certificate quotes all the same: what that is worth is the verifier's to say. */
    enum err e = tpm_endorsement_certificate(c, &p->certificate);
    if (e != OK) {
        p->certificate.n = 0;
    }
    TRY(make_key(c, &key, p));
    e = quote_whole(c, ret, p, key, binding, registers);
    tpm_chip_flush(c, key);
    return e;
}

enum err tpm_quote_by(struct tpm_chip *c,
                      struct evidence *ret,
                      uint32_t handle,
                      struct span binding,
                      uint32_t registers)
{
    struct parts *p = parts_new();
    ESYS_TR key = ESYS_TR_NONE;
    if (!is_asked_rightly(binding, registers)) {
        return ERR_MALFORMED;
    }
    TRY(tpm_chip_err(
        Esys_TR_FromTPMPublic(c->ctx, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &key)));
    enum err e = quote_whole(c, ret, p, key, binding, registers);
    (void)Esys_TR_Close(c->ctx, &key);
    return e;
}
