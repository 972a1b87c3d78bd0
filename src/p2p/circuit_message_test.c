/* Messages, vouchers and addresses of circuit relay v2: bytes as others write them, and what is refused. */
#include "p2p/circuit_message.h"

#include "base/test.h"
#include "codec/multiaddr.h"
#include "p2p/circuit_addr.h"
#include "p2p/envelope.h"
#include "p2p/key_signer.h"

static struct key_signer signers[2];
static struct peer_id peers[2];

static void start(void)
{
    for (uint8_t i = 0; i < 2; i++) {
        struct secret32 seed = {.bytes = {(uint8_t)(i + 1)}};
        key_signer_init(&signers[i], &seed);
        peer_id_of_key(&peers[i], signers[i].signer.public_key);
    }
}

static const struct {
    const char *name;
    enum circuit_protocol protocol;
    enum err err;
    const char *hex;
    enum circuit_type type;
    uint64_t status;
} table[] = {
    {"reserve",              CIRCUIT_HOP,  OK,              "0800",                               CIRCUIT_RESERVE, 0  },
    {"hop connect",          CIRCUIT_HOP,  OK,              "0801 1204 0a02 1234",                CIRCUIT_CONNECT, 0  },
    {"hop status",           CIRCUIT_HOP,  OK,              "0802 28cc01",                        CIRCUIT_STATUS,  204},
    {"stop connect",         CIRCUIT_STOP, OK,              "0800 1204 0a02 1234 1a04 0878 1064", CIRCUIT_CONNECT, 0  },
    {"stop status",          CIRCUIT_STOP, OK,              "0801 2064",                          CIRCUIT_STATUS,  100},
    {"an unknown field",     CIRCUIT_STOP, OK,              "0801 2064 7a01 00",                  CIRCUIT_STATUS,  100},
    {"no type",              CIRCUIT_HOP,  ERR_MALFORMED,   "28cc01",                             0,               0  },
    {"nothing",              CIRCUIT_HOP,  ERR_MALFORMED,   "",                                   0,               0  },
    {"no such type",         CIRCUIT_HOP,  ERR_UNSUPPORTED, "0803",                               0,               0  },
    {"no such type of stop", CIRCUIT_STOP, ERR_UNSUPPORTED, "0802",                               0,               0  },
    {"cut off",              CIRCUIT_HOP,  ERR_MALFORMED,   "0801 1204 0a02 12",                  0,               0  },
    {"a peer that is none",  CIRCUIT_HOP,  ERR_MALFORMED,   "0801 1202 0a05",                     0,               0  },
    {"a status of bytes",    CIRCUIT_HOP,  ERR_MALFORMED,   "0802 2a01 00",                       0,               0  },
};

TEST(messages_as_bytes)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct circuit_message m;
        test_note("%s", table[i].name);
        struct span in = test_hex(table[i].hex);
        EXPECT_ERR(table[i].err, circuit_message_decode(&m, table[i].protocol, in));
        if (table[i].err == OK) {
            EXPECT_EQ(table[i].type, m.type);
            EXPECT_EQ(table[i].status, m.status);
        }
    }
    struct circuit_message m;
    EXPECT_OK(circuit_message_decode(&m, CIRCUIT_STOP,
                                     test_hex("0800 1204 0a02 1234 1a09 08ffffffffff1f 1064")));
    EXPECT_SPAN(test_hex("1234"), m.peer);
    EXPECT_EQ(UINT32_MAX, m.limit.duration_s); /* a duration beyond 32 bits */
    EXPECT_EQ(100, m.limit.data_len);
    static uint8_t long_one[CIRCUIT_MESSAGE_LEN_MAX + 1] = {0x08, 0};
    EXPECT_ERR(ERR_LIMIT, circuit_message_decode(&m, CIRCUIT_HOP, SPAN_OF(long_one)));
}

TEST(a_reservation_there_and_back)
{
    uint8_t room[1024];
    struct circuit_message m = {
        .type = CIRCUIT_STATUS,
        .status = CIRCUIT_OK,
        .has_reservation = true,
        .expires_s = 1800000000,
        .voucher = SPAN_LIT("voucher"),
        .addrs_count = 2,
        .limit = {120, 131072}
    };
    m.addrs[0] = SPAN_LIT("one");
    m.addrs[1] = SPAN_LIT("two");
    struct wr w = wr_init(MSPAN_OF(room));
    struct circuit_message b;
    circuit_message_encode(&w, CIRCUIT_HOP, &m);
    EXPECT_OK(circuit_message_decode(&b, CIRCUIT_HOP, span_of(room, w.n)));
    EXPECT(b.has_reservation);
    EXPECT_EQ(1800000000, b.expires_s);
    EXPECT_EQ(2, b.addrs_count);
    EXPECT_SPAN(SPAN_LIT("two"), b.addrs[1]);
    EXPECT_SPAN(SPAN_LIT("voucher"), b.voucher);
    EXPECT_EQ(120, b.limit.duration_s);
    EXPECT_EQ(131072, b.limit.data_len);
    w = wr_init(MSPAN_OF(room));
    circuit_message_encode(&w, CIRCUIT_STOP, &m);
    EXPECT_ERR(ERR_STATE, wr_end(&w));
    w = wr_init(MSPAN_OF(room));
    circuit_message_encode(&w, CIRCUIT_STOP, &(struct circuit_message){.type = CIRCUIT_RESERVE});
    EXPECT_ERR(ERR_STATE, wr_end(&w));
}

