/* Whom an account asks, and what several answers come to. */
#include "node/daemon/servers_inside.h"

#include "base/test.h"
#include "p2p/host_net_test.h"

#include <stdio.h>
#include <string.h>

/* Too large for the stack. */
static struct servers s;
static struct question q;
static struct host_net net;

static struct peer_id peer_of(uint8_t number)
{
    uint8_t bytes[34] = {0x12, 0x20, number};
    struct peer_id peer;
    EXPECT_OK(peer_id_decode(&peer, SPAN_OF(bytes)));
    return peer;
}

/* Usable servers 1 to count; the first named of them stand in the list of addresses. */
static void begin(uint8_t count, uint8_t named)
{
    memset(&s, 0, sizeof s);
    for (uint8_t i = 0; i < count; i++) {
        s.servers[i] = (struct server){.peer = peer_of(i), .is_usable = true};
        s.targets[i] =
            (struct target){.peer = peer_of(i), .found = i < named ? FOUND_MANUAL : FOUND_MDNS};
    }
    s.server_count = count;
    s.target_count = count;
}

static const struct id account = {"one"};

static instant at(uint64_t seconds)
{
    return instant_add((instant){5}, seconds * US_PER_S);
}

static int pick_at(uint64_t seconds, struct trust_tried tried)
{
    const struct server *one = trust_pick(&s, at(seconds), account, tried);
    return one ? (int)(one - s.servers) : -1;
}

/* Whom an account asks when none has asked anybody yet. */
static int pick_anew(void)
{
    s.set_count = 0;
    return pick_at(0, (struct trust_tried){0});
}

static int pick(struct trust_tried tried)
{
    return pick_at(0, tried);
}

TEST(an_account_stays_inside_three)
{
    struct trust_tried tried = {0};
    struct peer_id peers[8];
    begin(5, 5);
    int first = pick(tried);
    for (int i = 0; i < 5; i++) {
        EXPECT_EQ(first, pick(tried)); /* always the same one, while it keeps its promises */
    }
    tried.peers = peers;
    int seen[3];
    for (int i = 0; i < 3; i++) {
        seen[i] = pick(tried);
        TEST_REQUIRE(seen[i] >= 0);
        peers[tried.count++] = s.servers[seen[i]].peer;
    }
    EXPECT_EQ(first, seen[0]);
    EXPECT(seen[1] != seen[0] && seen[2] != seen[0] && seen[2] != seen[1]);
    EXPECT_EQ(-1, pick(tried)); /* the other two do not hear of it */
    EXPECT_EQ(3, s.sets[0].count);
}

/* Servers 0, 1 and 2 say that one person runs them. */
static struct span operator_of(void *user, const struct peer_id *peer)
{
    static const char *const names[] = {"one", "one", "one", "two", "", ""};
    (void)user;
    for (size_t i = 0; i < s.server_count; i++) {
        if (peer_id_equal(&s.servers[i].peer, peer)) {
            return span_str(names[i]);
        }
    }
    return SPAN_EMPTY;
}

TEST(an_account_asks_no_two_of_one_operator)
{
    struct trust_tried tried = {0};
    struct peer_id peers[8];
    int from[3] = {0};
    begin(5, 5);
    s.cfg.operator_of = operator_of;
    tried.peers = peers;
    for (int i = 0; i < 3; i++) {
        int one = pick(tried);
        TEST_REQUIRE(one >= 0);
        from[one < 3 ? 0 : one - 2]++;
        peers[tried.count++] = s.servers[one].peer;
    }
    EXPECT_EQ(1, from[0]);
    EXPECT_EQ(1, from[1]);
    EXPECT_EQ(1, from[2]); /* who says nothing is not of the same */
    EXPECT_EQ(-1, pick(tried));
}

static void on_event(void *user, unsigned i, const struct host_event *e)
{
    (void)user;
    if (e->kind == HOST_EVENT_STREAM_DATA) {
        host_stream_consume(&net.nodes[i].host, e->stream, e->data.n);
    }
}

