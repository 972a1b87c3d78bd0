/* TPM 2.0 quotes: the published samples, and TPMs made here. */
#include "tee/tpm2.h"

#include "base/test.h"
#include "codec/base16.h"
#include "codec/der.h"
#include "codec/pem.h"
#include "tee/hcl.h"
#include "tee/pki_test.h"
#include "tee/roots.h"
#include "tee/sample_test.h"
#include "tee/sev_snp.h"

#include <stdio.h>
#include <string.h>

static const char policy_text[] =
    "{\"version\":1,\"rules\":[{\"kind\":\"tpm2\",\"measurements\":\"any\"}]}";
static const char no_ek_policy[] = "{\"version\":1,\"rules\":[{\"kind\":\"tpm2\",\"measurements\":"
                                   "\"any\",\"allow\":[\"no_ek\"]}]}";

static struct chain work;
static struct appraisal result;

static enum err judge_under(const struct anchors *anchors,
                            const struct tpm2_texts *texts,
                            struct span binding,
                            walltime now,
                            const char *policy)
{
    struct policy p;
    EXPECT_OK(policy_parse(&p, span_str(policy), NULL));
    struct expectation e = {anchors, &p, NULL, now, binding};
    return tpm2_verify(&result, &work, texts, &e);
}

/* ---- samples ---- */

/* The SHA-256 registers of a JSON list, selected by mask. */
static struct span pcrs_of(struct span json_text, uint32_t mask)
{
    static uint8_t room[32 * TPM2_PCRS_COUNT];
    struct json root;
    struct wr w = wr_init(MSPAN_OF(room));
    if (!EXPECT_OK(json_parse(&root, json_text, NULL))) {
        return SPAN_EMPTY;
    }
    for (size_t i = 0; i < TPM2_PCRS_COUNT; i++) {
        struct json one;
        struct span text;
        if (mask >> i & 1 && EXPECT(json_at(&one, root, i)) &&
            EXPECT_OK(json_get_plain(&text, one))) {
            EXPECT_OK(base16_decode(&w, text));
        }
    }
    return pki_keep(span_of(room, w.n));
}

static struct span tpmt_rsa(struct span raw)
{
    uint8_t room[600];
    struct wr w = wr_init(MSPAN_OF(room));
    wr_be16(&w, 0x0014);
    wr_be16(&w, 0x000b);
    wr_be16(&w, (uint16_t)raw.n);
    wr_bytes(&w, raw);
    return pki_keep(span_of(room, w.n));
}

static struct span tpmt_ecdsa(struct span rs, uint16_t hash)
{
    uint8_t room[200];
    size_t half = rs.n / 2;
    struct wr w = wr_init(MSPAN_OF(room));
    wr_be16(&w, 0x0018);
    wr_be16(&w, hash);
    wr_be16(&w, (uint16_t)half);
    wr_bytes(&w, span_first(rs, half));
    wr_be16(&w, (uint16_t)half);
    wr_bytes(&w, span_from(rs, half));
    return pki_keep(span_of(room, w.n));
}

