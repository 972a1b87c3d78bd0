/* The format of the sealed vault. */
#include "wallet/capsule.h"

#include "base/check.h"
#include "base/rd.h"
#include "base/wr.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/hkdf.h"

#include <string.h>

enum {
    VERSION = 1,
    BOUND_LEN = 24, /* magic, version, vault id: associated data of a sealed data key */
    COUNT_AT = 64,
    SEAL_LEN = 32 + 32 + CAPSULE_WRAPPED_LEN + 32,
    SIGNATURE_LEN = 64,
    SIGNED_LEN = CAPSULE_LEN - SIGNATURE_LEN,

};

#define LABEL(word) SPAN_LIT("passmesh vault 1 " word)

uint64_t capsule_generation(struct span capsule)
{
    struct rd r = rd_init(span_from(capsule, BOUND_LEN));
    return rd_be64(&r);
}

const struct capsule_recipient *capsule_find_passkey(const struct capsule_head *head,
                                                     struct span credential_id)
{
    for (size_t i = 0; i < head->recipients_count; i++) {
        const struct capsule_recipient *r = &head->recipients[i];
        if (r->kind == CAPSULE_PASSKEY &&
            span_equal(span_of(r->credential_id, r->credential_id_len), credential_id)) {
            return r;
        }
    }
    return NULL;
}

void capsule_keys_wipe(struct capsule_keys *keys)
{
    wipe(mspan_of(keys, sizeof *keys));
}

static void write_bound(struct wr *w, const struct capsule_head *head)
{
    wr_bytes(w, SPAN_LIT("PMVAULT"));
    wr_u8(w, VERSION);
    wr_bytes(w, SPAN_OF(head->id));
}

static void write_name(struct wr *w, const struct capsule_recipient *r)
{
    wr_u8(w, (uint8_t)r->kind);
    switch (r->kind) {
    case CAPSULE_PASSKEY:
        wr_u8(w, r->credential_id_len);
        wr_bytes(w, span_of(r->credential_id, r->credential_id_len));
        wr_u8(w, r->rp_id_len);
        wr_bytes(w, span_of(r->rp_id, r->rp_id_len));
        wr_bytes(w, SPAN_OF(r->prf_input));
        break;
    case CAPSULE_PHRASE:
        wr_bytes(w, SPAN_OF(r->salt));
        wr_be32(w, r->cost.passes);
        wr_be32(w, r->cost.memory_kib);
        break;
    }
}

static void write_head(struct wr *w, const struct capsule_head *head)
{
    write_bound(w, head);
    wr_be64(w, head->generation);
    wr_bytes(w, SPAN_OF(head->key.bytes));
    wr_u8(w, (uint8_t)head->recipients_count);
    for (size_t i = 0; i < head->recipients_count; i++) {
        const struct capsule_recipient *r = &head->recipients[i];
        write_name(w, r);
        wr_bytes(w, SPAN_OF(r->public_key));
        wr_bytes(w, SPAN_OF(r->ephemeral));
        wr_bytes(w, SPAN_OF(r->wrapped));
        wr_bytes(w, SPAN_OF(r->binding));
    }
}

static uint8_t read_part(struct rd *r, uint8_t *out, size_t max)
{
    uint8_t n = rd_u8(r);
    if (n == 0 || n > max) {
        rd_fail(r);
        return 0;
    }
    rd_copy(r, mspan_of(out, n));
    return n;
}

static void read_recipient(struct rd *r, struct capsule_recipient *ret)
{
    uint8_t kind = rd_u8(r);
    *ret = (struct capsule_recipient){.kind = (enum capsule_kind)kind};
    if (kind == CAPSULE_PASSKEY) {
        ret->credential_id_len = read_part(r, ret->credential_id, CAPSULE_CREDENTIAL_ID_MAX);
        ret->rp_id_len = read_part(r, ret->rp_id, CAPSULE_RP_ID_MAX);
        rd_copy(r, MSPAN_OF(ret->prf_input));
    } else if (kind == CAPSULE_PHRASE) {
        rd_copy(r, MSPAN_OF(ret->salt));
        ret->cost.passes = rd_be32(r);
        ret->cost.memory_kib = rd_be32(r);
    } else {
        rd_fail(r);
    }
    rd_copy(r, MSPAN_OF(ret->public_key));
    rd_copy(r, MSPAN_OF(ret->ephemeral));
    rd_copy(r, MSPAN_OF(ret->wrapped));
    rd_copy(r, MSPAN_OF(ret->binding));
}

