/* Questions of the light client protocol, asked of a beacon node. */
#include "node/server/server_beacon.h"

#include "base/rd.h"
#include "base/wr.h"
#include "evm/jsonrpc.h"
#include "node/server/server_inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { DIGEST_LEN = 4, FOLLOW_TIMEOUT_MS = 5000 };

unsigned server_beacon_fork(const char *name)
{
    static const char *const names[] = {"altair", "bellatrix", "capella",
                                        "deneb",  "electra",   "fulu"};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(name, names[i]) == 0) {
            return i + 1;
        }
    }
    return 0;
}

enum err
server_beacon_path(char *url, size_t cap, const char *base, const struct service_request *r)
{
    int n = -1;
    static const char top[] = "eth/v1/beacon/light_client";
    size_t base_len = strlen(base);
    const char *slash = base_len > 0 && base[base_len - 1] == '/' ? "" : "/";
    if (r->type == SERVICE_LC_BOOTSTRAP) {
        char root[65];
        for (size_t i = 0; i < 32; i++) {
            (void)snprintf(root + 2 * i, 3, "%02x", r->root.bytes[i]);
        }
        n = snprintf(url, cap, "%s%s%s/bootstrap/0x%s", base, slash, top, root);
    } else if (r->type == SERVICE_LC_UPDATES) {
        n = snprintf(url, cap, "%s%s%s/updates?start_period=%" PRIu64 "&count=%" PRIu64, base,
                     slash, top, r->period, r->count);
    } else if (r->type == SERVICE_LC_FINALITY) {
        n = snprintf(url, cap, "%s%s%s/finality_update", base, slash, top);
    } else if (r->type == SERVICE_LC_OPTIMISTIC) {
        n = snprintf(url, cap, "%s%s%s/optimistic_update", base, slash, top);
    }
    return n > 0 && (size_t)n < cap ? OK : ERR_LIMIT;
}

enum err
server_beacon_updates(struct service_light *ret, const struct chain_spec *chain, struct span body)
{
    struct service_light l = {.count = 0};
    while (body.n > 0 && l.count < SERVICE_LIGHT_MAX) {
        struct rd r = rd_init(body);
        uint64_t len = rd_le64(&r);
        uint8_t digest[DIGEST_LEN];
        span_copy(MSPAN_OF(digest), rd_bytes(&r, sizeof digest));
        if (!rd_ok(&r) || len <= DIGEST_LEN || len - DIGEST_LEN > r.rest.n) {
            return ERR_MALFORMED;
        }
        enum beacon_fork fork;
        if (chain_fork_of_digest(&fork, chain, digest) != OK) {
            break; /* of a later version than this server; those before are good */
        }
        l.parts[l.count++] = (struct service_light_part){
            .fork = chain_fork_number(fork), .ssz = span_first(r.rest, (size_t)len - DIGEST_LEN)};
        body = span_from(r.rest, (size_t)len - DIGEST_LEN);
    }
    if (l.count == 0) {
        return ERR_NOT_FOUND;
    }
    *ret = l;
    return OK;
}

static enum err err_of(const struct fetch_result *r)
{
    if (r->err != OK) {
        return r->err;
    }
    return r->status == 404 ? ERR_NOT_FOUND : r->status == 200 ? OK : ERR_IO;
}

static void note_answer(struct server *s, const struct fetch_result *r)
{
    if (r->err == OK) {
        s->is_beacon_silent = false;
    } else if (!s->is_beacon_silent) {
        s->is_beacon_silent = true;
        log_line(&s->log, LOG_WARN, "beacon", "the beacon node %s does not answer (%s)",
                 s->config->beacon, r->words);
    }
}

/* What one answer says; spans point into it. */
MUST_CHECK static enum err answer_read(struct server *s,
                                       struct service_light *ret,
                                       const struct fetch_result *r,
                                       bool is_updates)
{
    note_answer(s, r);
    TRY(err_of(r));
    if (is_updates) {
        return server_beacon_updates(ret, &s->network->beacon, r->body);
    }
    *ret = (struct service_light){
        .count = 1, .parts = {{.fork = server_beacon_fork(r->header), .ssz = r->body}}};
    bool is_good = ret->parts[0].fork != 0 && r->body.n > 0 && r->body.n <= SERVICE_LIGHT_LEN_MAX;
    return is_good ? OK : ERR_MALFORMED;
}

static void on_single(void *user, uint64_t token, const struct fetch_result *r)
{
    struct server *s = user;
    struct service_light light = {.count = 0};
    enum err err = answer_read(s, &light, r, false);
    service_server_light(&s->service, token, err, &light);
    server_wake(s);
}

static void on_updates(void *user, uint64_t token, const struct fetch_result *r)
{
    struct server *s = user;
    struct service_light light = {.count = 0};
    enum err err = answer_read(s, &light, r, true);
    service_server_light(&s->service, token, err, &light);
    server_wake(s);
}

static void on_heads(void *user, uint64_t token, const struct fetch_result *r)
{
    struct server *s = user;
    struct service_light light = {.count = 0};
    bool is_updates = s->heads.asked.type == SERVICE_LC_UPDATES;
    (void)token;
    enum err err = answer_read(s, &light, r, is_updates);
    server_heads_answered(s, err, &light);
    server_wake(s);
}

struct beacon_question {
    const struct service_request *request;
    uint32_t timeout_ms;
    fetch_fn done;
    uint64_t tag;
};

MUST_CHECK static enum err get(struct server *s, const struct beacon_question *q)
{
    char url[FETCH_URL_LEN_MAX + 1];
    bool is_updates = q->request->type == SERVICE_LC_UPDATES;
    struct fetch_args args = {.url = url,
                              .header = "Eth-Consensus-Version",
                              .answer_len_max = is_updates
                                                    ? SERVICE_LIGHT_MAX * SERVICE_LIGHT_LEN_MAX
                                                    : SERVICE_LIGHT_LEN_MAX,
                              .timeout_ms = q->timeout_ms,
                              .done = q->done,
                              .user = s,
                              .tag = q->tag};
    TRY(server_beacon_path(url, sizeof url, s->config->beacon, q->request));
    return fetch_get(s->fetch, &args);
}

void server_beacon_ask(struct server *s, const struct service_server_event *e)
{
    bool is_updates = e->request->type == SERVICE_LC_UPDATES;
    struct beacon_question q = {.request = e->request,
                                .timeout_ms = e->timeout_ms,
                                .done = is_updates ? on_updates : on_single,
                                .tag = e->token};
    struct service_light light;
    bool is_head = e->request->type == SERVICE_LC_OPTIMISTIC;
    if (is_head && s->is_beacon_silent && server_heads_newest(s, &light) == OK) {
        service_server_light(&s->service, e->token, OK, &light); /* as other servers tell it */
    } else if (get(s, &q) != OK) {
        service_server_light(&s->service, e->token, ERR_IO, NULL);
    }
}

enum err server_beacon_follow(struct server *s)
{
    struct beacon_question q = {
        .request = &s->heads.asked, .timeout_ms = FOLLOW_TIMEOUT_MS, .done = on_heads};
    return get(s, &q);
}
