/* Changes of an account's owners (docs/account.md, "The owner list as a chain"). */
#include "evm/owner_change.h"

#include "base/check.h"
#include "crypto/keccak.h"
#include "evm/abi.h"
#include "evm/account_domain.h"

#define CHANGE_TYPE "(uint64,bytes32,uint64,uint64,bytes[],bytes[])"
static const char propose_signature[] = "changeOwners(" CHANGE_TYPE ",bytes)";
static const char apply_signature[] = "applyOwnerChange(" CHANGE_TYPE ")";
static const char veto_signature[] = "veto(bytes32,bytes,bytes)";

enum { CHANGE_WORDS = 6 };

void owner_change_first(uint8_t ret_previous[static 32], struct address account)
{
    span_copy(mspan_of(ret_previous, 12), SPAN_OF(((uint8_t[12]){0})));
    span_copy(mspan_of(ret_previous + 12, 20), SPAN_OF(account.bytes));
}

/* ---- its id ---- */

/* SPEC eips/EIP-712 §"Definition of encodeData": an array is the hash of its elements' encodings side by side. */
static void put_owners(uint8_t word[static 32], const struct smart_owner *owners, size_t count)
{
    struct keccak256 all;
    struct hash32 hash;
    keccak256_init(&all);
    for (size_t i = 0; i < count; i++) {
        struct hash32 one;
        keccak256(&one, span_of(owners[i].bytes, owners[i].len));
        keccak256_add(&all, SPAN_OF(one.bytes));
    }
    keccak256_end(&all, &hash);
    span_copy(mspan_of(word, 32), SPAN_OF(hash.bytes));
}

void owner_change_id(struct hash32 *ret, struct address account, const struct owner_change *c)
{
    uint8_t words[7][32] = {0};
    account_word_hash(words[0],
                      SPAN_LIT("OwnerChange(uint64 sequence,bytes32 previous,uint64 attempt,uint64 "
                               "threshold,bytes[] added,bytes[] removed)"));
    account_word_u64(words[1], c->sequence);
    span_copy(mspan_of(words[2], 32), SPAN_OF(c->previous));
    account_word_u64(words[3], c->attempt);
    account_word_u64(words[4], c->threshold);
    put_owners(words[5], c->added, c->added_count);
    put_owners(words[6], c->removed, c->removed_count);
    /* No chain: what is signed once holds wherever the account is. */
    account_domain_hash(ret, account, ACCOUNT_ANY_CHAIN, SPAN_OF(words));
}

void owner_change_veto_hash(struct hash32 *ret, struct address account, const struct hash32 *id)
{
    uint8_t words[2][32];
    account_word_hash(words[0], SPAN_LIT("Veto(bytes32 id)"));
    span_copy(MSPAN_OF(words[1]), SPAN_OF(id->bytes));
    account_domain_hash(ret, account, ACCOUNT_ANY_CHAIN, SPAN_OF(words));
}

bool owner_change_waits(const struct owner_change *c, uint64_t threshold)
{
    return c->removed_count > 0 || c->threshold != threshold;
}

/* ---- writing ---- */

static enum err begin(struct buf *out, const char *signature)
{
    uint8_t selector[ABI_SELECTOR_LEN];
    abi_selector(selector, span_str(signature));
    return buf_append(out, SPAN_OF(selector));
}

void owner_list_put(struct abi_wr *w, const struct smart_owner *owners, size_t count)
{
    abi_wr_array_begin(w, count, count);
    for (size_t i = 0; i < count; i++) {
        abi_wr_bytes(w, span_of(owners[i].bytes, owners[i].len));
    }
    abi_wr_close(w);
}

void owner_change_put(struct abi_wr *w, const struct owner_change *c)
{
    abi_wr_tuple_begin(w, CHANGE_WORDS);
    abi_wr_u64(w, c->sequence);
    abi_wr_fixed(w, SPAN_OF(c->previous));
    abi_wr_u64(w, c->attempt);
    abi_wr_u64(w, c->threshold);
    owner_list_put(w, c->added, c->added_count);
    owner_list_put(w, c->removed, c->removed_count);
    abi_wr_close(w);
}

enum err owner_change_carry(struct buf *out, const struct owner_change *c, struct span signature)
{
    TRY(begin(out, propose_signature));
    struct abi_wr w = abi_wr_init(out, 2);
    owner_change_put(&w, c);
    abi_wr_bytes(&w, signature);
    return abi_wr_end(&w);
}

enum err owner_change_propose(struct buf *out, const struct owner_change *c)
{
    return owner_change_carry(out, c, SPAN_EMPTY);
}

enum err owner_change_apply(struct buf *out, const struct owner_change *c)
{
    TRY(begin(out, apply_signature));
    struct abi_wr w = abi_wr_init(out, 1);
    owner_change_put(&w, c);
    return abi_wr_end(&w);
}

