/* Endorsements: how the makers' services answer. */
#include "tee/endorsement.h"

#include "codec/base16.h"
#include "codec/json.h"
#include "codec/pem.h"

enum { SIGNATURE_LEN = 64, DER_SEQUENCE_TAG = 0x30 };

const char *endorsement_name(enum endorsement_item item)
{
    switch (item) {
    case ENDORSEMENT_TCB_INFO:    return "TCB info";
    case ENDORSEMENT_QE_IDENTITY: return "QE identity";
    case ENDORSEMENT_PCK_CRL:     return "PCK CRL";
    case ENDORSEMENT_ROOT_CRL:    return "Intel's root CRL";
    case ENDORSEMENT_VCEK:        return "VCEK";
    case ENDORSEMENT_ISSUERS:     return "ASK and ARK";
    case ENDORSEMENT_ARK_CRL:     return "AMD's CRL";
    case ENDORSEMENT_ITEM_COUNT:  break;
    }
    return "";
}

const char *endorsement_header(enum endorsement_item item)
{
    switch (item) {
    case ENDORSEMENT_TCB_INFO:    return "TCB-Info-Issuer-Chain";
    case ENDORSEMENT_PCK_CRL:     return "SGX-PCK-CRL-Issuer-Chain";
    case ENDORSEMENT_QE_IDENTITY: /* signed by the same key as TCB info, whose chain evidence has once */
    case ENDORSEMENT_ROOT_CRL:
    case ENDORSEMENT_VCEK:
    case ENDORSEMENT_ISSUERS:
    case ENDORSEMENT_ARK_CRL:
    case ENDORSEMENT_ITEM_COUNT:  break;
    }
    return NULL;
}

/* ---- pieces ---- */

/* What a writer has put behind what room held. */
static struct wr room_begin(struct endorsement_room *room)
{
    return wr_init(mspan_of(room->bytes + room->n, sizeof room->bytes - room->n));
}

static struct span room_end(struct endorsement_room *room, const struct wr *w)
{
    struct span s = span_of(room->bytes + room->n, w->n);
    room->n += w->n;
    return s;
}

/* Certificates as PEM become DER, which is a quarter shorter. */
MUST_CHECK static enum err
read_certs(struct span *ret, struct endorsement_room *room, struct span pem)
{
    struct wr w = room_begin(room);
    enum err e = OK;
    while (e == OK) {
        e = pem_take(&w, &pem, "CERTIFICATE");
    }
    if (e != ERR_NOT_FOUND) {
        return e;
    }
    if (w.n == 0) {
        return ERR_NOT_FOUND;
    }
    *ret = room_end(room, &w);
    return OK;
}

/* SPEC RFC3986 §"2.1. Percent-Encoding": behind a percent sign stand two digits, of either case, for one byte. */
MUST_CHECK static enum err
percent_decode(struct span *ret, struct endorsement_room *room, struct span text)
{
    struct wr w = wr_init(MSPAN_OF(room->text));
    while (text.n > 0) {
        if (text.p[0] != '%') {
            wr_u8(&w, text.p[0]);
            (void)span_take(&text, 1);
            continue;
        }
        if (text.n < 3) {
            return ERR_MALFORMED;
        }
        (void)span_take(&text, 1);
        TRY(base16_decode(&w, span_take(&text, 2)));
    }
    *ret = span_of(room->text, w.n);
    return wr_end(&w);
}

MUST_CHECK static enum err
read_header_chain(struct span *ret, struct endorsement_room *room, struct span header)
{
    struct span pem;
    if (header.n == 0) {
        return ERR_NOT_FOUND;
    }
    if (header.n > ENDORSEMENT_HEADER_LEN_MAX) {
        return ERR_LIMIT;
    }
    TRY(percent_decode(&pem, room, header));
    return read_certs(ret, room, pem);
}

/* {"tcbInfo": {...}, "signature": "hex"}: the signature covers the member's text as it stands. */
MUST_CHECK static enum err read_signed(struct span *ret_text,
                                       struct span *ret_signature,
                                       struct endorsement_room *room,
                                       struct span body,
                                       const char *member)
{
    struct json root;
    struct json value;
    struct span hex;
    struct wr w = room_begin(room);
    TRY(json_parse(&root, body, NULL));
    if (!json_find(&value, root, member) || value.type != JSON_OBJECT ||
        json_find_plain(&hex, root, "signature") != OK || hex.n != 2 * (size_t)SIGNATURE_LEN) {
        return ERR_MALFORMED;
    }
    TRY(base16_decode(&w, hex));
    *ret_signature = room_end(room, &w);
    *ret_text = value.raw;
    return OK;
}

