/* The one place where a proven value is made. */
#include "service/proven.h"

#include "base/check.h"
#include "evm/header.h"

#include <string.h>

/* block_read gives what is to be known of the trusted block, from the answer's header or what the client has. */
MUST_CHECK static enum err block_read(struct proven_head *ret,
                                      const struct hash32 *trusted,
                                      const struct proven_known *known,
                                      struct span rlp)
{
    struct header h;
    if (rlp.n == 0 && known->head) {
        *ret = *known->head;
        return hash32_equal(trusted, &ret->block.hash) ? OK : ERR_AUTH;
    }
    TRY(header_verify(&h, trusted, rlp));
    *ret = (struct proven_head){
        .block = {.hash = h.hash,
                  .number = h.number,
                  .time_s = h.timestamp,
                  .base_fee = h.base_fee},
        .state_root = h.state_root
    };
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

enum err proven_account_verify(struct proven_account *ret,
                               const struct hash32 *trusted,
                               const struct service_request *asked,
                               const struct proven_known *known,
                               const struct service_proof *answer)
{
    if (asked->type != SERVICE_ACCOUNT_PROOF || !hash32_equal(trusted, &asked->block_hash)) {
        return ERR_STATE;
    }
    if (asked->slots.n / 32 > SERVICE_SLOTS_MAX || answer->slots_count != asked->slots.n / 32) {
        return ERR_MALFORMED;
    }
    struct proven_head head;
    *ret = (struct proven_account){.only_proven_c = {.address = asked->address}};
    TRY(block_read(&head, trusted, known, answer->header.n > 0 ? answer->header : known->header));
    ret->only_proven_c.block = head.block;
    TRY(account_read(&ret->only_proven_c.state, &head.state_root, asked, &known->nodes, answer));
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
    return p->only_proven_c.block;
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
