#ifndef NODE_KEYD_COSIGN_H
#define NODE_KEYD_COSIGN_H

#include "base/rd.h"
#include "base/wr.h"
#include "node/keyd/keyd.h"

/* Co-signers: their keys and records in keyd. What each may sign decides src/wallet/cosigner.h. */

/* The requests, the client's capability checked. CREATE answers for terms that there is a co-signer for with that one; ERR_STATE: the same
 * account and passkey have one under other terms; ERR_LIMIT: no place, nor one whose removal is over; else as cosigner_init. SIGN: ERR_NOT_FOUND: no such
 * co-signer; else as cosigner_allow. What was counted is on the disk before the signature is given away: ERR_IO of the store gives none.
 * REMOVE: ERR_NOT_FOUND; else as cosigner_remove. */
MUST_CHECK enum err
keyd_cosign_answer(struct keyd *k, struct wr *w, enum keyd_op op, struct span body);

/* The co-signers in the store's content; secrets: KEYD_COSIGNERS_MAX of them. ERR_MALFORMED. */
MUST_CHECK enum err keyd_cosigners_read(struct keyd *k, struct rd *r, struct secret32 *secrets);
void keyd_cosigners_write(const struct keyd *k, struct wr *w, const struct secret32 *secrets);

/* keyd_save (keyd.c) writes the store; secrets are all of k->secrets, open. */
MUST_CHECK enum err keyd_save(struct keyd *k, const struct secret32 *secrets);

#endif
