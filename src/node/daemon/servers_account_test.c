/* By whose identity a server is asked, on hosts joined by perfect wires: the daemon's, those of two accounts, a server. */
#include "node/daemon/servers_inside.h"

#include "base/test.h"
#include "p2p/conn_gate.h"
#include "p2p/host_net_test.h"

#include <string.h>

enum { DAEMON, FIRST, SECOND, SERVER, NODES };

/* Too large for the stack. */
static struct servers s;
static struct host_net net;
static struct conn_gate gate;
static struct rng_seeded rng;

static const struct network network = {.id = {"local"}, .chain_id = 31337};
static const struct id first = {"one"};
static const struct id second = {"two"};
static const struct id third = {"three"};
static const struct service_request finality = {.type = SERVICE_LC_FINALITY, .chain_id = 31337};

static unsigned heard[NODES]; /* streams that came to the server, by who opened them */
static bool all_serve;        /* the nodes of the accounts are servers too */
static unsigned taken[NODES]; /* transactions that came to each */
static unsigned light_over;

static struct wallet_time now(void)
{
    return (struct wallet_time){.mono = net.now};
}

static const uint8_t tx[] = {0x02, 0xc1, 0x80};

/* The requests are short: each comes in one piece. */
static void read_request(unsigned i, struct span frame)
{
    struct service_request r;
    EXPECT(frame.n > 1 && frame.p[0] == frame.n - 1);
    EXPECT_OK(service_request_decode(&r, span_from(frame, 1), NULL));
    taken[i] += r.type == SERVICE_SEND_TRANSACTION && span_equal(r.transaction, SPAN_OF(tx));
}

static void on_server(unsigned at, const struct host_event *e)
{
    for (unsigned i = 0; i < NODES && e->kind == HOST_EVENT_STREAM_OPENED && e->inbound; i++) {
        heard[i] += peer_id_equal(&e->peer, host_self(&net.nodes[i].host));
    }
    if (e->kind == HOST_EVENT_STREAM_DATA) {
        read_request(at, e->data);
        host_stream_consume(&net.nodes[at].host, e->stream, e->data.n);
    }
}

static void on_event(void *user, unsigned i, const struct host_event *e)
{
    (void)user;
    if (i == SERVER || (all_serve && i != DAEMON)) {
        on_server(i, e);
    } else if (i != DAEMON) {
        servers_account_event(&s, &net.nodes[i].host, now(), e);
    } else {
        (void)call_host_event(&s, &net.nodes[i].host, now(), e);
    }
}

static enum err host_of(void *user, struct host **ret, struct wallet_time t, struct id account)
{
    (void)user;
    (void)t;
    if (id_equal(account, third)) {
        return ERR_LIMIT;
    }
    *ret = &net.nodes[id_equal(account, first) ? FIRST : SECOND].host;
    return OK;
}

static void on_light_over(void *user,
                          struct wallet_time t,
                          const struct service_request *asked,
                          bool has_learnt)
{
    (void)user;
    EXPECT_EQ(SERVICE_LC_FINALITY, asked->type);
    (void)t;
    light_over += !has_learnt;
}

/* The daemon is connected to one server, found so. */
static void begin(enum found found)
{
    memset(&s, 0, sizeof s);
    memset(&gate, 0, sizeof gate);
    memset(heard, 0, sizeof heard);
    memset(taken, 0, sizeof taken);
    all_serve = false;
    light_over = 0;
    rng_seeded_init(&rng, test_seed());
    host_net_init(&net, NODES);
    net.on_event = on_event;
    struct servers_cfg cfg = {.budget = test_budget(),
                              .rng = &rng.rng,
                              .host = &net.nodes[DAEMON].host,
                              .host_of = host_of,
                              .light_over = on_light_over};
    EXPECT_OK(servers_init(&s, &cfg));
    EXPECT_OK(
        host_handle(&net.nodes[SERVER].host, SERVICE_PROTOCOL_ID, (struct host_protocol_args){0}));
    host_net_connect(&net, DAEMON, SERVER);
    const struct peer_id *peer = host_self(&net.nodes[SERVER].host);
    s.servers[s.server_count++] = (struct server){.peer = *peer, .is_usable = true};
    s.targets[s.target_count++] = (struct target){.peer = *peer, .found = found};
}

static void end(void)
{
    servers_done(&s);
    host_net_done(&net);
}

