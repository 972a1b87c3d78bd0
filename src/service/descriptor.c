/* Descriptors of servers, and the messages that carry them between two peers. */
#include "service/descriptor.h"

#include "codec/frame.h"
#include "codec/multiaddr.h"
#include "codec/protobuf.h"

enum descriptor_field {
    FIELD_PEER = 1,
    FIELD_SEQ = 2,
    FIELD_ISSUED = 3,
    FIELD_EXPIRES = 4,
    FIELD_ADDR = 5,
    FIELD_CHAIN = 6,
    FIELD_OPERATOR = 7
};
enum chain_field { CHAIN_ID = 1, CHAIN_SERVICES = 2, CHAIN_LEVEL = 3 };
enum { QUESTION_CHAIN = 1, ANSWER_SEALED = 1 };

MUST_CHECK static enum err take_addr(struct descriptor *d, const struct protobuf_field *f)
{
    struct span addr;
    TRY(protobuf_get_bytes(&addr, f));
    if (d->addrs_count == DESCRIPTOR_ADDRS_MAX || addr.n > DESCRIPTOR_ADDR_LEN_MAX) {
        return ERR_LIMIT;
    }
    d->addrs[d->addrs_count++] = addr;
    return OK;
}

MUST_CHECK static enum err take_chain(struct descriptor *d, const struct protobuf_field *f)
{
    struct span message;
    struct protobuf_field part;
    struct descriptor_chain chain = {0};
    TRY(protobuf_get_bytes(&message, f));
    struct protobuf_reader r = protobuf_read(message);
    while (protobuf_next(&r, &part)) {
        switch (part.number) {
        case CHAIN_ID:       TRY(protobuf_get_u64(&chain.id, &part)); break;
        case CHAIN_SERVICES: TRY(protobuf_get_u32(&chain.services, &part)); break;
        case CHAIN_LEVEL:    TRY(protobuf_get_u32(&chain.level, &part)); break;
        default:             break; /* of a later version */
        }
    }
    TRY(protobuf_end(&r));
    if (d->chains_count == DESCRIPTOR_CHAINS_MAX) {
        return ERR_LIMIT;
    }
    d->chains[d->chains_count++] = chain;
    return OK;
}

bool descriptor_operator_is_good(struct span name)
{
    for (size_t i = 0; i < name.n; i++) {
        if (name.p[i] < ' ' || name.p[i] > '~') {
            return false;
        }
    }
    return name.n <= DESCRIPTOR_OPERATOR_LEN_MAX;
}

static bool has_twice(const struct descriptor *d)
{
    for (size_t i = 1; i < d->chains_count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (d->chains[i].id == d->chains[k].id) {
                return true;
            }
        }
    }
    return false;
}

/* What both directions ask of a descriptor. */
MUST_CHECK static enum err look_over(const struct descriptor *d)
{
    if (d->addrs_count > DESCRIPTOR_ADDRS_MAX || d->chains_count > DESCRIPTOR_CHAINS_MAX) {
        return ERR_LIMIT;
    }
    if (d->peer.n == 0 || d->peer.n > DESCRIPTOR_PEER_LEN_MAX || d->seq == 0 ||
        d->expires_s <= d->issued_s || d->expires_s - d->issued_s > DESCRIPTOR_VALID_S_MAX ||
        d->addrs_count == 0 || d->chains_count == 0 || has_twice(d)) {
        return ERR_MALFORMED;
    }
    for (size_t i = 0; i < d->chains_count; i++) {
        if (d->chains[i].id == 0) {
            return ERR_MALFORMED;
        }
    }
    for (size_t i = 0; i < d->addrs_count; i++) {
        enum err e = multiaddr_validate(d->addrs[i], NULL);
        if (d->addrs[i].n > DESCRIPTOR_ADDR_LEN_MAX || (e != OK && e != ERR_UNSUPPORTED)) {
            return ERR_MALFORMED; /* a kind that we do not know may be of use to others */
        }
    }
    return descriptor_operator_is_good(d->operator_name) ? OK : ERR_MALFORMED;
}

