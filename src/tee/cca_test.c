/* CCA tokens: the published sample, and tokens of a platform made here. */
#include "tee/cca.h"

#include "base/test.h"
#include "codec/base64.h"
#include "codec/cbor.h"
#include "crypto/hash.h"
#include "tee/pki_test.h"
#include "tee/roots.h"
#include "tee/sample_test.h"

#include <string.h>

static const char policy_text[] =
    "{\"version\":1,\"rules\":[{\"kind\":\"cca\",\"measurements\":\"any\"}]}";

static struct appraisal result;

static enum err
judge_under(struct span token, struct span key, struct span binding, const struct anchors *anchors)
{
    struct policy p;
    EXPECT_OK(policy_parse(&p, span_str(policy_text), NULL));
    struct expectation e = {anchors, &p, NULL, pki_year(2025), binding};
    return cca_verify(&result, token, key, &e);
}

static struct anchor anchor_of(struct span spki)
{
    struct anchor a = {0};
    sha256(&a.spki, spki);
    return a;
}

/* A JWK as SubjectPublicKeyInfo. */
static struct span jwk_spki(struct span text)
{
    static const uint8_t head[] = {0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86,
                                   0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b,
                                   0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00, 0x04};
    static uint8_t room[160];
    struct json root;
    struct span x;
    struct span y;
    struct wr w = wr_init(MSPAN_OF(room));
    EXPECT_OK(json_parse(&root, text, NULL));
    EXPECT_OK(json_find_plain(&x, root, "x"));
    EXPECT_OK(json_find_plain(&y, root, "y"));
    wr_bytes(&w, SPAN_OF(head));
    EXPECT_OK(base64_decode(&w, BASE64_URL_BARE, x));
    EXPECT_OK(base64_decode(&w, BASE64_URL_BARE, y));
    return span_of(room, w.n);
}

TEST(the_sample_is_judged_as_its_index_says)
{
    static uint8_t copy[4096];
    struct span token;
    struct span jwk;
    struct cca c;
    if (!test_fixture("tee/cca/legacy-profile.cbor", &token) ||
        !test_fixture("tee/cca/legacy-profile.cpak-pub.json", &jwk)) {
        return;
    }
    struct span key = jwk_spki(jwk);
    struct anchor anchor = anchor_of(key);
    struct anchors anchors = {.list = &anchor, .count = 1};
    TEST_REQUIRE(EXPECT_OK(cca_decode(&c, token)));
    EXPECT_OK(judge_under(token, key, c.realm_challenge, &anchors));
    EXPECT_EQ(TEE_LEVEL_HARDWARE_ATTESTED, result.level);
    EXPECT_EQ(5, result.measurements_count);
    EXPECT_EQ(64, result.report_data_len);
    /* No vendor's root is built in. */
    struct anchors none = roots_of(TEE_CCA);
    EXPECT_ERR(ERR_AUTH, judge_under(token, key, c.realm_challenge, &none));
    EXPECT_STR("root", appraisal_step_name(result.failed));
    TEST_REQUIRE(token.n <= sizeof copy);
    memcpy(copy, token.p, token.n);
    struct span binding = pki_keep(c.realm_challenge);
    for (size_t i = 0; i < token.n; i++) {
        copy[i] ^= (uint8_t)(1U << i % 8);
        if (judge_under(span_of(copy, token.n), key, binding, &anchors) == OK) {
            test_note("byte %zu", i);
            EXPECT(false);
        }
        copy[i] ^= (uint8_t)(1U << i % 8);
    }
}

/* ---- tokens made here ---- */

struct realm {
    const char *profile;
    uint64_t lifecycle;
    const char *hash;
    bool has_cose_key;
    bool platform_names_another;
    const char *platform_signer;
    const char *realm_signer;
    size_t rems_count;
    size_t instance_len;
};

static struct realm genuine(void)
{
    return (struct realm){.profile = "tag:arm.com,2023:cca_platform#1.0.0",
                          .lifecycle = 0x3003,
                          .hash = "sha-256",
                          .rems_count = 4,
                          .instance_len = 33};
}

