/* mDNS over libuv's UDP. */
#include "node/net/mdns_socket.h"

#include "base/check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#define GROUP "224.0.0.251"

static instant now_of(const struct mdns_socket *s)
{
    return loop_now(s->cfg.loop);
}

/* send_on gives a datagram to one interface; what the system cannot send now is lost, as on any network. */
static void send_on(struct mdns_socket *s, const char *interface, struct span datagram)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(s->cfg.port)};
    uint8_t copy[MDNS_SENT_LEN_MAX];
    size_t n = span_copy(MSPAN_OF(copy), datagram);
    check(inet_pton(AF_INET, GROUP, &to.sin_addr) == 1);
    uv_buf_t buffer = uv_buf_init((char *)copy, (unsigned)n);
    if (uv_udp_set_multicast_interface(&s->udp, interface) == 0) {
        (void)uv_udp_try_send(&s->udp, &buffer, 1, (const struct sockaddr *)&to);
    }
}

static void pump(struct mdns_socket *s)
{
    uint8_t out[MDNS_SENT_LEN_MAX];
    size_t n;
    struct mdns_found found;
    while ((n = mdns_send(&s->mdns, now_of(s), MSPAN_OF(out))) > 0) {
        for (size_t i = 0; i < s->interfaces_count; i++) {
            send_on(s, s->interfaces[i], span_of(out, n));
        }
    }
    while (mdns_poll(&s->mdns, &found)) {
        s->cfg.on_found(s->cfg.user, &found);
    }
    if (s->is_open) {
        alarm_set(&s->alarm, mdns_deadline(&s->mdns));
    }
}

static void on_alarm(void *user)
{
    pump(user);
}

static void on_alloc(uv_handle_t *handle, size_t hint, uv_buf_t *ret_buffer)
{
    (void)hint;
    struct mdns_socket *s = handle->data;
    *ret_buffer = uv_buf_init((char *)s->room, sizeof s->room);
}

static void on_datagram(uv_udp_t *udp,
                        ssize_t count,
                        const uv_buf_t *buffer,
                        const struct sockaddr *from,
                        unsigned flags)
{
    struct mdns_socket *s = udp->data;
    if (count > 0 && from && !(flags & UV_UDP_PARTIAL)) {
        mdns_recv(&s->mdns, now_of(s), span_of(buffer->base, (size_t)count));
        pump(s);
    }
}

/* join enters the group on each IPv4 interface that lets us. */
static void join(struct mdns_socket *s)
{
    uv_interface_address_t *all;
    int count;
    if (uv_interface_addresses(&all, &count) != 0) {
        return;
    }
    for (int i = 0; i < count && s->interfaces_count < MDNS_INTERFACES_MAX; i++) {
        char *text = s->interfaces[s->interfaces_count];
        if (all[i].address.address4.sin_family == AF_INET &&
            uv_ip4_name(&all[i].address.address4, text, sizeof s->interfaces[0]) == 0 &&
            uv_udp_set_membership(&s->udp, GROUP, text, UV_JOIN_GROUP) == 0) {
            s->interfaces_count++;
        }
    }
    uv_free_interface_addresses(all, count);
}

MUST_CHECK static enum err open_socket(struct mdns_socket *s)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(s->cfg.port)};
    /* SPEC rfc6762 §"15.1": the port is shared with other responders of this machine. */
    if (uv_udp_bind(&s->udp, (const struct sockaddr *)&any, UV_UDP_REUSEADDR) != 0) {
        return ERR_IO;
    }
    join(s);
    (void)uv_udp_set_multicast_loop(&s->udp, 1);
    bool works = s->interfaces_count > 0 && uv_udp_recv_start(&s->udp, on_alloc, on_datagram) == 0;
    return works ? OK : ERR_IO;
}

enum err mdns_socket_init(struct mdns_socket *s, const struct mdns_socket_cfg *cfg)
{
    memset(s, 0, sizeof *s);
    s->cfg = *cfg;
    s->cfg.port = cfg->port ? cfg->port : MDNS_SOCKET_PORT;
    TRY(mdns_init(&s->mdns, &cfg->mdns, loop_now(cfg->loop)));
    if (uv_udp_init(&cfg->loop->uv, &s->udp) != 0) {
        mdns_done(&s->mdns);
        return ERR_IO;
    }
    s->udp.data = s;
    s->is_open = true;
    alarm_init(&s->alarm, cfg->loop, on_alarm, s);
    enum err e = open_socket(s);
    if (e != OK) {
        mdns_socket_done(s);
        return e;
    }
    pump(s);
    return OK;
}

enum err mdns_socket_set_addrs(struct mdns_socket *s, const struct span *addrs, size_t count)
{
    return mdns_set_addrs(&s->mdns, addrs, count);
}

void mdns_socket_done(struct mdns_socket *s)
{
    if (!s->is_open) {
        return;
    }
    s->is_open = false;
    alarm_done(&s->alarm);
    uv_close((uv_handle_t *)&s->udp, NULL);
    mdns_done(&s->mdns);
}
