/* The attestation protocol between two engines, and each way to cheat. */
#include "tee/attest.h"

#include "base/rng.h"
#include "base/test.h"

#include <string.h>

enum { EVIDENCE_LEN = 3000, WIRE_MAX = 32 * 1024 };

/* A TPM's key, TPM2B_PUBLIC: P-256, named by SHA-256. */
static const uint8_t ak[] = {0,
                             0x58,
                             0,
                             0x23,
                             0,
                             0x0b,
                             0,
                             5,
                             0,
                             0x72,
                             0,
                             0,
                             0,
                             0x10,
                             0,
                             0x18,
                             0,
                             0x0b,
                             0,
                             0x03,
                             0,
                             0x10,
                             0,
                             32,
                             [24 + 32] = 0,
                             32,
                             [24 + 32 + 2 + 31] = 7};

static void key_name(uint8_t ret_name[static TPM2_NAME_LEN])
{
    struct tpm2_public key;
    EXPECT_OK(tpm2_public_decode(&key, SPAN_OF(ak)));
    EXPECT_OK(tpm2_name(ret_name, &key));
}

/* A judge that knows one thing: whether the evidence carries the binding, its first 64 bytes of the main part; and whether a key with a chain was activated. */
struct fake_judge {
    struct attest_judge judge;
    size_t calls;
    size_t challenges;
    enum tee_level level;
    walltime expires;
};

static enum err fake_appraise(struct attest_judge *self,
                              struct appraisal *ret,
                              const struct evidence *evidence,
                              const uint8_t binding[static 64],
                              struct span activated_name)
{
    struct fake_judge *j = (struct fake_judge *)self;
    appraisal_init(ret, evidence->kind);
    j->calls++;
    if (!span_equal(span_first(evidence->parts[EVIDENCE_MAIN], 64), span_of(binding, 64))) {
        return appraisal_fail(ret, ERR_AUTH, STEP_BINDING, PART_EVIDENCE, 0);
    }
    if (j->expires.s) {
        appraisal_until(ret, (walltime){0}, j->expires);
    }
    if (evidence->parts[EVIDENCE_CHAIN].n > 0) {
        uint8_t name[TPM2_NAME_LEN];
        sha256(&ret->hardware_id, evidence->parts[EVIDENCE_CHAIN]);
        ret->has_hardware_id = true;
        key_name(name);
        if (!span_equal(activated_name, SPAN_OF(name))) {
            return appraisal_fail(ret, ERR_AUTH, STEP_KEY_ORIGIN, PART_EVIDENCE, 0);
        }
    }
    ret->level = j->level;
    return OK;
}

/* A credential that hides nothing: each time another secret, in the clear. */
static enum err fake_challenge(struct attest_judge *self,
                               struct tpm2_credential *ret,
                               struct secret32 *ret_secret,
                               const struct appraisal *failed,
                               const struct evidence *evidence,
                               struct span name)
{
    struct fake_judge *j = (struct fake_judge *)self;
    struct wr w = wr_init(MSPAN_OF(ret->bytes));
    EXPECT(evidence_lacks_activation(failed));
    EXPECT(evidence->parts[EVIDENCE_CHAIN].n > 0);
    EXPECT_EQ(TPM2_NAME_LEN, name.n);
    j->challenges++;
    memset(ret_secret->bytes, (int)j->challenges, sizeof ret_secret->bytes);
    wr_be16(&w, 32);
    wr_bytes(&w, SPAN_OF(ret_secret->bytes));
    wr_be16(&w, 1);
    wr_u8(&w, 0);
    ret->n = w.n;
    return wr_end(&w);
}

static const walltime now_wall = {1000000};
static struct fake_judge judge;

/* An attester's machine: a session key, and evidence that names it. */
struct machine {
    struct ed25519_key key;
    struct attest_identity identity;
    uint8_t evidence[EVIDENCE_LEN + 64];
};

