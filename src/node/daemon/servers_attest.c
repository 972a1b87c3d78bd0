/* What the machines of servers prove: when they are asked, and in which words it is told. */
#include "node/daemon/servers_inside.h"

enum { ASK_AGAIN_S = 3600, RETRY_S = 300 };

/* The words of the API. */
static const char *level_word(enum tee_level level)
{
    switch (level) {
    case TEE_LEVEL_NONE:              return "none";
    case TEE_LEVEL_TPM_BOUND_KEY:     return "tpm";
    case TEE_LEVEL_HARDWARE_ATTESTED: return "hardware";
    case TEE_LEVEL_CODE_ATTESTED:     return "code";
    case TEE_LEVEL_LOCATED:           return "code_and_place";
    case TEE_LEVEL_COUNT:             break;
    }
    return "none";
}

void attest_tick_servers(struct servers *s, struct wallet_time t)
{
    for (size_t i = 0; s->cfg.ask_evidence && i < s->server_count; i++) {
        struct server *one = &s->servers[i];
        struct server_proof *p = &one->proof;
        if (!one->is_usable || p->is_asked || !instant_reached(p->ask_at, t.mono)) {
            continue;
        }
        p->ask_at = instant_add(t.mono, RETRY_S * US_PER_S);
        if (!host_peer_speaks(s->cfg.host, &one->peer, span_str(ATTEST_ASKER_PROTOCOL))) {
            p->state = PROOF_NOTHING;
            continue;
        }
        p->is_asked = s->cfg.ask_evidence(s->cfg.user, &one->peer);
    }
}

instant attest_servers_deadline(const struct servers *s)
{
    instant at = INSTANT_NEVER;
    for (size_t i = 0; s->cfg.ask_evidence && i < s->server_count; i++) {
        const struct server *one = &s->servers[i];
        if (one->is_usable && !one->proof.is_asked) {
            at = instant_min(at, one->proof.ask_at);
        }
    }
    return at;
}

/* How long what was accepted holds: as long as its endorsements, and its session key. */
static uint64_t life_s(const struct attest_verdict *v, uint64_t now_s)
{
    uint64_t left = v->expires.s > now_s ? v->expires.s - now_s : 0;
    return left < ASK_AGAIN_S ? left + 1 : ASK_AGAIN_S;
}

void servers_attested(struct servers *s,
                      struct wallet_time t,
                      const struct peer_id *peer,
                      const struct attest_verdict *v)
{
    static const enum proof_state states[] = {
        [ATTEST_END_ACCEPTED] = PROOF_ACCEPTED,
        [ATTEST_END_REFUSED] = PROOF_REFUSED,
        [ATTEST_END_NOTHING] = PROOF_NOTHING,
        [ATTEST_END_BROKEN] = PROOF_BROKEN,
    };
    struct server *one = servers_find(s, peer);
    if (!one) {
        return;
    }
    uint64_t again_s = v->end == ATTEST_END_ACCEPTED ? life_s(v, t.unix_ms / 1000) : RETRY_S;
    one->proof = (struct server_proof){.state = states[v->end],
                                       .level = v->level,
                                       .kind = v->kind,
                                       .step = v->step,
                                       .ask_at = instant_add(t.mono, again_s * US_PER_S)};
    log_line(s->cfg.log, LOG_INFO, "attest", "a server's machine: %s%s%s", tee_level_name(v->level),
             v->end == ATTEST_END_REFUSED ? ", refused at " : "",
             v->end == ATTEST_END_REFUSED ? appraisal_step_name(v->step) : "");
    servers_tell(s, t);
}

void attest_write(const struct server *one, struct json_writer *j)
{
    static const char *const codes[] = {
        [PROOF_UNASKED] = "evidence_unasked",   [PROOF_NOTHING] = "evidence_none",
        [PROOF_BROKEN] = "evidence_broken",     [PROOF_REFUSED] = "evidence_refused",
        [PROOF_ACCEPTED] = "evidence_accepted",
    };
    const struct server_proof *p = &one->proof;
    json_put_name(j, "attested");
    json_put_str(j, level_word(p->level));
    json_put_name(j, "evidence");
    json_put_object(j);
    json_put_name(j, "code");
    json_put_str(j, codes[p->state]);
    json_put_name(j, "params");
    json_put_object(j);
    if (p->state == PROOF_REFUSED || p->state == PROOF_ACCEPTED) {
        json_put_name(j, "kind");
        json_put_str(j, tee_kind_name(p->kind));
    }
    if (p->state == PROOF_REFUSED) {
        json_put_name(j, "step");
        json_put_str(j, appraisal_step_name(p->step));
    }
    json_end_object(j);
    json_end_object(j);
}
