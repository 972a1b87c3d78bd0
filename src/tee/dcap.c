/* SGX and TDX quotes under Intel's collateral. */
#include "tee/dcap.h"

#include "crypto/ecdsa.h"
#include "tee/pck.h"

#include <string.h>

enum {
    CRL_ROOT = 0, /* `at` of PART_CRL */
    CRL_PCK = 1,
    SGX_FLAG_INIT = 1 << 0,
    /* Bits of SGX attributes that have a meaning: INIT, DEBUG, MODE64, PROVISIONKEY, EINITTOKEN_KEY, CET, KSS, AEXNOTIFY. */
    SGX_FLAGS_KNOWN = 0x4f7,
    SEAM_ATTRIBUTES_LEN = 8,
};

#define TD_DEBUG     UINT64_C(1)
#define TD_UNTRUSTED UINT64_C(0xff) /* "TUD": any of these bits takes the trust away */
#define TD_SEPT_VE_DISABLE                                                                         \
    (UINT64_C(1) << 28) /* a page taken away by the host is no exception in the guest */
#define TD_MIGRATABLE (UINT64_C(1) << 29)
/* LASS, the two above, PKS, KL, TPA, PERFMON. */
#define TD_ATTRIBUTES_KNOWN                                                                        \
    (UINT64_C(1) << 27 | TD_SEPT_VE_DISABLE | TD_MIGRATABLE | UINT64_C(1) << 30 |                  \
     UINT64_C(1) << 31 | UINT64_C(1) << 62 | UINT64_C(1) << 63)

static enum err chain_failed(struct appraisal *a,
                             enum err e,
                             const struct chain_fault *fault,
                             enum appraisal_part part)
{
    return appraisal_fail(a, e, fault->step, part, fault->at);
}

static bool is_zero(struct span s)
{
    uint8_t any = 0;
    for (size_t i = 0; i < s.n; i++) {
        any |= s.p[i];
    }
    return any == 0;
}

/* ---- collateral ---- */

static bool is_signed_text(const struct cert *signer, struct span text, struct span rs)
{
    enum ecdsa_curve curve;
    struct span xy;
    struct hash32 hash;
    if (ecdsa_spki_decode(&curve, &xy, signer->spki) != OK || curve != ECDSA_P256) {
        return false;
    }
    sha256(&hash, text);
    return ecdsa_verify(curve, xy, SPAN_OF(hash.bytes), rs) == OK;
}

static enum err read_chain(struct chain *chain,
                           struct appraisal *a,
                           struct span text,
                           const struct anchors *anchors,
                           walltime now)
{
    struct chain_fault fault;
    enum err e = chain_read(chain, &text, 1, &fault);
    if (e != OK) {
        return chain_failed(a, e, &fault, PART_COLLATERAL_CHAIN);
    }
    e = chain_verify(chain, anchors, now, &fault);
    if (e != OK) {
        return chain_failed(a, e, &fault, PART_COLLATERAL_CHAIN);
    }
    chain_times(a, chain);
    return OK;
}

static enum err verify_crl(struct crl *ret,
                           struct appraisal *a,
                           struct span der,
                           const struct cert *issuer,
                           walltime now,
                           size_t which)
{
    struct chain_fault fault;
    enum err e = crl_decode(ret, der);
    if (e != OK) {
        return appraisal_fail(a, e, STEP_CRL_FORMAT, PART_CRL, which);
    }
    e = chain_verify_crl(ret, issuer, now, &fault);
    if (e != OK) {
        return appraisal_fail(a, e, fault.step, PART_CRL, which);
    }
    appraisal_until(a, ret->this_update, ret->next_update);
    return OK;
}