static void machine_make(struct machine *m, const char *id, uint8_t fill, walltime issued)
{
    static uint8_t main_part[EVIDENCE_LEN];
    struct secret32 seed;
    struct ed25519_public key;
    struct evidence e = {.kind = TEE_SEV_SNP};
    struct wr w = wr_init(MSPAN_OF(m->evidence));
    memset(seed.bytes, fill, sizeof seed.bytes);
    memset(main_part, fill, sizeof main_part);
    ed25519_key_init(&m->key, &seed);
    ed25519_key_public(&key, &m->key);
    attest_binding(main_part, span_str(id), &key, issued);
    e.parts[EVIDENCE_MAIN] = SPAN_OF(main_part);
    evidence_encode(&w, &e);
    m->identity = (struct attest_identity){.kind = TEE_SEV_SNP,
                                           .evidence = span_of(m->evidence, w.n),
                                           .issued = issued,
                                           .session_key = &m->key};
}

static const char channel_1[] = "handshake hash of one connection";
static const char channel_2[] = "handshake hash of another, equal";

static struct attest_cfg
verifier_cfg(const char *self, const char *remote, const char *channel, uint8_t nonce)
{
    struct attest_cfg c = {.is_verifier = true,
                           .self_id = span_str(self),
                           .remote_id = span_str(remote),
                           .channel = span_first(span_str(channel), 32),
                           .budget = test_budget(),
                           .timeout_us = 10 * US_PER_S,
                           .kinds = 1 << TEE_SEV_SNP | 1 << TEE_TDX,
                           .level_min = TEE_LEVEL_HARDWARE_ATTESTED,
                           .now = now_wall,
                           .judge = &judge.judge};
    memset(c.nonce, nonce, sizeof c.nonce);
    return c;
}

static struct attest_cfg
attester_cfg(const char *self, const char *remote, const char *channel, const struct machine *m)
{
    return (struct attest_cfg){.self_id = span_str(self),
                               .remote_id = span_str(remote),
                               .channel = span_first(span_str(channel), 32),
                               .budget = test_budget(),
                               .timeout_us = 10 * US_PER_S,
                               .identity = m ? &m->identity : NULL};
}

static const instant t0 = {1000};
static struct attest verifier;
static struct attest attester;
static uint8_t wire[WIRE_MAX];

/* Everything that an engine has to say, in pieces of at most step bytes. */
static size_t pull(struct attest *a, size_t step)
{
    size_t n = 0;
    size_t more;
    do {
        more = attest_send(a, t0, mspan_of(wire + n, step < WIRE_MAX - n ? step : WIRE_MAX - n));
        n += more;
    } while (more > 0);
    return n;
}

static enum err push(struct attest *a, size_t len, size_t step)
{
    for (size_t at = 0; at < len; at += step) {
        struct span in = span_of(wire + at, step < len - at ? step : len - at);
        TRY(attest_recv(a, t0, &in));
        EXPECT_EQ(0, in.n);
    }
    return OK;
}

static void setup(void)
{
    judge = (struct fake_judge){.judge = {.appraise = fake_appraise},
                                .level = TEE_LEVEL_HARDWARE_ATTESTED};
}

/* A whole exchange; returns the verifier's outcome. */
static enum attest_outcome run(const struct attest_cfg *v,
                               const struct attest_cfg *a,
                               size_t step,
                               struct attest_event *ret_event)
{
    *ret_event = (struct attest_event){0};
    EXPECT_OK(attest_init(&verifier, v, t0));
    EXPECT_OK(attest_init(&attester, a, t0));
    EXPECT_OK(push(&attester, pull(&verifier, step), step));
    EXPECT_OK(push(&verifier, pull(&attester, step), step));
    (void)attest_poll(&verifier, ret_event);
    EXPECT(!attest_poll(&verifier, ret_event));
    enum attest_outcome outcome = ret_event->outcome;
    attest_done(&attester);
    return outcome;
}

static struct machine machine;

TEST(one_round_trip_in_pieces_of_any_size)
{
    static const size_t steps[] = {1, 2, 7, 35, 36, 100, 1000, WIRE_MAX};
    setup();
    machine_make(&machine, "node", 3, now_wall);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct attest_event e;
        struct attest_cfg v = verifier_cfg("client", "node", channel_1, (uint8_t)i);
        struct attest_cfg a = attester_cfg("node", "client", channel_1, &machine);
        test_note("pieces of %zu", steps[i]);
        EXPECT_EQ(ATTEST_ACCEPTED, run(&v, &a, steps[i], &e));
        EXPECT_OK(e.err);
        TEST_REQUIRE(e.result != NULL);
        EXPECT_EQ(TEE_LEVEL_HARDWARE_ATTESTED, e.result->level);
        EXPECT_EQ(now_wall.s + ATTEST_LIFE_S, e.result->expires.s);
        attest_done(&verifier);
    }
}

