/* SEV-SNP reports: the published samples against their index, each signed byte changed, and reports of chips made here. */
#include "tee/sev_snp.h"

#include "base/test.h"
#include "codec/base64.h"
#include "tee/hcl.h"
#include "tee/pki_test.h"
#include "tee/roots.h"
#include "tee/sample_test.h"

#include <stdio.h>
#include <string.h>

static const char policy_text[] = "{\"version\":1,\"rules\":[{\"kind\":\"sev-snp\","
                                  "\"measurements\":\"any\",\"crl\":\"optional\"}]}";
static const char crl_policy[] =
    "{\"version\":1,\"rules\":[{\"kind\":\"sev-snp\",\"measurements\":\"any\"}]}";

static struct chain work;
static struct appraisal result;

static enum err judge_under(const struct anchors *anchors,
                            struct span report,
                            const struct sev_snp_texts *texts,
                            struct span binding, /* empty: what the report carries */
                            const char *policy,
                            walltime now)
{
    struct policy p;
    struct sev_snp_report r;
    EXPECT_OK(policy_parse(&p, span_str(policy), NULL));
    struct expectation e = {anchors, &p, NULL, now, binding.n > 0 ? binding : SPAN_LIT("x")};
    if (binding.n == 0 && sev_snp_decode(&r, report) == OK) {
        e.binding = r.report_data;
    }
    return sev_snp_verify(&result, &work, report, texts, &e);
}

/* ---- samples ---- */

struct sample {
    struct span report;
    struct sev_snp_texts texts;
};

static bool load(struct sample *s, struct json c)
{
    static const char *const chains[][2] = {
        {"milan", "tee/roots/amd-ask_ark_milan.pem"},
        {"genoa", "tee/roots/amd-ask_ark_genoa.pem"}
    };
    *s = (struct sample){0};
    size_t which = strncmp(sample_text(c, "id"), "genoa", 5) == 0 ? 1 : 0;
    return sample_file(&s->report, c, "report") && sample_file(&s->texts.key_cert, c, "ek") &&
           test_fixture(chains[which][1], &s->texts.chain);
}

static enum err judge_sample(const struct sample *s)
{
    struct anchors anchors = roots_of(TEE_SEV_SNP);
    walltime now = {pki_year(2026).s + 60 * 86400};
    return judge_under(&anchors, s->report, &s->texts, SPAN_EMPTY, policy_text, now);
}

TEST(samples_are_judged_as_their_index_says)
{
    static const struct {
        const char *id;
        enum appraisal_step step;
    } verdicts[] = {
        {"milan-v2-debug",      STEP_DEBUG         },
        {"milan-v2",            STEP_NONE          },
        {"milan-v3",            STEP_NONE          },
        {"genoa-v3",            STEP_NONE          },
        {"milan-v2-wrong-vcek", STEP_CERT_SIGNATURE},
    };
    struct json c;
    size_t count = 0;
    for (size_t next = 0; sample_next(&next, &c, "snp"); count++) {
        struct sample s;
        size_t i = 0;
        const char *id = sample_text(c, "id");
        while (i < sizeof verdicts / sizeof verdicts[0] && strcmp(verdicts[i].id, id) != 0) {
            i++;
        }
        test_note("%s", id);
        TEST_REQUIRE(i < sizeof verdicts / sizeof verdicts[0]);
        TEST_REQUIRE(load(&s, c));
        EXPECT((judge_sample(&s) == OK) == (verdicts[i].step == STEP_NONE));
        EXPECT_STR(appraisal_step_name(verdicts[i].step), appraisal_step_name(result.failed));
        if (verdicts[i].step == STEP_NONE) {
            EXPECT_EQ(TEE_LEVEL_HARDWARE_ATTESTED, result.level);
            EXPECT_SPAN(test_hex(sample_text(c, "measurement")),
                        appraisal_measured(&result, MEASURED_LAUNCH));
            EXPECT_SPAN(test_hex(sample_text(c, "report_data")),
                        span_of(result.report_data, result.report_data_len));
        }
    }
    EXPECT(count == 0 || count == sizeof verdicts / sizeof verdicts[0]);
}