TEST(swtpm_ecc_is_accepted_under_its_own_root_only)
{
    struct span sig;
    struct span leaf;
    struct span issuer;
    struct span root_pem;
    struct span name;
    struct span nonce;
    struct tpm2_texts t = {0};
    uint8_t rs[64];
    static uint8_t root_der[4096];
    if (!test_fixture("tee/tpm/swtpm-ecc.q.msg", &t.attest) ||
        !test_fixture("tee/tpm/swtpm-ecc.q.sig", &sig) ||
        !test_fixture("tee/tpm/swtpm-ecc.ak.pub", &t.ak) ||
        !test_fixture("tee/tpm/swtpm-ecc.ak.name", &name) ||
        !test_fixture("tee/tpm/swtpm-ecc.q.nonce.hex", &nonce) ||
        !test_fixture("tee/tpm/ek_rsa.der", &leaf) ||
        !test_fixture("tee/tpm/ek-issuer.pem", &issuer) ||
        !test_fixture("tee/tpm/ek-root.pem", &root_pem)) {
        return;
    }
    TEST_REQUIRE(der_decode_ecdsa(mspan_of(rs, 32), mspan_of(rs + 32, 32), sig) == OK);
    t.signature = tpmt_ecdsa(SPAN_OF(rs), 0x000b);
    /* Registers 0, 7 and 14, as the tool that took them lays them out: a count, then values behind their lengths. */
    struct span pcrs;
    TEST_REQUIRE(test_fixture("tee/tpm/swtpm-ecc.q.pcrs", &pcrs));
    struct span values[] = {span_of(pcrs.p + 0x90, 32), span_of(pcrs.p + 0xd2, 32),
                            span_of(pcrs.p + 0x112, 32)};
    t.pcrs = pki_join(values, 3);
    static uint8_t pem_leaf[8192];
    struct wr p = wr_init(MSPAN_OF(pem_leaf));
    pem_write(&p, "CERTIFICATE", leaf);
    wr_bytes(&p, issuer);
    wr_bytes(&p, root_pem);
    TEST_REQUIRE(wr_end(&p) == OK);
    t.ek_chain = span_of(pem_leaf, p.n);
    t.activated_name = name;
    struct span rest = root_pem;
    struct wr r = wr_init(MSPAN_OF(root_der));
    TEST_REQUIRE(pem_take(&r, &rest, "CERTIFICATE") == OK);
    struct anchor anchor = pki_anchor(span_of(root_der, r.n));
    struct anchors anchors = {.list = &anchor, .count = 1};
    struct span binding = test_hex((const char *)pki_keep(span_first(nonce, 64)).p);
    walltime now = {pki_year(2026).s + 330 * 86400};
    EXPECT_OK(judge_under(&anchors, &t, binding, now, policy_text));
    EXPECT_EQ(TEE_LEVEL_TPM_BOUND_KEY, result.level);
    EXPECT_EQ(3, result.measurements_count);
    struct anchors vendors = roots_of(TEE_TPM2);
    EXPECT_ERR(ERR_AUTH, judge_under(&vendors, &t, binding, now, policy_text));
    EXPECT_STR("root", appraisal_step_name(result.failed));
    t.activated_name = SPAN_EMPTY;
    EXPECT_ERR(ERR_AUTH, judge_under(&anchors, &t, binding, now, policy_text));
    EXPECT_STR("key_origin", appraisal_step_name(result.failed));
}

TEST(swtpm_rsa_is_signed_and_still_refused)
{
    struct tpm2_texts t = {0};
    struct tpm2_attest q;
    struct span pcrs;
    if (!test_fixture("tee/tpm/swtpm-rsa.attest", &t.attest) ||
        !test_fixture("tee/tpm/swtpm-rsa.tpmt_signature", &t.signature) ||
        !test_fixture("tee/tpm/swtpm-rsa.ak.der", &t.ak) ||
        !test_fixture("tee/tpm/swtpm-rsa.pcrs.json", &pcrs)) {
        return;
    }
    struct anchors vendors = roots_of(TEE_TPM2);
    TEST_REQUIRE(EXPECT_OK(tpm2_attest_decode(&q, t.attest)));
    EXPECT_EQ(UINT64_C(0x2019102300163636), q.firmware_version);
    t.pcrs = pcrs_of(pcrs, q.pcr_mask);
    EXPECT_ERR(ERR_AUTH, judge_under(&vendors, &t, q.extra_data, pki_year(2026), policy_text));
    EXPECT_STR("key_attributes", appraisal_step_name(result.failed)); /* all before it holds */
    EXPECT_EQ(24, result.measurements_count);
}

