/* The encodings of a Passmesh account (docs/account.md). */
#include "evm/smart_account.h"

#include "base/check.h"
#include "base/wr.h"
#include "crypto/hash.h"
#include "crypto/keccak.h"
#include "evm/abi.h"
#include "evm/deployments.h"

static const uint8_t execute_mode_batch[ABI_WORD_LEN] = {0x01};

struct smart_owner smart_owner_passkey(struct address verifier,
                                       const uint8_t public_key[static 64],
                                       struct span origin)
{
    struct smart_owner o = {0};
    struct hash32 origin_hash;
    sha256(&origin_hash, origin);
    struct wr w = wr_init(MSPAN_OF(o.bytes));
    wr_bytes(&w, SPAN_OF(verifier.bytes));
    wr_bytes(&w, span_of(public_key, 64));
    wr_bytes(&w, SPAN_OF(origin_hash.bytes));
    check(wr_ok(&w));
    o.len = w.n;
    return o;
}

static struct span owner_span(const struct smart_owner *o)
{
    check(o->len <= sizeof o->bytes);
    return span_of(o->bytes, o->len);
}

static bool is_before(const struct smart_owner *a, const struct smart_owner *b)
{
    struct hash32 ha;
    struct hash32 hb;
    keccak256(&ha, owner_span(a));
    keccak256(&hb, owner_span(b));
    return span_compare(SPAN_OF(ha.bytes), SPAN_OF(hb.bytes)) < 0;
}

void smart_owners_sort(struct smart_owner *owners, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        for (size_t j = i; j > 0 && is_before(&owners[j], &owners[j - 1]); j--) {
            struct smart_owner swap = owners[j];
            owners[j] = owners[j - 1];
            owners[j - 1] = swap;
        }
    }
}

/* abi.encode(bytes[] owners, uint64 threshold, bytes32 salt) */
static enum err write_makeup(struct buf *out, const struct smart_account *a)
{
    check(a->owner_count > 0);
    check(a->owner_count <= SMART_ACCOUNT_OWNER_COUNT_MAX);
    struct abi_wr w = abi_wr_init(out, 3);
    abi_wr_array_begin(&w, a->owner_count, a->owner_count);
    for (size_t i = 0; i < a->owner_count; i++) {
        abi_wr_bytes(&w, owner_span(&a->owners[i]));
    }
    abi_wr_close(&w);
    abi_wr_u64(&w, a->threshold);
    abi_wr_fixed(&w, SPAN_OF(a->salt));
    return abi_wr_end(&w);
}

enum err smart_account_address(struct address *ret,
                               const struct smart_account *a,
                               struct address factory,
                               struct buf *scratch)
{
    buf_clear(scratch);
    TRY(write_makeup(scratch, a));
    struct hash32 salt;
    keccak256(&salt, buf_span(scratch));
    struct create2_input in = {.deployer = factory};
    span_copy(MSPAN_OF(in.salt), SPAN_OF(salt.bytes));
    span_copy(MSPAN_OF(in.init_code_hash.bytes), SPAN_OF(deployments.proxy_init_code_hash));
    *ret = address_create2(&in);
    return OK;
}

static enum err append_selector(struct buf *out, struct span signature)
{
    uint8_t selector[ABI_SELECTOR_LEN];
    abi_selector(selector, signature);
    return buf_append(out, SPAN_OF(selector));
}

enum err smart_account_create(struct buf *out, const struct smart_account *a)
{
    TRY(append_selector(out, SPAN_LIT("createAccount(bytes[],uint64,bytes32)")));
    return write_makeup(out, a);
}

static enum err write_batch(struct buf *out, const struct smart_call *calls, size_t count)
{
    struct abi_wr w = abi_wr_init(out, 1);
    abi_wr_array_begin(&w, count, count);
    for (size_t i = 0; i < count; i++) {
        abi_wr_tuple_begin(&w, 3);
        abi_wr_address(&w, calls[i].to);
        abi_wr_u256(&w, calls[i].value);
        abi_wr_bytes(&w, calls[i].data);
        abi_wr_close(&w);
    }
    abi_wr_close(&w);
    return abi_wr_end(&w);
}

enum err smart_account_execute(struct buf *out, const struct smart_call *calls, size_t count)
{
    check(count > 0);
    check(count <= SMART_ACCOUNT_CALL_COUNT_MAX);
    struct buf batch;
    buf_init(&batch, out->budget, out->max);
    enum err err = write_batch(&batch, calls, count);
    if (err == OK) {
        err = append_selector(out, SPAN_LIT("execute(bytes32,bytes)"));
    }
    if (err == OK) {
        struct abi_wr w = abi_wr_init(out, 2);
        abi_wr_fixed(&w, SPAN_OF(execute_mode_batch));
        abi_wr_bytes(&w, buf_span(&batch));
        err = abi_wr_end(&w);
    }
    buf_done(&batch);
    return err;
}

