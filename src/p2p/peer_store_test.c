/* Where peers can be met: what is believed and for how long, who is forgotten, and what a disk may say. */
#include "p2p/peer_store.h"

#include "base/test.h"
#include "codec/multiaddr.h"
#include "crypto/backend.h"
#include "p2p/envelope.h"
#include "p2p/key_signer.h"

#include <stdio.h>
#include <string.h>

static const uint64_t now = 1800000000;
static const uint64_t day = 24 * 3600;
static struct peer_store ps;

static struct span addr_of(unsigned i)
{
    static uint8_t room[4][64];
    static unsigned turn;
    uint8_t *to = room[turn++ % 4];
    struct wr w = wr_init(mspan_of(to, 64));
    uint8_t ip[4] = {8, 8, (uint8_t)(i >> 8), (uint8_t)i};
    multiaddr_write(&w, MULTIADDR_IP4, SPAN_OF(ip));
    multiaddr_write_port(&w, MULTIADDR_TCP, 4001);
    return span_of(to, w.n);
}

static struct peer_id peer_of(unsigned i)
{
    uint8_t hash[34] = {0x12, 0x20, (uint8_t)(i >> 8), (uint8_t)i};
    struct peer_id id = {0};
    EXPECT_OK(peer_id_decode(&id, SPAN_OF(hash)));
    return id;
}

static void start(size_t peers_max)
{
    struct peer_store_cfg cfg = {
        .peers_max = peers_max, .budget = test_budget(), .seed = {1, 2}
    };
    EXPECT_OK(crypto_init());
    peer_store_init(&ps, &cfg);
}

/* list prints the last byte of each address that is believed, a bar behind those that worked. */
static const char *list(const struct peer_id *peer, uint64_t at_s)
{
    static char text[128];
    struct span addrs[PEER_STORE_ADDRS_MAX];
    size_t worked;
    size_t n = peer_store_addrs(&ps, addrs, &worked, peer, at_s);
    text[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s%u", i > 0 && i == worked ? "| " : "",
                 addrs[i].p[4]);
        used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s", i + 1 < n ? " " : "");
    }
    return text;
}

TEST(each_source_is_believed_as_long_as_it_deserves)
{
    struct peer_id peer = peer_of(1);
    start(10);
    peer_store_heard(&ps, &peer, addr_of(1), PEER_SOURCE_HEARD, now);
    peer_store_heard(&ps, &peer, addr_of(2), PEER_SOURCE_IDENTIFY, now);
    peer_store_worked(&ps, &peer, addr_of(3), now);
    EXPECT_STR("3 | 1 2", list(&peer, now + 3599));
    EXPECT_STR("3 | 2", list(&peer, now + 3600));
    EXPECT_STR("3", list(&peer, now + day));
    EXPECT_STR("3", list(&peer, now + 30 * day - 1));
    EXPECT_STR("", list(&peer, now + 30 * day));
    /* A worse source does not shorten what a better one said. */
    peer_store_heard(&ps, &peer, addr_of(3), PEER_SOURCE_HEARD, now);
    EXPECT_STR("3", list(&peer, now + 29 * day));
    peer_store_done(&ps);
}

TEST(what_worked_last_is_first)
{
    struct peer_id peer = peer_of(1);
    start(10);
    peer_store_worked(&ps, &peer, addr_of(1), now);
    peer_store_worked(&ps, &peer, addr_of(2), now + 1);
    peer_store_heard(&ps, &peer, addr_of(3), PEER_SOURCE_HEARD, now + 2);
    EXPECT_STR("2 1 | 3", list(&peer, now + 2));
    peer_store_worked(&ps, &peer, addr_of(1), now + 3);
    EXPECT_STR("1 2 | 3", list(&peer, now + 3));
    peer_store_done(&ps);
}

TEST(addresses_are_few_and_the_better_stay)
{
    struct peer_id peer = peer_of(1);
    start(10);
    for (unsigned i = 1; i <= PEER_STORE_ADDRS_MAX; i++) {
        peer_store_heard(&ps, &peer, addr_of(i), PEER_SOURCE_IDENTIFY, now + i);
    }
    peer_store_heard(&ps, &peer, addr_of(20), PEER_SOURCE_HEARD,
                     now + 20); /* nothing for anybody's word */
    EXPECT_STR("1 2 3 4 5 6 7 8", list(&peer, now + 20));
    peer_store_worked(&ps, &peer, addr_of(21), now + 21);
    EXPECT_STR("21 | 2 3 4 5 6 7 8", list(&peer, now + 21));
    uint8_t name[PEER_STORE_ADDR_LEN_MAX];
    memset(name, 'a', sizeof name);
    uint8_t room[256];
    struct wr w = wr_init(MSPAN_OF(room));
    multiaddr_write(&w, MULTIADDR_DNS4, SPAN_OF(name));
    peer_store_worked(&ps, &peer, span_of(room, w.n), now);   /* too long */
    peer_store_worked(&ps, &peer, SPAN_LIT("\x01\x02"), now); /* none */
    peer_store_worked(&ps, &peer, SPAN_EMPTY, now);
    EXPECT_STR("21 | 2 3 4 5 6 7 8", list(&peer, now + 21));
    peer_store_done(&ps);
}

