/* The attestation protocol: messages and state. */
#include "tee/attest.h"

#include "base/rd.h"
#include "base/wr.h"

#include <string.h>

enum {
    VERSION = 1,
    STATUS_OK = 0,
    STATUS_NOTHING = 1,
    STATEMENT_LEN_MAX = 512,
    CHANNEL_LEN_MAX = 64,
};

static const char label_bind[] = "passmesh/attest/1/bind";
static const char label_live[] = "passmesh/attest/1/live";

static void write_sized(struct wr *w, struct span s)
{
    wr_be16(w, (uint16_t)s.n);
    wr_bytes(w, s);
}

void attest_binding(uint8_t ret_binding[static 64],
                    struct span attester_id,
                    const struct ed25519_public *session_key,
                    walltime issued)
{
    uint8_t room[STATEMENT_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(room));
    wr_str(&w, label_bind);
    write_sized(&w, span_first(attester_id, ATTEST_ID_LEN_MAX));
    write_sized(&w, SPAN_OF(session_key->bytes));
    wr_be64(&w, issued.s);
    sha512(ret_binding, span_of(room, w.n));
}

/* What a session key signs. */
struct statement {
    struct span nonce;
    struct span attester;
    struct span verifier;
    struct span evidence;
    walltime issued;
    uint8_t kinds;
    uint8_t level_min;
};

static struct span write_statement(uint8_t room[static STATEMENT_LEN_MAX],
                                   const struct statement *s,
                                   struct span channel)
{
    struct hash32 evidence;
    struct wr w = wr_init(mspan_of(room, STATEMENT_LEN_MAX));
    sha256(&evidence, s->evidence);
    wr_str(&w, label_live);
    write_sized(&w, s->nonce);
    write_sized(&w, channel);
    write_sized(&w, s->attester);
    write_sized(&w, s->verifier);
    wr_bytes(&w, SPAN_OF(evidence.bytes));
    wr_be64(&w, s->issued.s);
    wr_u8(&w, s->kinds);
    wr_u8(&w, s->level_min);
    return span_of(room, w.n);
}

void attest_cache_clear(struct attest_cache *c)
{
    memset(c, 0, sizeof *c);
}

static bool is_good_cfg(const struct attest_cfg *c)
{
    bool has_ids = c->self_id.n > 0 && c->self_id.n <= ATTEST_ID_LEN_MAX && c->remote_id.n > 0 &&
                   c->remote_id.n <= ATTEST_ID_LEN_MAX;
    /* A channel that could not be told is no channel: an empty one would be the same everywhere. */
    bool has_channel = c->channel.n >= ATTEST_CHANNEL_LEN_MIN && c->channel.n <= CHANNEL_LEN_MAX;
    return has_ids && has_channel && !span_equal(c->self_id, c->remote_id);
}

static void prepare_request(struct attest *a)
{
    struct wr w = wr_init(MSPAN_OF(a->head));
    frame_write_prefix(&w, FRAME_UVARINT, ATTEST_REQUEST_LEN);
    wr_u8(&w, VERSION);
    wr_bytes(&w, SPAN_OF(a->cfg.nonce));
    wr_u8(&w, a->cfg.kinds);
    wr_u8(&w, (uint8_t)a->cfg.level_min);
    a->head_len = w.n;
}

enum err attest_init(struct attest *a, const struct attest_cfg *cfg, instant now)
{
    memset(a, 0, sizeof *a);
    if (!is_good_cfg(cfg)) {
        return ERR_MALFORMED;
    }
    a->cfg = *cfg;
    a->deadline = instant_add(now, cfg->timeout_us);
    frame_reader_init(&a->reader,
                      (struct frame_cfg){.prefix = FRAME_UVARINT,
                                         .frame_len_max = cfg->is_verifier ? ATTEST_MESSAGE_LEN_MAX
                                                                           : ATTEST_REQUEST_LEN,
                                         .budget = cfg->budget});
    appraisal_init(&a->result, TEE_SGX);
    if (cfg->is_verifier) {
        prepare_request(a);
    }
    return OK;
}

static void finish(struct attest *a, enum attest_outcome outcome, enum err e, const char *rule)
{
    if (a->outcome == ATTEST_PENDING) {
        a->outcome = outcome;
        a->err = e;
        a->why = (struct diag){.rule = rule};
    }
}

static enum err broken(struct attest *a, enum err e, const char *rule)
{
    finish(a, ATTEST_BROKEN, e, rule);
    return e;
}

/* ---- attester ---- */

