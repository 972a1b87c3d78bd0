/* Advisories on QUIC implementations, replayed against a live node: docs/advisories.md has the table. The attacker is our own client,
 * whose packets get other frames just before they are sealed. */
#include "base/check.h"
#include "base/test.h"
#include "base/wr.h"
#include "p2p/siege_test.h"

#include <ngtcp2/ngtcp2_crypto.h>
#include <string.h>

enum { MEMORY = 4 << 20, FORGED_LEN_MIN = 800, PACKETS_MAX = 150 };

/* The client, one at a time. */
static struct {
    struct siege *siege;
    struct rng_seeded rng;
    struct key_signer signer;
    struct certificate_identity certificate;
    struct quic_identity identity;
    struct quic_endpoint endpoint;
    struct budget budget;
    struct quic quic;
    struct udp_addr addr;
    bool is_ready;
    bool is_closed;
    bool is_deaf; /* it reads nothing: nothing is acknowledged */
    bool forges;  /* packets with room for it get frames of write_frames instead */
    void (*write_frames)(struct wr *w);
    uint64_t sequence;
    unsigned forged; /* packets */
} client;

/* In place of the function of the library, for this program: the node's packets pass through unchanged. */
int ngtcp2_crypto_encrypt_cb(uint8_t *dest,
                             const ngtcp2_crypto_aead *aead,
                             const ngtcp2_crypto_aead_ctx *aead_ctx,
                             const uint8_t *plaintext,
                             size_t plaintextlen,
                             const uint8_t *nonce,
                             size_t noncelen,
                             const uint8_t *aad,
                             size_t aadlen)
{
    uint8_t forged[2048] = {0}; /* PADDING */
    if (client.forges && plaintextlen >= FORGED_LEN_MIN) {
        struct wr w = wr_init(mspan_of(forged, plaintextlen));
        client.write_frames(&w);
        client.forged++;
        plaintext = forged;
    }
    return ngtcp2_crypto_encrypt(dest, aead, aead_ctx, plaintext, plaintextlen, nonce, noncelen,
                                 aad, aadlen) == 0
               ? 0
               : NGTCP2_ERR_CALLBACK_FAILURE;
}

static void run(siege_fn attack)
{
    siege_run(&(struct siege_plan){.memory_max = MEMORY, .attack = attack});
}

/* ---- the client's wire ---- */

static void client_poll(void)
{
    struct yamux_event e;
    bool is_ready;
    while (quic_poll(&client.quic, &e, &is_ready)) {
        client.is_ready = client.is_ready || is_ready;
        client.is_closed = client.is_closed || (!is_ready && e.kind == YAMUX_EVENT_CLOSED);
        if (!is_ready && e.kind == YAMUX_EVENT_DATA) {
            quic_consume(&client.quic, e.stream_id, e.data.n);
        }
    }
}

static bool on_datagrams(struct siege *s, host_link link)
{
    uint8_t out[HOST_DATAGRAM_LEN_MAX];
    struct udp_addr to;
    size_t n = host_datagram_send(siege_host(s), s->net.now, link, &to, MSPAN_OF(out));
    if (n > 0 && !client.is_deaf) {
        struct quic_datagram d = {
            .remote = {.port = 4001, .ip = {10, 0, 0, 1}},
            .bytes = span_of(out, n),
            .now = s->net.now
        };
        quic_recv(&client.quic, &d);
        client_poll();
    }
    return n > 0;
}

