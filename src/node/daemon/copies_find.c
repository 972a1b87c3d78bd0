/* Fetching a copy of the sealed vault back: a nonce of each server, one use of the passkey for all of them, the newest of what most of them give. */
#include "node/daemon/copies_inside.h"

#include "base/check.h"

#include <string.h>

enum { SIGNING_MS = 240 * 1000 }; /* less than a nonce holds */

static size_t under_way(const struct copies *c)
{
    size_t count = 0;
    for (size_t i = 0; i < c->sources_count; i++) {
        count += c->sources[i].tag != 0;
    }
    return count;
}

void copies_forget(struct copies *c)
{
    for (size_t i = 0; i < COPY_NONCES_MAX; i++) {
        buf_done(&c->sources[i].copy);
        c->sources[i] = (struct copies_source){.tag = 0};
    }
    c->stage = COPIES_IDLE;
    c->until = INSTANT_NEVER;
    c->sources_count = 0;
}

/* ---- nonces ---- */

static struct span nonces_of(const struct copies *c, struct mspan room)
{
    struct wr w = wr_init(room);
    for (size_t i = 0; i < c->sources_count; i++) {
        wr_bytes(&w, SPAN_OF(c->sources[i].nonce));
    }
    check(wr_ok(&w));
    return span_of(room.p, w.n);
}

/* Those that gave a nonce are asked for the copy later; the others are left. */
static void tell_begun(struct copies *c, struct wallet_time t)
{
    uint8_t room[COPY_NONCES_MAX * COPY_NONCE_LEN];
    struct copies_found f = {.err = ERR_TIMEOUT};
    size_t asked = c->sources_count;
    size_t kept = 0;
    for (size_t i = 0; i < asked; i++) {
        if (c->sources[i].has_nonce) {
            c->sources[kept++] = c->sources[i];
        }
    }
    c->sources_count = kept;
    if (kept == 0) {
        copies_forget(c);
    } else {
        c->stage = COPIES_SIGNING;
        c->until = instant_add(t.mono, SIGNING_MS * US_PER_MS);
        f = (struct copies_found){.err = OK, .asked = kept};
        capsule_copy_challenge(&f.challenge, nonces_of(c, MSPAN_OF(room)));
    }
    c->cfg.begun(c->cfg.user, t, &f);
}

enum err copies_find(struct copies *c, struct wallet_time t)
{
    struct peer_id tried[COPY_NONCES_MAX];
    if (c->stage == COPIES_ASKING_NONCES || c->stage == COPIES_FETCHING) {
        return ERR_STATE;
    }
    copies_forget(c);
    size_t count = 0;
    while (count < COPY_NONCES_MAX && c->cfg.find(c->cfg.user, t, &tried[count], tried, count)) {
        struct copies_source *s = &c->sources[c->sources_count];
        *s = (struct copies_source){.peer = tried[count++], .tag = copies_tag(c)};
        const struct copies_ask ask = {
            .tag = s->tag, .peer = &s->peer, .type = SERVICE_CAPSULE_NONCE};
        c->sources_count += c->cfg.ask(c->cfg.user, t, &ask) == OK;
    }
    if (c->sources_count == 0) {
        const struct copies_found nobody = {.err = ERR_CLOSED};
        c->cfg.begun(c->cfg.user, t, &nobody);
        return OK;
    }
    c->stage = COPIES_ASKING_NONCES;
    c->until = instant_add(t.mono, COPIES_FIND_MS * US_PER_MS);
    return OK;
}

/* ---- copies ---- */

/* How many servers gave a copy of the same vault. */
static size_t votes_of(const struct copies *c, const struct copies_source *one)
{
    size_t votes = 0;
    for (size_t i = 0; i < c->sources_count; i++) {
        votes += c->sources[i].copy.n > 0 &&
                 span_equal(SPAN_OF(c->sources[i].vault), SPAN_OF(one->vault));
    }
    return votes;
}

/* A server that keeps a copy knows enough to make one of another vault that names the same passkey, as new as it likes. So what most servers have
 * comes first, and the newest of that. */
