#include "beacon/hash_to_g2.h"

#include "base/test.h"

#include <string.h>

/* RFC 9380, appendix J.10.1, the points in their compressed form: the coordinate whole, and the sign of the other. */
static const struct {
    const char *prefix;
    uint8_t filler;
    size_t filler_count;
    const char *point;
} vectors[] = {
    {"",                 0,   0,
     "a5cb8437535e20ecffaef7752baddf98034139c38452458baeefab379ba13dff5bf5dd71b72418717047f5b0f37da"
     "03d"
     "0141ebfbdca40eb85b87142e130ab689c673cf60f1a3e98d69335266f30d9b8d4ac44c1038e9dcdd5393faf5c41fb"
     "78a"},
    {"abc",              0,   0,
     "939cddbccdc5e91b9623efd38c49f81a6f83f175e80b06fc374de9eb4b41dfe4ca3a230ed250fbe3a2acf73a41177"
     "fd8"
     "02c2d18e033b960562aae3cab37a27ce00d80ccd5ba4b7fe0e7a210245129dbec7780ccc7954725f4168aff278777"
     "6e6"},
    {"abcdef0123456789", 0,   0,
     "990d119345b94fbd15497bcba94ecf7db2cbfd1e1fe7da034d26cbba169fb3968288b3fafb265f9ebd380512a71c3"
     "f2c"
     "121982811d2491fde9ba7ed31ef9ca474f0e1501297f68c298e9f4c0028add35aea8bb83d53c08cfc007c1e005723"
     "cd0"},
    {"q128_",            'q', 128,
     "8934aba516a52d8ae479939a91998299c76d39cc0c035cd18813bec433f587e2d7a4fef038260eef0cef4d02aae3e"
     "b91"
     "19a84dd7248a1066f737cc34502ee5555bd3c19f2ecdb3c7d9e24dc65d4e25e50d83f0f77105e955d78f4762d33c1"
     "7da"},
    {"a512_",            'a', 512,
     "91fca2ff525572795a801eed17eb12785887c7b63fb77a42be46ce4a34131d71f7a73e95fee3f812aea3de78b4d01"
     "569"
     "01a6ba2f9a11fa5598b2d8ace0fbe0a0eacb65deceb476fbbcb64fd24557c2f4b18ecfc5663e54ae16a84f5ab7f62"
     "534"},
};

TEST(rfc_9380_vectors)
{
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        uint8_t message[600];
        uint8_t bytes[G2_LEN];
        struct g2 p;
        struct span prefix = span_str(vectors[i].prefix);
        test_note("vector %zu", i);
        (void)span_copy(MSPAN_OF(message), prefix);
        memset(message + prefix.n, vectors[i].filler, vectors[i].filler_count);
        TEST_REQUIRE(
            EXPECT_OK(hash_to_g2(&p, span_of(message, prefix.n + vectors[i].filler_count),
                                 SPAN_LIT("QUUX-V01-CS02-with-BLS12381G2_XMD:SHA-256_SSWU_RO_"))));
        EXPECT(g2_is_on_curve(&p) && g2_is_in_group(&p));
        g2_encode(bytes, &p);
        EXPECT_SPAN(test_hex(vectors[i].point), SPAN_OF(bytes));
    }
}

TEST(domains_have_a_length)
{
    static const uint8_t domain[HASH_TO_G2_DOMAIN_MAX + 1];
    struct g2 p;
    struct g2 q;
    EXPECT_ERR(ERR_LIMIT, hash_to_g2(&p, SPAN_LIT("m"), SPAN_EMPTY));
    EXPECT_OK(hash_to_g2(&p, SPAN_LIT("m"), span_of(domain, 1)));
    EXPECT_OK(hash_to_g2(&q, SPAN_LIT("m"), span_of(domain, HASH_TO_G2_DOMAIN_MAX)));
    EXPECT_ERR(ERR_LIMIT, hash_to_g2(&p, SPAN_LIT("m"), SPAN_OF(domain)));
    EXPECT(!fp2_equal(&p.x, &q.x));
}

TEST_MAIN
