#include "base/err.h"

#include "base/test.h"

TEST(every_error_has_its_own_word)
{
    for (unsigned i = 0; i < ERR_COUNT; i++) {
        EXPECT(err_name((enum err)i)[0] != '\0');
        for (unsigned k = 0; k < i; k++) {
            EXPECT(!span_equal(span_str(err_name((enum err)i)), span_str(err_name((enum err)k))));
        }
    }
    EXPECT_STR("ok", err_name(OK));
    EXPECT_STR("internal", err_name(ERR_INTERNAL));
    EXPECT_STR("unknown", err_name(ERR_COUNT));
}

TEST(diag)
{
    struct diag d = {0};
    EXPECT_ERR(ERR_MALFORMED, diag_set(&d, ERR_MALFORMED, "length beyond end", 7));
    EXPECT_STR("length beyond end", d.rule);
    EXPECT_EQ(7, d.offset);
    EXPECT_ERR(ERR_AUTH, diag_set(NULL, ERR_AUTH, "tag", 0));
}

static int wiped_count;

static void count_wipe(int *v)
{
    wiped_count += *v;
}

MUST_CHECK static enum err try_it(enum err e, int *ret_reached)
{
    AUTO(count_wipe) int resource = 1;
    TRY(e);
    *ret_reached = resource;
    return OK;
}

TEST(try_returns_and_auto_runs_on_every_path)
{
    int reached = 0;
    wiped_count = 0;
    EXPECT_ERR(ERR_TIMEOUT, try_it(ERR_TIMEOUT, &reached));
    EXPECT_EQ(0, reached);
    EXPECT_EQ(1, wiped_count);
    EXPECT_OK(try_it(OK, &reached));
    EXPECT_EQ(1, reached);
    EXPECT_EQ(2, wiped_count);
}

TEST_MAIN