static struct question *ask(struct id account)
{
    struct question *q = &s.questions[0];
    while (q->is_used) {
        q++;
    }
    *q = (struct question){.is_used = true,
                           .kind = QUESTION_LIGHT,
                           .light = finality,
                           .network = &network,
                           .account = account,
                           .hedge_at = INSTANT_NEVER,
                           .settle_at = INSTANT_NEVER,
                           .again_at = INSTANT_NEVER,
                           .give_up_at = INSTANT_NEVER};
    buf_init(&q->params, test_budget(), 64);
    return q;
}

/* call is call_question as servers_ask.c does it. */
static enum err call(struct question *q)
{
    TRY(call_question(&s, now(), q, &s.servers[0]));
    q->tried[q->tried_count++] = s.servers[0].peer;
    q->running++;
    return OK;
}

static size_t calls_count(void)
{
    size_t count = 0;
    for (size_t i = 0; i < SERVERS_CALL_COUNT_MAX; i++) {
        count += s.calls[i].is_used;
    }
    return count;
}

TEST(each_account_asks_by_its_own_identity)
{
    begin(FOUND_MANUAL);
    for (int i = 0; i < 2; i++) {
        EXPECT_OK(call(ask(first)));
        EXPECT_OK(call(ask(second)));
        EXPECT_OK(call(ask((struct id){""}))); /* the daemon, for itself */
        host_net_run(&net);
        EXPECT_EQ(i + 1, heard[FIRST]);
        EXPECT_EQ(i + 1, heard[SECOND]);
        EXPECT_EQ(i + 1, heard[DAEMON]);
    }
    EXPECT_EQ(6, calls_count());
    EXPECT(servers_is_asking(&s, &net.nodes[FIRST].host));
    call_drop_question(&s, &s.questions[0]);
    call_drop_question(&s, &s.questions[3]);
    EXPECT(!servers_is_asking(&s, &net.nodes[FIRST].host));
    EXPECT(servers_is_asking(&s, &net.nodes[SECOND].host));
    EXPECT_EQ(ERR_LIMIT, call(ask(third))); /* there is none for it: nobody else's is used */
    EXPECT_EQ(4, calls_count());
    end();
}

/* Hosts number their streams each for itself. */
TEST(an_event_of_another_host_is_not_taken_for_ones_own)
{
    begin(FOUND_MANUAL);
    EXPECT_OK(call(ask(first)));
    host_net_run(&net);
    struct call *c = &s.calls[0];
    struct host_event e = {.kind = HOST_EVENT_STREAM_RESET,
                           .stream = c->stream,
                           .user = c,
                           .peer = c->peer,
                           .err = ERR_CLOSED};
    servers_account_event(&s, &net.nodes[SECOND].host, now(), &e);
    EXPECT_EQ(1, calls_count());
    servers_account_event(&s, &net.nodes[FIRST].host, now(), &e);
    EXPECT_EQ(1, calls_count()); /* another, by the daemon's identity: this server was named */
    EXPECT(s.calls[0].host == &net.nodes[DAEMON].host);
    end();
}

/* A closed circle that knows the daemon. */
TEST(who_was_named_and_lets_in_the_daemon_alone_is_asked_by_it)
{
    begin(FOUND_MANUAL);
    char text[PEER_ID_TEXT_MAX];
    peer_id_print(text, host_self(&net.nodes[FIRST].host));
    EXPECT_OK(conn_rules_add(&gate.deny, span_str(text)));
    host_set_gate(&net.nodes[SERVER].host, &gate);
    EXPECT_OK(call(ask(first)));
    EXPECT_OK(call(ask(second)));
    host_net_run(&net);
    EXPECT_EQ(0, heard[FIRST]);
    EXPECT_EQ(1, heard[DAEMON]);
    EXPECT_EQ(0, s.servers[0].failures); /* that is no broken promise */
    EXPECT_EQ(0, s.servers[0].unproven);
    EXPECT_EQ(0, light_over);
    EXPECT_OK(call(ask(first)));
    host_net_run(&net);
    EXPECT_EQ(2, heard[DAEMON]); /* at once, now */
    host_set_gate(&net.nodes[SERVER].host, NULL);
    host_net_pass(&net, 601 * US_PER_S);
    EXPECT_OK(call(ask(first)));
    host_net_run(&net);
    EXPECT_EQ(1, heard[FIRST]); /* it is tried again */
    end();
}

