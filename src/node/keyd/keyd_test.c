/* The engine of keyd: each request, each capability, the policy's edges, and a store that fails. */
#include "node/keyd/keyd.h"

#include "base/check.h"
#include "base/rd.h"
#include "base/test.h"
#include "base/wr.h"
#include "crypto/backend.h"
#include "crypto/ed25519.h"
#include "crypto/p256.h"
#include "evm/tx.h"
#include "evm/userop.h"
#include "node/keyd/keyd_policy.h"
#include "p2p/certificate.h"
#include "p2p/circuit_message.h"
#include "p2p/envelope.h"
#include "p2p/gossip_message.h"
#include "p2p/kad_signed.h"
#include "p2p/key.h"
#include "p2p/signer.h"
#include "service/descriptor.h"

#include <string.h>

/* A store in memory that can be told to fail. */
struct memory_store {
    struct keyd_store store;
    bool fails;
    unsigned saves;
    size_t n;
    uint8_t content[16384];
};

static enum err memory_save(struct keyd_store *self, struct span content)
{
    struct memory_store *s = (struct memory_store *)(void *)self;
    if (s->fails) {
        return ERR_IO;
    }
    check(content.n <= sizeof s->content);
    s->n = span_copy(MSPAN_OF(s->content), content);
    s->saves++;
    return OK;
}

/* An engine with its surroundings; also a signer over it, as the daemon's engines see it. */
struct bench {
    struct signer signer;
    struct keyd k;
    struct memory_store store;
    struct rng_seeded rng;
    struct keyd_cfg cfg;
    uint8_t identity[KEY_ED25519_ENCODED_LEN];
    uint8_t reply[KEYD_REPLY_MAX];
};

static struct bench bench;

enum {
    ALL = KEYD_MAY_IDENTITY | KEYD_MAY_BUNDLER | KEYD_MAY_MANAGE | KEYD_MAY_WITHDRAW,
    HEAD_LEN = 7
};

static struct bench *bench_start(void)
{
    struct bench *b = &bench;
    memset(b, 0, sizeof *b);
    EXPECT_OK(crypto_init());
    rng_seeded_init(&b->rng, test_seed());
    b->store.store.save = memory_save;
    b->cfg = (struct keyd_cfg){
        .budget = test_budget(),
        .rng = &b->rng.rng,
        .store = &b->store.store,
        .protections = KEYD_SECCOMP,
        .landlock_abi = 4,
        .work = test_budget(),
        .phrase_cost = {.passes = 1, .memory_kib = 8},
        .idle_us = VAULT_IDLE_US
    };
    EXPECT_OK(keyd_init(&b->k, &b->cfg, SPAN_EMPTY));
    return b;
}

/* Asks; the body of the reply lives until the next one. */
static enum err
ask(struct bench *b, struct span *ret_body, uint32_t capabilities, uint8_t op, struct span body)
{
    static uint8_t request[KEYD_REQUEST_MAX + 16];
    struct wr w = wr_init(MSPAN_OF(request));
    wr_u8(&w, KEYD_VERSION);
    wr_u8(&w, op);
    wr_be32(&w, 0xabcdef01);
    wr_bytes(&w, body);
    check(wr_ok(&w));
    size_t n = keyd_answer(&b->k, MSPAN_OF(b->reply), capabilities, span_of(request, w.n));
    struct rd r = rd_init(span_of(b->reply, n));
    EXPECT_EQ(KEYD_VERSION, rd_u8(&r));
    EXPECT_EQ(op | KEYD_REPLY_BIT, rd_u8(&r));
    EXPECT_EQ(0xabcdef01, rd_be32(&r));
    uint8_t e = rd_u8(&r);
    struct span rest = rd_rest(&r);
    EXPECT(e == OK || rest.n == 0);
    if (ret_body) {
        *ret_body = rest;
    }
    return (enum err)e;
}

