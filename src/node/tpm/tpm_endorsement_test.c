/* Endorsement keys and credentials on swtpm: what src/tee makes, the chip opens; and the certificates of a chip that swtpm_setup has made, judged by the verifier of src/tee under
 * that CA's root. */
#include "node/tpm/tpm_endorsement.h"

#include "base/test.h"
#include "crypto/backend.h"
#include "node/tpm/tpm_answer.h"
#include "node/tpm/tpm_quote.h"
#include "node/tpm/tpm_rig_test.h"
#include "tee/cert.h"
#include "tee/evidence.h"
#include "tee/roots.h"
#include "tee/tpm2_credential.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <tss2/tss2_mu.h>

enum { REGISTERS = 1 << 0 | 1 << 7, MINUTE_S = 60 };

/* A chip, and what comes of it. */
struct machine {
    struct tpm_rig rig;
    struct tpm_rig_ca ca;
    struct tpm_chip chip;
    struct tpm_certificate certificate;
    uint8_t key[600]; /* TPM2B_PUBLIC of the attestation key */
    size_t key_len;
    uint8_t name[TPM2_NAME_LEN];
};

static struct machine one;
static struct machine two;
static struct rng_seeded rng;
static struct secret32 secret;
static struct secret32 opened;
static struct tpm2_credential made;

static bool name_key(struct machine *m)
{
    struct tpm2_public key;
    ESYS_TR handle = ESYS_TR_NONE;
    TPM2B_PUBLIC *area = NULL;
    m->key_len = 0;
    if (!EXPECT_OK(tpm_quote_key(&m->chip, &handle, &area))) {
        return false;
    }
    TSS2_RC rc = Tss2_MU_TPM2B_PUBLIC_Marshal(area, m->key, sizeof m->key, &m->key_len);
    Esys_Free(area);
    tpm_chip_flush(&m->chip, handle);
    return EXPECT(rc == TSS2_RC_SUCCESS) &&
           EXPECT_OK(tpm2_public_decode(&key, span_of(m->key, m->key_len))) &&
           EXPECT_OK(tpm2_name(m->name, &key));
}

static bool begin(struct machine *m, bool is_manufactured)
{
    EXPECT_OK(crypto_init());
    rng_seeded_init(&rng, test_seed());
    rng_fill(&rng.rng, MSPAN_OF(secret.bytes));
    bool is_there = is_manufactured ? tpm_rig_manufacture(&m->rig, &m->ca, false)
                                    : tpm_rig_start(&m->rig, false);
    return is_there && EXPECT_OK(tpm_chip_open(&m->chip, tpm_fd_tcti(&m->rig.fd))) && name_key(m);
}

static void end(struct machine *m)
{
    tpm_chip_done(&m->chip);
    tpm_rig_done(&m->rig);
}

static enum err open_as(struct machine *m, enum tpm_ek ek, struct span credential)
{
    enum err e = tpm_chip_begin(&m->chip);
    memset(opened.bytes, 0, sizeof opened.bytes);
    e = e == OK ? tpm_endorsement_open(&m->chip, &opened, ek, credential) : e;
    tpm_chip_end(&m->chip);
    return e;
}

static bool make(struct span spki, struct span name)
{
    return EXPECT_OK(tpm2_credential_make(&made, spki, name, &secret, &rng.rng));
}

static struct span spki_of_certificate(const struct machine *m)
{
    struct cert cert;
    return EXPECT_OK(cert_decode(&cert, span_of(m->certificate.der, m->certificate.n), NULL))
               ? cert.spki
               : SPAN_EMPTY;
}

/* The EK of P-256, for which swtpm_setup makes no certificate. */
static struct span spki_of_p256(struct machine *m, uint8_t room[static P256_SPKI_LEN])
{
    struct p256_public key;
    ESYS_TR handle = ESYS_TR_NONE;
    TPM2B_PUBLIC *area = NULL;
    if (!EXPECT_OK(tpm_endorsement_key(&m->chip, &handle, TPM_EK_P256, &area))) {
        return SPAN_EMPTY;
    }
    const TPMS_ECC_POINT *point = &area->publicArea.unique.ecc;
    EXPECT_EQ(32, point->x.size);
    EXPECT_EQ(32, point->y.size);
    memcpy(key.xy, point->x.buffer, 32);
    memcpy(key.xy + 32, point->y.buffer, 32);
    p256_spki_encode(room, &key);
    Esys_Free(area);
    tpm_chip_flush(&m->chip, handle);
    return span_of(room, P256_SPKI_LEN);
}

static uint64_t now_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

