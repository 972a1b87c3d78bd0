/* The one door: real evidence passes it, and nothing that was made here does. */
#include "tee/evidence.h"

#include "base/test.h"
#include "tee/cca.h"
#include "tee/forge_test.h"
#include "tee/sample_test.h"

#include <string.h>

static const char policy_text[] =
    "{\"version\":1,\"rules\":["
    "{\"kind\":\"sgx\",\"measurements\":\"any\",\"tcb\":[\"UpToDate\",\"SWHardeningNeeded\"]},"
    "{\"kind\":\"tdx\",\"measurements\":\"any\",\"tcb\":[\"UpToDate\"]},"
    "{\"kind\":\"sev-snp\",\"measurements\":\"any\",\"crl\":\"optional\"}]}";

static const uint8_t another[64] = {1};
static struct appraiser work;
static struct appraisal result;

static struct evidence of_dcap(enum tee_kind kind, struct span quote, const struct dcap_texts *t)
{
    struct evidence v = {.kind = kind};
    v.parts[EVIDENCE_MAIN] = quote;
    v.parts[EVIDENCE_ROOT_CRL] = t->root_crl;
    v.parts[EVIDENCE_PCK_CRL] = t->pck_crl;
    v.parts[EVIDENCE_PCK_CRL_CHAIN] = t->pck_crl_chain;
    v.parts[EVIDENCE_TCB_INFO] = t->tcb_info;
    v.parts[EVIDENCE_TCB_INFO_SIGNATURE] = t->tcb_info_signature;
    v.parts[EVIDENCE_QE_IDENTITY] = t->qe_identity;
    v.parts[EVIDENCE_QE_IDENTITY_SIGNATURE] = t->qe_identity_signature;
    v.parts[EVIDENCE_SIGNING_CHAIN] = t->signing_chain;
    return v;
}

/* By way of its encoding, as it would arrive. */
static enum err judge(const struct evidence *v, struct span binding, walltime now)
{
    static uint8_t room[EVIDENCE_LEN_MAX];
    struct policy p;
    struct evidence read;
    struct wr w = wr_init(MSPAN_OF(room));
    EXPECT_OK(policy_parse(&p, span_str(policy_text), NULL));
    EXPECT_EQ(64, binding.n);
    struct evidence_expectation e = {.policy = &p, .now = now, .binding = binding.p};
    evidence_encode(&w, v);
    EXPECT_OK(wr_end(&w));
    TRY(evidence_decode(&read, span_of(room, w.n)));
    return evidence_appraise(&work, &result, &read, &e);
}

TEST(real_quotes_fit_and_pass)
{
    static const char *const ids[] = {"tdx4-uptodate", "sgx3-swhardening"};
    static const char *const kinds[] = {"tdx", "sgx"};
    for (size_t i = 0; i < 2; i++) {
        struct json c;
        for (size_t next = 0; sample_next(&next, &c, kinds[i]);) {
            struct span quote;
            struct dcap_texts texts;
            if (strcmp(sample_text(c, "id"), ids[i]) != 0) {
                continue;
            }
            TEST_REQUIRE(sample_file(&quote, c, "quote") && sample_collateral(&texts, c));
            struct evidence v = of_dcap(i == 0 ? TEE_TDX : TEE_SGX, quote, &texts);
            struct span binding = test_hex(sample_text(c, "report_data"));
            test_note("%s", ids[i]);
            EXPECT_OK(judge(&v, binding, sample_time(c)));
            EXPECT_EQ(TEE_LEVEL_HARDWARE_ATTESTED, result.level);
            EXPECT(evidence_carries(&v, binding.p));
            EXPECT(!evidence_carries(&v, another));
            v.kind = i == 0 ? TEE_SGX : TEE_TDX; /* announced as the other */
            EXPECT(judge(&v, binding, sample_time(c)) != OK);
            EXPECT_EQ(TEE_LEVEL_NONE, result.level);
        }
    }
}