static struct keyd_key create(struct bench *b, enum keyd_purpose purpose)
{
    uint8_t wanted = (uint8_t)purpose;
    EXPECT_OK(ask(b, NULL, KEYD_MAY_MANAGE, KEYD_CREATE, span_of(&wanted, 1)));
    return b->k.keys[b->k.keys_count - 1];
}

static struct span noise_message(void)
{
    static const struct span message =
        SPAN_INIT("noise-libp2p-static-key:0123456789abcdef0123456789abcdef");
    return message;
}

TEST(an_identity_is_created_once_listed_and_signs)
{
    struct bench *b = bench_start();
    struct span body;
    struct keyd_key key = create(b, KEYD_IDENTITY);
    EXPECT_EQ(1, key.id);
    EXPECT_EQ(32, key.public_len);
    EXPECT_EQ(1, b->store.saves);
    uint8_t again = KEYD_IDENTITY;
    EXPECT_ERR(ERR_STATE, ask(b, NULL, ALL, KEYD_CREATE, span_of(&again, 1)));
    EXPECT_OK(ask(b, &body, 0, KEYD_LIST, SPAN_EMPTY));
    EXPECT_EQ(6 + 32, body.n);
    EXPECT_SPAN(span_of(key.public_bytes, 32), span_from(body, 6));
    EXPECT_OK(ask(b, &body, KEYD_MAY_IDENTITY, KEYD_SIGN_NOISE_KEY, noise_message()));
    struct ed25519_public public_key;
    memcpy(public_key.bytes, key.public_bytes, 32);
    EXPECT_OK(ed25519_verify(&public_key, noise_message(), body));
    keyd_done(&b->k);
}

TEST(a_capability_opens_its_own_requests_only)
{
    static const struct {
        uint8_t op;
        uint32_t needed;
    } ops[] = {
        {KEYD_CREATE,           KEYD_MAY_MANAGE  },
        {KEYD_SIGN_NOISE_KEY,   KEYD_MAY_IDENTITY},
        {KEYD_SIGN_TLS_KEY,     KEYD_MAY_IDENTITY},
        {KEYD_SIGN_PUBSUB,      KEYD_MAY_IDENTITY},
        {KEYD_SIGN_ENVELOPE,    KEYD_MAY_IDENTITY},
        {KEYD_SIGN_TRANSACTION, KEYD_MAY_BUNDLER },
        {KEYD_SIGN_WITHDRAWAL,  KEYD_MAY_WITHDRAW},
    };
    struct bench *b = bench_start();
    (void)create(b, KEYD_IDENTITY);
    (void)create(b, KEYD_BUNDLER);
    unsigned saves = b->store.saves;
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        test_note("op %u", ops[i].op);
        EXPECT_ERR(ERR_DENIED, ask(b, NULL, ALL & ~ops[i].needed, ops[i].op, noise_message()));
        EXPECT_ERR(ERR_DENIED, ask(b, NULL, 0, ops[i].op, noise_message()));
    }
    EXPECT_EQ(saves, b->store.saves);
    EXPECT_EQ(0, b->k.signed_count);
    EXPECT_EQ(2 * sizeof ops / sizeof ops[0], b->k.denied_count);
    keyd_done(&b->k);
}

TEST(status_tells_what_protects_the_keys)
{
    struct bench *b = bench_start();
    struct span body;
    EXPECT_OK(ask(b, &body, KEYD_MAY_BUNDLER, KEYD_STATUS, SPAN_EMPTY));
    EXPECT_EQ(KEYD_STATUS_LEN, body.n);
    struct rd r = rd_init(body);
    EXPECT_EQ(KEYD_MAY_BUNDLER, rd_be32(&r));
    uint32_t protections = rd_be32(&r);
    EXPECT(protections & KEYD_SECCOMP);
    EXPECT_EQ(b->k.secrets.locked, (protections & KEYD_LOCKED_MEMORY) != 0);
    EXPECT_EQ(4, rd_u8(&r));
    EXPECT_EQ(0, rd_be16(&r));
    keyd_done(&b->k);
}

struct broken {
    const char *name;
    const char *hex;
    enum err want;
};

