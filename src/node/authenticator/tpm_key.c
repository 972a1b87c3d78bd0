/* Passkeys in the TPM, over tpm2-tss ESYS. */
#include "node/authenticator/tpm_key.h"

#include "base/check.h"
#include "base/rd.h"
#include "base/wr.h"
#include "crypto/hash.h"
#include "node/authenticator/client_side.h"
#include "webauthn/auth_data.h"
#include "webauthn/cose_key.h"
#include "webauthn/prf.h"

#include <string.h>
#include <tss2/tss2_mu.h>

/* Of version 1 it is not known whose the passkey is. */
enum { BLOB_VERSION_BARE = 1, BLOB_VERSION = 2, HASH_LEN = 32 };

/* Without NODA: wrong PINs count for the chip's lockout. */
enum {
    CHILD_ATTRIBUTES = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                       TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |
                       TPMA_OBJECT_SIGN_ENCRYPT
};

static const TPMT_PUBLIC signing_template = {
    .type = TPM2_ALG_ECC,
    .nameAlg = TPM2_ALG_SHA256,
    .objectAttributes = CHILD_ATTRIBUTES,
    .parameters.eccDetail = {.symmetric = {.algorithm = TPM2_ALG_NULL},
                             .scheme = {.scheme = TPM2_ALG_ECDSA,
                                        .details.ecdsa.hashAlg = TPM2_ALG_SHA256},
                             .curveID = TPM2_ECC_NIST_P256,
                             .kdf = {.scheme = TPM2_ALG_NULL}},
};

static const TPMT_PUBLIC prf_template = {
    .type = TPM2_ALG_KEYEDHASH,
    .nameAlg = TPM2_ALG_SHA256,
    .objectAttributes = CHILD_ATTRIBUTES,
    .parameters.keyedHashDetail.scheme = {.scheme = TPM2_ALG_HMAC,
                                          .details.hmac.hashAlg = TPM2_ALG_SHA256},
};

enum err tpm_key_open(struct tpm_key *k, struct TSS2_TCTI_OPAQUE_CONTEXT_BLOB *tcti)
{
    TRY(tpm_chip_open(&k->chip, tcti));
    enum err e = tpm_chip_begin(&k->chip);
    if (e != OK) {
        tpm_key_done(k);
    }
    return e;
}

void tpm_key_done(struct tpm_key *k)
{
    tpm_chip_done(&k->chip);
}

/* ---- a passkey's two keys ---- */

/* The PIN as the chip takes it: never longer than the name hash. */
static void auth_of(TPM2B_AUTH *ret, struct span pin)
{
    struct hash32 hash;
    const struct span parts[] = {SPAN_LIT("passmesh tpm pin"), pin};
    sha256_of(&hash, parts, 2);
    ret->size = sizeof hash.bytes;
    memcpy(ret->buffer, hash.bytes, sizeof hash.bytes);
    wipe(MSPAN_OF(hash.bytes));
}

struct wrapped {
    TPM2B_PUBLIC public_area;
    TPM2B_PRIVATE private_area;
};

static enum err make_child(struct tpm_key *k,
                           struct wrapped *ret,
                           const TPMT_PUBLIC *template,
                           const TPM2B_AUTH *auth)
{
    static const TPM2B_DATA outside = {.size = 0};
    static const TPML_PCR_SELECTION no_pcr = {.count = 0};
    TPM2B_SENSITIVE_CREATE sensitive = {.sensitive.userAuth = *auth};
    TPM2B_PUBLIC public_area = {.publicArea = *template};
    TPM2B_PUBLIC *made_public = NULL;
    TPM2B_PRIVATE *made_private = NULL;
    TSS2_RC rc = Esys_Create(k->chip.ctx, k->chip.parent, k->chip.session, ESYS_TR_NONE,
                             ESYS_TR_NONE, &sensitive, &public_area, &outside, &no_pcr,
                             &made_private, &made_public, NULL, NULL, NULL);
    wipe(mspan_of(&sensitive, sizeof sensitive));
    TRY(tpm_chip_err(rc));
    ret->public_area = *made_public;
    ret->private_area = *made_private;
    Esys_Free(made_public);
    Esys_Free(made_private);
    return OK;
}

