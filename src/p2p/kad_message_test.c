/* DHT messages: bytes known from the specification, what is refused, bounds, and there and back. */
#include "p2p/kad_message.h"

#include "base/test.h"
#include "codec/multiaddr.h"

#include <string.h>

static struct peer_id peer_of(uint8_t n)
{
    struct peer_id id;
    uint8_t bytes[34] = {0x12, 0x20, n};
    EXPECT_OK(peer_id_decode(&id, SPAN_OF(bytes)));
    return id;
}

TEST(bytes_of_a_request)
{
    /* type FIND_NODE, key "key": by hand from the protobuf of the specification. */
    uint8_t room[64];
    struct wr w = wr_init(MSPAN_OF(room));
    kad_message_encode(&w,
                       &(struct kad_message_out){.type = KAD_FIND_NODE, .key = SPAN_LIT("key")});
    EXPECT_OK(wr_end(&w));
    EXPECT_SPAN(test_hex("0804 1203 6b6579"), span_of(room, w.n));
}

TEST(bytes_of_an_answer)
{
    /* A peer with /ip4/127.0.0.1/tcp/4001 that is connected, and one with an address of an unknown kind. */
    struct span in =
        test_hex("0804 1203 6b6579"
                 "4230 0a22 1220 0700000000000000000000000000000000000000000000000000000000000000"
                 "1208 04 7f000001 06 0fa1 1801"
                 "4229 0a22 1220 0800000000000000000000000000000000000000000000000000000000000000"
                 "1203 ffff03"
                 "5001");
    struct kad_message m;
    TEST_REQUIRE(EXPECT_OK(kad_message_decode(&m, in)));
    EXPECT_EQ(KAD_FIND_NODE, m.type);
    EXPECT_SPAN(SPAN_LIT("key"), m.key);
    EXPECT(!m.has_record);
    struct kad_cursor c = kad_cursor_init(&m, KAD_LIST_CLOSER);
    struct kad_peer p;
    struct span addr;
    struct peer_id seven = peer_of(7);
    TEST_REQUIRE(kad_next_peer(&p, &c));
    EXPECT(peer_id_equal(&seven, &p.id));
    EXPECT_EQ(KAD_CONNECTED, p.connection);
    struct span addrs = p.addrs;
    TEST_REQUIRE(kad_next_addr(&addr, &addrs));
    EXPECT_SPAN(test_hex("047f000001060fa1"), addr);
    EXPECT(!kad_next_addr(&addr, &addrs));
    TEST_REQUIRE(kad_next_peer(&p, &c));
    addrs = p.addrs;
    EXPECT(!kad_next_addr(&addr, &addrs));
    EXPECT(!kad_next_peer(&p, &c));
    c = kad_cursor_init(&m, KAD_LIST_PROVIDERS);
    EXPECT(!kad_next_peer(&p, &c));
}

TEST(refused)
{
    static const struct {
        const char *name;
        const char *hex;
        enum err err;
    } cases[] = {
        {"a type that nobody knows",    "0806",          ERR_UNSUPPORTED},
        {"the last type that there is", "0805",          OK             },
        {"type is text",                "0a0104",        ERR_MALFORMED  },
        {"key is a number",             "08041001",      ERR_MALFORMED  },
        {"key ends early",              "080412056b",    ERR_MALFORMED  },
        {"record is cut",               "0801 1a020a05", ERR_MALFORMED  },
        {"peers are a number",          "08044001",      ERR_MALFORMED  },
        {"nothing at all is PUT_VALUE", "",              OK             },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_note("%s", cases[i].name);
        struct kad_message m;
        EXPECT_ERR(cases[i].err, kad_message_decode(&m, test_hex(cases[i].hex)));
    }
}

TEST(lengths_at_their_limits)
{
    static uint8_t big[KAD_VALUE_LEN_MAX + 1];
    static uint8_t room[KAD_VALUE_LEN_MAX + 1024];
    for (size_t over = 0; over < 2; over++) {
        test_note("one over: %zu", over);
        struct kad_message m;
        struct wr w = wr_init(MSPAN_OF(room));
        kad_message_encode(&w,
                           &(struct kad_message_out){.type = KAD_GET_VALUE,
                                                     .key = span_of(big, KAD_KEY_LEN_MAX + over)});
        EXPECT_ERR(over ? ERR_LIMIT : OK, kad_message_decode(&m, span_of(room, w.n)));
        struct kad_record record = {.key = SPAN_LIT("k"),
                                    .value = span_of(big, KAD_VALUE_LEN_MAX + over)};
        w = wr_init(MSPAN_OF(room));
        kad_message_encode(&w, &(struct kad_message_out){
                                   .type = KAD_PUT_VALUE, .key = SPAN_LIT("k"), .record = &record});
        EXPECT_ERR(over ? ERR_LIMIT : OK, kad_message_decode(&m, span_of(room, w.n)));
    }
    static uint8_t long_one[KAD_MESSAGE_LEN_MAX + 1];
    struct kad_message m;
    EXPECT_ERR(ERR_LIMIT, kad_message_decode(&m, SPAN_OF(long_one)));
}

