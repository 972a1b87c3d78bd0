/* The one place where a proven value is made. */
#include "service/proven.h"

#include "base/check.h"
#include "evm/header.h"

#include <string.h>

/* header_read gives the state root of the trusted block, from the answer's header or the client's own. */
MUST_CHECK static enum err header_read(struct proven_account *p,
                                       struct hash32 *ret_root,
                                       const struct hash32 *trusted,
                                       struct span rlp)
{
    struct header h;
    TRY(header_verify(&h, trusted, rlp));
    p->only_proven_c.block_hash = h.hash;
    p->only_proven_c.block_number = h.number;
    p->only_proven_c.block_time_s = h.timestamp;
    p->only_proven_c.base_fee = h.base_fee;
    *ret_root = h.state_root;
    return OK;
}

MUST_CHECK static enum err account_read(struct account_state *ret,
                                        const struct hash32 *root,
                                        const struct service_request *asked,
                                        const struct mpt_proof *known,
                                        const struct service_proof *answer)
{
    struct span room[MPT_PROOF_NODES_MAX];
    struct mpt_proof path;
    TRY(service_proof_path(&path, room, answer, answer->account, known));
    return account_verify(ret, root, asked->address, &path);
}

MUST_CHECK static enum err slot_read(struct proven_account *p,
                                     size_t i,
                                     const struct mpt_proof *known,
                                     const struct service_proof *answer)
{
    struct span room[MPT_PROOF_NODES_MAX];
    struct mpt_proof path;
    TRY(service_proof_path(&path, room, answer, answer->slots[i], known));
    return account_verify_slot(&p->only_proven_c.values[i], &p->only_proven_c.state.storage_root,
                               p->only_proven_c.keys[i], &path);
}

static bool hash_equal(const struct hash32 *a, const struct hash32 *b)
{
    return span_equal(SPAN_OF(a->bytes), SPAN_OF(b->bytes));
}

enum err proven_account_verify(struct proven_account *ret,
                               const struct hash32 *trusted,
                               const struct service_request *asked,
                               const struct proven_known *known,
                               const struct service_proof *answer)
{
    if (asked->type != SERVICE_ACCOUNT_PROOF || !hash_equal(trusted, &asked->block_hash)) {
        return ERR_STATE;
    }
    if (asked->slots.n / 32 > SERVICE_SLOTS_MAX || answer->slots_count != asked->slots.n / 32) {
        return ERR_MALFORMED;
    }
    struct hash32 root;
    *ret = (struct proven_account){.only_proven_c = {.address = asked->address}};
    TRY(header_read(ret, &root, trusted, answer->header.n > 0 ? answer->header : known->header));
    TRY(account_read(&ret->only_proven_c.state, &root, asked, &known->nodes, answer));
    for (size_t i = 0; i < answer->slots_count; i++) {
        memcpy(ret->only_proven_c.keys[i], asked->slots.p + 32 * i, 32);
        TRY(slot_read(ret, i, &known->nodes, answer));
    }
    ret->only_proven_c.slots_count = answer->slots_count;
    ret->only_proven_c.is_proven = true;
    return OK;
}

const struct account_state *proven_account_state(const struct proven_account *p)
{
    check(p->only_proven_c.is_proven);
    return &p->only_proven_c.state;
}

struct address proven_account_address(const struct proven_account *p)
{
    check(p->only_proven_c.is_proven);
    return p->only_proven_c.address;
}

struct proven_block proven_account_block(const struct proven_account *p)
{
    check(p->only_proven_c.is_proven);
    return (struct proven_block){.hash = p->only_proven_c.block_hash,
                                 .number = p->only_proven_c.block_number,
                                 .time_s = p->only_proven_c.block_time_s,
                                 .base_fee = p->only_proven_c.base_fee};
}

enum err proven_account_slot(struct u256 *ret_value,
                             const struct proven_account *p,
                             const uint8_t slot[static 32])
{
    check(p->only_proven_c.is_proven);
    for (size_t i = 0; i < p->only_proven_c.slots_count; i++) {
        if (memcmp(p->only_proven_c.keys[i], slot, 32) == 0) {
            *ret_value = p->only_proven_c.values[i];
            return OK;
        }
    }
    return ERR_NOT_FOUND;
}
