/* Sealed keys and their counters. */
#include "node/tpm/tpm_seal.h"

#include "base/rd.h"
#include "base/wr.h"
#include "crypto/hkdf.h"

#include <string.h>
#include <tss2/tss2_mu.h>

enum {
    BLOB_VERSION = 1,
    AUTH_LEN = 32,
    /* Of the range that "Registry of Reserved TPM 2.0 Handles and Localities" leaves to owners. */
    INDEX_FIRST = 0x01b50400,
    INDEX_COUNT = 16,
    CODE_LEN = 4,
};

struct opened {
    struct span parent_name;
    uint32_t index;
    TPM2B_AUTH auth;
    TPM2B_PUBLIC public_area;
    TPM2B_PRIVATE private_area;
};

static void opened_wipe(struct opened *o)
{
    wipe(mspan_of(&o->auth, sizeof o->auth));
}

MUST_CHECK static enum err read_blob(struct opened *ret, const struct sealer_blob *blob)
{
    struct rd r = rd_init(span_of(blob->bytes, blob->n));
    size_t n = 0;
    memset(ret, 0, sizeof *ret);
    uint8_t version = rd_u8(&r);
    ret->parent_name = rd_bytes(&r, TPM_CHIP_NAME_LEN);
    ret->index = rd_be32(&r);
    ret->auth.size = AUTH_LEN;
    rd_copy(&r, mspan_of(ret->auth.buffer, AUTH_LEN));
    struct span in = rd_be16_sized(&r);
    bool is_good = rd_end(&r) && version == BLOB_VERSION && in.n > 0 && ret->index >= INDEX_FIRST &&
                   ret->index < INDEX_FIRST + INDEX_COUNT;
    is_good =
        is_good &&
        Tss2_MU_TPM2B_PUBLIC_Unmarshal(in.p, in.n, &n, &ret->public_area) == TSS2_RC_SUCCESS &&
        Tss2_MU_TPM2B_PRIVATE_Unmarshal(in.p, in.n, &n, &ret->private_area) == TSS2_RC_SUCCESS &&
        n == in.n;
    return is_good ? OK : ERR_AUTH;
}

MUST_CHECK static enum err
write_blob(struct sealer_blob *ret, const struct opened *o, const uint8_t *parent_name)
{
    struct wr w = wr_init(MSPAN_OF(ret->bytes));
    wr_u8(&w, BLOB_VERSION);
    wr_bytes(&w, span_of(parent_name, TPM_CHIP_NAME_LEN));
    wr_be32(&w, o->index);
    wr_bytes(&w, span_of(o->auth.buffer, AUTH_LEN));
    size_t n = w.n + 2; /* behind the length */
    bool done = Tss2_MU_TPM2B_PUBLIC_Marshal(&o->public_area, ret->bytes, sizeof ret->bytes, &n) ==
                    TSS2_RC_SUCCESS &&
                Tss2_MU_TPM2B_PRIVATE_Marshal(&o->private_area, ret->bytes, sizeof ret->bytes,
                                              &n) == TSS2_RC_SUCCESS;
    if (!done) {
        return ERR_LIMIT;
    }
    wr_be16(&w, (uint16_t)(n - w.n - 2));
    ret->n = n;
    return wr_end(&w);
}

/* ---- who may approve ---- */

/* The authority's key as an object of the chip. In the owner's hierarchy, as tickets of the null hierarchy prove nothing. */
MUST_CHECK static enum err
load_authority(struct tpm_chip *c, ESYS_TR *ret, const struct p256_public *authority)
{
    TPM2B_PUBLIC key = {
        .publicArea = {
                       .type = TPM2_ALG_ECC,
                       .nameAlg = TPM2_ALG_SHA256,
                       .objectAttributes = TPMA_OBJECT_SIGN_ENCRYPT | TPMA_OBJECT_USERWITHAUTH,
                       .parameters.eccDetail = {.symmetric = {.algorithm = TPM2_ALG_NULL},
                                     .scheme = {.scheme = TPM2_ALG_ECDSA,
                                                .details.ecdsa.hashAlg = TPM2_ALG_SHA256},
                                     .curveID = TPM2_ECC_NIST_P256,
                                     .kdf = {.scheme = TPM2_ALG_NULL}},
                       .unique.ecc = {.x = {.size = 32}, .y = {.size = 32}}}
    };
    memcpy(key.publicArea.unique.ecc.x.buffer, authority->xy, 32);
    memcpy(key.publicArea.unique.ecc.y.buffer, authority->xy + 32, 32);
    return tpm_chip_err(Esys_LoadExternal(c->ctx, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, NULL,
                                          &key, TPM2_RH_OWNER, ret));
}

