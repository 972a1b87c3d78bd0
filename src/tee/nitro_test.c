/* Nitro attestation documents: the published samples, and documents of a hypervisor made here. */
#include "tee/nitro.h"

#include "base/test.h"
#include "codec/cbor.h"
#include "tee/cose.h"
#include "tee/pki_test.h"
#include "tee/roots.h"
#include "tee/sample_test.h"

#include <string.h>

static const char policy_text[] =
    "{\"version\":1,\"rules\":[{\"kind\":\"nitro\",\"measurements\":\"any\"}]}";

static struct chain work;
static struct appraisal result;

static enum err judge_under(const struct anchors *anchors,
                            struct span document,
                            struct span binding,
                            walltime now,
                            const char *policy)
{
    struct policy p;
    EXPECT_OK(policy_parse(&p, span_str(policy), NULL));
    struct expectation e = {anchors, &p, NULL, now, binding};
    return nitro_verify(&result, &work, document, &e);
}

struct sample {
    struct span document;
    struct span binding;
    walltime now;
};

/* The index shows the first 64 bytes of what was put in. */
static bool load(struct sample *s, struct json c)
{
    struct cose m;
    struct nitro n;
    s->now = sample_time(c);
    if (!sample_file(&s->document, c, "doc") || !EXPECT_OK(cose_decode(&m, s->document)) ||
        !EXPECT_OK(nitro_decode(&n, m.payload))) {
        return false;
    }
    s->binding = pki_keep(n.user_data.n > 0 ? n.user_data : n.nonce);
    const char *data = sample_text(c, "user_data");
    return EXPECT_SPAN(test_hex(data[0] ? data : sample_text(c, "nonce")),
                       span_first(s->binding, 64));
}

static enum err judge_sample(const struct sample *s)
{
    struct anchors anchors = roots_of(TEE_NITRO);
    return judge_under(&anchors, s->document, s->binding, s->now, policy_text);
}

TEST(samples_are_judged_as_their_index_says)
{
    struct json c;
    for (size_t next = 0; sample_next(&next, &c, "nitro");) {
        struct sample s;
        bool is_debug = strncmp(sample_text(c, "id"), "debug", 5) == 0;
        test_note("%s", sample_text(c, "id"));
        TEST_REQUIRE(load(&s, c));
        EXPECT_ERR(is_debug ? ERR_AUTH : OK, judge_sample(&s));
        EXPECT_STR(is_debug ? "debug" : "none", appraisal_step_name(result.failed));
        EXPECT_SPAN(span_first(test_hex(sample_text(c, "pcr0")), 8),
                    span_first(appraisal_measured(&result, MEASURED_PCR0), 8));
        /* The leaf lives three hours. */
        s.now.s += 3 * 3600 + 60;
        EXPECT_ERR(ERR_TIMEOUT, judge_sample(&s));
        EXPECT_STR("cert_time", appraisal_step_name(result.failed));
    }
}

TEST(each_byte_of_a_sample_counts)
{
    static uint8_t copy[8192];
    struct json c;
    struct sample s;
    size_t next = 0;
    do {
        if (!sample_next(&next, &c, "nitro")) {
            return;
        }
    } while (strcmp(sample_text(c, "id"), "valid-2022") != 0);
    TEST_REQUIRE(load(&s, c) && s.document.n <= sizeof copy);
    memcpy(copy, s.document.p, s.document.n);
    s.document.p = copy;
    /* A step that spares time; each place of the payload's head and of the signature is met. */
    for (size_t i = 0; i < s.document.n; i += i < 200 || i + 100 > s.document.n ? 1 : 5) {
        copy[i] ^= (uint8_t)(1U << i % 8);
        if (judge_sample(&s) == OK) {
            test_note("byte %zu", i);
            EXPECT(false);
        }
        copy[i] ^= (uint8_t)(1U << i % 8);
    }
    EXPECT_OK(judge_sample(&s));
}

/* ---- documents made here ---- */

struct enclave {
    size_t pcrs_count;
    uint8_t pcr0;
    size_t pcr_len;
    const char *digest;
    const char *algorithm; /* encoded protected header, hex */
    const char *unprotected;
    const char *signer;
    bool is_tagged;
    bool has_no_bundle;
    bool names_ca_as_leaf;
    size_t user_data_len;
    size_t nonce_len;
    struct pki_cert leaf;
};

static struct enclave genuine(void)
{
    return (struct enclave){.pcrs_count = 16,
                            .pcr0 = 0xab,
                            .pcr_len = 48,
                            .digest = "SHA384",
                            .algorithm = "a1013822",
                            .unprotected = "a0",
                            .user_data_len = 64};
}

static struct anchor anchor;

