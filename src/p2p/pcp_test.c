/* A client of PCP against a router of this test, on virtual time: under loss, against one that restarts, and against what a
 * stranger or a bad router says. */
#include "p2p/pcp.h"

#include "base/rd.h"
#include "base/test.h"

#include <string.h>

enum { LIFETIME_S = 2400, EXTERNAL = 40000 };

static const struct pcp_source gateway = {
    .ip = {192, 168, 1, 1},
      .port = PCP_PORT
};

static const uint8_t head[4] = {2, 1};
static const uint8_t self_mapped[16] = {[10] = 0xff, [11] = 0xff, [12] = 192, 168, 1, 2};
static const uint8_t external_mapped[16] = {[10] = 0xff, [11] = 0xff, [12] = 203, 0, 113, 9};

/* A router: it opens what it is asked for, and knows by which nonce. */
struct router {
    bool is_silent;
    unsigned loss_percent; /* of each datagram */
    uint32_t lifetime_s;   /* granted at most */
    uint8_t result;
    uint64_t up_since_us;
    uint32_t jump_s; /* what its time gains with each answer */
    struct {
        uint8_t nonce[PCP_NONCE_LEN];
        uint16_t inside;
        uint8_t protocol;
        uint16_t outside; /* 0: none */
        uint64_t until_us;
    } open[PCP_MAPPINGS_MAX];
    size_t requests_count;
    uint8_t answer[60];
};

struct net {
    struct pcp pcp;
    struct rng_seeded rng;
    struct router router;
    instant now;
};

static void net_init(struct net *n, uint64_t seed)
{
    *n = (struct net){.now = {.us = 1000 * US_PER_S}, .router = {.lifetime_s = 7200}};
    rng_seeded_init(&n->rng, seed);
    pcp_init(&n->pcp, &(struct pcp_cfg){
                          .gateway = {192, 168, 1, 1},
                          .self = {192, 168, 1, 2},
                          .lifetime_s = LIFETIME_S,
                          .rng = &n->rng.rng,
    });
}

static void open_in(struct router *r, const uint8_t *q, uint32_t lifetime_s, instant now)
{
    uint16_t inside = (uint16_t)(q[40] << 8 | q[41]);
    size_t slot = PCP_MAPPINGS_MAX;
    for (size_t i = 0; i < PCP_MAPPINGS_MAX; i++) {
        if (r->open[i].inside == inside && r->open[i].protocol == q[36]) {
            slot = i;
            break;
        }
        if (r->open[i].inside == 0 && slot == PCP_MAPPINGS_MAX) {
            slot = i;
        }
    }
    TEST_REQUIRE(slot < PCP_MAPPINGS_MAX);
    bool is_new = r->open[slot].inside == 0;
    EXPECT(is_new || memcmp(r->open[slot].nonce, q + 24, PCP_NONCE_LEN) == 0);
    memcpy(r->open[slot].nonce, q + 24, PCP_NONCE_LEN);
    r->open[slot].inside = inside;
    r->open[slot].protocol = q[36];
    uint16_t wish = (uint16_t)(q[42] << 8 | q[43]);
    r->open[slot].outside = lifetime_s == 0 ? 0 : wish ? wish : (uint16_t)(EXTERNAL + slot);
    r->open[slot].until_us = now.us + lifetime_s * US_PER_S;
    r->answer[42] = (uint8_t)(r->open[slot].outside >> 8);
    r->answer[43] = (uint8_t)r->open[slot].outside;
}

/* router_ask reads a request as RFC 6887 lays it out, and gives the answer, which lives until the next. */
static struct span router_ask(struct router *r, struct span q, instant now)
{
    struct rd rd = rd_init(q);
    (void)rd_bytes(&rd, 4);
    uint32_t wanted = rd_be32(&rd);
    uint32_t lifetime_s = wanted < r->lifetime_s ? wanted : r->lifetime_s;
    EXPECT_EQ(60, q.n);
    EXPECT_SPAN(SPAN_OF(head), span_of(q.p, 4));
    EXPECT_SPAN(SPAN_OF(self_mapped), span_of(q.p + 8, 16));
    r->requests_count++;
    memset(r->answer, 0, sizeof r->answer);
    memcpy(r->answer + 24, q.p + 24, 36);
    if (r->result == 0) {
        open_in(r, q.p, lifetime_s, now);
        memcpy(r->answer + 44, external_mapped, sizeof external_mapped);
    }
    struct wr w = wr_init(MSPAN_OF(r->answer));
    wr_u8(&w, 2);
    wr_u8(&w, 0x81);
    wr_u8(&w, 0);
    wr_u8(&w, r->result);
    wr_be32(&w, lifetime_s);
    wr_be32(&w, (uint32_t)((now.us - r->up_since_us) / US_PER_S + r->requests_count * r->jump_s));
    return SPAN_OF(r->answer);
}