/* Root CRL, PCK CRL and the chain of its issuer; c->work holds the signing chain. */
static enum err verify_crls(struct dcap_collateral *c,
                            struct appraisal *a,
                            const struct dcap_texts *texts,
                            const struct anchors *anchors,
                            walltime now)
{
    const struct cert *root = &c->work.certs[c->work.count - 1];
    c->has_crls = texts->root_crl.n > 0 && texts->pck_crl.n > 0;
    c->ca.count = 0;
    if (!c->has_crls) {
        return OK;
    }
    TRY(verify_crl(&c->root_crl, a, texts->root_crl, root, now, CRL_ROOT));
    if (crl_lists(&c->root_crl, c->work.certs[0].serial)) {
        return appraisal_fail(a, ERR_AUTH, STEP_CERT_REVOKED, PART_COLLATERAL_CHAIN, 0);
    }
    TRY(read_chain(&c->ca, a, texts->pck_crl_chain, anchors, now));
    if (c->ca.count != 2) {
        return appraisal_fail(a, ERR_AUTH, STEP_CERT_NAME, PART_COLLATERAL_CHAIN, 0);
    }
    if (crl_lists(&c->root_crl, c->ca.certs[0].serial)) {
        return appraisal_fail(a, ERR_AUTH, STEP_CERT_REVOKED, PART_COLLATERAL_CHAIN, 0);
    }
    return verify_crl(&c->pck_crl, a, texts->pck_crl, &c->ca.certs[0], now, CRL_PCK);
}

static enum err check_window(
    struct appraisal *a, walltime from, walltime now, walltime to, enum appraisal_part part)
{
    if (now.s < from.s || now.s > to.s) {
        return appraisal_fail(a, ERR_TIMEOUT, STEP_COLLATERAL_TIME, part, 0);
    }
    appraisal_until(a, from, to);
    return OK;
}

static enum err parse_failed(struct appraisal *a, enum err e, enum appraisal_part part, size_t at)
{
    enum appraisal_step step = e == ERR_UNSUPPORTED ? STEP_COLLATERAL_KIND : STEP_COLLATERAL_FORMAT;
    return appraisal_fail(a, e, step, part, at);
}

static enum err verify_texts(struct dcap_collateral *c,
                             struct appraisal *a,
                             const struct dcap_texts *texts,
                             walltime now)
{
    const struct cert *signer = &c->work.certs[0];
    size_t at = 0;
    if (!is_signed_text(signer, texts->tcb_info, texts->tcb_info_signature)) {
        return appraisal_fail(a, ERR_AUTH, STEP_COLLATERAL_SIGNATURE, PART_TCB_INFO, 0);
    }
    if (!is_signed_text(signer, texts->qe_identity, texts->qe_identity_signature)) {
        return appraisal_fail(a, ERR_AUTH, STEP_COLLATERAL_SIGNATURE, PART_QE_IDENTITY, 0);
    }
    enum err e = tcb_info_parse(&c->tcb_info, texts->tcb_info, &at);
    if (e != OK) {
        return parse_failed(a, e, PART_TCB_INFO, at);
    }
    e = qe_identity_parse(&c->qe_identity, texts->qe_identity, &at);
    if (e != OK) {
        return parse_failed(a, e, PART_QE_IDENTITY, at);
    }
    if (c->qe_identity.kind != c->tcb_info.kind) {
        return appraisal_fail(a, ERR_AUTH, STEP_COLLATERAL_KIND, PART_QE_IDENTITY, 0);
    }
    TRY(check_window(a, c->tcb_info.issued, now, c->tcb_info.next_update, PART_TCB_INFO));
    return check_window(a, c->qe_identity.issued, now, c->qe_identity.next_update,
                        PART_QE_IDENTITY);
}

static bool has_name(const struct cert *cert, const char *name)
{
    return span_equal(cert_common_name(cert->subject), span_str(name));
}

enum err dcap_collateral_verify(struct dcap_collateral *c,
                                struct appraisal *a,
                                const struct dcap_texts *texts,
                                const struct anchors *anchors,
                                walltime now)
{
    appraisal_init(a, TEE_SGX);
    c->is_verified = false;
    TRY(read_chain(&c->work, a, texts->signing_chain, anchors, now));
    if (c->work.count != 2 || !has_name(&c->work.certs[0], "Intel SGX TCB Signing")) {
        return appraisal_fail(a, ERR_AUTH, STEP_CERT_NAME, PART_COLLATERAL_CHAIN, 0);
    }
    TRY(verify_crls(c, a, texts, anchors, now));
    TRY(verify_texts(c, a, texts, now));
    a->kind = c->tcb_info.kind;
    c->not_before = a->not_before;
    c->expires = a->expires;
    c->is_verified = true;
    return OK;
}

