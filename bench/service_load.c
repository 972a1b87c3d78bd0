/* service_load load PORT PEER CHAIN_ID RATE SECONDS SKIP: RATE requests of /web3-wallet/1.0 each second, whatever becomes of them, from
 * CLIENTS peers in turn, to the server PEER on 127.0.0.1:PORT. Each asks for another account's balance, so that the server asks its node.
 * Prints how many were accepted and how many refused (busy, quota) after the first SKIP seconds, and how long that took: median and 99th
 * percentile, us.
 *
 * service_load balance PORT PEER CHAIN_ID NODE_PORT COUNT: the balance of COUNT accounts, each proven by that server from the hash of a
 * block and verified, and each asked of the node itself by JSON-RPC over HTTP, in turns. Prints the median of both, us. */
#include "base/arith.h"
#include "base/check.h"
#include "client.h"
#include "codec/base16.h"
#include "codec/json.h"
#include "crypto/backend.h"
#include "service/client.h"
#include "service/proven.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    CLIENTS = 16,
    OPEN_MAX = 4096,
    SAMPLES_MAX = 1 << 18,
    DEADLINE_MS = 5000,
    HTTP_LEN_MAX = 1 << 20,
    PARAMS_LEN_MAX = 128
};

struct one {
    bool is_used;
    struct bench_client *client;
    host_stream stream;
    struct service_client ask;
    struct service_request request;
    instant from;
};

struct times {
    uint32_t us[SAMPLES_MAX];
    size_t count;
};

static struct bench_client clients[CLIENTS];
static struct one open[OPEN_MAX];
static struct times accepted;
static struct times refused;
static size_t failed;
static bool is_counting;
static struct rng_seeded rng;
static struct budget budget;
static struct peer_id peer;
static uint64_t chain_id;
static bool is_identified;

static void times_add(struct times *t, instant from)
{
    check(t->count < SAMPLES_MAX);
    t->us[t->count++] = (uint32_t)instant_since(from, bench_now());
}

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void times_print(const char *name, struct times *t)
{
    qsort(t->us, t->count, sizeof t->us[0], compare);
    (void)printf("%s %zu %u %u\n", name, t->count, t->count ? t->us[t->count / 2] : 0,
                 t->count ? t->us[t->count * 99 / 100] : 0);
}

/* ---- a request ---- */

static void on_proof(const struct one *o, const struct service_proof *answer)
{
    struct proven_account p;
    const struct proven_known nothing = {0};
    check(proven_account_verify(&p, &o->request.block_hash, &o->request, &nothing, answer) == OK);
}

static void on_answer(struct one *o, const struct service_client_event *e)
{
    enum service_code code = e->response.code;
    if (code == SERVICE_OK && o->request.type == SERVICE_ACCOUNT_PROOF) {
        on_proof(o, &e->body.proof);
    }
    if (!is_counting) {
        return;
    }
    if (code == SERVICE_OK) {
        times_add(&accepted, o->from);
    } else if (code == SERVICE_BUSY || code == SERVICE_QUOTA) {
        times_add(&refused, o->from);
    } else {
        failed++;
    }
}

static void drain(struct one *o)
{
    struct service_client_event e;
    while (o->is_used && service_client_poll(&o->ask, &e)) {
        if (e.kind == SERVICE_CLIENT_ANSWER) {
            on_answer(o, &e);
        } else if (e.kind == SERVICE_CLIENT_CLOSED) {
            failed += is_counting && e.err != OK;
            host_stream_reset(&o->client->host, o->stream, 0);
            service_client_done(&o->ask);
            o->is_used = false;
        }
    }
}

static void pump(struct one *o)
{
    struct span rest = service_client_waiting(&o->ask);
    if (rest.n > 0) {
        service_client_sent(&o->ask, host_stream_write(&o->client->host, o->stream, rest));
        if (service_client_is_sent(&o->ask)) {
            host_stream_close_write(&o->client->host, o->stream);
        }
    }
}

