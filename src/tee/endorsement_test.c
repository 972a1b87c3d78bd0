/* Endorsements: where they are asked for, and how real ones and broken ones are read. */
#include "tee/endorsement.h"

#include "base/test.h"
#include "codec/base16.h"
#include "codec/pem.h"
#include "tee/forge_test.h"
#include "tee/sample_test.h"

#include <stdio.h>
#include <string.h>

static const struct endorsement_sources sources = {
    .pcs = "https://pcs", .root_crl = "https://crl/root.der", .kds = "https://kds"};

static struct appraiser work;
static struct appraisal result;
static struct endorsements_wanted wanted;
static struct endorsement_room room;

static enum err want(const struct evidence *e, const struct endorsement_sources *from)
{
    return endorsements_want(&wanted, &work, &result, e, from, 0);
}

/* ---- where ---- */

TEST(collateral_of_a_platform)
{
    static const struct {
        enum tee_kind kind;
        const char *urls[ENDORSEMENTS_MAX];
    } rows[] = {
        {TEE_TDX,
         {"https://pcs/tdx/certification/v4/tcb?fmspc=00606a000000",
          "https://pcs/tdx/certification/v4/qe/identity",
          "https://pcs/sgx/certification/v4/pckcrl?ca=platform&encoding=der",
          "https://crl/root.der"}},
        {TEE_SGX,
         {"https://pcs/sgx/certification/v4/tcb?fmspc=00606a000000",
          "https://pcs/sgx/certification/v4/qe/identity",
          "https://pcs/sgx/certification/v4/pckcrl?ca=platform&encoding=der",
          "https://crl/root.der"}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct forged made;
        struct forge f = {.kind = rows[i].kind};
        struct evidence e = {.kind = rows[i].kind};
        forge(&made, &f);
        e.parts[EVIDENCE_MAIN] = made.quote;
        TEST_REQUIRE(EXPECT_OK(want(&e, &sources)));
        EXPECT_EQ(ENDORSEMENTS_MAX, wanted.count);
        for (size_t k = 0; k < wanted.count; k++) {
            EXPECT_EQ(k, wanted.asks[k].item);
            EXPECT_STR(rows[i].urls[k], wanted.asks[k].url);
        }
        EXPECT_ERR(ERR_NOT_FOUND, want(&e, &(struct endorsement_sources){.kds = "https://kds"}));
        e.parts[EVIDENCE_TCB_INFO] = made.texts.tcb_info;
        EXPECT_OK(want(&e, &sources));
        EXPECT_EQ(0, wanted.count); /* it brings its own */
    }
}

TEST(a_platform_of_the_processor_ca)
{
    struct forged made;
    struct forge f = {.kind = TEE_TDX,
                      .pck = {.issuer = "Intel SGX PCK Processor CA"},
                      .ca = {.subject = "Intel SGX PCK Processor CA"}};
    struct evidence e = {.kind = TEE_TDX};
    forge(&made, &f);
    e.parts[EVIDENCE_MAIN] = made.quote;
    TEST_REQUIRE(EXPECT_OK(want(&e, &sources)));
    EXPECT_STR("https://pcs/sgx/certification/v4/pckcrl?ca=processor&encoding=der",
               wanted.asks[2].url);
    e.parts[EVIDENCE_MAIN] = span_first(made.quote, 700);
    EXPECT_ERR(ERR_MALFORMED, want(&e, &sources));
}

TEST(urls_have_a_limit)
{
    char base[ENDORSEMENT_URL_LEN_MAX + 1];
    struct forged made;
    struct forge f = {.kind = TEE_TDX};
    struct evidence e = {.kind = TEE_TDX};
    forge(&made, &f);
    e.parts[EVIDENCE_MAIN] = made.quote;
    memset(base, 'a', sizeof base);
    base[sizeof base - 1] = '\0';
    const struct endorsement_sources far = {.pcs = "https://pcs", .root_crl = base};
    EXPECT_OK(want(&e, &far));
    EXPECT_STR(base, wanted.asks[3].url);
    EXPECT_ERR(ERR_LIMIT, want(&e, &(struct endorsement_sources){.pcs = base, .root_crl = "x"}));
}

static const char chip[] =
    "0102030405060708000000000000000000000000000000000000000000000000000000000000000000000000"
    "0000000000000000000000000000000000000000";

/* A report that nobody signed: what it names is what counts here. */
static struct span report(uint32_t version, uint8_t family, uint8_t model, uint8_t flags)
{
    static uint8_t bytes[SEV_SNP_REPORT_LEN];
    memset(bytes, 0, sizeof bytes);
    bytes[0] = (uint8_t)version;
    bytes[0x34] = 1;
    bytes[0x48] = flags;
    (void)span_copy(mspan_of(bytes + 0x180, 8), test_hex("03 01 02 04 00 00 08 73"));
    bytes[0x188] = family;
    bytes[0x189] = model;
    (void)span_copy(mspan_of(bytes + 0x1a0, 64), test_hex(chip));
    return SPAN_OF(bytes);
}

TEST(certificates_of_a_chip)
{
    static const struct {
        const char *name;
        uint32_t version;
        uint8_t family;
        uint8_t model;
        uint8_t flags;
        unsigned guess;
        enum err err;
        const char *product;
        const char *query;
    } rows[] = {
        {"Milan",          3, 0x19, 0x01, 0,      0, OK,              "Milan", "blSPL=03&teeSPL=01&snpSPL=08&ucodeSPL=115"},
        {"Genoa",          3, 0x19, 0x11, 0,      0, OK,              "Genoa", "blSPL=03&teeSPL=01&snpSPL=08&ucodeSPL=115"},
        {"Zen 4c",         5, 0x19, 0xa0, 0,      0, OK,              "Genoa", "blSPL=03&teeSPL=01&snpSPL=08&ucodeSPL=115"},
        {"Turin",          5, 0x1a, 0x02, 0,      0, OK,              "Turin",
         "fmcSPL=3&blSPL=01&teeSPL=02&snpSPL=04&ucodeSPL=115"                                                             },
        {"unnamed",        2, 0,    0,    0,      0, OK,              "Milan", "blSPL=03&teeSPL=01&snpSPL=08&ucodeSPL=115"},
        {"unnamed again",  2, 0,    0,    0,      1, OK,              "Genoa", "blSPL=03&teeSPL=01&snpSPL=08&ucodeSPL=115"},
        {"another model",  3, 0x19, 0x40, 0,      0, ERR_UNSUPPORTED, "",      ""                                         },
        {"another family", 3, 0x1b, 0x01, 0,      0, ERR_UNSUPPORTED, "",      ""                                         },
        {"a VLEK",         3, 0x19, 0x01, 1 << 2, 0, ERR_UNSUPPORTED, "",      ""                                         },
        {"a hidden chip",  3, 0x19, 0x01, 1 << 1, 0, ERR_UNSUPPORTED, "",      ""                                         },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char url[ENDORSEMENT_URL_LEN_MAX + 1];
        struct evidence e = {.kind = TEE_SEV_SNP};
        e.parts[EVIDENCE_MAIN] =
            report(rows[i].version, rows[i].family, rows[i].model, rows[i].flags);
        test_note("%s", rows[i].name);
        EXPECT_ERR(rows[i].err,
                   endorsements_want(&wanted, &work, &result, &e, &sources, rows[i].guess));
        if (rows[i].err != OK) {
            continue;
        }
        bool is_turin = strcmp(rows[i].product, "Turin") == 0;
        (void)snprintf(url, sizeof url, "https://kds/vcek/v1/%s/%.*s?%s", rows[i].product,
                       is_turin ? 16 : 128, chip, rows[i].query);
        EXPECT_EQ(3, wanted.count);
        EXPECT_STR(url, wanted.asks[0].url);
        (void)snprintf(url, sizeof url, "https://kds/vcek/v1/%s/cert_chain", rows[i].product);
        EXPECT_STR(url, wanted.asks[1].url);
        (void)snprintf(url, sizeof url, "https://kds/vcek/v1/%s/crl", rows[i].product);
        EXPECT_STR(url, wanted.asks[2].url);
        EXPECT_ERR(ERR_NOT_FOUND, want(&e, &(struct endorsement_sources){.pcs = "https://pcs"}));
    }
}

/* With the host's certificates only the list is asked for, of the product that they name. */
TEST(what_a_host_gives_is_not_asked_for)
{
    struct json c;
    struct evidence e;
    struct span key;
    if (!sample_snp(&e, &c, "milan-v2") || !sample_file(&key, c, "ek")) {
        return;
    }
    const struct span chain = e.parts[EVIDENCE_CHAIN];
    TEST_REQUIRE(EXPECT_OK(want(&e, &sources)));
    EXPECT_EQ(1, wanted.count);
    EXPECT_STR("https://kds/vcek/v1/Milan/crl", wanted.asks[0].url);
    e.parts[EVIDENCE_CHAIN] = key; /* a part of it is of no use */
    TEST_REQUIRE(EXPECT_OK(want(&e, &sources)));
    EXPECT_EQ(3, wanted.count);
    e.parts[EVIDENCE_CHAIN] = chain;
    e.parts[EVIDENCE_ROOT_CRL] = key; /* a list of the host's does where there is no service */
    EXPECT_OK(want(&e, &(struct endorsement_sources){0}));
    EXPECT_EQ(0, wanted.count);
}

TEST(kinds_without_a_service)
{
    for (int kind = TEE_NITRO; kind <= TEE_CCA; kind++) {
        struct evidence e = {.kind = (enum tee_kind)kind};
        e.parts[EVIDENCE_MAIN] = SPAN_LIT("x");
        if (kind != TEE_SEV_SNP) {
            EXPECT_OK(want(&e, &sources));
            EXPECT_EQ(0, wanted.count);
        }
    }
}

/* ---- how ---- */

static enum err
read_one(struct evidence *e, enum endorsement_item item, struct span body, struct span header)
{
    const struct endorsement_answer answer = {.body = body, .header = header};
    return endorsement_read(e, &room, item, &answer);
}

/* What Intel published, through the answers of its service, passes the one door. */
TEST(real_collateral_as_it_would_arrive)
{
    static const char policy_text[] =
        "{\"version\":1,\"rules\":[{\"kind\":\"tdx\",\"measurements\":\"any\","
        "\"tcb\":[\"UpToDate\"]}]}";
    struct json c;
    for (size_t next = 0; sample_next(&next, &c, "tdx");) {
        struct evidence e = {.kind = TEE_TDX};
        struct dcap_texts t;
        struct policy policy;
        if (strcmp(sample_text(c, "id"), "tdx4-uptodate") != 0) {
            continue;
        }
        TEST_REQUIRE(sample_file(&e.parts[EVIDENCE_MAIN], c, "quote") && sample_collateral(&t, c));
        TEST_REQUIRE(EXPECT_OK(want(&e, &sources)));
        EXPECT_STR("https://pcs/tdx/certification/v4/tcb?fmspc=b0c06f000000", wanted.asks[0].url);
        room.n = 0;
        TEST_REQUIRE(
            EXPECT_OK(read_one(&e, ENDORSEMENT_TCB_INFO,
                               forge_signed_body("tcbInfo", t.tcb_info, t.tcb_info_signature),
                               forge_issuer_header(t.signing_chain))));
        TEST_REQUIRE(EXPECT_OK(
            read_one(&e, ENDORSEMENT_QE_IDENTITY,
                     forge_signed_body("enclaveIdentity", t.qe_identity, t.qe_identity_signature),
                     SPAN_EMPTY)));
        TEST_REQUIRE(EXPECT_OK(
            read_one(&e, ENDORSEMENT_PCK_CRL, t.pck_crl, forge_issuer_header(t.pck_crl_chain))));
        TEST_REQUIRE(EXPECT_OK(read_one(&e, ENDORSEMENT_ROOT_CRL, t.root_crl, SPAN_EMPTY)));
        EXPECT_SPAN(t.tcb_info, e.parts[EVIDENCE_TCB_INFO]);
        EXPECT_SPAN(t.qe_identity_signature, e.parts[EVIDENCE_QE_IDENTITY_SIGNATURE]);
        EXPECT(evidence_encoded_len(&e) < EVIDENCE_LEN_MAX);
        EXPECT_OK(policy_parse(&policy, span_str(policy_text), NULL));
        const struct evidence_expectation expectation = {
            .policy = &policy,
            .now = sample_time(c),
            .binding = test_hex(sample_text(c, "report_data")).p};
        EXPECT_OK(evidence_appraise(&work, &result, &e, &expectation));
        EXPECT_EQ(TEE_LEVEL_HARDWARE_ATTESTED, result.level);
    }
}

static struct forged made;

TEST(answers_that_are_not_read)
{
    static uint8_t long_one[ENDORSEMENT_BODY_LEN_MAX + 1];
    struct forge f = {.kind = TEE_TDX};
    forge(&made, &f);
    struct span body =
        forge_signed_body("tcbInfo", made.texts.tcb_info, made.texts.tcb_info_signature);
    struct span header = forge_issuer_header(made.texts.signing_chain);
    memset(long_one, 'a', sizeof long_one);
    const struct {
        const char *name;
        enum endorsement_item item;
        struct span body;
        struct span header;
        enum err want;
    } rows[] = {
        {"good", ENDORSEMENT_TCB_INFO, body, header, OK},
        {"no header", ENDORSEMENT_TCB_INFO, body, SPAN_EMPTY, ERR_NOT_FOUND},
        {"a header of words", ENDORSEMENT_TCB_INFO, body, SPAN_LIT("none%20here"), ERR_NOT_FOUND},
        {"a cut sign", ENDORSEMENT_TCB_INFO, body, SPAN_LIT("abc%2"), ERR_MALFORMED},
        {"no hexadecimal sign", ENDORSEMENT_TCB_INFO, body, SPAN_LIT("abc%2xyz"), ERR_MALFORMED},
        {"a cut certificate", ENDORSEMENT_TCB_INFO, body, span_first(header, 500), ERR_MALFORMED},
        {"a long header", ENDORSEMENT_TCB_INFO, body,
         span_first(SPAN_OF(long_one), ENDORSEMENT_HEADER_LEN_MAX + 1), ERR_LIMIT},
        {"a long body", ENDORSEMENT_TCB_INFO, SPAN_OF(long_one), header, ERR_LIMIT},
        {"a cut body", ENDORSEMENT_TCB_INFO, span_first(body, body.n - 1), header, ERR_MALFORMED},
        {"nothing", ENDORSEMENT_TCB_INFO, SPAN_EMPTY, header, ERR_MALFORMED},
        {"the other one's body", ENDORSEMENT_QE_IDENTITY, body, SPAN_EMPTY, ERR_MALFORMED},
        {"no signature", ENDORSEMENT_TCB_INFO, SPAN_LIT("{\"tcbInfo\":{}}"), header, ERR_MALFORMED},
        {"a short signature", ENDORSEMENT_TCB_INFO,
         SPAN_LIT("{\"tcbInfo\":{},\"signature\":\"00\"}"), header, ERR_MALFORMED},
        {"a list that is a word", ENDORSEMENT_ROOT_CRL, SPAN_LIT("404"), SPAN_EMPTY, ERR_MALFORMED},
        {"an empty list", ENDORSEMENT_ROOT_CRL, SPAN_EMPTY, SPAN_EMPTY, ERR_MALFORMED},
        {"a page", ENDORSEMENT_VCEK, SPAN_LIT("<html>"), SPAN_EMPTY, ERR_MALFORMED},
        {"no certificates", ENDORSEMENT_ISSUERS, SPAN_LIT("<html>"), SPAN_EMPTY, ERR_NOT_FOUND},
        {"no item", ENDORSEMENT_ITEM_COUNT, SPAN_EMPTY, SPAN_EMPTY, ERR_UNSUPPORTED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct evidence e = {.kind = TEE_TDX};
        room.n = 0;
        test_note("%s", rows[i].name);
        EXPECT_ERR(rows[i].want, read_one(&e, rows[i].item, rows[i].body, rows[i].header));
    }
}

/* Caches of the PCS write lists in other ways. */
TEST(lists_as_digits_and_pem)
{
    static uint8_t text[8192];
    struct forge f = {.kind = TEE_TDX};
    forge(&made, &f);
    for (int form = 0; form < 3; form++) {
        struct evidence e = {.kind = TEE_TDX};
        struct wr w = wr_init(MSPAN_OF(text));
        room.n = 0;
        if (form == 0) {
            wr_bytes(&w, made.texts.root_crl);
        } else if (form == 1) {
            base16_encode_upper(&w, made.texts.root_crl);
            wr_str(&w, "\r\n");
        } else {
            pem_write(&w, "X509 CRL", made.texts.root_crl);
        }
        EXPECT_OK(read_one(&e, ENDORSEMENT_ROOT_CRL, span_of(text, w.n), SPAN_EMPTY));
        EXPECT_SPAN(made.texts.root_crl, e.parts[EVIDENCE_ROOT_CRL]);
    }
}

/* The room of a set has an end. */
TEST(a_set_has_an_end)
{
    struct forge f = {.kind = TEE_TDX};
    struct evidence e = {.kind = TEE_TDX};
    enum err err = OK;
    size_t count = 0;
    forge(&made, &f);
    struct span header = forge_issuer_header(made.texts.pck_crl_chain);
    room.n = 0;
    while (err == OK && count < 1000) {
        err = read_one(&e, ENDORSEMENT_PCK_CRL, made.texts.pck_crl, header);
        count++;
    }
    EXPECT_ERR(ERR_LIMIT, err);
    EXPECT(count > 10);
    EXPECT(room.n <= sizeof room.bytes);
}

TEST(names_for_each)
{
    for (int i = 0; i < ENDORSEMENT_ITEM_COUNT; i++) {
        EXPECT(endorsement_name((enum endorsement_item)i)[0] != '\0');
    }
    EXPECT_STR("", endorsement_name(ENDORSEMENT_ITEM_COUNT));
    EXPECT(endorsement_header(ENDORSEMENT_ITEM_COUNT) == NULL);
}

TEST_MAIN
