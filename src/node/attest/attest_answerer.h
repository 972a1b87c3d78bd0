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

enum {
    ATTEST_ANSWERER_LIFE_S = 3600, /* of a session key; make the next one well before */
    ATTEST_ANSWERER_ISSUERS_LEN_MAX = 8 * 1024,
    ATTEST_ANSWERER_CREDENTIAL_LEN_MAX = 344,
    ATTEST_ANSWERER_OPENINGS_MAX =
        4, /* credentials that wait for the chip; more are told that it is busy */
    ATTEST_ANSWERER_OPENINGS_PER_MINUTE = 30, /* of all peers: it has other work too */
};

struct attest_answerer_cfg {
    struct host *host; /* must outlive the answerer, as all here */
    struct budget *budget;
    struct rng *rng;
    /* A TPM's evidence with an EK's certificate is shown to who makes credentials, with the certificates of its issuers behind it (DER, one after the other, up to the root's; empty: none).
     * on_credential tells that one waits: attest_answerer_next. NULL: no certificate is shown. */
    struct span issuers;
    void (*on_credential)(void *user);
    void *user;
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

/* attest_answerer_next gives the credential that has waited longest, which lives until attest_answerer_open answers it: OK and the secret, or why not. One at a time: false while one is out, or
 * none waits. */
bool attest_answerer_next(struct attest_answerer *a, struct span *ret_credential);
void attest_answerer_open(struct attest_answerer *a, enum err e, const struct secret32 *secret);

#endif