TEST(each_signed_byte_of_a_sample_counts)
{
    static uint8_t report[SEV_SNP_REPORT_LEN];
    static uint8_t key_cert[4096];
    struct json c;
    struct sample s;
    struct cert cert;
    size_t next = 0;
    do {
        if (!sample_next(&next, &c, "snp")) {
            return;
        }
    } while (strcmp(sample_text(c, "id"), "milan-v3") != 0);
    TEST_REQUIRE(load(&s, c) && s.report.n == sizeof report);
    TEST_REQUIRE(s.texts.key_cert.n <= sizeof key_cert);
    memcpy(report, s.report.p, sizeof report);
    memcpy(key_cert, s.texts.key_cert.p, s.texts.key_cert.n);
    s.report = SPAN_OF(report);
    s.texts.key_cert.p = key_cert;
    for (size_t i = 0; i < 0x2a0 + 144; i++) {
        report[i] ^= (uint8_t)(1U << i % 8);
        if (judge_sample(&s) == OK) {
            test_note("byte %zu of the report", i);
            EXPECT(false);
        }
        report[i] ^= (uint8_t)(1U << i % 8);
    }
    TEST_REQUIRE(cert_decode(&cert, s.texts.key_cert, NULL) == OK);
    size_t end = (size_t)(cert.signed_part.p - key_cert) + cert.signed_part.n;
    for (size_t i = 0; i < end; i++) {
        key_cert[i] ^= (uint8_t)(1U << i % 8);
        if (judge_sample(&s) == OK) {
            test_note("byte %zu of the certificate", i);
            EXPECT(false);
        }
        key_cert[i] ^= (uint8_t)(1U << i % 8);
    }
    EXPECT_OK(judge_sample(&s));
}

/* There is a certificate of Turin, and no report to go with it: its chain and its eight bytes of hwID are real. */
TEST(a_turin_certificate_is_read)
{
    struct sev_snp_texts t = {0};
    uint8_t report[SEV_SNP_REPORT_LEN] = {5};
    struct anchors anchors = roots_of(TEE_SEV_SNP);
    if (!test_fixture("tee/snp/vcek-turin-cert-only.der", &t.key_cert) ||
        !test_fixture("tee/roots/amd-ask_ark_turin_vcek.pem", &t.chain)) {
        return;
    }
    report[0x34] = 1;
    report[0x188] = 0x1a;
    walltime now = {pki_year(2026).s};
    EXPECT(judge_under(&anchors, SPAN_OF(report), &t, SPAN_EMPTY, policy_text, now) != OK);
    EXPECT_STR("evidence_signature", appraisal_step_name(result.failed));
    report[0x188] = 0x19;
    EXPECT(judge_under(&anchors, SPAN_OF(report), &t, SPAN_EMPTY, policy_text, now) != OK);
    EXPECT_STR("evidence_version", appraisal_step_name(result.failed));
}

/* ---- chips made here ---- */

struct chip {
    uint32_t version;
    uint64_t policy;
    uint32_t vmpl;
    uint32_t algorithm;
    uint32_t flags;
    uint8_t family;
    uint8_t reported[8];
    uint8_t committed[8];
    uint8_t current[8];
    uint8_t chip_id[64];
    const char *signer;
    const char *forged_signature_part; /* "r" or "s": zeroed */
    /* the certificate */
    bool is_vlek;
    bool is_turin;
    uint8_t issued_for[5]; /* bootloader, tee, snp, microcode, fmc */
    uint8_t hardware_id_len;
    uint8_t hardware_id_flip;
    const char *key_name; /* CN */
    const char *ask_name;
    bool has_no_provider;
    struct pki_cert ask;
    struct pki_cert leaf;
    bool has_crl;
    struct pki_crl crl;
    /* below a paravisor */
    const uint8_t *report_data; /* 64 bytes in place of the usual */
    struct sev_snp_paravisor paravisor;
    struct span binding;
};

