#include "service/server.h"

#include "base/rng.h"
#include "base/test.h"
#include "codec/json.h"
#include "service/bundler.h"
#include "service/client.h"
#include "service/node_test.h"

#include <stdio.h>
#include <string.h>

enum { CLIENTS_MAX = 64, TRACE_MAX = 4096 };

/* One server with its node, and clients joined to it by narrow pipes. */
static struct world {
    struct service_server server;
    struct bundler bundler;
    struct scripted_node node;
    struct scripted_store store;
    struct rng_seeded rng;
    instant now;
    bool node_is_silent;
    size_t piece_max; /* bytes of one piece between the two; 0 = any */
    struct buf answer;
    char last_ask[1024];
    struct scripted_cosigner {
        struct service_cosigner port;
        enum err answer;
    } cosigner;
} w;

struct scripted_keeper {
    struct service_keeper port;
    enum service_code answer;
    uint8_t body[SERVICE_CAPSULE_LEN];
};

static enum service_code scripted_keep(struct service_keeper *self,
                                       struct service_kept *ret,
                                       enum service_type type,
                                       const struct service_keep_asker *asker,
                                       struct span request,
                                       instant now)
{
    struct scripted_keeper *k = (struct scripted_keeper *)(void *)self;
    EXPECT_SPAN(SPAN_LIT("peer"), asker->id);
    EXPECT_SPAN(type == SERVICE_CAPSULE_NONCE ? SPAN_EMPTY : SPAN_LIT("for the keeper"), request);
    EXPECT_EQ(w.now.us, now.us);
    *ret = (struct service_kept){
        .body = span_of(k->body, service_kept_len(type)), .why = "no room", .retry_ms = 77};
    return k->answer;
}

static enum err scripted_cosign(struct service_cosigner *self,
                                struct service_cosigned *ret,
                                enum service_type type,
                                struct span request)
{
    struct scripted_cosigner *c = (struct scripted_cosigner *)(void *)self;
    EXPECT_SPAN(SPAN_LIT("for keyd"), request);
    EXPECT(type == SERVICE_COSIGN_CREATE || type == SERVICE_COSIGN_SIGN);
    *ret = (struct service_cosigned){.cosigner = {{0xc0}}, .signature = {7}};
    ret->signature[64] = 27;
    return c->answer;
}

struct link {
    struct service_client client;
    struct service_stream *stream; /* NULL once closed */
    bool is_ended;                 /* the client's writing side */
    bool is_writable;              /* READY was told */
    char trace[TRACE_MAX];
    size_t trace_len;
};

static struct link links[CLIENTS_MAX];
static size_t links_count;

static void trace(struct link *l, const char *word, struct span text)
{
    struct wr out = wr_init(mspan_of(l->trace + l->trace_len, sizeof l->trace - 1 - l->trace_len));
    wr_str(&out, word);
    wr_str(&out, " ");
    wr_bytes(&out, text);
    wr_str(&out, "\n");
    EXPECT_OK(wr_end(&out));
    l->trace_len += out.n;
    l->trace[l->trace_len] = 0;
}

static void world_begin(bool with_bundler)
{
    memset(&w, 0, sizeof w);
    links_count = 0;
    scripted_node_init(&w.node);
    scripted_store_init(&w.store);
    rng_seeded_init(&w.rng, test_seed());
    w.now = (instant){.us = 1000000};
    buf_init(&w.answer, test_budget(), SERVICE_RESPONSE_LEN_MAX);
    struct bundler_cfg b = {
        .budget = test_budget(),
        .chain_id = 31337,
        .entry_point = userop_entry_point_08,
        .self = scripted_self,
        .known = scripted_known_ready,
        .known_count = 4,
        .signer = &scripted_signer,
        .store = &w.store.port,
        .limits = bundler_limits_default(),
    };
    EXPECT_OK(bundler_init(&w.bundler, &b));
    struct service_server_cfg cfg = {
        .budget = test_budget(),
        .chain_id = 31337,
        .agent = "passmesh-server/test",
        .limits = service_server_limits_default(),
        .map_seed = {1, 2},
        .bundler = with_bundler ? &w.bundler : NULL,
    };
    EXPECT_OK(service_server_init(&w.server, &cfg, w.now));
}

