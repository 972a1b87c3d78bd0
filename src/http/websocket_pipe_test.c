/* A client and a server of ours against each other, and each against what must be refused. */
#include "http/websocket_pipe.h"

#include "base/arith.h"
#include "base/check.h"
#include "base/test.h"

#include <string.h>

static struct rng_seeded seeded;

struct side {
    struct websocket_pipe pipe;
    struct buf received;
    enum err err;
};

static void side_init(struct side *s, bool is_client)
{
    *s = (struct side){0};
    rng_seeded_init(&seeded, test_seed());
    struct websocket_pipe_cfg cfg = {.is_client = is_client,
                                     .host = SPAN_LIT("127.0.0.1:80"),
                                     .rng = &seeded.rng,
                                     .budget = test_budget()};
    buf_init(&s->received, test_budget(), 1 << 20);
    EXPECT_OK(websocket_pipe_init(&s->pipe, &cfg));
}

static void side_done(struct side *s)
{
    websocket_pipe_done(&s->pipe);
    buf_done(&s->received);
}

/* feed gives bytes in pieces of at most `piece`. */
static void feed(struct side *s, struct span bytes, size_t piece)
{
    static uint8_t copy[1 << 17];
    while (bytes.n > 0 && s->err == OK) {
        struct span cut = span_take(&bytes, min_size(piece, sizeof copy));
        struct mspan in = mspan_first(MSPAN_OF(copy), span_copy(MSPAN_OF(copy), cut));
        while (in.n > 0 && s->err == OK) {
            struct span data;
            s->err = websocket_pipe_recv(&s->pipe, &data, &in);
            EXPECT_OK(buf_append(&s->received, data));
        }
    }
}

static bool move(struct side *from, struct side *to, size_t piece)
{
    static uint8_t bytes[16384];
    size_t n = websocket_pipe_send(&from->pipe, MSPAN_OF(bytes));
    feed(to, span_of(bytes, n), piece);
    return n > 0;
}

static void pump(struct side *a, struct side *b, size_t piece)
{
    for (bool moved = true; moved;) {
        moved = move(a, b, piece);
        moved = move(b, a, piece) || moved;
    }
}

static void say(struct side *from, struct side *to, size_t len, size_t piece)
{
    static uint8_t out[WEBSOCKET_FRAME_HEAD_LEN_MAX + 70000];
    struct mspan room = websocket_pipe_room(MSPAN_OF(out));
    check(len <= room.n);
    for (size_t i = 0; i < len; i++) {
        room.p[i] = (uint8_t)(i * 7);
    }
    feed(to, websocket_pipe_wrap(&from->pipe, MSPAN_OF(out), len), piece);
}

TEST(bytes_pass_both_ways)
{
    static const size_t pieces[] = {1, 3, 1000, 100000};
    static const size_t lens[] = {1, 125, 126, 65535, 65536};
    for (size_t p = 0; p < sizeof pieces / sizeof pieces[0]; p++) {
        struct side a;
        struct side b;
        test_note("pieces of %zu", pieces[p]);
        side_init(&a, true);
        side_init(&b, false);
        pump(&a, &b, pieces[p]);
        TEST_REQUIRE(a.pipe.state == WEBSOCKET_PIPE_OPEN);
        TEST_REQUIRE(b.pipe.state == WEBSOCKET_PIPE_OPEN);
        size_t total = 0;
        for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
            say(&a, &b, lens[i], pieces[p]);
            say(&b, &a, lens[i], pieces[p]);
            total += lens[i];
            TEST_REQUIRE(b.received.n == total);
            EXPECT_EQ(total, a.received.n);
            EXPECT_EQ((uint8_t)((lens[i] - 1) * 7), b.received.p[total - 1]);
            EXPECT_SPAN(buf_span(&a.received), buf_span(&b.received));
        }
        websocket_pipe_close(&a.pipe);
        pump(&a, &b, pieces[p]);
        EXPECT_ERR(ERR_CLOSED, b.err);
        EXPECT(b.pipe.rule == NULL);
        side_done(&a);
        side_done(&b);
    }
}

#define OPENING                                                                                    \
    "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"                   \
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

