/* Transactions. The order of the fields:
 *
 *   legacy       rlp([nonce, price, gas, to, value, data, v, r, s])
 *   2930   01 || rlp([chain, nonce, price, gas, to, value, data, access, y, r, s])
 *   1559   02 || rlp([chain, nonce, tip, max fee, gas, to, value, data, access, y, r, s])
 *   7702   04 || rlp([chain, nonce, tip, max fee, gas, to, value, data, access, authorizations, y, r, s])
 */
#include "evm/tx.h"

#include "base/check.h"
#include "crypto/keccak.h"
#include "evm/rlp.h"

#include <string.h>

enum {
    SLOT_ENCODED_LEN = 33,
    V_PLAIN = 27,  /* v of a legacy signature without a chain */
    V_EIP155 = 35, /* v of one with a chain: 35 + 2 * chain id + parity */
    AUTHORIZATION_MAGIC = 0x05,
    AUTHORIZATION_LEN_MAX = 1 + 1 + 9 + 21 + 9, /* magic and rlp([chain, address, nonce]) */
};

static bool has_fee_market(enum tx_type type)
{
    return type == TX_FEE_MARKET || type == TX_SET_CODE;
}

/* to_read reads an address or the empty string, which means none. */
static void to_read(struct rlp_rd *r, struct tx *tx)
{
    struct span s = rlp_rd_bytes(r);
    if (s.n != 0 && s.n != sizeof tx->to.bytes) {
        r->failed = true;
        return;
    }
    tx->has_to = s.n != 0;
    (void)span_copy(MSPAN_OF(tx->to.bytes), s);
}

static void bit_read(struct rlp_rd *r, bool *ret_bit)
{
    uint64_t v = rlp_rd_u64(r);
    if (v > 1) {
        r->failed = true;
    }
    *ret_bit = v == 1;
}

static void signature_read(struct rlp_rd *r, struct tx_signature *sig)
{
    bit_read(r, &sig->y_parity);
    sig->r = rlp_rd_u256(r);
    sig->s = rlp_rd_u256(r);
}

/* legacy_end reads what follows the six fields of a legacy transaction: nothing (to be signed for any
 * chain), [chain, 0, 0] (to be signed for one), or a signature. */
static void legacy_end(struct rlp_rd *r, struct tx *tx)
{
    if (!rlp_rd_more(r)) {
        return;
    }
    uint64_t v = rlp_rd_u64(r);
    tx->signature.r = rlp_rd_u256(r);
    tx->signature.s = rlp_rd_u256(r);
    if (u256_is_zero(tx->signature.r) && u256_is_zero(tx->signature.s)) {
        /* SPEC eips/EIP-155 §"Specification": the hash for signing covers chain id, 0, 0 in place of v, r, s. */
        tx->has_chain_id = true;
        tx->chain_id = v;
        r->failed |= v == 0;
        return;
    }
    tx->is_signed = true;
    if (v >= V_EIP155) {
        tx->has_chain_id = true;
        tx->chain_id = (v - V_EIP155) / 2;
        tx->signature.y_parity = (v - V_EIP155) % 2 != 0;
        r->failed |= tx->chain_id == 0;
        return;
    }
    tx->signature.y_parity = v == V_PLAIN + 1;
    r->failed |= v != V_PLAIN && v != V_PLAIN + 1;
}

static bool access_list_is_good(struct span list)
{
    struct tx_access entry;
    enum err e;
    do {
        e = tx_access_next(&entry, &list);
    } while (e == OK);
    return e == ERR_NOT_FOUND;
}

static bool authorizations_are_good(struct span list)
{
    struct tx_authorization entry;
    enum err e;
    do {
        e = tx_authorization_next(&entry, &list);
    } while (e == OK);
    return e == ERR_NOT_FOUND;
}