static bool is_same_name(const struct capsule_recipient *a, const struct capsule_recipient *b)
{
    return a->kind == b->kind && span_equal(span_of(a->credential_id, a->credential_id_len),
                                            span_of(b->credential_id, b->credential_id_len));
}

static enum err read_head(struct rd *r, struct capsule_head *ret)
{
    struct span magic = rd_bytes(r, 7);
    uint8_t version = rd_u8(r);
    if (!rd_ok(r) || !span_equal(magic, SPAN_LIT("PMVAULT"))) {
        return ERR_MALFORMED;
    }
    if (version != VERSION) {
        return ERR_UNSUPPORTED;
    }
    rd_copy(r, MSPAN_OF(ret->id));
    ret->generation = rd_be64(r);
    rd_copy(r, MSPAN_OF(ret->key.bytes));
    ret->recipients_count = rd_u8(r);
    if (ret->recipients_count == 0 || ret->recipients_count > CAPSULE_RECIPIENTS_MAX) {
        return ERR_MALFORMED;
    }
    for (size_t i = 0; i < ret->recipients_count; i++) {
        read_recipient(r, &ret->recipients[i]);
        for (size_t k = 0; k < i; k++) {
            if (is_same_name(&ret->recipients[k], &ret->recipients[i])) {
                return ERR_MALFORMED; /* one passkey twice, or a second phrase */
            }
        }
    }
    return rd_ok(r) ? OK : ERR_MALFORMED;
}

/* What the vault key signs is hashed first: the signer takes one span. */
static void signed_hash(struct hash32 *ret, struct span capsule)
{
    const struct span parts[] = {LABEL("capsule"), span_first(capsule, SIGNED_LEN)};
    sha256_of(ret, parts, 2);
}

enum err capsule_decode(struct capsule_head *ret, struct span capsule)
{
    if (capsule.n != CAPSULE_LEN) {
        return ERR_MALFORMED;
    }
    struct rd r = rd_init(capsule);
    struct hash32 hash;
    enum err e = read_head(&r, ret);
    if (e == OK && capsule_room(ret) == 0) {
        e = ERR_MALFORMED;
    }
    if (e == OK) {
        signed_hash(&hash, capsule);
        e = ed25519_verify(&ret->key, SPAN_OF(hash.bytes), span_from(capsule, SIGNED_LEN)) == OK
                ? OK
                : ERR_AUTH;
    }
    if (e != OK) {
        *ret = (struct capsule_head){.generation = 0};
    }
    return e;
}

static enum err keys_of_root(struct capsule_keys *ret, const struct secret32 *root)
{
    AUTO(secret32_wipe) struct secret32 secret;
    TRY(hkdf_expand(MSPAN_OF(secret.bytes), root, LABEL("recipient")));
    TRY(hkdf_expand(MSPAN_OF(ret->binding.bytes), root, LABEL("binding")));
    return x25519_key_init(&ret->key, &secret);
}

enum err capsule_keys_of_prf(struct capsule_keys *ret,
                             const struct capsule_recipient *recipient,
                             const struct secret32 *prf)
{
    AUTO(secret32_wipe) struct secret32 root;
    struct hash32 salt;
    check(recipient->kind == CAPSULE_PASSKEY);
    sha256(&salt, span_of(recipient->credential_id, recipient->credential_id_len));
    hkdf_extract(&root, SPAN_OF(salt.bytes), SPAN_OF(prf->bytes));
    return keys_of_root(ret, &root);
}

