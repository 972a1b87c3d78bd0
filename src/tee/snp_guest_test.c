/* What a guest of SEV-SNP is answered: firmware that says no, and tables of certificates as hosts write them, good and broken. */
#include "tee/snp_guest.h"

#include "base/test.h"
#include "base/wr.h"
#include "tee/sev_snp.h"

#include <string.h>

static const char vcek[] = "63da758de6644564adc5f4b93be8accd";
static const char vcek_stored[] = "8d75da6364e66445adc5f4b93be8accd";
static const char vlek[] = "a8074bc2a25a483eaae639c045a0b8a1";
static const char ask[] = "4ab7b379bbac4fe4a02f05aef327c782";
static const char ark[] = "c0b406a4a803495297433fb6014cd0ae";
static const char crl[] = "92f81bc358114d3d97ffd19f88dc67ea";
static const char unknown[] = "00112233445566778899aabbccddeeff";
static const char none[] = "00000000000000000000000000000000";

static uint8_t room[SNP_GUEST_TABLE_LEN_MAX + 1];

TEST(the_firmwares_message)
{
    static const struct {
        const char *name;
        uint32_t status;
        uint32_t len;
        size_t cut;
        enum err want;
    } rows[] = {
        {"a report",                  0,    SEV_SNP_REPORT_LEN,     0,                           OK             },
        {"a level above ours",        0x16, 0,                      0,                           ERR_DENIED     },
        {"a key that is not loaded",  0x27, 0,                      0,                           ERR_UNSUPPORTED},
        {"another status",            0x0f, SEV_SNP_REPORT_LEN,     0,                           ERR_IO         },
        {"a length of tomorrow",      0,    SEV_SNP_REPORT_LEN + 1, 0,                           ERR_MALFORMED  },
        {"a shorter one",             0,    SEV_SNP_REPORT_LEN - 1, 0,                           ERR_MALFORMED  },
        {"cut by a byte",             0,    SEV_SNP_REPORT_LEN,     32 + SEV_SNP_REPORT_LEN - 1, ERR_MALFORMED  },
        {"cut right behind",          0,    SEV_SNP_REPORT_LEN,     32 + SEV_SNP_REPORT_LEN,     OK             },
        {"a status and nothing else", 0x16, 0,                      4,                           ERR_DENIED     },
        {"less than a status",        0x16, 0,                      3,                           ERR_MALFORMED  },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct span report = SPAN_EMPTY;
        struct wr w = wr_init(mspan_of(room, SNP_GUEST_RESPONSE_LEN));
        memset(room, 0, sizeof room);
        wr_le32(&w, rows[i].status);
        wr_le32(&w, rows[i].len);
        room[32] = 0xaa;
        size_t n = rows[i].cut ? rows[i].cut : SNP_GUEST_RESPONSE_LEN;
        test_note("%s", rows[i].name);
        EXPECT_ERR(rows[i].want, snp_guest_read_report(&report, span_of(room, n)));
        EXPECT_EQ(rows[i].want == OK ? SEV_SNP_REPORT_LEN : 0, report.n);
        EXPECT(rows[i].want != OK || report.p[0] == 0xaa);
    }
}

/* A table of up to four entries, each pointing at len bytes of its own number at offset. */
struct entry {
    const char *guid;
    uint32_t offset;
    uint32_t len;
};

static struct span table_of(const struct entry *entries, size_t count, size_t n)
{
    struct wr w = wr_init(MSPAN_OF(room));
    memset(room, 0, sizeof room);
    for (size_t i = 0; i < count; i++) {
        wr_bytes(&w, test_hex(entries[i].guid));
        wr_le32(&w, entries[i].offset);
        wr_le32(&w, entries[i].len);
    }
    for (size_t i = 0; i < count; i++) {
        if (entries[i].offset < n && entries[i].len < n - entries[i].offset) {
            memset(room + entries[i].offset, (int)i + 1, entries[i].len);
        }
    }
    return span_of(room, n);
}