TEST(a_real_report_passes)
{
    struct json c;
    struct evidence v;
    struct span key;
    if (!sample_snp(&v, &c, "milan-v3") || !sample_file(&key, c, "ek")) {
        return;
    }
    walltime now = {pki_year(2026).s + 60 * 86400};
    struct span binding = test_hex(sample_text(c, "report_data"));
    EXPECT_OK(judge(&v, binding, now));
    EXPECT(evidence_carries(&v, binding.p));
    EXPECT(!evidence_carries(&v, another));
    v.parts[EVIDENCE_TPM_KEY] = key;
    EXPECT_ERR(ERR_MALFORMED, judge(&v, binding, now)); /* a part that no report has */
    v.parts[EVIDENCE_TPM_KEY] = SPAN_EMPTY;
    v.parts[EVIDENCE_TPM_ATTEST] = key;
    EXPECT_ERR(ERR_MALFORMED, judge(&v, binding, now)); /* a quote that nothing belongs to */
    v.parts[EVIDENCE_RUNTIME] = SPAN_LIT("{}");
    EXPECT_ERR(ERR_AUTH, judge(&v, binding, now)); /* a text that the report does not name */
    EXPECT_STR("key_origin", appraisal_step_name(result.failed));
}

/* Documents and tokens whose makers put in what is not 64 bytes long, or is: what was put in is what is found. */
TEST(what_other_evidence_carries)
{
    struct evidence nitro = {.kind = TEE_NITRO};
    struct evidence cca = {.kind = TEE_CCA};
    struct evidence tpm = {.kind = TEE_TPM2};
    struct cca token;
    uint8_t binding[64];
    if (!test_fixture("tee/nitro/valid-2022.cose", &nitro.parts[EVIDENCE_MAIN]) ||
        !test_fixture("tee/cca/legacy-profile.cbor", &cca.parts[EVIDENCE_MAIN]) ||
        !test_fixture("tee/tpm/swtpm-ecc.q.msg", &tpm.parts[EVIDENCE_MAIN])) {
        return;
    }
    TEST_REQUIRE(EXPECT_OK(cca_decode(&token, cca.parts[EVIDENCE_MAIN])));
    TEST_REQUIRE(token.realm_challenge.n == sizeof binding);
    memcpy(binding, token.realm_challenge.p, sizeof binding);
    EXPECT(evidence_carries(&cca, binding));
    EXPECT(!evidence_carries(&cca, another));
    EXPECT(!evidence_carries(&nitro, another));
    EXPECT(!evidence_carries(&tpm, another));
    for (int kind = TEE_SGX; kind <= TEE_KIND_COUNT; kind++) {
        struct evidence junk = {.kind = (enum tee_kind)kind};
        EXPECT(!evidence_carries(&junk, another)); /* not even a main part */
        junk.parts[EVIDENCE_MAIN] = SPAN_OF(another);
        EXPECT(!evidence_carries(&junk, another));
    }
}

TEST(roots_made_here_are_strangers)
{
    struct forged made;
    struct forge f = {.kind = TEE_SGX};
    forge(&made, &f);
    struct evidence v = of_dcap(TEE_SGX, made.quote, &made.texts);
    EXPECT_ERR(ERR_AUTH, judge(&v, SPAN_OF(f.report_data), FORGE_NOW));
    EXPECT_STR("root", appraisal_step_name(result.failed));
}

TEST(encodings_that_are_refused)
{
    static const struct {
        const char *hex;
        enum err want;
    } rows[] = {
        {"",                                       ERR_MALFORMED},
        {"00",                                     ERR_MALFORMED},
        {"000100000001aa",                         OK           },
        {"050100000001aa",                         OK           },
        {"060100000001aa",                         ERR_MALFORMED},
        {"000100000000",                           ERR_MALFORMED},
        {"000100000002aa",                         ERR_MALFORMED},
        {"0001ffffffffaa",                         ERR_MALFORMED},
        {"000200000001aa",                         ERR_MALFORMED},
        {"000100000001aa0100000001aa",             ERR_MALFORMED},
        {"000100000001aa0300000001aa0200000001aa", ERR_MALFORMED},
        {"000100000001aa0e00000001aa",             OK           },
        {"000100000001aa1000000001aa",             OK           },
        {"000100000001aa1100000001aa",             ERR_MALFORMED},
        {"000000000001aa0100000001aa",             ERR_MALFORMED},
    };
    static uint8_t large[EVIDENCE_LEN_MAX + 1];
    struct evidence v;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_note("row %zu", i);
        EXPECT_ERR(rows[i].want, evidence_decode(&v, test_hex(rows[i].hex)));
    }
    EXPECT_ERR(ERR_LIMIT, evidence_decode(&v, SPAN_OF(large)));
}

TEST_MAIN