TEST(broken_requests_get_an_answer)
{
    static const struct broken cases[] = {
        {"nothing",                                  "",                     ERR_MALFORMED  },
        {"half a head",                              "0101000000",           ERR_MALFORMED  },
        {"another version",                          "020100000001",         ERR_UNSUPPORTED},
        {"an unknown request",                       "016300000001",         ERR_UNSUPPORTED},
        {"status with a body",                       "01010000000100",       ERR_MALFORMED  },
        {"list with a body",                         "01020000000100",       ERR_MALFORMED  },
        {"create without purpose",                   "010300000001",         ERR_MALFORMED  },
        {"create two purposes",                      "0103000000010101",     ERR_MALFORMED  },
        {"create an unknown purpose",                "01030000000107",       ERR_UNSUPPORTED},
        {"sign without an identity",                 "010400000001",         ERR_NOT_FOUND  },
        {"transaction without a key id",             "0106000000010000",     ERR_MALFORMED  },
        {"transaction with a key that is not there", "01060000000100000009", ERR_NOT_FOUND  },
    };
    struct bench *b = bench_start();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_note("%s", cases[i].name);
        size_t n = keyd_answer(&b->k, MSPAN_OF(b->reply), ALL, test_hex(cases[i].hex));
        EXPECT_EQ(HEAD_LEN, n);
        EXPECT_EQ(cases[i].want, b->reply[6]);
    }
    static uint8_t huge[KEYD_REQUEST_MAX + 1] = {KEYD_VERSION, KEYD_STATUS};
    EXPECT_EQ(HEAD_LEN, keyd_answer(&b->k, MSPAN_OF(b->reply), ALL, SPAN_OF(huge)));
    EXPECT_EQ(ERR_MALFORMED, b->reply[6]);
    keyd_done(&b->k);
}

TEST(keys_survive_a_restart_and_a_damaged_store_is_refused)
{
    struct bench *b = bench_start();
    struct keyd_key identity = create(b, KEYD_IDENTITY);
    struct keyd_key bundler = create(b, KEYD_BUNDLER);
    keyd_done(&b->k);
    struct span content = span_of(b->store.content, b->store.n);
    TEST_REQUIRE(keyd_init(&b->k, &b->cfg, content) == OK);
    EXPECT_EQ(2, b->k.keys_count);
    EXPECT(memcmp(&b->k.keys[0], &identity, sizeof identity) == 0);
    EXPECT(memcmp(&b->k.keys[1], &bundler, sizeof bundler) == 0);
    EXPECT_EQ(3, create(b, KEYD_BUNDLER).id); /* ids go on */
    keyd_done(&b->k);
    content = span_of(b->store.content, b->store.n);
    for (size_t cut = 1; cut < content.n; cut++) {
        EXPECT_ERR(ERR_MALFORMED, keyd_init(&b->k, &b->cfg, span_first(content, cut)));
    }
    b->store.content[11] ^= 1; /* the first secret no longer fits its public key */
    EXPECT_ERR(ERR_MALFORMED, keyd_init(&b->k, &b->cfg, content));
    b->store.content[11] ^= 1;
    b->store.content[content.n] = 0; /* more than was written */
    EXPECT_ERR(ERR_MALFORMED, keyd_init(&b->k, &b->cfg, span_of(content.p, content.n + 1)));
}

TEST(a_key_that_could_not_be_saved_does_not_exist)
{
    struct bench *b = bench_start();
    uint8_t purpose = KEYD_IDENTITY;
    b->store.fails = true;
    EXPECT_ERR(ERR_IO, ask(b, NULL, ALL, KEYD_CREATE, span_of(&purpose, 1)));
    EXPECT_EQ(0, b->k.keys_count);
    EXPECT_ERR(ERR_NOT_FOUND, ask(b, NULL, ALL, KEYD_SIGN_NOISE_KEY, noise_message()));
    b->store.fails = false;
    EXPECT_OK(ask(b, NULL, ALL, KEYD_CREATE, span_of(&purpose, 1)));
    EXPECT_EQ(2, b->k.keys[0].id); /* an id is not used again, even if its key came to nothing */
    keyd_done(&b->k);
}

