/* A capsule from outside: its clear part is read, and a wrong key opens nothing. Because no input passes the signature by chance, the first
 * byte says whether the harness signs it with a key of its own first, as a stranger would. */
#include "base/check.h"
#include "crypto/backend.h"
#include "crypto/hash.h"
#include "wallet/capsule.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t bytes[CAPSULE_LEN];
static uint8_t content[CAPSULE_LEN];
static struct capsule_head head;

enum { KEY_AT = 32, SIGNED_LEN = CAPSULE_LEN - 64 };

static void sign_as_a_stranger(void)
{
    struct secret32 seed = {{1}};
    struct ed25519_key key;
    struct ed25519_public public_key;
    struct ed25519_signature sig;
    struct hash32 hash;
    ed25519_key_init(&key, &seed);
    ed25519_key_public(&public_key, &key);
    memcpy(bytes + KEY_AT, public_key.bytes, sizeof public_key.bytes);
    const struct span parts[] = {SPAN_LIT("passmesh vault 1 capsule"), span_of(bytes, SIGNED_LEN)};
    sha256_of(&hash, parts, 2);
    ed25519_sign(&sig, &key, SPAN_OF(hash.bytes));
    memcpy(bytes + SIGNED_LEN, sig.bytes, sizeof sig.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check(crypto_init() == OK);
    if (size == 0) {
        check(capsule_decode(&head, SPAN_EMPTY) == ERR_MALFORMED);
        return 0;
    }
    memset(bytes, 0, sizeof bytes);
    (void)span_copy(MSPAN_OF(bytes), span_of(data + 1, size - 1));
    if (data[0] & 1) {
        sign_as_a_stranger();
    }
    if (capsule_decode(&head, SPAN_OF(bytes)) != OK) {
        return 0;
    }
    struct secret32 prf = {{7}};
    struct capsule_keys keys;
    struct secret32 data_key;
    check(head.recipients_count > 0);
    check(capsule_room(&head) > 0);
    for (size_t i = 0; i < head.recipients_count; i++) {
        const struct capsule_recipient *r = &head.recipients[i];
        if (r->kind == CAPSULE_PASSKEY && capsule_keys_of_prf(&keys, r, &prf) == OK) {
            check(capsule_unwrap(&data_key, &head, r, &keys) != OK);
        }
    }
    check(capsule_open(mspan_of(content, capsule_room(&head)), &head, &prf, SPAN_OF(bytes)) ==
          ERR_AUTH);
    return 0;
}