/* The key in the paravisor's text, bound by the hardware's report; the quote is by that key. */
TEST(azure_binds_its_key_through_the_report)
{
    struct span in;
    struct span sig;
    struct span pcrs;
    struct hcl h;
    struct sev_snp_report report;
    struct tpm2_texts t = {0};
    struct tpm2_attest q;
    uint8_t binding[64];
    uint8_t spki[HCL_SPKI_LEN_MAX];
    size_t spki_len = 0;
    if (!test_fixture("tee/tpm/azure-snp-v1.hcl.bin", &in) ||
        !test_fixture("tee/tpm/azure-snp-v1.attest", &t.attest) ||
        !test_fixture("tee/tpm/azure-snp-v1.sig", &sig) ||
        !test_fixture("tee/tpm/azure-snp-v1.pcrs.json", &pcrs)) {
        return;
    }
    TEST_REQUIRE(EXPECT_OK(hcl_decode(&h, in)));
    EXPECT(!h.is_tdx);
    TEST_REQUIRE(EXPECT_OK(sev_snp_decode(&report, h.report)));
    hcl_binding(binding, &h);
    EXPECT_SPAN(SPAN_OF(binding), report.report_data);
    TEST_REQUIRE(EXPECT_OK(hcl_key(spki, &spki_len, &h)));
    TEST_REQUIRE(EXPECT_OK(tpm2_attest_decode(&q, t.attest)));
    EXPECT_SPAN(SPAN_LIT("challenge"), q.extra_data);
    t.signature = tpmt_rsa(sig);
    t.ak = span_of(spki, spki_len);
    t.pcrs = pcrs_of(pcrs, q.pcr_mask);
    struct anchors vendors = roots_of(TEE_TPM2);
    struct span extra;
    appraisal_init(&result, TEE_SEV_SNP);
    EXPECT_OK(tpm2_verify_bound(&result, &extra, &t));
    EXPECT_SPAN(SPAN_LIT("challenge"), extra);
    EXPECT_EQ(24, result.measurements_count);
    EXPECT_ERR(ERR_AUTH,
               judge_under(&vendors, &t, SPAN_LIT("challenge"), pki_year(2026), policy_text));
    EXPECT_STR("key_attributes", appraisal_step_name(result.failed));
    /* One byte of the text, and the report no longer names it. */
    static uint8_t copy[4096];
    memcpy(copy, in.p, in.n);
    copy[(size_t)(h.runtime.p - in.p) + h.runtime.n / 2] ^= 1;
    TEST_REQUIRE(hcl_decode(&h, span_of(copy, in.n)) == OK);
    hcl_binding(binding, &h);
    EXPECT(!span_equal(SPAN_OF(binding), report.report_data));
}

/* ---- TPMs made here ---- */

struct tpm {
    enum pki_kind kind;
    uint32_t attributes;
    uint32_t magic;
    uint16_t type;
    uint16_t bank;
    uint8_t bitmap[3];
    bool has_second_bank;
    uint8_t pcr_flip;
    size_t pcrs_extra;
    const char *signer;
    uint16_t signature_algorithm;
    uint16_t signature_hash;
    bool has_no_ek;
    bool activates_another;
    bool has_no_usage;
    bool has_no_description;
    bool ek_is_ca;
    const char *ek_signer;
    size_t attest_extra;
};

static const uint32_t ak_attributes =
    0x50072; /* restricted, sign, userWithAuth, own secret, fixed to TPM and parent */

static struct tpm genuine(void)
{
    return (struct tpm){
        .kind = PKI_P256,
        .attributes = ak_attributes,
        .magic = 0xff544347,
        .type = 0x8018,
        .bank = 0x000b,
        .bitmap = {0x81, 0x40, 0},
        .signature_algorithm = 0x0018,
        .signature_hash = 0x000b
    };
}

static struct span make_public(const struct tpm *t)
{
    uint8_t area[600];
    uint8_t room[602];
    struct wr a = wr_init(MSPAN_OF(area));
    struct wr w = wr_init(MSPAN_OF(room));
    struct pki_key *key = pki_key("ak", t->kind);
    bool is_rsa = t->kind == PKI_RSA;
    wr_be16(&a, is_rsa ? 0x0001 : 0x0023);
    wr_be16(&a, 0x000b);
    wr_be32(&a, t->attributes);
    wr_be16(&a, 0); /* no policy */
    wr_be16(&a, 0x0010);
    wr_be16(&a, is_rsa ? 0x0014 : 0x0018);
    wr_be16(&a, 0x000b);
    if (is_rsa) {
        struct span spki = pki_spki(key);
        wr_be16(&a, 2048);
        wr_be32(&a, 0);
        wr_be16(&a, 256);
        wr_bytes(&a, span_first(span_from(spki, spki.n - 261), 256));
    } else {
        struct span xy = pki_point(key);
        wr_be16(&a, t->kind == PKI_P256 ? 0x0003 : 0x0004);
        wr_be16(&a, 0x0010);
        wr_be16(&a, (uint16_t)(xy.n / 2));
        wr_bytes(&a, span_first(xy, xy.n / 2));
        wr_be16(&a, (uint16_t)(xy.n / 2));
        wr_bytes(&a, span_from(xy, xy.n / 2));
    }
    wr_be16(&w, (uint16_t)a.n);
    wr_bytes(&w, span_of(area, a.n));
    return pki_keep(span_of(room, w.n));
}

