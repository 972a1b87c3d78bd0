/*~ One QUIC connection: libp2p specs, quic/README.md, over ngtcp2. Datagrams go in with quic_recv; ngtcp2 decrypts them
 * and calls what quic_stream.c gave it, which notes events for quic_poll. quic_send asks ngtcp2 for datagrams. The
 * handshake is in quic_tls.c, who may talk to whom in quic_endpoint.c. */
#include "p2p/quic.h"

#include "base/arith.h"
#include "base/check.h"
#include "base/mem.h"
#include "p2p/quic_inside.h"

#include <ngtcp2/ngtcp2_crypto.h>

#include <string.h>

enum { TOKEN_LIFE_S = 10, STREAMS_COUNT_MAX = 1 << 16 };

/* How long a time that ngtcp2 does not let go of is put off. */
static const uint64_t RETICK_US = 10 * US_PER_MS;

static_assert(sizeof(((struct quic *)0)->mem) == sizeof(ngtcp2_mem), "same layout");

/* ---- addresses ---- */

static void sockaddr_of(ngtcp2_addr *ret, ngtcp2_sockaddr_union *u, const struct udp_addr *a)
{
    memset(u, 0, sizeof *u);
    uint8_t port[2] = {(uint8_t)(a->port >> 8), (uint8_t)a->port};
    if (a->is_ip6) {
        u->in6.sin6_family = AF_INET6;
        memcpy(&u->in6.sin6_port, port, sizeof port);
        memcpy(&u->in6.sin6_addr, a->ip, 16);
        ret->addrlen = sizeof u->in6;
    } else {
        u->in.sin_family = AF_INET;
        memcpy(&u->in.sin_port, port, sizeof port);
        memcpy(&u->in.sin_addr, a->ip, 4);
        ret->addrlen = sizeof u->in;
    }
    ret->addr = &u->sa;
}

void quic_path_init(struct quic_path *p, const struct udp_addr *remote)
{
    const struct udp_addr local = {.is_ip6 = remote->is_ip6};
    p->path.user_data = NULL;
    sockaddr_of(&p->path.local, &p->local, &local);
    sockaddr_of(&p->path.remote, &p->remote, remote);
}

void quic_path_remote(struct udp_addr *ret_addr, const ngtcp2_path *path)
{
    ngtcp2_sockaddr_union u;
    uint8_t port[2];
    memset(ret_addr, 0, sizeof *ret_addr);
    memcpy(&u, path->remote.addr, path->remote.addrlen);
    ret_addr->is_ip6 = u.sa.sa_family == AF_INET6;
    if (ret_addr->is_ip6) {
        memcpy(port, &u.in6.sin6_port, sizeof port);
        memcpy(ret_addr->ip, &u.in6.sin6_addr, 16);
    } else {
        memcpy(port, &u.in.sin_port, sizeof port);
        memcpy(ret_addr->ip, &u.in.sin_addr, 4);
    }
    ret_addr->port = (uint16_t)(port[0] << 8 | port[1]);
}

/* ---- the end ---- */

void quic_fail(struct quic *q, struct quic_end end)
{
    if (q->is_closed) {
        return;
    }
    q->is_closed = true;
    q->closed_waits = true;
    q->ready_waits = false;
    q->close_err = end.err;
    q->close_rule = end.rule;
    q->close_liberr = end.liberr;
    q->close_code = end.code;
    q->owes_close = !end.silent;
    q->may_send = q->owes_close;
}

static enum err err_of(const struct quic *q, int rc)
{
    switch (rc) {
    case NGTCP2_ERR_CRYPTO:                   return q->verify_err != OK ? q->verify_err : ERR_DENIED;
    case NGTCP2_ERR_NOMEM:
    case NGTCP2_ERR_INTERNAL:                 return ERR_LIMIT;
    case NGTCP2_ERR_IDLE_CLOSE:
    case NGTCP2_ERR_HANDSHAKE_TIMEOUT:        return ERR_TIMEOUT;
    case NGTCP2_ERR_DRAINING:
    case NGTCP2_ERR_CLOSING:                  return ERR_CLOSED;
    case NGTCP2_ERR_RECV_VERSION_NEGOTIATION: return ERR_UNSUPPORTED;
    default:                                  return ERR_MALFORMED;
    }
}