static void world_end(void)
{
    for (size_t i = 0; i < links_count; i++) {
        service_client_done(&links[i].client);
    }
    service_server_done(&w.server);
    bundler_done(&w.bundler);
    buf_done(&w.answer);
}

static struct link *ask_from(const struct service_request *r, const char *peer)
{
    struct link *l = &links[links_count];
    memset(l, 0, sizeof *l);
    struct service_peer who = {.id = span_str(peer), .group = SPAN_LIT("net")};
    if (!EXPECT_OK(service_client_init(&l->client, test_budget(), r, w.now))) {
        return l;
    }
    links_count++;
    EXPECT_OK(service_server_open(&w.server, &l->stream, who, l, w.now));
    return l;
}

static struct service_request request(enum service_type type)
{
    static uint64_t id = 1;
    return (struct service_request){
        .type = type, .chain_id = 31337, .id = id++, .topic = SERVICE_TOPIC_HEADS};
}

static struct link *ask_rpc(const char *method, const char *params)
{
    struct service_request r = request(SERVICE_RPC);
    r.method = span_str(method);
    r.params = span_str(params);
    return ask_from(&r, "peer");
}

static void client_event(struct link *l, const struct service_client_event *e)
{
    char number[32];
    switch (e->kind) {
    case SERVICE_CLIENT_ANSWER:
        trace(l, service_code_name(e->response.code), e->response.text);
        if (e->response.code != SERVICE_OK) {
            return;
        }
        if (l->client.type == SERVICE_RPC) {
            trace(l, e->body.rpc.is_error ? "error" : "result", e->body.rpc.json);
        } else if (l->client.type == SERVICE_STATUS) {
            trace(l, service_level_name(e->body.status.level), e->body.status.agent);
        } else if (l->client.type == SERVICE_COSIGN_CREATE) {
            (void)snprintf(number, sizeof number, "%02x", e->body.cosigned.cosigner.bytes[0]);
            trace(l, "made", span_str(number));
        } else if (l->client.type == SERVICE_COSIGN_SIGN) {
            (void)snprintf(number, sizeof number, "%02x", e->body.cosigned.signature[0]);
            trace(l, "signed", span_str(number));
        } else if (service_kept_len(l->client.type) > 0) {
            (void)snprintf(number, sizeof number, "%zu", e->body.kept.n);
            trace(l, "kept", span_str(number));
        } else if (l->client.type != SERVICE_SUBSCRIBE) {
            (void)snprintf(number, sizeof number, "state %d", (int)e->body.userop.state);
            trace(l, number, e->body.userop.reason);
        }
        return;
    case SERVICE_CLIENT_HEAD:
        (void)snprintf(number, sizeof number, "%llu", (unsigned long long)e->body.head.number);
        trace(l, "head", span_str(number));
        return;
    case SERVICE_CLIENT_CLOSED:
        trace(l, "closed", e->rule ? span_str(e->rule) : span_str(err_name(e->err)));
        return;
    }
}

static size_t piece_len(void)
{
    return w.piece_max == 0 ? 2048 : 1 + (size_t)rng_below(&w.rng.rng, w.piece_max);
}

