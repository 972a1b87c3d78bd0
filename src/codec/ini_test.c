#include "codec/ini.h"

#include "base/test.h"

TEST(reads_sections_and_values)
{
    struct ini ini = ini_init(
        SPAN_LIT("# top\nloose = 1\r\n\n[network]\n name =  Local network \nbootstrap=a=b\n; end"));
    struct ini_entry e;
    TEST_REQUIRE(ini_next(&ini, &e, NULL) == OK);
    EXPECT_SPAN(SPAN_EMPTY, e.section);
    EXPECT_SPAN(SPAN_LIT("1"), e.value);
    TEST_REQUIRE(ini_next(&ini, &e, NULL) == OK);
    EXPECT_SPAN(SPAN_LIT("network"), e.section);
    EXPECT_SPAN(SPAN_LIT("name"), e.key);
    EXPECT_SPAN(SPAN_LIT("Local network"), e.value);
    EXPECT_EQ(5, e.line);
    TEST_REQUIRE(ini_next(&ini, &e, NULL) == OK);
    EXPECT_SPAN(SPAN_LIT("a=b"), e.value);
    EXPECT_ERR(ERR_NOT_FOUND, ini_next(&ini, &e, NULL));
}

TEST(refuses_bad_lines)
{
    static const struct {
        const char *text;
        enum err err;
    } cases[] = {
        {"no equals sign", ERR_MALFORMED},
        {"= v",            ERR_MALFORMED},
        {"KEY = v",        ERR_MALFORMED},
        {"[open",          ERR_MALFORMED},
        {"[]",             ERR_MALFORMED},
        {"k = a\x01z",     ERR_MALFORMED},
        {"k\xc3\xa9 = v",  ERR_MALFORMED},
        {"k = \x7f",       ERR_MALFORMED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_note("%s", cases[i].text);
        struct ini ini = ini_init(span_str(cases[i].text));
        struct ini_entry e;
        struct diag d = {0};
        EXPECT_ERR(cases[i].err, ini_next(&ini, &e, &d));
        EXPECT_EQ(1, d.offset);
        EXPECT(d.rule != NULL);
    }
}

TEST(line_length_limit)
{
    static uint8_t text[INI_LINE_LEN_MAX + 1];
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = 'x';
    }
    text[1] = '=';
    struct ini ini = ini_init(span_of(text, INI_LINE_LEN_MAX));
    struct ini_entry e;
    EXPECT_OK(ini_next(&ini, &e, NULL));
    ini = ini_init(SPAN_OF(text));
    EXPECT_ERR(ERR_LIMIT, ini_next(&ini, &e, NULL));
}

TEST_MAIN
