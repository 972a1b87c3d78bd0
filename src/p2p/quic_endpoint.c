/* Whose datagram is it? One endpoint for all QUIC connections that share a socket: RFC 9000 sections 5.2, 6, 8.1. */
#include "p2p/quic_inside.h"

#include "base/check.h"

#include <ngtcp2/ngtcp2_crypto.h>

#include <string.h>

enum { CIDS_COUNT_MAX = 1 << 20, TOKEN_LIFE_S = 10, TOKEN_LEN_MAX = 128 };

void quic_endpoint_init(struct quic_endpoint *ep, struct budget *budget, struct rng *rng)
{
    *ep = (struct quic_endpoint){.budget = budget, .rng = rng};
    struct map_cfg cfg = {.count_max = CIDS_COUNT_MAX};
    cfg.seed[0] = rng_u64(rng);
    cfg.seed[1] = rng_u64(rng);
    map_init(&ep->cids, budget, cfg);
    rng_fill(rng, MSPAN_OF(ep->secret));
}

void quic_endpoint_done(struct quic_endpoint *ep)
{
    if (ep->budget) {
        map_done(&ep->cids);
    }
    *ep = (struct quic_endpoint){0};
}

enum err quic_endpoint_add(struct quic_endpoint *ep, const ngtcp2_cid *cid, struct quic *q)
{
    return map_add(&ep->cids, span_of(cid->data, cid->datalen), q);
}

void quic_endpoint_remove(struct quic_endpoint *ep, const ngtcp2_cid *cid)
{
    if (map_remove(&ep->cids, span_of(cid->data, cid->datalen)) && cid->datalen == QUIC_CID_LEN) {
        memcpy(ep->closed[ep->closed_at], cid->data, QUIC_CID_LEN);
        ep->closed_at = (ep->closed_at + 1) % QUIC_CLOSED_COUNT;
    }
}

void quic_endpoint_token(const struct quic_endpoint *ep,
                         uint8_t ret_token[static 16],
                         const ngtcp2_cid *cid)
{
    check(ngtcp2_crypto_generate_stateless_reset_token(ret_token, ep->secret, sizeof ep->secret,
                                                       cid) == 0);
}

static enum quic_verdict reply(struct quic_endpoint *ep, struct quic_look *l, ngtcp2_ssize n)
{
    if (n <= 0) {
        return QUIC_DROPPED;
    }
    ep->replies_count++;
    l->reply_len = (size_t)n;
    return QUIC_REPLIED;
}

/* SPEC RFC9000 §"6.1. Sending Version Negotiation Packets": a version that we do not speak is answered with those that
 * we do, if the datagram was as long as a first one must be. */
static enum quic_verdict negotiate(struct quic_endpoint *ep,
                                   struct quic_look *l,
                                   struct mspan out,
                                   const ngtcp2_version_cid *v,
                                   size_t len)
{
    static const uint32_t versions[] = {NGTCP2_PROTO_VER_V1};
    if (len < QUIC_DATAGRAM_LEN_MIN) {
        return QUIC_DROPPED;
    }
    uint8_t random = (uint8_t)rng_below(ep->rng, 256);
    return reply(ep, l,
                 ngtcp2_pkt_write_version_negotiation(out.p, out.n, random, v->scid, v->scidlen,
                                                      v->dcid, v->dcidlen, versions, 1));
}

/* SPEC RFC9000 §"8.1.2. Address Validation Using Retry Packets": when many are in handshake, a new peer first has to
 * come again with a token, so that nobody spends our memory under a false address. */
static enum quic_verdict retry(struct quic_endpoint *ep,
                               struct quic_look *l,
                               struct mspan out,
                               const ngtcp2_pkt_hd *hd,
                               const struct quic_datagram *d)
{
    struct quic_path path;
    ngtcp2_cid scid = {.datalen = QUIC_CID_LEN};
    uint8_t token[TOKEN_LEN_MAX];
    quic_path_init(&path, &d->remote);
    rng_fill(ep->rng, mspan_of(scid.data, scid.datalen));
    ngtcp2_ssize n = ngtcp2_crypto_generate_retry_token(
        token, ep->secret, sizeof ep->secret, hd->version, path.path.remote.addr,
        path.path.remote.addrlen, &scid, &hd->dcid, quic_ns(d->now));
    if (n < 0) {
        return QUIC_DROPPED;
    }
    check((size_t)n <= sizeof token);
    return reply(ep, l,
                 ngtcp2_crypto_write_retry(out.p, out.n, hd->version, &hd->scid, &scid, &hd->dcid,
                                           token, (size_t)n));
}

static bool was_closed(const struct quic_endpoint *ep, struct span cid)
{
    for (size_t i = 0; i < QUIC_CLOSED_COUNT; i++) {
        if (span_equal(cid, SPAN_OF(ep->closed[i]))) {
            return true;
        }
    }
    return false;
}

enum quic_verdict quic_endpoint_look(struct quic_endpoint *ep,
                                     struct quic_look *ret_look,
                                     struct mspan out,
                                     const struct quic_datagram *d)
{
    ngtcp2_version_cid v;
    ngtcp2_pkt_hd hd;
    *ret_look = (struct quic_look){0};
    if (d->bytes.n == 0) {
        return QUIC_DROPPED; /* ngtcp2 0.12 takes an empty datagram for a bug of ours, and aborts */
    }
    int rc = ngtcp2_pkt_decode_version_cid(&v, d->bytes.p, d->bytes.n, QUIC_CID_LEN);
    if (rc == NGTCP2_ERR_VERSION_NEGOTIATION) {
        return negotiate(ep, ret_look, out, &v, d->bytes.n);
    }
    if (rc != 0 || v.dcidlen > MAP_KEY_LEN_MAX) {
        return QUIC_DROPPED;
    }
    struct span cid = span_of(v.dcid, v.dcidlen);
    ret_look->quic = map_find(&ep->cids, cid);
    if (ret_look->quic) {
        return QUIC_FOUND;
    }
    /* SPEC RFC9000 §"14.1. Initial Datagram Size": a first datagram below 1200 bytes is dropped. */
    if (d->bytes.n < QUIC_DATAGRAM_LEN_MIN || was_closed(ep, cid) ||
        ngtcp2_accept(&hd, d->bytes.p, d->bytes.n) != 0) {
        return QUIC_DROPPED;
    }
    if (ep->validates && hd.token.len == 0) {
        return retry(ep, ret_look, out, &hd, d);
    }
    return QUIC_NEW;
}
