/* Real and synthetic chains of the fixtures, each judged as its index says. */
#include "beacon/lc_store.h"

#include "base/rd.h"
#include "base/test.h"
#include "base/wr.h"
#include "beacon/maker_test.h"
#include "beacon/sample_test.h"
#include "codec/base16.h"
#include "evm/fixture_test.h"

#include <stdio.h>
#include <string.h>

static struct lc_store store;
static struct lc_update update;
static struct lc_bootstrap bootstrap;
static struct lc_checkpoint checkpoint;
static uint8_t committee_room[LC_COMMITTEE_LEN_MAX];
static uint8_t message_room[LC_UPDATE_LEN_MAX];

static bool open_json(struct json *ret, const char *folder, const char *file)
{
    char path[200];
    struct span text;
    (void)snprintf(path, sizeof path, "chain/%s/%s", folder, file);
    return test_fixture(path, &text) && EXPECT_OK(json_parse(ret, text, NULL));
}

static bool open_text(struct span *ret, const char *folder, const char *file)
{
    char path[300];
    (void)snprintf(path, sizeof path, "chain/%s/%s", folder, file);
    return test_fixture(path, ret);
}

static struct json data_of(struct json v)
{
    return fixture_member(v, "data");
}

/* through_ssz encodes what came as JSON and decodes it again, so that the decoder sees real messages. */
static void update_through_ssz(const struct chain_spec *c, enum maker_form form)
{
    enum beacon_fork fork;
    struct wr w = wr_init(MSPAN_OF(message_room));
    if (!EXPECT_OK(chain_fork_at(&fork, c, update.attested.beacon.slot))) {
        return;
    }
    maker_encode_update(&w, c, fork, &update, form);
    struct span in = span_of(message_room, w.n);
    switch (form) {
    case MAKER_UPDATE:   (void)EXPECT_OK(lc_update_decode(&update, c, fork, in)); break;
    case MAKER_FINALITY: (void)EXPECT_OK(lc_finality_update_decode(&update, c, fork, in)); break;
    case MAKER_OPTIMISTIC:
        (void)EXPECT_OK(lc_optimistic_update_decode(&update, c, fork, in));
        break;
    }
}

static enum err give_json(const struct chain_spec *c, struct json data, enum maker_form form)
{
    sample_update(&update, MSPAN_OF(committee_room), data);
    update_through_ssz(c, form);
    return lc_store_update(&store, maker_time(c, update.signature_slot), &update);
}

static bool
begin_json(const struct chain_spec *c, const char *folder, const char *file, struct span root)
{
    struct json v;
    if (!open_json(&v, folder, file)) {
        return false;
    }
    sample_bootstrap(&bootstrap, MSPAN_OF(committee_room), data_of(v));
    checkpoint = (struct lc_checkpoint){.root = sample_hash(root)};
    walltime now = maker_time(c, bootstrap.header.beacon.slot);
    return EXPECT_OK(lc_store_init(&store, c, &checkpoint, now, &bootstrap));
}

static void give_list(const struct chain_spec *c, const char *folder, const char *file)
{
    struct json list;
    struct json v;
    if (!open_json(&list, folder, file)) {
        return;
    }
    struct json_iter it = json_iterate(list);
    for (size_t i = 0; json_next(&it, NULL, &v); i++) {
        test_note("%s %zu", file, i);
        (void)EXPECT_OK(give_json(c, data_of(v), MAKER_UPDATE));
    }
}

static void
give_file(const struct chain_spec *c, const char *folder, const char *file, enum maker_form form)
{
    struct json v;
    if (open_json(&v, folder, file)) {
        test_note("%s", file);
        (void)EXPECT_OK(give_json(c, data_of(v), form));
    }
}