static void on_event(struct bench_client *c, const struct host_event *e)
{
    struct one *o = e->user;
    if (e->kind == HOST_EVENT_PEER_DISCONNECTED) {
        (void)fprintf(stderr, "service_load: disconnected: %s\n", e->rule ? e->rule : "");
        exit(1);
    }
    is_identified = is_identified || e->kind == HOST_EVENT_PEER_IDENTIFIED;
    if (!o || !o->is_used || o->stream.id != e->stream.id) {
        return;
    }
    switch ((int)e->kind) {
    case HOST_EVENT_STREAM_OPENED:
    case HOST_EVENT_STREAM_WRITABLE: pump(o); break;
    case HOST_EVENT_STREAM_DATA:     {
        struct span in = e->data;
        host_stream stream = o->stream;
        while (in.n > 0 && o->is_used && service_client_recv(&o->ask, bench_now(), &in) == OK) {
            drain(o);
        }
        host_stream_consume(&c->host, stream, e->data.n);
        break;
    }
    case HOST_EVENT_STREAM_FIN:
    case HOST_EVENT_STREAM_CLOSED:
    case HOST_EVENT_STREAM_RESET:
        service_client_end(&o->ask, bench_now());
        drain(o);
        break;
    default: break;
    }
}

static void on_events(void *user)
{
    struct bench_client *c = user;
    struct host_event e;
    while (host_poll(&c->host, &e)) {
        on_event(c, &e);
    }
}

static struct one *ask(struct bench_client *c, const struct service_request *r)
{
    struct one *o = open;
    while (o->is_used) {
        o++;
        check(o < open + OPEN_MAX);
    }
    *o = (struct one){.is_used = true, .client = c, .request = *r, .from = bench_now()};
    struct host_open_args args = {.peer = &peer, .protocol = SERVICE_PROTOCOL_ID, .user = o};
    check(service_client_init(&o->ask, &budget, r, o->from) == OK);
    check(host_open_stream(&c->host, &o->stream, NULL, args) == OK);
    pump(o);
    return o;
}

static void turn(struct bench_client *c, int wait_ms)
{
    host_tick(&c->host, bench_now());
    on_events(c);
    bench_client_send(c);
    if (!bench_client_receive(c, wait_ms, on_events, c)) {
        (void)fprintf(stderr, "service_load: the server closed\n");
        exit(1);
    }
    bench_client_send(c);
}

static void start(struct bench_client *c, uint16_t port)
{
    struct secret32 seed;
    rng_fill(&rng.rng, MSPAN_OF(seed.bytes));
    bench_client_start(c, &(struct bench_client_args){.agent = "load",
                                                      .budget = &budget,
                                                      .rng = &rng.rng,
                                                      .seed = &seed,
                                                      .peer = &peer,
                                                      .port = port});
    for (is_identified = false; !is_identified;) {
        turn(c, 1);
    }
}

static struct address random_address(void)
{
    struct address a;
    rng_fill(&rng.rng, MSPAN_OF(a.bytes));
    return a;
}

static size_t balance_params(char out[static PARAMS_LEN_MAX], struct address a)
{
    struct wr w = wr_init(mspan_of((uint8_t *)out, PARAMS_LEN_MAX));
    wr_str(&w, "[\"");
    base16_encode_0x(&w, SPAN_OF(a.bytes));
    wr_str(&w, "\",\"latest\"]");
    wr_u8(&w, 0);
    check(wr_ok(&w));
    return w.n - 1;
}

/* ---- load ---- */

static void ask_balance(struct bench_client *c)
{
    char params[PARAMS_LEN_MAX];
    size_t n = balance_params(params, random_address());
    struct service_request r = {.type = SERVICE_RPC,
                                .chain_id = chain_id,
                                .id = rng_u64(&rng.rng),
                                .deadline_ms = DEADLINE_MS,
                                .method = SPAN_LIT("eth_getBalance"),
                                .params = span_of((const uint8_t *)params, n)};
    (void)ask(c, &r);
}

static void load(uint16_t port, uint64_t rate, uint64_t seconds, uint64_t skip)
{
    for (size_t i = 0; i < CLIENTS; i++) {
        start(&clients[i], port);
    }
    instant from = bench_now();
    instant counts_from = instant_add(from, skip * US_PER_S);
    instant end = instant_add(from, (skip + seconds) * US_PER_S);
    for (uint64_t sent = 0; !instant_reached(end, bench_now());) {
        is_counting = instant_reached(counts_from, bench_now());
        for (uint64_t due = instant_since(from, bench_now()) * rate / US_PER_S; sent < due;) {
            ask_balance(&clients[sent++ % CLIENTS]);
        }
        for (size_t i = 0; i < CLIENTS; i++) {
            turn(&clients[i], 0);
        }
    }
    times_print("accepted", &accepted);
    times_print("refused", &refused);
    (void)printf("failed %zu\n", failed);
}