/* A wallet that is connected to five servers, of which three stand in one /24. */
static void begin_connected(void)
{
    enum { BYTE_OF_NETWORK = 3 }; /* of /ip4: a protocol number, then the address */
    static const uint8_t networks[] = {1, 2, 2, 2, 3, 4};
    begin(5, 5);
    host_net_init(&net, sizeof networks);
    net.on_event = on_event;
    for (unsigned i = 1; i < sizeof networks; i++) {
        net.nodes[i].addr[BYTE_OF_NETWORK] = networks[i];
        host_net_connect(&net, 0, i);
        s.servers[i - 1].peer = *host_self(&net.nodes[i].host);
        s.targets[i - 1].peer = *host_self(&net.nodes[i].host);
    }
    s.cfg.host = &net.nodes[0].host;
}

/* How many of the three that an account asks stand in the one network. */
static unsigned neighbours_asked(unsigned want_count)
{
    struct peer_id peers[SERVERS_SET_LEN];
    struct trust_tried tried = {.peers = peers};
    unsigned count = 0;
    for (int one = pick(tried); one >= 0; one = pick(tried)) {
        count += one < 3;
        peers[tried.count++] = s.servers[one].peer;
    }
    EXPECT_EQ(want_count, tried.count);
    return count;
}

/* One machine, or one provider, that stands as many servers. */
TEST(an_account_asks_no_two_of_one_network)
{
    begin_connected();
    s.has_neighbours = true;
    EXPECT_EQ(1, neighbours_asked(3));
    s.servers[3].is_usable = s.servers[4].is_usable = false;
    s.set_count = 0;
    EXPECT_EQ(1, neighbours_asked(1)); /* rather one word than three of the same mouth */
    s.has_neighbours = false;          /* a local network is one place */
    EXPECT_EQ(3, neighbours_asked(3));
    host_net_done(&net);
}

TEST(who_breaks_promises_goes_for_another)
{
    struct trust_tried tried = {0};
    begin(5, 5);
    int first = pick(tried);
    s.servers[first].failures = 2;
    int second = pick(tried);
    EXPECT(second != first);
    s.servers[second].unproven = 2; /* it answers, and proves nothing */
    int third = pick(tried);
    EXPECT(third != first && third != second);
    s.servers[third].failures = 2;
    int fourth = pick(tried); /* the set is full: the first that may leave does */
    EXPECT(fourth >= 0 && fourth != first && fourth != second && fourth != third);
    EXPECT_EQ(3, s.sets[0].count);
}

TEST(the_quicker_and_the_fresher_is_asked)
{
    struct trust_tried tried = {0};
    begin(4, 4);
    for (size_t i = 0; i < 4; i++) {
        s.servers[i].head = 100;
        servers_note_rtt(&s.servers[i], (900 - 100 * i) * 1000);
    }
    EXPECT_EQ(3, pick(tried));
    servers_note_rtt(&s.servers[3], 900 * 1000); /* once slow is not slow */
    EXPECT_EQ(3, pick(tried));
    s.servers[3].head = 97;
    EXPECT_EQ(2, pick_anew());
    s.servers[3].head = 98; /* as good as the newest */
    EXPECT_EQ(3, pick_anew());
    /* Who boasts is not preferred, and makes nobody look stale. */
    s.servers[0].head = UINT64_MAX;
    s.servers[3].head = 100;
    EXPECT_EQ(3, pick_anew());
    /* A broken promise weighs more than all of that. */
    s.servers[3].failures = 1;
    s.servers[2].head = 1;
    s.servers[1].head = 1;
    EXPECT(pick_anew() != 3);
}

/* What nobody can check is rather asked of who was right before. */
TEST(who_is_new_is_asked_what_is_checked)
{
    struct trust_tried checked = {0};
    struct trust_tried unchecked = {.is_unchecked = true};
    begin(2, 2);
    s.servers[0].rtt_us = 1000;
    s.servers[1].rtt_us = 500 * 1000;
    EXPECT_EQ(0, pick(unchecked)); /* both are new */
    struct peer_id first_peer = s.servers[0].peer;
    EXPECT_EQ(1, pick((struct trust_tried){.peers = &first_peer, .count = 1}));
    for (int i = 0; i < 5; i++) {
        EXPECT_EQ(0, pick(unchecked));
        call_proved(&s, at(0), &s.servers[1].peer, true);
    }
    EXPECT_EQ(1, pick(unchecked));
    EXPECT_EQ(0, pick(checked));
}

