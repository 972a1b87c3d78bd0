/* Nitro attestation documents. */
#include "tee/nitro.h"

#include "tee/cose.h"

enum {
    PCR_LEN = 48, /* of SHA-384, the only digest that is in use */
    PUBLIC_KEY_LEN_MAX = 1024,
    USER_DATA_LEN_MAX = 512,
};

static bool is_zero(struct span s)
{
    uint8_t any = 0;
    for (size_t i = 0; i < s.n; i++) {
        any |= s.p[i];
    }
    return any == 0;
}

/* Bytes, null or nothing at all. */
static enum err find_optional(struct span *ret, struct cbor map, const char *name, size_t max)
{
    struct cbor v;
    *ret = SPAN_EMPTY;
    if (!cbor_find_text(&v, map, name) || v.type == CBOR_NULL) {
        return OK;
    }
    TRY(cbor_get_bytes(ret, v));
    return ret->n <= max ? OK : ERR_LIMIT;
}

static enum err read_pcrs(struct nitro *n, struct cbor map)
{
    struct span rest = map.content;
    struct cbor key;
    struct cbor value;
    if (map.type != CBOR_MAP || map.arg != NITRO_PCRS_COUNT) {
        return ERR_MALFORMED;
    }
    while (cbor_next(&key, &rest) && cbor_next(&value, &rest)) {
        if (key.type != CBOR_UINT || key.arg >= NITRO_PCRS_COUNT) {
            return ERR_MALFORMED;
        }
        TRY(cbor_get_bytes(&n->pcrs[key.arg], value));
        if (n->pcrs[key.arg].n != PCR_LEN) {
            return ERR_MALFORMED;
        }
    }
    return OK; /* sixteen keys below sixteen, none twice: all are there */
}

static enum err read_bundle(struct nitro *n, struct cbor list)
{
    struct span rest = list.content;
    struct cbor item;
    if (list.type != CBOR_ARRAY || list.arg == 0) {
        return ERR_MALFORMED;
    }
    while (cbor_next(&item, &rest)) {
        if (n->ca_count == NITRO_CA_MAX) {
            return ERR_LIMIT;
        }
        TRY(cbor_get_bytes(&n->ca[n->ca_count], item));
        n->ca_count++;
    }
    return OK;
}

enum err nitro_decode(struct nitro *ret, struct span payload)
{
    static const char *const names[] = {"module_id", "digest",      "timestamp",
                                        "pcrs",      "certificate", "cabundle"};
    struct nitro n = {0};
    struct cbor root;
    struct cbor v[sizeof names / sizeof names[0]];
    struct span digest;
    TRY(cbor_decode(&root, payload, CBOR_ANY_ORDER));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!cbor_find_text(&v[i], root, names[i])) {
            return ERR_MALFORMED;
        }
    }
    TRY(cbor_get_text(&n.module_id, v[0]));
    TRY(cbor_get_text(&digest, v[1]));
    TRY(cbor_get_bytes(&n.certificate, v[4]));
    if (v[2].type != CBOR_UINT || n.module_id.n == 0) {
        return ERR_MALFORMED;
    }
    n.timestamp_ms = v[2].arg;
    if (!span_equal(digest, SPAN_LIT("SHA384"))) {
        return ERR_UNSUPPORTED;
    }
    TRY(read_pcrs(&n, v[3]));
    TRY(read_bundle(&n, v[5]));
    TRY(find_optional(&n.public_key, root, "public_key", PUBLIC_KEY_LEN_MAX));
    TRY(find_optional(&n.user_data, root, "user_data", USER_DATA_LEN_MAX));
    TRY(find_optional(&n.nonce, root, "nonce", USER_DATA_LEN_MAX));
    *ret = n;
    return OK;
}

static enum err verify_chain(struct appraisal *a,
                             struct chain *c,
                             const struct nitro *n,
                             const struct expectation *e)
{
    struct chain_fault fault;
    struct span texts[CHAIN_CERTS_MAX] = {n->certificate};
    for (size_t i = 0; i < n->ca_count; i++) {
        texts[1 + i] = n->ca[i];
    }
    enum err err = chain_read(c, texts, 1 + n->ca_count, &fault);
    err = err == OK ? chain_verify(c, e->anchors, e->now, &fault) : err;
    if (err != OK) {
        return appraisal_fail(a, err, fault.step, PART_CHAIN, fault.at);
    }
    /* The certificate named for the document is the one at the path's end, and signs nothing but documents. */
    bool is_leaf = span_equal(c->certs[0].der, n->certificate);
    if (!is_leaf || c->certs[0].is_ca || !c->certs[0].may_sign_data || c->count < 2) {
        return appraisal_fail(a, ERR_AUTH, STEP_CERT_CONSTRAINTS, PART_CHAIN, 0);
    }
    chain_times(a, c);
    return OK;
}

static bool is_signed(const struct cose *m, const struct cert *cert)
{
    enum ecdsa_curve curve;
    struct span xy;
    return ecdsa_spki_decode(&curve, &xy, cert->spki) == OK && curve == ECDSA_P384 &&
           cose_verify(m, curve, xy) == OK;
}

enum err nitro_verify(struct appraisal *a,
                      struct chain *work,
                      struct span document,
                      const struct expectation *e)
{
    struct cose m = {0};
    struct nitro n = {0};
    struct policy_rule rule;
    appraisal_init(a, TEE_NITRO);
    enum err err = document.n <= NITRO_LEN_MAX ? cose_decode(&m, document) : ERR_LIMIT;
    err = err == OK ? nitro_decode(&n, m.payload) : err;
    if (err != OK) {
        return appraisal_fail(a, err, STEP_EVIDENCE_FORMAT, PART_EVIDENCE, 0);
    }
    TRY(policy_begin(&rule, a, e));
    TRY(verify_chain(a, work, &n, e));
    if (!is_signed(&m, &work->certs[0])) {
        return appraisal_fail(a, ERR_AUTH, STEP_EVIDENCE_SIGNATURE, PART_EVIDENCE,
                              (size_t)(m.signature.p - document.p));
    }
    for (int i = 0; i < NITRO_PCRS_COUNT; i++) {
        appraisal_measure(a, (enum measurement_name)(MEASURED_PCR0 + i), n.pcrs[i]);
    }
    TRY(appraisal_report_data(a, n.user_data.n > 0 ? n.user_data : n.nonce));
    if (is_zero(n.pcrs[0])) {
        return appraisal_fail(a, ERR_AUTH, STEP_DEBUG, PART_EVIDENCE, 0);
    }
    return policy_decide(a, &rule, e);
}
