/* Multiaddr: multiformats/multiaddr, protocols.csv. */
#include "codec/multiaddr.h"

#include "base/check.h"
#include "codec/cid.h"
#include "codec/decimal.h"
#include "codec/ip.h"
#include "codec/multibase.h"
#include "codec/multihash.h"
#include "codec/utf8.h"
#include "codec/uvarint.h"

enum kind {
    KIND_NONE,
    KIND_IP4,
    KIND_IP6,
    KIND_PORT,
    KIND_NAME,
    KIND_PATH,
    KIND_PEER,
    KIND_HASH,
    KIND_NUMBER
};

enum { NAME_LEN_MAX = 255, VARIES = -1 };

static const struct protocol {
    enum multiaddr_code code;
    const char *name;
    enum kind kind;
    int len; /* of the value in bytes, or VARIES */
} protocols[] = {
    {MULTIADDR_IP4,           "ip4",           KIND_IP4,    4     },
    {MULTIADDR_TCP,           "tcp",           KIND_PORT,   2     },
    {MULTIADDR_IP6,           "ip6",           KIND_IP6,    16    },
    {MULTIADDR_IP6ZONE,       "ip6zone",       KIND_NAME,   VARIES},
    {MULTIADDR_DNS,           "dns",           KIND_NAME,   VARIES},
    {MULTIADDR_DNS4,          "dns4",          KIND_NAME,   VARIES},
    {MULTIADDR_DNS6,          "dns6",          KIND_NAME,   VARIES},
    {MULTIADDR_DNSADDR,       "dnsaddr",       KIND_NAME,   VARIES},
    {MULTIADDR_UDP,           "udp",           KIND_PORT,   2     },
    {MULTIADDR_WEBRTC_DIRECT, "webrtc-direct", KIND_NONE,   0     },
    {MULTIADDR_P2P_CIRCUIT,   "p2p-circuit",   KIND_NONE,   0     },
    {MULTIADDR_UNIX,          "unix",          KIND_PATH,   VARIES},
    {MULTIADDR_P2P,           "p2p",           KIND_PEER,   VARIES},
    {MULTIADDR_TLS,           "tls",           KIND_NONE,   0     },
    {MULTIADDR_SNI,           "sni",           KIND_NAME,   VARIES},
    {MULTIADDR_NOISE,         "noise",         KIND_NONE,   0     },
    {MULTIADDR_QUIC,          "quic",          KIND_NONE,   0     },
    {MULTIADDR_QUIC_V1,       "quic-v1",       KIND_NONE,   0     },
    {MULTIADDR_WEBTRANSPORT,  "webtransport",  KIND_NONE,   0     },
    {MULTIADDR_CERTHASH,      "certhash",      KIND_HASH,   VARIES},
    {MULTIADDR_WS,            "ws",            KIND_NONE,   0     },
    {MULTIADDR_WSS,           "wss",           KIND_NONE,   0     },
    {MULTIADDR_HTTP,          "http",          KIND_NONE,   0     },
    {MULTIADDR_MEMORY,        "memory",        KIND_NUMBER, 8     },
};

enum { PROTOCOLS_COUNT = sizeof protocols / sizeof protocols[0] };

static const struct protocol *find_code(uint64_t code)
{
    for (size_t i = 0; i < PROTOCOLS_COUNT; i++) {
        if ((uint64_t)protocols[i].code == code) {
            return &protocols[i];
        }
    }
    return NULL;
}

static const struct protocol *find_name(struct span name)
{
    if (span_equal(name, SPAN_LIT("ipfs"))) {
        /* SPEC multiformats/multiaddr §"protocols.csv": ipfs is the old name of p2p; it is read, never written. */
        name = SPAN_LIT("p2p");
    }
    for (size_t i = 0; i < PROTOCOLS_COUNT; i++) {
        if (span_equal(name, span_str(protocols[i].name))) {
            return &protocols[i];
        }
    }
    return NULL;
}

const char *multiaddr_code_name(uint64_t code)
{
    const struct protocol *p = find_code(code);
    return p ? p->name : NULL;
}

/* Text that can stand in an address and in a log line: UTF-8 without control characters. */
static bool is_plain_text(struct span text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < 0x20 || text.p[i] == 0x7f) {
            return false;
        }
    }
    return utf8_is_valid(text);
}

static bool is_name(struct span value)
{
    bool fits = value.n > 0 && value.n <= NAME_LEN_MAX;
    return fits && span_find(value, '/') == value.n && is_plain_text(value);
}

static bool is_path(struct span value)
{
    bool has_ends = value.n >= 2 && value.p[0] == '/' && value.p[value.n - 1] != '/';
    return has_ends && is_plain_text(value);
}

/* A multihash of any function: a reader of certhash skips the functions that it does not know. */
static bool is_multihash(struct span value)
{
    struct rd r = rd_init(value);
    (void)uvarint_read(&r);
    uint64_t len = uvarint_read(&r);
    return rd_ok(&r) && len == r.rest.n && len > 0;
}

