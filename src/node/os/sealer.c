/* Approvals of a machine's state. */
#include "node/os/sealer.h"

void sealer_approval_hash(struct hash32 *ret, const struct hash32 *state)
{
    const struct span parts[] = {SPAN_OF(state->bytes), SPAN_LIT(SEALER_APPROVAL_LABEL)};
    sha256_of(ret, parts, 2);
}

enum err sealer_approve(struct sealer_approval *a, const struct secret32 *authority)
{
    struct hash32 hash;
    sealer_approval_hash(&hash, &a->state);
    return p256_sign(&a->signature, authority, &hash);
}

bool sealer_is_approved(const struct sealer_approval *a, const struct p256_public *authority)
{
    struct hash32 hash;
    sealer_approval_hash(&hash, &a->state);
    return p256_verify(authority, &hash, &a->signature) == OK;
}

void sealer_approvals_write(struct wr *w, const struct sealer_approvals *a)
{
    wr_u8(w, (uint8_t)a->count);
    for (size_t i = 0; i < a->count; i++) {
        wr_be32(w, a->list[i].registers);
        wr_bytes(w, SPAN_OF(a->list[i].state.bytes));
        wr_bytes(w, SPAN_OF(a->list[i].signature.rs));
    }
}

enum err sealer_approvals_read(struct sealer_approvals *ret, struct rd *r)
{
    struct sealer_approvals a = {.count = rd_u8(r)};
    if (a.count > SEALER_APPROVALS_MAX) {
        return ERR_MALFORMED;
    }
    for (size_t i = 0; i < a.count; i++) {
        a.list[i].registers = rd_be32(r);
        rd_copy(r, MSPAN_OF(a.list[i].state.bytes));
        rd_copy(r, MSPAN_OF(a.list[i].signature.rs));
    }
    if (!rd_ok(r)) {
        return ERR_MALFORMED;
    }
    *ret = a;
    return OK;
}
