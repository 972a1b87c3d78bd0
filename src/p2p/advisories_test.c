/* Advisories on libp2p implementations, replayed against a live node: docs/advisories.md has the table. Here: connections, the
 * secure channel and yamux. */
#include "base/check.h"
#include "base/test.h"
#include "base/wr.h"
#include "codec/der.h"
#include "codec/protobuf.h"
#include "crypto/rsa.h"
#include "p2p/noise_payload.h"
#include "p2p/noise_xx.h"
#include "p2p/siege_test.h"

#include <string.h>

enum { MEMORY = 2 << 20 };

static void run(siege_fn attack)
{
    siege_run(&(struct siege_plan){.memory_max = MEMORY, .attack = attack});
}

static const char *rule(const char *text)
{
    return text ? text : "none";
}

/* ---- CVE-2022-23492, CVE-2022-23486, CVE-2022-23487: connections, streams and memory without bound ---- */

static void flood_with_silent_links(struct siege *s)
{
    unsigned taken = 0;
    for (unsigned i = 0; i < 120; i++) {
        taken += siege_link(s, 1) != NULL;
    }
    EXPECT(taken <= siege_host(s)->limits.conns_transient_max);
    EXPECT(taken > 0);
    EXPECT_EQ(120 - taken, s->refusals);
    EXPECT_STR("connections in handshake", rule(s->refusal.reason));
    siege_served(s);
    /* Who says nothing is let go of. */
    host_net_pass(&s->net, 16 * US_PER_S);
    EXPECT_EQ(0, siege_host(s)->conns_transient_count);
    EXPECT_STR("handshake", rule(s->refusal.scope));
    EXPECT_STR("the connection's handshake took too long", rule(s->refusal.reason));
}

TEST(advisory_cve_2022_23492_connections_that_say_nothing)
{
    run(flood_with_silent_links);
}

static void flood_with_connections(struct siege *s)
{
    unsigned in = 0;
    for (unsigned i = 0; i < 100; i++) {
        struct siege_peer *p = siege_peer(s, i);
        in += p && p->is_in;
    }
    EXPECT_EQ(siege_host(s)->limits.conns_in_max - 1, in); /* the bystander is one */
    EXPECT_EQ(100 - in, s->refusals);
    EXPECT_STR("incoming connections", rule(s->refusal.reason));
    EXPECT_STR("system", rule(s->refusal.scope));
}

TEST(advisory_cve_2022_23492_connections_of_many)
{
    run(flood_with_connections);
}

static void flood_with_connections_of_one_place(struct siege *s)
{
    for (unsigned i = 0; i < 40; i++) {
        (void)siege_peer(s, 1);
    }
    EXPECT_EQ(siege_host(s)->limits.conns_per_host_max, s->count);
    EXPECT_EQ(40 - s->count, s->refusals);
    test_note("%s", rule(s->refusal.reason));
    EXPECT(strstr(rule(s->refusal.reason), "address") != NULL);
}

TEST(advisory_cve_2022_23492_connections_of_one_place)
{
    run(flood_with_connections_of_one_place);
}

/* open_silent opens streams that never say which protocol they want: each keeps its place until its time is over. */
static void open_silent(struct siege_peer *p, unsigned count)
{
    for (unsigned i = 0; i < count && !p->is_out; i++) {
        siege_frame(p,
                    (struct yamux_frame){.type = YAMUX_TYPE_WINDOW_UPDATE,
                                         .flags = YAMUX_FLAG_SYN,
                                         .stream_id = p->stream},
                    SPAN_EMPTY);
        p->stream += 2;
    }
}

static void flood_with_streams(struct siege *s)
{
    struct siege_peer *p = siege_peer(s, 1);
    open_silent(p, 3000);
    EXPECT(p->resets >= 2000);
    EXPECT_EQ(p->resets, s->refusals);
    EXPECT(!p->is_out);
    test_note("%zu of %zu bytes", siege_grown(s), siege_host(s)->system.limit);
    EXPECT(siege_grown(s) <= siege_host(s)->limits.memory_per_peer_max);
}

TEST(advisory_cve_2022_23487_streams)
{
    run(flood_with_streams);
}

