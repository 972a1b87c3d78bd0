/* Certificates and revocation lists that OpenSSL wrote, read by our own reader. */
#include "tee/cert.h"

#include "base/test.h"
#include "codec/der.h"
#include "tee/pki_test.h"

#include <string.h>

static struct pki_cert usual(void)
{
    return (struct pki_cert){.subject = "leaf",
                             .issuer = "root",
                             .key = pki_key("leaf", PKI_P384),
                             .signer = pki_key("root", PKI_P256),
                             .serial = 0x8001};
}

TEST(fields_are_read)
{
    struct pki_cert c = usual();
    struct cert cert;
    c.is_ca = true;
    c.basic_constraints = "critical,CA:TRUE,pathlen:3";
    c.key_usage = "critical,keyCertSign";
    c.extensions[0] = (struct pki_extension){"1.2.3.4", SPAN_LIT("value"), false};
    struct span der = pki_cert(&c);
    TEST_REQUIRE(EXPECT_OK(cert_decode(&cert, der, NULL)));
    EXPECT_SPAN(test_hex("8001"), cert.serial);
    EXPECT_SPAN(SPAN_LIT("leaf"), cert_common_name(cert.subject));
    EXPECT_SPAN(SPAN_LIT("root"), cert_common_name(cert.issuer));
    EXPECT_SPAN(pki_spki(c.key), cert.spki);
    EXPECT_EQ(pki_year(2020).s, cert.not_before.s);
    EXPECT_EQ(pki_year(2040).s, cert.not_after.s);
    EXPECT(cert.is_ca && cert.may_sign_certs && !cert.may_sign_crls && !cert.may_sign_data);
    EXPECT_EQ(3, cert.path_len_max);
    struct span value;
    EXPECT(cert_extension(&cert, &value, SPAN_LIT("\x2a\x03\x04")));
    EXPECT_SPAN(SPAN_LIT("value"), value);
    EXPECT(!cert_extension(&cert, &value, SPAN_LIT("\x2a\x03\x05")));
}

/* Years below 2050 are written with two digits, those from 2050 on with four. */
TEST(both_forms_of_time)
{
    struct pki_cert c = usual();
    struct cert cert;
    c.not_before = (walltime){1};
    c.not_after = pki_year(2099);
    TEST_REQUIRE(EXPECT_OK(cert_decode(&cert, pki_cert(&c), NULL)));
    EXPECT_EQ(1, cert.not_before.s);
    EXPECT_EQ(pki_year(2099).s, cert.not_after.s);
}

TEST(every_algorithm_and_no_other_key)
{
    static const struct {
        enum pki_kind kind;
        const char *digest;
        bool is_pss;
        enum cert_algorithm algorithm;
    } rows[] = {
        {PKI_P256, "SHA256", false, CERT_ECDSA_SHA256  },
        {PKI_P384, "SHA384", false, CERT_ECDSA_SHA384  },
        {PKI_P256, "SHA384", false, CERT_ECDSA_SHA384  },
        {PKI_P521, "SHA512", false, CERT_ECDSA_SHA512  },
        {PKI_RSA,  "SHA256", false, CERT_RSA_SHA256    },
        {PKI_RSA,  "SHA384", false, CERT_RSA_SHA384    },
        {PKI_RSA,  "SHA384", true,  CERT_RSA_PSS_SHA384},
        {PKI_RSA,  "SHA256", true,  CERT_OTHER         }, /* its salt is not as long as its hash */
        {PKI_RSA,  "SHA512", false, CERT_OTHER         },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pki_cert c = usual();
        struct cert cert;
        struct cert issuer;
        c.signer = pki_key("root", rows[i].kind);
        c.digest = rows[i].digest;
        c.is_pss = rows[i].is_pss;
        test_note("row %zu", i);
        TEST_REQUIRE(EXPECT_OK(cert_decode(&cert, pki_cert(&c), NULL)));
        EXPECT_EQ(rows[i].algorithm, cert.algorithm);
        for (int kind = PKI_P256; kind <= PKI_RSA; kind++) {
            struct pki_cert other = usual();
            other.key = pki_key("root", (enum pki_kind)kind);
            TEST_REQUIRE(EXPECT_OK(cert_decode(&issuer, pki_cert(&other), NULL)));
            bool is_right = kind == (int)rows[i].kind && rows[i].algorithm != CERT_OTHER;
            EXPECT_ERR(is_right ? OK : ERR_AUTH,
                       cert_signed(&issuer, cert.algorithm, cert.signed_part, cert.signature));
        }
    }
}

TEST(what_is_refused)
{
    struct cert cert;
    struct pki_cert c = usual();
    size_t at;
    c.extensions[0] = (struct pki_extension){"1.2.3.4", SPAN_LIT("value"), true};
    EXPECT_ERR(ERR_UNSUPPORTED, cert_decode(&cert, pki_cert(&c), &at));
    c.extensions[0].is_critical = false;
    c.extensions[1] = c.extensions[0];
    EXPECT_ERR(ERR_MALFORMED, cert_decode(&cert, pki_cert(&c), &at)); /* twice */
    EXPECT(at > 0);
    static uint8_t large[CERT_LEN_MAX + 1];
    EXPECT_ERR(ERR_LIMIT, cert_decode(&cert, SPAN_OF(large), &at));
    EXPECT_ERR(ERR_MALFORMED, cert_decode(&cert, span_of(large, CERT_LEN_MAX), &at));
}

