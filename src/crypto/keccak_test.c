/* Keccak-256: answers of the Keccak team's known-answer tests as any implementation gives them (the empty
 * string, "abc"), and lengths around the rate, computed with PyCryptodome 3. */
#include "crypto/keccak.h"

#include "base/test.h"

struct vector {
    size_t n; /* bytes i * 7 mod 256 */
    const char *hash;
};

static const struct vector vectors[] = {
    {0,    "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"},
    {3,    "d686ed1a99132a4a5dca78865f277ba99625c9a85583b7704c5a7a25535dbbcb"},
    {135,  "154f5dc27520a599653a2b10189cf53f5ce03b7c594d11fd98f67012ea304b6c"},
    {136,  "81e7ecb492d033f1692e770a6eb874e70aac45ec10da93483fc8d3537805c097"},
    {137,  "a595973359b39ba1fec5cf8f40710c5a213e76281dd4f174f1ea83106ee7759b"},
    {272,  "99d5a295c114ab3f94028d25825ea798399dacfc613f0193fb32c3c4973f1777"},
    {1000, "82bc59cea7b5eac6d5e84cfabd1450ecba233bc6c0b375bda57dd7848a088ce6"},
};

TEST(lengths_around_the_rate_and_every_cut)
{
    uint8_t data[1000];
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(i * 7);
    }
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        struct hash32 h;
        struct span want = test_hex(vectors[i].hash);
        struct span all = span_of(data, vectors[i].n);
        test_note("%zu bytes", all.n);
        keccak256(&h, all);
        EXPECT_SPAN(want, SPAN_OF(h.bytes));
        for (size_t cut = 0; cut <= all.n; cut += 17) {
            const struct span parts[] = {span_first(all, cut), span_from(all, cut)};
            keccak256_of(&h, parts, 2);
            EXPECT_SPAN(want, SPAN_OF(h.bytes));
        }
    }
}

TEST(words_that_ethereum_knows)
{
    struct hash32 h;
    keccak256(&h, SPAN_LIT("abc"));
    EXPECT_SPAN(test_hex("4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"),
                SPAN_OF(h.bytes));
    keccak256(&h,
              SPAN_LIT("transfer(address,uint256)")); /* a9059cbb, the selector of every token */
    EXPECT_SPAN(test_hex("a9059cbb2ab09eb219583f4a59a5d0623ade346d962bcd4e46b11da047c9049b"),
                SPAN_OF(h.bytes));
}

TEST_MAIN