/* Else one bad second of its node would cost a server its place for ever, since nobody asks it again. */
TEST(what_was_broken_fades)
{
    struct trust_tried tried = {0};
    begin(2, 2);
    s.servers[0].unproven = 5;
    EXPECT_EQ(1, pick_at(0, tried));
    EXPECT_EQ(1, pick_at(119, tried)); /* 2 left */
    s.servers[1].unproven = 1;
    for (int i = 0; i < 2; i++) {
        call_proved(&s, at(119), &s.servers[1].peer, false); /* 3 */
    }
    EXPECT_EQ(0, pick_at(121, tried));
    call_proved(&s, at(121), &s.servers[0].peer, false);
    EXPECT_EQ(1, pick_at(121, tried)); /* and is worth six at once when it goes on like that */
    s.servers[1].unproven = 0;
    EXPECT_EQ(1, pick_at(121 + 86400 * 30, tried));
    s.bans[s.ban_count++] = s.servers[1].peer;
    EXPECT_EQ(0, pick_at(121 + 86400 * 30, tried));
}

/* An operation that one of the three keeps back reaches the others, and nobody besides hears of it. */
TEST(in_turn_the_three_are_asked)
{
    begin(5, 5);
    unsigned seen[5] = {0};
    for (unsigned turn = 1; turn <= 12; turn++) {
        const struct server *one = trust_turn(&s, at(5), account, turn);
        TEST_REQUIRE(one);
        seen[one - s.servers] += turn > 3;       /* by then there are three */
        s.servers[one - s.servers].unproven = 1; /* good or not so good */
    }
    size_t asked = 0;
    for (size_t i = 0; i < 5; i++) {
        asked += seen[i] > 0;
        EXPECT(seen[i] == 0 || seen[i] == 3);
    }
    EXPECT_EQ(3, asked);
    EXPECT_EQ(3, s.sets[0].count);
}

TEST(in_turn_nobody_is_asked_that_may_not_be)
{
    begin(3, 2); /* the last is a stranger */
    s.bans[s.ban_count++] = s.servers[1].peer;
    for (unsigned turn = 1; turn <= 3; turn++) {
        EXPECT(trust_turn(&s, at(5), account, turn) == &s.servers[0]);
    }
    s.servers[0].is_usable = false;
    EXPECT(trust_turn(&s, at(5), account, 4) == &s.servers[2]);
    s.servers[2].busy_until = at(6);
    EXPECT(trust_turn(&s, at(5), account, 5) == NULL);
}

TEST(a_word_about_itself_makes_up_for_no_answer)
{
    struct trust_tried tried = {0};
    begin(5, 5);
    int first = pick(tried);
    struct server *one = &s.servers[first];
    for (int i = 0; i < 2; i++) { /* in order with itself, and fails at what it is asked */
        call_kept(&s, (instant){5}, &one->peer, CALL_TRACK, false);
        call_kept(&s, (instant){5}, &one->peer, CALL_STATUS, true);
        call_kept(&s, (instant){5}, &one->peer, CALL_HEADS, true);
    }
    EXPECT_EQ(2, one->failures);
    EXPECT(pick(tried) != first);
    call_kept(&s, (instant){5}, &one->peer, CALL_ASK, true);
    EXPECT_EQ(0, one->failures);
}

TEST(who_lied_is_not_asked)
{
    struct trust_tried tried = {0};
    begin(2, 2);
    int first = pick(tried);
    s.bans[s.ban_count++] = s.servers[first].peer;
    EXPECT_EQ(1 - first, pick(tried));
    s.bans[s.ban_count++] = s.servers[1 - first].peer;
    EXPECT_EQ(-1, pick(tried));
}

TEST(accounts_do_not_share_while_there_are_others)
{
    struct trust_tried tried = {0};
    const struct id other = {"two"};
    begin(2, 2);
    int first = pick(tried);
    const struct server *second = trust_pick(&s, (instant){5}, other, tried);
    TEST_REQUIRE(second);
    EXPECT(second - s.servers != first);
}

