#include "service/proven.h"

#include "base/test.h"
#include "crypto/keccak.h"
#include "service/proof_world_test.h"

#include <string.h>

static const struct proven_known nothing;

static enum err prove(struct proven_account *ret, const struct proof_world *w, struct span body)
{
    struct service_proof p;
    TRY(service_proof_decode(&p, body));
    return proven_account_verify(ret, &w->request.block_hash, &w->request, &nothing, &p);
}

TEST(the_vector_is_proven)
{
    static struct proof_world w;
    struct buf b;
    struct proven_account p;
    struct u256 value;
    proof_world_init(&w);
    buf_init(&b, test_budget(), 4096);
    proof_world_body(&w, &b);
    TEST_REQUIRE(EXPECT_OK(prove(&p, &w, buf_span(&b))));
    EXPECT_EQ(7, proven_account_state(&p)->nonce);
    EXPECT(u256_equal(u256_from_u64(UINT64_C(1000000000000000000)),
                      proven_account_state(&p)->balance));
    EXPECT(address_equal(w.request.address, proven_account_address(&p)));
    EXPECT_EQ(5, proven_account_block(&p).number);
    EXPECT_SPAN(SPAN_OF(w.request.block_hash.bytes), SPAN_OF(proven_account_block(&p).hash.bytes));
    EXPECT_OK(proven_account_slot(&value, &p, w.slots));
    EXPECT(u256_equal(u256_from_u64(42), value));
    EXPECT_OK(proven_account_slot(&value, &p, w.slots + 32));
    EXPECT(u256_is_zero(value));
    EXPECT_ERR(ERR_NOT_FOUND,
               proven_account_slot(
                   &value, &p,
                   test_hex("0000000000000000000000000000000000000000000000000000000000000002").p));
    buf_done(&b);
    proof_world_done(&w);
}

/* Every bit of the body is covered by a hash or by the one form: whatever is changed, nothing is proven. */
TEST(no_changed_bit_is_proven)
{
    struct proof_world w;
    struct buf b;
    proof_world_init(&w);
    buf_init(&b, test_budget(), 4096);
    proof_world_body(&w, &b);
    for (size_t i = 0; i < 8 * b.n; i++) {
        struct proven_account p;
        b.p[i / 8] ^= (uint8_t)(1U << i % 8);
        test_note("bit %zu", i);
        EXPECT(prove(&p, &w, buf_span(&b)) != OK);
        b.p[i / 8] ^= (uint8_t)(1U << i % 8);
    }
    buf_done(&b);
    proof_world_done(&w);
}

/* A whole answer to another question proves nothing of this one. */
TEST(answers_to_other_questions)
{
    struct proof_world w;
    struct buf b;
    struct proven_account p;
    struct service_proof answer;
    proof_world_init(&w);
    buf_init(&b, test_budget(), 4096);
    proof_world_body(&w, &b);
    TEST_REQUIRE(service_proof_decode(&answer, buf_span(&b)) == OK);

    struct hash32 other = w.request.block_hash;
    other.bytes[0] ^= 1;
    EXPECT_ERR(ERR_STATE, proven_account_verify(&p, &other, &w.request, &nothing, &answer));
    static struct service_request asked;
    asked = w.request;
    asked.type = SERVICE_STATUS;
    EXPECT_ERR(ERR_STATE,
               proven_account_verify(&p, &w.request.block_hash, &asked, &nothing, &answer));
    asked = w.request;
    asked.block_hash = other;
    EXPECT_ERR(ERR_AUTH, proven_account_verify(&p, &other, &asked, &nothing, &answer));
    asked = w.request;
    asked.slots = span_first(asked.slots, 32);
    EXPECT_ERR(ERR_MALFORMED,
               proven_account_verify(&p, &w.request.block_hash, &asked, &nothing, &answer));
    /* another account or slot under the same nodes is proven absent, never given the value */
    asked = w.request;
    asked.address.bytes[0] ^= 1;
    asked.slots = SPAN_EMPTY;
    answer.slots_count = 0;
    EXPECT_OK(proven_account_verify(&p, &w.request.block_hash, &asked, &nothing, &answer));
    EXPECT(!proven_account_state(&p)->exists);
    EXPECT(u256_is_zero(proven_account_state(&p)->balance));
    buf_done(&b);
    proof_world_done(&w);
}

