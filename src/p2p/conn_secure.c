/* The secured channel of a connection: libp2p specs, connections/README.md, "Connection Upgrade". Noise and TLS have the
 * same shape; what differs is a case here. */
#include "p2p/conn_secure.h"

#include "base/arith.h"
#include "base/check.h"

void conn_secure_ids(struct conn *c)
{
    c->security_ids_count = max_size(1, c->cfg.security_count);
    check(c->security_ids_count <= SECURITY_COUNT);
    for (size_t i = 0; i < c->security_ids_count; i++) {
        switch (c->cfg.security[i]) {
        case SECURITY_NOISE: c->security_ids[i] = SPAN_LIT("/noise"); break;
        case SECURITY_TLS:   c->security_ids[i] = SPAN_LIT("/tls/1.0.0"); break;
        }
    }
}

static uint32_t timeout_ms_of(const struct conn *c)
{
    return (uint32_t)min_u64(UINT32_MAX, max_u64(1, c->cfg.handshake_timeout_us / US_PER_MS));
}

MUST_CHECK static enum err start_noise(struct conn *c, struct conn_secure_args args)
{
    struct noise_cfg cfg = {.is_initiator = c->cfg.is_dialer,
                            .identity = c->cfg.identity,
                            .muxers = args.muxers,
                            .muxers_count = args.muxers_count,
                            .expected = &c->expected,
                            .rng = c->cfg.rng,
                            .budget = c->cfg.budget,
                            .timeout_ms = timeout_ms_of(c)};
    return noise_init(&c->secure.noise, &cfg, c->now);
}

MUST_CHECK static enum err start_tls(struct conn *c, struct conn_secure_args args)
{
    check(c->cfg.tls);
    struct tls_cfg cfg = {.is_client = c->cfg.is_dialer,
                          .identity = c->cfg.tls,
                          .muxers = args.muxers,
                          .muxers_count = args.muxers_count,
                          .expected = &c->expected,
                          .unix_s = c->cfg.unix_s,
                          .budget = c->cfg.budget,
                          .timeout_ms = timeout_ms_of(c)};
    return tls_init(&c->secure.tls, &cfg, c->now);
}

enum err conn_secure_start(struct conn *c, struct conn_secure_args args)
{
    check(!c->secure_is_up);
    c->secure_is_up = true; /* also half-built: done copes */
    switch (c->security) {
    case SECURITY_NOISE: return start_noise(c, args);
    case SECURITY_TLS:   return start_tls(c, args);
    }
    return ERR_INTERNAL;
}

void conn_secure_done(struct conn *c)
{
    if (!c->secure_is_up) {
        return;
    }
    switch (c->security) {
    case SECURITY_NOISE: noise_done(&c->secure.noise); break;
    case SECURITY_TLS:   tls_done(&c->secure.tls); break;
    }
    c->secure_is_up = false;
}

void conn_secure_recv(struct conn *c, struct span *in)
{
    switch (c->security) {
    case SECURITY_NOISE:
        (void)noise_recv(&c->secure.noise, c->now, in);
        break;                                                            /* failure is an event */
    case SECURITY_TLS: (void)tls_recv(&c->secure.tls, c->now, in); break; /* likewise */
    }
}

size_t conn_secure_send(struct conn *c, struct mspan out)
{
    switch (c->security) {
    case SECURITY_NOISE: return noise_send(&c->secure.noise, c->now, out);
    case SECURITY_TLS:   return tls_send(&c->secure.tls, c->now, out);
    }
    return 0;
}

bool conn_secure_has_output(const struct conn *c)
{
    if (!c->secure_is_up) {
        return false;
    }
    return c->security == SECURITY_TLS ? c->secure.tls.out.n > 0 : c->secure.noise.out.n > 0;
}

static bool poll_noise(struct conn *c, struct conn_secure_event *ret_event)
{
    struct noise_event e;
    if (!noise_poll(&c->secure.noise, &e)) {
        return false;
    }
    switch (e.kind) {
    case NOISE_EVENT_READY:
        *ret_event = (struct conn_secure_event){
            .kind = CONN_SECURE_READY, .peer = e.peer, .has_muxer = e.muxer != NOISE_MUXER_NONE};
        break;
    case NOISE_EVENT_DATA:
        *ret_event = (struct conn_secure_event){.kind = CONN_SECURE_DATA, .data = e.data};
        break;
    case NOISE_EVENT_FAILED:
        *ret_event = (struct conn_secure_event){
            .kind = CONN_SECURE_FAILED, .err = e.err, .rule = e.diag.rule};
        break;
    }
    return true;
}

static bool poll_tls(struct conn *c, struct conn_secure_event *ret_event)
{
    struct tls_event e;
    if (!tls_poll(&c->secure.tls, &e)) {
        return false;
    }
    switch (e.kind) {
    case TLS_EVENT_READY:
        *ret_event = (struct conn_secure_event){
            .kind = CONN_SECURE_READY, .peer = e.peer, .has_muxer = e.muxer != TLS_MUXER_NONE};
        break;
    case TLS_EVENT_DATA:
        *ret_event = (struct conn_secure_event){.kind = CONN_SECURE_DATA, .data = e.data};
        break;
    case TLS_EVENT_ENDED: *ret_event = (struct conn_secure_event){.kind = CONN_SECURE_ENDED}; break;
    case TLS_EVENT_FAILED:
        *ret_event = (struct conn_secure_event){
            .kind = CONN_SECURE_FAILED, .err = e.err, .rule = e.diag.rule};
        break;
    }
    return true;
}

bool conn_secure_poll(struct conn *c, struct conn_secure_event *ret_event)
{
    return c->security == SECURITY_TLS ? poll_tls(c, ret_event) : poll_noise(c, ret_event);
}

bool conn_secure_can_seal(const struct conn *c)
{
    if (!c->secure_is_up) {
        return false;
    }
    return c->security == SECURITY_TLS ? tls_can_seal(&c->secure.tls)
                                       : noise_can_seal(&c->secure.noise);
}

struct mspan conn_secure_plain_room(const struct conn *c, struct mspan out)
{
    return c->security == SECURITY_TLS ? tls_plain_room(out) : noise_plain_room(out);
}

size_t conn_secure_seal(struct conn *c, struct mspan out, size_t plain_len)
{
    return c->security == SECURITY_TLS ? tls_seal(&c->secure.tls, out, plain_len)
                                       : noise_seal(&c->secure.noise, out, plain_len);
}

bool conn_secure_owes_goodbye(const struct conn *c)
{
    return c->secure_is_up && c->security == SECURITY_TLS && tls_can_seal(&c->secure.tls);
}

void conn_secure_close(struct conn *c)
{
    if (conn_secure_owes_goodbye(c)) {
        tls_close(&c->secure.tls);
    }
}

enum err conn_secure_channel(const struct conn *c, struct hash32 *ret)
{
    if (!c->secure_is_up) {
        return ERR_STATE;
    }
    if (c->security == SECURITY_TLS) {
        return tls_channel(&c->secure.tls, ret);
    }
    struct span hash = noise_handshake_hash(&c->secure.noise);
    return span_copy(MSPAN_OF(ret->bytes), hash) == sizeof ret->bytes ? OK : ERR_INTERNAL;
}

enum err conn_channel(const struct conn *c, struct hash32 *ret)
{
    if (c->state != CONN_READY) {
        return ERR_STATE;
    }
    return c->quic ? quic_channel(c->quic, ret) : conn_secure_channel(c, ret);
}