/* type_take reads the first byte: a type, or the start of a legacy list. */
MUST_CHECK static enum err type_take(enum tx_type *ret, struct span *raw)
{
    if (raw->n == 0) {
        return ERR_MALFORMED;
    }
    uint8_t first = raw->p[0];
    if (first >= 0xc0) {
        *ret = TX_LEGACY;
        return OK;
    }
    if (first != TX_ACCESS_LIST && first != TX_FEE_MARKET && first != TX_SET_CODE) {
        /* SPEC eips/EIP-2718 §"Specification": types are 00 to 7f; what is above is no transaction. */
        return first > 0x7f ? ERR_MALFORMED : ERR_UNSUPPORTED;
    }
    *ret = (enum tx_type)first;
    (void)span_take(raw, 1);
    return OK;
}

enum err tx_decode(struct tx *ret_tx, struct span raw)
{
    struct tx tx = {0};
    TRY(type_take(&tx.type, &raw));
    struct rlp_rd r = rlp_rd_list(raw);
    if (tx.type != TX_LEGACY) {
        tx.has_chain_id = true;
        tx.chain_id = rlp_rd_u64(&r);
    }
    tx.nonce = rlp_rd_u64(&r);
    if (has_fee_market(tx.type)) {
        tx.max_priority_fee_per_gas = rlp_rd_u256(&r);
    }
    tx.max_fee_per_gas = rlp_rd_u256(&r);
    tx.gas_limit = rlp_rd_u64(&r);
    to_read(&r, &tx);
    tx.value = rlp_rd_u256(&r);
    tx.data = rlp_rd_bytes(&r);
    if (tx.type == TX_LEGACY) {
        legacy_end(&r, &tx);
    } else {
        tx.access_list = rlp_rd_sublist(&r);
        if (tx.type == TX_SET_CODE) {
            tx.authorizations = rlp_rd_sublist(&r);
        }
        if (rlp_rd_more(&r)) {
            tx.is_signed = true;
            signature_read(&r, &tx.signature);
        }
    }
    if (!rlp_rd_end(&r) || !access_list_is_good(tx.access_list) ||
        !authorizations_are_good(tx.authorizations)) {
        return ERR_MALFORMED;
    }
    /* SPEC eips/EIP-7702 §"Set code transaction": the destination is never absent, and the list of
     * authorizations never empty. */
    if (tx.type == TX_SET_CODE && (!tx.has_to || tx.authorizations.n == 0)) {
        return ERR_MALFORMED;
    }
    *ret_tx = tx;
    return OK;
}

static void signature_write(struct rlp_wr *w, const struct tx *tx)
{
    const struct tx_signature *sig = &tx->signature;
    if (tx->type != TX_LEGACY) {
        rlp_wr_u64(w, sig->y_parity);
    } else if (tx->has_chain_id) {
        struct u256 v = u256_add_sat(u256_from_u64(tx->chain_id), u256_from_u64(tx->chain_id));
        rlp_wr_u256(w, u256_add_sat(v, u256_from_u64(V_EIP155 + (uint64_t)sig->y_parity)));
    } else {
        rlp_wr_u64(w, V_PLAIN + (uint64_t)sig->y_parity);
    }
    rlp_wr_u256(w, sig->r);
    rlp_wr_u256(w, sig->s);
}

