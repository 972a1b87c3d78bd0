/* The dialler of an AutoNAT server: one dial, one nonce, good-bye. */
#include "p2p/host_dialback.h"

#include "base/check.h"
#include "p2p/host_state.h"

#include <string.h>

static struct host_dialback *of(struct host_extension *x)
{
    return (struct host_dialback *)(void *)x;
}

static struct host_dialback_job *job_of_peer(struct host_dialback *hd, const struct peer_id *peer)
{
    for (size_t i = 0; i < HOST_DIALBACK_JOBS_MAX; i++) {
        struct host_dialback_job *j = &hd->jobs[i];
        bool is_busy = j->state == HOST_DIALBACK_DIALLING || j->state == HOST_DIALBACK_TELLING;
        if (is_busy && peer_id_equal(&j->peer, peer)) {
            return j;
        }
    }
    return NULL;
}

static void finish(struct host_dialback *hd, struct host_dialback_job *j, enum autonat_dialled how)
{
    if (j->state == HOST_DIALBACK_TELLING) {
        autonat_back_done(&j->back);
        host_stream_reset(hd->host, j->stream, 0);
    }
    j->state = HOST_DIALBACK_OVER;
    j->how = how;
    hd->is_told = false;
    host_disconnect(hd->host, &j->peer);
}

enum err
host_dialback_start(struct host_dialback *hd, uint64_t id, const struct host_dialback_args *args)
{
    uint8_t bytes[AUTONAT1_DIALS_MAX][NET_ADDR_LEN_MAX];
    struct span addrs[AUTONAT1_DIALS_MAX];
    struct host_dialback_job *j = NULL;
    check(args->addrs_count > 0);
    check(args->addrs_count <= AUTONAT1_DIALS_MAX);
    if (job_of_peer(hd, args->peer)) {
        return ERR_STATE;
    }
    for (size_t i = 0; i < HOST_DIALBACK_JOBS_MAX && !j; i++) {
        j = hd->jobs[i].state == HOST_DIALBACK_FREE ? &hd->jobs[i] : NULL;
    }
    if (!j) {
        return ERR_LIMIT;
    }
    *j = (struct host_dialback_job){.id = id,
                                    .peer = *args->peer,
                                    .addrs_count = args->addrs_count,
                                    .has_nonce = args->has_nonce,
                                    .nonce = args->nonce};
    for (size_t i = 0; i < args->addrs_count; i++) {
        struct wr w = wr_init(mspan_of(bytes[i], NET_ADDR_LEN_MAX));
        j->addrs[i] = args->addrs[i];
        net_addr_write(&w, &j->addrs[i]);
        check(wr_ok(&w));
        addrs[i] = span_of(bytes[i], w.n);
    }
    TRY(host_dial(
        hd->host, &j->dial, NULL,
        (struct host_dial_args){
            .peer = &j->peer, .addrs = addrs, .addrs_count = args->addrs_count, .insist = true}));
    j->state = HOST_DIALBACK_DIALLING;
    return OK;
}

/* ---- telling the nonce ---- */

static void pump(struct host_dialback *hd, struct host_dialback_job *j)
{
    struct autonat_back_event e;
    uint8_t room[64];
    size_t writable = host_stream_writable_len(hd->host, j->stream);
    size_t n = autonat_back_send(&j->back, hd->host->now,
                                 mspan_of(room, writable < sizeof room ? writable : sizeof room));
    if (n > 0) {
        check(host_stream_write(hd->host, j->stream, span_of(room, n)) == n);
    }
    while (j->state == HOST_DIALBACK_TELLING && autonat_back_poll(&j->back, &e)) {
        switch (e.kind) {
        case AUTONAT_BACK_NONCE:
            break; /* the other side's */
        /* Our side is not closed before the answer: js-libp2p loses a stream whose end comes with its first bytes. */
        case AUTONAT_BACK_SENT:      break;
        case AUTONAT_BACK_CONFIRMED: finish(hd, j, AUTONAT_DIALLED_OK); break;
        case AUTONAT_BACK_FAILED:    finish(hd, j, AUTONAT_DIALLED_NO_BACK); break;
        }
    }
}

static void
on_connected(struct host_dialback *hd, struct host_dialback_job *j, const struct host_event *e)
{
    struct net_addr at;
    for (size_t i = 0; net_addr_of(&at, e->addr) == OK && i < j->addrs_count; i++) {
        j->index = net_addr_equal(&at, &j->addrs[i]) ? i : j->index;
    }
    if (!j->has_nonce) {
        finish(hd, j, AUTONAT_DIALLED_OK);
        return;
    }
    struct host_open_args args = {
        .peer = &j->peer, .protocol = AUTONAT_BACK_PROTOCOL, .known = true};
    if (host_open_stream(hd->host, &j->stream, NULL, args) != OK) {
        finish(hd, j, AUTONAT_DIALLED_LOCAL);
        return;
    }
    j->state = HOST_DIALBACK_TELLING;
    autonat_back_tell_init(&j->back, j->nonce, &hd->host->system, hd->host->now);
    pump(hd, j);
}

