/* The client workflow: TUF specification 1.0.34, sections 5.1 to 5.6.6. Each step is a function that an answer ends; it decides and
 * leaves the next question in the queue. The search through delegations is in tuf_search.c. */
#include "plugin/tuf_client.h"

#include "base/check.h"
#include "base/mem.h"
#include "codec/decimal.h"
#include "plugin/tuf_inside.h"

#include <string.h>

struct tuf_cfg tuf_cfg_default(walltime start)
{
    return (struct tuf_cfg){
        .start = start,
        .root_len_max = 512000,
        .timestamp_len_max = 16384,
        .snapshot_len_max = 2000000,
        .targets_len_max = 5000000,
        .rotations_max = 256,
        .delegations_max = TUF_DELEGATIONS_MAX,
    };
}

void tuf_doc_done(struct tuf_doc *doc)
{
    buf_done(&doc->raw);
    memset(doc, 0, sizeof *doc);
}

static size_t max(size_t a, size_t b)
{
    return a > b ? a : b;
}

void tuf_fail(struct tuf_client *c, enum tuf_code code, struct diag why, struct span role)
{
    c->step = TUF_STEP_FAILED;
    c->fault = (struct tuf_fault){.code = code, .why = why};
    (void)span_copy(mspan_of(c->fault.role, sizeof c->fault.role - 1), role);
    c->is_asking = false;
    tuf_push(c, TUF_EVENT_FAILED, SPAN_EMPTY, SPAN_EMPTY);
}

static void fail(struct tuf_client *c, enum tuf_code code, struct diag why)
{
    tuf_fail(c, code, why, SPAN_EMPTY);
}

void tuf_push(struct tuf_client *c, enum tuf_event_type type, struct span name, struct span bytes)
{
    check(c->events_count < sizeof c->events / sizeof c->events[0]);
    if (c->events_count == 0) {
        c->events_first = 0;
    }
    struct tuf_event *e = &c->events[c->events_first + c->events_count];
    check(e < c->events + sizeof c->events / sizeof c->events[0]);
    c->events_count++;
    memset(e, 0, sizeof *e);
    e->type = type;
    e->bytes = bytes;
    check(name.n < sizeof e->name);
    (void)span_copy(mspan_of(e->name, sizeof e->name - 1), name);
}

void tuf_ask(struct tuf_client *c, enum tuf_event_type type, struct span name, size_t len_max)
{
    tuf_push(c, type, name, SPAN_EMPTY);
    c->events[c->events_first + c->events_count - 1].len_max = len_max;
    c->is_asking = true;
    c->is_over = false;
    c->body_len_max = len_max;
    buf_clear(&c->body);
}

static bool is_unreserved(uint8_t b)
{
    return (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') || (b >= '0' && b <= '9') || b == '_' ||
           b == '.' || b == '-' || b == '~';
}

static void write_escaped(struct wr *w, struct span text)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.n; i++) {
        if (is_unreserved(text.p[i])) {
            wr_u8(w, text.p[i]);
            continue;
        }
        wr_u8(w, '%');
        wr_u8(w, (uint8_t)digits[text.p[i] >> 4]);
        wr_u8(w, (uint8_t)digits[text.p[i] & 15]);
    }
}

struct tuf_file_name tuf_file_name(struct span role, uint64_t version)
{
    struct tuf_file_name name;
    struct wr w = wr_init(mspan_of(name.room, sizeof name.room - 1));
    if (version > 0) {
        decimal_print(&w, version);
        wr_u8(&w, '.');
    } else if (role.n > 0 && role.p[0] == '.') { /* no hidden file */
        wr_str(&w, "%2E");
        (void)span_take(&role, 1);
    }
    write_escaped(&w, role);
    wr_str(&w, ".json");
    name.n = wr_ok(&w) ? w.n : 0;
    return name;
}

static struct tuf_file_name file_of(enum tuf_role role, uint64_t version)
{
    return tuf_file_name(span_str(tuf_role_name(role)), version);
}

