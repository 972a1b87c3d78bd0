#include "evm/eip191.h"

#include "base/test.h"

/* By viem's hashMessage; tests/differential compares many more. */
TEST(known_messages)
{
    static const struct {
        const char *message;
        const char *hash;
    } cases[] = {
        {"",            "5f35dce98ba4fba25530a026ed80b2cecdaa31091ba4958b99b52ea1d068adad"},
        {"hello world", "d9eba16ed0ecae432b71fe008c98cc872bb4cc214d3220a36f365326cf807d68"},
        {"0123456789",  "91e26c79ff38a9cd1035942268ee3d72eaccb7e19e833121d3714716f1402c0a"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hash32 hash;
        test_note("%s", cases[i].message);
        eip191_hash(&hash, span_str(cases[i].message));
        EXPECT_SPAN(test_hex(cases[i].hash), SPAN_OF(hash.bytes));
    }
}

TEST_MAIN
