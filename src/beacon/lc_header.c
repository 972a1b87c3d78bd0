#include "beacon/lc_header.h"

#include "base/wr.h"
#include "beacon/ssz.h"

#include <string.h>

enum {
    EXECUTION_INDEX = 25, /* of the payload in a block's body */
    EXECUTION_LEN = 568,  /* bytes before extra_data, without those of blobs */
    BLOBS_LEN = 16,
};

static struct hash32 take_hash(struct rd *r)
{
    struct hash32 h;
    rd_copy(r, MSPAN_OF(h.bytes));
    return h;
}

static void beacon_read(struct lc_beacon *b, struct rd *r)
{
    b->slot = rd_le64(r);
    b->proposer = rd_le64(r);
    b->parent_root = take_hash(r);
    b->state_root = take_hash(r);
    b->body_root = take_hash(r);
}

static void u256_read(struct u256 *v, struct rd *r)
{
    for (size_t i = 0; i < 4; i++) {
        v->w[i] = rd_le64(r);
    }
}

/* The one field of variable length is the last; its offset must be where the others end. */
static bool execution_read(struct lc_execution *e, struct span in, bool has_blobs)
{
    struct rd r = rd_init(in);
    e->parent_hash = take_hash(&r);
    rd_copy(&r, MSPAN_OF(e->fee_recipient.bytes));
    e->state_root = take_hash(&r);
    e->receipts_root = take_hash(&r);
    rd_copy(&r, MSPAN_OF(e->bloom.bytes));
    e->prev_randao = take_hash(&r);
    e->number = rd_le64(&r);
    e->gas_limit = rd_le64(&r);
    e->gas_used = rd_le64(&r);
    e->timestamp = rd_le64(&r);
    uint32_t offset = rd_le32(&r);
    u256_read(&e->base_fee, &r);
    e->block_hash = take_hash(&r);
    e->transactions_root = take_hash(&r);
    e->withdrawals_root = take_hash(&r);
    if (has_blobs) {
        e->blob_gas_used = rd_le64(&r);
        e->excess_blob_gas = rd_le64(&r);
    }
    struct span extra = rd_rest(&r);
    if (!rd_ok(&r) || offset != EXECUTION_LEN + (has_blobs ? BLOBS_LEN : 0) ||
        extra.n > LC_EXTRA_LEN_MAX) {
        return false;
    }
    e->extra_len = span_copy(MSPAN_OF(e->extra), extra);
    return true;
}

/* SPEC consensus-specs/ssz §"Deserialization": an offset that does not point right behind the fixed part is refused. */
enum err lc_header_decode(struct lc_header *ret_header, enum beacon_fork fork, struct span in)
{
    const struct fork_shape *shape = fork_shape_of(fork);
    struct rd r = rd_init(in);
    struct lc_header h = {.execution = {.extra_len = 0}};
    beacon_read(&h.beacon, &r);
    if (shape->has_execution) {
        uint32_t offset = rd_le32(&r);
        for (size_t i = 0; i < LC_EXECUTION_DEPTH; i++) {
            h.execution_branch[i] = take_hash(&r);
        }
        if (offset != rd_offset(&r) ||
            !execution_read(&h.execution, rd_rest(&r), shape->has_blobs)) {
            return ERR_MALFORMED;
        }
    }
    if (!rd_end(&r)) {
        return ERR_MALFORMED;
    }
    *ret_header = h;
    return OK;
}

void lc_beacon_root(struct hash32 *r, const struct lc_beacon *b)
{
    struct ssz_tree t = {.count = 0};
    ssz_add_u64(&t, b->slot);
    ssz_add_u64(&t, b->proposer);
    ssz_add(&t, &b->parent_root);
    ssz_add(&t, &b->state_root);
    ssz_add(&t, &b->body_root);
    ssz_root(r, &t);
}

/* A byte list: the root of its one leaf, with the length beside it. */
static void extra_root(struct hash32 *r, const struct lc_execution *e)
{
    struct ssz_tree t = {.count = 0};
    struct hash32 leaf = {{0}};
    memcpy(leaf.bytes, e->extra, e->extra_len);
    ssz_add(&t, &leaf);
    ssz_add_u64(&t, e->extra_len);
    ssz_root(r, &t);
}

