/* The attestation protocol: messages and state. */
#include "tee/attest.h"

#include "base/check.h"
#include "base/rd.h"
#include "base/wr.h"

#include <string.h>

enum {
    VERSION = 1,
    STATUS_OK = 0,
    STATUS_NOTHING = 1,
    STATUS_NOT_OPENED = 1,
    STATUS_BUSY = 2,
    MAKES_CREDENTIALS = 0x80, /* among the kinds */
    STATEMENT_LEN_MAX = 512,
    CHANNEL_LEN_MAX = 64,
};

static const char label_bind[] = "passmesh/attest/1/bind";
static const char label_live[] = "passmesh/attest/1/live";

void attest_binding(uint8_t ret_binding[static 64],
                    struct span attester_id,
                    const struct ed25519_public *session_key,
                    walltime issued)
{
    uint8_t room[STATEMENT_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(room));
    wr_str(&w, label_bind);
    wr_be16_sized(&w, span_first(attester_id, ATTEST_ID_LEN_MAX));
    wr_be16_sized(&w, SPAN_OF(session_key->bytes));
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
    wr_be16_sized(&w, s->nonce);
    wr_be16_sized(&w, channel);
    wr_be16_sized(&w, s->attester);
    wr_be16_sized(&w, s->verifier);
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
    frame_reader_init(&a->reader, (struct frame_cfg){
                                      .prefix = FRAME_UVARINT,
                                      .frame_len_max = cfg->is_verifier ? ATTEST_MESSAGE_LEN_MAX
                                                                        : ATTEST_CREDENTIAL_LEN_MAX,
                                      .budget = cfg->budget});
    buf_init(&a->kept, cfg->budget, ATTEST_MESSAGE_LEN_MAX);
    appraisal_init(&a->result, TEE_SGX);
    if (cfg->is_verifier) {
        a->cfg.kinds = (uint8_t)(cfg->kinds & ~MAKES_CREDENTIALS) |
                       (cfg->judge->challenge ? MAKES_CREDENTIALS : 0);
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

/* The next message goes out of head and body, from its beginning. */
static void say(struct attest *a, const struct wr *head, struct span body)
{
    a->head_len = head->n;
    a->body = body;
    a->sent = 0;
}

/* The second round trip: one message more may come. */
static void enter_credential(struct attest *a, instant deadline)
{
    a->stage = ATTEST_STAGE_CREDENTIAL;
    a->is_heard = false;
    a->deadline = deadline;
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
    a->opens = has_any && s.kinds & MAKES_CREDENTIALS && id->evidence_ek.n > 0 &&
               id->evidence_ek.n <= EVIDENCE_LEN_MAX;
    if (has_any) {
        s.evidence = a->opens ? id->evidence_ek : id->evidence;
    }
    frame_write_prefix(&w, FRAME_UVARINT, has_any ? ATTEST_HEAD_LEN + s.evidence.n : 2);
    wr_u8(&w, VERSION);
    wr_u8(&w, has_any ? STATUS_OK : STATUS_NOTHING);
    if (has_any) {
        uint8_t room[STATEMENT_LEN_MAX];
        struct ed25519_signature sig;
        struct ed25519_public key;
        s.issued = id->issued;
        ed25519_sign(&sig, id->session_key, write_statement(room, &s, a->cfg.channel));
        ed25519_key_public(&key, id->session_key);
        wr_be64(&w, id->issued.s);
        wr_bytes(&w, SPAN_OF(key.bytes));
        wr_bytes(&w, SPAN_OF(sig.bytes));
    }
    say(a, &w, s.evidence);
    return wr_end(&w);
}

static enum err hear_credential(struct attest *a, struct span message, instant now)
{
    struct tpm2_credential_parts parts;
    struct rd r = rd_init(message);
    uint8_t version = rd_u8(&r);
    struct span credential = rd_rest(&r);
    if (!rd_ok(&r) || version != VERSION || tpm2_credential_split(&parts, credential) != OK) {
        return broken(a, ERR_MALFORMED, "attest: not a credential");
    }
    a->credential.n = span_copy(MSPAN_OF(a->credential.bytes), credential);
    a->stage = ATTEST_STAGE_OPENING;
    a->deadline = instant_add(now, a->cfg.open_timeout_us);
    return OK;
}

bool attest_is_opening(const struct attest *a, struct span *ret_credential)
{
    if (a->stage != ATTEST_STAGE_OPENING || a->outcome != ATTEST_PENDING) {
        return false;
    }
    *ret_credential = span_of(a->credential.bytes, a->credential.n);
    return true;
}

void attest_open(struct attest *a, instant now, enum err e, const struct secret32 *secret)
{
    attest_tick(a, now);
    if (a->stage != ATTEST_STAGE_OPENING || a->outcome != ATTEST_PENDING) {
        return;
    }
    struct wr w = wr_init(MSPAN_OF(a->head));
    frame_write_prefix(&w, FRAME_UVARINT, e == OK ? ATTEST_OPENED_LEN : 2);
    wr_u8(&w, VERSION);
    wr_u8(&w, e == OK ? STATUS_OK : e == ERR_LIMIT ? STATUS_BUSY : STATUS_NOT_OPENED);
    if (e == OK) {
        wr_bytes(&w, SPAN_OF(secret->bytes));
    }
    check(wr_ok(&w));
    a->stage = ATTEST_STAGE_OPENED;
    say(a, &w, SPAN_EMPTY);
}

/* All of a message has been pulled. */
static void said(struct attest *a, instant now)
{
    bool has_evidence = a->body.n > 0;
    if (a->stage == ATTEST_STAGE_ASKED && a->opens) {
        enter_credential(a, instant_add(now, a->cfg.timeout_us));
    } else {
        bool is_good = a->stage == ATTEST_STAGE_OPENED || has_evidence;
        finish(a, is_good ? ATTEST_ACCEPTED : ATTEST_NOTHING, OK, NULL);
    }
    wipe(MSPAN_OF(a->head));
    a->head_len = 0;
    a->body = SPAN_EMPTY;
    a->sent = 0;
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

/* ---- a TPM's key and its endorsement key ---- */

static enum err name_key(uint8_t ret_name[static TPM2_NAME_LEN], const struct evidence *e)
{
    struct tpm2_public key;
    TRY(tpm2_public_decode(&key, e->parts[EVIDENCE_TPM_KEY]));
    return tpm2_name(ret_name, &key);
}

static void hash_activation(struct hash32 *ret, const struct attest *a, struct span name)
{
    const struct span parts[] = {SPAN_OF(a->result.hardware_id.bytes), name};
    sha256_of(ret, parts, 2);
}

static bool is_activated(const struct attest *a, struct span name)
{
    struct hash32 key;
    hash_activation(&key, a, name);
    for (size_t i = 0; a->cfg.cache && i < ATTEST_ACTIVATIONS_COUNT; i++) {
        if (span_equal(SPAN_OF(a->cfg.cache->activations[i].bytes), SPAN_OF(key.bytes))) {
            return true;
        }
    }
    return false;
}

static void keep_activation(struct attest *a, struct span name)
{
    struct attest_cache *c = a->cfg.cache;
    if (c) {
        hash_activation(&c->activations[c->next_activation], a, name);
        c->next_activation = (c->next_activation + 1) % ATTEST_ACTIVATIONS_COUNT;
    }
}

/* The judge, with the name of a key that was activated before, or just now. */
static enum err ask_judge(struct attest *a,
                          const struct evidence *e,
                          const uint8_t binding[static 64],
                          bool is_opened)
{
    struct attest_judge *judge = a->cfg.judge;
    uint8_t name[TPM2_NAME_LEN];
    enum err err = judge->appraise(judge, &a->result, e, binding, SPAN_EMPTY);
    if (err == OK || !evidence_lacks_activation(&a->result) || name_key(name, e) != OK) {
        return err;
    }
    if (is_opened && !is_activated(a, SPAN_OF(name))) {
        keep_activation(a, SPAN_OF(name));
    }
    return is_opened || is_activated(a, SPAN_OF(name))
               ? judge->appraise(judge, &a->result, e, binding, SPAN_OF(name))
               : err;
}

/* Sends a credential for evidence that lacks nothing else; the message is kept until its answer has come. */
static enum err challenge(struct attest *a, struct span message, struct span text, instant now)
{
    struct attest_judge *judge = a->cfg.judge;
    struct evidence evidence;
    uint8_t name[TPM2_NAME_LEN];
    TRY(evidence_decode(&evidence, text));
    TRY(name_key(name, &evidence));
    TRY(judge->challenge(judge, &a->credential, &a->secret, &a->result, &evidence, SPAN_OF(name)));
    TRY(buf_append(&a->kept, message));
    struct wr w = wr_init(MSPAN_OF(a->head));
    frame_write_prefix(&w, FRAME_UVARINT, 1 + a->credential.n);
    wr_u8(&w, VERSION);
    say(a, &w, span_of(a->credential.bytes, a->credential.n));
    enter_credential(a, instant_add(now, a->cfg.open_timeout_us));
    return OK;
}

/* Evidence and what it must be bound to; accepted results are kept. */
static enum err appraise(struct attest *a, const struct response *r, bool is_opened)
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
    TRY(ask_judge(a, &evidence, binding, is_opened));
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

static void conclude(struct attest *a, enum err e)
{
    if (e == OK && a->result.level < a->cfg.level_min) {
        finish(a, ATTEST_REFUSED, ERR_DENIED, "attest: the level is too low");
        return;
    }
    finish(a, e == OK ? ATTEST_ACCEPTED : ATTEST_REFUSED, e,
           e == OK ? NULL : appraisal_step_text(a->result.failed));
}

/* A response by the session key, for this connection, and in time. */
static enum err check_live(struct attest *a, const struct response *r)
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
    return OK;
}

/* What came of it is the outcome, not a fault of the stream. */
static void judge(struct attest *a, const struct response *r, struct span message, instant now)
{
    if (check_live(a, r) != OK) {
        return;
    }
    enum err e = appraise(a, r, false);
    bool has_asked = a->head_len > 0 && a->sent == a->head_len;
    if (e != OK && a->cfg.judge->challenge && has_asked && evidence_lacks_activation(&a->result) &&
        challenge(a, message, r->evidence, now) == OK) {
        return;
    }
    conclude(a, e);
}

static enum err read_response(struct response *ret, struct rd *r)
{
    struct response m = {0};
    m.issued.s = rd_be64(r);
    m.session_key = rd_bytes(r, sizeof(struct ed25519_public));
    m.signature = rd_bytes(r, 64);
    m.evidence = rd_rest(r);
    if (!rd_ok(r)) {
        return ERR_MALFORMED;
    }
    *ret = m;
    return OK;
}

static enum err refuse_activation(struct attest *a, enum err e, const char *rule)
{
    finish(a, ATTEST_REFUSED, e, rule);
    return appraisal_fail(&a->result, e, STEP_KEY_ORIGIN, PART_EVIDENCE, 0);
}

static enum err check_opened(struct attest *a, uint8_t status, struct span secret)
{
    if (status == STATUS_NOT_OPENED) {
        return refuse_activation(a, ERR_AUTH, "attest: its TPM does not open the credential");
    }
    if (status == STATUS_BUSY) {
        return refuse_activation(a, ERR_LIMIT, "attest: its TPM is busy");
    }
    if (!ct_equal(secret, SPAN_OF(a->secret.bytes))) {
        return refuse_activation(a, ERR_AUTH, "attest: not the secret of the credential");
    }
    return OK;
}

static enum err hear_opened(struct attest *a, struct span message)
{
    struct response m;
    struct rd r = rd_init(message);
    uint8_t version = rd_u8(&r);
    uint8_t status = rd_u8(&r);
    struct span secret = rd_rest(&r);
    size_t want = status == STATUS_OK ? sizeof a->secret.bytes : 0;
    if (!rd_ok(&r) || version != VERSION || status > STATUS_BUSY || secret.n != want) {
        return broken(a, ERR_MALFORMED, "attest: not the answer to a credential");
    }
    if (check_opened(a, status, secret) != OK) {
        return OK;
    }
    struct rd kept = rd_init(span_from(buf_span(&a->kept), 2)); /* behind version and status */
    if (BUG(read_response(&m, &kept) != OK)) {
        return ERR_INTERNAL;
    }
    conclude(a, appraise(a, &m, true));
    return OK;
}

static enum err hear_response(struct attest *a, struct span message, instant now)
{
    struct rd r = rd_init(message);
    struct response m;
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
    if (read_response(&m, &r) != OK) {
        return broken(a, ERR_MALFORMED, "attest: not a response");
    }
    judge(a, &m, message, now);
    return OK;
}

/* ---- both ---- */

static enum err hear(struct attest *a, struct span message, instant now)
{
    bool is_first = a->stage == ATTEST_STAGE_ASKED;
    if (a->cfg.is_verifier) {
        return is_first ? hear_response(a, message, now) : hear_opened(a, message);
    }
    return is_first ? answer(a, message) : hear_credential(a, message, now);
}

void attest_fin(struct attest *a)
{
    if (a->stage != ATTEST_STAGE_CREDENTIAL) {
        return; /* what was asked is still answered, or the stream's end tells */
    }
    if (a->cfg.is_verifier) {
        (void)broken(a, ERR_CLOSED, "attest: the credential was not opened");
    } else {
        finish(a, ATTEST_ACCEPTED, OK, NULL); /* it needed none */
    }
}

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
        TRY(hear(a, message, now));
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
        said(a, now);
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
        bool is_second = a->cfg.is_verifier && a->stage == ATTEST_STAGE_CREDENTIAL;
        finish(a, ATTEST_BROKEN, ERR_TIMEOUT,
               is_second ? "attest: the credential was not opened in time"
                         : "attest: no answer in time");
    }
}

void attest_done(struct attest *a)
{
    frame_reader_done(&a->reader);
    buf_done(&a->kept);
    wipe(mspan_of(a, sizeof *a));
}