TEST(mainnet_fulu)
{
    static const char folder[] = "lc-mainnet-fulu-nimbus";
    const struct chain_spec *c = &chain_mainnet;
    if (!begin_json(
            c, folder, "lc_bootstrap.json",
            SPAN_LIT("0x9bcb90ec3a294591b77dd2a58e973578715cdc0e6eeeb286bc06dd120057f18b"))) {
        return;
    }
    give_list(c, folder, "lc_updates.json");
    EXPECT_EQ(512, lc_update_signers(&update));
    give_file(c, folder, "lc_finality.json", MAKER_FINALITY);
    give_file(c, folder, "lc_optimistic.json", MAKER_OPTIMISTIC);
    EXPECT_EQ(14017952, lc_store_finalized(&store)->beacon.slot);
    EXPECT_EQ(14018019, store.optimistic.beacon.slot);
    EXPECT(lc_store_knows_next(&store));
    struct lc_head head;
    EXPECT_OK(lc_store_head(&store, maker_time(c, 14018020), &head));
    EXPECT_EQ(14018019, head.header->beacon.slot);
    /* A single bit of the head changed. */
    update.attested.execution.state_root.bytes[7] ^= 1;
    EXPECT_ERR(ERR_AUTH, lc_store_update(&store, maker_time(c, update.signature_slot), &update));
}

TEST(mainnet_capella)
{
    static const char folder[] = "lc-mainnet-capella-helios";
    const struct chain_spec *c = &chain_mainnet;
    if (!begin_json(
            c, folder, "bootstrap.json",
            SPAN_LIT("0x5afc212a7924789b2bc86acad3ab3a6ffb1f6e97253ea50bee7f4f51422c9275"))) {
        return;
    }
    give_list(c, folder, "updates.json");
    give_file(c, folder, "finality.json", MAKER_FINALITY);
    give_file(c, folder, "optimistic.json", MAKER_OPTIMISTIC);
    EXPECT_EQ(7109344, lc_store_finalized(&store)->beacon.slot);
}

/* The hexadecimal content of the Portal network: a fork digest and the message. */
static struct span portal_message(enum beacon_fork *ret_fork, const char *file)
{
    struct span text;
    struct wr w = wr_init(MSPAN_OF(message_room));
    if (!open_text(&text, "lc-mainnet-capella-portal", file) ||
        !EXPECT_OK(base16_decode_0x(&w, sample_value(text, "content_value"))) ||
        !EXPECT_OK(chain_fork_of_digest(ret_fork, &chain_mainnet, message_room))) {
        return SPAN_EMPTY;
    }
    EXPECT_EQ(FORK_CAPELLA, *ret_fork);
    return span_of(message_room + 4, w.n - 4);
}

TEST(mainnet_portal)
{
    const struct chain_spec *c = &chain_mainnet;
    enum beacon_fork fork = FORK_ALTAIR;
    struct span message = portal_message(&fork, "bootstrap.yaml");
    if (message.n == 0 || !EXPECT_OK(lc_bootstrap_decode(&bootstrap, c, fork, message))) {
        return;
    }
    checkpoint = (struct lc_checkpoint){
        .root = sample_hash(
            SPAN_LIT("0xbd9f42d9a42d972bdaf4dee84e5b419dd432b52867258acb7bcc7f567b6e3af1"))};
    walltime now = maker_time(c, bootstrap.header.beacon.slot);
    TEST_REQUIRE(EXPECT_OK(lc_store_init(&store, c, &checkpoint, now, &bootstrap)));
    message = portal_message(&fork, "finality_update.yaml");
    TEST_REQUIRE(EXPECT_OK(lc_finality_update_decode(&update, c, fork, message)));
    EXPECT_OK(lc_store_update(&store, maker_time(c, update.signature_slot), &update));
    EXPECT_EQ(6718368, lc_store_finalized(&store)->beacon.slot);
    message = portal_message(&fork, "optimistic_update.yaml");
    TEST_REQUIRE(EXPECT_OK(lc_optimistic_update_decode(&update, c, fork, message)));
    EXPECT_EQ(6718464, update.signature_slot);
    EXPECT_EQ(6718463, store.head.beacon.slot);
}

