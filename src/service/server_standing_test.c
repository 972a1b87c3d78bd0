/* Who is turned away first when there is more to do than a server can, and whose quota is larger. */
#include "base/test.h"
#include "service/client.h"
#include "service/server.h"

#include <stdio.h>
#include <string.h>

enum { PLACES = 20, ASKS = 10, UNITS = 100, WAITS = -1 };

static struct service_server s;
static instant now;
static const struct address account = {.bytes = {7}};

static void begin(void)
{
    struct service_server_cfg cfg = {
        .budget = test_budget(),
        .chain_id = 31337,
        .agent = "test",
        .limits = service_server_limits_default(),
        .map_seed = {1, 2}
    };
    cfg.limits.streams_max = PLACES;
    cfg.limits.streams_per_peer_max = PLACES;
    cfg.limits.asks_max = ASKS;
    cfg.limits.units_max = UNITS;
    cfg.limits.units_per_s = 1;
    now = (instant){.us = 1000000};
    EXPECT_OK(service_server_init(&s, &cfg, now));
    s.has_head = true; /* nothing here looks at it */
    s.head_at = now;
    s.head_next = INSTANT_NEVER;
}

static void end(void)
{
    service_server_done(&s);
}

static int answer_of(struct service_stream *st, struct service_client *c)
{
    struct service_client_event e;
    struct span out = service_server_waiting(st);
    if (out.n == 0) {
        return WAITS;
    }
    EXPECT_OK(service_client_recv(c, now, &out));
    EXPECT(service_client_poll(c, &e) && e.kind == SERVICE_CLIENT_ANSWER);
    return (int)e.response.code;
}

/* ask asks something of the node, which is silent: WAITS if it waits; *ret_stream (may be NULL) goes on then. */
static int ask(const char *peer, enum service_type type, struct service_stream **ret_stream)
{
    struct service_client c;
    struct service_stream *st;
    struct service_peer who = {.id = span_str(peer)};
    struct service_request r = {.type = type,
                                .chain_id = 31337,
                                .id = 1,
                                .topic = SERVICE_TOPIC_HEADS,
                                .method = SPAN_LIT("eth_gasPrice"),
                                .params = SPAN_LIT("[]")};
    if (service_server_open(&s, &st, who, NULL, now) != OK) {
        return SERVICE_INTERNAL; /* no place at all */
    }
    EXPECT_OK(service_client_init(&c, test_budget(), &r, now));
    service_server_recv(&s, st, service_client_waiting(&c), now);
    int code = answer_of(st, &c);
    service_client_done(&c);
    if (ret_stream) {
        *ret_stream = st;
    } else if (code != WAITS) {
        service_server_reset(&s, st);
    }
    return code;
}

/* How many questions of a peer come to the node. */
static unsigned fill(const char *peer)
{
    unsigned count = 0;
    while (ask(peer, SERVICE_RPC, NULL) == WAITS) {
        count++;
    }
    return count;
}

static void make_known(const char *peer)
{
    for (int i = 0; i < STANDING_KNOWN_ANSWERS; i++) {
        standings_answered(&s.standings, span_str(peer), now);
    }
}

TEST(strangers_wait_first_and_then_who_has_not_paid)
{
    begin();
    make_known("friend");
    now = instant_add(now, STANDING_KNOWN_S * US_PER_S);
    s.head_at = now;
    standings_paid(&s.standings, SPAN_LIT("payer"), account, now);
    EXPECT_EQ(7, fill("stranger")); /* 70 % of the places at the node */
    EXPECT_EQ(1, s.shed_count[STANDING_UNKNOWN]);
    EXPECT_EQ(2, fill("friend")); /* up to 90 % */
    EXPECT_EQ(1, s.shed_count[STANDING_KNOWN]);
    EXPECT_EQ(1, fill("payer"));
    EXPECT_EQ(0, s.shed_count[STANDING_PAYING]); /* BUSY, since there is no place at all */
    EXPECT_EQ(SERVICE_BUSY, ask("payer", SERVICE_RPC, NULL));
    EXPECT_EQ(SERVICE_BUSY, ask("stranger", SERVICE_RPC, NULL));
    EXPECT_EQ(SERVICE_OK,
              ask("stranger", SERVICE_STATUS, NULL)); /* how it is doing, it says to all */
    end();
}

TEST(places_for_streams_are_shared_out_alike)
{
    struct service_stream *held[PLACES];
    begin();
    make_known("friend");
    now = instant_add(now, STANDING_KNOWN_S * US_PER_S);
    s.head_at = now;
    s.cfg.limits.asks_max = 1000;
    unsigned count = 0;
    while (count < PLACES && ask("stranger", SERVICE_SUBSCRIBE, &held[count]) == SERVICE_OK) {
        count++;
    }
    EXPECT_EQ(14, count); /* each stays open */
    service_server_reset(&s, held[count]);
    count = 0;
    while (count < PLACES && ask("friend", SERVICE_SUBSCRIBE, &held[count]) == SERVICE_OK) {
        count++;
    }
    EXPECT_EQ(4, count);
    end();
}

TEST(who_paid_has_a_quota_of_the_account_besides)
{
    begin();
    s.cfg.limits.asks_max = 100000;
    unsigned count = 0;
    while (ask("stranger", SERVICE_STATUS, NULL) == SERVICE_OK) {
        count++;
    }
    EXPECT_EQ(UNITS, count);
    standings_paid(&s.standings, SPAN_LIT("payer"), account, now);
    standings_paid(&s.standings, SPAN_LIT("also the payer"), account, now);
    for (count = 0; ask("payer", SERVICE_STATUS, NULL) == SERVICE_OK;) {
        count++;
    }
    EXPECT_EQ(UNITS + 4 * UNITS, count);
    for (count = 0; ask("also the payer", SERVICE_STATUS, NULL) == SERVICE_OK;) {
        count++;
    }
    EXPECT_EQ(UNITS, count); /* the account's is used up */
    end();
}

TEST_MAIN