static struct span
payload_of(const struct enclave *n, struct span leaf, struct span ca, struct span root)
{
    static uint8_t room[8192];
    static uint8_t data[1024];
    struct wr w = wr_init(MSPAN_OF(room));
    memset(data, 0x44, sizeof data);
    cbor_write_map(&w, 9);
    cbor_write_text(&w, "module_id");
    cbor_write_text(&w, "i-1-enc2");
    cbor_write_text(&w, "digest");
    cbor_write_text(&w, n->digest);
    cbor_write_text(&w, "timestamp");
    cbor_write_u64(&w, UINT64_C(1735689600000));
    cbor_write_text(&w, "pcrs");
    cbor_write_map(&w, n->pcrs_count);
    for (size_t i = 0; i < n->pcrs_count; i++) {
        uint8_t pcr[64];
        memset(pcr, i == 0 ? n->pcr0 : (int)i, sizeof pcr);
        cbor_write_u64(&w, i);
        cbor_write_bytes(&w, span_of(pcr, n->pcr_len));
    }
    cbor_write_text(&w, "certificate");
    cbor_write_bytes(&w, n->names_ca_as_leaf ? ca : leaf);
    cbor_write_text(&w, "cabundle");
    cbor_write_array(&w, n->has_no_bundle ? 0 : 2);
    if (!n->has_no_bundle) {
        cbor_write_bytes(&w, root);
        cbor_write_bytes(&w, n->names_ca_as_leaf ? leaf : ca);
    }
    cbor_write_text(&w, "public_key");
    cbor_write_null(&w);
    cbor_write_text(&w, "user_data");
    if (n->user_data_len) {
        cbor_write_bytes(&w, span_of(data, n->user_data_len));
    } else {
        cbor_write_null(&w);
    }
    cbor_write_text(&w, "nonce");
    cbor_write_bytes(&w, span_of(data, n->nonce_len));
    return pki_keep(span_of(room, w.n));
}

static struct span document_of(const struct enclave *n)
{
    static uint8_t room[12288];
    static uint8_t to_sign[12288];
    struct pki_key *root = pki_key("aws root", PKI_P384);
    struct pki_key *ca = pki_key("aws zone", PKI_P384);
    struct pki_cert r = {.subject = "aws",
                         .issuer = "aws",
                         .key = root,
                         .signer = root,
                         .digest = "SHA384",
                         .serial = 1,
                         .is_ca = true};
    struct pki_cert z = {.subject = "zone",
                         .issuer = "aws",
                         .key = ca,
                         .signer = root,
                         .digest = "SHA384",
                         .serial = 2,
                         .is_ca = true};
    struct pki_cert l = {.subject = "i-1",
                         .issuer = "zone",
                         .key = pki_key("enclave", PKI_P384),
                         .signer = n->leaf.signer ? n->leaf.signer : ca,
                         .digest = "SHA384",
                         .serial = 3,
                         .is_ca = n->leaf.is_ca,
                         .key_usage = n->leaf.key_usage};
    struct span root_der = pki_cert(&r);
    anchor = pki_anchor(root_der);
    struct span payload = payload_of(n, pki_cert(&l), pki_cert(&z), root_der);
    struct span header = test_hex(n->algorithm);
    struct wr s = wr_init(MSPAN_OF(to_sign));
    cbor_write_array(&s, 4);
    cbor_write_text(&s, "Signature1");
    cbor_write_bytes(&s, header);
    cbor_write_bytes(&s, SPAN_EMPTY);
    cbor_write_bytes(&s, payload);
    struct wr w = wr_init(MSPAN_OF(room));
    if (n->is_tagged) {
        wr_u8(&w, 0xd2);
    }
    cbor_write_array(&w, 4);
    cbor_write_bytes(&w, header);
    wr_bytes(&w, test_hex(n->unprotected));
    cbor_write_bytes(&w, payload);
    cbor_write_bytes(&w, pki_sign(pki_key(n->signer ? n->signer : "enclave", PKI_P384), "SHA384",
                                  span_of(to_sign, s.n)));
    return pki_keep(span_of(room, w.n));
}

static enum err judge(const struct enclave *n)
{
    static uint8_t data[512];
    struct span document = document_of(n);
    struct anchors anchors = {.list = &anchor, .count = 1};
    memset(data, 0x44, sizeof data);
    size_t len = n->user_data_len ? n->user_data_len : n->nonce_len;
    return judge_under(&anchors, document, span_of(data, len), pki_year(2025), policy_text);
}