static void policy_label(TPM2B_NONCE *ret)
{
    struct span label = SPAN_LIT(SEALER_APPROVAL_LABEL);
    ret->size = (uint16_t)label.n;
    memcpy(ret->buffer, label.p, label.n);
}

/* SPEC tpm/2.0-3 §"TPM2_PolicyAuthorize": the digest that an object carries begins anew at the authority: its
 * command code and the authority's name, then the reference; then the code of the authorization value. */
static void policy_digest(TPM2B_DIGEST *ret, const TPM2B_NAME *authority)
{
    static const uint8_t authorize[CODE_LEN] = {0, 0, 0x01, 0x6a};
    static const uint8_t auth_value[CODE_LEN] = {0, 0, 0x01, 0x6b};
    static const uint8_t zeros[32];
    struct hash32 d;
    const struct span first[] = {SPAN_OF(zeros), SPAN_OF(authorize),
                                 span_of(authority->name, authority->size)};
    sha256_of(&d, first, 3);
    const struct span second[] = {SPAN_OF(d.bytes), SPAN_LIT(SEALER_APPROVAL_LABEL)};
    sha256_of(&d, second, 2);
    const struct span third[] = {SPAN_OF(d.bytes), SPAN_OF(auth_value)};
    sha256_of(&d, third, 2);
    ret->size = sizeof d.bytes;
    memcpy(ret->buffer, d.bytes, sizeof d.bytes);
}

/* ---- the machine's state ---- */

MUST_CHECK static enum err
session_state(struct tpm_chip *c, ESYS_TR session, struct hash32 *ret, uint32_t registers)
{
    static const TPM2B_DIGEST whatever_they_are = {.size = 0};
    TPM2B_DIGEST *digest = NULL;
    TPML_PCR_SELECTION pcrs = tpm_chip_pcrs(registers);
    TRY(tpm_chip_err(Esys_PolicyPCR(c->ctx, session, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                    &whatever_they_are, &pcrs)));
    TRY(tpm_chip_err(
        Esys_PolicyGetDigest(c->ctx, session, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &digest)));
    bool is_good = digest->size == sizeof ret->bytes;
    if (is_good) {
        memcpy(ret->bytes, digest->buffer, sizeof ret->bytes);
    }
    Esys_Free(digest);
    return is_good ? OK : ERR_UNSUPPORTED;
}

/* SPEC tpm/2.0-3 §"TPM2_PolicyPCR": the digest takes in the command code, the selection as it travels, and the hash of the values. */
MUST_CHECK static enum err state_of(struct hash32 *ret, uint32_t registers, struct span values)
{
    static const uint8_t code[CODE_LEN] = {0, 0, 0x01, 0x7f};
    static const uint8_t zeros[32];
    uint8_t selection[64];
    size_t n = 0;
    struct hash32 hash;
    TPML_PCR_SELECTION pcrs = tpm_chip_pcrs(registers);
    if (values.n != 32 * (size_t)__builtin_popcount(registers) ||
        Tss2_MU_TPML_PCR_SELECTION_Marshal(&pcrs, selection, sizeof selection, &n) !=
            TSS2_RC_SUCCESS) {
        return ERR_MALFORMED;
    }
    sha256(&hash, values);
    const struct span parts[] = {SPAN_OF(zeros), SPAN_OF(code), span_of(selection, n),
                                 SPAN_OF(hash.bytes)};
    sha256_of(ret, parts, 4);
    return OK;
}

enum err
tpm_seal_state(struct tpm_chip *c, struct hash32 *ret, uint32_t registers, struct span values)
{
    ESYS_TR session = ESYS_TR_NONE;
    if (registers == 0 || registers >> SEALER_REGISTERS_MAX) {
        return ERR_MALFORMED;
    }
    if (values.n > 0) {
        return state_of(ret, registers, values);
    }
    enum err e = tpm_chip_begin(c);
    e = e == OK ? tpm_chip_session(c, &session, TPM2_SE_TRIAL) : e;
    if (e == OK) {
        e = session_state(c, session, ret, registers);
        tpm_chip_flush(c, session);
    }
    tpm_chip_end(c);
    return e;
}

/* ---- the counter ---- */

static void counter_auth(TPM2B_AUTH *ret, const struct secret32 *key)
{
    ret->size = AUTH_LEN;
    enum err e = hkdf(mspan_of(ret->buffer, AUTH_LEN), SPAN_EMPTY, SPAN_OF(key->bytes),
                      SPAN_LIT("passmesh seal 1 counter"));
    (void)e; /* a fixed length that HKDF takes */
}

