/* Keys and signatures of BLS12-381: what is decoded lies on the curve and has one encoding; a signature of the same bytes is
 * refused or verified without a fault. */
#include "base/check.h"
#include "beacon/bls.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t key_bytes[BLS_KEY_LEN] = {0};
    uint8_t signature[BLS_SIGNATURE_LEN] = {0};
    uint8_t again[BLS_SIGNATURE_LEN];
    struct g1 key;
    struct g2 point;
    struct span in = span_of(data, size);
    struct span key_in = span_take(&in, BLS_KEY_LEN);
    (void)span_copy(MSPAN_OF(key_bytes), key_in);
    (void)span_copy(MSPAN_OF(signature), in);
    if (g2_decode(&point, signature) == OK) {
        g2_encode(again, &point);
        check(g2_is_on_curve(&point));
        check(memcmp(again, signature, sizeof again) == 0);
    }
    if (g1_decode(&key, key_bytes) == OK) {
        g1_encode(again, &key);
        check(g1_is_on_curve(&key));
        check(memcmp(again, key_bytes, sizeof key_bytes) == 0);
        uint8_t bits = 1;
        struct bls_signers signers = {.keys = &key, .bits = &bits, .keys_count = 1};
        (void)!bls_aggregate_verify(&signers, in, signature);
    }
    return 0;
}
