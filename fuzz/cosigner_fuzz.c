/* A co-signer's requests and its record. The first byte chooses which. Whatever is read can be written and is then the same; no input is signed for
 * by a passkey that is not ours, so nothing is ever allowed. */
#include "base/check.h"
#include "crypto/backend.h"
#include "wallet/cosigner.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t room[COSIGNER_REQUEST_MAX + COSIGNER_RECORD_LEN_MAX];

static void check_same(const struct wr *w, struct span in)
{
    check(wr_ok(w));
    check(span_equal(span_of(room, w->n), in));
}

static void try_create(struct span in)
{
    struct cosigner_create c;
    struct cosigner made;
    if (cosigner_create_decode(&c, in) != OK) {
        return;
    }
    struct wr w = wr_init(MSPAN_OF(room));
    cosigner_create_encode(&w, &c);
    check_same(&w, in);
    check(cosigner_init(&made, &c, (walltime){c.expires.s - (c.expires.s > 0)}) != OK);
    made = (struct cosigner){.terms = c.terms};
    check(cosigner_remove(&made, &c, (walltime){c.expires.s - (c.expires.s > 0)}) != OK);
}

static void try_ask(struct span in)
{
    static struct cosigner signer;
    struct cosigner_ask ask;
    struct hash32 hash;
    if (cosigner_ask_decode(&ask, in) != OK) {
        return;
    }
    struct wr w = wr_init(MSPAN_OF(room));
    cosigner_ask_encode(&w, &ask);
    check_same(&w, in);
    signer.terms.chains_count = 1;
    signer.terms.chains[0] = ask.chain_id;
    check(cosigner_allow(&signer, &hash, &ask, (walltime){ask.expires.s - (ask.expires.s > 0)}) !=
          OK);
}

static void try_record(struct span in)
{
    struct cosigner c;
    struct rd r = rd_init(in);
    if (cosigner_read(&c, &r) != OK) {
        return;
    }
    struct wr w = wr_init(MSPAN_OF(room));
    cosigner_write(&w, &c);
    check_same(&w, span_first(in, rd_offset(&r)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check(crypto_init() == OK);
    if (size == 0) {
        return 0;
    }
    struct span in = span_of(data + 1, size - 1);
    switch (data[0] % 3) {
    case 0:  try_create(in); break;
    case 1:  try_ask(in); break;
    default: try_record(in); break;
    }
    return 0;
}
