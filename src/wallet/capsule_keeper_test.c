/* A server's shelf of sealed vaults: who brings and gets what, and who does not. */
#include "wallet/capsule_keeper.h"

#include "base/test.h"
#include "wallet/capsule_made_test.h"
#include "webauthn/software_passkey_test.h"

#include <stdlib.h>
#include <string.h>

enum { PLACES = 4, DAY_S = 24 * 3600 };

/* A shelf in memory, and everything that is too large for a stack. */
static struct {
    struct capsule_shelf shelf;
    struct hash32 locators[PLACES];
    uint8_t records[PLACES][KEEPER_RECORD_LEN_MAX];
    size_t lens[PLACES];
    enum err trouble;
    struct capsule_keeper keeper;
    struct rng_seeded rng;
    uint64_t now_s;
    uint8_t capsule[CAPSULE_LEN];
    uint8_t kept[CAPSULE_LEN];
    struct buf message;
    struct made made;
    struct software_passkey passkey;
    struct service_kept answer;
} t;

static const struct span id_of_passkey = SPAN_INIT("\x01\x02\x03\x04");
static const struct span handle = SPAN_INIT("user handle of 16");

static int place_of(const struct hash32 *locator)
{
    for (int i = 0; i < PLACES; i++) {
        if (t.lens[i] > 0 && memcmp(&t.locators[i], locator, sizeof *locator) == 0) {
            return i;
        }
    }
    return -1;
}

static enum err
shelf_load(struct capsule_shelf *self, const struct hash32 *locator, struct buf *ret)
{
    int i = place_of(locator);
    (void)self;
    TRY(t.trouble);
    return i < 0 ? ERR_NOT_FOUND : buf_append(ret, span_of(t.records[i], t.lens[i]));
}

static enum err
shelf_put(struct capsule_shelf *self, const struct hash32 *locator, struct span record)
{
    int i = place_of(locator);
    (void)self;
    TRY(t.trouble);
    for (int k = 0; i < 0 && k < PLACES; k++) {
        i = t.lens[k] == 0 ? k : i;
    }
    if (!EXPECT(i >= 0)) {
        return ERR_IO;
    }
    t.locators[i] = *locator;
    t.lens[i] = span_copy(MSPAN_OF(t.records[i]), record);
    return OK;
}

static enum err shelf_remove(struct capsule_shelf *self, const struct hash32 *locator)
{
    int i = place_of(locator);
    (void)self;
    if (i >= 0) {
        t.lens[i] = 0;
    }
    return OK;
}

static enum err
shelf_next(struct capsule_shelf *self, const struct hash32 *after, struct hash32 *ret)
{
    int best = -1;
    (void)self;
    TRY(t.trouble);
    for (int i = 0; i < PLACES; i++) {
        bool is_behind = t.lens[i] > 0 && memcmp(&t.locators[i], after, sizeof *after) > 0;
        if (is_behind &&
            (best < 0 || memcmp(&t.locators[i], &t.locators[best], sizeof *after) < 0)) {
            best = i;
        }
    }
    if (best < 0) {
        return ERR_NOT_FOUND;
    }
    *ret = t.locators[best];
    return OK;
}

static uint64_t unix_s(void *user)
{
    (void)user;
    return t.now_s;
}

static void begin(uint32_t copies_max)
{
    memset(&t, 0, sizeof t);
    rng_seeded_init(&t.rng, test_seed());
    t.now_s = 1800000000;
    t.passkey = software_passkey_make(5);
    t.shelf = (struct capsule_shelf){
        .load = shelf_load, .put = shelf_put, .remove = shelf_remove, .next = shelf_next};
    const struct capsule_keeper_cfg cfg = {.budget = test_budget(),
                                           .rng = &t.rng.rng,
                                           .shelf = &t.shelf,
                                           .copies_max = copies_max,
                                           .unix_s = unix_s};
    EXPECT_OK(capsule_keeper_init(&t.keeper, &cfg));
    buf_init(&t.message, test_budget(), COPY_PUT_LEN_MAX);
}

static void end(void)
{
    capsule_keeper_done(&t.keeper);
    buf_done(&t.message);
}