void lc_execution_root(struct hash32 *r, const struct lc_execution *e, enum beacon_fork fork)
{
    struct ssz_tree t = {.count = 0};
    struct hash32 part;
    ssz_add(&t, &e->parent_hash);
    ssz_add_bytes(&t, SPAN_OF(e->fee_recipient.bytes));
    ssz_add(&t, &e->state_root);
    ssz_add(&t, &e->receipts_root);
    ssz_bytes_root(&part, SPAN_OF(e->bloom.bytes));
    ssz_add(&t, &part);
    ssz_add(&t, &e->prev_randao);
    ssz_add_u64(&t, e->number);
    ssz_add_u64(&t, e->gas_limit);
    ssz_add_u64(&t, e->gas_used);
    ssz_add_u64(&t, e->timestamp);
    extra_root(&part, e);
    ssz_add(&t, &part);
    struct wr w = wr_init(MSPAN_OF(part.bytes));
    for (size_t i = 0; i < 4; i++) {
        wr_le64(&w, e->base_fee.w[i]);
    }
    ssz_add(&t, &part);
    ssz_add(&t, &e->block_hash);
    ssz_add(&t, &e->transactions_root);
    ssz_add(&t, &e->withdrawals_root);
    if (fork_shape_of(fork)->has_blobs) {
        ssz_add_u64(&t, e->blob_gas_used);
        ssz_add_u64(&t, e->excess_blob_gas);
    }
    ssz_root(r, &t);
}

static bool is_zero(struct span bytes)
{
    uint8_t any = 0;
    for (size_t i = 0; i < bytes.n; i++) {
        any |= bytes.p[i];
    }
    return any == 0;
}

static bool beacon_is_zero(const struct lc_beacon *b)
{
    return b->slot == 0 && b->proposer == 0 && is_zero(SPAN_OF(b->parent_root.bytes)) &&
           is_zero(SPAN_OF(b->state_root.bytes)) && is_zero(SPAN_OF(b->body_root.bytes));
}

/* Padding inside the struct says nothing, so the bytes of the fields are looked at one by one. */
static bool execution_is_zero(const struct lc_execution *e)
{
    uint64_t numbers = e->number | e->gas_limit | e->gas_used | e->timestamp | e->extra_len |
                       e->blob_gas_used | e->excess_blob_gas;
    return numbers == 0 && u256_is_zero(e->base_fee) && is_zero(SPAN_OF(e->parent_hash.bytes)) &&
           is_zero(SPAN_OF(e->fee_recipient.bytes)) && is_zero(SPAN_OF(e->state_root.bytes)) &&
           is_zero(SPAN_OF(e->receipts_root.bytes)) && is_zero(SPAN_OF(e->bloom.bytes)) &&
           is_zero(SPAN_OF(e->prev_randao.bytes)) && is_zero(SPAN_OF(e->block_hash.bytes)) &&
           is_zero(SPAN_OF(e->transactions_root.bytes)) &&
           is_zero(SPAN_OF(e->withdrawals_root.bytes));
}

bool lc_header_is_zero(const struct lc_header *h)
{
    return beacon_is_zero(&h->beacon) && execution_is_zero(&h->execution) &&
           is_zero(SPAN_OF(h->execution_branch));
}

/* SPEC consensus-specs/light-client §"is_valid_light_client_header": what a fork does not have yet must be zero. */
enum err lc_header_verify(const struct lc_header *h, const struct chain_spec *c)
{
    enum beacon_fork fork;
    struct hash32 root;
    TRY(chain_fork_at(&fork, c, h->beacon.slot));
    const struct fork_shape *shape = fork_shape_of(fork);
    if (!shape->has_blobs && (h->execution.blob_gas_used | h->execution.excess_blob_gas) != 0) {
        return ERR_AUTH;
    }
    if (!shape->has_execution) {
        bool is_absent = execution_is_zero(&h->execution) && is_zero(SPAN_OF(h->execution_branch));
        return is_absent ? OK : ERR_AUTH;
    }
    struct ssz_branch branch = {.nodes = h->execution_branch, .count = LC_EXECUTION_DEPTH};
    lc_execution_root(&root, &h->execution, fork);
    return ssz_branch_is_valid(&root, branch, EXECUTION_INDEX, &h->beacon.body_root) ? OK
                                                                                     : ERR_AUTH;
}