static void write_wrapped(struct wr *w, const struct wrapped *child)
{
    uint8_t room[TPM_KEY_BLOB_MAX];
    size_t n = 0;
    bool done = Tss2_MU_TPM2B_PUBLIC_Marshal(&child->public_area, room, sizeof room, &n) ==
                    TSS2_RC_SUCCESS &&
                Tss2_MU_TPM2B_PRIVATE_Marshal(&child->private_area, room, sizeof room, &n) ==
                    TSS2_RC_SUCCESS;
    if (!done) {
        wr_fail(w, ERR_LIMIT);
        return;
    }
    wr_be16(w, (uint16_t)n);
    wr_bytes(w, span_of(room, n));
}

static bool read_wrapped(struct rd *r, struct wrapped *ret)
{
    struct span in = rd_be16_sized(r);
    size_t n = 0;
    memset(ret, 0, sizeof *ret);
    return rd_ok(r) && in.n > 0 &&
           Tss2_MU_TPM2B_PUBLIC_Unmarshal(in.p, in.n, &n, &ret->public_area) == TSS2_RC_SUCCESS &&
           Tss2_MU_TPM2B_PRIVATE_Unmarshal(in.p, in.n, &n, &ret->private_area) == TSS2_RC_SUCCESS &&
           n == in.n;
}

/* blob = version 2 | SHA-256 of the RP ID 32 | signing key | PRF key | user id, each of the three with its length 2. Version 1 ends before the user id. */

/* Which of the two keys of a blob. */
enum which { SIGNING, PRF };

/* Skips to the keys of a blob for this RP ID. */
static bool begin_blob(struct rd *r, uint8_t *ret_version, struct span rp_id)
{
    struct hash32 want;
    sha256(&want, rp_id);
    *ret_version = rd_u8(r);
    struct span rp_id_hash = rd_bytes(r, HASH_LEN);
    return (*ret_version == BLOB_VERSION || *ret_version == BLOB_VERSION_BARE) &&
           span_equal(rp_id_hash, SPAN_OF(want.bytes));
}

static enum err
read_blob(struct wrapped *ret, const struct tpm_key_blob *blob, struct span rp_id, enum which which)
{
    struct rd r = rd_init(span_of(blob->bytes, blob->n));
    uint8_t version = 0;
    bool is_good = begin_blob(&r, &version, rp_id) && read_wrapped(&r, ret);
    if (is_good && which == PRF) {
        is_good = read_wrapped(&r, ret);
    }
    return is_good ? OK : ERR_MALFORMED;
}

static enum err
read_user(struct security_key_answer *a, const struct tpm_key_blob *blob, struct span rp_id)
{
    struct rd r = rd_init(span_of(blob->bytes, blob->n));
    uint8_t version = 0;
    if (!begin_blob(&r, &version, rp_id)) {
        return ERR_MALFORMED;
    }
    if (version == BLOB_VERSION_BARE) {
        return OK;
    }
    (void)rd_be16_sized(&r);
    (void)rd_be16_sized(&r);
    struct span user = rd_be16_sized(&r);
    if (!rd_end(&r) || user.n > sizeof a->user_id) {
        return ERR_MALFORMED;
    }
    a->user_id_len = span_copy(MSPAN_OF(a->user_id), user);
    return OK;
}

static enum err public_of(struct p256_public *ret, const struct wrapped *signing)
{
    const TPMS_ECC_POINT *point = &signing->public_area.publicArea.unique.ecc;
    uint8_t xy[64] = {0};
    bool is_good = signing->public_area.publicArea.type == TPM2_ALG_ECC && point->x.size <= 32 &&
                   point->y.size <= 32;
    if (!is_good) {
        return ERR_MALFORMED;
    }
    memcpy(xy + 32 - point->x.size, point->x.buffer, point->x.size);
    memcpy(xy + 64 - point->y.size, point->y.buffer, point->y.size);
    return p256_public_init(ret, SPAN_OF(xy));
}

/* ---- the ceremonies ---- */

static enum err check_pin(struct span pin)
{
    return pin.n >= TPM_KEY_PIN_MIN && pin.n <= SECURITY_KEY_PIN_MAX ? OK : ERR_LIMIT;
}

