/* COSE_Sign1: RFC 9052 sections 4.2 and 4.4. */
#include "tee/cose.h"

#include "base/wr.h"
#include "crypto/hash.h"

enum {
    LABEL_ALGORITHM = 1,
    LABEL_CRITICAL = 2,
    ES256 = -7,
    ES384 = -35,
    TAG_SIGN1 = 18,
    HEAD_LEN_MAX = 9,
};

bool cose_take_tag(struct span *in, uint16_t number)
{
    uint8_t head[3];
    struct wr w = wr_init(MSPAN_OF(head));
    if (number < 24) {
        wr_u8(&w, (uint8_t)(0xc0 | number));
    } else if (number <= UINT8_MAX) {
        wr_u8(&w, 0xd8);
        wr_u8(&w, (uint8_t)number);
    } else {
        wr_u8(&w, 0xd9);
        wr_be16(&w, number);
    }
    struct span want = span_of(head, w.n);
    if (!span_starts_with(*in, want)) {
        return false;
    }
    *in = span_from(*in, want.n);
    return true;
}

static enum err read_header(struct cose *c)
{
    struct cbor v;
    TRY(cbor_decode(&c->header, c->protected_header, CBOR_ANY_ORDER));
    /* SPEC RFC9052 §"3.1": critical labels must be understood; none is here. */
    if (c->header.type != CBOR_MAP || cbor_find_int(&v, c->header, LABEL_CRITICAL)) {
        return ERR_UNSUPPORTED;
    }
    if (!cbor_find_int(&v, c->header, LABEL_ALGORITHM)) {
        return ERR_MALFORMED;
    }
    TRY(cbor_get_i64(&c->algorithm, v));
    return c->algorithm == ES256 || c->algorithm == ES384 ? OK : ERR_UNSUPPORTED;
}

enum err cose_decode(struct cose *ret, struct span in)
{
    struct cose c = {.whole = in};
    struct cbor root;
    struct cbor item;
    struct cbor unprotected;
    (void)cose_take_tag(&in, TAG_SIGN1);
    TRY(cbor_decode(&root, in, CBOR_ANY_ORDER));
    if (root.type != CBOR_ARRAY || root.arg != 4) {
        return ERR_MALFORMED;
    }
    struct span rest = root.content;
    struct span *const parts[] = {&c.protected_header, NULL, &c.payload, &c.signature};
    for (size_t i = 0; i < 4; i++) {
        if (!cbor_next(&item, &rest)) {
            return ERR_MALFORMED;
        }
        if (!parts[i]) {
            unprotected = item;
        } else {
            TRY(cbor_get_bytes(parts[i], item));
        }
    }
    /* What is not signed may not say how it is signed. */
    if (unprotected.type != CBOR_MAP || cbor_find_int(&item, unprotected, LABEL_ALGORITHM)) {
        return ERR_UNSUPPORTED;
    }
    TRY(read_header(&c));
    *ret = c;
    return OK;
}

enum err cose_verify(const struct cose *c, enum ecdsa_curve curve, struct span xy)
{
    /* SPEC RFC9052 §"4.4": what is signed is an array of context, protected header, external data (none) and payload. */
    uint8_t head[64];
    uint8_t payload_head[HEAD_LEN_MAX];
    uint8_t room[SHA2_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(head));
    struct wr p = wr_init(MSPAN_OF(payload_head));
    bool is_384 = c->algorithm == ES384;
    if (curve != (is_384 ? ECDSA_P384 : ECDSA_P256)) {
        return ERR_AUTH;
    }
    cbor_write_array(&w, 4);
    cbor_write_text(&w, "Signature1");
    cbor_write_bytes(&w, c->protected_header);
    cbor_write_bytes(&w, SPAN_EMPTY);
    if (wr_end(&w) != OK) {
        return ERR_AUTH; /* a header longer than any that we read */
    }
    cbor_write_bytes_head(&p, c->payload.n);
    struct span parts[] = {span_of(head, w.n), span_of(payload_head, p.n), c->payload};
    return ecdsa_verify(curve, xy, sha2_of(room, is_384, parts, 3), c->signature);
}
