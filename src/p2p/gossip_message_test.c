/* RPCs of gossipsub: bytes, signatures under each policy, bounds, there and back. */
#include "p2p/gossip_message.h"

#include "base/test.h"
#include "p2p/key_signer.h"

#include <stdio.h>
#include <string.h>

static struct key_signer signer;

static struct gossip_message signed_message(struct gossip_signed *room)
{
    struct secret32 seed = {.bytes = {1}};
    key_signer_init(&signer, &seed);
    struct gossip_message m = {.data = SPAN_LIT("data"),
                               .seqno = SPAN_LIT("\0\0\0\0\0\0\0\1"),
                               .topic = SPAN_LIT("topic"),
                               .has_seqno = true};
    EXPECT_OK(gossip_message_sign(&m, room, &signer.signer, test_budget()));
    return m;
}

TEST(bytes_of_an_rpc)
{
    /* By hand from the protobuf of the specification. */
    static const struct {
        const char *name;
        const char *hex;
    } cases[] = {
        {"subscribe", "0a05 0801 1201 74"            },
        {"graft",     "1a05 1a03 0a01 74"            },
        {"prune",     "1a07 2205 0a01 74 183c"       },
        {"prune 1.0", "1a05 2203 0a01 74"            },
        {"ihave",     "1a0a 0a08 0a01 74 1203 616263"},
        {"iwant",     "1a07 1205 0a03 616263"        },
        {"idontwant", "1a07 2a05 0a03 616263"        },
        {"publish",   "1204 1202 2201"               },
    };
    uint8_t inner[64];
    uint8_t room[64];
    struct span id = SPAN_LIT("abc");
    struct span topic = SPAN_LIT("t");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_note("%s", cases[i].name);
        struct wr c = wr_init(MSPAN_OF(inner));
        struct wr w = wr_init(MSPAN_OF(room));
        switch (i) {
        case 0: gossip_write_subscription(&w, true, topic); break;
        case 1: gossip_write_graft(&c, topic); break;
        case 2:
        case 3:
            gossip_write_prune(&c, &(struct gossip_prune_out){
                                       .topic = topic, .backoff_s = 60, .has_backoff = i == 2});
            break;
        case 7: gossip_write_publish(&w, test_hex("12022201")); break;
        default:
            gossip_write_ids(&c, &(struct gossip_ids_out){.kind = i == 4   ? GOSSIP_IHAVE
                                                                  : i == 5 ? GOSSIP_IWANT
                                                                           : GOSSIP_IDONTWANT,
                                                          .topic = topic,
                                                          .ids = &id,
                                                          .ids_count = 1});
            break;
        }
        if (c.n > 0) {
            gossip_write_control(&w, span_of(inner, c.n));
        }
        EXPECT_SPAN(test_hex(cases[i].hex), span_of(room, w.n));
        EXPECT_OK(gossip_rpc_check(span_of(room, w.n)));
        struct gossip_cursor cursor = gossip_cursor_init(span_of(room, w.n));
        struct gossip_item item;
        TEST_REQUIRE(gossip_next_item(&item, &cursor));
        static const enum gossip_item_kind kinds[] = {GOSSIP_SUBSCRIBE, GOSSIP_GRAFT,  GOSSIP_PRUNE,
                                                      GOSSIP_PRUNE,     GOSSIP_IHAVE,  GOSSIP_IWANT,
                                                      GOSSIP_IDONTWANT, GOSSIP_PUBLISH};
        EXPECT_EQ(kinds[i], item.kind);
        EXPECT_EQ(i == 2 ? 60 : 0, item.backoff_s);
        struct span rest = item.raw;
        struct span got;
        bool has_id = i >= 4 && i <= 6;
        EXPECT_EQ(has_id, gossip_next_id(&got, item.kind, &rest) && span_equal(got, id));
        EXPECT(!gossip_next_item(&item, &cursor));
    }
}