/* local_chain reads the preset and the forks of a local network from what its node said of itself. */
static bool local_chain(struct chain_spec *c, const char *folder)
{
    static const char *const names[FORK_COUNT] = {"ALTAIR", "BELLATRIX", "CAPELLA",
                                                  "DENEB",  "ELECTRA",   "FULU"};
    struct json genesis;
    struct json config;
    if (!open_json(&genesis, folder, "genesis.json") ||
        !open_json(&config, folder, "config_spec.json")) {
        return false;
    }
    *c = maker_chain(FORK_ALTAIR);
    c->genesis_time = sample_number(fixture_text(fixture_member(data_of(genesis), "genesis_time")));
    c->genesis_validators_root = fixture_hash(data_of(genesis), "genesis_validators_root");
    c->seconds_per_slot =
        sample_number(fixture_text(fixture_member(data_of(config), "SECONDS_PER_SLOT")));
    for (enum beacon_fork f = FORK_ALTAIR; f < FORK_COUNT; f++) {
        char key[40];
        struct json v;
        c->forks[f].epoch = CHAIN_EPOCH_NEVER;
        (void)snprintf(key, sizeof key, "%s_FORK_EPOCH", names[f]);
        if (json_find(&v, data_of(config), key)) {
            c->forks[f].epoch = sample_number(fixture_text(v));
            (void)snprintf(key, sizeof key, "%s_FORK_VERSION", names[f]);
            fixture_fill(MSPAN_OF(c->forks[f].version), data_of(config), key);
        }
    }
    return true;
}

static void follow_local(const char *folder, const char *second)
{
    static struct chain_spec c;
    struct span root;
    if (!local_chain(&c, folder) || !open_text(&root, folder, "trusted_block_root.txt") ||
        !begin_json(&c, folder, "bootstrap.json", span_first(root, 66))) {
        return;
    }
    uint64_t start = lc_store_finalized(&store)->beacon.slot;
    give_list(&c, folder, "updates_0.json");
    if (second) {
        give_list(&c, folder, second);
    }
    give_file(&c, folder, "finality_update.json", MAKER_FINALITY);
    EXPECT(lc_store_finalized(&store)->beacon.slot > start);
}

/* 8 or 16 validators for 32 places: most keys stand in the committee several times. */
TEST(local_network_altair)
{
    follow_local("lc-local-minimal-altair", NULL);
}

TEST(local_network_capella)
{
    follow_local("lc-local-minimal-capella", "updates_1.json");
}

/* chain/lc-attacks-synthetic: the preset and forks of its chain.json. */
static bool attack_chain(struct chain_spec *c)
{
    struct json v;
    if (!open_json(&v, "lc-attacks-synthetic", "chain.json")) {
        return false;
    }
    *c = maker_chain(FORK_ELECTRA);
    c->genesis_validators_root = fixture_hash(v, "genesis_validators_root");
    c->forks[FORK_ELECTRA].epoch = 2;
    return true;
}

static void judge_attack(const char *name)
{
    static struct chain_spec c;
    static struct lc_store before;
    char folder[100];
    struct json kase;
    struct span bytes;
    (void)snprintf(folder, sizeof folder, "lc-attacks-synthetic/%s", name);
    if (!attack_chain(&c) || !open_json(&kase, folder, "case.json") ||
        !open_text(&bytes, folder, "bootstrap.ssz")) {
        return;
    }
    test_note("%s", name);
    struct json expect = fixture_member(kase, "expect");
    uint64_t slot;
    TEST_REQUIRE(EXPECT_OK(json_find_u64(&slot, kase, "current_slot")));
    TEST_REQUIRE(EXPECT_OK(lc_bootstrap_decode(&bootstrap, &c, FORK_ELECTRA, bytes)));
    checkpoint = (struct lc_checkpoint){.root = fixture_hash(kase, "trusted_block_root")};
    enum err e = lc_store_init(&store, &c, &checkpoint, maker_time(&c, slot), &bootstrap);
    if (json_string_equal(expect, SPAN_LIT("reject_bootstrap"))) {
        EXPECT_ERR(ERR_AUTH, e);
        return;
    }
    TEST_REQUIRE(EXPECT_OK(e) && open_text(&bytes, folder, "update_0.ssz"));
    before = store;
    TEST_REQUIRE(EXPECT_OK(lc_update_decode(&update, &c, FORK_ELECTRA, bytes)));
    e = lc_store_update(&store, maker_time(&c, slot), &update);
    if (json_string_equal(expect, SPAN_LIT("reject"))) {
        EXPECT_ERR(ERR_AUTH, e);
        EXPECT(memcmp(&before, &store, sizeof store) == 0);
    } else if (json_string_equal(expect, SPAN_LIT("not_finalized"))) {
        EXPECT_EQ(16, store.finalized.beacon.slot);
        EXPECT(!lc_store_knows_next(&store));
        EXPECT_EQ(0, store.head_signers);
    } else {
        EXPECT(json_string_equal(expect, SPAN_LIT("finalize")));
        EXPECT_OK(e);
        EXPECT_EQ(24, lc_store_finalized(&store)->beacon.slot);
    }
}

