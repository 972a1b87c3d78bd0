/* The endorsement key: its certificate, and credentials for it. */
#include "node/tpm/tpm_endorsement.h"

#include "codec/der.h"
#include "node/tpm/tpm_quote.h"
#include "tee/tpm2_credential.h"

#include <assert.h>
#include <string.h>
#include <tss2/tss2_mu.h>

enum { READ_MAX = 512 /* every chip gives as much at a time */ };

/* PolicySecret of the endorsement hierarchy (PolicyA), and what the templates of the high range have (PolicyB). */
#define POLICY_A                                                                                   \
    "\x83\x71\x97\x67\x44\x84\xb3\xf8\x1a\x90\xcc\x8d\x46\xa5\xd7\x24"                             \
    "\xfd\x52\xd7\x6e\x06\x52\x0b\x64\xf2\xa1\xda\x1b\x33\x14\x69\xaa"
#define POLICY_B                                                                                   \
    "\xb2\x6e\x7d\x28\xd1\x1a\x50\xbc\x53\xd8\x82\xbc\xf5\xfd\x3a\x1a"                             \
    "\x07\x41\x48\xbb\x35\xd3\xb4\xe4\xcb\x1c\x0a\xd9\xbd\xe4\x19\xca"                             \
    "\xcb\x47\xba\x09\x69\x96\x46\x15\x0f\x9f\xc0\x00\xf3\xf8\x0e\x12"

#define ATTRIBUTES_LOW                                                                             \
    (TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN |            \
     TPMA_OBJECT_ADMINWITHPOLICY | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT)

/* SPEC tcg/ek-credential-profile §"B": L-1, L-2 and H-3; the low ones are used under the policy alone. */
static const struct {
    TPM2_HANDLE index;
    TPMT_PUBLIC area;
} templates[] = {
    [TPM_EK_P256] = {0x01c0000a,
                     {.type = TPM2_ALG_ECC,
                      .nameAlg = TPM2_ALG_SHA256,
                      .objectAttributes = ATTRIBUTES_LOW,
                      .authPolicy = {.size = 32, .buffer = POLICY_A},
                      .parameters.eccDetail = {.symmetric = {.algorithm = TPM2_ALG_AES,
                                                             .keyBits.aes = 128,
                                                             .mode.aes = TPM2_ALG_CFB},
                                               .scheme = {.scheme = TPM2_ALG_NULL},
                                               .curveID = TPM2_ECC_NIST_P256,
                                               .kdf = {.scheme = TPM2_ALG_NULL}},
                      .unique.ecc = {.x = {.size = 32}, .y = {.size = 32}}}      },
    [TPM_EK_P384] = {0x01c00016,
                     {.type = TPM2_ALG_ECC,
                      .nameAlg = TPM2_ALG_SHA384,
                      .objectAttributes = ATTRIBUTES_LOW | TPMA_OBJECT_USERWITHAUTH,
                      .authPolicy = {.size = 48, .buffer = POLICY_B},
                      .parameters.eccDetail = {.symmetric = {.algorithm = TPM2_ALG_AES,
                                                             .keyBits.aes = 256,
                                                             .mode.aes = TPM2_ALG_CFB},
                                               .scheme = {.scheme = TPM2_ALG_NULL},
                                               .curveID = TPM2_ECC_NIST_P384,
                                               .kdf = {.scheme = TPM2_ALG_NULL}}}},
    [TPM_EK_RSA] = {0x01c00002,
                     {.type = TPM2_ALG_RSA,
                     .nameAlg = TPM2_ALG_SHA256,
                     .objectAttributes = ATTRIBUTES_LOW,
                     .authPolicy = {.size = 32, .buffer = POLICY_A},
                     .parameters.rsaDetail = {.symmetric = {.algorithm = TPM2_ALG_AES,
                                                            .keyBits.aes = 128,
                                                            .mode.aes = TPM2_ALG_CFB},
                                              .scheme = {.scheme = TPM2_ALG_NULL},
                                              .keyBits = 2048},
                     .unique.rsa = {.size = 256}}                                },
};
static_assert(sizeof templates / sizeof templates[0] == TPM_EK_COUNT, "one for each");