TEST(relay_to_another_connection)
{
    struct attest_event e;
    setup();
    machine_make(&machine, "node", 3, now_wall);
    /* The man in the middle has one connection to each, and passes the messages on. */
    struct attest_cfg v = verifier_cfg("client", "node", channel_1, 1);
    struct attest_cfg a = attester_cfg("node", "client", channel_2, &machine);
    EXPECT_EQ(ATTEST_REFUSED, run(&v, &a, 100, &e));
    EXPECT_ERR(ERR_AUTH, e.err);
    EXPECT_EQ(0, judge.calls);
    attest_done(&verifier);
    /* And is no peer whose name the node would sign. */
    v = verifier_cfg("client", "middle", channel_1, 1);
    a = attester_cfg("node", "client", channel_1, &machine);
    EXPECT_EQ(ATTEST_REFUSED, run(&v, &a, 100, &e));
    attest_done(&verifier);
    v = verifier_cfg("client", "node", channel_1, 1);
    a = attester_cfg("node", "middle", channel_1, &machine);
    EXPECT_EQ(ATTEST_REFUSED, run(&v, &a, 100, &e));
    attest_done(&verifier);
}

TEST(reflection_of_our_own_answer)
{
    struct attest_event e;
    setup();
    machine_make(&machine, "client", 3, now_wall);
    /* The client is an attester too: what it says of itself to the other side is sent back to it. */
    struct attest_cfg v = verifier_cfg("client", "node", channel_1, 1);
    struct attest_cfg a = attester_cfg("client", "node", channel_1, &machine);
    EXPECT_EQ(ATTEST_REFUSED, run(&v, &a, 100, &e));
    EXPECT_EQ(0, judge.calls);
    attest_done(&verifier);
    v = verifier_cfg("client", "client", channel_1, 1);
    EXPECT_ERR(ERR_MALFORMED, attest_init(&verifier, &v, t0));
}

TEST(replay_of_an_answer_to_another_nonce)
{
    struct attest_event e = {0};
    setup();
    machine_make(&machine, "node", 3, now_wall);
    struct attest_cfg v = verifier_cfg("client", "node", channel_1, 1);
    struct attest_cfg a = attester_cfg("node", "client", channel_1, &machine);
    EXPECT_OK(attest_init(&verifier, &v, t0));
    EXPECT_OK(attest_init(&attester, &a, t0));
    EXPECT_OK(push(&attester, pull(&verifier, 100), 100));
    size_t len = pull(&attester, 100);
    attest_done(&verifier);
    attest_done(&attester);
    v = verifier_cfg("client", "node", channel_1, 2);
    EXPECT_OK(attest_init(&verifier, &v, t0));
    EXPECT_OK(push(&verifier, len, 100));
    EXPECT(attest_poll(&verifier, &e));
    EXPECT_EQ(ATTEST_REFUSED, e.outcome);
    EXPECT_EQ(0, judge.calls);
    attest_done(&verifier);
}

TEST(evidence_of_another_machine_or_session)
{
    static struct machine other;
    struct attest_event e;
    setup();
    machine_make(&machine, "node", 3, now_wall);
    machine_make(&other, "node", 4, now_wall);
    /* Our own key signs for evidence that names another key. */
    machine.identity.evidence = other.identity.evidence;
    struct attest_cfg v = verifier_cfg("client", "node", channel_1, 1);
    struct attest_cfg a = attester_cfg("node", "client", channel_1, &machine);
    EXPECT_EQ(ATTEST_REFUSED, run(&v, &a, 100, &e));
    EXPECT_EQ(1, judge.calls);
    TEST_REQUIRE(e.result != NULL);
    EXPECT_STR("binding", appraisal_step_name(e.result->failed));
    attest_done(&verifier);
    /* Evidence that was made for another peer id. */
    machine_make(&machine, "somebody", 3, now_wall);
    EXPECT_EQ(ATTEST_REFUSED, run(&v, &a, 100, &e));
    attest_done(&verifier);
    /* Another time than the one that the evidence names. */
    machine_make(&machine, "node", 3, now_wall);
    machine.identity.issued.s++;
    EXPECT_EQ(ATTEST_REFUSED, run(&v, &a, 100, &e));
    attest_done(&verifier);
}

