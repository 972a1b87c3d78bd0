#ifndef TEE_DCAP_H
#define TEE_DCAP_H

#include "tee/policy.h"
#include "tee/quote.h"
#include "tee/tcb_info.h"

/* Verification of SGX and TDX quotes with Intel's collateral (DCAP), in two parts: collateral once, while it lasts; then
 * any number of quotes of that family of platforms. Order of steps:
 *
 *   collateral  signing chain to the root, root CRL, chain of the PCK CRL's issuer, PCK CRL, signatures over TCB info and QE
 *               identity, their formats, kinds and times
 *   quote       format; chain of the PCK certificate to the root; revocation; the QE's report under the PCK key; the quote's
 *               key named by that report; FMSPC and PCE id; QE identity and level; the quote's signature; TDX module; level of the
 *               platform (for TDX 1.5 also that of the running module); then debug, attributes, service TD; then the policy
 *
 * A Revoked level refuses after all signatures have been checked, never before. */
enum { DCAP_CA_LEN_MAX = 2048 };

/* As the PCS gives it. Texts are exact: the signatures cover them byte for byte. Chains are PEM or DER. Empty: missing. */
struct dcap_texts {
    struct span tcb_info;
    struct span tcb_info_signature; /* 64, r then s */
    struct span qe_identity;
    struct span qe_identity_signature;
    struct span signing_chain; /* of TCB info and QE identity */
    struct span pck_crl;       /* DER */
    struct span pck_crl_chain; /* of its issuer */
    struct span root_crl;
};

/* Verified collateral, about 40 KiB, in memory of the caller's; the texts must live as long. */
struct dcap_collateral {
    bool is_verified;
    bool has_crls;
    walltime not_before; /* holds from here to expires */
    walltime expires;
    struct tcb_info tcb_info;
    struct qe_identity qe_identity;
    struct crl pck_crl;
    struct crl root_crl;
    struct chain
        ca; /* the PCK CRL's issuer: issues PCK certificates too, so that quotes need not verify it again */
    struct chain work; /* for chains while they are read */
};

/* dcap_collateral_verify fills *c. A missing CRL is no failure here: quotes then need a policy that says "optional". On
 * failure a tells the step, and *c is not verified. Only a->kind and the window are set on success. */
MUST_CHECK enum err dcap_collateral_verify(struct dcap_collateral *c,
                                           struct appraisal *a,
                                           const struct dcap_texts *texts,
                                           const struct anchors *anchors,
                                           walltime now);

/* dcap_verify appraises one quote. c->work is used. Whatever the answer, a tells what was verified. */
MUST_CHECK enum err dcap_verify(struct appraisal *a,
                                struct span quote,
                                struct dcap_collateral *c,
                                const struct expectation *e);

#endif