TEST(genuine_documents)
{
    struct enclave n = genuine();
    EXPECT_OK(judge(&n));
    EXPECT_EQ(TEE_LEVEL_HARDWARE_ATTESTED, result.level);
    EXPECT_EQ(16, result.measurements_count);
    n.is_tagged = true;
    EXPECT_OK(judge(&n));
    n.user_data_len = 0;
    n.nonce_len = 512;
    EXPECT_OK(judge(&n));
    n.nonce_len = 0; /* bound to nothing */
    EXPECT_ERR(ERR_AUTH, judge(&n));
    EXPECT_STR("binding", appraisal_step_name(result.failed));
}

static void pcr_missing(struct enclave *n)
{
    n->pcrs_count = 15;
}
static void pcr_too_many(struct enclave *n)
{
    n->pcrs_count = 17;
}
static void pcr_short(struct enclave *n)
{
    n->pcr_len = 32;
}
static void pcr_0_is_zero(struct enclave *n)
{
    n->pcr0 = 0;
}
static void digest_256(struct enclave *n)
{
    n->digest = "SHA256";
}
static void es512(struct enclave *n)
{
    n->algorithm = "a1013823";
}
static void es256(struct enclave *n)
{
    n->algorithm = "a10126";
}
static void no_algorithm(struct enclave *n)
{
    n->algorithm = "a0";
}
static void critical(struct enclave *n)
{
    n->algorithm = "a20138220281186f";
}
static void algorithm_outside(struct enclave *n)
{
    n->unprotected = "a1013822";
}
static void by_another_key(struct enclave *n)
{
    n->signer = "stranger";
}
static void no_bundle(struct enclave *n)
{
    n->has_no_bundle = true;
}
static void ca_as_leaf(struct enclave *n)
{
    n->names_ca_as_leaf = true;
}
static void leaf_by_stranger(struct enclave *n)
{
    n->leaf.signer = pki_key("stranger", PKI_P384);
}
static void leaf_is_ca(struct enclave *n)
{
    n->leaf.is_ca = true;
}
static void leaf_may_not_sign(struct enclave *n)
{
    n->leaf.key_usage = "critical,keyAgreement";
}
static void user_data_long(struct enclave *n)
{
    n->user_data_len = 513;
}

static const struct {
    const char *name;
    void (*make)(struct enclave *n);
    enum appraisal_step step;
} faults[] = {
    {"a register left out",                  pcr_missing,       STEP_EVIDENCE_FORMAT   },
    {"a register too many",                  pcr_too_many,      STEP_EVIDENCE_FORMAT   },
    {"registers of SHA-256",                 pcr_short,         STEP_EVIDENCE_FORMAT   },
    {"debug mode",                           pcr_0_is_zero,     STEP_DEBUG             },
    {"digest SHA256",                        digest_256,        STEP_EVIDENCE_FORMAT   },
    {"ES512",                                es512,             STEP_EVIDENCE_FORMAT   },
    {"ES256 named for a P-384 key",          es256,             STEP_EVIDENCE_SIGNATURE},
    {"no algorithm",                         no_algorithm,      STEP_EVIDENCE_FORMAT   },
    {"critical header",                      critical,          STEP_EVIDENCE_FORMAT   },
    {"algorithm outside the signature",      algorithm_outside, STEP_EVIDENCE_FORMAT   },
    {"signed by another key",                by_another_key,    STEP_EVIDENCE_SIGNATURE},
    {"no bundle",                            no_bundle,         STEP_EVIDENCE_FORMAT   },
    {"CA's certificate in the leaf's place", ca_as_leaf,        STEP_CERT_CONSTRAINTS  },
    {"leaf by a stranger",                   leaf_by_stranger,  STEP_CERT_SIGNATURE    },
    {"leaf that is a CA",                    leaf_is_ca,        STEP_CERT_CONSTRAINTS  },
    {"leaf that may not sign",               leaf_may_not_sign, STEP_CERT_CONSTRAINTS  },
    {"user data too long",                   user_data_long,    STEP_EVIDENCE_FORMAT   },
};

TEST(each_forgotten_check)
{
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct enclave n = genuine();
        faults[i].make(&n);
        test_note("%s", faults[i].name);
        EXPECT(judge(&n) != OK);
        EXPECT_STR(appraisal_step_name(faults[i].step), appraisal_step_name(result.failed));
    }
}

TEST(cut_anywhere)
{
    struct enclave n = genuine();
    struct span document = document_of(&n);
    struct anchors anchors = {.list = &anchor, .count = 1};
    for (size_t len = 0; len < document.n; len += 3) {
        EXPECT(judge_under(&anchors, span_first(document, len), SPAN_LIT("x"), pki_year(2025),
                           policy_text) != OK);
        EXPECT_STR("evidence_format", appraisal_step_name(result.failed));
    }
}

TEST_MAIN