TEST(expiry_of_the_session_key)
{
    static const struct {
        int64_t age;
        bool is_accepted;
    } rows[] = {
        {0,                  true },
        {ATTEST_LIFE_S,      true },
        {ATTEST_LIFE_S + 1,  false},
        {-ATTEST_SKEW_S,     true },
        {-ATTEST_SKEW_S - 1, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct attest_event e;
        setup();
        machine_make(&machine, "node", 3,
                     (walltime){(uint64_t)((int64_t)now_wall.s - rows[i].age)});
        struct attest_cfg v = verifier_cfg("client", "node", channel_1, 1);
        struct attest_cfg a = attester_cfg("node", "client", channel_1, &machine);
        test_note("row %zu", i);
        EXPECT_EQ(rows[i].is_accepted ? ATTEST_ACCEPTED : ATTEST_REFUSED, run(&v, &a, 100, &e));
        EXPECT_ERR(rows[i].is_accepted ? OK : ERR_TIMEOUT, e.err);
        attest_done(&verifier);
    }
}

TEST(levels_that_are_too_low)
{
    struct attest_event e;
    setup();
    machine_make(&machine, "node", 3, now_wall);
    struct attest_cfg v = verifier_cfg("client", "node", channel_1, 1);
    struct attest_cfg a = attester_cfg("node", "client", channel_1, &machine);
    v.level_min = TEE_LEVEL_CODE_ATTESTED;
    EXPECT_EQ(ATTEST_REFUSED, run(&v, &a, 100, &e));
    EXPECT_ERR(ERR_DENIED, e.err);
    attest_done(&verifier);
}

TEST(kinds_that_are_not_asked_for)
{
    struct attest_event e;
    setup();
    machine_make(&machine, "node", 3, now_wall);
    struct attest_cfg v = verifier_cfg("client", "node", channel_1, 1);
    struct attest_cfg a = attester_cfg("node", "client", channel_1, &machine);
    v.kinds = 1 << TEE_TDX;
    EXPECT_EQ(ATTEST_NOTHING, run(&v, &a, 100, &e));
    attest_done(&verifier);
    machine.identity.kind = TEE_TDX; /* says TDX, and the evidence is of another kind */
    EXPECT_EQ(ATTEST_REFUSED, run(&v, &a, 100, &e));
    EXPECT_EQ(0, judge.calls);
    attest_done(&verifier);
    a.identity = NULL;
    EXPECT_EQ(ATTEST_NOTHING, run(&v, &a, 100, &e));
    attest_done(&verifier);
}

TEST(a_cached_result_lasts_as_long_as_its_endorsements)
{
    static struct attest_cache cache;
    struct attest_event e;
    setup();
    attest_cache_clear(&cache);
    judge.expires.s = now_wall.s + 100;
    machine_make(&machine, "node", 3, now_wall);
    struct attest_cfg v = verifier_cfg("client", "node", channel_1, 1);
    struct attest_cfg a = attester_cfg("node", "client", channel_1, &machine);
    v.cache = &cache;
    for (uint8_t i = 0; i < 3; i++) {
        v.nonce[0] = i;
        EXPECT_EQ(ATTEST_ACCEPTED, run(&v, &a, 100, &e));
        attest_done(&verifier);
    }
    EXPECT_EQ(1, judge.calls);
    v.now.s = now_wall.s + 101; /* an endorsement has expired since: judged anew */
    EXPECT_EQ(ATTEST_ACCEPTED, run(&v, &a, 100, &e));
    attest_done(&verifier);
    EXPECT_EQ(2, judge.calls);
    v.now = now_wall;
    attest_cache_clear(&cache); /* a floor was raised */
    judge.level = TEE_LEVEL_NONE;
    EXPECT_EQ(ATTEST_REFUSED, run(&v, &a, 100, &e));
    attest_done(&verifier);
    EXPECT_EQ(3, judge.calls);
    /* The cache does not stand in for the live signature. */
    attest_cache_clear(&cache);
    judge.level = TEE_LEVEL_HARDWARE_ATTESTED;
    EXPECT_EQ(ATTEST_ACCEPTED, run(&v, &a, 100, &e));
    attest_done(&verifier);
    a.channel = span_first(span_str(channel_2), 32);
    EXPECT_EQ(ATTEST_REFUSED, run(&v, &a, 100, &e));
    attest_done(&verifier);
}

TEST(a_connection_that_cannot_be_named_is_refused)
{
    setup();
    struct attest_cfg v = verifier_cfg("client", "node", channel_1, 1);
    v.channel = SPAN_EMPTY;
    EXPECT_ERR(ERR_MALFORMED, attest_init(&verifier, &v, t0));
    v.channel = span_first(span_str(channel_1), 31);
    EXPECT_ERR(ERR_MALFORMED, attest_init(&verifier, &v, t0));
    v = verifier_cfg("client", "", channel_1, 1);
    EXPECT_ERR(ERR_MALFORMED, attest_init(&verifier, &v, t0));
    attest_done(&verifier);
}

TEST(each_byte_of_an_answer_counts)
{
    setup();
    machine_make(&machine, "node", 3, now_wall);
    struct attest_cfg v = verifier_cfg("client", "node", channel_1, 1);
    struct attest_cfg a = attester_cfg("node", "client", channel_1, &machine);
    EXPECT_OK(attest_init(&verifier, &v, t0));
    EXPECT_OK(attest_init(&attester, &a, t0));
    EXPECT_OK(push(&attester, pull(&verifier, 100), 100));
    size_t len = pull(&attester, WIRE_MAX);
    attest_done(&attester);
    for (size_t i = 0; i < len; i += i < 200 ? 1 : 13) {
        struct attest_event e = {0};
        attest_done(&verifier);
        EXPECT_OK(attest_init(&verifier, &v, t0));
        wire[i] ^= (uint8_t)(1U << i % 8);
        (void)!(push(&verifier, len, WIRE_MAX) == OK);
        (void)attest_poll(&verifier, &e);
        test_note("byte %zu", i);
        EXPECT(e.outcome != ATTEST_ACCEPTED);
        wire[i] ^= (uint8_t)(1U << i % 8);
    }
    attest_done(&verifier);
}

TEST(second_messages_long_messages_and_silence)
{
    struct attest_event e = {0};
    setup();
    machine_make(&machine, "node", 3, now_wall);
    struct attest_cfg v = verifier_cfg("client", "node", channel_1, 1);
    struct attest_cfg a = attester_cfg("node", "client", channel_1, &machine);
    EXPECT_OK(attest_init(&verifier, &v, t0));
    EXPECT_OK(attest_init(&attester, &a, t0));
    size_t len = pull(&verifier, 100);
    EXPECT_OK(push(&attester, len, 100));
    EXPECT_ERR(ERR_MALFORMED, push(&attester, len, 100));
    EXPECT(attest_poll(&attester, &e));
    EXPECT_EQ(ATTEST_BROKEN, e.outcome);
    EXPECT_EQ(0, pull(&attester, 100));
    attest_done(&attester);
    static const uint8_t long_one[] = {0x81, 0xc0, 0x01, 0}; /* 24 KiB and one */
    struct span in = SPAN_OF(long_one);
    EXPECT_ERR(ERR_LIMIT, attest_recv(&verifier, t0, &in));
    attest_done(&verifier);
    EXPECT_OK(attest_init(&verifier, &v, t0));
    EXPECT_EQ(t0.us + 10 * US_PER_S, attest_deadline(&verifier).us);
    attest_tick(&verifier, (instant){t0.us + 10 * US_PER_S - 1});
    EXPECT(!attest_poll(&verifier, &e));
    attest_tick(&verifier, (instant){t0.us + 10 * US_PER_S});
    EXPECT(attest_poll(&verifier, &e));
    EXPECT_ERR(ERR_TIMEOUT, e.err);
    EXPECT(instant_is_never(attest_deadline(&verifier)));
    attest_done(&verifier);
    attest_done(&verifier);
}

/* ---- credentials ---- */

/* A machine with a TPM, and the two texts that it shows. */
struct chip {
    struct machine machine;
    uint8_t evidence_ek[EVIDENCE_LEN];
};

static void chip_make(struct chip *c, uint8_t fill, const char *ek)
{
    static uint8_t main_part[600];
    struct ed25519_public key;
    struct evidence e = {.kind = TEE_TPM2};
    struct wr w = wr_init(MSPAN_OF(c->machine.evidence));
    struct wr with = wr_init(MSPAN_OF(c->evidence_ek));
    machine_make(&c->machine, "node", fill, now_wall);
    ed25519_key_public(&key, &c->machine.key);
    attest_binding(main_part, span_str("node"), &key, now_wall);
    e.parts[EVIDENCE_MAIN] = SPAN_OF(main_part);
    e.parts[EVIDENCE_TPM_KEY] = SPAN_OF(ak);
    evidence_encode(&w, &e);
    e.parts[EVIDENCE_CHAIN] = span_str(ek);
    evidence_encode(&with, &e);
    EXPECT_OK(wr_end(&w));
    EXPECT_OK(wr_end(&with));
    c->machine.identity.kind = TEE_TPM2;
    c->machine.identity.evidence = span_of(c->machine.evidence, w.n);
    c->machine.identity.evidence_ek = span_of(c->evidence_ek, with.n);
}

static struct chip chip;
static struct attest_cache cache;

static void setup_chip(void)
{
    setup();
    judge.judge.challenge = fake_challenge;
    attest_cache_clear(&cache);
    chip_make(&chip, 3, "the EK of this chip");
}

static struct attest_cfg credential_verifier(uint8_t nonce)
{
    struct attest_cfg v = verifier_cfg("client", "node", channel_1, nonce);
    v.kinds = 1 << TEE_TPM2;
    v.open_timeout_us = 60 * US_PER_S;
    v.cache = &cache;
    return v;
}

/* The first round trip of a fresh pair. */
static void first_trip(const struct attest_cfg *v, size_t step)
{
    struct attest_cfg a = attester_cfg("node", "client", channel_1, &chip.machine);
    a.open_timeout_us = 60 * US_PER_S;
    attest_done(&verifier);
    attest_done(&attester);
    EXPECT_OK(attest_init(&verifier, v, t0));
    EXPECT_OK(attest_init(&attester, &a, t0));
    EXPECT_OK(push(&attester, pull(&verifier, step), step));
    EXPECT_OK(push(&verifier, pull(&attester, step), step));
}

/* The chip gets the credential; what is in it. */
static void hand_over(struct secret32 *ret, size_t step)
{
    struct span credential = SPAN_EMPTY;
    EXPECT(!attest_is_opening(&attester, &credential));
    EXPECT_OK(push(&attester, pull(&verifier, step), step));
    EXPECT(attest_is_opening(&attester, &credential));
    memset(ret->bytes, 0, sizeof ret->bytes);
    (void)span_copy(MSPAN_OF(ret->bytes), span_first(span_from(credential, 2), 32));
}

static enum attest_outcome outcome_of(struct attest *a, struct attest_event *e)
{
    *e = (struct attest_event){.outcome = ATTEST_PENDING};
    (void)attest_poll(a, e);
    return e->outcome;
}

TEST(two_round_trips_and_then_one)
{
    static const size_t steps[] = {1, 7, 100, WIRE_MAX};
    struct attest_event e;
    struct secret32 secret;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        setup_chip();
        test_note("pieces of %zu", steps[i]);
        struct attest_cfg v = credential_verifier((uint8_t)i);
        first_trip(&v, steps[i]);
        EXPECT_EQ(ATTEST_PENDING, outcome_of(&verifier, &e));
        EXPECT_EQ(ATTEST_PENDING, outcome_of(&attester, &e));
        EXPECT_EQ(t0.us + 60 * US_PER_S, attest_deadline(&verifier).us);
        hand_over(&secret, steps[i]);
        EXPECT_EQ(0, pull(&attester, steps[i]));
        attest_open(&attester, t0, OK, &secret);
        EXPECT_OK(push(&verifier, pull(&attester, steps[i]), steps[i]));
        EXPECT_EQ(ATTEST_ACCEPTED, outcome_of(&attester, &e));
        EXPECT_EQ(ATTEST_ACCEPTED, outcome_of(&verifier, &e));
        EXPECT_EQ(1, judge.challenges);
        EXPECT(e.result && e.result->has_hardware_id);
        /* Fresh evidence of the same chip, within the hour or after: EK and key are known. */
        chip_make(&chip, 4, "the EK of this chip");
        v = credential_verifier(99);
        first_trip(&v, steps[i]);
        EXPECT_EQ(ATTEST_ACCEPTED, outcome_of(&verifier, &e));
        EXPECT_EQ(ATTEST_PENDING, outcome_of(&attester, &e));
        attest_fin(&attester);
        EXPECT_EQ(ATTEST_ACCEPTED, outcome_of(&attester, &e));
        EXPECT_EQ(1, judge.challenges);
        /* Another chip is not. */
        chip_make(&chip, 5, "the EK of another chip");
        first_trip(&v, steps[i]);
        EXPECT_EQ(ATTEST_PENDING, outcome_of(&verifier, &e));
        EXPECT_EQ(2, judge.challenges);
        attest_done(&verifier);
        attest_done(&attester);
    }
}

