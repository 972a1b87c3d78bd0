#include "plugin/package.h"

#include "base/test.h"
#include "plugin/target_name.h"
#include "plugin/tuf_rig_test.h"

#include <stdio.h>
#include <string.h>

#define HASH "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"

/* A target of 3 bytes with its custom field. */
#define FILE_TARGET(name, mode)                                                                    \
    "\"" name "\":{\"custom\":{\"chunks\":[\"" HASH "\"],\"mode\":\"" mode                         \
    "\"},\"hashes\":{\"sha256\":\"" HASH "\"},\"length\":3}"
#define ENTRY(folder, version, platform, more)                                                     \
    "\"" folder "srv\":{\"custom\":{\"chunks\":[\"" HASH                                           \
    "\"],\"mode\":\"0755\",\"package\":{\"abi\":1,\"client_min\":\"0.1.0\","                       \
    "\"entry\":\"srv\",\"files\":[\"srv\",\"keyd\"],\"name\":\"server\",\"platform\":\"" platform  \
    "\",\"version\":\"" version "\"" more "}},"                                                    \
    "\"hashes\":{\"sha256\":\"" HASH "\"},\"length\":3}," FILE_TARGET(folder "keyd", "0755")

static struct tuf_metadata parse(struct rig *r, const char *targets)
{
    struct tuf_metadata m = {0};
    struct diag why = {0};
    struct span text = rig_sign(r, rig_targets_body(r, 1, targets, ""), "");
    EXPECT_OK(tuf_metadata_parse(&m, TUF_TARGETS, text, &r->work, &why));
    return m;
}

static struct package_machine machine(void)
{
    return (struct package_machine){
        .platform = SPAN_LIT("x86_64-linux"),
        .client = {0, 1, 0},
        .abi = 1,
        .cores = 4,
        .memory_mib = 4096,
        .disk_mib = 10000,
        .tpm = 2,
        .reachable = true
    };
}

static enum err
choose(struct rig *r, const char *targets, struct package *p, struct package_match *match)
{
    struct package_machine has = machine();
    struct tuf_metadata m = parse(r, targets);
    return package_choose(p, match, &m, SPAN_LIT("server"), &has);
}

TEST(versions)
{
    static const char *const refused[] = {"",      "1",      "1.2",         "1.2.3.4",
                                          "1.2.",  ".1.2",   "1..2",        "01.2.3",
                                          "1.2.x", "1.2.-3", "1.2.1000000", " 1.2.3"};
    struct package_version v;
    struct package_version w;
    EXPECT_OK(package_version_parse(&v, SPAN_LIT("1.20.3")));
    EXPECT_EQ(20, v.minor);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        test_note("%s", refused[i]);
        EXPECT_ERR(ERR_MALFORMED, package_version_parse(&v, span_str(refused[i])));
    }
    EXPECT_OK(package_version_parse(&v, SPAN_LIT("1.9.9")));
    EXPECT_OK(package_version_parse(&w, SPAN_LIT("1.10.0")));
    EXPECT(package_version_compare(v, w) < 0);
    EXPECT(package_version_compare(w, v) > 0);
    EXPECT(package_version_compare(w, w) == 0);
}

TEST(the_newest_that_suits)
{
    struct rig *r = rig_new();
    struct package p;
    static struct package_match match;
    static const char targets[] = ENTRY("a/", "1.0.0", "x86_64-linux", "") "," ENTRY(
        "b/", "1.2.0", "x86_64-linux", "") "," ENTRY("c/", "1.1.0", "x86_64-linux",
                                                     "") "," ENTRY("d/", "2.0.0", "aarch64-linux",
                                                                   "");
    EXPECT_OK(choose(r, targets, &p, &match));
    EXPECT(match.is_met);
    EXPECT_SPAN(SPAN_LIT("b/"), p.folder);
    EXPECT_EQ(2, p.version.minor);
    static struct package_file files[PACKAGE_FILES_MAX];
    size_t count;
    struct hash32 hash;
    struct diag why = {0};
    struct tuf_metadata m = parse(r, targets);
    EXPECT_OK(package_files(files, &count, &p, &m, &why));
    EXPECT_EQ(2, count);
    EXPECT_EQ(0755, files[1].mode);
    EXPECT(package_file_chunk(&files[0], 0, &hash));
    EXPECT(!package_file_chunk(&files[0], 1, &hash));
    rig_free(r);
}

TEST(none_of_that_name)
{
    struct rig *r = rig_new();
    struct package p;
    static struct package_match match;
    EXPECT_ERR(ERR_NOT_FOUND, choose(r, FILE_TARGET("a/srv", "0755"), &p, &match));
    EXPECT_ERR(ERR_NOT_FOUND, choose(r, "", &p, &match));
    rig_free(r);
}

