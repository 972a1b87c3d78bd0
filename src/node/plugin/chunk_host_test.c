/* Chunks between hosts: from one good peer among nine hostile ones; and what a shelf gives to whom. */
#include "node/plugin/chunk_host.h"

#include "base/test.h"
#include "p2p/host_net_test.h"

#include <string.h>

enum {
    ASKER,
    GOOD,
    HOSTILE_FIRST, /* a node for each way to be hostile */
    WRONG_BYTES = HOSTILE_FIRST,
    TOO_LONG,
    SHORT,
    ANNOUNCES_MUCH,
    STALLS,
    TRICKLES,
    RESETS,
    NO_MESSAGE,
    CONTRADICTS,
    NODES,
    HOSTILE_COUNT = NODES - HOSTILE_FIRST,
    CHUNKS = 5,
    LAST_LEN = 1000,
    FILE_LEN = (CHUNKS - 1) * PACKAGE_CHUNK_LEN + LAST_LEN
};

static struct host_net net;
static struct chunk_host all[NODES];
static uint8_t content[FILE_LEN];
static struct hash32 content_hash;
static uint8_t received[FILE_LEN];
static struct {
    unsigned got;
    unsigned failed;
    bool wants_more;
} seen;

static size_t chunk_len(size_t i)
{
    return i == CHUNKS - 1 ? LAST_LEN : PACKAGE_CHUNK_LEN;
}

static enum err shelf_read(struct chunk_shelf *self,
                           uint8_t ret[static PACKAGE_CHUNK_LEN],
                           size_t *ret_len,
                           const struct chunk_request *r)
{
    (void)self;
    if (!span_equal(SPAN_OF(r->file.bytes), SPAN_OF(content_hash.bytes)) || r->index >= CHUNKS) {
        return ERR_NOT_FOUND;
    }
    *ret_len = chunk_len(r->index);
    memcpy(ret, content + (size_t)r->index * PACKAGE_CHUNK_LEN, *ret_len);
    return OK;
}

static struct chunk_shelf shelf = {shelf_read};

static void want(size_t i)
{
    struct chunk_want w = {
        .request = {.file = content_hash, .index = (uint32_t)i},
          .length = chunk_len(i)
    };
    sha256(&w.hash, span_of(content + i * PACKAGE_CHUNK_LEN, w.length));
    chunk_host_want(&all[ASKER], &w);
}

static void on_chunk(void *user, enum err err, struct span bytes)
{
    (void)user;
    if (err != OK) {
        EXPECT_EQ(ERR_NOT_FOUND, err);
        seen.failed++;
        return;
    }
    (void)span_copy(mspan_of(received + seen.got * PACKAGE_CHUNK_LEN, chunk_len(seen.got)), bytes);
    seen.got++;
    if (seen.wants_more && seen.got < CHUNKS) {
        want(seen.got);
    }
}

/* ---- hostile peers ---- */

static void say(struct host *h, host_stream stream, struct span bytes)
{
    (void)host_stream_write(h, stream, bytes);
}

static void say_chunk(struct host *h, host_stream stream, struct span bytes)
{
    static uint8_t room[2 * PACKAGE_CHUNK_LEN];
    struct wr w = wr_init(MSPAN_OF(room));
    chunk_answer_write(&w, &(struct chunk_answer){.bytes = bytes});
    say(h, stream, span_of(room, w.n));
    host_stream_close_write(h, stream);
}

