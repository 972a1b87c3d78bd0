/* Operations: their states, and small things about them. */
#include "wallet/operation.h"

#include "base/check.h"
#include "base/mem.h"
#include "codec/base64.h"
#include "evm/smart_account.h"
#include "evm/userop.h"

#include <stdio.h>

const char *operation_kind_name(enum operation_kind kind)
{
    switch (kind) {
    case OPERATION_SEND:               return "send";
    case OPERATION_SPEED_UP:           return "speed_up";
    case OPERATION_CANCEL:             return "cancel";
    case OPERATION_RECEIVE:            return "receive";
    case OPERATION_OWNER_ADD:          return "owner_add";
    case OPERATION_OWNER_REMOVE:       return "owner_remove";
    case OPERATION_OWNER_APPLY:        return "owner_apply";
    case OPERATION_OWNER_VETO:         return "owner_veto";
    case OPERATION_UPGRADE_BEGIN:      return "upgrade_begin";
    case OPERATION_UPGRADE_APPLY:      return "upgrade_apply";
    case OPERATION_UPGRADE_VETO:       return "upgrade_veto";
    case OPERATION_THRESHOLD_BEGIN:    return "threshold_begin";
    case OPERATION_THRESHOLD_APPLY:    return "threshold_apply";
    case OPERATION_THRESHOLD_VETO:     return "threshold_veto";
    case OPERATION_GUARDIANS_BEGIN:    return "guardians_begin";
    case OPERATION_GUARDIANS_APPLY:    return "guardians_apply";
    case OPERATION_GUARDIANS_VETO:     return "guardians_veto";
    case OPERATION_LIMIT_BEGIN:        return "limit_begin";
    case OPERATION_LIMIT_APPLY:        return "limit_apply";
    case OPERATION_LIMIT_VETO:         return "limit_veto";
    case OPERATION_KNOWN_BEGIN:        return "known_begin";
    case OPERATION_KNOWN_APPLY:        return "known_apply";
    case OPERATION_KNOWN_VETO:         return "known_veto";
    case OPERATION_LIMIT_LOWER:        return "limit_lower";
    case OPERATION_KNOWN_FORGET:       return "known_forget";
    case OPERATION_RECOVERY_BEGIN:     return "recovery_begin";
    case OPERATION_RECOVERY_APPLY:     return "recovery_apply";
    case OPERATION_RECOVERY_PUT_OFF:   return "recovery_put_off";
    case OPERATION_RECOVERY_FREEZE:    return "recovery_freeze";
    case OPERATION_SESSION_ADD:        return "session_add";
    case OPERATION_SESSION_END:        return "session_end";
    case OPERATION_OWNERS_CARRY:       return "owners_carry";
    case OPERATION_OWNERS_CARRY_APPLY: return "owners_carry_apply";
    case OPERATION_OWNERS_CARRY_VETO:  return "owners_carry_veto";
    case OPERATION_COSIGNER_BEGIN:     return "cosigner_begin";
    case OPERATION_COSIGNER_APPLY:     return "cosigner_apply";
    case OPERATION_COSIGNER_VETO:      return "cosigner_veto";
    case OPERATION_RECOVERY_CANCEL:    return "recovery_cancel";
    case OPERATION_RECOVERY_HOLD:      return "recovery_hold";
    case OPERATION_KIND_COUNT:         break;
    }
    return "send";
}

const char *operation_state_name(enum operation_state state)
{
    static const char *const names[OPERATION_STATE_COUNT] = {
        "prepared", "signed",   "submitted", "included",  "final",
        "failed",   "replaced", "expired",   "cancelled",
    };
    check(state < OPERATION_STATE_COUNT);
    return names[state];
}

bool operation_is_own_call(enum operation_kind kind)
{
    return operation_is_owners(kind) || operation_is_upgrade(kind) || operation_is_setting(kind) ||
           operation_is_recovery(kind) || operation_is_session(kind) || operation_is_carry(kind);
}

