/* A client of PCP: see pcp.h. */
#include "p2p/pcp.h"

#include "base/check.h"

#include <string.h>

#define TIMEOUT_FIRST_US (3 * US_PER_S)
#define PATIENCE_US      (10 * US_PER_S)
#define RENEW_GAP_US     (4 * US_PER_S)

enum {
    TRIES_MAX = 3,
    RENEWALS_MAX = 20, /* the time left halves, down to RENEW_GAP_US */
    LIFETIME_S_MIN = 60,
    LIFETIME_S_MAX = 86400,
    FAILURE_S_MIN = 30,
    FAILURE_S_MAX = 1800,
};

static uint32_t clamp(uint32_t v, uint32_t min, uint32_t max)
{
    return v < min ? min : v > max ? max : v;
}

static bool is_all_zero(const uint8_t ip[static 4])
{
    return (ip[0] | ip[1] | ip[2] | ip[3]) == 0;
}

/* ---- one mapping ---- */

static void begin(struct pcp_mapping *m, enum pcp_state state, instant now)
{
    m->state = state;
    m->tries = 0;
    m->is_waiting = false;
    m->send_at = now;
    m->give_up_at = instant_add(now, PATIENCE_US);
    m->expire_at = INSTANT_NEVER;
}

static void rest(struct pcp_mapping *m, enum pcp_state state)
{
    m->state = state;
    m->is_waiting = false;
    m->send_at = INSTANT_NEVER;
    m->give_up_at = INSTANT_NEVER;
    m->expire_at = INSTANT_NEVER;
}

static void fail(struct pcp_mapping *m, enum pcp_result result, instant retry_at)
{
    rest(m, PCP_FAILED);
    m->result = result;
    m->retry_at = retry_at;
}

/* schedule_retry: SPEC rfc6887 §8.1.1: the first timeout is 3 s, each further twice the last, all by up to a tenth longer or
 * shorter. We stop after three requests and ten seconds (its MRC and MRD, without bounds there): there are other protocols to ask by. */
static void schedule_retry(struct pcp *p, struct pcp_mapping *m, instant now)
{
    uint64_t base = m->tries == 1 ? TIMEOUT_FIRST_US : 2 * m->timeout_us;
    m->timeout_us = base - base / 10 + rng_below(p->cfg.rng, base / 5 + 1);
    m->send_at = m->tries < TRIES_MAX ? instant_add(now, m->timeout_us) : INSTANT_NEVER;
}

/* schedule_renewal: SPEC rfc6887 §11.2.1: the first renewal is sent at a random time from 1/2 to 5/8 of the lifetime, the next from 3/4
 * to 3/4 + 1/16, and so on, with four seconds between. */
static void schedule_renewal(struct pcp *p, struct pcp_mapping *m)
{
    uint64_t lifetime_us = instant_since(m->open_at, m->expire_at);
    uint64_t left_us = lifetime_us >> (m->tries + 1);
    instant at =
        instant_add(m->open_at, lifetime_us - left_us + rng_below(p->cfg.rng, left_us / 4 + 1));
    instant least = instant_add(m->sent_at, RENEW_GAP_US);
    at = instant_before(at, least) ? least : at;
    bool is_late = m->tries >= RENEWALS_MAX || !instant_before(at, m->expire_at);
    m->send_at = is_late ? INSTANT_NEVER : at;
}

static void encode(const struct pcp *p, const struct pcp_mapping *m, struct wr *w)
{
    struct pcp_request q = {.is_udp = m->is_udp, .inside = m->inside};
    memcpy(q.self, p->cfg.self, sizeof q.self);
    memcpy(q.nonce, m->nonce, sizeof q.nonce);
    /* SPEC rfc6887 §15: a lifetime of 0 closes, with the nonce that opened; nothing is wished for. */
    if (m->state != PCP_CLOSING) {
        /* SPEC rfc6887 §11.2.1: a renewal suggests the port and the address that were assigned. */
        q.lifetime_s = p->cfg.lifetime_s;
        q.outside = m->outside;
        memcpy(q.ip, m->ip, sizeof q.ip);
    }
    pcp_request_encode(w, &q);
}

/* ---- what is wanted ---- */

void pcp_init(struct pcp *p, const struct pcp_cfg *cfg)
{
    check(cfg->rng);
    check(cfg->lifetime_s > 0);
    *p = (struct pcp){.cfg = *cfg};
}

