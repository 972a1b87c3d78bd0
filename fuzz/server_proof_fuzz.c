/* What a node says to the questions of an account proof: the server takes any text and always gives its client an answer
 * that can be read, and a proof that it passes on is one that the client's verifier takes too. The request is the vector's
 * of docs/protocol.md. */
#include "first_head.h"

#include "base/buf.h"
#include "base/check.h"
#include "service/client.h"
#include "service/proven.h"
#include "service/server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct hash32 block = {
    .bytes = {0x2a, 0x1e, 0xe0, 0x34, 0xd1, 0xc4, 0x7f, 0x9a, 0x3b, 0x35, 0xb5,
              0x23, 0x02, 0xc6, 0x41, 0x6d, 0xd2, 0x81, 0xcb, 0x1f, 0x0f, 0xc2,
              0xf0, 0x92, 0xe6, 0x79, 0x85, 0xfd, 0x90, 0xe5, 0xf5, 0x6b}
};

static void ask_answer(struct service_server *s, struct span text, instant now)
{
    struct service_server_event e;
    while (service_server_poll(s, &e, now)) {
        if (e.kind == SERVICE_SERVER_ASK) {
            service_server_answer(s, e.token, text, now);
        }
    }
}

static void answer_read(struct service_client *c, const struct service_request *r)
{
    static const struct proven_known nothing;
    struct service_client_event e;
    check(service_client_poll(c, &e) && e.kind == SERVICE_CLIENT_ANSWER);
    if (e.response.code == SERVICE_OK) {
        static struct proven_account p;
        check(proven_account_verify(&p, &block, r, &nothing, &e.body.proof) == OK);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct service_server s;
    static struct service_client c;
    static const uint8_t slots[64] = {[63] = 1};
    struct budget budget;
    budget_init(&budget, NULL, "fuzz", 32 << 20);
    struct service_request r = {
        .type = SERVICE_ACCOUNT_PROOF, .chain_id = 1, .block_hash = block, .slots = SPAN_OF(slots)};
    for (size_t i = 0; i < sizeof r.address.bytes; i++) {
        r.address.bytes[i] = 0x11;
    }
    const struct service_server_cfg cfg = {.budget = &budget,
                                           .chain_id = 1,
                                           .agent = "fuzz",
                                           .limits = service_server_limits_default()};
    instant now = {.us = 1};
    struct service_stream *st;
    struct service_peer peer = {.id = SPAN_LIT("peer"), .group = SPAN_LIT("net")};
    check(service_server_init(&s, &cfg, now) == OK);
    check(service_client_init(&c, &budget, &r, now) == OK);
    ask_answer(&s, span_str(first_head), now);
    check(service_server_open(&s, &st, peer, NULL, now) == OK);
    service_server_recv(&s, st, service_client_waiting(&c), now);
    ask_answer(&s, span_of(data, size), now);
    struct span out = service_server_waiting(st);
    check(out.n > 0);
    check(service_client_recv(&c, now, &out) == OK);
    answer_read(&c, &r);
    service_client_done(&c);
    service_server_reset(&s, st);
    service_server_done(&s);
    budget_done(&budget);
    return 0;
}