/* RFC 5280 §4.2.1.4; makers of TPMs mark it critical. */
TEST(policies_that_are_critical)
{
#define POLICY_ANY "\x30\x06\x06\x04\x55\x1d\x20\x00"
#define POLICY_CPS                                                                                 \
    "\x30\x17\x06\x03\x2a\x03\x04\x30\x10\x30\x0e\x06\x08\x2b\x06\x01\x05\x05\x07\x02\x01\x16\x02" \
    "xy"
    static const struct {
        enum err e;
        const char *oid;
        struct span value;
    } rows[] = {
        {OK,              "2.5.29.32", SPAN_INIT("\x30\x08" POLICY_ANY)           },
        {OK,              "2.5.29.32", SPAN_INIT("\x30\x21" POLICY_ANY POLICY_CPS)},
        {ERR_MALFORMED,   "2.5.29.32", SPAN_INIT("\x30\x00")                      },
        {ERR_MALFORMED,   "2.5.29.32", SPAN_INIT("\x30\x10" POLICY_ANY POLICY_ANY)},
        {ERR_MALFORMED,   "2.5.29.32", SPAN_INIT("\x30\x08" POLICY_ANY "x")       },
        {ERR_MALFORMED,   "2.5.29.32", SPAN_INIT("\x30\x04\x30\x02\x05\x00")      },
        {ERR_UNSUPPORTED, "2.5.29.36", SPAN_INIT("\x30\x03\x80\x01\x00")          }, /* constraints */
        {ERR_UNSUPPORTED, "2.5.29.54", SPAN_INIT("\x02\x01\x00")                  }, /* inhibitAny */
        {ERR_UNSUPPORTED, "2.5.29.30", SPAN_INIT("\x30\x00")                      }, /* names */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct cert cert;
        struct pki_cert c = usual();
        c.extensions[0] = (struct pki_extension){rows[i].oid, rows[i].value, true};
        EXPECT_ERR(rows[i].e, cert_decode(&cert, pki_cert(&c), NULL));
    }
}

TEST(cut_or_changed_in_its_structure)
{
    struct pki_cert c = usual();
    struct span der = pki_cert(&c);
    struct cert cert;
    static uint8_t room[2048];
    for (size_t n = 0; n < der.n; n++) {
        EXPECT(cert_decode(&cert, span_first(der, n), NULL) != OK);
    }
    TEST_REQUIRE(der.n < sizeof room);
    memcpy(room, der.p, der.n);
    EXPECT_ERR(ERR_MALFORMED, cert_decode(&cert, span_of(room, der.n + 1), NULL));
    /* The algorithm outside names SHA-384, the one inside SHA-256. */
    TEST_REQUIRE(cert_decode(&cert, span_of(room, der.n), NULL) == OK);
    size_t outside = (size_t)(cert.signed_part.p - room) + cert.signed_part.n + 11;
    EXPECT_EQ(2, room[outside]);
    room[outside] = 3;
    EXPECT_ERR(ERR_MALFORMED, cert_decode(&cert, span_of(room, der.n), NULL));
}

TEST(revocation_lists)
{
    static const uint64_t serials[] = {1, 0x80, UINT64_C(0xffffffffffffffff)};
    struct pki_crl c = {.issuer = "root",
                        .signer = pki_key("root", PKI_RSA),
                        .digest = "SHA384",
                        .is_pss = true,
                        .serials = serials,
                        .serials_count = 3};
    struct crl list;
    struct span der = pki_crl(&c);
    TEST_REQUIRE(EXPECT_OK(crl_decode(&list, der)));
    EXPECT_EQ(CERT_RSA_PSS_SHA384, list.algorithm);
    EXPECT(crl_lists(&list, test_hex("01")));
    EXPECT(crl_lists(&list, test_hex("80")));
    EXPECT(crl_lists(&list, test_hex("ffffffffffffffff")));
    EXPECT(!crl_lists(&list, test_hex("02")));
    EXPECT(!crl_lists(&list, test_hex("ff")));
    EXPECT_EQ(pki_year(2024).s, list.this_update.s);
    EXPECT_EQ(pki_year(2027).s, list.next_update.s);
    for (size_t n = 0; n < der.n; n++) {
        EXPECT(crl_decode(&list, span_first(der, n)) != OK);
    }
    c.serials_count = 0;
    EXPECT_OK(crl_decode(&list, pki_crl(&c)));
    EXPECT(!crl_lists(&list, test_hex("01")));
    c.extension = (struct pki_extension){"2.5.29.28", SPAN_LIT("\x30\x00"), true};
    EXPECT_ERR(ERR_MALFORMED, crl_decode(&list, pki_crl(&c)));
    c.extension.is_critical = false;
    EXPECT_OK(crl_decode(&list, pki_crl(&c)));
}

TEST_MAIN
