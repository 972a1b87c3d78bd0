#ifndef NODE_ATTEST_HOST_H
#define NODE_ATTEST_HOST_H

#include "base/list.h"
#include "base/rng.h"
#include "p2p/host_extension.h"
#include "tee/attest.h"

/* /web3-wallet/attest/1 on a host: streams between the host and the engines of tee/attest.h. One object answers (with an identity) and asks (with a judge), or either.
 * Each exchange is bound to its connection by what Noise or TLS calls it (host_stream_channel); where a connection has no name, nothing is
 * asked, and nothing answered. */

enum {
    ATTEST_HOST_STREAMS_MAX = 16, /* in all; an answer more is refused */
    ATTEST_HOST_IN_PER_PEER_MAX = 2,
    ATTEST_HOST_TIMEOUT_MS = 20000,
    ATTEST_HOST_OPEN_TIMEOUT_MS = 60000, /* a discrete chip may take that long to make an RSA key */
};

/* Told of how each question ended; the event's spans and result die with the call. */
typedef void (*attest_host_fn)(void *user,
                               const struct peer_id *peer,
                               const struct attest_event *e);

/* Told that this machine's TPM is to open a credential, which dies with the call; attest_host_open follows, now or later. */
typedef void (*attest_host_credential_fn)(void *user, host_stream stream, struct span credential);

struct attest_host_cfg {
    struct budget *budget;
    struct rng *rng;
    const struct attest_identity
        *identity; /* NULL: this node has no evidence, and says so; it may change between calls */
    struct attest_judge *judge; /* NULL: it does not ask */
    struct attest_cache *cache;
    walltime (*clock)(void *user); /* for the judge */
    attest_host_fn on_end;
    attest_host_credential_fn on_credential; /* NULL: it opens none */
    void *user;
};

struct attest_host_stream {
    bool is_used;
    bool is_begun; /* the engine runs */
    bool inbound;
    host_stream stream;
    struct peer_id peer;
    uint8_t kinds;
    enum tee_level level_min;
    struct hash32 channel;
    struct attest engine;
};

struct attest_host {
    struct host_extension extension; /* first */
    struct host *host;
    struct attest_host_cfg cfg;
    struct attest_host_stream streams[ATTEST_HOST_STREAMS_MAX];
};

/* attest_host_init takes the protocol on the host. ERR_STATE: it has one; ERR_LIMIT. a must not move. */
MUST_CHECK enum err
attest_host_init(struct attest_host *a, struct host *host, const struct attest_host_cfg *cfg);
void attest_host_done(struct attest_host *a);

/* attest_host_open answers what on_credential told of: OK and the secret, ERR_LIMIT: too much is asked of the TPM, or why it does not open it. Nothing happens if the
 * stream is gone. */
void attest_host_open(struct attest_host *a,
                      host_stream stream,
                      enum err e,
                      const struct secret32 *secret);

/* attest_host_ask asks a connected peer for evidence of these kinds (bit i: enum tee_kind i). on_end follows, once, also if the peer goes. ERR_NOT_FOUND: not
 * connected; ERR_STATE: connected through a relay only; ERR_LIMIT. */
struct attest_host_ask {
    const struct peer_id *peer;
    uint8_t kinds;
    enum tee_level level_min;
};
MUST_CHECK enum err attest_host_ask(struct attest_host *a, const struct attest_host_ask *ask);

#endif