static struct span sign1(struct span payload, struct pki_key *key)
{
    static uint8_t room[4096];
    static uint8_t to_sign[4096];
    static const uint8_t header[] = {0xa1, 0x01, 0x38, 0x22};
    struct wr s = wr_init(MSPAN_OF(to_sign));
    struct wr w = wr_init(MSPAN_OF(room));
    cbor_write_array(&s, 4);
    cbor_write_text(&s, "Signature1");
    cbor_write_bytes(&s, SPAN_OF(header));
    cbor_write_bytes(&s, SPAN_EMPTY);
    cbor_write_bytes(&s, payload);
    wr_u8(&w, 0xd2);
    cbor_write_array(&w, 4);
    cbor_write_bytes(&w, SPAN_OF(header));
    cbor_write_map(&w, 0);
    cbor_write_bytes(&w, payload);
    cbor_write_bytes(&w, pki_sign(key, "SHA384", span_of(to_sign, s.n)));
    return pki_keep(span_of(room, w.n));
}

static struct span realm_key(const struct realm *r)
{
    uint8_t room[160];
    struct span xy = pki_point(pki_key("realm", PKI_P384));
    struct wr w = wr_init(MSPAN_OF(room));
    if (!r->has_cose_key) {
        wr_u8(&w, 4);
        wr_bytes(&w, xy);
        return pki_keep(span_of(room, w.n));
    }
    cbor_write_map(&w, 4);
    cbor_write_i64(&w, 1);
    cbor_write_i64(&w, 2);
    cbor_write_i64(&w, -1);
    cbor_write_i64(&w, 2);
    cbor_write_i64(&w, -2);
    cbor_write_bytes(&w, span_first(xy, 48));
    cbor_write_i64(&w, -3);
    cbor_write_bytes(&w, span_from(xy, 48));
    return pki_keep(span_of(room, w.n));
}

static struct span platform_token(const struct realm *r, struct span key)
{
    uint8_t room[1024];
    uint8_t hash[64];
    static const uint8_t instance[33] = {1, 2};
    struct hash32 short_hash;
    struct wr w = wr_init(MSPAN_OF(room));
    struct span named;
    if (strcmp(r->hash, "sha-512") == 0) {
        sha512(hash, key);
        named = SPAN_OF(hash);
    } else if (strcmp(r->hash, "sha-384") == 0) {
        sha384_of(hash, &key, 1);
        named = span_of(hash, 48);
    } else {
        sha256(&short_hash, key);
        short_hash.bytes[0] ^= r->platform_names_another;
        named = SPAN_OF(short_hash.bytes);
    }
    cbor_write_map(&w, 4);
    cbor_write_i64(&w, 10);
    cbor_write_bytes(&w, named);
    cbor_write_i64(&w, 256);
    cbor_write_bytes(&w, span_of(instance, r->instance_len));
    cbor_write_i64(&w, 265);
    cbor_write_text(&w, r->profile);
    cbor_write_i64(&w, 2395);
    cbor_write_u64(&w, r->lifecycle);
    const char *signer = r->platform_signer ? r->platform_signer : "platform";
    return sign1(pki_keep(span_of(room, w.n)), pki_key(signer, PKI_P384));
}

static struct span realm_token(const struct realm *r, struct span key)
{
    uint8_t room[1024];
    static const uint8_t challenge[64] = {0xcc};
    static const uint8_t digest[64] = {0xdd};
    struct wr w = wr_init(MSPAN_OF(room));
    cbor_write_map(&w, 5);
    cbor_write_i64(&w, 10);
    cbor_write_bytes(&w, SPAN_OF(challenge));
    cbor_write_i64(&w, 44237);
    cbor_write_bytes(&w, key);
    cbor_write_i64(&w, 44238);
    cbor_write_bytes(&w, SPAN_OF(digest));
    cbor_write_i64(&w, 44239);
    cbor_write_array(&w, r->rems_count);
    for (size_t i = 0; i < r->rems_count; i++) {
        cbor_write_bytes(&w, SPAN_OF(digest));
    }
    cbor_write_i64(&w, 44240);
    cbor_write_text(&w, r->hash);
    const char *signer = r->realm_signer ? r->realm_signer : "realm";
    return sign1(pki_keep(span_of(room, w.n)), pki_key(signer, PKI_P384));
}

