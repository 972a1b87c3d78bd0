/* Looking for a target: TUF specification 1.0.34, sections 5.6.7 and 5.7. A pre-order depth-first walk over the delegations, with an explicit
 * stack: what is on top is visited next. Every role is verified against the keys of whoever delegates to it now, stored or not. */
#include "plugin/tuf_client.h"

#include "base/check.h"
#include "codec/base16.h"
#include "plugin/tuf_inside.h"

#include <string.h>

static struct span path_of(const struct tuf_client *c)
{
    return span_of(c->path, c->path_len);
}

static void found(struct tuf_client *c, const struct tuf_listing *listing, struct span role)
{
    c->target = (struct tuf_target){.length = listing->length, .listing = *listing};
    (void)span_copy(mspan_of(c->target.role, sizeof c->target.role - 1), role);
    c->step = TUF_STEP_CURRENT;
    tuf_push(c, TUF_EVENT_FOUND, SPAN_EMPTY, SPAN_EMPTY);
}

/* A search that ends without a target leaves the metadata current. */
static void not_found(struct tuf_client *c)
{
    tuf_fail(c, TUF_TARGET_ABSENT, (struct diag){0}, SPAN_EMPTY);
    c->step = TUF_STEP_CURRENT;
}

/* Puts the delegations of m for the target on the stack, the first on top; ERR_LIMIT if there are too many. */
static enum err push_delegations(struct tuf_client *c, const struct tuf_metadata *m)
{
    struct tuf_delegation_iter it = tuf_delegation_first(m);
    size_t bottom = c->stack_count;
    struct tuf_delegation d;
    while (tuf_delegation_next(&it, &d, path_of(c))) {
        /* SPEC tuf §"5.6.7.2.1": behind a terminating delegation nothing is searched, also of the roles above. */
        if (d.is_terminating) {
            memmove(c->stack, c->stack + bottom, (c->stack_count - bottom) * sizeof *c->stack);
            c->stack_count -= bottom;
            bottom = 0;
        }
        if (c->stack_count == TUF_DELEGATION_STACK_MAX) {
            return ERR_LIMIT;
        }
        c->stack[c->stack_count++] = d;
        if (d.is_terminating) {
            break;
        }
    }
    for (size_t i = bottom, k = c->stack_count; i + 1 < k; i++) {
        k--;
        d = c->stack[i];
        c->stack[i] = c->stack[k];
        c->stack[k] = d;
    }
    return OK;
}

static bool is_visited(const struct tuf_client *c, struct span name)
{
    for (size_t i = 0; i < c->visits_count; i++) {
        if (span_equal(span_of(c->visits[i].name, c->visits[i].name_len), name)) {
            return true;
        }
    }
    return false;
}

static struct span name_of(const struct tuf_delegation *d)
{
    return span_of(d->name, d->name_len);
}

/* Goes on with what is on top of the stack. */
static void visit_next(struct tuf_client *c)
{
    while (c->stack_count > 0 && is_visited(c, name_of(&c->stack[c->stack_count - 1]))) {
        c->stack_count--;
    }
    if (c->stack_count == 0) {
        not_found(c);
        return;
    }
    struct span name = name_of(&c->stack[c->stack_count - 1]);
    /* SPEC tuf §"5.6.7.1": at most so many roles are visited for one target. */
    if (c->visits_count == c->cfg.delegations_max) {
        tuf_fail(c, TUF_DELEGATIONS_COUNT, (struct diag){0}, name);
        return;
    }
    struct tuf_file_name file = tuf_file_name(name, 0);
    struct tuf_listing listing;
    if (file.n == 0) {
        tuf_fail(c, TUF_DELEGATION_NAME, (struct diag){0}, name);
        return;
    }
    if (!tuf_snapshot_find(c, &listing, name)) {
        tuf_fail(c, TUF_TARGETS_UNLISTED, (struct diag){0}, name);
        return;
    }
    c->step = TUF_STEP_LOCAL_DELEGATED;
    tuf_ask(c, TUF_EVENT_ASK_LOCAL, span_of(file.room, file.n), c->cfg.targets_len_max);
}

/* Looks into a role that has been accepted. */
static void look_into(struct tuf_client *c, const struct tuf_metadata *m, struct span name)
{
    struct json targets;
    struct tuf_listing listing;
    if (json_find(&targets, m->body, "targets") &&
        tuf_listing_find(&listing, targets, path_of(c))) {
        found(c, &listing, name);
        return;
    }
    if (push_delegations(c, m) != OK) {
        tuf_fail(c, TUF_DELEGATIONS_COUNT, (struct diag){0}, name);
        return;
    }
    visit_next(c);
}

static void forget_search(struct tuf_client *c)
{
    for (size_t i = 0; i < c->visits_count; i++) {
        tuf_doc_done(&c->visits[i].doc);
    }
    c->visits_count = 0;
    c->stack_count = 0;
}

enum err tuf_client_search(struct tuf_client *c, struct span path)
{
    if (c->step != TUF_STEP_CURRENT || c->events_count > 0) {
        return ERR_STATE;
    }
    if (path.n > sizeof c->path) {
        return ERR_LIMIT;
    }
    forget_search(c);
    c->path_len = span_copy(MSPAN_OF(c->path), path);
    look_into(c, &c->targets.m, SPAN_LIT("targets"));
    return OK;
}

