/* The file beside a sealed store. */
#include "node/keyd/seal_file.h"

#include "base/rd.h"
#include "base/rng.h"

static const struct span magic = SPAN_INIT("PMSEAL01");

enum err seal_file_read(struct seal_file *ret, struct span text)
{
    struct seal_file f = {.provider = 0};
    struct rd r = rd_init(text);
    if (!span_equal(rd_bytes(&r, magic.n), magic)) {
        return ERR_MALFORMED;
    }
    f.provider = rd_u8(&r);
    uint8_t pending = rd_u8(&r);
    f.is_pending = pending == 1;
    f.epoch = rd_be64(&r);
    rd_copy(&r, MSPAN_OF(f.authority.xy));
    TRY(sealer_approvals_read(&f.approvals, &r));
    struct span blob = rd_be16_sized(&r);
    if (blob.n > sizeof f.blob.bytes || pending > 1) {
        return ERR_MALFORMED;
    }
    f.blob.n = span_copy(MSPAN_OF(f.blob.bytes), blob);
    rd_copy(&r, MSPAN_OF(f.recovery));
    if (f.is_pending) {
        rd_copy(&r, MSPAN_OF(f.previous));
    }
    if (!rd_end(&r)) {
        return ERR_MALFORMED;
    }
    *ret = f;
    return f.provider == SEAL_PROVIDER_TPM2 ? OK : ERR_UNSUPPORTED;
}

void seal_file_write(struct wr *w, const struct seal_file *f)
{
    wr_bytes(w, magic);
    wr_u8(w, f->provider);
    wr_u8(w, f->is_pending);
    wr_be64(w, f->epoch);
    wr_bytes(w, SPAN_OF(f->authority.xy));
    sealer_approvals_write(w, &f->approvals);
    wr_be16_sized(w, span_of(f->blob.bytes, f->blob.n));
    wr_bytes(w, SPAN_OF(f->recovery));
    if (f->is_pending) {
        wr_bytes(w, SPAN_OF(f->previous));
    }
}

static struct span
associated(uint8_t room[static SEAL_AD_LEN_MAX], const struct seal_file *f, enum seal_wrap which)
{
    struct wr w = wr_init(mspan_of(room, SEAL_AD_LEN_MAX));
    wr_bytes(&w, magic);
    wr_u8(&w, (uint8_t)which);
    wr_u8(&w, f->provider);
    wr_be64(&w, f->epoch);
    wr_bytes(&w, SPAN_OF(f->authority.xy));
    return span_of(room, w.n);
}

enum err seal_file_wrap(struct seal_file *f,
                        enum seal_wrap which,
                        struct rng *rng,
                        const struct secret32 *under,
                        const struct secret32 *key)
{
    uint8_t room[SEAL_AD_LEN_MAX];
    uint8_t *out = which == SEAL_RECOVERY ? f->recovery : f->previous;
    rng_fill(rng, mspan_of(out, XAEAD_NONCE_LEN));
    return xaead_seal(under, mspan_of(out + XAEAD_NONCE_LEN, SEAL_WRAP_LEN - XAEAD_NONCE_LEN), out,
                      associated(room, f, which), SPAN_OF(key->bytes));
}

enum err seal_file_unwrap(const struct seal_file *f,
                          enum seal_wrap which,
                          struct secret32 *ret,
                          const struct secret32 *under)
{
    uint8_t room[SEAL_AD_LEN_MAX];
    const uint8_t *in = which == SEAL_RECOVERY ? f->recovery : f->previous;
    return xaead_open(under, MSPAN_OF(ret->bytes), in, associated(room, f, which),
                      span_of(in + XAEAD_NONCE_LEN, SEAL_WRAP_LEN - XAEAD_NONCE_LEN));
}
