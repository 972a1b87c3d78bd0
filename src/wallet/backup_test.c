#include "wallet/backup.h"

#include "codec/base16.h"
#include "crypto/backend.h"
#include "crypto/hash.h"
#include "wallet/wallet.h"
#include "wallet/world_test.h"

#include <string.h>

static struct {
    uint8_t capsule[CAPSULE_LEN];
    uint8_t content[BACKUP_STEP * 3];
    uint8_t room[BACKUP_STEP * 4];
    uint8_t changed[BACKUP_LEN_MAX + 1];
} t;

/* docs/vault.md "The backup file": the vector counts bytes up, as the capsule's does. */
static uint8_t run_fill(struct mspan out, uint8_t from)
{
    for (size_t i = 0; i < out.n; i++) {
        out.p[i] = from++;
    }
    return from;
}

static struct span seal(struct buf *file, const struct secret32 *key, size_t content_n)
{
    struct backup_sealing s = {
        .key = key, .capsule = SPAN_OF(t.capsule), .content = span_of(t.content, content_n)};
    memset(t.capsule, 3, sizeof t.capsule);
    memset(s.salt, 4, sizeof s.salt);
    buf_init(file, test_budget(), BACKUP_LEN_MAX);
    EXPECT_OK(backup_encode(file, &s));
    return buf_span(file);
}

TEST(what_was_sealed_opens_and_its_length_shows_in_steps_only)
{
    static const struct {
        size_t content_n;
        size_t steps;
    } cases[] = {
        {0,                   1},
        {1,                   1},
        {BACKUP_STEP - 4,     1},
        {BACKUP_STEP - 3,     2},
        {2 * BACKUP_STEP - 4, 2},
    };
    const struct secret32 key = {{1}};
    const struct secret32 other = {{2}};
    EXPECT_OK(crypto_init());
    memset(t.content, 7, sizeof t.content);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        AUTO(buf_done) struct buf file = {0};
        struct backup b;
        struct span content;
        struct span bytes = seal(&file, &key, cases[i].content_n);
        test_note("%zu bytes", cases[i].content_n);
        EXPECT_EQ(BACKUP_HEAD_LEN + 24 + cases[i].steps * BACKUP_STEP + 16, bytes.n);
        TEST_REQUIRE(EXPECT_OK(backup_decode(&b, bytes)));
        EXPECT_SPAN(SPAN_OF(t.capsule), b.capsule);
        EXPECT_OK(backup_open(mspan_of(t.room, b.sealed.n), &content, &b, &key));
        EXPECT_SPAN(span_of(t.content, cases[i].content_n), content);
        EXPECT_ERR(ERR_AUTH, backup_open(mspan_of(t.room, b.sealed.n), &content, &b, &other));
    }
}

TEST(a_file_that_is_cut_longer_or_changed_is_refused)
{
    const struct secret32 key = {{1}};
    AUTO(buf_done) struct buf file = {0};
    struct backup b;
    struct span content;
    EXPECT_OK(crypto_init());
    struct span bytes = seal(&file, &key, 100);
    for (size_t n = 0; n < bytes.n; n++) {
        EXPECT_ERR(ERR_MALFORMED, backup_decode(&b, span_first(bytes, n)));
    }
    for (size_t i = 0; i < bytes.n; i += i < 100 ? 1 : 61) {
        (void)span_copy(MSPAN_OF(t.changed), bytes);
        t.changed[i] ^= 1;
        enum err e = backup_decode(&b, span_of(t.changed, bytes.n));
        if (e == OK) {
            e = backup_open(mspan_of(t.room, b.sealed.n), &content, &b, &key);
        }
        test_note("byte %zu", i);
        EXPECT_ERR(i < 7 ? ERR_MALFORMED : i == 7 ? ERR_UNSUPPORTED : ERR_AUTH, e);
    }
    EXPECT_ERR(ERR_MALFORMED, backup_decode(&b, span_of(t.changed, bytes.n + 1)));
    EXPECT_ERR(ERR_LIMIT, backup_decode(&b, SPAN_OF(t.changed)));
}

