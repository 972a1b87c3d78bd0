/* Evidence through a paravisor's virtual TPM. */
#include "node/attest/azure_vtpm.h"

#include "crypto/hash.h"
#include "tee/hcl.h"
#include "tee/sev_snp.h"

#include <assert.h>

static_assert((int)HCL_LEN_MAX <= (int)COLLECTED_MAIN_LEN_MAX, "it is read whole");

static enum err read_report(struct azure_vtpm *v, struct collected *c, struct hcl *ret)
{
    buf_clear(&c->main);
    enum err e = v->ops->read(v->ops, AZURE_VTPM_REPORT_INDEX, &c->main);
    if (e == ERR_NOT_FOUND) {
        return ERR_UNSUPPORTED; /* a TPM, but no paravisor behind it */
    }
    TRY(e);
    return c->main.n > 0 ? hcl_decode(ret, buf_span(&c->main)) : ERR_CLOSED;
}

/* Reads until the text names what was written, or until it is clear that it will not. */
static enum err
read_fresh(struct azure_vtpm *v, struct collected *c, struct hcl *ret, struct span binding)
{
    TRY(read_report(v, c, ret));
    enum err written = v->ops->write(v->ops, AZURE_VTPM_DATA_INDEX, binding);
    for (int i = 0; written == OK && i < AZURE_VTPM_TRIES_MAX; i++) {
        TRY(read_report(v, c, ret));
        if (hcl_has_user_data(ret, binding)) {
            return OK;
        }
        v->ops->pause(v->ops, AZURE_VTPM_PAUSE_MS);
    }
    return OK;
}

/* The text's hash stands in the report, or the two are of different moments. */
static enum err check_report(const struct hcl *h)
{
    struct sev_snp_report report;
    uint8_t named[64];
    if (h->is_tdx) {
        return ERR_UNSUPPORTED;
    }
    TRY(sev_snp_decode(&report, h->report));
    hcl_binding(named, h);
    return span_equal(report.report_data, SPAN_OF(named)) ? OK : ERR_STATE;
}

static enum err
azure_vtpm_collect(struct collector *self, struct collected *c, const uint8_t binding[static 64])
{
    struct azure_vtpm *v = (struct azure_vtpm *)(void *)self;
    struct hcl h;
    struct hash32 hash;
    struct evidence quote;
    sha256(&hash, span_of(binding, 64));
    TRY(read_fresh(v, c, &h, span_of(binding, 64)));
    TRY(check_report(&h));
    TRY(v->ops->quote(v->ops, &quote, AZURE_VTPM_KEY_HANDLE, SPAN_OF(hash.bytes),
                      AZURE_VTPM_REGISTERS));
    c->evidence = (struct evidence){
        .kind = TEE_SEV_SNP,
        .parts = {[EVIDENCE_MAIN] = h.report,
                  [EVIDENCE_RUNTIME] = h.runtime,
                  [EVIDENCE_TPM_ATTEST] = quote.parts[EVIDENCE_MAIN],
                  [EVIDENCE_TPM_SIGNATURE] = quote.parts[EVIDENCE_TPM_SIGNATURE],
                  [EVIDENCE_TPM_PCRS] = quote.parts[EVIDENCE_TPM_PCRS]},
    };
    return OK;
}

void azure_vtpm_init(struct azure_vtpm *v, struct azure_vtpm_ops *ops)
{
    *v = (struct azure_vtpm){
        .collector = {.name = "azure-vtpm", .note = collector_note, .collect = azure_vtpm_collect},
        .ops = ops,
    };
}
