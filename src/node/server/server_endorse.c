/* Endorsements of this machine's evidence: what the makers' services say, stapled (node/server/endorser.h). */
#include "node/server/server_inside.h"
#include "node/tpm/tpm_wire.h"

#include <stdio.h>
#include <string.h>

/* Intel's PCS has all but the root's CRL; caches of it have that too. */
#define INTEL_ROOT_CRL "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der"
#define CACHE_PATH     "/sgx/certification/v4/rootcacrl"

static uint64_t unix_s(void *user)
{
    uv_timeval64_t tv;
    (void)user;
    return uv_gettimeofday(&tv) == 0 && tv.tv_sec > 0 ? (uint64_t)tv.tv_sec : 0;
}

/* Says what has become of it, when that has changed. */
static void tell(struct server *s, enum endorser_state state, bool is_told)
{
    struct server_attest *a = &s->attest;
    struct endorser_report r = endorser_report(a->endorser);
    if (state == ENDORSER_STAPLED && a->endorsed != ENDORSER_STAPLED) {
        log_line(&s->log, LOG_INFO, "attest", "endorsements are stapled to the evidence: %s",
                 r.verdict);
    } else if (state == ENDORSER_LACKING && a->endorsed != ENDORSER_LACKING && !is_told) {
        log_line(&s->log, LOG_WARN, "attest", "the evidence has no endorsements: %s", r.why);
    }
    a->endorsed = state;
}

static void on_end(void *user)
{
    struct server *s = user;
    struct server_attest *a = &s->attest;
    struct endorser_report r = endorser_report(a->endorser);
    if (r.why[0]) {
        log_line(&s->log, LOG_WARN, "attest", "endorsements: %s", r.why);
    }
    if (a->held.n > 0) {
        server_attest_take(s, buf_span(&a->held), false);
        buf_clear(&a->held);
        buf_trim(&a->held);
    } else if (r.state == ENDORSER_STAPLED && a->endorsed != ENDORSER_STAPLED) {
        a->renew_at = loop_now(&s->loop); /* what is handed out lacks them */
    }
    server_wake(s);
}

bool server_endorse(struct server *s, struct span *ret_text, struct span evidence, bool may_wait)
{
    struct server_attest *a = &s->attest;
    *ret_text = evidence;
    if (!a->endorser) {
        return true;
    }
    enum endorser_state state = endorser_staple(a->endorser, ret_text, a->binding, evidence);
    if (state == ENDORSER_WAITING && may_wait) {
        return false;
    }
    /* A round that failed has said so. */
    tell(s, state == ENDORSER_WAITING ? ENDORSER_LACKING : state, !may_wait);
    return true;
}

void server_endorse_start(struct server *s)
{
    struct server_attest *a = &s->attest;
    const struct server_config *c = s->config;
    bool is_intel = strcmp(c->attest_pcs, SERVER_PCS_DEFAULT) == 0;
    const char *root_crl = c->attest_root_crl;
    const char *base = root_crl[0] ? root_crl : is_intel ? INTEL_ROOT_CRL : c->attest_pcs;
    const char *path = root_crl[0] || is_intel || !base[0] ? "" : CACHE_PATH;
    (void)snprintf(a->root_crl, sizeof a->root_crl, "%s%s", base, path);
    const struct endorser_cfg cfg = {.budget = &s->service_budget,
                                     .loop = &s->loop,
                                     .fetch = s->fetch,
                                     .store = server_store_endorsements(s->store),
                                     .pcs = c->attest_pcs,
                                     .root_crl = a->root_crl,
                                     .kds = c->attest_kds,
                                     .unix_s = unix_s,
                                     .on_end = on_end,
                                     .user = s};
    buf_init(&a->held, &s->service_budget, TPM_REPLY_MAX);
    if (endorser_new(&a->endorser, &cfg) != OK) {
        log_line(&s->log, LOG_WARN, "attest", "no memory for endorsements: none are stapled");
    }
}

void server_endorse_done(struct server *s)
{
    endorser_free(s->attest.endorser);
    s->attest.endorser = NULL;
    buf_done(&s->attest.held);
}

void server_endorse_write(const struct server *s, struct json_writer *j)
{
    const struct server_attest *a = &s->attest;
    json_put_name(j, "attest");
    json_put_object(j);
    json_put_name(j, "evidence");
    json_put_bool(j, a->has_evidence);
    if (a->has_evidence && a->endorser) {
        struct endorser_report r = endorser_report(a->endorser);
        json_put_name(j, "endorsements");
        json_put_str(j, endorser_state_name(a->endorsed));
        if (a->endorsed == ENDORSER_STAPLED) {
            /* Evidence that fails early has no end. */
            json_put_name(j, "until");
            json_put_u64(j, r.expires_s < INT64_MAX ? r.expires_s : 0);
            json_put_name(j, "verdict");
            json_put_str(j, r.verdict);
        }
        if (r.why[0]) {
            json_put_name(j, "why");
            json_put_str(j, r.why);
        }
    }
    json_end_object(j);
}