static void make_capsule(uint8_t vault, uint64_t generation)
{
    capsule_made(MSPAN_OF(t.capsule), (struct capsule_making){.vault = vault,
                                                              .generation = generation,
                                                              .credential_id = id_of_passkey});
}

struct who {
    const char *peer;
    const char *group;
    uint64_t at_s;
};

static enum service_code ask(enum service_type type, struct who who, struct span request)
{
    const struct service_keep_asker asker = {.id = span_str(who.peer ? who.peer : "peer"),
                                             .group = span_str(who.group ? who.group : "")};
    instant now = instant_add((instant){1}, who.at_s * US_PER_S);
    return t.keeper.port.ask(&t.keeper.port, &t.answer, type, &asker, request, now);
}

static enum service_code bring(struct who who, struct span user_handle)
{
    struct capsule_put p = {.key = t.passkey.key,
                            .credential_id = id_of_passkey,
                            .origin = software_rp.origin,
                            .capsule = SPAN_OF(t.capsule)};
    capsule_locator(&p.locator, user_handle);
    buf_clear(&t.message);
    EXPECT_OK(capsule_put_encode(&p, &t.message));
    return ask(SERVICE_CAPSULE_PUT, who, buf_span(&t.message));
}

/* How it is asked for; what is not set is right. */
struct asking {
    struct who who;
    const char *nonce_of; /* another peer's */
    const char *rp_id;
    struct span challenge;
    struct software_passkey *passkey;
    uint8_t flags;
    uint64_t late_s; /* that pass between nonce and question */
    bool is_alone;   /* the nonce stands without those of other servers */
    struct span user_handle;
};

static enum service_code get(struct asking a)
{
    uint8_t nonces[3 * COPY_NONCE_LEN] = {1, 2, 3};
    struct who first = a.who;
    struct hash32 challenge;
    first.peer = a.nonce_of ? a.nonce_of : first.peer;
    EXPECT_EQ(SERVICE_OK, ask(SERVICE_CAPSULE_NONCE, first, SPAN_EMPTY));
    EXPECT_EQ(COPY_NONCE_LEN, t.answer.body.n);
    (void)span_copy(mspan_of(nonces + COPY_NONCE_LEN, COPY_NONCE_LEN), t.answer.body);
    struct capsule_get g = {.nonces = a.is_alone ? span_of(nonces + COPY_NONCE_LEN, COPY_NONCE_LEN)
                                                 : SPAN_OF(nonces)};
    capsule_copy_challenge(&challenge, g.nonces);
    struct making how = making_get();
    how.flags = a.flags ? a.flags : how.flags;
    how.rp_id = a.rp_id;
    how.challenge = a.challenge.n > 0 ? a.challenge : SPAN_OF(challenge.bytes);
    software_passkey_use(&t.made, a.passkey ? a.passkey : &t.passkey, how);
    g.response = t.made.assertion;
    capsule_locator(&g.locator, a.user_handle.n > 0 ? a.user_handle : handle);
    buf_clear(&t.message);
    EXPECT_OK(capsule_get_encode(&g, &t.message));
    t.now_s += a.late_s;
    return ask(SERVICE_CAPSULE_GET, a.who, buf_span(&t.message));
}

TEST(a_passkey_brings_its_vault_back)
{
    begin(PLACES);
    make_capsule(1, 7);
    EXPECT_EQ(SERVICE_OK, bring((struct who){.peer = "the old machine"}, handle));
    EXPECT_SPAN(test_hex("000000006bc07900"), t.answer.body); /* 90 days from 1,800,000,000 */
    (void)span_copy(MSPAN_OF(t.kept), SPAN_OF(t.capsule));
    EXPECT_EQ(SERVICE_OK, get((struct asking){.who = {.peer = "the new machine"}}));
    EXPECT_SPAN(SPAN_OF(t.kept), t.answer.body);
    EXPECT_EQ(SERVICE_OK, get((struct asking){.is_alone = true, .late_s = KEEPER_NONCE_S}));
    end();
}