/* link_pump carries one piece each way; false if there was nothing. */
static bool link_pump(struct link *l)
{
    uint8_t bytes[2048];
    bool did = false;
    size_t n = service_client_send(&l->client, w.now, mspan_of(bytes, piece_len()));
    if (n > 0 && l->stream) {
        service_server_recv(&w.server, l->stream, span_of(bytes, n), w.now);
        did = true;
    }
    if (l->stream && service_client_is_sent(&l->client) && !l->is_ended) {
        l->is_ended = true;
        service_server_end(&w.server, l->stream, w.now);
        did = true;
    }
    if (l->stream && l->is_writable) {
        n = service_server_send(&w.server, l->stream, mspan_of(bytes, piece_len()));
        l->is_writable = n > 0;
        struct span in = span_of(bytes, n);
        struct service_client_event e;
        while (in.n > 0 && service_client_recv(&l->client, w.now, &in) == OK &&
               service_client_poll(&l->client, &e)) {
            client_event(l, &e);
        }
        while (service_client_poll(&l->client, &e)) {
            client_event(l, &e);
        }
        did = true;
        if (service_server_is_finished(l->stream)) {
            service_server_reset(&w.server, l->stream);
            l->stream = NULL;
            service_client_end(&l->client, w.now);
            while (service_client_poll(&l->client, &e)) {
                client_event(l, &e);
            }
        }
    }
    return did;
}

static bool server_pump(void)
{
    struct service_server_event e;
    if (!service_server_poll(&w.server, &e, w.now)) {
        return false;
    }
    if (e.kind == SERVICE_SERVER_READY) {
        ((struct link *)e.user)->is_writable = true;
        return true;
    }
    size_t n = span_copy(mspan_of(w.last_ask, sizeof w.last_ask - 1), e.text);
    w.last_ask[n] = 0;
    if (!w.node_is_silent) {
        buf_clear(&w.answer);
        scripted_node_answer(&w.node, e.text, &w.answer);
        service_server_answer(&w.server, e.token, buf_span(&w.answer), w.now);
    }
    return true;
}

static void settle(void)
{
    bool did = true;
    for (int i = 0; i < 200000 && did; i++) {
        did = server_pump();
        for (size_t k = 0; k < links_count; k++) {
            did |= link_pump(&links[k]);
        }
    }
    EXPECT(!did);
}

static void pass_ms(uint64_t ms)
{
    w.now = instant_add(w.now, ms * US_PER_MS);
    service_server_tick(&w.server, w.now);
    struct service_client_event e;
    for (size_t i = 0; i < links_count; i++) {
        service_client_tick(&links[i].client, w.now);
        while (service_client_poll(&links[i].client, &e)) {
            client_event(&links[i], &e);
        }
    }
    settle();
}

TEST(status)
{
    world_begin(true);
    settle(); /* learns the head */
    struct service_request r = request(SERVICE_STATUS);
    struct link *l = ask_from(&r, "peer");
    settle();
    EXPECT_STR("ok \nknown-code passmesh-server/test\nclosed ok\n", l->trace);
    EXPECT(l->stream == NULL);
    struct service_status s;
    service_server_status(&w.server, &s);
    EXPECT(s.has_head);
    EXPECT_EQ(100, s.head.number);
    EXPECT(address_equal(s.bundler, scripted_self));
    service_server_drain(&w.server);
    r = request(SERVICE_STATUS);
    l = ask_from(&r, "peer");
    settle();
    EXPECT_STR("busy this server is about to stop\nclosed ok\n", l->trace);
    world_end();
}