static void ask(struct tuf_client *c, enum tuf_role role, size_t len_max)
{
    struct tuf_file_name name = file_of(role, 0);
    tuf_ask(c, TUF_EVENT_ASK_LOCAL, span_of(name.room, name.n), len_max);
}

static void ask_remote(struct tuf_client *c, enum tuf_role role, uint64_t version, size_t len_max)
{
    struct tuf_file_name name = file_of(role, version);
    tuf_ask(c, TUF_EVENT_ASK_REMOTE, span_of(name.room, name.n), len_max);
}

static void store(struct tuf_client *c, enum tuf_role role, const struct tuf_doc *doc)
{
    struct tuf_file_name name = file_of(role, 0);
    tuf_push(c, TUF_EVENT_STORE, span_of(name.room, name.n), buf_span(&doc->raw));
    c->is_changed = true;
}

static void forget(struct tuf_client *c, enum tuf_role role)
{
    struct tuf_file_name name = file_of(role, 0);
    tuf_push(c, TUF_EVENT_REMOVE, span_of(name.room, name.n), SPAN_EMPTY);
}

void tuf_take_body(struct tuf_client *c, struct tuf_doc *ret_doc)
{
    tuf_doc_done(ret_doc);
    ret_doc->raw = c->body;
    ret_doc->is_set = true;
    buf_init(&c->body, &c->budget, c->body.max);
}

static bool has_expired(const struct tuf_client *c, const struct tuf_metadata *m)
{
    return m->expires.s <= c->cfg.start.s;
}

uint64_t tuf_version_asked(const struct tuf_client *c, uint64_t listed)
{
    return tuf_flag(c->root.m.body, "consistent_snapshot") ? listed : 0;
}

size_t tuf_listed_len_max(const struct tuf_listing *listing, size_t len_max)
{
    return listing->has_length && listing->length < len_max ? (size_t)listing->length : len_max;
}

static bool is_as_listed(const struct tuf_listing *listing, struct span bytes)
{
    return (!listing->has_length || listing->length == bytes.n) &&
           (listing->hashes.type == JSON_NULL || tuf_listing_hashes_hold(listing, bytes));
}

static bool listing_of(struct tuf_listing *ret, const struct tuf_metadata *m, struct span name)
{
    struct json meta;
    return json_find(&meta, m->body, "meta") && tuf_listing_find(ret, meta, name);
}

static struct tuf_listing listed_snapshot(const struct tuf_client *c)
{
    struct tuf_listing l;
    bool is_there = listing_of(&l, &c->timestamp.m, SPAN_LIT("snapshot.json"));
    check(is_there); /* tuf_metadata_parse saw to it */
    return l;
}

bool tuf_snapshot_find(const struct tuf_client *c, struct tuf_listing *ret, struct span role)
{
    uint8_t room[TUF_ROLE_NAME_MAX + 32];
    struct wr w = wr_init(MSPAN_OF(room));
    wr_bytes(&w, role);
    wr_str(&w, ".json");
    return wr_ok(&w) && listing_of(ret, &c->snapshot.m, span_of(room, w.n));
}

/* 5.2: the trusted root. Its expiry does not matter here. */
static void end_local_root(struct tuf_client *c, enum tuf_answer answer)
{
    struct tuf_metadata m;
    struct diag why = {.rule = "it is not there"};
    if (answer != TUF_ANSWER_WHOLE ||
        tuf_metadata_parse(&m, TUF_ROOT, buf_span(&c->body), &c->work, &why) != OK ||
        tuf_metadata_verify(&m, tuf_signers_of(&m, TUF_ROOT), &c->work, &why) != OK) {
        fail(c, TUF_ROOT_TRUSTED, why);
        return;
    }
    tuf_take_body(c, &c->root);
    c->root.m = m;
    c->step = TUF_STEP_ROOT;
    ask_remote(c, TUF_ROOT, m.version + 1, c->cfg.root_len_max);
}

/* 5.3.10 to 5.3.12: no further root. */
static void end_rotation(struct tuf_client *c)
{
    /* SPEC tuf §"5.3.10": the last root must not have expired; those on the way to it may. */
    if (has_expired(c, &c->root.m)) {
        fail(c, TUF_ROOT_EXPIRED, (struct diag){0});
        return;
    }
    c->step = TUF_STEP_LOCAL_TIMESTAMP;
    ask(c, TUF_TIMESTAMP, c->cfg.timestamp_len_max);
}