TEST(nobody_else_gets_it)
{
    struct software_passkey other = software_passkey_make(6);
    const struct {
        const char *name;
        struct asking how;
        enum service_code want;
    } cases[] = {
        {"another passkey",         {.passkey = &other},                  SERVICE_DENIED   },
        {"no user verification",    {.flags = AUTH_DATA_UP},              SERVICE_DENIED   },
        {"another RP ID",           {.rp_id = "wallet.example"},          SERVICE_DENIED   },
        {"another challenge",
         {.challenge = SPAN_LIT("thirty-two bytes of another one.")},
         SERVICE_DENIED                                                                    },
        {"a nonce of another peer", {.nonce_of = "somebody"},             SERVICE_DENIED   },
        {"an old nonce",            {.late_s = 2 * KEEPER_NONCE_S},       SERVICE_DENIED   },
        {"another user handle",     {.user_handle = SPAN_LIT("another")}, SERVICE_NOT_FOUND},
    };
    begin(PLACES);
    make_capsule(1, 7);
    EXPECT_EQ(SERVICE_OK, bring((struct who){0}, handle));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct asking how = cases[i].how;
        test_note("%s", cases[i].name);
        how.who.at_s = i * KEEPER_BACK_S;
        EXPECT_EQ(cases[i].want, get(how));
        EXPECT_EQ(0, t.answer.body.n);
    }
    end();
}

TEST(only_the_same_vault_takes_its_place)
{
    struct software_passkey other = software_passkey_make(6);
    struct software_passkey own;
    begin(PLACES);
    own = t.passkey;
    make_capsule(1, 7);
    EXPECT_EQ(SERVICE_OK, bring((struct who){0}, handle));
    make_capsule(1, 8);
    EXPECT_EQ(SERVICE_OK, bring((struct who){0}, handle));
    EXPECT_EQ(SERVICE_OK, bring((struct who){0}, handle)); /* the same again */
    (void)span_copy(MSPAN_OF(t.kept), SPAN_OF(t.capsule));
    make_capsule(1, 7);
    EXPECT_EQ(SERVICE_DENIED, bring((struct who){0}, handle)); /* an older one */
    capsule_made(MSPAN_OF(t.capsule), (struct capsule_making){.vault = 1,
                                                              .generation = 8,
                                                              .credential_id = id_of_passkey,
                                                              .content = SPAN_LIT("other")});
    EXPECT_EQ(SERVICE_DENIED, bring((struct who){0}, handle)); /* another of the same age */
    make_capsule(2, 9);
    EXPECT_EQ(SERVICE_DENIED, bring((struct who){0}, handle)); /* another vault */
    make_capsule(1, 9);
    t.passkey = other;
    EXPECT_EQ(SERVICE_DENIED, bring((struct who){0}, handle)); /* with another passkey */
    t.passkey = own;
    EXPECT_EQ(SERVICE_OK, get((struct asking){.is_alone = true}));
    EXPECT_SPAN(SPAN_OF(t.kept), t.answer.body);
    EXPECT_EQ(1, t.keeper.copies);
    end();
}

TEST(what_nobody_brings_again_is_gone_after_ninety_days)
{
    begin(1);
    make_capsule(1, 7);
    EXPECT_EQ(SERVICE_OK, bring((struct who){0}, handle));
    t.now_s += 80 * DAY_S;
    EXPECT_EQ(SERVICE_OK, bring((struct who){0}, handle));
    t.now_s += 89 * DAY_S;
    EXPECT_EQ(SERVICE_OK, get((struct asking){.is_alone = true}));
    EXPECT_EQ(SERVICE_BUSY, bring((struct who){0}, SPAN_LIT("another")));
    EXPECT_EQ(3600 * 1000, t.answer.retry_ms);
    t.now_s += 2 * DAY_S;
    EXPECT_EQ(SERVICE_NOT_FOUND, get((struct asking){.is_alone = true}));
    EXPECT_EQ(0, t.keeper.copies); /* and its place is free */
    EXPECT_EQ(SERVICE_OK, bring((struct who){0}, SPAN_LIT("another")));
    end();
}

