#ifndef NODE_KEYD_CLIENT_H
#define NODE_KEYD_CLIENT_H

#include "base/err.h"
#include "base/span.h"
#include "crypto/secp256k1.h"
#include "evm/address.h"
#include "node/keyd/keyd_wire.h"
#include "node/os/process.h"
#include "p2p/key.h"
#include "p2p/signer.h"

#include <stdbool.h>

/* The other end of keyd's socket. Every call sends one request and waits for its reply: well under a
 * millisecond, so it may be used from an event loop. One thread at a time.
 *
 * ERR_IO from any call: keyd is gone or does not speak to us; it stays so, start another one.
 * ERR_TIMEOUT: no reply within timeout_ms; the connection is then closed, as a late reply would belong to nobody.
 * ERR_DENIED: our capabilities, or keyd's policy, do not cover it. */
struct keyd_client {
    struct signer
        signer; /* the port of the engines, valid after keyd_client_open_identity: give &c.signer */
    int fd;     /* borrowed from the process; -1: broken */
    int timeout_ms;
    uint32_t next_id;
    uint8_t identity[KEY_ED25519_ENCODED_LEN];
};

/* keyd_client_init borrows fd, one end of a SOCK_SEQPACKET pair. c must not move afterwards. */
void keyd_client_init(struct keyd_client *c, int fd, int timeout_ms);

MUST_CHECK enum err keyd_client_status(struct keyd_client *c, struct keyd_status *ret_status);

/* keyd_client_list fills ret_keys, of KEYD_KEYS_MAX. */
MUST_CHECK enum err
keyd_client_list(struct keyd_client *c, struct keyd_key *ret_keys, size_t *ret_count);

/* keyd_client_create makes a key, durable when this returns OK. ERR_STATE: there is an identity already. */
MUST_CHECK enum err
keyd_client_create(struct keyd_client *c, struct keyd_key *ret_key, enum keyd_purpose purpose);

/* keyd_client_open finds the first key of that purpose, or makes it if there is none. */
MUST_CHECK enum err
keyd_client_open(struct keyd_client *c, struct keyd_key *ret_key, enum keyd_purpose purpose);

/* keyd_client_open_identity is keyd_client_open for the node's identity, and readies c->signer. */
MUST_CHECK enum err keyd_client_open_identity(struct keyd_client *c);

/* keyd_client_sign_transaction has the bundler key of that id sign the unsigned raw form of an EIP-1559
 * transaction. Put the signature in with tx_sign_with. */
MUST_CHECK enum err keyd_client_sign_transaction(struct keyd_client *c,
                                                 struct secp256k1_signature *ret_sig,
                                                 uint32_t key_id,
                                                 struct span unsigned_tx);

/* keyd_client_ask carries one request of the vault, or for a co-signer, as it is and gives the reply's body, a span into room, of KEYD_REPLY_MAX bytes. What is
 * secret in either is sealed past us. */
MUST_CHECK enum err keyd_client_ask(struct keyd_client *c,
                                    struct mspan room,
                                    struct span *ret_body,
                                    enum keyd_op op,
                                    struct span body);

/* keyd_client_sign_withdrawal is the same for a transaction that moves the bundler's ether. */
MUST_CHECK enum err keyd_client_sign_withdrawal(struct keyd_client *c,
                                                struct secp256k1_signature *ret_sig,
                                                uint32_t key_id,
                                                struct span unsigned_tx);

/* keyd_spawn starts the program at path on its own store directory, with one client that has these
 * capabilities. The caller owns the process and ends it with process_stop. Errors of process_spawn; then the
 * first keyd_client_status tells whether it got through its start. */
MUST_CHECK enum err keyd_spawn(struct process *ret_process,
                               const char *path,
                               const char *store_dir,
                               uint32_t capabilities);

/* keyd_spawn_as is the same with what a configuration says of the store's seal. */
struct keyd_spawn_args {
    const char *path;
    const char *store_dir;
    uint32_t capabilities;
    const char *tpm_device; /* NULL or "": the usual one */
    bool needs_seal;
};
MUST_CHECK enum err keyd_spawn_as(struct process *ret_process, const struct keyd_spawn_args *args);

/* The words of a capability mask as keyd's command line takes them: "identity,manage". text has
 * KEYD_CAPABILITIES_MAX bytes. keyd_capabilities_parse answers ERR_MALFORMED for an unknown word. */
#define KEYD_CAPABILITIES_MAX 56
void keyd_capabilities_print(char *ret_text, uint32_t capabilities);
MUST_CHECK enum err keyd_capabilities_parse(uint32_t *ret_capabilities, struct span text);

#endif
