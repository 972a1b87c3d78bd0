/* AutoNAT's messages, its three engines with what they refuse, the quota, and the generic engine tests. */
#include "p2p/autonat.h"

#include "base/test.h"
#include "p2p/autonat_quota.h"
#include "p2p/engine_test.h"

#include <string.h>

static const instant NOW = {.us = US_PER_S};
static const uint64_t NONCE = 0x1122334455667788;

static struct net_addr addr(uint8_t last, uint16_t port)
{
    return (struct net_addr){
        .port = port, .ip = {8, 8, 8, last}
    };
}

static struct span bytes_of(const struct net_addr *a)
{
    static uint8_t rooms[64][NET_ADDR_LEN_MAX];
    static unsigned next;
    uint8_t *room = rooms[next++ % 64];
    struct wr w = wr_init(mspan_of(room, NET_ADDR_LEN_MAX));
    net_addr_write(&w, a);
    return span_of(room, w.n);
}

static struct span framed(const struct autonat_message *m, const struct span *addrs)
{
    static uint8_t message[AUTONAT_LEN_MAX + 64];
    static uint8_t out[2 * AUTONAT_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(message));
    struct wr o = wr_init(MSPAN_OF(out));
    autonat_encode(&w, m, addrs);
    frame_write(&o, FRAME_UVARINT, span_of(message, w.n));
    EXPECT(wr_ok(&w) && wr_ok(&o));
    return span_of(out, o.n);
}

static struct peer_id peer_of(uint8_t n)
{
    uint8_t id[34] = {0x12, 0x20, n};
    struct peer_id peer;
    EXPECT_OK(peer_id_decode(&peer, SPAN_OF(id)));
    return peer;
}

/* ---- messages ---- */

TEST(bytes_of_a_request)
{
    struct net_addr a = addr(1, 4001);
    struct span addrs[] = {bytes_of(&a)};
    struct span whole =
        framed(&(struct autonat_message){.kind = AUTONAT_REQUEST, .addrs_count = 1, .nonce = NONCE},
               addrs);
    EXPECT_SPAN(test_hex("15 0a13 0a08 0408080801060fa1 11 8877665544332211"), whole);
    struct autonat_message m;
    struct span rest;
    struct span got;
    EXPECT_OK(autonat_decode(&m, span_from(whole, 1)));
    EXPECT_EQ(1, m.addrs_count);
    EXPECT_EQ(NONCE, m.nonce);
    rest = m.body;
    EXPECT(autonat_next_addr(&got, &rest));
    EXPECT_SPAN(addrs[0], got);
    EXPECT(!autonat_next_addr(&got, &rest));
}

TEST(messages_that_are_refused)
{
    static const struct {
        const char *hex;
        enum err err;
    } cases[] = {
        {"",                         ERR_UNSUPPORTED},
        {"2a00",                     ERR_UNSUPPORTED}, /* field 5 */
        {"0801",                     ERR_MALFORMED  }, /* a request that is a number */
        {"0a05 0a00 1001",           ERR_MALFORMED  }, /* longer than it is */
        {"0a02 1001",                ERR_MALFORMED  }, /* a nonce of another kind */
        {"0a01 0a",                  ERR_MALFORMED  },
        {"1202 0a00",                ERR_MALFORMED  }, /* a status that is bytes */
        {"0a09 11 0100000000000000", OK             },
        {"2200",                     OK             }, /* data without a byte */
    };
    struct autonat_message m;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_note("%s", cases[i].hex);
        EXPECT_ERR(cases[i].err, autonat_decode(&m, test_hex(cases[i].hex)));
    }
    static uint8_t many[3 + 2 * (AUTONAT_ADDRS_MAX + 1)];
    many[0] = 0x0a;
    for (unsigned extra = 0; extra < 2; extra++) {
        size_t count = AUTONAT_ADDRS_MAX + extra;
        many[1] = (uint8_t)(2 * count);
        for (size_t i = 0; i < count; i++) {
            many[2 + 2 * i] = 0x0a;
        }
        EXPECT_ERR(extra ? ERR_LIMIT : OK, autonat_decode(&m, span_of(many, 2 + 2 * count)));
    }
    static uint8_t long_one[AUTONAT_LEN_MAX + 1];
    EXPECT_ERR(ERR_LIMIT, autonat_decode(&m, SPAN_OF(long_one)));
}

