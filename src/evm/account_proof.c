/* Account and storage proofs (EIP-1186) over the secure tries of the state (yellow paper, 4.1). */
#include "evm/account_proof.h"

#include "crypto/keccak.h"
#include "evm/rlp.h"

/* Keccak-256 of nothing. */
const struct hash32 account_empty_code_hash = {
    .bytes = {0xc5, 0xd2, 0x46, 0x01, 0x86, 0xf7, 0x23, 0x3c, 0x92, 0x7e, 0x7d,
              0xb2, 0xdc, 0xc7, 0x03, 0xc0, 0xe5, 0x00, 0xb6, 0x53, 0xca, 0x82,
              0x27, 0x3b, 0x7b, 0xfa, 0xd8, 0x04, 0x5d, 0x85, 0xa4, 0x70}
};

/* verify_hashed follows the hash of key, which the secure tries use as their key. */
MUST_CHECK static enum err verify_hashed(struct mpt_answer *ret,
                                         const struct hash32 *root,
                                         struct span key,
                                         const struct mpt_proof *proof)
{
    if (proof->nodes_count > MPT_PROOF_NODES_MAX) {
        return ERR_LIMIT;
    }
    for (size_t i = 0; i < proof->nodes_count; i++) {
        if (proof->nodes[i].n > ACCOUNT_NODE_LEN_MAX) {
            return ERR_LIMIT;
        }
    }
    struct hash32 hash;
    keccak256(&hash, key);
    return mpt_verify(ret, root, SPAN_OF(hash.bytes), proof);
}

enum err account_verify(struct account_state *ret_account,
                        const struct hash32 *state_root,
                        struct address address,
                        const struct mpt_proof *proof)
{
    /* SPEC eips/EIP-1186 §"Specification": the proof of an account goes from the state root to the value under the
     * Keccak-256 of the address, which is nonce, balance, storage root, code hash. */
    struct mpt_answer answer;
    TRY(verify_hashed(&answer, state_root, SPAN_OF(address.bytes), proof));
    if (!answer.is_present) {
        *ret_account = (struct account_state){.storage_root = mpt_empty_root,
                                              .code_hash = account_empty_code_hash};
        return OK;
    }
    struct rlp_rd r = rlp_rd_list(answer.value);
    struct account_state a = {.exists = true};
    a.nonce = rlp_rd_u64(&r);
    a.balance = rlp_rd_u256(&r);
    rlp_rd_fixed(&r, MSPAN_OF(a.storage_root.bytes));
    rlp_rd_fixed(&r, MSPAN_OF(a.code_hash.bytes));
    if (!rlp_rd_end(&r)) {
        return ERR_MALFORMED;
    }
    *ret_account = a;
    return OK;
}

enum err account_verify_slot(struct u256 *ret_value,
                             const struct hash32 *storage_root,
                             const uint8_t slot[static 32],
                             const struct mpt_proof *proof)
{
    struct mpt_answer answer;
    TRY(verify_hashed(&answer, storage_root, span_of(slot, 32), proof));
    if (!answer.is_present) {
        *ret_value = U256_ZERO;
        return OK;
    }
    struct span in = answer.value;
    struct rlp_item item;
    struct u256 value;
    if (rlp_next(&item, &in) != OK || item.is_list || in.n > 0 ||
        u256_from_be(&value, item.payload) != OK) {
        return ERR_MALFORMED;
    }
    /* SPEC ethereum/yellowpaper §"4.1. World State": values have no leading zeros, and a slot that holds zero is not in
     * the trie. anvil keeps one that was read there, as an empty string: under a trusted root that says zero as well. */
    if (item.payload.n > 0 && item.payload.p[0] == 0) {
        return ERR_MALFORMED;
    }
    *ret_value = value;
    return OK;
}

enum err account_verify_code(const struct hash32 *code_hash, struct span code)
{
    struct hash32 got;
    keccak256(&got, code);
    return span_equal(SPAN_OF(got.bytes), SPAN_OF(code_hash->bytes)) ? OK : ERR_AUTH;
}
