#ifndef WALLET_CAPSULE_MADE_TEST_H
#define WALLET_CAPSULE_MADE_TEST_H

#include "wallet/capsule.h"

/* Sealed vaults of one passkey, for tests of those who keep them and cannot open them. */

struct capsule_making {
    uint8_t vault; /* which: its id and its key follow from it */
    uint64_t generation;
    struct span credential_id;
    struct span content; /* what it seals begins with this, and goes on with zeros */
};

/* capsule_made writes CAPSULE_LEN bytes. */
void capsule_made(struct mspan out, struct capsule_making making);

#endif