/* What the verifier says when the second round trip ends so. */
static void expect_refused(enum attest_outcome outcome, enum err err, const char *rule)
{
    struct attest_event e;
    EXPECT_EQ(outcome, outcome_of(&verifier, &e));
    EXPECT_ERR(err, e.err);
    EXPECT_STR(rule, e.why.rule ? e.why.rule : "");
    EXPECT(!e.result || e.result->failed == STEP_KEY_ORIGIN);
    EXPECT(!e.result || e.result->level == TEE_LEVEL_NONE);
    /* And nothing is known of that chip: the next time it is asked again. */
    struct attest_cfg v = credential_verifier(50);
    size_t before = judge.challenges;
    first_trip(&v, 100);
    EXPECT_EQ(before + 1, judge.challenges);
    attest_done(&verifier);
    attest_done(&attester);
}

TEST(another_chip_does_not_open_it)
{
    struct secret32 secret;
    setup_chip();
    struct attest_cfg v = credential_verifier(1);
    first_trip(&v, 100);
    hand_over(&secret, 100);
    attest_open(&attester, t0, ERR_AUTH, NULL);
    EXPECT_OK(push(&verifier, pull(&attester, 100), 100));
    expect_refused(ATTEST_REFUSED, ERR_AUTH, "attest: its TPM does not open the credential");
}

