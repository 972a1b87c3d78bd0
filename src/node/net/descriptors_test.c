/* Sealed descriptors: the vector of docs/protocol.md, and what is refused, for which reason. */
#include "node/net/descriptors.h"

#include "base/test.h"
#include "codec/multiaddr.h"
#include "p2p/envelope.h"
#include "p2p/host_state.h"
#include "p2p/key_signer.h"

#include <string.h>

enum { NOW = 1800000000 };

/* Made by another implementation of Ed25519, from the layout alone. */
#define VECTOR                                                                                     \
    "0a24080112206b79c57e6a095239282c04818e96112f3f03a4001ba97a564c23852a3f1ea5fc121e2f776562332d" \
    "7761"                                                                                         \
    "6c6c65742f7365727665722d64657363726970746f721a4a0a260024080112206b79c57e6a095239282c04818e96" \
    "112f"                                                                                         \
    "3f03a4001ba97a564c23852a3f1ea5fc10051880a4a7da0620c094a8da062a080408080808060fa1320808e9f401" \
    "1005"                                                                                         \
    "18022a406b9155dca218068a3686cede7b1dc96ad9449f2885dcfc01eb003200d847b7f9277f98aabbf94b63a160" \
    "2717"                                                                                         \
    "b784f31895d1b6510db16154f34400001b30cc0f"

static struct host host;
static struct key_signer self;
static struct key_signer other;
static struct rng_seeded rng;
static struct descriptors list;
static unsigned told;
static uint8_t room[2 * DESCRIPTOR_SEALED_LEN_MAX];
static struct peer_id other_id;
static uint8_t addr_room[64];

static void on_taken(void *user, const struct descriptor *d)
{
    (void)user;
    told++;
    EXPECT_SPAN(peer_id_span(&other_id), d->peer);
}

static struct span addr_of(const char *text)
{
    struct wr w = wr_init(MSPAN_OF(addr_room));
    EXPECT_OK(multiaddr_parse(&w, span_str(text), NULL));
    return span_of(addr_room, w.n);
}

static void start(bool is_local)
{
    struct secret32 seed = {.bytes = {1}};
    told = 0;
    rng_seeded_init(&rng, 1);
    key_signer_init(&self, &seed);
    seed.bytes[0] = 2;
    key_signer_init(&other, &seed);
    peer_id_of_key(&other_id, other.signer.public_key);
    EXPECT_OK(host_init(&host,
                        &(struct host_cfg){.signer = &self.signer,
                                           .rng = &rng.rng,
                                           .parent = test_budget(),
                                           .memory_max = 6 << 20,
                                           .unix_s = NOW},
                        (instant){.us = US_PER_S}));
    descriptors_init(&list, &(struct descriptors_cfg){.host = &host,
                                                      .parent = test_budget(),
                                                      .count_max = 100,
                                                      .is_local = is_local,
                                                      .on_taken = on_taken});
}

static void stop(void)
{
    descriptors_done(&list);
    host_done(&host);
    key_signer_done(&self);
    key_signer_done(&other);
}

/* A descriptor of the other peer. */
static struct descriptor good(void)
{
    return (struct descriptor){
        .peer = peer_id_span(&other_id),
        .seq = 5,
        .issued_s = NOW,
        .expires_s = NOW + 14400,
        .addrs_count = 1,
        .addrs = {addr_of("/ip4/8.8.8.8/tcp/4001")},
        .chains_count = 1,
        .chains = {{.id = 31337, .services = DESCRIPTOR_PROOFS | DESCRIPTOR_BUNDLER, .level = 2}},
    };
}

static struct span seal(const struct descriptor *d)
{
    struct wr w = wr_init(MSPAN_OF(room));
    EXPECT_OK(descriptors_seal(&w, d, &other.signer, test_budget()));
    return span_of(room, w.n);
}

TEST(the_vector)
{
    start(false);
    struct descriptor d = good();
    struct span sealed = seal(&d);
    EXPECT_SPAN(test_hex(VECTOR), sealed);
    EXPECT_EQ(DESCRIPTOR_TAKEN, descriptors_take(&list, sealed));
    EXPECT_EQ(1, told);
    EXPECT_EQ(DESCRIPTOR_KNOWN, descriptors_take(&list, sealed));
    EXPECT_EQ(1, told);
    EXPECT_EQ(1, list.counts[DESCRIPTOR_KNOWN]);
    stop();
}