static struct chip genuine(void)
{
    return (struct chip){
        .version = 3,
        .policy = UINT64_C(0x30000),
        .algorithm = 1,
        .family = 0x19,
        .reported = {4, 0, 0, 0, 0, 0, 24, 219},
        .committed = {4, 0, 0, 0, 0, 0, 24, 219},
        .current = {4, 0, 0, 0, 0, 0, 25, 219},
        .chip_id = {0x4f, 0xfb, 1, 2, 3, 4, 5, 6, 7, 8},
        .issued_for = {4, 0, 24, 219, 0},
        .hardware_id_len = 64
    };
}

static struct chip genuine_turin(void)
{
    struct chip c = genuine();
    static const uint8_t tcb[8] = {1, 4, 0, 24, 0, 0, 0, 219};
    c.version = 5;
    c.is_turin = true;
    c.family = 0x1a;
    c.hardware_id_len = 8;
    c.issued_for[4] = 1;
    memcpy(c.reported, tcb, 8);
    memcpy(c.committed, tcb, 8);
    memcpy(c.current, tcb, 8);
    memset(c.chip_id + 8, 0, 56);
    return c;
}

static struct pki_extension number(const char *oid, uint8_t v)
{
    uint8_t wide[4] = {2, 2, 0, v};
    uint8_t narrow[3] = {2, 1, v};
    return (struct pki_extension){.oid = oid,
                                  .value = pki_keep(v & 0x80 ? SPAN_OF(wide) : SPAN_OF(narrow))};
}

static void make_extensions(struct pki_cert *c, const struct chip *k)
{
    static const char *const oids[] = {"1.3.6.1.4.1.3704.1.3.1", "1.3.6.1.4.1.3704.1.3.2",
                                       "1.3.6.1.4.1.3704.1.3.3", "1.3.6.1.4.1.3704.1.3.8",
                                       "1.3.6.1.4.1.3704.1.3.9"};
    uint8_t id[64];
    size_t n = 0;
    memcpy(id, k->chip_id, sizeof id);
    id[1] ^= k->hardware_id_flip;
    c->extensions[n++] = number("1.3.6.1.4.1.3704.1.1", k->is_turin);
    for (size_t i = 0; i < 4U + k->is_turin; i++) {
        c->extensions[n++] = number(oids[i], k->issued_for[i]);
    }
    if (k->hardware_id_len && !k->is_vlek) {
        c->extensions[n++] = (struct pki_extension){
            "1.3.6.1.4.1.3704.1.4", pki_keep(span_of(id, k->hardware_id_len)), false};
    }
    if (k->is_vlek && !k->has_no_provider) {
        c->extensions[n++] =
            (struct pki_extension){"1.3.6.1.4.1.3704.1.5", SPAN_LIT("\x16\x01p"), false};
    }
}

static struct span make_report(const struct chip *k)
{
    static uint8_t room[SEV_SNP_REPORT_LEN];
    struct wr w = wr_init(MSPAN_OF(room));
    wr_le32(&w, k->version);
    wr_le32(&w, 9); /* guest SVN */
    wr_le64(&w, k->policy);
    wr_zeros(&w, 32);
    wr_le32(&w, k->vmpl);
    wr_le32(&w, k->algorithm);
    wr_bytes(&w, SPAN_OF(k->current));
    wr_le64(&w, 0xff); /* platform bits of all times */
    wr_le32(&w, k->flags | (k->is_vlek ? 1U << 2 : 0));
    wr_le32(&w, 0);
    wr_bytes(&w,
             k->report_data
                 ? span_of(k->report_data, 64)
                 : SPAN_LIT("report data of sixty-four bytes, which is bound to a connection."));
    wr_zeros(&w, 48 + 32 + 48 + 48 + 64);
    wr_bytes(&w, SPAN_OF(k->reported));
    wr_u8(&w, k->family);
    wr_zeros(&w, 0x1a0 - 0x189);
    wr_bytes(&w, SPAN_OF(k->chip_id));
    wr_bytes(&w, SPAN_OF(k->committed));
    wr_zeros(&w, 0x2a0 - w.n);
    const char *signer = k->signer ? k->signer : "chip";
    struct span rs = pki_sign(pki_key(signer, PKI_P384), "SHA384", span_of(room, 0x2a0));
    wr_zeros(&w, SEV_SNP_REPORT_LEN - w.n);
    for (size_t i = 0; i < 48; i++) {
        room[0x2a0 + i] = rs.p[47 - i];
        room[0x2a0 + 72 + i] = rs.p[95 - i];
    }
    if (k->forged_signature_part) {
        memset(room + 0x2a0 + (k->forged_signature_part[0] == 's' ? 72 : 0), 0, 72);
    }
    return SPAN_OF(room);
}