TEST(the_store_has_room_for_its_limit_and_no_more)
{
    struct bench *b = bench_start();
    for (size_t i = 0; i < KEYD_KEYS_MAX; i++) {
        (void)create(b, KEYD_BUNDLER);
    }
    uint8_t purpose = KEYD_BUNDLER;
    EXPECT_ERR(ERR_LIMIT, ask(b, NULL, ALL, KEYD_CREATE, span_of(&purpose, 1)));
    struct span body;
    EXPECT_OK(ask(b, &body, 0, KEYD_LIST, SPAN_EMPTY));
    EXPECT_EQ(KEYD_KEYS_MAX * (6 + 64), body.n);
    keyd_done(&b->k);
    EXPECT_OK(keyd_init(&b->k, &b->cfg, span_of(b->store.content, b->store.n)));
    EXPECT_EQ(KEYD_KEYS_MAX, b->k.keys_count);
    keyd_done(&b->k);
}

TEST(no_budget_is_an_ordinary_refusal)
{
    struct bench *b = bench_start();
    keyd_done(&b->k);
    struct budget small;
    budget_init(&small, test_budget(), "small", 1024);
    b->cfg.budget = &small;
    EXPECT_ERR(ERR_LIMIT, keyd_init(&b->k, &b->cfg, SPAN_EMPTY));
    small.limit = KEYD_MEM;
    EXPECT_OK(keyd_init(&b->k, &b->cfg, SPAN_EMPTY));
    (void)create(b, KEYD_IDENTITY);
    EXPECT(small.used_max <= KEYD_MEM);
    keyd_done(&b->k);
    EXPECT_EQ(0, small.used);
}

/* --- what keyd reads before it signs --- */

TEST(only_the_noise_payload_of_exactly_32_bytes_is_signed)
{
    static const char *const refused[] = {
        "",
        "noise-libp2p-static-key:",
        "noise-libp2p-static-key:0123456789abcdef0123456789abcde",
        "noise-libp2p-static-key:0123456789abcdef0123456789abcdef0",
        "noise-libp2p-static-kex:0123456789abcdef0123456789abcdef",
        "libp2p-tls-handshake:0123456789abcdef0123456789abcdef012",
    };
    EXPECT_OK(keyd_check_noise_key(noise_message()));
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        test_note("%s", refused[i]);
        EXPECT_ERR(ERR_DENIED, keyd_check_noise_key(span_str(refused[i])));
    }
}

TEST(only_a_p256_key_behind_the_tls_prefix_is_signed)
{
    struct secret32 secret = {.bytes = {[31] = 7}};
    struct p256_public key;
    uint8_t message[21 + P256_SPKI_LEN + 1] = CERTIFICATE_SIGNATURE_PREFIX;
    EXPECT_OK(p256_public_of(&key, &secret));
    p256_spki_encode(message + 21, &key);
    struct span good = span_of(message, sizeof message - 1);
    EXPECT_OK(keyd_check_tls_key(good));
    EXPECT_ERR(ERR_DENIED, keyd_check_tls_key(SPAN_OF(message)));
    EXPECT_ERR(ERR_DENIED, keyd_check_tls_key(span_first(good, good.n - 1)));
    EXPECT_ERR(ERR_DENIED, keyd_check_tls_key(span_first(good, 21)));
    EXPECT_ERR(ERR_DENIED, keyd_check_tls_key(noise_message()));
    struct bench *b = bench_start();
    struct span body;
    struct keyd_key identity = create(b, KEYD_IDENTITY);
    struct ed25519_public public_key;
    memcpy(public_key.bytes, identity.public_bytes, 32);
    EXPECT_OK(ask(b, &body, KEYD_MAY_IDENTITY, KEYD_SIGN_TLS_KEY, good));
    EXPECT_OK(ed25519_verify(&public_key, good, body));
    EXPECT_ERR(ERR_DENIED, ask(b, &body, KEYD_MAY_IDENTITY, KEYD_SIGN_TLS_KEY, noise_message()));
    EXPECT_ERR(ERR_DENIED, ask(b, &body, KEYD_MAY_IDENTITY, KEYD_SIGN_NOISE_KEY, good));
    keyd_done(&b->k);
    message[0] = 'L';
    EXPECT_ERR(ERR_DENIED, keyd_check_tls_key(good));
}