static bool is_lost(struct net *n)
{
    return rng_below(&n->rng.rng, 100) < n->router.loss_percent;
}

static size_t router_open_count(const struct net *n)
{
    size_t count = 0;
    for (size_t i = 0; i < PCP_MAPPINGS_MAX; i++) {
        count += n->router.open[i].outside != 0 && n->router.open[i].until_us > n->now.us;
    }
    return count;
}

/* turn sends all that is due and gives back what the router answers. */
static void turn(struct net *n)
{
    uint8_t out[PCP_REQUEST_LEN];
    for (size_t len = 1; len > 0;) {
        len = pcp_send(&n->pcp, n->now, MSPAN_OF(out));
        if (len > 0 && !n->router.is_silent && !is_lost(n)) {
            struct span a = router_ask(&n->router, span_of(out, len), n->now);
            if (!is_lost(n)) {
                pcp_recv(&n->pcp, n->now, &gateway, a);
            }
        }
    }
    pcp_tick(&n->pcp, n->now);
}

/* run lets virtual time go on for so long. */
static void run(struct net *n, uint64_t us)
{
    instant until = instant_add(n->now, us);
    turn(n);
    while (pcp_deadline(&n->pcp).us <= until.us) {
        EXPECT(pcp_deadline(&n->pcp).us >= n->now.us);
        n->now = pcp_deadline(&n->pcp);
        turn(n);
    }
    n->now = until;
}

static void add(struct net *n, bool is_udp, uint16_t inside)
{
    EXPECT_OK(pcp_add(&n->pcp, n->now,
                      (struct pcp_port){.is_udp = is_udp, .inside = inside, .outside = inside}));
}

TEST(opened_renewed_and_closed)
{
    struct net n;
    net_init(&n, 1);
    add(&n, false, 4001);
    add(&n, true, 4001);
    EXPECT(!pcp_is_settled(&n.pcp));
    turn(&n);
    EXPECT(pcp_is_settled(&n.pcp));
    for (size_t i = 0; i < 2; i++) {
        const struct pcp_mapping *m = &n.pcp.mappings[i];
        EXPECT_EQ(PCP_OPEN, m->state);
        EXPECT_EQ(4001, m->outside);
        EXPECT_SPAN(test_hex("cb007109"), SPAN_OF(m->ip));
        uint64_t until_renewal = m->send_at.us - n.now.us;
        EXPECT(until_renewal >= LIFETIME_S / 2 * US_PER_S);
        EXPECT(until_renewal <= LIFETIME_S * 5 / 8 * US_PER_S);
    }
    EXPECT(memcmp(n.pcp.mappings[0].nonce, n.pcp.mappings[1].nonce, PCP_NONCE_LEN) != 0);
    run(&n, 10 * LIFETIME_S * US_PER_S);
    EXPECT_EQ(2, router_open_count(&n));
    EXPECT(n.router.requests_count >= 2 * 16 && n.router.requests_count <= 2 * 21);
    pcp_close(&n.pcp, n.now);
    turn(&n);
    EXPECT(pcp_is_settled(&n.pcp));
    EXPECT_EQ(0, router_open_count(&n));
    EXPECT_EQ(PCP_CLOSED, n.pcp.mappings[0].state);
    EXPECT(instant_is_never(pcp_deadline(&n.pcp)));
    EXPECT_EQ(0, n.pcp.ignored_count);
}

