/* Keeping copies of the sealed vault with servers. */
#include "node/daemon/copies_inside.h"

#include "base/check.h"
#include "base/rd.h"
#include "codec/protobuf.h"

#include <string.h>

enum {
    FIELD_GENERATION = 1,
    FIELD_HOLDER = 2,
    HOLDER_PEER = 1,
    HOLDER_UNTIL = 2,
    RECORD_LEN_MAX = 512
};

/* ---- records ---- */

static uint64_t now_s(struct wallet_time t)
{
    return t.unix_ms / 1000;
}

MUST_CHECK static enum err holder_read(struct copies_holder *ret, struct span bytes)
{
    struct protobuf_reader r = protobuf_read(bytes);
    struct protobuf_field f;
    struct span id;
    bool has_peer = false;
    *ret = (struct copies_holder){0};
    while (protobuf_next(&r, &f)) {
        if (f.number == HOLDER_PEER) {
            TRY(protobuf_get_bytes(&id, &f));
            TRY(peer_id_decode(&ret->peer, id));
            has_peer = true;
        } else if (f.number == HOLDER_UNTIL) {
            TRY(protobuf_get_u64(&ret->until_s, &f));
        }
    }
    TRY(protobuf_end(&r));
    return has_peer ? OK : ERR_MALFORMED;
}

MUST_CHECK static enum err record_read(struct copies_record *ret, struct span bytes)
{
    struct protobuf_reader r = protobuf_read(bytes);
    struct protobuf_field f;
    struct span holder;
    *ret = (struct copies_record){0};
    while (protobuf_next(&r, &f)) {
        if (f.number == FIELD_GENERATION) {
            TRY(protobuf_get_u64(&ret->generation, &f));
        } else if (f.number == FIELD_HOLDER && ret->count < COPIES_WANTED) {
            TRY(protobuf_get_bytes(&holder, &f));
            TRY(holder_read(&ret->holders[ret->count], holder));
            ret->count++;
        }
    }
    return protobuf_end(&r);
}

static void
record_load(const struct copies *c, struct copies_record *ret, const struct hash32 *locator)
{
    AUTO(buf_done) struct buf bytes;
    buf_init(&bytes, c->cfg.budget, STORE_VALUE_LEN_MAX);
    enum err e = c->cfg.store->get(c->cfg.store, STORE_COPY, SPAN_OF(locator->bytes), &bytes);
    if (e != OK || record_read(ret, buf_span(&bytes)) != OK) {
        *ret = (struct copies_record){0}; /* then they are brought anew */
    }
}

static void record_save(struct copies *c, const struct copies_job *job)
{
    AUTO(buf_done) struct buf bytes;
    buf_init(&bytes, c->cfg.budget, RECORD_LEN_MAX);
    struct wr w = wr_init_buf(&bytes);
    protobuf_write_varint(&w, FIELD_GENERATION, job->record.generation);
    for (size_t i = 0; i < job->record.count; i++) {
        uint8_t room[PEER_ID_LEN_MAX + 16];
        struct wr h = wr_init(MSPAN_OF(room));
        protobuf_write_bytes(&h, HOLDER_PEER, peer_id_span(&job->record.holders[i].peer));
        protobuf_write_varint(&h, HOLDER_UNTIL, job->record.holders[i].until_s);
        check(wr_ok(&h));
        protobuf_write_bytes(&w, FIELD_HOLDER, span_of(room, h.n));
    }
    if (wr_end(&w) != OK || c->cfg.store->put(c->cfg.store, STORE_COPY, SPAN_OF(job->locator.bytes),
                                              buf_span(&bytes)) != OK) {
        log_line(c->cfg.log, LOG_WARN, "copies", "who keeps the vault could not be written down");
    }
}

static size_t
count_of(const struct copies_record *r, uint64_t now, uint64_t generation, uint64_t *ret_until_s)
{
    size_t count = 0;
    *ret_until_s = 0;
    if (r->generation != generation) {
        return 0;
    }
    for (size_t i = 0; i < r->count; i++) {
        uint64_t until_s = r->holders[i].until_s;
        if (until_s <= now) {
            continue;
        }
        count++;
        *ret_until_s = *ret_until_s == 0 || until_s < *ret_until_s ? until_s : *ret_until_s;
    }
    return count;
}