/* Several that together would have all of the memory: the bystander, who has little, is served. */
static void flood_with_streams_of_many(struct siege *s)
{
    for (unsigned i = 0; i < 12; i++) {
        struct siege_peer *p = siege_peer(s, i);
        TEST_REQUIRE(p != NULL);
        open_silent(p, 1500);
    }
    struct budget *b = &siege_host(s)->system;
    test_note("%zu of %zu bytes", b->used, b->limit);
    EXPECT(b->used < b->limit / 4 * 3);
    EXPECT_STR("memory", rule(s->refusal.reason));
    const char *scope = rule(s->refusal.scope); /* whichever of its own two is tighter */
    EXPECT(strcmp(scope, "peer") == 0 || strcmp(scope, "connection") == 0);
}

TEST(advisory_cve_2022_23486_memory)
{
    run(flood_with_streams_of_many);
}

/* ---- CVE-2023-39533: an RSA key that takes seconds to verify with ---- */

enum { RSA_HUGE_LEN = 2048 /* bytes of the modulus: 16,384 bits */ };

/* rsa_payload writes the payload of a handshake in the name of a key whose modulus has so many bytes. */
static struct span rsa_payload(size_t modulus_len)
{
    static uint8_t modulus[RSA_HUGE_LEN];
    static uint8_t bytes[5][3 * RSA_HUGE_LEN];
    memset(modulus, 0xa5, sizeof modulus);
    struct wr key = wr_init(MSPAN_OF(bytes[0]));
    der_write_uint(&key, span_of(modulus, modulus_len));
    der_write_uint(&key, SPAN_LIT("\x01\x00\x01"));
    struct wr seq = wr_init(MSPAN_OF(bytes[1]));
    der_write(&seq, DER_SEQUENCE, span_of(bytes[0], key.n));
    struct wr spki = wr_init(MSPAN_OF(bytes[2]));
    wr_bytes(&spki, test_hex("300d06092a864886f70d0101010500"));
    der_write_bits(&spki, span_of(bytes[1], seq.n));
    struct wr outer = wr_init(MSPAN_OF(bytes[4]));
    der_write(&outer, DER_SEQUENCE, span_of(bytes[2], spki.n));
    struct wr public_key = wr_init(MSPAN_OF(bytes[3]));
    protobuf_write_varint(&public_key, 1, 0);
    protobuf_write_bytes(&public_key, 2, span_of(bytes[4], outer.n));
    struct wr payload = wr_init(MSPAN_OF(bytes[0]));
    noise_certificate_write(&payload, span_of(bytes[3], public_key.n),
                            span_of(modulus, modulus_len));
    check(wr_ok(&payload));
    return span_of(bytes[0], payload.n);
}

/* give_frame writes one message of the handshake behind its length. */
static void give_frame(struct siege_peer *p, struct noise_xx *x, struct span payload)
{
    static uint8_t out[8192];
    size_t n = 0;
    EXPECT_OK(noise_xx_write(x, &n, mspan_from(MSPAN_OF(out), 2), payload));
    out[0] = (uint8_t)(n >> 8);
    out[1] = (uint8_t)n;
    siege_give(p, span_of(out, n + 2));
}

/* shake_as shakes hands with a payload of the test's own. */
static struct siege_peer *shake_as(struct siege *s, struct span payload)
{
    struct siege_peer *p = siege_link(s, 1);
    struct x25519_key key;
    struct aead aead = {0};
    struct noise_xx x;
    const struct secret32 secrets[2] = {{.bytes = {1}}, {.bytes = {2}}};
    uint8_t plain[1024];
    size_t n;
    EXPECT_OK(x25519_key_init(&key, &secrets[0]));
    struct noise_xx_cfg cfg = {.is_initiator = true,
                               .aead = &aead,
                               .budget = test_budget(),
                               .static_key = &key,
                               .ephemeral_secret = &secrets[1]};
    EXPECT_OK(noise_xx_init(&x, &cfg));
    siege_give(p, SPAN_LIT(SIEGE_PROPOSAL));
    give_frame(p, &x, SPAN_EMPTY);
    struct span answer = span_from(span_of(p->heard, p->heard_len), sizeof SIEGE_PROPOSAL - 1 + 2);
    EXPECT_OK(noise_xx_read(&x, &n, MSPAN_OF(plain), answer));
    give_frame(p, &x, payload);
    noise_xx_done(&x);
    aead_done(&aead);
    x25519_key_wipe(&key);
    return p;
}

static void come_with_a_huge_key(struct siege *s)
{
    struct siege_peer *p = shake_as(s, rsa_payload(RSA_HUGE_LEN));
    EXPECT(p->is_out);
    EXPECT_EQ(1, s->refusals);
    EXPECT_STR("handshake", rule(s->refusal.scope));
    EXPECT_STR("identity key is of no kind, form or size that we take", rule(s->refusal.reason));
    EXPECT(siege_grown(s) <= 64 * 1024);
}

