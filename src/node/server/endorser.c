/* Fetching, checking, keeping and stapling endorsements. */
#include "node/server/endorser.h"

#include "base/check.h"
#include "base/mem.h"
#include "node/config/fetch.h"
#include "tee/endorsement.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    HTTP_OK = 200,
    BACKOFF_SHIFT_MAX = 6,
    FAILURES_FOR_ALL = 3, /* in a row, until what lasts is asked for again too */
    BINDING_LEN = 64,
    TAG_INDEX_BITS = 8,
};

/* Whatever the machine is, endorsements are judged. */
static const char policy_text[] =
    "{\"version\":1,\"rules\":["
    "{\"kind\":\"sgx\",\"tcb\":[\"UpToDate\",\"SWHardeningNeeded\",\"ConfigurationNeeded\","
    "\"ConfigurationAndSWHardeningNeeded\",\"OutOfDate\",\"OutOfDateConfigurationNeeded\"],"
    "\"measurements\":\"any\"},"
    "{\"kind\":\"tdx\",\"tcb\":[\"UpToDate\",\"SWHardeningNeeded\",\"ConfigurationNeeded\","
    "\"ConfigurationAndSWHardeningNeeded\",\"TDRelaunchAdvised\","
    "\"TDRelaunchAdvisedConfigurationNeeded\",\"OutOfDate\",\"OutOfDateConfigurationNeeded\"],"
    "\"measurements\":\"any\",\"allow\":[\"sept_ve\",\"service_td\",\"migration\"]},"
    "{\"kind\":\"sev-snp\",\"measurements\":\"any\",\"allow\":[\"migration\"]}]}";

/* An answer that has come. */
struct answer {
    bool is_asked;
    struct buf body;
    struct buf header;
};

struct endorser {
    struct endorser_cfg cfg;
    enum endorser_state state;
    uint8_t binding[BINDING_LEN];
    size_t evidence_len; /* 0: there is none */
    uint8_t evidence[EVIDENCE_LEN_MAX];
    size_t text_len;
    uint8_t text[EVIDENCE_LEN_MAX];
    /* The last good set, in the form of evidence: what it is for stands where the main part would. */
    size_t kept_len;
    uint8_t kept[EVIDENCE_LEN_MAX];
    uint32_t evaluation;
    walltime expires;
    char verdict[ENDORSER_VERDICT_LEN];
    /* The round. */
    uint64_t round;
    bool is_fetching;
    size_t waits_count;
    bool has_failed;
    struct endorsements_wanted wanted;
    struct answer answers[ENDORSEMENTS_MAX];
    struct endorsement_room room;
    unsigned failures_count;
    instant again_at; /* NEVER: nothing is to be fetched */
    char why[ENDORSER_WHY_LEN];
    struct policy policy;
    struct appraiser work;
    struct appraisal appraisal;
};

const char *endorser_state_name(enum endorser_state state)
{
    switch (state) {
    case ENDORSER_UNNEEDED: return "unneeded";
    case ENDORSER_WAITING:  return "waiting";
    case ENDORSER_STAPLED:  return "stapled";
    case ENDORSER_LACKING:  break;
    }
    return "lacking";
}