enum err owner_change_carry_veto(struct buf *out,
                                 const struct hash32 *id,
                                 const struct smart_owner *owner,
                                 struct span signature)
{
    TRY(begin(out, veto_signature));
    struct abi_wr w = abi_wr_init(out, 3);
    abi_wr_fixed(&w, SPAN_OF(id->bytes));
    abi_wr_bytes(&w, span_of(owner->bytes, owner->len));
    abi_wr_bytes(&w, signature);
    return abi_wr_end(&w);
}

enum err owner_change_veto(struct buf *out, const struct hash32 *id)
{
    const struct smart_owner nobody = {.len = 0};
    return owner_change_carry_veto(out, id, &nobody, SPAN_EMPTY);
}

/* ---- reading ---- */

enum err owner_list_get(struct abi_rd *r,
                        struct smart_owner *ret_owners,
                        size_t *ret_count,
                        size_t count_max)
{
    size_t count = 0;
    struct abi_rd list = abi_rd_array(r, &count, 1, SMART_ACCOUNT_OWNER_COUNT_MAX);
    if (!abi_rd_ok(&list)) {
        return ERR_MALFORMED;
    }
    if (count > count_max) {
        return ERR_LIMIT;
    }
    for (size_t i = 0; i < count; i++) {
        struct span bytes = abi_rd_bytes(&list);
        if (!abi_rd_ok(&list) || bytes.n > sizeof ret_owners[i].bytes) {
            return ERR_MALFORMED;
        }
        ret_owners[i] = (struct smart_owner){.len = bytes.n};
        span_copy(MSPAN_OF(ret_owners[i].bytes), bytes);
    }
    *ret_count = count;
    return OK;
}

enum err owner_change_get(struct abi_rd *r, struct owner_change *ret)
{
    struct owner_change c = {0};
    struct abi_rd t = abi_rd_tuple(r);
    c.sequence = abi_rd_uint(&t, 64);
    abi_rd_fixed(&t, MSPAN_OF(c.previous));
    c.attempt = abi_rd_uint(&t, 64);
    c.threshold = abi_rd_uint(&t, 64);
    if (!abi_rd_ok(&t)) {
        return ERR_MALFORMED;
    }
    TRY(owner_list_get(&t, c.added, &c.added_count, OWNER_CHANGE_EACH_MAX));
    TRY(owner_list_get(&t, c.removed, &c.removed_count, OWNER_CHANGE_EACH_MAX));
    *ret = c;
    return OK;
}

static bool is_call_of(struct span calldata, const char *signature)
{
    uint8_t selector[ABI_SELECTOR_LEN];
    abi_selector(selector, span_str(signature));
    return span_starts_with(calldata, SPAN_OF(selector));
}

enum err owner_change_read_carried(struct owner_carried *ret, struct span calldata)
{
    struct abi_rd r = abi_rd_init(span_from(calldata, ABI_SELECTOR_LEN));
    struct owner_carried c = {.is_veto = is_call_of(calldata, veto_signature)};
    if (!c.is_veto && !is_call_of(calldata, propose_signature)) {
        return ERR_NOT_FOUND;
    }
    if (c.is_veto) {
        abi_rd_fixed(&r, MSPAN_OF(c.id.bytes));
        c.owner = abi_rd_bytes(&r);
    } else {
        TRY(owner_change_get(&r, &c.change));
    }
    c.signature = abi_rd_bytes(&r);
    if (!abi_rd_ok(&r)) {
        return ERR_MALFORMED;
    }
    *ret = c;
    return OK;
}

enum err owner_change_read(enum owner_call *ret_call,
                           struct owner_change *ret_change,
                           struct hash32 *ret_id,
                           struct span calldata)
{
    struct abi_rd r = abi_rd_init(span_from(calldata, ABI_SELECTOR_LEN));
    struct owner_carried c;
    if (is_call_of(calldata, apply_signature)) {
        TRY(owner_change_get(&r, &c.change));
        *ret_call = OWNER_CALL_APPLY;
        *ret_change = c.change;
        return OK;
    }
    TRY(owner_change_read_carried(&c, calldata));
    if (c.owner.n != 0 || c.signature.n != 0) {
        return ERR_MALFORMED;
    }
    *ret_call = c.is_veto ? OWNER_CALL_VETO : OWNER_CALL_PROPOSE;
    if (c.is_veto) {
        *ret_id = c.id;
    } else {
        *ret_change = c.change;
    }
    return OK;
}

enum err
owner_change_read_log(uint64_t *ret_ready_at, struct owner_change *ret_change, struct span data)
{
    struct abi_rd r = abi_rd_init(data);
    uint64_t ready_at = abi_rd_uint(&r, 64);
    if (!abi_rd_ok(&r)) {
        return ERR_MALFORMED;
    }
    TRY(owner_change_get(&r, ret_change));
    *ret_ready_at = ready_at;
    return OK;
}

enum err owner_change_read_owners(struct smart_owner *ret_owners,
                                  size_t *ret_count,
                                  size_t count_max,
                                  struct span data)
{
    struct abi_rd r = abi_rd_init(data);
    return owner_list_get(&r, ret_owners, ret_count, count_max);
}
