/* Paths of certificates: RFC 5280 section 6.1, for chains without policies. */
#include "tee/chain.h"

#include "codec/der.h"
#include "codec/pem.h"

static enum err
fail(struct chain_fault *fault, enum err e, enum appraisal_step step, size_t certificate)
{
    fault->step = step;
    fault->at = certificate;
    return e;
}

static const struct anchor *find_anchor(const struct anchors *anchors, struct span spki)
{
    struct hash32 hash;
    sha256(&hash, spki);
    for (size_t i = 0; i < anchors->count; i++) {
        if (span_equal(SPAN_OF(hash.bytes), SPAN_OF(anchors->list[i].spki.bytes))) {
            return &anchors->list[i];
        }
    }
    return NULL;
}

/* The key is trusted; what else its certificate says holds if we know the certificate, or if the key signed it. */
static bool is_root(const struct anchors *anchors, const struct cert *cert)
{
    struct hash32 hash;
    const struct anchor *anchor = find_anchor(anchors, cert->spki);
    if (!anchor) {
        return false;
    }
    sha256(&hash, cert->der);
    return span_equal(SPAN_OF(hash.bytes), SPAN_OF(anchor->certificate.bytes)) ||
           cert_signed(cert, cert->algorithm, cert->signed_part, cert->signature) == OK;
}

static enum err add(struct chain *c, struct span der, struct chain_fault *fault)
{
    if (c->count == CHAIN_CERTS_MAX) {
        return fail(fault, ERR_LIMIT, STEP_CERT_FORMAT, c->count);
    }
    enum err e = cert_decode(&c->certs[c->count], der, NULL);
    if (e != OK) {
        return fail(fault, e, STEP_CERT_FORMAT, c->count);
    }
    c->count++;
    return OK;
}

static enum err read_pem(struct chain *c, struct span text, struct chain_fault *fault)
{
    for (;;) {
        struct mspan room = mspan_from(MSPAN_OF(c->der), c->der_len);
        struct wr w = wr_init(room);
        enum err e = pem_take(&w, &text, "CERTIFICATE");
        if (e == ERR_NOT_FOUND) {
            return OK;
        }
        if (e != OK) {
            return fail(fault, e, STEP_CERT_FORMAT, c->count);
        }
        TRY(add(c, span_of(room.p, w.n), fault));
        c->der_len += w.n;
    }
}

static enum err read_der(struct chain *c, struct span text, struct chain_fault *fault)
{
    struct rd r = rd_init(text);
    while (r.rest.n > 0) {
        uint8_t tag;
        struct span raw;
        (void)der_read_any(&r, &tag, &raw);
        if (!rd_ok(&r)) {
            return fail(fault, ERR_MALFORMED, STEP_CERT_FORMAT, c->count);
        }
        TRY(add(c, raw, fault));
    }
    return OK;
}

static bool is_self_issued(const struct cert *cert)
{
    return span_equal(cert->issuer, cert->subject);
}

/* How many of the others name i as their issuer? */
static size_t issued_count(const struct chain *c, size_t i)
{
    size_t count = 0;
    for (size_t k = 0; k < c->count; k++) {
        count += k != i && span_equal(c->certs[k].issuer, c->certs[i].subject);
    }
    return count;
}

static void swap(struct chain *c, size_t a, size_t b)
{
    struct cert keep = c->certs[a];
    c->certs[a] = c->certs[b];
    c->certs[b] = keep;
}

/* The leaf is the one that issued no other; then each one's issuer follows. */
static enum err put_in_order(struct chain *c, struct chain_fault *fault)
{
    size_t leaf = 0;
    while (leaf < c->count && issued_count(c, leaf) > 0) {
        leaf++;
    }
    if (leaf == c->count) {
        return fail(fault, ERR_AUTH, STEP_CERT_ISSUER, 0);
    }
    swap(c, 0, leaf);
    for (size_t i = 0; i + 1 < c->count; i++) {
        size_t next = i + 1;
        while (next < c->count && !span_equal(c->certs[next].subject, c->certs[i].issuer)) {
            next++;
        }
        if (next == c->count || is_self_issued(&c->certs[i])) {
            return fail(fault, ERR_AUTH, STEP_CERT_ISSUER, i);
        }
        swap(c, i + 1, next);
    }
    return OK;
}