enum err descriptor_decode(struct descriptor *ret, struct span payload)
{
    struct descriptor d = {0};
    struct protobuf_reader r = protobuf_read(payload);
    struct protobuf_field f;
    while (protobuf_next(&r, &f)) {
        switch (f.number) {
        case FIELD_PEER:     TRY(protobuf_get_bytes(&d.peer, &f)); break;
        case FIELD_SEQ:      TRY(protobuf_get_u64(&d.seq, &f)); break;
        case FIELD_ISSUED:   TRY(protobuf_get_u64(&d.issued_s, &f)); break;
        case FIELD_EXPIRES:  TRY(protobuf_get_u64(&d.expires_s, &f)); break;
        case FIELD_ADDR:     TRY(take_addr(&d, &f)); break;
        case FIELD_CHAIN:    TRY(take_chain(&d, &f)); break;
        case FIELD_OPERATOR: TRY(protobuf_get_bytes(&d.operator_name, &f)); break;
        default:             break; /* of a later version */
        }
    }
    TRY(protobuf_end(&r));
    TRY(look_over(&d));
    *ret = d;
    return OK;
}

static void write_chain(struct wr *w, const struct descriptor_chain *c)
{
    protobuf_write_header(w, FIELD_CHAIN,
                          protobuf_varint_len(CHAIN_ID, c->id) +
                              protobuf_varint_len(CHAIN_SERVICES, c->services) +
                              protobuf_varint_len(CHAIN_LEVEL, c->level));
    protobuf_write_varint(w, CHAIN_ID, c->id);
    protobuf_write_varint(w, CHAIN_SERVICES, c->services);
    protobuf_write_varint(w, CHAIN_LEVEL, c->level);
}

void descriptor_encode(struct wr *w, const struct descriptor *d)
{
    enum err e = look_over(d);
    if (e != OK) {
        wr_fail(w, e);
        return;
    }
    protobuf_write_bytes(w, FIELD_PEER, d->peer);
    protobuf_write_varint(w, FIELD_SEQ, d->seq);
    protobuf_write_varint(w, FIELD_ISSUED, d->issued_s);
    protobuf_write_varint(w, FIELD_EXPIRES, d->expires_s);
    for (size_t i = 0; i < d->addrs_count; i++) {
        protobuf_write_bytes(w, FIELD_ADDR, d->addrs[i]);
    }
    for (size_t i = 0; i < d->chains_count; i++) {
        write_chain(w, &d->chains[i]);
    }
    if (d->operator_name.n > 0) {
        protobuf_write_bytes(w, FIELD_OPERATOR, d->operator_name);
    }
}

const struct descriptor_chain *descriptor_serves(const struct descriptor *d, uint64_t chain_id)
{
    for (size_t i = 0; i < d->chains_count; i++) {
        if (d->chains[i].id == chain_id) {
            return &d->chains[i];
        }
    }
    return NULL;
}

/* ---- question and answer ---- */

enum err directory_question_parse(uint64_t *ret_chain, struct span message)
{
    struct protobuf_reader r = protobuf_read(message);
    struct protobuf_field f;
    uint64_t chain = 0;
    while (protobuf_next(&r, &f)) {
        if (f.number == QUESTION_CHAIN) {
            TRY(protobuf_get_u64(&chain, &f));
        }
    }
    TRY(protobuf_end(&r));
    if (chain == 0) {
        return ERR_MALFORMED;
    }
    *ret_chain = chain;
    return OK;
}

void directory_question_write(struct wr *w, uint64_t chain)
{
    frame_write_prefix(w, FRAME_UVARINT, protobuf_varint_len(QUESTION_CHAIN, chain));
    protobuf_write_varint(w, QUESTION_CHAIN, chain);
}

enum err directory_answer_parse(struct directory_answer *ret, struct span message)
{
    struct protobuf_reader r = protobuf_read(message);
    struct protobuf_field f;
    struct directory_answer a = {0};
    while (protobuf_next(&r, &f)) {
        struct span sealed;
        if (f.number != ANSWER_SEALED) {
            continue; /* of a later version */
        }
        TRY(protobuf_get_bytes(&sealed, &f));
        if (a.count == DIRECTORY_ANSWER_MAX || sealed.n > DESCRIPTOR_SEALED_LEN_MAX) {
            return ERR_LIMIT;
        }
        a.sealed[a.count++] = sealed;
    }
    TRY(protobuf_end(&r));
    *ret = a;
    return OK;
}

void directory_answer_write(struct wr *w, const struct directory_answer *a)
{
    size_t len = 0;
    for (size_t i = 0; i < a->count; i++) {
        len += protobuf_bytes_len(ANSWER_SEALED, a->sealed[i].n);
    }
    frame_write_prefix(w, FRAME_UVARINT, len);
    for (size_t i = 0; i < a->count; i++) {
        protobuf_write_bytes(w, ANSWER_SEALED, a->sealed[i]);
    }
}
