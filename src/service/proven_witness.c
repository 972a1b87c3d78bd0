/* The one place where a proven witness is made. */
#include "service/proven_witness.h"

#include "base/check.h"

MUST_CHECK static enum err
code_check(const struct account_state *state, const struct service_request *asked, struct span code)
{
    if (code.n > 0 || !state->exists) {
        return account_verify_code(&state->code_hash, code);
    }
    if (account_verify_code(&state->code_hash, code) == OK) {
        return OK; /* it has none */
    }
    return service_proof_is_known(asked, &state->code_hash) ? OK : ERR_TRUNCATED;
}

/* Each account is what an answer to ACCOUNT_PROOF would say of it, under the witness's header. */
MUST_CHECK static enum err account_verify_one(struct proven_account *ret,
                                              const struct hash32 *trusted,
                                              const struct service_request *asked,
                                              const struct proven_known *known,
                                              const struct service_witness_account *one)
{
    struct service_request r = {.type = SERVICE_ACCOUNT_PROOF,
                                .chain_id = asked->chain_id,
                                .block_hash = asked->block_hash,
                                .address = one->address,
                                .slots = one->slots,
                                .known = asked->known};
    TRY(proven_account_verify(ret, trusted, &r, known, &one->proof));
    return code_check(proven_account_state(ret), asked, one->code);
}

enum err proven_witness_verify(struct proven_witness *ret,
                               const struct hash32 *trusted,
                               const struct service_request *asked,
                               const struct proven_known *known,
                               const struct service_witness *answer)
{
    struct proven_account account;
    struct service_witness_account one;
    struct proven_known mine = *known;
    bool has_from = false;
    bool has_to = false;
    if (asked->type != SERVICE_CALL_WITNESS) {
        return ERR_STATE;
    }
    mine.header = answer->header.n > 0 ? answer->header : known->header;
    for (struct span rest = answer->body; service_witness_next(&one, &rest);) {
        TRY(account_verify_one(&account, trusted, asked, &mine, &one));
        has_from = has_from || address_equal(one.address, asked->from);
        has_to = has_to || address_equal(one.address, asked->address);
    }
    if (!has_from || !has_to) {
        return ERR_TRUNCATED;
    }
    ret->only_proven_witness_c.block =
        proven_account_block(&account); /* one block is all accounts' */
    ret->only_proven_witness_c.asked = *asked;
    ret->only_proven_witness_c.known = mine;
    ret->only_proven_witness_c.answer = *answer;
    ret->only_proven_witness_c.is_proven = true;
    return OK;
}

struct proven_block proven_witness_block(const struct proven_witness *p)
{
    check(p->only_proven_witness_c.is_proven);
    return p->only_proven_witness_c.block;
}

enum err proven_witness_account(struct proven_account *ret,
                                struct span *ret_code,
                                const struct proven_witness *p,
                                struct address address)
{
    check(p->only_proven_witness_c.is_proven);
    const struct service_request *asked = &p->only_proven_witness_c.asked;
    struct service_witness_account one;
    for (struct span rest = p->only_proven_witness_c.answer.body;
         service_witness_next(&one, &rest);) {
        if (address_equal(one.address, address)) {
            enum err err = account_verify_one(ret, &asked->block_hash, asked,
                                              &p->only_proven_witness_c.known, &one);
            check(err == OK); /* it was verified before */
            *ret_code = one.code;
            return OK;
        }
    }
    return ERR_NOT_FOUND;
}