TEST(with_and_without_the_peer_it_is_one_address)
{
    struct peer_id peer = peer_of(1);
    struct peer_id other = peer_of(2);
    uint8_t room[128];
    start(10);
    struct wr w = wr_init(MSPAN_OF(room));
    wr_bytes(&w, addr_of(1));
    multiaddr_write(&w, MULTIADDR_P2P, peer_id_span(&peer));
    peer_store_heard(&ps, &peer, span_of(room, w.n), PEER_SOURCE_HEARD, now);
    peer_store_worked(&ps, &peer, addr_of(1), now);
    EXPECT_STR("1", list(&peer, now));
    peer_store_heard(&ps, &other, span_of(room, w.n), PEER_SOURCE_HEARD,
                     now); /* leads to another */
    EXPECT(peer_store_find(&ps, &other) == NULL);
    peer_store_done(&ps);
}

TEST(strangers_drive_out_strangers)
{
    start(8);
    for (unsigned i = 0; i < 4; i++) {
        struct peer_id peer = peer_of(i);
        peer_store_worked(&ps, &peer, addr_of(i), now);
    }
    for (unsigned i = 4; i < 2000; i++) {
        struct peer_id peer = peer_of(i);
        peer_store_heard(&ps, &peer, addr_of(i), PEER_SOURCE_IDENTIFY, now + i);
    }
    EXPECT_EQ(8, ps.peers.count);
    for (unsigned i = 0; i < 4; i++) {
        struct peer_id peer = peer_of(i);
        EXPECT(peer_store_find(&ps, &peer) != NULL);
    }
    struct peer_id last = peer_of(1999);
    struct peer_id before = peer_of(1990);
    EXPECT(peer_store_find(&ps, &last) != NULL);
    EXPECT(peer_store_find(&ps, &before) == NULL);
    EXPECT(list_is_empty(&ps.gone)); /* nothing of them was ever written */
    peer_store_done(&ps);
}

/* ---- records ---- */

struct sealed {
    uint8_t bytes[3000];
    size_t n;
};

static struct span
seal(struct sealed *s, struct key_signer *k, uint64_t seq, unsigned first, unsigned count)
{
    static uint8_t rooms[PEER_RECORD_ADDRS_MAX][64];
    struct span addrs[PEER_RECORD_ADDRS_MAX];
    for (unsigned i = 0; i < count; i++) {
        struct span a = addr_of(first + i);
        memcpy(rooms[i], a.p, a.n);
        addrs[i] = span_of(rooms[i], a.n);
    }
    struct wr w = wr_init(MSPAN_OF(s->bytes));
    struct peer_record_cfg cfg = {.seq = seq, .addrs = addrs, .addrs_count = count};
    EXPECT_OK(peer_record_seal(&w, &cfg, &k->signer, test_budget()));
    s->n = w.n;
    return span_of(s->bytes, s->n);
}

static void key_init(struct key_signer *k, struct peer_id *ret_id, uint8_t fill)
{
    struct secret32 seed;
    memset(seed.bytes, fill, sizeof seed.bytes);
    key_signer_init(k, &seed);
    peer_id_of_key(ret_id, k->signer.public_key);
}

TEST(a_record_is_the_peers_own_and_its_number_rises)
{
    static struct sealed s;
    struct key_signer k;
    struct key_signer forger;
    struct peer_id peer;
    struct peer_id liar;
    start(10);
    key_init(&k, &peer, 1);
    key_init(&forger, &liar, 2);
    EXPECT_OK(peer_store_take_record(&ps, &peer, seal(&s, &k, 5, 1, 2), now));
    EXPECT_STR("1 2", list(&peer, now));
    /* replays, of the same and of an older one */
    EXPECT_ERR(ERR_STATE, peer_store_take_record(&ps, &peer, seal(&s, &k, 5, 3, 1), now));
    EXPECT_ERR(ERR_STATE, peer_store_take_record(&ps, &peer, seal(&s, &k, 4, 3, 1), now));
    /* somebody else's, handed on; and a forged one */
    EXPECT_ERR(ERR_AUTH, peer_store_take_record(&ps, &peer, seal(&s, &forger, 9, 3, 1), now));
    EXPECT_ERR(ERR_AUTH, peer_store_take_record(&ps, &liar, seal(&s, &k, 9, 3, 1), now));
    (void)seal(&s, &k, 9, 3, 1);
    s.bytes[s.n - 1] ^= 1;
    EXPECT_ERR(ERR_AUTH, peer_store_take_record(&ps, &peer, span_of(s.bytes, s.n), now));
    EXPECT_ERR(ERR_LIMIT, peer_store_take_record(
                              &ps, &peer, span_of(s.bytes, PEER_STORE_SEALED_LEN_MAX + 1), now));
    EXPECT(peer_store_find(&ps, &liar) == NULL);
    /* A newer one takes the place of what only the old one named; what worked stays. */
    peer_store_worked(&ps, &peer, addr_of(50), now);
    EXPECT_OK(peer_store_take_record(&ps, &peer, seal(&s, &k, 100, 60, 1), now));
    EXPECT_STR("50 | 60", list(&peer, now));
    EXPECT_EQ(100, peer_store_find(&ps, &peer)->seq);
    key_signer_done(&k);
    key_signer_done(&forger);
    peer_store_done(&ps);
}