static bool is_valid_value(const struct protocol *p, struct span value)
{
    struct multihash hash;
    if (p->len != VARIES) {
        return value.n == (size_t)p->len;
    }
    switch (p->kind) {
    case KIND_NAME:   return is_name(value);
    case KIND_PATH:   return is_path(value);
    case KIND_PEER:   return multihash_decode(&hash, value) == OK;
    case KIND_HASH:   return is_multihash(value);
    case KIND_NONE:
    case KIND_IP4:
    case KIND_IP6:
    case KIND_PORT:
    case KIND_NUMBER: break;
    }
    return false;
}

/* Takes one component off *rest; *rest is untouched on failure. */
static enum err take_part(struct multiaddr_part *ret_part, struct span *rest)
{
    struct rd r = rd_init(*rest);
    uint64_t code = uvarint_read(&r);
    const struct protocol *p = find_code(code);
    if (!p) {
        return rd_ok(&r) ? ERR_UNSUPPORTED : ERR_MALFORMED;
    }
    uint64_t len = p->len == VARIES ? uvarint_read(&r) : (uint64_t)p->len;
    if (!rd_ok(&r) || len > r.rest.n) {
        return ERR_MALFORMED;
    }
    struct span value = rd_bytes(&r, (size_t)len);
    if (!is_valid_value(p, value)) {
        return ERR_MALFORMED;
    }
    *ret_part = (struct multiaddr_part){
        .code = p->code, .value = value, .raw = span_take(rest, rd_offset(&r))};
    return OK;
}

enum err multiaddr_validate(struct span addr, struct diag *why)
{
    if (addr.n == 0) {
        return diag_set(why, ERR_MALFORMED, "multiaddr: empty", 0);
    }
    if (addr.n > MULTIADDR_LEN_MAX) {
        return diag_set(why, ERR_LIMIT, "multiaddr: too many bytes", MULTIADDR_LEN_MAX);
    }
    struct span rest = addr;
    for (size_t i = 0; i < MULTIADDR_PARTS_MAX && rest.n > 0; i++) {
        struct multiaddr_part part;
        enum err e = take_part(&part, &rest);
        if (e == ERR_UNSUPPORTED) {
            return diag_set(why, e, "multiaddr: unknown protocol", addr.n - rest.n);
        }
        if (e != OK) {
            return diag_set(why, e, "multiaddr: malformed component", addr.n - rest.n);
        }
        if (part.code == MULTIADDR_UNIX && rest.n > 0) {
            return diag_set(why, ERR_MALFORMED, "multiaddr: a path is the last component",
                            addr.n - rest.n);
        }
    }
    return rest.n == 0
               ? OK
               : diag_set(why, ERR_LIMIT, "multiaddr: too many components", addr.n - rest.n);
}

bool multiaddr_next(struct multiaddr_part *ret_part, struct span *rest)
{
    return rest->n > 0 && take_part(ret_part, rest) == OK;
}

bool multiaddr_find(struct multiaddr_part *ret_part, struct span addr, enum multiaddr_code code)
{
    struct multiaddr_part part;
    while (multiaddr_next(&part, &addr)) {
        if (part.code == code) {
            *ret_part = part;
            return true;
        }
    }
    return false;
}

uint16_t multiaddr_part_port(const struct multiaddr_part *part)
{
    if (part->code != MULTIADDR_TCP && part->code != MULTIADDR_UDP) {
        return 0;
    }
    struct rd r = rd_init(part->value);
    return rd_be16(&r);
}

struct span multiaddr_without_peer(struct span addr)
{
    struct multiaddr_part part;
    struct span rest = addr;
    while (multiaddr_next(&part, &rest)) {
        if (rest.n == 0 && part.code == MULTIADDR_P2P) {
            return span_first(addr, addr.n - part.raw.n);
        }
    }
    return addr;
}

bool multiaddr_peer_id(struct span *ret_multihash, struct span addr)
{
    struct multiaddr_part part;
    bool found = false;
    while (multiaddr_next(&part, &addr)) {
        if (part.code == MULTIADDR_P2P) {
            *ret_multihash = part.value;
            found = true;
        }
    }
    return found;
}

void multiaddr_write(struct wr *w, enum multiaddr_code code, struct span value)
{
    const struct protocol *p = find_code(code);
    if (!p || !is_valid_value(p, value)) {
        wr_fail(w, ERR_MALFORMED);
        return;
    }
    uvarint_write(w, p->code);
    if (p->len == VARIES) {
        uvarint_write(w, value.n);
    }
    wr_bytes(w, value);
}

void multiaddr_write_port(struct wr *w, enum multiaddr_code code, uint16_t port)
{
    uint8_t bytes[2] = {(uint8_t)(port >> 8), (uint8_t)port};
    multiaddr_write(w, code, SPAN_OF(bytes));
}