TEST(what_stands_there_outlives_the_process)
{
    begin(2);
    make_capsule(1, 7);
    EXPECT_EQ(SERVICE_OK, bring((struct who){0}, handle));
    EXPECT_EQ(SERVICE_OK, bring((struct who){0}, SPAN_LIT("another")));
    struct capsule_keeper_cfg cfg = t.keeper.cfg;
    int broken = 1 - place_of(&t.locators[0]);
    t.records[broken][0] = 9; /* of a later version, or spoilt */
    capsule_keeper_done(&t.keeper);
    EXPECT_OK(capsule_keeper_init(&t.keeper, &cfg));
    EXPECT_EQ(1, t.keeper.copies);
    EXPECT_EQ(SERVICE_OK, get((struct asking){.is_alone = true}));
    end();
}

TEST(quotas)
{
    begin(2);
    make_capsule(1, 7);
    for (int i = 0; i < KEEPER_PUTS_MAX; i++) {
        EXPECT_EQ(SERVICE_OK, bring((struct who){.peer = "one"}, handle));
    }
    EXPECT_EQ(SERVICE_QUOTA, bring((struct who){.peer = "one"}, handle));
    EXPECT(t.answer.retry_ms > 0 && t.answer.retry_ms <= KEEPER_BACK_S * 1000 + 1);
    EXPECT_EQ(SERVICE_OK, bring((struct who){.peer = "one", .at_s = KEEPER_BACK_S}, handle));
    for (int i = 0; i < KEEPER_GROUP_PUTS_MAX; i++) {
        char peer[2] = {(char)('a' + i), 0};
        EXPECT_EQ(SERVICE_OK, bring((struct who){.peer = peer, .group = "net"}, handle));
    }
    EXPECT_EQ(SERVICE_QUOTA, bring((struct who){.peer = "two", .group = "net"}, handle));
    for (int i = 0; i < KEEPER_GETS_MAX; i++) { /* whoever asks */
        char peer[2] = {(char)('a' + i), 0};
        EXPECT_EQ(SERVICE_DENIED,
                  get((struct asking){.who = {.peer = peer}, .flags = AUTH_DATA_UP}));
    }
    EXPECT_EQ(SERVICE_QUOTA, get((struct asking){.is_alone = true}));
    EXPECT_EQ(SERVICE_OK, get((struct asking){.is_alone = true, .who = {.at_s = KEEPER_BACK_S}}));
    end();
}

TEST(broken_messages_and_disks)
{
    begin(2);
    make_capsule(1, 7);
    EXPECT_EQ(SERVICE_OK, bring((struct who){0}, handle));
    struct span whole = buf_span(&t.message);
    for (size_t n = 0; n < whole.n; n += n < 200 ? 1 : 509) {
        EXPECT_EQ(SERVICE_BAD_REQUEST,
                  ask(SERVICE_CAPSULE_PUT, (struct who){0}, span_first(whole, n)));
        EXPECT_EQ(SERVICE_BAD_REQUEST,
                  ask(SERVICE_CAPSULE_GET, (struct who){0}, span_first(whole, n)));
    }
    t.capsule[300] ^= 1; /* its signature holds no more */
    EXPECT_EQ(SERVICE_BAD_REQUEST, bring((struct who){0}, handle));
    t.capsule[300] ^= 1;
    EXPECT_EQ(SERVICE_UNSUPPORTED, ask(SERVICE_STATUS, (struct who){0}, SPAN_EMPTY));
    t.trouble = ERR_IO;
    EXPECT_EQ(SERVICE_INTERNAL, bring((struct who){0}, SPAN_LIT("another")));
    EXPECT_EQ(SERVICE_INTERNAL, get((struct asking){.is_alone = true}));
    t.trouble = OK;
    EXPECT_EQ(SERVICE_OK, get((struct asking){.is_alone = true}));
    end();
}

/* The vectors of docs/vault.md "Copies with peers". */
TEST(vectors)
{
    struct hash32 h;
    uint8_t bytes[64];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)i;
    }
    capsule_locator(&h, span_of(bytes, 32));
    EXPECT_SPAN(test_hex("0eb9f4212b805d1b380be99cf3d7254c6edfd1ee17ec234de53359fe4701fb8b"),
                SPAN_OF(h.bytes));
    capsule_copy_challenge(&h, SPAN_OF(bytes));
    EXPECT_SPAN(test_hex("fa7d062f80a6721a4483d7a58787f0ee9d48668abd62e3a74207d190cb0718b6"),
                SPAN_OF(h.bytes));
}

TEST_MAIN
