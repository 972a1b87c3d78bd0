#ifndef NODE_KEYD_POLICY_H
#define NODE_KEYD_POLICY_H

#include "base/err.h"
#include "base/span.h"
#include "crypto/ed25519.h"
#include "evm/address.h"

/* What keyd is willing to sign. Each function reads the whole message and answers OK, or ERR_DENIED with
 * nothing else to say: to someone who probes, a refusal teaches nothing. */

/* "noise-libp2p-static-key:" and 32 bytes, exactly. */
MUST_CHECK enum err keyd_check_noise_key(struct span message);

/* "libp2p-tls-handshake:" and the SubjectPublicKeyInfo of a key on P-256, exactly. */
MUST_CHECK enum err keyd_check_tls_key(struct span message);

/* "libp2p-pubsub:" and a pubsub message as it is signed, whose author is the peer that identity is. */
MUST_CHECK enum err keyd_check_pubsub(struct span message, const struct ed25519_public *identity);

/* The signed form of an envelope (libp2p RFC 0002) whose domain and payload type are those of a peer record, in
 * either of the two spellings of the field, and whose record speaks of the peer that identity is; or those of a
 * value of the DHT (p2p/kad_signed.h) under a key of that peer; or those of a server's descriptor (service/descriptor.h) of that
 * peer. */
MUST_CHECK enum err keyd_check_envelope(struct span message, const struct ed25519_public *identity);

/* An unsigned EIP-1559 transaction that does one of two things, with no value:
 * - calls handleOps of EntryPoint 0.8 with one operation, beneficiary bundler;
 * - goes to bundler itself without data: takes the place of one that is stuck.
 * So a thief of this capability can burn gas but move nothing. */
MUST_CHECK enum err keyd_check_transaction(struct span unsigned_tx, struct address bundler);

/* An unsigned EIP-1559 transaction that moves ether to another account, and does nothing else: no data, no access list. */
MUST_CHECK enum err keyd_check_withdrawal(struct span unsigned_tx, struct address bundler);

#endif
