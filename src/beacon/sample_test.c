#include "beacon/sample_test.h"

#include "base/rd.h"
#include "base/test.h"
#include "base/wr.h"
#include "codec/base16.h"
#include "evm/fixture_test.h"

#include <string.h>

/* Snappy's elements: bytes as they are, or a copy of what was written before. */
static uint32_t take_le(struct rd *r, size_t n)
{
    uint32_t v = 0;
    for (size_t i = 0; i < n; i++) {
        v |= (uint32_t)rd_u8(r) << (8 * i);
    }
    return v;
}

static void copy_back(struct mspan out, size_t *at, size_t offset, size_t n)
{
    for (size_t i = 0; i < n && offset > 0 && offset <= *at && *at < out.n; i++) {
        out.p[*at] = out.p[*at - offset];
        ++*at;
    }
}

struct span sample_unsnap(struct span packed)
{
    static uint8_t room[4][1 << 15];
    static size_t next;
    struct mspan out = MSPAN_OF(room[next++ % 4]);
    struct rd r = rd_init(packed);
    size_t len = 0;
    size_t at = 0;
    for (unsigned shift = 0;; shift += 7) {
        uint8_t b = rd_u8(&r);
        len |= (size_t)(b & 0x7f) << shift;
        if (b < 0x80 || shift > 21) {
            break;
        }
    }
    while (rd_ok(&r) && r.rest.n > 0) {
        uint8_t tag = rd_u8(&r);
        size_t n = (size_t)(tag >> 2) + 1;
        switch (tag & 3) {
        case 0:
            if (n > 60) {
                n = (size_t)take_le(&r, n - 60) + 1;
            }
            at += span_copy(mspan_from(out, at), rd_bytes(&r, n));
            break;
        case 1:  copy_back(out, &at, (size_t)(tag >> 5) << 8 | rd_u8(&r), (tag >> 2 & 7) + 4); break;
        case 2:  copy_back(out, &at, take_le(&r, 2), n); break;
        case 3:  copy_back(out, &at, take_le(&r, 4), n); break;
        default: break;
        }
    }
    (void)EXPECT(rd_end(&r));
    (void)EXPECT_EQ(len, at);
    return span_of(out.p, at);
}

struct span sample_value(struct span text, const char *key)
{
    struct span name = span_str(key);
    for (struct span rest = text; rest.n > name.n; rest = span_from(rest, 1)) {
        bool is_word = rest.p == text.p || memchr(" \n{,", rest.p[-1], 4) != NULL;
        if (!is_word || !span_starts_with(rest, name) || rest.p[name.n] != ':') {
            continue;
        }
        rest = span_from(rest, name.n + 1);
        while (rest.n > 0 && memchr(" '\"", rest.p[0], 3)) {
            rest = span_from(rest, 1);
        }
        size_t n = 0;
        while (n < rest.n && !memchr("'\"\n ,}", rest.p[n], 6)) {
            n++;
        }
        return span_first(rest, n);
    }
    return SPAN_EMPTY;
}

uint64_t sample_number(struct span decimal)
{
    struct u256 v = U256_ZERO;
    uint64_t n = 0;
    (void)EXPECT_OK(u256_parse_decimal(&v, decimal));
    (void)EXPECT_OK(u256_to_u64(&n, v));
    return n;
}

struct hash32 sample_hash(struct span hex)
{
    struct hash32 h = {{0}};
    struct wr w = wr_init(MSPAN_OF(h.bytes));
    (void)EXPECT_OK(base16_decode_0x(&w, hex));
    (void)EXPECT_EQ(32, w.n);
    return h;
}

static uint64_t number(struct json v, const char *name)
{
    return sample_number(fixture_text(fixture_member(v, name)));
}

static void beacon_read(struct lc_beacon *b, struct json v)
{
    b->slot = number(v, "slot");
    b->proposer = number(v, "proposer_index");
    b->parent_root = fixture_hash(v, "parent_root");
    b->state_root = fixture_hash(v, "state_root");
    b->body_root = fixture_hash(v, "body_root");
}