static enum err
read_batch(struct smart_call *ret_calls, size_t *ret_count, size_t count_max, struct span batch)
{
    struct abi_rd outer = abi_rd_init(batch);
    size_t count = 0;
    struct abi_rd list = abi_rd_array(&outer, &count, 1, count_max);
    for (size_t i = 0; i < count && abi_rd_ok(&list); i++) {
        struct abi_rd call = abi_rd_tuple(&list);
        ret_calls[i].to = abi_rd_address(&call);
        ret_calls[i].value = abi_rd_u256(&call);
        ret_calls[i].data = abi_rd_bytes(&call);
        if (!abi_rd_ok(&call)) {
            return ERR_MALFORMED;
        }
    }
    if (!abi_rd_ok(&outer) || !abi_rd_ok(&list)) {
        return ERR_MALFORMED;
    }
    *ret_count = count;
    return OK;
}

enum err smart_account_calls(struct smart_call *ret_calls,
                             size_t *ret_count,
                             size_t count_max,
                             struct span calldata)
{
    uint8_t selector[ABI_SELECTOR_LEN];
    abi_selector(selector, SPAN_LIT("execute(bytes32,bytes)"));
    if (!span_starts_with(calldata, SPAN_OF(selector))) {
        return ERR_MALFORMED;
    }
    struct abi_rd r = abi_rd_init(span_from(calldata, ABI_SELECTOR_LEN));
    uint8_t mode[ABI_WORD_LEN];
    abi_rd_fixed(&r, MSPAN_OF(mode));
    struct span batch = abi_rd_bytes(&r);
    if (!abi_rd_ok(&r) || !span_equal(SPAN_OF(mode), SPAN_OF(execute_mode_batch))) {
        return ERR_MALFORMED;
    }
    size_t count = 0;
    TRY(read_batch(ret_calls, &count, count_max, batch));
    if (count == 0) {
        return ERR_MALFORMED;
    }
    *ret_count = count;
    return OK;
}

static void within_selector(uint8_t ret[static ABI_SELECTOR_LEN])
{
    abi_selector(ret, SPAN_LIT("executeWithin((address,uint256,bytes)[])"));
}

enum err smart_account_within(struct buf *out, const struct smart_call *calls, size_t count)
{
    check(count <= SMART_ACCOUNT_CALL_COUNT_MAX);
    uint8_t selector[ABI_SELECTOR_LEN];
    within_selector(selector);
    TRY(buf_append(out, SPAN_OF(selector)));
    return write_batch(out, calls, count);
}

bool smart_account_is_within(struct span calldata)
{
    uint8_t selector[ABI_SELECTOR_LEN];
    within_selector(selector);
    return span_starts_with(calldata, SPAN_OF(selector));
}

enum err smart_account_within_calls(struct smart_call *ret_calls,
                                    size_t *ret_count,
                                    size_t count_max,
                                    struct span calldata)
{
    return smart_account_is_within(calldata)
               ? read_batch(ret_calls, ret_count, count_max, span_from(calldata, ABI_SELECTOR_LEN))
               : ERR_MALFORMED;
}

enum err
smart_account_signature(struct buf *out, const struct smart_signature *signatures, size_t count)
{
    check(count > 0);
    check(count <= SMART_ACCOUNT_OWNER_COUNT_MAX);
    uint8_t order[SMART_ACCOUNT_OWNER_COUNT_MAX];
    for (size_t i = 0; i < count; i++) {
        size_t j = i;
        for (; j > 0 && is_before(&signatures[i].owner, &signatures[order[j - 1]].owner); j--) {
            order[j] = order[j - 1];
        }
        order[j] = (uint8_t)i;
    }
    struct abi_wr w = abi_wr_init(out, 2);
    abi_wr_array_begin(&w, count, count);
    for (size_t i = 0; i < count; i++) {
        abi_wr_bytes(&w, owner_span(&signatures[order[i]].owner));
    }
    abi_wr_close(&w);
    abi_wr_array_begin(&w, count, count);
    for (size_t i = 0; i < count; i++) {
        abi_wr_bytes(&w, signatures[order[i]].signature);
    }
    abi_wr_close(&w);
    return abi_wr_end(&w);
}

enum err smart_account_signatures(struct smart_signature *ret,
                                  size_t *ret_count,
                                  size_t count_max,
                                  struct span in)
{
    size_t owner_count = 0;
    size_t signature_count = 0;
    struct abi_rd r = abi_rd_init(in);
    struct abi_rd owners = abi_rd_array(&r, &owner_count, 1, count_max);
    struct abi_rd signatures = abi_rd_array(&r, &signature_count, 1, count_max);
    if (!abi_rd_ok(&r) || owner_count == 0 || owner_count != signature_count) {
        return ERR_MALFORMED;
    }
    for (size_t i = 0; i < owner_count; i++) {
        struct span owner = abi_rd_bytes(&owners);
        ret[i] = (struct smart_signature){.signature = abi_rd_bytes(&signatures)};
        if (!abi_rd_ok(&owners) || !abi_rd_ok(&signatures) || owner.n > sizeof ret[i].owner.bytes) {
            return ERR_MALFORMED;
        }
        ret[i].owner.len = span_copy(MSPAN_OF(ret[i].owner.bytes), owner);
    }
    *ret_count = owner_count;
    return OK;
}
