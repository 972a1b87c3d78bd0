/* Settings as a record: what is written is read, and what an older version wrote has defaults. */
#include "wallet/settings.h"

#include "base/test.h"
#include "codec/protobuf.h"

static struct budget budget;

static void expect_same(const struct settings *a, const struct settings *b)
{
    EXPECT_EQ(a->language, b->language);
    EXPECT_EQ(a->theme, b->theme);
    EXPECT_EQ(a->density, b->density);
    EXPECT_EQ(a->history, b->history);
    EXPECT_EQ(a->public_dht, b->public_dht);
    EXPECT_EQ(a->shortcuts, b->shortcuts);
    EXPECT_EQ(a->hide_unknown_tokens, b->hide_unknown_tokens);
    EXPECT_EQ(a->lock_after_min, b->lock_after_min);
    EXPECT(id_equal(a->network, b->network));
    EXPECT(id_equal(a->account, b->account));
}

TEST(what_is_written_is_read)
{
    struct settings all[] = {
        settings_default(),
        {.language = LANGUAGE_ZH_HANS,
            .theme = THEME_DARK,
            .density = DENSITY_COMPACT,
            .history = HISTORY_PAGES,
            .public_dht = PUBLIC_DHT_YES,
            .lock_after_min = 1440,
            .network = {"local"},
            .account = {"a1"}},
        {.public_dht = PUBLIC_DHT_NO},
    };
    budget_init(&budget, NULL, "test", 4096);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct settings read;
        struct buf record;
        buf_init(&record, &budget, 1024);
        EXPECT_OK(settings_encode(&record, &all[i]));
        EXPECT_OK(settings_decode(&read, buf_span(&record)));
        expect_same(&all[i], &read);
        buf_done(&record);
    }
    EXPECT_EQ(0, budget.used);
}

TEST(nobody_has_allowed_what_no_record_says)
{
    struct settings s;
    struct settings otherwise = settings_default();
    EXPECT_OK(settings_decode(&s, SPAN_EMPTY));
    expect_same(&otherwise, &s);
    EXPECT_EQ(PUBLIC_DHT_ASK, s.public_dht);
}

TEST(a_choice_that_there_is_not_is_refused)
{
    static const uint32_t fields[] = {1, 2, 3, 4, 7, 10};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        uint8_t room[16];
        struct settings s;
        struct wr w = wr_init(MSPAN_OF(room));
        protobuf_write_varint(&w, fields[i], 1441);
        EXPECT_OK(wr_end(&w));
        test_note("field %u", fields[i]);
        EXPECT(settings_decode(&s, span_of(room, w.n)) != OK);
    }
}

TEST_MAIN
