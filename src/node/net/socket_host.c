/* A host with loop, randomness, identity and sockets: the door of the library for other programs. */
#include "node/net/socket_host.h"

#include "base/wr.h"
#include "crypto/backend.h"

#include <string.h>
#include <uv.h>

static const char AGENT[] = "passmesh-p2p/0.1.0";

static void take_identity(struct socket_host *s, const struct secret32 *seed)
{
    AUTO(secret32_wipe) struct secret32 fresh = {0};
    if (!seed) {
        rng_fill(&s->entropy.rng, MSPAN_OF(fresh.bytes));
        seed = &fresh;
    }
    key_signer_init(&s->key, seed);
}

static void fill_in(struct socket_host *s, struct host_cfg *h)
{
    uv_timeval64_t now;
    bool has_clock = uv_gettimeofday(&now) == 0 && now.tv_sec > 0;
    if (h->memory_max == 0) {
        h->memory_max = SOCKET_HOST_MEMORY_DEFAULT;
    }
    if (!h->signer) {
        h->signer = &s->key.signer;
    }
    if (!h->rng) {
        h->rng = &s->entropy.rng;
    }
    if (!h->agent) {
        h->agent = AGENT;
    }
    if (has_clock && h->unix_s == 0) {
        h->unix_s = (uint64_t)now.tv_sec;
    }
    if (has_clock && h->record_seq == 0) {
        h->record_seq = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_usec / 1000;
    }
    if (h->security_dial_count == 0) {
        h->security_dial[h->security_dial_count++] = SECURITY_NOISE;
        if (h->unix_s > 0) {
            h->security_dial[h->security_dial_count++] = SECURITY_TLS;
        }
    }
}

MUST_CHECK static enum err start(struct socket_host *s, const struct socket_host_cfg *cfg)
{
    struct host_cfg h = cfg->host;
    TRY(crypto_init());
    TRY(entropy_init(&s->entropy));
    if (!h.signer) {
        take_identity(s, cfg->seed);
    }
    fill_in(s, &h);
    budget_init(&s->budget, h.parent, "socket_host", 2 * h.memory_max);
    h.parent = &s->budget;
    TRY(loop_init(&s->loop));
    s->has_loop = true;
    TRY(host_init(&s->host, &h, loop_now(&s->loop)));
    struct tcp_cfg tcp = {.loop = &s->loop,
                          .host = &s->host,
                          .budget = &s->budget,
                          .rng = h.rng,
                          .log = cfg->log,
                          .web_cas = cfg->web_cas,
                          .one_port = cfg->one_port,
                          .on_event = cfg->on_event,
                          .user = cfg->user};
    TRY(tcp_init(&s->tcp, &tcp));
    s->has_tcp = true;
    return OK;
}

enum err socket_host_init(struct socket_host *s, const struct socket_host_cfg *cfg)
{
    memset(s, 0, sizeof *s);
    enum err err = start(s, cfg);
    if (err != OK) {
        socket_host_done(s);
    }
    return err;
}

/* parse writes the bytes of a multiaddr into room. */
MUST_CHECK static enum err parse(struct span *ret_addr, struct mspan room, const char *text)
{
    struct wr w = wr_init(room);
    TRY(multiaddr_parse(&w, span_str(text), NULL));
    *ret_addr = span_of(room.p, w.n);
    return OK;
}

/* announce tells the host where we listen, the first HOST_ADDRS_MAX of it. */
MUST_CHECK static enum err announce(struct socket_host *s)
{
    uint8_t room[HOST_ADDRS_MAX][TCP_ADDR_LEN_MAX];
    struct span addrs[HOST_ADDRS_MAX];
    size_t count = 0;
    near_load(&s->near);
    for (size_t i = 0; i < s->listens_count; i++) {
        for (size_t k = 0; (k == 0 || k < s->near.count) && count < HOST_ADDRS_MAX; k++) {
            struct wr w = wr_init(MSPAN_OF(room[count]));
            if (near_expand(&s->near, &w, s->listens[i], k)) {
                addrs[count] = span_of(room[count], w.n);
                count++;
            }
        }
    }
    return host_set_listen_addrs(&s->host, addrs, count);
}

enum err socket_host_listen(struct socket_host *s, const char *addr)
{
    uint8_t room[MULTIADDR_LEN_MAX];
    struct span wanted;
    struct span bound;
    if (s->listens_count >= SOCKET_HOST_LISTENS_MAX) {
        return ERR_LIMIT;
    }
    TRY(parse(&wanted, MSPAN_OF(room), addr));
    TRY(tcp_listen(&s->tcp, &bound, wanted));
    s->listens[s->listens_count++] = bound;
    TRY(announce(s));
    tcp_pump(&s->tcp);
    return OK;
}

enum err socket_host_use_certificate(struct socket_host *s,
                                     const char **ret_rule,
                                     const struct web_certificate_files *files)
{
    return web_certificate_load(&s->tcp.web_server, ret_rule, files, &s->budget);
}

enum err socket_host_dial(struct socket_host *s, const char *addr)
{
    uint8_t room[MULTIADDR_LEN_MAX];
    struct span to;
    uint64_t dial;
    TRY(parse(&to, MSPAN_OF(room), addr));
    struct host_dial_args args = {.addrs = &to, .addrs_count = 1};
    TRY(host_dial(&s->host, &dial, NULL, args));
    tcp_pump(&s->tcp);
    return OK;
}

enum err socket_host_addr_text(char ret_text[static SOCKET_HOST_ADDR_TEXT_MAX],
                               struct span addr,
                               const struct peer_id *peer)
{
    uint8_t room[MULTIADDR_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(room));
    wr_bytes(&w, multiaddr_without_peer(addr));
    multiaddr_write(&w, MULTIADDR_P2P, peer_id_span(peer));
    if (!wr_ok(&w)) {
        return w.err;
    }
    struct wr text = wr_init(mspan_of(ret_text, SOCKET_HOST_ADDR_TEXT_MAX - 1));
    TRY(multiaddr_print(&text, span_of(room, w.n)));
    ret_text[text.n] = 0;
    return OK;
}

bool socket_host_print_addr(const struct socket_host *s,
                            char ret_text[static SOCKET_HOST_ADDR_TEXT_MAX],
                            size_t i)
{
    struct span addrs[HOST_ADDRS_MAX];
    return i < host_announced_addrs(&s->host, addrs) &&
           socket_host_addr_text(ret_text, addrs[i], host_self(&s->host)) == OK;
}

enum err socket_host_print_addrs(const struct socket_host *s, FILE *to)
{
    char text[SOCKET_HOST_ADDR_TEXT_MAX];
    for (size_t i = 0; socket_host_print_addr(s, text, i); i++) {
        (void)fprintf(to, "%s\n", text);
    }
    return fflush(to) == 0 && !ferror(to) ? OK : ERR_IO;
}

void socket_host_done(struct socket_host *s)
{
    if (s->has_tcp) {
        tcp_done(&s->tcp);
    }
    if (s->has_loop) {
        loop_done(&s->loop);
    }
    host_done(&s->host);
    key_signer_done(&s->key);
    budget_done(&s->budget);
    memset(s, 0, sizeof *s);
}
