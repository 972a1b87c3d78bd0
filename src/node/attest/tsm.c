/* One request to configfs-tsm. */
#include "node/attest/tsm.h"

#include "base/arith.h"
#include "node/attest/sev_guest.h"

/* A file that holds a line, such as "3\n". */
static enum err read_line(
    struct tsm_ops *ops, const char *dir, const char *file, struct buf *room, struct span *ret)
{
    buf_clear(room);
    TRY(ops->read(ops, dir, file, room));
    struct span text = buf_span(room);
    *ret = span_first(text, span_find(text, '\n'));
    return ret->n > 0 && ret->n < TSM_PROVIDER_LEN_MAX ? OK : ERR_MALFORMED;
}

static enum err
read_generation(struct tsm_ops *ops, const char *dir, struct buf *room, uint64_t *ret)
{
    struct span text;
    uint64_t n = 0;
    TRY(read_line(ops, dir, "generation", room, &text));
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9' || !mul_ok_u64(&n, n, 10) ||
            !add_ok_u64(&n, n, (uint64_t)(text.p[i] - '0'))) {
            return ERR_MALFORMED;
        }
    }
    *ret = n;
    return OK;
}

static enum err
read_provider(struct tsm_ops *ops, const char *dir, struct buf *room, enum tsm_provider *ret)
{
    static const struct {
        struct span word;
        enum tsm_provider provider;
    } known[] = {
        {SPAN_INIT("tdx_guest"),     TSM_TDX    },
        {SPAN_INIT("sev_guest"),     TSM_SEV_SNP},
        {SPAN_INIT("arm_cca_guest"), TSM_CCA    },
    };
    struct span text;
    TRY(read_line(ops, dir, "provider", room, &text));
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (span_equal(text, known[i].word)) {
            *ret = known[i].provider;
            return OK;
        }
    }
    return ERR_UNSUPPORTED;
}

/* One try. ERR_STATE and ERR_TIMEOUT are worth another. */
static enum err attempt(struct tsm_ops *ops,
                        struct tsm_report *r,
                        const char *dir,
                        struct span binding,
                        struct buf *room)
{
    uint64_t before = 0;
    uint64_t written = 0;
    uint64_t after = 0;
    buf_clear(&r->outblob);
    buf_clear(&r->auxblob);
    TRY(read_provider(ops, dir, room, &r->provider));
    TRY(read_generation(ops, dir, room, &before));
    TRY(ops->write(ops, dir, "inblob", binding));
    TRY(read_generation(ops, dir, room, &written));
    if (before == UINT64_MAX || written != before + 1) {
        return ERR_STATE; /* somebody else has written here */
    }
    TRY(ops->read(ops, dir, "outblob", &r->outblob));
    enum err aux = ops->read(ops, dir, "auxblob", &r->auxblob);
    if (aux != OK && aux != ERR_NOT_FOUND) {
        return aux;
    }
    TRY(read_generation(ops, dir, room, &after));
    if (after != written) {
        return ERR_STATE;
    }
    return r->outblob.n > 0 ? OK : ERR_CLOSED;
}

enum err
tsm_collect(struct tsm_ops *ops, struct tsm_report *ret, const char *dir, struct span binding)
{
    AUTO(buf_done) struct buf room = {0};
    if (binding.n != TSM_INBLOB_LEN) {
        return ERR_MALFORMED;
    }
    buf_init(&room, ret->outblob.budget, 4096);
    enum err e = ops->make(ops, dir);
    if (e == ERR_STATE) { /* what a crash of ours has left */
        TRY(ops->remove(ops, dir));
        e = ops->make(ops, dir);
    }
    TRY(e);
    e = ERR_STATE;
    for (int i = 0; i < TSM_TRIES_MAX && (e == ERR_STATE || e == ERR_TIMEOUT); i++) {
        e = attempt(ops, ret, dir, binding, &room);
    }
    enum err gone = ops->remove(ops, dir);
    if (e != OK) {
        buf_clear(&ret->outblob);
        buf_clear(&ret->auxblob);
        return e;
    }
    return gone;
}

static enum err
tsm_collect_evidence(struct collector *self, struct collected *c, const uint8_t binding[static 64])
{
    static const enum tee_kind kinds[] = {
        [TSM_TDX] = TEE_TDX, [TSM_SEV_SNP] = TEE_SEV_SNP, [TSM_CCA] = TEE_CCA};
    struct tsm *t = (struct tsm *)(void *)self;
    struct tsm_report report = {.outblob = c->main};
    AUTO(buf_done) struct buf aux = {0};
    buf_init(&report.auxblob, c->main.budget, TSM_AUXBLOB_LEN_MAX);
    enum err e = tsm_collect(t->ops, &report, t->dir, span_of(binding, TSM_INBLOB_LEN));
    c->main = report.outblob; /* it may have grown, and so have moved */
    aux = report.auxblob;
    TRY(e);
    c->evidence = (struct evidence){.kind = kinds[report.provider]};
    c->evidence.parts[EVIDENCE_MAIN] = buf_span(&c->main);
    return report.provider == TSM_SEV_SNP ? sev_guest_put_certs(c, buf_span(&aux)) : OK;
}

void tsm_init(struct tsm *t, struct tsm_ops *ops, const char *dir)
{
    *t = (struct tsm){
        .collector = {.name = "configfs-tsm",
                      .note = collector_note,
                      .collect = tsm_collect_evidence},
        .ops = ops,
        .dir = dir,
    };
}