TEST(signatures_by_policy)
{
    static const struct {
        const char *name;
        enum err strict;
        enum err none;
    } cases[] = {
        {"as signed",              OK,         ERR_DENIED},
        {"data changed",           ERR_AUTH,   ERR_DENIED},
        {"topic changed",          ERR_AUTH,   ERR_DENIED},
        {"seqno changed",          ERR_AUTH,   ERR_DENIED},
        {"seqno of seven bytes",   ERR_DENIED, ERR_DENIED},
        {"no seqno",               ERR_DENIED, ERR_DENIED},
        {"another author",         ERR_AUTH,   ERR_DENIED},
        {"no author",              ERR_DENIED, ERR_DENIED},
        {"no signature",           ERR_DENIED, ERR_DENIED},
        {"empty signature",        ERR_AUTH,   ERR_DENIED},
        {"key too, which is fine", OK,         ERR_DENIED},
        {"nothing at all",         ERR_DENIED, OK        },
        {"only an empty key",      ERR_DENIED, ERR_DENIED},
        {"only an empty author",   ERR_DENIED, ERR_DENIED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_note("%s", cases[i].name);
        struct gossip_signed room;
        struct gossip_message m = signed_message(&room);
        struct gossip_message bare = {.data = m.data, .topic = m.topic};
        switch (i) {
        case 1: m.data = SPAN_LIT("Data"); break;
        case 2: m.topic = SPAN_LIT("Topic"); break;
        case 3: m.seqno = SPAN_LIT("\0\0\0\0\0\0\0\2"); break;
        case 4: m.seqno = span_first(m.seqno, 7); break;
        case 5:
            m.has_seqno = false;
            m.seqno = SPAN_EMPTY;
            break;
        case 6: room.from.bytes[20] ^= 1; break;
        case 7: m.has_from = false; break;
        case 8: m.has_signature = false; break;
        case 9: m.signature = SPAN_EMPTY; break;
        case 10:
            m.key = signer.signer.public_key;
            m.has_key = true;
            break;
        case 11: m = bare; break;
        case 12:
            m = bare;
            m.has_key = true;
            break;
        case 13:
            m = bare;
            m.has_from = true;
            break;
        default: break;
        }
        EXPECT_ERR(cases[i].strict, gossip_message_verify(&m, GOSSIP_STRICT_SIGN, test_budget()));
        EXPECT_ERR(cases[i].none, gossip_message_verify(&m, GOSSIP_STRICT_NO_SIGN, test_budget()));
        key_signer_done(&signer);
    }
}

TEST(a_message_there_and_back)
{
    struct gossip_signed room;
    struct gossip_message m = signed_message(&room);
    uint8_t bytes[512];
    struct wr w = wr_init(MSPAN_OF(bytes));
    gossip_message_encode(&w, &m);
    EXPECT_EQ(gossip_message_len(&m), w.n);
    struct gossip_message b;
    TEST_REQUIRE(EXPECT_OK(gossip_message_decode(&b, span_of(bytes, w.n))));
    EXPECT_OK(gossip_message_verify(&b, GOSSIP_STRICT_SIGN, test_budget()));
    EXPECT_SPAN(m.data, b.data);
    EXPECT(!b.has_key);
    key_signer_done(&signer);
}

TEST(messages_refused)
{
    static const struct {
        const char *name;
        const char *hex;
    } cases[] = {
        {"no topic",       "1204 64617461"                             },
        {"an empty topic", "2200"                                      },
        {"two topics",     "220174 220175"                             },
        {"data cut",       "1204 6461"                                 },
        {"topic a number", "2001"                                      },
        {"from too long",  "220174 0a2d "
                          "000000000000000000000000000000000000000000000000000000000000000000000000"
                          "000000000000000000"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_note("%s", cases[i].name);
        struct gossip_message m;
        enum err e = gossip_message_decode(&m, test_hex(cases[i].hex));
        EXPECT(e == ERR_MALFORMED || e == ERR_LIMIT);
    }
}

/* fill writes `count` of something into an RPC. */
static size_t fill(uint8_t *room, size_t room_len, unsigned what, size_t count)
{
    static uint8_t control[512 * 1024];
    struct wr w = wr_init(mspan_of(room, room_len));
    struct wr c = wr_init(MSPAN_OF(control));
    struct span id = SPAN_LIT("i");
    for (size_t i = 0; i < count; i++) {
        switch (what) {
        case 0:  gossip_write_subscription(&w, true, SPAN_LIT("t")); break;
        case 1:  gossip_write_publish(&w, test_hex("220174")); break;
        case 2:  gossip_write_graft(&c, SPAN_LIT("t")); break;
        default: break;
        }
    }
    for (size_t left = count; what == 3 && left > 0;) {
        static struct span ids[1000];
        size_t n = left < 1000 ? left : 1000;
        for (size_t i = 0; i < n; i++) {
            ids[i] = id;
        }
        gossip_write_ids(
            &c, &(struct gossip_ids_out){.kind = GOSSIP_IWANT, .ids = ids, .ids_count = n});
        left -= n;
    }
    if (c.n > 0) {
        gossip_write_control(&w, span_of(control, c.n));
    }
    EXPECT(wr_ok(&w));
    return w.n;
}

TEST(bounds_of_an_rpc)
{
    static const struct {
        const char *name;
        size_t max;
    } cases[] = {
        {"subscriptions", GOSSIP_RPC_SUBSCRIPTIONS_MAX},
        {"messages",      GOSSIP_RPC_MESSAGES_MAX     },
        {"control items", GOSSIP_RPC_CONTROL_MAX      },
        {"ids",           GOSSIP_RPC_IDS_MAX          },
    };
    static uint8_t room[1024 * 1024];
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_note("%s", cases[i].name);
        size_t n = fill(room, sizeof room, i, cases[i].max);
        EXPECT_OK(gossip_rpc_check(span_of(room, n)));
        n = fill(room, sizeof room, i, cases[i].max + 1);
        EXPECT_ERR(ERR_LIMIT, gossip_rpc_check(span_of(room, n)));
    }
    uint8_t id[GOSSIP_ID_LEN_MAX + 1] = {0};
    for (size_t over = 0; over < 2; over++) {
        struct span one = span_of(id, GOSSIP_ID_LEN_MAX + over);
        uint8_t control[128];
        struct wr c = wr_init(MSPAN_OF(control));
        gossip_write_ids(
            &c, &(struct gossip_ids_out){.kind = GOSSIP_IWANT, .ids = &one, .ids_count = 1});
        struct wr w = wr_init(MSPAN_OF(room));
        gossip_write_control(&w, span_of(control, c.n));
        EXPECT_ERR(over ? ERR_LIMIT : OK, gossip_rpc_check(span_of(room, w.n)));
    }
}

TEST(rpcs_refused)
{
    static const char *const cases[] = {"0a",        "0a02 08", "0a03 0a0174",    "1a03 0a0174",
                                        "1a02 0801", "1201",    "1a04 1a02 0a05", "0802",
                                        "1801",      "0b"};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_note("%s", cases[i]);
        EXPECT_ERR(ERR_MALFORMED, gossip_rpc_check(test_hex(cases[i])));
    }
    /* Fields of extensions that we do not know are passed over. */
    EXPECT_OK(gossip_rpc_check(test_hex("1a02 3200 5200 9291e218 00")));
}

TEST_MAIN
