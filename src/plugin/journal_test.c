#include "plugin/journal.h"

#include "base/test.h"

#include <stdio.h>
#include <string.h>

static struct journal_id id_of(char c)
{
    struct journal_id id = {{0}};
    memset(id.text, c, JOURNAL_ID_LEN);
    return id;
}

static void expect_same_again(const struct journal *j)
{
    uint8_t text[JOURNAL_TEXT_MAX];
    struct journal again;
    struct diag why = {0};
    struct wr w = wr_init(MSPAN_OF(text));
    EXPECT_OK(journal_print(&w, j));
    EXPECT_OK(journal_parse(&again, span_of(text, w.n), &why));
    EXPECT_EQ(0, memcmp(&again, j, sizeof again));
}

TEST(a_good_update)
{
    struct journal j = {0};
    struct journal_id a = id_of('a');
    struct journal_id b = id_of('b');
    EXPECT_OK(journal_install(&j, &a));
    EXPECT(j.is_trial);
    journal_pass(&j);
    EXPECT_OK(journal_install(&j, &b));
    EXPECT(j.is_trial);
    EXPECT(journal_names(&j, &a));
    EXPECT(journal_names(&j, &b));
    expect_same_again(&j);
    journal_pass(&j);
    EXPECT_OK(journal_install(&j, &b));
    EXPECT(!j.is_trial);
}

TEST(a_bad_update_goes_back_and_is_remembered)
{
    struct journal j = {0};
    struct journal_id a = id_of('a');
    struct journal_id b = id_of('b');
    EXPECT_OK(journal_install(&j, &a));
    journal_pass(&j);
    EXPECT_OK(journal_install(&j, &b));
    EXPECT(journal_fail(&j));
    EXPECT(journal_id_equal(&j.current, &a));
    EXPECT(!j.is_trial);
    EXPECT(!journal_names(&j, &b));
    EXPECT_ERR(ERR_DENIED, journal_install(&j, &b));
    EXPECT(journal_id_equal(&j.current, &a));
    expect_same_again(&j);
    EXPECT(!journal_fail(&j));
    EXPECT(j.is_stopped);
    EXPECT(!journal_is_bad(&j, &a));
    expect_same_again(&j);
}

TEST(one_on_trial_is_nothing_to_return_to)
{
    struct journal j = {0};
    struct journal_id a = id_of('a');
    struct journal_id b = id_of('b');
    struct journal_id c = id_of('c');
    EXPECT_OK(journal_install(&j, &a));
    journal_pass(&j);
    EXPECT_OK(journal_install(&j, &b));
    EXPECT_OK(journal_install(&j, &c));
    EXPECT(journal_id_equal(&j.previous, &a));
    EXPECT_OK(journal_install(&j, &a)); /* back by hand */
    EXPECT(!j.is_trial);
    EXPECT(!journal_id_is_set(&j.previous));
}

TEST(the_first_version_fails)
{
    struct journal j = {0};
    struct journal_id a = id_of('a');
    EXPECT_OK(journal_install(&j, &a));
    EXPECT(!journal_fail(&j));
    EXPECT(j.is_stopped);
    EXPECT(journal_is_bad(&j, &a));
}

TEST(bad_ones_are_bounded)
{
    struct journal j = {0};
    struct journal_id a = id_of('a');
    EXPECT_OK(journal_install(&j, &a));
    journal_pass(&j);
    for (int i = 0; i < JOURNAL_BAD_MAX + 3; i++) {
        struct journal_id b = id_of('0');
        b.text[0] = (char)('a' + i % 6);
        b.text[1] = (char)('a' + i / 6);
        EXPECT_OK(journal_install(&j, &b));
        EXPECT(journal_fail(&j));
        EXPECT(journal_is_bad(&j, &b));
    }
    EXPECT_EQ(JOURNAL_BAD_MAX, j.bad_count);
    expect_same_again(&j);
}

TEST(refused)
{
    static const char *const texts[] = {
        "",
        "{}",
        "null",
        "{\"current\":\"\",\"previous\":\"\",\"trial\":false,\"stopped\":false}",
        "{\"current\":\"zz\",\"previous\":\"\",\"trial\":false,\"stopped\":false,\"bad\":[]}",
        "{\"current\":\"\",\"previous\":null,\"trial\":false,\"stopped\":false,\"bad\":[]}",
        "{\"current\":\"\",\"previous\":\"\",\"trial\":0,\"stopped\":false,\"bad\":[]}",
        "{\"current\":\"\",\"previous\":\"\",\"trial\":false,\"stopped\":false,\"bad\":[\"\"]}",
        "{\"current\":\"\",\"previous\":\"\",\"trial\":false,\"stopped\":false,\"bad\":{}}"};
    struct journal j;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct diag why = {0};
        test_note("%s", texts[i]);
        EXPECT_ERR(ERR_MALFORMED, journal_parse(&j, span_str(texts[i]), &why));
        EXPECT(why.rule != NULL);
    }
}

static instant at_s(uint64_t s)
{
    return (instant){.us = s * US_PER_S};
}

TEST(deaths)
{
    struct journal_deaths d = {0};
    static const uint32_t want[] = {1, 2, 4, 8};
    for (size_t i = 0; i < 4; i++) {
        EXPECT(!journal_died(&d, at_s(10 * i), 0));
        EXPECT_EQ(want[i], d.backoff_s);
    }
    EXPECT(journal_died(&d, at_s(300), 0));  /* the fifth within five minutes */
    EXPECT(!journal_died(&d, at_s(311), 0)); /* the first of these five is at 10 s */
    EXPECT(journal_died(&d, at_s(312), 0));
    EXPECT_EQ(60, d.backoff_s);
    EXPECT(!journal_died(&d, at_s(500), 120 * US_PER_S)); /* it had been well */
    EXPECT_EQ(1, d.backoff_s);
}

TEST_MAIN
