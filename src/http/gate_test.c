#include "http/gate.h"

#include "base/test.h"
#include "base/wr.h"

#define OWN_HOST "Host: passmesh.localhost:7878\r\n"
#define OWN      "Origin: http://passmesh.localhost:7878\r\n"
#define JSON     "Content-Type: application/json\r\nContent-Length: 2\r\n"
#define WS                                                                                         \
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" \
    "Sec-WebSocket-Version: 13\r\n"

static const struct gate gate = {
    .host = {(const uint8_t *)"passmesh.localhost:7878",        23},
    .origin = {(const uint8_t *)"http://passmesh.localhost:7878", 30},
};

static const struct {
    const char *name;
    const char *line;
    const char *fields;
    enum gate_verdict want;
} cases[] = {
    {"the page itself",            "GET /",        OWN_HOST,                                                         GATE_OPEN        },
    {"a call of the page",         "POST /rpc",    OWN_HOST OWN JSON "Sec-Fetch-Site: same-origin\r\n",
     GATE_OPEN                                                                                                                        },
    {"with a charset",             "POST /rpc",
     OWN_HOST OWN "Content-Type: application/json; charset=utf-8\r\nContent-Length: 2\r\n",
     GATE_OPEN                                                                                                                        },
    {"a WebSocket of the page",    "GET /ws",      OWN_HOST OWN WS,                                                  GATE_OPEN        },
    {"a typed address",            "GET /",        OWN_HOST "Sec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\n",
     GATE_OPEN                                                                                                                        },
    {"a link from elsewhere",      "GET /",
     OWN_HOST "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n",                                          GATE_OPEN        },
    {"a rebound name",             "GET /",        "Host: evil.example:7878\r\n",                                    GATE_WRONG_HOST  },
    {"a rebound name, POST",       "POST /rpc",
     "Host: evil.example\r\nOrigin: http://evil.example\r\n" JSON,                                                   GATE_WRONG_HOST  },
    {"localhost",                  "GET /",        "Host: localhost:7878\r\n",                                       GATE_WRONG_HOST  },
    {"the address",                "GET /",        "Host: 127.0.0.1:7878\r\n",                                       GATE_WRONG_HOST  },
    {"the IPv6 address",           "GET /",        "Host: [::1]:7878\r\n",                                           GATE_WRONG_HOST  },
    {"another port",               "GET /",        "Host: passmesh.localhost:7879\r\n",                              GATE_WRONG_HOST  },
    {"no port",                    "GET /",        "Host: passmesh.localhost\r\n",                                   GATE_WRONG_HOST  },
    {"a dot at the end",           "GET /",        "Host: passmesh.localhost.:7878\r\n",                             GATE_WRONG_HOST  },
    {"a longer name",              "GET /",        "Host: passmesh.localhost:7878.evil.example\r\n",                 GATE_WRONG_HOST  },
    {"no Origin, POST",            "POST /rpc",    OWN_HOST JSON,                                                    GATE_WRONG_ORIGIN},
    {"no Origin, WebSocket",       "GET /ws",      OWN_HOST WS,                                                      GATE_WRONG_ORIGIN},
    {"null",                       "POST /rpc",    OWN_HOST "Origin: null\r\n" JSON,                                 GATE_WRONG_ORIGIN},
    {"empty Origin",               "GET /",        OWN_HOST "Origin:\r\n",                                           GATE_WRONG_ORIGIN},
    {"https",                      "POST /rpc",    OWN_HOST "Origin: https://passmesh.localhost:7878\r\n" JSON,
     GATE_WRONG_ORIGIN                                                                                                                },
    {"another port asks",          "POST /rpc",    OWN_HOST "Origin: http://passmesh.localhost:3000\r\n" JSON,
     GATE_WRONG_ORIGIN                                                                                                                },
    {"a foreign WebSocket",        "GET /ws",      OWN_HOST "Origin: https://evil.example\r\n" WS,
     GATE_WRONG_ORIGIN                                                                                                                },
    {"a foreign GET",              "GET /",        OWN_HOST "Origin: https://evil.example\r\n",                      GATE_WRONG_ORIGIN},
    {"OPTIONS from elsewhere",     "OPTIONS /rpc", OWN_HOST "Origin: https://evil.example\r\n",
     GATE_WRONG_ORIGIN                                                                                                                },
    {"an image elsewhere",         "GET /",
     OWN_HOST "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n",                                           GATE_CROSS_SITE  },
    {"another port, same site",    "GET /",
     OWN_HOST "Sec-Fetch-Site: same-site\r\nSec-Fetch-Mode: cors\r\n",                                               GATE_CROSS_SITE  },
    {"a navigating POST",          "POST /rpc",
     OWN_HOST OWN JSON "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n",
     GATE_CROSS_SITE                                                                                                                  },
    {"a form",                     "POST /rpc",    OWN_HOST OWN "Content-Type: text/plain\r\nContent-Length: 2\r\n",
     GATE_WRONG_TYPE                                                                                                                  },
    {"no type",                    "POST /rpc",    OWN_HOST OWN "Content-Length: 2\r\n",                             GATE_WRONG_TYPE  },
    {"a type that only begins so", "POST /rpc",
     OWN_HOST OWN "Content-Type: application/jsonp\r\nContent-Length: 2\r\n",                                        GATE_WRONG_TYPE  },
};

TEST(verdicts)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t text[1024];
        struct wr w = wr_init(MSPAN_OF(text));
        wr_str(&w, cases[i].line);
        wr_str(&w, " HTTP/1.1\r\n");
        wr_str(&w, cases[i].fields);
        wr_str(&w, "\r\n");
        struct http_head head;
        struct diag why = {0};
        test_note("%s", cases[i].name);
        TEST_REQUIRE(EXPECT_OK(http_head_parse(&head, span_of(text, w.n), &why)));
        EXPECT_EQ(cases[i].want, gate_check(&gate, &head));
    }
}

TEST_MAIN