static struct span make_attest(const struct tpm *t, struct span pcrs)
{
    uint8_t room[400];
    uint8_t long_digest[48];
    struct hash32 digest;
    struct wr w = wr_init(MSPAN_OF(room));
    sha256(&digest, pcrs);
    sha384_of(long_digest, &pcrs, 1);
    struct span named = t->signature_hash == 0x000c ? SPAN_OF(long_digest) : SPAN_OF(digest.bytes);
    wr_be32(&w, t->magic);
    wr_be16(&w, t->type);
    wr_be16(&w, 4);
    wr_str(&w, "name");
    wr_be16(&w, 5);
    wr_str(&w, "nonce");
    wr_be64(&w, 1);
    wr_be32(&w, 2);
    wr_be32(&w, 3);
    wr_u8(&w, 1);
    wr_be64(&w, 4);
    wr_be32(&w, t->has_second_bank ? 2 : 1);
    wr_be16(&w, t->bank);
    wr_u8(&w, 3);
    wr_bytes(&w, SPAN_OF(t->bitmap));
    if (t->has_second_bank) {
        wr_be16(&w, 0x000c);
        wr_u8(&w, 3);
        wr_be16(&w, 0x0100);
        wr_u8(&w, 0);
    }
    wr_be16(&w, (uint16_t)named.n);
    wr_bytes(&w, named);
    wr_zeros(&w, t->attest_extra);
    return pki_keep(span_of(room, w.n));
}

/* directoryName with manufacturer, model and version. */
static struct span make_description(void)
{
    static const uint8_t der[] =
        "\x30\x3c\xa4\x3a\x30\x38\x31\x12\x30\x10\x06\x05\x67\x81\x05\x02\x01\x0c\x07id:1234"
        "\x31\x10\x30\x0e\x06\x05\x67\x81\x05\x02\x02\x0c\x05model"
        "\x31\x10\x30\x0e\x06\x05\x67\x81\x05\x02\x03\x0c\x05id:01";
    return span_of(der, sizeof der - 1);
}

static struct anchor anchor;

static struct span make_ek_chain(const struct tpm *t)
{
    struct pki_key *root = pki_key("tpm root", PKI_RSA);
    const char *signer = t->ek_signer ? t->ek_signer : "tpm root";
    struct pki_cert r = {.subject = "tpm root",
                         .issuer = "tpm root",
                         .key = root,
                         .signer = root,
                         .serial = 1,
                         .is_ca = true};
    struct pki_cert l = {.subject = NULL,
                         .issuer = "tpm root",
                         .key = pki_key("ek", PKI_RSA),
                         .signer = pki_key(signer, PKI_RSA),
                         .serial = 2,
                         .is_ca = t->ek_is_ca};
    size_t n = 0;
    if (!t->has_no_usage) {
        l.extensions[n++] = (struct pki_extension){
            "2.5.29.37", SPAN_LIT("\x30\x07\x06\x05\x67\x81\x05\x08\x01"), false};
    }
    if (!t->has_no_description) {
        l.extensions[n++] = (struct pki_extension){"2.5.29.17", make_description(), true};
    }
    struct span root_der = pki_cert(&r);
    anchor = pki_anchor(root_der);
    struct span parts[] = {pki_cert(&l), root_der};
    return pki_join(parts, 2);
}