enum err capsule_keys_of_phrase(struct capsule_keys *ret,
                                struct budget *budget,
                                const struct capsule_recipient *recipient,
                                struct span entropy)
{
    AUTO(secret32_wipe) struct secret32 stretched;
    AUTO(secret32_wipe) struct secret32 root;
    check(recipient->kind == CAPSULE_PHRASE);
    TRY(argon2id(&stretched, budget, entropy, recipient->salt, &recipient->cost));
    hkdf_extract(&root, SPAN_OF(recipient->salt), SPAN_OF(stretched.bytes));
    return keys_of_root(ret, &root);
}

static void binding_of(struct secret32 *ret,
                       const struct capsule_recipient *r,
                       const struct capsule_head *head,
                       const struct capsule_keys *keys)
{
    uint8_t name[CAPSULE_NAME_MAX];
    struct wr w = wr_init(MSPAN_OF(name));
    write_name(&w, r);
    check(wr_ok(&w));
    const struct span parts[] = {SPAN_OF(head->id), SPAN_OF(head->key.bytes), span_of(name, w.n)};
    hmac_sha256(ret, SPAN_OF(keys->binding.bytes), parts, 3);
}

void capsule_bind(struct capsule_recipient *recipient,
                  const struct capsule_head *head,
                  const struct capsule_keys *keys)
{
    struct secret32 binding;
    memcpy(recipient->public_key, keys->key.public_bytes, sizeof recipient->public_key);
    binding_of(&binding, recipient, head, keys);
    memcpy(recipient->binding, binding.bytes, sizeof recipient->binding);
}

/* The key and the nonce that seal a data key to one recipient, once. */
struct wrap_key {
    struct secret32 key;
    uint8_t nonce[XAEAD_NONCE_LEN];
};

static void wrap_key_wipe(struct wrap_key *k)
{
    wipe(mspan_of(k, sizeof *k));
}

static enum err
wrap_key_of(struct wrap_key *ret, const struct capsule_recipient *r, const struct secret32 *shared)
{
    uint8_t salt[64];
    struct {
        uint8_t bytes[32 + XAEAD_NONCE_LEN];
    } out;
    memcpy(salt, r->ephemeral, 32);
    memcpy(salt + 32, r->public_key, 32);
    TRY(hkdf(MSPAN_OF(out.bytes), SPAN_OF(salt), SPAN_OF(shared->bytes), LABEL("wrap")));
    memcpy(ret->key.bytes, out.bytes, 32);
    memcpy(ret->nonce, out.bytes + 32, sizeof ret->nonce);
    wipe(MSPAN_OF(out.bytes));
    return OK;
}

/* Associated data of a sealed data key. */
static struct span
wrap_context(struct mspan room, const struct capsule_head *head, const struct capsule_recipient *r)
{
    struct wr w = wr_init(room);
    write_bound(&w, head);
    write_name(&w, r);
    check(wr_ok(&w));
    return span_of(room.p, w.n);
}

enum err capsule_wrap(struct capsule_recipient *recipient,
                      const struct capsule_head *head,
                      const struct secret32 *data_key,
                      const struct secret32 *ephemeral)
{
    AUTO(x25519_key_wipe) struct x25519_key pair;
    AUTO(secret32_wipe) struct secret32 shared;
    AUTO(wrap_key_wipe) struct wrap_key wrap;
    uint8_t room[BOUND_LEN + CAPSULE_NAME_MAX];
    TRY(x25519_key_init(&pair, ephemeral));
    TRY(x25519_shared(&shared, &pair, recipient->public_key));
    memcpy(recipient->ephemeral, pair.public_bytes, sizeof recipient->ephemeral);
    TRY(wrap_key_of(&wrap, recipient, &shared));
    return xaead_seal(&wrap.key, MSPAN_OF(recipient->wrapped), wrap.nonce,
                      wrap_context(MSPAN_OF(room), head, recipient), SPAN_OF(data_key->bytes));
}