MUST_CHECK static enum err encode(const struct tx *tx, struct buf *out, bool with_signature)
{
    struct rlp_wr w = rlp_wr_init(out);
    if (tx->type != TX_LEGACY) {
        TRY(buf_append_u8(out, (uint8_t)tx->type));
    }
    rlp_wr_list_begin(&w);
    if (tx->type != TX_LEGACY) {
        rlp_wr_u64(&w, tx->chain_id);
    }
    rlp_wr_u64(&w, tx->nonce);
    if (has_fee_market(tx->type)) {
        rlp_wr_u256(&w, tx->max_priority_fee_per_gas);
    }
    rlp_wr_u256(&w, tx->max_fee_per_gas);
    rlp_wr_u64(&w, tx->gas_limit);
    rlp_wr_bytes(&w, tx->has_to ? SPAN_OF(tx->to.bytes) : SPAN_EMPTY);
    rlp_wr_u256(&w, tx->value);
    rlp_wr_bytes(&w, tx->data);
    if (tx->type != TX_LEGACY) {
        rlp_wr_list_begin(&w);
        rlp_wr_raw(&w, tx->access_list);
        rlp_wr_list_end(&w);
    }
    if (tx->type == TX_SET_CODE) {
        rlp_wr_list_begin(&w);
        rlp_wr_raw(&w, tx->authorizations);
        rlp_wr_list_end(&w);
    }
    if (with_signature) {
        signature_write(&w, tx);
    } else if (tx->type == TX_LEGACY && tx->has_chain_id) {
        rlp_wr_u64(&w, tx->chain_id);
        rlp_wr_u64(&w, 0);
        rlp_wr_u64(&w, 0);
    }
    rlp_wr_list_end(&w);
    return rlp_wr_end(&w);
}

enum err tx_encode(const struct tx *tx, struct buf *out)
{
    return encode(tx, out, tx->is_signed);
}

enum err tx_signing_hash(struct hash32 *ret_hash, const struct tx *tx, struct buf *scratch)
{
    buf_clear(scratch);
    enum err e = encode(tx, scratch, false);
    if (e == OK) {
        keccak256(ret_hash, buf_span(scratch));
    }
    buf_clear(scratch);
    return e;
}

void tx_hash(struct hash32 *ret_hash, struct span raw)
{
    keccak256(ret_hash, raw);
}

/* signer_recover applies the chain's rules to a signature and finds its key's address. */
MUST_CHECK static enum err
signer_recover(struct address *ret, const struct hash32 *hash, const struct tx_signature *sig)
{
    struct secp256k1_signature raw = {.recovery_id = sig->y_parity};
    u256_to_be(raw.rs, sig->r);
    u256_to_be(raw.rs + 32, sig->s);
    /* SPEC eips/EIP-2 §"Specification": a signature with s above half the order is not valid. */
    struct secp256k1_signature low = raw;
    if (secp256k1_normalize(&low)) {
        return ERR_AUTH;
    }
    struct secp256k1_public key;
    if (secp256k1_recover(&key, hash, &raw) != OK) {
        return ERR_AUTH;
    }
    *ret = address_of_public_key(key.xy);
    return OK;
}

enum err tx_sender(struct address *ret_sender, const struct tx *tx, struct buf *scratch)
{
    if (!tx->is_signed) {
        return ERR_STATE;
    }
    struct hash32 hash;
    TRY(tx_signing_hash(&hash, tx, scratch));
    return signer_recover(ret_sender, &hash, &tx->signature);
}

enum err tx_sign_with(struct tx *tx, const struct secp256k1_signature *sig)
{
    struct tx_signature s = {.y_parity = sig->recovery_id == 1};
    if (sig->recovery_id > 1) {
        return ERR_AUTH; /* r passed the order: one in 2^127, sign again with another nonce */
    }
    TRY(u256_from_be(&s.r, span_of(sig->rs, 32)));
    TRY(u256_from_be(&s.s, span_of(sig->rs + 32, 32)));
    tx->signature = s;
    tx->is_signed = true;
    return OK;
}

struct u256 tx_cost_max(const struct tx *tx)
{
    return u256_add_sat(u256_mul_sat(u256_from_u64(tx->gas_limit), tx->max_fee_per_gas), tx->value);
}

enum err tx_access_next(struct tx_access *ret_entry, struct span *list)
{
    if (list->n == 0) {
        return ERR_NOT_FOUND;
    }
    struct rlp_item item;
    struct span rest = *list;
    if (rlp_next(&item, &rest) != OK) {
        return ERR_MALFORMED;
    }
    struct tx_access entry = {0};
    struct rlp_rd r = rlp_rd_list(item.encoded);
    rlp_rd_fixed(&r, MSPAN_OF(entry.address.bytes));
    entry.slots = rlp_rd_sublist(&r);
    entry.slots_count = entry.slots.n / SLOT_ENCODED_LEN;
    if (!rlp_rd_end(&r) || entry.slots.n % SLOT_ENCODED_LEN != 0) {
        return ERR_MALFORMED;
    }
    for (size_t i = 0; i < entry.slots_count; i++) {
        if (entry.slots.p[i * SLOT_ENCODED_LEN] != 0x80 + 32) {
            return ERR_MALFORMED;
        }
    }
    *list = rest;
    *ret_entry = entry;
    return OK;
}