static const char *rule_of(const struct quic *q, int rc)
{
    if (rc == NGTCP2_ERR_CRYPTO) {
        return q->verify_rule ? q->verify_rule : "the handshake failed";
    }
    if (rc == NGTCP2_ERR_HANDSHAKE_TIMEOUT) {
        return "the connection's handshake took too long";
    }
    return rc == NGTCP2_ERR_IDLE_CLOSE ? "the peer went silent" : ngtcp2_strerror(rc);
}

/* The peer closed: with an ordinary code, or for a reason. */
static void on_draining(struct quic *q)
{
    ngtcp2_connection_close_error e;
    ngtcp2_conn_get_connection_close_error(q->conn, &e);
    bool is_ordinary = e.error_code == 0;
    quic_fail(q, (struct quic_end){.err = is_ordinary ? ERR_CLOSED : ERR_DENIED,
                                   .rule = is_ordinary ? "the peer closed the connection"
                                                       : "the peer closed with an error",
                                   .silent = true});
}

static void fail_lib(struct quic *q, int rc)
{
    if (rc == NGTCP2_ERR_DRAINING) {
        on_draining(q);
        return;
    }
    bool silent = rc == NGTCP2_ERR_IDLE_CLOSE || rc == NGTCP2_ERR_HANDSHAKE_TIMEOUT ||
                  rc == NGTCP2_ERR_DROP_CONN || rc == NGTCP2_ERR_CLOSING ||
                  rc == NGTCP2_ERR_RECV_VERSION_NEGOTIATION;
    quic_fail(q, (struct quic_end){
                     .err = err_of(q, rc), .rule = rule_of(q, rc), .liberr = rc, .silent = silent});
}

void quic_close(struct quic *q, uint64_t code)
{
    quic_fail(q, (struct quic_end){.err = OK, .rule = "closed by us", .code = code});
}

/* ---- what ngtcp2 asks for ---- */

static void on_rand(uint8_t *dest, size_t n, const ngtcp2_rand_ctx *ctx)
{
    rng_fill(ctx->native_handle, mspan_of(dest, n));
}

static int on_new_cid(ngtcp2_conn *conn, ngtcp2_cid *cid, uint8_t *token, size_t len, void *user)
{
    (void)conn;
    struct quic *q = user;
    cid->datalen = len;
    rng_fill(q->cfg.rng, mspan_of(cid->data, len));
    quic_endpoint_token(q->cfg.endpoint, token, cid);
    return quic_endpoint_add(q->cfg.endpoint, cid, q) == OK ? 0 : NGTCP2_ERR_CALLBACK_FAILURE;
}

static int on_cid_gone(ngtcp2_conn *conn, const ngtcp2_cid *cid, void *user)
{
    (void)conn;
    quic_endpoint_remove(((struct quic *)user)->cfg.endpoint, cid);
    return 0;
}

static void drop_first_cid(struct quic *q)
{
    if (q->first_cid_len > 0) {
        ngtcp2_cid cid;
        ngtcp2_cid_init(&cid, q->first_cid, q->first_cid_len);
        quic_endpoint_remove(q->cfg.endpoint, &cid);
        q->first_cid_len = 0;
    }
}

static int on_handshake(ngtcp2_conn *conn, void *user)
{
    (void)conn;
    struct quic *q = user;
    if (!quic_tls_is_libp2p(q) || q->peer.n == 0) {
        return NGTCP2_ERR_CALLBACK_FAILURE;
    }
    q->is_ready = true;
    q->ready_waits = true;
    return 0;
}

static ngtcp2_callbacks callbacks_of(const struct quic *q)
{
    ngtcp2_callbacks cb = {
        .recv_crypto_data = ngtcp2_crypto_recv_crypto_data_cb,
        .handshake_completed = on_handshake,
        .encrypt = ngtcp2_crypto_encrypt_cb,
        .decrypt = ngtcp2_crypto_decrypt_cb,
        .hp_mask = ngtcp2_crypto_hp_mask_cb,
        .rand = on_rand,
        .get_new_connection_id = on_new_cid,
        .remove_connection_id = on_cid_gone,
        .update_key = ngtcp2_crypto_update_key_cb,
        .delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb,
        .delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb,
        .get_path_challenge_data = ngtcp2_crypto_get_path_challenge_data_cb,
        .version_negotiation = ngtcp2_crypto_version_negotiation_cb,
    };
    if (q->is_client) {
        cb.client_initial = ngtcp2_crypto_client_initial_cb;
        cb.recv_retry = ngtcp2_crypto_recv_retry_cb;
    } else {
        cb.recv_client_initial = ngtcp2_crypto_recv_client_initial_cb;
    }
    quic_stream_callbacks(&cb);
    return cb;
}