/* ---- the server ---- */

static struct autonat_server server;

static void serve(const struct autonat_server_cfg *given)
{
    struct autonat_server_cfg cfg = *given;
    cfg.budget = test_budget();
    cfg.peer = peer_of(1);
    cfg.observed = cfg.observed.port ? cfg.observed : addr(1, 1000);
    autonat_server_init(&server, &cfg, NOW);
}

/* answer decodes what the server says now. */
static struct autonat_message answer(void)
{
    static uint8_t room[256];
    struct autonat_message m = {.kind = AUTONAT_REQUEST};
    size_t n = autonat_server_send(&server, NOW, MSPAN_OF(room));
    if (EXPECT(n > 1)) {
        EXPECT_OK(autonat_decode(&m, span_of(room + 1, n - 1)));
    }
    return m;
}

static void request(const struct net_addr *addrs, size_t count)
{
    struct span spans[AUTONAT_ADDRS_MAX];
    for (size_t i = 0; i < count; i++) {
        spans[i] = bytes_of(&addrs[i]);
    }
    struct span in = framed(
        &(struct autonat_message){.kind = AUTONAT_REQUEST, .addrs_count = count, .nonce = NONCE},
        spans);
    (void)autonat_server_recv(&server, NOW, &in);
}

TEST(the_first_willing_address_is_dialled_and_no_other)
{
    struct autonat_server_event e;
    struct net_addr addrs[] = {addr(1, 0), addr(1, 4001), addr(1, 4002), addr(1, 4003)};
    addrs[1].ip[0] = 10; /* private */
    serve(&(struct autonat_server_cfg){0});
    request(addrs, 4);
    TEST_REQUIRE(autonat_server_poll(&server, &e));
    EXPECT_EQ(AUTONAT_SERVER_DIAL, e.kind);
    EXPECT_EQ(1, e.addrs_count);
    EXPECT(net_addr_equal(&addrs[2], &e.addrs[0]));
    EXPECT_EQ(NONCE, e.nonce);
    EXPECT(!autonat_server_poll(&server, &e));
    autonat_server_dialled(&server, AUTONAT_DIALLED_OK, 0);
    struct autonat_message m = answer();
    EXPECT_EQ(AUTONAT_RESPONSE, m.kind);
    EXPECT_EQ(AUTONAT_STATUS_OK, m.status);
    EXPECT_EQ(AUTONAT_DIAL_OK, m.dial_status);
    EXPECT_EQ(2, m.addr_index);
    TEST_REQUIRE(autonat_server_poll(&server, &e));
    EXPECT_EQ(AUTONAT_SERVER_SENT, e.kind);
    autonat_server_done(&server);
}

TEST(what_becomes_of_a_dial)
{
    static const struct {
        enum autonat_dialled how;
        uint64_t status;
        uint64_t dial;
    } cases[] = {
        {AUTONAT_DIALLED_OK,      AUTONAT_STATUS_OK,       AUTONAT_DIAL_OK        },
        {AUTONAT_DIALLED_NOT,     AUTONAT_STATUS_OK,       AUTONAT_DIAL_ERROR     },
        {AUTONAT_DIALLED_NO_BACK, AUTONAT_STATUS_OK,       AUTONAT_DIAL_BACK_ERROR},
        {AUTONAT_DIALLED_LOCAL,   AUTONAT_STATUS_INTERNAL, AUTONAT_DIAL_UNUSED    },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct autonat_server_event e;
        struct net_addr a = addr(1, 4001);
        serve(&(struct autonat_server_cfg){0});
        request(&a, 1);
        autonat_server_dialled(&server, cases[i].how, 0); /* before the event was taken: ignored */
        EXPECT(autonat_server_poll(&server, &e));
        autonat_server_dialled(&server, cases[i].how, 0);
        struct autonat_message m = answer();
        EXPECT_EQ(cases[i].status, m.status);
        EXPECT_EQ(cases[i].dial, m.dial_status);
        autonat_server_done(&server);
    }
}

