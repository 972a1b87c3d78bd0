/* UDP sockets on Linux, with runs of datagrams in one call. */
#define _GNU_SOURCE
#include "node/net/udp.h"

#include "base/check.h"
#include "base/mem.h"
#include "codec/multiaddr.h"
#include "node/net/tcp_addr.h"
#include "node/net/tcp_link.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

enum {
    SOCKET_BUFFER_LEN = 4 << 20, /* bytes asked for; the system may give less */
    READS_MAX = 32,              /* of one turn, before others have theirs */
    SEGMENTS_MAX = 64,           /* of one run: the kernel's own limit */
};

static instant now_of(const struct udp *u)
{
    return loop_now(u->tcp->cfg.loop);
}

/* ---- addresses ---- */

static socklen_t sockaddr_of(struct sockaddr_storage *ret, const struct udp_addr *a)
{
    struct tcp_target t = {.port = a->port};
    uint8_t bytes[UDP_ADDR_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(bytes));
    multiaddr_write(&w, a->is_ip6 ? MULTIADDR_IP6 : MULTIADDR_IP4,
                    span_of(a->ip, a->is_ip6 ? 16 : 4));
    multiaddr_write_port(&w, MULTIADDR_TCP, a->port);
    check(tcp_target_of(&t, span_of(bytes, w.n)) == OK);
    *ret = t.sockaddr;
    return a->is_ip6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

static void addr_of(struct udp_addr *ret, const struct sockaddr_storage *s)
{
    *ret = (struct udp_addr){.is_ip6 = s->ss_family == AF_INET6};
    if (ret->is_ip6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, s, sizeof in6);
        ret->port = ntohs(in6.sin6_port);
        memcpy(ret->ip, &in6.sin6_addr, 16);
    } else {
        struct sockaddr_in in4;
        memcpy(&in4, s, sizeof in4);
        ret->port = ntohs(in4.sin_port);
        memcpy(ret->ip, &in4.sin_addr, 4);
    }
}

/* ---- sending ---- */

/* A run: datagrams of one length, the last may be shorter, to one address. */
struct run {
    struct udp_addr to;
    size_t len;
    size_t segment_len;
    size_t count;
};

static void
send_one(const struct udp_socket *s, struct span bytes, size_t segment_len, struct msghdr *m)
{
    union {
        struct cmsghdr head;
        uint8_t room[CMSG_SPACE(sizeof(uint16_t))];
    } control = {0};
    struct iovec piece = {.iov_base = (void *)(uintptr_t)bytes.p, .iov_len = bytes.n};
    m->msg_iov = &piece;
    m->msg_iovlen = 1;
    if (segment_len < bytes.n) {
        uint16_t n = (uint16_t)segment_len;
        m->msg_control = control.room;
        m->msg_controllen = sizeof control.room;
        struct cmsghdr *c = CMSG_FIRSTHDR(m);
        c->cmsg_level = SOL_UDP;
        c->cmsg_type = UDP_SEGMENT;
        c->cmsg_len = CMSG_LEN(sizeof n);
        memcpy(CMSG_DATA(c), &n, sizeof n);
    }
    (void)sendmsg(s->fd, m, MSG_DONTWAIT); /* what is not taken is lost: QUIC sends it again */
}

static void send_run(struct udp *u, struct run *r)
{
    struct udp_socket *s = &u->sockets[r->to.is_ip6];
    struct sockaddr_storage to;
    struct msghdr m = {.msg_name = &to};
    if (r->len == 0 || !s->is_open) {
        r->len = 0;
        r->count = 0;
        return;
    }
    m.msg_namelen = sockaddr_of(&to, &r->to);
    if (s->has_runs) {
        send_one(s, span_of(u->write_buffer, r->len), r->segment_len, &m);
    } else {
        for (size_t at = 0; at < r->len; at += r->segment_len) {
            struct span rest = span_of(u->write_buffer + at, r->len - at);
            send_one(s, span_first(rest, r->segment_len), r->segment_len, &m);
        }
    }
    r->len = 0;
    r->count = 0;
}

/* fits: may a datagram of n bytes to `to` join the run? A shorter one joins as the last. */
static bool fits(const struct run *r, size_t n, const struct udp_addr *to)
{
    return r->count == 0 || (udp_addr_equal(&r->to, to) && n <= r->segment_len &&
                             r->len % r->segment_len == 0 && r->count < SEGMENTS_MAX);
}

void udp_flush(struct udp *u, host_link link)
{
    struct run run = {0};
    uint8_t datagram[HOST_DATAGRAM_LEN_MAX];
    for (;;) {
        struct udp_addr to;
        bool has_room = UDP_RUN_LEN_MAX - run.len >= HOST_DATAGRAM_LEN_MAX;
        if (!has_room || run.count == SEGMENTS_MAX) {
            send_run(u, &run);
        }
        size_t n = host_datagram_send(u->tcp->cfg.host, now_of(u), link, &to, MSPAN_OF(datagram));
        if (n == 0) {
            break;
        }
        if (!fits(&run, n, &to)) {
            send_run(u, &run);
        }
        if (run.count == 0) {
            run.to = to;
            run.segment_len = n;
        }
        memcpy(u->write_buffer + run.len, datagram, n);
        throttle_charge(&u->tcp->throttle, n);
        run.len += n;
        run.count++;
    }
    send_run(u, &run);
}