static ngtcp2_settings settings_of(const struct quic *q)
{
    ngtcp2_settings s;
    ngtcp2_settings_default(&s);
    s.initial_ts = quic_ns(q->now);
    s.rand_ctx.native_handle = q->cfg.rng;
    s.max_tx_udp_payload_size = QUIC_DATAGRAM_LEN_MAX;
    s.handshake_timeout = q->cfg.handshake_timeout_us * 1000;
    s.max_stream_window = q->cfg.window_max;
    s.max_window = q->cfg.window_max + (uint64_t)q->cfg.window_max / 2;
    return s;
}

static ngtcp2_transport_params params_of(const struct quic *q)
{
    ngtcp2_transport_params p;
    ngtcp2_transport_params_default(&p);
    p.initial_max_stream_data_bidi_local = YAMUX_WINDOW_INITIAL;
    p.initial_max_stream_data_bidi_remote = YAMUX_WINDOW_INITIAL;
    p.initial_max_data = (uint64_t)YAMUX_WINDOW_INITIAL * 3 / 2;
    /* SPEC libp2p/quic §"QUIC vs. TCP": only bidirectional streams exist. */
    p.initial_max_streams_bidi = q->cfg.streams_in_max;
    p.initial_max_streams_uni = 0;
    p.max_idle_timeout = QUIC_IDLE_US * 1000;
    p.active_connection_id_limit = 4;
    return p;
}

/* ---- making ---- */

MUST_CHECK static enum err begin(struct quic *q, const struct quic_cfg *cfg, instant now)
{
    *q = (struct quic){.cfg = *cfg, .now = now, .may_send = true};
    if (cfg->expected) {
        q->expected = *cfg->expected;
    }
    q->cfg.expected = NULL;
    list_init(&q->eventful);
    list_init(&q->sendable);
    struct map_cfg map = {.count_max = STREAMS_COUNT_MAX};
    map.seed[0] = rng_u64(cfg->rng);
    map.seed[1] = rng_u64(cfg->rng);
    map_init(&q->streams, cfg->budget, map);
    ngtcp2_mem mem;
    quic_mem_init(&mem, cfg->budget);
    memcpy(q->mem, &mem, sizeof mem);
    TRY(budget_reserve(cfg->budget, QUIC_TLS_MEM, NULL));
    q->has_reserved = true;
    return OK;
}

MUST_CHECK static enum err finish(struct quic *q)
{
    TRY(quic_tls_new(q));
    ngtcp2_conn_set_tls_native_handle(q->conn, q->tls);
    uint64_t keepalive_us = q->cfg.keepalive_us ? q->cfg.keepalive_us : QUIC_KEEPALIVE_US;
    ngtcp2_conn_set_keep_alive_timeout(q->conn, keepalive_us * 1000);
    return OK;
}

static void draw_cid(struct quic *q, ngtcp2_cid *cid, size_t len)
{
    cid->datalen = len;
    rng_fill(q->cfg.rng, mspan_of(cid->data, len));
}

enum err
quic_connect(struct quic *q, const struct quic_cfg *cfg, const struct udp_addr *remote, instant now)
{
    TRY(begin(q, cfg, now));
    q->is_client = true;
    struct quic_path path;
    ngtcp2_cid dcid;
    ngtcp2_cid scid;
    ngtcp2_callbacks cb = callbacks_of(q);
    ngtcp2_settings settings = settings_of(q);
    ngtcp2_transport_params params = params_of(q);
    quic_path_init(&path, remote);
    draw_cid(q, &dcid, 16);
    draw_cid(q, &scid, QUIC_CID_LEN);
    if (ngtcp2_conn_client_new(&q->conn, &dcid, &scid, &path.path, NGTCP2_PROTO_VER_V1, &cb,
                               &settings, &params, (const ngtcp2_mem *)(const void *)q->mem,
                               q) != 0) {
        q->conn = NULL; /* ngtcp2 leaves a pointer to what it gave back */
        return ERR_LIMIT;
    }
    TRY(quic_endpoint_add(cfg->endpoint, &scid, q));
    return finish(q);
}

