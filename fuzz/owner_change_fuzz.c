/* Calls, logs and answers about an account's owners, version, guardians and settings: whatever call is read is written back as it was. */
#include "base/buf.h"
#include "base/check.h"
#include "evm/account_recovery.h"
#include "evm/account_setting.h"
#include "evm/account_upgrade.h"
#include "evm/owner_change.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_call(struct span in)
{
    struct owner_change change;
    struct hash32 id;
    enum owner_call call;
    if (owner_change_read(&call, &change, &id, in) != OK) {
        return;
    }
    struct budget budget;
    struct buf out;
    budget_init(&budget, NULL, "fuzz", 1 << 20);
    buf_init(&out, &budget, 64 * 1024);
    enum err err = OK;
    switch (call) {
    case OWNER_CALL_PROPOSE: err = owner_change_propose(&out, &change); break;
    case OWNER_CALL_APPLY:   err = owner_change_apply(&out, &change); break;
    case OWNER_CALL_VETO:    err = owner_change_veto(&out, &id); break;
    }
    check(err == OK);
    /* The reader takes offsets in any order; what it took comes back in the one order that we write. */
    static struct owner_change again;
    struct hash32 id_again;
    enum owner_call call_again;
    check(owner_change_read(&call_again, &again, &id_again, buf_span(&out)) == OK);
    check(call == call_again);
    if (call != OWNER_CALL_VETO) {
        struct address account = {{1}};
        struct hash32 a;
        struct hash32 b;
        owner_change_id(&a, account, &change);
        owner_change_id(&b, account, &again);
        check(span_equal(SPAN_OF(a.bytes), SPAN_OF(b.bytes)));
    }
    buf_done(&out);
    budget_done(&budget);
}

/* What is signed apart: whatever is read comes back. */
static void check_carried(struct span in)
{
    static struct owner_carried a;
    static struct owner_carried b;
    struct smart_owner owner = {.len = 0};
    struct budget budget;
    struct buf out;
    if (owner_change_read_carried(&a, in) != OK || a.owner.n > sizeof owner.bytes) {
        return;
    }
    owner.len = span_copy(MSPAN_OF(owner.bytes), a.owner);
    budget_init(&budget, NULL, "fuzz", 1 << 20);
    buf_init(&out, &budget, 512 * 1024);
    check((a.is_veto ? owner_change_carry_veto(&out, &a.id, &owner, a.signature)
                     : owner_change_carry(&out, &a.change, a.signature)) == OK);
    check(owner_change_read_carried(&b, buf_span(&out)) == OK);
    check(a.is_veto == b.is_veto);
    check(span_equal(a.signature, b.signature));
    check(span_equal(a.owner, b.owner));
    buf_done(&out);
    budget_done(&budget);
}

static void check_upgrade(struct span in)
{
    enum upgrade_call call;
    enum upgrade_call call_again;
    struct account_upgrade u;
    struct account_upgrade again;
    if (account_upgrade_read(&call, &u, in) != OK) {
        return;
    }
    struct budget budget;
    struct buf out;
    budget_init(&budget, NULL, "fuzz", 1 << 16);
    buf_init(&out, &budget, 1024);
    check((call == UPGRADE_CALL_APPLY ? account_upgrade_apply(&out, &u)
                                      : account_upgrade_schedule(&out, &u)) == OK);
    check(account_upgrade_read(&call_again, &again, buf_span(&out)) == OK);
    check(call == call_again);
    check(u.attempt == again.attempt);
    check(address_equal(u.implementation, again.implementation));
    buf_done(&out);
    budget_done(&budget);
}

/* Of calls that an owner signs apart only the account's own form is written here. */
static void check_recovery(struct span in)
{
    enum recovery_call call;
    enum recovery_call call_again;
    static struct owner_change c;
    static struct owner_change c_again;
    struct span signature;
    struct span again;
    const struct smart_owner nobody = {.len = 0};
    struct budget budget;
    struct buf out;
    if (account_recovery_read(&call, &c, &signature, in) != OK) {
        return;
    }
    budget_init(&budget, NULL, "fuzz", 1 << 20);
    buf_init(&out, &budget, 512 * 1024);
    enum err err = OK;
    switch (call) {
    case RECOVERY_CALL_BEGIN:   err = account_recovery_begin(&out, &c, signature); break;
    case RECOVERY_CALL_APPLY:   err = account_recovery_apply(&out, &c); break;
    case RECOVERY_CALL_CANCEL:  err = account_recovery_cancel(&out, signature); break;
    case RECOVERY_CALL_PUT_OFF: err = account_recovery_put_off(&out, &nobody, signature); break;
    case RECOVERY_CALL_FREEZE:  err = account_recovery_freeze(&out, &nobody, signature); break;
    }
    if (err == OK) { /* else the input was longer than the room */
        check(account_recovery_read(&call_again, &c_again, &again, buf_span(&out)) == OK);
        check(call == call_again);
        check(c.sequence == c_again.sequence);
        check(span_equal(signature, again));
    }
    buf_done(&out);
    budget_done(&budget);
}

static void check_answers(struct span in)
{
    static struct account_guardians g;
    struct account_recovery a;
    if (account_guardians_decode(&g, in) == OK) {
        check(g.count <= GUARDIAN_COUNT_MAX);
        check(g.threshold <= g.count);
        check((g.threshold == 0) == (g.count == 0));
    }
    if (account_recovery_decode(&a, in) == OK) {
        check(a.vetoes <= RECOVERY_VETOES_MAX);
    }
}

static void check_setting(struct span in)
{
    static struct account_setting s; /* large */
    static struct account_setting again;
    if (account_setting_decode(&s, in) != OK) {
        return;
    }
    struct budget budget;
    struct buf out;
    budget_init(&budget, NULL, "fuzz", 1 << 16);
    buf_init(&out, &budget, ACCOUNT_SETTING_LEN_MAX);
    check(account_setting_encode(&out, &s) == OK);
    check(account_setting_decode(&again, buf_span(&out)) == OK);
    check(s.kind == again.kind);
    check(s.guardians.count == again.guardians.count);
    check(s.guardians.threshold == again.guardians.threshold);
    check(s.guardians.delay_s == again.guardians.delay_s);
    check(address_equal(s.token, again.token));
    check(u256_equal(s.amount, again.amount));
    check(s.period_s == again.period_s);
    check(address_equal(s.to, again.to));
    buf_done(&out);
    budget_done(&budget);
}

static void check_proposal(struct span in)
{
    enum proposal_call call;
    struct account_proposal p;
    if (account_proposal_read(&call, &p, in) == OK) {
        check(p.call.n <= in.n);
        check_setting(p.call);
    }
}

static void check_signatures(struct span in)
{
    struct smart_signature all[4];
    size_t count = 0;
    if (smart_account_signatures(all, &count, 4, in) == OK) {
        check(count > 0);
        check(count <= 4);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = span_of(data, size);
    struct owner_change change;
    static struct smart_owner owners[16];
    size_t count = 0;
    uint64_t ready_at;
    check_call(in);
    check_carried(in);
    check_upgrade(in);
    check_proposal(in);
    check_setting(in);
    check_signatures(in);
    check_recovery(in);
    check_answers(in);
    (void)!owner_change_read_log(&ready_at, &change, in);
    if (owner_change_read_owners(owners, &count, 16, in) == OK) {
        check(count <= 16);
    }
    return 0;
}
