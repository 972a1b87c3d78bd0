/* Packets of IPv4 through a router's table: see nat_ip4.h.
 *
 *      0        9        10        12       16       20 .. 60
 *     | ver/ihl | ... | protocol | checksum | source | target | options | source port | target port | ... */
#include "nat_ip4.h"

#include "base/check.h"

enum {
    IP4_HEADER_LEN_MIN = 20,
    TCP_HEADER_LEN_MIN = 20,
    UDP_HEADER_LEN = 8,
    IP4_PROTOCOL_TCP = 6,
    IP4_PROTOCOL_UDP = 17,
    IP4_LEN_AT = 2,
    IP4_FRAGMENT_AT = 6,
    IP4_PROTOCOL_AT = 9,
    IP4_CHECKSUM_AT = 10,
    IP4_SOURCE_AT = 12,
    IP4_TARGET_AT = 16,
    TCP_CHECKSUM_AT = 16,
    UDP_CHECKSUM_AT = 6,
};

static const uint16_t FRAGMENT_MASK = 0x3fff; /* more fragments, and the offset */

/* Where things stand in a packet that is long enough for them. */
struct layout {
    enum nat_protocol protocol;
    size_t ports_at;
    size_t checksum_at; /* of TCP or UDP */
};

static uint16_t get16(struct mspan m, size_t at)
{
    check(at + 2 <= m.n);
    return (uint16_t)(m.p[at] << 8 | m.p[at + 1]);
}

static uint32_t get32(struct mspan m, size_t at)
{
    return (uint32_t)get16(m, at) << 16 | get16(m, at + 2);
}

static void put16(struct mspan m, size_t at, uint16_t v)
{
    check(at + 2 <= m.n);
    m.p[at] = (uint8_t)(v >> 8);
    m.p[at + 1] = (uint8_t)v;
}

static bool read_layout(struct layout *ret_layout, struct mspan packet)
{
    if (packet.n < IP4_HEADER_LEN_MIN || packet.p[0] >> 4 != 4) {
        return false;
    }
    size_t header_len = (size_t)(packet.p[0] & 15) * 4;
    size_t len = get16(packet, IP4_LEN_AT);
    bool is_tcp = packet.p[IP4_PROTOCOL_AT] == IP4_PROTOCOL_TCP;
    size_t next_len = is_tcp ? TCP_HEADER_LEN_MIN : UDP_HEADER_LEN;
    if (header_len < IP4_HEADER_LEN_MIN || len > packet.n || len < header_len + next_len ||
        (get16(packet, IP4_FRAGMENT_AT) & FRAGMENT_MASK) != 0 ||
        (!is_tcp && packet.p[IP4_PROTOCOL_AT] != IP4_PROTOCOL_UDP)) {
        return false;
    }
    *ret_layout = (struct layout){
        .protocol = is_tcp ? NAT_TCP : NAT_UDP,
        .ports_at = header_len,
        .checksum_at = header_len + (size_t)(is_tcp ? TCP_CHECKSUM_AT : UDP_CHECKSUM_AT),
    };
    return true;
}

/* adjust: RFC 1624, equation 3: the sum without the old word and with the new one, in one's complement. */
static uint16_t adjust(uint16_t checksum, uint16_t old, uint16_t new)
{
    uint32_t sum = (uint32_t)(uint16_t)~checksum + (uint16_t)~old + new;
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

/* replace writes a word of the header of IPv4 or of a port, and what it changes in the checksums. */
static void replace(struct mspan packet, const struct layout *l, size_t at, uint16_t v)
{
    uint16_t old = get16(packet, at);
    put16(packet, at, v);
    if (at < l->ports_at) {
        put16(packet, IP4_CHECKSUM_AT, adjust(get16(packet, IP4_CHECKSUM_AT), old, v));
    }
    uint16_t next = get16(packet, l->checksum_at);
    if (l->protocol == NAT_UDP && next == 0) {
        return; /* RFC 768: the sender made no checksum */
    }
    next = adjust(next, old, v); /* addresses are in it by the pseudo-header */
    put16(packet, l->checksum_at, l->protocol == NAT_UDP && next == 0 ? 0xffff : next);
}

static void write_endpoint(struct mspan packet,
                           const struct layout *l,
                           size_t ip_at,
                           size_t port_at,
                           struct nat_endpoint e)
{
    replace(packet, l, ip_at, (uint16_t)(e.ip >> 16));
    replace(packet, l, ip_at + 2, (uint16_t)e.ip);
    replace(packet, l, port_at, e.port);
}

bool nat_ip4_translate(struct nat_ip4 *n, struct mspan packet, instant now)
{
    struct layout l;
    if (!read_layout(&l, packet)) {
        return false;
    }
    struct nat_packet p = {
        .protocol = l.protocol,
        .from = {.ip = get32(packet, IP4_SOURCE_AT), .port = get16(packet, l.ports_at)    },
        .to = {.ip = get32(packet, IP4_TARGET_AT), .port = get16(packet, l.ports_at + 2)},
        .now = now,
    };
    bool goes_out = (p.from.ip & n->mask) == n->inside;
    bool goes_in = p.to.ip == n->nat.cfg.ip;
    if (!goes_out && !goes_in) {
        return false;
    }
    if (goes_out && !nat_out(&n->nat, &p)) {
        return false;
    }
    if (goes_in && !nat_in(&n->nat, &p)) {
        return false;
    }
    write_endpoint(packet, &l, IP4_SOURCE_AT, l.ports_at, p.from);
    write_endpoint(packet, &l, IP4_TARGET_AT, l.ports_at + 2, p.to);
    return true;
}
