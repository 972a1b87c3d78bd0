/* Streams of peers, between the host and the service. */
#include "base/mem.h"
#include "codec/multiaddr.h"
#include "node/server/server_inside.h"

enum { GROUP_IP4_LEN = 3, GROUP_IP6_LEN = 6 }; /* bytes: /24 and /48 */

static size_t places_len(const struct server *s)
{
    return s->config->limits.streams_max * sizeof(struct server_stream);
}

enum err server_streams_init(struct server *s)
{
    void *p;
    TRY(mem_alloc(&s->service_budget, &p, places_len(s)));
    s->streams = p;
    return OK;
}

void server_streams_done(struct server *s)
{
    if (s->streams) {
        mem_free(&s->service_budget, s->streams, places_len(s));
        s->streams = NULL;
    }
}

/* What a peer shares with its neighbours: the first bytes of its IP address. Empty for other transports. */
static struct span group_of(struct span addr)
{
    struct multiaddr_part part;
    if (multiaddr_find(&part, addr, MULTIADDR_IP4)) {
        return span_first(part.value, GROUP_IP4_LEN);
    }
    if (multiaddr_find(&part, addr, MULTIADDR_IP6)) {
        return span_first(part.value, GROUP_IP6_LEN);
    }
    return SPAN_EMPTY;
}

static struct server_stream *place_find(struct server *s)
{
    for (size_t i = 0; i < s->config->limits.streams_max; i++) {
        if (!s->streams[i].service) {
            return &s->streams[i];
        }
    }
    return NULL;
}

static void forget(struct server *s, struct server_stream *stream)
{
    service_server_reset(&s->service, stream->service);
    *stream = (struct server_stream){0};
}

/* All is said: the stream itself ends when the last bytes have gone and the peer has ended its side. */
static void leave(struct server *s, struct server_stream *stream)
{
    host_stream_set_user(&s->host, stream->stream, NULL);
    host_stream_close_write(&s->host, stream->stream);
    s->leaving_count++;
    forget(s, stream);
}

static void on_opened(struct server *s, const struct host_event *e)
{
    struct host_peer_info info;
    struct server_stream *stream = place_find(s);
    struct service_peer peer = {.id = peer_id_span(&e->peer)};
    if (host_peer_find(&s->host, &info, &e->peer)) {
        peer.group = group_of(info.addr);
    }
    if (!stream || service_server_open(&s->service, &stream->service, peer, stream,
                                       loop_now(&s->loop)) != OK) {
        host_stream_reset(&s->host, e->stream, 0);
        return;
    }
    stream->stream = e->stream;
    host_stream_set_user(&s->host, e->stream, stream);
}

static void on_data(struct server *s, const struct host_event *e)
{
    struct server_stream *stream = e->user;
    if (!stream) { /* it was answered: there is nothing left to say */
        host_stream_reset(&s->host, e->stream, 0);
        s->leaving_count--;
        return;
    }
    service_server_recv(&s->service, stream->service, e->data, loop_now(&s->loop));
    host_stream_consume(&s->host, e->stream, e->data.n);
}

void server_stream_send(struct server *s, struct server_stream *stream)
{
    struct span waiting = service_server_waiting(stream->service);
    /* What the stream does not take now it asks for by WRITABLE. */
    while (waiting.n > 0) {
        size_t took = host_stream_write(&s->host, stream->stream, waiting);
        service_server_sent(&s->service, stream->service, took);
        waiting = took == waiting.n ? service_server_waiting(stream->service) : SPAN_EMPTY;
    }
    if (service_server_is_finished(stream->service)) {
        leave(s, stream);
    }
}

static void on_connected(struct server *s, const struct host_event *e)
{
    struct host_peer_info info;
    if (host_peer_find(&s->host, &info, &e->peer)) {
        s->dialled_in_count += info.inbound;
        server_figures_peer(s, &info);
    }
}

void server_host_event(void *user, const struct host_event *e)
{
    struct server *s = user;
    struct server_stream *stream = e->user;
    switch (e->kind) {
    case HOST_EVENT_STREAM_OPENED: on_opened(s, e); break;
    case HOST_EVENT_STREAM_DATA:   on_data(s, e); break;
    case HOST_EVENT_STREAM_FIN:
        if (stream) {
            service_server_end(&s->service, stream->service, loop_now(&s->loop));
        }
        break;
    case HOST_EVENT_STREAM_WRITABLE:
        if (stream) {
            server_stream_send(s, stream);
        }
        break;
    case HOST_EVENT_STREAM_CLOSED:
    case HOST_EVENT_STREAM_RESET:
        if (stream) {
            forget(s, stream);
        } else if (e->inbound && s->leaving_count > 0) {
            s->leaving_count--;
        }
        break;
    case HOST_EVENT_EXTENSION:
        server_dht_event(s);
        server_public_dht_event(s);
        server_gossip_event(s);
        server_rendezvous_event(s);
        server_reach_event(s);
        server_relay_event(s);
        server_net_event(s);
        break;
    case HOST_EVENT_PEER_IDENTIFIED:
    case HOST_EVENT_PEER_DISCONNECTED: server_rendezvous_peers(s); break;
    case HOST_EVENT_PEER_CONNECTED:    on_connected(s, e); return;
    case HOST_EVENT_REFUSED:
    case HOST_EVENT_PEER_DIRECT:
    case HOST_EVENT_DIAL_FAILED:
    case HOST_EVENT_PING:
    case HOST_EVENT_PERF:
    case HOST_EVENT_DIAL:
    case HOST_EVENT_LINK_CLOSE:        return; /* nothing for the services */
    }
    server_wake(s);
}

void server_streams_end_heads(struct server *s)
{
    for (size_t i = 0; i < s->config->limits.streams_max; i++) {
        struct server_stream *stream = &s->streams[i];
        if (stream->service && stream->service->state == SERVICE_STREAM_HEADS) {
            leave(s, stream);
        }
    }
}
