/* SGX and TDX quotes: the published samples against their index, and each signed byte of them changed. */
#include "tee/dcap.h"

#include "base/test.h"
#include "codec/base16.h"
#include "tee/roots.h"
#include "tee/sample_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct dcap_collateral collateral;

/* Accepts each status but Revoked, any measurement, and what the samples' clouds leave out. */
static const char lenient[] =
    "{\"version\":1,\"rules\":["
    "{\"kind\":\"sgx\",\"measurements\":\"any\",\"tcb\":[\"UpToDate\",\"SWHardeningNeeded\","
    "\"ConfigurationNeeded\",\"ConfigurationAndSWHardeningNeeded\",\"OutOfDate\","
    "\"OutOfDateConfigurationNeeded\"]},"
    "{\"kind\":\"tdx\",\"measurements\":\"any\",\"allow\":[\"sept_ve\",\"service_td\"],"
    "\"tcb\":[\"UpToDate\",\"SWHardeningNeeded\",\"ConfigurationNeeded\","
    "\"ConfigurationAndSWHardeningNeeded\",\"OutOfDate\",\"OutOfDateConfigurationNeeded\"]}]}";

struct sample {
    struct span quote;
    struct dcap_texts texts;
    struct span binding;
    walltime now;
};

/* With is_kept, the collateral that was verified last is used again. */
static enum err
appraise_kept(struct appraisal *a, const struct sample *s, const char *policy_text, bool is_kept)
{
    struct policy policy;
    struct anchors anchors = roots_of(TEE_SGX);
    EXPECT_OK(policy_parse(&policy, span_str(policy_text), NULL));
    struct expectation e = {
        .anchors = &anchors, .policy = &policy, .now = s->now, .binding = s->binding};
    enum err err =
        is_kept ? OK : dcap_collateral_verify(&collateral, a, &s->texts, &anchors, s->now);
    return err == OK ? dcap_verify(a, s->quote, &collateral, &e) : err;
}

static enum err appraise(struct appraisal *a, const struct sample *s, const char *policy_text)
{
    return appraise_kept(a, s, policy_text, false);
}

static bool load(struct sample *s, struct json c)
{
    *s = (struct sample){.now = sample_time(c)};
    struct json named;
    bool has_collateral = json_find(&named, c, "collateral");
    s->binding = test_hex(sample_text(c, "report_data"));
    return sample_file(&s->quote, c, "quote") &&
           (!has_collateral || sample_collateral(&s->texts, c));
}

static bool find_case(struct sample *s, const char *id)
{
    static const char *const kinds[] = {"sgx", "tdx"};
    for (size_t k = 0; k < 2; k++) {
        struct json c;
        for (size_t next = 0; sample_next(&next, &c, kinds[k]);) {
            if (strcmp(sample_text(c, "id"), id) == 0) {
                return load(s, c);
            }
        }
    }
    return false;
}

/* What the index says in words, as a step. */
static const struct {
    const char *id;
    enum appraisal_step step;
    const char *status;
} verdicts[] = {
    {"sgx3-azure-cfg-swh",      STEP_NONE,        "ConfigurationAndSWHardeningNeeded"},
    {"tdx4-uptodate",           STEP_NONE,        "UpToDate"                         },
    {"tdx4-collateral-expired", STEP_CRL_TIME,    ""                                 },
    {"tdx5-no-level",           STEP_TCB_LEVEL,   ""                                 },
    {"tdx4-outofdate",          STEP_NONE,        "OutOfDate"                        },
    {"sgx3-swhardening",        STEP_NONE,        "SWHardeningNeeded"                },
    {"sgx3-debug-enclave",      STEP_DEBUG,       "ConfigurationAndSWHardeningNeeded"},
    {"tdx4-debug-td",           STEP_DEBUG,       "UpToDate"                         },
    {"tdx4-fmspc-mismatch",     STEP_FMSPC,       ""                                 },
    {"sgx3-no-crl",             STEP_CRL_MISSING, ""                                 },
    {"sgx3-certtype3",          STEP_CERT_DATA,   ""                                 },
};

static void check_advisories(const struct appraisal *a, struct json c)
{
    struct json list;
    struct json one;
    size_t count = 0;
    TEST_REQUIRE(json_find(&list, c, "advisories"));
    struct json_iter it = json_iterate(list);
    while (json_next(&it, NULL, &one)) {
        bool found = false;
        for (size_t i = 0; i < a->advisories_count; i++) {
            found = found || json_string_equal(one, span_str(a->advisories[i]));
        }
        EXPECT(found);
        count++;
    }
    EXPECT_EQ(count, a->advisories_count);
}

static void check_measurement(const struct appraisal *a, struct json c, const char *name)
{
    enum measurement_name which;
    const char *want = sample_text(c, name);
    TEST_REQUIRE(measurement_parse(&which, span_str(name)));
    if (want[0]) {
        EXPECT_SPAN(test_hex(want), appraisal_measured(a, which));
    }
}