/* ---- a proven balance beside the node's own answer ---- */

static uint8_t http_answer[HTTP_LEN_MAX];

/* The body of the answer to a JSON-RPC call over a connection that stays open. */
static struct span http_call(int fd, const char *method, const char *params)
{
    char body[256];
    char text[512];
    int n =
        snprintf(body, sizeof body,
                 "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":%s}", method, params);
    n = snprintf(text, sizeof text,
                 "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                 "Content-Length: %d\r\n\r\n%s",
                 n, body);
    check(write(fd, text, (size_t)n) == n);
    for (size_t got = 0;;) {
        ssize_t more = read(fd, http_answer + got, sizeof http_answer - 1 - got);
        check(more > 0);
        got += (size_t)more;
        http_answer[got] = '\0';
        const char *start = strstr((const char *)http_answer, "\r\n\r\n");
        const char *length = strstr((const char *)http_answer, "ontent-length: ");
        length = length ? length : strstr((const char *)http_answer, "ontent-Length: ");
        if (start && length) {
            size_t len = strtoul(length + strlen("ontent-length: "), NULL, 10);
            size_t at = (size_t)(start + 4 - (const char *)http_answer);
            if (got >= at + len) {
                return span_of(http_answer + at, len);
            }
        }
    }
}

static struct hash32 newest_block(int fd)
{
    struct json root;
    struct json result = {0};
    struct json hash;
    struct span text = SPAN_EMPTY;
    struct hash32 block;
    struct span body = http_call(fd, "eth_getBlockByNumber", "[\"latest\",false]");
    check(json_parse(&root, body, NULL) == OK && json_find(&result, root, "result"));
    check(json_find(&hash, result, "hash") && json_get_plain(&text, hash) == OK);
    check(base16_decode_fixed_0x(MSPAN_OF(block.bytes), text) == OK);
    return block;
}

static void balance(uint16_t port, uint16_t node_port, size_t count)
{
    struct bench_client *c = &clients[0];
    int fd = bench_connect(node_port);
    struct times *direct = &refused;
    start(c, port);
    is_counting = true;
    for (size_t i = 0; i < count; i++) {
        char params[PARAMS_LEN_MAX];
        struct service_request r = {.type = SERVICE_ACCOUNT_PROOF,
                                    .chain_id = chain_id,
                                    .id = rng_u64(&rng.rng),
                                    .deadline_ms = DEADLINE_MS,
                                    .block_hash = newest_block(fd),
                                    .address = random_address()};
        for (struct one *o = ask(c, &r); o->is_used;) {
            turn(c, 1);
        }
        (void)balance_params(params, r.address);
        instant from = bench_now();
        (void)http_call(fd, "eth_getBalance", params);
        times_add(direct, from);
        (void)usleep(60000); /* within the quota */
    }
    check(failed == 0 && accepted.count == count);
    times_print("proven", &accepted);
    times_print("direct", direct);
}

int main(int argc, char **argv)
{
    check(crypto_init() == OK);
    budget_init(&budget, NULL, "load", (size_t)512 << 20);
    rng_seeded_init(&rng, 1);
    if (argc < 7 || peer_id_parse(&peer, span_str(argv[3])) != OK) {
        (void)fprintf(stderr, "usage: service_load load PORT PEER CHAIN_ID RATE SECONDS SKIP\n"
                              "       service_load balance PORT PEER CHAIN_ID NODE_PORT COUNT\n");
        return 2;
    }
    uint16_t port = (uint16_t)strtoul(argv[2], NULL, 10);
    chain_id = strtoull(argv[4], NULL, 10);
    uint64_t first = strtoull(argv[5], NULL, 10);
    uint64_t second = strtoull(argv[6], NULL, 10);
    if (strcmp(argv[1], "load") == 0 && argc == 8) {
        load(port, first, second, strtoull(argv[7], NULL, 10));
    } else {
        balance(port, (uint16_t)first, (size_t)second);
    }
    return 0;
}
