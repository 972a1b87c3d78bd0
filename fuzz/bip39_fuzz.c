/* Phrases: what is read is printed as a phrase that reads back the same, whatever its first form was. */
#include "base/check.h"
#include "evm/bip39.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct budget budget;
    struct bip39_entropy e;
    struct bip39_entropy again;
    struct diag why = {0};
    budget_init(&budget, NULL, "fuzz", 1 << 17);
    if (bip39_parse(&e, &budget, span_of(data, size), &why) == OK) {
        struct buf text;
        buf_init_secret(&text, &budget, BIP39_PHRASE_MAX);
        check(bip39_print(&text, &e) == OK);
        check(bip39_parse(&again, &budget, buf_span(&text), NULL) == OK);
        check(again.n == e.n);
        check(again.language == e.language);
        check(memcmp(again.bytes, e.bytes, e.n) == 0);
        buf_done(&text);
    } else {
        check(why.rule != NULL);
    }
    budget_done(&budget);
    return 0;
}