TEST(the_vector_of_the_page)
{
    static const char want[] = "94932f2c822baff9c91ac6307e3866aae417c76a5ea456bc030912b735d52261";
    AUTO(buf_done) struct buf file = {0};
    struct secret32 data_key;
    struct secret32 key;
    struct hash32 hash;
    char text[65] = "";
    struct backup_sealing s = {
        .key = &key, .capsule = SPAN_OF(t.capsule), .content = SPAN_LIT("content")};
    EXPECT_OK(crypto_init());
    memset(t.capsule, 0, sizeof t.capsule);
    uint8_t at = run_fill(MSPAN_OF(data_key.bytes), 0);
    at = run_fill(MSPAN_OF(s.salt), at);
    (void)run_fill(MSPAN_OF(s.nonce), at);
    EXPECT_OK(backup_key(&key, &data_key, SPAN_OF(s.salt)));
    buf_init(&file, test_budget(), BACKUP_LEN_MAX);
    EXPECT_OK(backup_encode(&file, &s));
    const struct span bytes = buf_span(&file);
    sha256_of(&hash, &bytes, 1);
    struct wr w = wr_init(mspan_of(text, 64));
    base16_encode(&w, SPAN_OF(hash.bytes));
    EXPECT_STR(want, text);
}

TEST(a_wallet_comes_back_from_what_another_wrote)
{
    static struct world old;
    static struct world fresh;
    struct coded why = {0};
    const struct contact *contact = NULL;
    struct backup_counts n = {0};
    AUTO(buf_done) struct buf content = {0};
    buf_init(&content, test_budget(), BACKUP_CONTENT_MAX);
    TEST_REQUIRE(world_init(&old));
    const struct account *a = world_enroll(&old, "Main", NULL, &why);
    TEST_REQUIRE(a);
    const struct id id = a->id;
    const struct address address = a->address;
    EXPECT_OK(wallet_contact_add(old.wallet, old.t, SPAN_LIT("Alice"), address, &contact, &why));
    EXPECT_OK(wallet_backup_write(old.wallet, old.t, &content));
    const uint64_t made_ms = old.t.unix_ms;
    world_done(&old);

    TEST_REQUIRE(world_init(&fresh));
    EXPECT_OK(wallet_backup_look(fresh.wallet, &n, buf_span(&content)));
    EXPECT_EQ(0, wallet_account_count(fresh.wallet));
    EXPECT_EQ(made_ms, n.made_ms);
    EXPECT_OK(wallet_backup_restore(fresh.wallet, fresh.t, &n, buf_span(&content)));
    EXPECT_EQ(1, n.accounts);
    EXPECT_EQ(1, n.contacts);
    EXPECT_OK(wallet_backup_restore(fresh.wallet, fresh.t, &n, buf_span(&content)));
    EXPECT_EQ(0, n.accounts); /* a second time there is nothing new */
    EXPECT_EQ(0, n.contacts);
    TEST_REQUIRE(world_restart(&fresh));
    TEST_REQUIRE(wallet_account(fresh.wallet, id));
    EXPECT_SPAN(SPAN_OF(address.bytes), SPAN_OF(wallet_account(fresh.wallet, id)->address.bytes));
    EXPECT(id_equal(id, wallet_settings(fresh.wallet)->account));
    EXPECT_EQ(1, wallet_contact_count(fresh.wallet));
    world_done(&fresh);
}

TEST(a_content_with_a_broken_record_changes_nothing)
{
    static struct world w;
    static const uint8_t broken[] = {0x08, 1, 0x12, 3, 0xff, 0xff, 0xff};
    struct backup_counts n = {0};
    TEST_REQUIRE(world_init(&w));
    EXPECT_ERR(ERR_MALFORMED, wallet_backup_restore(w.wallet, w.t, &n, SPAN_OF(broken)));
    EXPECT_ERR(ERR_MALFORMED, wallet_backup_look(w.wallet, &n, span_first(SPAN_OF(broken), 4)));
    EXPECT_EQ(0, wallet_account_count(w.wallet));
    world_done(&w);
}

TEST_MAIN
