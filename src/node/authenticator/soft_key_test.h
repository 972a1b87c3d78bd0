#ifndef NODE_AUTHENTICATOR_SOFT_KEY_TEST_H
#define NODE_AUTHENTICATOR_SOFT_KEY_TEST_H

#include "node/authenticator/ctap_device_test.h"
#include "node/authenticator/device_vault.h"
#include "node/authenticator/libfido2.h"

/* A security key in software, of protocol 2 and with the PIN 1234, and what the vault's ceremonies need of it. libfido2 is the real one. */
struct soft_key {
    struct ctap_device device;
    struct security_key key;
    struct device_key on_key;
};

/* soft_key_plug puts it in the port; all that it keeps comes from seed. */
void soft_key_plug(struct soft_key *k, uint64_t seed);

/* soft_key_swap takes it out, and puts another one into the same port. */
void soft_key_swap(struct soft_key *k, uint64_t seed);
void soft_key_unplug(struct soft_key *k);

/* soft_key_vault makes *ret ready for device_vault_enrol and its like, for the page's origin. The others live as long. */
void soft_key_vault(struct device_vault *ret,
                    struct soft_key *k,
                    struct device_api *api,
                    struct rng *rng);

#endif
