#include "http/head.h"

#include "base/test.h"
#include "base/wr.h"
#include "http/gate.h"
#include "http/router.h"
#include "http/sha1.h"
#include "http/websocket.h"

#include <string.h>

#define HOST "Host: passmesh.localhost:7878\r\n"
#define WS                                                                                         \
    "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Key: "                 \
    "dGhlIHNhbXBsZSBub25jZQ==\r\n"                                                                 \
    "Sec-WebSocket-Version: 13\r\n"

static enum err parse(struct http_head *head, const char *text, struct diag *why)
{
    return http_head_parse(head, span_str(text), why);
}

TEST(good_head)
{
    struct http_head h;
    TEST_REQUIRE(EXPECT_OK(
        parse(&h,
              "POST /rpc?a=b HTTP/1.1\r\n" HOST "Origin:http://passmesh.localhost:7878 \t\r\n"
              "authorization: Bearer xyz\r\nContent-Type: application/json\r\nX-Empty:\r\n"
              "Content-Length: 12\r\n\r\n",
              NULL)));
    EXPECT_EQ(HTTP_POST, h.method);
    EXPECT_SPAN(SPAN_LIT("/rpc"), h.path);
    EXPECT_SPAN(SPAN_LIT("a=b"), h.query);
    EXPECT_SPAN(SPAN_LIT("passmesh.localhost:7878"), h.host);
    EXPECT_SPAN(SPAN_LIT("http://passmesh.localhost:7878"), h.origin);
    EXPECT_SPAN(SPAN_LIT("Bearer xyz"), h.authorization);
    EXPECT_EQ(12, h.content_length);
    EXPECT(h.has_content_length);
    EXPECT(h.keeps_alive);
    EXPECT(!h.upgrades_to_websocket);
    EXPECT(h.if_none_match.p == NULL);
    struct span v = SPAN_EMPTY;
    TEST_REQUIRE(http_head_find(&v, &h, "x-empty"));
    EXPECT_EQ(0, v.n);
    EXPECT(!http_head_find(&v, &h, "x-absent"));
}