/* What an index holds, up to the end of the certificate. */
MUST_CHECK static enum err trim(struct tpm_certificate *ret, size_t n)
{
    struct rd r = rd_init(span_of(ret->der, n));
    struct span whole;
    uint8_t tag = 0;
    (void)der_read_any(&r, &tag, &whole);
    if (!rd_ok(&r) || tag != DER_SEQUENCE) {
        return ERR_MALFORMED;
    }
    ret->n = whole.n;
    return OK;
}

MUST_CHECK static enum err
read_index(struct tpm_chip *c, struct tpm_certificate *ret, ESYS_TR nv, const TPMS_NV_PUBLIC *area)
{
    /* The index's own authorization value is empty; where that does not count, the owner's does. */
    ESYS_TR by = area->attributes & TPMA_NV_AUTHREAD ? nv : ESYS_TR_RH_OWNER;
    size_t len = area->dataSize;
    if (len == 0 || len > sizeof ret->der) {
        return ERR_MALFORMED;
    }
    for (size_t at = 0; at < len;) {
        TPM2B_MAX_NV_BUFFER *part = NULL;
        size_t want = len - at < READ_MAX ? len - at : READ_MAX;
        TRY(tpm_chip_err(Esys_NV_Read(c->ctx, by, nv, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                                      (UINT16)want, (UINT16)at, &part)));
        bool is_whole = part->size == want;
        if (is_whole) {
            memcpy(ret->der + at, part->buffer, want);
        }
        Esys_Free(part);
        if (!is_whole) {
            return ERR_IO;
        }
        at += want;
    }
    return trim(ret, len);
}

enum err tpm_endorsement_read(struct tpm_chip *c, struct tpm_certificate *ret, enum tpm_ek ek)
{
    ESYS_TR nv = ESYS_TR_NONE;
    TPM2B_NV_PUBLIC *area = NULL;
    TRY(tpm_chip_err(Esys_TR_FromTPMPublic(c->ctx, templates[ek].index, ESYS_TR_NONE, ESYS_TR_NONE,
                                           ESYS_TR_NONE, &nv)));
    enum err e = tpm_chip_err(
        Esys_NV_ReadPublic(c->ctx, nv, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &area, NULL));
    if (e == OK) {
        ret->ek = ek;
        e = read_index(c, ret, nv, &area->nvPublic);
        Esys_Free(area);
    }
    (void)Esys_TR_Close(c->ctx, &nv);
    return e;
}

enum err tpm_endorsement_certificate(struct tpm_chip *c, struct tpm_certificate *ret)
{
    enum err e = ERR_NOT_FOUND;
    for (int ek = 0; ek < TPM_EK_COUNT && e == ERR_NOT_FOUND; ek++) {
        e = tpm_endorsement_read(c, ret, (enum tpm_ek)ek);
    }
    return e;
}

enum err
tpm_endorsement_key(struct tpm_chip *c, ESYS_TR *ret, enum tpm_ek ek, TPM2B_PUBLIC **ret_area)
{
    static const TPM2B_SENSITIVE_CREATE sensitive = {.size = 0};
    static const TPM2B_DATA outside = {.size = 0};
    static const TPML_PCR_SELECTION no_pcr = {.count = 0};
    const TPM2B_PUBLIC area = {.publicArea = templates[ek].area};
    TSS2_RC rc = Esys_CreatePrimary(c->ctx, ESYS_TR_RH_ENDORSEMENT, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                    ESYS_TR_NONE, &sensitive, &area, &outside, &no_pcr, ret,
                                    ret_area, NULL, NULL, NULL);
    return tpm_chip_err(rc) == ERR_AUTH ? ERR_DENIED : tpm_chip_err(rc);
}

/* The credential as the chip's library takes it. */
struct credential {
    TPM2B_ID_OBJECT object;
    TPM2B_ENCRYPTED_SECRET secret;
};

MUST_CHECK static enum err read_credential(struct credential *ret, struct span in)
{
    struct tpm2_credential_parts p;
    static_assert(sizeof ret->object.credential >= TPM2_ID_OBJECT_LEN_MAX, "the splitter's bound");
    static_assert(sizeof ret->secret.secret >= TPM2_ENCRYPTED_SECRET_LEN_MAX, "the same");
    TRY(tpm2_credential_split(&p, in));
    ret->object.size = (UINT16)p.id_object.n;
    ret->secret.size = (UINT16)p.encrypted_secret.n;
    memcpy(ret->object.credential, p.id_object.p, p.id_object.n);
    memcpy(ret->secret.secret, p.encrypted_secret.p, p.encrypted_secret.n);
    return OK;
}