TEST(a_router_that_does_not_answer)
{
    struct net n;
    net_init(&n, 2);
    n.router.is_silent = true;
    add(&n, false, 4001);
    instant began = n.now;
    uint8_t out[PCP_REQUEST_LEN];
    uint8_t first[PCP_REQUEST_LEN];
    instant sent[4] = {began};
    unsigned count = 0;
    while (!pcp_is_settled(&n.pcp)) {
        while (pcp_send(&n.pcp, n.now, MSPAN_OF(out)) > 0) {
            TEST_REQUIRE(count < 4);
            if (count == 0) {
                memcpy(first, out, sizeof first);
            }
            EXPECT_SPAN(SPAN_OF(first), SPAN_OF(out)); /* the same, nonce and all */
            sent[count++] = n.now;
        }
        pcp_tick(&n.pcp, n.now);
        n.now = instant_min(pcp_deadline(&n.pcp), instant_add(n.now, US_PER_S));
    }
    uint64_t gap = sent[1].us - sent[0].us;
    uint64_t second_gap = sent[2].us - sent[1].us;
    EXPECT_EQ(3, count);
    EXPECT(gap >= 2700 * US_PER_MS && gap <= 3300 * US_PER_MS);
    EXPECT(second_gap >= 2 * gap * 9 / 10 && second_gap <= 2 * gap * 11 / 10);
    EXPECT_EQ(10 * US_PER_S, n.pcp.mappings[0].retry_at.us - began.us);
    EXPECT_EQ(PCP_FAILED, n.pcp.mappings[0].state);
    EXPECT_EQ(PCP_NO_ANSWER, n.pcp.mappings[0].result);
    EXPECT(instant_is_never(pcp_deadline(&n.pcp)));
    n.router.is_silent = false;
    pcp_ask(&n.pcp, n.now);
    turn(&n);
    EXPECT_EQ(PCP_OPEN, n.pcp.mappings[0].state);
}

TEST(twin_under_loss)
{
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct net n;
        net_init(&n, seed);
        n.router.loss_percent = 20;
        test_note("seed %llu", (unsigned long long)seed);
        for (uint16_t i = 0; i < PCP_MAPPINGS_MAX; i++) {
            add(&n, i % 2 != 0, (uint16_t)(4001 + i));
        }
        for (unsigned hour = 0; hour < 8; hour++) {
            pcp_ask(&n.pcp, n.now);
            run(&n, 3600 * US_PER_S);
            /* Whatever we think open is open. */
            size_t open = 0;
            for (size_t i = 0; i < n.pcp.count; i++) {
                open += n.pcp.mappings[i].state == PCP_OPEN;
            }
            EXPECT(open <= router_open_count(&n));
        }
        n.router.loss_percent = 0;
        pcp_ask(&n.pcp, n.now);
        turn(&n);
        EXPECT_EQ(PCP_MAPPINGS_MAX, router_open_count(&n));
        pcp_close(&n.pcp, n.now);
        turn(&n);
        EXPECT_EQ(0, router_open_count(&n));
    }
}

/* A renewal that is lost is tried again at 3/4, 7/8 and so on, and never within four seconds. */
TEST(a_router_that_falls_silent)
{
    struct net n;
    net_init(&n, 3);
    add(&n, false, 4001);
    turn(&n);
    instant open_at = n.now;
    n.router.is_silent = true;
    uint64_t last = 0;
    for (unsigned k = 0; !instant_is_never(n.pcp.mappings[0].send_at); k++) {
        uint8_t out[PCP_REQUEST_LEN];
        uint64_t whole = LIFETIME_S * US_PER_S;
        n.now = n.pcp.mappings[0].send_at;
        uint64_t after = n.now.us - open_at.us;
        EXPECT(k == 0 || after - last >= 4 * US_PER_S);
        if (k < 6) {
            uint64_t least = whole - (whole >> (k + 1));
            EXPECT(after >= least && after <= least + (whole >> (k + 3)) + 1);
        }
        EXPECT_EQ(PCP_REQUEST_LEN, pcp_send(&n.pcp, n.now, MSPAN_OF(out)));
        EXPECT(!pcp_is_settled(&n.pcp));
        EXPECT_EQ(PCP_OPEN, n.pcp.mappings[0].state);
        last = after;
    }
    EXPECT(last > LIFETIME_S * 98 / 100 * US_PER_S);
    run(&n, 60 * US_PER_S);
    EXPECT_EQ(PCP_FAILED, n.pcp.mappings[0].state);
    EXPECT(instant_is_never(pcp_deadline(&n.pcp)));
}