TEST(what_is_not_dialled)
{
    static const struct {
        const char *name;
        struct autonat_server_cfg cfg;
        struct net_addr addr;
        uint64_t status;
    } cases[] = {
        {"private",       {0},                          {.port = 1, .ip = {192, 168, 0, 1}},                 AUTONAT_STATUS_REFUSED},
        {"loopback",      {0},                          {.port = 1, .ip = {127, 0, 0, 1}},                   AUTONAT_STATUS_REFUSED},
        {"no port",       {0},                          {.port = 0, .ip = {8, 8, 8, 1}},                     AUTONAT_STATUS_REFUSED},
        {"6to4",          {0},                          {.port = 1, .is_ip6 = true, .ip = {0x20, 2, 10, 0}}, AUTONAT_STATUS_REFUSED},
        {"any",           {.policy.private_too = true}, {.port = 1},                                         AUTONAT_STATUS_REFUSED},
        {"no IPv4 there",
         {.policy.no_ip4 = true},
         {.port = 1, .ip = {8, 8, 8, 1}},
         AUTONAT_STATUS_REFUSED                                                                                                    },
        {"no QUIC there",
         {.policy.no_quic = true},
         {.port = 1, .transport = NET_QUIC, .ip = {8, 8, 8, 1}},
         AUTONAT_STATUS_REFUSED                                                                                                    },
        {"over a limit",
         {.is_over_limit = true},
         {.port = 1, .ip = {8, 8, 8, 1}},
         AUTONAT_STATUS_REJECTED                                                                                                   },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct autonat_server_event e;
        test_note("%s", cases[i].name);
        serve(&cases[i].cfg);
        request(&cases[i].addr, 1);
        EXPECT(!autonat_server_poll(&server, &e));
        EXPECT_EQ(cases[i].status, answer().status);
        autonat_server_done(&server);
    }
}

static void pay(size_t n)
{
    static const uint8_t data[AUTONAT_DATA_LEN_MAX];
    struct span in =
        framed(&(struct autonat_message){.kind = AUTONAT_DATA, .data = span_of(data, n)}, NULL);
    (void)autonat_server_recv(&server, NOW, &in);
}

TEST(another_ip_is_paid_for)
{
    struct autonat_server_event e;
    struct net_addr a = addr(2, 4001);
    serve(&(struct autonat_server_cfg){0});
    request(&a, 1);
    EXPECT(!autonat_server_poll(&server, &e));
    struct autonat_message m = answer();
    EXPECT_EQ(AUTONAT_DATA_REQUEST, m.kind);
    EXPECT_EQ(AUTONAT_PAYLOAD_MIN, m.data_len);
    for (size_t paid = 0; paid + 4096 < AUTONAT_PAYLOAD_MIN; paid += 4096) {
        pay(4096);
        EXPECT(!autonat_server_poll(&server, &e));
    }
    pay(AUTONAT_PAYLOAD_MIN % 4096 - 1);
    EXPECT(!autonat_server_poll(&server, &e)); /* a byte is missing */
    pay(4096);                                 /* and the last piece may be longer */
    TEST_REQUIRE(autonat_server_poll(&server, &e));
    EXPECT_EQ(AUTONAT_SERVER_DIAL, e.kind);
    autonat_server_done(&server);
    /* Who sends pieces without a byte, or something else, is not waited for. */
    for (unsigned i = 0; i < 2; i++) {
        serve(&(struct autonat_server_cfg){0});
        request(&a, 1);
        (void)answer();
        if (i == 0) {
            pay(0);
        } else {
            request(&a, 1);
        }
        TEST_REQUIRE(autonat_server_poll(&server, &e));
        EXPECT_EQ(AUTONAT_SERVER_FAILED, e.kind);
        autonat_server_done(&server);
    }
}

TEST(a_server_waits_so_long_and_no_longer)
{
    struct autonat_server_event e;
    struct net_addr a = addr(1, 4001);
    instant late = {.us = NOW.us + 15 * US_PER_S};
    serve(&(struct autonat_server_cfg){0});
    autonat_server_tick(&server, (instant){.us = late.us - 1});
    EXPECT(!autonat_server_poll(&server, &e));
    autonat_server_tick(&server, late);
    TEST_REQUIRE(autonat_server_poll(&server, &e));
    EXPECT_ERR(ERR_TIMEOUT, e.err);
    EXPECT(instant_is_never(autonat_server_deadline(&server)));
    autonat_server_done(&server);
    serve(&(struct autonat_server_cfg){0});
    request(&a, 1);
    EXPECT(autonat_server_poll(&server, &e));
    autonat_server_tick(&server, (instant){.us = NOW.us + 20 * US_PER_S});
    EXPECT_EQ(AUTONAT_STATUS_INTERNAL, answer().status); /* its own dialler never answered */
    autonat_server_done(&server);
    serve(&(struct autonat_server_cfg){0});
    autonat_server_recv_end(&server);
    TEST_REQUIRE(autonat_server_poll(&server, &e));
    EXPECT_ERR(ERR_CLOSED, e.err);
    autonat_server_done(&server);
}

