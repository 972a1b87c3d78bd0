/* What keyd is willing to sign: see the header. */
#include "node/keyd/keyd_policy.h"

#include "base/rd.h"
#include "codec/uvarint.h"
#include "evm/tx.h"
#include "evm/u256.h"
#include "evm/userop.h"
#include "p2p/certificate.h"
#include "p2p/circuit_message.h"
#include "p2p/envelope.h"
#include "p2p/gossip_message.h"
#include "p2p/kad_signed.h"
#include "p2p/key.h"
#include "p2p/peer_id.h"
#include "service/descriptor.h"

enum err keyd_check_noise_key(struct span message)
{
    static const struct span prefix = SPAN_INIT("noise-libp2p-static-key:");
    return message.n == prefix.n + 32 && span_starts_with(message, prefix) ? OK : ERR_DENIED;
}

enum err keyd_check_tls_key(struct span message)
{
    return certificate_is_signable(message) ? OK : ERR_DENIED;
}

enum err keyd_check_pubsub(struct span message, const struct ed25519_public *identity)
{
    static const struct span prefix = SPAN_INIT("libp2p-pubsub:");
    struct gossip_message m;
    if (!gossip_is_signable(message) ||
        gossip_message_decode(&m, span_from(message, prefix.n)) != OK) {
        return ERR_DENIED;
    }
    uint8_t key[KEY_ED25519_ENCODED_LEN];
    struct peer_id self;
    key_encode_ed25519(key, identity->bytes);
    peer_id_of_key(&self, SPAN_OF(key));
    bool is_ours = span_equal(m.from, peer_id_span(&self)) && m.seqno.n == GOSSIP_SEQNO_LEN &&
                   !m.has_signature && !m.has_key;
    return is_ours ? OK : ERR_DENIED;
}

static struct span read_part(struct rd *r)
{
    uint64_t n = uvarint_read(r);
    if (n > r->rest.n) {
        rd_fail(r);
        return SPAN_EMPTY;
    }
    return rd_bytes(r, (size_t)n);
}

static bool is_peer_record(struct span domain, struct span payload_type)
{
    static const uint8_t common_type[2] = {0x03, 0x01};
    bool is_common = span_equal(domain, SPAN_LIT("libp2p-peer-record")) &&
                     span_equal(payload_type, SPAN_OF(common_type));
    bool is_rfc = span_equal(domain, SPAN_LIT("libp2p-routing-state")) &&
                  span_equal(payload_type, SPAN_LIT("/libp2p/routing-state-record"));
    return is_common || is_rfc;
}

/* is_dht_value: a value that goes into the DHT under a key of this very peer. */
static bool is_dht_value(const struct peer_id *self,
                         struct span domain,
                         struct span payload_type,
                         struct span payload)
{
    struct kad_signed_value value;
    struct peer_id owner;
    return span_equal(domain, SPAN_LIT(KAD_SIGNED_DOMAIN)) &&
           span_equal(payload_type, SPAN_LIT(KAD_SIGNED_TYPE)) &&
           kad_signed_decode(&value, payload) == OK && kad_signed_peer(&owner, value.key) == OK &&
           peer_id_equal(&owner, self);
}

/* is_descriptor: what this very peer says of itself as a server. */
static bool is_descriptor(const struct peer_id *self,
                          struct span domain,
                          struct span payload_type,
                          struct span payload)
{
    struct descriptor d;
    return span_equal(domain, SPAN_LIT(DESCRIPTOR_DOMAIN)) &&
           span_equal(payload_type, SPAN_LIT(DESCRIPTOR_TYPE)) &&
           descriptor_decode(&d, payload) == OK && span_equal(d.peer, peer_id_span(self));
}

enum err keyd_check_envelope(struct span message, const struct ed25519_public *identity)
{
    if (message.n > ENVELOPE_LEN_MAX) {
        return ERR_DENIED;
    }
    struct rd r = rd_init(message);
    struct span domain = read_part(&r);
    struct span payload_type = read_part(&r);
    struct span payload = read_part(&r);
    if (!rd_end(&r)) {
        return ERR_DENIED;
    }
    uint8_t encoded[KEY_ED25519_ENCODED_LEN];
    struct peer_id self;
    struct peer_record record;
    key_encode_ed25519(encoded, identity->bytes);
    peer_id_of_key(&self, SPAN_OF(encoded));
    if (is_dht_value(&self, domain, payload_type, payload) ||
        is_descriptor(&self, domain, payload_type, payload) ||
        circuit_voucher_is_of(&self, domain, payload_type, payload)) {
        return OK;
    }
    bool is_ours = is_peer_record(domain, payload_type) &&
                   peer_record_decode(&record, payload) == OK && peer_id_equal(&record.peer, &self);
    return is_ours ? OK : ERR_DENIED;
}

static bool is_our_bundle(const struct tx *tx, struct address bundler)
{
    struct userop op;
    struct address beneficiary;
    return address_equal(tx->to, userop_entry_point_08) &&
           userop_decode_handle_ops(&op, &beneficiary, tx->data) == OK &&
           address_equal(beneficiary, bundler);
}

/* An unsigned EIP-1559 transaction to somebody. */
static bool read_transaction(struct tx *ret, struct span unsigned_tx)
{
    return tx_decode(ret, unsigned_tx) == OK && ret->type == TX_FEE_MARKET && !ret->is_signed &&
           ret->has_to && ret->access_list.n == 0;
}

enum err keyd_check_withdrawal(struct span unsigned_tx, struct address bundler)
{
    struct tx tx;
    bool moves = read_transaction(&tx, unsigned_tx) && !u256_is_zero(tx.value) && tx.data.n == 0 &&
                 !address_equal(tx.to, bundler) && !address_is_zero(tx.to);
    return moves ? OK : ERR_DENIED;
}

enum err keyd_check_transaction(struct span unsigned_tx, struct address bundler)
{
    struct tx tx;
    if (!read_transaction(&tx, unsigned_tx) || !u256_is_zero(tx.value)) {
        return ERR_DENIED;
    }
    bool is_replacement = address_equal(tx.to, bundler) && tx.data.n == 0;
    return is_replacement || is_our_bundle(&tx, bundler) ? OK : ERR_DENIED;
}