/* NODA: its value is drawn, not chosen, and another program's tries must not stop a save. */
enum {
    COUNTER_ATTRIBUTES = TPMA_NV_AUTHREAD | TPMA_NV_AUTHWRITE | TPMA_NV_NO_DA |
                         (TPM2_NT_COUNTER << TPMA_NV_TPM2_NT_SHIFT)
};

MUST_CHECK static enum err
define_counter(struct tpm_chip *c, uint32_t *ret_index, const TPM2B_AUTH *auth)
{
    for (uint32_t i = 0; i < INDEX_COUNT; i++) {
        ESYS_TR nv = ESYS_TR_NONE;
        TPM2B_NV_PUBLIC area = {
            .nvPublic = {.nvIndex = INDEX_FIRST + i,
                         .nameAlg = TPM2_ALG_SHA256,
                         .attributes = COUNTER_ATTRIBUTES,
                         .dataSize = 8}
        };
        TSS2_RC rc = Esys_NV_DefineSpace(c->ctx, ESYS_TR_RH_OWNER, c->session, ESYS_TR_NONE,
                                         ESYS_TR_NONE, auth, &area, &nv);
        if ((rc & 0xffff) == TPM2_RC_NV_DEFINED) {
            continue; /* of another store of this machine */
        }
        TRY(tpm_chip_err(rc));
        *ret_index = INDEX_FIRST + i;
        TSS2_RC set = Esys_TR_SetAuth(c->ctx, nv, auth);
        TSS2_RC up = Esys_NV_Increment(c->ctx, nv, nv, c->session, ESYS_TR_NONE, ESYS_TR_NONE);
        (void)Esys_TR_Close(c->ctx, &nv);
        return set == TSS2_RC_SUCCESS ? tpm_chip_err(up) : ERR_IO;
    }
    return ERR_LIMIT;
}

MUST_CHECK static enum err read_counter(struct tpm_chip *c, uint64_t *ret, ESYS_TR nv)
{
    TPM2B_MAX_NV_BUFFER *value = NULL;
    TRY(tpm_chip_err(
        Esys_NV_Read(c->ctx, nv, nv, c->session, ESYS_TR_NONE, ESYS_TR_NONE, 8, 0, &value)));
    struct rd r = rd_init(span_of(value->buffer, value->size));
    *ret = rd_be64(&r);
    bool is_good = rd_end(&r);
    Esys_Free(value);
    return is_good ? OK : ERR_UNSUPPORTED;
}

MUST_CHECK static enum err use_counter(struct tpm_chip *c,
                                       uint64_t *ret,
                                       enum sealer_counter what,
                                       uint32_t index,
                                       const TPM2B_AUTH *auth)
{
    ESYS_TR nv = ESYS_TR_NONE;
    TSS2_RC rc =
        Esys_TR_FromTPMPublic(c->ctx, index, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &nv);
    TRY(tpm_chip_err(rc));
    enum err e = tpm_chip_err(Esys_TR_SetAuth(c->ctx, nv, auth));
    if (e == OK && what == SEALER_COUNTER_ADD) {
        e = tpm_chip_err(Esys_NV_Increment(c->ctx, nv, nv, c->session, ESYS_TR_NONE, ESYS_TR_NONE));
    }
    e = e == OK ? read_counter(c, ret, nv) : e;
    if (e == OK && what == SEALER_COUNTER_REMOVE) {
        /* It is ours, as it was read: the owner may remove anybody's, and another store's may stand at that index by now. */
        *ret = 0;
        return tpm_chip_err(Esys_NV_UndefineSpace(c->ctx, ESYS_TR_RH_OWNER, nv, c->session,
                                                  ESYS_TR_NONE, ESYS_TR_NONE));
    }
    (void)Esys_TR_Close(c->ctx, &nv);
    return e;
}

enum err tpm_seal_counter(struct tpm_chip *c,
                          uint64_t *ret,
                          enum sealer_counter what,
                          const struct sealer_blob *blob,
                          const struct secret32 *key)
{
    AUTO(opened_wipe) struct opened o;
    TPM2B_AUTH auth;
    TRY(read_blob(&o, blob));
    counter_auth(&auth, key);
    enum err e = tpm_chip_begin(c);
    e = e == OK ? use_counter(c, ret, what, o.index, &auth) : e;
    tpm_chip_end(c);
    wipe(mspan_of(&auth, sizeof auth));
    return e;
}