TEST(a_chip_without_certificates_opens_a_credential_for_its_key)
{
    uint8_t room[P256_SPKI_LEN];
    if (begin(&one, false)) {
        EXPECT_ERR(ERR_NOT_FOUND, tpm_endorsement_certificate(&one.chip, &one.certificate));
        EXPECT_ERR(ERR_NOT_FOUND, tpm_endorsement_answer(&one.chip, &opened, SPAN_LIT("x")));
        struct span spki = spki_of_p256(&one, room);
        TEST_REQUIRE(make(spki, SPAN_OF(one.name)));
        EXPECT_OK(open_as(&one, TPM_EK_P256, span_of(made.bytes, made.n)));
        EXPECT_SPAN(SPAN_OF(secret.bytes), SPAN_OF(opened.bytes));
    }
    end(&one);
}

TEST(each_certificate_is_of_the_key_that_the_chip_makes)
{
    static const enum tpm_ek kinds[] = {TPM_EK_P384, TPM_EK_RSA};
    if (begin(&one, true)) {
        for (size_t i = 0; i < 2; i++) {
            test_note("EK %d", (int)kinds[i]);
            TEST_REQUIRE(EXPECT_OK(tpm_endorsement_read(&one.chip, &one.certificate, kinds[i])));
            TEST_REQUIRE(make(spki_of_certificate(&one), SPAN_OF(one.name)));
            uint64_t start = now_us();
            EXPECT_OK(open_as(&one, kinds[i], span_of(made.bytes, made.n)));
            printf("# EK %d: certificate of %zu bytes, credential of %zu opened in %llu us\n",
                   (int)kinds[i], one.certificate.n, made.n,
                   (unsigned long long)(now_us() - start));
            EXPECT_SPAN(SPAN_OF(secret.bytes), SPAN_OF(opened.bytes));
        }
        EXPECT_ERR(ERR_NOT_FOUND, tpm_endorsement_read(&one.chip, &one.certificate, TPM_EK_P256));
        EXPECT_OK(tpm_endorsement_certificate(&one.chip, &one.certificate));
        EXPECT_EQ(TPM_EK_P384, one.certificate.ek); /* of two the one that is soonest made */
    }
    end(&one);
}

TEST(another_chip_another_key_and_other_bytes_open_nothing)
{
    if (begin(&one, true) && begin(&two, true)) {
        EXPECT_OK(tpm_endorsement_certificate(&one.chip, &one.certificate));
        struct span spki = spki_of_certificate(&one);
        struct span all = span_of(made.bytes, 0);
        TEST_REQUIRE(make(spki, SPAN_OF(one.name)));
        all = span_of(made.bytes, made.n);
        EXPECT_ERR(ERR_AUTH, tpm_endorsement_answer(&two.chip, &opened, all));
        EXPECT_OK(tpm_endorsement_answer(&one.chip, &opened, all));
        EXPECT_ERR(ERR_AUTH, open_as(&one, TPM_EK_RSA, all));
        for (size_t i = 0; i < made.n; i += 23) {
            made.bytes[i] ^= 0x40;
            test_note("byte %zu", i);
            EXPECT(tpm_endorsement_answer(&one.chip, &opened, all) != OK);
            made.bytes[i] ^= 0x40;
        }
        EXPECT_ERR(ERR_MALFORMED,
                   tpm_endorsement_answer(&one.chip, &opened, span_first(all, made.n - 1)));
        EXPECT_ERR(ERR_MALFORMED, tpm_endorsement_answer(&one.chip, &opened, SPAN_EMPTY));
        TEST_REQUIRE(make(spki, SPAN_OF(two.name))); /* that chip's key is not in this chip */
        EXPECT_ERR(ERR_AUTH,
                   tpm_endorsement_answer(&one.chip, &opened, span_of(made.bytes, made.n)));
        /* Nothing of all that is left in the chip, and no lock has sprung. */
        TEST_REQUIRE(make(spki, SPAN_OF(one.name)));
        EXPECT_OK(tpm_endorsement_answer(&one.chip, &opened, span_of(made.bytes, made.n)));
        EXPECT_SPAN(SPAN_OF(secret.bytes), SPAN_OF(opened.bytes));
    }
    end(&one);
    end(&two);
}

/* ---- what the verifier makes of it ---- */

static uint8_t text[EVIDENCE_LEN_MAX];
static struct chain work;
static struct appraisal result;

/* A request to passmesh-tpm; the reply's body. */
static struct span ask(struct machine *m, uint32_t uses, enum tpm_op op, struct span body)
{
    static uint8_t reply[TPM_REPLY_MAX];
    static uint8_t request[TPM_REQUEST_MAX];
    struct tpm_answerer a = {.chip = &m->chip, .rng = &rng.rng, .uses = uses};
    struct wr w = wr_init(MSPAN_OF(request));
    wr_u8(&w, (uint8_t)op);
    wr_bytes(&w, body);
    size_t n = tpm_answer(&a, MSPAN_OF(reply), span_of(request, w.n));
    return reply[0] == OK ? span_of(reply + 1, n - 1) : SPAN_EMPTY;
}

