/* Block headers (Ethereum yellow paper, 4.4; EIP-1559, 4895, 4844, 4788, 7685). */
#include "evm/header.h"

#include "base/check.h"
#include "crypto/keccak.h"
#include "evm/rlp.h"

/* The count of fields of each form. */
static const size_t fields_count[] = {
    [HEADER_FRONTIER] = 15, [HEADER_LONDON] = 16, [HEADER_SHANGHAI] = 17,
    [HEADER_CANCUN] = 20,   [HEADER_PRAGUE] = 21,
};

enum { FORMS = sizeof fields_count / sizeof *fields_count };

MUST_CHECK static enum err find_form(enum header_form *ret, struct span rlp)
{
    struct rlp_rd r = rlp_rd_list(rlp);
    size_t count = 0;
    while (rlp_rd_more(&r)) {
        (void)rlp_rd_bytes(&r);
        count++;
    }
    if (!rlp_rd_end(&r)) {
        return ERR_MALFORMED;
    }
    for (size_t i = 0; i < FORMS; i++) {
        if (fields_count[i] == count) {
            *ret = (enum header_form)i;
            return OK;
        }
    }
    return count > fields_count[HEADER_PRAGUE] ? ERR_UNSUPPORTED : ERR_MALFORMED;
}

/* read_first reads the fields that every form has. */
static void read_first(struct header *h, struct rlp_rd *r)
{
    rlp_rd_fixed(r, MSPAN_OF(h->parent_hash.bytes));
    rlp_rd_fixed(r, MSPAN_OF(h->ommers_hash.bytes));
    rlp_rd_fixed(r, MSPAN_OF(h->beneficiary.bytes));
    rlp_rd_fixed(r, MSPAN_OF(h->state_root.bytes));
    rlp_rd_fixed(r, MSPAN_OF(h->transactions_root.bytes));
    rlp_rd_fixed(r, MSPAN_OF(h->receipts_root.bytes));
    rlp_rd_fixed(r, MSPAN_OF(h->bloom.bytes));
    h->difficulty = rlp_rd_u256(r);
    h->number = rlp_rd_u64(r);
    h->gas_limit = rlp_rd_u64(r);
    h->gas_used = rlp_rd_u64(r);
    h->timestamp = rlp_rd_u64(r);
    struct span extra = rlp_rd_bytes(r);
    /* SPEC ethereum/yellowpaper §"4.4. The Block": the extra data has at most 32 bytes. */
    if (extra.n > HEADER_EXTRA_LEN_MAX) {
        r->failed = true;
        return;
    }
    h->extra_len = span_copy(MSPAN_OF(h->extra), extra);
    rlp_rd_fixed(r, MSPAN_OF(h->mix_hash.bytes));
    rlp_rd_fixed(r, MSPAN_OF(h->nonce));
}

enum err header_decode(struct header *ret_header, struct span rlp)
{
    if (rlp.n > HEADER_LEN_MAX) {
        return ERR_LIMIT;
    }
    struct header h = {0};
    TRY(find_form(&h.form, rlp));
    struct rlp_rd r = rlp_rd_list(rlp);
    read_first(&h, &r);
    if (h.form >= HEADER_LONDON) {
        h.base_fee = rlp_rd_u256(&r);
    }
    if (h.form >= HEADER_SHANGHAI) {
        rlp_rd_fixed(&r, MSPAN_OF(h.withdrawals_root.bytes));
    }
    if (h.form >= HEADER_CANCUN) {
        h.blob_gas_used = rlp_rd_u64(&r);
        h.excess_blob_gas = rlp_rd_u64(&r);
        rlp_rd_fixed(&r, MSPAN_OF(h.parent_beacon_root.bytes));
    }
    if (h.form >= HEADER_PRAGUE) {
        rlp_rd_fixed(&r, MSPAN_OF(h.requests_hash.bytes));
    }
    if (!rlp_rd_end(&r)) {
        return ERR_MALFORMED;
    }
    keccak256(&h.hash, rlp);
    *ret_header = h;
    return OK;
}

