#include "plugin/agreement.h"

#include "base/test.h"
#include "plugin/tuf_key.h"
#include "plugin/tuf_rig_test.h"

#include <stdio.h>

#define HASH  "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
#define OTHER "8692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"

/* What a repository says of a package of two files. */
struct listed {
    const char *name; /* of the case */
    const char *version;
    const char *platform;
    const char *files;
    const char *hash; /* of the second file, as the rest */
    const char *chunk;
    const char *mode;
    int length;
    int abi;
    const char *folder;
};

static const struct listed usual = {.version = "1.0.0",
                                    .platform = "x",
                                    .files = "\"srv\",\"keyd\"",
                                    .hash = HASH,
                                    .chunk = HASH,
                                    .mode = "0755",
                                    .length = 3,
                                    .abi = 1,
                                    .folder = "a/"};

static struct tuf_metadata make(struct rig *r, const struct listed *l)
{
    static char text[4096];
    struct tuf_metadata m = {0};
    struct diag why = {0};
    (void)snprintf(
        text, sizeof text,
        "\"%skeyd\":{\"custom\":{\"chunks\":[\"%s\"],\"mode\":\"%s\"},\"hashes\":{\"sha256\":\"%"
        "s\"},"
        "\"length\":%d},\"%ssrv\":{\"custom\":{\"chunks\":[\"" HASH "\"],\"mode\":\"0755\","
        "\"package\":{\"abi\":%d,\"client_min\":\"0.1.0\",\"entry\":\"srv\",\"files\":[%s],"
        "\"name\":\"server\",\"platform\":\"%s\",\"version\":\"%s\"}},"
        "\"hashes\":{\"sha256\":\"" HASH "\"},\"length\":3}",
        l->folder, l->chunk, l->mode, l->hash, l->length, l->folder, l->abi, l->files, l->platform,
        l->version);
    struct span signed_text = rig_sign(r, rig_targets_body(r, 1, text, ""), "");
    EXPECT_OK(tuf_metadata_parse(&m, TUF_TARGETS, signed_text, &r->work, &why));
    return m;
}

/* Does another repository, which says this, vouch for the usual package? */
static bool agrees(const struct listed *other)
{
    struct rig *a = rig_new();
    struct rig *b = rig_new();
    static struct package_file files[PACKAGE_FILES_MAX];
    static struct package_match match;
    struct package p;
    size_t count;
    struct tuf_metadata ma = make(a, &usual);
    struct tuf_metadata mb = make(b, other);
    const struct package_machine machine = {.platform = SPAN_LIT("x")};
    EXPECT_OK(package_choose(&p, &match, &ma, SPAN_LIT("server"), &machine));
    EXPECT_OK(package_files(files, &count, &p, &ma, NULL));
    bool is_so = agreement_has(&mb, &p, files, count);
    rig_free(b);
    rig_free(a);
    return is_so;
}

TEST(the_same_package_in_two_repositories)
{
    EXPECT(agrees(&usual));
    struct listed reordered = usual;
    reordered.files = "\"keyd\",\"srv\"";
    EXPECT(agrees(&reordered));
}

TEST(each_difference_is_one)
{
    static const struct listed cases[] = {
        {"another version",                               "1.0.1", "x", "\"srv\",\"keyd\"", HASH,  HASH,  "0755", 3, 1, "a/"},
        {"another platform",                              "1.0.0", "y", "\"srv\",\"keyd\"", HASH,  HASH,  "0755", 3, 1, "a/"},
        {"one file less",                                 "1.0.0", "x", "\"srv\"",          HASH,  HASH,  "0755", 3, 1, "a/"},
        {"another hash",                                  "1.0.0", "x", "\"srv\",\"keyd\"", OTHER, HASH,  "0755", 3, 1, "a/"},
        {"another chunk",                                 "1.0.0", "x", "\"srv\",\"keyd\"", HASH,  OTHER, "0755", 3, 1, "a/"},
        {"another mode",                                  "1.0.0", "x", "\"srv\",\"keyd\"", HASH,  HASH,  "0644", 3, 1, "a/"},
        {"another length",                                "1.0.0", "x", "\"srv\",\"keyd\"", HASH,  HASH,  "0755", 4, 1, "a/"},
        {"another abi",                                   "1.0.0", "x", "\"srv\",\"keyd\"", HASH,  HASH,  "0755", 3, 2, "a/"},
        {"another place",                                 "1.0.0", "x", "\"srv\",\"keyd\"", HASH,  HASH,  "0755", 3, 1, "b/"},
        {"no package at all: its second file is missing", "1.0.0", "x", "\"srv\",\"none\"", HASH,
         HASH,                                                                                            "0755", 3, 1, "a/"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_note("%s", cases[i].name);
        EXPECT(!agrees(&cases[i]));
    }
}

static bool shares(const char *a, const char *b)
{
    struct json x;
    struct json y;
    EXPECT_OK(json_parse(&x, span_str(a), NULL));
    EXPECT_OK(json_parse(&y, span_str(b), NULL));
    return agreement_shares_key(x, y);
}

#define ONE   "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
#define UPPER "D75A980182B10AB7D54BFED3C964073A0EE172F3DAA62325AF021A68F707511A"
#define TWO   "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c" /* RFC 8032 §7.1 */
#define KEY(id, text)                                                                              \
    "\"" id "\":{\"keytype\":\"ed25519\",\"scheme\":\"ed25519\",\"keyval\":{\"public\":\"" text    \
    "\"}}"
#define KEYS(text) "{\"keys\":{" text "}}"

TEST(a_key_in_common)
{
    EXPECT(shares(KEYS(KEY("1", ONE)), KEYS(KEY("1", ONE))));
    EXPECT(shares(KEYS(KEY("1", ONE)), KEYS(KEY("2", ONE)))); /* under another id */
    EXPECT(shares(KEYS(KEY("1", ONE) "," KEY("2", TWO)), KEYS(KEY("9", TWO))));
    EXPECT(!shares(KEYS(KEY("1", ONE)), KEYS(KEY("1", TWO))));
    EXPECT(!shares(KEYS(""), KEYS(KEY("1", ONE))));
    EXPECT(!shares("{}", KEYS(KEY("1", ONE))));
    EXPECT(!shares(KEYS(KEY("1", ONE)), "{\"keys\":[1]}"));
    EXPECT(!shares(KEYS(KEY("1", "7")), KEYS(KEY("1", "7")))); /* nobody can sign with that */
}

/* Written otherwise it is the same key, or none. */
TEST(a_key_in_common_is_found_however_it_is_written)
{
    struct json v;
    struct tuf_key key;
    EXPECT_OK(json_parse(&v, SPAN_LIT("{" KEY("1", UPPER) "}"), NULL));
    EXPECT(json_find(&v, v, "1"));
    bool is_key = tuf_key_parse(&key, v, NULL) == OK;
    EXPECT_EQ(is_key, shares(KEYS(KEY("1", ONE)), KEYS(KEY("1", UPPER))));
}

TEST_MAIN
