#include "beacon/maker_test.h"

#include "base/check.h"
#include "beacon/ssz.h"

#include <string.h>

struct chain_spec maker_chain(enum beacon_fork last)
{
    struct chain_spec c = {
        .name = "made",
        .genesis_time = 1600000000,
        .seconds_per_slot = 6,
        .slots_per_epoch = 8,
        .epochs_per_period = 8,
        .committee_size = 32,
        .genesis_validators_root = {{0x77, 1}},
    };
    for (enum beacon_fork f = FORK_ALTAIR; f < FORK_COUNT; f++) {
        c.forks[f].epoch = f <= last ? 0 : CHAIN_EPOCH_NEVER;
        c.forks[f].version[0] = (uint8_t)(f + 1);
        c.forks[f].version[3] = 0xaa;
    }
    return c;
}

walltime maker_time(const struct chain_spec *c, uint64_t slot)
{
    return chain_slot_time(c, slot);
}

void maker_committee_init(struct maker_committee *m, const struct chain_spec *c, uint64_t seed)
{
    struct g1_jacobian sum = {0};
    struct g1 aggregate;
    struct wr w = wr_init(MSPAN_OF(m->bytes));
    for (size_t i = 0; i < c->committee_size; i++) {
        if (i % 4 == 3) {
            m->signers[i] = m->signers[i - 1];
        } else {
            signer_init(&m->signers[i], seed * 1000003 + 7 * i + 1);
        }
        wr_bytes(&w, SPAN_OF(m->signers[i].key_bytes));
        g1_add_affine(&sum, &sum, &m->signers[i].key);
    }
    uint8_t bytes[BLS_KEY_LEN];
    check(g1_affine(&aggregate, &sum));
    g1_encode(bytes, &aggregate);
    wr_bytes(&w, SPAN_OF(bytes));
    check(wr_ok(&w));
    m->len = w.n;
}

static struct hash32 filler(uint64_t a, uint64_t b)
{
    uint8_t bytes[16];
    struct hash32 h;
    struct wr w = wr_init(MSPAN_OF(bytes));
    wr_be64(&w, a);
    wr_be64(&w, b);
    sha256(&h, SPAN_OF(bytes));
    return h;
}

/* The nodes that are given, above filler. */
enum { FINALIZED, CURRENT, NEXT, GIVEN_COUNT };
struct state {
    uint64_t index[GIVEN_COUNT];
    struct hash32 node[GIVEN_COUNT];
    uint64_t leaves_from; /* indices from here on are filler */
    uint64_t seed;
    const struct maker_block *block; /* NULL: filler */
};

static struct hash32 state_node(const struct state *s, uint64_t index)
{
    for (size_t i = 0; i < GIVEN_COUNT; i++) {
        if (s->index[i] == index) {
            return s->node[i];
        }
    }
    if (index >= s->leaves_from) {
        return filler(s->seed, index);
    }
    struct hash32 left = state_node(s, 2 * index);
    struct hash32 right = state_node(s, 2 * index + 1);
    struct hash32 r;
    ssz_pair(&r, &left, &right);
    return r;
}

static void state_branch(struct hash32 *nodes, const struct state *s, uint64_t index)
{
    for (; index > 1; index /= 2) {
        *nodes++ = state_node(s, index ^ 1);
    }
}

static void execution_fill(struct lc_execution *e, const struct fork_shape *shape, uint64_t seed)
{
    e->parent_hash = filler(seed, 101);
    e->fee_recipient.bytes[3] = (uint8_t)seed;
    e->state_root = filler(seed, 102);
    e->receipts_root = filler(seed, 103);
    e->bloom.bytes[77] = 0x40;
    e->prev_randao = filler(seed, 104);
    e->number = seed;
    e->gas_limit = 30000000;
    e->gas_used = 21000;
    e->timestamp = 1600000000 + seed;
    e->extra_len = seed % (LC_EXTRA_LEN_MAX + 1);
    memset(e->extra, 0x65, e->extra_len);
    e->base_fee = u256_from_u64(7);
    e->block_hash = filler(seed, 105);
    e->transactions_root = filler(seed, 106);
    e->withdrawals_root = filler(seed, 107);
    if (shape->has_blobs) {
        e->blob_gas_used = 131072;
        e->excess_blob_gas = 5;
    }
}