static bool quote(struct machine *m, struct evidence *ret)
{
    static uint8_t binding[32] = {9};
    struct evidence made_now;
    struct wr w = wr_init(MSPAN_OF(text));
    if (!EXPECT_OK(tpm_quote_make(&m->chip, &made_now, SPAN_OF(binding), REGISTERS))) {
        return false;
    }
    evidence_encode(&w, &made_now);
    return EXPECT_OK(wr_end(&w)) && EXPECT_OK(evidence_decode(ret, span_of(text, w.n)));
}

static enum err
judge(const struct machine *m, const struct evidence *e, struct span activated, bool has_own_root)
{
    static uint8_t chain[12 * 1024];
    struct policy policy;
    struct cert root;
    struct anchor anchor;
    struct wr w = wr_init(MSPAN_OF(chain));
    wr_bytes(&w, e->parts[EVIDENCE_CHAIN]);
    wr_bytes(&w, span_of(m->ca.issuer, m->ca.issuer_len));
    wr_bytes(&w, span_of(m->ca.root, m->ca.root_len));
    EXPECT_OK(wr_end(&w));
    EXPECT_OK(policy_parse(
        &policy,
        SPAN_LIT("{\"version\":1,\"rules\":[{\"kind\":\"tpm2\",\"measurements\":\"any\"}]}"),
        NULL));
    EXPECT_OK(cert_decode(&root, span_of(m->ca.root, m->ca.root_len), NULL));
    sha256(&anchor.spki, root.spki);
    sha256(&anchor.certificate, root.der);
    const struct anchors own = {.list = &anchor, .count = 1};
    const struct anchors vendors = roots_of(TEE_TPM2);
    static uint8_t binding[32] = {9};
    const struct tpm2_texts texts = {.attest = e->parts[EVIDENCE_MAIN],
                                     .signature = e->parts[EVIDENCE_TPM_SIGNATURE],
                                     .ak = e->parts[EVIDENCE_TPM_KEY],
                                     .pcrs = e->parts[EVIDENCE_TPM_PCRS],
                                     .ek_chain = span_of(chain, w.n),
                                     .activated_name = activated};
    const struct expectation x = {
        .anchors = has_own_root ? &own : &vendors,
        .policy = &policy,
        .now = {(uint64_t)time(NULL) + MINUTE_S}, /* the CA goes by the clock */
        .binding = SPAN_OF(binding)};
    return tpm2_verify(&result, &work, &texts, &x);
}

TEST(a_key_bound_to_a_tpm_that_its_maker_vouches_for)
{
    struct evidence e;
    if (begin(&one, true) && quote(&one, &e)) {
        EXPECT_ERR(ERR_AUTH, judge(&one, &e, SPAN_EMPTY, true));
        EXPECT_STR("key_origin", appraisal_step_name(result.failed));
        EXPECT_EQ(PART_EVIDENCE, result.part); /* the chain held: a credential may be made */
        TEST_REQUIRE(make(work.certs[0].spki, SPAN_OF(one.name)));
        struct span body = ask(&one, TPM_FOR_EVIDENCE, TPM_ACTIVATE, span_of(made.bytes, made.n));
        EXPECT_SPAN(SPAN_OF(secret.bytes), body);
        EXPECT_OK(judge(&one, &e, SPAN_OF(one.name), true));
        EXPECT_EQ(TEE_LEVEL_TPM_BOUND_KEY, result.level);
        EXPECT(result.has_hardware_id);
        EXPECT_ERR(ERR_AUTH, judge(&one, &e, SPAN_OF(one.name), false));
        EXPECT_STR("root", appraisal_step_name(result.failed));
    }
    end(&one);
}

TEST(what_a_process_for_seals_is_not_asked)
{
    if (begin(&one, true)) {
        EXPECT_OK(tpm_endorsement_certificate(&one.chip, &one.certificate));
        TEST_REQUIRE(make(spki_of_certificate(&one), SPAN_OF(one.name)));
        struct span all = span_of(made.bytes, made.n);
        EXPECT_EQ(0, ask(&one, TPM_FOR_SEAL, TPM_ACTIVATE, all).n);
        EXPECT_EQ(32, ask(&one, TPM_FOR_EVIDENCE, TPM_ACTIVATE, all).n);
    }
    end(&one);
}

TEST_MAIN
