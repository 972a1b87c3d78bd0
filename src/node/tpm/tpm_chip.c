/* A chip over ESYS. */
#include "node/tpm/tpm_chip.h"

#include <string.h>

enum err tpm_chip_err(TSS2_RC rc)
{
    if (rc == TSS2_RC_SUCCESS) {
        return OK;
    }
    TSS2_RC layer = rc & TSS2_RC_LAYER_MASK;
    if (layer != TSS2_TPM_RC_LAYER && layer != TSS2_RESMGR_TPM_RC_LAYER) {
        return ERR_IO; /* of the way to the chip, not of the chip */
    }
    TSS2_RC code = rc & 0xffff;
    if (code == TPM2_RC_LOCKOUT) {
        return ERR_DENIED;
    }
    if (code == TPM2_RC_OBJECT_MEMORY || code == TPM2_RC_SESSION_MEMORY || code == TPM2_RC_MEMORY ||
        code == TPM2_RC_NV_SPACE) {
        return ERR_LIMIT;
    }
    if ((code & TPM2_RC_FMT1) == 0) {
        return code == TPM2_RC_NV_UNINITIALIZED ? ERR_NOT_FOUND : ERR_IO;
    }
    switch (code & (TPM2_RC_FMT1 | 0x3f)) { /* without the number of the parameter */
    case TPM2_RC_AUTH_FAIL:
    case TPM2_RC_BAD_AUTH:    return ERR_AUTH;
    case TPM2_RC_POLICY_FAIL: return ERR_STATE;
    case TPM2_RC_INTEGRITY:
    case TPM2_RC_HANDLE:      return ERR_NOT_FOUND;
    case TPM2_RC_VALUE:
    case TPM2_RC_CURVE:
    case TPM2_RC_SCHEME:      return ERR_UNSUPPORTED;
    default:                  return ERR_IO; /* whatever else the chip says */
    }
}

/* The storage key as "TCG TPM v2.0 Provisioning Guidance" has it. NODA: it has no authorization value to guess. */
static const TPMT_PUBLIC parent_template = {
    .type = TPM2_ALG_ECC,
    .nameAlg = TPM2_ALG_SHA256,
    .objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                        TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |
                        TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT | TPMA_OBJECT_NODA,
    .parameters.eccDetail = {.symmetric = {.algorithm = TPM2_ALG_AES,
                                           .keyBits.aes = 128,
                                           .mode.aes = TPM2_ALG_CFB},
                             .scheme = {.scheme = TPM2_ALG_NULL},
                             .curveID = TPM2_ECC_NIST_P256,
                             .kdf = {.scheme = TPM2_ALG_NULL}},
};

static enum err make_parent(struct tpm_chip *c)
{
    static const TPM2B_SENSITIVE_CREATE sensitive = {.size = 0};
    static const TPM2B_DATA outside = {.size = 0};
    static const TPML_PCR_SELECTION no_pcr = {.count = 0};
    TPM2B_PUBLIC public_area = {.publicArea = parent_template};
    TPM2B_NAME *name = NULL;
    TSS2_RC rc = Esys_CreatePrimary(c->ctx, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                    ESYS_TR_NONE, &sensitive, &public_area, &outside, &no_pcr,
                                    &c->parent, NULL, NULL, NULL, NULL);
    if (tpm_chip_err(rc) == ERR_AUTH) {
        return ERR_DENIED; /* its owner has set a password */
    }
    TRY(tpm_chip_err(rc));
    c->has_parent = true;
    TRY(tpm_chip_err(Esys_TR_GetName(c->ctx, c->parent, &name)));
    bool is_good = name->size == TPM_CHIP_NAME_LEN;
    if (is_good) {
        memcpy(c->parent_name, name->name, TPM_CHIP_NAME_LEN);
    }
    Esys_Free(name);
    return is_good ? OK : ERR_UNSUPPORTED;
}

enum err tpm_chip_session(struct tpm_chip *c, ESYS_TR *ret, TPM2_SE kind)
{
    static const TPMT_SYM_DEF aes = {
        .algorithm = TPM2_ALG_AES, .keyBits.aes = 128, .mode.aes = TPM2_ALG_CFB};
    ESYS_TR session = ESYS_TR_NONE;
    TRY(tpm_chip_err(Esys_StartAuthSession(c->ctx, c->parent, ESYS_TR_NONE, ESYS_TR_NONE,
                                           ESYS_TR_NONE, ESYS_TR_NONE, NULL, kind, &aes,
                                           TPM2_ALG_SHA256, &session)));
    *ret = session;
    TPMA_SESSION flags = TPMA_SESSION_CONTINUESESSION | TPMA_SESSION_DECRYPT | TPMA_SESSION_ENCRYPT;
    enum err e = tpm_chip_err(Esys_TRSess_SetAttributes(c->ctx, session, flags, 0xff));
    if (e != OK) {
        tpm_chip_flush(c, session);
    }
    return e;
}

void tpm_chip_flush(struct tpm_chip *c, ESYS_TR handle)
{
    (void)Esys_FlushContext(c->ctx, handle);
}

enum err tpm_chip_open(struct tpm_chip *c, struct TSS2_TCTI_OPAQUE_CONTEXT_BLOB *tcti)
{
    *c = (struct tpm_chip){.has_parent = false};
    if (Esys_Initialize(&c->ctx, tcti, NULL) != TSS2_RC_SUCCESS) {
        return ERR_IO;
    }
    TSS2_RC rc = Esys_Startup(c->ctx, TPM2_SU_CLEAR);
    enum err e = rc == TPM2_RC_INITIALIZE ? OK : tpm_chip_err(rc); /* somebody started it before */
    if (e != OK) {
        tpm_chip_done(c);
    }
    return e;
}

void tpm_chip_done(struct tpm_chip *c)
{
    if (c->ctx) {
        tpm_chip_end(c);
        Esys_Finalize(&c->ctx);
    }
    *c = (struct tpm_chip){.has_parent = false};
}

enum err tpm_chip_begin(struct tpm_chip *c)
{
    TRY(make_parent(c));
    TRY(tpm_chip_session(c, &c->session, TPM2_SE_HMAC));
    c->has_session = true;
    return OK;
}

void tpm_chip_end(struct tpm_chip *c)
{
    if (c->has_session) {
        tpm_chip_flush(c, c->session);
    }
    if (c->has_parent) {
        tpm_chip_flush(c, c->parent);
    }
    c->has_session = false;
    c->has_parent = false;
}

TPML_PCR_SELECTION tpm_chip_pcrs(uint32_t mask)
{
    return (TPML_PCR_SELECTION){
        .count = 1,
        .pcrSelections = {{.hash = TPM2_ALG_SHA256,
                           .sizeofSelect = 3,
                           .pcrSelect = {(uint8_t)mask, (uint8_t)(mask >> 8),
                                         (uint8_t)(mask >> 16)}}},
    };
}
