/* dht_find: who has the thing of this name? A DHT of its own, in which programs find each other by names.
 *
 *     dht_find                       serves the DHT, and prints where it listens
 *     dht_find provide NAME ADDR     joins there, and says that it has NAME
 *     dht_find find NAME ADDR        joins there, prints the addresses of those who say so, and ends
 *
 * What a DHT tells is the word of strangers. The peer id in an address is not: who is dialled must prove it. */
#include "codec/multihash.h"
#include "crypto/hash.h"
#include "node/net/socket_host.h"
#include "p2p/host_kad.h"

#include <string.h>

static struct socket_host s;
static struct host_kad dht;
static struct span name; /* what is still to be asked for */
static bool is_finder;
static enum err err;

/* ask starts the operation, once there is somebody to ask. The key is the multihash of the name. */
static enum err ask(void)
{
    uint8_t room[MULTIHASH_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(room));
    struct hash32 digest;
    uint64_t op;
    sha256(&digest, name);
    multihash_write(&w, MULTIHASH_SHA2_256, SPAN_OF(digest.bytes));
    name = SPAN_EMPTY;
    struct span key = span_of(room, w.n);
    struct kad_op_args args = {.keep = !is_finder}; /* provided: again before it expires */
    return is_finder ? kad_find_providers(&dht.kad, &op, loop_now(&s.loop), key, args)
                     : kad_provide(&dht.kad, &op, loop_now(&s.loop), key, args);
}

static void on_dht(const struct kad_event *e)
{
    char text[SOCKET_HOST_ADDR_TEXT_MAX];
    struct span addrs = e->peer.addrs;
    struct span addr;
    if (e->kind == KAD_EVENT_PROVIDER) {
        while (kad_next_addr(&addr, &addrs)) {
            if (socket_host_addr_text(text, addr, &e->peer.id) == OK) {
                (void)printf("%s\n", text);
            }
        }
    } else if (e->kind == KAD_EVENT_OVER) {
        (void)fprintf(stderr, "%u answered, %u keep it\n", e->stats.answered_count,
                      e->stats.stored_count);
        err = e->err;
        if (is_finder) {
            loop_stop(&s.loop);
        }
    }
}

static void on_event(void *user, const struct host_event *e)
{
    struct kad_event found;
    (void)user;
    if (e->kind == HOST_EVENT_PEER_IDENTIFIED && name.n > 0) {
        err = ask();
    } else if (e->kind == HOST_EVENT_DIAL_FAILED) {
        err = e->err;
    }
    while (e->kind == HOST_EVENT_EXTENSION && host_kad_poll(&dht, &found)) {
        on_dht(&found);
    }
    if (err != OK) {
        loop_stop(&s.loop);
    }
}

static enum err start(int argc, char **argv)
{
    struct socket_host_cfg cfg = {.on_event = on_event};
    struct host_kad_cfg kad = {.protocol = "/example/kad/1.0.0"};
    is_finder = argc > 3 && strcmp(argv[1], "find") == 0;
    name = span_str(argc > 3 ? argv[2] : "");
    kad.kad.mode = is_finder ? KAD_MODE_CLIENT : KAD_MODE_SERVER;
    kad.kad.private_too = true; /* peers on local networks are welcome; not so in a public DHT */
    TRY(socket_host_init(&s, &cfg));
    TRY(host_kad_init(&dht, &s.host, &kad));
    TRY(socket_host_listen(&s, "/ip4/0.0.0.0/tcp/0"));
    return argc > 3 ? socket_host_dial(&s, argv[3]) : socket_host_print_addrs(&s, stdout);
}

int main(int argc, char **argv)
{
    err = start(argc, argv);
    if (err == OK) {
        loop_run(&s.loop);
    }
    (void)fprintf(stderr, "dht_find: %s\n", err_name(err));
    host_kad_done(&dht);
    socket_host_done(&s);
    return err == OK ? 0 : 1;
}
