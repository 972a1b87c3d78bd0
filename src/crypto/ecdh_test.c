/* Diffie-Hellman: the standards' examples, and points and numbers that are none. */
#include "crypto/ecdh.h"

#include "base/test.h"
#include "crypto/backend.h"

#include <string.h>

/* RFC 5903 §8.1 (P-256) and §8.2 (P-384): the initiator's number and point, the responder's point, and x of what they share. */
static const struct {
    enum ecdsa_curve curve;
    const char *secret;
    const char *ours;
    const char *peer;
    const char *shared;
} vectors[] = {
    {ECDSA_P256, "C88F01F510D9AC3F70A292DAA2316DE544E9AAB8AFE84049C62A9C57862D1433",
     "DAD0B65394221CF9B051E1FECA5787D098DFE637FC90B9EF945D0C3772581180"
     "5271A0461CDB8252D61F1C456FA3E59AB1F45B33ACCF5F58389E0577B8990BB3",         "D12DFB5289C8D4F81208B70270398C342296970A0BCCB74C736FC7554494BF63"
     "56FBF3CA366CC23E8157854C13C58D6AAC23F046ADA30F8353E74F33039872AB", "D6840F6B42F6EDAFD13116E0E12565202FEF8E9ECE7DCE03812464D04B9442DE"},
    {ECDSA_P384,
     "099F3C7034D4A2C699884D73A375A67F7624EF7C6B3C0F160647B67414DCE655"
     "E35B538041E649EE3FAEF896783AB194",                                             "667842D7D180AC2CDE6F74F37551F55755C7645C20EF73E31634FE72B4C55EE6"
     "DE3AC808ACB4BDB4C88732AEE95F41AA"
     "9482ED1FC0EEB9CAFC4984625CCFC23F65032149E0E144ADA024181535A0F38E"
     "EB9FCFF3C2C947DAE69B4C634573A81C", "E558DBEF53EECDE3D3FCCFC1AEA08A89A987475D12FD950D83CFA41732BC509D"
     "0D1AC43A0336DEF96FDA41D0774A3571"
     "DCFBEC7AACF3196472169E838430367F66EEBE3C6E70C416DD5F0C68759DD1FF"
     "F83FA40142209DFF5EAAD96DB9E6386C",                         "11187331C279962D93D604243FD592CB9D0A926F422E47187521287E7156C5C4"
     "D603135569B9E9D09CF5D4A270F59746"                                                    },
};

TEST(what_both_sides_share)
{
    EXPECT_OK(crypto_init());
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        struct ecdh e;
        size_t half = ecdsa_coordinate_len(vectors[i].curve);
        EXPECT_OK(ecdh_agree(&e, vectors[i].curve, test_hex(vectors[i].secret),
                             test_hex(vectors[i].peer)));
        EXPECT_SPAN(test_hex(vectors[i].ours), span_of(e.xy, 2 * half));
        EXPECT_SPAN(test_hex(vectors[i].shared), span_of(e.shared, half));
        ecdh_wipe(&e);
    }
}

TEST(numbers_and_points_that_are_none)
{
    static uint8_t zero[48];
    static uint8_t full[48];
    uint8_t off[96];
    struct ecdh e;
    EXPECT_OK(crypto_init());
    memset(full, 0xff, sizeof full);
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        size_t half = ecdsa_coordinate_len(vectors[i].curve);
        struct span peer = test_hex(vectors[i].peer);
        struct span secret = test_hex(vectors[i].secret);
        test_note("curve %zu", i);
        EXPECT_ERR(ERR_MALFORMED, ecdh_agree(&e, vectors[i].curve, span_of(zero, half), peer));
        EXPECT_ERR(ERR_MALFORMED, ecdh_agree(&e, vectors[i].curve, span_of(full, half), peer));
        EXPECT_ERR(ERR_MALFORMED,
                   ecdh_agree(&e, vectors[i].curve, span_first(secret, half - 1), peer));
        EXPECT_ERR(ERR_AUTH,
                   ecdh_agree(&e, vectors[i].curve, secret, span_first(peer, 2 * half - 1)));
        EXPECT_ERR(ERR_AUTH, ecdh_agree(&e, vectors[i].curve, secret, SPAN_EMPTY));
        memcpy(off, peer.p, peer.n);
        off[peer.n - 1] ^= 1;
        EXPECT_ERR(ERR_AUTH, ecdh_agree(&e, vectors[i].curve, secret, span_of(off, peer.n)));
    }
}

TEST_MAIN