static void be_hostile(unsigned i, const struct host_event *e)
{
    struct host *h = &net.nodes[i].host;
    static uint8_t wrong[PACKAGE_CHUNK_LEN + 1];
    switch (i) {
    case WRONG_BYTES:    say_chunk(h, e->stream, span_of(wrong, PACKAGE_CHUNK_LEN)); break;
    case TOO_LONG:       say_chunk(h, e->stream, span_of(wrong, PACKAGE_CHUNK_LEN + 1)); break;
    case SHORT:          say_chunk(h, e->stream, span_of(content, PACKAGE_CHUNK_LEN / 2)); break;
    case ANNOUNCES_MUCH: say(h, e->stream, test_hex("ffffffff07")); break;
    case TRICKLES:       say(h, e->stream, test_hex("86800408001a")); break;
    case RESETS:         host_stream_reset(h, e->stream, 7); break;
    case NO_MESSAGE:     say(h, e->stream, test_hex("03ffffff")); break;
    case CONTRADICTS:    say(h, e->stream, test_hex("0508011a0141")); break;
    default:             break; /* STALLS */
    }
}

static void on_event(void *user, unsigned i, const struct host_event *e)
{
    (void)user;
    if (e->kind == HOST_EVENT_STREAM_DATA) {
        if (i >= HOSTILE_FIRST) {
            be_hostile(i, e);
        }
        host_stream_consume(&net.nodes[i].host, e->stream, e->data.n);
    }
}

static void start_node(unsigned i)
{
    const struct chunk_host_cfg cfg = {
        .budget = test_budget(), .shelf = i == GOOD ? &shelf : NULL, .on_chunk = on_chunk};
    const struct host_protocol_args many = {.streams_in_max = 4};
    if (i == ASKER || i == GOOD) {
        EXPECT_OK(chunk_host_init(&all[i], &net.nodes[i].host, &cfg));
    } else {
        EXPECT_OK(host_handle(&net.nodes[i].host, CHUNK_PROTOCOL, many));
    }
}

/* The asker is connected to the hostile ones first, so that it asks them first. */
static void start(unsigned hostile_count, bool has_good)
{
    memset(&seen, 0, sizeof seen);
    memset(received, 0, sizeof received);
    for (size_t i = 0; i < sizeof content; i++) {
        content[i] = (uint8_t)(i * 31 + i / 251);
    }
    sha256(&content_hash, SPAN_OF(content));
    host_net_init(&net, NODES);
    net.on_event = on_event;
    for (unsigned i = 0; i < NODES; i++) {
        start_node(i);
    }
    for (unsigned i = 0; i < hostile_count; i++) {
        host_net_connect(&net, ASKER, HOSTILE_FIRST + i);
    }
    host_net_run(&net);
    if (has_good) {
        host_net_connect(&net, ASKER, GOOD);
        host_net_run(&net);
    }
}

static void stop(void)
{
    chunk_host_done(&all[ASKER]);
    chunk_host_done(&all[GOOD]);
    host_net_done(&net);
}

TEST(a_whole_file_from_one_peer)
{
    start(0, true);
    seen.wants_more = true;
    want(0);
    host_net_run(&net);
    EXPECT_EQ(CHUNKS, seen.got);
    EXPECT_EQ(0, seen.failed);
    EXPECT_SPAN(SPAN_OF(content), SPAN_OF(received));
    EXPECT_EQ(0, all[ASKER].wasted_bytes);
    stop();
}

TEST(nine_of_ten_peers_are_hostile)
{
    start(HOSTILE_COUNT, true);
    EXPECT_EQ(HOSTILE_COUNT + 1, host_peers_count(&net.nodes[ASKER].host));
    seen.wants_more = true;
    want(0);
    host_net_run(&net);
    for (int i = 0; i < 4 && seen.got < CHUNKS; i++) { /* two of them are waited for */
        host_net_pass(&net, CHUNK_SLOW_MS * US_PER_MS + 1);
    }
    EXPECT_EQ(CHUNKS, seen.got);
    EXPECT_EQ(0, seen.failed);
    EXPECT_SPAN(SPAN_OF(content), SPAN_OF(received));
    EXPECT_EQ(6, all[ASKER].liars_count);
    /* Each cost one chunk at most, the heads of answers and frames aside. */
    EXPECT(all[ASKER].wasted_bytes <= HOSTILE_COUNT * (PACKAGE_CHUNK_LEN + 1024));
    EXPECT(peer_id_equal(&all[ASKER].peer, host_self(&net.nodes[GOOD].host)));
    stop();
}