void udp_finish(struct udp *u, host_link link)
{
    udp_flush(u, link);
    host_link_closed(u->tcp->cfg.host, now_of(u), link, ERR_CLOSED);
}

/* ---- receiving ---- */

static void give(struct udp_socket *s, const struct udp_addr *from, struct span bytes)
{
    struct udp *u = s->udp;
    uint8_t reply[HOST_DATAGRAM_LEN_MAX];
    struct host_datagram d = {.remote = from, .bytes = bytes, .now = now_of(u)};
    size_t n = host_datagram_recv(u->tcp->cfg.host, &d, MSPAN_OF(reply));
    if (n > 0) {
        struct sockaddr_storage to;
        struct msghdr m = {.msg_name = &to, .msg_namelen = sockaddr_of(&to, from)};
        send_one(s, span_of(reply, n), n, &m);
    }
    (void)tcp_poll(u->tcp);
}

/* segment_len_of is how long each datagram of a run is; 0: it is one. */
static size_t segment_len_of(struct msghdr *m)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
        if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) {
            int n;
            memcpy(&n, CMSG_DATA(c), sizeof n);
            return n > 0 ? (size_t)n : 0;
        }
    }
    return 0;
}

/* read_run takes one run off the socket; false if there is none. */
static bool read_run(struct udp_socket *s)
{
    struct sockaddr_storage from = {0};
    union {
        struct cmsghdr head;
        uint8_t room[256];
    } control;
    struct udp *u = s->udp;
    struct iovec piece = {.iov_base = u->read_buffer, .iov_len = UDP_RUN_LEN_MAX};
    struct msghdr m = {.msg_name = &from,
                       .msg_namelen = sizeof from,
                       .msg_iov = &piece,
                       .msg_iovlen = 1,
                       .msg_control = control.room,
                       .msg_controllen = sizeof control.room};
    ssize_t n = recvmsg(s->fd, &m, MSG_DONTWAIT);
    if (n <= 0) {
        return false;
    }
    struct udp_addr remote;
    addr_of(&remote, &from);
    size_t segment_len = segment_len_of(&m);
    struct span rest = span_of(u->read_buffer, (size_t)n);
    while (rest.n > 0 && s->is_open) {
        give(s, &remote, span_take(&rest, segment_len ? segment_len : rest.n));
    }
    return s->is_open;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct udp_socket *s = poll->data;
    struct tcp *t = s->udp->tcp;
    (void)events;
    for (int i = 0; status == 0 && i < READS_MAX && read_run(s); i++) {}
    tcp_pump(t);
}

/* ---- opening and closing ---- */

static void set_options(struct udp_socket *s)
{
    int on = 1;
    int probe = IP_PMTUDISC_PROBE; /* never in pieces: QUIC finds out how long datagrams may be */
    int len = SOCKET_BUFFER_LEN;
    int none = 0;
    (void)setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &len, sizeof len);
    (void)setsockopt(s->fd, SOL_SOCKET, SO_SNDBUF, &len, sizeof len);
    (void)setsockopt(s->fd, SOL_UDP, UDP_GRO, &on, sizeof on);
    s->has_runs = setsockopt(s->fd, SOL_UDP, UDP_SEGMENT, &none, sizeof none) == 0;
    if (s->is_ip6) {
        (void)setsockopt(s->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
        (void)setsockopt(s->fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &probe, sizeof probe);
    } else {
        (void)setsockopt(s->fd, IPPROTO_IP, IP_MTU_DISCOVER, &probe, sizeof probe);
    }
}

MUST_CHECK static enum err bind_socket(struct udp_socket *s, const struct udp_addr *a)
{
    struct sockaddr_storage local;
    socklen_t len = sockaddr_of(&local, a);
    struct udp_addr bound;
    struct wr w = wr_init(MSPAN_OF(s->addr));
    if (bind(s->fd, (const struct sockaddr *)&local, len) != 0) {
        return ERR_IO;
    }
    len = sizeof local;
    if (getsockname(s->fd, (struct sockaddr *)&local, &len) != 0) {
        return ERR_IO;
    }
    addr_of(&bound, &local);
    udp_addr_write(&w, &bound);
    s->addr_len = w.n;
    return wr_end(&w);
}

MUST_CHECK static enum err open_socket(struct udp *u, const struct udp_addr *a)
{
    struct udp_socket *s = &u->sockets[a->is_ip6];
    s->udp = u;
    s->is_ip6 = a->is_ip6;
    s->fd = socket(a->is_ip6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s->fd < 0) {
        return ERR_IO;
    }
    set_options(s);
    if (bind_socket(s, a) != OK || uv_poll_init(&u->tcp->cfg.loop->uv, &s->poll, s->fd) != 0) {
        (void)close(s->fd);
        return ERR_IO;
    }
    s->is_open = true;
    s->poll.data = s;
    check(uv_poll_start(&s->poll, UV_READABLE, on_readable) == 0);
    return OK;
}

