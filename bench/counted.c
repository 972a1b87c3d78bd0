/* counted NAME: one deterministic piece of work, within workload_run, for bench/count.py to count its instructions. What
 * prepares it stands before. Seeds are fixed and time is virtual. */
#include "base/check.h"
#include "codec/json.h"
#include "crypto/backend.h"
#include "evm/abi.h"
#include "evm/rlp.h"
#include "evm/userop.h"
#include "http/http.h"
#include "p2p/key_signer.h"
#include "p2p/noise.h"
#include "p2p/yamux.h"
#include "wallet/world_test.h"
#include "webauthn/assertion.h"

#include <stdio.h>
#include <string.h>

static struct budget budget;
static const instant T0 = {.us = 1000000};

/* ---- a Noise handshake, both sides ---- */

struct side {
    struct key_signer signer;
    struct noise_identity identity;
    struct noise noise;
};

static struct side sides[2];
static struct rng_seeded rng;

static void say(struct side *from, struct side *to)
{
    uint8_t bytes[1024];
    struct noise_event e;
    struct span in = span_of(bytes, noise_send(&from->noise, T0, MSPAN_OF(bytes)));
    check(noise_recv(&to->noise, T0, &in) == OK);
    while (noise_poll(&to->noise, &e)) {
        check(e.kind == NOISE_EVENT_READY);
    }
}

static void prepare_noise(void)
{
    rng_seeded_init(&rng, 1);
    for (uint8_t i = 0; i < 2; i++) {
        struct secret32 seed;
        memset(seed.bytes, i + 1, sizeof seed.bytes);
        key_signer_init(&sides[i].signer, &seed);
        check(noise_identity_init(&sides[i].identity, &sides[i].signer.signer, &rng.rng) == OK);
    }
}

static void run_noise(void)
{
    for (unsigned i = 0; i < 2; i++) {
        struct noise_cfg cfg = {.is_initiator = i == 0,
                                .identity = &sides[i].identity,
                                .rng = &rng.rng,
                                .budget = &budget};
        check(noise_init(&sides[i].noise, &cfg, T0) == OK);
    }
    say(&sides[0], &sides[1]);
    say(&sides[1], &sides[0]);
    say(&sides[0], &sides[1]);
    check(noise_can_seal(&sides[0].noise));
    check(noise_can_seal(&sides[1].noise));
}

/* ---- 1 MiB over one yamux stream ---- */

enum { TRANSFER_LEN = 1 << 20 };
static struct yamux muxers[2];

static void prepare_yamux(void)
{
    for (unsigned i = 0; i < 2; i++) {
        struct yamux_cfg cfg = yamux_cfg_default(i == 0, &budget);
        check(yamux_init(&muxers[i], &cfg, T0) == OK);
    }
}

static size_t pass(struct yamux *from, struct yamux *to)
{
    static uint8_t bytes[1 << 15];
    size_t received = 0;
    struct yamux_event e;
    struct span in = span_of(bytes, yamux_send(from, T0, MSPAN_OF(bytes)));
    bool more = in.n > 0;
    while (more) {
        check(yamux_recv(to, T0, &in) == OK);
        more = in.n > 0;
        while (yamux_poll(to, &e)) {
            more = true;
            if (e.kind == YAMUX_EVENT_OPENED) {
                check(yamux_accept_stream(to, e.stream_id, NULL) == OK);
            } else if (e.kind == YAMUX_EVENT_DATA) {
                received += e.data.n;
                yamux_consume(to, e.stream_id,
                              (struct yamux_consume_args){.n = e.data.n, .now = T0});
            }
        }
        more = more && in.n > 0;
    }
    return received;
}

static void run_yamux(void)
{
    static const uint8_t data[1 << 14];
    uint32_t id;
    size_t written = 0;
    size_t received = 0;
    check(yamux_open_stream(&muxers[0], &id, NULL, (struct yamux_open_args){.now = T0}) == OK);
    for (unsigned turn = 0; received < TRANSFER_LEN; turn++) {
        check(turn < 10000);
        size_t left = TRANSFER_LEN - written;
        written +=
            yamux_write(&muxers[0], id, span_of(data, left < sizeof data ? left : sizeof data));
        received += pass(&muxers[0], &muxers[1]);
        (void)pass(&muxers[1], &muxers[0]);
    }
}

/* ---- evm ---- */

static void no_preparation(void) {}

static struct userop operation(void)
{
    static const uint8_t call_data[260] = {1, 2, 3};
    static const uint8_t signature[320] = {4, 5, 6};
    return (struct userop){.sender = {{1}},
                           .nonce = u256_from_u64(7),
                           .call_data = SPAN_OF(call_data),
                           .verification_gas_limit = u256_from_u64(500000),
                           .call_gas_limit = u256_from_u64(100000),
                           .max_priority_fee_per_gas = u256_from_u64(1000000000),
                           .max_fee_per_gas = u256_from_u64(30000000000),
                           .pre_verification_gas = u256_from_u64(60000),
                           .signature = SPAN_OF(signature)};
}

