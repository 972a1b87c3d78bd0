/* Quotes by swtpm, judged by the verifier of src/tee: what is made here is what is read there. */
#include "node/tpm/tpm_collector.h"

#include "base/test.h"
#include "crypto/backend.h"
#include "node/tpm/tpm_rig_test.h"
#include "tee/evidence.h"

#include <stdio.h>
#include <string.h>

enum { REGISTERS = 1 << 0 | 1 << 7 | 1 << 14 };

static struct tpm_rig rig;
static struct tpm_chip chip;
static struct appraiser appraiser;
static struct appraisal appraisal;
static uint8_t text[EVIDENCE_LEN_MAX];
static size_t text_len;
static uint8_t binding[64];

static bool begin(void)
{
    EXPECT_OK(crypto_init());
    memset(binding, 5, sizeof binding);
    return tpm_rig_start(&rig, false) && EXPECT_OK(tpm_chip_open(&chip, tpm_fd_tcti(&rig.fd)));
}

static void end(void)
{
    tpm_chip_done(&chip);
    tpm_rig_done(&rig);
}

static bool make(void)
{
    struct tpm_collector tpm;
    struct collector_outcome outcome;
    struct wr w = wr_init(MSPAN_OF(text));
    tpm_collector_init(&tpm, &chip);
    tpm.registers = REGISTERS;
    struct collector *list[] = {&tpm.collector};
    bool held = EXPECT_OK(collectors_write(&w, list, 1, test_budget(), binding, &outcome));
    text_len = w.n;
    EXPECT_STR("", tpm.collector.note);
    return held;
}

static enum err judge(const char *policy_text)
{
    struct evidence evidence;
    struct policy policy;
    EXPECT_OK(policy_parse(&policy, span_str(policy_text), NULL));
    TRY(evidence_decode(&evidence, span_of(text, text_len)));
    const struct evidence_expectation e = {
        .policy = &policy, .now = {1800000000}, .binding = binding};
    return evidence_appraise(&appraiser, &appraisal, &evidence, &e);
}

static const char any[] = "{\"version\":1,\"rules\":[{\"kind\":\"tpm2\",\"measurements\":\"any\","
                          "\"allow\":[\"no_ek\"]}]}";

TEST(a_quote_that_the_verifier_takes)
{
    if (begin() && make()) {
        EXPECT_OK(judge(any));
        EXPECT_EQ(TEE_LEVEL_TPM_BOUND_KEY, appraisal.level);
        EXPECT_EQ(3, appraisal.measurements_count);
        printf("# evidence has %zu bytes\n", text_len);
    }
    end();
}

TEST(what_it_does_not_take)
{
    if (begin() && make()) {
        EXPECT_ERR(
            ERR_AUTH,
            judge("{\"version\":1,\"rules\":[{\"kind\":\"tpm2\",\"measurements\":\"any\"}]}"));
        EXPECT_EQ(STEP_KEY_ORIGIN, appraisal.failed);
        binding[0] ^= 1;
        EXPECT(judge(any) != OK);
        EXPECT_EQ(STEP_BINDING, appraisal.failed);
        binding[0] ^= 1;
        struct evidence parts;
        EXPECT_OK(evidence_decode(&parts, span_of(text, text_len)));
        const uint8_t *key = parts.parts[EVIDENCE_TPM_KEY].p;
        for (size_t i = 0; i < text_len; i++) {
            if (text + i >= key && text + i < key + parts.parts[EVIDENCE_TPM_KEY].n) {
                continue; /* its attributes are the attester's word, as long as no EK vouches for it */
            }
            text[i] ^= 1;
            test_note("byte %zu", i);
            EXPECT(judge(any) != OK);
            text[i] ^= 1;
        }
        EXPECT_OK(judge(any));
    }
    end();
}

TEST(the_key_is_the_same_each_time_and_the_chip_does_not_fill_up)
{
    static uint8_t first[EVIDENCE_LEN_MAX];
    struct evidence a;
    struct evidence b;
    if (begin() && make()) {
        memcpy(first, text, text_len);
        EXPECT_OK(evidence_decode(&a, span_of(first, text_len)));
        for (int i = 0; i < 12; i++) {
            TEST_REQUIRE(make());
        }
        tpm_chip_done(&chip);
        EXPECT(tpm_rig_restart(&rig));
        EXPECT_OK(tpm_chip_open(&chip, tpm_fd_tcti(&rig.fd)));
        EXPECT(make());
        EXPECT_OK(evidence_decode(&b, span_of(text, text_len)));
        EXPECT_SPAN(a.parts[EVIDENCE_TPM_KEY], b.parts[EVIDENCE_TPM_KEY]);
        EXPECT_OK(judge(any));
    }
    end();
}

TEST_MAIN