/* client_flush sends what the client has to say, at most `max` datagrams; how many. */
static unsigned client_flush(unsigned max)
{
    struct siege *s = client.siege;
    unsigned count = 0;
    for (; count < max; count++) {
        uint8_t out[QUIC_DATAGRAM_LEN_MAX];
        uint8_t reply[HOST_DATAGRAM_LEN_MAX];
        struct udp_addr to;
        size_t n = quic_send(&client.quic, s->net.now, &to, MSPAN_OF(out));
        if (n == 0) {
            break;
        }
        struct host_datagram d = {
            .remote = &client.addr, .bytes = span_of(out, n), .now = s->net.now};
        bool is_lost =
            client.forges && n < FORGED_LEN_MIN; /* acknowledgements: the node hears of none */
        if (!is_lost) {
            check(host_datagram_recv(siege_host(s), &d, MSPAN_OF(reply)) == 0);
            host_net_run(&s->net);
        }
    }
    return count;
}

static void client_start(struct siege *s)
{
    memset(&client, 0, sizeof client);
    client.siege = s;
    client.sequence = 100; /* beyond the ids that it has given itself */
    s->on_datagrams = on_datagrams;
    struct secret32 seed = {.bytes = {77}};
    key_signer_init(&client.signer, &seed);
    rng_seeded_init(&client.rng, 77);
    budget_init(&client.budget, test_budget(), "client", 16 << 20);
    check(certificate_identity_init(&client.certificate, &client.signer.signer, &client.rng.rng) ==
          OK);
    quic_endpoint_init(&client.endpoint, test_budget(), &client.rng.rng);
    client.addr = (struct udp_addr){
        .port = 1000, .ip = {44, 0, 1, 1}
    };
}

static void client_connect(struct siege *s)
{
    check(quic_identity_init(&client.identity, &client.certificate) == OK);
    struct quic_cfg cfg = {.endpoint = &client.endpoint,
                           .identity = &client.identity,
                           .unix_s = HOST_NET_UNIX_S,
                           .rng = &client.rng.rng,
                           .budget = &client.budget,
                           .streams_in_max = 100,
                           .window_max = 1 << 20,
                           .queue_max = 1 << 20,
                           .handshake_timeout_us = 10 * US_PER_S};
    const struct udp_addr node = {
        .port = 4001, .ip = {10, 0, 0, 1}
    };
    EXPECT_OK(quic_connect(&client.quic, &cfg, &node, s->net.now));
    (void)client_flush(20);
}

static void client_free(void)
{
    quic_done(&client.quic);
    quic_endpoint_done(&client.endpoint);
    quic_identity_done(&client.identity);
    certificate_identity_done(&client.certificate);
    key_signer_done(&client.signer);
    client.siege->on_datagrams = NULL;
}

/* client_stop vanishes without a word: the node finds out when its time is over. */
static void client_stop(void)
{
    client.is_deaf = true;
    host_net_pass(&client.siege->net, 40 * US_PER_S);
    client_free();
}

static void write_challenges(struct wr *w)
{
    while (w->n + 9 <= w->out.n) {
        wr_u8(w, 0x1a);
        wr_be64(w, client.sequence++);
    }
}

static unsigned per_packet; /* frames, at most */

/* Each retires all before it. */
static void write_new_ids(struct wr *w)
{
    for (unsigned i = 0; i < per_packet && w->n + 34 <= w->out.n; i++) {
        client.sequence++;
        wr_u8(w, 0x18);
        wr_be32(w, (uint32_t)(0x80000000u | client.sequence));
        wr_be32(w, (uint32_t)(0x80000000u | client.sequence));
        wr_u8(w, 8);
        wr_be64(w, client.sequence * 0x9e3779b97f4a7c15u);
        wr_be64(w, client.sequence);
        wr_be64(w, client.sequence);
    }
}

/* flood has the client write on a stream, so that it sends packets with room for other frames. */
static void flood(struct siege *s, void (*write_frames)(struct wr *w))
{
    static const uint8_t data[1 << 17];
    client_start(s);
    client_connect(s);
    TEST_REQUIRE(client.is_ready);
    siege_served(s);
    siege_mark(s);
    client.write_frames = write_frames;
    client.forges = true;
    client.is_deaf = write_frames == write_new_ids; /* our own client would not bear the answers */
    for (unsigned i = 0; i < 4 && !client.is_closed; i++) {
        uint32_t id = 0;
        EXPECT_OK(quic_open_stream(&client.quic, &id, NULL, NULL));
        EXPECT(quic_write(&client.quic, id, SPAN_OF(data)) > 0);
        for (unsigned k = 0; k < PACKETS_MAX && client_flush(1) == 1; k++) {}
    }
    client.forges = false;
}