/* ---- the disk ---- */

static struct peer_store_change change;

TEST(there_and_back)
{
    static struct sealed s;
    static struct peer_store_change kept;
    struct key_signer k;
    struct peer_id peer;
    start(10);
    key_init(&k, &peer, 1);
    EXPECT_OK(peer_store_take_record(&ps, &peer, seal(&s, &k, 7, 1, 2), now));
    peer_store_worked(&ps, &peer, addr_of(9), now + 1);
    TEST_REQUIRE(EXPECT(peer_store_next_change(&ps, &kept)));
    EXPECT(!kept.is_gone);
    EXPECT(peer_id_equal(&peer, &kept.peer));
    EXPECT(!peer_store_next_change(&ps, &change));
    peer_store_forget(&ps, &peer);
    TEST_REQUIRE(EXPECT(peer_store_next_change(&ps, &change)));
    EXPECT(change.is_gone);
    EXPECT(!peer_store_next_change(&ps, &change));
    peer_store_done(&ps);

    start(10);
    struct span bytes = span_of(kept.bytes, kept.len);
    EXPECT_OK(peer_store_load(&ps, bytes, now + 2));
    EXPECT_STR("9 | 1 2", list(&peer, now + 2));
    EXPECT_EQ(7, peer_store_find(&ps, &peer)->seq);
    EXPECT(!peer_store_next_change(&ps, &change));               /* as it is on the disk */
    EXPECT_ERR(ERR_LIMIT, peer_store_load(&ps, bytes, now + 2)); /* twice */
    EXPECT_ERR(ERR_STATE, peer_store_take_record(&ps, &peer, seal(&s, &k, 7, 1, 2), now));
    peer_store_done(&ps);

    start(10);
    EXPECT_OK(peer_store_load(&ps, bytes, now + 8 * day));
    EXPECT_STR("9", list(&peer, now + 8 * day));
    peer_store_done(&ps);
    start(10);
    EXPECT_ERR(ERR_NOT_FOUND, peer_store_load(&ps, bytes, now + 31 * day));
    /* A clock that was set back: what lies in the future is not believed for longer than it may be. */
    EXPECT_OK(peer_store_load(&ps, bytes, now - 100 * day));
    EXPECT_STR("1 2", list(&peer, now - 100 * day));
    EXPECT_STR("", list(&peer, now - 90 * day));
    peer_store_done(&ps);
    key_signer_done(&k);
}

TEST(bytes_that_were_changed_are_refused_or_harmless)
{
    static struct sealed s;
    static struct peer_store_change kept;
    struct key_signer k;
    struct peer_id peer;
    start(10);
    key_init(&k, &peer, 1);
    EXPECT_OK(peer_store_take_record(&ps, &peer, seal(&s, &k, 7, 1, 2), now));
    TEST_REQUIRE(EXPECT(peer_store_next_change(&ps, &kept)));
    peer_store_done(&ps);
    for (size_t n = 0; n < kept.len; n++) {
        start(10);
        EXPECT_ERR(ERR_MALFORMED, peer_store_load(&ps, span_of(kept.bytes, n), now));
        peer_store_done(&ps);
    }
    for (size_t i = 0; i < kept.len; i++) {
        static struct peer_store_change bad;
        bad = kept;
        bad.bytes[i] ^= 0x55;
        start(10);
        if (peer_store_load(&ps, span_of(bad.bytes, bad.len), now) == OK) {
            const struct peer_store_peer *p = peer_store_find(&ps, &peer);
            TEST_REQUIRE(EXPECT(p != NULL)); /* its id stands in the record, too */
            EXPECT_EQ(7, p->seq);
            EXPECT(p->seen_s <= now);
        }
        peer_store_done(&ps);
    }
}

TEST_MAIN