TEST(cosigning_is_asked_of_the_driver_alone)
{
    world_begin(false);
    settle();
    struct service_request r = request(SERVICE_COSIGN_SIGN);
    r.cosign = SPAN_LIT("for keyd");
    struct link *l = ask_from(&r, "peer");
    settle();
    EXPECT_STR("unsupported this server keeps no co-signers\nclosed ok\n", l->trace);
    w.cosigner.port = (struct service_cosigner){.ask = scripted_cosign, .is_sealed = true};
    w.server.cfg.cosigner = &w.cosigner.port;
    struct service_status s;
    service_server_status(&w.server, &s);
    EXPECT_EQ(SERVICE_COSIGNING_SEALED, s.cosigning);
    l = ask_from(&r, "peer");
    settle();
    EXPECT_STR("ok \nsigned 07\nclosed ok\n", l->trace);
    w.cosigner.answer = ERR_LIMIT;
    l = ask_from(&r, "peer");
    settle();
    EXPECT_STR("denied more than a limit of the terms leaves now\nclosed ok\n", l->trace);
    r.type = SERVICE_COSIGN_CREATE;
    w.cosigner.answer = OK;
    for (int i = 0; i < 4; i++) { /* of 1,000 units each takes 200 */
        l = ask_from(&r, "peer");
        settle();
        EXPECT_STR("ok \nmade c0\nclosed ok\n", l->trace);
    }
    l = ask_from(&r, "peer");
    settle();
    EXPECT_STR("quota this peer or its network asked for too much: wait\nclosed ok\n", l->trace);
    world_end();
}

TEST(sealed_vaults_are_the_keepers_alone)
{
    static struct scripted_keeper keeper;
    world_begin(false);
    settle();
    struct service_request r = request(SERVICE_CAPSULE_PUT);
    struct service_status s;
    r.capsule = SPAN_LIT("for the keeper");
    struct link *l = ask_from(&r, "peer");
    settle();
    EXPECT_STR("unsupported this server keeps no sealed vaults\nclosed ok\n", l->trace);
    keeper = (struct scripted_keeper){.port = {.ask = scripted_keep}};
    w.server.cfg.keeper = &keeper.port;
    service_server_status(&w.server, &s);
    EXPECT(s.keeps_capsules);
    l = ask_from(&r, "peer");
    settle();
    EXPECT_STR("ok \nkept 8\nclosed ok\n", l->trace);
    r.type = SERVICE_CAPSULE_GET;
    l = ask_from(&r, "peer");
    settle();
    EXPECT_STR("ok \nkept 8192\nclosed ok\n", l->trace);
    r = request(SERVICE_CAPSULE_NONCE);
    l = ask_from(&r, "peer");
    settle();
    EXPECT_STR("ok \nkept 32\nclosed ok\n", l->trace);
    keeper.answer = SERVICE_BUSY;
    l = ask_from(&r, "peer");
    settle();
    EXPECT_STR("busy no room\nclosed ok\n", l->trace);
    world_end();
}

TEST(rpc)
{
    world_begin(false);
    struct link *early = ask_rpc("eth_gasPrice", "[]");
    uint8_t bytes[512];
    size_t n = service_client_send(&early->client, w.now, MSPAN_OF(bytes));
    service_server_recv(&w.server, early->stream, span_of(bytes, n),
                        w.now); /* before any head is known */
    settle();
    EXPECT_STR("stale this server's node is behind or not there\nclosed ok\n", early->trace);
    struct link *l = ask_rpc("eth_gasPrice", "[]");
    settle();
    EXPECT_STR("ok \nresult \"eth_gasPrice\"\nclosed ok\n", l->trace);
    EXPECT(strstr(w.last_ask, "\"method\":\"eth_gasPrice\",\"params\":[]}") != NULL);
    l = ask_rpc("eth_sendTransaction", "[]");
    settle();
    EXPECT_STR("unsupported this method is not offered\nclosed ok\n", l->trace);
    l = ask_rpc("eth_getLogs", "[{\"fromBlock\":\"earliest\",\"toBlock\":\"0x10000\"}]");
    settle();
    EXPECT_STR("denied the range of logs has too many blocks\nclosed ok\n", l->trace);
    l = ask_rpc("eth_getBalance", "[5]");
    settle();
    EXPECT_STR("bad-request an address is 0x and 40 digits\nclosed ok\n", l->trace);
    /* an error of the node is an answer, passed on as it is */
    w.node.sim_error = "AA24";
    l = ask_rpc("eth_call", "[{}]");
    settle();
    EXPECT(
        strstr(l->trace,
               "ok \nerror {\"code\":3,\"message\":\"execution reverted\",\"data\":\"0x220266b6") ==
        l->trace);
    struct service_request r = request(SERVICE_RPC);
    r.chain_id = 1;
    r.method = SPAN_LIT("eth_gasPrice");
    r.params = SPAN_LIT("[]");
    l = ask_from(&r, "peer");
    settle();
    EXPECT_STR("unsupported this chain is not served here\nclosed ok\n", l->trace);
    world_end();
}

