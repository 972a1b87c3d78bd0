/* What in a multiaddr is a WebSocket. */
#include "p2p/ws_addr.h"

#include "base/test.h"
#include "codec/multiaddr.h"

TEST(forms)
{
    static const struct {
        const char *text;
        bool is_ws;
        bool is_tls;
        const char *sni;
        const char *again; /* what is written for it */
    } cases[] = {
        {"/ip4/1.2.3.4/tcp/1",                 false, false, "",  NULL     },
        {"/ip4/1.2.3.4/tcp/1/ws",              true,  false, "",  "/ws"    },
        {"/ip4/1.2.3.4/tcp/1/tls/ws",          true,  true,  "",  "/tls/ws"},
        {"/dns4/a.example/tcp/1/tls/sni/b/ws", true,  true,  "b", "/tls/ws"},
        {"/dns4/a.example/tcp/1/wss",          true,  true,  "",  "/tls/ws"},
        {"/ip4/1.2.3.4/tcp/1/tls",             false, false, "",  NULL     },
        {"/ip4/1.2.3.4/tcp/1/tls/sni/b",       false, false, "",  NULL     },
        {"/ip4/1.2.3.4/tcp/1/sni/b/ws",        false, false, "",  NULL     },
        {"/ip4/1.2.3.4/tcp/1/tls/wss",         false, false, "",  NULL     },
        {"/ip4/1.2.3.4/udp/1/quic-v1",         false, false, "",  NULL     },
        {"/ip4/1.2.3.4/ws",                    false, false, "",  NULL     },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t room[128];
        struct ws_addr a = {0};
        struct wr w = wr_init(MSPAN_OF(room));
        test_note("%s", cases[i].text);
        EXPECT_OK(multiaddr_parse(&w, span_str(cases[i].text), NULL));
        EXPECT_EQ(cases[i].is_ws, ws_addr_find(&a, span_of(room, w.n)));
        EXPECT_EQ(cases[i].is_tls, a.is_tls);
        EXPECT_SPAN(span_str(cases[i].sni), a.sni);
        if (cases[i].is_ws) {
            char text[32];
            struct wr out = wr_init(MSPAN_OF(room));
            struct wr printed = wr_init(MSPAN_OF(text));
            ws_addr_write(&out, a.is_tls);
            EXPECT_OK(multiaddr_print(&printed, span_of(room, out.n)));
            EXPECT_SPAN(span_str(cases[i].again), span_of(text, printed.n));
        }
    }
}

/* What does not begin so is left as it is; what follows stays. */
TEST(taking)
{
    struct ws_addr a = {0};
    struct span rest = test_hex("c003 dd03 0601bb");
    EXPECT(ws_addr_take(&a, &rest));
    EXPECT_SPAN(test_hex("0601bb"), rest);
    EXPECT(!ws_addr_take(&a, &rest));
    EXPECT_SPAN(test_hex("0601bb"), rest);
    rest = test_hex("c003");
    EXPECT(!ws_addr_take(&a, &rest));
    EXPECT_EQ(2, rest.n);
    rest = SPAN_EMPTY;
    EXPECT(!ws_addr_take(&a, &rest));
}

TEST_MAIN
