/* The XX handshake of the Noise Protocol Framework, revision 34, with 25519, ChaChaPoly and SHA256. */
#include "p2p/noise_xx.h"

#include "base/check.h"
#include "crypto/hkdf.h"

#include <string.h>

/* SPEC noise/rev34 §"5.2. The SymmetricState object": a name of at most 32 bytes is itself the first h, padded with zeros; ck starts as the same bytes. */
static const char NAME[33] = "Noise_XX_25519_ChaChaPoly_SHA256";

void noise_nonce(uint8_t ret_nonce[static AEAD_NONCE_LEN], uint64_t n)
{
    /* SPEC noise/rev34 §"12.3. The ChaChaPoly cipher functions": 32 zero bits, then the counter, little-endian. */
    memset(ret_nonce, 0, 4);
    for (size_t i = 0; i < 8; i++) {
        ret_nonce[4 + i] = (uint8_t)(n >> (8 * i));
    }
}

static void mix_hash(struct noise_xx *x, struct span data)
{
    struct span parts[2] = {SPAN_OF(x->h.bytes), data};
    sha256_of(&x->h, parts, 2);
}

/* mix_key runs HKDF with the chaining key as salt; the first half of the output is the new chaining
 * key, the second the key of the cipher. */
MUST_CHECK static enum err mix_key(struct noise_xx *x, const struct secret32 *shared)
{
    AUTO(secret32_wipe) struct secret32 prk = {0};
    AUTO(secret64_wipe) struct secret64 both = {0};
    AUTO(secret32_wipe) struct secret32 k = {0};
    hkdf_extract(&prk, SPAN_OF(x->ck.bytes), SPAN_OF(shared->bytes));
    TRY(hkdf_expand(MSPAN_OF(both.bytes), &prk, SPAN_EMPTY));
    memcpy(x->ck.bytes, both.bytes, sizeof x->ck.bytes);
    memcpy(k.bytes, both.bytes + 32, sizeof k.bytes);
    TRY(aead_rekey(x->aead, &k));
    x->n = 0;
    x->has_key = true;
    return OK;
}

MUST_CHECK static enum err
mix_dh(struct noise_xx *x, const struct x25519_key *ours, const uint8_t theirs[static 32])
{
    AUTO(secret32_wipe) struct secret32 shared = {0};
    TRY(x25519_shared(&shared, ours, theirs));
    return mix_key(x, &shared);
}

/* What encrypt_and_hash adds to the length of its input. */
static size_t tag_len(const struct noise_xx *x)
{
    return x->has_key ? AEAD_TAG_LEN : 0;
}

/* encrypt_and_hash seals plain into the front of *out and moves *out behind it. */
MUST_CHECK static enum err
encrypt_and_hash(struct noise_xx *x, struct mspan *out, struct span plain)
{
    struct mspan sealed = mspan_first(*out, plain.n + tag_len(x));
    check(sealed.n == plain.n + tag_len(x));
    if (x->has_key) {
        uint8_t nonce[AEAD_NONCE_LEN];
        noise_nonce(nonce, x->n++);
        TRY(aead_seal(x->aead, sealed, nonce, SPAN_OF(x->h.bytes), plain));
    } else {
        span_copy(sealed, plain);
    }
    mix_hash(x, span_const(sealed));
    *out = mspan_from(*out, sealed.n);
    return OK;
}

/* decrypt_and_hash opens sealed into out, which has its exact length less the tag. */
MUST_CHECK static enum err
decrypt_and_hash(struct noise_xx *x, struct mspan out, struct span sealed)
{
    if (x->has_key) {
        uint8_t nonce[AEAD_NONCE_LEN];
        noise_nonce(nonce, x->n++);
        TRY(aead_open(x->aead, out, nonce, SPAN_OF(x->h.bytes), sealed));
    } else {
        span_copy(out, sealed);
    }
    mix_hash(x, sealed);
    return OK;
}

enum err noise_xx_init(struct noise_xx *x, const struct noise_xx_cfg *cfg)
{
    *x = (struct noise_xx){
        .aead = cfg->aead, .s = cfg->static_key, .is_initiator = cfg->is_initiator};
    TRY(x25519_key_init(&x->e, cfg->ephemeral_secret));
    AUTO(secret32_wipe) struct secret32 no_key = {0};
    TRY(aead_init(x->aead, cfg->budget, AEAD_CHACHA20_POLY1305, &no_key));
    memcpy(x->h.bytes, NAME, sizeof x->h.bytes);
    memcpy(x->ck.bytes, NAME, sizeof x->ck.bytes);
    mix_hash(x, cfg->prologue);
    return OK;
}