/* header_make fills h so that the given nodes stand in its state. */
static void
header_make(struct lc_header *h, const struct chain_spec *c, uint64_t slot, const struct state *s)
{
    enum beacon_fork fork;
    check(chain_fork_at(&fork, c, slot) == OK);
    const struct fork_shape *shape = fork_shape_of(fork);
    memset(h, 0, sizeof *h);
    h->beacon.slot = slot;
    h->beacon.proposer = slot % 7;
    h->beacon.parent_root = filler(s->seed, 201);
    h->beacon.state_root = state_node(s, 1);
    h->beacon.body_root = filler(s->seed, 202);
    if (shape->has_execution) {
        struct hash32 node;
        execution_fill(&h->execution, shape, slot * 256 + s->seed % 256);
        if (s->block) {
            h->execution.block_hash = s->block->hash;
            h->execution.state_root = s->block->state_root;
            h->execution.base_fee = u256_from_u64(s->block->base_fee);
            h->execution.number = s->block->number;
            h->execution.timestamp = s->block->time;
        }
        lc_execution_root(&node, &h->execution, fork);
        uint64_t index = 25;
        for (size_t i = 0; i < LC_EXECUTION_DEPTH; i++, index /= 2) {
            h->execution_branch[i] = filler(s->seed, 210 + i);
            ssz_pair(&node, index & 1 ? &h->execution_branch[i] : &node,
                     index & 1 ? &node : &h->execution_branch[i]);
        }
        h->beacon.body_root = node;
    }
}

static const struct fork_shape *
state_init(struct state *s, const struct chain_spec *c, uint64_t slot, uint64_t seed)
{
    enum beacon_fork fork;
    check(chain_fork_at(&fork, c, slot) == OK);
    const struct fork_shape *shape = fork_shape_of(fork);
    *s = (struct state){
        .index = {shape->finalized_index, shape->current_committee_index,
                  shape->next_committee_index},
        .leaves_from = UINT64_C(1) << shape->finality_depth,
        .seed = slot * 256 + seed,
    };
    return shape;
}

static void committees_set(struct state *s,
                           const struct maker_committee *current,
                           const struct maker_committee *next)
{
    lc_committee_root(&s->node[CURRENT], span_of(current->bytes, current->len));
    lc_committee_root(&s->node[NEXT], span_of(next->bytes, next->len));
}

void maker_update(struct lc_update *ret_update, const struct maker_plan *plan)
{
    struct state s;
    struct lc_update *u = ret_update;
    memset(u, 0, sizeof *u);
    if (plan->finalized_slot > 0) {
        state_init(&s, plan->chain, plan->finalized_slot, plan->seed);
        committees_set(&s, plan->current, plan->next);
        header_make(&u->finalized, plan->chain, plan->finalized_slot, &s);
    }
    const struct fork_shape *shape = state_init(&s, plan->chain, plan->attested_slot, plan->seed);
    committees_set(&s, plan->current, plan->next);
    s.block = plan->block;
    if (plan->finalized_slot > 0) {
        lc_beacon_root(&s.node[FINALIZED], &u->finalized.beacon);
        state_branch(u->finality_branch, &s, shape->finalized_index);
    }
    u->finality_depth = shape->finality_depth;
    u->next_depth = shape->committee_depth;
    if (plan->brings_committee) {
        u->next_committee = span_of(plan->next->bytes, plan->next->len);
        state_branch(u->next_branch, &s, shape->next_committee_index);
    }
    header_make(&u->attested, plan->chain, plan->attested_slot, &s);
    u->signature_slot = plan->signature_slot;
    for (size_t i = 0; i < plan->signers; i++) {
        u->bits[i / 8] |= (uint8_t)(1 << (i % 8));
    }
    maker_sign(u, plan);
}

void maker_sign(struct lc_update *u, const struct maker_plan *plan)
{
    struct hash32 root;
    lc_beacon_root(&root, &u->attested.beacon);
    check(chain_signing_root(&root, plan->chain, &root, u->signature_slot) == OK);
    if (lc_update_signers(u) > 0) {
        signer_sign(u->signature, plan->committee->signers,
                    span_of(u->bits, plan->chain->committee_size / 8), SPAN_OF(root.bytes));
    }
}

void maker_bootstrap(struct lc_bootstrap *ret_bootstrap,
                     const struct chain_spec *c,
                     uint64_t slot,
                     const struct maker_committee *current,
                     const struct maker_committee *next)
{
    struct state s;
    const struct fork_shape *shape = state_init(&s, c, slot, 0);
    memset(ret_bootstrap, 0, sizeof *ret_bootstrap);
    committees_set(&s, current, next);
    header_make(&ret_bootstrap->header, c, slot, &s);
    state_branch(ret_bootstrap->committee_branch, &s, shape->current_committee_index);
    ret_bootstrap->committee_depth = shape->committee_depth;
    ret_bootstrap->committee = span_of(current->bytes, current->len);
}

/* ---- SSZ ---- */

