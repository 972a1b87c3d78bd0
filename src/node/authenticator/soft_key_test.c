#include "node/authenticator/soft_key_test.h"

#include "base/test.h"

static void insert(struct soft_key *k, uint64_t seed)
{
    ctap_device_init(&k->device, seed);
    k->device.has_protocol_2 = true;
    ctap_device_plug(&k->device);
    EXPECT_OK(security_key_open(&k->key, "soft"));
    EXPECT_EQ(FIDO_OK, fido_dev_set_pin(k->key.dev, "1234", NULL));
}

void soft_key_plug(struct soft_key *k, uint64_t seed)
{
    insert(k, seed);
    device_key_init(&k->on_key, &k->key);
}

void soft_key_swap(struct soft_key *k, uint64_t seed)
{
    soft_key_unplug(k);
    insert(k, seed);
}

void soft_key_unplug(struct soft_key *k)
{
    security_key_done(&k->key);
}

void soft_key_vault(struct device_vault *ret,
                    struct soft_key *k,
                    struct device_api *api,
                    struct rng *rng)
{
    *ret = (struct device_vault){.api = api,
                                 .authenticator = &k->on_key.authenticator,
                                 .rng = rng,
                                 .budget = test_budget(),
                                 .origin = SPAN_LIT("http://passmesh.localhost:7878"),
                                 .pin = SPAN_LIT("1234")};
}
