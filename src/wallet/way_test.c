#include "wallet/way.h"

#include "wallet/recovery.h"
#include "wallet/wallet.h"
#include "wallet/world_test.h"

#include <string.h>

enum { DAY_MS = 24 * 3600 * 1000 };

TEST(a_way_is_due_when_it_was_never_proven_or_for_180_days)
{
    const uint64_t at = 1764100000000;
    EXPECT(way_is_due(0, at));
    EXPECT(!way_is_due(at, at));
    EXPECT(!way_is_due(at, at + (uint64_t)180 * DAY_MS));
    EXPECT(way_is_due(at, at + (uint64_t)180 * DAY_MS + 1));
    EXPECT(!way_is_due(at, at - DAY_MS)); /* a clock that was set back */
}

TEST(what_is_stored_comes_back_and_what_is_broken_is_refused)
{
    static const uint8_t short_way[] = {0x0a, 3, 1, 2, 3};
    static const uint8_t later_kind[43] = {0x0a, 41, 9};
    struct way_list list = {
        .count = 2, .items = {way_of_passkey(SPAN_LIT("abc")), way_of_phrase()}
    };
    struct way_list back = {.count = 0};
    AUTO(buf_done) struct buf record;
    list.items[0].proven_ms = 1764100000000;
    list.generation = 5;
    list.backup_ms = 1764100000001;
    list.backup_generation = 4;
    list.lacks_accounts = true;
    buf_init(&record, test_budget(), 4096);
    EXPECT_OK(way_list_encode(&record, &list));
    EXPECT_OK(way_list_decode(&back, buf_span(&record)));
    EXPECT_EQ(2, back.count);
    const struct way *found = way_find(&back, &list.items[0]);
    EXPECT(found && found->proven_ms == 1764100000000);
    EXPECT(way_find(&back, &list.items[1]) != NULL);
    EXPECT_EQ(5, back.generation);
    EXPECT_EQ(1764100000001, back.backup_ms);
    EXPECT_EQ(4, back.backup_generation);
    EXPECT(back.lacks_accounts);
    const struct way other = way_of_passkey(SPAN_LIT("abd"));
    EXPECT(way_find(&back, &other) == NULL);
    EXPECT_ERR(ERR_MALFORMED, way_list_decode(&back, SPAN_OF(short_way)));
    EXPECT_EQ(2, back.count);
    EXPECT_OK(way_list_decode(&back, SPAN_OF(later_kind)));
    EXPECT_EQ(0, back.count);
}

TEST(more_ways_than_a_capsule_has_recipients_are_refused)
{
    struct way_list list = {.count = WAY_COUNT_MAX};
    AUTO(buf_done) struct buf record;
    for (size_t i = 0; i < WAY_COUNT_MAX; i++) {
        list.items[i] = way_of_phrase();
    }
    buf_init(&record, test_budget(), 4096);
    EXPECT_OK(way_list_encode(&record, &list));
    EXPECT_OK(way_list_decode(&list, buf_span(&record)));
    list.count = 1;
    EXPECT_OK(way_list_encode(&record, &list));
    EXPECT_ERR(ERR_LIMIT, way_list_decode(&list, buf_span(&record)));
}

