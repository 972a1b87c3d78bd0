/* Numbers as text: what parses prints and parses back to the same number. */
#include "base/check.h"
#include "evm/u256.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    unsigned decimals = data[0] % (U256_DECIMALS_MAX + 1U);
    struct span text = span_of(data + 1, size - 1);
    char printed[U256_TEXT_LEN];
    struct u256 v;
    struct u256 back;
    if (u256_parse_decimal(&v, text) == OK) {
        size_t n = u256_print_decimal(printed, v);
        check(span_equal(text, span_of(printed, n)));
    }
    if (u256_parse_hex(&v, text) == OK) {
        size_t n = u256_print_hex(printed, v);
        check(u256_parse_hex(&back, span_of(printed, n)) == OK);
        check(u256_equal(v, back));
    }
    if (u256_parse_units(&v, text, decimals) == OK) {
        size_t n = u256_print_units(printed, v, decimals);
        check(u256_parse_units(&back, span_of(printed, n), decimals) == OK);
        check(u256_equal(v, back));
    }
    return 0;
}