static void execution_read(struct lc_execution *e, struct json v)
{
    struct json blobs;
    e->parent_hash = fixture_hash(v, "parent_hash");
    fixture_fill(MSPAN_OF(e->fee_recipient.bytes), v, "fee_recipient");
    e->state_root = fixture_hash(v, "state_root");
    e->receipts_root = fixture_hash(v, "receipts_root");
    fixture_fill(MSPAN_OF(e->bloom.bytes), v, "logs_bloom");
    e->prev_randao = fixture_hash(v, "prev_randao");
    e->number = number(v, "block_number");
    e->gas_limit = number(v, "gas_limit");
    e->gas_used = number(v, "gas_used");
    e->timestamp = number(v, "timestamp");
    e->extra_len = span_copy(MSPAN_OF(e->extra), fixture_bytes(v, "extra_data"));
    (void)EXPECT_OK(
        u256_parse_decimal(&e->base_fee, fixture_text(fixture_member(v, "base_fee_per_gas"))));
    e->block_hash = fixture_hash(v, "block_hash");
    e->transactions_root = fixture_hash(v, "transactions_root");
    e->withdrawals_root = fixture_hash(v, "withdrawals_root");
    if (json_find(&blobs, v, "blob_gas_used")) {
        e->blob_gas_used = number(v, "blob_gas_used");
        e->excess_blob_gas = number(v, "excess_blob_gas");
    }
}

static size_t branch_read(struct hash32 *nodes, size_t max, struct json v)
{
    struct json_iter it = json_iterate(v);
    struct json node;
    size_t count = 0;
    while (json_next(&it, NULL, &node) && EXPECT(count < max)) {
        nodes[count++] = sample_hash(fixture_text(node));
    }
    return count;
}

static void header_read(struct lc_header *h, struct json v)
{
    struct json execution;
    memset(h, 0, sizeof *h);
    beacon_read(&h->beacon, fixture_member(v, "beacon"));
    if (json_find(&execution, v, "execution")) {
        execution_read(&h->execution, execution);
        (void)EXPECT_EQ(LC_EXECUTION_DEPTH, branch_read(h->execution_branch, LC_EXECUTION_DEPTH,
                                                        fixture_member(v, "execution_branch")));
    }
}

struct span sample_committee(struct mspan room, struct json v)
{
    struct wr w = wr_init(room);
    struct json_iter it = json_iterate(fixture_member(v, "pubkeys"));
    struct json key;
    while (json_next(&it, NULL, &key)) {
        (void)EXPECT_OK(base16_decode_0x(&w, fixture_text(key)));
    }
    (void)EXPECT_OK(base16_decode_0x(&w, fixture_text(fixture_member(v, "aggregate_pubkey"))));
    (void)EXPECT(wr_ok(&w));
    return span_of(room.p, w.n);
}

void sample_update(struct lc_update *ret_update, struct mspan room, struct json data)
{
    struct lc_update *u = ret_update;
    struct json v;
    memset(u, 0, sizeof *u);
    header_read(&u->attested, fixture_member(data, "attested_header"));
    if (json_find(&v, data, "next_sync_committee")) {
        u->next_committee = sample_committee(room, v);
        u->next_depth = branch_read(u->next_branch, LC_COMMITTEE_DEPTH_MAX,
                                    fixture_member(data, "next_sync_committee_branch"));
    }
    if (json_find(&v, data, "finalized_header")) {
        header_read(&u->finalized, v);
        u->finality_depth = branch_read(u->finality_branch, LC_FINALITY_DEPTH_MAX,
                                        fixture_member(data, "finality_branch"));
    }
    struct json aggregate = fixture_member(data, "sync_aggregate");
    (void)span_copy(MSPAN_OF(u->bits), fixture_bytes(aggregate, "sync_committee_bits"));
    fixture_fill(MSPAN_OF(u->signature), aggregate, "sync_committee_signature");
    u->signature_slot = number(data, "signature_slot");
}

void sample_bootstrap(struct lc_bootstrap *ret_bootstrap, struct mspan room, struct json data)
{
    memset(ret_bootstrap, 0, sizeof *ret_bootstrap);
    header_read(&ret_bootstrap->header, fixture_member(data, "header"));
    ret_bootstrap->committee =
        sample_committee(room, fixture_member(data, "current_sync_committee"));
    ret_bootstrap->committee_depth =
        branch_read(ret_bootstrap->committee_branch, LC_COMMITTEE_DEPTH_MAX,
                    fixture_member(data, "current_sync_committee_branch"));
}