static void name_credential(struct security_key_answer *a, const struct p256_public *key)
{
    struct hash32 id;
    const struct span parts[] = {SPAN_LIT("passmesh tpm credential"), SPAN_OF(key->xy)};
    sha256_of(&id, parts, 2);
    memcpy(a->credential_id, id.bytes, sizeof id.bytes);
    a->credential_id_len = sizeof id.bytes;
}

/* The chip has no counter for us: zero says so. */
static void write_head(struct wr *w, const uint8_t *rp_id_hash, uint8_t more_flags)
{
    wr_bytes(w, span_of(rp_id_hash, HASH_LEN));
    wr_u8(w, (uint8_t)(AUTH_DATA_UP | AUTH_DATA_UV | more_flags));
    wr_be32(w, 0);
}

/* Both keys into the blob, one after the other: they are large. */
static enum err
make_keys(struct tpm_key *k, struct p256_public *ret_key, struct wr *blob, const TPM2B_AUTH *auth)
{
    struct wrapped child;
    TRY(make_child(k, &child, &signing_template, auth));
    TRY(public_of(ret_key, &child));
    write_wrapped(blob, &child);
    TRY(make_child(k, &child, &prf_template, auth));
    write_wrapped(blob, &child);
    return wr_end(blob);
}

static enum err write_new_credential(struct security_key_answer *a,
                                     const struct hash32 *rp_id_hash,
                                     const struct p256_public *key)
{
    struct wr w = wr_init(MSPAN_OF(a->auth_data));
    name_credential(a, key);
    write_head(&w, rp_id_hash->bytes, AUTH_DATA_AT);
    wr_zeros(&w, 16);
    wr_be16(&w, (uint16_t)a->credential_id_len);
    wr_bytes(&w, span_of(a->credential_id, a->credential_id_len));
    cose_key_write_es256(&w, key);
    TRY(wr_end(&w));
    a->auth_data_len = w.n;
    return client_side_write_object(a);
}

enum err tpm_key_create(struct tpm_key *k,
                        struct security_key_answer *ret,
                        struct tpm_key_blob *ret_blob,
                        const struct security_key_ask *ask)
{
    struct p256_public key;
    struct hash32 rp_id_hash;
    TPM2B_AUTH auth;
    memset(ret, 0, sizeof *ret);
    TRY(client_side_check(ask));
    TRY(check_pin(ask->pin));
    TRY(ask->user_id.n <= SECURITY_KEY_USER_MAX ? OK : ERR_LIMIT);
    TRY(client_side_write_client_data(ret, "webauthn.create", ask));
    sha256(&rp_id_hash, ask->rp_id);
    struct wr blob = wr_init(MSPAN_OF(ret_blob->bytes));
    wr_u8(&blob, BLOB_VERSION);
    wr_bytes(&blob, SPAN_OF(rp_id_hash.bytes));
    auth_of(&auth, ask->pin);
    enum err e = make_keys(k, &key, &blob, &auth);
    wipe(mspan_of(&auth, sizeof auth));
    TRY(e);
    wr_be16_sized(&blob, ask->user_id);
    TRY(wr_end(&blob));
    ret_blob->n = blob.n;
    return write_new_credential(ret, &rp_id_hash, &key);
}

/* Loads one of the blob's keys and gives the session its PIN. */
static enum err load(struct tpm_key *k,
                     ESYS_TR *ret_object,
                     const struct wrapped *child,
                     const struct security_key_ask *ask)
{
    TPM2B_AUTH auth;
    ESYS_TR object = ESYS_TR_NONE;
    TRY(tpm_chip_err(Esys_Load(k->chip.ctx, k->chip.parent, k->chip.session, ESYS_TR_NONE,
                               ESYS_TR_NONE, &child->private_area, &child->public_area, &object)));
    auth_of(&auth, ask->pin);
    TSS2_RC rc = Esys_TR_SetAuth(k->chip.ctx, object, &auth);
    wipe(mspan_of(&auth, sizeof auth));
    *ret_object = object;
    return tpm_chip_err(rc);
}

