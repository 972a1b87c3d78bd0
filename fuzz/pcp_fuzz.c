/* PCP: what a router says, to an engine that opens two ports. Byte 0 seeds it; then records: what to do, a length, so many bytes.
 * Half of the datagrams get the nonce and port of a mapping, so that they are looked at. */
#include "base/check.h"
#include "base/rd.h"
#include "p2p/pcp.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NONCE_AT = 24, PROTOCOL_AT = 36, PORT_AT = 40 };
enum { DO_RECV, DO_RECV_AS_ANSWER, DO_WAIT, DO_ASK, DO_UNREACHABLE, DO_CLOSE, DO_COUNT };

static void recv_as_answer(struct pcp *p, instant now, struct span in)
{
    static const struct pcp_source gateway = {
        .ip = {10, 0, 0, 1},
          .port = PCP_PORT
    };
    uint8_t room[255];
    size_t n = in.n < sizeof room ? in.n : sizeof room;
    const struct pcp_mapping *m = &p->mappings[n > 0 && in.p[n - 1] % 2];
    if (n < PORT_AT + 2) {
        return;
    }
    memcpy(room, in.p, n);
    memcpy(room + NONCE_AT, m->nonce, PCP_NONCE_LEN);
    room[PROTOCOL_AT] = m->is_udp ? 17 : 6;
    room[PORT_AT] = (uint8_t)(m->inside >> 8);
    room[PORT_AT + 1] = (uint8_t)m->inside;
    pcp_recv(p, now, &gateway, span_of(room, n));
}

static void invariants(const struct pcp *p, instant now)
{
    for (size_t i = 0; i < p->count; i++) {
        const struct pcp_mapping *m = &p->mappings[i];
        if (m->state == PCP_OPEN) {
            check(m->outside != 0);
            check((m->ip[0] | m->ip[1] | m->ip[2] | m->ip[3]) != 0);
            check(m->expire_at.us > now.us);
            check(m->expire_at.us - m->open_at.us >= 60 * US_PER_S);
            check(m->expire_at.us - m->open_at.us <= 86400 * US_PER_S);
        }
        check(m->state != PCP_FAILED || m->result != PCP_SUCCESS);
        check(m->state == PCP_OPEN || m->state == PCP_ASKING || m->state == PCP_CLOSING ||
              !m->is_waiting);
    }
}

/* All that is due is sent: a mapping has at most one datagram at a time. */
static void send_all(struct pcp *p, instant now)
{
    uint8_t out[PCP_REQUEST_LEN];
    size_t sent = 0;
    for (size_t n = 1; n > 0;) {
        n = pcp_send(p, now, MSPAN_OF(out));
        check(n == 0 || n == PCP_REQUEST_LEN);
        sent += n > 0;
    }
    check(sent <= p->count);
    pcp_tick(p, now);
    check(pcp_deadline(p).us > now.us);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct pcp_source gateway = {
        .ip = {10, 0, 0, 1},
          .port = PCP_PORT
    };
    static struct pcp p;
    struct rng_seeded rng;
    struct rd rd = rd_init(span_of(data, size));
    instant now = {.us = US_PER_S};
    rng_seeded_init(&rng, rd_u8(&rd));
    pcp_init(&p, &(struct pcp_cfg){
                     .gateway = {10, 0, 0, 1},
                     .self = {10, 0, 0, 2},
                     .lifetime_s = 2400,
                     .rng = &rng.rng,
    });
    check(pcp_add(&p, now, (struct pcp_port){.inside = 4001, .outside = 4001}) == OK);
    check(pcp_add(&p, now, (struct pcp_port){.is_udp = true, .inside = 4001}) == OK);
    while (rd_ok(&rd) && rd.rest.n > 0) {
        uint8_t what = rd_u8(&rd);
        uint8_t len = rd_u8(&rd);
        send_all(&p, now);
        switch (what % DO_COUNT) {
        case DO_RECV:
            pcp_recv(&p, now, &gateway, rd_bytes(&rd, len < rd.rest.n ? len : rd.rest.n));
            break;
        case DO_RECV_AS_ANSWER:
            recv_as_answer(&p, now, rd_bytes(&rd, len < rd.rest.n ? len : rd.rest.n));
            break;
        case DO_WAIT:
            now = len == 0 && !instant_is_never(pcp_deadline(&p))
                      ? pcp_deadline(&p)
                      : instant_add(now, (uint64_t)len * len * US_PER_S);
            pcp_tick(&p, now);
            break;
        case DO_ASK:         pcp_ask(&p, now); break;
        case DO_UNREACHABLE: pcp_unreachable(&p, now); break;
        case DO_CLOSE:       pcp_close(&p, now); break;
        }
        invariants(&p, now);
    }
    return 0;
}
