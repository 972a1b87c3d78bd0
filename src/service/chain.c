/* Bodies that prove something of a chain. Field numbers stand in docs/protocol.md. */
#include "service/chain.h"

#include "base/check.h"
#include "codec/protobuf.h"
#include "evm/header.h"

/* Lists are read with their own bound: a block has at most MPT_LIST_MAX of each. */
enum { LISTS_FIELDS_MAX = 2 * MPT_LIST_MAX };

/* Which fields a type has, and how many headers at least. */
static uint32_t fields_of(enum service_type type)
{
    switch (type) {
    case SERVICE_HEADERS: return 1U << SERVICE_CHAIN_HEADER;
    case SERVICE_CODE:    return 1U << SERVICE_CHAIN_CODE;
    case SERVICE_INCLUSION:
        return 1U << SERVICE_CHAIN_HEADER | 1U << SERVICE_CHAIN_INDEX |
               1U << SERVICE_CHAIN_TX_NODE | 1U << SERVICE_CHAIN_RECEIPT_NODE |
               1U << SERVICE_CHAIN_BEFORE_NODE;
    case SERVICE_LOGS:                  return 1U << SERVICE_CHAIN_HEADER | 1U << SERVICE_CHAIN_LISTS;
    case SERVICE_STATUS:
    case SERVICE_RPC:
    case SERVICE_SEND_USER_OPERATION:
    case SERVICE_USER_OPERATION_STATUS:
    case SERVICE_SUBSCRIBE:
    case SERVICE_ACCOUNT_PROOF:
    case SERVICE_LC_BOOTSTRAP:
    case SERVICE_LC_UPDATES:
    case SERVICE_LC_FINALITY:
    case SERVICE_LC_OPTIMISTIC:
    case SERVICE_COSIGN_CREATE:
    case SERVICE_COSIGN_SIGN:
    case SERVICE_COSIGN_REMOVE:
    case SERVICE_CAPSULE_NONCE:
    case SERVICE_CAPSULE_PUT:
    case SERVICE_CAPSULE_GET:
    case SERVICE_CALL_WITNESS:
    case SERVICE_SEND_TRANSACTION:      return 0;
    }
    return 0;
}

/* lists_read counts the transactions of one block; as many receipts must follow them. */
MUST_CHECK static enum err lists_read(size_t *ret_count, struct span lists)
{
    struct protobuf_reader reader = protobuf_read(lists);
    struct protobuf_field f;
    size_t counts[2] = {0};
    reader.fields_left = LISTS_FIELDS_MAX;
    while (protobuf_next(&reader, &f)) {
        struct span item;
        if (f.number > SERVICE_LISTS_RECEIPT || (f.number == SERVICE_LISTS_TX && counts[1] > 0)) {
            return ERR_MALFORMED;
        }
        TRY(protobuf_get_bytes(&item, &f));
        if (item.n == 0) {
            return ERR_MALFORMED;
        }
        counts[f.number - 1]++;
    }
    if (protobuf_end(&reader) != OK || counts[0] != counts[1]) {
        return ERR_MALFORMED;
    }
    *ret_count = counts[0];
    return OK;
}

MUST_CHECK static enum err chain_field(struct service_chain *c, const struct protobuf_field *f)
{
    struct span bytes;
    size_t count = 0;
    if (f->number == SERVICE_CHAIN_INDEX) {
        return protobuf_get_u64(&c->index, f);
    }
    TRY(protobuf_get_bytes(&bytes, f));
    switch (f->number) {
    case SERVICE_CHAIN_HEADER:
        c->headers_count++;
        return bytes.n > 0 && bytes.n <= HEADER_LEN_MAX && c->headers_count <= SERVICE_BLOCKS_MAX
                   ? OK
                   : ERR_MALFORMED;
    case SERVICE_CHAIN_CODE:
        c->code = bytes;
        return bytes.n <= SERVICE_CODE_LEN_MAX ? OK : ERR_MALFORMED;
    case SERVICE_CHAIN_LISTS:
        TRY(lists_read(&count, bytes));
        c->lists_count++;
        c->items_count += count;
        return c->lists_count <= c->headers_count ? OK : ERR_MALFORMED;
    default: return bytes.n > 0 ? OK : ERR_MALFORMED; /* a node: service_chain_path counts them */
    }
}