TEST(known_nodes_are_the_clients_own)
{
    struct proof_world w;
    struct buf b;
    struct proven_account p;
    struct service_proof answer;
    uint8_t list[64];
    proof_world_init(&w);
    buf_init(&b, test_budget(), 4096);
    memcpy(list, w.request.block_hash.bytes, 32);
    memcpy(list + 32, w.state_root.bytes, 32);
    w.request.known = SPAN_OF(list);
    proof_world_body(&w, &b);
    TEST_REQUIRE(service_proof_decode(&answer, buf_span(&b)) == OK);
    const struct span nodes[2] = {SPAN_EMPTY, buf_span(&w.state_leaf)};
    const struct proven_known known = {
        .header = buf_span(&w.header), .nodes = {.nodes = nodes, .nodes_count = 2}
    };
    EXPECT_OK(proven_account_verify(&p, &w.request.block_hash, &w.request, &known, &answer));
    EXPECT_EQ(7, proven_account_state(&p)->nonce);
    /* a server that refers to what was not named */
    EXPECT(proven_account_verify(&p, &w.request.block_hash, &w.request, &nothing, &answer) != OK);
    const struct span wrong[2] = {SPAN_EMPTY, buf_span(&w.storage_leaf)};
    const struct proven_known mixed = {
        .header = known.header, .nodes = {.nodes = wrong, .nodes_count = 2}
    };
    EXPECT_ERR(ERR_AUTH,
               proven_account_verify(&p, &w.request.block_hash, &w.request, &mixed, &answer));
    buf_done(&b);
    proof_world_done(&w);
}

TEST(a_head_that_is_trusted_needs_no_header)
{
    static struct proof_world w; /* too large for a stack, with the others */
    struct buf b;
    struct proven_account p;
    struct service_proof answer;
    proof_world_init(&w);
    buf_init(&b, test_budget(), 4096);
    w.request.known = SPAN_OF(w.request.block_hash.bytes);
    proof_world_body(&w, &b);
    TEST_REQUIRE(service_proof_decode(&answer, buf_span(&b)) == OK);
    EXPECT_EQ(0, answer.header.n);
    const struct span no_node = SPAN_EMPTY;
    struct proven_head head = {
        .block = {.hash = w.request.block_hash, .number = 9, .base_fee = u256_from_u64(3)},
        .state_root = w.state_root
    };
    const struct proven_known known = {
        .head = &head, .nodes = {.nodes = &no_node, .nodes_count = 1}
    };
    EXPECT_OK(proven_account_verify(&p, &w.request.block_hash, &w.request, &known, &answer));
    EXPECT_EQ(7, proven_account_state(&p)->nonce);
    EXPECT_EQ(9, proven_account_block(&p).number);
    EXPECT(u256_equal(u256_from_u64(3), proven_account_block(&p).base_fee));
    /* nothing but the trusted block's own head will do */
    EXPECT(proven_account_verify(&p, &w.request.block_hash, &w.request, &nothing, &answer) != OK);
    head.state_root.bytes[0] ^= 1;
    EXPECT_ERR(ERR_AUTH,
               proven_account_verify(&p, &w.request.block_hash, &w.request, &known, &answer));
    head.state_root.bytes[0] ^= 1;
    head.block.hash.bytes[0] ^= 1;
    EXPECT_ERR(ERR_AUTH,
               proven_account_verify(&p, &w.request.block_hash, &w.request, &known, &answer));
    buf_done(&b);
    proof_world_done(&w);
}

TEST_MAIN
