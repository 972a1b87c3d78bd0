/* The second host of a node that serves AutoNAT: it dials, tells a nonce, and hangs up. */
#include "node/net/dialback.h"

#include "base/check.h"
#include "base/secret.h"
#include "codec/multiaddr.h"

#include <string.h>

static const uint64_t DIAL_US = 10 * US_PER_S;

static enum err
start(struct autonat_dialler *self, uint64_t id, const struct host_dialback_args *args)
{
    struct dialback *d = (struct dialback *)(void *)self;
    TRY(host_dialback_start(&d->jobs, id, args));
    alarm_set(
        &d->alarm,
        loop_now(d->cfg.loop)); /* not from here: whoever asks is in the middle of something */
    return OK;
}

static void on_alarm(void *user)
{
    struct dialback *d = user;
    tcp_pump(&d->tcp);
}

static void on_event(void *user, const struct host_event *e)
{
    struct dialback *d = user;
    struct host_dialback_event r;
    bool any = false;
    if (e->kind != HOST_EVENT_EXTENSION) {
        return;
    }
    while (host_dialback_poll(&d->jobs, &r)) {
        if (d->to) {
            host_autonat_dialled(d->to, r.id, r.how, r.index);
            any = true;
        }
    }
    if (any && d->cfg.on_result) {
        d->cfg.on_result(d->cfg.user);
    }
}

/* bind_udp takes a free port of the family; false: this machine has no such addresses. */
static bool bind_udp(struct dialback *d, const char *text)
{
    uint8_t room[UDP_ADDR_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(room));
    check(multiaddr_parse(&w, span_str(text), NULL) == OK);
    return tcp_listen(&d->tcp, NULL, span_of(room, w.n)) == OK;
}

MUST_CHECK static enum err start_host(struct dialback *d)
{
    struct host_cfg cfg = {
        .signer = &d->signer.signer,
        .rng = d->cfg.rng,
        .parent = d->cfg.budget,
        .memory_max = DIALBACK_MEMORY_MAX,
        .limits = host_limits_for(DIALBACK_MEMORY_MAX),
        .agent = d->cfg.agent,
        .unix_s = d->cfg.unix_s,
        .security_dial = {SECURITY_NOISE, SECURITY_TLS},
        .security_dial_count = d->cfg.unix_s > 0 ? 2 : 1
    };
    cfg.limits.conns_in_max = 0; /* its UDP sockets are for what it dials alone */
    cfg.limits.dial_timeout_us = DIAL_US;
    cfg.limits.handshake_timeout_us = DIAL_US;
    TRY(host_init(&d->host, &cfg, loop_now(d->cfg.loop)));
    host_dialback_init(&d->jobs, &d->host);
    struct tcp_cfg tcp = {.loop = d->cfg.loop,
                          .host = &d->host,
                          .budget = d->cfg.budget,
                          .rng = d->cfg.rng,
                          .on_event = on_event,
                          .user = d};
    TRY(tcp_init(&d->tcp, &tcp));
    d->has_tcp = true;
    (void)bind_udp(d, "/ip4/0.0.0.0/udp/0/quic-v1");
    d->has_ip6 = bind_udp(d, "/ip6/::/udp/0/quic-v1");
    return OK;
}

enum err dialback_init(struct dialback *d, const struct dialback_cfg *cfg)
{
    struct secret32 seed;
    *d = (struct dialback){.cfg = *cfg, .dialler = {.start = start}};
    rng_fill(cfg->rng, MSPAN_OF(seed.bytes));
    key_signer_init(&d->signer, &seed);
    secret32_wipe(&seed);
    alarm_init(&d->alarm, cfg->loop, on_alarm, d);
    return start_host(d);
}

void dialback_done(struct dialback *d)
{
    if (!d->cfg.loop) {
        return;
    }
    d->to = NULL;
    if (d->has_tcp) {
        tcp_done(&d->tcp);
    }
    alarm_done(&d->alarm);
}

void dialback_free(struct dialback *d)
{
    if (!d->cfg.loop) {
        return;
    }
    host_dialback_done(&d->jobs);
    host_done(&d->host);
    key_signer_done(&d->signer);
    d->cfg.loop = NULL;
}