static enum err judge(const struct tpm *t, const char *policy)
{
    static uint8_t pcrs[48 * 24];
    struct tpm2_public ak;
    struct tpm2_texts texts = {.ak = make_public(t)};
    uint8_t name[TPM2_NAME_LEN];
    size_t len = t->bank == 0x000c ? 48 : 32;
    memset(pcrs, 0x11, sizeof pcrs);
    texts.attest = make_attest(t, span_of(pcrs, 3 * len));
    pcrs[2 * len] ^= t->pcr_flip;
    texts.pcrs = span_of(pcrs, 3 * len + t->pcrs_extra);
    struct span sig = pki_sign(pki_key(t->signer ? t->signer : "ak", t->kind),
                               t->signature_hash == 0x000c ? "SHA384" : "SHA256", texts.attest);
    texts.signature = t->kind == PKI_RSA ? tpmt_rsa(sig) : tpmt_ecdsa(sig, t->signature_hash);
    if (t->signature_algorithm != 0x0018) {
        uint8_t *p = (uint8_t *)(uintptr_t)texts.signature.p;
        p[1] = (uint8_t)t->signature_algorithm;
    }
    struct span chain = make_ek_chain(t);
    texts.ek_chain = t->has_no_ek ? SPAN_EMPTY : chain;
    if (tpm2_public_decode(&ak, texts.ak) == OK && tpm2_name(name, &ak) == OK) {
        name[33] ^= t->activates_another;
        texts.activated_name = SPAN_OF(name);
    }
    struct anchors anchors = {.list = &anchor, .count = 1};
    return judge_under(&anchors, &texts, SPAN_LIT("nonce"), pki_year(2025), policy);
}

TEST(genuine_tpms)
{
    struct tpm t = genuine();
    EXPECT_OK(judge(&t, policy_text));
    EXPECT_EQ(TEE_LEVEL_TPM_BOUND_KEY, result.level);
    EXPECT_EQ(3, result.measurements_count);
    EXPECT(result.has_hardware_id);
    EXPECT_EQ(32, appraisal_measured(&result, (enum measurement_name)(MEASURED_PCR0 + 14)).n);
    t.bank = 0x000c;
    EXPECT_OK(judge(&t, policy_text));
    t.kind = PKI_P384;
    t.signature_hash = 0x000c;
    EXPECT_OK(judge(&t, policy_text));
    t = genuine();
    t.kind = PKI_RSA;
    t.signature_algorithm = 0x0014;
    EXPECT_OK(judge(&t, policy_text));
    t.ek_signer = "stranger";
    EXPECT_OK(judge(&t, no_ek_policy)); /* as if it were not there */
    EXPECT(!result.has_hardware_id);
    t.has_no_ek = true;
    EXPECT_OK(judge(&t, no_ek_policy));
    EXPECT(!result.has_hardware_id);
}

static void another_magic(struct tpm *t)
{
    t->magic = 0xff544346;
}
static void certify_not_quote(struct tpm *t)
{
    t->type = 0x8017;
}
static void trailing(struct tpm *t)
{
    t->attest_extra = 1;
}
static void bank_sha1(struct tpm *t)
{
    t->bank = 0x0004;
}
static void two_banks(struct tpm *t)
{
    t->has_second_bank = true;
}
static void no_registers(struct tpm *t)
{
    memset(t->bitmap, 0, 3);
}
static void register_flipped(struct tpm *t)
{
    t->pcr_flip = 1;
}
static void register_too_many(struct tpm *t)
{
    t->pcrs_extra = 32;
}
static void register_not_shown(struct tpm *t)
{
    t->bitmap[2] = 1;
}
static void by_another_key(struct tpm *t)
{
    t->signer = "stranger";
}
static void anonymous_scheme(struct tpm *t)
{
    t->signature_algorithm = 0x001a;
}
static void not_restricted(struct tpm *t)
{
    t->attributes = ak_attributes & ~0x10000U;
}
static void may_be_copied(struct tpm *t)
{
    t->attributes = ak_attributes & ~0x2U;
}
static void may_move(struct tpm *t)
{
    t->attributes = ak_attributes & ~0x10U;
}
static void came_from_outside(struct tpm *t)
{
    t->attributes = ak_attributes & ~0x20U;
}
static void decrypts(struct tpm *t)
{
    t->attributes = ak_attributes | 0x20000U;
}
static void no_ek(struct tpm *t)
{
    t->has_no_ek = true;
}
static void another_key_activated(struct tpm *t)
{
    t->activates_another = true;
}
static void ek_without_usage(struct tpm *t)
{
    t->has_no_usage = true;
}
static void ek_without_description(struct tpm *t)
{
    t->has_no_description = true;
}
static void ek_is_ca(struct tpm *t)
{
    t->ek_is_ca = true;
}
static void ek_by_stranger(struct tpm *t)
{
    t->ek_signer = "stranger";
}

