/* What a host learns of peers, and that after a restart it first dials what worked before. */
#include "p2p/host_peer_store.h"

#include "base/check.h"
#include "base/test.h"
#include "p2p/host_net_test.h"

enum { CLIENT, SERVER, NOWHERE, AGAIN, COUNT };

/* A disk of a few places. */
static struct disk {
    struct peer_disk port; /* first member */
    struct {
        uint8_t key[HOST_PEER_STORE_KEY_MAX];
        size_t key_len;
        uint8_t bytes[PEER_STORE_BYTES_MAX];
        size_t len;
    } kept[4];
    size_t count;
} disk;

static size_t place_of(struct span key)
{
    size_t i = 0;
    while (i < disk.count && !span_equal(span_of(disk.kept[i].key, disk.kept[i].key_len), key)) {
        i++;
    }
    return i;
}

static enum err disk_put(struct peer_disk *self, struct span key, struct span bytes)
{
    (void)self;
    size_t i = place_of(key);
    disk.count += i == disk.count;
    check(disk.count <= sizeof disk.kept / sizeof disk.kept[0]);
    disk.kept[i].key_len = span_copy(MSPAN_OF(disk.kept[i].key), key);
    disk.kept[i].len = span_copy(MSPAN_OF(disk.kept[i].bytes), bytes);
    return OK;
}

static enum err disk_remove(struct peer_disk *self, struct span key)
{
    (void)self;
    size_t i = place_of(key);
    if (i < disk.count) {
        disk.kept[i] = disk.kept[--disk.count];
    }
    return OK;
}

static enum err
disk_next(struct peer_disk *self, struct span after, struct buf *ret_key, struct buf *ret_bytes)
{
    (void)self;
    size_t least = disk.count;
    for (size_t i = 0; i < disk.count; i++) {
        struct span key = span_of(disk.kept[i].key, disk.kept[i].key_len);
        bool is_above = after.n == 0 || span_compare(key, after) > 0;
        if (is_above &&
            (least == disk.count ||
             span_compare(key, span_of(disk.kept[least].key, disk.kept[least].key_len)) < 0)) {
            least = i;
        }
    }
    if (least == disk.count) {
        return ERR_NOT_FOUND;
    }
    TRY(buf_append(ret_key, span_of(disk.kept[least].key, disk.kept[least].key_len)));
    return buf_append(ret_bytes, span_of(disk.kept[least].bytes, disk.kept[least].len));
}

static const struct host_peer_store_cfg sizes = {.peers_max = 10, .memory_max = 64 * 1024};
static struct host_net net;
static struct host_peer_store before;
static struct host_peer_store after;
static unsigned connected[COUNT];

static void on_event(void *user, unsigned i, const struct host_event *e)
{
    (void)user;
    connected[i] += e->kind == HOST_EVENT_PEER_CONNECTED;
}

static void start(void)
{
    host_net_init(&net, COUNT);
    net.on_event = on_event;
    net.nodes[NOWHERE].is_natted = true; /* whoever dials it waits */
    for (unsigned i = 0; i < COUNT; i++) {
        connected[i] = 0;
    }
    host_peer_store_init(&before, &net.nodes[CLIENT].host, &sizes);
    host_peer_store_init(&after, &net.nodes[AGAIN].host, &sizes);
}

static void stop(void)
{
    host_peer_store_done(&before);
    host_peer_store_done(&after);
    host_net_done(&net);
}

static const struct peer_id *server_id(void)
{
    return host_self(&net.nodes[SERVER].host);
}

/* hand_over is the restart: what the one host wrote down the other reads. */
static unsigned hand_over(void)
{
    static struct peer_store_change c;
    unsigned n = 0;
    while (peer_store_next_change(&before.store, &c)) {
        check(!c.is_gone);
        EXPECT_OK(peer_store_load(&after.store, span_of(c.bytes, c.len), HOST_NET_UNIX_S + 60));
        n++;
    }
    EXPECT(!peer_store_has_changes(&before.store));
    return n;
}