static enum tuf_code accept_root(struct tuf_client *c, struct tuf_metadata *ret, struct diag *why)
{
    struct tuf_metadata m;
    if (tuf_metadata_parse(&m, TUF_ROOT, buf_span(&c->body), &c->work, why) != OK) {
        return TUF_ROOT_FORMAT;
    }
    /* SPEC tuf §"5.3.4": a new root is signed by a threshold of the old one's keys and of its own. */
    if (tuf_metadata_verify(&m, tuf_signers_of(&c->root.m, TUF_ROOT), &c->work, why) != OK) {
        return TUF_ROOT_SIGNED_BY_OLD;
    }
    if (tuf_metadata_verify(&m, tuf_signers_of(&m, TUF_ROOT), &c->work, why) != OK) {
        return TUF_ROOT_SIGNED_BY_NEW;
    }
    /* SPEC tuf §"5.3.5": its version is exactly the next one. */
    if (m.version != c->root.m.version + 1) {
        return TUF_ROOT_VERSION;
    }
    *ret = m;
    return TUF_OK;
}

/* SPEC tuf §"5.3.11": after a change of their keys the timestamp and the snapshot are forgotten, so that one who set their versions very high
 * with stolen keys has gained nothing. They go before the new root is stored: a crash in between must not keep them. */
static void forget_rotated(struct tuf_client *c, const struct tuf_metadata *next)
{
    bool is_rotated = false;
    static const enum tuf_role roles[] = {TUF_TIMESTAMP, TUF_SNAPSHOT};
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        is_rotated = is_rotated || !tuf_signers_equal(tuf_signers_of(&c->root.m, roles[i]),
                                                      tuf_signers_of(next, roles[i]));
    }
    if (is_rotated) {
        forget(c, TUF_TIMESTAMP);
        forget(c, TUF_SNAPSHOT);
    }
}

/* 5.3.3 to 5.3.9: one more root. */
static void end_root(struct tuf_client *c, enum tuf_answer answer)
{
    struct tuf_metadata m = {0};
    struct diag why = {0};
    if (answer == TUF_ANSWER_ABSENT) {
        end_rotation(c);
        return;
    }
    enum tuf_code code = answer == TUF_ANSWER_WHOLE ? accept_root(c, &m, &why) : TUF_ROOT_FETCH;
    if (code != TUF_OK) {
        fail(c, code, why);
        return;
    }
    forget_rotated(c, &m);
    tuf_take_body(c, &c->root);
    c->root.m = m;
    store(c, TUF_ROOT, &c->root);
    c->rotations++;
    if (c->rotations == c->cfg.rotations_max) { /* the rest comes with the next update */
        end_rotation(c);
        return;
    }
    ask_remote(c, TUF_ROOT, m.version + 1, c->cfg.root_len_max);
}

/* A stored timestamp counts if the present root's keys signed it; that it has expired does not matter for comparing versions. */
static void end_local_timestamp(struct tuf_client *c, enum tuf_answer answer)
{
    struct tuf_metadata m;
    if (answer == TUF_ANSWER_WHOLE &&
        tuf_metadata_parse(&m, TUF_TIMESTAMP, buf_span(&c->body), &c->work, NULL) == OK &&
        tuf_metadata_verify(&m, tuf_signers_of(&c->root.m, TUF_TIMESTAMP), &c->work, NULL) == OK) {
        tuf_take_body(c, &c->timestamp);
        c->timestamp.m = m;
    }
    c->step = TUF_STEP_TIMESTAMP;
    ask_remote(c, TUF_TIMESTAMP, 0, c->cfg.timestamp_len_max);
}

