/* Values that only one peer can write. */
#include "p2p/kad_signed.h"

#include "codec/protobuf.h"
#include "p2p/envelope.h"

enum { FIELD_KEY = 1, FIELD_SEQ = 2, FIELD_EXPIRES = 3, FIELD_DATA = 4 };

#define PREFIX "/" KAD_SIGNED_NAME_SPACE "/"

void kad_signed_write_key(struct wr *w, const struct peer_id *peer, struct span name)
{
    wr_str(w, PREFIX);
    wr_bytes(w, peer_id_span(peer));
    if (name.n > 0) {
        wr_u8(w, '/');
        wr_bytes(w, name);
    }
}

enum err kad_signed_peer(struct peer_id *ret_peer, struct span key)
{
    if (!span_starts_with(key, SPAN_LIT(PREFIX))) {
        return ERR_MALFORMED;
    }
    struct span rest = span_from(key, sizeof PREFIX - 1);
    /* A multihash says how long it is, so a "/" within it ends nothing. */
    size_t len = rest.n >= 2 ? 2 + (size_t)rest.p[1] : 0;
    bool ends = rest.n == len || (rest.n > len + 1 && rest.p[len] == '/');
    if (len == 0 || !ends || peer_id_decode(ret_peer, span_first(rest, len)) != OK) {
        return ERR_MALFORMED;
    }
    return OK;
}

enum err kad_signed_decode(struct kad_signed_value *ret_value, struct span payload)
{
    struct kad_signed_value v = {0};
    struct protobuf_reader r = protobuf_read(payload);
    struct protobuf_field f;
    while (protobuf_next(&r, &f)) {
        switch (f.number) {
        case FIELD_KEY:     TRY(protobuf_get_bytes(&v.key, &f)); break;
        case FIELD_SEQ:     TRY(protobuf_get_u64(&v.seq, &f)); break;
        case FIELD_EXPIRES: TRY(protobuf_get_u64(&v.expires_s, &f)); break;
        case FIELD_DATA:    TRY(protobuf_get_bytes(&v.data, &f)); break;
        default:            break; /* unknown: skipped */
        }
    }
    TRY(protobuf_end(&r));
    *ret_value = v;
    return OK;
}

enum err kad_signed_open(const struct kad_signed *v,
                         struct kad_signed_value *ret_value,
                         struct span key,
                         struct span value,
                         walltime wall)
{
    struct peer_id owner;
    struct peer_id signer;
    struct envelope envelope;
    struct kad_signed_value opened;
    TRY(kad_signed_peer(&owner, key));
    TRY(envelope_decode(&envelope, value));
    if (!span_equal(envelope.payload_type, SPAN_LIT(KAD_SIGNED_TYPE))) {
        return ERR_UNSUPPORTED;
    }
    TRY(kad_signed_decode(&opened, envelope.payload));
    if (!span_equal(opened.key, key)) {
        return ERR_AUTH;
    }
    if (wall.s > 0 && opened.expires_s <= wall.s) {
        return ERR_TIMEOUT;
    }
    TRY(envelope_verify(&signer, &envelope, SPAN_LIT(KAD_SIGNED_DOMAIN), v->budget));
    if (!peer_id_equal(&signer, &owner)) {
        return ERR_AUTH;
    }
    *ret_value = opened;
    return OK;
}

static enum err
validate(const struct kad_validator *self, struct span key, struct span value, walltime wall)
{
    struct kad_signed_value opened;
    return kad_signed_open((const struct kad_signed *)(const void *)self, &opened, key, value,
                           wall);
}

static int compare(const struct kad_validator *self, struct span key, struct span a, struct span b)
{
    (void)self;
    (void)key;
    struct envelope envelope;
    struct kad_signed_value x = {0};
    struct kad_signed_value y = {0};
    bool has_x =
        envelope_decode(&envelope, a) == OK && kad_signed_decode(&x, envelope.payload) == OK;
    bool has_y =
        envelope_decode(&envelope, b) == OK && kad_signed_decode(&y, envelope.payload) == OK;
    if (has_x != has_y || x.seq != y.seq) {
        return (has_x && !has_y) || (has_x == has_y && x.seq > y.seq) ? 1 : -1;
    }
    return span_compare(x.data, y.data); /* the writer erred; all choose alike */
}

void kad_signed_init(struct kad_signed *v, struct budget *budget)
{
    *v = (struct kad_signed){
        .validator = {KAD_SIGNED_NAME_SPACE, validate, compare},
          .budget = budget
    };
}

enum err kad_signed_seal(struct wr *w,
                         const struct kad_signed_value *value,
                         struct signer *signer,
                         struct budget *budget)
{
    AUTO(buf_done) struct buf payload = {0};
    buf_init(&payload, budget, KAD_VALUE_LEN_MAX);
    struct wr p = wr_init_buf(&payload);
    protobuf_write_bytes(&p, FIELD_KEY, value->key);
    protobuf_write_varint(&p, FIELD_SEQ, value->seq);
    protobuf_write_varint(&p, FIELD_EXPIRES, value->expires_s);
    protobuf_write_bytes(&p, FIELD_DATA, value->data);
    TRY(wr_end(&p));
    struct envelope_content content = {SPAN_LIT(KAD_SIGNED_DOMAIN), SPAN_LIT(KAD_SIGNED_TYPE),
                                       buf_span(&payload)};
    return envelope_seal(w, &content, signer, budget);
}