TEST(there_and_back)
{
    uint8_t addr[8];
    struct wr a = wr_init(MSPAN_OF(addr));
    multiaddr_write(&a, MULTIADDR_IP4, test_hex("0a000001"));
    multiaddr_write_port(&a, MULTIADDR_TCP, 4001);
    uint8_t addrs[64];
    struct wr w = wr_init(MSPAN_OF(addrs));
    kad_write_addr(&w, span_of(addr, a.n));
    struct kad_peer peers[2] = {
        {.id = peer_of(1), .addrs = span_of(addrs, w.n), .connection = KAD_CAN_CONNECT},
        {.id = peer_of(2)},
    };
    struct kad_record record = {
        .key = SPAN_LIT("/x/y"), .value = SPAN_LIT("v"), .time_received = SPAN_LIT("2026")};
    struct kad_message_out out = {.type = KAD_GET_VALUE,
                                  .key = SPAN_LIT("/x/y"),
                                  .record = &record,
                                  .closer = peers,
                                  .closer_count = 2,
                                  .providers = peers,
                                  .providers_count = 1};
    uint8_t room[512];
    w = wr_init(MSPAN_OF(room));
    wr_u8(&w, 9); /* the message need not be first in its buffer */
    kad_message_encode(&w, &out);
    struct kad_message m;
    TEST_REQUIRE(EXPECT_OK(kad_message_decode(&m, span_of(room + 1, w.n - 1))));
    EXPECT(m.has_record);
    EXPECT_SPAN(record.key, m.record.key);
    EXPECT_SPAN(record.value, m.record.value);
    EXPECT_SPAN(record.time_received, m.record.time_received);
    struct kad_peer p;
    struct kad_cursor c = kad_cursor_init(&m, KAD_LIST_CLOSER);
    for (size_t i = 0; i < 2; i++) {
        TEST_REQUIRE(kad_next_peer(&p, &c));
        EXPECT(peer_id_equal(&peers[i].id, &p.id));
        EXPECT_EQ(peers[i].connection, p.connection);
    }
    EXPECT(!kad_next_peer(&p, &c));
    c = kad_cursor_init(&m, KAD_LIST_PROVIDERS);
    TEST_REQUIRE(kad_next_peer(&p, &c));
    EXPECT(!kad_next_peer(&p, &c));
}

TEST(answers_stay_below_what_the_strictest_reads)
{
    static uint8_t addrs[4096];
    struct wr w = wr_init(MSPAN_OF(addrs));
    for (unsigned i = 0; i < 60; i++) {
        uint8_t addr[64];
        struct wr a = wr_init(MSPAN_OF(addr));
        multiaddr_write(&a, MULTIADDR_DNS4, SPAN_LIT("a-name-of-some-length.example"));
        multiaddr_write_port(&a, MULTIADDR_TCP, (uint16_t)(i + 1));
        kad_write_addr(&w, span_of(addr, a.n));
    }
    static struct kad_peer peers[KAD_PEERS_MAX];
    for (unsigned i = 0; i < KAD_PEERS_MAX; i++) {
        peers[i] = (struct kad_peer){.id = peer_of((uint8_t)i), .addrs = span_of(addrs, w.n)};
    }
    static uint8_t room[64 * 1024];
    struct wr out = wr_init(MSPAN_OF(room));
    kad_message_encode(&out, &(struct kad_message_out){.type = KAD_FIND_NODE,
                                                       .key = SPAN_LIT("key"),
                                                       .closer = peers,
                                                       .closer_count = KAD_PEERS_MAX});
    EXPECT(out.n <= KAD_SENT_LEN_MAX);
    EXPECT(out.n > KAD_SENT_LEN_MAX - 512);
    struct kad_message m;
    TEST_REQUIRE(EXPECT_OK(kad_message_decode(&m, span_of(room, out.n))));
    struct kad_cursor c = kad_cursor_init(&m, KAD_LIST_CLOSER);
    struct kad_peer p;
    while (kad_next_peer(&p, &c)) {
        struct span addr;
        size_t count = 0;
        while (kad_next_addr(&addr, &p.addrs)) {
            count++;
        }
        EXPECT_EQ(KAD_ADDRS_MAX, count);
    }
}

TEST(dates)
{
    static const struct {
        uint64_t s;
        const char *text;
    } cases[] = {
        {0,          ""                              },
        {1,          "1970-01-01T00:00:01.000000000Z"},
        {951782400,  "2000-02-29T00:00:00.000000000Z"},
        {951868800,  "2000-03-01T00:00:00.000000000Z"},
        {1798761599, "2026-12-31T23:59:59.000000000Z"},
        {1798761600, "2027-01-01T00:00:00.000000000Z"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t room[KAD_TIME_LEN_MAX];
        EXPECT_SPAN(span_str(cases[i].text),
                    kad_print_time(MSPAN_OF(room), (walltime){cases[i].s}));
    }
}

TEST_MAIN