TEST(a_chip_that_is_asked_too_much)
{
    struct secret32 secret;
    setup_chip();
    struct attest_cfg v = credential_verifier(1);
    first_trip(&v, 100);
    hand_over(&secret, 100);
    attest_open(&attester, t0, ERR_LIMIT, NULL);
    EXPECT_OK(push(&verifier, pull(&attester, 100), 100));
    expect_refused(ATTEST_REFUSED, ERR_LIMIT, "attest: its TPM is busy");
}

TEST(another_secret_than_that_of_the_credential)
{
    struct secret32 secret;
    for (size_t i = 0; i < sizeof secret.bytes; i++) {
        setup_chip();
        struct attest_cfg v = credential_verifier(1);
        first_trip(&v, 100);
        hand_over(&secret, 100);
        secret.bytes[i] ^= 1;
        attest_open(&attester, t0, OK, &secret);
        EXPECT_OK(push(&verifier, pull(&attester, 100), 100));
        test_note("byte %zu", i);
        expect_refused(ATTEST_REFUSED, ERR_AUTH, "attest: not the secret of the credential");
    }
}

TEST(the_answer_to_an_earlier_credential)
{
    static uint8_t earlier[64];
    struct secret32 secret;
    struct attest_event e;
    setup_chip();
    struct attest_cfg v = credential_verifier(1);
    first_trip(&v, 100);
    hand_over(&secret, 100);
    attest_open(&attester, t0, OK, &secret);
    size_t len = pull(&attester, 100);
    memcpy(earlier, wire, len);
    EXPECT_OK(push(&verifier, len, 100));
    EXPECT_EQ(ATTEST_ACCEPTED, outcome_of(&verifier, &e));
    attest_cache_clear(&cache);
    v = credential_verifier(2);
    first_trip(&v, 100);
    EXPECT(pull(&verifier, 100) > 0);
    memcpy(wire, earlier, len);
    EXPECT_OK(push(&verifier, len, 100));
    expect_refused(ATTEST_REFUSED, ERR_AUTH, "attest: not the secret of the credential");
}