TEST(needs_at_their_limits)
{
    static const struct {
        const char *needs;
        bool is_met;
        const char *text;
        const char *help;
    } cases[] = {
        {"\"cores\":4",         true,  "It needs 4 processor cores; 4 are free for it.",        ""           },
        {"\"cores\":5",         false, "It needs 5 processor cores; 4 are free for it.",
         "1 more would do."                                                                                  },
        {"\"memory_mib\":4096", true,  "It needs 4096 MiB of memory; 4096 are available.",      ""           },
        {"\"memory_mib\":4097", false, "It needs 4097 MiB of memory; 4096 are available.",
         "Close programs that hold 1 MiB."                                                                   },
        {"\"disk_mib\":10000",  true,  "It needs 10000 MiB of disk; 10000 are free.",           ""           },
        {"\"disk_mib\":10001",  false, "It needs 10001 MiB of disk; 10000 are free.",           "Free 1 MiB."},
        {"\"tpm\":2",           true,  "It needs a TPM 2; there is a TPM 2.",                   ""           },
        {"\"tee\":\"sgx\"",     false, "It runs inside sgx; this machine has none.",
         "The processor has to have it, and the firmware has to switch it on."                               },
        {"\"reachable\":true",  true,  "It has to be reachable from outside; this machine is.", ""           },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rig *r = rig_new();
        struct package p;
        static struct package_match match;
        static const char base[] = ENTRY("a/", "1.0.0", "x86_64-linux", ",\"needs\":{}");
        const char *targets =
            (const char *)rig_replace(r, span_str(base), "\"needs\":{",
                                      (const char *)rig_text(r, "\"needs\":{%s", cases[i].needs).p)
                .p;
        test_note("%s", cases[i].needs);
        EXPECT_OK(choose(r, targets, &p, &match));
        EXPECT_EQ(cases[i].is_met, match.is_met);
        EXPECT_EQ(2, match.count);
        EXPECT_STR(cases[i].text, match.reasons[1].text);
        EXPECT_STR(cases[i].help, match.reasons[1].help);
        rig_free(r);
    }
}

TEST(an_old_client_and_another_interface)
{
    struct rig *r = rig_new();
    struct package p;
    static struct package_match match;
    static const char base[] = ENTRY("a/", "1.0.0", "x86_64-linux", "");
    const char *newer = (const char *)rig_replace(r, span_str(base), "0.1.0", "0.1.1").p;
    EXPECT_OK(choose(r, newer, &p, &match));
    EXPECT(!match.is_met);
    EXPECT_STR("Update Passmesh first.", match.reasons[1].help);
    const char *abi = (const char *)rig_replace(r, span_str(base), "\"abi\":1", "\"abi\":0").p;
    EXPECT_OK(choose(r, abi, &p, &match));
    EXPECT_STR("Wait for a newer package.", match.reasons[1].help);
    rig_free(r);
}

/* Of those that do not suit, the one that lacks less, so that the reasons are of use. */
TEST(what_lacks_less)
{
    struct rig *r = rig_new();
    struct package p;
    static struct package_match match;
    EXPECT_OK(choose(
        r,
        ENTRY("a/", "3.0.0", "x86_64-linux",
              ",\"needs\":{\"cores\":9,\"disk_mib\":99999}") "," ENTRY("b/", "1.0.0",
                                                                       "x86_64-linux",
                                                                       ",\"needs\":{\"cores\":9}"),
        &p, &match));
    EXPECT(!match.is_met);
    EXPECT_SPAN(SPAN_LIT("b/"), p.folder);
    rig_free(r);
}

TEST(malformed_packages)
{
    static const struct {
        const char *from;
        const char *to;
    } changes[] = {
        {"\"name\":\"server\"",           "\"name\":\"\""                              },
        {"\"name\":\"server\"",           "\"name\":null"                              },
        {"\"abi\":1",                     "\"abi\":-1"                                 },
        {"\"client_min\":\"0.1.0\"",      "\"client_min\":\"0.1\""                     },
        {"\"version\":\"1.0.0\"",         "\"version\":1"                              },
        {"\"entry\":\"srv\"",             "\"entry\":\"keyd\""                         },
        {"\"entry\":\"srv\"",             "\"entry\":\"../srv\""                       },
        {"\"platform\":\"x86_64-linux\"", "\"platform\":null"                          },
        {"\"files\":[\"srv\",\"keyd\"]",  "\"files\":null"                             },
        {"\"files\"",                     "\"needs\":[],\"files\""                     },
        {"\"files\"",                     "\"needs\":{\"cores\":\"4\"},\"files\""      },
        {"\"files\"",                     "\"needs\":{\"cores\":99999999999},\"files\""},
        {"\"files\"",                     "\"needs\":{\"quantum\":true},\"files\""     },
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct rig *r = rig_new();
        struct package p;
        struct tuf_listing l;
        struct json targets;
        struct diag why = {0};
        static const char base[] = ENTRY("a/", "1.0.0", "x86_64-linux", "");
        test_note("%s", changes[i].to);
        struct tuf_metadata m = parse(
            r, (const char *)rig_replace(r, span_str(base), changes[i].from, changes[i].to).p);
        EXPECT(json_find(&targets, m.body, "targets"));
        EXPECT(tuf_listing_find(&l, targets, SPAN_LIT("a/srv")));
        EXPECT_ERR(ERR_MALFORMED, package_parse(&p, SPAN_LIT("a/srv"), l.custom, &why));
        EXPECT(why.rule != NULL);
        rig_free(r);
    }
}

