#include "evm/smart_account.h"

#include "base/test.h"
#include "codec/base16.h"
#include "codec/json.h"
#include "evm/deployments.h"
#include "evm/fixture_test.h"
#include "evm/userop.h"

/* The vectors of contracts/deployments.json come from the contracts themselves, run on a real node. */

static struct span hex_of(struct json object, const char *name, struct buf *room)
{
    struct json v;
    struct span text = SPAN_EMPTY;
    EXPECT(json_find(&v, object, name));
    EXPECT_OK(json_get_plain(&text, v));
    size_t start = room->n;
    struct wr w = wr_init_buf(room);
    EXPECT_OK(base16_decode_0x(&w, text));
    return span_of(room->p + start, room->n - start);
}

static struct smart_owner owner_of(struct json text)
{
    struct smart_owner o = {0};
    struct span plain = SPAN_EMPTY;
    struct wr w = wr_init(MSPAN_OF(o.bytes));
    EXPECT_OK(json_get_plain(&plain, text));
    EXPECT_OK(base16_decode_0x(&w, plain));
    o.len = w.n;
    return o;
}

TEST(addresses)
{
    struct json cases;
    TEST_REQUIRE(fixture_vectors(&cases, "addresses"));
    struct buf room;
    buf_init(&room, test_budget(), 16384);
    struct json_iter it = json_iterate(cases);
    struct json one;
    size_t count = 0;
    while (json_next(&it, NULL, &one)) {
        struct smart_owner owners[4];
        struct smart_account a = {.owners = owners};
        struct json list;
        struct json owner;
        TEST_REQUIRE(json_find(&list, one, "owners"));
        struct json_iter owner_it = json_iterate(list);
        while (json_next(&owner_it, NULL, &owner)) {
            owners[a.owner_count++] = owner_of(owner);
        }
        smart_owners_sort(owners, a.owner_count);
        EXPECT_OK(json_find_u64(&a.threshold, one, "threshold"));
        buf_clear(&room);
        span_copy(MSPAN_OF(a.salt), hex_of(one, "salt", &room));
        struct address got = {0};
        EXPECT_OK(smart_account_address(&got, &a, deployments.factory.address, &room));
        buf_clear(&room);
        EXPECT_SPAN(hex_of(one, "address", &room), SPAN_OF(got.bytes));
        count++;
    }
    EXPECT(count >= 2);
    buf_done(&room);
}

TEST(sorting_changes_nothing_for_the_address)
{
    const uint8_t key_a[64] = {1};
    const uint8_t key_b[64] = {2};
    struct smart_owner owners[2] = {
        smart_owner_passkey(deployments.verifier.address, key_a, SPAN_LIT("http://a")),
        smart_owner_passkey(deployments.verifier.address, key_b, SPAN_LIT("http://a")),
    };
    struct smart_owner swapped[2] = {owners[1], owners[0]};
    smart_owners_sort(owners, 2);
    smart_owners_sort(swapped, 2);
    EXPECT_SPAN(SPAN_OF(owners[0].bytes), SPAN_OF(swapped[0].bytes));
    EXPECT_SPAN(SPAN_OF(owners[1].bytes), SPAN_OF(swapped[1].bytes));
    EXPECT_EQ(SMART_ACCOUNT_OWNER_LEN_MAX, owners[0].len);
}

TEST(signatures)
{
    struct json cases;
    TEST_REQUIRE(fixture_vectors(&cases, "signatures"));
    struct json_iter it = json_iterate(cases);
    struct json one;
    size_t count = 0;
    while (json_next(&it, NULL, &one)) {
        struct buf room;
        struct buf out;
        buf_init(&room, test_budget(), 16384);
        buf_init(&out, test_budget(), 16384);
        EXPECT_OK(buf_reserve(&room, 16384)); /* so that the spans into it stay where they are */
        struct smart_signature signatures[4];
        size_t signature_count = 0;
        struct json list;
        struct json owner;
        TEST_REQUIRE(json_find(&list, one, "owners"));
        struct json_iter owner_it = json_iterate(list);
        while (json_next(&owner_it, NULL, &owner)) {
            struct json text;
            TEST_REQUIRE(json_find(&text, owner, "owner"));
            signatures[signature_count++] = (struct smart_signature){
                .owner = owner_of(text), .signature = hex_of(owner, "signature", &room)};
        }
        EXPECT_OK(smart_account_signature(&out, signatures, signature_count));
        EXPECT_SPAN(hex_of(one, "encoded", &room), buf_span(&out));
        buf_done(&room);
        buf_done(&out);
        count++;
    }
    EXPECT(count >= 1);
}