bool noise_xx_is_ours(const struct noise_xx *x)
{
    return x->message < NOISE_XX_MESSAGES && (x->message % 2 == 0) == x->is_initiator;
}

static void write_e(struct noise_xx *x, struct mspan *out)
{
    span_copy(*out, SPAN_OF(x->e.public_bytes));
    *out = mspan_from(*out, NOISE_XX_KEY_LEN);
    mix_hash(x, SPAN_OF(x->e.public_bytes));
}

MUST_CHECK static enum err write_tokens(struct noise_xx *x, struct mspan *out)
{
    switch (x->message) {
    case 0: write_e(x, out); return OK;
    case 1:
        write_e(x, out);
        TRY(mix_dh(x, &x->e, x->re)); /* ee */
        TRY(encrypt_and_hash(x, out, SPAN_OF(x->s->public_bytes)));
        return mix_dh(x, x->s,
                      x->re); /* es: the responder's static with the initiator's ephemeral */
    case 2:
        TRY(encrypt_and_hash(x, out, SPAN_OF(x->s->public_bytes)));
        return mix_dh(x, x->s, x->re); /* se */
    default: return ERR_STATE;
    }
}

enum err noise_xx_write(struct noise_xx *x, size_t *ret_n, struct mspan out, struct span payload)
{
    if (BUG(!noise_xx_is_ours(x))) {
        return ERR_INTERNAL;
    }
    if (out.n < NOISE_XX_OVERHEAD_MAX || out.n - NOISE_XX_OVERHEAD_MAX < payload.n) {
        return ERR_LIMIT;
    }
    struct mspan rest = out;
    TRY(write_tokens(x, &rest));
    TRY(encrypt_and_hash(x, &rest, payload));
    x->message++;
    *ret_n = out.n - rest.n;
    return OK;
}

MUST_CHECK static enum err read_e(struct noise_xx *x, struct span *in)
{
    if (in->n < sizeof x->re) {
        return ERR_TRUNCATED;
    }
    span_copy(MSPAN_OF(x->re), span_take(in, sizeof x->re));
    mix_hash(x, SPAN_OF(x->re));
    return OK;
}

MUST_CHECK static enum err read_s(struct noise_xx *x, struct span *in)
{
    size_t n = sizeof x->rs + tag_len(x);
    if (in->n < n) {
        return ERR_TRUNCATED;
    }
    return decrypt_and_hash(x, MSPAN_OF(x->rs), span_take(in, n));
}

MUST_CHECK static enum err read_tokens(struct noise_xx *x, struct span *in)
{
    switch (x->message) {
    case 0: return read_e(x, in);
    case 1:
        TRY(read_e(x, in));
        TRY(mix_dh(x, &x->e, x->re)); /* ee */
        TRY(read_s(x, in));
        return mix_dh(x, &x->e, x->rs); /* es */
    case 2:
        TRY(read_s(x, in));
        return mix_dh(x, &x->e,
                      x->rs); /* se: the initiator's static with the responder's ephemeral */
    default: return ERR_STATE;
    }
}

enum err noise_xx_read(struct noise_xx *x, size_t *ret_n, struct mspan out, struct span message)
{
    if (BUG(noise_xx_is_ours(x))) {
        return ERR_INTERNAL;
    }
    struct span rest = message;
    TRY(read_tokens(x, &rest));
    if (rest.n < tag_len(x)) {
        return ERR_TRUNCATED;
    }
    size_t plain_n = rest.n - tag_len(x);
    if (out.n < plain_n) {
        return ERR_LIMIT;
    }
    TRY(decrypt_and_hash(x, mspan_first(out, plain_n), rest));
    x->message++;
    *ret_n = plain_n;
    return OK;
}

enum err noise_xx_split(struct noise_xx *x,
                        struct secret32 *ret_initiator_key,
                        struct secret32 *ret_responder_key,
                        struct hash32 *ret_hash)
{
    if (BUG(x->message != NOISE_XX_MESSAGES)) {
        return ERR_INTERNAL;
    }
    AUTO(secret32_wipe) struct secret32 prk = {0};
    AUTO(secret64_wipe) struct secret64 both = {0};
    hkdf_extract(&prk, SPAN_OF(x->ck.bytes), SPAN_EMPTY);
    TRY(hkdf_expand(MSPAN_OF(both.bytes), &prk, SPAN_EMPTY));
    memcpy(ret_initiator_key->bytes, both.bytes, sizeof ret_initiator_key->bytes);
    memcpy(ret_responder_key->bytes, both.bytes + 32, sizeof ret_responder_key->bytes);
    *ret_hash = x->h;
    return OK;
}

void noise_xx_done(struct noise_xx *x)
{
    wipe(mspan_of(x, sizeof *x));
}