/* ---- quote ---- */

/* The chain without its leaf is the one that was verified with the collateral: only the leaf's signature is left. */
static bool is_known_ca(const struct chain *chain, const struct chain *ca)
{
    return ca->count == 2 && chain->count == 3 &&
           span_equal(chain->certs[1].der, ca->certs[0].der) &&
           span_equal(chain->certs[2].der, ca->certs[1].der);
}

static enum err verify_pck_chain(struct dcap_collateral *c,
                                 struct appraisal *a,
                                 const struct quote *q,
                                 const struct expectation *e)
{
    struct chain *chain = &c->work;
    struct chain_fault fault;
    enum err err = chain_read(chain, &q->certs, 1, &fault);
    if (err != OK) {
        return chain_failed(a, err, &fault, PART_CHAIN);
    }
    if (chain->count != 3 || !has_name(&chain->certs[0], "Intel SGX PCK Certificate")) {
        return appraisal_fail(a, ERR_AUTH, STEP_CERT_NAME, PART_CHAIN, 0);
    }
    err = is_known_ca(chain, &c->ca) ? chain_verify_leaf(chain, e->now, &fault)
                                     : chain_verify(chain, e->anchors, e->now, &fault);
    if (err != OK) {
        return chain_failed(a, err, &fault, PART_CHAIN);
    }
    chain_times(a, chain);
    return OK;
}

static enum err
check_revocation(struct dcap_collateral *c, struct appraisal *a, const struct policy_rule *rule)
{
    const struct cert *leaf = &c->work.certs[0];
    if (!c->has_crls) {
        return rule->is_crl_required
                   ? appraisal_fail(a, ERR_NOT_FOUND, STEP_CRL_MISSING, PART_CRL, CRL_PCK)
                   : OK;
    }
    if (!span_equal(c->pck_crl.issuer, leaf->issuer)) {
        return appraisal_fail(a, ERR_AUTH, STEP_CRL_ISSUER, PART_CRL, CRL_PCK);
    }
    for (size_t i = 0; i < 2; i++) {
        const struct crl *list = i == 0 ? &c->pck_crl : &c->root_crl;
        if (crl_lists(list, c->work.certs[i].serial)) {
            return appraisal_fail(a, ERR_AUTH, STEP_CERT_REVOKED, PART_CHAIN, i);
        }
    }
    return OK;
}

/* The quoting enclave: its report under the platform's key, and the quote's key in its report. */
static enum err verify_qe(struct appraisal *a, const struct quote *q, const struct cert *pck)
{
    struct hash32 named;
    uint8_t want[64] = {0};
    if (!is_signed_text(pck, q->qe.whole, q->qe_signature)) {
        return appraisal_fail(a, ERR_AUTH, STEP_QE_SIGNATURE, PART_EVIDENCE,
                              (size_t)(q->qe_signature.p - q->whole.p));
    }
    struct span parts[] = {q->key, q->qe_auth};
    sha256_of(&named, parts, 2);
    memcpy(want, named.bytes, sizeof named.bytes);
    if (!span_equal(q->qe.report_data, SPAN_OF(want))) {
        return appraisal_fail(a, ERR_AUTH, STEP_QE_BINDING, PART_EVIDENCE,
                              (size_t)(q->key.p - q->whole.p));
    }
    return OK;
}

static bool equal_masked(struct span have, const uint8_t *want, const uint8_t *mask)
{
    for (size_t i = 0; i < have.n; i++) {
        if ((have.p[i] & mask[i]) != want[i]) {
            return false;
        }
    }
    return true;
}

static enum err advise(struct appraisal *a, struct json list, enum appraisal_part part)
{
    struct json_iter it = json_iterate(list);
    struct json one;
    while (json_next(&it, NULL, &one)) {
        struct span text;
        enum err e = json_get_plain(&text, one);
        e = e == OK ? appraisal_advise(a, text) : e;
        if (e != OK) {
            return appraisal_fail(a, e, STEP_COLLATERAL_FORMAT, part, 0);
        }
    }
    return OK;
}

