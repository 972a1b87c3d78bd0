/* Endorsements: which ones evidence lacks, and where its maker's service has them. */
#include "codec/base16.h"
#include "tee/endorsement.h"
#include "tee/pck.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    FLAG_MASK_CHIP_KEY = 1 << 1,
    SIGNING_KEY_AT = 2, /* bits 2 to 4 of the flags: 0 VCEK, 1 VLEK */
    SIGNING_KEY_MASK = 7,
    MODEL_AT = 0x189, /* of the processor, behind its family */
    FAMILY_ZEN_3 = 0x19,
    FAMILY_ZEN_5 = 0x1a,
    CHIP_ID_LEN_TURIN = 8,
    CHIP_ID_LEN = 64,
    FMSPC_LEN = 6,
};

__attribute__((format(printf, 3, 4))) MUST_CHECK static enum err
add(struct endorsements_wanted *w, enum endorsement_item item, const char *format, ...)
{
    struct endorsement_ask *ask = &w->asks[w->count];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(ask->url, sizeof ask->url, format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= sizeof ask->url) {
        return ERR_LIMIT;
    }
    ask->item = item;
    w->count++;
    return OK;
}

static bool is_set(const char *source)
{
    return source && source[0];
}

/* Digits of a few bytes, NUL-terminated. */
static void print_hex(char *out, size_t cap, struct span bytes)
{
    struct wr w = wr_init(mspan_of(out, cap - 1));
    base16_encode(&w, bytes);
    out[w.n] = '\0';
}

/* ---- SGX and TDX ---- */

/* The platform's PCK certificate, in work->chain. */
MUST_CHECK static enum err
read_pck(struct pck *ret, struct chain *chain, struct appraisal *a, struct span text)
{
    struct quote q;
    struct chain_fault fault;
    TRY(quote_decode(&q, text, a));
    TRY(chain_read(chain, &q.certs, 1, &fault));
    return pck_decode(ret, &chain->certs[0]);
}

MUST_CHECK static enum err want_dcap(struct endorsements_wanted *w,
                                     struct appraiser *work,
                                     struct appraisal *a,
                                     const struct evidence *evidence,
                                     const struct endorsement_sources *from)
{
    static const char issuer_end[] = " Processor CA";
    char fmspc[2 * FMSPC_LEN + 1];
    struct pck pck;
    if (evidence->parts[EVIDENCE_TCB_INFO].n > 0) {
        return OK; /* it brings its collateral */
    }
    if (!is_set(from->pcs) || !is_set(from->root_crl)) {
        return ERR_NOT_FOUND;
    }
    TRY(read_pck(&pck, &work->chain, a, evidence->parts[EVIDENCE_MAIN]));
    struct span issuer = cert_common_name(work->chain.certs[0].issuer);
    struct span end = span_str(issuer_end);
    bool is_processor = issuer.n > end.n && span_equal(span_from(issuer, issuer.n - end.n), end);
    const char *kind = evidence->kind == TEE_TDX ? "tdx" : "sgx";
    print_hex(fmspc, sizeof fmspc, pck.fmspc);
    struct wr key = wr_init(MSPAN_OF(w->key));
    wr_bytes(&key, pck.fmspc);
    wr_u8(&key, is_processor);
    w->key_len = key.n;
    TRY(add(w, ENDORSEMENT_TCB_INFO, "%s/%s/certification/v4/tcb?fmspc=%s", from->pcs, kind,
            fmspc));
    TRY(add(w, ENDORSEMENT_QE_IDENTITY, "%s/%s/certification/v4/qe/identity", from->pcs, kind));
    TRY(add(w, ENDORSEMENT_PCK_CRL, "%s/sgx/certification/v4/pckcrl?ca=%s&encoding=der", from->pcs,
            is_processor ? "processor" : "platform"));
    return add(w, ENDORSEMENT_ROOT_CRL, "%s", from->root_crl);
}

/* ---- SEV-SNP ---- */

/* The report names its processor from version 3 on; before, there were Milan and the first Genoa. */
static const char *product_of(const struct sev_snp_report *r, uint8_t model, unsigned guess)
{
    if (r->version < 3) {
        return guess % 2 == 0 ? "Milan" : "Genoa";
    }
    if (r->family == FAMILY_ZEN_3) {
        bool is_genoa = (model >= 0x10 && model <= 0x1f) || (model >= 0xa0 && model <= 0xaf);
        return model <= 0x0f ? "Milan" : is_genoa ? "Genoa" : NULL;
    }
    return r->family == FAMILY_ZEN_5 && model <= 0x1f ? "Turin" : NULL;
}

