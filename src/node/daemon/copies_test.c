/* Copies of the sealed vault with servers: who is asked to keep them, and what a search believes. */
#include "node/daemon/copies.h"

#include "base/check.h"
#include "base/test.h"
#include "base/wr.h"
#include "wallet/capsule_made_test.h"

#include <string.h>

enum { SERVERS = 6, ASKS_MAX = 32, DAY_S = 24 * 3600, NOBODY = 99 };

static struct {
    struct store store;
    bool has_record;
    uint8_t key[32];
    uint8_t value[1024];
    size_t value_len;
    bool is_full;
    struct copies c;
    unsigned reachable; /* servers, as bits */
    unsigned deaf;      /* of them, those to which nothing can be sent */
    struct {
        uint64_t tag;
        int server;
        enum service_type type;
        uint8_t body[COPY_PUT_LEN_MAX];
        size_t body_len;
    } asks[ASKS_MAX];
    size_t asks_count;
    struct copies_found begun;
    struct copies_found done;
    size_t begun_count;
    size_t done_count;
    size_t taken_count;
    uint8_t given[CAPSULE_LEN];
    uint8_t capsule[CAPSULE_LEN];
    struct wallet_time t;
} x;

static struct peer_id peer_of(int number)
{
    uint8_t bytes[34] = {0x12, 0x20, (uint8_t)number};
    struct peer_id peer;
    EXPECT_OK(peer_id_decode(&peer, SPAN_OF(bytes)));
    return peer;
}

static int number_of(const struct peer_id *peer)
{
    for (int i = 0; i < SERVERS; i++) {
        struct peer_id one = peer_of(i);
        if (peer_id_equal(&one, peer)) {
            return i;
        }
    }
    return NOBODY;
}

/* ---- a store of one record ---- */

static enum err
store_put(struct store *self, enum store_table table, struct span key, struct span value)
{
    (void)self;
    EXPECT_EQ(STORE_COPY, table);
    if (x.is_full) {
        return ERR_LIMIT;
    }
    x.has_record = true;
    (void)span_copy(MSPAN_OF(x.key), key);
    x.value_len = span_copy(MSPAN_OF(x.value), value);
    return OK;
}

static enum err
store_get(struct store *self, enum store_table table, struct span key, struct buf *ret)
{
    (void)self;
    EXPECT_EQ(STORE_COPY, table);
    bool is_it = x.has_record && span_equal(key, SPAN_OF(x.key));
    return is_it ? buf_append(ret, span_of(x.value, x.value_len)) : ERR_NOT_FOUND;
}

static enum err store_next(struct store *self,
                           enum store_table table,
                           struct span after,
                           struct buf *ret_key,
                           struct buf *ret_value)
{
    (void)self;
    EXPECT_EQ(STORE_COPY, table);
    if (!x.has_record || after.n > 0) {
        return ERR_NOT_FOUND;
    }
    TRY(buf_append(ret_key, SPAN_OF(x.key)));
    return buf_append(ret_value, span_of(x.value, x.value_len));
}

/* ---- servers ---- */

static bool find(void *user,
                 struct wallet_time t,
                 struct peer_id *ret,
                 const struct peer_id *tried,
                 size_t tried_count)
{
    (void)user;
    (void)t;
    unsigned left = x.reachable;
    for (size_t i = 0; i < tried_count; i++) {
        left &= ~(1U << number_of(&tried[i]));
    }
    for (int i = 0; i < SERVERS; i++) {
        if (left >> i & 1) {
            *ret = peer_of(i);
            return true;
        }
    }
    return false;
}

static enum err ask(void *user, struct wallet_time t, const struct copies_ask *a)
{
    (void)user;
    (void)t;
    int server = number_of(a->peer);
    check(x.asks_count < ASKS_MAX);
    if (x.deaf >> server & 1) {
        return ERR_CLOSED;
    }
    x.asks[x.asks_count].tag = a->tag;
    x.asks[x.asks_count].server = server;
    x.asks[x.asks_count].type = a->type;
    x.asks[x.asks_count].body_len = span_copy(MSPAN_OF(x.asks[x.asks_count].body), a->body);
    x.asks_count++;
    return OK;
}

static void on_begun(void *user, struct wallet_time t, const struct copies_found *f)
{
    (void)user;
    (void)t;
    x.begun = *f;
    x.begun_count++;
}

static void on_done(void *user, struct wallet_time t, const struct copies_found *f)
{
    (void)user;
    (void)t;
    x.done = *f;
    x.done.capsule = span_of(x.given, span_copy(MSPAN_OF(x.given), f->capsule));
    x.done_count++;
}