static void run_userop(void)
{
    struct userop op = operation();
    struct userop again;
    struct userop_domain d = {.entry_point = userop_entry_point_08, .chain_id = u256_from_u64(1)};
    struct hash32 hash;
    struct buf out;
    buf_init(&out, &budget, 1 << 16);
    for (int i = 0; i < 100; i++) {
        buf_clear(&out);
        check(userop_hash(&hash, &op, &d) == OK);
        check(userop_encode(&op, &out) == OK);
        check(userop_decode(&again, buf_span(&out)) == OK);
    }
    buf_done(&out);
}

static void run_rlp(void)
{
    struct buf out;
    buf_init(&out, &budget, 1 << 16);
    struct rlp_wr w = rlp_wr_init(&out);
    rlp_wr_list_begin(&w);
    for (uint64_t i = 0; i < 1000; i++) {
        rlp_wr_list_begin(&w);
        rlp_wr_u64(&w, i);
        rlp_wr_bytes(&w, SPAN_LIT("twenty bytes of text"));
        rlp_wr_list_end(&w);
    }
    rlp_wr_list_end(&w);
    check(rlp_wr_end(&w) == OK);
    check(rlp_check(buf_span(&out), RLP_DEPTH_MAX) == OK);
    buf_done(&out);
}

/* ---- json, http ---- */

static uint8_t text[1 << 16];
static size_t text_len;

static void prepare_json(void)
{
    struct wr w = wr_init(MSPAN_OF(text));
    struct json_writer j = json_writer_init(&w);
    json_put_array(&j);
    for (uint64_t i = 0; i < 500; i++) {
        json_put_object(&j);
        json_put_name(&j, "number");
        json_put_u64(&j, i);
        json_put_name(&j, "text");
        json_put_str(&j, "a \"quoted\" text");
        json_end_object(&j);
    }
    json_end_array(&j);
    check(json_writer_end(&j) == OK);
    text_len = w.n;
}

static void run_json(void)
{
    struct json root;
    struct json value;
    uint64_t number;
    check(json_parse(&root, span_of(text, text_len), NULL) == OK);
    struct json_iter it = json_iterate(root);
    while (json_next(&it, NULL, &value)) {
        check(json_find_u64(&number, value, "number") == OK);
    }
}

static void run_http(void)
{
    static const struct http_cfg cfg = {.budget = &budget, .fields = "X-Own: 1\r\n"};
    static const char request[] =
        "POST /rpc HTTP/1.1\r\nHost: passmesh.localhost:7878\r\nOrigin: "
        "http://passmesh.localhost:7878\r\nContent-Type: application/json\r\nAccept: */*\r\n"
        "Content-Length: 5\r\n\r\nhello";
    struct http h;
    struct http_event e;
    uint8_t out[1024];
    http_init(&h, &cfg, T0);
    for (int i = 0; i < 100; i++) {
        struct span in = span_str(request);
        check(http_recv(&h, T0, &in) == OK);
        check(http_poll(&h, &e) && e.kind == HTTP_EVENT_REQUEST);
        struct http_answer a = {.status = 200, .content_type = "text/plain", .body = e.body};
        check(http_respond(&h, T0, &a) == OK);
        while (http_send(&h, T0, MSPAN_OF(out)) > 0) {}
    }
    http_done(&h);
}

/* ---- the wallet, from prepare to approve, the assertion verified ---- */

static struct world world;

static void prepare_wallet(void)
{
    struct coded why = {0};
    check(world_init(&world));
    check(world_enroll(&world, "Main", NULL, &why));
    world_turn(&world, 10);
}

static void run_wallet(void)
{
    struct coded why = {0};
    struct id op = {0};
    check(world_prepare(&world, 1000, &op, &why) == OK);
    check(world_approve(&world, op, &why) == OK);
}

/* ---- which ---- */

static const struct workload {
    const char *name;
    void (*prepare)(void);
    void (*run)(void);
} workloads[] = {
    {"noise_handshake",   prepare_noise,  run_noise },
    {"yamux_transfer",    prepare_yamux,  run_yamux },
    {"userop_hash_code",  no_preparation, run_userop},
    {"rlp_code",          no_preparation, run_rlp   },
    {"json_parse",        prepare_json,   run_json  },
    {"http_requests",     no_preparation, run_http  },
    {"wallet_to_approve", prepare_wallet, run_wallet},
};

/* The name by which callgrind is told what to count. */
void workload_run(const struct workload *w);
__attribute__((noinline)) void workload_run(const struct workload *w)
{
    w->run();
}

static const struct workload *wanted;

TEST(workload)
{
    budget_init(&budget, NULL, "system", (size_t)64 << 20);
    check(crypto_init() == OK);
    wanted->prepare();
    workload_run(wanted);
    if (wanted->run == run_wallet) {
        world_done(&world);
    }
}

int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof workloads / sizeof workloads[0]; i++) {
        if (argc < 2) {
            (void)puts(workloads[i].name);
        } else if (strcmp(argv[1], workloads[i].name) == 0) {
            wanted = &workloads[i];
            return test_run_all(1, argv);
        }
    }
    return argc < 2 ? 0 : 2;
}
