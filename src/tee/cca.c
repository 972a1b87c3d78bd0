/* CCA attestation tokens. */
#include "tee/cca.h"

#include "crypto/hash.h"

enum {
    TAG_CCA = 399,
    CLAIM_CHALLENGE = 10,
    CLAIM_INSTANCE_ID = 256,
    CLAIM_PROFILE = 265,
    CLAIM_LIFECYCLE = 2395,
    CLAIM_PLATFORM_TOKEN = 44234,
    CLAIM_REALM_KEY = 44237,
    CLAIM_RIM = 44238,
    CLAIM_REM = 44239,
    CLAIM_REALM_KEY_HASH = 44240,
    CLAIM_REALM_TOKEN = 44241,
    LIFECYCLE_SECURED = 0x30, /* the upper byte */
    POINT_LEN = 97,
    INSTANCE_ID_LEN = 33,
    COSE_KEY_X = -2,
    COSE_KEY_Y = -3,
};

static enum err find_bytes(struct span *ret, struct cbor map, int64_t claim)
{
    struct cbor v;
    return cbor_find_int(&v, map, claim) ? cbor_get_bytes(ret, v) : ERR_MALFORMED;
}

static enum err find_text(struct span *ret, struct cbor map, int64_t claim)
{
    struct cbor v;
    return cbor_find_int(&v, map, claim) ? cbor_get_text(ret, v) : ERR_MALFORMED;
}

static enum err read_platform(struct cca *c)
{
    static const struct span profiles[] = {SPAN_INIT("http://arm.com/CCA-SSD/1.0.0"),
                                           SPAN_INIT("tag:arm.com,2023:cca_platform#1.0.0")};
    struct cbor claims;
    struct cbor lifecycle;
    struct span profile;
    TRY(cbor_decode(&claims, c->platform.payload, CBOR_ANY_ORDER));
    TRY(find_text(&profile, claims, CLAIM_PROFILE));
    if (!span_equal(profile, profiles[0]) && !span_equal(profile, profiles[1])) {
        return ERR_UNSUPPORTED;
    }
    TRY(find_bytes(&c->platform_challenge, claims, CLAIM_CHALLENGE));
    TRY(find_bytes(&c->instance_id, claims, CLAIM_INSTANCE_ID));
    if (!cbor_find_int(&lifecycle, claims, CLAIM_LIFECYCLE) || lifecycle.type != CBOR_UINT ||
        c->instance_id.n != INSTANCE_ID_LEN) {
        return ERR_MALFORMED;
    }
    c->lifecycle = lifecycle.arg;
    return OK;
}

/* The realm's key: a point as it stands, or a COSE_Key of two coordinates, which are not next to each other. */
static enum err read_realm_key(struct cca *c)
{
    struct cbor key;
    struct span x;
    struct span y;
    size_t half = ecdsa_coordinate_len(ECDSA_P384);
    if (c->realm_key.n == POINT_LEN && c->realm_key.p[0] == 0x04) {
        c->realm_xy = span_from(c->realm_key, 1);
        return OK;
    }
    TRY(cbor_decode(&key, c->realm_key, CBOR_ANY_ORDER));
    TRY(find_bytes(&x, key, COSE_KEY_X));
    TRY(find_bytes(&y, key, COSE_KEY_Y));
    if (x.n != half || y.n != half) {
        return ERR_MALFORMED;
    }
    (void)span_copy(mspan_of(c->realm_point, half), x);
    (void)span_copy(mspan_of(c->realm_point + half, half), y);
    c->realm_xy = SPAN_EMPTY; /* stands in realm_point */
    return OK;
}

static enum err read_rems(struct cca *c, struct cbor list)
{
    struct span rest = list.content;
    struct cbor item;
    if (list.type != CBOR_ARRAY || list.arg != CCA_MEASURED_COUNT) {
        return ERR_MALFORMED;
    }
    for (size_t i = 0; i < CCA_MEASURED_COUNT && cbor_next(&item, &rest); i++) {
        TRY(cbor_get_bytes(&c->rem[i], item));
        if (c->rem[i].n > MEASUREMENT_LEN_MAX) {
            return ERR_LIMIT;
        }
    }
    return OK;
}

static enum err read_realm(struct cca *c)
{
    struct cbor claims;
    struct cbor rems;
    TRY(cbor_decode(&claims, c->realm.payload, CBOR_ANY_ORDER));
    TRY(find_bytes(&c->realm_challenge, claims, CLAIM_CHALLENGE));
    TRY(find_bytes(&c->realm_key, claims, CLAIM_REALM_KEY));
    TRY(find_text(&c->realm_key_hash_alg, claims, CLAIM_REALM_KEY_HASH));
    TRY(find_bytes(&c->rim, claims, CLAIM_RIM));
    if (c->rim.n > MEASUREMENT_LEN_MAX || !cbor_find_int(&rems, claims, CLAIM_REM)) {
        return ERR_MALFORMED;
    }
    TRY(read_rems(c, rems));
    return read_realm_key(c);
}

