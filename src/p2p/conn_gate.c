/* Whom the person wants and whom not: see conn_gate.h. */
#include "p2p/conn_gate.h"

#include "codec/multiaddr.h"

#include <string.h>

enum { IP_TEXT_MAX = 45, IP4_BITS = 32, IP6_BITS = 128 };

/* ---- text ---- */

/* parse_ip reads an address through the multiaddr that holds it. */
MUST_CHECK static enum err parse_ip(struct conn_rule *ret, struct span text)
{
    uint8_t room[IP_TEXT_MAX + 5];
    uint8_t bytes[32];
    struct multiaddr_part part;
    bool is_ip6 = span_find(text, ':') < text.n;
    if (text.n > IP_TEXT_MAX || span_find(text, '/') < text.n) {
        return ERR_MALFORMED;
    }
    struct wr w = wr_init(MSPAN_OF(room));
    wr_bytes(&w, is_ip6 ? SPAN_LIT("/ip6/") : SPAN_LIT("/ip4/"));
    wr_bytes(&w, text);
    struct wr to = wr_init(MSPAN_OF(bytes));
    if (!wr_ok(&w) || multiaddr_parse(&to, span_of(room, w.n), NULL) != OK ||
        !multiaddr_find(&part, span_of(bytes, to.n), is_ip6 ? MULTIADDR_IP6 : MULTIADDR_IP4)) {
        return ERR_MALFORMED;
    }
    ret->is_ip6 = is_ip6;
    ret->bits = is_ip6 ? IP6_BITS : IP4_BITS;
    memcpy(ret->ip, part.value.p, part.value.n);
    return OK;
}

MUST_CHECK static enum err parse_bits(uint8_t *ret, struct span text, uint8_t max)
{
    unsigned bits = 0;
    if (text.n == 0 || text.n > 3) {
        return ERR_MALFORMED;
    }
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9') {
            return ERR_MALFORMED;
        }
        bits = bits * 10 + (unsigned)(text.p[i] - '0');
    }
    if (bits > max || (text.n > 1 && text.p[0] == '0')) {
        return ERR_MALFORMED;
    }
    *ret = (uint8_t)bits;
    return OK;
}

static bool bit_of(const uint8_t *ip, unsigned i)
{
    return ip[i / 8] >> (7 - i % 8) & 1;
}

MUST_CHECK static enum err parse_network(struct conn_rule *ret, struct span text)
{
    struct conn_rule r = {0};
    size_t at = span_find(text, '/');
    TRY(parse_ip(&r, span_first(text, at)));
    uint8_t all = r.bits;
    if (at < text.n) {
        TRY(parse_bits(&r.bits, span_from(text, at + 1), all));
    }
    for (unsigned i = r.bits; i < all; i++) {
        if (bit_of(r.ip, i)) {
            return ERR_MALFORMED;
        }
    }
    struct net_addr a = {.is_ip6 = r.is_ip6};
    memcpy(a.ip, r.ip, sizeof a.ip);
    net_addr_unmap(&a);
    if (a.is_ip6 != r.is_ip6) { /* its bits reach beyond the prefix that the mapping has */
        r.is_ip6 = false;
        r.bits = (uint8_t)(r.bits - (IP6_BITS - IP4_BITS));
        memcpy(r.ip, a.ip, sizeof r.ip);
    }
    *ret = r;
    return OK;
}

enum err conn_rules_add(struct conn_rules *rules, struct span text)
{
    struct conn_rule r = {0};
    if (rules->count >= CONN_RULES_MAX) {
        return ERR_LIMIT;
    }
    if (parse_network(&r, text) != OK) {
        if (peer_id_parse(&r.peer, text) != OK) {
            return ERR_MALFORMED;
        }
        r.is_peer = true;
    }
    rules->list[rules->count++] = r;
    return OK;
}

/* ---- questions ---- */

static bool covers(const struct conn_rule *r, const struct net_addr *a)
{
    if (r->is_peer || r->is_ip6 != a->is_ip6) {
        return false;
    }
    for (unsigned i = 0; i < r->bits; i++) {
        if (bit_of(r->ip, i) != bit_of(a->ip, i)) {
            return false;
        }
    }
    return true;
}

static bool has_addr(const struct conn_rules *rules, const struct net_addr *a)
{
    for (size_t i = 0; i < rules->count; i++) {
        if (covers(&rules->list[i], a)) {
            return true;
        }
    }
    return false;
}

static bool has_peer(const struct conn_rules *rules, const struct peer_id *peer)
{
    for (size_t i = 0; i < rules->count; i++) {
        if (rules->list[i].is_peer && peer_id_equal(&rules->list[i].peer, peer)) {
            return true;
        }
    }
    return false;
}

enum conn_verdict conn_gate_addr(const struct conn_gate *gate, const struct net_addr *addr)
{
    struct net_addr a = *addr;
    if (!gate) {
        return CONN_UNSAID;
    }
    net_addr_unmap(&a);
    if (has_addr(&gate->allow, &a)) {
        return CONN_ALLOWED;
    }
    return has_addr(&gate->deny, &a) ? CONN_DENIED : CONN_UNSAID;
}

enum conn_verdict conn_gate_peer(const struct conn_gate *gate, const struct peer_id *peer)
{
    if (!gate || peer->n == 0) {
        return CONN_UNSAID;
    }
    if (has_peer(&gate->allow, peer)) {
        return CONN_ALLOWED;
    }
    return has_peer(&gate->deny, peer) ? CONN_DENIED : CONN_UNSAID;
}
