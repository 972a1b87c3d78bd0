#include "codec/dns_txt.h"

#include "base/test.h"

/* A question for TXT of _dnsaddr.a, and an answer with a pointer to that name. */
#define HEAD(flags, answers) "1234" flags "0001" answers "00000000"
#define QUESTION             "085f646e7361646472 0161 00 0010 0001"
#define NAME                 "c00c"
#define TXT                  "0010 0001 0000003c"

TEST(answers)
{
    static const struct {
        const char *name;
        const char *hex;
        enum err err;
        const char *texts; /* each followed by a bar */
    } cases[] = {
        {"one text", HEAD("8180", "0001") QUESTION NAME TXT "0003 02 6162", OK, "ab|"},
        {"two strings are one text", HEAD("8180", "0001") QUESTION NAME TXT "0004 01 61 01 62", OK,
         "ab|"},
        {"an empty text", HEAD("8180", "0001") QUESTION NAME TXT "0001 00", OK, "|"},
        {"two records", HEAD("8180", "0002") QUESTION NAME TXT "0002 0161" NAME TXT "0002 0162", OK,
         "a|b|"},
        {"another type between",
         HEAD("8180", "0002") QUESTION NAME "0005 0001 0000003c 0002 c00c" NAME TXT "0002 0162", OK,
         "b|"},
        {"another class", HEAD("8180", "0001") QUESTION NAME "0010 0003 0000003c 0002 0161", OK,
         ""},
        {"a name in full", HEAD("8180", "0001") QUESTION "0161 00" TXT "0002 0161", OK, "a|"},
        {"fewer records than said", HEAD("8180", "0002") QUESTION NAME TXT "0002 0161", OK, "a|"},
        {"a string longer than its record", HEAD("8180", "0001") QUESTION NAME TXT "0002 0261", OK,
         ""},
        {"a record longer than the message", HEAD("8180", "0001") QUESTION NAME TXT "0009 0161", OK,
         ""},
        {"a label of a reserved kind", HEAD("8180", "0001") QUESTION "40" TXT "0002 0161", OK, ""},
        {"no such name", HEAD("8183", "0000") QUESTION, ERR_NOT_FOUND, ""},
        {"a question", HEAD("0100", "0000") QUESTION, ERR_MALFORMED, ""},
        {"half a question", HEAD("8180", "0001") "085f64", ERR_MALFORMED, ""},
        {"half a head", "1234 8180 0001", ERR_MALFORMED, ""},
        {"as many as are taken", HEAD("8180", "0040") QUESTION, OK, ""},
        {"one more", HEAD("8180", "0041") QUESTION, ERR_LIMIT, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct dns_txt t;
        uint8_t text[DNS_TXT_LEN_MAX];
        char seen[64] = "";
        size_t n = 0;
        size_t at = 0;
        test_note("%s", cases[i].name);
        enum err e = dns_txt_begin(&t, test_hex(cases[i].hex));
        EXPECT_ERR(cases[i].err, e);
        while (e == OK && dns_txt_next(&t, text, &n) && at + n + 2 < sizeof seen) {
            at += span_copy(mspan_of(seen + at, sizeof seen - at), span_of(text, n));
            seen[at++] = '|';
        }
        EXPECT_STR(cases[i].texts, seen);
    }
}

TEST(a_text_has_its_length)
{
    /* Four strings of 255 bytes are 1020; one more of 4 fills it, one of 5 is too much. */
    for (unsigned extra = 4; extra <= 5; extra++) {
        uint8_t message[1200] = {0x12, 0x34, 0x81, 0x80, 0, 0, 0, 1, 0, 0, 0,
                                 0,    0,    0,    16,   0, 1, 0, 0, 0, 60};
        size_t n = 23;
        for (int i = 0; i < 4; i++) {
            message[n] = 255;
            n += 256;
        }
        message[n] = (uint8_t)extra;
        n += 1 + extra;
        message[21] = (uint8_t)((n - 23) >> 8);
        message[22] = (uint8_t)(n - 23);
        struct dns_txt t;
        uint8_t text[DNS_TXT_LEN_MAX];
        size_t len = 0;
        EXPECT_OK(dns_txt_begin(&t, span_of(message, n)));
        EXPECT_EQ(extra == 4, dns_txt_next(&t, text, &len));
    }
}

TEST_MAIN
