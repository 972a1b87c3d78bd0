#include "codec/assuan.h"

#include "base/test.h"

#include <string.h>

TEST(responses_are_read)
{
    static const struct {
        const char *line;
        enum assuan_kind kind;
        const char *text;
    } cases[] = {
        {"OK",                                     ASSUAN_OK,      ""                   },
        {"OK Pleased to meet you",                 ASSUAN_OK,      "Pleased to meet you"},
        {"ERR 83886179 Operation cancelled <Pin>", ASSUAN_ERR,
         "83886179 Operation cancelled <Pin>"                                           },
        {"D 12%2534",                              ASSUAN_DATA,    "12%2534"            },
        {"D ",                                     ASSUAN_DATA,    ""                   },
        {"S PASSWORD_FROM_CACHE",                  ASSUAN_STATUS,  "PASSWORD_FROM_CACHE"},
        {"# a word",                               ASSUAN_COMMENT, " a word"            },
        {"INQUIRE QUALITY 12",                     ASSUAN_INQUIRE, "QUALITY 12"         },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct assuan_line line;
        test_note("%s", cases[i].line);
        if (EXPECT_OK(assuan_decode(&line, span_str(cases[i].line)))) {
            EXPECT_EQ(cases[i].kind, line.kind);
            EXPECT_SPAN(span_str(cases[i].text), line.text);
        }
    }
}

TEST(what_is_no_response_is_refused)
{
    static const char *const lines[] = {"", "OKAY", "ok", "D1234", "GETPIN", " OK", "ERR1"};
    static uint8_t longest[ASSUAN_LINE_MAX + 1];
    struct assuan_line line;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        test_note("%s", lines[i]);
        EXPECT_ERR(ERR_MALFORMED, assuan_decode(&line, span_str(lines[i])));
    }
    memset(longest, 'x', sizeof longest);
    memcpy(longest, "OK ", 3);
    EXPECT_OK(assuan_decode(&line, span_of(longest, ASSUAN_LINE_MAX)));
    EXPECT_ERR(ERR_LIMIT, assuan_decode(&line, SPAN_OF(longest)));
}

TEST(data_comes_out_as_it_went_in)
{
    uint8_t text[16];
    uint8_t back[8];
    struct wr w = wr_init(MSPAN_OF(text));
    struct wr b = wr_init(MSPAN_OF(back));
    assuan_escape(&w, SPAN_LIT("a%\nb c"));
    EXPECT_SPAN(SPAN_LIT("a%25%0ab c"), span_of(text, w.n));
    EXPECT_OK(assuan_unescape(&b, span_of(text, w.n)));
    EXPECT_SPAN(SPAN_LIT("a%\nb c"), span_of(back, b.n));
}

TEST(broken_escapes_are_refused)
{
    static const char *const texts[] = {"%", "%2", "a%2", "%zz", "%2g"};
    uint8_t room[8];
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct wr w = wr_init(MSPAN_OF(room));
        test_note("%s", texts[i]);
        EXPECT_ERR(ERR_MALFORMED, assuan_unescape(&w, span_str(texts[i])));
    }
    struct wr w = wr_init(mspan_of(room, 3));
    EXPECT_OK(assuan_unescape(&w, SPAN_LIT("123")));
    EXPECT_ERR(ERR_LIMIT, assuan_unescape(&w, SPAN_LIT("4")));
}

TEST_MAIN
