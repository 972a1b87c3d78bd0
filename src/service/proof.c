/* The binary envelope of account proofs. Field numbers stand in docs/protocol.md. */
#include "service/proof.h"

#include "base/check.h"
#include "base/rd.h"
#include "base/wr.h"
#include "codec/protobuf.h"
#include "crypto/keccak.h"
#include "evm/account_proof.h"
#include "evm/header.h"

#include <stdbool.h>

enum {
    FIELD_HEADER = 1,
    FIELD_NODE = 2,
    FIELD_ACCOUNT = 3,
    FIELD_SLOT = 4,
    FIELDS_MAX = SERVICE_PROOF_NODES_MAX + SERVICE_SLOTS_MAX + 32, /* and some of later versions */
};

static struct protobuf_reader read_body(struct span in)
{
    struct protobuf_reader r = protobuf_read(in);
    r.fields_left = FIELDS_MAX;
    return r;
}

/* path_check looks at the references of one path; *next is the node that is to be used first now. */
MUST_CHECK static enum err path_check(size_t *next, struct span path)
{
    struct rd r = rd_init(path);
    while (r.rest.n > 0 && rd_ok(&r)) {
        unsigned ref = rd_be16(&r);
        if ((ref & SERVICE_PROOF_KNOWN_BIT) != 0) {
            if ((ref & ~(unsigned)SERVICE_PROOF_KNOWN_BIT) >= SERVICE_KNOWN_MAX) {
                return ERR_MALFORMED;
            }
        } else if (ref > *next) {
            return ERR_MALFORMED;
        } else if (ref == *next) {
            (*next)++;
        }
    }
    return rd_end(&r) ? OK : ERR_MALFORMED;
}

MUST_CHECK static enum err
proof_field(struct service_proof *p, unsigned *seen, const struct protobuf_field *f)
{
    struct span bytes;
    if (f->number > FIELD_SLOT) {
        return OK;
    }
    TRY(protobuf_get_bytes(&bytes, f));
    bool is_again = (*seen & 1U << f->number) != 0;
    *seen |= 1U << f->number;
    switch (f->number) {
    case FIELD_HEADER:
        p->header = bytes;
        return bytes.n > 0 && bytes.n <= HEADER_LEN_MAX && !is_again ? OK : ERR_MALFORMED;
    case FIELD_NODE:
        p->nodes_count++;
        return bytes.n > 0 && bytes.n <= ACCOUNT_NODE_LEN_MAX &&
                       p->nodes_count <= SERVICE_PROOF_NODES_MAX
                   ? OK
                   : ERR_MALFORMED;
    case FIELD_ACCOUNT:
        p->account = bytes;
        return bytes.n <= MPT_PROOF_NODES_MAX * SERVICE_PROOF_REF_LEN && !is_again ? OK
                                                                                   : ERR_MALFORMED;
    case FIELD_SLOT:
        if (p->slots_count == SERVICE_SLOTS_MAX ||
            bytes.n > MPT_PROOF_NODES_MAX * SERVICE_PROOF_REF_LEN) {
            return ERR_MALFORMED;
        }
        p->slots[p->slots_count++] = bytes;
        return OK;
    default: return OK;
    }
}

enum err service_proof_decode(struct service_proof *ret, struct span body)
{
    struct service_proof p = {.body = body};
    unsigned seen = 0;
    struct protobuf_reader reader = read_body(body);
    struct protobuf_field f;
    while (protobuf_next(&reader, &f)) {
        TRY(proof_field(&p, &seen, &f));
    }
    if (protobuf_end(&reader) != OK || (seen & 1U << FIELD_ACCOUNT) == 0) {
        return ERR_MALFORMED;
    }
    size_t next = 0;
    TRY(path_check(&next, p.account));
    for (size_t i = 0; i < p.slots_count; i++) {
        TRY(path_check(&next, p.slots[i]));
    }
    if (next != p.nodes_count) {
        return ERR_MALFORMED;
    }
    *ret = p;
    return OK;
}

/* pool_at gives node i of a body. O(i). */
static struct span pool_at(struct span body, size_t i)
{
    struct protobuf_reader reader = read_body(body);
    struct protobuf_field f;
    while (protobuf_next(&reader, &f)) {
        if (f.number == FIELD_NODE && i-- == 0) {
            return f.bytes;
        }
    }
    return SPAN_EMPTY;
}