/* The largest that is taken is verified, and does not hold. */
static void come_with_a_large_key(struct siege *s)
{
    struct siege_peer *p = shake_as(s, rsa_payload(RSA_BITS_MAX / 8));
    EXPECT(p->is_out);
    EXPECT_STR("identity did not sign the static key", rule(s->refusal.reason));
}

TEST(advisory_cve_2023_39533_huge_rsa_key)
{
    run(come_with_a_huge_key);
    run(come_with_a_large_key);
}

/* ---- CVE-2024-32984: answers that are owed to who does not read ---- */

static void flood_with_pings(struct siege *s)
{
    struct siege_peer *p = siege_peer(s, 1);
    p->is_deaf = true;
    for (unsigned i = 0; i < 100 && !p->is_out; i++) {
        siege_frame(p, (struct yamux_frame){.type = YAMUX_TYPE_PING, .flags = YAMUX_FLAG_SYN},
                    SPAN_EMPTY);
    }
    EXPECT(p->is_out);
    EXPECT_STR("too many pings unanswered", rule(s->departure));
    EXPECT(siege_grown(s) <= 32 * 1024);
}

TEST(advisory_cve_2024_32984_pings_of_the_deaf)
{
    run(flood_with_pings);
}

static void flood_with_refused_streams(struct siege *s)
{
    struct siege_peer *p = siege_peer(s, 1);
    open_silent(p, 1500);
    p->is_deaf = true;
    open_silent(p, YAMUX_RESETS_MAX + 1500);
    EXPECT(p->is_out);
    EXPECT_STR("too many refused streams at once", rule(s->departure));
}

TEST(advisory_cve_2024_32984_resets_of_the_deaf)
{
    run(flood_with_refused_streams);
}

/* ---- CVE-2026-31814, CVE-2026-32314: windows ---- */

static void pass_the_send_window(struct siege *s)
{
    struct siege_peer *p = siege_peer(s, 1);
    uint32_t id = siege_open(p, "/ipfs/ping/1.0.0", SPAN_EMPTY);
    struct yamux_frame f = {
        .type = YAMUX_TYPE_WINDOW_UPDATE, .stream_id = id, .length = UINT32_MAX - (1 << 20)};
    siege_frame(p, f, SPAN_EMPTY);
    EXPECT(!p->is_out);
    f.length = 1 << 20;
    siege_frame(p, f, SPAN_EMPTY);
    EXPECT(p->is_out);
    EXPECT_EQ(YAMUX_GO_AWAY_PROTOCOL, p->go_away);
    EXPECT_STR("the send window passes 2^32-1", rule(s->departure));
    EXPECT_ERR(ERR_MALFORMED, s->departure_err);
}

TEST(advisory_cve_2026_31814_send_window)
{
    run(pass_the_send_window);
}

static void open_beyond_the_window(struct siege *s)
{
    struct siege_peer *p = siege_peer(s, 1);
    struct yamux_frame f = {.type = YAMUX_TYPE_DATA,
                            .flags = YAMUX_FLAG_SYN,
                            .stream_id = p->stream,
                            .length = YAMUX_WINDOW_INITIAL + 1};
    siege_frame(p, f, SPAN_EMPTY);
    EXPECT(p->is_out);
    EXPECT_EQ(1, p->go_aways);
    EXPECT_EQ(YAMUX_GO_AWAY_PROTOCOL, p->go_away);
    EXPECT_STR("data beyond the receive window", rule(s->departure));
    EXPECT(siege_grown(s) <= 32 * 1024);
}

TEST(advisory_cve_2026_32314_data_on_the_opening_frame)
{
    run(open_beyond_the_window);
}

/* The same of 4 GiB, for a stream that is there. */
static void claim_four_gibibytes(struct siege *s)
{
    struct siege_peer *p = siege_peer(s, 1);
    uint32_t id = siege_open(p, "/ipfs/ping/1.0.0", SPAN_EMPTY);
    siege_frame(
        p, (struct yamux_frame){.type = YAMUX_TYPE_DATA, .stream_id = id, .length = UINT32_MAX},
        SPAN_EMPTY);
    EXPECT(p->is_out);
    EXPECT_STR("data beyond the receive window", rule(s->departure));
    EXPECT(siege_grown(s) <= 32 * 1024);
}

TEST(advisory_cve_2026_32314_data_on_an_open_stream)
{
    run(claim_four_gibibytes);
}

TEST_MAIN
