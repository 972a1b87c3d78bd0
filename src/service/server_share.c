/* Answers that a block proves: they depend on the request alone, and stay right for ever, also when that block is replaced, for they
 * say what follows from its hash. So they are kept, and who asks for what the node is being asked already waits with the first.
 * What servers say without a proof is never kept: it has no such bound. */
#include "service/server_parts.h"

#include "base/check.h"
#include "service/chain.h"
#include "service/proof.h"

bool server_is_shared(enum service_type type)
{
    return type == SERVICE_ACCOUNT_PROOF || server_is_job(type);
}

/* answer_put gives a body to a stream: of a job in as many parts as it takes. */
static void answer_put(struct service_server *s, struct service_stream *st, struct span body)
{
    bool is_job = server_is_job(st->request.type);
    struct buf *place = is_job ? &st->job.body : &s->body;
    buf_clear(place);
    if (buf_append(place, body) != OK) {
        server_fail(
            s, st,
            (struct server_failure){.code = SERVICE_BUSY, .text = SPAN_LIT("no memory now")});
        return;
    }
    if (is_job) {
        server_answer_job(s, st);
    } else {
        server_answer(s, st, true);
    }
}

/* lists_paid charges for the lists in a body that nobody has asked the node for. */
static bool
lists_paid(struct service_server *s, struct service_stream *st, struct span body, instant now)
{
    struct service_chain c;
    if (st->request.type != SERVICE_LOGS) {
        return true;
    }
    enum err e = service_chain_decode(&c, SERVICE_LOGS, body);
    check(e == OK); /* this server wrote it */
    return server_lists_charge(s, st, c.lists_count, now);
}

bool server_share_cached(struct service_server *s,
                         struct service_stream *st,
                         const struct service_request *r,
                         instant now)
{
    struct span body;
    if (server_is_job(r->type)) {
        service_chain_key(&st->answer_key, r);
    } else {
        service_proof_key(&st->answer_key, r);
    }
    if (!cache_find(&s->answers, &body, &st->answer_key)) {
        return false;
    }
    if (lists_paid(s, st, body, now)) {
        answer_put(s, st, body);
    }
    return true;
}

/* Streams that wait for this answer: the one that asked, or the first of those that follow it. */
static struct service_stream *
find_waiting(struct service_server *s, const struct hash32 *key, bool is_follower)
{
    for (struct list *n = list_first(&s->all); n; n = list_next(&s->all, n)) {
        struct service_stream *st = list_entry(n, struct service_stream, in_streams);
        if (st->state == SERVICE_STREAM_NODE && server_is_shared(st->request.type) &&
            st->is_follower == is_follower &&
            span_equal(SPAN_OF(st->answer_key.bytes), SPAN_OF(key->bytes))) {
            return st;
        }
    }
    return NULL;
}

bool server_share_follow(struct service_server *s, struct service_stream *st)
{
    if (!find_waiting(s, &st->answer_key, false)) {
        return false;
    }
    st->is_follower = true;
    st->state = SERVICE_STREAM_NODE;
    return true;
}

enum err server_share_begin(struct service_stream *st, const struct service_request *r)
{
    return server_is_job(r->type) ? server_job_begin(st, r) : server_proof_ask(st, r);
}

MUST_CHECK static enum err ask_again(struct service_stream *st)
{
    struct service_request r;
    enum err e = service_request_decode(&r, buf_span(&st->kept), NULL);
    check(e == OK); /* it was decoded before it was kept */
    return server_share_begin(st, &r);
}

void server_share_promote(struct service_server *s, const struct hash32 *key)
{
    for (struct service_stream *st = find_waiting(s, key, true); st;
         st = find_waiting(s, key, true)) {
        if (ask_again(st) == OK) {
            st->is_follower = false;
            server_ask(s, st);
            return;
        }
        server_fail(
            s, st,
            (struct server_failure){.code = SERVICE_BUSY, .text = SPAN_LIT("no memory now")});
    }
}

void server_share_failed(struct service_server *s,
                         struct service_stream *st,
                         struct server_failure f)
{
    struct hash32 key = st->answer_key;
    server_fail(s, st, f);
    for (st = find_waiting(s, &key, true); st; st = find_waiting(s, &key, true)) {
        server_fail(s, st, f);
    }
}

void server_share_answer(struct service_server *s, struct service_stream *st, instant now)
{
    struct hash32 key = st->answer_key;
    struct span body = buf_span(server_is_job(st->request.type) ? &st->job.body : &s->body);
    if (body.n <= SERVICE_PART_LEN_MAX) { /* a longer one would push out hundreds of others */
        cache_put(&s->answers, &key, body);
    }
    for (struct service_stream *other = find_waiting(s, &key, true); other;
         other = find_waiting(s, &key, true)) {
        if (!lists_paid(s, other, body, now)) {
            continue; /* it was told */
        }
        if (server_is_job(other->request.type)) {
            answer_put(s, other, body);
        } else {
            server_answer(s, other, true);
        }
    }
    if (server_is_job(st->request.type)) {
        server_answer_job(s, st);
    } else {
        server_answer(s, st, true);
    }
}