static enum err answer(struct attest *a, struct span request)
{
    const struct attest_identity *id = a->cfg.identity;
    struct rd r = rd_init(request);
    struct statement s = {.attester = a->cfg.self_id, .verifier = a->cfg.remote_id};
    uint8_t version = rd_u8(&r);
    s.nonce = rd_bytes(&r, ATTEST_NONCE_LEN);
    s.kinds = rd_u8(&r);
    s.level_min = rd_u8(&r);
    if (!rd_end(&r) || version != VERSION) {
        return broken(a, ERR_MALFORMED, "attest: not a request");
    }
    struct wr w = wr_init(MSPAN_OF(a->head));
    bool has_any = id && s.kinds >> id->kind & 1 && id->evidence.n <= EVIDENCE_LEN_MAX;
    frame_write_prefix(&w, FRAME_UVARINT, has_any ? ATTEST_HEAD_LEN + id->evidence.n : 2);
    wr_u8(&w, VERSION);
    wr_u8(&w, has_any ? STATUS_OK : STATUS_NOTHING);
    if (has_any) {
        uint8_t room[STATEMENT_LEN_MAX];
        struct ed25519_signature sig;
        struct ed25519_public key;
        s.evidence = id->evidence;
        s.issued = id->issued;
        ed25519_sign(&sig, id->session_key, write_statement(room, &s, a->cfg.channel));
        ed25519_key_public(&key, id->session_key);
        wr_be64(&w, id->issued.s);
        wr_bytes(&w, SPAN_OF(key.bytes));
        wr_bytes(&w, SPAN_OF(sig.bytes));
        a->body = id->evidence;
    }
    a->head_len = w.n;
    return wr_end(&w);
}

/* ---- verifier ---- */

struct response {
    walltime issued;
    struct span session_key;
    struct span signature;
    struct span evidence;
};

static struct appraisal *cached(struct attest *a, const struct hash32 *key)
{
    for (size_t i = 0; a->cfg.cache && i < ATTEST_CACHE_COUNT; i++) {
        bool is_it = a->cfg.cache->entries[i].is_used &&
                     span_equal(SPAN_OF(a->cfg.cache->entries[i].key.bytes), SPAN_OF(key->bytes));
        struct appraisal *found = &a->cfg.cache->entries[i].result;
        if (is_it && found->not_before.s <= a->cfg.now.s && a->cfg.now.s <= found->expires.s) {
            return found;
        }
    }
    return NULL;
}

static void keep(struct attest *a, const struct hash32 *key)
{
    struct attest_cache *c = a->cfg.cache;
    if (c) {
        c->entries[c->next].is_used = true;
        c->entries[c->next].key = *key;
        c->entries[c->next].result = a->result;
        c->next = (c->next + 1) % ATTEST_CACHE_COUNT;
    }
}

/* Evidence and what it must be bound to; accepted results are kept. */
static enum err appraise(struct attest *a, const struct response *r)
{
    struct evidence evidence;
    struct hash32 key;
    uint8_t binding[64];
    attest_binding(binding, a->cfg.remote_id, &a->session_key, r->issued);
    struct span parts[] = {SPAN_OF(binding), r->evidence};
    sha256_of(&key, parts, 2);
    const struct appraisal *known = cached(a, &key);
    if (known) {
        a->result = *known;
        return OK;
    }
    enum err e = evidence_decode(&evidence, r->evidence);
    if (e != OK) {
        return appraisal_fail(&a->result, e, STEP_EVIDENCE_FORMAT, PART_EVIDENCE, 0);
    }
    if (!(a->cfg.kinds >> evidence.kind & 1)) {
        return appraisal_fail(&a->result, ERR_DENIED, STEP_POLICY_NO_RULE, PART_POLICY, 0);
    }
    TRY(a->cfg.judge->appraise(a->cfg.judge, &a->result, &evidence, binding));
    appraisal_until(&a->result,
                    (walltime){r->issued.s > ATTEST_SKEW_S ? r->issued.s - ATTEST_SKEW_S : 0},
                    (walltime){r->issued.s + ATTEST_LIFE_S});
    keep(a, &key);
    return OK;
}

static bool is_fresh(const struct attest *a, walltime issued)
{
    uint64_t now = a->cfg.now.s;
    return issued.s <= now + ATTEST_SKEW_S && now < UINT64_MAX - ATTEST_LIFE_S &&
           now <= issued.s + ATTEST_LIFE_S;
}