/* Heads that some server or proxy reads in two ways, or that this server has no use for. */
static const struct {
    const char *name;
    const char *text;
    enum err want;
} bad[] = {
    {"empty",                             "",                                                                          ERR_MALFORMED  },
    {"an empty line first",               "\r\nGET / HTTP/1.1\r\n" HOST "\r\n",                                        ERR_MALFORMED  },
    {"no empty line",                     "GET / HTTP/1.1\r\n" HOST,                                                   ERR_MALFORMED  },
    {"bytes behind",                      "GET / HTTP/1.1\r\n" HOST "\r\nx",                                           ERR_MALFORMED  },
    {"bare LF in the request line",       "GET / HTTP/1.1\n" HOST "\r\n",                                              ERR_MALFORMED  },
    {"bare LF behind a field",            "GET / HTTP/1.1\r\n" HOST "A: b\n\r\n",                                      ERR_MALFORMED  },
    {"bare CR in a value",                "GET / HTTP/1.1\r\n" HOST "A: b\rContent-Length: 5\r\n\r\n",
     ERR_MALFORMED                                                                                                                    },
    {"folded line",                       "GET / HTTP/1.1\r\n" HOST "A: b\r\n c\r\n\r\n",                              ERR_MALFORMED  },
    {"folded with a tab",                 "GET / HTTP/1.1\r\n" HOST "A: b\r\n\tc\r\n\r\n",                             ERR_MALFORMED  },
    {"blank before the colon",            "POST / HTTP/1.1\r\n" HOST "Content-Length : 5\r\n\r\n",
     ERR_MALFORMED                                                                                                                    },
    {"no colon",                          "GET / HTTP/1.1\r\n" HOST "A\r\n\r\n",                                       ERR_MALFORMED  },
    {"empty name",                        "GET / HTTP/1.1\r\n" HOST ": a\r\n\r\n",                                     ERR_MALFORMED  },
    {"a name with brackets",              "GET / HTTP/1.1\r\n" HOST "A(b): c\r\n\r\n",                                 ERR_MALFORMED  },
    {"two blanks in the request line",    "GET  / HTTP/1.1\r\n" HOST "\r\n",                                           ERR_MALFORMED  },
    {"a tab in the request line",         "GET\t/ HTTP/1.1\r\n" HOST "\r\n",                                           ERR_MALFORMED  },
    {"a blank behind the version",        "GET / HTTP/1.1 \r\n" HOST "\r\n",                                           ERR_MALFORMED  },
    {"a fourth word",                     "GET / x HTTP/1.1\r\n" HOST "\r\n",                                          ERR_MALFORMED  },
    {"no version",                        "GET /\r\n" HOST "\r\n",                                                     ERR_MALFORMED  },
    {"HTTP/1.0",                          "GET / HTTP/1.0\r\n" HOST "\r\n",                                            ERR_UNSUPPORTED},
    {"HTTP/2.0",                          "GET / HTTP/2.0\r\n" HOST "\r\n",                                            ERR_UNSUPPORTED},
    {"lower-case version",                "GET / http/1.1\r\n" HOST "\r\n",                                            ERR_MALFORMED  },
    {"absolute form",                     "GET http://passmesh.localhost:7878/ HTTP/1.1\r\n" HOST "\r\n",
     ERR_MALFORMED                                                                                                                    },
    {"asterisk",                          "OPTIONS * HTTP/1.1\r\n" HOST "\r\n",                                        ERR_MALFORMED  },
    {"authority form",                    "CONNECT a:1 HTTP/1.1\r\n" HOST "\r\n",                                      ERR_MALFORMED  },
    {"a fragment",                        "GET /#a HTTP/1.1\r\n" HOST "\r\n",                                          ERR_MALFORMED  },
    {"a letter past ASCII in the target", "GET /\xc3\xa9 HTTP/1.1\r\n" HOST "\r\n",                                    ERR_MALFORMED  },
    {"no Host",                           "GET / HTTP/1.1\r\nA: b\r\n\r\n",                                            ERR_MALFORMED  },
    {"two Hosts",                         "GET / HTTP/1.1\r\n" HOST HOST "\r\n",                                       ERR_MALFORMED  },
    {"two Hosts, other case",             "GET / HTTP/1.1\r\n" HOST "hOST: evil.example\r\n\r\n",
     ERR_MALFORMED                                                                                                                    },
    {"empty Host",                        "GET / HTTP/1.1\r\nHost:\r\n\r\n",                                           ERR_MALFORMED  },
    {"Host with a list",                  "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n",                                      ERR_MALFORMED  },
    {"Host with a path",                  "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",                                       ERR_MALFORMED  },
    {"Host with a user",                  "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n",                                       ERR_MALFORMED  },
    {"two Origins",                       "GET / HTTP/1.1\r\n" HOST "Origin: a\r\nOrigin: a\r\n\r\n",                  ERR_MALFORMED  },
    {"two Authorizations",                "GET / HTTP/1.1\r\n" HOST "Authorization: a\r\nAuthorization: b\r\n\r\n",
     ERR_MALFORMED                                                                                                                    },
    {"two Content-Types",                 "GET / HTTP/1.1\r\n" HOST "Content-Type: a\r\nContent-Type: a\r\n\r\n",
     ERR_MALFORMED                                                                                                                    },
    {"two lengths",                       "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
     ERR_MALFORMED                                                                                                                    },
    {"two equal lengths",
     "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 5\r\n\r\n",                                      ERR_MALFORMED  },
    {"a list of lengths",                 "POST / HTTP/1.1\r\n" HOST "Content-Length: 5, 5\r\n\r\n",                   ERR_MALFORMED  },
    {"length with a sign",                "POST / HTTP/1.1\r\n" HOST "Content-Length: +5\r\n\r\n",                     ERR_MALFORMED  },
    {"negative length",                   "POST / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n",                     ERR_MALFORMED  },
    {"length in hex",                     "POST / HTTP/1.1\r\n" HOST "Content-Length: 0x5\r\n\r\n",                    ERR_MALFORMED  },
    {"length with a zero first",          "POST / HTTP/1.1\r\n" HOST "Content-Length: 05\r\n\r\n",
     ERR_MALFORMED                                                                                                                    },
    {"length past 2^64",                  "POST / HTTP/1.1\r\n" HOST "Content-Length: 18446744073709551621\r\n\r\n",
     ERR_MALFORMED                                                                                                                    },
    {"empty length",                      "POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n",                        ERR_MALFORMED  },
    {"chunked",                           "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n",             ERR_MALFORMED  },
    {"chunked and a length",
     "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
     ERR_MALFORMED                                                                                                                    },
    {"chunked, disguised",                "POST / HTTP/1.1\r\n" HOST "transfer-ENCODING:\txchunked\r\n\r\n",
     ERR_MALFORMED                                                                                                                    },
    {"Transfer-Encoding: identity",
     "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: identity\r\n\r\n",                                                 ERR_MALFORMED  },
    {"Content-Encoding",
     "POST / HTTP/1.1\r\n" HOST "Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\n",
     ERR_MALFORMED                                                                                                                    },
    {"GET with a body",                   "GET / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\n",                       ERR_MALFORMED  },
    {"a vertical tab in a value",         "GET / HTTP/1.1\r\n" HOST "A: \x0b\r\n\r\n",                                 ERR_MALFORMED  },
    {"a byte order mark",                 "\xef\xbb\xbfGET / HTTP/1.1\r\n" HOST "\r\n",                                ERR_MALFORMED  },
    {"WebSocket without key",
     "GET /ws HTTP/1.1\r\n" HOST "Upgrade: websocket\r\nConnection: Upgrade\r\n"
     "Sec-WebSocket-Version: 13\r\n\r\n",                                                                              ERR_MALFORMED  },
    {"WebSocket without Connection",
     "GET /ws HTTP/1.1\r\n" HOST "Upgrade: websocket\r\n"
     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
     "Sec-WebSocket-Version: 13\r\n\r\n",                                                                              ERR_MALFORMED  },
    {"WebSocket of version 8",
     "GET /ws HTTP/1.1\r\n" HOST "Upgrade: websocket\r\nConnection: Upgrade\r\n"
     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
     "Sec-WebSocket-Version: 8\r\n\r\n",                                                                               ERR_MALFORMED  },
    {"WebSocket with a short key",
     "GET /ws HTTP/1.1\r\n" HOST "Upgrade: websocket\r\nConnection: Upgrade\r\n"
     "Sec-WebSocket-Key: dGhlIHNhbXBsZQ==\r\n"
     "Sec-WebSocket-Version: 13\r\n\r\n",                                                                              ERR_MALFORMED  },
    {"WebSocket by POST",                 "POST /ws HTTP/1.1\r\n" HOST WS "\r\n",                                      ERR_MALFORMED  },
};

