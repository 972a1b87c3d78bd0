/* What a node says to the questions of headers, code, inclusion and logs, one answer a line: the server takes any text and always
 * gives its client an answer that can be read, and a body that it passes on is one that the client's verifier takes too.
 * The first byte names the type; what is trusted is a block of the seeds. */
#include "first_head.h"

#include "base/buf.h"
#include "base/check.h"
#include "service/client.h"
#include "service/proven_chain.h"
#include "service/server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Blocks 100 and 101 of the seeds, a transaction in 101, and a contract's code. */
static const struct hash32 block = {
    .bytes = {0x04, 0x6e, 0xaa, 0x75, 0x0a, 0xf4, 0x11, 0x66, 0xae, 0x33, 0xf3,
              0x85, 0xdd, 0x15, 0x98, 0xeb, 0xe0, 0xd4, 0x75, 0x59, 0x61, 0x39,
              0x61, 0x09, 0x6e, 0x5f, 0x28, 0xf7, 0xde, 0x97, 0x37, 0xc0}
};
static const struct hash32 tx = {
    .bytes = {0xa5, 0x09, 0x3d, 0xbc, 0x98, 0x7e, 0x47, 0x75, 0x36, 0xa0, 0xd5,
              0xec, 0x9f, 0x17, 0x6a, 0x39, 0x7e, 0x2c, 0x81, 0x3a, 0x69, 0x48,
              0x49, 0xd8, 0xa6, 0x1b, 0x7f, 0x96, 0x4c, 0x8e, 0x67, 0xa7}
};
static const struct hash32 code = {
    .bytes = {0x07, 0xad, 0x11, 0x8d, 0x6c, 0xc8, 0x64, 0x2c, 0x86, 0xc0, 0x38,
              0x27, 0xf2, 0x76, 0xd8, 0xb7, 0x91, 0xa6, 0x5e, 0x5c, 0x99, 0xa3,
              0x84, 0x5f, 0xaf, 0x18, 0x6b, 0xe7, 0x20, 0xa1, 0x45, 0x5d}
};

static struct span line_take(struct span *rest)
{
    size_t n = 0;
    while (n < rest->n && rest->p[n] != '\n') {
        n++;
    }
    struct span line = span_take(rest, n);
    (void)span_take(rest, rest->n > 0);
    return line;
}

/* The node's turn: the next line to each question, and nothing when they are used up. */
static void node_turn(struct service_server *s, struct span *lines, instant now)
{
    struct service_server_event e;
    while (service_server_poll(s, &e, now)) {
        if (e.kind == SERVICE_SERVER_ASK) {
            service_server_answer(s, e.token, line_take(lines), now);
        }
    }
}

static void answer_check(struct budget *budget,
                         const struct service_client_event *e,
                         const struct service_request *r)
{
    static struct proven_header header;
    static struct proven_inclusion inclusion;
    struct proven_logs logs;
    struct span found;
    const struct service_chain *c = &e->body.chain;
    switch (r->type - SERVICE_HEADERS) {
    case 0:  check(proven_header_verify(&header, &block, r, c) == OK); break;
    case 1:  check(proven_code_verify(&found, r, c) == OK); break;
    case 2:  check(proven_inclusion_verify(&inclusion, &block, r, c) == OK); break;
    default: check(proven_logs_verify(&logs, budget, &block, r, c) == OK); proven_logs_done(&logs);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct service_server s;
    static struct service_client c;
    struct budget budget;
    if (size == 0) {
        return 0;
    }
    budget_init(&budget, NULL, "fuzz", 64 << 20);
    struct service_request r = {.type = (enum service_type)(SERVICE_HEADERS + data[0] % 4),
                                .chain_id = 1,
                                .block_hash = block,
                                .number = 101,
                                .blocks = 2,
                                .tx_hash = tx,
                                .code_hash = code};
    const struct service_server_cfg cfg = {.budget = &budget,
                                           .chain_id = 1,
                                           .agent = "fuzz",
                                           .limits = service_server_limits_default()};
    const struct service_peer peer = {.id = SPAN_LIT("peer"), .group = SPAN_LIT("net")};
    instant now = {.us = 1};
    struct service_stream *st;
    struct service_client_event e;
    struct span lines = span_str(first_head);
    check(service_server_init(&s, &cfg, now) == OK);
    check(service_client_init(&c, &budget, &r, now) == OK);
    node_turn(&s, &lines, now);
    check(service_server_open(&s, &st, peer, NULL, now) == OK);
    service_server_recv(&s, st, service_client_waiting(&c), now);
    lines = span_of(data + 1, size - 1);
    node_turn(&s, &lines, now);
    struct span out = service_server_waiting(st);
    check(out.n > 0);
    check(service_client_recv(&c, now, &out) == OK);
    check(service_client_poll(&c, &e) && e.kind == SERVICE_CLIENT_ANSWER);
    if (e.response.code == SERVICE_OK) {
        answer_check(&budget, &e, &r);
    }
    service_client_done(&c);
    service_server_reset(&s, st);
    service_server_done(&s);
    budget_done(&budget);
    return 0;
}