static void flood_with_challenges(struct siege *s)
{
    flood(s, write_challenges);
    test_note("%u packets, %zu bytes", client.forged, siege_grown(s));
    EXPECT(client.forged >= 100);
    EXPECT(siege_grown(s) <= 32 * 1024);
    EXPECT(!client.is_closed);
    siege_served(s);
    client_stop();
}

TEST(advisory_cve_2023_49295_path_challenges)
{
    run(flood_with_challenges);
}

static void flood_with_new_ids(struct siege *s)
{
    flood(s, write_new_ids);
    EXPECT(siege_grown(s) <= 32 * 1024);
    EXPECT_STR(per_packet > 1 ? "ERR_CONNECTION_ID_LIMIT" : "none",
               s->departure ? s->departure : "none");
    siege_served(s);
    client_stop();
}

TEST(advisory_cve_2024_22189_new_connection_ids)
{
    for (per_packet = 1; per_packet <= 64; per_packet *= 8) {
        test_note("%u in a packet", per_packet);
        run(flood_with_new_ids);
    }
}

/* ---- GHSA-5hq8-qhww-jm7q: certificates that end the program ---- */

/* try_certificate connects with a certificate in which byte i is another; false if the client's own library does not take it. */
static bool try_certificate(struct siege *s, size_t i)
{
    struct quic_identity probe;
    client_start(s);
    client.certificate.bytes[i] ^= 0x41;
    bool is_taken = quic_identity_init(&probe, &client.certificate) == OK;
    quic_identity_done(&probe);
    if (is_taken) {
        client_connect(s);
    }
    return is_taken;
}

static void come_with_changed_certificates(struct siege *s)
{
    unsigned tried = 0;
    client_start(s);
    size_t len = client.certificate.len;
    client_free();
    for (size_t i = 0; i < len; i += 5) {
        test_note("byte %zu", i);
        siege_mark(s);
        if (try_certificate(s, i)) {
            tried++;
            EXPECT_EQ(1, s->refusals);
            EXPECT_STR("handshake", s->refusal.scope ? s->refusal.scope : "none");
            EXPECT(s->refusal.reason != NULL);
            EXPECT_EQ(0, siege_host(s)->conns_transient_count);
            siege_served(s);
        }
        client_free();
    }
    EXPECT(tried >= 20);
}

TEST(advisory_ghsa_5hq8_qhww_jm7q_certificates)
{
    run(come_with_changed_certificates);
}

/* ---- a peer that comes from another address, and does not answer there ---- */

/* What the library waits for there is over only when it writes: a tick alone did not move it, and the node was caught in it. */
static void move_and_fall_silent(struct siege *s)
{
    client_start(s);
    client_connect(s);
    TEST_REQUIRE(client.is_ready);
    siege_mark(s);
    client.is_deaf = true;
    client.addr.port = 2000;
    uint32_t id = 0;
    EXPECT_OK(quic_open_stream(&client.quic, &id, NULL, NULL));
    EXPECT_EQ(5, quic_write(&client.quic, id, SPAN_LIT("hello")));
    EXPECT(client_flush(5) > 0);
    for (unsigned i = 0; i < 10; i++) {
        host_net_pass(&s->net, 500 * US_PER_MS);
        siege_served(s);
    }
    EXPECT(siege_grown(s) <= 32 * 1024);
    client_stop();
}

TEST(a_peer_that_moves_and_falls_silent)
{
    run(move_and_fall_silent);
}

TEST_MAIN