TEST(heads_that_are_refused)
{
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct http_head h;
        struct diag why = {0};
        test_note("%s", bad[i].name);
        EXPECT_ERR(bad[i].want, parse(&h, bad[i].text, &why));
        EXPECT(why.rule != NULL);
    }
    struct http_head h;
    EXPECT_ERR(ERR_MALFORMED,
               http_head_parse(&h, SPAN_LIT("GET / HTTP/1.1\r\n" HOST "A: \0\r\n\r\n"), NULL));
}

static struct span make_head(uint8_t *store, size_t cap, size_t target_len, size_t fields_count)
{
    struct wr w = wr_init(mspan_of(store, cap));
    wr_str(&w, "GET /");
    for (size_t i = 1; i < target_len; i++) {
        wr_u8(&w, 'a');
    }
    wr_str(&w, " HTTP/1.1\r\n" HOST);
    for (size_t i = 1; i < fields_count; i++) {
        wr_str(&w, "A: b\r\n");
    }
    wr_str(&w, "\r\n");
    EXPECT_OK(wr_end(&w));
    return span_of(store, w.n);
}

TEST(limits)
{
    static uint8_t store[2 * HTTP_HEAD_LEN_MAX];
    struct http_head h;
    for (size_t over = 0; over <= 1; over++) {
        enum err want = over ? ERR_LIMIT : OK;
        EXPECT_ERR(
            want, http_head_parse(&h, make_head(store, sizeof store, HTTP_TARGET_LEN_MAX + over, 1),
                                  NULL));
        EXPECT_ERR(want, http_head_parse(
                             &h, make_head(store, sizeof store, 1, HTTP_FIELDS_MAX + over), NULL));
        struct wr w = wr_init(MSPAN_OF(store));
        wr_str(&w, "GET / HTTP/1.1\r\n" HOST "A:");
        for (size_t i = 2; i < HTTP_LINE_LEN_MAX + over; i++) {
            wr_u8(&w, 'b');
        }
        wr_str(&w, "\r\n\r\n");
        EXPECT_ERR(want, http_head_parse(&h, span_of(store, w.n), NULL));
    }
}