/* Every single bit of it counts. */
TEST(no_bit_can_be_changed)
{
    start(false);
    struct descriptor d = good();
    struct span sealed = seal(&d);
    for (size_t bit = 0; bit < sealed.n * 8; bit++) {
        room[bit / 8] ^= (uint8_t)(1 << bit % 8);
        EXPECT(descriptors_take(&list, sealed) != DESCRIPTOR_TAKEN);
        room[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    EXPECT_EQ(0, told);
    EXPECT_EQ(DESCRIPTOR_TAKEN, descriptors_take(&list, sealed));
    stop();
}

static struct span sealed_as(const char *domain, const char *type, const struct descriptor *d)
{
    uint8_t payload[DESCRIPTOR_SEALED_LEN_MAX];
    struct wr p = wr_init(MSPAN_OF(payload));
    struct wr w = wr_init(MSPAN_OF(room));
    descriptor_encode(&p, d);
    EXPECT_OK(envelope_seal(
        &w, &(struct envelope_content){span_str(domain), span_str(type), span_of(payload, p.n)},
        &other.signer, test_budget()));
    return span_of(room, w.n);
}

TEST(what_is_refused_and_why)
{
    start(false);
    struct descriptor d = good();
    EXPECT_EQ(DESCRIPTOR_BROKEN, descriptors_take(&list, SPAN_EMPTY));
    EXPECT_EQ(DESCRIPTOR_BROKEN, descriptors_take(&list, SPAN_LIT("\xff\xff")));
    memset(room, 0, sizeof room);
    EXPECT_EQ(DESCRIPTOR_OVERSIZE,
              descriptors_take(&list, span_of(room, DESCRIPTOR_SEALED_LEN_MAX + 1)));
    EXPECT_EQ(DESCRIPTOR_FORGED,
              descriptors_take(&list, sealed_as("libp2p-peer-record", DESCRIPTOR_TYPE, &d)));
    EXPECT_EQ(DESCRIPTOR_BROKEN, descriptors_take(&list, sealed_as(DESCRIPTOR_DOMAIN, "x", &d)));
    d.peer = SPAN_LIT("somebody else"); /* whom the signer is not */
    EXPECT_EQ(DESCRIPTOR_FORGED, descriptors_take(&list, seal(&d)));
    d.peer = peer_id_span(host_self(&host));
    EXPECT_EQ(DESCRIPTOR_OWN, descriptors_take(&list, seal(&d)));
    d = good();
    d.addrs[0] = addr_of("/ip4/192.168.1.1/tcp/4001");
    EXPECT_EQ(DESCRIPTOR_NOWHERE, descriptors_take(&list, seal(&d)));
    d.addrs[0] = addr_of("/dns4/example.org/tcp/4001"); /* names are for the asking */
    EXPECT_EQ(DESCRIPTOR_NOWHERE, descriptors_take(&list, seal(&d)));
    EXPECT_EQ(0, list.store.entries.count);
    stop();
}

TEST(a_local_network_takes_any_address)
{
    start(true);
    struct descriptor d = good();
    d.addrs[0] = addr_of("/ip4/127.0.0.1/tcp/4001");
    EXPECT_EQ(DESCRIPTOR_TAKEN, descriptors_take(&list, seal(&d)));
    stop();
}

TEST(places)
{
    static const struct {
        const char *name;
        const char *addr;
        const char *alike; /* the same place; NULL: it has none */
    } cases[] = {
        {"a /24",             "/ip4/8.8.8.8/tcp/1",             "/ip4/8.8.8.200/udp/2/quic-v1"},
        {"a /48",             "/ip6/2a00:1:2::1/tcp/1",         "/ip6/2a00:1:2:ffff::1/tcp/2" },
        {"IPv4 within IPv6",  "/ip6/::ffff:8.8.8.8/tcp/1",      "/ip4/8.8.8.1/tcp/1"          },
        {"that of the relay", "/ip4/8.8.8.8/tcp/1/p2p-circuit", "/ip4/8.8.8.9/tcp/1"          },
        {"a private address", "/ip4/10.0.0.1/tcp/1",            NULL                          },
        {"loopback",          "/ip6/::1/tcp/1",                 NULL                          },
        {"a name",            "/dns/example.org/tcp/1",         NULL                          },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t a = 0;
        uint64_t b = 0;
        test_note("%s", cases[i].name);
        EXPECT_EQ(cases[i].alike != NULL, descriptors_place(&a, addr_of(cases[i].addr)));
        if (cases[i].alike) {
            EXPECT(descriptors_place(&b, addr_of(cases[i].alike)));
            EXPECT_EQ(a, b);
        }
    }
}

TEST(what_does_not_fit_is_not_sealed)
{
    start(false);
    struct descriptor d = good();
    struct wr w = wr_init(MSPAN_OF(room));
    static uint8_t name[DESCRIPTOR_ADDR_LEN_MAX];
    memset(name, 'a', sizeof name);
    name[0] = MULTIADDR_DNS;
    name[1] = sizeof name - 2;
    for (size_t i = 0; i < DESCRIPTOR_ADDRS_MAX; i++) {
        d.addrs[i] = SPAN_OF(name);
    }
    d.addrs_count = DESCRIPTOR_ADDRS_MAX;
    EXPECT_ERR(ERR_LIMIT, descriptors_seal(&w, &d, &other.signer, test_budget()));
    d.addrs_count = 0;
    w = wr_init(MSPAN_OF(room));
    EXPECT_ERR(ERR_MALFORMED, descriptors_seal(&w, &d, &other.signer, test_budget()));
    stop();
}

TEST_MAIN
