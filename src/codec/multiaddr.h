#ifndef CODEC_MULTIADDR_H
#define CODEC_MULTIADDR_H

#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"

/* Multiaddr (multiformats/multiaddr): addresses that say every layer, as bytes and as text. Bytes are
 * a row of components: uvarint code, a uvarint length if the value's length varies, value. */
enum multiaddr_code {
    MULTIADDR_IP4 = 4,      /* 4 bytes */
    MULTIADDR_TCP = 6,      /* port, 2 bytes, most significant first */
    MULTIADDR_IP6 = 41,     /* 16 bytes */
    MULTIADDR_IP6ZONE = 42, /* stands before its ip6 */
    MULTIADDR_DNS = 53,
    MULTIADDR_DNS4 = 54,
    MULTIADDR_DNS6 = 55,
    MULTIADDR_DNSADDR = 56,
    MULTIADDR_UDP = 273,
    MULTIADDR_WEBRTC_DIRECT = 280,
    MULTIADDR_P2P_CIRCUIT = 290,
    MULTIADDR_UNIX = 400, /* path, the last component */
    MULTIADDR_P2P = 421,  /* peer id: a multihash; text also accepts "ipfs" */
    MULTIADDR_TLS = 448,
    MULTIADDR_SNI = 449,
    MULTIADDR_NOISE = 454,
    MULTIADDR_QUIC = 460,
    MULTIADDR_QUIC_V1 = 461,
    MULTIADDR_WEBTRANSPORT = 465,
    MULTIADDR_CERTHASH = 466, /* multihash; text in multibase */
    MULTIADDR_WS = 477,
    MULTIADDR_WSS = 478,
    MULTIADDR_HTTP = 480,
    MULTIADDR_MEMORY = 777 /* 8 bytes; within one process */
};

/* Bounds of a whole address, so that nesting cannot be used against us. */
enum {
    MULTIADDR_LEN_MAX = 512,  /* bytes */
    MULTIADDR_PARTS_MAX = 24, /* components */
    MULTIADDR_TEXT_MAX = 1536 /* characters */
};

struct multiaddr_part {
    enum multiaddr_code code;
    struct span value; /* without code and length; into the address */
    struct span raw;   /* the whole component; into the address */
};

/* multiaddr_validate: may these bytes be used? ERR_MALFORMED; ERR_UNSUPPORTED: a component that we do not
 * know (its length is unknown too, so the whole address is useless: drop it); ERR_LIMIT. An empty
 * address is malformed. why may be NULL. */
MUST_CHECK enum err multiaddr_validate(struct span addr, struct diag *why);

/* multiaddr_next takes the first component off *rest; false at the end, or at bytes that
 * multiaddr_validate would refuse. Spans live as long as the address. */
bool multiaddr_next(struct multiaddr_part *ret_part, struct span *rest);

/* multiaddr_find gives the first component with this code; false if there is none. */
bool multiaddr_find(struct multiaddr_part *ret_part, struct span addr, enum multiaddr_code code);

/* multiaddr_part_port is the port of a TCP or UDP component; 0 for any other. */
uint16_t multiaddr_part_port(const struct multiaddr_part *part);

/* multiaddr_peer_id gives the multihash of the last /p2p component, the peer that is meant; false if
 * there is none. */
bool multiaddr_peer_id(struct span *ret_multihash, struct span addr);

/* multiaddr_without_peer takes a last /p2p component off, which says who is meant and not where; a span into addr. */
struct span multiaddr_without_peer(struct span addr);

/* multiaddr_write appends one component. value is checked like an input: a bad one fails w with
 * ERR_MALFORMED. For components without value pass SPAN_EMPTY. */
void multiaddr_write(struct wr *w, enum multiaddr_code code, struct span value);
void multiaddr_write_port(struct wr *w, enum multiaddr_code code, uint16_t port); /* TCP, UDP */

/* multiaddr_parse reads text such as /ip4/127.0.0.1/tcp/4001/p2p/12D3Koo... and writes the bytes onto w.
 * ERR_MALFORMED, ERR_UNSUPPORTED (unknown protocol name), ERR_LIMIT; why may be NULL. */
MUST_CHECK enum err multiaddr_parse(struct wr *w, struct span text, struct diag *why);

/* multiaddr_print writes the text of valid bytes; the errors of multiaddr_validate, ERR_LIMIT if w is full. */
MUST_CHECK enum err multiaddr_print(struct wr *w, struct span addr);

/* multiaddr_code_name is the protocol's name in text form, such as "quic-v1"; NULL if unknown. */
const char *multiaddr_code_name(uint64_t code);

#endif
