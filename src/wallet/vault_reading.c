/* What keyd understands of what it is asked to sign. */
#include "wallet/vault_reading.h"

#include "codec/json.h"
#include "codec/utf8.h"
#include "crypto/keccak.h"
#include "evm/eip191.h"
#include "evm/eip712.h"
#include "evm/erc20.h"

#include <string.h>

enum { SCRATCH_MAX = 256 * 1024 };

static void read_transfer(struct vault_reading *r)
{
    struct erc20_transfer t;
    if (u256_is_zero(r->tx.value) && r->tx.has_to && erc20_transfer_decode(&t, r->tx.data)) {
        r->receiver = t.to;
        r->amount = t.amount;
        r->is_token_transfer = true;
    }
}

/* The bytes of the decoded transaction are the one canonical form, so their hash is what the chain verifies. */
static enum err read_transaction(struct vault_reading *r, struct span payload)
{
    TRY(tx_decode(&r->tx, payload));
    if (r->tx.is_signed || !r->tx.has_chain_id) {
        return ERR_DENIED;
    }
    keccak256(&r->hash, payload);
    read_transfer(r);
    return OK;
}

static void read_message(struct vault_reading *r, struct span payload)
{
    bool is_text = utf8_is_valid(payload);
    for (size_t i = 0; i < payload.n; i++) {
        uint8_t c = payload.p[i];
        is_text = is_text && (c >= 0x20 || c == '\n' || c == '\r' || c == '\t') && c != 0x7f;
    }
    r->is_text = is_text;
    r->len = payload.n;
    eip191_hash(&r->hash, payload);
}

/* The domain's chain id stands as a number or as its text. */
static bool read_chain_id(uint64_t *ret, struct json domain)
{
    struct json v;
    struct span text;
    struct u256 number;
    if (!json_find(&v, domain, "chainId")) {
        return false;
    }
    return json_get_u64(ret, v) == OK ||
           (json_get_plain(&text, v) == OK && u256_parse_decimal(&number, text) == OK &&
            u256_to_u64(ret, number) == OK);
}

static enum err read_typed_data(struct vault_reading *r, struct budget *work, struct span payload)
{
    AUTO(buf_done) struct buf scratch;
    struct json root;
    struct json domain;
    struct span text;
    struct eip712_hashes hashes;
    buf_init(&scratch, work, SCRATCH_MAX);
    TRY(json_parse(&root, payload, NULL));
    TRY(eip712_hash(&hashes, root, &scratch, NULL));
    r->hash = hashes.digest;
    if (json_find_plain(&text, root, "primaryType") == OK) {
        r->primary_type = text;
    }
    if (!json_find(&domain, root, "domain")) {
        return OK;
    }
    if (json_find_plain(&text, domain, "name") == OK) {
        r->domain_name = text;
    }
    r->has_chain_id = read_chain_id(&r->chain_id, domain);
    enum address_checksum sum;
    r->has_contract = json_find_plain(&text, domain, "verifyingContract") == OK &&
                      address_parse(&r->contract, &sum, text) == OK;
    return OK;
}

static enum err read_receiver(struct vault_reading *r, struct span payload)
{
    static const uint8_t end[1];
    if (payload.n != VAULT_RECEIVER_LEN) {
        return ERR_MALFORMED;
    }
    const struct span parts[] = {SPAN_LIT("passmesh export 1"), SPAN_OF(end), payload};
    sha256_of(&r->hash, parts, 3);
    return OK;
}

void vault_change_hash(struct hash32 *ret, struct span payload)
{
    static const uint8_t end[1];
    const struct span parts[] = {SPAN_LIT("passmesh change 1"), SPAN_OF(end), payload};
    sha256_of(ret, parts, 3);
}

enum err vault_read(struct vault_reading *ret,
                    struct budget *work,
                    enum vault_signable kind,
                    struct span payload)
{
    *ret = (struct vault_reading){.kind = kind};
    switch (kind) {
    case VAULT_SIGN_TRANSACTION: return read_transaction(ret, payload);
    case VAULT_SIGN_TYPED_DATA:  return read_typed_data(ret, work, payload);
    case VAULT_SIGN_MESSAGE:     read_message(ret, payload); return OK;
    case VAULT_EXPORT:           return read_receiver(ret, payload);
    case VAULT_CHANGE:
        vault_change_hash(&ret->hash, payload);
        return payload.n > 0 && payload.n <= VAULT_CHANGE_MAX ? OK : ERR_MALFORMED;
    }
    return ERR_UNSUPPORTED;
}
