/* Settings of the server on this machine: what is taken, what comes out. */
#include "node/plugin/keeper_settings.h"

#include "base/test.h"

#include <string.h>

static enum err take(struct keeper_settings *s, const char *text)
{
    struct json v;
    EXPECT_OK(json_parse(&v, span_str(text), NULL));
    return keeper_settings_read(s, v);
}

TEST(what_is_absent_stays)
{
    struct keeper_settings s;
    keeper_settings_default(&s);
    EXPECT_STR("/ip4/0.0.0.0/tcp/4001", s.listen);
    EXPECT(!s.is_wanted);
    EXPECT_OK(take(
        &s, "{\"network_id\":\"sepolia\",\"node\":\"http://a:1\",\"clients\":9,\"wanted\":true}"));
    EXPECT_OK(take(&s, "{\"kbit_s\":20000,\"from_hour\":22,\"to_hour\":6,\"key\":\"x\"}"));
    EXPECT_STR("sepolia", s.network);
    EXPECT_STR("http://a:1", s.node);
    EXPECT_EQ(9, s.clients);
    EXPECT_EQ(20000, s.kbit_s);
    EXPECT(s.is_wanted);
    EXPECT_OK(take(&s, "{\"node\":\"\"}"));
    EXPECT_STR("", s.node);
}

/* Whatever would break out of its line of server.ini, and what no server could keep. */
TEST(what_is_wrong_changes_nothing)
{
    static const char *const wrong[] = {"{\"node\":\"http://a\\nkeys = x\"}",
                                        "{\"node\":\"http://a b\"}",
                                        "{\"listen\":\"\\u0007\"}",
                                        "{\"network_id\":\"\xc3\xa9\"}",
                                        "{\"clients\":4097}",
                                        "{\"clients\":-1}",
                                        "{\"from_hour\":24}",
                                        "{\"to_hour\":24}",
                                        "{\"kbit_s\":100000001}",
                                        "{\"clients\":5,\"node\":7}",
                                        "{\"wanted\":1}"};
    struct keeper_settings s;
    keeper_settings_default(&s);
    const struct keeper_settings before = s;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        test_note("%s", wrong[i]);
        EXPECT(take(&s, wrong[i]) != OK);
        EXPECT_EQ(0, memcmp(&before, &s, sizeof s));
    }
    char text[KEEPER_NODE_LEN + 32];
    (void)memset(text, 'a', sizeof text);
    (void)memcpy(text, "{\"node\":\"", 9);
    (void)memcpy(text + sizeof text - 3, "\"}", 3);
    EXPECT_ERR(ERR_MALFORMED, take(&s, text));
}

TEST(what_is_written_is_read_again)
{
    struct keeper_settings s;
    struct keeper_settings again;
    uint8_t room[2048];
    keeper_settings_default(&s);
    EXPECT_OK(take(
        &s, "{\"network_id\":\"base\",\"node\":\"https://x/y\",\"listen\":\"/ip4/1.2.3.4/tcp/5\","
            "\"clients\":1,\"kbit_s\":2,\"from_hour\":3,\"to_hour\":4}"));
    struct wr w = wr_init(MSPAN_OF(room));
    struct json_writer j = json_writer_init(&w);
    json_put_object(&j);
    keeper_settings_write(&j, &s);
    json_end_object(&j);
    EXPECT_OK(json_writer_end(&j));
    struct json v;
    EXPECT_OK(json_parse(&v, span_of(room, w.n), NULL));
    keeper_settings_default(&again);
    EXPECT_OK(keeper_settings_read(&again, v));
    EXPECT_EQ(0, memcmp(&s, &again, sizeof s));
}

TEST(hours)
{
    static const struct {
        unsigned from;
        unsigned to;
        unsigned hour;
        bool is_open;
    } table[] = {
        {0,  0,  13, true },
        {9,  9,  3,  true },
        {9,  17, 9,  true },
        {9,  17, 16, true },
        {9,  17, 17, false},
        {9,  17, 8,  false},
        {22, 6,  22, true },
        {22, 6,  5,  true },
        {22, 6,  6,  false},
        {22, 6,  12, false},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct keeper_settings s = {.from_hour = table[i].from, .to_hour = table[i].to};
        test_note("%u to %u at %u", table[i].from, table[i].to, table[i].hour);
        EXPECT_EQ(table[i].is_open, keeper_settings_is_open(&s, table[i].hour));
    }
}

TEST(the_servers_own_file)
{
    static const char expected[] =
        "# Written by the wallet at each start of the server.\n[server]\n"
        "network = sepolia\nnode = http://a:1\nlisten = /ip4/0.0.0.0/tcp/4001\n";
    struct keeper_settings s;
    uint8_t room[1024];
    keeper_settings_default(&s);
    EXPECT_OK(take(&s, "{\"node\":\"http://a:1\"}"));
    struct wr w = wr_init(MSPAN_OF(room));
    EXPECT_OK(keeper_settings_ini(&w, &s, "sepolia"));
    EXPECT_SPAN(span_str(expected), span_of(room, w.n));
}

TEST_MAIN
