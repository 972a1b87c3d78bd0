#ifndef SERVICE_KEEP_H
#define SERVICE_KEEP_H

#include "base/instant.h"
#include "service/message.h"

/* CAPSULE_NONCE, CAPSULE_PUT and CAPSULE_GET: a server keeps wallets' sealed vaults. What the requests hold is not read here: it goes to the keeper as it is
 * (docs/vault.md "Copies with peers"). */

enum { SERVICE_NONCE_LEN = 32, SERVICE_CAPSULE_LEN = 8192, SERVICE_KEPT_UNTIL_LEN = 8 };

/* Bodies: of NONCE the nonce, of PUT the seconds since 1970 until which it is kept (64 bits, big-endian), of GET the sealed vault. service_kept_len is how long that is. */
size_t service_kept_len(enum service_type type);

struct service_kept {
    struct span body; /* of an answer; until the next call */
    const char *why;  /* of a refusal; static */
    uint32_t retry_ms;
};

/* Who asks: the peer id's bytes, and what its neighbours share. */
struct service_keep_asker {
    struct span id;
    struct span group;
};

/* The port that the driver fills; embed as first member. ask is synchronous and gives the answer's code. */
struct service_keeper {
    enum service_code (*ask)(struct service_keeper *self,
                             struct service_kept *ret,
                             enum service_type type,
                             const struct service_keep_asker *asker,
                             struct span request,
                             instant now);
};

#endif
