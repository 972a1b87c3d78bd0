/* The release list: what it lifts to code-attested, and that it only grows. */
#include "tee/releases.h"

#include "base/test.h"
#include "tee/policy.h"

#include <stdio.h>
#include <string.h>

#define ENTRY(name, mrtd, svn, end, revoked)                                                       \
    "{\"kind\":\"tdx\",\"name\":\"" name "\",\"measurements\":{\"mrtd\":\"" mrtd                   \
    "\",\"rtmr1\":\"02\"},\"svn_min\":" svn ",\"not_after\":\"" end "\",\"revoked\":" revoked "}"
#define LIST(sequence, entries)                                                                    \
    "{\"version\":1,\"sequence\":" sequence ",\"releases\":[" entries "]}"
#define SOON "2030-01-01T00:00:00Z"

static struct appraisal a;

static void measured(void)
{
    appraisal_init(&a, TEE_TDX);
    appraisal_measure(&a, MEASURED_MRTD, test_hex("01"));
    appraisal_measure(&a, MEASURED_RTMR1, test_hex("02"));
    a.svn = 3;
}

static const walltime now = {1750000000}; /* 2025 */

TEST(which_entries_hold)
{
    static const struct {
        const char *list;
        bool want;
    } rows[] = {
        {LIST("1", ""), false},
        {LIST("1", ENTRY("r", "01", "0", SOON, "false")), true},
        {LIST("1", ENTRY("r", "01", "3", SOON, "false")), true},
        {LIST("1", ENTRY("r", "01", "4", SOON, "false")), false},
        {LIST("1", ENTRY("r", "0100", "0", SOON, "false")), false},
        {LIST("1", ENTRY("r", "01", "0", "2025-01-01T00:00:00Z", "false")), false},
        {LIST("1", ENTRY("r", "01", "0", SOON, "true")), false},
        {LIST("1", ENTRY("r", "01", "0", SOON, "false") "," ENTRY("s", "01", "0", SOON, "true")),
         false},
        {LIST("1", ENTRY("r", "05", "0", SOON, "true") "," ENTRY("s", "01", "0", SOON, "false")),
         true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct releases r;
        measured();
        test_note("row %zu", i);
        TEST_REQUIRE(EXPECT_OK(releases_parse(&r, span_str(rows[i].list), NULL)));
        EXPECT_EQ(rows[i].want, releases_have(&r, &a, now));
        a.kind = TEE_SGX;
        EXPECT(!releases_have(&r, &a, now));
    }
    struct releases none = {0};
    EXPECT(!releases_have(&none, &a, now));
}

TEST(lists_that_are_refused)
{
    static const char *const bad[] = {
        "",
        "{\"version\":2,\"sequence\":1,\"releases\":[]}",
        "{\"version\":1,\"releases\":[]}",
        "{\"version\":1,\"sequence\":1,\"releases\":{}}",
        "{\"version\":1,\"sequence\":1,\"releases\":[],\"more\":0}",
        LIST("1", "{}"),
        LIST("1", ENTRY("", "01", "0", SOON, "false")),
        LIST("1", ENTRY("r", "", "0", SOON, "false")),
        LIST("1", ENTRY("r", "0", "0", SOON, "false")),
        LIST("1", ENTRY("r", "01", "-1", SOON, "false")),
        LIST("1", ENTRY("r", "01", "4294967296", SOON, "false")),
        LIST("1", ENTRY("r", "01", "0", "soon", "false")),
        LIST("1", ENTRY("r", "01", "0", SOON, "0")),
        LIST("1", "{\"kind\":\"tdx\",\"name\":\"r\",\"measurements\":{},\"svn_min\":0,"
                  "\"not_after\":\"" SOON "\",\"revoked\":false}"),
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct releases r = {0};
        test_note("list %zu", i);
        EXPECT(releases_parse(&r, span_str(bad[i]), NULL) != OK);
        EXPECT(!r.is_parsed);
    }
}

TEST(a_list_only_grows)
{
    static const char last[] = LIST("5", ENTRY("r", "01", "0", SOON, "false"));
    static const struct {
        const char *next;
        enum err want;
    } rows[] = {
        {LIST("6", ENTRY("r", "01", "0", SOON, "false")), OK},
        {LIST("6", ENTRY("r", "01", "0", SOON, "true")), OK},
        {LIST("6", ENTRY("r", "01", "0", SOON, "false") "," ENTRY("s", "03", "0", SOON, "false")),
         OK},
        {LIST("5", ENTRY("r", "01", "0", SOON, "false")), ERR_DENIED},
        {LIST("4", ENTRY("r", "01", "0", SOON, "false")), ERR_DENIED},
        {LIST("6", ""), ERR_DENIED},
        {LIST("6", ENTRY("s", "03", "0", SOON, "false") "," ENTRY("r", "01", "0", SOON, "false")),
         ERR_DENIED},
        {LIST("6", ENTRY("r", "02", "0", SOON, "false")), ERR_DENIED},
        {LIST("6", ENTRY("q", "01", "0", SOON, "false")), ERR_DENIED},
        {LIST("6", ENTRY("r", "01", "1", SOON, "false")), ERR_DENIED},
        {LIST("6", ENTRY("r", "01", "0", "2031-01-01T00:00:00Z", "false")), ERR_DENIED},
    };
    struct releases before;
    struct releases none = {0};
    TEST_REQUIRE(releases_parse(&before, span_str(last), NULL) == OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct releases after;
        TEST_REQUIRE(EXPECT_OK(releases_parse(&after, span_str(rows[i].next), NULL)));
        test_note("row %zu", i);
        EXPECT_ERR(rows[i].want, releases_extends(&before, &after));
        EXPECT_OK(releases_extends(&none, &after));
    }
    EXPECT_ERR(ERR_DENIED, releases_extends(&before, &none));
    /* What was revoked stays so. */
    struct releases revoked;
    struct releases again;
    TEST_REQUIRE(releases_parse(&revoked, span_str(LIST("6", ENTRY("r", "01", "0", SOON, "true"))),
                                NULL) == OK);
    TEST_REQUIRE(releases_parse(&again, span_str(LIST("7", ENTRY("r", "01", "0", SOON, "false"))),
                                NULL) == OK);
    EXPECT_ERR(ERR_DENIED, releases_extends(&revoked, &again));
}

/* The level, and a policy that wants it. */
TEST(levels)
{
    static const char any[] =
        "{\"version\":1,\"rules\":[{\"kind\":\"tdx\",\"measurements\":\"any\"}]}";
    static const char released[] =
        "{\"version\":1,\"rules\":[{\"kind\":\"tdx\",\"measurements\":\"released\"}]}";
    struct releases r;
    struct policy p;
    struct policy_rule rule;
    TEST_REQUIRE(
        releases_parse(&r, span_str(LIST("1", ENTRY("r", "01", "0", SOON, "false"))), NULL) == OK);
    for (int has_list = 0; has_list < 2; has_list++) {
        struct expectation e = {
            .policy = &p, .releases = has_list ? &r : NULL, .now = now, .binding = SPAN_LIT("me")};
        measured();
        EXPECT_OK(appraisal_report_data(&a, SPAN_LIT("me")));
        TEST_REQUIRE(policy_parse(&p, span_str(any), NULL) == OK &&
                     policy_find(&rule, &p, TEE_TDX));
        EXPECT_OK(policy_decide(&a, &rule, &e));
        EXPECT_EQ(has_list ? TEE_LEVEL_CODE_ATTESTED : TEE_LEVEL_HARDWARE_ATTESTED, a.level);
        TEST_REQUIRE(policy_parse(&p, span_str(released), NULL) == OK &&
                     policy_find(&rule, &p, TEE_TDX));
        EXPECT_ERR(has_list ? OK : ERR_DENIED, policy_decide(&a, &rule, &e));
        EXPECT_STR(has_list ? "none" : "policy_measurement", appraisal_step_name(a.failed));
    }
}

TEST_MAIN