static enum tuf_code check_timestamp_versions(const struct tuf_client *c,
                                              const struct tuf_metadata *m)
{
    struct tuf_listing now;
    if (!c->timestamp.is_set) {
        return TUF_OK;
    }
    /* SPEC tuf §"5.4.3.1": the version never goes down. */
    if (m->version < c->timestamp.m.version) {
        return TUF_TIMESTAMP_VERSION;
    }
    /* SPEC tuf §"5.4.3.2": nor does that of the snapshot that it names. */
    bool is_same = m->version == c->timestamp.m.version;
    if (!is_same && (!listing_of(&now, m, SPAN_LIT("snapshot.json")) ||
                     now.version < listed_snapshot(c).version)) {
        return TUF_TIMESTAMP_SNAPSHOT;
    }
    return TUF_OK;
}

static enum tuf_code accept_timestamp(struct tuf_client *c, struct diag *why)
{
    struct tuf_metadata m;
    if (tuf_metadata_parse(&m, TUF_TIMESTAMP, buf_span(&c->body), &c->work, why) != OK) {
        return TUF_TIMESTAMP_FORMAT;
    }
    /* SPEC tuf §"5.4.2": a threshold of the root's timestamp keys signed it. */
    if (tuf_metadata_verify(&m, tuf_signers_of(&c->root.m, TUF_TIMESTAMP), &c->work, why) != OK) {
        return TUF_TIMESTAMP_SIGNED;
    }
    enum tuf_code code = check_timestamp_versions(c, &m);
    if (code != TUF_OK) {
        return code;
    }
    /* Of the same version: the stored one stays, and is what must not have expired. */
    bool is_new = !c->timestamp.is_set || m.version > c->timestamp.m.version;
    /* SPEC tuf §"5.4.4": an expired timestamp is a freeze attack. */
    if (has_expired(c, is_new ? &m : &c->timestamp.m)) {
        return TUF_TIMESTAMP_EXPIRED;
    }
    if (is_new) {
        tuf_take_body(c, &c->timestamp);
        c->timestamp.m = m;
        store(c, TUF_TIMESTAMP, &c->timestamp);
    }
    return TUF_OK;
}

static void end_timestamp(struct tuf_client *c, enum tuf_answer answer)
{
    struct diag why = {0};
    enum tuf_code code =
        answer == TUF_ANSWER_WHOLE ? accept_timestamp(c, &why) : TUF_TIMESTAMP_FETCH;
    if (code != TUF_OK) {
        fail(c, code, why);
        return;
    }
    c->step = TUF_STEP_LOCAL_SNAPSHOT;
    ask(c, TUF_SNAPSHOT, c->cfg.snapshot_len_max);
}

static void begin_targets(struct tuf_client *c)
{
    struct tuf_listing l;
    if (!tuf_snapshot_find(c, &l, SPAN_LIT("targets"))) {
        tuf_fail(c, TUF_TARGETS_UNLISTED, (struct diag){0}, SPAN_LIT("targets"));
        return;
    }
    c->step = TUF_STEP_LOCAL_TARGETS;
    ask(c, TUF_TARGETS, c->cfg.targets_len_max);
}

/* The stored snapshot: what later ones must not fall behind, and the present one itself if the timestamp still names it. */
static void end_local_snapshot(struct tuf_client *c, enum tuf_answer answer)
{
    struct tuf_metadata m;
    struct tuf_listing listed = listed_snapshot(c);
    if (answer == TUF_ANSWER_WHOLE &&
        tuf_metadata_parse(&m, TUF_SNAPSHOT, buf_span(&c->body), &c->work, NULL) == OK &&
        tuf_metadata_verify(&m, tuf_signers_of(&c->root.m, TUF_SNAPSHOT), &c->work, NULL) == OK) {
        tuf_take_body(c, &c->snapshot);
        c->snapshot.m = m;
        if (m.version == listed.version && is_as_listed(&listed, buf_span(&c->snapshot.raw)) &&
            !has_expired(c, &m)) {
            begin_targets(c);
            return;
        }
    }
    c->step = TUF_STEP_SNAPSHOT;
    ask_remote(c, TUF_SNAPSHOT, tuf_version_asked(c, listed.version),
               tuf_listed_len_max(&listed, c->cfg.snapshot_len_max));
}