TEST(a_router_that_restarts)
{
    struct net n;
    net_init(&n, 4);
    for (uint16_t i = 0; i < 4; i++) {
        add(&n, false, (uint16_t)(4001 + i));
    }
    turn(&n);
    run(&n, 60 * US_PER_S);
    memset(n.router.open, 0, sizeof n.router.open);
    n.router.up_since_us = n.now.us;
    /* The first renewal shows it, and the others follow at once, each for the port that it had. */
    instant first = INSTANT_NEVER;
    for (size_t i = 0; i < 4; i++) {
        first = instant_min(first, n.pcp.mappings[i].send_at);
    }
    n.now = first;
    turn(&n);
    turn(&n);
    EXPECT_EQ(4, router_open_count(&n));
    EXPECT_EQ(8, n.router.requests_count);
    for (size_t i = 0; i < 4; i++) {
        EXPECT_EQ(4001 + i, n.pcp.mappings[i].outside);
    }
}

/* The bounds of RFC 6887, 8.5: one second back; two seconds and a sixteenth apart. */
TEST(epochs)
{
    static const struct {
        uint32_t ours;
        int32_t theirs;
        bool is_good;
    } cases[] = {
        {0,    0,    true },
        {0,    -1,   true },
        {0,    -2,   false},
        {0,    2,    true },
        {0,    3,    false},
        {160,  152,  true }, /* 152 + 2 = 154, not below 160 - 10 */
        {160,  148,  true },
        {160,  147,  false},
        {160,  172,  true }, /* 172 - 10 = 162 */
        {160,  173,  false},
        {1100, -1,   false},
        {1100, 1100, true },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct net n;
        net_init(&n, 5);
        test_note("%u s here, %d s there", (unsigned)cases[i].ours, (int)cases[i].theirs);
        add(&n, false, 4001);
        turn(&n);
        n.now = instant_add(n.now, cases[i].ours * US_PER_S);
        /* A second mapping hears of the new epoch; the first is asked for again if that is bad. */
        n.router.up_since_us =
            n.now.us - (uint64_t)(1000 + cases[i].theirs) * US_PER_S; /* it was 1000 */
        add(&n, true, 4001);
        instant before = n.pcp.mappings[0].send_at;
        turn(&n);
        bool is_asked = n.router.requests_count == 3 || n.pcp.mappings[0].send_at.us != before.us;
        EXPECT_EQ(cases[i].is_good, !is_asked);
    }
}

/* A router whose time jumps with each answer: no more than a request in four seconds for each mapping. */
TEST(a_time_that_jumps)
{
    struct net n;
    net_init(&n, 6);
    add(&n, false, 4001);
    add(&n, true, 4001);
    n.router.jump_s = 1000;
    run(&n, 60 * US_PER_S);
    EXPECT(n.router.requests_count > 4);
    EXPECT(n.router.requests_count <= 2 * (60 / 4 + 1));
}

/* ---- what is not believed ---- */

struct forged {
    const char *name;
    size_t at;
    uint8_t byte;
};

static struct net *asking(uint64_t seed, struct span *ret_answer)
{
    static struct net n;
    uint8_t out[PCP_REQUEST_LEN];
    net_init(&n, seed);
    add(&n, false, 4001);
    EXPECT_EQ(PCP_REQUEST_LEN, pcp_send(&n.pcp, n.now, MSPAN_OF(out)));
    *ret_answer = router_ask(&n.router, SPAN_OF(out), n.now);
    return &n;
}

TEST(answers_to_somebody_else)
{
    static const struct forged cases[] = {
        {"another nonce, first byte", 24, 0   },
        {"another nonce, last byte",  35, 0   },
        {"another port",              41, 0   },
        {"another transport",         36, 17  },
        {"another opcode",            1,  0x82},
        {"an announcement",           1,  0x80},
        {"a request",                 1,  0x01},
        {"another version",           0,  3   },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct span answer;
        struct net *n = asking(7, &answer);
        uint8_t *byte = &n->router.answer[cases[i].at];
        test_note("%s", cases[i].name);
        *byte = cases[i].byte ? cases[i].byte : (uint8_t)(*byte ^ 1);
        pcp_recv(&n->pcp, n->now, &gateway, answer);
        EXPECT_EQ(PCP_ASKING, n->pcp.mappings[0].state);
        EXPECT_EQ(1, n->pcp.ignored_count);
        EXPECT(!n->pcp.has_epoch);
    }
}