TEST(only_a_pubsub_message_of_our_own_is_signed)
{
    struct bench *b = bench_start();
    struct keyd_key identity = create(b, KEYD_IDENTITY);
    struct ed25519_public public_key;
    memcpy(public_key.bytes, identity.public_bytes, 32);
    uint8_t encoded[KEY_ED25519_ENCODED_LEN];
    struct peer_id self;
    key_encode_ed25519(encoded, public_key.bytes);
    peer_id_of_key(&self, SPAN_OF(encoded));
    struct gossip_message m = {.from = peer_id_span(&self),
                               .data = SPAN_LIT("data"),
                               .seqno = SPAN_LIT("12345678"),
                               .topic = SPAN_LIT("topic"),
                               .has_from = true,
                               .has_seqno = true};
    static const char *const cases[] = {"good", "of another", "unsigned kind", "with a signature"};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_note("%s", cases[i]);
        self.bytes[20] ^= i == 1;
        m.has_seqno = i != 2;
        m.has_signature = i == 3;
        uint8_t room[256];
        struct wr w = wr_init(MSPAN_OF(room));
        wr_str(&w, "libp2p-pubsub:");
        gossip_message_encode(&w, &m);
        struct span body;
        struct span message = span_of(room, w.n);
        EXPECT_ERR(i == 0 ? OK : ERR_DENIED,
                   ask(b, &body, KEYD_MAY_IDENTITY, KEYD_SIGN_PUBSUB, message));
        if (i == 0) {
            EXPECT_OK(ed25519_verify(&public_key, message, body));
        }
        self.bytes[20] ^= i == 1;
    }
    EXPECT_ERR(ERR_DENIED, ask(b, NULL, KEYD_MAY_IDENTITY, KEYD_SIGN_PUBSUB, noise_message()));
    keyd_done(&b->k);
}

static enum err bench_sign(struct signer *self,
                           struct signature *ret_sig,
                           enum signer_purpose purpose,
                           struct span message)
{
    struct bench *b = (struct bench *)(void *)self;
    struct span body;
    uint8_t op = purpose == SIGNER_ENVELOPE ? KEYD_SIGN_ENVELOPE : KEYD_SIGN_NOISE_KEY;
    TRY(ask(b, &body, KEYD_MAY_IDENTITY, op, message));
    ret_sig->len = span_copy(MSPAN_OF(ret_sig->bytes), body);
    return OK;
}

TEST(a_dht_value_is_sealed_under_our_own_key_only)
{
    struct bench *b = bench_start();
    struct keyd_key identity = create(b, KEYD_IDENTITY);
    key_encode_ed25519(b->identity, identity.public_bytes);
    b->signer = (struct signer){.sign = bench_sign, .public_key = SPAN_OF(b->identity)};
    struct peer_id peer;
    peer_id_of_key(&peer, b->signer.public_key);
    for (unsigned foreign = 0; foreign < 2; foreign++) {
        uint8_t key[KAD_KEY_LEN_MAX];
        uint8_t sealed[512];
        peer.bytes[20] ^= (uint8_t)foreign;
        struct wr k = wr_init(MSPAN_OF(key));
        kad_signed_write_key(&k, &peer, SPAN_EMPTY);
        struct kad_signed_value value = {
            .key = span_of(key, k.n), .seq = 1, .data = SPAN_LIT("data")};
        struct wr w = wr_init(MSPAN_OF(sealed));
        EXPECT_ERR(foreign ? ERR_DENIED : OK,
                   kad_signed_seal(&w, &value, &b->signer, test_budget()));
    }
    keyd_done(&b->k);
}