TEST(after_a_restart_it_first_dials_what_worked)
{
    start();
    host_net_connect(&net, CLIENT, SERVER);
    EXPECT_EQ(1, connected[CLIENT]);
    EXPECT_EQ(1, hand_over());
    /* Told of an address alone that hangs, it is there at once: no time passes here. */
    struct span addr = host_net_addr(&net, NOWHERE);
    uint64_t id;
    struct host_dial_args args = {.peer = server_id(), .addrs = &addr, .addrs_count = 1};
    EXPECT_OK(host_dial(&net.nodes[AGAIN].host, &id, NULL, args));
    host_net_run(&net);
    EXPECT_EQ(1, connected[AGAIN]);
    stop();

    /* Without, it is not. */
    start();
    addr = host_net_addr(&net, NOWHERE);
    args.peer = server_id();
    EXPECT_OK(host_dial(&net.nodes[AGAIN].host, &id, NULL, args));
    host_net_run(&net);
    EXPECT_EQ(0, connected[AGAIN]);
    stop();
}

TEST(what_worked_no_longer_costs_a_head_start)
{
    start();
    host_net_connect(&net, CLIENT, SERVER);
    EXPECT_EQ(1, hand_over());
    struct span addr = host_net_addr(&net, SERVER);
    uint64_t id;
    peer_store_worked(&after.store, server_id(), host_net_addr(&net, NOWHERE),
                      HOST_NET_UNIX_S + 90);
    struct host_dial_args args = {.peer = server_id(), .addrs = &addr, .addrs_count = 1};
    EXPECT_OK(host_dial(&net.nodes[AGAIN].host, &id, NULL, args));
    host_net_run(&net);
    EXPECT_EQ(0, connected[AGAIN]);
    host_net_pass(&net, DIAL_STAGGER_US);
    EXPECT_EQ(1, connected[AGAIN]);
    stop();
}

TEST(the_record_of_the_peer_itself_is_kept)
{
    start();
    host_net_connect(&net, CLIENT, SERVER);
    const struct peer_store_peer *p = peer_store_find(&before.store, server_id());
    TEST_REQUIRE(EXPECT(p != NULL));
    EXPECT(p->seq > 0);
    EXPECT(p->sealed_len > 0);
    EXPECT_EQ(1, p->addrs_count); /* where it was met is where it says it is */
    EXPECT_EQ(PEER_SOURCE_WORKED, p->addrs[0].source);
    stop();
}

TEST(who_came_to_us_was_met_nowhere)
{
    start();
    host_net_connect(&net, SERVER, CLIENT);
    const struct peer_store_peer *p = peer_store_find(&before.store, server_id());
    TEST_REQUIRE(EXPECT(p != NULL));
    EXPECT_EQ(1, p->addrs_count);
    EXPECT_EQ(PEER_SOURCE_RECORD, p->addrs[0].source);
    EXPECT_EQ(0, p->addrs[0].worked_s);
    stop();
}

TEST(the_disk_has_it_soon_and_what_is_of_no_use_leaves_it)
{
    disk = (struct disk){
        .port = {.put = disk_put, .remove = disk_remove, .next = disk_next}
    };
    struct host_peer_store_cfg cfg = {.peers_max = 10, .memory_max = 64 * 1024, .disk = &disk.port};
    start();
    host_peer_store_done(&before);
    host_peer_store_done(&after);
    EXPECT_OK(disk_put(&disk.port, SPAN_LIT("a"), SPAN_LIT("what no store wrote")));
    EXPECT_OK(disk_put(&disk.port, SPAN_LIT("b"), SPAN_LIT("")));
    host_peer_store_init(&before, &net.nodes[CLIENT].host, &cfg);
    EXPECT_EQ(0, disk.count);
    host_net_connect(&net, CLIENT, SERVER);
    host_net_pass(&net, 5 * US_PER_S);
    EXPECT_EQ(1, disk.count); /* before it ends: a process may be killed */
    host_peer_store_init(&after, &net.nodes[AGAIN].host, &cfg);
    EXPECT_EQ(1, after.store.peers.count);
    struct span addr = host_net_addr(&net, NOWHERE);
    uint64_t id;
    struct host_dial_args args = {.peer = server_id(), .addrs = &addr, .addrs_count = 1};
    EXPECT_OK(host_dial(&net.nodes[AGAIN].host, &id, NULL, args));
    host_net_run(&net);
    EXPECT_EQ(1, connected[AGAIN]);
    stop();
    EXPECT_EQ(1, disk.count);
}

TEST_MAIN