TEST(answers_from_somebody_else)
{
    static const struct pcp_source others[] = {
        {{192, 168, 1, 3}, PCP_PORT},
        {{192, 168, 1, 1}, 5350    },
        {{0, 0, 0, 0},     PCP_PORT},
    };
    static const uint8_t natpmp[8] = {0, 0x81, 0, 1};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct span answer;
        struct net *n = asking(8, &answer);
        pcp_recv(&n->pcp, n->now, &others[i], answer);
        pcp_recv(&n->pcp, n->now, &others[i], SPAN_OF(natpmp));
        EXPECT_EQ(PCP_ASKING, n->pcp.mappings[0].state);
        EXPECT_EQ(2, n->pcp.ignored_count);
        pcp_recv(&n->pcp, n->now, &gateway, answer);
        EXPECT_EQ(PCP_OPEN, n->pcp.mappings[0].state);
        pcp_recv(&n->pcp, n->now, &gateway, answer); /* once more: nothing is waited for */
        EXPECT_EQ(3, n->pcp.ignored_count);
    }
}

TEST(short_answers)
{
    struct span answer;
    struct net *n = asking(9, &answer);
    for (size_t len = 0; len < answer.n; len++) {
        pcp_recv(&n->pcp, n->now, &gateway, span_of(answer.p, len));
        EXPECT_EQ(PCP_ASKING, n->pcp.mappings[0].state);
    }
    EXPECT_EQ(answer.n, n->pcp.ignored_count);
}

/* What a router grants is kept within bounds, or of no use. */
TEST(lifetimes)
{
    static const struct {
        uint32_t granted_s;
        uint32_t kept_s; /* 0: of no use */
    } cases[] = {
        {0,          0    },
        {1,          0    },
        {59,         0    },
        {60,         60   },
        {86400,      86400},
        {86401,      86400},
        {UINT32_MAX, 86400},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct span answer;
        struct net *n = asking(10, &answer);
        struct wr w = wr_init((struct mspan){.p = n->router.answer + 4, .n = 4});
        wr_be32(&w, cases[i].granted_s);
        test_note("%lu s", (unsigned long)cases[i].granted_s);
        pcp_recv(&n->pcp, n->now, &gateway, answer);
        const struct pcp_mapping *m = &n->pcp.mappings[0];
        if (cases[i].kept_s) {
            EXPECT_EQ(PCP_OPEN, m->state);
            EXPECT_EQ(cases[i].kept_s * US_PER_S, m->expire_at.us - n->now.us);
        } else {
            EXPECT_EQ(PCP_FAILED, m->state);
            EXPECT_EQ(PCP_UNUSABLE, m->result);
        }
    }
}

TEST(ports_and_addresses_of_no_use)
{
    static const struct {
        const char *name;
        size_t at;
        size_t n;
    } cases[] = {
        {"no port",    42, 2 },
        {"0.0.0.0",    56, 4 },
        {"no IPv4",    54, 2 },
        {"all zeroes", 44, 16},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct span answer;
        struct net *n = asking(11, &answer);
        test_note("%s", cases[i].name);
        memset(n->router.answer + cases[i].at, 0, cases[i].n);
        pcp_recv(&n->pcp, n->now, &gateway, answer);
        EXPECT_EQ(PCP_FAILED, n->pcp.mappings[0].state);
        EXPECT_EQ(PCP_UNUSABLE, n->pcp.mappings[0].result);
    }
}

TEST(refusals)
{
    static const struct {
        uint32_t lifetime_s;
        uint32_t left_alone_s;
    } cases[] = {
        {0,          30  },
        {31,         31  },
        {1800,       1800},
        {UINT32_MAX, 1800},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct net n;
        net_init(&n, 12);
        n.router.result = PCP_NOT_AUTHORIZED;
        n.router.lifetime_s = cases[i].lifetime_s;
        n.pcp.cfg.lifetime_s = UINT32_MAX;
        add(&n, false, 4001);
        turn(&n);
        EXPECT_EQ(PCP_FAILED, n.pcp.mappings[0].state);
        EXPECT_EQ(PCP_NOT_AUTHORIZED, n.pcp.mappings[0].result);
        EXPECT(pcp_is_settled(&n.pcp));
        n.now = instant_add(n.now, cases[i].left_alone_s * US_PER_S - 1);
        pcp_ask(&n.pcp, n.now);
        EXPECT_EQ(PCP_FAILED, n.pcp.mappings[0].state);
        n.now = instant_add(n.now, 1);
        pcp_ask(&n.pcp, n.now);
        EXPECT_EQ(PCP_ASKING, n.pcp.mappings[0].state);
    }
}

