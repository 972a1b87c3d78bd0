/* Envelopes and peer records: bytes of the other implementations, and what must be refused. */
#include "p2p/envelope.h"

#include "base/test.h"
#include "codec/protobuf.h"
#include "crypto/backend.h"
#include "p2p/key_signer.h"

#include <string.h>

/* go-libp2p core/record envelope_test.go by way of nim-libp2p test_signed_envelope.nim: domain
 * libp2p-testing, type /libp2p/testdata, payload "hello world!". */
static const char *const GOOD_ENVELOPE =
    "0a24080112206f1581709bb7b1ef030d210db18e3b0ba1c776fba65d8cdaad05415142d189f812102f6c6962703270"
    "2f74657374646174611a0c"
    "68656c6c6f20776f726c64212a401178673b51dfa842aad17e465e25d646ad16628916b964c3fb10c711fee87872bd"
    "d4e4646f58c277cdff0970"
    "4913d8be1aec6322de8d3d0bb852120374aece08";

/* go-libp2p core/peer record_test.go by way of nim-libp2p test_routing_record.nim. */
static const char *const GOOD_RECORD = "0a2600240801122011bba3ed1721948cefb4e50b0a0bb5cad8a6b52dc7b"
                                       "1a40f4f6652105c91e2c4109bf59d8dd99d8ddb161a0a0a0804010203"
                                       "040600001a0a0a080401020304060001";

TEST(envelope_of_go)
{
    struct envelope e;
    struct peer_id signer;
    EXPECT_OK(crypto_init());
    TEST_REQUIRE(EXPECT_OK(envelope_decode(&e, test_hex(GOOD_ENVELOPE))));
    EXPECT_SPAN(SPAN_LIT("/libp2p/testdata"), e.payload_type);
    EXPECT_SPAN(SPAN_LIT("hello world!"), e.payload);
    EXPECT_OK(envelope_verify(&signer, &e, SPAN_LIT("libp2p-testing"), test_budget()));
    EXPECT_SPAN(
        test_hex("0024080112206f1581709bb7b1ef030d210db18e3b0ba1c776fba65d8cdaad05415142d189f8"),
        peer_id_span(&signer));
    EXPECT_ERR(ERR_AUTH, envelope_verify(&signer, &e, SPAN_LIT("libp2p-testinh"), test_budget()));
    /* A byte moved from the type to the payload is not the same message. */
    e.payload_type.n--;
    EXPECT_ERR(ERR_AUTH, envelope_verify(&signer, &e, SPAN_LIT("libp2p-testing"), test_budget()));
}

TEST(envelope_with_a_changed_byte)
{
    uint8_t bytes[256];
    struct span good = test_hex(GOOD_ENVELOPE);
    for (size_t i = 0; i < good.n; i++) {
        span_copy(MSPAN_OF(bytes), good);
        bytes[i] ^= 0x40;
        struct envelope e;
        struct peer_id signer;
        enum err err = envelope_decode(&e, span_of(bytes, good.n));
        if (err == OK) {
            err = envelope_verify(&signer, &e, SPAN_LIT("libp2p-testing"), test_budget());
        }
        test_note("byte %zu", i);
        EXPECT(err != OK);
    }
}

TEST(envelope_that_lacks_something)
{
    struct envelope e;
    EXPECT_ERR(ERR_MALFORMED, envelope_decode(&e, SPAN_EMPTY));
    EXPECT_ERR(ERR_MALFORMED,
               envelope_decode(&e, test_hex("0a0101 120103 1a0100"))); /* no signature */
    EXPECT_ERR(ERR_MALFORMED, envelope_decode(&e, test_hex("120103 1a0100 2a0100"))); /* no key */
    EXPECT_ERR(ERR_MALFORMED, envelope_decode(&e, test_hex("0a0101 1a0100 2a0100"))); /* no type */
    EXPECT_OK(envelope_decode(&e, test_hex("0a0101 120103 2a0100 220107"))); /* unknown field 4 */
    static uint8_t long_bytes[ENVELOPE_LEN_MAX + 1];
    EXPECT_ERR(ERR_LIMIT, envelope_decode(&e, SPAN_OF(long_bytes)));
}

TEST(record_of_go)
{
    struct peer_record r;
    char text[PEER_ID_TEXT_MAX];
    TEST_REQUIRE(EXPECT_OK(peer_record_decode(&r, test_hex(GOOD_RECORD))));
    peer_id_print(text, &r.peer);
    EXPECT_STR("12D3KooWB1b3qZxWJanuhtseF3DmPggHCtG36KZ9ixkqHtdKH9fh", text);
    EXPECT_EQ(UINT64_C(1636553709551319707), r.seq);
    EXPECT_EQ(2, r.addrs_count);
    EXPECT_SPAN(test_hex("0401020304060001"), r.addrs[1]);
}