TEST(the_wallet_keeps_the_dates_of_the_ways_that_there_are)
{
    static struct world w;
    static struct account account = {.kind = ACCOUNT_PHRASE, .threshold = 1}; /* large */
    const struct way passkey = way_of_passkey(SPAN_LIT("abc"));
    const struct way phrase = way_of_phrase();
    const struct way_list both = {
        .count = 2, .items = {passkey, phrase},
             .generation = 7
    };
    const struct way_list one = {.count = 1, .items = {phrase}, .generation = 8};
    TEST_REQUIRE(world_init(&w));
    wallet_ways_seen(w.wallet, &both);
    EXPECT_EQ(0, wallet_way_proven_ms(w.wallet, &passkey));
    wallet_way_proven(w.wallet, w.t, &passkey);
    const uint64_t at = w.t.unix_ms;
    TEST_REQUIRE(world_restart(&w));
    EXPECT_EQ(at, wallet_way_proven_ms(w.wallet, &passkey));
    EXPECT_EQ(0, wallet_way_proven_ms(w.wallet, &phrase));
    struct safety s = wallet_account_safety(w.wallet, &account, w.t.unix_ms);
    EXPECT_EQ(2, s.ways_in);
    EXPECT_EQ(1, s.tested);
    EXPECT(s.has_spare);
    EXPECT(!s.safe);
    wallet_way_proven(w.wallet, w.t, &phrase);
    EXPECT(
        !wallet_account_safety(w.wallet, &account, w.t.unix_ms).safe); /* on this machine alone */
    wallet_backup_proven(w.wallet, w.t, both.generation - 1);
    EXPECT(!wallet_account_safety(w.wallet, &account, w.t.unix_ms).is_kept); /* an older vault */
    wallet_backup_proven(w.wallet, w.t, both.generation);
    EXPECT(wallet_account_safety(w.wallet, &account, w.t.unix_ms).safe);
    EXPECT(!wallet_account_safety(w.wallet, &account, w.t.unix_ms + (uint64_t)181 * DAY_MS).safe);
    wallet_vault_lacks_accounts(w.wallet, true);
    wallet_ways_seen(w.wallet, &one);
    EXPECT_EQ(0, wallet_way_proven_ms(w.wallet, &passkey));
    s = wallet_account_safety(w.wallet, &account, w.t.unix_ms);
    EXPECT_EQ(1, s.ways_in);
    EXPECT(!s.has_spare);
    EXPECT(!s.safe);
    TEST_REQUIRE(world_restart(&w));
    EXPECT(wallet_ways(w.wallet)->lacks_accounts);
    const struct way_list none = {.count = 0};
    wallet_ways_seen(w.wallet, &none); /* there is no vault any more */
    EXPECT(!wallet_ways(w.wallet)->lacks_accounts);
    world_done(&w);
}

/* The record's fields of guardians: what was written is read; what no wallet writes is refused, and nothing is kept of it. */
TEST(guardians_in_a_record_are_read_as_they_were_written)
{
    static struct account a; /* large */
    static struct account back;
    AUTO(buf_done) struct buf record;
    buf_init(&record, test_budget(), STORE_VALUE_LEN_MAX);
    a = (struct account){.kind = ACCOUNT_PASSKEY, .threshold = 1};
    EXPECT_OK(id_parse(&a.id, SPAN_LIT("a1")));
    EXPECT_OK(name_parse(&a.name, SPAN_LIT("Main")));
    a.guardian_name_count = 1;
    a.guardian_names[0].guardian = (struct smart_owner){.bytes = {9}, .len = 20};
    EXPECT_OK(name_parse(&a.guardian_names[0].name, SPAN_LIT("Anna")));
    a.guardian_way_count = 1;
    a.guardian_ways[0] = (struct guardian_way){.read_ms = 5,
                                               .count = 3,
                                               .threshold = 2,
                                               .is_enough = true,
                                               .list = {{7}},
                                               .proven_ms = 6,
                                               .proven_by = 2};
    EXPECT_OK(id_parse(&a.guardian_ways[0].network, SPAN_LIT("local")));
    EXPECT_OK(account_encode(&record, &a));
    TEST_REQUIRE(EXPECT_OK(account_decode(&back, buf_span(&record))));
    const struct guardian_way *way = wallet_guardian_way(&back, a.guardian_ways[0].network);
    TEST_REQUIRE(EXPECT(way != NULL));
    EXPECT_EQ(3, way->count);
    EXPECT_EQ(2, way->threshold);
    EXPECT(way->is_enough);
    EXPECT_EQ(7, way->list.bytes[0]);
    EXPECT_EQ(5, way->read_ms);
    EXPECT_EQ(6, way->proven_ms);
    EXPECT_EQ(2, way->proven_by);
    EXPECT_SPAN(SPAN_LIT("Anna"), wallet_guardian_name(&back, &a.guardian_names[0].guardian));

    for (unsigned i = 0; i < 5; i++) {
        struct account *bad = &back;
        *bad = a;
        switch (i) {
        case 0: bad->guardian_ways[0].threshold = 4; break;
        case 1: bad->guardian_ways[0].threshold = 0; break;
        case 2: bad->guardian_ways[0].count = GUARDIAN_COUNT_MAX + 1; break;
        case 3: bad->guardian_names[0].guardian.len = 19; break;
        case 4: bad->guardian_names[0].name = (struct name){""}; break;
        }
        buf_clear(&record);
        EXPECT_OK(account_encode(&record, bad));
        test_note("case %u", i);
        EXPECT(account_decode(&back, buf_span(&record)) != OK);
    }
}

TEST_MAIN
