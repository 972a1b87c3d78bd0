/* Answers from a server: the client engine takes any bytes, cut by the first one, for each type of request;
 * and each body decodes or is refused. */
#include "base/buf.h"
#include "base/check.h"
#include "service/client.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
run_client(struct budget *budget, enum service_type type, struct span in, size_t step, bool bind)
{
    struct service_request r = {.type = type,
                                .chain_id = 1,
                                .id = 1,
                                .method = SPAN_LIT("eth_chainId"),
                                .params = SPAN_LIT("[]"),
                                .userop = SPAN_LIT("x"),
                                .topic = SERVICE_TOPIC_HEADS,
                                .count = SERVICE_LIGHT_MAX,
                                .cosign = SPAN_LIT("x")};
    struct service_client c;
    instant now = {.us = 1};
    check(service_client_init(&c, budget, &r, now) == OK);
    if (bind) {
        memset(c.request_hash.bytes, 0,
               sizeof c.request_hash.bytes); /* so that the input can hit it */
    }
    struct service_client_event e;
    bool is_closed = false;
    while (in.n > 0 && !is_closed) {
        struct span piece = span_take(&in, step);
        enum err err;
        do {
            size_t before = piece.n;
            err = service_client_recv(&c, now, &piece);
            bool had_event = false;
            while (service_client_poll(&c, &e)) {
                check(!is_closed);
                had_event = true;
                is_closed = e.kind == SERVICE_CLIENT_CLOSED;
            }
            check(err != OK || piece.n < before || had_event || piece.n == 0);
        } while (err == OK && piece.n > 0 && !is_closed);
    }
    service_client_done(&c);
}

/* proof_body resolves every path of a body: with known nodes for all references, none is out of place. */
static void proof_body(struct span in)
{
    static struct span room[MPT_PROOF_NODES_MAX];
    static struct span known_nodes[SERVICE_KNOWN_MAX];
    static struct service_proof p;
    const struct mpt_proof known = {.nodes = known_nodes, .nodes_count = SERVICE_KNOWN_MAX};
    struct mpt_proof path;
    for (size_t i = 0; i < SERVICE_KNOWN_MAX; i++) {
        known_nodes[i] = SPAN_LIT("known");
    }
    if (service_proof_decode(&p, in) != OK) {
        return;
    }
    for (size_t i = 0; i <= p.slots_count; i++) {
        struct span refs = i == 0 ? p.account : p.slots[i - 1];
        check(service_proof_path(&path, room, &p, refs, &known) == OK);
        check(path.nodes_count == refs.n / SERVICE_PROOF_REF_LEN);
        for (size_t k = 0; k < path.nodes_count; k++) {
            check(path.nodes[k].n > 0);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    struct budget budget;
    budget_init(&budget, NULL, "fuzz", 8 << 20);
    enum service_type type = (enum service_type)(1 + data[0] % (SERVICE_TYPES_MAX - 1));
    struct span in = span_of(data + 2, size - 2);
    run_client(&budget, type, in, 1 + data[1] % 64U, (data[0] & 0x80) == 0);
    struct service_status s;
    struct service_rpc_result r;
    struct service_userop_status u;
    struct service_head h;
    (void)!service_status_decode(&s, in);
    (void)!service_rpc_result_decode(&r, in);
    (void)!service_userop_status_decode(&u, in);
    (void)!service_head_decode(&h, in);
    struct service_cosigned c;
    (void)!service_cosigned_decode(&c, SERVICE_COSIGN_CREATE, in);
    if (service_cosigned_decode(&c, SERVICE_COSIGN_SIGN, in) == OK) {
        check(c.signature[64] == 27 || c.signature[64] == 28);
    }
    static struct service_light light;
    if (service_light_decode(&light, in) == OK) {
        check(light.count > 0 && light.count <= SERVICE_LIGHT_MAX);
    }
    proof_body(in);
    budget_done(&budget);
    return 0;
}
