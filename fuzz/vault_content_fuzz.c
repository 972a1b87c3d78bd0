/* The vault's content: what is read is written back as the same bytes. */
#include "base/check.h"
#include "crypto/backend.h"
#include "wallet/vault_content.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct vault_content content;
static uint8_t again[CAPSULE_LEN];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check(crypto_init() == OK);
    if (size > sizeof again || vault_content_decode(&content, span_of(data, size)) != OK) {
        return 0;
    }
    check(vault_content_encode(mspan_of(again, size), &content) == OK);
    check(memcmp(again, data, size) == 0);
    return 0;
}