MUST_CHECK static enum err want_vcek(struct endorsements_wanted *w,
                                     const struct sev_snp_report *r,
                                     const char *product,
                                     const char *kds)
{
    char id[2 * CHIP_ID_LEN + 1];
    char fmc[16] = "";
    bool is_turin = r->family >= FAMILY_ZEN_5;
    struct snp_firmware f = sev_snp_firmware(r->reported_tcb, is_turin);
    bool is_vcek = (r->flags >> SIGNING_KEY_AT & SIGNING_KEY_MASK) == 0;
    if (!is_vcek || r->flags & FLAG_MASK_CHIP_KEY) {
        return ERR_UNSUPPORTED;
    }
    print_hex(id, sizeof id, span_first(r->chip_id, is_turin ? CHIP_ID_LEN_TURIN : CHIP_ID_LEN));
    if (is_turin) {
        (void)snprintf(fmc, sizeof fmc, "fmcSPL=%u&", f.fmc);
    }
    TRY(add(w, ENDORSEMENT_VCEK,
            "%s/vcek/v1/%s/%s?%sblSPL=%02u&teeSPL=%02u&snpSPL=%02u&ucodeSPL=%02u", kds, product, id,
            fmc, f.bootloader, f.tee, f.snp, f.microcode));
    return add(w, ENDORSEMENT_ISSUERS, "%s/vcek/v1/%s/cert_chain", kds, product);
}

/* What the host gives of the chain may be whole, or of no use. */
static bool has_chain(struct chain *work, const struct evidence *evidence, struct span *ret_root)
{
    struct chain_fault fault;
    struct span text = evidence->parts[EVIDENCE_CHAIN];
    bool is_whole = text.n > 0 && chain_read(work, &text, 1, &fault) == OK && work->count == 3;
    *ret_root = is_whole ? cert_common_name(work->certs[2].subject) : SPAN_EMPTY;
    return is_whole;
}

/* The root's name tells the product, where there is one. */
static const char *product_of_root(struct span name)
{
    static const char *const names[][2] = {
        {"ARK-Milan", "Milan"},
        {"ARK-Genoa", "Genoa"},
        {"ARK-Turin", "Turin"}
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (span_equal(name, span_str(names[i][0]))) {
            return names[i][1];
        }
    }
    return NULL;
}

MUST_CHECK static enum err want_snp(struct endorsements_wanted *w,
                                    struct chain *work,
                                    const struct evidence *evidence,
                                    const struct endorsement_sources *from,
                                    unsigned guess)
{
    struct sev_snp_report r;
    struct span root;
    struct span report = evidence->parts[EVIDENCE_MAIN];
    bool is_whole = has_chain(work, evidence, &root);
    if (!is_set(from->kds)) { /* a host's list may be an old one, but it is one */
        return is_whole && evidence->parts[EVIDENCE_ROOT_CRL].n > 0 ? OK : ERR_NOT_FOUND;
    }
    TRY(sev_snp_decode(&r, report));
    const char *product =
        is_whole ? product_of_root(root) : product_of(&r, report.p[MODEL_AT], guess);
    if (!product) {
        return ERR_UNSUPPORTED;
    }
    struct wr key = wr_init(MSPAN_OF(w->key));
    wr_u8(&key, is_whole);
    wr_bytes(&key, r.chip_id);
    wr_bytes(&key, r.reported_tcb);
    w->key_len = key.n;
    if (!is_whole) {
        TRY(want_vcek(w, &r, product, from->kds));
    }
    return add(w, ENDORSEMENT_ARK_CRL, "%s/vcek/v1/%s/crl", from->kds, product);
}

enum err endorsements_want(struct endorsements_wanted *ret,
                           struct appraiser *work,
                           struct appraisal *a,
                           const struct evidence *evidence,
                           const struct endorsement_sources *from,
                           unsigned guess)
{
    memset(ret, 0, sizeof *ret);
    ret->kind = evidence->kind;
    appraisal_init(a, evidence->kind);
    switch (evidence->kind) {
    case TEE_SGX:
    case TEE_TDX:        return want_dcap(ret, work, a, evidence, from);
    case TEE_SEV_SNP:    return want_snp(ret, &work->chain, evidence, from, guess);
    case TEE_NITRO:
    case TEE_TPM2:
    case TEE_CCA:
    case TEE_KIND_COUNT: break;
    }
    return OK;
}