static const char * or (const char *a, const char *b)
{
    return a ? a : b;
}

static enum err judge(const struct chip *k, const char *policy)
{
    const char *product = k->is_turin ? "ARK-Turin" : "ARK-Milan";
    const char *usual = k->is_turin ? (k->is_vlek ? "SEV-VLEK-Turin" : "SEV-Turin")
                                    : (k->is_vlek ? "SEV-VLEK-Milan" : "SEV-Milan");
    const char *ask_name = or (k->ask_name, usual);
    struct pki_key *ark = pki_key("ark", PKI_RSA);
    struct pki_key *ask = pki_key("ask", PKI_RSA);
    struct pki_cert root = {.subject = product,
                            .issuer = product,
                            .key = ark,
                            .signer = ark,
                            .serial = 1,
                            .is_ca = true,
                            .is_pss = true,
                            .digest = "SHA384"};
    struct pki_cert middle = {.subject = ask_name,
                              .issuer = product,
                              .key = ask,
                              .signer = ark,
                              .serial = 2,
                              .is_ca = true,
                              .is_pss = true,
                              .digest = "SHA384",
                              .not_before = k->ask.not_before,
                              .not_after = k->ask.not_after,
                              .basic_constraints = k->ask.basic_constraints};
    struct pki_cert leaf = {.subject = or (k->key_name, k->is_vlek ? "SEV-VLEK" : "SEV-VCEK"),
                            .issuer = ask_name,
                            .key = pki_key("chip", PKI_P384),
                            .signer = k->leaf.signer ? k->leaf.signer : ask,
                            .serial = 0,
                            .is_pss = true,
                            .digest = "SHA384",
                            .not_before = k->leaf.not_before,
                            .not_after = k->leaf.not_after};
    make_extensions(&leaf, k);
    struct span root_der = pki_cert(&root);
    struct span chain[] = {pki_cert(&middle), root_der};
    struct anchor anchor = pki_anchor(root_der);
    struct anchors anchors = {.list = &anchor, .count = 1};
    struct sev_snp_texts texts = {
        .key_cert = pki_cert(&leaf), .chain = pki_join(chain, 2), .paravisor = k->paravisor};
    if (k->has_crl) {
        struct pki_crl crl = k->crl;
        crl.issuer = or (crl.issuer, product);
        crl.signer = crl.signer ? crl.signer : ark;
        crl.is_pss = true;
        crl.digest = "SHA384";
        texts.crl = pki_crl(&crl);
    }
    return judge_under(&anchors, make_report(k), &texts, k->binding, policy, pki_year(2025));
}

TEST(genuine_chips_are_accepted)
{
    struct chip k = genuine();
    for (uint32_t version = 2; version <= 5; version++) {
        k.version = version;
        test_note("version %u", version);
        EXPECT_OK(judge(&k, policy_text));
        EXPECT(result.has_hardware_id);
        EXPECT_EQ(9, result.svn);
    }
    k.is_vlek = true;
    EXPECT_OK(judge(&k, policy_text));
    k = genuine();
    k.has_crl = true;
    EXPECT_OK(judge(&k, crl_policy));
    k = genuine_turin();
    EXPECT_OK(judge(&k, policy_text));
    k.is_vlek = true;
    EXPECT_OK(judge(&k, policy_text));
    k = genuine(); /* a host that keeps its chip's name to itself */
    k.flags = 2;
    memset(k.chip_id, 0, 64);
    EXPECT_OK(judge(&k, policy_text));
    EXPECT(!result.has_hardware_id);
}

