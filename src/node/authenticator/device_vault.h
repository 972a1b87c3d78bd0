#ifndef NODE_DEVICE_VAULT_H
#define NODE_DEVICE_VAULT_H

#include "base/budget.h"
#include "base/rng.h"
#include "codec/json.h"
#include "node/authenticator/device_authenticator.h"
#include "wallet/text.h"

/* The vault with a security key or the TPM and without a browser: what the page does, done over the daemon's API with what is at hand. PRF outputs are
 * sealed here for keyd; the daemon carries them as it carries the page's. */

/* The daemon's API; embed as first member. */
struct device_api {
    /* Calls a method. members is what stands between the braces of params, without the key of a command, which call adds. The result lives
     * until the next call. ERR_DENIED: refused, with the code in self->code; ERR_IO: no answer. */
    enum err (*call)(struct device_api *self,
                     struct json *ret_result,
                     const char *method,
                     struct span members);
    char code[64];
};

struct device_vault {
    struct device_api *api;
    struct device_authenticator *authenticator;
    struct rng *rng;
    struct budget *budget; /* for messages, some 16 KiB at a time */
    struct span origin;    /* of the page: what a browser would write */
    struct span pin;       /* of the authenticator; empty: it verifies the person itself */
    struct security_key_answer answer; /* of the ceremony that runs; wiped by device_vault_done */
};

void device_vault_done(struct device_vault *d);

/* device_vault_enrol makes the vault's first passkey: created, asserted twice with the same secret. device_vault_unlock opens the vault.
 * Errors: those of device_api.call and of the key (security_key.h); ERR_STATE: there is a vault already, whose passkeys must agree to
 * another one (in the page); there is none yet; ERR_UNSUPPORTED: the key gives no PRF; ERR_LIMIT. */
MUST_CHECK enum err device_vault_enrol(struct device_vault *d);
MUST_CHECK enum err device_vault_unlock(struct device_vault *d);

/* device_vault_add makes another passkey, after one of the vault, on the authenticator agrees, has signed for the change. The vault is open, else ERR_STATE. Errors as
 * above; ERR_NOT_FOUND: agrees has no passkey of the vault. */
MUST_CHECK enum err device_vault_add(struct device_vault *d,
                                     struct device_authenticator *agrees,
                                     struct span agrees_pin);

/* device_vault_fetch brings the sealed vault back from servers that keep it (docs/vault.md "Copies with peers"), where there is no vault yet: one use of the passkey, without PRF. It
 * is here then, and locked: device_vault_unlock opens it. An authenticator may have several passkeys of the wallet's RP ID: number says which is meant, from 1 in the order of
 * names; 0: the only one, or the only one that is named as a vault's. Errors as above; ERR_NOT_FOUND: there is no passkey, or with count > 0 none was meant, or with number 0 more than
 * one; ERR_UNSUPPORTED: the passkey does not say whose it is. */
struct device_fetch {
    struct security_key_choice choice; /* first */
    size_t number;
    size_t count; /* of names: out, 0 where there was nothing to choose */
    struct name names[SECURITY_KEY_USERS_MAX]; /* out; empty: none that can be shown (name_parse) */
    size_t taken;     /* out: which it was, from 1; 0: none, or there was nothing to choose */
    uint64_t servers; /* out: that were asked */
};
MUST_CHECK enum err device_vault_fetch(struct device_vault *d, struct device_fetch *f);

/* device_vault_begin asks for the challenge over a prepared operation of an ordinary account, and gives what keyd has read (type reading of
 * the API; until the next call). device_vault_approve signs that challenge and hands it in; ticks is the JSON array of risk lines that the
 * person has confirmed. */
struct device_request {
    struct span operation;
    uint64_t revision;
    uint8_t challenge[32];
    struct json reading;
    char check_code[10];
};
MUST_CHECK enum err device_vault_begin(struct device_vault *d, struct device_request *request);
MUST_CHECK enum err device_vault_approve(struct device_vault *d,
                                         const struct device_request *request,
                                         struct span ticks);

#endif