enum err pcp_add(struct pcp *p, instant now, struct pcp_port port)
{
    check(port.inside != 0); /* 0 would mean every port */
    if (p->count == PCP_MAPPINGS_MAX) {
        return ERR_LIMIT;
    }
    struct pcp_mapping *m = &p->mappings[p->count++];
    *m =
        (struct pcp_mapping){.is_udp = port.is_udp, .inside = port.inside, .outside = port.outside};
    /* SPEC rfc6887 §11.2: a nonce that others cannot guess, one for each mapping. */
    rng_fill(p->cfg.rng, MSPAN_OF(m->nonce));
    begin(m, PCP_ASKING, now);
    return OK;
}

void pcp_ask(struct pcp *p, instant now)
{
    for (size_t i = 0; i < p->count; i++) {
        struct pcp_mapping *m = &p->mappings[i];
        if (m->state == PCP_FAILED && instant_reached(m->retry_at, now)) {
            begin(m, PCP_ASKING, now);
        }
    }
}

void pcp_close(struct pcp *p, instant now)
{
    for (size_t i = 0; i < p->count; i++) {
        struct pcp_mapping *m = &p->mappings[i];
        bool may_be_open = m->state == PCP_OPEN || (m->state == PCP_ASKING && m->tries > 0);
        if (may_be_open) {
            begin(m, PCP_CLOSING, now);
        } else if (m->state != PCP_CLOSING) {
            rest(m, PCP_CLOSED);
        }
    }
}

/* ---- answers ---- */

static struct pcp_mapping *asked(struct pcp *p, const struct pcp_response *r)
{
    /* SPEC rfc6887 §11.4: an answer belongs to the request of its nonce, protocol and inner port; another is passed over. */
    for (size_t i = 0; i < p->count; i++) {
        struct pcp_mapping *m = &p->mappings[i];
        if (m->is_waiting && m->is_udp == r->is_udp && m->inside == r->inside &&
            memcmp(m->nonce, r->nonce, sizeof m->nonce) == 0) {
            return m;
        }
    }
    return NULL;
}

/* is_epoch_good: SPEC rfc6887 §8.5: the router's seconds go on as ours do, but for two seconds and a sixteenth, and go back by one at
 * most; otherwise it has lost its mappings. */
static bool is_epoch_good(struct pcp *p, uint32_t epoch_s, instant now)
{
    bool is_good = true;
    if (p->has_epoch) {
        uint64_t before = p->epoch_s;
        uint64_t theirs = epoch_s > before ? epoch_s - before : 0;
        uint64_t ours = instant_since(p->epoch_at, now) / US_PER_S;
        is_good = (uint64_t)epoch_s + 1 >= before && ours + 2 >= theirs - theirs / 16 &&
                  theirs + 2 >= ours - ours / 16;
    }
    p->has_epoch = true;
    p->epoch_s = epoch_s;
    p->epoch_at = now;
    return is_good;
}

/* renew_others: SPEC rfc6887 §8.5: what a router has lost is asked for again without waiting for half of the lifetime. Not
 * within four seconds of the last request, or a router whose time jumps could have us ask for ever. */
static void renew_others(struct pcp *p, const struct pcp_mapping *but, instant now)
{
    for (size_t i = 0; i < p->count; i++) {
        struct pcp_mapping *m = &p->mappings[i];
        if (m != but && m->state == PCP_OPEN && !m->is_waiting) {
            instant least = instant_add(m->sent_at, RENEW_GAP_US);
            m->tries = 0;
            m->send_at = instant_before(now, least) ? least : now;
        }
    }
}

static void
take_success(struct pcp *p, struct pcp_mapping *m, const struct pcp_response *r, instant now)
{
    if (m->state == PCP_CLOSING) {
        if (r->lifetime_s == 0) { /* otherwise an older answer */
            rest(m, PCP_CLOSED);
        }
        return;
    }
    /* Renewing what lasts for less than a minute would be asking all the time. */
    if (r->lifetime_s < LIFETIME_S_MIN || r->outside == 0 || is_all_zero(r->ip)) {
        fail(m, PCP_UNUSABLE, instant_add(now, FAILURE_S_MIN * US_PER_S));
        return;
    }
    /* SPEC rfc6887 §15: no lifetime is believed beyond 24 hours. */
    uint32_t lifetime_s = clamp(r->lifetime_s, LIFETIME_S_MIN, LIFETIME_S_MAX);
    rest(m, PCP_OPEN);
    m->result = PCP_SUCCESS;
    m->outside = r->outside;
    memcpy(m->ip, r->ip, sizeof m->ip);
    m->open_at = now;
    m->expire_at = instant_add(now, lifetime_s * US_PER_S);
    m->tries = 0;
    schedule_renewal(p, m);
}

