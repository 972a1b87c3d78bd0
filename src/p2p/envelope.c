/* Signed envelopes and peer records: libp2p specs, RFC/0002 and RFC/0003. */
#include "p2p/envelope.h"

#include "base/wr.h"
#include "codec/multiaddr.h"
#include "codec/protobuf.h"
#include "codec/uvarint.h"
#include "p2p/key.h"

enum {
    ENVELOPE_PUBLIC_KEY = 1,
    ENVELOPE_PAYLOAD_TYPE = 2,
    ENVELOPE_PAYLOAD = 3,
    ENVELOPE_SIGNATURE = 5
};
enum { RECORD_PEER_ID = 1, RECORD_SEQ = 2, RECORD_ADDRESSES = 3 };
enum { ADDRESS_MULTIADDR = 1 };

/* One way to name peer records: the field's, or the RFC's. */
struct record_form {
    struct span domain;
    struct span payload_type;
};

enum { FORM_FIELD, FORM_RFC, FORMS_COUNT };

/* SPEC libp2p/RFC-0003 §"Address Record Format": the peers sign under libp2p-peer-record with the raw type bytes 03 01, which is what we write. */
static struct record_form form_of(int form)
{
    if (form == FORM_FIELD) {
        return (struct record_form){SPAN_LIT("libp2p-peer-record"), SPAN_LIT("\x03\x01")};
    }
    return (struct record_form){SPAN_LIT("libp2p-routing-state"),
                                SPAN_LIT("/libp2p/routing-state-record")};
}

enum err envelope_decode(struct envelope *ret_envelope, struct span in)
{
    if (in.n > ENVELOPE_LEN_MAX) {
        return ERR_LIMIT;
    }
    struct envelope e = {0};
    struct protobuf_reader r = protobuf_read(in);
    struct protobuf_field f;
    while (protobuf_next(&r, &f)) {
        switch (f.number) {
        case ENVELOPE_PUBLIC_KEY:   TRY(protobuf_get_bytes(&e.public_key, &f)); break;
        case ENVELOPE_PAYLOAD_TYPE: TRY(protobuf_get_bytes(&e.payload_type, &f)); break;
        case ENVELOPE_PAYLOAD:      TRY(protobuf_get_bytes(&e.payload, &f)); break;
        case ENVELOPE_SIGNATURE:    TRY(protobuf_get_bytes(&e.signature, &f)); break;
        default:                    break; /* unknown: skipped */
        }
    }
    TRY(protobuf_end(&r));
    if (e.public_key.n == 0 || e.payload_type.n == 0 || e.signature.n == 0) {
        return ERR_MALFORMED;
    }
    *ret_envelope = e;
    return OK;
}

static void write_prefixed(struct wr *w, struct span s)
{
    uvarint_write(w, s.n);
    wr_bytes(w, s);
}

/* SPEC libp2p/RFC-0002 §"Signature Production / Verification": domain, payload type and payload are signed, each behind its length, so that none can be mistaken for a part of another. */
MUST_CHECK static enum err write_signed(struct buf *b, const struct envelope_content *c)
{
    struct wr w = wr_init_buf(b);
    write_prefixed(&w, c->domain);
    write_prefixed(&w, c->payload_type);
    write_prefixed(&w, c->payload);
    return wr_end(&w);
}

static void signed_init(struct buf *b, struct budget *budget)
{
    buf_init(b, budget, ENVELOPE_LEN_MAX + ENVELOPE_DOMAIN_LEN_MAX + (size_t)3 * UVARINT_LEN_MAX);
}

enum err envelope_verify(struct peer_id *ret_signer,
                         const struct envelope *envelope,
                         struct span domain,
                         struct budget *budget)
{
    AUTO(buf_done) struct buf message = {0};
    signed_init(&message, budget);
    TRY(write_signed(
        &message, &(struct envelope_content){domain, envelope->payload_type, envelope->payload}));
    struct public_key key;
    TRY(key_decode(&key, envelope->public_key));
    TRY(key_verify(&key, buf_span(&message), envelope->signature));
    peer_id_of_key(ret_signer, envelope->public_key);
    return OK;
}

enum err envelope_seal(struct wr *w,
                       const struct envelope_content *content,
                       struct signer *signer,
                       struct budget *budget)
{
    if (content->domain.n > ENVELOPE_DOMAIN_LEN_MAX ||
        content->payload_type.n > ENVELOPE_TYPE_LEN_MAX) {
        return ERR_LIMIT;
    }
    AUTO(buf_done) struct buf message = {0};
    signed_init(&message, budget);
    TRY(write_signed(&message, content));
    struct signature sig;
    TRY(signer->sign(signer, &sig, SIGNER_ENVELOPE, buf_span(&message)));
    protobuf_write_bytes(w, ENVELOPE_PUBLIC_KEY, signer->public_key);
    protobuf_write_bytes(w, ENVELOPE_PAYLOAD_TYPE, content->payload_type);
    protobuf_write_bytes(w, ENVELOPE_PAYLOAD, content->payload);
    protobuf_write_bytes(w, ENVELOPE_SIGNATURE, span_of(sig.bytes, sig.len));
    return wr_end(w);
}

