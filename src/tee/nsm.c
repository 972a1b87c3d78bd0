/* The talk with a Nitro security module. */
#include "tee/nsm.h"

#include "codec/cbor.h"

void nsm_write_attestation(struct wr *w, struct span user_data)
{
    if (user_data.n > NSM_USER_DATA_LEN_MAX) {
        wr_fail(w, ERR_LIMIT);
        return;
    }
    cbor_write_map(w, 1);
    cbor_write_text(w, "Attestation");
    cbor_write_map(w, 3);
    cbor_write_text(w, "user_data");
    cbor_write_bytes(w, user_data);
    cbor_write_text(w, "nonce");
    cbor_write_null(w);
    cbor_write_text(w, "public_key");
    cbor_write_null(w);
}

static enum err read_error(struct cbor value)
{
    static const struct {
        struct span word;
        enum err err;
    } known[] = {
        {SPAN_INIT("InputTooLarge"),    ERR_LIMIT },
        {SPAN_INIT("BufferTooSmall"),   ERR_LIMIT },
        {SPAN_INIT("InvalidArgument"),  ERR_DENIED},
        {SPAN_INIT("InvalidOperation"), ERR_DENIED},
        {SPAN_INIT("InvalidIndex"),     ERR_DENIED},
        {SPAN_INIT("ReadOnlyIndex"),    ERR_DENIED},
    };
    struct span word;
    TRY(cbor_get_text(&word, value));
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (span_equal(word, known[i].word)) {
            return known[i].err;
        }
    }
    return ERR_IO;
}

enum err nsm_read_attestation(struct span *ret_document, struct span response)
{
    struct cbor root;
    struct cbor value;
    struct cbor document;
    struct span bytes;
    if (response.n > NSM_RESPONSE_LEN_MAX) {
        return ERR_LIMIT;
    }
    if (cbor_decode(&root, response, CBOR_ANY_ORDER) != OK || root.type != CBOR_MAP ||
        root.arg != 1) {
        return ERR_MALFORMED;
    }
    if (cbor_find_text(&value, root, "Error")) {
        return read_error(value);
    }
    if (!cbor_find_text(&value, root, "Attestation") ||
        !cbor_find_text(&document, value, "document")) {
        return ERR_MALFORMED;
    }
    TRY(cbor_get_bytes(&bytes, document));
    if (bytes.n == 0) {
        return ERR_MALFORMED;
    }
    *ret_document = bytes;
    return OK;
}