static struct span seal(uint8_t *room, const struct circuit_voucher *v, unsigned by)
{
    struct wr w = wr_init(mspan_of(room, 512));
    EXPECT_OK(circuit_voucher_seal(&w, v, &signers[by].signer, test_budget()));
    return span_of(room, w.n);
}

TEST(vouchers)
{
    start();
    uint8_t room[512];
    struct circuit_voucher v = {.relay = peers[0], .peer = peers[1], .expires_s = 1800000000};
    struct circuit_voucher b;
    struct span sealed = seal(room, &v, 0);
    TEST_REQUIRE(EXPECT_OK(circuit_voucher_open(&b, sealed, test_budget())));
    EXPECT(peer_id_equal(&v.relay, &b.relay));
    EXPECT(peer_id_equal(&v.peer, &b.peer));
    EXPECT_EQ(v.expires_s, b.expires_s);
    /* The envelope says domain and type as the specification does. */
    struct envelope e;
    struct peer_id signer;
    EXPECT_OK(envelope_decode(&e, sealed));
    EXPECT_SPAN(test_hex("0302"), e.payload_type);
    EXPECT_OK(envelope_verify(&signer, &e, SPAN_LIT("libp2p-relay-rsvp"), test_budget()));
    room[sealed.n - 1] ^= 1;
    EXPECT_ERR(ERR_AUTH, circuit_voucher_open(&b, sealed, test_budget()));
    EXPECT_ERR(ERR_AUTH, circuit_voucher_open(&b, seal(room, &v, 1), test_budget()));
    EXPECT_ERR(ERR_MALFORMED, circuit_voucher_open(&b, SPAN_LIT("\1"), test_budget()));
}

TEST(addresses_through_relays)
{
    static const struct {
        const char *text;
        enum err err;
        bool has_target;
    } addrs[] = {
        {"/ip4/1.2.3.4/tcp/1/p2p/%R/p2p-circuit/p2p/%T",  OK,              true },
        {"/ip4/1.2.3.4/udp/1/quic-v1/p2p/%R/p2p-circuit", OK,              false},
        {"/p2p/%R/p2p-circuit/p2p/%T",                    OK,              true },
        {"/ip4/1.2.3.4/tcp/1/p2p/%R",                     ERR_UNSUPPORTED, false},
        {"/ip4/1.2.3.4/tcp/1/p2p-circuit/p2p/%T",         ERR_UNSUPPORTED, false},
        {"/p2p/%R/ip4/1.2.3.4/p2p-circuit/p2p/%T",        ERR_UNSUPPORTED, false},
        {"/p2p/%R/p2p/%T/p2p-circuit",                    ERR_UNSUPPORTED, false},
        {"/p2p/%R/p2p-circuit/ip4/1.2.3.4",               ERR_UNSUPPORTED, false},
        {"/p2p/%R/p2p-circuit/p2p/%T/p2p-circuit/p2p/%R", ERR_UNSUPPORTED, false},
    };
    start();
    for (size_t i = 0; i < sizeof addrs / sizeof addrs[0]; i++) {
        char text[512] = "";
        size_t n = 0;
        for (const char *p = addrs[i].text; *p; p++) {
            if (*p == '%') {
                peer_id_print(text + n, &peers[*++p == 'T']);
                n = span_str(text).n;
            } else {
                text[n++] = *p;
            }
        }
        uint8_t bytes[MULTIADDR_LEN_MAX];
        uint8_t again[MULTIADDR_LEN_MAX];
        struct wr w = wr_init(MSPAN_OF(bytes));
        struct circuit_addr a;
        test_note("%s", text);
        TEST_REQUIRE(EXPECT_OK(multiaddr_parse(&w, span_of(text, n), NULL)));
        EXPECT_ERR(addrs[i].err, circuit_addr_read(&a, span_of(bytes, w.n)));
        if (addrs[i].err == OK) {
            struct wr v = wr_init(MSPAN_OF(again));
            EXPECT(peer_id_equal(&peers[0], &a.relay));
            EXPECT_EQ(addrs[i].has_target, a.target.n > 0);
            circuit_addr_write(&v, &a);
            EXPECT_SPAN(span_of(bytes, w.n), span_of(again, v.n));
        }
    }
    struct circuit_addr a;
    EXPECT_ERR(ERR_UNSUPPORTED, circuit_addr_read(&a, SPAN_EMPTY));
}

TEST_MAIN