TEST(attacks)
{
    static const char *const names[] = {
        "valid_full_participation",     "participation_1_of_32",   "bootstrap_wrong_root",
        "execution_state_root_changed", "domain_of_previous_fork", "finality_branch_tampered",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        judge_attack(names[i]);
    }
}

/* chain/spec-lc: the specification's own sync tests. */
static void expect_header(const struct chain_spec *c,
                          const struct lc_header *h,
                          struct span step,
                          const char *name)
{
    enum beacon_fork fork;
    struct hash32 root;
    struct span at = step;
    while (at.n > 0 && !span_starts_with(at, span_str(name))) {
        at = span_from(at, 1);
    }
    EXPECT_EQ(sample_number(sample_value(at, "slot")), h->beacon.slot);
    lc_beacon_root(&root, &h->beacon);
    struct hash32 want = sample_hash(sample_value(at, "beacon_root"));
    EXPECT_SPAN(SPAN_OF(want.bytes), SPAN_OF(root.bytes));
    if (EXPECT_OK(chain_fork_at(&fork, c, h->beacon.slot)) && fork_shape_of(fork)->has_execution) {
        lc_execution_root(&root, &h->execution, fork);
        want = sample_hash(sample_value(at, "execution_root"));
        EXPECT_SPAN(SPAN_OF(want.bytes), SPAN_OF(root.bytes));
    }
}

static enum beacon_fork fork_named(const struct chain_spec *c, struct span digest_hex)
{
    enum beacon_fork fork = FORK_ALTAIR;
    uint8_t digest[4] = {0};
    struct wr w = wr_init(MSPAN_OF(digest));
    (void)EXPECT_OK(base16_decode_0x(&w, digest_hex));
    (void)EXPECT_OK(chain_fork_of_digest(&fork, c, digest));
    return fork;
}

static void run_step(const struct chain_spec *c, const char *folder, struct span step)
{
    walltime now = maker_time(c, sample_number(sample_value(step, "current_slot")));
    struct span name = sample_value(step, "update");
    bool taken;
    test_note("%s, slot %.*s", folder, (int)sample_value(step, "current_slot").n,
              (const char *)sample_value(step, "current_slot").p);
    if (name.n == 0) {
        EXPECT_OK(lc_store_force(&store, now, &taken));
    } else {
        char file[120];
        struct span packed;
        (void)snprintf(file, sizeof file, "%.*s.ssz_snappy", (int)name.n, (const char *)name.p);
        if (!open_text(&packed, folder, file)) {
            return;
        }
        enum beacon_fork fork = fork_named(c, sample_value(step, "update_fork_digest"));
        EXPECT_OK(lc_update_decode(&update, c, fork, sample_unsnap(packed)));
        EXPECT_OK(lc_store_update(&store, now, &update));
    }
    expect_header(c, &store.finalized, step, "finalized_header");
    expect_header(c, &store.optimistic, step, "optimistic_header");
}