static struct span best_copy(const struct copies *c)
{
    const struct copies_source *best = NULL;
    for (size_t i = 0; i < c->sources_count; i++) {
        const struct copies_source *s = &c->sources[i];
        size_t votes = s->copy.n > 0 ? votes_of(c, s) : 0;
        size_t most = best ? votes_of(c, best) : 0;
        bool is_newer = best && s->generation > best->generation;
        if (votes > most || (votes > 0 && votes == most && is_newer)) {
            best = s;
        }
    }
    return best ? buf_span(&best->copy) : SPAN_EMPTY;
}

static void tell_done(struct copies *c, struct wallet_time t)
{
    struct copies_found f = {.asked = c->sources_count, .capsule = best_copy(c)};
    f.err = f.capsule.n > 0 ? OK : c->has_answer ? ERR_NOT_FOUND : ERR_TIMEOUT;
    c->stage = COPIES_IDLE;
    c->cfg.done(c->cfg.user, t, &f);
    copies_forget(c);
}

enum err copies_fetch(struct copies *c, struct wallet_time t, const struct copies_fetch *f)
{
    AUTO(buf_done) struct buf message;
    uint8_t room[COPY_NONCES_MAX * COPY_NONCE_LEN];
    buf_init(&message, c->cfg.budget, COPY_GET_LEN_MAX);
    if (c->stage != COPIES_SIGNING) {
        return ERR_STATE;
    }
    struct capsule_get get = {.nonces = nonces_of(c, MSPAN_OF(room)), .response = *f->response};
    capsule_locator(&get.locator, f->user_handle);
    TRY(capsule_get_encode(&get, &message));
    c->stage = COPIES_FETCHING;
    c->has_answer = false;
    c->credential_id_len = (uint8_t)span_copy(MSPAN_OF(c->credential_id), f->credential_id);
    c->until = instant_add(t.mono, COPIES_FIND_MS * US_PER_MS);
    for (size_t i = 0; i < c->sources_count; i++) {
        struct copies_source *s = &c->sources[i];
        s->tag = copies_tag(c);
        const struct copies_ask ask = {.tag = s->tag,
                                       .peer = &s->peer,
                                       .type = SERVICE_CAPSULE_GET,
                                       .body = buf_span(&message)};
        if (c->cfg.ask(c->cfg.user, t, &ask) != OK) {
            s->tag = 0;
        }
    }
    if (under_way(c) == 0) {
        tell_done(c, t);
    }
    return OK;
}

/* Which vault is the passkey's, only opening it tells. */
static void take_copy(struct copies *c, struct copies_source *s, struct span capsule)
{
    if (capsule_decode(&c->head, capsule) != OK ||
        !capsule_find_passkey(&c->head, span_of(c->credential_id, c->credential_id_len))) {
        return;
    }
    memcpy(s->vault, c->head.key.bytes, sizeof s->vault);
    s->generation = c->head.generation;
    buf_init(&s->copy, c->cfg.budget, CAPSULE_LEN);
    if (buf_append(&s->copy, capsule) != OK) {
        buf_clear(&s->copy);
    }
}

/* All have answered, or the time is over. */
static void advance(struct copies *c, struct wallet_time t)
{
    switch (c->stage) {
    case COPIES_ASKING_NONCES: tell_begun(c, t); break;
    case COPIES_FETCHING:      tell_done(c, t); break;
    case COPIES_SIGNING:       copies_forget(c); break;
    case COPIES_IDLE:          break;
    }
}

void copies_found_answered(struct copies *c, struct wallet_time t, const struct copies_answer *a)
{
    struct copies_source *s = NULL;
    for (size_t i = 0; i < c->sources_count && !s; i++) {
        s = c->sources[i].tag == a->tag ? &c->sources[i] : NULL;
    }
    if (!s) {
        return;
    }
    s->tag = 0;
    if (c->stage == COPIES_ASKING_NONCES) {
        s->has_nonce = a->err == OK && a->body.n == COPY_NONCE_LEN;
        (void)span_copy(MSPAN_OF(s->nonce), a->body);
    } else if (c->stage == COPIES_FETCHING) {
        c->has_answer |= a->err == OK || a->err == ERR_NOT_FOUND || a->err == ERR_DENIED;
        if (a->err == OK && a->body.n == CAPSULE_LEN) {
            take_copy(c, s, a->body);
        }
    }
    if (under_way(c) == 0) {
        advance(c, t);
    }
}

void copies_find_tick(struct copies *c, struct wallet_time t)
{
    if (c->stage != COPIES_IDLE && instant_reached(c->until, t.mono)) {
        advance(c, t);
    }
}