/* RFC 6455 sections 1.3 and 5.7 have the key, its answer and the frames. */
TEST(what_a_server_takes_and_refuses)
{
    static const struct {
        const char *name;
        const char *frames; /* hex */
        const char *received;
        const char *answer; /* hex */
        enum err err;
    } cases[] = {
        {"a binary message",           "82 83 00000000 616263",                                   "abc", "",         OK           },
        {"in two pieces",              "02 82 00000000 6162 80 81 00000000 63",                   "abc", "",         OK           },
        {"a ping between the pieces",  "02 82 00000000 6162 89 81 00000000 70 80 81 00000000 63",
         "abc",                                                                                          "8a0170",   OK           },
        {"masked",                     "82 83 01020304 606060",                                   "abc", "",         OK           },
        {"an empty message",           "82 80 00000000 82 81 00000000 61",                        "a",   "",         OK           },
        {"a close",                    "88 82 00000000 03e8",                                     "",    "880203e8", ERR_CLOSED   },
        {"a pong is nothing",          "8a 80 00000000",                                          "",    "",         OK           },
        {"text",                       "81 81 00000000 61",                                       "",    "880203eb", ERR_MALFORMED},
        {"no mask",                    "82 01 61",                                                "",    "880203ea", ERR_MALFORMED},
        {"a piece of nothing",         "80 81 00000000 61",                                       "",    "880203ea", ERR_MALFORMED},
        {"a message within a message", "02 80 00000000 82 80 00000000",                           "",    "880203ea",
         ERR_MALFORMED                                                                                                            },
        {"reserved bits",              "c2 81 00000000 61",                                       "",    "880203ea", ERR_MALFORMED},
        {"a length in a longer form",  "82 fe 0001 00000000 61",                                  "",    "880203ea", ERR_MALFORMED},
        {"a long ping",                "89 fe 007e 00000000",                                     "",    "880203ea", ERR_MALFORMED},
        {"an unknown opcode",          "83 80 00000000",                                          "",    "880203ea", ERR_MALFORMED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct side s;
        uint8_t out[512];
        test_note("%s", cases[i].name);
        side_init(&s, false);
        feed(&s, SPAN_LIT(OPENING), 17);
        size_t n = websocket_pipe_send(&s.pipe, MSPAN_OF(out));
        EXPECT_SPAN(SPAN_LIT("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                             "Connection: Upgrade\r\n"
                             "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"),
                    span_of(out, n));
        feed(&s, test_hex(cases[i].frames), 1 + i % 3);
        EXPECT_ERR(cases[i].err, s.err);
        EXPECT_SPAN(span_str(cases[i].received), buf_span(&s.received));
        n = websocket_pipe_send(&s.pipe, MSPAN_OF(out));
        EXPECT_SPAN(test_hex(cases[i].answer), span_of(out, n));
        EXPECT_EQ(cases[i].err == ERR_MALFORMED, s.pipe.rule != NULL);
        side_done(&s);
    }
}

TEST(requests_for_something_else_are_refused)
{
    static const char *const heads[] = {
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "\x13/multistream/1.0.0\n\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        struct side s;
        uint8_t out[256];
        test_note("head %zu", i);
        side_init(&s, false);
        feed(&s, span_str(heads[i]), 1000);
        EXPECT_ERR(ERR_MALFORMED, s.err);
        size_t n = websocket_pipe_send(&s.pipe, MSPAN_OF(out));
        EXPECT(span_starts_with(span_of(out, n), SPAN_LIT("HTTP/1.1 400 ")));
        side_done(&s);
    }
}

TEST(a_handshake_has_its_length)
{
    for (int client = 0; client < 2; client++) {
        struct side s;
        static uint8_t junk[WEBSOCKET_PIPE_HEAD_LEN_MAX];
        memset(junk, 'a', sizeof junk);
        side_init(&s, client);
        feed(&s, span_of(junk, sizeof junk - 1), 1000);
        EXPECT_OK(s.err);
        feed(&s, span_of(junk, 1), 1000);
        EXPECT_ERR(ERR_LIMIT, s.err);
        side_done(&s);
    }
}

TEST(answers_that_a_client_refuses)
{
    static const struct {
        const char *name;
        const char *before; /* the line with the right answer to the key stands between */
        const char *after;
        bool has_accept;
        bool is_good;
    } cases[] = {
        {"good",                 "HTTP/1.1 101 ok\r\nupgrade: WebSocket\r\nConnection: Upgrade\r\n", "", true,
         true                                                                                                        },
        {"another status",       "HTTP/1.1 200 OK\r\nUpgrade: websocket\r\n",                        "", true,  false},
        {"no upgrade",           "HTTP/1.1 101 ok\r\n",                                              "", true,  false},
        {"no answer to the key", "HTTP/1.1 101 ok\r\nUpgrade: websocket\r\n",                        "", false, false},
        {"an extension",         "HTTP/1.1 101 ok\r\nUpgrade: websocket\r\n",
         "Sec-WebSocket-Extensions: permessage-deflate\r\n",                                             true,  false},
        {"a subprotocol",        "HTTP/1.1 101 ok\r\nUpgrade: websocket\r\n",
         "Sec-WebSocket-Protocol: chat\r\n",                                                             true,  false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct side client;
        struct side server;
        uint8_t bytes[1024];
        test_note("%s", cases[i].name);
        side_init(&client, true);
        side_init(&server, false);
        (void)move(&client, &server, 1000);
        size_t n = websocket_pipe_send(&server.pipe, MSPAN_OF(bytes));
        struct span accept =
            span_from(span_of(bytes, n), n - 54); /* its line, without the last CRLF */
        uint8_t answer[1024];
        struct wr w = wr_init(MSPAN_OF(answer));
        wr_str(&w, cases[i].before);
        wr_bytes(&w, cases[i].has_accept ? span_first(accept, 52) : SPAN_EMPTY);
        wr_str(&w, cases[i].after);
        wr_str(&w, "\r\n");
        feed(&client, span_of(answer, w.n), 5);
        EXPECT_ERR(cases[i].is_good ? OK : ERR_MALFORMED, client.err);
        EXPECT_EQ(cases[i].is_good, client.pipe.state == WEBSOCKET_PIPE_OPEN);
        side_done(&client);
        side_done(&server);
    }
}

TEST(pings_that_are_never_taken_end_it)
{
    struct side s;
    side_init(&s, false);
    feed(&s, SPAN_LIT(OPENING), 1000);
    for (int i = 0; i < 4000 && s.err == OK; i++) {
        feed(&s, test_hex("89 80 00000000"), 6);
    }
    EXPECT_ERR(ERR_LIMIT, s.err);
    side_done(&s);
}

TEST_MAIN