TEST(node_that_is_silent_or_broken)
{
    world_begin(false);
    settle();
    w.node_is_silent = true;
    struct service_request r = request(SERVICE_RPC);
    r.method = SPAN_LIT("eth_gasPrice");
    r.params = SPAN_LIT("[]");
    r.deadline_ms = 3000;
    struct link *l = ask_from(&r, "peer");
    settle();
    EXPECT_STR("", l->trace);
    EXPECT_EQ(1, w.server.asks_count);
    pass_ms(2999);
    EXPECT_STR("", l->trace);
    pass_ms(2);
    EXPECT_STR("timeout this server's node did not answer in time\nclosed ok\n", l->trace);
    EXPECT_EQ(0, w.server.asks_count);
    static const struct {
        const char *answer;
        enum err err;
        const char *want;
    } cases[] = {
        {"garbage",                                     OK,        "upstream this server's node gave a broken answer\nclosed ok\n"},
        {"{\"jsonrpc\":\"2.0\",\"id\":5,\"result\":1}", OK,
         "upstream this server's node gave a broken answer\nclosed ok\n"                                                          },
        {NULL,                                          ERR_IO,    "upstream this server's node does not answer\nclosed ok\n"     },
        {NULL,                                          ERR_LIMIT, "too-large the node's answer is too long\nclosed ok\n"         },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        l = ask_rpc("eth_gasPrice", "[]");
        settle();
        uint64_t token = l->stream->token;
        if (cases[i].answer) {
            service_server_answer(&w.server, token, span_str(cases[i].answer), w.now);
        } else {
            service_server_answer_failed(&w.server, token, cases[i].err, w.now);
        }
        service_server_answer(&w.server, token, SPAN_LIT("late"), w.now); /* ignored */
        settle();
        EXPECT_STR(cases[i].want, l->trace);
    }
    /* an answer that the client does not take */
    r = request(SERVICE_RPC);
    r.method = SPAN_LIT("eth_gasPrice");
    r.params = SPAN_LIT("[]");
    r.response_max = 50;
    l = ask_from(&r, "peer");
    w.node_is_silent = false;
    settle();
    EXPECT(strstr(l->trace, "too-large ") == l->trace);
    /* without a look at the head for long enough all is stale */
    w.node_is_silent = true;
    pass_ms(61000);
    l = ask_rpc("eth_gasPrice", "[]");
    settle();
    EXPECT_STR("stale this server's node is behind or not there\nclosed ok\n", l->trace);
    world_end();
}

TEST(quotas)
{
    world_begin(false);
    settle();
    unsigned ok = 0;
    struct link *l = NULL;
    for (int i = 0; i < 60; i++) {
        links_count = 0;                    /* one after the other */
        l = ask_rpc("eth_getLogs", "[{}]"); /* 20 units of 1,000 */
        settle();
        if (strstr(l->trace, "ok ") != l->trace) {
            service_client_done(&l->client);
            break;
        }
        ok++;
        service_client_done(&l->client);
    }
    EXPECT_EQ(50, ok);
    EXPECT(strstr(l->trace, "quota ") == l->trace);
    /* another peer has its own */
    links_count = 0;
    struct service_request r = request(SERVICE_STATUS);
    l = ask_from(&r, "another");
    settle();
    EXPECT(strstr(l->trace, "ok ") == l->trace);
    world_end();
}