static enum err parse_number(struct wr *w, struct span text, size_t len)
{
    uint64_t v;
    TRY(decimal_parse(&v, text, len == 2 ? UINT16_MAX : UINT64_MAX));
    if (len == 2) {
        wr_be16(w, (uint16_t)v);
    } else {
        wr_be64(w, v);
    }
    return OK;
}

/* The bytes of a value that stands as text. */
static enum err parse_value(struct wr *w, const struct protocol *p, struct span text)
{
    uint8_t ip[IP6_LEN];
    switch (p->kind) {
    case KIND_NONE: return OK;
    case KIND_IP4:
        TRY(ip4_parse(ip, text));
        wr_bytes(w, span_of(ip, IP4_LEN));
        return wr_end(w);
    case KIND_IP6:
        TRY(ip6_parse(ip, text));
        wr_bytes(w, span_of(ip, IP6_LEN));
        return wr_end(w);
    case KIND_PORT:
    case KIND_NUMBER: return parse_number(w, text, (size_t)p->len);
    case KIND_NAME:
    case KIND_PATH:   wr_bytes(w, text); return wr_end(w);
    case KIND_PEER:   return cid_parse_peer_id(w, text);
    case KIND_HASH:   return multibase_decode(w, text);
    }
    return ERR_INTERNAL;
}

/* Takes "/name" or "/name/value" off *rest, which begins with a slash, and writes its bytes. */
static enum err parse_part(struct wr *w, struct span *rest, const char **ret_rule)
{
    struct span text = span_from(*rest, 1);
    const struct protocol *p = find_name(span_take(&text, span_find(text, '/')));
    if (!p) {
        *ret_rule = "multiaddr: unknown protocol name";
        return ERR_UNSUPPORTED;
    }
    struct span value = SPAN_EMPTY;
    if (p->kind == KIND_PATH) {
        value =
            span_take(&text, text.n); /* a path takes all that is left, its first slash included */
    } else if (p->kind != KIND_NONE) {
        text = span_from(text, 1);
        value = span_take(&text, span_find(text, '/'));
    }
    uint8_t store[MULTIADDR_LEN_MAX];
    struct wr bytes = wr_init(MSPAN_OF(store));
    *ret_rule = "multiaddr: malformed value";
    TRY(parse_value(&bytes, p, value));
    multiaddr_write(w, p->code, span_of(store, bytes.n));
    TRY(wr_end(w));
    *rest = text;
    return OK;
}

enum err multiaddr_parse(struct wr *w, struct span text, struct diag *why)
{
    if (text.n > MULTIADDR_TEXT_MAX) {
        return diag_set(why, ERR_LIMIT, "multiaddr: text too long", MULTIADDR_TEXT_MAX);
    }
    if (text.n < 2 || text.p[0] != '/') {
        return diag_set(why, ERR_MALFORMED, "multiaddr: does not begin with a slash", 0);
    }
    struct span rest = text;
    if (rest.p[rest.n - 1] == '/') {
        rest.n--; /* one slash at the end is let pass, as other implementations do */
    }
    struct span whole = rest;
    uint8_t store[MULTIADDR_LEN_MAX];
    struct wr bytes = wr_init(MSPAN_OF(store));
    for (size_t i = 0; rest.n > 0; i++) {
        const char *rule = "multiaddr: too many components";
        enum err e = i < MULTIADDR_PARTS_MAX ? parse_part(&bytes, &rest, &rule) : ERR_LIMIT;
        if (e != OK) {
            return diag_set(why, e, rule, whole.n - rest.n);
        }
    }
    wr_bytes(w, span_of(store, bytes.n));
    return wr_end(w);
}

static void print_value(struct wr *w, const struct protocol *p, struct span value)
{
    struct rd r = rd_init(value);
    switch (p->kind) {
    case KIND_NONE:   break;
    case KIND_IP4:    ip4_print(w, value.p); break;
    case KIND_IP6:    ip6_print(w, value.p); break;
    case KIND_PORT:   decimal_print(w, rd_be16(&r)); break;
    case KIND_NUMBER: decimal_print(w, rd_be64(&r)); break;
    case KIND_NAME:   wr_bytes(w, value); break;
    case KIND_PATH:   wr_bytes(w, span_from(value, 1)); break;
    case KIND_PEER:   cid_print_peer_id(w, value); break;
    case KIND_HASH:   multibase_encode(w, MULTIBASE_BASE64URL, value); break;
    }
}

enum err multiaddr_print(struct wr *w, struct span addr)
{
    TRY(multiaddr_validate(addr, NULL));
    struct multiaddr_part part;
    while (multiaddr_next(&part, &addr)) {
        const struct protocol *p = find_code(part.code);
        check(p); /* multiaddr_next knows the codes that it gives */
        wr_u8(w, '/');
        wr_str(w, p->name);
        if (p->kind != KIND_NONE) {
            wr_u8(w, '/');
            print_value(w, p, part.value);
        }
    }
    return wr_end(w);
}