/* ---- sealing ---- */

MUST_CHECK static enum err create(struct tpm_chip *c,
                                  struct opened *o,
                                  const TPM2B_NAME *authority,
                                  const struct secret32 *key)
{
    static const TPM2B_DATA outside = {.size = 0};
    static const TPML_PCR_SELECTION no_pcr = {.count = 0};
    TPM2B_SENSITIVE_CREATE sensitive = {
        .sensitive = {.userAuth = o->auth, .data = {.size = sizeof key->bytes}}
    };
    /* Without USERWITHAUTH: the value alone opens nothing. NODA: 256 bits that were drawn are nobody's to guess; and a chip would count each loss of power
     * as a wrong try (part 1, "Dictionary Attack Protection"), so that a machine that falls over a few times would stay closed for hours. */
    TPM2B_PUBLIC area = {
        .publicArea = {.type = TPM2_ALG_KEYEDHASH,
                       .nameAlg = TPM2_ALG_SHA256,
                       .objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                                           TPMA_OBJECT_ADMINWITHPOLICY | TPMA_OBJECT_NODA,
                       .parameters.keyedHashDetail.scheme.scheme = TPM2_ALG_NULL}
    };
    TPM2B_PUBLIC *made_public = NULL;
    TPM2B_PRIVATE *made_private = NULL;
    memcpy(sensitive.sensitive.data.buffer, key->bytes, sizeof key->bytes);
    policy_digest(&area.publicArea.authPolicy, authority);
    TSS2_RC rc =
        Esys_Create(c->ctx, c->parent, c->session, ESYS_TR_NONE, ESYS_TR_NONE, &sensitive, &area,
                    &outside, &no_pcr, &made_private, &made_public, NULL, NULL, NULL);
    wipe(mspan_of(&sensitive, sizeof sensitive));
    TRY(tpm_chip_err(rc));
    o->public_area = *made_public;
    o->private_area = *made_private;
    Esys_Free(made_public);
    Esys_Free(made_private);
    return OK;
}

MUST_CHECK static enum err
authority_name(struct tpm_chip *c, TPM2B_NAME *ret, const struct p256_public *authority)
{
    ESYS_TR key = ESYS_TR_NONE;
    TPM2B_NAME *name = NULL;
    TRY(load_authority(c, &key, authority));
    enum err e = tpm_chip_err(Esys_TR_GetName(c->ctx, key, &name));
    if (e == OK) {
        *ret = *name;
        Esys_Free(name);
    }
    tpm_chip_flush(c, key);
    return e;
}

MUST_CHECK static enum err make(struct tpm_chip *c,
                                struct opened *o,
                                const struct secret32 *key,
                                const struct p256_public *authority)
{
    TPM2B_NAME name;
    TPM2B_AUTH auth;
    TRY(tpm_chip_begin(c));
    TRY(authority_name(c, &name, authority));
    TRY(create(c, o, &name, key));
    counter_auth(&auth, key);
    enum err e = define_counter(c, &o->index, &auth);
    wipe(mspan_of(&auth, sizeof auth));
    return e == ERR_AUTH ? ERR_DENIED : e; /* its owner has set a password */
}

enum err tpm_seal_make(struct tpm_chip *c,
                       struct sealer_blob *ret,
                       struct rng *rng,
                       const struct secret32 *key,
                       const struct p256_public *authority)
{
    AUTO(opened_wipe) struct opened o = {.auth.size = AUTH_LEN};
    rng_fill(rng, mspan_of(o.auth.buffer, AUTH_LEN));
    enum err e = make(c, &o, key, authority);
    e = e == OK ? write_blob(ret, &o, c->parent_name) : e;
    tpm_chip_end(c);
    return e;
}

/* ---- opening ---- */

/* The approval for the state that the machine is in, put into a session; ERR_STATE: there is none. */
MUST_CHECK static enum err find_approval(struct tpm_chip *c,
                                         ESYS_TR *ret_session,
                                         const struct sealer_approval **ret,
                                         const struct sealer_approvals *approvals)
{
    for (size_t i = 0; i < approvals->count; i++) {
        struct hash32 now;
        TRY(tpm_chip_session(c, ret_session, TPM2_SE_POLICY));
        enum err e = session_state(c, *ret_session, &now, approvals->list[i].registers);
        if (e == OK && ct_equal(SPAN_OF(now.bytes), SPAN_OF(approvals->list[i].state.bytes))) {
            *ret = &approvals->list[i];
            return OK;
        }
        tpm_chip_flush(c, *ret_session);
        TRY(e);
    }
    return ERR_STATE;
}