TEST(samples_are_judged_as_their_index_says)
{
    static const char *const kinds[] = {"sgx", "tdx"};
    size_t count = 0;
    for (size_t k = 0; k < 2; k++) {
        struct json c;
        for (size_t next = 0; sample_next(&next, &c, kinds[k]);) {
            struct sample s;
            static struct appraisal a;
            const char *id = sample_text(c, "id");
            size_t i = 0;
            while (i < sizeof verdicts / sizeof verdicts[0] && strcmp(verdicts[i].id, id) != 0) {
                i++;
            }
            test_note("%s", id);
            TEST_REQUIRE(i < sizeof verdicts / sizeof verdicts[0]);
            TEST_REQUIRE(load(&s, c));
            if (s.texts.tcb_info.n == 0) {
                struct policy policy;
                struct anchors anchors = roots_of(TEE_SGX);
                struct expectation e = {&anchors, &policy, NULL, s.now, s.binding};
                EXPECT_OK(policy_parse(&policy, span_str(lenient), NULL));
                EXPECT(dcap_verify(&a, s.quote, &collateral, &e) != OK);
            } else {
                EXPECT((appraise(&a, &s, lenient) == OK) == (verdicts[i].step == STEP_NONE));
            }
            EXPECT_STR(appraisal_step_name(verdicts[i].step), appraisal_step_name(a.failed));
            EXPECT_STR(verdicts[i].status, tcb_status_name(a.tcb));
            EXPECT_EQ(a.failed == STEP_NONE ? TEE_LEVEL_HARDWARE_ATTESTED : TEE_LEVEL_NONE,
                      a.level);
            if (verdicts[i].status[0]) {
                check_advisories(&a, c);
                check_measurement(&a, c, "mrenclave");
                check_measurement(&a, c, "mrsigner");
                check_measurement(&a, c, "mrtd");
                EXPECT_SPAN(s.binding, span_of(a.report_data, a.report_data_len));
                EXPECT(a.has_hardware_id);
            }
            count++;
        }
    }
    EXPECT(count == 0 || count == sizeof verdicts / sizeof verdicts[0]);
}

/* The index names a status for it "if that check is waived". */
TEST(a_policy_may_do_without_revocation_lists)
{
    struct sample s;
    static struct appraisal a;
    if (!find_case(&s, "sgx3-no-crl")) {
        return;
    }
    EXPECT_OK(appraise(&a, &s,
                       "{\"version\":1,\"rules\":[{\"kind\":\"sgx\",\"measurements\":\"any\","
                       "\"crl\":\"optional\",\"tcb\":[\"SWHardeningNeeded\"]}]}"));
    EXPECT_STR("SWHardeningNeeded", tcb_status_name(a.tcb));
    EXPECT_EQ(2, a.advisories_count);
}

/* A range of a buffer in which every byte counts. */
static void flip_each(struct sample *s, struct span *field, size_t from, size_t to, size_t step)
{
    uint8_t *copy = malloc(field->n);
    struct span original = *field;
    TEST_REQUIRE(copy);
    memcpy(copy, original.p, original.n);
    *field = span_of(copy, original.n);
    for (size_t i = from; i < to; i += step) {
        static struct appraisal a;
        copy[i] ^= (uint8_t)(1U << (i % 8));
        if (appraise_kept(&a, s, lenient, field == &s->quote) == OK) {
            test_note("byte %zu", i);
            EXPECT(false);
        }
        copy[i] ^= (uint8_t)(1U << (i % 8));
    }
    static struct appraisal a;
    EXPECT_OK(appraise(&a, s, lenient));
    *field = original;
    free(copy);
}

static void flip_quote(const char *id)
{
    struct sample s;
    struct quote q;
    static struct appraisal a;
    if (!find_case(&s, id)) {
        return;
    }
    appraisal_init(&a, TEE_SGX);
    TEST_REQUIRE(quote_decode(&q, s.quote, &a) == OK);
    EXPECT_OK(appraise(&a, &s, lenient));
    /* Header, body, signature, key, the QE's report, its signature and its data: all up to the certificates' header. */
    size_t certs_at = (size_t)(q.certs.p - s.quote.p);
    flip_each(&s, &s.quote, 0, certs_at, 1);
    test_note("certificates of %s", id);
    /* The text of the certificates, but for its end: blanks and the zero byte behind the last mark are not signed. */
    size_t end = certs_at + q.certs.n;
    while (end > certs_at && s.quote.p[end - 1] != '-') {
        end--;
    }
    flip_each(&s, &s.quote, certs_at, end, 7);
}

TEST(each_byte_of_a_tdx_quote_counts)
{
    flip_quote("tdx4-uptodate");
}

TEST(each_byte_of_an_sgx_quote_counts)
{
    flip_quote("sgx3-swhardening");
}

TEST(each_byte_of_the_collateral_counts)
{
    struct sample s;
    if (!find_case(&s, "tdx4-uptodate")) {
        return;
    }
    flip_each(&s, &s.texts.tcb_info, 0, s.texts.tcb_info.n, 1);
    flip_each(&s, &s.texts.qe_identity, 0, s.texts.qe_identity.n, 1);
    flip_each(&s, &s.texts.tcb_info_signature, 0, 64, 1);
    flip_each(&s, &s.texts.qe_identity_signature, 0, 64, 1);
    flip_each(&s, &s.texts.pck_crl, 0, s.texts.pck_crl.n, 1);
    flip_each(&s, &s.texts.root_crl, 0, s.texts.root_crl.n, 1);
}

TEST_MAIN
