/* Asking, and judging. */
#include "node/attest/attest_asker.h"

#include "base/mem.h"
#include "node/attest/attest_host.h"

#include <string.h>

struct attest_asker {
    struct attest_judge judge; /* first */
    struct attest_asker_cfg cfg;
    struct attest_host host;
    struct attest_cache cache;
    struct appraiser work;
    struct policy policy;
    size_t policy_len;
    uint8_t policy_text[POLICY_TEXT_LEN_MAX];
};

const char ATTEST_ASKER_POLICY[] =
    "{\"version\":1,\"rules\":["
    "{\"kind\":\"tdx\",\"tcb\":[\"UpToDate\",\"SWHardeningNeeded\"],\"measurements\":\"any\"},"
    "{\"kind\":\"sev-snp\",\"measurements\":\"any\"},"
    "{\"kind\":\"nitro\",\"measurements\":\"any\"},"
    "{\"kind\":\"tpm2\",\"measurements\":\"any\"}]}";

const char ATTEST_ASKER_PROTOCOL[] = ATTEST_PROTOCOL;

static walltime clock_now(void *user)
{
    const struct attest_asker *a = user;
    return (walltime){a->cfg.unix_s(a->cfg.user)};
}

static enum err judge(struct attest_judge *self,
                      struct appraisal *ret,
                      const struct evidence *evidence,
                      const uint8_t binding[static 64],
                      struct span activated_name)
{
    struct attest_asker *a = (struct attest_asker *)(void *)self;
    const struct evidence_expectation e = {.policy = &a->policy,
                                           .now = clock_now(a),
                                           .binding = binding,
                                           .activated_name = activated_name};
    return evidence_appraise(&a->work, ret, evidence, &e);
}

static enum err challenge(struct attest_judge *self,
                          struct tpm2_credential *ret,
                          struct secret32 *ret_secret,
                          const struct appraisal *failed,
                          const struct evidence *evidence,
                          struct span name)
{
    struct attest_asker *a = (struct attest_asker *)(void *)self;
    (void)evidence; /* what was just judged */
    return evidence_challenge(&a->work, ret, ret_secret, failed, name, a->cfg.rng);
}

static void on_end(void *user, const struct peer_id *peer, const struct attest_event *e)
{
    struct attest_asker *a = user;
    struct attest_verdict v = {.end = ATTEST_END_BROKEN};
    switch (e->outcome) {
    case ATTEST_ACCEPTED:
        v = (struct attest_verdict){.end = ATTEST_END_ACCEPTED,
                                    .level = e->result->level,
                                    .kind = e->result->kind,
                                    .expires = e->result->expires};
        break;
    case ATTEST_REFUSED:
        v = (struct attest_verdict){
            .end = ATTEST_END_REFUSED, .kind = e->result->kind, .step = e->result->failed};
        break;
    case ATTEST_NOTHING: v.end = ATTEST_END_NOTHING; break;
    case ATTEST_BROKEN:
    case ATTEST_PENDING: break;
    }
    a->cfg.on_end(a->cfg.user, peer, &v);
}

MUST_CHECK static enum err start(struct attest_asker *a, struct diag *why)
{
    struct span text = a->cfg.policy.n > 0 ? a->cfg.policy : span_str(ATTEST_ASKER_POLICY);
    const struct attest_host_cfg cfg = {.budget = a->cfg.budget,
                                        .rng = a->cfg.rng,
                                        .judge = &a->judge,
                                        .cache = &a->cache,
                                        .clock = clock_now,
                                        .on_end = on_end,
                                        .user = a};
    if (text.n > sizeof a->policy_text) {
        return diag_set(why, ERR_MALFORMED, "longer than 64 KiB", 0);
    }
    a->judge = (struct attest_judge){.appraise = judge, .challenge = challenge};
    a->policy_len = span_copy(MSPAN_OF(a->policy_text), text);
    TRY(policy_parse(&a->policy, span_of(a->policy_text, a->policy_len), why));
    return attest_host_init(&a->host, a->cfg.host, &cfg);
}

enum err
attest_asker_new(struct attest_asker **ret, const struct attest_asker_cfg *cfg, struct diag *why)
{
    void *p;
    TRY(mem_alloc(cfg->budget, &p, sizeof(struct attest_asker)));
    struct attest_asker *a = p;
    memset(a, 0, sizeof *a);
    a->cfg = *cfg;
    enum err e = start(a, why);
    if (e != OK) {
        mem_free(cfg->budget, a, sizeof *a);
        return e;
    }
    *ret = a;
    return OK;
}

void attest_asker_free(struct attest_asker *a)
{
    if (a) {
        attest_host_done(&a->host);
        mem_free(a->cfg.budget, a, sizeof *a);
    }
}

enum err attest_asker_ask(struct attest_asker *a, const struct peer_id *peer)
{
    const struct attest_host_ask what = {.peer = peer, .kinds = (1 << TEE_KIND_COUNT) - 1};
    return attest_host_ask(&a->host, &what);
}