TEST(malformed_files)
{
    static const struct {
        const char *from;
        const char *to;
        const char *rule;
    } changes[] = {
        {"[\"srv\",\"keyd\"]",        "[\"srv\",\"other\"]",       "no target"         },
        {"[\"srv\",\"keyd\"]",        "[\"srv\",\"srv\"]",         "listed twice"      },
        {"[\"srv\",\"keyd\"]",        "[\"keyd\"]",                "entry is not among"},
        {"[\"srv\",\"keyd\"]",        "[\"srv\",\"../x\"]",        "not allowed"       },
        {"[\"srv\",\"keyd\"]",        "[\"srv\",\"a/b\"]",         "not allowed"       },
        {"[\"srv\",\"keyd\"]",        "[\"srv\",\".hidden\"]",     "not allowed"       },
        {"[\"srv\",\"keyd\"]",        "[\"srv\",\"\"]",            "not allowed"       },
        {"[\"srv\",\"keyd\"]",        "[\"srv\",null]",            "not allowed"       },
        {"\"mode\":\"0755\"",         "\"mode\":\"4755\"",         "mode"              },
        {"\"mode\":\"0755\"",         "\"mode\":\"0777\"",         "mode"              },
        {"\"mode\":\"0755\"",         "\"mode\":\"0644\"",         "no program"        },
        {"\"chunks\":[",              "\"chunks\":[\"" HASH "\",", "chunk"             },
        {"\"chunks\":[\"" HASH "\"]", "\"chunks\":[]",             "chunk"             },
        {"\"chunks\":[\"" HASH "\"]", "\"chunks\":[\"00\"]",       "chunk"             },
        {"\"sha256\"",                "\"sha512\"",                "SHA-256"           },
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct rig *r = rig_new();
        struct package p;
        static struct package_match match;
        static struct package_file files[PACKAGE_FILES_MAX];
        size_t count;
        struct diag why = {0};
        static const char base[] = ENTRY("a/", "1.0.0", "x86_64-linux", "");
        const char *targets =
            (const char *)rig_replace(r, span_str(base), changes[i].from, changes[i].to).p;
        test_note("%s", changes[i].to);
        EXPECT_OK(choose(r, targets, &p, &match));
        struct tuf_metadata m = parse(r, targets);
        EXPECT_ERR(ERR_MALFORMED, package_files(files, &count, &p, &m, &why));
        EXPECT(why.rule && strstr(why.rule, changes[i].rule));
        rig_free(r);
    }
}

TEST(names_of_targets)
{
    static const char *const safe[] = {"a",        "a/b", "a.b/c-d_e", "..a", "a..",
                                       "\xc3\xb6", "a b", "...",       "-a"};
    static const char *const unsafe[] = {"",
                                         "/",
                                         "/a",
                                         "a/",
                                         "a//b",
                                         ".",
                                         "..",
                                         "a/..",
                                         "../a",
                                         "a/../b",
                                         "./a",
                                         "a/./b",
                                         "a\nb",
                                         "a\x7f",
                                         "a\x1b[0m",
                                         "a\\b",
                                         "\xc2\x85",
                                         "\xe2\x80\xae"
                                         "cod.exe",
                                         "\xe2\x81\xa6",
                                         "\xff",
                                         "\xc0\xaf",
                                         "\xed\xa0\x80"};
    char longest[TUF_TARGET_NAME_MAX + 1];
    for (size_t i = 0; i < sizeof safe / sizeof safe[0]; i++) {
        test_note("%s", safe[i]);
        EXPECT(target_name_is_safe(span_str(safe[i])));
    }
    for (size_t i = 0; i < sizeof unsafe / sizeof unsafe[0]; i++) {
        test_note("%s", unsafe[i]);
        EXPECT(!target_name_is_safe(span_str(unsafe[i])));
    }
    EXPECT(!target_name_is_safe(SPAN_LIT("a\0b")));
    memset(longest, 'a', sizeof longest);
    EXPECT(target_name_is_safe(span_of(longest, 255)));
    EXPECT(!target_name_is_safe(span_of(longest, 256))); /* one part */
    longest[100] = '/';
    EXPECT(target_name_is_safe(span_of(longest, TUF_TARGET_NAME_MAX)));
    EXPECT(!target_name_is_safe(span_of(longest, TUF_TARGET_NAME_MAX + 1)));
}

TEST_MAIN
