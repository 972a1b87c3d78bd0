/* Values that only one peer can write: sealed, opened, forged, and in a network. */
#include "p2p/kad_signed.h"

#include "base/test.h"
#include "p2p/kad_net_test.h"
#include "p2p/key_signer.h"

#include <string.h>

static struct key_signer signers[2];
static struct peer_id peers[2];

static void start(void)
{
    for (uint8_t i = 0; i < 2; i++) {
        struct secret32 seed = {.bytes = {(uint8_t)(i + 1)}};
        key_signer_init(&signers[i], &seed);
        peer_id_of_key(&peers[i], signers[i].signer.public_key);
    }
}

static struct span key_of(uint8_t *room, const struct peer_id *peer, const char *name)
{
    struct wr w = wr_init(mspan_of(room, KAD_KEY_LEN_MAX));
    kad_signed_write_key(&w, peer, span_str(name));
    EXPECT(wr_ok(&w));
    return span_of(room, w.n);
}

static struct span seal(uint8_t *room, struct span key, uint64_t seq, const char *data)
{
    struct wr w = wr_init(mspan_of(room, 1024));
    struct kad_signed_value v = {
        .key = key, .seq = seq, .expires_s = 2000000000, .data = span_str(data)};
    EXPECT_OK(kad_signed_seal(&w, &v, &signers[0].signer, test_budget()));
    EXPECT_OK(wr_end(&w));
    return span_of(room, w.n);
}

TEST(what_is_believed)
{
    start();
    struct kad_signed v;
    kad_signed_init(&v, test_budget());
    uint8_t own[KAD_KEY_LEN_MAX];
    uint8_t named[KAD_KEY_LEN_MAX];
    uint8_t foreign[KAD_KEY_LEN_MAX];
    uint8_t value[1024];
    uint8_t other[1024];
    struct span key = key_of(own, &peers[0], "");
    struct span name = key_of(named, &peers[0], "menu");
    struct span not_ours = key_of(foreign, &peers[1], "");
    struct span good = seal(value, key, 7, "data");
    struct span under_name = seal(other, name, 7, "data");
    struct kad_signed_value opened;
    TEST_REQUIRE(EXPECT_OK(kad_signed_open(&v, &opened, key, good, (walltime){1999999999})));
    EXPECT_EQ(7, opened.seq);
    EXPECT_SPAN(SPAN_LIT("data"), opened.data);
    EXPECT_OK(kad_signed_open(&v, &opened, name, under_name, (walltime){0}));
    EXPECT_ERR(ERR_TIMEOUT, kad_signed_open(&v, &opened, key, good, (walltime){2000000000}));
    EXPECT_ERR(ERR_AUTH, kad_signed_open(&v, &opened, name, good, (walltime){0}));
    EXPECT_ERR(ERR_AUTH, kad_signed_open(&v, &opened, not_ours, good, (walltime){0}));
    /* Sealed by the first for the key of the second. */
    struct span usurped = seal(other, not_ours, 9, "mine");
    EXPECT_ERR(ERR_AUTH, kad_signed_open(&v, &opened, not_ours, usurped, (walltime){0}));
    for (size_t i = 0; i < good.n; i++) {
        value[i] ^= 1;
        EXPECT(kad_signed_open(&v, &opened, key, good, (walltime){0}) != OK);
        value[i] ^= 1;
    }
    for (size_t i = 0; i < good.n; i++) {
        EXPECT(kad_signed_open(&v, &opened, key, span_first(good, i), (walltime){0}) != OK);
    }
}

TEST(keys)
{
    start();
    uint8_t room[KAD_KEY_LEN_MAX];
    struct peer_id peer;
    struct span key = key_of(room, &peers[0], "a");
    EXPECT_OK(kad_signed_peer(&peer, key));
    EXPECT(peer_id_equal(&peers[0], &peer));
    EXPECT_OK(kad_signed_peer(&peer, span_first(key, key.n - 2)));
    EXPECT_ERR(ERR_MALFORMED, kad_signed_peer(&peer, span_first(key, key.n - 1)));
    EXPECT_ERR(ERR_MALFORMED, kad_signed_peer(&peer, span_first(key, key.n - 3)));
    EXPECT_ERR(ERR_MALFORMED, kad_signed_peer(&peer, SPAN_LIT("/signed/")));
    EXPECT_ERR(ERR_MALFORMED, kad_signed_peer(&peer, SPAN_LIT("/other/xx")));
}

TEST(the_higher_number_wins)
{
    start();
    struct kad_signed v;
    kad_signed_init(&v, test_budget());
    uint8_t own[KAD_KEY_LEN_MAX];
    uint8_t a[1024];
    uint8_t b[1024];
    struct span key = key_of(own, &peers[0], "");
    struct span old = seal(a, key, 7, "zzz");
    struct span new = seal(b, key, 8, "aaa");
    const struct kad_validator *k = &v.validator;
    EXPECT(k->compare(k, key, new, old) > 0);
    EXPECT(k->compare(k, key, old, new) < 0);
    EXPECT_EQ(0, k->compare(k, key, old, old));
    EXPECT(k->compare(k, key, old, SPAN_LIT("x")) > 0);
}

TEST(through_a_network)
{
    static struct net n;
    static struct kad_signed v;
    static const struct kad_validator *const validators[] = {&v.validator};
    start();
    kad_signed_init(&v, test_budget());
    struct kad_cfg cfg = {.mode = KAD_MODE_SERVER, .validators = validators, .validators_count = 1};
    net_init(&n, 12, &cfg);
    uint8_t own[KAD_KEY_LEN_MAX];
    uint8_t value[1024];
    struct span key = key_of(own, &peers[0], "");
    struct kad_put_args put = {.key = key, .value = seal(value, key, 1, "hello")};
    uint64_t op;
    EXPECT_OK(kad_put_value(&n.nodes[2].kad, &op, n.now, put));
    net_run(&n);
    EXPECT(n.nodes[2].stats.stored_count >= 10);
    put.value = span_first(put.value, put.value.n - 1);
    EXPECT_ERR(ERR_DENIED, kad_put_value(&n.nodes[2].kad, &op, n.now, put));
    const struct kad_value *kept = kad_values_find(&n.nodes[9].kad.values, key);
    TEST_REQUIRE(kept);
    struct kad_signed_value opened;
    EXPECT_OK(kad_signed_open(&v, &opened, key, buf_span(&kept->value), (walltime){0}));
    EXPECT_SPAN(SPAN_LIT("hello"), opened.data);
    net_done(&n);
}

TEST_MAIN
