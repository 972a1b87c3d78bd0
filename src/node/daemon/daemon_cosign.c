/* Co-signers' requests: from the API to the server that keeps the key, and its answer back. */
#include "node/daemon/daemon_inside.h"

#include <stddef.h>

static void on_cosigned(void *user,
                        struct wallet_time t,
                        uint64_t tag,
                        enum err err,
                        struct span words,
                        const struct service_cosigned *said)
{
    struct daemon *d = user;
    struct cosigner_said s = {.err = err, .reason = words};
    if (err == OK && said) {
        s.cosigner = said->cosigner;
        s.terms = said->terms;
        span_copy(MSPAN_OF(s.signature), SPAN_OF(said->signature));
    }
    api_cosigner_done(d->api, t, tag, &s);
}

static enum service_type type_of(enum cosigner_act act)
{
    if (act == COSIGNER_ACT_SIGN) {
        return SERVICE_COSIGN_SIGN;
    }
    return act == COSIGNER_ACT_RELEASE ? SERVICE_COSIGN_REMOVE : SERVICE_COSIGN_CREATE;
}

static enum err port_cosign(struct api_node_port *self, uint64_t id, const struct api_cosign_ask *a)
{
    struct daemon *d = (struct daemon *)(void *)((char *)self - offsetof(struct daemon, port));
    struct peer_id peer;
    if (peer_id_parse(&peer, a->server) != OK) {
        return ERR_CLOSED;
    }
    const struct servers_keep k = {
        .tag = id, .peer = &peer, .type = type_of(a->act), .body = a->request};
    return servers_cosign(&d->servers, daemon_time(d), &k);
}

void daemon_cosign_hear(struct servers_cfg *cfg)
{
    cfg->cosigned = on_cosigned;
}

void daemon_cosign_port(struct api_node_port *port)
{
    port->cosign = port_cosign;
}