static const struct {
    const char *name;
    void (*make)(struct tpm *t);
    enum appraisal_step step;
} faults[] = {
    {"signed by the key, but not made by the TPM", another_magic,          STEP_EVIDENCE_FORMAT   },
    {"a certification instead of a quote",         certify_not_quote,      STEP_EVIDENCE_FORMAT   },
    {"trailing bytes",                             trailing,               STEP_EVIDENCE_FORMAT   },
    {"SHA-1 bank",                                 bank_sha1,              STEP_EVIDENCE_FORMAT   },
    {"two banks",                                  two_banks,              STEP_EVIDENCE_FORMAT   },
    {"no registers",                               no_registers,           STEP_EVIDENCE_FORMAT   },
    {"a register's value changed",                 register_flipped,       STEP_PCR_DIGEST        },
    {"a value too many",                           register_too_many,      STEP_PCR_DIGEST        },
    {"a selected register that is not shown",      register_not_shown,     STEP_PCR_DIGEST        },
    {"signed by another key",                      by_another_key,         STEP_EVIDENCE_SIGNATURE},
    {"anonymous scheme",                           anonymous_scheme,       STEP_EVIDENCE_KEY_TYPE },
    {"key is not restricted",                      not_restricted,         STEP_KEY_ATTRIBUTES    },
    {"key may be copied",                          may_be_copied,          STEP_KEY_ATTRIBUTES    },
    {"key may move to another parent",             may_move,               STEP_KEY_ATTRIBUTES    },
    {"key came from outside",                      came_from_outside,      STEP_KEY_ATTRIBUTES    },
    {"key decrypts",                               decrypts,               STEP_KEY_ATTRIBUTES    },
    {"no EK certificate",                          no_ek,                  STEP_KEY_ORIGIN        },
    {"credential opened for another key",          another_key_activated,  STEP_KEY_ORIGIN        },
    {"EK certificate without its usage",           ek_without_usage,       STEP_CERT_EXTENSION    },
    {"EK certificate that describes no TPM",       ek_without_description, STEP_CERT_EXTENSION    },
    {"EK certificate of a CA",                     ek_is_ca,               STEP_CERT_EXTENSION    },
    {"EK certificate by a stranger",               ek_by_stranger,         STEP_CERT_SIGNATURE    },
};

TEST(each_forgotten_check)
{
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct tpm t = genuine();
        faults[i].make(&t);
        test_note("%s", faults[i].name);
        EXPECT(judge(&t, policy_text) != OK);
        EXPECT_STR(appraisal_step_name(faults[i].step), appraisal_step_name(result.failed));
    }
}

TEST(each_byte_of_a_quote_counts)
{
    static uint8_t copy[400];
    struct tpm t = genuine();
    static uint8_t pcrs[96];
    struct tpm2_texts texts = {.ak = make_public(&t), .pcrs = SPAN_OF(pcrs)};
    struct anchors none = {0};
    memset(pcrs, 0x11, sizeof pcrs);
    struct span attest = make_attest(&t, SPAN_OF(pcrs));
    texts.signature = tpmt_ecdsa(pki_sign(pki_key("ak", PKI_P256), "SHA256", attest), 0x000b);
    memcpy(copy, attest.p, attest.n);
    texts.attest = span_of(copy, attest.n);
    EXPECT_OK(judge_under(&none, &texts, SPAN_LIT("nonce"), pki_year(2025), no_ek_policy));
    for (size_t i = 0; i < attest.n; i++) {
        copy[i] ^= (uint8_t)(1U << i % 8);
        test_note("byte %zu", i);
        EXPECT(judge_under(&none, &texts, SPAN_LIT("nonce"), pki_year(2025), no_ek_policy) != OK);
        copy[i] ^= (uint8_t)(1U << i % 8);
    }
    for (size_t n = 0; n < attest.n; n++) {
        texts.attest = span_of(copy, n);
        EXPECT(judge_under(&none, &texts, SPAN_LIT("nonce"), pki_year(2025), no_ek_policy) != OK);
    }
}

TEST_MAIN
