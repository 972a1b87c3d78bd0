/* A transfer in the form that is signed: a user operation of a smart account, a transaction of an ordinary one. */
#include "base/arith.h"
#include "base/check.h"
#include "crypto/keccak.h"
#include "evm/abi.h"
#include "evm/smart_account.h"
#include "evm/tx.h"
#include "evm/userop.h"
#include "wallet/engine.h"
#include "wallet/fee.h"

enum {
    CALL_DATA_LEN_MAX = 512 + RECOVERY_CALL_LEN_MAX,
    INIT_CODE_LEN_MAX = 8192,
    REPLACE_PERCENT = 15
};

void draft_done(struct draft *d)
{
    buf_done(&d->encoded);
}

static struct u256 plus_percent(struct u256 v, uint64_t percent)
{
    struct u256_quotient q;
    if (u256_divmod(&q, u256_mul_sat(v, u256_from_u64(100 + percent)), u256_from_u64(100)) != OK) {
        return v;
    }
    return u256_add_sat(q.quotient, u256_from_u64(1));
}

static struct u256 larger(struct u256 a, struct u256 b)
{
    return u256_compare(a, b) > 0 ? a : b;
}

/* A replacement has the nonce of what it replaces and pays clearly more, or no server takes it. */
static enum err outbid_userop(struct wallet *w, const struct task *task, struct userop *op)
{
    const struct open_operation *old = track_find(w, task->replaces);
    struct userop before;
    if (!old || userop_decode(&before, buf_span(&old->op->userop)) != OK) {
        return ERR_STATE;
    }
    op->nonce = before.nonce;
    op->max_fee_per_gas =
        larger(op->max_fee_per_gas, plus_percent(before.max_fee_per_gas, REPLACE_PERCENT));
    op->max_priority_fee_per_gas =
        larger(op->max_priority_fee_per_gas,
               plus_percent(before.max_priority_fee_per_gas, REPLACE_PERCENT));
    op->call_gas_limit = larger(op->call_gas_limit, before.call_gas_limit);
    op->verification_gas_limit = larger(op->verification_gas_limit, before.verification_gas_limit);
    return OK;
}

struct smart_call draft_call(const struct task *task, uint8_t room[static 68])
{
    const struct transfer *x = &task->transfer;
    if (task->long_call) {
        return (struct smart_call){.to = x->to, .data = buf_span(task->long_call)};
    }
    if (task->call_len > 0) {
        return (struct smart_call){.to = x->to, .data = span_of(task->call, task->call_len)};
    }
    if (address_is_zero(x->token)) {
        return (struct smart_call){.to = x->to, .value = x->amount};
    }
    abi_selector(room, SPAN_LIT("transfer(address,uint256)"));
    span_copy(mspan_of(room + 4, 12), SPAN_OF(((uint8_t[12]){0})));
    span_copy(mspan_of(room + 16, 20), SPAN_OF(x->to.bytes));
    u256_to_be(room + 36, x->amount);
    return (struct smart_call){.to = x->token, .data = span_of(room, 68)};
}

enum err draft_call_data(struct buf *out, const struct task *task)
{
    uint8_t room[68];
    struct smart_call call = draft_call(task, room);
    if (!task->is_within) {
        return smart_account_execute(out, &call, 1);
    }
    /* The account may not be called by itself with nothing, which is what a cancellation is: then there is no call at all. */
    return smart_account_within(out, &call, task->operation_kind == OPERATION_CANCEL ? 0 : 1);
}

static enum err
build_init_code(struct wallet *w, const struct account *a, const struct network *n, struct buf *out)
{
    struct smart_owner owners[OWNER_COUNT_MAX];
    size_t count = 0;
    for (size_t i = 0; i < a->owner_count; i++) {
        if (!a->owners[i].is_added) {
            owners[count++] = smart_owner_passkey(n->verifier, a->owners[i].public_key,
                                                  span_str(a->owners[i].origin));
        }
    }
    smart_owners_sort(owners, count);
    struct smart_account makeup = {
        .owners = owners, .owner_count = count, .threshold = a->threshold};
    span_copy(MSPAN_OF(makeup.salt), SPAN_OF(a->salt));
    struct address address;
    TRY(smart_account_address(&address, &makeup, n->factory, &w->scratch));
    if (BUG(!address_equal(address, a->address))) {
        return ERR_INTERNAL;
    }
    TRY(buf_append(out, SPAN_OF(n->factory.bytes)));
    return smart_account_create(out, &makeup);
}

/* Everything of an operation but its limits; init_code and call_data hold the bytes that ret_op's spans point to. */
struct smart_draft {
    struct buf init_code;
    struct buf call_data;
    struct userop op;
};

static void smart_draft_done(struct smart_draft *d)
{
    buf_done(&d->init_code);
    buf_done(&d->call_data);
}