static void
on_stream(struct host_dialback *hd, struct host_dialback_job *j, const struct host_event *e)
{
    struct span in = e->data;
    switch (e->kind) {
    case HOST_EVENT_STREAM_DATA:
        (void)autonat_back_recv(&j->back, hd->host->now, &in);
        host_stream_consume(hd->host, j->stream, e->data.n);
        break;
    case HOST_EVENT_STREAM_FIN:
    case HOST_EVENT_STREAM_CLOSED: autonat_back_recv_end(&j->back); break;
    case HOST_EVENT_STREAM_RESET:
        j->stream = (host_stream){0};
        finish(hd, j, AUTONAT_DIALLED_NO_BACK);
        return;
    default: break; /* opened, writable: there may be something to write */
    }
    pump(hd, j);
}

static bool on_event(struct host_extension *self, const struct host_event *e)
{
    struct host_dialback *hd = of(self);
    bool is_stream = e->kind >= HOST_EVENT_STREAM_OPENED && e->kind <= HOST_EVENT_STREAM_RESET;
    for (size_t i = 0; i < HOST_DIALBACK_JOBS_MAX; i++) {
        struct host_dialback_job *j = &hd->jobs[i];
        if (is_stream && j->state == HOST_DIALBACK_TELLING && j->stream.id == e->stream.id) {
            on_stream(hd, j, e);
            return true;
        }
        if (e->kind == HOST_EVENT_DIAL_FAILED && j->state == HOST_DIALBACK_DIALLING &&
            j->dial == e->dial) {
            finish(hd, j, e->err == ERR_LIMIT ? AUTONAT_DIALLED_LOCAL : AUTONAT_DIALLED_NOT);
            return true;
        }
    }
    if (e->kind == HOST_EVENT_PEER_CONNECTED) {
        struct host_dialback_job *j = job_of_peer(hd, &e->peer);
        if (j && j->state == HOST_DIALBACK_DIALLING) {
            on_connected(hd, j, e);
        } else {
            struct peer_id peer = e->peer;
            host_disconnect(hd->host, &peer); /* nobody waits for it */
        }
    }
    return false;
}

static bool work(struct host_extension *self)
{
    (void)self;
    return false;
}

static bool has_news(struct host_extension *self)
{
    struct host_dialback *hd = of(self);
    bool any = false;
    for (size_t i = 0; i < HOST_DIALBACK_JOBS_MAX; i++) {
        any = any || hd->jobs[i].state == HOST_DIALBACK_OVER;
    }
    bool news = any && !hd->is_told;
    hd->is_told = hd->is_told || news;
    return news;
}

static instant deadline(const struct host_extension *self)
{
    const struct host_dialback *hd = (const struct host_dialback *)(const void *)self;
    instant at = INSTANT_NEVER;
    for (size_t i = 0; i < HOST_DIALBACK_JOBS_MAX; i++) {
        if (hd->jobs[i].state == HOST_DIALBACK_TELLING) {
            at = instant_min(at, autonat_back_deadline(&hd->jobs[i].back));
        }
    }
    return at;
}

static void tick(struct host_extension *self, instant now)
{
    struct host_dialback *hd = of(self);
    for (size_t i = 0; i < HOST_DIALBACK_JOBS_MAX; i++) {
        if (hd->jobs[i].state == HOST_DIALBACK_TELLING) {
            autonat_back_tick(&hd->jobs[i].back, now);
            pump(hd, &hd->jobs[i]);
        }
    }
}

bool host_dialback_poll(struct host_dialback *hd, struct host_dialback_event *ret_event)
{
    hd->is_told = false;
    for (size_t i = 0; i < HOST_DIALBACK_JOBS_MAX; i++) {
        struct host_dialback_job *j = &hd->jobs[i];
        if (j->state == HOST_DIALBACK_OVER) {
            *ret_event =
                (struct host_dialback_event){.id = j->id, .how = j->how, .index = j->index};
            j->state = HOST_DIALBACK_FREE;
            return true;
        }
    }
    return false;
}

void host_dialback_init(struct host_dialback *hd, struct host *host)
{
    *hd = (struct host_dialback){
        .host = host,
        .extension = {.on_event = on_event,
                      .work = work,
                      .has_news = has_news,
                      .deadline = deadline,
                      .tick = tick}
    };
    host_extend(host, &hd->extension);
}

void host_dialback_done(struct host_dialback *hd)
{
    if (!hd->host) {
        return;
    }
    host_unextend(&hd->extension);
    for (size_t i = 0; i < HOST_DIALBACK_JOBS_MAX; i++) {
        if (hd->jobs[i].state == HOST_DIALBACK_TELLING) {
            autonat_back_done(&hd->jobs[i].back);
            host_stream_reset(hd->host, hd->jobs[i].stream, 0);
        }
    }
    memset(hd, 0, sizeof *hd);
}
