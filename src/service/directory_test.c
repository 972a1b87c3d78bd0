/* The key of servers in the DHT, against digests that Python's hashlib made of the texts in docs/protocol.md. */
#include "service/directory.h"

#include "base/test.h"
#include "base/wr.h"
#include "codec/base16.h"

TEST(keys)
{
    static const struct {
        const char *name;
        uint64_t chain_id;
        uint64_t day;
        const char *key;
    } table[] = {
        {"the first day",        1,          0,
         "1220926e0d98ca25eb1bbe4b0772fe660cb9ff47c13c84d2363838b150dc8da58398"},
        {"the day after",        1,          1,
         "122096978f9da149bd905232b7e5719c52c128eb0a601156800ba5ac239430db0ef5"},
        {"Sepolia",              11155111,   20418,
         "12209a4ff12f49627a4da59dfffb01849504f84a949082c3a2cb7a3f0d7822f26ed2"},
        {"the longest of texts", UINT64_MAX, UINT64_MAX,
         "12201a8ee2c77da2ff20c57479f4a82e9826eb67a662282ac747ea62ff725e0210a7"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        uint8_t key[DIRECTORY_KEY_LEN];
        uint8_t want[DIRECTORY_KEY_LEN];
        test_note("%s", table[i].name);
        EXPECT_OK(base16_decode_fixed(MSPAN_OF(want), span_str(table[i].key)));
        directory_key(key, table[i].chain_id, table[i].day);
        EXPECT_SPAN(SPAN_OF(want), SPAN_OF(key));
    }
}

TEST_MAIN
