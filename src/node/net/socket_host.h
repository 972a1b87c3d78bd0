#ifndef NODE_SOCKET_HOST_H
#define NODE_SOCKET_HOST_H

#include "base/budget.h"
#include "base/err.h"
#include "base/secret.h"
#include "base/span.h"
#include "codec/multiaddr.h"
#include "node/net/loop.h"
#include "node/net/near.h"
#include "node/net/tcp.h"
#include "node/net/web_certificate.h"
#include "node/os/entropy.h"
#include "p2p/host.h"
#include "p2p/host_state.h"
#include "p2p/key_signer.h"
#include "p2p/peer_id.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* A host with all that it stands on: the loop, the system's randomness, an identity, a budget, sockets. For programs
 * that want a libp2p node and nothing else of us; docs/libp2p.md leads through it, examples/ shows it. Its parts
 * are there to be used: a command to the host goes to &s.host, the loop is &s.loop, and so on.
 *
 *     static struct socket_host s;
 *     socket_host_init(&s, &cfg)         host_handle(&s.host, ...)     socket_host_listen(&s, "/ip4/0.0.0.0/tcp/4001")
 *     loop_run(&s.loop)                  cfg.on_event hears what happens, and acts on &s.host
 *     tcp_pump(&s.tcp)                   after commands from anywhere but on_event
 *     socket_host_done(&s)               extensions and the program's own handles on the loop first
 *
 * One thread: nothing here may be called from another. Memory: cfg.host.memory_max for the host, and as much again
 * at most for what waits between it and full sockets. */

struct socket_host_cfg {
    /* As for host_init. What is zero is filled in: signer (see seed), rng, parent, unix_s, record_seq (milliseconds since
     * 1970), memory_max (SOCKET_HOST_MEMORY_DEFAULT), agent; without security_dial both are tried, Noise first. */
    struct host_cfg host;
    const struct secret32
        *seed;     /* of the Ed25519 identity, if host.signer is NULL; copied. NULL: a fresh one */
    bool one_port; /* see struct tcp_cfg */
    struct span web_cas;   /* see struct tcp_cfg */
    struct log *log;       /* may be NULL */
    tcp_event_fn on_event; /* see struct tcp_cfg */
    void *user;
};

enum {
    SOCKET_HOST_MEMORY_DEFAULT = 64 * 1024 * 1024,
    SOCKET_HOST_LISTENS_MAX = TCP_LISTENERS_MAX + 2, /* TCP, and UDP for each family */
    SOCKET_HOST_ADDR_TEXT_MAX = MULTIADDR_TEXT_MAX + 1,
};

struct socket_host {
    struct loop loop;
    struct entropy entropy;
    struct key_signer key; /* unused with cfg.host.signer */
    struct budget budget;
    struct host host;
    struct tcp tcp;
    struct near near;                             /* as of the latest listen */
    struct span listens[SOCKET_HOST_LISTENS_MAX]; /* multiaddrs, as bound */
    size_t listens_count;
    bool has_loop;
    bool has_tcp;
};

/* socket_host_init: ERR_IO: no randomness, or no descriptors for a loop; ERR_LIMIT: memory_max is too small;
 * ERR_INTERNAL: a crypto backend does not work; the signer's. Nothing is left behind then. s must not move. */
MUST_CHECK enum err socket_host_init(struct socket_host *s, const struct socket_host_cfg *cfg);

/* socket_host_listen binds a multiaddr in text (see tcp_listen; port 0 takes a free one) and announces what is bound,
 * with /ip4/0.0.0.0 and /ip6/:: as the addresses of this machine's interfaces. The errors of multiaddr_parse, tcp_listen and
 * host_set_listen_addrs. */
MUST_CHECK enum err socket_host_listen(struct socket_host *s, const char *addr);

/* socket_host_use_certificate reads what /tls/ws is listened with, before the first such listen and again whenever the files are
 * new: connections go on with what they had. Errors and *ret_rule as web_certificate_load's. */
MUST_CHECK enum err socket_host_use_certificate(struct socket_host *s,
                                                const char **ret_rule,
                                                const struct web_certificate_files *files);

/* socket_host_dial dials a multiaddr in text, with or without /p2p; see host_dial for what follows. The errors of
 * multiaddr_parse and host_dial. */
MUST_CHECK enum err socket_host_dial(struct socket_host *s, const char *addr);

/* socket_host_addr_text writes a multiaddr with the /p2p of who is there, zero-terminated: as one passes it on. The errors of
 * multiaddr_print. */
MUST_CHECK enum err socket_host_addr_text(char ret_text[static SOCKET_HOST_ADDR_TEXT_MAX],
                                          struct span addr,
                                          const struct peer_id *peer);

/* socket_host_print_addr writes the i-th announced address with our own /p2p, zero-terminated; false: there are no more. */
bool socket_host_print_addr(const struct socket_host *s,
                            char ret_text[static SOCKET_HOST_ADDR_TEXT_MAX],
                            size_t i);

/* socket_host_print_addrs writes all of them to a file, a line each, and flushes it. ERR_IO. */
MUST_CHECK enum err socket_host_print_addrs(const struct socket_host *s, FILE *to);

/* socket_host_done closes every socket, ends the loop and gives everything back. Before it: the done of each extension
 * on the host, and uv_close for every handle that the program has on the loop. Safe on a zeroed object and twice. */
void socket_host_done(struct socket_host *s);

#endif