enum err udp_init(struct udp *u, struct tcp *t)
{
    *u = (struct udp){0};
    void *p;
    TRY(mem_alloc(t->cfg.budget, &p, (size_t)2 * UDP_RUN_LEN_MAX));
    u->read_buffer = p;
    u->write_buffer = u->read_buffer + UDP_RUN_LEN_MAX;
    u->tcp = t;
    return OK;
}

void udp_done(struct udp *u)
{
    if (!u->tcp) {
        return;
    }
    for (size_t i = 0; i < 2; i++) {
        struct udp_socket *s = &u->sockets[i];
        if (s->is_open) {
            s->is_open = false;
            (void)uv_poll_stop(&s->poll);
            uv_close((uv_handle_t *)&s->poll, NULL);
            (void)close(s->fd);
        }
    }
    mem_free(u->tcp->cfg.budget, u->read_buffer, (size_t)2 * UDP_RUN_LEN_MAX);
    u->tcp = NULL;
}

enum err udp_listen(struct udp *u, struct span *ret_addr, struct span addr)
{
    struct udp_addr a;
    struct multiaddr_part part;
    if (udp_addr_of(&a, addr) != OK || !multiaddr_find(&part, addr, MULTIADDR_QUIC_V1)) {
        return ERR_UNSUPPORTED;
    }
    struct udp_socket *s = &u->sockets[a.is_ip6];
    if (s->is_open) {
        return ERR_STATE;
    }
    TRY(open_socket(u, &a));
    if (ret_addr) {
        *ret_addr = span_of(s->addr, s->addr_len);
    }
    return OK;
}

/* ---- dialling ---- */

struct lookup {
    uv_getaddrinfo_t request;
    struct udp *udp;
    host_link link;
    uint16_t port;
};

static void start(struct udp *u, host_link link, const struct udp_addr *remote)
{
    const struct udp_addr any = {.is_ip6 = remote->is_ip6};
    if (!u->sockets[remote->is_ip6].is_open && open_socket(u, &any) != OK) {
        host_link_closed(u->tcp->cfg.host, now_of(u), link, ERR_IO);
        return;
    }
    uint8_t bytes[UDP_ADDR_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(bytes));
    udp_addr_write(&w, remote);
    host_link_up(u->tcp->cfg.host, link,
                 (struct host_link_args){.remote = span_of(bytes, w.n), .now = now_of(u)});
}

static void on_found(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
    struct lookup *l = request->data;
    struct udp *u = l->udp;
    list_entry(u, struct tcp, udp)->held--;
    if (u->tcp && status == 0 && found) {
        struct sockaddr_storage first = {0};
        struct udp_addr remote;
        memcpy(&first, found->ai_addr, found->ai_addrlen);
        addr_of(&remote, &first);
        remote.port = l->port;
        start(u, l->link, &remote);
        tcp_pump(u->tcp);
    } else if (u->tcp) {
        host_link_closed(u->tcp->cfg.host, now_of(u), l->link, ERR_IO);
        tcp_pump(u->tcp);
    }
    uv_freeaddrinfo(found);
    free(l);
}

MUST_CHECK static enum err
look_up(struct udp *u, host_link link, const struct multiaddr_part *host, uint16_t port)
{
    char name[TCP_NAME_LEN_MAX];
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM};
    if (host->value.n == 0 || host->value.n >= sizeof name ||
        span_find(host->value, 0) < host->value.n) {
        return ERR_UNSUPPORTED;
    }
    memcpy(name, host->value.p, host->value.n);
    name[host->value.n] = 0;
    hints.ai_family = host->code == MULTIADDR_DNS4   ? AF_INET
                      : host->code == MULTIADDR_DNS6 ? AF_INET6
                                                     : AF_UNSPEC;
    struct lookup *l = calloc(1, sizeof *l);
    if (!l) {
        abort();
    }
    *l = (struct lookup){.udp = u, .link = link, .port = port};
    l->request.data = l;
    if (uv_getaddrinfo(&u->tcp->cfg.loop->uv, &l->request, on_found, name, NULL, &hints) != 0) {
        free(l);
        return ERR_IO;
    }
    u->tcp->held++;
    return OK;
}

void udp_dial(struct udp *u, const struct host_event *e)
{
    struct udp_addr remote;
    struct multiaddr_part host;
    struct multiaddr_part port;
    struct span rest = e->addr;
    if (udp_addr_of(&remote, e->addr) == OK) {
        start(u, e->link, &remote);
        return;
    }
    if (!multiaddr_next(&host, &rest) || !multiaddr_next(&port, &rest) ||
        look_up(u, e->link, &host, multiaddr_part_port(&port)) != OK) {
        host_link_closed(u->tcp->cfg.host, now_of(u), e->link, ERR_IO);
    }
}