static bool is_hex(struct span s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (base16_digit(s.p[i]) < 0) {
            return false;
        }
    }
    return s.n > 0;
}

/* DER; caches of the PCS give its hexadecimal digits too, the first of which is '3' and no DER, or PEM. */
MUST_CHECK static enum err
read_crl(struct span *ret, struct endorsement_room *room, struct span body)
{
    struct wr w = room_begin(room);
    struct span text = body;
    if (body.n > 0 && body.p[0] == DER_SEQUENCE_TAG) {
        *ret = body;
        return OK;
    }
    while (text.n > 0 && (text.p[text.n - 1] == '\n' || text.p[text.n - 1] == '\r')) {
        text.n--;
    }
    if (is_hex(text)) {
        TRY(base16_decode(&w, text));
    } else if (pem_take(&w, &text, "X509 CRL") != OK) {
        return ERR_MALFORMED;
    }
    *ret = room_end(room, &w);
    return OK;
}

/* ---- answers ---- */

MUST_CHECK static enum err
read_vcek(struct evidence *ret, struct endorsement_room *room, struct span body)
{
    struct span *chain = &ret->parts[EVIDENCE_CHAIN];
    struct wr w = room_begin(room);
    if (body.n == 0 || body.n > CERT_LEN_MAX || body.p[0] != DER_SEQUENCE_TAG) {
        return ERR_MALFORMED;
    }
    wr_bytes(&w, *chain);
    wr_bytes(&w, body);
    TRY(wr_end(&w));
    *chain = room_end(room, &w);
    return OK;
}

/* The chain is one part, in any order. */
MUST_CHECK static enum err
read_issuers(struct evidence *ret, struct endorsement_room *room, struct span body)
{
    struct span issuers;
    struct span *chain = &ret->parts[EVIDENCE_CHAIN];
    TRY(read_certs(&issuers, room, body));
    struct wr w = room_begin(room);
    wr_bytes(&w, *chain);
    wr_bytes(&w, issuers);
    TRY(wr_end(&w));
    *chain = room_end(room, &w);
    return OK;
}

enum err endorsement_read(struct evidence *ret,
                          struct endorsement_room *room,
                          enum endorsement_item item,
                          const struct endorsement_answer *answer)
{
    struct span *parts = ret->parts;
    struct span body = answer->body;
    if (body.n > ENDORSEMENT_BODY_LEN_MAX) {
        return ERR_LIMIT;
    }
    switch (item) {
    case ENDORSEMENT_TCB_INFO:
        TRY(read_header_chain(&parts[EVIDENCE_SIGNING_CHAIN], room, answer->header));
        return read_signed(&parts[EVIDENCE_TCB_INFO], &parts[EVIDENCE_TCB_INFO_SIGNATURE], room,
                           body, "tcbInfo");
    case ENDORSEMENT_QE_IDENTITY:
        return read_signed(&parts[EVIDENCE_QE_IDENTITY], &parts[EVIDENCE_QE_IDENTITY_SIGNATURE],
                           room, body, "enclaveIdentity");
    case ENDORSEMENT_PCK_CRL:
        TRY(read_header_chain(&parts[EVIDENCE_PCK_CRL_CHAIN], room, answer->header));
        return read_crl(&parts[EVIDENCE_PCK_CRL], room, body);
    case ENDORSEMENT_ROOT_CRL:
    case ENDORSEMENT_ARK_CRL:    return read_crl(&parts[EVIDENCE_ROOT_CRL], room, body);
    case ENDORSEMENT_VCEK:       return read_vcek(ret, room, body);
    case ENDORSEMENT_ISSUERS:    return read_issuers(ret, room, body);
    case ENDORSEMENT_ITEM_COUNT: break;
    }
    return ERR_UNSUPPORTED;
}

bool endorsements_fail(const struct appraisal *a)
{
    bool is_of_endorsements = (a->failed >= STEP_CERT_FORMAT && a->failed <= STEP_PCE_ID) ||
                              a->failed == STEP_TCB_MISMATCH || a->failed == STEP_CHIP_ID;
    bool is_revoked = a->failed == STEP_CERT_REVOKED && a->part == PART_CHAIN;
    return is_of_endorsements && !is_revoked;
}