TEST(head_end)
{
    EXPECT_EQ(0, http_head_end(SPAN_LIT("GET / HTTP/1.1\r\n\r")));
    EXPECT_EQ(18, http_head_end(SPAN_LIT("GET / HTTP/1.1\r\n\r\nrest\r\n\r\n")));
    EXPECT_EQ(4, http_head_end(SPAN_LIT("\r\n\r\n")));
    EXPECT_EQ(0, http_head_end(SPAN_EMPTY));
}

TEST(connection_and_upgrade)
{
    struct http_head h;
    EXPECT_OK(parse(&h, "GET / HTTP/1.1\r\n" HOST "Connection: Close\r\n\r\n", NULL));
    EXPECT(!h.keeps_alive);
    EXPECT_OK(parse(&h, "GET / HTTP/1.1\r\n" HOST "Connection: x, close\r\n\r\n", NULL));
    EXPECT(!h.keeps_alive);
    EXPECT_OK(
        parse(&h, "GET / HTTP/1.1\r\n" HOST "Upgrade: h2c\r\nConnection: Upgrade\r\n\r\n", NULL));
    EXPECT(!h.upgrades_to_websocket);
    EXPECT_OK(parse(&h, "GET /ws HTTP/1.1\r\n" HOST WS "\r\n", NULL));
    EXPECT(h.upgrades_to_websocket);
    /* RFC 6455 section 1.3: the example of the handshake. */
    char accept[WEBSOCKET_ACCEPT_LEN];
    websocket_accept(accept, h.websocket_key);
    EXPECT_SPAN(SPAN_LIT("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), SPAN_OF(accept));
}

/* FIPS 180-2 appendix A: one block, two blocks; the empty text. */
TEST(sha1_vectors)
{
    static const char *const cases[][2] = {
        {"abc",                                                      "a9993e364706816aba3e25717850c26c9cd0d89d"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "84983e441c3bd26ebaae4aa1f95129e5e54670f1"                                                            },
        {"",                                                         "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t out[SHA1_LEN];
        sha1(out, span_str(cases[i][0]));
        EXPECT_SPAN(test_hex(cases[i][1]), SPAN_OF(out));
    }
}

TEST(routes)
{
    static const struct route routes[] = {
        {HTTP_GET,  "/",    1},
        {HTTP_POST, "/rpc", 2},
        {HTTP_GET,  "/ws",  3},
        {HTTP_GET,  "/rpc", 4}
    };
    static const struct {
        const char *line;
        enum router_answer want;
        int id;
    } cases[] = {
        {"GET / ",        ROUTER_FOUND,     1},
        {"HEAD / ",       ROUTER_FOUND,     1},
        {"POST /rpc ",    ROUTER_FOUND,     2},
        {"GET /rpc?x=1 ", ROUTER_FOUND,     4},
        {"POST / ",       ROUTER_NO_METHOD, 0},
        {"PUT /rpc ",     ROUTER_NO_METHOD, 0},
        {"GET /nothing ", ROUTER_NO_PATH,   0},
        {"POST /rpc/ ",   ROUTER_NO_PATH,   0},
        {"GET //ws ",     ROUTER_NO_PATH,   0},
        {"GET /a/../ws ", ROUTER_NO_PATH,   0},
        {"GET /%77s ",    ROUTER_NO_PATH,   0},
        {"GET /WS ",      ROUTER_NO_PATH,   0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[128] = {0};
        struct wr w = wr_init(MSPAN_OF(text));
        wr_str(&w, cases[i].line);
        wr_str(&w, "HTTP/1.1\r\n" HOST "\r\n");
        struct http_head h;
        int id = 0;
        test_note("%s", cases[i].line);
        TEST_REQUIRE(EXPECT_OK(parse(&h, text, NULL)));
        EXPECT_EQ(cases[i].want, router_find(&id, routes, 4, &h));
        EXPECT_EQ(cases[i].id, id);
    }
    char allow[64];
    router_allow(allow, sizeof allow, routes, 4, SPAN_LIT("/rpc"));
    EXPECT_STR("Allow: POST, GET, HEAD\r\n", allow);
}

TEST_MAIN