static void explain(struct endorser *e, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void explain(struct endorser *e, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(e->why, sizeof e->why, format, args);
    va_end(args);
    for (char *c = e->why; *c; c++) { /* words of a library may hold what a service said */
        *c = *c < ' ' || *c > '~' ? '?' : *c;
    }
}

enum err endorser_new(struct endorser **ret, const struct endorser_cfg *cfg)
{
    void *p;
    AUTO(buf_done) struct buf text;
    buf_init(&text, cfg->budget, EVIDENCE_LEN_MAX);
    TRY(mem_alloc(cfg->budget, &p, sizeof(struct endorser)));
    struct endorser *e = p;
    e->cfg = *cfg;
    e->again_at = INSTANT_NEVER;
    for (size_t i = 0; i < ENDORSEMENTS_MAX; i++) {
        buf_init(&e->answers[i].body, cfg->budget, ENDORSEMENT_BODY_LEN_MAX);
        buf_init(&e->answers[i].header, cfg->budget, ENDORSEMENT_HEADER_LEN_MAX);
    }
    check(policy_parse(&e->policy, span_str(policy_text), NULL) == OK);
    /* What cannot be read is fetched anew. */
    if (cfg->store && cfg->store->load(cfg->store, &text) == OK) {
        e->kept_len = span_copy(MSPAN_OF(e->kept), buf_span(&text));
    }
    *ret = e;
    return OK;
}

void endorser_free(struct endorser *e)
{
    if (e) {
        for (size_t i = 0; i < ENDORSEMENTS_MAX; i++) {
            buf_done(&e->answers[i].body);
            buf_done(&e->answers[i].header);
        }
        mem_free(e->cfg.budget, e, sizeof *e);
    }
}

/* ---- stapling ---- */

/* The kept set, if it is for the platform that is wanted. */
static bool find_kept(const struct endorser *e, struct evidence *ret)
{
    return e->kept_len > 0 && evidence_decode(ret, span_of(e->kept, e->kept_len)) == OK &&
           ret->kind == e->wanted.kind &&
           span_equal(ret->parts[EVIDENCE_MAIN], span_of(e->wanted.key, e->wanted.key_len));
}

/* The evidence with a set; only a good one changes the text. */
MUST_CHECK static enum err staple(struct endorser *e, const struct evidence *set)
{
    struct evidence v;
    struct wr w = wr_init(MSPAN_OF(e->text));
    const struct evidence_expectation expectation = {
        .policy = &e->policy, .now = {e->cfg.unix_s(e->cfg.user)}, .binding = e->binding};
    TRY(evidence_decode(&v, span_of(e->evidence, e->evidence_len)));
    for (size_t i = EVIDENCE_MAIN + 1; i < EVIDENCE_PART_COUNT; i++) {
        v.parts[i] = set->parts[i].n > 0 ? set->parts[i] : v.parts[i];
    }
    if (evidence_encoded_len(&v) > sizeof e->text) {
        explain(e, "with them evidence has %zu bytes, and may have %zu", evidence_encoded_len(&v),
                sizeof e->text);
        return ERR_LIMIT;
    }
    enum err err = evidence_appraise(&e->work, &e->appraisal, &v, &expectation);
    if (err != OK && endorsements_fail(&e->appraisal)) {
        explain(e, "refused at %s (%s): %s", appraisal_step_name(e->appraisal.failed),
                appraisal_part_name(e->appraisal.part), appraisal_step_text(e->appraisal.failed));
        return err;
    }
    evidence_encode(&w, &v);
    check(wr_ok(&w)); /* it was counted */
    e->text_len = w.n;
    e->expires = e->appraisal.expires;
    appraisal_print(&e->appraisal, e->verdict, sizeof e->verdict);
    return OK;
}

/* ---- a round ---- */

static uint64_t refresh_s(const struct endorser *e)
{
    uint64_t now = e->cfg.unix_s(e->cfg.user);
    uint64_t half = e->expires.s > now ? (e->expires.s - now) / 2 : 0;
    uint64_t s = half < ENDORSER_REFRESH_S ? half : ENDORSER_REFRESH_S;
    return s > ENDORSER_REFRESH_S_MIN ? s : ENDORSER_REFRESH_S_MIN;
}

static void wait_s(struct endorser *e, uint64_t s)
{
    e->again_at = instant_add(loop_now(e->cfg.loop), s * US_PER_S);
}

static void fail_round(struct endorser *e)
{
    unsigned shift = e->failures_count < BACKOFF_SHIFT_MAX ? e->failures_count : BACKOFF_SHIFT_MAX;
    uint64_t s = (uint64_t)ENDORSER_RETRY_S << shift;
    e->failures_count++;
    wait_s(e, s < ENDORSER_RETRY_S_MAX ? s : ENDORSER_RETRY_S_MAX);
    e->state = e->state == ENDORSER_STAPLED ? ENDORSER_STAPLED : ENDORSER_LACKING;
}

/* The chain that was not asked for again; it leaves the place that is written over. */
MUST_CHECK static enum err keep_chain(struct endorser *e, struct evidence *set, struct span chain)
{
    struct endorsement_room *room = &e->room;
    struct mspan rest = mspan_of(room->bytes + room->n, sizeof room->bytes - room->n);
    if (set->parts[EVIDENCE_CHAIN].n > 0) {
        return OK; /* all of it was kept at once */
    }
    if (chain.n > rest.n) {
        return ERR_LIMIT;
    }
    room->n += span_copy(rest, chain);
    set->parts[EVIDENCE_CHAIN] = span_of(rest.p, chain.n);
    return OK;
}

/* Every part of what came, beside what was not asked for again. */
MUST_CHECK static enum err read_answers(struct endorser *e, struct evidence *set)
{
    struct evidence kept;
    bool has_kept = find_kept(e, &kept);
    e->room.n = 0;
    for (size_t i = 0; i < e->wanted.count; i++) {
        enum endorsement_item item = e->wanted.asks[i].item;
        const struct endorsement_answer answer = {.body = buf_span(&e->answers[i].body),
                                                  .header = buf_span(&e->answers[i].header)};
        if (!e->answers[i].is_asked) {
            check(has_kept);
            TRY(keep_chain(e, set, kept.parts[EVIDENCE_CHAIN]));
            continue;
        }
        enum err err = endorsement_read(set, &e->room, item, &answer);
        if (err == ERR_NOT_FOUND) {
            explain(e, "%s: the issuers' certificates are missing", endorsement_name(item));
        } else if (err != OK) {
            explain(e, "%s: the answer cannot be read (%s)", endorsement_name(item), err_name(err));
        }
        TRY(err);
    }
    return OK;
}

/* A lower number of Intel's evaluations is an older answer, by which a weakness is not known yet. */
static bool is_older(struct endorser *e, uint32_t evaluation)
{
    struct evidence kept;
    uint32_t next = e->appraisal.evaluation;
    bool is_so = next < evaluation && find_kept(e, &kept) && staple(e, &kept) == OK;
    if (is_so) {
        explain(e, "the answer is older than what is kept: evaluation %u after %u", (unsigned)next,
                (unsigned)evaluation);
    }
    return is_so;
}

MUST_CHECK static enum err take_answers(struct endorser *e)
{
    struct evidence set = {.kind = e->wanted.kind};
    struct wr w = wr_init(MSPAN_OF(e->kept));
    uint32_t before = e->evaluation;
    TRY(read_answers(e, &set));
    TRY(staple(e, &set));
    if (is_older(e, before)) {
        return ERR_STATE;
    }
    e->evaluation = e->appraisal.evaluation;
    set.parts[EVIDENCE_MAIN] = span_of(e->wanted.key, e->wanted.key_len);
    evidence_encode(&w, &set);
    e->kept_len = wr_end(&w) == OK ? w.n : 0;
    return OK;
}

static void end_round(struct endorser *e)
{
    bool is_good = !e->has_failed && take_answers(e) == OK;
    e->is_fetching = false;
    for (size_t i = 0; i < ENDORSEMENTS_MAX; i++) {
        buf_clear(&e->answers[i].body);
        buf_trim(&e->answers[i].body);
        buf_clear(&e->answers[i].header);
        buf_trim(&e->answers[i].header);
    }
    if (!is_good) {
        fail_round(e);
        e->cfg.on_end(e->cfg.user);
        return;
    }
    e->failures_count = 0;
    e->why[0] = '\0';
    e->state = ENDORSER_STAPLED;
    wait_s(e, refresh_s(e));
    if (e->cfg.store && e->cfg.store->save(e->cfg.store, span_of(e->kept, e->kept_len)) != OK) {
        explain(e, "they cannot be written down: the next start has to fetch them");
    }
    e->cfg.on_end(e->cfg.user);
}

static void fail_answer(struct endorser *e, size_t i, const struct fetch_result *r)
{
    const char *name = endorsement_name(e->wanted.asks[i].item);
    if (e->has_failed) {
        return; /* the first tells enough */
    }
    e->has_failed = true;
    if (r->err == OK) {
        explain(e, "%s: the service answers %ld", name, r->status);
    } else {
        explain(e, "%s: %s (%s)", name, r->words, err_name(r->err));
    }
}

static void on_answer(void *user, uint64_t tag, const struct fetch_result *r)
{
    struct endorser *e = user;
    size_t i = tag & ((1U << TAG_INDEX_BITS) - 1);
    if (!e->is_fetching || tag >> TAG_INDEX_BITS != e->round) {
        return; /* of a round that was given up */
    }
    check(i < e->wanted.count);
    check(e->waits_count > 0);
    if (r->err != OK || r->status != HTTP_OK) {
        fail_answer(e, i, r);
    } else if (buf_append(&e->answers[i].body, r->body) != OK ||
               buf_append(&e->answers[i].header, span_str(r->header)) != OK) {
        const struct fetch_result full = {.err = ERR_LIMIT, .words = "there is no memory for it"};
        fail_answer(e, i, &full);
    }
    if (--e->waits_count == 0) {
        end_round(e);
    }
}

/* A chip's certificate for its firmware stays what it is: only lists of revocations are asked for again. */
static bool is_needed(const struct endorser *e, size_t i)
{
    struct evidence kept;
    enum endorsement_item item = e->wanted.asks[i].item;
    bool is_lasting = item == ENDORSEMENT_VCEK || item == ENDORSEMENT_ISSUERS;
    return !is_lasting || e->failures_count >= FAILURES_FOR_ALL || !find_kept(e, &kept) ||
           kept.parts[EVIDENCE_CHAIN].n == 0;
}

static void begin_round(struct endorser *e)
{
    e->round++;
    e->has_failed = false;
    e->is_fetching = true;
    e->waits_count = 0;
    e->again_at = INSTANT_NEVER;
    for (size_t i = 0; i < e->wanted.count; i++) {
        const struct endorsement_ask *ask = &e->wanted.asks[i];
        struct answer *answer = &e->answers[i];
        const struct fetch_args args = {.url = ask->url,
                                        .header = endorsement_header(ask->item),
                                        .header_len_max = ENDORSEMENT_HEADER_LEN_MAX,
                                        .is_any_type = true,
                                        .answer_len_max = ENDORSEMENT_BODY_LEN_MAX,
                                        .timeout_ms = e->cfg.timeout_ms > 0 ? e->cfg.timeout_ms
                                                                            : ENDORSER_TIMEOUT_MS,
                                        .done = on_answer,
                                        .user = e,
                                        .tag = e->round << TAG_INDEX_BITS | i};
        buf_clear(&answer->body);
        buf_clear(&answer->header);
        answer->is_asked = is_needed(e, i);
        enum err err = answer->is_asked ? fetch_get(e->cfg.fetch, &args) : OK;
        if (err != OK) {
            const struct fetch_result r = {.err = err, .words = "it cannot be asked for"};
            fail_answer(e, i, &r);
        }
        e->waits_count += answer->is_asked && err == OK;
    }
    if (e->waits_count == 0) { /* on_end is not called from inside */
        e->is_fetching = false;
        fail_round(e);
    }
}

/* ---- the door ---- */

/* There is nothing to be fetched; answers on their way are let go. */
static void forget_round(struct endorser *e)
{
    memset(&e->wanted, 0, sizeof e->wanted);
    e->is_fetching = false;
    e->again_at = INSTANT_NEVER;
    e->failures_count = 0;
}

/* What evidence lacks now. The first failures are forgotten, and a round is given up, when it is of another platform. */
MUST_CHECK static enum err want(struct endorser *e, const struct evidence *v)
{
    const struct endorsement_sources from = {
        .pcs = e->cfg.pcs, .root_crl = e->cfg.root_crl, .kds = e->cfg.kds};
    uint8_t key[ENDORSEMENT_KEY_LEN_MAX];
    enum tee_kind kind = e->wanted.kind;
    memcpy(key, e->wanted.key, sizeof key);
    enum err err =
        endorsements_want(&e->wanted, &e->work, &e->appraisal, v, &from, e->failures_count);
    if (kind != e->wanted.kind || memcmp(key, e->wanted.key, sizeof key) != 0) {
        e->is_fetching = false;
        e->again_at = INSTANT_NEVER;
        e->failures_count = 0;
    }
    return err;
}

static void explain_want(struct endorser *e, enum err err)
{
    if (err == ERR_NOT_FOUND) {
        explain(e, "server.ini names no service that has them");
    } else if (err == ERR_UNSUPPORTED) {
        explain(e, "no service has them for this machine");
    } else {
        explain(e, "the evidence does not say for which platform they are (%s)", err_name(err));
    }
}

static enum endorser_state staple_or_fetch(struct endorser *e)
{
    struct evidence kept;
    if (find_kept(e, &kept) && staple(e, &kept) == OK) {
        e->evaluation = e->appraisal.evaluation;
        if (e->again_at.us == INSTANT_NEVER.us && !e->is_fetching) {
            begin_round(e); /* from the store: nobody knows how old it is */
        }
        return ENDORSER_STAPLED;
    }
    e->evaluation = 0; /* what does not count is no floor */
    if (!e->is_fetching &&
        (e->failures_count == 0 || instant_reached(e->again_at, loop_now(e->cfg.loop)))) {
        e->state = ENDORSER_WAITING;
        begin_round(e);
    }
    return e->is_fetching ? ENDORSER_WAITING : ENDORSER_LACKING;
}

enum endorser_state endorser_staple(struct endorser *e,
                                    struct span *ret_text,
                                    const uint8_t binding[static 64],
                                    struct span evidence)
{
    struct evidence v;
    *ret_text = evidence;
    e->state = ENDORSER_UNNEEDED;
    e->evidence_len = 0;
    if (evidence.n > sizeof e->evidence || evidence_decode(&v, evidence) != OK) {
        forget_round(e);
        return e->state;
    }
    e->evidence_len = span_copy(MSPAN_OF(e->evidence), evidence);
    memcpy(e->binding, binding, sizeof e->binding);
    enum err err = want(e, &v);
    if (err == OK && e->wanted.count == 0) {
        return e->state;
    }
    if (err != OK) {
        e->state = ENDORSER_LACKING;
        forget_round(e);
        explain_want(e, err);
        return e->state;
    }
    e->state = staple_or_fetch(e);
    if (e->state == ENDORSER_STAPLED) {
        *ret_text = span_of(e->text, e->text_len);
    }
    return e->state;
}

void endorser_tick(struct endorser *e, instant now)
{
    struct evidence v;
    bool is_due = !e->is_fetching && e->wanted.count > 0 && instant_reached(e->again_at, now);
    /* Once more, as the guess may be another one. */
    if (is_due && evidence_decode(&v, span_of(e->evidence, e->evidence_len)) == OK &&
        want(e, &v) == OK) {
        begin_round(e);
    }
}

instant endorser_deadline(const struct endorser *e)
{
    return e->is_fetching || e->wanted.count == 0 ? INSTANT_NEVER : e->again_at;
}

struct endorser_report endorser_report(const struct endorser *e)
{
    return (struct endorser_report){
        .state = e->state, .expires_s = e->expires.s, .why = e->why, .verdict = e->verdict};
}
