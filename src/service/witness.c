/* Bodies that carry what a call reads. Field numbers stand in docs/protocol.md. */
#include "service/witness.h"

#include "base/check.h"
#include "codec/protobuf.h"
#include "evm/header.h"

#include <string.h>

enum { SLOT_LEN = 32 };

static bool slots_rise(struct span slots)
{
    for (size_t i = SLOT_LEN; i < slots.n; i += SLOT_LEN) {
        if (memcmp(slots.p + i - SLOT_LEN, slots.p + i, SLOT_LEN) >= 0) {
            return false;
        }
    }
    return true;
}

MUST_CHECK static enum err account_field(struct service_witness_account *a,
                                         const struct protobuf_field *f)
{
    struct span bytes;
    TRY(protobuf_get_bytes(&bytes, f));
    switch (f->number) {
    case SERVICE_WITNESS_ADDRESS: return protobuf_get_fixed(MSPAN_OF(a->address.bytes), f);
    case SERVICE_WITNESS_SLOTS:
        a->slots = bytes;
        return bytes.n % SLOT_LEN == 0 && bytes.n / SLOT_LEN <= SERVICE_SLOTS_MAX &&
                       slots_rise(bytes)
                   ? OK
                   : ERR_MALFORMED;
    case SERVICE_WITNESS_PROOF: return service_proof_decode(&a->proof, bytes);
    case SERVICE_WITNESS_CODE:
        a->code = bytes;
        return bytes.n <= SERVICE_CODE_LEN_MAX ? OK : ERR_MALFORMED;
    default: return OK;
    }
}

/* Fields in rising order, none twice. */
MUST_CHECK static enum err account_decode(struct service_witness_account *ret, struct span message)
{
    enum { NEEDED = 1U << SERVICE_WITNESS_ADDRESS | 1U << SERVICE_WITNESS_PROOF };
    struct service_witness_account a = {.slots = SPAN_EMPTY};
    struct protobuf_reader reader = protobuf_read(message);
    struct protobuf_field f;
    uint32_t last = 0;
    unsigned seen = 0;
    while (protobuf_next(&reader, &f)) {
        if (f.number <= last) {
            return ERR_MALFORMED;
        }
        last = f.number;
        if (f.number <= SERVICE_WITNESS_CODE) {
            seen |= 1U << f.number;
            TRY(account_field(&a, &f));
        }
    }
    bool is_whole = (seen & NEEDED) == NEEDED && a.proof.header.n == 0 &&
                    a.proof.slots_count == a.slots.n / SLOT_LEN;
    if (protobuf_end(&reader) != OK || !is_whole) {
        return ERR_MALFORMED;
    }
    *ret = a;
    return OK;
}

enum err service_witness_decode(struct service_witness *ret, struct span body)
{
    struct service_witness w = {.body = body};
    struct service_witness_account a;
    struct address before = {0};
    struct protobuf_reader reader = protobuf_read(body);
    struct protobuf_field f;
    uint32_t last = 0;
    while (protobuf_next(&reader, &f)) {
        struct span bytes;
        if (f.number < last || (f.number == SERVICE_WITNESS_HEADER && last == f.number)) {
            return ERR_MALFORMED;
        }
        last = f.number;
        if (f.number > SERVICE_WITNESS_ACCOUNT) {
            continue; /* of a later version */
        }
        TRY(protobuf_get_bytes(&bytes, &f));
        if (f.number == SERVICE_WITNESS_HEADER) {
            w.header = bytes;
            if (bytes.n == 0 || bytes.n > HEADER_LEN_MAX) {
                return ERR_MALFORMED;
            }
            continue;
        }
        TRY(account_decode(&a, bytes));
        if (w.accounts_count == SERVICE_WITNESS_ACCOUNTS_MAX ||
            (w.accounts_count > 0 && memcmp(&before, &a.address, sizeof before) >= 0)) {
            return ERR_MALFORMED;
        }
        before = a.address;
        w.accounts_count++;
    }
    if (protobuf_end(&reader) != OK || w.accounts_count == 0) {
        return ERR_MALFORMED;
    }
    *ret = w;
    return OK;
}

bool service_witness_next(struct service_witness_account *ret, struct span *rest)
{
    struct protobuf_reader reader = protobuf_read(*rest);
    struct protobuf_field f;
    while (protobuf_next(&reader, &f)) {
        if (f.number == SERVICE_WITNESS_ACCOUNT) {
            enum err err = account_decode(ret, f.bytes);
            check(err == OK); /* the body was decoded */
            *rest = reader.rd.rest;
            return true;
        }
    }
    return false;
}
