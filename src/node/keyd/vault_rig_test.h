#ifndef NODE_VAULT_RIG_TEST_H
#define NODE_VAULT_RIG_TEST_H

#include "base/budget.h"
#include "base/rng.h"
#include "node/keyd/keyd_wire.h"
#include "wallet/vault.h"
#include "webauthn/software_passkey_test.h"

/* The other side of keyd's vault requests, for tests: a page with an authenticator, over whatever carries the requests. */

/* Asks keyd; the body lives until the next call. */
typedef enum err (*vault_rig_ask)(void *user, struct span *ret_body, uint8_t op, struct span body);

struct vault_rig {
    struct budget budget; /* of its own: outside of a test there is none */
    vault_rig_ask ask;
    void *user;
    struct rng_seeded rng;
    struct software_passkey key;
    uint8_t id[16];
    uint8_t secret[32]; /* of its PRF */
    struct made made;
    uint8_t request[16384];
    uint8_t challenge[32]; /* of the last verdict or preparation */
    uint8_t prf_input[32];
};

void vault_rig_init(struct vault_rig *r, vault_rig_ask ask, void *user, uint8_t seed);

/* A whole enrolment, its verdicts accepted; false (and a failed test) if one was not. */
bool vault_rig_enrol(struct vault_rig *r);

/* A verdict's refusal after enrolling with answers done in these ways; how many of the two assertions come is count. */
enum vault_refusal vault_rig_enrol_as(struct vault_rig *r, const struct making *hows, size_t count);

enum err vault_rig_unlock(struct vault_rig *r);
enum err
vault_rig_import(struct vault_rig *r, uint32_t *ret_number, uint8_t kind, struct span secret);
enum err vault_rig_prepare(
    struct vault_rig *r, uint32_t number, uint8_t kind, const char *path, struct span payload);
enum err
vault_rig_sign(struct vault_rig *r, struct secp256k1_signature *ret_sig, struct making how);

/* vault_rig_approve has the passkey agree to a change: the op's byte and its body. */
enum err vault_rig_approve(struct vault_rig *r, struct span change, struct making how);

/* vault_rig_export signs the prepared export and gives the reply: kind 1 | sealed secret. password: empty for none. */
enum err vault_rig_export(struct vault_rig *r, struct span *ret_body, struct span password);

/* vault_rig_seal appends a secret, sealed to a channel key that was asked for now, to w. */
void vault_rig_seal(struct vault_rig *r, struct wr *w, uint8_t op, struct span secret);

/* The state that VAULT_STATUS tells. */
enum vault_state vault_rig_state(struct vault_rig *r);

#endif