enum err cca_decode(struct cca *ret, struct span token)
{
    struct cca c = {0};
    struct cbor root;
    struct span platform;
    struct span realm;
    if (token.n > CCA_LEN_MAX) {
        return ERR_LIMIT;
    }
    if (!cose_take_tag(&token, TAG_CCA)) {
        return ERR_MALFORMED;
    }
    TRY(cbor_decode(&root, token, CBOR_ANY_ORDER));
    TRY(find_bytes(&platform, root, CLAIM_PLATFORM_TOKEN));
    TRY(find_bytes(&realm, root, CLAIM_REALM_TOKEN));
    TRY(cose_decode(&c.platform, platform));
    TRY(cose_decode(&c.realm, realm));
    TRY(read_platform(&c));
    TRY(read_realm(&c));
    *ret = c;
    return OK;
}

/* Is this what the platform says about the realm's key: its hash, by the algorithm that the realm names? */
static bool is_named(const struct cca *c)
{
    uint8_t hash[64];
    struct hash32 short_hash;
    if (span_equal(c->realm_key_hash_alg, SPAN_LIT("sha-256"))) {
        sha256(&short_hash, c->realm_key);
        return span_equal(c->platform_challenge, SPAN_OF(short_hash.bytes));
    }
    if (span_equal(c->realm_key_hash_alg, SPAN_LIT("sha-384"))) {
        sha384_of(hash, &c->realm_key, 1);
        return span_equal(c->platform_challenge, span_of(hash, 48));
    }
    if (span_equal(c->realm_key_hash_alg, SPAN_LIT("sha-512"))) {
        sha512(hash, c->realm_key);
        return span_equal(c->platform_challenge, SPAN_OF(hash));
    }
    return false;
}

static bool is_anchor(const struct anchors *anchors, struct span spki)
{
    struct hash32 hash;
    sha256(&hash, spki);
    for (size_t i = 0; i < anchors->count; i++) {
        if (span_equal(SPAN_OF(anchors->list[i].spki.bytes), SPAN_OF(hash.bytes))) {
            return true;
        }
    }
    return false;
}

static enum err verify_tokens(struct appraisal *a,
                              const struct cca *c,
                              struct span platform_key,
                              const struct expectation *e)
{
    enum ecdsa_curve curve;
    struct span xy;
    struct span realm = c->realm_xy.n > 0 ? c->realm_xy : SPAN_OF(c->realm_point);
    if (!is_anchor(e->anchors, platform_key)) {
        return appraisal_fail(a, ERR_AUTH, STEP_ROOT, PART_CHAIN, 0);
    }
    enum err err = ecdsa_spki_decode(&curve, &xy, platform_key);
    if (err != OK) {
        return appraisal_fail(a, err, STEP_EVIDENCE_KEY_TYPE, PART_CHAIN, 0);
    }
    if (cose_verify(&c->platform, curve, xy) != OK) {
        return appraisal_fail(a, ERR_AUTH, STEP_EVIDENCE_SIGNATURE, PART_EVIDENCE, 0);
    }
    if (!is_named(c)) {
        return appraisal_fail(a, ERR_AUTH, STEP_REALM_KEY, PART_EVIDENCE, 0);
    }
    if (cose_verify(&c->realm, ECDSA_P384, realm) != OK) {
        return appraisal_fail(a, ERR_AUTH, STEP_EVIDENCE_SIGNATURE, PART_EVIDENCE, 1);
    }
    return OK;
}

enum err cca_verify(struct appraisal *a,
                    struct span token,
                    struct span platform_key,
                    const struct expectation *e)
{
    struct cca c = {0};
    struct policy_rule rule;
    appraisal_init(a, TEE_CCA);
    enum err err = cca_decode(&c, token);
    if (err != OK) {
        return appraisal_fail(a, err, STEP_EVIDENCE_FORMAT, PART_EVIDENCE, 0);
    }
    TRY(policy_begin(&rule, a, e));
    TRY(verify_tokens(a, &c, platform_key, e));
    sha256(&a->hardware_id, c.instance_id);
    a->has_hardware_id = true;
    appraisal_measure(a, MEASURED_RIM, c.rim);
    for (int i = 0; i < CCA_MEASURED_COUNT; i++) {
        appraisal_measure(a, (enum measurement_name)(MEASURED_REM0 + i), c.rem[i]);
    }
    TRY(appraisal_report_data(a, c.realm_challenge));
    if (c.lifecycle >> 8 != LIFECYCLE_SECURED) {
        return appraisal_fail(a, ERR_AUTH, STEP_LIFECYCLE, PART_EVIDENCE, 0);
    }
    return policy_decide(a, &rule, e);
}
