/* AutoNAT: byte 0 chooses an engine and the server's policy, byte 1 its memory; the rest is what the other side says, in
 * pieces of the length of byte 2. What decodes is written and decoded alike. */
#include "base/check.h"
#include "p2p/autonat.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const instant NOW = {.us = US_PER_S};

static void again(struct span in)
{
    static uint8_t room[2 * AUTONAT_LEN_MAX];
    struct autonat_message m;
    struct autonat_message b;
    struct autonat1_message v1;
    struct span addrs[AUTONAT_ADDRS_MAX];
    struct net_addr a;
    uint64_t n;
    (void)!autonat_back_decode(&n, in);
    (void)!autonat_back_response_decode(&n, in);
    if (autonat1_decode(&v1, in) == OK) {
        struct span rest = v1.addrs;
        for (size_t i = 0; autonat1_next_addr(&addrs[0], &rest); i++) {
            check(i < v1.addrs_count);
        }
    }
    if (autonat_decode(&m, in) != OK) {
        return;
    }
    struct span rest = m.body;
    for (size_t i = 0; m.kind == AUTONAT_REQUEST && i < m.addrs_count; i++) {
        check(autonat_next_addr(&addrs[i], &rest));
        if (net_addr_of(&a, addrs[i]) == OK) {
            (void)net_addr_is_public(&a);
        }
    }
    struct wr w = wr_init(MSPAN_OF(room));
    autonat_encode(&w, &m, addrs);
    check(wr_ok(&w));
    check(autonat_decode(&b, span_of(room, w.n)) == OK);
    check(b.kind == m.kind);
    check(b.nonce == m.nonce);
    check(b.status == m.status);
    check(b.addrs_count == m.addrs_count);
    check(b.data_len == m.data_len);
    check(span_equal(b.data, m.data));
}

/* One engine of each kind, fed and drained to its end. */
static void as_server(struct span in, uint8_t choice, size_t piece, struct budget *budget)
{
    static uint8_t out[4096];
    struct autonat_server s;
    struct autonat_server_event e;
    struct autonat_server_cfg cfg = {
        .is_v1 = choice & 4,
        .is_over_limit = choice & 8,
        .observed = {.port = 1,                  .ip = {8, 8, 8, 8}   },
        .policy = {.private_too = choice & 16, .no_ip6 = choice & 32},
        .budget = budget
    };
    autonat_server_init(&s, &cfg, NOW);
    while (in.n > 0) {
        struct span part = span_take(&in, piece < in.n ? piece : in.n);
        (void)autonat_server_recv(&s, NOW, &part);
        check(part.n == 0);
        while (autonat_server_poll(&s, &e)) {
            if (e.kind == AUTONAT_SERVER_DIAL) {
                check(autonat_policy_allows(&cfg.policy, &e.addrs[0]));
                autonat_server_dialled(&s, (enum autonat_dialled)(choice % 4), 0);
            }
        }
        while (autonat_server_send(&s, NOW, MSPAN_OF(out)) > 0) {}
    }
    autonat_server_recv_end(&s);
    autonat_server_tick(&s, INSTANT_NEVER);
    (void)autonat_server_poll(&s, &e);
    autonat_server_done(&s);
}

static void as_client(struct span in, size_t piece, struct budget *budget)
{
    static uint8_t out[4096];
    struct autonat_client c;
    struct autonat_client_event e;
    struct net_addr addr = {
        .port = 1, .ip = {8, 8, 8, 8}
    };
    struct autonat_client_cfg cfg = {
        .addrs = &addr, .addrs_count = 1, .nonce = 7, .budget = budget};
    size_t said = 0;
    if (autonat_client_init(&c, &cfg, NOW) == OK) {
        while (in.n > 0) {
            struct span part = span_take(&in, piece < in.n ? piece : in.n);
            (void)autonat_client_recv(&c, NOW, &part);
            check(part.n == 0);
            for (size_t n = 1; n > 0;) {
                n = autonat_client_send(&c, NOW, MSPAN_OF(out));
                said += n;
            }
            check(said <= AUTONAT_PAYLOAD_MAX + 1024);
            (void)autonat_client_poll(&c, &e);
        }
    }
    autonat_client_done(&c);
}

static void as_back(struct span in, bool is_dialler, size_t piece, struct budget *budget)
{
    static uint8_t out[64];
    struct autonat_back b;
    struct autonat_back_event e;
    if (is_dialler) {
        autonat_back_tell_init(&b, 7, budget, NOW);
    } else {
        autonat_back_hear_init(&b, budget, NOW);
    }
    while (in.n > 0) {
        struct span part = span_take(&in, piece < in.n ? piece : in.n);
        (void)autonat_back_recv(&b, NOW, &part);
        while (autonat_back_poll(&b, &e)) {
            autonat_back_accept(&b);
        }
        (void)autonat_back_send(&b, NOW, MSPAN_OF(out));
    }
    autonat_back_recv_end(&b);
    autonat_back_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3) {
        return 0;
    }
    struct budget budget;
    size_t piece = data[2] ? data[2] : 1;
    struct span in = span_of(data + 3, size - 3);
    budget_init(&budget, NULL, "fuzz", (size_t)data[1] * 256);
    again(in);
    switch (data[0] % 4) {
    case 0:
    case 1:  as_server(in, data[0], piece, &budget); break;
    case 2:  as_client(in, piece, &budget); break;
    default: as_back(in, data[0] & 4, piece, &budget); break;
    }
    check(budget.used == 0);
    return 0;
}