TEST(a_descriptor_of_our_own_is_sealed)
{
    static const uint8_t addr[] = {4, 127, 0, 0, 1, 6, 0x10, 0x10};
    struct bench *b = bench_start();
    struct keyd_key identity = create(b, KEYD_IDENTITY);
    key_encode_ed25519(b->identity, identity.public_bytes);
    b->signer = (struct signer){.sign = bench_sign, .public_key = SPAN_OF(b->identity)};
    struct peer_id peer;
    peer_id_of_key(&peer, b->signer.public_key);
    for (unsigned wrong = 0; wrong < 3; wrong++) { /* none; another peer; no descriptor */
        uint8_t payload[256];
        uint8_t sealed[512];
        peer.bytes[20] ^= wrong == 1;
        struct descriptor d = {.peer = peer_id_span(&peer),
                               .seq = 1,
                               .expires_s = 1,
                               .addrs_count = 1,
                               .addrs = {SPAN_OF(addr)},
                               .chains_count = 1,
                               .chains = {{.id = 1}}};
        struct wr p = wr_init(MSPAN_OF(payload));
        descriptor_encode(&p, &d);
        EXPECT_OK(wr_end(&p));
        struct envelope_content content = {
            .domain = SPAN_LIT(DESCRIPTOR_DOMAIN),
            .payload_type = SPAN_LIT(DESCRIPTOR_TYPE),
            .payload = span_of(payload, wrong == 2 ? p.n - 1 : p.n),
        };
        struct wr w = wr_init(MSPAN_OF(sealed));
        test_note("case %u", wrong);
        EXPECT_ERR(wrong ? ERR_DENIED : OK, envelope_seal(&w, &content, &b->signer, test_budget()));
    }
    keyd_done(&b->k);
}

TEST(a_peer_record_of_our_own_is_sealed)
{
    static struct peer_record record;
    struct bench *b = bench_start();
    struct keyd_key key = create(b, KEYD_IDENTITY);
    key_encode_ed25519(b->identity, key.public_bytes);
    b->signer = (struct signer){.sign = bench_sign, .public_key = SPAN_OF(b->identity)};
    uint8_t sealed[1024];
    uint8_t addr[] = {4, 127, 0, 0, 1, 6, 0x10, 0x10};
    const struct span addrs[] = {SPAN_OF(addr)};
    struct wr w = wr_init(MSPAN_OF(sealed));
    const struct peer_record_cfg cfg = {.seq = 7, .addrs = addrs, .addrs_count = 1};
    EXPECT_OK(peer_record_seal(&w, &cfg, &b->signer, test_budget()));
    EXPECT_OK(peer_record_open(&record, span_of(sealed, w.n), test_budget()));
    EXPECT_EQ(7, record.seq);
    /* Any other envelope is refused: another domain, another type, no record, another peer's record. */
    static const struct envelope_content contents[] = {
        {.domain = SPAN_INIT("libp2p-testing"),
         .payload_type = SPAN_INIT("\x03\x01"),
         .payload = SPAN_INIT("x")},
        {.domain = SPAN_INIT("libp2p-peer-record"),
         .payload_type = SPAN_INIT("\x03\x02"),
         .payload = SPAN_INIT("x")},
        {.domain = SPAN_INIT("libp2p-peer-record"),
         .payload_type = SPAN_INIT("\x03\x01"),
         .payload = SPAN_INIT("x")},
        {.domain = SPAN_INIT("libp2p-routing-state"),
         .payload_type = SPAN_INIT("\x03\x01"),
         .payload = SPAN_INIT("x")},
    };
    for (size_t i = 0; i < sizeof contents / sizeof contents[0]; i++) {
        w = wr_init(MSPAN_OF(sealed));
        test_note("content %zu", i);
        EXPECT_ERR(ERR_DENIED, envelope_seal(&w, &contents[i], &b->signer, test_budget()));
    }
    struct ed25519_public other = {{9}};
    b->identity[10] ^= 1; /* the record would speak of this other peer */
    w = wr_init(MSPAN_OF(sealed));
    EXPECT_ERR(ERR_DENIED, peer_record_seal(&w, &cfg, &b->signer, test_budget()));
    EXPECT_ERR(ERR_DENIED, keyd_check_envelope(noise_message(), &other));
    keyd_done(&b->k);
}