static void version_1(struct chip *k)
{
    k->version = 1;
}
static void version_6(struct chip *k)
{
    k->version = 6;
}
static void algorithm_2(struct chip *k)
{
    k->algorithm = 2;
}
static void signed_by_none(struct chip *k)
{
    k->flags = 7 << 2;
}
static void signed_by_reserved(struct chip *k)
{
    k->flags = 2 << 2;
}
static void by_another_key(struct chip *k)
{
    k->signer = "stranger";
}
static void r_is_zero(struct chip *k)
{
    k->forged_signature_part = "r";
}
static void s_is_zero(struct chip *k)
{
    k->forged_signature_part = "s";
}
static void vlek_report_under_vcek(struct chip *k)
{
    k->flags = 1 << 2;
}
static void vcek_report_under_vlek(struct chip *k)
{
    k->key_name = "SEV-VLEK";
    k->ask_name = "SEV-VLEK-Milan";
}
static void name_with_sev_in_it(struct chip *k)
{
    k->key_name = "not SEV-VCEK";
}
static void ask_of_another_product(struct chip *k)
{
    k->ask_name = "SEV-Turin";
}
static void vlek_without_provider(struct chip *k)
{
    k->is_vlek = true;
    k->has_no_provider = true;
}
static void ask_is_no_ca(struct chip *k)
{
    k->ask.basic_constraints = "critical,CA:FALSE";
}
static void ask_expired(struct chip *k)
{
    k->ask.not_after = pki_year(2024);
}
static void leaf_not_yet(struct chip *k)
{
    k->leaf.not_before = pki_year(2026);
}
static void leaf_by_stranger(struct chip *k)
{
    k->leaf.signer = pki_key("stranger", PKI_RSA);
}
static void bootloader_differs(struct chip *k)
{
    k->issued_for[0] = 5;
}
static void tee_differs(struct chip *k)
{
    k->issued_for[1] = 1;
}
static void snp_differs(struct chip *k)
{
    k->issued_for[2] = 23;
}
static void microcode_differs(struct chip *k)
{
    k->issued_for[3] = 218;
}
static void another_chip(struct chip *k)
{
    k->hardware_id_flip = 1;
}
static void no_hardware_id(struct chip *k)
{
    k->hardware_id_len = 0;
}
static void short_hardware_id(struct chip *k)
{
    k->hardware_id_len = 8;
}
static void masked_but_named(struct chip *k)
{
    k->flags = 2;
}
static void committed_below_reported(struct chip *k)
{
    k->committed[6] = 23;
}
static void current_below_committed(struct chip *k)
{
    k->current[6] = 23;
}
static void debug(struct chip *k)
{
    k->policy |= 1 << 19;
}
static void migration(struct chip *k)
{
    k->policy |= 1 << 18;
}
static void bit_17_missing(struct chip *k)
{
    k->policy = 0;
}
static void reserved_policy_bit(struct chip *k)
{
    k->policy |= UINT64_C(1) << 40;
}
static void vmpl_1(struct chip *k)
{
    k->vmpl = 1;
}
static void turin_in_version_2(struct chip *k)
{
    *k = genuine_turin();
    k->version = 2;
}
static void milan_that_says_turin(struct chip *k)
{
    k->family = 0x1a;
}
static void turin_fmc_differs(struct chip *k)
{
    *k = genuine_turin();
    k->issued_for[4] = 0;
}
static void turin_chip_id_longer(struct chip *k)
{
    *k = genuine_turin();
    k->chip_id[63] = 1;
}
static const uint64_t ask_serial[] = {2};
static void ask_revoked(struct chip *k)
{
    k->has_crl = true;
    k->crl.serials = ask_serial;
    k->crl.serials_count = 1;
}
static void crl_expired(struct chip *k)
{
    k->has_crl = true;
    k->crl.next_update = pki_year(2024);
    k->crl.this_update = pki_year(2023);
}
static void crl_by_stranger(struct chip *k)
{
    k->has_crl = true;
    k->crl.signer = pki_key("stranger", PKI_RSA);
}