enum err capsule_unwrap(struct secret32 *ret_data_key,
                        const struct capsule_head *head,
                        const struct capsule_recipient *recipient,
                        const struct capsule_keys *keys)
{
    AUTO(secret32_wipe) struct secret32 shared;
    AUTO(secret32_wipe) struct secret32 data_key;
    AUTO(secret32_wipe) struct secret32 binding;
    AUTO(wrap_key_wipe) struct wrap_key wrap;
    uint8_t room[BOUND_LEN + CAPSULE_NAME_MAX];
    binding_of(&binding, recipient, head, keys);
    if (!ct_equal(SPAN_OF(keys->key.public_bytes), SPAN_OF(recipient->public_key)) ||
        !ct_equal(SPAN_OF(binding.bytes), SPAN_OF(recipient->binding))) {
        return ERR_AUTH;
    }
    TRY(x25519_shared(&shared, &keys->key, recipient->ephemeral));
    TRY(wrap_key_of(&wrap, recipient, &shared));
    TRY(xaead_open(&wrap.key, MSPAN_OF(data_key.bytes), wrap.nonce,
                   wrap_context(MSPAN_OF(room), head, recipient), SPAN_OF(recipient->wrapped)));
    memcpy(ret_data_key->bytes, data_key.bytes, sizeof data_key.bytes);
    return OK;
}

static size_t head_len(const struct capsule_head *head)
{
    size_t n = COUNT_AT + 1;
    for (size_t i = 0; i < head->recipients_count; i++) {
        const struct capsule_recipient *r = &head->recipients[i];
        n += SEAL_LEN + 1;
        n += r->kind == CAPSULE_PASSKEY ? 2U + r->credential_id_len + r->rp_id_len + 32U
                                        : ARGON2_SALT_LEN + 8U;
    }
    return n;
}

size_t capsule_room(const struct capsule_head *head)
{
    size_t taken = head_len(head) + XAEAD_NONCE_LEN + AEAD_TAG_LEN + SIGNATURE_LEN;
    return taken < CAPSULE_LEN ? CAPSULE_LEN - taken : 0;
}

static enum err content_key(struct secret32 *ret, const struct secret32 *data_key)
{
    return hkdf_expand(MSPAN_OF(ret->bytes), data_key, LABEL("content"));
}

enum err capsule_encode(struct mspan out,
                        const struct capsule_head *head,
                        const struct capsule_sealing *sealing)
{
    AUTO(secret32_wipe) struct secret32 key;
    struct ed25519_signature sig;
    struct hash32 hash;
    check(out.n == CAPSULE_LEN);
    size_t room = capsule_room(head);
    if (room == 0) {
        return ERR_LIMIT;
    }
    check(sealing->content.n == room);
    struct wr w = wr_init(out);
    write_head(&w, head);
    size_t clear_len = w.n;
    check(clear_len == head_len(head));
    wr_bytes(&w, SPAN_OF(sealing->nonce));
    check(wr_ok(&w));
    TRY(content_key(&key, sealing->data_key));
    TRY(xaead_seal(&key, mspan_of(out.p + w.n, room + AEAD_TAG_LEN), sealing->nonce,
                   span_of(out.p, clear_len), sealing->content));
    signed_hash(&hash, span_const(out));
    ed25519_sign(&sig, sealing->key, SPAN_OF(hash.bytes));
    memcpy(out.p + SIGNED_LEN, sig.bytes, SIGNATURE_LEN);
    return OK;
}

enum err capsule_open(struct mspan out,
                      const struct capsule_head *head,
                      const struct secret32 *data_key,
                      struct span capsule)
{
    AUTO(secret32_wipe) struct secret32 key;
    check(capsule.n == CAPSULE_LEN);
    check(out.n == capsule_room(head));
    size_t clear_len = head_len(head);
    struct span nonce = span_first(span_from(capsule, clear_len), XAEAD_NONCE_LEN);
    struct span sealed =
        span_first(span_from(capsule, clear_len + XAEAD_NONCE_LEN), out.n + AEAD_TAG_LEN);
    TRY(content_key(&key, data_key));
    return xaead_open(&key, out, nonce.p, span_first(capsule, clear_len), sealed);
}