static enum err check_qe_identity(struct appraisal *a,
                                  const struct quote *q,
                                  const struct qe_identity *id,
                                  enum tcb_status *ret)
{
    uint8_t misc[4] = {(uint8_t)q->qe.misc_select, (uint8_t)(q->qe.misc_select >> 8),
                       (uint8_t)(q->qe.misc_select >> 16), (uint8_t)(q->qe.misc_select >> 24)};
    bool is_same = equal_masked(SPAN_OF(misc), id->misc_select, id->misc_select_mask) &&
                   equal_masked(q->qe.attributes, id->attributes, id->attributes_mask) &&
                   span_equal(q->qe.mrsigner, SPAN_OF(id->mrsigner)) &&
                   q->qe.product_id == id->product_id;
    if (!is_same) {
        return appraisal_fail(a, ERR_AUTH, STEP_QE_IDENTITY, PART_QE_IDENTITY, 0);
    }
    const struct isv_level *level = isv_levels_find(&id->levels, q->qe.svn);
    if (!level) {
        return appraisal_fail(a, ERR_AUTH, STEP_QE_LEVEL, PART_QE_IDENTITY, 0);
    }
    *ret = (enum tcb_status)level->status;
    return advise(a, level->advisories, PART_QE_IDENTITY);
}

/* The TDX module that launched the guest; its level, if versions have levels of their own. */
static enum err check_module(struct appraisal *a,
                             const struct quote *q,
                             const struct tcb_info *t,
                             enum tcb_status *ret)
{
    uint8_t version = q->td.tee_tcb_svn.p[1];
    const struct tdx_module *m = tcb_info_module(t, version);
    bool is_same = m && span_equal(q->td.mrsignerseam, SPAN_OF(m->mrsigner)) &&
                   equal_masked(q->td.seam_attributes, m->attributes, m->attributes_mask);
    if (!is_same) {
        return appraisal_fail(a, ERR_AUTH, STEP_MODULE_IDENTITY, PART_TCB_INFO, 0);
    }
    *ret = TCB_UP_TO_DATE;
    if (version == 0) {
        return OK;
    }
    const struct isv_level *level = isv_levels_find(&m->levels, q->td.tee_tcb_svn.p[0]);
    if (!level) {
        return appraisal_fail(a, ERR_AUTH, STEP_TCB_LEVEL, PART_TCB_INFO, 0);
    }
    *ret = (enum tcb_status)level->status;
    return advise(a, level->advisories, PART_TCB_INFO);
}

/* Status of the platform with the module numbers of now instead of those at launch; TCB_REVOKED if no level is reached. */
static enum tcb_status
status_of_now(const struct quote *q, const struct tcb_info *t, const struct tcb_numbers *at_launch)
{
    struct tcb_numbers n = *at_launch;
    n.tdx = q->td.tee_tcb_svn2;
    const struct tcb_level *level = tcb_info_level(t, &n);
    const struct tdx_module *m = tcb_info_module(t, n.tdx.p[1]);
    if (!level || !m) {
        return TCB_REVOKED;
    }
    if (m->version == 0) {
        return (enum tcb_status)level->status;
    }
    const struct isv_level *isv = isv_levels_find(&m->levels, n.tdx.p[0]);
    return isv ? tcb_status_merge((enum tcb_status)level->status, (enum tcb_status)isv->status)
               : TCB_REVOKED;
}

/* A guest that was launched under an old module, on a platform that has been updated since, is told to launch again. */
static enum tcb_status relaunch(enum tcb_status launched, enum tcb_status now)
{
    bool is_old = launched == TCB_OUT_OF_DATE || launched == TCB_OUT_OF_DATE_CONFIGURATION_NEEDED;
    if (!is_old) {
        return launched;
    }
    switch (now) {
    case TCB_UP_TO_DATE:
    case TCB_SW_HARDENING_NEEDED: return TCB_RELAUNCH_ADVISED;
    case TCB_CONFIGURATION_NEEDED:
    case TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED:
        return TCB_RELAUNCH_ADVISED_CONFIGURATION_NEEDED;
    case TCB_NOT_STATED:
    case TCB_RELAUNCH_ADVISED:
    case TCB_RELAUNCH_ADVISED_CONFIGURATION_NEEDED:
    case TCB_OUT_OF_DATE:
    case TCB_OUT_OF_DATE_CONFIGURATION_NEEDED:
    case TCB_REVOKED:
    case TCB_STATUS_COUNT:                          break;
    }
    return launched;
}