/* Accepts the body as the role on top of the stack, which then leaves it. */
static enum tuf_code accept_visit(struct tuf_client *c, struct diag *why)
{
    struct tuf_delegation *d = &c->stack[c->stack_count - 1];
    struct tuf_visit *v = &c->visits[c->visits_count];
    struct tuf_listing listing;
    bool is_listed = tuf_snapshot_find(c, &listing, name_of(d));
    check(is_listed); /* visit_next saw to it */
    memset(v, 0, sizeof *v);
    enum tuf_code code = tuf_accept_targets(c, &v->doc, d->signers, &listing, why);
    if (code == TUF_OK) {
        memcpy(v->name, d->name, d->name_len);
        v->name_len = d->name_len;
        c->visits_count++;
        c->stack_count--;
    }
    return code;
}

static void look_into_last(struct tuf_client *c)
{
    struct tuf_visit *v = &c->visits[c->visits_count - 1];
    look_into(c, &v->doc.m, span_of(v->name, v->name_len));
}

void tuf_search_local(struct tuf_client *c, enum tuf_answer answer)
{
    struct tuf_listing listing;
    struct diag why = {0};
    struct span name = name_of(&c->stack[c->stack_count - 1]);
    if (answer == TUF_ANSWER_WHOLE && accept_visit(c, &why) == TUF_OK) {
        look_into_last(c);
        return;
    }
    bool is_listed = tuf_snapshot_find(c, &listing, name);
    check(is_listed);
    struct tuf_file_name file = tuf_file_name(name, tuf_version_asked(c, listing.version));
    if (file.n == 0) {
        tuf_fail(c, TUF_DELEGATION_NAME, (struct diag){0}, name);
        return;
    }
    c->step = TUF_STEP_DELEGATED;
    tuf_ask(c, TUF_EVENT_ASK_REMOTE, span_of(file.room, file.n),
            tuf_listed_len_max(&listing, c->cfg.targets_len_max));
}

void tuf_search_remote(struct tuf_client *c, enum tuf_answer answer)
{
    struct diag why = {0};
    struct span name = name_of(&c->stack[c->stack_count - 1]);
    enum tuf_code code = answer == TUF_ANSWER_WHOLE ? accept_visit(c, &why) : TUF_TARGETS_FETCH;
    if (code != TUF_OK) {
        tuf_fail(c, code, why, name);
        return;
    }
    struct tuf_visit *v = &c->visits[c->visits_count - 1];
    struct tuf_file_name file = tuf_file_name(span_of(v->name, v->name_len), 0);
    tuf_push(c, TUF_EVENT_STORE, span_of(file.room, file.n), buf_span(&v->doc.raw));
    c->is_changed = true;
    look_into_last(c);
}

const struct tuf_target *tuf_client_target(const struct tuf_client *c)
{
    return &c->target;
}

static bool is_plain(uint8_t b)
{
    return (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') || (b >= '0' && b <= '9') || b == '_' ||
           b == '.' || b == '-' || b == '~' || b == '/';
}

static void write_url(struct wr *w, struct span text)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.n; i++) {
        if (is_plain(text.p[i])) {
            wr_u8(w, text.p[i]);
            continue;
        }
        wr_u8(w, '%');
        wr_u8(w, (uint8_t)digits[text.p[i] >> 4]);
        wr_u8(w, (uint8_t)digits[text.p[i] & 15]);
    }
}

static size_t base_offset(struct span path)
{
    size_t i = path.n;
    while (i > 0 && path.p[i - 1] != '/') {
        i--;
    }
    return i;
}

/* The hash in the file's name: hexadecimal digits, or nothing. */
static struct span hash_text(const struct tuf_target *target)
{
    static const char *const names[] = {"sha256", "sha512"};
    for (size_t i = 0; i < 2; i++) {
        uint8_t hash[64];
        struct span text;
        if (json_find_plain(&text, target->listing.hashes, names[i]) == OK &&
            base16_decode_fixed(mspan_of(hash, i == 0 ? 32 : 64), text) == OK) {
            return text;
        }
    }
    return SPAN_EMPTY;
}

/* SPEC tuf §"5.7.3": with consistent snapshots the file is called by its hash, a dot and its name. */
enum err tuf_target_url(const struct tuf_client *c,
                        struct wr *out,
                        struct span path,
                        const struct tuf_target *target)
{
    bool is_hashed = tuf_version_asked(c, 1) == 1;
    size_t base = base_offset(path);
    struct span hash = is_hashed ? hash_text(target) : SPAN_EMPTY;
    write_url(out, span_first(path, base));
    if (hash.n > 0) {
        wr_bytes(out, hash);
        wr_u8(out, '.');
    }
    write_url(out, span_from(path, base));
    return wr_end(out);
}

enum err
tuf_target_check(const struct tuf_target *target, struct span bytes, struct tuf_fault *ret_fault)
{
    struct tuf_fault fault = {.code = TUF_OK};
    if (bytes.n > target->length) {
        fault.code = TUF_TARGET_CAP;
    } else if (bytes.n < target->length) {
        fault.code = TUF_TARGET_LENGTH;
    } else if (!tuf_listing_hashes_hold(&target->listing, bytes)) {
        fault.code = TUF_TARGET_HASH;
    }
    *ret_fault = fault;
    return tuf_code_err(fault.code);
}