static void on_taken(void *user)
{
    (void)user;
    x.taken_count++;
}

static void begin(unsigned reachable)
{
    memset(&x, 0, sizeof x);
    x.reachable = reachable;
    x.t = (struct wallet_time){.mono = {1}, .unix_ms = UINT64_C(1800000000000)};
    x.store = (struct store){.put = store_put, .get = store_get, .next = store_next};
    const struct copies_cfg cfg = {.budget = test_budget(),
                                   .store = &x.store,
                                   .find = find,
                                   .ask = ask,
                                   .begun = on_begun,
                                   .done = on_done,
                                   .taken = on_taken};
    copies_init(&x.c, &cfg);
}

/* What is written on the disk stays. */
static void restart(void)
{
    struct copies_cfg cfg = x.c.cfg;
    copies_done(&x.c);
    copies_init(&x.c, &cfg);
    x.asks_count = 0;
}

static void pass_s(uint64_t seconds)
{
    x.t.mono = instant_add(x.t.mono, seconds * US_PER_S);
    x.t.unix_ms += seconds * 1000;
    copies_tick(&x.c, x.t);
}

static uint64_t until_s(uint64_t days)
{
    return x.t.unix_ms / 1000 + days * DAY_S;
}

/* The last one asked answers a put. */
static void keeps(enum err err, uint64_t days)
{
    uint8_t body[8];
    struct wr w = wr_init(MSPAN_OF(body));
    wr_be64(&w, until_s(days));
    const struct copies_answer a = {.tag = x.asks[x.asks_count - 1].tag,
                                    .err = err,
                                    .body = err == OK ? SPAN_OF(body) : SPAN_EMPTY};
    copies_answered(&x.c, x.t, &a);
}

/* ---- capsules ---- */

static const struct span id_of_passkey = SPAN_INIT("\x01\x02\x03\x04");
static const struct span handle = SPAN_INIT("user handle of 16");

static void make_capsule(uint8_t vault, uint64_t generation, struct span credential_id)
{
    capsule_made(MSPAN_OF(x.capsule), (struct capsule_making){.vault = vault,
                                                              .generation = generation,
                                                              .credential_id = credential_id});
}

static enum err keep(uint64_t generation)
{
    AUTO(buf_done) struct buf message;
    struct capsule_put p = {.credential_id = id_of_passkey,
                            .origin = SPAN_LIT("http://passmesh.localhost:7878"),
                            .capsule = SPAN_OF(x.capsule)};
    buf_init(&message, test_budget(), COPY_PUT_LEN_MAX);
    make_capsule(1, generation, id_of_passkey);
    capsule_locator(&p.locator, handle);
    EXPECT_OK(capsule_put_encode(&p, &message));
    return copies_keep(&x.c, x.t, buf_span(&message));
}

static void expect_asked(const char *servers)
{
    char text[ASKS_MAX + 1] = "";
    for (size_t i = 0; i < x.asks_count; i++) {
        text[i] = (char)('0' + x.asks[i].server);
    }
    EXPECT_STR(servers, text);
}

TEST(three_servers_keep_it)
{
    struct hash32 locator;
    uint64_t until;
    begin(0x3f);
    x.deaf = 1 << 1;
    EXPECT_OK(keep(7));
    keeps(OK, 90);
    keeps(ERR_DENIED, 0); /* another has a place */
    keeps(OK, 80);
    EXPECT_EQ(2, copies_known(&x.c, x.t, 7, &until));
    EXPECT_EQ(2, x.taken_count);
    keeps(OK, 90);
    expect_asked("0234");
    EXPECT_EQ(SERVICE_CAPSULE_PUT, x.asks[3].type);
    EXPECT_EQ(3, copies_known(&x.c, x.t, 7, &until));
    EXPECT_EQ(until_s(80), until);
    const uint64_t last = until_s(90);
    EXPECT_EQ(0, copies_known(&x.c, x.t, 8, &until)); /* an older copy is none */
    EXPECT_EQ(0, until);
    capsule_locator(&locator, handle);
    EXPECT_SPAN(SPAN_OF(locator.bytes), SPAN_OF(x.key)); /* what the disk has it under */
    EXPECT_OK(keep(7));                                  /* as at each unlock */
    pass_s(3600);
    expect_asked("0234");
    restart();
    EXPECT_OK(keep(7));
    expect_asked("");
    EXPECT_EQ(3, x.taken_count);
    pass_s(UINT64_C(81) * DAY_S);
    EXPECT_EQ(2, copies_known(&x.c, x.t, 7, &until)); /* one has forgotten it by now */
    EXPECT_EQ(last, until);
    pass_s(UINT64_C(10) * DAY_S);
    EXPECT_EQ(0, copies_known(&x.c, x.t, 7, &until));
    EXPECT_EQ(0, until);
    copies_done(&x.c);
}