/* Looks at the next member first: both documents mostly have the same order. */
static bool
find_near(struct json_iter *near, struct json_iter all, struct json name, struct json *ret)
{
    struct json key;
    struct json_iter *its[] = {near, &all};
    for (size_t i = 0; i < 2; i++) {
        while (json_next(its[i], &key, ret)) {
            if (span_equal(key.raw, name.raw)) {
                return true;
            }
            if (i == 0) {
                break;
            }
        }
    }
    return false;
}

/* SPEC tuf §"5.5.5": no role that was listed is missing, and no version goes down. */
static enum tuf_code check_snapshot_versions(const struct tuf_client *c,
                                             const struct tuf_metadata *m)
{
    struct json before;
    struct json now;
    struct json name;
    struct json old;
    if (!c->snapshot.is_set || !json_find(&before, c->snapshot.m.body, "meta") ||
        !json_find(&now, m->body, "meta")) {
        return TUF_OK;
    }
    struct json_iter it = json_iterate(before);
    struct json_iter near = json_iterate(now);
    while (json_next(&it, &name, &old)) {
        struct json entry;
        if (!find_near(&near, json_iterate(now), name, &entry)) {
            return TUF_SNAPSHOT_MISSING;
        }
        if (tuf_number(entry, "version") < tuf_number(old, "version")) {
            return TUF_SNAPSHOT_ROLLBACK;
        }
    }
    return TUF_OK;
}

static enum tuf_code accept_snapshot(struct tuf_client *c, struct diag *why)
{
    struct tuf_metadata m;
    struct tuf_listing listed = listed_snapshot(c);
    /* SPEC tuf §"5.5.2": length and hashes, if the timestamp lists them, before anything is parsed. */
    if (!is_as_listed(&listed, buf_span(&c->body))) {
        return TUF_SNAPSHOT_HASH;
    }
    if (tuf_metadata_parse(&m, TUF_SNAPSHOT, buf_span(&c->body), &c->work, why) != OK) {
        return TUF_SNAPSHOT_FORMAT;
    }
    /* SPEC tuf §"5.5.3": a threshold of the root's snapshot keys signed it. */
    if (tuf_metadata_verify(&m, tuf_signers_of(&c->root.m, TUF_SNAPSHOT), &c->work, why) != OK) {
        return TUF_SNAPSHOT_SIGNED;
    }
    /* SPEC tuf §"5.5.4": it is of the version that the timestamp names. */
    if (m.version != listed.version) {
        return TUF_SNAPSHOT_VERSION;
    }
    enum tuf_code code = check_snapshot_versions(c, &m);
    if (code != TUF_OK) {
        return code;
    }
    /* SPEC tuf §"5.5.6": nor has it expired. */
    if (has_expired(c, &m)) {
        return TUF_SNAPSHOT_EXPIRED;
    }
    tuf_take_body(c, &c->snapshot);
    c->snapshot.m = m;
    store(c, TUF_SNAPSHOT, &c->snapshot);
    return TUF_OK;
}

static void end_snapshot(struct tuf_client *c, enum tuf_answer answer)
{
    struct diag why = {0};
    enum tuf_code code = answer == TUF_ANSWER_WHOLE ? accept_snapshot(c, &why) : TUF_SNAPSHOT_FETCH;
    if (code != TUF_OK) {
        fail(c, code, why);
        return;
    }
    begin_targets(c);
}

enum tuf_code tuf_accept_targets(struct tuf_client *c,
                                 struct tuf_doc *ret_doc,
                                 struct tuf_signers signers,
                                 const struct tuf_listing *listing,
                                 struct diag *why)
{
    struct tuf_metadata m;
    /* SPEC tuf §"5.6.2": length and hashes, if the snapshot lists them, before anything is parsed. */
    if (!is_as_listed(listing, buf_span(&c->body))) {
        return TUF_TARGETS_HASH;
    }
    if (tuf_metadata_parse(&m, TUF_TARGETS, buf_span(&c->body), &c->work, why) != OK) {
        return TUF_TARGETS_FORMAT;
    }
    /* SPEC tuf §"5.6.3": a threshold of the delegating role's keys signed it. */
    if (tuf_metadata_verify(&m, signers, &c->work, why) != OK) {
        return TUF_TARGETS_SIGNED;
    }
    /* SPEC tuf §"5.6.4": it is of the version that the snapshot names. */
    if (m.version != listing->version) {
        return TUF_TARGETS_VERSION;
    }
    /* SPEC tuf §"5.6.5": nor has it expired. */
    if (has_expired(c, &m)) {
        return TUF_TARGETS_EXPIRED;
    }
    tuf_take_body(c, ret_doc);
    ret_doc->m = m;
    return TUF_OK;
}

