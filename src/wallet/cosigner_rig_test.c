#include "wallet/cosigner_rig_test.h"

#include "base/test.h"
#include "evm/abi.h"

#include <string.h>

struct address cosigner_rig_address(uint8_t byte)
{
    struct address a;
    memset(a.bytes, byte, sizeof a.bytes);
    return a;
}

void cosigner_rig_init(struct cosigner_rig *r, uint8_t seed)
{
    memset(r, 0, sizeof *r);
    r->key = software_passkey_make(seed);
    r->now = (walltime){COSIGNER_RIG_NOW};
    struct cosigner_terms *t = &r->terms;
    t->account = cosigner_rig_address(0xac);
    t->chains_count = 2;
    t->chains[0] = 1;
    t->chains[1] = 10;
    t->rp_id_len = span_copy(MSPAN_OF(t->rp_id), software_rp.id);
    t->origin_len = span_copy(MSPAN_OF(t->origin), software_rp.origin);
    t->passkey = r->key.key;
    t->limits_count = 3;
    t->limits[0] = (struct cosigner_limit){.amount = u256_from_u64(1000000)};
    t->limits[1] =
        (struct cosigner_limit){.to = cosigner_rig_address(0x11), .amount = u256_from_u64(600000)};
    t->limits[2] =
        (struct cosigner_limit){.token = cosigner_rig_address(0x70), .amount = u256_from_u64(500)};
}

struct span cosigner_rig_transfer(uint8_t *room, struct address to, uint64_t amount)
{
    struct buf out;
    uint8_t selector[ABI_SELECTOR_LEN];
    buf_init(&out, test_budget(), 128);
    abi_selector(selector, SPAN_LIT("transfer(address,uint256)"));
    EXPECT_OK(buf_append(&out, SPAN_OF(selector)));
    struct abi_wr w = abi_wr_init(&out, 2);
    abi_wr_address(&w, to);
    abi_wr_u64(&w, amount);
    EXPECT_OK(abi_wr_end(&w));
    size_t n = span_copy(mspan_of(room, 68), buf_span(&out));
    buf_done(&out);
    return span_of(room, n);
}

/* What buf holds, moved into room. */
static struct span take(struct mspan room, struct buf *b)
{
    size_t n = span_copy(room, buf_span(b));
    EXPECT_EQ(b->n, n);
    buf_done(b);
    return span_of(room.p, n);
}

struct userop cosigner_rig_op(struct cosigner_rig *r, const struct cosigner_rig_ask *ask)
{
    struct userop op = {
        .sender = r->terms.account,
        .nonce = u256_from_u64(ask->nonce),
        .call_data = ask->call_data,
        .verification_gas_limit = u256_from_u64(100000),
        .call_gas_limit = u256_from_u64(100000),
        .pre_verification_gas = u256_from_u64(COSIGNER_RIG_GAS - 200000),
        .max_fee_per_gas = u256_from_u64(ask->gas_price),
    };
    if (ask->calls_count > 0) {
        struct buf out;
        buf_init(&out, test_budget(), sizeof r->call_data);
        EXPECT_OK(smart_account_execute(&out, ask->calls, ask->calls_count));
        op.call_data = take(MSPAN_OF(r->call_data), &out);
    }
    if (ask->change) {
        ask->change(&op);
    }
    return op;
}

static void
use_passkey(struct cosigner_rig *r, const struct hash32 *challenge, const struct making *how)
{
    struct making making = how ? *how : making_get();
    making.challenge = SPAN_OF(challenge->bytes);
    software_passkey_use(&r->made, &r->key, making);
}

/* A request about the rig's terms as a whole, for which the passkey signs challenge. */
static struct span
write_request(struct cosigner_rig *r, const struct hash32 *challenge, walltime expires)
{
    struct cosigner_create create = {.terms = r->terms, .expires = expires};
    use_passkey(r, challenge, NULL);
    create.assertion = r->made.assertion;
    struct wr w = wr_init(MSPAN_OF(r->request));
    cosigner_create_encode(&w, &create);
    EXPECT_OK(wr_end(&w));
    return span_of(r->request, w.n);
}

struct span cosigner_rig_create(struct cosigner_rig *r, uint64_t expires_s)
{
    struct hash32 challenge;
    cosigner_create_challenge(&challenge, &r->terms, (walltime){expires_s});
    return write_request(r, &challenge, (walltime){expires_s});
}

struct span cosigner_rig_remove(struct cosigner_rig *r, uint64_t expires_s)
{
    struct hash32 challenge;
    cosigner_remove_challenge(&challenge, &r->terms, (walltime){expires_s});
    return write_request(r, &challenge, (walltime){expires_s});
}

struct span cosigner_rig_sign(struct cosigner_rig *r, const struct cosigner_rig_ask *ask)
{
    struct hash32 hash;
    struct hash32 challenge;
    struct buf out;
    uint64_t chain_id = ask->chain_id ? ask->chain_id : 1;
    struct cosigner_ask c = {.cosigner = ask->cosigner, .chain_id = chain_id};
    const struct userop_domain domain = {.entry_point = userop_entry_point_08,
                                         .chain_id = u256_from_u64(chain_id)};
    struct userop op = cosigner_rig_op(r, ask);
    c.expires.s = ask->expires_s ? ask->expires_s : r->now.s + 60;
    EXPECT_OK(userop_hash(&hash, &op, &domain));
    cosigner_sign_challenge(&challenge, ask->terms ? ask->terms : &r->terms, &c, &hash);
    use_passkey(r, &challenge, ask->how);
    c.assertion = r->made.assertion;
    buf_init(&out, test_budget(), sizeof r->userop);
    EXPECT_OK(userop_encode(ask->other ? ask->other : &op, &out));
    c.userop = take(MSPAN_OF(r->userop), &out);
    struct wr w = wr_init(MSPAN_OF(r->request));
    cosigner_ask_encode(&w, &c);
    EXPECT_OK(wr_end(&w));
    return span_of(r->request, w.n);
}
