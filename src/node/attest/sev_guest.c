/* Reports of SEV-SNP by the kernel's device. */
#include "node/attest/sev_guest.h"

#include "base/check.h"
#include "base/mem.h"

#include <string.h>

/* Memory of one collection: pages for the table, and the firmware's message. */
struct work {
    struct sev_guest_call call;
    uint8_t response[SNP_GUEST_RESPONSE_LEN];
    uint8_t certs[SNP_GUEST_TABLE_LEN_MAX];
};

enum err sev_guest_put_certs(struct collected *c, struct span table)
{
    struct snp_guest_certs certs;
    if (snp_guest_read_certs(&certs, table) != OK) {
        return OK;
    }
    buf_clear(&c->more);
    TRY(buf_append(&c->more, certs.key));
    TRY(buf_append(&c->more, certs.issuer));
    TRY(buf_append(&c->more, certs.root));
    size_t chain_len = c->more.n;
    TRY(buf_append(&c->more, certs.crl));
    struct span all = buf_span(&c->more);
    c->evidence.parts[EVIDENCE_CHAIN] = span_first(all, chain_len);
    c->evidence.parts[EVIDENCE_ROOT_CRL] = span_from(all, chain_len);
    return OK;
}

/* What a host that gives too little room asks for: more than it had, in whole pages, and no more than the kernel takes. */
static bool may_grow(const struct sev_guest_call *call)
{
    return call->certs_len > call->certs.n && call->certs_len % SEV_GUEST_PAGE == 0 &&
           call->certs_len <= SNP_GUEST_TABLE_LEN_MAX;
}

/* One level: the room for certificates grows as the host asks, until it cannot. */
static enum err ask_at(struct sev_guest *g, struct work *w, uint32_t level)
{
    struct sev_guest_call *call = &w->call;
    enum err e = ERR_TIMEOUT;
    call->level = level;
    call->is_extended = true;
    call->certs = mspan_of(w->certs, SEV_GUEST_ROOM_FIRST);
    for (int i = 0; i < SEV_GUEST_TRIES_MAX; i++) {
        call->certs_len = 0;
        call->firmware_error = 0;
        call->vmm_error = 0;
        memset(w->certs, 0, sizeof w->certs);
        e = g->ops->request(g->ops, call);
        g->firmware_error = call->firmware_error;
        bool is_throttled =
            e == ERR_TIMEOUT || (e == ERR_IO && call->vmm_error == SEV_GUEST_VMM_BUSY);
        bool is_short = e == ERR_IO && call->vmm_error == SEV_GUEST_VMM_LENGTH;
        if (is_throttled) {
            e = ERR_TIMEOUT;
            g->ops->pause(g->ops, SEV_GUEST_PAUSE_MS);
        } else if (call->is_extended && is_short && may_grow(call)) {
            call->certs = mspan_of(w->certs, call->certs_len);
        } else if (call->is_extended && (is_short || e == ERR_UNSUPPORTED)) {
            call->is_extended = false;
        } else {
            return e;
        }
    }
    return e;
}

static enum err ask(struct sev_guest *g, struct work *w, struct span *ret_report)
{
    enum err e = ERR_DENIED;
    for (uint32_t level = 0; level <= SEV_GUEST_LEVEL_MAX && e == ERR_DENIED; level++) {
        e = ask_at(g, w, level);
        if (e == ERR_IO && w->call.firmware_error == SNP_GUEST_STATUS_PARAMETER) {
            e = ERR_DENIED; /* some kernels tell of it by the error, others by the message */
        }
        e = e == OK ? snp_guest_read_report(ret_report, SPAN_OF(w->response)) : e;
    }
    return e;
}

static enum err
sev_guest_collect(struct collector *self, struct collected *c, const uint8_t binding[static 64])
{
    struct sev_guest *g = (struct sev_guest *)(void *)self;
    struct budget *budget = c->main.budget;
    struct span report = SPAN_EMPTY;
    void *p = NULL;
    TRY(mem_alloc(budget, &p, sizeof(struct work)));
    struct work *w = p;
    memset(w, 0, sizeof *w);
    w->call.user_data = binding;
    w->call.response = MSPAN_OF(w->response);
    buf_clear(&c->main);
    buf_clear(&c->more);
    enum err e = ask(g, w, &report);
    e = e == OK ? buf_append(&c->main, report) : e;
    if (e == OK) {
        c->evidence = (struct evidence){.kind = TEE_SEV_SNP};
        c->evidence.parts[EVIDENCE_MAIN] = buf_span(&c->main);
    }
    if (e == OK && w->call.is_extended) {
        e = sev_guest_put_certs(c, span_of(w->certs, w->call.certs.n));
    }
    mem_free(budget, w, sizeof *w);
    return e;
}

void sev_guest_init(struct sev_guest *g, struct sev_guest_ops *ops)
{
    *g = (struct sev_guest){
        .collector = {.name = "sev-guest", .note = collector_note, .collect = sev_guest_collect},
        .ops = ops,
    };
}