enum err service_proof_path(struct mpt_proof *ret,
                            struct span room[static MPT_PROOF_NODES_MAX],
                            const struct service_proof *proof,
                            struct span path,
                            const struct mpt_proof *known)
{
    struct rd r = rd_init(path);
    size_t n = 0;
    while (r.rest.n > 0) {
        check(n < MPT_PROOF_NODES_MAX); /* decoding looked */
        unsigned ref = rd_be16(&r);
        unsigned index = ref & ~(unsigned)SERVICE_PROOF_KNOWN_BIT;
        if (ref == index) {
            room[n++] = pool_at(proof->body, index);
        } else if (index < known->nodes_count) {
            room[n++] = known->nodes[index];
        } else {
            return ERR_MALFORMED;
        }
    }
    *ret = (struct mpt_proof){.nodes = room, .nodes_count = n};
    return OK;
}

void service_proof_writer_init(struct service_proof_writer *w,
                               struct buf *out,
                               const struct service_request *request)
{
    *w = (struct service_proof_writer){.out = out, .start = out->n, .request = request};
}

/* known_find gives the place of hash in the request's list, or the list's count. */
static size_t known_find(const struct service_request *r, const struct hash32 *hash)
{
    size_t count = r->known.n / sizeof hash->bytes;
    for (size_t i = 0; i < count; i++) {
        struct span one = span_of(r->known.p + i * sizeof hash->bytes, sizeof hash->bytes);
        if (span_equal(one, SPAN_OF(hash->bytes))) {
            return i;
        }
    }
    return count;
}

bool service_proof_is_known(const struct service_request *r, const struct hash32 *hash)
{
    return known_find(r, hash) < r->known.n / sizeof hash->bytes;
}

enum err service_proof_put_header(struct service_proof_writer *w, struct span rlp)
{
    if (service_proof_is_known(w->request, &w->request->block_hash)) {
        return OK;
    }
    struct wr out = wr_init_buf(w->out);
    protobuf_write_bytes(&out, FIELD_HEADER, rlp);
    return wr_end(&out);
}

/* node_put gives the reference to node, and appends it to the pool if it is new. */
MUST_CHECK static enum err
node_put(unsigned *ret_ref, struct service_proof_writer *w, struct span node)
{
    struct hash32 hash;
    if (node.n == 0 || node.n > ACCOUNT_NODE_LEN_MAX) {
        return ERR_MALFORMED;
    }
    keccak256(&hash, node);
    if (service_proof_is_known(w->request, &hash)) {
        *ret_ref = SERVICE_PROOF_KNOWN_BIT | (unsigned)known_find(w->request, &hash);
        return OK;
    }
    struct protobuf_reader reader = read_body(span_from(buf_span(w->out), w->start));
    struct protobuf_field f;
    unsigned i = 0;
    while (protobuf_next(&reader, &f)) {
        if (f.number != FIELD_NODE) {
            continue;
        }
        if (span_equal(f.bytes, node)) {
            *ret_ref = i;
            return OK;
        }
        i++;
    }
    if (w->nodes_count == SERVICE_PROOF_NODES_MAX) {
        return ERR_LIMIT;
    }
    struct wr out = wr_init_buf(w->out);
    protobuf_write_bytes(&out, FIELD_NODE, node);
    TRY(wr_end(&out));
    w->nodes_count++;
    *ret_ref = i;
    return OK;
}

enum err service_proof_put_path(struct service_proof_writer *w, const struct mpt_proof *path)
{
    if (path->nodes_count > MPT_PROOF_NODES_MAX) {
        return ERR_MALFORMED;
    }
    check(w->paths_count <= SERVICE_SLOTS_MAX);
    uint8_t refs[MPT_PROOF_NODES_MAX * SERVICE_PROOF_REF_LEN];
    struct wr r = wr_init(MSPAN_OF(refs));
    for (size_t i = 0; i < path->nodes_count; i++) {
        unsigned ref;
        TRY(node_put(&ref, w, path->nodes[i]));
        wr_be16(&r, (uint16_t)ref);
    }
    TRY(wr_end(&r));
    struct wr out = wr_init_buf(w->out);
    protobuf_write_bytes(&out, w->paths_count == 0 ? FIELD_ACCOUNT : FIELD_SLOT,
                         span_of(refs, r.n));
    w->paths_count++;
    return wr_end(&out);
}

void service_proof_key(struct hash32 *ret, const struct service_request *r)
{
    uint8_t lens[4];
    struct wr w = wr_init(MSPAN_OF(lens));
    wr_be16(&w, (uint16_t)r->slots.n);
    wr_be16(&w, (uint16_t)r->known.n);
    const struct span parts[] = {SPAN_OF(lens), SPAN_OF(r->block_hash.bytes),
                                 SPAN_OF(r->address.bytes), r->slots, r->known};
    sha256_of(ret, parts, sizeof parts / sizeof parts[0]);
}