enum err
chain_read(struct chain *c, const struct span *texts, size_t texts_count, struct chain_fault *fault)
{
    c->count = 0;
    c->der_len = 0;
    for (size_t i = 0; i < texts_count; i++) {
        bool is_der = texts[i].n > 0 && texts[i].p[0] == DER_SEQUENCE;
        TRY(is_der ? read_der(c, texts[i], fault) : read_pem(c, texts[i], fault));
    }
    if (c->count == 0) {
        return fail(fault, ERR_NOT_FOUND, STEP_CERT_MISSING, 0);
    }
    return put_in_order(c, fault);
}

static bool is_in_time(walltime from, walltime now, walltime to)
{
    return from.s <= now.s && now.s <= to.s;
}

/* SPEC RFC5280 §"6.1.4": an issuer is marked as CA, may sign certificates, and has at most so many CAs below it. */
static bool may_issue(const struct chain *c, size_t i)
{
    const struct cert *cert = &c->certs[i];
    return i == 0 || (cert->is_ca && cert->may_sign_certs && i - 1 <= cert->path_len_max);
}

static bool is_issued(const struct anchors *anchors, const struct cert *cert)
{
    struct hash32 hash;
    if (!anchors || anchors->issued_count == 0) {
        return false;
    }
    sha256(&hash, cert->der);
    for (size_t i = 0; i < anchors->issued_count; i++) {
        if (hash32_equal(&hash, &anchors->issued[i])) {
            return true;
        }
    }
    return false;
}

/* One certificate: its time, its right to issue what stands below it, and its issuer's signature. anchors: NULL, or those of which the last of c is one. */
static enum err verify_one(const struct chain *c,
                           size_t i,
                           const struct anchors *anchors,
                           walltime now,
                           struct chain_fault *fault)
{
    const struct cert *cert = &c->certs[i];
    /* SPEC RFC5280 §"6.1.3": each certificate of the path is in its time, at both ends. */
    if (!is_in_time(cert->not_before, now, cert->not_after)) {
        return fail(fault, ERR_TIMEOUT, STEP_CERT_TIME, i);
    }
    if (!may_issue(c, i)) {
        return fail(fault, ERR_AUTH, STEP_CERT_CONSTRAINTS, i);
    }
    if (i + 1 == c->count) {
        return OK;
    }
    const struct cert *issuer = &c->certs[i + 1];
    if (!span_equal(cert->issuer, issuer->subject)) {
        return fail(fault, ERR_AUTH, STEP_CERT_ISSUER, i);
    }
    if (i + 2 == c->count && is_issued(anchors, cert)) {
        return OK;
    }
    if (cert_signed(issuer, cert->algorithm, cert->signed_part, cert->signature) != OK) {
        return fail(fault, ERR_AUTH, STEP_CERT_SIGNATURE, i);
    }
    return OK;
}

enum err chain_verify(const struct chain *c,
                      const struct anchors *anchors,
                      walltime now,
                      struct chain_fault *fault)
{
    size_t root = c->count - 1;
    if (!is_root(anchors, &c->certs[root])) {
        return fail(fault, ERR_AUTH, STEP_ROOT, root);
    }
    for (size_t i = c->count;
         i-- > 0;) { /* from the root down: a signature is checked with a checked key */
        TRY(verify_one(c, i, anchors, now, fault));
    }
    return OK;
}

enum err chain_verify_leaf(const struct chain *c, walltime now, struct chain_fault *fault)
{
    for (size_t i = c->count; i-- > 1;) {
        if (!may_issue(
                c,
                i)) { /* what stood at the end of one path may not stand in the middle of another */
            return fail(fault, ERR_AUTH, STEP_CERT_CONSTRAINTS, i);
        }
    }
    return verify_one(c, 0, NULL, now, fault);
}

enum err chain_verify_crl(const struct crl *l,
                          const struct cert *issuer,
                          walltime now,
                          struct chain_fault *fault)
{
    if (!span_equal(l->issuer, issuer->subject) || !issuer->may_sign_crls) {
        return fail(fault, ERR_AUTH, STEP_CRL_ISSUER, 0);
    }
    if (!is_in_time(l->this_update, now, l->next_update)) {
        return fail(fault, ERR_TIMEOUT, STEP_CRL_TIME, 0);
    }
    if (cert_signed(issuer, l->algorithm, l->signed_part, l->signature) != OK) {
        return fail(fault, ERR_AUTH, STEP_CRL_SIGNATURE, 0);
    }
    return OK;
}

void chain_times(struct appraisal *a, const struct chain *c)
{
    for (size_t i = 0; i < c->count; i++) {
        appraisal_until(a, c->certs[i].not_before, c->certs[i].not_after);
    }
}
