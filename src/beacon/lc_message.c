/* A container is its fixed part, in which a header since Capella is an offset, and then those headers. The messages have at most
 * two headers, so the second one's offset is where the first ends. */
#include "beacon/lc_message.h"

#include "base/rd.h"
#include "beacon/ssz.h"

#include <string.h>

/* The fixed part, and where its headers are. */
struct reader {
    struct rd rd;
    struct span in;
    enum beacon_fork fork;
    const struct fork_shape *shape;
    struct span headers[2];
    uint32_t offsets[2];
    size_t headers_count;
};

static struct reader reader_init(enum beacon_fork fork, struct span in)
{
    return (struct reader){.rd = rd_init(in), .in = in, .fork = fork, .shape = fork_shape_of(fork)};
}

static void header_mark(struct reader *r)
{
    size_t i = r->headers_count++;
    if (r->shape->has_execution) {
        r->offsets[i] = rd_le32(&r->rd);
    } else {
        r->headers[i] = rd_bytes(&r->rd, LC_BEACON_LEN);
    }
}

/* headers_find cuts what follows the fixed part, which has been read. */
static enum err headers_find(struct reader *r)
{
    if (!rd_ok(&r->rd)) {
        return ERR_MALFORMED;
    }
    if (!r->shape->has_execution) {
        return rd_end(&r->rd) ? OK : ERR_MALFORMED;
    }
    size_t from = rd_offset(&r->rd);
    for (size_t i = 0; i < r->headers_count; i++) {
        size_t to = i + 1 < r->headers_count ? r->offsets[i + 1] : r->in.n;
        if (r->offsets[i] != from || to < from || to > r->in.n) {
            return ERR_MALFORMED;
        }
        r->headers[i] = span_first(span_from(r->in, from), to - from);
        from = to;
    }
    return OK;
}

static void branch_read(struct reader *r, struct hash32 *nodes, size_t depth)
{
    for (size_t i = 0; i < depth; i++) {
        rd_copy(&r->rd, MSPAN_OF(nodes[i].bytes));
    }
}

static void aggregate_read(struct reader *r, struct lc_update *u, const struct chain_spec *c)
{
    rd_copy(&r->rd, mspan_of(u->bits, c->committee_size / 8));
    rd_copy(&r->rd, MSPAN_OF(u->signature));
    u->signature_slot = rd_le64(&r->rd);
}

static void finality_read(struct reader *r, struct lc_update *u)
{
    header_mark(r);
    u->finality_depth = r->shape->finality_depth;
    branch_read(r, u->finality_branch, u->finality_depth);
}

struct lc_parts {
    bool committee;
    bool finality;
};

/* headers_take decodes the attested header and, if there is a place for it, the finalized one. */
static enum err headers_take(struct reader *r, struct lc_update *u)
{
    TRY(headers_find(r));
    TRY(lc_header_decode(&u->attested, r->fork, r->headers[0]));
    return r->headers_count > 1 ? lc_header_decode(&u->finalized, r->fork, r->headers[1]) : OK;
}

size_t lc_committee_len(const struct chain_spec *c)
{
    return BLS_KEY_LEN * (c->committee_size + 1);
}

enum err lc_bootstrap_decode(struct lc_bootstrap *ret_bootstrap,
                             const struct chain_spec *c,
                             enum beacon_fork fork,
                             struct span in)
{
    struct reader r = reader_init(fork, in);
    struct lc_bootstrap b = {.committee_depth = r.shape->committee_depth};
    if (in.n > LC_BOOTSTRAP_LEN_MAX) {
        return ERR_LIMIT;
    }
    header_mark(&r);
    b.committee = rd_bytes(&r.rd, lc_committee_len(c));
    branch_read(&r, b.committee_branch, b.committee_depth);
    TRY(headers_find(&r));
    TRY(lc_header_decode(&b.header, fork, r.headers[0]));
    *ret_bootstrap = b;
    return OK;
}

/* The three kinds of update differ in what they carry beside the attested header and the aggregate. */
static enum err update_decode(struct lc_update *ret_update,
                              const struct chain_spec *c,
                              enum beacon_fork fork,
                              struct span in,
                              struct lc_parts parts)
{
    struct reader r = reader_init(fork, in);
    struct lc_update u = {.next_depth = 0};
    if (in.n > LC_UPDATE_LEN_MAX) {
        return ERR_LIMIT;
    }
    header_mark(&r);
    if (parts.committee) {
        u.next_depth = r.shape->committee_depth;
        u.next_committee = rd_bytes(&r.rd, lc_committee_len(c));
        branch_read(&r, u.next_branch, u.next_depth);
    }
    if (parts.finality) {
        finality_read(&r, &u);
    }
    aggregate_read(&r, &u, c);
    TRY(headers_take(&r, &u));
    *ret_update = u;
    return OK;
}

enum err lc_update_decode(struct lc_update *ret_update,
                          const struct chain_spec *c,
                          enum beacon_fork fork,
                          struct span in)
{
    return update_decode(ret_update, c, fork, in,
                         (struct lc_parts){.committee = true, .finality = true});
}

enum err lc_finality_update_decode(struct lc_update *ret_update,
                                   const struct chain_spec *c,
                                   enum beacon_fork fork,
                                   struct span in)
{
    return update_decode(ret_update, c, fork, in, (struct lc_parts){.finality = true});
}

enum err lc_optimistic_update_decode(struct lc_update *ret_update,
                                     const struct chain_spec *c,
                                     enum beacon_fork fork,
                                     struct span in)
{
    return update_decode(ret_update, c, fork, in, (struct lc_parts){.finality = false});
}

static void key_root(struct hash32 *r, struct span key)
{
    ssz_bytes_root(r, key);
}

void lc_committee_root(struct hash32 *r, struct span committee)
{
    struct ssz_tree keys = {.count = 0};
    struct hash32 root;
    while (committee.n > BLS_KEY_LEN) {
        key_root(&root, span_take(&committee, BLS_KEY_LEN));
        ssz_add(&keys, &root);
    }
    ssz_root(&root, &keys);
    key_root(r, committee);
    ssz_pair(r, &root, r);
}

size_t lc_update_signers(const struct lc_update *u)
{
    size_t count = 0;
    for (size_t i = 0; i < sizeof u->bits; i++) {
        count += (size_t)__builtin_popcount(u->bits[i]);
    }
    return count;
}

bool lc_is_two_thirds(const struct chain_spec *c, size_t signers)
{
    return 3 * signers >= 2 * c->committee_size;
}

static bool branch_is_there(const struct hash32 *nodes, size_t depth)
{
    static const struct hash32 zero;
    for (size_t i = 0; i < depth; i++) {
        if (memcmp(&nodes[i], &zero, sizeof zero) != 0) {
            return true;
        }
    }
    return false;
}

bool lc_update_has_committee(const struct lc_update *u)
{
    return branch_is_there(u->next_branch, u->next_depth);
}

bool lc_update_has_finality(const struct lc_update *u)
{
    return branch_is_there(u->finality_branch, u->finality_depth);
}