/* take_token looks at what a Retry made the peer bring; without one the first datagram stands for itself. */
MUST_CHECK static enum err take_token(struct quic *q,
                                      ngtcp2_transport_params *params,
                                      const ngtcp2_pkt_hd *hd,
                                      const struct quic_path *path)
{
    params->original_dcid = hd->dcid;
    if (hd->token.len == 0) {
        return OK;
    }
    const struct quic_endpoint *ep = q->cfg.endpoint;
    ngtcp2_cid original;
    if (ngtcp2_crypto_verify_retry_token(&original, hd->token.base, hd->token.len, ep->secret,
                                         sizeof ep->secret, hd->version, path->path.remote.addr,
                                         path->path.remote.addrlen, &hd->dcid,
                                         TOKEN_LIFE_S * NGTCP2_SECONDS, quic_ns(q->now)) != 0) {
        return ep->validates ? ERR_AUTH : OK; /* a token of another life is no harm */
    }
    params->original_dcid = original;
    params->retry_scid = hd->dcid;
    params->retry_scid_present = 1;
    return OK;
}

enum err quic_accept(struct quic *q, const struct quic_cfg *cfg, const struct quic_datagram *first)
{
    TRY(begin(q, cfg, first->now));
    struct quic_path path;
    ngtcp2_pkt_hd hd;
    ngtcp2_cid scid;
    ngtcp2_callbacks cb = callbacks_of(q);
    ngtcp2_settings settings = settings_of(q);
    ngtcp2_transport_params params = params_of(q);
    quic_path_init(&path, &first->remote);
    if (ngtcp2_accept(&hd, first->bytes.p, first->bytes.n) != 0) {
        return ERR_MALFORMED;
    }
    TRY(take_token(q, &params, &hd, &path));
    settings.token = params.retry_scid_present ? hd.token : settings.token;
    draw_cid(q, &scid, QUIC_CID_LEN);
    params.stateless_reset_token_present = 1;
    quic_endpoint_token(cfg->endpoint, params.stateless_reset_token, &scid);
    if (ngtcp2_conn_server_new(&q->conn, &hd.scid, &scid, &path.path, hd.version, &cb, &settings,
                               &params, (const ngtcp2_mem *)(const void *)q->mem, q) != 0) {
        q->conn = NULL; /* ngtcp2 leaves a pointer to what it gave back */
        return ERR_LIMIT;
    }
    TRY(quic_endpoint_add(cfg->endpoint, &scid, q));
    TRY(quic_endpoint_add(cfg->endpoint, &hd.dcid, q));
    memcpy(q->first_cid, hd.dcid.data, hd.dcid.datalen);
    q->first_cid_len = (uint8_t)hd.dcid.datalen;
    TRY(finish(q));
    quic_recv(q, first);
    return OK;
}

static void drop_cids(struct quic *q)
{
    enum { SCIDS_MAX = 64 };
    ngtcp2_cid ids[SCIDS_MAX];
    size_t count = ngtcp2_conn_get_num_scid(q->conn);
    check(count <= SCIDS_MAX);
    count = ngtcp2_conn_get_scid(q->conn, ids);
    for (size_t i = 0; i < count; i++) {
        quic_endpoint_remove(q->cfg.endpoint, &ids[i]);
    }
}

void quic_done(struct quic *q)
{
    if (!q->cfg.budget) {
        return;
    }
    drop_first_cid(q);
    if (q->conn) {
        drop_cids(q);
        ngtcp2_conn_del(q->conn);
    }
    quic_tls_done(q);
    quic_streams_done(q);
    if (q->has_reserved) {
        budget_release(q->cfg.budget, QUIC_TLS_MEM);
    }
    *q = (struct quic){.is_closed = true};
}

/* ---- datagrams and time ---- */

void quic_recv(struct quic *q, const struct quic_datagram *d)
{
    q->now = d->now;
    if (q->is_closed) {
        q->may_send = q->owes_close;
        return;
    }
    struct quic_path path;
    quic_path_init(&path, &d->remote);
    int rc =
        ngtcp2_conn_read_pkt(q->conn, &path.path, NULL, d->bytes.p, d->bytes.n, quic_ns(d->now));
    q->may_send = true;
    if (rc != 0) {
        fail_lib(q, rc);
    }
}