TEST(who_has_an_older_copy_is_asked_first)
{
    uint64_t until;
    begin(0x3f);
    EXPECT_OK(keep(7));
    for (int i = 0; i < 3; i++) {
        keeps(OK, 90);
    }
    x.reachable = 0x3e; /* one of them is gone, another has no room */
    x.deaf = 1;
    EXPECT_OK(keep(8));
    expect_asked("0121");
    keeps(OK, 90);
    keeps(ERR_LIMIT, 0);
    keeps(OK, 90);
    keeps(OK, 90);
    expect_asked("012"
                 "1234");
    EXPECT_EQ(3, copies_known(&x.c, x.t, 8, &until));
    copies_done(&x.c);
}

TEST(a_change_goes_to_all_of_them)
{
    uint64_t until;
    begin(0x07);
    make_capsule(1, 6, id_of_passkey);
    copies_refresh(&x.c, x.t, SPAN_OF(x.capsule)); /* nothing is kept yet */
    expect_asked("");
    EXPECT_OK(keep(7));
    keeps(OK, 90);
    make_capsule(1, 8, id_of_passkey);
    copies_refresh(&x.c, x.t, SPAN_OF(x.capsule)); /* while the older one is on its way */
    expect_asked("010");
    EXPECT_SPAN(SPAN_OF(x.capsule), span_from(span_of(x.asks[2].body, x.asks[2].body_len),
                                              x.asks[2].body_len - CAPSULE_LEN));
    for (int i = 0; i < 3; i++) {
        keeps(OK, 90);
    }
    EXPECT_EQ(3, copies_known(&x.c, x.t, 8, &until));
    copies_done(&x.c);
}

TEST(what_runs_out_is_brought_again)
{
    uint64_t until;
    begin(0x07);
    EXPECT_OK(keep(7));
    for (int i = 0; i < 3; i++) {
        keeps(OK, 90);
    }
    x.t.unix_ms += UINT64_C(31) * DAY_S * 1000;
    restart();
    EXPECT_OK(keep(7));
    expect_asked("0");
    keeps(OK, 90);
    keeps(OK, 90);
    keeps(OK, 90);
    expect_asked("012");
    EXPECT_EQ(3, copies_known(&x.c, x.t, 7, &until));
    EXPECT_EQ(until_s(90), until);
    copies_done(&x.c);
}

TEST(too_few_servers_and_a_full_disk)
{
    uint64_t until;
    begin(0x01);
    x.is_full = true;
    EXPECT_OK(keep(7));
    keeps(OK, 90);
    expect_asked("0");
    EXPECT_EQ(0, copies_known(&x.c, x.t, 7,
                              &until)); /* it is not known, and asked again after a restart */
    x.is_full = false;
    x.reachable = 0x07;
    pass_s(COPIES_RETRY_MS / 1000 - 1);
    expect_asked("0");
    pass_s(1);
    expect_asked("01");
    const struct copies_answer late = {.tag = 1234, .err = OK};
    copies_answered(&x.c, x.t, &late);
    keeps(OK, 90);
    keeps(OK, 90);
    EXPECT_EQ(3, copies_known(&x.c, x.t, 7, &until));
    EXPECT_ERR(ERR_MALFORMED, copies_keep(&x.c, x.t, SPAN_LIT("no message")));
    copies_done(&x.c);
}

/* ---- searching ---- */

/* Each server that was asked for a nonce gives one; then the passkey is used, and the copies are asked for. */
static void search(unsigned silent)
{
    static const struct assertion_response response = {.signature = {0}};
    uint8_t nonces[COPY_NONCES_MAX * COPY_NONCE_LEN] = {0};
    struct hash32 want;
    size_t count = 0;
    EXPECT_OK(copies_find(&x.c, x.t));
    size_t asked = x.asks_count;
    for (size_t i = 0; i < asked; i++) {
        EXPECT_EQ(SERVICE_CAPSULE_NONCE, x.asks[i].type);
        EXPECT_ERR(ERR_STATE, copies_find(&x.c, x.t));
        if (!(silent >> x.asks[i].server & 1)) {
            uint8_t nonce[COPY_NONCE_LEN] = {(uint8_t)(i + 1)};
            nonces[count++ * COPY_NONCE_LEN] = (uint8_t)(i + 1);
            const struct copies_answer a = {.tag = x.asks[i].tag, .body = SPAN_OF(nonce)};
            copies_answered(&x.c, x.t, &a);
        }
    }
    if (silent) {
        pass_s(COPIES_FIND_MS / 1000);
    }
    EXPECT_EQ(1, x.begun_count);
    EXPECT_OK(x.begun.err);
    EXPECT_EQ(count, x.begun.asked);
    capsule_copy_challenge(&want, span_of(nonces, count * COPY_NONCE_LEN));
    EXPECT_SPAN(SPAN_OF(want.bytes), SPAN_OF(x.begun.challenge.bytes));
    x.asks_count = 0;
    const struct copies_fetch f = {
        .user_handle = handle, .credential_id = id_of_passkey, .response = &response};
    EXPECT_OK(copies_fetch(&x.c, x.t, &f));
}