/* ---- version 1 ---- */

static struct autonat1_message ask_v1(const struct net_addr *addrs,
                                      size_t count,
                                      uint8_t claimed,
                                      struct autonat_server_event *ret)
{
    static uint8_t out[512];
    uint8_t message[512];
    uint8_t room[600];
    struct span spans[8];
    struct peer_id peer = peer_of(claimed);
    struct autonat1_message m = {.peer = peer_id_span(&peer), .addrs_count = count};
    struct autonat1_message got = {.status = 999};
    struct wr w = wr_init(MSPAN_OF(message));
    struct wr o = wr_init(MSPAN_OF(room));
    for (size_t i = 0; i < count; i++) {
        spans[i] = bytes_of(&addrs[i]);
    }
    autonat1_encode(&w, &m, spans);
    frame_write(&o, FRAME_UVARINT, span_of(message, w.n));
    EXPECT(wr_ok(&w) && wr_ok(&o));
    struct span in = span_of(room, o.n);
    EXPECT_OK(autonat_server_recv(&server, NOW, &in));
    if (autonat_server_poll(&server, ret)) {
        autonat_server_dialled(&server, AUTONAT_DIALLED_OK, ret->addrs_count - 1);
    }
    size_t n = autonat_server_send(&server, NOW, MSPAN_OF(out));
    if (EXPECT(n > 1)) {
        EXPECT_OK(autonat1_decode(&got, span_of(out + 1, n - 1)));
    }
    return got;
}

TEST(version_1_dials_only_the_ip_that_the_asker_is_seen_at)
{
    struct autonat_server_event e = {0};
    struct net_addr addrs[] = {addr(2, 4001), addr(1, 4001), addr(1, 4002)};
    serve(&(struct autonat_server_cfg){.is_v1 = true});
    struct autonat1_message m = ask_v1(addrs, 3, 1, &e);
    EXPECT_EQ(2, e.addrs_count);
    EXPECT(net_addr_equal(&addrs[1], &e.addrs[0]));
    EXPECT_EQ(AUTONAT1_OK, m.status);
    EXPECT_SPAN(bytes_of(&addrs[2]), m.addr);
    autonat_server_done(&server);
    serve(&(struct autonat_server_cfg){.is_v1 = true});
    EXPECT_EQ(AUTONAT1_REFUSED, ask_v1(addrs, 1, 1, &e).status);
    autonat_server_done(&server);
    serve(&(struct autonat_server_cfg){.is_v1 = true});
    EXPECT_EQ(AUTONAT1_BAD_REQUEST, ask_v1(addrs, 3, 2, &e).status);
    autonat_server_done(&server);
    serve(&(struct autonat_server_cfg){.is_v1 = true, .is_over_limit = true});
    EXPECT_EQ(AUTONAT1_REFUSED, ask_v1(addrs, 3, 1, &e).status);
    autonat_server_done(&server);
}

TEST(version_1_bytes)
{
    struct autonat1_message m;
    struct span got;
    EXPECT_ERR(ERR_MALFORMED, autonat1_decode(&m, test_hex("0800 12ff 0a0e 0a021200")));
    EXPECT_OK(autonat1_decode(&m, test_hex("0800 1210 0a0e 0a021200 1208 0408080801060fa1")));
    EXPECT_EQ(1, m.addrs_count);
    EXPECT(autonat1_next_addr(&got, &m.addrs));
    EXPECT_SPAN(test_hex("0408080801060fa1"), got);
    EXPECT_OK(autonat1_decode(&m, test_hex("0801 1a02 0864")));
    EXPECT_EQ(AUTONAT1_DIAL_ERROR, m.status);
    EXPECT_ERR(ERR_UNSUPPORTED, autonat1_decode(&m, test_hex("0802")));
}

