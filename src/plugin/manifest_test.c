#include "plugin/manifest.h"

#include "base/test.h"

#include <string.h>

#define HASH       "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
#define FILE_ENTRY "{\"name\":\"srv\",\"length\":3,\"sha256\":\"" HASH "\",\"mode\":493}"
#define TEXT(files)                                                                                \
    "{\"name\":\"server\",\"version\":\"1.2.3\",\"entry\":\"srv\",\"abi\":1,\"notes\":\"\","       \
    "\"files\":[" files "]}"

static struct manifest manifest;

TEST(what_is_printed_is_read_back)
{
    static uint8_t text[MANIFEST_LEN_MAX];
    struct package p = {
        .name = SPAN_LIT("server"),
        .entry = SPAN_LIT("srv"),
        .version = {1, 2, 3},
        .abi = 1,
        .notes = SPAN_LIT("What is new.")
    };
    struct package_file files[2] = {
        {.name = SPAN_LIT("srv"), .length = 3, .mode = 0755},
        {.name = SPAN_LIT("keyd"), .mode = 0644}
    };
    struct wr w = wr_init(MSPAN_OF(text));
    struct diag why = {0};
    struct journal_id id;
    struct journal_id other;
    memset(files[0].hash.bytes, 7, sizeof files[0].hash.bytes);
    EXPECT_OK(manifest_print(&w, &p, files, 2));
    EXPECT_OK(manifest_parse(&manifest, span_of(text, w.n), &why));
    EXPECT_EQ(2, manifest.files_count);
    EXPECT_EQ(0755, manifest.files[0].mode);
    EXPECT_SPAN(SPAN_OF(files[0].hash.bytes), SPAN_OF(manifest.files[0].hash.bytes));
    EXPECT_SPAN(SPAN_LIT("keyd"), manifest.files[1].name);
    EXPECT_SPAN(SPAN_LIT("What is new."), manifest.notes);
    EXPECT_EQ(0, package_version_compare(p.version, manifest.version));
    manifest_id(&id, span_of(text, w.n));
    text[w.n - 1] ^= 1;
    manifest_id(&other, span_of(text, w.n));
    EXPECT(!journal_id_equal(&id, &other));
    EXPECT_EQ(JOURNAL_ID_LEN, strlen(id.text));
}

TEST(an_id_is_the_hash_of_the_text)
{
    struct journal_id id;
    manifest_id(&id, SPAN_LIT("one"));
    EXPECT_STR(HASH, id.text);
}

TEST(refused)
{
    static const struct {
        const char *name;
        const char *text;
    } cases[] = {
        {"empty",                  ""                                                                        },
        {"no object",              "[]"                                                                      },
        {"no members",             "{}"                                                                      },
        {"files that are none",    "{\"name\":\"server\",\"version\":\"1.2.3\",\"entry\":\"srv\","
                                "\"abi\":1,\"notes\":\"\",\"files\":{}}"      },
        {"a version that is none", "{\"name\":\"server\",\"version\":\"1.2\",\"entry\":\"srv\","
                                   "\"abi\":1,\"notes\":\"\",\"files\":[]}"},
        {"a null file",            TEXT("null")                                                              },
        {"a mode that is neither",
         TEXT("{\"name\":\"srv\",\"length\":3,\"sha256\":\"" HASH "\",\"mode\":511}")                        },
        {"a negative length",
         TEXT("{\"name\":\"srv\",\"length\":-3,\"sha256\":\"" HASH "\",\"mode\":493}")                       },
        {"a short hash",           TEXT("{\"name\":\"srv\",\"length\":3,\"sha256\":\"00\",\"mode\":493}")    },
        {"a name with an escape",
         TEXT("{\"name\":\"s\\u0072v\",\"length\":3,\"sha256\":\"" HASH "\",\"mode\":493}")                  },
    };
    struct diag why = {0};
    EXPECT_OK(manifest_parse(&manifest, SPAN_LIT(TEXT(FILE_ENTRY)), &why));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_note("%s", cases[i].name);
        why.rule = NULL;
        EXPECT_ERR(ERR_MALFORMED, manifest_parse(&manifest, span_str(cases[i].text), &why));
        EXPECT(why.rule != NULL);
    }
}

TEST(files_up_to_the_limit)
{
    static char text[PACKAGE_FILES_MAX * 160 + 512];
    for (size_t count = PACKAGE_FILES_MAX; count <= PACKAGE_FILES_MAX + 1; count++) {
        struct wr w = wr_init(MSPAN_OF(text));
        wr_str(&w, "{\"name\":\"server\",\"version\":\"1.2.3\",\"entry\":\"srv\",\"abi\":1,"
                   "\"notes\":\"\",\"files\":[");
        for (size_t i = 0; i < count; i++) {
            wr_str(&w, i == 0 ? FILE_ENTRY : "," FILE_ENTRY);
        }
        wr_str(&w, "]}");
        EXPECT_OK(wr_end(&w));
        EXPECT_ERR(count <= PACKAGE_FILES_MAX ? OK : ERR_MALFORMED,
                   manifest_parse(&manifest, span_of(text, w.n), NULL));
    }
}

TEST_MAIN