size_t copies_known(const struct copies *c,
                    struct wallet_time t,
                    uint64_t generation,
                    uint64_t *ret_until_s)
{
    AUTO(buf_done) struct buf key;
    AUTO(buf_done) struct buf bytes;
    struct hash32 after;
    struct span from = SPAN_EMPTY;
    size_t fewest = 0;
    bool is_first = true;
    buf_init(&key, c->cfg.budget, STORE_KEY_LEN_MAX);
    buf_init(&bytes, c->cfg.budget, STORE_VALUE_LEN_MAX);
    *ret_until_s = 0;
    while (c->cfg.store->next(c->cfg.store, STORE_COPY, from, &key, &bytes) == OK) {
        struct copies_record r;
        uint64_t until_s = 0;
        bool is_good = key.n == sizeof after.bytes && record_read(&r, buf_span(&bytes)) == OK;
        size_t count = is_good ? count_of(&r, now_s(t), generation, &until_s) : 0;
        if (is_first || count < fewest) {
            fewest = count;
            *ret_until_s = until_s;
        }
        is_first = false;
        if (!is_good) {
            break;
        }
        (void)span_copy(MSPAN_OF(after.bytes), buf_span(&key));
        from = SPAN_OF(after.bytes);
        buf_clear(&key);
        buf_clear(&bytes);
    }
    return fewest;
}

/* ---- jobs ---- */

static void job_free(struct copies_job *job)
{
    buf_done(&job->message);
    *job = (struct copies_job){0};
}

/* That of this locator, else a free one, else the first. */
static struct copies_job *job_place(struct copies *c, const struct hash32 *locator)
{
    struct copies_job *place = NULL;
    for (size_t i = 0; i < COPIES_JOBS_MAX; i++) {
        struct copies_job *job = &c->jobs[i];
        if (job->is_used && span_equal(SPAN_OF(job->locator.bytes), SPAN_OF(locator->bytes))) {
            return job;
        }
        place = !place && !job->is_used ? job : place;
    }
    return place ? place : &c->jobs[0];
}

static bool is_fresh(const struct copies_holder *h, struct wallet_time t)
{
    return h->until_s > now_s(t) + COPIES_RENEW_S;
}

/* Holders whose time runs out are asked again, like those of an older copy. */
static void
sort_holders(struct copies_job *job, const struct copies_record *known, struct wallet_time t)
{
    bool is_same = known->generation == job->generation;
    job->record = (struct copies_record){.generation = job->generation};
    job->before = (struct copies_record){0};
    for (size_t i = 0; i < known->count; i++) {
        const struct copies_holder *h = &known->holders[i];
        struct copies_record *to = is_same && is_fresh(h, t) ? &job->record : &job->before;
        to->holders[to->count++] = *h;
    }
}

enum err copies_keep(struct copies *c, struct wallet_time t, struct span put)
{
    struct capsule_put p;
    struct copies_record known;
    TRY(capsule_put_decode(&p, put));
    struct copies_job *job = job_place(c, &p.locator);
    uint64_t generation = capsule_generation(p.capsule);
    bool is_known = job->is_used && job->generation == generation &&
                    span_equal(SPAN_OF(job->locator.bytes), SPAN_OF(p.locator.bytes));
    if (is_known) {
        return OK;
    }
    job_free(job);
    job->is_used = true;
    job->locator = p.locator;
    job->generation = generation;
    job->at = t.mono;
    buf_init(&job->message, c->cfg.budget, COPY_PUT_LEN_MAX);
    enum err e = buf_append(&job->message, put);
    if (e != OK) {
        job_free(job);
        return e;
    }
    record_load(c, &known, &p.locator);
    sort_holders(job, &known, t);
    copies_tick(c, t);
    return OK;
}

void copies_refresh(struct copies *c, struct wallet_time t, struct span capsule)
{
    for (size_t i = 0; i < COPIES_JOBS_MAX; i++) {
        AUTO(buf_done) struct buf old;
        AUTO(buf_done) struct buf fresh;
        struct capsule_put p;
        buf_init(&old, c->cfg.budget, COPY_PUT_LEN_MAX);
        buf_init(&fresh, c->cfg.budget, COPY_PUT_LEN_MAX);
        if (!c->jobs[i].is_used || buf_append(&old, buf_span(&c->jobs[i].message)) != OK ||
            BUG(capsule_put_decode(&p, buf_span(&old)) != OK)) {
            continue;
        }
        p.capsule = capsule;
        if (capsule_put_encode(&p, &fresh) != OK || copies_keep(c, t, buf_span(&fresh)) != OK) {
            log_line(c->cfg.log, LOG_DEBUG, "copies", "no memory to renew a copy now");
        }
    }
}