MUST_CHECK static enum err activate(struct tpm_chip *c,
                                    struct secret32 *ret,
                                    const struct credential *in,
                                    ESYS_TR key,
                                    ESYS_TR ek,
                                    ESYS_TR session)
{
    TPM2B_DIGEST *out = NULL;
    TSS2_RC rc = Esys_ActivateCredential(c->ctx, key, ek, ESYS_TR_PASSWORD, session, ESYS_TR_NONE,
                                         &in->object, &in->secret, &out);
    enum err e = tpm_chip_err(rc);
    if (e != OK) {
        /* Whatever it dislikes in a stranger's bytes: not for this chip, or not for this key. */
        TSS2_RC layer = rc & TSS2_RC_LAYER_MASK;
        bool is_chips = layer == TSS2_TPM_RC_LAYER || layer == TSS2_RESMGR_TPM_RC_LAYER;
        return is_chips && (rc & TPM2_RC_FMT1) && (rc & TPM2_RC_P) ? ERR_AUTH : e;
    }
    bool is_good = out->size == sizeof ret->bytes;
    if (is_good) {
        memcpy(ret->bytes, out->buffer, sizeof ret->bytes);
    }
    wipe(mspan_of(out, sizeof *out));
    Esys_Free(out);
    return is_good ? OK : ERR_AUTH;
}

/* The session that may use the EK: by the hierarchy's authorization, which the policy asks for, or by the EK's own empty value. */
MUST_CHECK static enum err ek_session(struct tpm_chip *c, ESYS_TR *ret, enum tpm_ek ek)
{
    if (templates[ek].area.objectAttributes & TPMA_OBJECT_USERWITHAUTH) {
        *ret = c->session;
        return OK;
    }
    TRY(tpm_chip_session(c, ret, TPM2_SE_POLICY));
    TSS2_RC rc = Esys_PolicySecret(c->ctx, ESYS_TR_RH_ENDORSEMENT, *ret, ESYS_TR_PASSWORD,
                                   ESYS_TR_NONE, ESYS_TR_NONE, NULL, NULL, NULL, 0, NULL, NULL);
    if (rc != TSS2_RC_SUCCESS) {
        tpm_chip_flush(c, *ret);
    }
    return tpm_chip_err(rc);
}

MUST_CHECK static enum err open_with(struct tpm_chip *c,
                                     struct secret32 *ret,
                                     const struct credential *in,
                                     enum tpm_ek ek,
                                     ESYS_TR key)
{
    ESYS_TR ek_handle = ESYS_TR_NONE;
    ESYS_TR session = ESYS_TR_NONE;
    TRY(tpm_endorsement_key(c, &ek_handle, ek, NULL));
    enum err e = ek_session(c, &session, ek);
    if (e == OK) {
        e = activate(c, ret, in, key, ek_handle, session);
        if (session != c->session) {
            tpm_chip_flush(c, session);
        }
    }
    tpm_chip_flush(c, ek_handle);
    return e;
}

enum err tpm_endorsement_open(struct tpm_chip *c,
                              struct secret32 *ret,
                              enum tpm_ek ek,
                              struct span credential)
{
    struct credential in = {.object.size = 0};
    ESYS_TR key = ESYS_TR_NONE;
    TRY(read_credential(&in, credential));
    TRY(tpm_quote_key(c, &key, NULL));
    enum err e = open_with(c, ret, &in, ek, key);
    tpm_chip_flush(c, key);
    return e;
}

enum err tpm_endorsement_answer(struct tpm_chip *c, struct secret32 *ret, struct span credential)
{
    static struct tpm_certificate certificate; /* large, and there is one chip in a process */
    TRY(tpm_endorsement_certificate(c, &certificate));
    enum err e = tpm_chip_begin(c);
    e = e == OK ? tpm_endorsement_open(c, ret, certificate.ek, credential) : e;
    tpm_chip_end(c);
    return e;
}