TEST(strangers_only_when_who_was_named_has_failed)
{
    struct trust_tried tried = {0};
    struct peer_id peers[2];
    begin(3, 1);
    EXPECT_EQ(0, pick(tried));
    peers[0] = s.servers[0].peer;
    tried = (struct trust_tried){.peers = peers, .count = 1};
    EXPECT_EQ(-1, pick(tried)); /* it is thinking */
    s.servers[0].failures = 1;
    EXPECT(pick(tried) > 0);
}

/* ---- several answers ---- */

static struct tally tally(enum wallet_ask_mode mode, const char *const *texts, size_t count)
{
    memset(&q, 0, sizeof q);
    q.mode = mode;
    for (size_t i = 0; i < count; i++) {
        struct said *x = &q.said[q.said_count++];
        x->peer = peer_of((uint8_t)i);
        x->is_error = texts[i][0] == '{';
        buf_init(&x->text, test_budget(), 256);
        EXPECT_OK(buf_append(&x->text, span_str(texts[i])));
    }
    return tally_of(&q);
}

static void tally_free(void)
{
    for (size_t i = 0; i < q.said_count; i++) {
        buf_done(&q.said[i].text);
    }
}

TEST(what_several_answers_come_to)
{
    static const struct {
        enum wallet_ask_mode mode;
        const char *texts[3];
        size_t count;
        int best; /* whose answer */
        uint8_t k;
        bool is_disputed;
        bool is_middle;
    } cases[] = {
        {WALLET_ASK_AGREE,  {"\"0x1\"", "\"0x1\"", "\"0x1\""},   3, 0,  3, false, false},
        {WALLET_ASK_AGREE,  {"\"0x2\"", "\"0x1\"", "\"0x1\""},   3, 1,  2, true,  false},
        {WALLET_ASK_AGREE,  {"\"0x2\"", "\"0x1\"", NULL},        2, 0,  1, true,  false},
        {WALLET_ASK_AGREE,  {"\"0x1\"", "\"0x2\"", "\"0x3\""},   3, 0,  1, true,  false},
        {WALLET_ASK_AGREE,
         {"{}", "{}", "\"0x1\""},
         3,                                                         2,
         1,                                                                false,
         false                                                                         }, /* an error never beats a value */
        {WALLET_ASK_AGREE,  {"{\"a\":1}", "{}", NULL},           2, 0,  2, false, false},
        {WALLET_ASK_AGREE,  {NULL},                              0, -1, 0, false, false},
        {WALLET_ASK_MIDDLE, {"\"0x5\"", "\"0x1\"", "\"0x9\""},   3, 0,  3, false, true },
        {WALLET_ASK_MIDDLE, {"\"0xffffffff\"", "\"0x1\"", NULL}, 2, 1,  2, false, true },
        {WALLET_ASK_MIDDLE, {"\"0x5\"", "\"0x5\"", "\"0x5\""},   3, 1,  3, false, false},
        {WALLET_ASK_MIDDLE,
         {"{}", "{}", "\"0x1\""},
         3,                                                         1,
         2,                                                                false,
         false                                                                         }, /* most say that it fails */
        {WALLET_ASK_MIDDLE, {"{}", "\"0x1\"", NULL},             2, 1,  1, false, true },
        {WALLET_ASK_MIDDLE, {"\"x\"", NULL},                     1, 0,  1, false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tally t = tally(cases[i].mode, cases[i].texts, cases[i].count);
        test_note("case %zu", i);
        EXPECT_EQ(cases[i].best, t.best ? (int)(t.best - q.said) : -1);
        EXPECT_EQ(cases[i].k, t.k);
        EXPECT_EQ(cases[i].is_disputed, t.is_disputed);
        EXPECT_EQ(cases[i].is_middle, t.is_middle);
        tally_free();
    }
}

/* ---- evidence ---- */

/* A store that holds the newest record alone. */
static struct {
    struct store store;
    uint8_t key[16];
    size_t key_len;
    struct buf value;
} kept;

static enum err
kept_put(struct store *self, enum store_table table, struct span key, struct span value)
{
    (void)self;
    EXPECT_EQ(STORE_EVIDENCE, table);
    kept.key_len = span_copy(MSPAN_OF(kept.key), key);
    buf_clear(&kept.value);
    return buf_append(&kept.value, value);
}

static enum err kept_prev(struct store *self,
                          enum store_table table,
                          struct span before,
                          struct buf *ret_key,
                          struct buf *ret_value)
{
    (void)self;
    (void)table;
    if (before.n > 0 || kept.key_len == 0) {
        return ERR_NOT_FOUND;
    }
    TRY(buf_append(ret_key, span_of(kept.key, kept.key_len)));
    return buf_append(ret_value, buf_span(&kept.value));
}

static struct json shown(struct buf *text)
{
    struct json list = {.type = JSON_NULL};
    struct json one = {.type = JSON_NULL};
    buf_clear(text);
    struct wr w = wr_init_buf(text);
    struct json_writer j = json_writer_init(&w);
    servers_write_evidence(&s, &j, 64);
    EXPECT_OK(json_writer_end(&j));
    EXPECT_OK(json_parse(&list, buf_span(text), NULL));
    EXPECT_EQ(1, json_count(list));
    EXPECT(json_at(&one, list, 0));
    return one;
}

static void expect_text(struct json one, const char *name, const char *want)
{
    struct json v;
    char text[512];
    struct wr w = wr_init(mspan_of(text, sizeof text - 1));
    EXPECT(json_find(&v, one, name));
    EXPECT_OK(json_get_string(&w, v));
    text[w.n] = '\0';
    EXPECT_STR(want, text);
}

TEST(what_shows_a_lie_is_kept_for_a_person)
{
    static const struct network network = {.id = {"local"}};
    struct rng_seeded rng;
    struct peer_id liar = peer_of(1);
    struct json said;
    struct json first = {.type = JSON_NULL};
    struct buf text;
    char name[PEER_ID_TEXT_MAX];
    begin(2, 2);
    memset(&q, 0, sizeof q);
    rng_seeded_init(&rng, test_seed());
    kept.store = (struct store){.put = kept_put, .prev = kept_prev};
    buf_init(&kept.value, test_budget(), STORE_VALUE_LEN_MAX);
    buf_init(&text, test_budget(), 64 * 1024);
    s.cfg = (struct servers_cfg){.budget = test_budget(), .rng = &rng.rng, .store = &kept.store};
    q.kind = QUESTION_LOGS;
    q.network = &network;
    q.block = 105;
    q.blocks = 6;
    q.block_hash.bytes[0] = 0xab;
    buf_init(&q.params, test_budget(), 64);
    evidence_keep_lie(&s, (struct wallet_time){.unix_ms = 7}, &q, &liar, SPAN_LIT("\x01\x02"));
    struct json one = shown(&text);
    expect_text(one, "kind", "lie");
    expect_text(one, "question", "logs");
    expect_text(one, "network_id", "local");
    TEST_REQUIRE(json_find(&said, one, "said") && json_at(&first, said, 0));
    peer_id_print(name, &liar);
    expect_text(first, "server", name);
    expect_text(first, "answer", "0x0102");
    /* A stranger's words hold nothing that a terminal acts on. */
    q.kind = QUESTION_RPC;
    q.method = "eth_gasPrice";
    q.said_count = 1;
    q.said[0].peer = liar;
    buf_init(&q.said[0].text, test_budget(), 8192);
    EXPECT_OK(buf_append(&q.said[0].text, SPAN_LIT("\"0x1\x1b[2J\"")));
    evidence_keep_disagreement(&s, (struct wallet_time){.unix_ms = 8}, &q);
    one = shown(&text);
    expect_text(one, "kind", "disagreement");
    expect_text(one, "method", "eth_gasPrice");
    TEST_REQUIRE(json_find(&said, one, "said") && json_at(&first, said, 0));
    expect_text(first, "answer", "\"0x1?[2J\"");
    /* Of a long answer the beginning is kept, and how long it was. */
    struct mspan rest;
    uint64_t len = 0;
    EXPECT_OK(buf_extend(&q.said[0].text, &rest, 5000));
    memset(rest.p, 'x', rest.n);
    evidence_keep_disagreement(&s, (struct wallet_time){.unix_ms = 9}, &q);
    one = shown(&text);
    TEST_REQUIRE(json_find(&said, one, "said") && json_at(&first, said, 0));
    EXPECT_OK(json_find_u64(&len, first, "len"));
    EXPECT_EQ(q.said[0].text.n, len);
    buf_done(&q.said[0].text);
    buf_done(&q.params);
    buf_done(&kept.value);
    buf_done(&text);
    memset(&kept, 0, sizeof kept);
}

static const struct server *witness(struct trust_tried tried)
{
    return trust_witness(&s, at(0), tried);
}

/* Neither whom an account asks nor whom the light client learnt from, nor who is run by the same people, says that the light
 * client is right. */
TEST(witnesses_stand_outside)
{
    struct trust_tried tried = {0};
    struct peer_id peers[4];
    begin(6, 6);
    s.sets[0] = (struct server_set){.account = account, .peers = {peer_of(0)}, .count = 1};
    s.set_count = 1;
    trust_learnt(&s, &s.servers[1].peer);
    EXPECT(witness(tried) == &s.servers[2]);
    s.servers[2].is_usable = false;
    EXPECT(witness(tried) == &s.servers[3]);
    tried.peers = peers;
    peers[tried.count++] = peer_of(3);
    EXPECT(witness(tried) == &s.servers[4]);
    peers[tried.count++] = peer_of(4);
    EXPECT(witness(tried) == &s.servers[5]);
    trust_learnt(&s, &s.servers[5].peer);
    trust_learnt(&s, &s.servers[5].peer);
    EXPECT_EQ(2, s.light_source_count);
    EXPECT(witness(tried) == NULL);
    /* 0, 1 and 2 are one person's, 4 is another's. */
    s.light_source_count = 0;
    s.servers[2].is_usable = true;
    s.cfg.operator_of = operator_of;
    tried.count = 0;
    EXPECT(witness(tried) == &s.servers[3]);
    s.set_count = 0;
    EXPECT(witness(tried) == &s.servers[0]);
    peers[0] = peer_of(0);
    tried.count = 1;
    EXPECT(witness(tried) == &s.servers[3]);
    for (size_t i = 0; i < 2 * SERVERS_PEER_COUNT_MAX; i++) { /* more than are known */
        struct peer_id peer = peer_of((uint8_t)(100 + i));
        trust_learnt(&s, &peer);
    }
    EXPECT(witness(tried) == &s.servers[3]);
    trust_learnt(&s, &s.servers[3].peer);
    EXPECT(witness(tried) == &s.servers[4]);
}

/* Two nodes write the same log, each in its own way; a third says another. */
TEST(logs_are_compared_by_what_they_say)
{
    static const char *const texts[] = {
        "[{\"address\":\"0x01\",\"topics\":[\"0x02\"],\"data\":\"0x03\",\"logIndex\":\"0x0\","
        "\"transactionHash\":\"0x04\",\"removed\":false}]",
        "[{\"transactionHash\":\"0x04\",\"data\":\"0x03\",\"logIndex\":\"0x0\","
        "\"blockTimestamp\":\"0x5\",\"topics\":[\"0x02\"]}]",
        "[{\"transactionHash\":\"0x04\",\"data\":\"0x04\",\"logIndex\":\"0x0\",\"topics\":["
        "\"0x02\"]}]",
    };
    struct buf said[3];
    for (size_t i = 0; i < 3; i++) {
        buf_init(&said[i], test_budget(), 1024);
        EXPECT_OK(tally_text(&said[i], "eth_getLogs", span_str(texts[i])));
    }
    EXPECT_SPAN(buf_span(&said[0]), buf_span(&said[1]));
    EXPECT(!span_equal(buf_span(&said[0]), buf_span(&said[2])));
    buf_clear(&said[0]);
    EXPECT_OK(tally_text(&said[0], "eth_call", span_str(texts[0])));
    EXPECT_SPAN(span_str(texts[0]), buf_span(&said[0]));
    for (size_t i = 0; i < 3; i++) {
        buf_done(&said[i]);
    }
}

TEST_MAIN