TEST(hostile_peers_alone)
{
    start(HOSTILE_COUNT, false);
    want(0);
    host_net_run(&net);
    for (int i = 0; i < 4 && seen.failed == 0; i++) {
        host_net_pass(&net, CHUNK_SLOW_MS * US_PER_MS + 1);
    }
    EXPECT_EQ(0, seen.got);
    EXPECT_EQ(1, seen.failed);
    /* The liars are not asked again; those that were slow or went are, after a while. */
    uint64_t wasted = all[ASKER].wasted_bytes;
    host_net_pass(&net, (uint64_t)CHUNK_HOST_LEFT_MS * US_PER_MS);
    want(0);
    host_net_run(&net);
    for (int i = 0; i < 4 && seen.failed == 1; i++) {
        host_net_pass(&net, CHUNK_SLOW_MS * US_PER_MS + 1);
    }
    EXPECT_EQ(2, seen.failed);
    EXPECT_EQ(6, all[ASKER].liars_count);
    EXPECT(all[ASKER].wasted_bytes < wasted + 1024);
    stop();
}

TEST(nobody_is_connected)
{
    start(0, false);
    want(0);
    host_net_run(&net);
    EXPECT_EQ(1, seen.failed);
    stop();
}

TEST(a_peer_that_goes_in_the_middle)
{
    start(0, true);
    want(0);
    host_disconnect(&net.nodes[GOOD].host, host_self(&net.nodes[ASKER].host));
    host_net_run(&net);
    EXPECT_EQ(1, seen.failed + seen.got);
    stop();
}

TEST(what_is_dropped_is_not_told)
{
    start(0, true);
    want(0);
    chunk_host_drop(&all[ASKER]);
    host_net_run(&net);
    EXPECT_EQ(0, seen.got + seen.failed);
    stop();
}

/* Whoever asks waits until it may go on. */
TEST(a_peer_has_its_quota)
{
    start(0, true);
    for (unsigned i = 0; i < CHUNK_HOST_QUOTA + 1; i++) {
        seen.got = 0;
        want(CHUNKS - 1);
        host_net_run(&net);
    }
    EXPECT_EQ(CHUNK_HOST_QUOTA, all[GOOD].given_count);
    EXPECT_EQ(0, seen.got + seen.failed);
    host_net_pass(&net, US_PER_S / CHUNK_HOST_QUOTA_PER_S + US_PER_MS);
    EXPECT_EQ(1, seen.got);
    EXPECT_EQ(CHUNK_HOST_QUOTA + 1, all[GOOD].given_count);
    EXPECT_EQ(0, all[ASKER].liars_count);
    stop();
}

/* Questions that are none, and one without an end. */
TEST(a_shelf_is_asked_nonsense)
{
    static const char *const cases[] = {"00", "41", "ffffffffffffffffffff01", "0208ff", "030a0141"};
    start(0, true);
    struct host *h = &net.nodes[HOSTILE_FIRST].host;
    host_net_connect(&net, HOSTILE_FIRST, GOOD);
    host_net_run(&net);
    const struct host_open_args args = {.peer = host_self(&net.nodes[GOOD].host),
                                        .protocol = CHUNK_PROTOCOL};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        host_stream stream;
        test_note("%s", cases[i]);
        EXPECT_OK(host_open_stream(h, &stream, NULL, args));
        host_net_run(&net);
        say(h, stream, test_hex(cases[i]));
        host_net_run(&net);
    }
    host_net_pass(&net, (uint64_t)CHUNK_HOST_IN_MS * US_PER_MS + 1);
    for (size_t i = 0; i < CHUNK_HOST_IN_MAX; i++) {
        EXPECT(!all[GOOD].answers.streams[i].is_used);
    }
    EXPECT_EQ(0, all[GOOD].given_count);
    want(0);
    host_net_run(&net);
    EXPECT_EQ(1, seen.got);
    stop();
}

TEST_MAIN