static enum err judge(const struct realm *r)
{
    static uint8_t room[4096];
    static const uint8_t challenge[64] = {0xcc};
    struct span key = realm_key(r);
    struct span spki = pki_spki(pki_key("platform", PKI_P384));
    struct anchor anchor = anchor_of(spki);
    struct anchors anchors = {.list = &anchor, .count = 1};
    struct wr w = wr_init(MSPAN_OF(room));
    wr_u8(&w, 0xd9);
    wr_be16(&w, 399);
    cbor_write_map(&w, 2);
    cbor_write_i64(&w, 44234);
    cbor_write_bytes(&w, platform_token(r, key));
    cbor_write_i64(&w, 44241);
    cbor_write_bytes(&w, realm_token(r, key));
    return judge_under(span_of(room, w.n), spki, SPAN_OF(challenge), &anchors);
}

TEST(genuine_tokens)
{
    struct realm r = genuine();
    EXPECT_OK(judge(&r));
    EXPECT(result.has_hardware_id);
    r.has_cose_key = true;
    EXPECT_OK(judge(&r));
    r.hash = "sha-512";
    EXPECT_OK(judge(&r));
    r.hash = "sha-384";
    EXPECT_OK(judge(&r));
    r.lifecycle = 0x30ff;
    EXPECT_OK(judge(&r));
}

static void other_profile(struct realm *r)
{
    r->profile = "tag:psacertified.org,2023:psa#tfm";
}
static void not_secured(struct realm *r)
{
    r->lifecycle = 0x2fff;
}
static void debug_state(struct realm *r)
{
    r->lifecycle = 0x3100;
}
static void lifecycle_wide(struct realm *r)
{
    r->lifecycle = 0x100003003;
}
static void weak_hash(struct realm *r)
{
    r->hash = "sha-1";
}
static void names_another(struct realm *r)
{
    r->platform_names_another = true;
}
static void platform_by_stranger(struct realm *r)
{
    r->platform_signer = "stranger";
}
static void realm_by_stranger(struct realm *r)
{
    r->realm_signer = "stranger";
}
static void realm_by_platform(struct realm *r)
{
    r->realm_signer = "platform";
}
static void rem_missing(struct realm *r)
{
    r->rems_count = 3;
}
static void instance_short(struct realm *r)
{
    r->instance_len = 32;
}

static const struct {
    const char *name;
    void (*make)(struct realm *r);
    enum appraisal_step step;
} faults[] = {
    {"another profile",              other_profile,        STEP_EVIDENCE_FORMAT   },
    {"not secured",                  not_secured,          STEP_LIFECYCLE         },
    {"debug state",                  debug_state,          STEP_LIFECYCLE         },
    {"lifecycle beyond 16 bits",     lifecycle_wide,       STEP_LIFECYCLE         },
    {"weak hash of the realm's key", weak_hash,            STEP_REALM_KEY         },
    {"platform names another key",   names_another,        STEP_REALM_KEY         },
    {"platform token by a stranger", platform_by_stranger, STEP_EVIDENCE_SIGNATURE},
    {"realm token by a stranger",    realm_by_stranger,    STEP_EVIDENCE_SIGNATURE},
    {"realm token by the platform",  realm_by_platform,    STEP_EVIDENCE_SIGNATURE},
    {"measurement left out",         rem_missing,          STEP_EVIDENCE_FORMAT   },
    {"instance id too short",        instance_short,       STEP_EVIDENCE_FORMAT   },
};

TEST(each_forgotten_check)
{
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct realm r = genuine();
        faults[i].make(&r);
        test_note("%s", faults[i].name);
        EXPECT(judge(&r) != OK);
        EXPECT_STR(appraisal_step_name(faults[i].step), appraisal_step_name(result.failed));
    }
}

TEST_MAIN
