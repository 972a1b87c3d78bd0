/* Answers about co-signers. */
#include "service/cosign.h"

#include "base/wr.h"
#include "codec/protobuf.h"

enum { FIELDS_MAX = 16, FIELD_COSIGNER = 1, FIELD_TERMS = 2, FIELD_SIGNATURE = 3 };

enum err
service_cosigned_encode(const struct service_cosigned *c, enum service_type type, struct buf *out)
{
    struct wr w = wr_init_buf(out);
    if (type == SERVICE_COSIGN_CREATE) {
        protobuf_write_bytes(&w, FIELD_COSIGNER, SPAN_OF(c->cosigner.bytes));
        protobuf_write_bytes(&w, FIELD_TERMS, SPAN_OF(c->terms.bytes));
    } else if (type == SERVICE_COSIGN_SIGN) {
        protobuf_write_bytes(&w, FIELD_SIGNATURE, SPAN_OF(c->signature));
    }
    return wr_end(&w);
}

/* The fields of an answer, as bits. */
static unsigned needed_of(enum service_type type)
{
    if (type == SERVICE_COSIGN_REMOVE) {
        return 0;
    }
    return type == SERVICE_COSIGN_CREATE ? 1U << FIELD_COSIGNER | 1U << FIELD_TERMS
                                         : 1U << FIELD_SIGNATURE;
}

enum err
service_cosigned_decode(struct service_cosigned *ret, enum service_type type, struct span body)
{
    struct service_cosigned c = {.signature = {0}};
    unsigned seen = 0;
    const unsigned needed = needed_of(type);
    struct protobuf_reader reader = protobuf_read(body);
    struct protobuf_field f;
    reader.fields_left = FIELDS_MAX;
    while (protobuf_next(&reader, &f)) {
        switch (f.number) {
        case FIELD_COSIGNER:  TRY(protobuf_get_fixed(MSPAN_OF(c.cosigner.bytes), &f)); break;
        case FIELD_TERMS:     TRY(protobuf_get_fixed(MSPAN_OF(c.terms.bytes), &f)); break;
        case FIELD_SIGNATURE: TRY(protobuf_get_fixed(MSPAN_OF(c.signature), &f)); break;
        default:              continue; /* of a later version */
        }
        seen |= 1U << f.number;
    }
    TRY(protobuf_end(&reader));
    uint8_t v = c.signature[64];
    bool is_good = (seen & needed) == needed && (type != SERVICE_COSIGN_SIGN || v == 27 || v == 28);
    if (!is_good) {
        return ERR_MALFORMED;
    }
    *ret = c;
    return OK;
}

enum service_code service_cosign_code(const char **ret_text, enum service_type type, enum err err)
{
    bool is_create = type == SERVICE_COSIGN_CREATE;
    switch (err) {
    case OK: *ret_text = ""; return SERVICE_OK;
    case ERR_MALFORMED:
    case ERR_TRUNCATED:
        *ret_text = "terms, operation or assertion cannot be read";
        return SERVICE_BAD_REQUEST;
    case ERR_UNSUPPORTED:
        *ret_text = "terms or operation are of a kind that is not known here";
        return SERVICE_UNSUPPORTED;
    case ERR_NOT_FOUND: *ret_text = "this server has no such co-signer"; return SERVICE_NOT_FOUND;
    case ERR_AUTH:      *ret_text = "the passkey has not signed for this"; return SERVICE_DENIED;
    case ERR_TIMEOUT:
        *ret_text =
            "the expiry has passed, or lies more than ten minutes ahead: are both clocks right?";
        return SERVICE_DENIED;
    case ERR_STATE:
        *ret_text = "this account and passkey have a co-signer under other terms";
        return SERVICE_DENIED;
    case ERR_LIMIT:
        *ret_text = is_create ? "this server has no place for another co-signer"
                              : "more than a limit of the terms leaves now";
        return SERVICE_DENIED;
    case ERR_DENIED:
        *ret_text =
            "a co-signer signs payments alone, of its account, on its chains, that its terms name";
        return SERVICE_DENIED;
    default: *ret_text = "the key process failed"; return SERVICE_INTERNAL;
    }
}