TEST(a_router_of_another_version)
{
    static const char *const answers[] = {
        "00 81 0001 00000010",
        "01 81 00 01 00000000 00000010 000000000000000000000000",
    };
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        struct span answer;
        struct net *n = asking(13, &answer);
        pcp_recv(&n->pcp, n->now, &gateway, test_hex(answers[i]));
        EXPECT_EQ(PCP_FAILED, n->pcp.mappings[0].state);
        EXPECT_EQ(PCP_UNSUPP_VERSION, n->pcp.mappings[0].result);
        EXPECT(pcp_is_settled(&n->pcp));
        EXPECT_EQ(1800 * US_PER_S, n->pcp.mappings[0].retry_at.us - n->now.us);
    }
}

TEST(nobody_listens)
{
    struct span answer;
    struct net *n = asking(14, &answer);
    pcp_unreachable(&n->pcp, n->now);
    EXPECT_EQ(PCP_NO_ANSWER, n->pcp.mappings[0].result);
    EXPECT(pcp_is_settled(&n->pcp));
    /* What is open stays: the router may be starting. */
    n = asking(14, &answer);
    pcp_recv(&n->pcp, n->now, &gateway, answer);
    n->now = n->pcp.mappings[0].send_at;
    uint8_t out[PCP_REQUEST_LEN];
    EXPECT_EQ(PCP_REQUEST_LEN, pcp_send(&n->pcp, n->now, MSPAN_OF(out)));
    pcp_unreachable(&n->pcp, n->now);
    EXPECT(pcp_is_settled(&n->pcp));
    EXPECT_EQ(PCP_OPEN, n->pcp.mappings[0].state);
    pcp_close(&n->pcp, n->now);
    EXPECT_EQ(PCP_CLOSING, n->pcp.mappings[0].state);
    pcp_unreachable(&n->pcp, n->now);
    EXPECT_EQ(PCP_CLOSED, n->pcp.mappings[0].state);
}

/* An answer to an older request opens nothing while it is being closed. */
TEST(closing)
{
    struct span answer;
    struct net *n = asking(15, &answer);
    pcp_close(&n->pcp, n->now); /* it may be open already */
    EXPECT_EQ(PCP_CLOSING, n->pcp.mappings[0].state);
    uint8_t out[PCP_REQUEST_LEN];
    uint8_t late[60];
    memcpy(late, answer.p, sizeof late);
    EXPECT_EQ(PCP_REQUEST_LEN, pcp_send(&n->pcp, n->now, MSPAN_OF(out)));
    EXPECT_SPAN(test_hex("00000000"), span_of(out + 4, 4));
    EXPECT_SPAN(test_hex("0000 00000000000000000000ffff 00000000"), span_of(out + 42, 18));
    pcp_recv(&n->pcp, n->now, &gateway, SPAN_OF(late));
    EXPECT_EQ(PCP_CLOSING, n->pcp.mappings[0].state);
    pcp_recv(&n->pcp, n->now, &gateway, router_ask(&n->router, SPAN_OF(out), n->now));
    EXPECT_EQ(PCP_CLOSED, n->pcp.mappings[0].state);
    EXPECT_EQ(0, router_open_count(n));
    /* What was never asked for needs no closing; one that gets no answer is given up. */
    struct net other;
    net_init(&other, 16);
    add(&other, false, 4001);
    pcp_close(&other.pcp, other.now);
    EXPECT_EQ(PCP_CLOSED, other.pcp.mappings[0].state);
    net_init(&other, 17);
    add(&other, false, 4001);
    turn(&other);
    other.router.is_silent = true;
    pcp_close(&other.pcp, other.now);
    run(&other, 10 * US_PER_S);
    EXPECT_EQ(PCP_CLOSED, other.pcp.mappings[0].state);
}

TEST(no_more_than_there_is_room_for)
{
    struct net n;
    net_init(&n, 18);
    for (uint16_t i = 0; i < PCP_MAPPINGS_MAX; i++) {
        add(&n, false, (uint16_t)(1 + i));
    }
    EXPECT_ERR(ERR_LIMIT, pcp_add(&n.pcp, n.now, (struct pcp_port){.inside = 9}));
}

TEST_MAIN