/* Limits that change while the server runs hold from the next request on. */
TEST(limits_change)
{
    world_begin(false);
    settle();
    struct service_server_limits limits = w.server.cfg.limits;
    uint32_t streams_max = limits.streams_max;
    limits.units_max = 40;
    limits.streams_max = 1;
    service_server_set_limits(&w.server, &limits);
    EXPECT_EQ(streams_max, w.server.cfg.limits.streams_max); /* their places are made */
    for (int i = 0; i < 3; i++) {
        links_count = 0;
        struct link *l = ask_rpc("eth_getLogs", "[{}]"); /* 20 units */
        settle();
        EXPECT(strstr(l->trace, i < 2 ? "ok " : "quota ") == l->trace);
        service_client_done(&l->client);
    }
    links_count = 0;
    EXPECT_EQ(2, w.server.answers_count[SERVICE_RPC][SERVICE_OK]);
    EXPECT_EQ(1, w.server.answers_count[SERVICE_RPC][SERVICE_QUOTA] +
                     w.server.answers_count[0][SERVICE_QUOTA]);
    world_end();
}

TEST(places)
{
    world_begin(false);
    settle();
    w.node_is_silent = true;
    struct link *l = NULL;
    for (int i = 0; i < 16; i++) {
        l = ask_rpc("eth_gasPrice", "[]");
    }
    settle();
    struct service_stream *st;
    struct service_peer who = {.id = SPAN_LIT("peer")};
    EXPECT_ERR(ERR_LIMIT, service_server_open(&w.server, &st, who, NULL, w.now));
    w.server.cfg.limits.asks_max = 16;
    struct service_request r = request(SERVICE_RPC);
    r.method = SPAN_LIT("eth_gasPrice");
    r.params = SPAN_LIT("[]");
    l = ask_from(&r, "another");
    settle();
    EXPECT(strstr(l->trace, "busy ") == l->trace);
    world_end();
}

TEST(subscription)
{
    world_begin(false);
    settle();
    struct service_request r = request(SERVICE_SUBSCRIBE);
    struct link *l = ask_from(&r, "peer");
    settle();
    EXPECT_STR("ok \n", l->trace);
    for (int i = 0; i < 3; i++) {
        w.node.block++;
        pass_ms(2000);
    }
    pass_ms(2000); /* nothing new */
    EXPECT_STR("ok \nhead 101\nhead 102\nhead 103\n", l->trace);
    EXPECT_EQ(1, service_server_streams_count(&w.server));
    service_server_reset(&w.server, l->stream);
    l->stream = NULL;
    world_end();
}

static struct link *ask_userop(uint8_t account, uint64_t fee)
{
    struct buf op;
    buf_init(&op, test_budget(), 8192);
    scripted_userop(&op, account, 0, fee, 0);
    struct service_request r = request(SERVICE_SEND_USER_OPERATION);
    r.entry_point = userop_entry_point_08;
    r.userop = buf_span(&op);
    struct link *l = ask_from(&r, "peer");
    buf_done(&op);
    return l;
}

TEST(user_operation)
{
    world_begin(true);
    settle();
    struct link *l = ask_userop(1, 5000);
    settle();
    EXPECT(strstr(l->trace, "ok \nstate ") == l->trace);
    EXPECT_EQ(1, w.node.sends_count);
    struct service_request r = request(SERVICE_USER_OPERATION_STATUS);
    r.userop_hash = w.node.txs[0].userop;
    for (int i = 0; i < 4; i++) {
        (void)scripted_node_mine(&w.node);
        pass_ms(2000);
    }
    l = ask_from(&r, "peer");
    settle();
    EXPECT_STR("ok \nstate 5 \nclosed ok\n", l->trace);
    r = request(SERVICE_USER_OPERATION_STATUS);
    l = ask_from(&r, "peer");
    settle();
    EXPECT_STR("not-found this server does not know the operation\nclosed ok\n", l->trace);
    l = ask_userop(2, 900);
    settle();
    EXPECT_STR(
        "denied the fee does not cover the base fee and this server's least tip\nclosed ok\n",
        l->trace);
    w.node.sim_error = "AA24 signature error";
    l = ask_userop(3, 5000);
    settle();
    EXPECT_STR("denied the operation fails: AA24 signature error\nclosed ok\n", l->trace);
    world_end();
    world_begin(false);
    settle();
    l = ask_userop(1, 5000);
    settle();
    EXPECT_STR("unsupported this server takes no user operations\nclosed ok\n", l->trace);
    world_end();
}