TEST(a_table_of_each_kind)
{
    static const struct entry all[] = {
        {vcek, 200, 10},
        {ask,  300, 11},
        {ark,  400, 12},
        {crl,  500, 13},
        {none, 0,   0 }
    };
    static const struct entry both[] = {
        {vcek_stored, 200, 10},
        {vlek,        300, 11},
        {unknown,     400, 12},
        {none,        0,   0 }
    };
    struct snp_guest_certs c;
    TEST_REQUIRE(EXPECT_OK(snp_guest_read_certs(&c, table_of(all, 5, 4096))));
    EXPECT_SPAN(test_hex("01010101010101010101"), c.key);
    EXPECT_EQ(11, c.issuer.n);
    EXPECT_EQ(12, c.root.n);
    EXPECT_EQ(13, c.crl.n);
    EXPECT(c.crl.p == room + 500);
    TEST_REQUIRE(EXPECT_OK(snp_guest_read_certs(&c, table_of(both, 4, 4096))));
    EXPECT_EQ(11, c.key.n); /* the provider's before the chip's */
    EXPECT_EQ(0, c.issuer.n + c.root.n + c.crl.n);
    TEST_REQUIRE(EXPECT_OK(snp_guest_read_certs(&c, table_of(both, 1, 4096))));
    EXPECT_EQ(10, c.key.n);
}

TEST(a_host_that_gives_none)
{
    struct snp_guest_certs c;
    memset(room, 0, sizeof room);
    TEST_REQUIRE(EXPECT_OK(snp_guest_read_certs(&c, SPAN_EMPTY)));
    EXPECT_EQ(0, c.key.n);
    TEST_REQUIRE(EXPECT_OK(snp_guest_read_certs(&c, span_of(room, 24))));
    EXPECT_EQ(0, c.key.n);
    EXPECT_ERR(ERR_MALFORMED, snp_guest_read_certs(&c, span_of(room, 23)));
    EXPECT_OK(snp_guest_read_certs(&c, span_of(room, SNP_GUEST_TABLE_LEN_MAX)));
    EXPECT_ERR(ERR_LIMIT, snp_guest_read_certs(&c, span_of(room, SNP_GUEST_TABLE_LEN_MAX + 1)));
}

TEST(tables_that_are_refused)
{
    static const struct {
        const char *name;
        struct entry entries[3];
        size_t count;
        size_t n;
        enum err want;
    } rows[] = {
        {"to the last byte",       {{vcek, 48, 52}, {none, 0, 0}},             2, 100, OK           },
        {"one byte outside",       {{vcek, 48, 53}, {none, 0, 0}},             2, 100, ERR_MALFORMED},
        {"begins outside",         {{vcek, 101, 0}, {none, 0, 0}},             2, 100, ERR_MALFORMED},
        {"a sum that wraps",       {{vcek, 48, UINT32_MAX}, {none, 0, 0}},     2, 100, ERR_MALFORMED},
        {"unknown, and outside",   {{unknown, UINT32_MAX, 1}, {none, 0, 0}},   2, 100, ERR_MALFORMED},
        {"an empty certificate",   {{ask, 48, 0}, {none, 0, 0}},               2, 100, ERR_MALFORMED},
        {"one twice",              {{ask, 72, 4}, {ask, 80, 4}, {none, 0, 0}}, 3, 100, ERR_MALFORMED},
        {"twice, in either order",
         {{vcek, 72, 4}, {vcek_stored, 80, 4}, {none, 0, 0}},
         3,                                                                       100,
         ERR_MALFORMED                                                                              },
        {"no end",                 {{vcek, 0, 4}},                             1, 24,  ERR_MALFORMED},
        {"an end of two thirds",   {{vcek, 0, 4}, {none, 0, 0}},               2, 40,  ERR_MALFORMED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct snp_guest_certs c;
        struct span table = table_of(rows[i].entries, rows[i].count, rows[i].n);
        test_note("%s", rows[i].name);
        EXPECT_ERR(rows[i].want, snp_guest_read_certs(&c, table));
    }
}

TEST(as_many_entries_as_are_read_and_one_more)
{
    struct entry many[SNP_GUEST_ENTRIES_MAX + 2];
    struct snp_guest_certs c;
    for (size_t i = 0; i < SNP_GUEST_ENTRIES_MAX + 2; i++) {
        many[i] = (struct entry){unknown, 1000, 4};
    }
    many[SNP_GUEST_ENTRIES_MAX].guid = none;
    many[SNP_GUEST_ENTRIES_MAX].offset = 0;
    many[SNP_GUEST_ENTRIES_MAX].len = 0;
    EXPECT_OK(snp_guest_read_certs(&c, table_of(many, SNP_GUEST_ENTRIES_MAX + 1, 4096)));
    many[SNP_GUEST_ENTRIES_MAX] = many[0];
    many[SNP_GUEST_ENTRIES_MAX + 1] = (struct entry){none, 0, 0};
    EXPECT_ERR(ERR_LIMIT,
               snp_guest_read_certs(&c, table_of(many, SNP_GUEST_ENTRIES_MAX + 2, 4096)));
}

TEST_MAIN