static const struct {
    const char *name;
    void (*make)(struct chip *k);
    enum appraisal_step step;
} faults[] = {
    {"version 1",                                 version_1,                STEP_EVIDENCE_VERSION  },
    {"version 6",                                 version_6,                STEP_EVIDENCE_VERSION  },
    {"another algorithm",                         algorithm_2,              STEP_EVIDENCE_KEY_TYPE },
    {"signed by no key",                          signed_by_none,           STEP_EVIDENCE_KEY_TYPE },
    {"signed by a reserved kind of key",          signed_by_reserved,       STEP_EVIDENCE_KEY_TYPE },
    {"signed by another key",                     by_another_key,           STEP_EVIDENCE_SIGNATURE},
    {"r = 0",                                     r_is_zero,                STEP_EVIDENCE_SIGNATURE},
    {"s = 0",                                     s_is_zero,                STEP_EVIDENCE_SIGNATURE},
    {"VLEK report under VCEK rules",              vlek_report_under_vcek,   STEP_CERT_NAME         },
    {"VCEK report under a VLEK certificate",      vcek_report_under_vlek,   STEP_CERT_NAME         },
    {"a name that contains the right one",        name_with_sev_in_it,      STEP_CERT_NAME         },
    {"ASK of another product",                    ask_of_another_product,   STEP_CERT_NAME         },
    {"VLEK without its provider",                 vlek_without_provider,    STEP_CERT_EXTENSION    },
    {"ASK that is no CA",                         ask_is_no_ca,             STEP_CERT_CONSTRAINTS  },
    {"ASK expired",                               ask_expired,              STEP_CERT_TIME         },
    {"notBefore of the VCEK",                     leaf_not_yet,             STEP_CERT_TIME         },
    {"VCEK by a stranger",                        leaf_by_stranger,         STEP_CERT_SIGNATURE    },
    {"certificate for another bootloader",        bootloader_differs,       STEP_TCB_MISMATCH      },
    {"certificate for another TEE",               tee_differs,              STEP_TCB_MISMATCH      },
    {"certificate for another SNP firmware",      snp_differs,              STEP_TCB_MISMATCH      },
    {"certificate for another microcode",         microcode_differs,        STEP_TCB_MISMATCH      },
    {"certificate of another chip",               another_chip,             STEP_CHIP_ID           },
    {"certificate without hwID",                  no_hardware_id,           STEP_CHIP_ID           },
    {"hwID too short for Milan",                  short_hardware_id,        STEP_CHIP_ID           },
    {"chip id masked, and yet there",             masked_but_named,         STEP_CHIP_ID           },
    {"committed below reported",                  committed_below_reported, STEP_TCB_ORDER         },
    {"current below committed",                   current_below_committed,  STEP_TCB_ORDER         },
    {"debug",                                     debug,                    STEP_DEBUG             },
    {"migration agent",                           migration,                STEP_MIGRATION         },
    {"policy bit 17",                             bit_17_missing,           STEP_ATTRIBUTES        },
    {"reserved policy bit",                       reserved_policy_bit,      STEP_ATTRIBUTES        },
    {"another VMPL",                              vmpl_1,                   STEP_VMPL              },
    {"Turin in a report that does not say so",    turin_in_version_2,       STEP_EVIDENCE_VERSION  },
    {"Milan's certificate for a report of Turin", milan_that_says_turin,    STEP_EVIDENCE_VERSION  },
    {"Turin: FMC differs",                        turin_fmc_differs,        STEP_TCB_MISMATCH      },
    {"Turin: chip id beyond hwID",                turin_chip_id_longer,     STEP_CHIP_ID           },
    {"ASK revoked",                               ask_revoked,              STEP_CERT_REVOKED      },
    {"CRL past nextUpdate",                       crl_expired,              STEP_CRL_TIME          },
    {"CRL by a stranger",                         crl_by_stranger,          STEP_CRL_SIGNATURE     },
};

