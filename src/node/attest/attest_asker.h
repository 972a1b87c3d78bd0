#ifndef NODE_ATTEST_ASKER_H
#define NODE_ATTEST_ASKER_H

#include "base/budget.h"
#include "base/rng.h"
#include "p2p/host.h"
#include "tee/appraisal.h"

/* Who asks peers what their machines prove, and judges it under a policy: attest_host.h with the verifiers of src/tee behind it. Its inside stays its own, as
 * the names of src/tee and of src/wallet meet. */
struct attest_asker;

enum attest_end { ATTEST_END_ACCEPTED, ATTEST_END_REFUSED, ATTEST_END_NOTHING, ATTEST_END_BROKEN };

struct attest_verdict {
    enum attest_end end;
    enum tee_level level; /* ACCEPTED */
    enum tee_kind kind;   /* ACCEPTED, REFUSED */
    enum appraisal_step
        step; /* REFUSED; STEP_BINDING also where the session key does not sign for this connection */
    walltime expires; /* ACCEPTED: until then */
};

struct attest_asker_cfg {
    struct host *host; /* must outlive the asker, as all here */
    struct budget *budget;
    struct rng *rng;
    struct span policy; /* text of tee/policy.h, copied; empty: ATTEST_ASKER_POLICY */
    uint64_t (*unix_s)(void *user);
    void (*on_end)(void *user, const struct peer_id *peer, const struct attest_verdict *v);
    void *user;
};

/* Without a policy of the person's own: genuine hardware of any kind, whatever runs on it. So no level above hardware-attested follows from it; and a TPM
 * must be shown to be one. */
extern const char ATTEST_ASKER_POLICY[];

/* The protocol's name, for host_peer_speaks. */
extern const char ATTEST_ASKER_PROTOCOL[];

/* attest_asker_new: ERR_MALFORMED with *why (may be NULL): the policy. ERR_LIMIT. attest_asker_free: NULL is allowed. */
MUST_CHECK enum err
attest_asker_new(struct attest_asker **ret, const struct attest_asker_cfg *cfg, struct diag *why);
void attest_asker_free(struct attest_asker *a);

/* attest_asker_ask: on_end follows. Errors of attest_host_ask. */
MUST_CHECK enum err attest_asker_ask(struct attest_asker *a, const struct peer_id *peer);

#endif