enum err service_chain_decode(struct service_chain *ret, enum service_type type, struct span body)
{
    struct service_chain c = {.body = body};
    uint32_t allowed = fields_of(type);
    uint32_t last = 0;
    struct protobuf_reader reader = protobuf_read(body);
    struct protobuf_field f;
    while (protobuf_next(&reader, &f)) {
        bool is_single = f.number == SERVICE_CHAIN_CODE || f.number == SERVICE_CHAIN_INDEX;
        if (f.number < last || (is_single && f.number == last)) {
            return ERR_MALFORMED;
        }
        last = f.number;
        if (f.number > SERVICE_CHAIN_LISTS) {
            continue; /* of a later version */
        }
        if ((allowed & 1U << f.number) == 0) {
            return ERR_MALFORMED;
        }
        TRY(chain_field(&c, &f));
    }
    bool needs_header = (allowed & 1U << SERVICE_CHAIN_HEADER) != 0;
    if (protobuf_end(&reader) != OK || (needs_header && c.headers_count == 0)) {
        return ERR_MALFORMED;
    }
    *ret = c;
    return OK;
}

bool service_chain_next(struct span *ret, struct span *rest, uint32_t number)
{
    struct protobuf_reader reader = protobuf_read(*rest);
    struct protobuf_field f;
    while (protobuf_next(&reader, &f)) {
        if (f.number == number && f.wire == PROTOBUF_BYTES) {
            *ret = f.bytes;
            *rest = reader.rd.rest;
            return true;
        }
    }
    return false;
}

enum err service_chain_path(struct mpt_proof *ret,
                            struct span room[static MPT_INDEX_PROOF_MAX],
                            struct span body,
                            enum service_chain_field field)
{
    size_t n = 0;
    struct span node;
    while (service_chain_next(&node, &body, (uint32_t)field)) {
        if (n == MPT_INDEX_PROOF_MAX) {
            return ERR_LIMIT;
        }
        room[n++] = node;
    }
    *ret = (struct mpt_proof){.nodes = room, .nodes_count = n};
    return OK;
}

/* span_add puts a span behind its length, so that no two requests run together alike. */
static void span_add(struct sha256 *h, struct span s)
{
    uint8_t len[4];
    struct wr w = wr_init(MSPAN_OF(len));
    wr_be32(&w, (uint32_t)s.n);
    sha256_add(h, SPAN_OF(len));
    sha256_add(h, s);
}

void service_chain_key(struct hash32 *ret, const struct service_request *r)
{
    struct sha256 h;
    uint8_t fixed[4 + 8 + 8 + 4 + 8];
    uint8_t value[32];
    struct wr w = wr_init(MSPAN_OF(fixed));
    wr_be32(&w, (uint32_t)r->type);
    wr_be64(&w, r->number);
    wr_be64(&w, r->blocks);
    wr_be32(&w, r->response_max); /* too large for one client is none for the next */
    wr_be64(&w, r->gas);
    u256_to_be(value, r->value);
    sha256_init(&h);
    sha256_add(&h, SPAN_OF(fixed));
    sha256_add(&h, SPAN_OF(value));
    sha256_add(&h, SPAN_OF(r->from.bytes));
    span_add(&h, r->data);
    span_add(&h, r->known);
    sha256_add(&h, SPAN_OF(r->block_hash.bytes));
    sha256_add(&h, SPAN_OF(r->address.bytes));
    sha256_add(&h, SPAN_OF(r->code_hash.bytes));
    sha256_add(&h, SPAN_OF(r->tx_hash.bytes));
    span_add(&h, r->addresses);
    for (size_t i = 0; i < SERVICE_TOPICS_MAX; i++) {
        span_add(&h, r->topics[i]);
    }
    sha256_end(&h, ret);
}

void service_chain_filter(struct log_filter *ret, const struct service_request *r)
{
    static_assert(sizeof(struct address) == 20, "addresses lie one behind the other");
    static_assert(sizeof(struct hash32) == 32, "topics lie one behind the other");
    struct log_filter f = {
        .addresses = (const struct address *)(const void *)r->addresses.p,
        .addresses_count = r->addresses.n / sizeof(struct address),
    };
    for (size_t i = 0; i < SERVICE_TOPICS_MAX; i++) {
        f.topics[i].any_of = (const struct hash32 *)(const void *)r->topics[i].p;
        f.topics[i].count = r->topics[i].n / sizeof(struct hash32);
        f.positions_count = r->topics[i].n > 0 ? i + 1 : f.positions_count;
    }
    *ret = f;
}