static enum err check_level(struct appraisal *a,
                            const struct quote *q,
                            const struct dcap_collateral *c,
                            const struct pck *pck,
                            enum tcb_status qe)
{
    enum tcb_status module = TCB_UP_TO_DATE;
    struct tcb_numbers n = {.sgx = SPAN_OF(pck->components), .pce_svn = pck->pce_svn};
    if (q->kind == TEE_TDX) {
        n.tdx = q->td.tee_tcb_svn;
        TRY(check_module(a, q, &c->tcb_info, &module));
    }
    const struct tcb_level *level = tcb_info_level(&c->tcb_info, &n);
    if (!level) {
        return appraisal_fail(a, ERR_AUTH, STEP_TCB_LEVEL, PART_TCB_INFO, 0);
    }
    enum tcb_status status = tcb_status_merge((enum tcb_status)level->status, module);
    if (q->td.tee_tcb_svn2.n > 0) {
        status = relaunch(status, status_of_now(q, &c->tcb_info, &n));
    }
    a->tcb = tcb_status_merge(status, qe);
    a->tcb_date = level->date;
    return advise(a, level->advisories, PART_TCB_INFO);
}

static enum err check_sgx(struct appraisal *a, const struct sgx_report *s)
{
    if (s->flags & SGX_FLAG_DEBUG) {
        return appraisal_fail(a, ERR_AUTH, STEP_DEBUG, PART_EVIDENCE, QUOTE_HEADER_LEN + 48);
    }
    bool is_odd = s->has_reserved_bits || !(s->flags & SGX_FLAG_INIT) ||
                  (s->flags & ~(uint64_t)SGX_FLAGS_KNOWN);
    return is_odd
               ? appraisal_fail(a, ERR_AUTH, STEP_ATTRIBUTES, PART_EVIDENCE, QUOTE_HEADER_LEN + 48)
               : OK;
}

static enum err
check_td(struct appraisal *a, const struct td_report *t, const struct policy_rule *rule, size_t at)
{
    if (t->attributes & TD_DEBUG) {
        return appraisal_fail(a, ERR_AUTH, STEP_DEBUG, PART_EVIDENCE, at);
    }
    bool is_odd = (t->attributes & TD_UNTRUSTED) || (t->attributes & ~TD_ATTRIBUTES_KNOWN);
    bool has_sept_ve = !(t->attributes & TD_SEPT_VE_DISABLE);
    if (is_odd || (has_sept_ve && !(rule->allow & POLICY_ALLOW_SEPT_VE))) {
        return appraisal_fail(a, ERR_AUTH, STEP_ATTRIBUTES, PART_EVIDENCE, at);
    }
    if ((t->attributes & TD_MIGRATABLE) && !(rule->allow & POLICY_ALLOW_MIGRATION)) {
        return appraisal_fail(a, ERR_DENIED, STEP_MIGRATION, PART_EVIDENCE, at);
    }
    if (!is_zero(t->mrservicetd) && !(rule->allow & POLICY_ALLOW_SERVICE_TD)) {
        return appraisal_fail(a, ERR_DENIED, STEP_SERVICE_TD, PART_EVIDENCE, at);
    }
    return OK;
}