static enum err sign(struct tpm_key *k,
                     struct security_key_answer *a,
                     struct p256_public *ret_key,
                     const struct tpm_key_blob *blob,
                     const struct security_key_ask *ask)
{
    static const TPMT_SIG_SCHEME scheme = {.scheme = TPM2_ALG_NULL}; /* the key has its own */
    static const TPMT_TK_HASHCHECK outside = {.tag = TPM2_ST_HASHCHECK, .hierarchy = TPM2_RH_NULL};
    struct wrapped child;
    struct hash32 client_hash;
    struct hash32 hash;
    TPM2B_DIGEST digest = {.size = HASH_LEN};
    TPMT_SIGNATURE *signature = NULL;
    ESYS_TR object = ESYS_TR_NONE;
    TRY(read_blob(&child, blob, ask->rp_id, SIGNING));
    TRY(public_of(ret_key, &child));
    sha256(&client_hash, span_of(a->client_data, a->client_data_len));
    const struct span parts[] = {span_of(a->auth_data, a->auth_data_len),
                                 SPAN_OF(client_hash.bytes)};
    sha256_of(&hash, parts, 2);
    memcpy(digest.buffer, hash.bytes, HASH_LEN);
    TRY(load(k, &object, &child, ask));
    enum err e = tpm_chip_err(Esys_Sign(k->chip.ctx, object, k->chip.session, ESYS_TR_NONE,
                                        ESYS_TR_NONE, &digest, &scheme, &outside, &signature));
    tpm_chip_flush(&k->chip, object);
    TRY(e);
    struct p256_signature sig = {{0}};
    const TPMS_SIGNATURE_ECC *ecc = &signature->signature.ecdsa;
    bool is_good = ecc->signatureR.size <= 32 && ecc->signatureS.size <= 32;
    if (is_good) {
        memcpy(sig.rs + 32 - ecc->signatureR.size, ecc->signatureR.buffer, ecc->signatureR.size);
        memcpy(sig.rs + 64 - ecc->signatureS.size, ecc->signatureS.buffer, ecc->signatureS.size);
        a->signature_len = p256_der_encode(a->signature, &sig);
    }
    Esys_Free(signature);
    return is_good ? OK : ERR_MALFORMED;
}

/* The PRF as hmac-secret makes it: HMAC under a key that never leaves, of the hashed input; the RP ID is the blob's own. */
static enum err evaluate(struct tpm_key *k,
                         struct security_key_answer *a,
                         const struct tpm_key_blob *blob,
                         const struct security_key_ask *ask)
{
    struct wrapped child;
    struct hash32 salt;
    TPM2B_MAX_BUFFER buffer = {.size = HASH_LEN};
    TPM2B_DIGEST *out = NULL;
    ESYS_TR object = ESYS_TR_NONE;
    TRY(read_blob(&child, blob, ask->rp_id, PRF));
    prf_salt(&salt, ask->prf_input);
    memcpy(buffer.buffer, salt.bytes, HASH_LEN);
    TRY(load(k, &object, &child, ask));
    enum err e = tpm_chip_err(Esys_HMAC(k->chip.ctx, object, k->chip.session, ESYS_TR_NONE,
                                        ESYS_TR_NONE, &buffer, TPM2_ALG_SHA256, &out));
    tpm_chip_flush(&k->chip, object);
    TRY(e);
    a->has_prf = out->size == sizeof a->prf.bytes;
    if (a->has_prf) {
        memcpy(a->prf.bytes, out->buffer, sizeof a->prf.bytes);
    }
    wipe(mspan_of(out, sizeof *out));
    Esys_Free(out);
    return a->has_prf ? OK : ERR_MALFORMED;
}

enum err tpm_key_assert(struct tpm_key *k,
                        struct security_key_answer *ret,
                        const struct tpm_key_blob *blob,
                        const struct security_key_ask *ask)
{
    struct p256_public key;
    struct hash32 rp_id_hash;
    memset(ret, 0, sizeof *ret);
    TRY(client_side_check(ask));
    TRY(check_pin(ask->pin));
    TRY(client_side_write_client_data(ret, "webauthn.get", ask));
    sha256(&rp_id_hash, ask->rp_id);
    struct wr w = wr_init(MSPAN_OF(ret->auth_data));
    write_head(&w, rp_id_hash.bytes, 0);
    TRY(wr_end(&w));
    ret->auth_data_len = w.n;
    TRY(read_user(ret, blob, ask->rp_id));
    TRY(sign(k, ret, &key, blob, ask));
    name_credential(ret, &key);
    return ask->prf_input.n > 0 ? evaluate(k, ret, blob, ask) : OK;
}