bool operation_is_setting(enum operation_kind kind)
{
    return kind >= OPERATION_GUARDIANS_BEGIN && kind <= OPERATION_KNOWN_FORGET;
}

bool operation_is_session(enum operation_kind kind)
{
    return kind == OPERATION_SESSION_ADD || kind == OPERATION_SESSION_END;
}

bool operation_is_carry(enum operation_kind kind)
{
    return kind >= OPERATION_OWNERS_CARRY && kind <= OPERATION_OWNERS_CARRY_VETO;
}

bool operation_begins(enum operation_kind kind)
{
    return kind == OPERATION_OWNER_REMOVE || kind == OPERATION_UPGRADE_BEGIN ||
           kind == OPERATION_THRESHOLD_BEGIN || kind == OPERATION_GUARDIANS_BEGIN ||
           kind == OPERATION_LIMIT_BEGIN || kind == OPERATION_KNOWN_BEGIN ||
           kind == OPERATION_COSIGNER_BEGIN;
}

bool operation_is_threshold(enum operation_kind kind)
{
    return kind >= OPERATION_THRESHOLD_BEGIN && kind <= OPERATION_THRESHOLD_VETO;
}

bool operation_is_cosigner(enum operation_kind kind)
{
    return kind >= OPERATION_COSIGNER_BEGIN && kind <= OPERATION_COSIGNER_VETO;
}

bool operation_is_recovery(enum operation_kind kind)
{
    return (kind >= OPERATION_RECOVERY_BEGIN && kind <= OPERATION_RECOVERY_FREEZE) ||
           kind == OPERATION_RECOVERY_CANCEL || kind == OPERATION_RECOVERY_HOLD;
}

bool operation_is_upgrade(enum operation_kind kind)
{
    return kind >= OPERATION_UPGRADE_BEGIN && kind <= OPERATION_UPGRADE_VETO;
}

bool operation_is_owners(enum operation_kind kind)
{
    return (kind >= OPERATION_OWNER_ADD && kind <= OPERATION_OWNER_VETO) ||
           operation_is_threshold(kind) || operation_is_cosigner(kind);
}

bool operation_is_over(enum operation_state state)
{
    return state >= OPERATION_FINAL;
}

bool operation_may_go(enum operation_state from, enum operation_state to)
{
    switch (from) {
    case OPERATION_PREPARED:
        return to == OPERATION_SIGNED || to == OPERATION_EXPIRED || to == OPERATION_CANCELLED;
    case OPERATION_SIGNED:
        return to == OPERATION_SUBMITTED || to == OPERATION_INCLUDED || to == OPERATION_FAILED ||
               to == OPERATION_REPLACED;
    case OPERATION_SUBMITTED:
        return to == OPERATION_INCLUDED || to == OPERATION_FAILED || to == OPERATION_REPLACED;
    case OPERATION_INCLUDED:    return to == OPERATION_FINAL || to == OPERATION_SUBMITTED;
    case OPERATION_FINAL:
    case OPERATION_FAILED:
    case OPERATION_REPLACED:
    case OPERATION_EXPIRED:
    case OPERATION_CANCELLED:
    case OPERATION_STATE_COUNT: break;
    }
    return false;
}

enum { ID_TIME_LEN = 6, ID_RAW_LEN = 16 };

/* make_id overwrites the first bytes of raw with the time. */
static struct id make_id(uint8_t raw[static ID_RAW_LEN], uint64_t at_ms)
{
    for (size_t i = 0; i < ID_TIME_LEN; i++) {
        raw[i] = (uint8_t)(at_ms >> (8 * (ID_TIME_LEN - 1 - i)));
    }
    struct id id = {0};
    struct wr w = wr_init(mspan_of(id.text, ID_LEN));
    base64_encode(&w, BASE64_URL_BARE, span_of(raw, ID_RAW_LEN));
    check(wr_ok(&w));
    return id;
}