enum err header_verify(struct header *ret_header, const struct hash32 *hash, struct span rlp)
{
    if (rlp.n > HEADER_LEN_MAX) {
        return ERR_LIMIT;
    }
    /* SPEC ethereum/yellowpaper §"4.4. The Block": a block's hash is the Keccak-256 of the RLP of its header, and so it
     * names its parent. */
    struct hash32 got;
    keccak256(&got, rlp);
    if (!span_equal(SPAN_OF(got.bytes), SPAN_OF(hash->bytes))) {
        return ERR_AUTH;
    }
    return header_decode(ret_header, rlp);
}

enum err
header_verify_parent(struct header *ret_parent, const struct header *child, struct span rlp)
{
    struct header parent;
    TRY(header_verify(&parent, &child->parent_hash, rlp));
    /* SPEC ethereum/yellowpaper §"4.4.4. Block Header Validity": a block has the number behind its parent's, and no
     * earlier time. */
    if (child->number == 0 || parent.number != child->number - 1 ||
        parent.timestamp > child->timestamp) {
        return ERR_MALFORMED;
    }
    *ret_parent = parent;
    return OK;
}

enum err header_verify_chain(struct header *ret_oldest,
                             const struct header *tip,
                             const struct span *headers,
                             size_t headers_count)
{
    if (headers_count > HEADER_CHAIN_MAX) {
        return ERR_LIMIT;
    }
    struct header oldest = *tip;
    for (size_t i = 0; i < headers_count; i++) {
        TRY(header_verify_parent(&oldest, &oldest, headers[i]));
    }
    *ret_oldest = oldest;
    return OK;
}

static void write_first(const struct header *h, struct rlp_wr *w)
{
    rlp_wr_bytes(w, SPAN_OF(h->parent_hash.bytes));
    rlp_wr_bytes(w, SPAN_OF(h->ommers_hash.bytes));
    rlp_wr_bytes(w, SPAN_OF(h->beneficiary.bytes));
    rlp_wr_bytes(w, SPAN_OF(h->state_root.bytes));
    rlp_wr_bytes(w, SPAN_OF(h->transactions_root.bytes));
    rlp_wr_bytes(w, SPAN_OF(h->receipts_root.bytes));
    rlp_wr_bytes(w, SPAN_OF(h->bloom.bytes));
    rlp_wr_u256(w, h->difficulty);
    rlp_wr_u64(w, h->number);
    rlp_wr_u64(w, h->gas_limit);
    rlp_wr_u64(w, h->gas_used);
    rlp_wr_u64(w, h->timestamp);
    rlp_wr_bytes(w, span_of(h->extra, h->extra_len));
    rlp_wr_bytes(w, SPAN_OF(h->mix_hash.bytes));
    rlp_wr_bytes(w, SPAN_OF(h->nonce));
}

enum err header_encode(const struct header *h, struct buf *out)
{
    check(h->extra_len <= HEADER_EXTRA_LEN_MAX);
    struct rlp_wr w = rlp_wr_init(out);
    rlp_wr_list_begin(&w);
    write_first(h, &w);
    if (h->form >= HEADER_LONDON) {
        rlp_wr_u256(&w, h->base_fee);
    }
    if (h->form >= HEADER_SHANGHAI) {
        rlp_wr_bytes(&w, SPAN_OF(h->withdrawals_root.bytes));
    }
    if (h->form >= HEADER_CANCUN) {
        rlp_wr_u64(&w, h->blob_gas_used);
        rlp_wr_u64(&w, h->excess_blob_gas);
        rlp_wr_bytes(&w, SPAN_OF(h->parent_beacon_root.bytes));
    }
    if (h->form >= HEADER_PRAGUE) {
        rlp_wr_bytes(&w, SPAN_OF(h->requests_hash.bytes));
    }
    rlp_wr_list_end(&w);
    return rlp_wr_end(&w);
}