static void take_failure(struct pcp_mapping *m, const struct pcp_response *r, instant now)
{
    if (m->state == PCP_CLOSING) {
        rest(m, PCP_CLOSED);
        return;
    }
    /* SPEC rfc6887 §8.3: a failure says for how long it stays, and the same is not asked before. SPEC rfc6887 §15: a failure is
     * believed for half an hour at most. */
    fail(m, r->result,
         instant_add(now, clamp(r->lifetime_s, FAILURE_S_MIN, FAILURE_S_MAX) * US_PER_S));
}

static void take_other_version(struct pcp *p, instant now)
{
    for (size_t i = 0; i < p->count; i++) {
        struct pcp_mapping *m = &p->mappings[i];
        if (m->is_waiting && m->state == PCP_CLOSING) {
            rest(m, PCP_CLOSED);
        } else if (m->is_waiting) {
            fail(m, PCP_UNSUPP_VERSION, instant_add(now, FAILURE_S_MAX * US_PER_S));
        }
    }
}

void pcp_recv(struct pcp *p, instant now, const struct pcp_source *from, struct span datagram)
{
    struct pcp_response r;
    /* SPEC rfc6887 §8.3: an answer comes from the address and port that the request went to. */
    bool is_from_gateway =
        from->port == PCP_PORT && memcmp(from->ip, p->cfg.gateway, sizeof from->ip) == 0;
    enum err e = is_from_gateway ? pcp_response_decode(&r, datagram) : ERR_DENIED;
    if (e == ERR_UNSUPPORTED) {
        take_other_version(p, now);
        return;
    }
    struct pcp_mapping *m = e == OK ? asked(p, &r) : NULL;
    if (!m) {
        p->ignored_count++;
        return;
    }
    bool is_good = is_epoch_good(p, r.epoch_s, now);
    if (r.result == PCP_SUCCESS) {
        take_success(p, m, &r, now);
    } else {
        take_failure(m, &r, now);
    }
    if (!is_good) {
        renew_others(p, m, now);
    }
}

void pcp_unreachable(struct pcp *p, instant now)
{
    for (size_t i = 0; i < p->count; i++) {
        struct pcp_mapping *m = &p->mappings[i];
        switch (m->state) {
        case PCP_ASKING:  fail(m, PCP_NO_ANSWER, now); break;
        case PCP_OPEN:    m->is_waiting = false; break;
        case PCP_CLOSING: rest(m, PCP_CLOSED); break;
        case PCP_FAILED:
        case PCP_CLOSED:  break;
        }
    }
}

/* ---- requests, and time ---- */

size_t pcp_send(struct pcp *p, instant now, struct mspan out)
{
    check(out.n >= PCP_REQUEST_LEN);
    for (size_t i = 0; i < p->count; i++) {
        struct pcp_mapping *m = &p->mappings[i];
        if (!instant_reached(m->send_at, now)) {
            continue;
        }
        struct wr w = wr_init(out);
        encode(p, m, &w);
        check(wr_ok(&w));
        m->tries++;
        m->sent_at = now;
        m->is_waiting = true;
        if (m->state == PCP_OPEN) {
            m->give_up_at = instant_add(now, TIMEOUT_FIRST_US);
            schedule_renewal(p, m);
        } else {
            schedule_retry(p, m, now);
        }
        return w.n;
    }
    return 0;
}

instant pcp_deadline(const struct pcp *p)
{
    instant at = INSTANT_NEVER;
    for (size_t i = 0; i < p->count; i++) {
        const struct pcp_mapping *m = &p->mappings[i];
        at = instant_min(at, instant_min(m->send_at, instant_min(m->give_up_at, m->expire_at)));
    }
    return at;
}

void pcp_tick(struct pcp *p, instant now)
{
    for (size_t i = 0; i < p->count; i++) {
        struct pcp_mapping *m = &p->mappings[i];
        bool is_given_up = instant_reached(m->give_up_at, now);
        switch (m->state) {
        case PCP_ASKING:
            if (is_given_up) {
                fail(m, PCP_NO_ANSWER, now);
            }
            break;
        case PCP_OPEN:
            if (instant_reached(m->expire_at, now)) {
                fail(m, PCP_NO_ANSWER, now);
            } else if (is_given_up) {
                m->is_waiting = false;
                m->give_up_at = INSTANT_NEVER;
            }
            break;
        case PCP_CLOSING:
            if (is_given_up) {
                rest(m, PCP_CLOSED);
            }
            break;
        case PCP_FAILED:
        case PCP_CLOSED: break;
        }
    }
}

bool pcp_is_settled(const struct pcp *p)
{
    for (size_t i = 0; i < p->count; i++) {
        const struct pcp_mapping *m = &p->mappings[i];
        if (m->state == PCP_ASKING || m->state == PCP_CLOSING || m->is_waiting) {
            return false;
        }
    }
    return true;
}
