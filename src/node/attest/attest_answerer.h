#ifndef NODE_ATTEST_ANSWERER_H
#define NODE_ATTEST_ANSWERER_H

#include "base/budget.h"
#include "base/instant.h"
#include "base/rng.h"
#include "crypto/hash.h"
#include "p2p/host.h"

/* Who answers peers that ask what this machine proves: attest_host.h, a session key, and evidence that names it. Evidence is made by somebody else (passmesh-tpm, which asks whatever this machine has)
 * in two steps; until it is there, and where there is none, the answer is that there is nothing. Its inside stays its own, as the names of src/tee and
 * of src/wallet meet. */
struct attest_answerer;

enum { ATTEST_ANSWERER_LIFE_S = 3600 /* of a session key; make the next one well before */ };

struct attest_answerer_cfg {
    struct host *host; /* must outlive the answerer, as all here */
    struct budget *budget;
    struct rng *rng;
};

/* attest_answerer_new: ERR_LIMIT. attest_answerer_free: NULL is allowed; wipes. */
MUST_CHECK enum err attest_answerer_new(struct attest_answerer **ret,
                                        const struct attest_answerer_cfg *cfg);
void attest_answerer_free(struct attest_answerer *a);

/* attest_answerer_prepare draws the next session key and gives what evidence must be bound to (attest_binding). attest_answerer_adopt takes that evidence (tee/evidence.h): who asks from now on gets
 * it. ERR_LIMIT: it is too long; ERR_STATE: nothing was prepared; ERR_MALFORMED: it is no evidence; ERR_AUTH: it is bound to something else. */
void attest_answerer_prepare(struct attest_answerer *a,
                             uint8_t ret_binding[static 64],
                             walltime now);
MUST_CHECK enum err attest_answerer_adopt(struct attest_answerer *a, struct span evidence);

#endif