/* The same traffic whole, byte by byte, and in pieces of any size gives the same answers. */
TEST(pieces)
{
    static const size_t sizes[] = {0, 1, 2, 7, 100};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        test_note("pieces of up to %zu", sizes[i]);
        world_begin(true);
        settle();
        w.piece_max = sizes[i];
        struct link *a = ask_rpc("eth_gasPrice", "[]");
        struct service_request r = request(SERVICE_STATUS);
        struct link *b = ask_from(&r, "peer");
        struct link *c = ask_userop(1, 900);
        struct link *d = ask_rpc("eth_accounts", "[]");
        settle();
        EXPECT_STR("ok \nresult \"eth_gasPrice\"\nclosed ok\n", a->trace);
        EXPECT_STR("ok \nknown-code passmesh-server/test\nclosed ok\n", b->trace);
        EXPECT_STR(
            "denied the fee does not cover the base fee and this server's least tip\nclosed ok\n",
            c->trace);
        EXPECT_STR("unsupported this method is not offered\nclosed ok\n", d->trace);
        world_end();
    }
}

/* The stream is cut after any number of bytes: nothing stays behind on either side. */
TEST(cuts)
{
    for (size_t cut = 0; cut < 60; cut++) {
        world_begin(true);
        settle();
        struct link *l = ask_userop(1, 5000);
        uint8_t bytes[2048];
        size_t n = service_client_send(&l->client, w.now, mspan_of(bytes, cut + 1));
        service_server_recv(&w.server, l->stream, span_of(bytes, n), w.now);
        if (cut % 2 == 0) {
            service_server_reset(&w.server, l->stream);
            l->stream = NULL;
        } else {
            service_server_end(&w.server, l->stream, w.now);
            EXPECT(service_server_is_finished(l->stream));
        }
        service_client_end(&l->client, w.now);
        struct service_client_event e;
        EXPECT(service_client_poll(&l->client, &e));
        EXPECT_EQ(SERVICE_CLIENT_CLOSED, e.kind);
        EXPECT_EQ(ERR_CLOSED, e.err);
        world_end();
    }
}

/* The client leaves while its operation is checked: the operation goes on. */
TEST(client_that_leaves)
{
    world_begin(true);
    settle();
    w.node_is_silent = true;
    struct link *l = ask_userop(1, 5000);
    settle();
    EXPECT_EQ(SERVICE_STREAM_BUNDLER, l->stream->state);
    service_server_reset(&w.server, l->stream);
    l->stream = NULL;
    w.node_is_silent = false;
    for (int i = 0; i < 10; i++) {
        pass_ms(2000);
    }
    EXPECT_EQ(1, w.node.sends_count);
    world_end();
}

TEST(slow_request)
{
    world_begin(false);
    settle();
    struct link *l = ask_rpc("eth_gasPrice", "[]");
    uint8_t bytes[8];
    size_t n = service_client_send(&l->client, w.now, MSPAN_OF(bytes));
    service_server_recv(&w.server, l->stream, span_of(bytes, n), w.now);
    w.now = instant_add(w.now, 10001 * US_PER_MS);
    service_server_tick(&w.server, w.now);
    EXPECT(service_server_is_finished(l->stream));
    world_end();
}