static enum err smart_draft_build(struct wallet *w,
                                  struct smart_draft *d,
                                  const struct task *task,
                                  const struct view *v)
{
    const struct account *a = wallet_account(w, task->transfer.account);
    const struct network *n = wallet_network(w, task->transfer.network);
    buf_init(&d->init_code, &w->budget, INIT_CODE_LEN_MAX);
    buf_init(&d->call_data, &w->budget, CALL_DATA_LEN_MAX);
    TRY(draft_call_data(&d->call_data, task));
    if (!v->is_deployed) {
        TRY(build_init_code(w, a, n, &d->init_code));
    }
    struct fee_per_gas fee = fee_per_gas_for(v, task->transfer.speed);
    d->op = (struct userop){
        .sender = a->address,
        .nonce = figure_value(&v->nonce),
        .init_code = buf_span(&d->init_code),
        .call_data = buf_span(&d->call_data),
        .max_fee_per_gas = fee.max,
        .max_priority_fee_per_gas = fee.priority,
    };
    struct fee_facts facts = {
        .view = v,
        .is_within = task->is_within,
        .signers = task->is_within ? 1 : (size_t)wallet_threshold(w, a, n->id),
    };
    uint64_t gas = 0;
    if (!u256_is_zero(task->trial_gas) && u256_to_u64(&gas, task->trial_gas) == OK) {
        facts.call_gas = gas;
    }
    return fee_fill_limits(&d->op, &facts, &w->scratch);
}

static enum err make_userop(struct wallet *w,
                            struct draft *d,
                            struct smart_draft *smart,
                            const struct task *task,
                            const struct view *v)
{
    const struct network *n = wallet_network(w, task->transfer.network);
    TRY(smart_draft_build(w, smart, task, v));
    if (task->kind == TASK_REPLACE) {
        TRY(outbid_userop(w, task, &smart->op));
    }
    d->fee_max = userop_fee_max(&smart->op);
    d->sender = smart->op.sender;
    d->creates_account = smart->op.init_code.n > 0;
    struct userop_domain domain = {.entry_point = n->entry_point,
                                   .chain_id = u256_from_u64(n->chain_id)};
    TRY(userop_hash(&d->hash, &smart->op, &domain));
    return userop_encode(&smart->op, &d->encoded);
}

/* ---- an ordinary account's transaction ---- */

static uint64_t gas_of(const struct task *task, const struct smart_call *call)
{
    uint64_t tried = 0;
    if (u256_is_zero(task->trial_gas) || u256_to_u64(&tried, task->trial_gas) != OK) {
        return call->data.n > 0 ? GAS_CALL_UNTRIED : GAS_TRANSFER;
    }
    return tried <= GAS_TRANSFER ? GAS_TRANSFER : add_sat_u64(tried, tried / 4);
}

static enum err outbid_tx(struct wallet *w, const struct task *task, struct tx *tx)
{
    const struct open_operation *old = track_find(w, task->replaces);
    struct tx before;
    if (!old || !old->op->is_transaction || tx_decode(&before, buf_span(&old->op->userop)) != OK) {
        return ERR_STATE;
    }
    tx->nonce = before.nonce;
    tx->max_fee_per_gas =
        larger(tx->max_fee_per_gas, plus_percent(before.max_fee_per_gas, REPLACE_PERCENT));
    tx->max_priority_fee_per_gas =
        larger(tx->max_priority_fee_per_gas,
               plus_percent(before.max_priority_fee_per_gas, REPLACE_PERCENT));
    if (task->operation_kind == OPERATION_SPEED_UP && before.gas_limit > tx->gas_limit) {
        tx->gas_limit = before.gas_limit;
    }
    return OK;
}

static enum err
make_tx(struct wallet *w, struct draft *d, const struct task *task, const struct view *v)
{
    const struct account *a = wallet_account(w, task->transfer.account);
    uint8_t room[68];
    struct smart_call call = draft_call(task, room);
    struct fee_per_gas fee = fee_per_gas_for(v, task->transfer.speed);
    struct tx tx = {
        .type = TX_FEE_MARKET,
        .has_chain_id = true,
        .chain_id = wallet_network(w, task->transfer.network)->chain_id,
        .max_fee_per_gas = fee.max,
        .max_priority_fee_per_gas = fee.priority,
        .gas_limit = gas_of(task, &call),
        .has_to = true,
        .to = call.to,
        .value = call.value,
        .data = call.data,
    };
    TRY(u256_to_u64(&tx.nonce, figure_value(&v->nonce)));
    if (task->kind == TASK_REPLACE) {
        TRY(outbid_tx(w, task, &tx));
    }
    d->is_transaction = true;
    d->sender = a->address;
    d->fee_max = u256_mul_sat(tx.max_fee_per_gas, u256_from_u64(tx.gas_limit));
    TRY(tx_encode(&tx, &d->encoded));
    keccak256(&d->hash, buf_span(&d->encoded)); /* unsigned: what is hashed for signing */
    return OK;
}

enum err draft_make(struct wallet *w, struct draft *d, struct task *task, const struct view *v)
{
    const struct account *a = wallet_account(w, task->transfer.account);
    enum err err;
    buf_init(&d->encoded, &w->budget, OPERATION_USEROP_LEN_MAX);
    if (account_is_ordinary(a)) {
        err = make_tx(w, d, task, v);
    } else {
        struct smart_draft smart = {0};
        err = make_userop(w, d, &smart, task, v);
        smart_draft_done(&smart);
        if (err == OK && task->is_within && !limit_allows(w, v, task, d->fee_max)) {
            task->is_within = false; /* its fee is too much for one owner */
            buf_clear(&d->encoded);
            smart = (struct smart_draft){0};
            err = make_userop(w, d, &smart, task, v);
            smart_draft_done(&smart);
        }
    }
    if (err == ERR_STATE && task->kind == TASK_REPLACE) {
        coded_set(&task->result.why, "not_replaceable");
    }
    return err;
}