TEST(an_answer_that_never_comes)
{
    setup_chip();
    struct attest_cfg v = credential_verifier(1);
    first_trip(&v, 100);
    EXPECT(pull(&verifier, 100) > 0);
    attest_tick(&verifier, (instant){t0.us + 60 * US_PER_S});
    expect_refused(ATTEST_BROKEN, ERR_TIMEOUT, "attest: the credential was not opened in time");
    first_trip(&v, 100);
    attest_fin(&verifier);
    expect_refused(ATTEST_BROKEN, ERR_CLOSED, "attest: the credential was not opened");
}

TEST(sides_that_know_of_no_credentials)
{
    struct attest_event e;
    setup_chip();
    /* A verifier that makes none is shown no certificate. */
    judge.judge.challenge = NULL;
    struct attest_cfg v = credential_verifier(1);
    first_trip(&v, 100);
    EXPECT_EQ(ATTEST_ACCEPTED, outcome_of(&attester, &e));
    EXPECT_EQ(ATTEST_ACCEPTED, outcome_of(&verifier, &e));
    EXPECT(!e.result->has_hardware_id);
    /* An attester that has none is judged by what it shows. */
    judge.judge.challenge = fake_challenge;
    chip.machine.identity.evidence_ek = SPAN_EMPTY;
    v = credential_verifier(2);
    first_trip(&v, 100);
    EXPECT_EQ(ATTEST_ACCEPTED, outcome_of(&attester, &e));
    EXPECT_EQ(ATTEST_ACCEPTED, outcome_of(&verifier, &e));
    EXPECT_EQ(0, judge.challenges);
    attest_done(&verifier);
    attest_done(&attester);
}