/* Or a stranger could turn away every identity but the one that all accounts share. */
TEST(a_stranger_that_turns_identities_away_is_not_asked)
{
    begin(FOUND_DHT);
    char text[PEER_ID_TEXT_MAX];
    peer_id_print(text, host_self(&net.nodes[FIRST].host));
    EXPECT_OK(conn_rules_add(&gate.deny, span_str(text)));
    host_set_gate(&net.nodes[SERVER].host, &gate);
    EXPECT_OK(call(ask(first)));
    host_net_run(&net);
    EXPECT_EQ(0, heard[DAEMON]);
    EXPECT_EQ(1, s.servers[0].unproven);
    EXPECT_EQ(1, light_over);
    EXPECT_EQ(0, calls_count());
    end();
}

TEST(a_server_that_is_not_reached_has_failed)
{
    begin(FOUND_DHT);
    net.nodes[SERVER].is_dead = true; /* takes no further connections */
    EXPECT_OK(call(ask(first)));
    EXPECT_EQ(1, calls_count());
    EXPECT(s.calls[0].dial != 0);
    host_net_run(&net);
    EXPECT_EQ(0, calls_count());
    EXPECT_EQ(1, light_over);
    EXPECT_EQ(0, heard[FIRST] + heard[DAEMON]);
    /* A question that is dropped takes its dial with it. */
    struct question *q = ask(second);
    EXPECT_OK(call(q));
    call_drop_question(&s, q);
    net.nodes[SERVER].is_dead = false;
    host_net_run(&net);
    EXPECT_EQ(0, host_peers_count(&net.nodes[SECOND].host));
    EXPECT_EQ(1, light_over);
    end();
}

static bool may_dial_any;

static bool may_dial(void *user, struct span addr)
{
    (void)user;
    EXPECT_SPAN(host_net_addr(&net, SERVER), addr);
    return may_dial_any;
}

/* A server that dialled the daemon is dialled where it says that it is, if that may be. */
TEST(one_that_came_by_itself_is_dialled_where_it_announces)
{
    begin(FOUND_INBOUND);
    host_disconnect(&net.nodes[DAEMON].host, host_self(&net.nodes[SERVER].host));
    host_net_run(&net);
    host_net_connect(&net, SERVER, DAEMON);
    s.cfg.may_dial = may_dial;
    may_dial_any = false;
    EXPECT_ERR(ERR_LIMIT, call(ask(first))); /* there is nowhere to go */
    may_dial_any = true;
    EXPECT_OK(call(ask(first)));
    host_net_run(&net);
    EXPECT_EQ(1, heard[FIRST]);
    end();
}

/* One that keeps it back keeps nothing. */
TEST(a_transaction_goes_to_all_three)
{
    begin(FOUND_MANUAL);
    all_serve = true;
    s.cfg.host_of = NULL;
    for (unsigned i = FIRST; i <= SECOND; i++) {
        const struct peer_id *peer = host_self(&net.nodes[i].host);
        EXPECT_OK(
            host_handle(&net.nodes[i].host, SERVICE_PROTOCOL_ID, (struct host_protocol_args){0}));
        host_net_connect(&net, DAEMON, i);
        s.servers[s.server_count++] = (struct server){.peer = *peer, .is_usable = true};
        s.targets[s.target_count++] = (struct target){.peer = *peer, .found = FOUND_MANUAL};
    }
    struct wallet_event e = {.kind = WALLET_ASK,
                             .account = first,
                             .mode = WALLET_ASK_AGREE,
                             .network = &network,
                             .method = "eth_sendRawTransaction",
                             .params = SPAN_LIT("[\"0x02c180\"]")};
    servers_wallet_event(&s, now(), &e);
    host_net_run(&net);
    for (unsigned i = FIRST; i < NODES; i++) {
        EXPECT_EQ(1, taken[i]);
    }
    EXPECT_EQ(3, calls_count());
    end();
}

TEST(a_dial_has_its_time_however_long_nothing_happened)
{
    begin(FOUND_MANUAL);
    net.now = instant_add(net.now, 3600 * US_PER_S); /* and no deadline came meanwhile */
    EXPECT_OK(call(ask(first)));
    EXPECT(host_deadline(&net.nodes[FIRST].host).us > net.now.us);
    end();
}

TEST_MAIN