TEST(a_voucher_of_ours_for_another_peer_is_sealed)
{
    struct bench *b = bench_start();
    struct keyd_key key = create(b, KEYD_IDENTITY);
    key_encode_ed25519(b->identity, key.public_bytes);
    b->signer = (struct signer){.sign = bench_sign, .public_key = SPAN_OF(b->identity)};
    struct circuit_voucher v = {.expires_s = 1800000000};
    struct peer_id self;
    peer_id_of_key(&self, b->signer.public_key);
    v.relay = v.peer = self;
    v.peer.bytes[20] ^= 1;
    uint8_t sealed[512];
    struct wr w = wr_init(MSPAN_OF(sealed));
    EXPECT_OK(circuit_voucher_seal(&w, &v, &b->signer, test_budget()));
    v.peer = self;
    w = wr_init(MSPAN_OF(sealed));
    EXPECT_ERR(ERR_DENIED, circuit_voucher_seal(&w, &v, &b->signer, test_budget()));
    v.relay.bytes[20] ^= 1; /* another relay's */
    w = wr_init(MSPAN_OF(sealed));
    EXPECT_ERR(ERR_DENIED, circuit_voucher_seal(&w, &v, &b->signer, test_budget()));
    keyd_done(&b->k);
}

static struct tx bundle_of(struct buf *call, struct address beneficiary)
{
    const struct userop op = {
        .sender = {{1}}, .call_data = SPAN_INIT("call"), .signature = SPAN_INIT("signature")};
    buf_clear(call);
    EXPECT_OK(userop_encode_handle_ops(&op, beneficiary, call));
    return (struct tx){
        .type = TX_FEE_MARKET,
        .has_chain_id = true,
        .chain_id = 31337,
        .nonce = 3,
        .gas_limit = 500000,
        .has_to = true,
        .to = userop_entry_point_08,
        .data = buf_span(call),
    };
}

/* What keyd says to that transaction, and whether its signature makes the key the sender. */
static enum err sign_as(struct bench *b, enum keyd_op op, struct tx tx, const struct keyd_key *key)
{
    AUTO(buf_done) struct buf raw;
    AUTO(buf_done) struct buf scratch;
    struct address sender;
    struct span body;
    buf_init(&raw, test_budget(), 65536);
    buf_init(&scratch, test_budget(), 65536);
    uint8_t id[4] = {0, 0, 0, (uint8_t)key->id};
    EXPECT_OK(buf_append(&raw, SPAN_OF(id)));
    EXPECT_OK(tx_encode(&tx, &raw));
    uint32_t capability = op == KEYD_SIGN_WITHDRAWAL ? KEYD_MAY_WITHDRAW : KEYD_MAY_BUNDLER;
    TRY(ask(b, &body, capability, (uint8_t)op, buf_span(&raw)));
    struct secp256k1_signature sig;
    EXPECT_EQ(65, body.n);
    (void)span_copy(MSPAN_OF(sig.rs), body);
    sig.recovery_id = body.p[64];
    EXPECT_OK(tx_sign_with(&tx, &sig));
    EXPECT_OK(tx_sender(&sender, &tx, &scratch));
    EXPECT(address_equal(sender, address_of_public_key(key->public_bytes)));
    return OK;
}

static enum err sign(struct bench *b, struct tx tx, const struct keyd_key *key)
{
    return sign_as(b, KEYD_SIGN_TRANSACTION, tx, key);
}