/* ---- the client ---- */

static struct autonat_client client;

static void start_client(size_t count)
{
    struct net_addr addrs[2] = {addr(1, 4001), addr(2, 4001)};
    static uint8_t out[512];
    struct autonat_client_cfg cfg = {
        .addrs = addrs, .addrs_count = count, .nonce = NONCE, .budget = test_budget()};
    EXPECT_OK(autonat_client_init(&client, &cfg, NOW));
    EXPECT(autonat_client_send(&client, NOW, MSPAN_OF(out)) > 0);
    EXPECT_EQ(0, autonat_client_send(&client, NOW, MSPAN_OF(out)));
}

static struct autonat_client_event client_hears(const struct autonat_message *m)
{
    struct autonat_client_event e = {.err = ERR_NOT_FOUND};
    struct span in = framed(m, NULL);
    (void)autonat_client_recv(&client, NOW, &in);
    (void)autonat_client_poll(&client, &e);
    return e;
}

TEST(answers_that_say_something_and_those_that_do_not)
{
    static const struct {
        uint64_t status;
        uint64_t dial;
        uint32_t index;
        bool is_good;
    } cases[] = {
        {AUTONAT_STATUS_OK,       AUTONAT_DIAL_OK,         1, true },
        {AUTONAT_STATUS_OK,       AUTONAT_DIAL_ERROR,      0, true },
        {AUTONAT_STATUS_OK,       AUTONAT_DIAL_BACK_ERROR, 0, true },
        {AUTONAT_STATUS_REFUSED,  0,                       9, true },
        {AUTONAT_STATUS_REJECTED, 0,                       0, true },
        {AUTONAT_STATUS_INTERNAL, 0,                       0, true },
        {AUTONAT_STATUS_OK,       AUTONAT_DIAL_OK,         2, false},
        {AUTONAT_STATUS_OK,       AUTONAT_DIAL_UNUSED,     0, false},
        {AUTONAT_STATUS_OK,       102,                     0, false},
        {201,                     AUTONAT_DIAL_OK,         0, false},
        {1,                       AUTONAT_DIAL_OK,         0, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_note("case %zu", i);
        start_client(2);
        struct autonat_client_event e =
            client_hears(&(struct autonat_message){.kind = AUTONAT_RESPONSE,
                                                   .status = cases[i].status,
                                                   .dial_status = cases[i].dial,
                                                   .addr_index = cases[i].index});
        EXPECT_EQ(cases[i].is_good ? AUTONAT_CLIENT_ANSWERED : AUTONAT_CLIENT_FAILED, e.kind);
        EXPECT_ERR(cases[i].is_good ? OK : ERR_MALFORMED, e.err);
        autonat_client_done(&client);
    }
}

TEST(a_client_pays_once_and_not_more_than_a_dial_is_worth)
{
    static uint8_t out[AUTONAT_PAYLOAD_MAX * 2];
    for (unsigned extra = 0; extra < 2; extra++) {
        start_client(1);
        struct autonat_message m = {.kind = AUTONAT_DATA_REQUEST,
                                    .data_len = AUTONAT_PAYLOAD_MAX + extra};
        struct autonat_client_event e = client_hears(&m);
        EXPECT_ERR(extra ? ERR_LIMIT : ERR_NOT_FOUND, e.err);
        size_t n = autonat_client_send(&client, NOW, MSPAN_OF(out));
        EXPECT(extra ? n == 0 : n > AUTONAT_PAYLOAD_MAX && n < AUTONAT_PAYLOAD_MAX + 500);
        EXPECT_EQ(0, autonat_client_send(&client, NOW, MSPAN_OF(out)));
        if (!extra) {
            EXPECT_ERR(ERR_MALFORMED, client_hears(&m).err);
        }
        autonat_client_done(&client);
    }
    start_client(1);
    EXPECT_ERR(
        ERR_LIMIT,
        client_hears(&(struct autonat_message){.kind = AUTONAT_DATA_REQUEST, .addr_index = 1}).err);
    autonat_client_done(&client);
}

/* ---- the quota ---- */

TEST(limits_of_a_server)
{
    static struct autonat_quota q;
    const uint64_t seed[2] = {1, 2};
    struct autonat_quota_cfg cfg = {
        .open_max = 2, .per_minute_max = 6, .per_peer_max = 2, .per_group_max = 4};
    struct peer_id p[] = {peer_of(1), peer_of(2), peer_of(3), peer_of(4)};
    struct net_addr near = addr(1, 1);
    struct net_addr far = {
        .port = 1, .ip = {9, 9, 9, 9}
    };
    instant later = {.us = NOW.us + 60 * US_PER_S};
    autonat_quota_init(&q, &cfg, seed);
    EXPECT(autonat_quota_take(&q, NOW, &p[0], &near));
    EXPECT(autonat_quota_take(&q, NOW, &p[0], &near));
    EXPECT(!autonat_quota_take(&q, NOW, &p[1], &near)); /* two at a time */
    autonat_quota_give(&q);
    EXPECT(!autonat_quota_take(&q, NOW, &p[0], &near)); /* two of one peer */
    EXPECT(autonat_quota_take(&q, NOW, &p[1], &near));
    autonat_quota_give(&q);
    EXPECT(autonat_quota_take(&q, NOW, &p[2], &near));
    autonat_quota_give(&q);
    EXPECT(!autonat_quota_take(&q, NOW, &p[3], &near)); /* four of one group */
    EXPECT(autonat_quota_take(&q, NOW, &p[3], &far));
    autonat_quota_give(&q);
    EXPECT(autonat_quota_take(&q, NOW, &p[3], &far));
    autonat_quota_give(&q);
    EXPECT(!autonat_quota_take(&q, NOW, &p[2], &far)); /* six in all */
    EXPECT(!autonat_quota_take(&q, (instant){.us = later.us - 1}, &p[2], &far));
    EXPECT(autonat_quota_take(&q, later, &p[2], &far));
    EXPECT_EQ(5, q.refused_count);
}

/* ---- for the generic tests: the server's dials work at once; nonces are all good ---- */

static struct autonat_server servers[2];
static struct autonat_client clients[2];
static struct autonat_back backs[2];
static uint8_t server_ip = 1;

static void *make_server(instant now, unsigned twin)
{
    struct autonat_server_cfg cfg = {
        .peer = peer_of(1), .observed = addr(server_ip, 9), .budget = test_budget()};
    autonat_server_init(&servers[twin], &cfg, now);
    return &servers[twin];
}

static void *make_client(instant now, unsigned twin)
{
    struct net_addr addrs[] = {addr(1, 4001), addr(1, 4002)};
    struct autonat_client_cfg cfg = {
        .addrs = addrs, .addrs_count = 2, .nonce = NONCE, .budget = test_budget()};
    EXPECT_OK(autonat_client_init(&clients[twin], &cfg, now));
    return &clients[twin];
}

static void *make_teller(instant now, unsigned twin)
{
    autonat_back_tell_init(&backs[twin], NONCE, test_budget(), now);
    return &backs[twin];
}

static void *make_hearer(instant now, unsigned twin)
{
    autonat_back_hear_init(&backs[twin], test_budget(), now);
    return &backs[twin];
}

static bool poll_server(void *engine, instant now, struct engine_trace *trace)
{
    (void)now;
    struct autonat_server_event e;
    if (!autonat_server_poll(engine, &e)) {
        return false;
    }
    engine_trace_event(trace, "server kind=%d addrs=%zu err=%s", (int)e.kind, e.addrs_count,
                       err_name(e.err));
    if (e.kind == AUTONAT_SERVER_DIAL) {
        autonat_server_dialled(engine, AUTONAT_DIALLED_OK, 0);
    }
    return true;
}

static bool poll_client(void *engine, instant now, struct engine_trace *trace)
{
    (void)now;
    struct autonat_client_event e;
    if (!autonat_client_poll(engine, &e)) {
        return false;
    }
    engine_trace_event(trace, "client kind=%d status=%d dial=%d err=%s", (int)e.kind, (int)e.status,
                       (int)e.dial_status, err_name(e.err));
    return true;
}

static bool poll_back(void *engine, instant now, struct engine_trace *trace)
{
    (void)now;
    struct autonat_back_event e;
    if (!autonat_back_poll(engine, &e)) {
        return false;
    }
    engine_trace_event(trace, "back kind=%d err=%s", (int)e.kind, err_name(e.err));
    if (e.kind == AUTONAT_BACK_NONCE) {
        EXPECT_EQ(NONCE, e.nonce);
        autonat_back_accept(engine);
    }
    return true;
}

#define VERBS(name)                                                                                \
    static void name##_drop(void *e)                                                               \
    {                                                                                              \
        autonat_##name##_done(e);                                                                  \
    }                                                                                              \
    static enum err name##_recv(void *e, instant now, struct span *in)                             \
    {                                                                                              \
        return autonat_##name##_recv(e, now, in);                                                  \
    }                                                                                              \
    static void name##_end(void *e)                                                                \
    {                                                                                              \
        autonat_##name##_recv_end(e);                                                              \
    }                                                                                              \
    static size_t name##_send(void *e, instant now, struct mspan out)                              \
    {                                                                                              \
        return autonat_##name##_send(e, now, out);                                                 \
    }                                                                                              \
    static instant name##_deadline(const void *e)                                                  \
    {                                                                                              \
        return autonat_##name##_deadline(e);                                                       \
    }                                                                                              \
    static void name##_tick(void *e, instant now)                                                  \
    {                                                                                              \
        autonat_##name##_tick(e, now);                                                             \
    }
VERBS(server)
VERBS(client)
VERBS(back)

static const struct engine_kind SERVER = {
    "autonat server", make_server, server_drop,     server_recv, server_end,
    server_send,      poll_server, server_deadline, server_tick, false};
static const struct engine_kind CLIENT = {
    "autonat client", make_client, client_drop,     client_recv, client_end,
    client_send,      poll_client, client_deadline, client_tick, false};
static const struct engine_kind TELLER = {"autonat teller", make_teller, back_drop, back_recv,
                                          back_end,         back_send,   poll_back, back_deadline,
                                          back_tick,        false};
static const struct engine_kind HEARER = {"autonat hearer", make_hearer, back_drop, back_recv,
                                          back_end,         back_send,   poll_back, back_deadline,
                                          back_tick,        false};

TEST(segments)
{
    struct net_addr a = addr(1, 4001);
    struct span addrs[] = {bytes_of(&a)};
    struct autonat_message m = {.kind = AUTONAT_REQUEST, .addrs_count = 1, .nonce = NONCE};
    server_ip = 1;
    EXPECT(engine_test_segments(&SERVER, framed(&m, addrs), "server kind=0 addrs=1"));
    EXPECT(engine_test_segments(&SERVER, test_hex("020a00"), "server kind=1"));
    EXPECT(engine_test_segments(&SERVER, test_hex("030a00"), "err=closed"));
    EXPECT(engine_test_segments(&SERVER, test_hex("ff7f"), "err=limit"));
    m = (struct autonat_message){
        .kind = AUTONAT_RESPONSE, .status = AUTONAT_STATUS_OK, .dial_status = AUTONAT_DIAL_OK};
    EXPECT(engine_test_segments(&CLIENT, framed(&m, NULL), "client kind=0 status=200 dial=200"));
    EXPECT(engine_test_segments(&TELLER, test_hex("02 0800"), "back kind=2"));
    EXPECT(engine_test_segments(&TELLER, test_hex("02 0801"), "back kind=3"));
    EXPECT(engine_test_segments(&HEARER, test_hex("09 09 8877665544332211"), "back kind=1"));
    EXPECT(engine_test_segments(&HEARER, test_hex("41"), "err=limit"));
}

TEST(twins)
{
    struct engine_twin twin = {.client = &CLIENT,
                               .server = &SERVER,
                               .client_event = "client kind=0 status=200 dial=200",
                               .server_event = "server kind=1"};
    server_ip = 1;
    EXPECT(engine_test_twin(&twin, 10));
    server_ip = 77; /* the client pays */
    twin.chunk_len_max = 512;
    twin.pipe_len = 2048;
    EXPECT(engine_test_twin(&twin, 5));
    struct engine_twin back = {.client = &TELLER,
                               .server = &HEARER,
                               .client_event = "back kind=2",
                               .server_event = "back kind=1"};
    EXPECT(engine_test_twin(&back, 10));
}

TEST_MAIN