static enum err judge(struct attest *a, const struct response *r)
{
    uint8_t room[STATEMENT_LEN_MAX];
    struct statement s = {.nonce = SPAN_OF(a->cfg.nonce),
                          .attester = a->cfg.remote_id,
                          .verifier = a->cfg.self_id,
                          .evidence = r->evidence,
                          .issued = r->issued,
                          .kinds = a->cfg.kinds,
                          .level_min = (uint8_t)a->cfg.level_min};
    (void)span_copy(MSPAN_OF(a->session_key.bytes), r->session_key);
    enum err e =
        ed25519_verify(&a->session_key, write_statement(room, &s, a->cfg.channel), r->signature);
    if (e != OK) {
        finish(a, ATTEST_REFUSED, e, "attest: the session key does not sign for this connection");
        return appraisal_fail(&a->result, e, STEP_BINDING, PART_EVIDENCE, 0);
    }
    if (!is_fresh(a, r->issued)) {
        finish(a, ATTEST_REFUSED, ERR_TIMEOUT, "attest: the session key has expired");
        return appraisal_fail(&a->result, ERR_TIMEOUT, STEP_BINDING, PART_EVIDENCE, 0);
    }
    e = appraise(a, r);
    if (e == OK && a->result.level < a->cfg.level_min) {
        finish(a, ATTEST_REFUSED, ERR_DENIED, "attest: the level is too low");
        return ERR_DENIED;
    }
    finish(a, e == OK ? ATTEST_ACCEPTED : ATTEST_REFUSED, e,
           e == OK ? NULL : appraisal_step_text(a->result.failed));
    return e;
}

static enum err hear_response(struct attest *a, struct span message)
{
    struct rd r = rd_init(message);
    struct response m = {0};
    uint8_t version = rd_u8(&r);
    uint8_t status = rd_u8(&r);
    if (!rd_ok(&r) || version != VERSION || status > STATUS_NOTHING) {
        return broken(a, ERR_MALFORMED, "attest: not a response");
    }
    if (status == STATUS_NOTHING) {
        if (!rd_end(&r)) {
            return broken(a, ERR_MALFORMED, "attest: not a response");
        }
        finish(a, ATTEST_NOTHING, OK, NULL);
        return OK;
    }
    m.issued.s = rd_be64(&r);
    m.session_key = rd_bytes(&r, sizeof a->session_key.bytes);
    m.signature = rd_bytes(&r, 64);
    m.evidence = rd_rest(&r);
    if (!rd_ok(&r)) {
        return broken(a, ERR_MALFORMED, "attest: not a response");
    }
    (void)judge(a, &m); /* what came of it is the outcome, not a fault of the stream */
    return OK;
}

/* ---- both ---- */

enum err attest_recv(struct attest *a, instant now, struct span *in)
{
    attest_tick(a, now);
    if (a->outcome == ATTEST_BROKEN) {
        return a->err;
    }
    while (in->n > 0) {
        struct span message;
        if (a->is_heard) {
            return broken(a, ERR_MALFORMED, "attest: a second message");
        }
        enum err e = frame_reader_next(&a->reader, &message, in);
        if (e == ERR_TRUNCATED) {
            return OK;
        }
        if (e != OK) {
            return broken(a, e, "attest: a message that is too long or malformed");
        }
        a->is_heard = true;
        TRY(a->cfg.is_verifier ? hear_response(a, message) : answer(a, message));
    }
    return OK;
}

size_t attest_send(struct attest *a, instant now, struct mspan out)
{
    attest_tick(a, now);
    size_t total = a->head_len + a->body.n;
    size_t n = 0;
    if (a->outcome == ATTEST_BROKEN) {
        return 0;
    }
    if (a->sent < a->head_len) {
        n = span_copy(out, span_from(span_of(a->head, a->head_len), a->sent));
        a->sent += n;
    }
    if (a->sent >= a->head_len) {
        size_t more = span_copy(mspan_from(out, n), span_from(a->body, a->sent - a->head_len));
        a->sent += more;
        n += more;
    }
    if (!a->cfg.is_verifier && total > 0 && a->sent == total) {
        finish(a, a->body.n > 0 ? ATTEST_ACCEPTED : ATTEST_NOTHING, OK, NULL);
    }
    return n;
}

bool attest_poll(struct attest *a, struct attest_event *ret_event)
{
    if (a->outcome == ATTEST_PENDING || a->is_told) {
        return false;
    }
    a->is_told = true;
    bool has_result =
        a->cfg.is_verifier && (a->outcome == ATTEST_ACCEPTED || a->outcome == ATTEST_REFUSED);
    *ret_event = (struct attest_event){.outcome = a->outcome,
                                       .err = a->err,
                                       .why = a->why,
                                       .result = has_result ? &a->result : NULL};
    return true;
}

instant attest_deadline(const struct attest *a)
{
    return a->outcome == ATTEST_PENDING ? a->deadline : INSTANT_NEVER;
}

void attest_tick(struct attest *a, instant now)
{
    if (a->outcome == ATTEST_PENDING && instant_reached(a->deadline, now)) {
        finish(a, ATTEST_BROKEN, ERR_TIMEOUT, "attest: no answer in time");
    }
}

void attest_done(struct attest *a)
{
    frame_reader_done(&a->reader);
    memset(a, 0, sizeof *a);
}
