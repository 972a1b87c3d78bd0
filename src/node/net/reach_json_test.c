/* The verdict there and back, and what is none. */
#include "node/net/reach_json.h"

#include "base/test.h"

#include <string.h>

TEST(every_verdict_comes_back_as_it_was_written)
{
    for (int i = 0; i < REACH_COUNT; i++) {
        for (int k = 0; k < REACH_REASON_COUNT; k++) {
            uint8_t room[256];
            struct reach_word word = {.reach = (enum reach)i, .reason = (enum reach_reason)k};
            struct reach_word read = {0};
            struct json v;
            struct wr w = wr_init(MSPAN_OF(room));
            struct json_writer j = json_writer_init(&w);
            reach_json_put(&j, word);
            EXPECT_OK(json_writer_end(&j));
            EXPECT_OK(json_parse(&v, span_of(room, w.n), NULL));
            EXPECT_OK(reach_json_get(&read, v));
            EXPECT(read.reach == word.reach);
            EXPECT(read.reason == word.reason);
        }
    }
}

TEST(what_is_no_verdict_is_refused)
{
    static const char *const texts[] = {
        "{}",
        "[]",
        "\"reachable\"",
        "{\"state\":\"reachable\"}",
        "{\"state\":\"reachable\",\"why\":\"dialled\"}",
        "{\"state\":\"reachable\",\"why\":{\"code\":\"\"}}",
        "{\"state\":\"reachable\",\"why\":{\"code\":\"because\"}}",
        "{\"state\":\"Reachable\",\"why\":{\"code\":\"dialled\"}}",
        "{\"state\":1,\"why\":{\"code\":\"dialled\"}}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct reach_word read = {.reach = REACH_RELAYED};
        struct json v;
        EXPECT_OK(json_parse(&v, span_str(texts[i]), NULL));
        EXPECT_ERR(reach_json_get(&read, v), ERR_MALFORMED);
        EXPECT(read.reach == REACH_RELAYED);
    }
}

TEST_MAIN