static enum err measure(struct appraisal *a, const struct quote *q)
{
    if (q->kind == TEE_SGX) {
        a->product_id = q->sgx.product_id;
        a->svn = q->sgx.svn;
        appraisal_measure(a, MEASURED_MRENCLAVE, q->sgx.mrenclave);
        appraisal_measure(a, MEASURED_MRSIGNER, q->sgx.mrsigner);
        return appraisal_report_data(a, q->sgx.report_data);
    }
    const struct td_report *t = &q->td;
    appraisal_measure(a, MEASURED_MRTD, t->mrtd);
    appraisal_measure(a, MEASURED_MRSEAM, t->mrseam);
    appraisal_measure(a, MEASURED_MRSIGNERSEAM, t->mrsignerseam);
    appraisal_measure(a, MEASURED_MRCONFIGID, t->mrconfigid);
    appraisal_measure(a, MEASURED_MROWNER, t->mrowner);
    appraisal_measure(a, MEASURED_MROWNERCONFIG, t->mrownerconfig);
    for (int i = 0; i < 4; i++) {
        appraisal_measure(a, (enum measurement_name)(MEASURED_RTMR0 + i), t->rtmr[i]);
    }
    appraisal_measure(a, MEASURED_MRSERVICETD, t->mrservicetd);
    return appraisal_report_data(a, t->report_data);
}

/* Platform key, quoting enclave, collateral of this platform, the quote itself: all that is signed. */
static enum err verify_signed(struct appraisal *a,
                              const struct quote *q,
                              struct dcap_collateral *c,
                              const struct policy_rule *rule,
                              const struct expectation *e)
{
    struct pck pck;
    struct hash32 hash;
    enum tcb_status qe;
    const struct cert *leaf = &c->work.certs[0];
    TRY(verify_pck_chain(c, a, q, e));
    enum err err = pck_decode(&pck, leaf);
    if (err != OK) {
        return appraisal_fail(a, err, STEP_CERT_EXTENSION, PART_CHAIN, 0);
    }
    TRY(check_revocation(c, a, rule));
    TRY(verify_qe(a, q, leaf));
    if (!span_equal(pck.fmspc, SPAN_OF(c->tcb_info.fmspc))) {
        return appraisal_fail(a, ERR_AUTH, STEP_FMSPC, PART_TCB_INFO, 0);
    }
    if (!span_equal(pck.pce_id, SPAN_OF(c->tcb_info.pce_id))) {
        return appraisal_fail(a, ERR_AUTH, STEP_PCE_ID, PART_TCB_INFO, 0);
    }
    TRY(check_qe_identity(a, q, &c->qe_identity, &qe));
    sha256(&hash, q->signed_part);
    if (ecdsa_verify(ECDSA_P256, q->key, SPAN_OF(hash.bytes), q->signature) != OK) {
        return appraisal_fail(a, ERR_AUTH, STEP_EVIDENCE_SIGNATURE, PART_EVIDENCE,
                              (size_t)(q->signature.p - q->whole.p));
    }
    sha256(&a->hardware_id, pck.ppid);
    a->has_hardware_id = true;
    TRY(measure(a, q));
    return check_level(a, q, c, &pck, qe);
}

enum err dcap_verify(struct appraisal *a,
                     struct span quote,
                     struct dcap_collateral *c,
                     const struct expectation *e)
{
    struct quote q;
    struct policy_rule rule;
    appraisal_init(a, TEE_SGX);
    TRY(quote_decode(&q, quote, a));
    TRY(policy_begin(&rule, a, e));
    if (!c->is_verified || c->tcb_info.kind != q.kind) {
        return appraisal_fail(a, ERR_AUTH, STEP_COLLATERAL_KIND, PART_TCB_INFO, 0);
    }
    TRY(check_window(a, c->not_before, e->now, c->expires, PART_TCB_INFO));
    a->evaluation = c->tcb_info.evaluation < c->qe_identity.evaluation ? c->tcb_info.evaluation
                                                                       : c->qe_identity.evaluation;
    TRY(verify_signed(a, &q, c, &rule, e));
    /* The report's attributes stand 120 bytes into a guest's body. */
    size_t body_at = (size_t)(q.td.tee_tcb_svn.p ? q.td.tee_tcb_svn.p - q.whole.p : 0);
    TRY(q.kind == TEE_SGX ? check_sgx(a, &q.sgx) : check_td(a, &q.td, &rule, body_at + 120));
    return policy_decide(a, &rule, e);
}