TEST(second_messages_that_are_none)
{
    static const struct {
        const char *hex; /* with the length in front */
        bool is_for_verifier;
    } rows[] = {
        {"0100",                    true },
        {"020103",                  true },
        {"02010001",                true }, /* a secret of one byte */
        {"0301010a",                true }, /* a secret with "not opened" */
        {"020201",                  true },
        {"00",                      true },
        {"0101",                    false},
        {"070200010a00010b",        false},
        {"0701 0001 0a 0001",       false}, /* cut */
        {"0801 0001 0a 0001 0b 0c", false},
        {"da02",                    false}, /* longer than any */
        {"00",                      false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct attest *a = rows[i].is_for_verifier ? &verifier : &attester;
        struct attest_event e;
        setup_chip();
        test_note("row %zu", i);
        struct attest_cfg v = credential_verifier(1);
        first_trip(&v, 100);
        EXPECT(pull(&verifier, 100) > 0);
        struct span in = test_hex(rows[i].hex);
        enum err err = attest_recv(a, t0, &in);
        if (i == 8) {
            EXPECT_OK(err); /* more may come */
            EXPECT_EQ(ATTEST_PENDING, outcome_of(a, &e));
            continue;
        }
        EXPECT(err == ERR_MALFORMED || err == ERR_LIMIT);
        EXPECT_EQ(ATTEST_BROKEN, outcome_of(a, &e));
    }
    attest_done(&verifier);
    attest_done(&attester);
}

TEST(one_credential_and_no_more)
{
    struct secret32 secret;
    struct attest_event e;
    struct span in;
    static uint8_t sent[512];
    setup_chip();
    struct attest_cfg v = credential_verifier(1);
    first_trip(&v, 100);
    size_t len = pull(&verifier, 100);
    memcpy(sent, wire, len);
    in = span_of(sent, len);
    EXPECT_OK(attest_recv(&attester, t0, &in));
    in = span_of(sent, len);
    EXPECT_ERR(ERR_MALFORMED, attest_recv(&attester, t0, &in));
    EXPECT_EQ(ATTEST_BROKEN, outcome_of(&attester, &e));
    EXPECT(!attest_is_opening(&attester, &in));
    attest_open(&attester, t0, OK, &secret); /* its TPM was slower: nothing comes of it */
    EXPECT_EQ(0, pull(&attester, 100));
    attest_done(&verifier);
    attest_done(&attester);
}

TEST_MAIN