/* read_prefixed takes one length-prefixed piece, with a length of min to max bytes. */
static void read_prefixed(struct rd *r, size_t min, size_t max)
{
    uint64_t n = uvarint_read(r);
    if (n < min || n > max) {
        rd_fail(r);
        return;
    }
    (void)rd_bytes(r, (size_t)n);
}

bool envelope_is_signable(struct span message)
{
    struct rd r = rd_init(message);
    read_prefixed(&r, 1, ENVELOPE_DOMAIN_LEN_MAX);
    read_prefixed(&r, 1, ENVELOPE_TYPE_LEN_MAX);
    read_prefixed(&r, 0, ENVELOPE_LEN_MAX);
    return rd_end(&r);
}

MUST_CHECK static enum err decode_address(struct peer_record *record, struct span in)
{
    struct protobuf_reader r = protobuf_read(in);
    struct protobuf_field f;
    struct span addr = SPAN_EMPTY;
    while (protobuf_next(&r, &f)) {
        if (f.number == ADDRESS_MULTIADDR) {
            TRY(protobuf_get_bytes(&addr, &f));
        }
    }
    TRY(protobuf_end(&r));
    if (record->addrs_count < PEER_RECORD_ADDRS_MAX && multiaddr_validate(addr, NULL) == OK) {
        record->addrs[record->addrs_count] = addr;
        record->addrs_count++;
    }
    return OK;
}

enum err peer_record_decode(struct peer_record *ret_record, struct span payload)
{
    struct peer_record record = {0};
    struct protobuf_reader r = protobuf_read(payload);
    struct protobuf_field f;
    while (protobuf_next(&r, &f)) {
        struct span bytes;
        switch (f.number) {
        case RECORD_PEER_ID:
            TRY(protobuf_get_bytes(&bytes, &f));
            TRY(peer_id_decode(&record.peer, bytes));
            break;
        case RECORD_SEQ: TRY(protobuf_get_u64(&record.seq, &f)); break;
        case RECORD_ADDRESSES:
            TRY(protobuf_get_bytes(&bytes, &f));
            TRY(decode_address(&record, bytes));
            break;
        default: break; /* unknown: skipped */
        }
    }
    TRY(protobuf_end(&r));
    if (record.peer.n == 0) {
        return ERR_MALFORMED;
    }
    *ret_record = record;
    return OK;
}

enum err peer_record_open(struct peer_record *ret_record, struct span sealed, struct budget *budget)
{
    struct envelope envelope;
    TRY(envelope_decode(&envelope, sealed));
    int form = 0;
    while (form < FORMS_COUNT && !span_equal(envelope.payload_type, form_of(form).payload_type)) {
        form++;
    }
    if (form == FORMS_COUNT) {
        return ERR_UNSUPPORTED;
    }
    struct peer_id signer;
    TRY(envelope_verify(&signer, &envelope, form_of(form).domain, budget));
    struct peer_record record;
    TRY(peer_record_decode(&record, envelope.payload));
    /* SPEC libp2p/RFC-0003 §"Address Record Format": a record speaks only for the peer whose key signed it. */
    if (!peer_id_equal(&signer, &record.peer)) {
        return ERR_AUTH;
    }
    *ret_record = record;
    return OK;
}

static void
write_record(struct wr *w, const struct peer_record_cfg *cfg, const struct peer_id *peer)
{
    protobuf_write_bytes(w, RECORD_PEER_ID, peer_id_span(peer));
    protobuf_write_varint(w, RECORD_SEQ, cfg->seq);
    for (size_t i = 0; i < cfg->addrs_count; i++) {
        protobuf_write_header(w, RECORD_ADDRESSES,
                              protobuf_bytes_len(ADDRESS_MULTIADDR, cfg->addrs[i].n));
        protobuf_write_bytes(w, ADDRESS_MULTIADDR, cfg->addrs[i]);
    }
}

enum err peer_record_seal(struct wr *w,
                          const struct peer_record_cfg *cfg,
                          struct signer *signer,
                          struct budget *budget)
{
    struct peer_id peer;
    peer_id_of_key(&peer, signer->public_key);
    AUTO(buf_done) struct buf payload = {0};
    buf_init(&payload, budget, ENVELOPE_LEN_MAX);
    struct wr p = wr_init_buf(&payload);
    write_record(&p, cfg, &peer);
    TRY(wr_end(&p));
    struct record_form form = form_of(FORM_FIELD);
    return envelope_seal(
        w, &(struct envelope_content){form.domain, form.payload_type, buf_span(&payload)}, signer,
        budget);
}