static enum tuf_code
accept_top_targets(struct tuf_client *c, struct tuf_listing *ret_listing, struct diag *why)
{
    if (!tuf_snapshot_find(c, ret_listing, SPAN_LIT("targets"))) {
        return TUF_TARGETS_UNLISTED;
    }
    return tuf_accept_targets(c, &c->targets, tuf_signers_of(&c->root.m, TUF_TARGETS), ret_listing,
                              why);
}

static void end_update(struct tuf_client *c)
{
    c->step = TUF_STEP_CURRENT;
    tuf_push(c, TUF_EVENT_DONE, SPAN_EMPTY, SPAN_EMPTY);
}

static void end_local_targets(struct tuf_client *c, enum tuf_answer answer)
{
    struct tuf_listing listing;
    struct diag why = {0};
    enum tuf_code code = accept_top_targets(c, &listing, &why);
    if (answer == TUF_ANSWER_WHOLE && code == TUF_OK) {
        end_update(c);
        return;
    }
    c->step = TUF_STEP_TARGETS;
    ask_remote(c, TUF_TARGETS, tuf_version_asked(c, listing.version),
               tuf_listed_len_max(&listing, c->cfg.targets_len_max));
}

static void end_targets(struct tuf_client *c, enum tuf_answer answer)
{
    struct tuf_listing listing;
    struct diag why = {0};
    enum tuf_code code =
        answer == TUF_ANSWER_WHOLE ? accept_top_targets(c, &listing, &why) : TUF_TARGETS_FETCH;
    if (code != TUF_OK) {
        tuf_fail(c, code, why, SPAN_LIT("targets"));
        return;
    }
    store(c, TUF_TARGETS, &c->targets);
    end_update(c);
}

static bool is_local_step(enum tuf_step step)
{
    return step == TUF_STEP_LOCAL_ROOT || step == TUF_STEP_LOCAL_TIMESTAMP ||
           step == TUF_STEP_LOCAL_SNAPSHOT || step == TUF_STEP_LOCAL_TARGETS ||
           step == TUF_STEP_LOCAL_DELEGATED;
}

/* What is wrong when more comes than may. */
static enum tuf_code cap_code(enum tuf_step step)
{
    switch (step) {
    case TUF_STEP_ROOT:            return TUF_ROOT_CAP;
    case TUF_STEP_TIMESTAMP:       return TUF_TIMESTAMP_CAP;
    case TUF_STEP_SNAPSHOT:        return TUF_SNAPSHOT_CAP;
    case TUF_STEP_TARGETS:
    case TUF_STEP_DELEGATED:       return TUF_TARGETS_CAP;
    case TUF_STEP_LOCAL_ROOT:
    case TUF_STEP_LOCAL_TIMESTAMP:
    case TUF_STEP_LOCAL_SNAPSHOT:
    case TUF_STEP_LOCAL_TARGETS:
    case TUF_STEP_LOCAL_DELEGATED:
    case TUF_STEP_CURRENT:
    case TUF_STEP_FAILED:          break;
    }
    return TUF_MEMORY;
}