TEST(calls_round_trip_and_match_the_vector)
{
    struct json vector;
    TEST_REQUIRE(fixture_vectors(&vector, "execute"));
    struct buf room;
    struct buf out;
    buf_init(&room, test_budget(), 8192);
    buf_init(&out, test_budget(), 8192);
    struct span want = hex_of(vector, "encoded", &room);
    struct smart_call calls[SMART_ACCOUNT_CALL_COUNT_MAX];
    size_t count = 0;
    TEST_REQUIRE(EXPECT_OK(smart_account_calls(calls, &count, SMART_ACCOUNT_CALL_COUNT_MAX, want)));
    EXPECT_EQ(2, count);
    EXPECT_OK(smart_account_execute(&out, calls, count));
    EXPECT_SPAN(want, buf_span(&out));
    EXPECT_ERR(ERR_MALFORMED, smart_account_calls(calls, &count, 1, want));
    for (size_t n = 0; n < want.n; n++) {
        EXPECT_ERR(ERR_MALFORMED, smart_account_calls(calls, &count, SMART_ACCOUNT_CALL_COUNT_MAX,
                                                      span_first(want, n)));
    }
    buf_done(&room);
    buf_done(&out);
}

TEST(user_operation_hash_of_the_entry_point)
{
    struct json v;
    struct json packed = {0};
    TEST_REQUIRE(fixture_vectors(&v, "user_op") && json_find(&packed, v, "packed"));
    struct buf room;
    buf_init(&room, test_budget(), 16384);
    EXPECT_OK(buf_reserve(&room, 16384));
    struct userop op = {.init_code = hex_of(packed, "initCode", &room),
                        .call_data = hex_of(packed, "callData", &room)};
    span_copy(MSPAN_OF(op.sender.bytes), hex_of(packed, "sender", &room));
    EXPECT_OK(u256_from_be(&op.nonce, hex_of(packed, "nonce", &room)));
    struct span limits = hex_of(packed, "accountGasLimits", &room);
    EXPECT_OK(u256_from_be(&op.verification_gas_limit, span_first(limits, 16)));
    EXPECT_OK(u256_from_be(&op.call_gas_limit, span_from(limits, 16)));
    EXPECT_OK(u256_from_be(&op.pre_verification_gas, hex_of(packed, "preVerificationGas", &room)));
    struct span fees = hex_of(packed, "gasFees", &room);
    EXPECT_OK(u256_from_be(&op.max_priority_fee_per_gas, span_first(fees, 16)));
    EXPECT_OK(u256_from_be(&op.max_fee_per_gas, span_from(fees, 16)));
    struct userop_domain domain = {.entry_point = deployments.entry_point,
                                   .chain_id = u256_from_u64(31337)};
    struct hash32 hash = {0};
    EXPECT_OK(userop_hash(&hash, &op, &domain));
    EXPECT_SPAN(hex_of(v, "hash", &room), SPAN_OF(hash.bytes));
    buf_done(&room);
}

TEST(signatures_come_back)
{
    struct smart_signature in[2] = {
        {.owner = {.bytes = {1}, .len = 116}, .signature = SPAN_LIT("first")    },
        {.owner = {.bytes = {2}, .len = 40},
         .signature = SPAN_LIT("second, which is longer than a word of the ABI")}
    };
    struct smart_signature got[2];
    size_t count = 0;
    struct buf out;
    buf_init(&out, test_budget(), 4096);
    EXPECT_OK(smart_account_signature(&out, in, 2));
    TEST_REQUIRE(EXPECT_OK(smart_account_signatures(got, &count, 2, buf_span(&out))));
    EXPECT_EQ(2, count);
    for (size_t i = 0; i < 2; i++) {
        const struct smart_signature *want = &in[got[i].owner.bytes[0] - 1];
        EXPECT_EQ(want->owner.len, got[i].owner.len);
        EXPECT_SPAN(want->signature, got[i].signature);
    }
    EXPECT_ERR(ERR_MALFORMED, smart_account_signatures(got, &count, 1, buf_span(&out)));
    for (size_t n = 0; n < out.n; n++) {
        EXPECT(smart_account_signatures(got, &count, 2, span_first(buf_span(&out), n)) != OK);
    }
    buf_done(&out);
}

TEST_MAIN