TEST(announced_too_long)
{
    world_begin(false);
    settle();
    struct link *l = ask_rpc("eth_gasPrice", "[]");
    service_server_recv(&w.server, l->stream, test_hex("81 80 08 00"), w.now); /* 131,073 bytes */
    EXPECT(service_server_is_finished(l->stream));
    world_end();
}

/* What a client does with answers that are not right. */
TEST(hostile_server)
{
    static const struct {
        const char *hex; /* framed; "H" stands for the request's hash */
        enum err err;
        const char *rule;
    } cases[] = {
        {"22 0a20 0000000000000000000000000000000000000000000000000000000000000000", ERR_AUTH,
         "another request"                                                                                               },
        {"00",                                                                       ERR_MALFORMED, "no response message"},
        {"8180 8002",                                                                ERR_LIMIT,     "too long"           },
        {"01 ff",                                                                    ERR_MALFORMED, "no response message"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct service_client c;
        struct service_client_event e;
        struct service_request r = request(SERVICE_RPC);
        r.method = SPAN_LIT("eth_gasPrice");
        r.params = SPAN_LIT("[]");
        test_note("%s", cases[i].rule);
        EXPECT_OK(service_client_init(&c, test_budget(), &r, (instant){.us = 1}));
        struct span in = test_hex(cases[i].hex);
        (void)!service_client_recv(&c, (instant){.us = 2}, &in);
        TEST_REQUIRE(service_client_poll(&c, &e));
        EXPECT_EQ(SERVICE_CLIENT_CLOSED, e.kind);
        EXPECT_ERR(cases[i].err, e.err);
        EXPECT_EQ(SERVICE_BLAME_SERVER, e.blame);
        EXPECT(e.rule && strstr(e.rule, cases[i].rule) != NULL);
        EXPECT(!service_client_poll(&c, &e));
        service_client_done(&c);
    }
    /* right hash, wrong body: a status of another chain */
    struct service_client c;
    struct service_client_event e;
    struct service_request r = request(SERVICE_STATUS);
    struct service_status status = {.chain_id = 5};
    struct service_response resp = {.code = SERVICE_OK};
    struct buf body;
    struct buf message;
    struct buf framed;
    buf_init(&body, test_budget(), 256);
    buf_init(&message, test_budget(), 256);
    buf_init(&framed, test_budget(), 256);
    EXPECT_OK(service_client_init(&c, test_budget(), &r, (instant){.us = 1}));
    EXPECT_OK(service_status_encode(&status, &body));
    resp.request_hash = c.request_hash;
    resp.body = buf_span(&body);
    EXPECT_OK(service_response_encode(&resp, &message));
    struct wr out = wr_init_buf(&framed);
    frame_write(&out, FRAME_UVARINT, buf_span(&message));
    struct span in = buf_span(&framed);
    EXPECT_ERR(ERR_CLOSED, service_client_recv(&c, (instant){.us = 2}, &in));
    EXPECT(service_client_poll(&c, &e));
    EXPECT_ERR(ERR_MALFORMED, e.err);
    service_client_done(&c);
    buf_done(&body);
    buf_done(&message);
    buf_done(&framed);
}

TEST(client_deadline)
{
    struct service_client c;
    struct service_client_event e;
    struct service_request r = request(SERVICE_STATUS);
    r.deadline_ms = 1000;
    EXPECT_OK(service_client_init(&c, test_budget(), &r, (instant){.us = 0}));
    EXPECT_EQ(1100 * US_PER_MS, service_client_deadline(&c).us);
    service_client_tick(&c, (instant){.us = 1099 * US_PER_MS});
    EXPECT(!service_client_poll(&c, &e));
    service_client_tick(&c, (instant){.us = 1100 * US_PER_MS});
    EXPECT(service_client_poll(&c, &e));
    EXPECT_ERR(ERR_TIMEOUT, e.err);
    service_client_done(&c);
}

TEST_MAIN
