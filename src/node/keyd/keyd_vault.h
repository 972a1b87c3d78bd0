#ifndef NODE_KEYD_VAULT_H
#define NODE_KEYD_VAULT_H

#include "base/wr.h"
#include "node/keyd/keyd.h"

/* The requests for the person's vault: the wire's form on one side, src/wallet/vault.h on the other. */

bool keyd_vault_has(uint8_t op);

/* keyd_vault_answer: the client's capability was checked. Writes the reply's body; errors of the vault's calls, ERR_MALFORMED for a
 * body of another form. */
MUST_CHECK enum err keyd_vault_answer(struct keyd *k, struct wr *w, uint8_t op, struct span body);

#endif