/* send_close writes the CONNECTION_CLOSE; none if the peer could not read one yet. */
static size_t send_close(struct quic *q, ngtcp2_path *path, struct mspan out)
{
    ngtcp2_connection_close_error e;
    ngtcp2_connection_close_error_default(&e);
    if (q->close_liberr == NGTCP2_ERR_CRYPTO) {
        ngtcp2_connection_close_error_set_transport_error_tls_alert(
            &e, ngtcp2_conn_get_tls_alert(q->conn), NULL, 0);
    } else if (q->close_liberr != 0) {
        ngtcp2_connection_close_error_set_transport_error_liberr(&e, q->close_liberr, NULL, 0);
    } else {
        ngtcp2_connection_close_error_set_application_error(&e, q->close_code, NULL, 0);
    }
    q->owes_close = false;
    ngtcp2_ssize n =
        ngtcp2_conn_write_connection_close(q->conn, path, NULL, out.p, out.n, &e, quic_ns(q->now));
    return n > 0 ? (size_t)n : 0;
}

/* paced lets ngtcp2 count a burst as sent, so that it spaces what follows; not within the handshake, where it has no
 * round trip to go by but a third of a second. */
static void paced(struct quic *q)
{
    if (q->is_ready) {
        ngtcp2_conn_update_pkt_tx_time(q->conn, quic_ns(q->now));
    }
    q->burst_len = 0;
}

size_t quic_send(struct quic *q, instant now, struct udp_addr *ret_to, struct mspan out)
{
    if (!q->conn || !q->may_send || (q->is_closed && !q->owes_close)) {
        return 0;
    }
    check(out.n >= QUIC_DATAGRAM_LEN_MIN);
    q->now = now;
    out = mspan_first(out, QUIC_DATAGRAM_LEN_MAX);
    ngtcp2_path_storage ps;
    ngtcp2_path_storage_zero(&ps);
    ngtcp2_ssize n = q->is_closed ? 0 : quic_streams_send(q, &ps.path, out);
    if (n < 0) {
        fail_lib(q, (int)n);
        n = 0;
    }
    if (q->is_closed && q->owes_close && n == 0) {
        n = (ngtcp2_ssize)send_close(q, &ps.path, out);
        q->may_send = false;
    }
    if (n > 0) {
        quic_path_remote(ret_to, &ps.path);
        q->burst_len += (size_t)n;
    }
    if (!q->is_closed && (n == 0 || q->burst_len >= ngtcp2_conn_get_send_quantum(q->conn))) {
        paced(q);
        q->may_send = n > 0;
    }
    return (size_t)n;
}

bool quic_has_output(const struct quic *q)
{
    return q->conn && q->may_send && (!q->is_closed || q->owes_close);
}

bool quic_poll(struct quic *q, struct yamux_event *ret_event, bool *ret_is_ready)
{
    *ret_is_ready = false;
    if (q->ready_waits) {
        q->ready_waits = false;
        *ret_is_ready = true;
        return true;
    }
    if (!q->is_closed && q->is_ready && quic_streams_poll(q, ret_event)) {
        return true;
    }
    if (!q->closed_waits) {
        return false;
    }
    q->closed_waits = false;
    *ret_event = (struct yamux_event){
        .kind = YAMUX_EVENT_CLOSED, .err = q->close_err, .rule = q->close_rule};
    return true;
}

instant quic_deadline(const struct quic *q)
{
    if (q->is_closed || !q->conn) {
        return INSTANT_NEVER;
    }
    ngtcp2_tstamp ns = ngtcp2_conn_get_expiry(q->conn);
    if (ns == UINT64_MAX) {
        return INSTANT_NEVER;
    }
    /* ngtcp2 0.12 may go on naming a time that it has been told of, whatever it is given to write, after connection ids were
     * retired in a row: a peer could keep us at it for ever (CVE-2024-22189 replayed). */
    instant at = {.us = ns / 1000 + (ns % 1000 != 0)};
    bool is_told = q->has_ticked && !instant_before(q->ticked_at, at);
    return is_told ? instant_add(q->ticked_at, RETICK_US) : at;
}

void quic_tick(struct quic *q, instant now)
{
    q->now = now;
    if (!instant_reached(quic_deadline(q), now)) {
        return;
    }
    int rc = ngtcp2_conn_handle_expiry(q->conn, quic_ns(now));
    q->has_ticked = true;
    q->ticked_at = now;
    q->may_send = true;
    if (rc != 0) {
        fail_lib(q, rc);
    }
}

uint64_t quic_rtt_us(const struct quic *q)
{
    if (!q->is_ready || !q->conn) {
        return 0;
    }
    ngtcp2_conn_stat stat;
    ngtcp2_conn_get_conn_stat(q->conn, &stat);
    return stat.smoothed_rtt / 1000;
}