static void signer_init(struct key_signer *k, uint8_t fill)
{
    struct secret32 seed;
    EXPECT_OK(crypto_init());
    memset(seed.bytes, fill, sizeof seed.bytes);
    key_signer_init(k, &seed);
}

static size_t seal_record(uint8_t *out, size_t n, struct signer *signer, uint64_t seq)
{
    struct span addrs[] = {test_hex("047f000001060fa1"), test_hex("0401020304060001")};
    struct wr w = wr_init(mspan_of(out, n));
    EXPECT_OK(
        peer_record_seal(&w, &(struct peer_record_cfg){seq, addrs, 2}, signer, test_budget()));
    return w.n;
}

TEST(record_there_and_back)
{
    struct key_signer k;
    struct peer_record r;
    struct peer_id self;
    uint8_t bytes[512];
    signer_init(&k, 7);
    peer_id_of_key(&self, k.signer.public_key);
    size_t n = seal_record(bytes, sizeof bytes, &k.signer, 42);
    struct envelope e;
    EXPECT_OK(envelope_decode(&e, span_of(bytes, n)));
    EXPECT_SPAN(test_hex("0301"), e.payload_type);
    TEST_REQUIRE(EXPECT_OK(peer_record_open(&r, span_of(bytes, n), test_budget())));
    EXPECT(peer_id_equal(&self, &r.peer));
    EXPECT_EQ(42, r.seq);
    EXPECT_EQ(2, r.addrs_count);
    EXPECT_SPAN(test_hex("047f000001060fa1"), r.addrs[0]);
    key_signer_done(&k);
}

/* seal_other seals a record of another peer, or under another form, with k. */
static enum err
open_sealed(struct key_signer *k, struct span domain, struct span type, struct span payload)
{
    uint8_t bytes[512];
    struct peer_record r;
    struct wr w = wr_init(MSPAN_OF(bytes));
    EXPECT_OK(envelope_seal(&w, &(struct envelope_content){domain, type, payload}, &k->signer,
                            test_budget()));
    return peer_record_open(&r, span_of(bytes, w.n), test_budget());
}

TEST(record_speaks_only_for_its_signer)
{
    struct key_signer k;
    signer_init(&k, 7);
    EXPECT_ERR(ERR_AUTH, open_sealed(&k, SPAN_LIT("libp2p-peer-record"), SPAN_LIT("\x03\x01"),
                                     test_hex(GOOD_RECORD)));
    key_signer_done(&k);
}

TEST(record_forms)
{
    struct key_signer k;
    signer_init(&k, 7);
    struct peer_id self;
    peer_id_of_key(&self, k.signer.public_key);
    uint8_t payload[64];
    struct wr w = wr_init(MSPAN_OF(payload));
    protobuf_write_bytes(&w, 1, peer_id_span(&self));
    struct span record = span_of(payload, w.n);
    EXPECT_OK(open_sealed(&k, SPAN_LIT("libp2p-peer-record"), SPAN_LIT("\x03\x01"), record));
    EXPECT_OK(open_sealed(&k, SPAN_LIT("libp2p-routing-state"),
                          SPAN_LIT("/libp2p/routing-state-record"), record));
    /* The two forms do not mix, and other types are not records. */
    EXPECT_ERR(ERR_AUTH,
               open_sealed(&k, SPAN_LIT("libp2p-routing-state"), SPAN_LIT("\x03\x01"), record));
    EXPECT_ERR(ERR_UNSUPPORTED,
               open_sealed(&k, SPAN_LIT("libp2p-relay-rsvp"), SPAN_LIT("\x03\x02"), record));
    EXPECT_ERR(ERR_MALFORMED,
               open_sealed(&k, SPAN_LIT("libp2p-peer-record"), SPAN_LIT("\x03\x01"), SPAN_EMPTY));
    key_signer_done(&k);
}

TEST(record_with_many_and_with_odd_addresses)
{
    uint8_t bytes[2048];
    for (size_t over = 0; over < 2; over++) {
        struct wr w = wr_init(MSPAN_OF(bytes));
        protobuf_write_bytes(
            &w, 1,
            test_hex("002408011220"
                     "11bba3ed1721948cefb4e50b0a0bb5cad8a6b52dc7b1a40f4f6652105c91e2c4"));
        protobuf_write_bytes(&w, 3, test_hex("0a02ff7f")); /* a component that nobody knows */
        for (size_t i = 0; i < PEER_RECORD_ADDRS_MAX + over; i++) {
            protobuf_write_bytes(&w, 3, test_hex("0a080401020304060001"));
        }
        struct peer_record r;
        TEST_REQUIRE(EXPECT_OK(peer_record_decode(&r, span_of(bytes, w.n))));
        EXPECT_EQ(PEER_RECORD_ADDRS_MAX, r.addrs_count);
    }
}

TEST_MAIN
