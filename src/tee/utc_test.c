/* Calendar time against values of `date -u -d TEXT +%s`. */
#include "tee/utc.h"

#include "base/test.h"

TEST(known_times)
{
    static const struct {
        const char *text;
        uint64_t seconds;
    } rows[] = {
        {"1970-01-01T00:00:00Z", 0            },
        {"1972-02-29T23:59:59Z", 68255999     },
        {"2000-02-29T12:00:00Z", 951825600    },
        {"2025-06-19T10:16:03Z", 1750328163   },
        {"2049-12-31T23:59:59Z", 2524607999   },
        {"2100-03-01T00:00:00Z", 4107542400   },
        {"9999-12-31T23:59:59Z", 253402300799U},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        walltime t = {1};
        test_note("%s", rows[i].text);
        EXPECT(utc_parse(&t, span_str(rows[i].text)));
        EXPECT_EQ(rows[i].seconds, t.s);
    }
}

TEST(other_forms)
{
    static const char *const bad[] = {
        "",
        "2025-06-19",
        "2025-06-19T10:16:03",
        "2025-06-19T10:16:03z",
        "2025-06-19T10:16:03ZZ",
        "2025-06-19 10:16:03Z",
        "2025-06-19T10:16:03+00:00",
        "1969-12-31T23:59:59Z",
        "2025-00-19T10:16:03Z",
        "2025-13-19T10:16:03Z",
        "2025-06-00T10:16:03Z",
        "2025-06-32T10:16:03Z",
        "2025-06-19T24:16:03Z",
        "2025-06-19T10:60:03Z",
        "2025-06-19T10:16:60Z",
        "2O25-06-19T10:16:03Z",
        "2025-06-19T10:16:-3Z",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        walltime t = {1};
        test_note("%s", bad[i]);
        EXPECT(!utc_parse(&t, span_str(bad[i])));
        EXPECT_EQ(1, t.s);
    }
}

TEST_MAIN