struct span tx_access_slot(const struct tx_access *entry, size_t i)
{
    check(i < entry->slots_count);
    return span_of(entry->slots.p + i * SLOT_ENCODED_LEN + 1, 32);
}

enum err tx_authorization_next(struct tx_authorization *ret_entry, struct span *list)
{
    if (list->n == 0) {
        return ERR_NOT_FOUND;
    }
    struct rlp_item item;
    struct span rest = *list;
    if (rlp_next(&item, &rest) != OK) {
        return ERR_MALFORMED;
    }
    struct tx_authorization a = {0};
    struct rlp_rd r = rlp_rd_list(item.encoded);
    a.chain_id = rlp_rd_u64(&r);
    rlp_rd_fixed(&r, MSPAN_OF(a.address.bytes));
    a.nonce = rlp_rd_u64(&r);
    signature_read(&r, &a.signature);
    if (!rlp_rd_end(&r)) {
        return ERR_MALFORMED;
    }
    *list = rest;
    *ret_entry = a;
    return OK;
}

static void authorization_fields_write(struct rlp_wr *w, const struct tx_authorization *a)
{
    rlp_wr_u64(w, a->chain_id);
    rlp_wr_bytes(w, SPAN_OF(a->address.bytes));
    rlp_wr_u64(w, a->nonce);
}

enum err tx_authorization_encode(const struct tx_authorization *a, struct buf *out)
{
    struct rlp_wr w = rlp_wr_init(out);
    rlp_wr_list_begin(&w);
    authorization_fields_write(&w, a);
    rlp_wr_u64(&w, a->signature.y_parity);
    rlp_wr_u256(&w, a->signature.r);
    rlp_wr_u256(&w, a->signature.s);
    rlp_wr_list_end(&w);
    return rlp_wr_end(&w);
}

/* number_print writes the RLP of v and returns its length, at most 9. */
static size_t number_print(uint8_t *out, uint64_t v)
{
    uint8_t be[8];
    size_t n = 0;
    for (uint64_t rest = v; rest > 0; rest >>= 8) {
        n++;
    }
    for (size_t i = 0; i < n; i++) {
        be[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
    }
    if (n == 1 && be[0] < 0x80) {
        out[0] = be[0];
        return 1;
    }
    out[0] = (uint8_t)(0x80 + n);
    memcpy(out + 1, be, n);
    return 1 + n;
}

void tx_authorization_hash(struct hash32 *ret_hash, const struct tx_authorization *a)
{
    /* SPEC eips/EIP-7702 §"Set code transaction": the authority signs keccak(05 || rlp([chain, address, nonce])). */
    uint8_t message[AUTHORIZATION_LEN_MAX] = {AUTHORIZATION_MAGIC};
    size_t n = 2; /* the list is under 56 bytes: its prefix is one byte */
    n += number_print(message + n, a->chain_id);
    message[n++] = 0x80 + sizeof a->address.bytes;
    memcpy(message + n, a->address.bytes, sizeof a->address.bytes);
    n += sizeof a->address.bytes;
    n += number_print(message + n, a->nonce);
    message[1] = (uint8_t)(0xc0 + n - 2);
    keccak256(ret_hash, span_of(message, n));
}

enum err tx_authorization_authority(struct address *ret_authority, const struct tx_authorization *a)
{
    struct hash32 hash;
    tx_authorization_hash(&hash, a);
    return signer_recover(ret_authority, &hash, &a->signature);
}