/* The chip verifies the approval's signature and, for that, takes the state's digest for the authority's. */
MUST_CHECK static enum err authorize(struct tpm_chip *c,
                                     ESYS_TR session,
                                     const struct sealer_approval *a,
                                     const struct p256_public *authority)
{
    TPM2B_DIGEST signed_hash = {.size = 32};
    TPM2B_DIGEST state = {.size = 32};
    TPMT_SIGNATURE sig = {
        .sigAlg = TPM2_ALG_ECDSA,
        .signature.ecdsa = {
                            .hash = TPM2_ALG_SHA256, .signatureR = {.size = 32}, .signatureS = {.size = 32}}
    };
    struct hash32 hash;
    TPM2B_NONCE label = {.size = 0};
    TPM2B_NAME *name = NULL;
    TPMT_TK_VERIFIED *ticket = NULL;
    ESYS_TR key = ESYS_TR_NONE;
    sealer_approval_hash(&hash, &a->state);
    memcpy(signed_hash.buffer, hash.bytes, 32);
    memcpy(state.buffer, a->state.bytes, 32);
    memcpy(sig.signature.ecdsa.signatureR.buffer, a->signature.rs, 32);
    memcpy(sig.signature.ecdsa.signatureS.buffer, a->signature.rs + 32, 32);
    policy_label(&label);
    TRY(load_authority(c, &key, authority));
    enum err e = tpm_chip_err(Esys_TR_GetName(c->ctx, key, &name));
    if (e == OK && Esys_VerifySignature(c->ctx, key, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                        &signed_hash, &sig, &ticket) != TSS2_RC_SUCCESS) {
        e = ERR_AUTH; /* not signed by the authority */
    }
    tpm_chip_flush(c, key);
    if (e == OK) {
        e = tpm_chip_err(Esys_PolicyAuthorize(c->ctx, session, ESYS_TR_NONE, ESYS_TR_NONE,
                                              ESYS_TR_NONE, &state, &label, name, ticket));
    }
    Esys_Free(ticket);
    Esys_Free(name);
    return e;
}

MUST_CHECK static enum err
unseal(struct tpm_chip *c, struct secret32 *ret, const struct opened *o, ESYS_TR session)
{
    ESYS_TR object = ESYS_TR_NONE;
    TPM2B_SENSITIVE_DATA *data = NULL;
    TRY(tpm_chip_err(
        Esys_PolicyAuthValue(c->ctx, session, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE)));
    TRY(tpm_chip_err(Esys_Load(c->ctx, c->parent, c->session, ESYS_TR_NONE, ESYS_TR_NONE,
                               &o->private_area, &o->public_area, &object)));
    enum err e = tpm_chip_err(Esys_TR_SetAuth(c->ctx, object, &o->auth));
    e = e == OK
            ? tpm_chip_err(Esys_Unseal(c->ctx, object, session, ESYS_TR_NONE, ESYS_TR_NONE, &data))
            : e;
    tpm_chip_flush(c, object);
    TRY(e);
    bool is_good = data->size == sizeof ret->bytes;
    if (is_good) {
        memcpy(ret->bytes, data->buffer, sizeof ret->bytes);
    }
    wipe(mspan_of(data, sizeof *data));
    Esys_Free(data);
    return is_good ? OK : ERR_AUTH;
}

MUST_CHECK static enum err open_blob(struct tpm_chip *c,
                                     struct secret32 *ret,
                                     const struct opened *o,
                                     const struct p256_public *authority,
                                     const struct sealer_approvals *approvals)
{
    const struct sealer_approval *approval = NULL;
    ESYS_TR session = ESYS_TR_NONE;
    TRY(tpm_chip_begin(c));
    if (!span_equal(o->parent_name, SPAN_OF(c->parent_name))) {
        return ERR_NOT_FOUND;
    }
    TRY(find_approval(c, &session, &approval, approvals));
    enum err e = authorize(c, session, approval, authority);
    e = e == OK ? unseal(c, ret, o, session) : e;
    tpm_chip_flush(c, session);
    return e;
}

enum err tpm_seal_open(struct tpm_chip *c,
                       struct secret32 *ret,
                       const struct sealer_blob *blob,
                       const struct p256_public *authority,
                       const struct sealer_approvals *approvals)
{
    AUTO(opened_wipe) struct opened o;
    TRY(read_blob(&o, blob));
    enum err e = open_blob(c, ret, &o, authority, approvals);
    tpm_chip_end(c);
    return e;
}