static void run_spec(const char *folder, enum beacon_fork last)
{
    static struct chain_spec c;
    struct span meta;
    struct span steps;
    struct span packed;
    if (!open_text(&meta, folder, "meta.yaml") || !open_text(&steps, folder, "steps.yaml") ||
        !open_text(&packed, folder, "bootstrap.ssz_snappy")) {
        return;
    }
    c = maker_chain(last);
    c.genesis_validators_root = sample_hash(sample_value(meta, "genesis_validators_root"));
    for (enum beacon_fork f = FORK_ALTAIR; f < FORK_COUNT; f++) {
        c.forks[f].version[3] = 1; /* of the minimal preset */
    }
    enum beacon_fork fork = fork_named(&c, sample_value(meta, "bootstrap_fork_digest"));
    TEST_REQUIRE(EXPECT_OK(lc_bootstrap_decode(&bootstrap, &c, fork, sample_unsnap(packed))));
    checkpoint =
        (struct lc_checkpoint){.root = sample_hash(sample_value(meta, "trusted_block_root"))};
    walltime now = maker_time(&c, bootstrap.header.beacon.slot);
    TEST_REQUIRE(EXPECT_OK(lc_store_init(&store, &c, &checkpoint, now, &bootstrap)));
    size_t count = 0;
    while (steps.n > 0) {
        size_t n = 2;
        while (n < steps.n && !(steps.p[n] == '-' && steps.p[n - 1] == '\n')) {
            n++;
        }
        run_step(&c, folder, span_take(&steps, n));
        count++;
    }
    EXPECT(count > 0);
}

TEST(specification_deneb)
{
    run_spec("spec-lc/deneb/light_client_sync", FORK_DENEB);
}

TEST(specification_electra)
{
    run_spec("spec-lc/electra/light_client_sync", FORK_ELECTRA);
    run_spec("spec-lc/electra/supply_sync_committee_from_past_update", FORK_ELECTRA);
}

TEST(recorded_bootstrap_of_mainnet)
{
    static const char folder[] = "e2e-mainnet-electra-colibri/eth_call_electra";
    const struct chain_spec *c = &chain_mainnet;
    struct span bytes;
    if (!open_text(&bytes, folder,
                   "eth_v1_beacon_light_client_bootstrap_"
                   "0xd9717ecc253684291f828688f311ba74d05af74c31654f6e14077669fca62.ssz")) {
        return;
    }
    TEST_REQUIRE(EXPECT_OK(lc_bootstrap_decode(&bootstrap, c, FORK_DENEB, bytes)));
    lc_beacon_root(&checkpoint.root, &bootstrap.header.beacon);
    EXPECT_SPAN(test_hex("d9717ecc253684291f828688f311ba74"), span_of(checkpoint.root.bytes, 16));
    walltime now = maker_time(c, bootstrap.header.beacon.slot);
    TEST_REQUIRE(EXPECT_OK(lc_store_init(&store, c, &checkpoint, now, &bootstrap)));
    static const char *const files[] = {
        "eth_v1_beacon_light_client_updates_start_period_1401_count_1.ssz",
        "eth_v1_beacon_light_client_updates_start_period_1421_count_1.ssz"};
    for (size_t i = 0; i < 2; i++) { /* length, fork digest, update */
        enum beacon_fork fork;
        if (!open_text(&bytes, folder, files[i])) {
            return;
        }
        test_note("%s", files[i]);
        struct rd r = rd_init(bytes);
        uint64_t len = rd_le64(&r);
        EXPECT_EQ(len, r.rest.n);
        struct span digest = rd_bytes(&r, 4);
        TEST_REQUIRE(EXPECT_OK(chain_fork_of_digest(&fork, c, digest.p)));
        TEST_REQUIRE(EXPECT_OK(lc_update_decode(&update, c, fork, rd_rest(&r))));
        enum err e = lc_store_update(&store, maker_time(c, update.signature_slot), &update);
        EXPECT_ERR(chain_period_of(c, update.signature_slot) ==
                           chain_period_of(c, bootstrap.header.beacon.slot)
                       ? OK
                       : ERR_STATE,
                   e);
    }
}

TEST_MAIN