struct id operation_id(struct rng *rng, uint64_t at_ms)
{
    uint8_t raw[ID_RAW_LEN];
    rng_fill(rng, MSPAN_OF(raw));
    return make_id(raw, at_ms);
}

struct id operation_id_of(uint64_t at_ms, const struct span *facts, size_t facts_count)
{
    struct hash32 hash;
    sha256_of(&hash, facts, facts_count);
    return make_id(hash.bytes, at_ms);
}

enum err operation_key(uint8_t ret_key[static 16], struct id id)
{
    uint8_t raw[ID_RAW_LEN];
    struct wr w = wr_init(MSPAN_OF(raw));
    TRY(base64_decode(&w, BASE64_URL_BARE, id_span(&id)));
    if (w.n != ID_RAW_LEN) {
        return ERR_MALFORMED;
    }
    span_copy(mspan_of(ret_key, ID_RAW_LEN), SPAN_OF(raw));
    return OK;
}

enum err operation_new(struct operation **ret, struct budget *budget)
{
    void *p;
    TRY(mem_alloc(budget, &p, sizeof **ret));
    *ret = p;
    buf_init(&(*ret)->userop, budget, OPERATION_USEROP_LEN_MAX);
    return OK;
}

void operation_free(struct operation *op)
{
    if (op) {
        struct budget *budget = op->userop.budget;
        buf_done(&op->userop);
        mem_free(budget, op, sizeof *op);
    }
}

void operation_auto(struct operation **op)
{
    operation_free(*op);
}

void operation_go(struct operation *op, struct step_args args)
{
    check(operation_may_go(op->state, args.state));
    op->state = args.state;
    op->updated_ms = args.at_ms;
    op->revision++;
    if (op->step_count == OPERATION_STEP_COUNT_MAX) {
        /* Only a chain that keeps replacing its blocks comes here: keep the first and the newest steps. */
        op->step_count--;
    }
    struct step *s = &op->steps[op->step_count++];
    *s = (struct step){.state = args.state, .at_ms = args.at_ms, .block = args.block};
    text_set(s->by, sizeof s->by, args.by);
}

const struct risk *operation_find_risk(const struct operation *op, struct span code)
{
    for (size_t i = 0; i < op->risk_count; i++) {
        if (span_equal(code, span_str(op->risks[i].what.code))) {
            return &op->risks[i];
        }
    }
    return NULL;
}

void operation_add_risk(struct operation *op, const struct risk *risk)
{
    if (op->risk_count < OPERATION_RISK_COUNT_MAX &&
        !operation_find_risk(op, span_str(risk->what.code))) {
        op->risks[op->risk_count++] = *risk;
    }
}

bool operation_is_within(const struct operation *op)
{
    struct userop userop;
    return !op->is_transaction && op->userop.n > 0 &&
           userop_decode(&userop, buf_span(&op->userop)) == OK &&
           smart_account_is_within(userop.call_data);
}

enum err operation_own_call(struct span *ret, const struct operation *op)
{
    struct userop userop;
    struct smart_call call;
    size_t count = 0;
    if (!operation_is_own_call(op->kind) || op->is_transaction) {
        return ERR_MALFORMED;
    }
    TRY(userop_decode(&userop, buf_span(&op->userop)));
    TRY(smart_account_is_within(userop.call_data)
            ? smart_account_within_calls(&call, &count, 1, userop.call_data)
            : smart_account_calls(&call, &count, 1, userop.call_data));
    if (count != 1) {
        return ERR_MALFORMED;
    }
    *ret = call.data;
    return OK;
}

void operation_check_code(char ret[static 10], const struct operation *op)
{
    const uint8_t *h = op->userop_hash.bytes;
    (void)snprintf(ret, 10, "%02X%02X-%02X%02X", h[0], h[1], h[2], h[3]);
}