TEST(a_bundle_that_pays_us_and_a_replacement_are_signed_and_nothing_else)
{
    AUTO(buf_done) struct buf call;
    struct bench *b = bench_start();
    struct keyd_key key = create(b, KEYD_BUNDLER);
    struct address self = address_of_public_key(key.public_bytes);
    struct address other = {{7}};
    buf_init(&call, test_budget(), 65536);
    struct tx good = bundle_of(&call, self);
    EXPECT_OK(sign(b, good, &key));
    struct tx replacement = good;
    replacement.to = self;
    replacement.data = SPAN_EMPTY;
    EXPECT_OK(sign(b, replacement, &key));

    struct tx bad = replacement;
    bad.to = other; /* pays nobody, but calls a stranger */
    EXPECT_ERR(ERR_DENIED, sign(b, bad, &key));
    bad = replacement;
    bad.data = SPAN_LIT("x");
    EXPECT_ERR(ERR_DENIED, sign(b, bad, &key));
    bad = good;
    bad.value = u256_from_u64(1);
    EXPECT_ERR(ERR_DENIED, sign(b, bad, &key));
    bad = good;
    bad.data = span_first(good.data, good.data.n - 32);
    EXPECT_ERR(ERR_DENIED, sign(b, bad, &key));
    bad = good;
    bad.has_to = false;
    EXPECT_ERR(ERR_DENIED, sign(b, bad, &key));
    bad = good;
    bad.type = TX_LEGACY;
    EXPECT_ERR(ERR_DENIED, sign(b, bad, &key));
    EXPECT_ERR(ERR_DENIED, sign(b, bundle_of(&call, other), &key)); /* the fee would go elsewhere */
    EXPECT_EQ(2, b->k.signed_count);
    keyd_done(&b->k);
}

TEST(a_withdrawal_moves_ether_to_another_account_and_does_nothing_else)
{
    AUTO(buf_done) struct buf call;
    struct bench *b = bench_start();
    struct keyd_key key = create(b, KEYD_BUNDLER);
    struct address self = address_of_public_key(key.public_bytes);
    buf_init(&call, test_budget(), 65536);
    struct tx bundle = bundle_of(&call, self);
    struct tx good = bundle;
    good.to = (struct address){{7}};
    good.data = SPAN_EMPTY;
    good.value = u256_from_u64(1);
    EXPECT_OK(sign_as(b, KEYD_SIGN_WITHDRAWAL, good, &key));
    EXPECT_ERR(ERR_DENIED, sign(b, good, &key)); /* the server that serves may not */
    struct tx bad = good;
    bad.value = u256_from_u64(0);
    EXPECT_ERR(ERR_DENIED, sign_as(b, KEYD_SIGN_WITHDRAWAL, bad, &key));
    bad = good;
    bad.to = self;
    EXPECT_ERR(ERR_DENIED, sign_as(b, KEYD_SIGN_WITHDRAWAL, bad, &key));
    bad = good;
    bad.to = (struct address){{0}};
    EXPECT_ERR(ERR_DENIED, sign_as(b, KEYD_SIGN_WITHDRAWAL, bad, &key));
    bad = good;
    bad.data = SPAN_LIT("x");
    EXPECT_ERR(ERR_DENIED, sign_as(b, KEYD_SIGN_WITHDRAWAL, bad, &key));
    bad = good;
    bad.has_to = false;
    EXPECT_ERR(ERR_DENIED, sign_as(b, KEYD_SIGN_WITHDRAWAL, bad, &key));
    bad = good;
    bad.type = TX_LEGACY;
    EXPECT_ERR(ERR_DENIED, sign_as(b, KEYD_SIGN_WITHDRAWAL, bad, &key));
    EXPECT_ERR(ERR_DENIED, sign_as(b, KEYD_SIGN_WITHDRAWAL, bundle, &key));
    EXPECT_EQ(1, b->k.signed_count);
    keyd_done(&b->k);
}

TEST(a_key_signs_for_its_own_purpose_only)
{
    AUTO(buf_done) struct buf call;
    struct bench *b = bench_start();
    struct keyd_key identity = create(b, KEYD_IDENTITY);
    buf_init(&call, test_budget(), 65536);
    EXPECT_ERR(ERR_NOT_FOUND, sign(b, bundle_of(&call, (struct address){{0}}), &identity));
    keyd_done(&b->k);
}

TEST_MAIN
