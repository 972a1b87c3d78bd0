/* CIDs and peer ids: as bytes and as text. */
#include "base/check.h"
#include "codec/cid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void as_bytes(struct span in)
{
    struct cid cid;
    if (cid_decode(&cid, in) != OK) {
        return;
    }
    uint8_t text[CID_TEXT_MAX];
    uint8_t bytes[CID_LEN_MAX];
    struct wr t = wr_init(MSPAN_OF(text));
    struct wr b = wr_init(MSPAN_OF(bytes));
    check(cid_print(&t, in) == OK);
    check(cid_parse(&b, span_of(text, t.n)) == OK);
    check(span_equal(in, span_of(bytes, b.n)));
}

static void as_peer_id(struct span in)
{
    uint8_t id[CID_LEN_MAX];
    uint8_t text[CID_TEXT_MAX];
    uint8_t again[CID_LEN_MAX];
    struct wr b = wr_init(MSPAN_OF(id));
    if (cid_parse_peer_id(&b, in) != OK) {
        return;
    }
    struct wr t = wr_init(MSPAN_OF(text));
    cid_print_peer_cid(&t, span_of(id, b.n));
    check(wr_end(&t) == OK);
    struct wr b2 = wr_init(MSPAN_OF(again));
    check(cid_parse_peer_id(&b2, span_of(text, t.n)) == OK);
    check(span_equal(span_of(id, b.n), span_of(again, b2.n)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t bytes[CID_LEN_MAX];
    struct span in = span_of(data, size);
    struct wr w = wr_init(MSPAN_OF(bytes));
    as_bytes(in);
    as_peer_id(in);
    if (cid_parse(&w, in) == OK) {
        as_bytes(span_of(bytes, w.n));
    }
    return 0;
}