static void end_step(struct tuf_client *c, enum tuf_answer answer)
{
    switch (c->step) {
    case TUF_STEP_LOCAL_ROOT:      end_local_root(c, answer); break;
    case TUF_STEP_ROOT:            end_root(c, answer); break;
    case TUF_STEP_LOCAL_TIMESTAMP: end_local_timestamp(c, answer); break;
    case TUF_STEP_TIMESTAMP:       end_timestamp(c, answer); break;
    case TUF_STEP_LOCAL_SNAPSHOT:  end_local_snapshot(c, answer); break;
    case TUF_STEP_SNAPSHOT:        end_snapshot(c, answer); break;
    case TUF_STEP_LOCAL_TARGETS:   end_local_targets(c, answer); break;
    case TUF_STEP_TARGETS:         end_targets(c, answer); break;
    case TUF_STEP_LOCAL_DELEGATED: tuf_search_local(c, answer); break;
    case TUF_STEP_DELEGATED:       tuf_search_remote(c, answer); break;
    case TUF_STEP_CURRENT:
    case TUF_STEP_FAILED:          break;
    }
}

enum err tuf_client_init(struct tuf_client *c, struct budget *budget, const struct tuf_cfg *cfg)
{
    memset(c, 0, sizeof *c);
    c->cfg = *cfg;
    check(cfg->delegations_max <= TUF_DELEGATIONS_MAX);
    budget_init(&c->budget, budget, "updates", SIZE_MAX);
    size_t len_max = max(max(cfg->root_len_max, cfg->timestamp_len_max),
                         max(cfg->snapshot_len_max, cfg->targets_len_max));
    void *stack;
    TRY(tuf_work_init(&c->work, &c->budget, len_max));
    if (mem_alloc(&c->budget, &stack, TUF_DELEGATION_STACK_MAX * sizeof *c->stack) != OK) {
        tuf_client_done(c);
        return ERR_LIMIT;
    }
    c->stack = stack;
    buf_init(&c->body, &c->budget, len_max);
    if (cfg->start.s < cfg->time_min.s) {
        fail(c, TUF_CLOCK, (struct diag){0});
        return OK;
    }
    ask(c, TUF_ROOT, cfg->root_len_max);
    return OK;
}

void tuf_client_done(struct tuf_client *c)
{
    if (!c->work.marks) {
        return;
    }
    struct tuf_doc *docs[] = {&c->root, &c->timestamp, &c->snapshot, &c->targets};
    for (size_t i = 0; i < sizeof docs / sizeof docs[0]; i++) {
        tuf_doc_done(docs[i]);
    }
    for (size_t i = 0; i < c->visits_count; i++) {
        tuf_doc_done(&c->visits[i].doc);
    }
    if (c->stack) {
        mem_free(&c->budget, c->stack, TUF_DELEGATION_STACK_MAX * sizeof *c->stack);
    }
    buf_done(&c->body);
    tuf_work_done(&c->work);
    budget_done(&c->budget);
    memset(c, 0, sizeof *c);
}

bool tuf_client_poll(struct tuf_client *c, struct tuf_event *ret_event)
{
    if (c->events_count == 0) {
        return false;
    }
    *ret_event = c->events[c->events_first++];
    c->events_count--;
    return true;
}

enum err tuf_client_recv(struct tuf_client *c, struct span in)
{
    if (!c->is_asking || c->events_count > 0) {
        return ERR_STATE;
    }
    c->bytes_fetched += is_local_step(c->step) ? 0 : in.n;
    if (c->is_over || in.n > c->body_len_max - c->body.n) {
        c->is_over = true;
        return ERR_LIMIT;
    }
    if (buf_append(&c->body, in) != OK) {
        fail(c, TUF_MEMORY, (struct diag){0});
        return ERR_LIMIT;
    }
    return OK;
}

enum err tuf_client_end(struct tuf_client *c, enum tuf_answer answer)
{
    if (c->step == TUF_STEP_FAILED) {
        return OK; /* memory ran out while receiving: poll tells */
    }
    if (!c->is_asking || c->events_count > 0) {
        return ERR_STATE;
    }
    c->is_asking = false;
    if (c->is_over && !is_local_step(c->step)) {
        fail(c, cap_code(c->step), (struct diag){0});
        return OK;
    }
    answer = c->is_over ? TUF_ANSWER_ABSENT : answer;
    if (answer != TUF_ANSWER_WHOLE) {
        buf_clear(&c->body);
    }
    end_step(c, answer);
    return OK;
}

const struct tuf_fault *tuf_client_fault(const struct tuf_client *c)
{
    return &c->fault;
}