static bool has_tried(const struct copies_job *job, const struct peer_id *peer)
{
    for (size_t i = 0; i < job->tried_count; i++) {
        if (peer_id_equal(&job->tried[i], peer)) {
            return true;
        }
    }
    return false;
}

/* Whoever has an older copy, then others. Those that have this one count as tried. */
static bool
next_peer(struct copies *c, struct wallet_time t, struct copies_job *job, struct peer_id *ret)
{
    struct peer_id those[COPIES_TRIED_MAX + COPIES_WANTED];
    size_t count = 0;
    for (size_t i = 0; i < job->before.count; i++) {
        if (!has_tried(job, &job->before.holders[i].peer)) {
            *ret = job->before.holders[i].peer;
            return true;
        }
    }
    for (size_t i = 0; i < job->tried_count; i++) {
        those[count++] = job->tried[i];
    }
    for (size_t i = 0; i < job->record.count; i++) {
        those[count++] = job->record.holders[i].peer;
    }
    return c->cfg.find(c->cfg.user, t, ret, those, count);
}

/* A round is over: from the beginning, later. */
static void rest(struct copies_job *job, struct wallet_time t)
{
    job->tried_count = 0;
    job->at = instant_add(t.mono, COPIES_RETRY_MS * US_PER_MS);
}

static void work(struct copies *c, struct wallet_time t, struct copies_job *job)
{
    while (job->tag == 0 && job->record.count < COPIES_WANTED) {
        if (job->tried_count == COPIES_TRIED_MAX || !next_peer(c, t, job, &job->asked)) {
            rest(job, t);
            return;
        }
        job->tried[job->tried_count++] = job->asked;
        const struct copies_ask ask = {.tag = copies_tag(c),
                                       .peer = &job->asked,
                                       .type = SERVICE_CAPSULE_PUT,
                                       .body = buf_span(&job->message)};
        if (c->cfg.ask(c->cfg.user, t, &ask) == OK) {
            job->tag = ask.tag;
        }
    }
    job->at = INSTANT_NEVER;
}

static void took(struct copies *c, struct copies_job *job, uint64_t until_s)
{
    struct copies_record *r = &job->record;
    r->holders[r->count++] = (struct copies_holder){.peer = job->asked, .until_s = until_s};
    record_save(c, job);
    c->cfg.taken(c->cfg.user);
    if (r->count == COPIES_WANTED) {
        log_line(c->cfg.log, LOG_INFO, "copies", "%d servers keep the sealed vault", COPIES_WANTED);
    }
}

/* A holder of an older copy that refuses keeps it: it is asked again with the next change. */
static bool answered_job(struct copies *c, struct wallet_time t, const struct copies_answer *a)
{
    for (size_t i = 0; i < COPIES_JOBS_MAX; i++) {
        struct copies_job *job = &c->jobs[i];
        if (!job->is_used || job->tag != a->tag) {
            continue;
        }
        struct rd r = rd_init(a->body);
        uint64_t until_s = rd_be64(&r);
        job->tag = 0;
        if (a->err == OK && rd_end(&r)) {
            took(c, job, until_s);
        }
        work(c, t, job);
        return true;
    }
    return false;
}

/* ---- both ---- */

uint64_t copies_tag(struct copies *c)
{
    return ++c->next_tag;
}

void copies_init(struct copies *c, const struct copies_cfg *cfg)
{
    *c = (struct copies){.cfg = *cfg, .until = INSTANT_NEVER};
}

void copies_done(struct copies *c)
{
    for (size_t i = 0; i < COPIES_JOBS_MAX; i++) {
        job_free(&c->jobs[i]);
    }
    copies_forget(c);
}

void copies_answered(struct copies *c, struct wallet_time t, const struct copies_answer *a)
{
    if (a->tag == 0 || answered_job(c, t, a)) {
        return;
    }
    copies_found_answered(c, t, a);
}

void copies_tick(struct copies *c, struct wallet_time t)
{
    for (size_t i = 0; i < COPIES_JOBS_MAX; i++) {
        struct copies_job *job = &c->jobs[i];
        if (job->is_used && instant_reached(job->at, t.mono)) {
            work(c, t, job);
        }
    }
    copies_find_tick(c, t);
}

instant copies_deadline(const struct copies *c)
{
    instant at = c->stage == COPIES_IDLE ? INSTANT_NEVER : c->until;
    for (size_t i = 0; i < COPIES_JOBS_MAX; i++) {
        if (c->jobs[i].is_used) {
            at = instant_min(at, c->jobs[i].at);
        }
    }
    return at;
}