static void write_hashes(struct wr *w, const struct hash32 *hashes, size_t count)
{
    wr_bytes(w, span_of(hashes, count * sizeof *hashes));
}

static void write_beacon(struct wr *w, const struct lc_beacon *b)
{
    wr_le64(w, b->slot);
    wr_le64(w, b->proposer);
    write_hashes(w, &b->parent_root, 1);
    write_hashes(w, &b->state_root, 1);
    write_hashes(w, &b->body_root, 1);
}

static size_t header_len(const struct lc_header *h, const struct fork_shape *shape)
{
    size_t execution = shape->has_blobs ? 584 : 568;
    if (!shape->has_execution) {
        return LC_BEACON_LEN;
    }
    return LC_BEACON_LEN + 4 + 32 * (size_t)LC_EXECUTION_DEPTH + execution + h->execution.extra_len;
}

static void write_header(struct wr *w, const struct lc_header *h, const struct fork_shape *shape)
{
    const struct lc_execution *e = &h->execution;
    write_beacon(w, &h->beacon);
    if (!shape->has_execution) {
        return;
    }
    wr_le32(w, LC_BEACON_LEN + 4 + 32 * LC_EXECUTION_DEPTH);
    write_hashes(w, h->execution_branch, LC_EXECUTION_DEPTH);
    write_hashes(w, &e->parent_hash, 1);
    wr_bytes(w, SPAN_OF(e->fee_recipient.bytes));
    write_hashes(w, &e->state_root, 1);
    write_hashes(w, &e->receipts_root, 1);
    wr_bytes(w, SPAN_OF(e->bloom.bytes));
    write_hashes(w, &e->prev_randao, 1);
    wr_le64(w, e->number);
    wr_le64(w, e->gas_limit);
    wr_le64(w, e->gas_used);
    wr_le64(w, e->timestamp);
    wr_le32(w, shape->has_blobs ? 584 : 568);
    for (size_t i = 0; i < 4; i++) {
        wr_le64(w, e->base_fee.w[i]);
    }
    write_hashes(w, &e->block_hash, 1);
    write_hashes(w, &e->transactions_root, 1);
    write_hashes(w, &e->withdrawals_root, 1);
    if (shape->has_blobs) {
        wr_le64(w, e->blob_gas_used);
        wr_le64(w, e->excess_blob_gas);
    }
    wr_bytes(w, span_of(e->extra, e->extra_len));
}

/* A header's place in the fixed part: itself, or the offset of where it will stand. */
static void
write_place(struct wr *w, const struct lc_header *h, const struct fork_shape *shape, size_t *offset)
{
    if (!shape->has_execution) {
        write_header(w, h, shape);
        return;
    }
    wr_le32(w, (uint32_t)*offset);
    *offset += header_len(h, shape);
}

void maker_encode_update(struct wr *w,
                         const struct chain_spec *c,
                         enum beacon_fork fork,
                         const struct lc_update *u,
                         enum maker_form form)
{
    const struct fork_shape *shape = fork_shape_of(fork);
    size_t committee_len = lc_committee_len(c);
    size_t offset = 4 + c->committee_size / 8 + BLS_SIGNATURE_LEN + 8;
    offset += form == MAKER_OPTIMISTIC ? 0 : 4 + 32 * (size_t)shape->finality_depth;
    offset += form == MAKER_UPDATE ? committee_len + 32 * (size_t)shape->committee_depth : 0;
    write_place(w, &u->attested, shape, &offset);
    if (form == MAKER_UPDATE) {
        wr_bytes(w, u->next_committee);
        wr_zeros(w, committee_len - u->next_committee.n);
        write_hashes(w, u->next_branch, shape->committee_depth);
    }
    if (form != MAKER_OPTIMISTIC) {
        write_place(w, &u->finalized, shape, &offset);
        write_hashes(w, u->finality_branch, shape->finality_depth);
    }
    wr_bytes(w, span_of(u->bits, c->committee_size / 8));
    wr_bytes(w, SPAN_OF(u->signature));
    wr_le64(w, u->signature_slot);
    if (shape->has_execution) {
        write_header(w, &u->attested, shape);
        if (form != MAKER_OPTIMISTIC) {
            write_header(w, &u->finalized, shape);
        }
    }
}

void maker_encode_bootstrap(struct wr *w, enum beacon_fork fork, const struct lc_bootstrap *b)
{
    const struct fork_shape *shape = fork_shape_of(fork);
    size_t offset = 4 + b->committee.n + 32 * b->committee_depth;
    write_place(w, &b->header, shape, &offset);
    wr_bytes(w, b->committee);
    write_hashes(w, b->committee_branch, b->committee_depth);
    if (shape->has_execution) {
        write_header(w, &b->header, shape);
    }
}
