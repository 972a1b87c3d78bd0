/* Extended keys and paths: whatever is read is written back as the same text. */
#include "base/check.h"
#include "crypto/backend.h"
#include "evm/bip32.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = span_of(data, size);
    char out[BIP32_TEXT_MAX];
    char path_text[BIP32_PATH_TEXT_MAX];
    struct bip32_key key;
    struct bip32_public public_key;
    struct bip32_path path;
    struct bip32_path again;
    check(crypto_init() == OK);
    if (bip32_parse(&key, text) == OK) {
        check(bip32_print(out, &key) == OK);
        check(span_equal(span_str(out), text));
        check(bip32_derive(&key, &key, BIP32_HARDENED) == OK || key.place.depth == UINT8_MAX);
    }
    if (bip32_public_parse(&public_key, text) == OK) {
        bip32_public_print(out, &public_key);
        check(span_equal(span_str(out), text));
    }
    if (bip32_path_parse(&path, text) == OK) {
        bip32_path_print(path_text, &path);
        check(bip32_path_parse(&again, span_str(path_text)) == OK);
        check(again.count == path.count);
        for (size_t i = 0; i < path.count; i++) {
            check(path.steps[i] == again.steps[i]);
        }
    }
    return 0;
}