TEST(each_forgotten_check)
{
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct chip k = genuine();
        faults[i].make(&k);
        test_note("%s", faults[i].name);
        EXPECT(judge(&k, policy_text) != OK);
        EXPECT_STR(appraisal_step_name(faults[i].step), appraisal_step_name(result.failed));
        EXPECT_EQ(TEE_LEVEL_NONE, result.level);
    }
    struct chip k = genuine();
    EXPECT(judge(&k, crl_policy) != OK);
    EXPECT_STR("crl_missing", appraisal_step_name(result.failed));
}

/* ---- below a paravisor ---- */

enum { REGISTERS = 24, SIGNATURE_LEN = 2 + 2 + 2 + 256 };

struct below {
    const char *kid;
    const char *signer; /* of the quote */
    const char *bound;  /* what the quote carries the hash of */
    bool has_another_text;
    bool flips_register;
    bool has_no_quote;
};

static struct span make_text(const struct below *b)
{
    uint8_t room[800];
    struct span spki = pki_spki(pki_key("paravisor", PKI_RSA));
    struct wr w = wr_init(MSPAN_OF(room));
    wr_str(&w, "{\"keys\":[{\"kid\":\"");
    wr_str(&w, or (b->kid, "HCLAkPub"));
    wr_str(&w, "\",\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"");
    base64_encode(&w, BASE64_URL_BARE, span_first(span_from(spki, spki.n - 261), 256));
    wr_str(&w, "\"}]}");
    EXPECT_OK(wr_end(&w));
    return pki_keep(span_of(room, w.n));
}

static struct span make_quote(const struct below *b, struct span pcrs)
{
    uint8_t room[300];
    struct hash32 hash;
    struct wr w = wr_init(MSPAN_OF(room));
    wr_bytes(&w, test_hex("ff544347 8018 0001 aa 0020"));
    sha256(&hash, span_str(or (b->bound, "binding")));
    wr_bytes(&w, SPAN_OF(hash.bytes));
    wr_zeros(&w, 8 + 4 + 4);
    wr_u8(&w, 1);
    wr_zeros(&w, 8);
    wr_bytes(&w, test_hex("00000001 000b 03 ffffff 0020"));
    sha256(&hash, pcrs);
    wr_bytes(&w, SPAN_OF(hash.bytes));
    EXPECT_OK(wr_end(&w));
    return pki_keep(span_of(room, w.n));
}

static enum err judge_below(const struct below *b, const char *policy)
{
    static uint8_t report_data[64];
    static uint8_t pcrs[REGISTERS * 32];
    uint8_t signature[SIGNATURE_LEN];
    struct wr w = wr_init(MSPAN_OF(signature));
    struct chip k = genuine();
    struct span text = make_text(b);
    struct hcl h = {.runtime = b->has_another_text ? SPAN_LIT("{}") : text};
    memset(pcrs, 0x22, sizeof pcrs);
    hcl_binding(report_data, &h);
    k.report_data = report_data;
    k.binding = SPAN_LIT("binding");
    k.paravisor.runtime = text;
    if (!b->has_no_quote) {
        k.paravisor.attest = make_quote(b, SPAN_OF(pcrs));
        struct span raw =
            pki_sign(pki_key(or (b->signer, "paravisor"), PKI_RSA), "SHA256", k.paravisor.attest);
        wr_bytes(&w, test_hex("0014 000b 0100"));
        wr_bytes(&w, raw);
        EXPECT_OK(wr_end(&w));
        k.paravisor.signature = SPAN_OF(signature);
        k.paravisor.pcrs = SPAN_OF(pcrs);
    }
    pcrs[40] ^= b->flips_register;
    return judge(&k, policy);
}

TEST(below_a_paravisor_each_link_counts)
{
    static const struct {
        const char *name;
        struct below below;
        enum appraisal_step step;
    } rows[] = {
        {"genuine",                              {.kid = NULL},              STEP_NONE              },
        {"a text that the report does not name", {.has_another_text = true}, STEP_KEY_ORIGIN        },
        {"a text without the key",               {.kid = "HCLEkPub"},        STEP_KEY_ORIGIN        },
        {"a quote by another key",               {.signer = "stranger"},     STEP_EVIDENCE_SIGNATURE},
        {"a quote for somebody else",            {.bound = "another"},       STEP_BINDING           },
        {"registers that were not quoted",       {.flips_register = true},   STEP_PCR_DIGEST        },
        {"no quote",                             {.has_no_quote = true},     STEP_EVIDENCE_FORMAT   },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_note("%s", rows[i].name);
        EXPECT((judge_below(&rows[i].below, policy_text) == OK) == (rows[i].step == STEP_NONE));
        EXPECT_STR(appraisal_step_name(rows[i].step), appraisal_step_name(result.failed));
        EXPECT_EQ(rows[i].step == STEP_NONE ? TEE_LEVEL_HARDWARE_ATTESTED : TEE_LEVEL_NONE,
                  result.level);
    }
}

TEST(below_a_paravisor_registers_are_measurements)
{
    static const struct below genuine_one = {.kid = NULL};
    static const char right[] =
        "{\"version\":1,\"rules\":[{\"kind\":\"sev-snp\",\"crl\":\"optional\",\"measurements\":[{"
        "\"pcr7\":"
        "\"2222222222222222222222222222222222222222222222222222222222222222\"}]}]}";
    static const char wrong[] =
        "{\"version\":1,\"rules\":[{\"kind\":\"sev-snp\",\"crl\":\"optional\",\"measurements\":[{"
        "\"pcr7\":"
        "\"2222222222222222222222222222222222222222222222222222222222222223\"}]}]}";
    EXPECT_OK(judge_below(&genuine_one, right));
    EXPECT_EQ(MEASUREMENTS_MAX, result.measurements_count);
    EXPECT_ERR(ERR_DENIED, judge_below(&genuine_one, wrong));
    EXPECT_STR("policy_measurement", appraisal_step_name(result.failed));
}

TEST(firmware_floors_are_each_number_by_itself)
{
    static const struct {
        const char *floor;
        bool is_reached;
    } rows[] = {
        {"{\"bootloader\":4,\"tee\":0,\"snp\":24,\"microcode\":219}", true },
        {"{\"bootloader\":5}",                                        false},
        {"{\"tee\":1}",                                               false},
        {"{\"snp\":25}",                                              false},
        {"{\"microcode\":220}",                                       false},
        {"{\"fmc\":1}",                                               false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char policy[300];
        struct chip k = genuine();
        (void)snprintf(policy, sizeof policy,
                       "{\"version\":1,\"rules\":[{\"kind\":\"sev-snp\",\"measurements\":\"any\","
                       "\"crl\":\"optional\",\"firmware_min\":%s}]}",
                       rows[i].floor);
        test_note("floor %zu", i);
        EXPECT((judge(&k, policy) == OK) == rows[i].is_reached);
    }
}

TEST(length_is_exact)
{
    static uint8_t room[SEV_SNP_REPORT_LEN + 1] = {3};
    struct sev_snp_report r;
    for (size_t n = 0; n < sizeof room; n++) {
        EXPECT((sev_snp_decode(&r, span_of(room, n)) == OK) == (n == SEV_SNP_REPORT_LEN));
    }
    EXPECT_ERR(ERR_MALFORMED, sev_snp_decode(&r, SPAN_OF(room)));
}

TEST_MAIN