static void gives(size_t i, uint8_t vault, uint64_t generation)
{
    make_capsule(vault, generation, id_of_passkey);
    const struct copies_answer a = {.tag = x.asks[i].tag, .body = SPAN_OF(x.capsule)};
    copies_answered(&x.c, x.t, &a);
}

static void gives_nothing(size_t i, enum err err)
{
    const struct copies_answer a = {.tag = x.asks[i].tag, .err = err};
    copies_answered(&x.c, x.t, &a);
}

TEST(the_newest_of_what_most_servers_have)
{
    begin(0x0f);
    search(0);
    gives(0, 1, 7);
    gives(1, 1, 8);
    gives(2, 2, 9999); /* another vault that names the passkey too */
    EXPECT_EQ(0, x.done_count);
    gives_nothing(3, ERR_NOT_FOUND);
    EXPECT_EQ(1, x.done_count);
    EXPECT_OK(x.done.err);
    EXPECT_EQ(4, x.done.asked);
    EXPECT_EQ(8, capsule_generation(x.done.capsule));
    EXPECT_ERR(ERR_STATE, copies_fetch(&x.c, x.t, &(struct copies_fetch){.user_handle = handle}));
    copies_done(&x.c);
}

TEST(what_is_no_copy_of_this_passkeys_vault_does_not_count)
{
    begin(0x07);
    search(0);
    make_capsule(1, 7, SPAN_LIT("another"));
    struct copies_answer a = {.tag = x.asks[0].tag, .body = SPAN_OF(x.capsule)};
    copies_answered(&x.c, x.t, &a);
    make_capsule(1, 7, id_of_passkey);
    x.capsule[100] ^= 1;
    a = (struct copies_answer){.tag = x.asks[1].tag, .body = SPAN_OF(x.capsule)};
    copies_answered(&x.c, x.t, &a);
    a = (struct copies_answer){.tag = x.asks[2].tag, .body = SPAN_LIT("short")};
    copies_answered(&x.c, x.t, &a);
    EXPECT_ERR(ERR_NOT_FOUND, x.done.err);
    EXPECT_EQ(0, x.done.capsule.n);
    copies_done(&x.c);
}

TEST(silent_servers_cost_seconds_and_no_more)
{
    begin(0x07);
    search(1 << 1);
    expect_asked("02");
    gives(0, 1, 7);
    EXPECT_EQ(0, x.done_count);
    pass_s(COPIES_FIND_MS / 1000);
    EXPECT_OK(x.done.err);
    x.asks_count = x.begun_count = 0;
    search(0);
    gives_nothing(0, ERR_TIMEOUT);
    gives_nothing(1, ERR_CLOSED);
    gives_nothing(2, ERR_LIMIT);
    EXPECT_ERR(ERR_TIMEOUT, x.done.err);
    copies_done(&x.c);
}

TEST(nobody_to_ask)
{
    begin(0);
    EXPECT_OK(copies_find(&x.c, x.t));
    EXPECT_ERR(ERR_CLOSED, x.begun.err);
    x.reachable = 0x03;
    EXPECT_OK(copies_find(&x.c, x.t));
    gives_nothing(0, ERR_IO);
    gives_nothing(1, ERR_IO);
    EXPECT_ERR(ERR_TIMEOUT, x.begun.err);
    x.asks_count = x.begun_count = 0;
    x.reachable = 0x01;
    search(0);
    gives(0, 1, 7);
    x.asks_count = 0;
    EXPECT_OK(copies_find(&x.c, x.t)); /* and then the person walks away */
    uint8_t nonce[COPY_NONCE_LEN] = {1};
    const struct copies_answer a = {.tag = x.asks[0].tag, .body = SPAN_OF(nonce)};
    copies_answered(&x.c, x.t, &a);
    EXPECT(instant_before(copies_deadline(&x.c), INSTANT_NEVER));
    pass_s(600);
    EXPECT_EQ(COPIES_IDLE, x.c.stage);
    copies_done(&x.c);
}

TEST_MAIN
