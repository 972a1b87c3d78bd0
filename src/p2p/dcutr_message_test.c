/* Messages of DCUtR as bytes: what is kept, what is left out, what is refused. */
#include "p2p/dcutr_message.h"

#include "base/test.h"

TEST(messages_as_bytes)
{
    static const struct {
        const char *name;
        enum err err;
        const char *hex;
        enum dcutr_type type;
        size_t addrs_count;
    } table[] = {
        {"sync",                        OK,              "08ac02",                                           DCUTR_SYNC,    0},
        {"connect",                     OK,              "0864 1208 0401020304060fa1 1208 0401020305060fa1", DCUTR_CONNECT, 2},
        {"what is no address",          OK,              "0864 1202 ffff 1208 0401020304060fa1",             DCUTR_CONNECT, 1},
        {"through a relay",             OK,
         "0864 122f 0401020304060fa1 a50322"
         "1220 0101010101010101010101010101010101010101010101010101010101010101 a202",                       DCUTR_CONNECT, 0},
        {"no type",                     ERR_MALFORMED,   "1208 0401020304060fa1",                            DCUTR_SYNC,    0},
        {"another type",                ERR_UNSUPPORTED, "0801",                                             DCUTR_SYNC,    0},
        {"cut off",                     ERR_MALFORMED,   "0864 1208 04",                                     DCUTR_SYNC,    0},
        {"an address that is a number", ERR_MALFORMED,   "0864 1001",                                        DCUTR_SYNC,    0},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct dcutr_message m;
        test_note("%s", table[i].name);
        EXPECT_ERR(table[i].err, dcutr_message_decode(&m, test_hex(table[i].hex)));
        if (table[i].err == OK) {
            EXPECT_EQ(table[i].type, m.type);
            EXPECT_EQ(table[i].addrs_count, m.addrs_count);
        }
    }
}

TEST(limits)
{
    static uint8_t room[2 * DCUTR_MESSAGE_LEN_MAX];
    struct dcutr_message m = {.type = DCUTR_CONNECT, .addrs_count = DCUTR_ADDRS_MAX};
    struct dcutr_message b;
    for (size_t i = 0; i < DCUTR_ADDRS_MAX; i++) {
        m.addrs[i] = test_hex("0401020304060fa1");
    }
    struct wr w = wr_init(MSPAN_OF(room));
    dcutr_message_encode(&w, &m);
    dcutr_message_encode(&w, &m); /* one message with twice as many */
    EXPECT_OK(dcutr_message_decode(&b, span_of(room, w.n)));
    EXPECT_EQ(DCUTR_ADDRS_MAX, b.addrs_count);
    EXPECT_SPAN(m.addrs[0], b.addrs[DCUTR_ADDRS_MAX - 1]);
    EXPECT_ERR(ERR_LIMIT, dcutr_message_decode(&b, span_of(room, DCUTR_MESSAGE_LEN_MAX + 1)));
}

TEST_MAIN
