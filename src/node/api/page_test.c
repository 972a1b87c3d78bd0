/* The page's files are those that its manifest names, and no others. */
#include "node/api/page.h"

#include "base/test.h"
#include "codec/base16.h"
#include "crypto/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool write_file(const char *dir, const char *name, const char *text)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "we");
    if (!f) {
        return false;
    }
    (void)fputs(text, f);
    return fclose(f) == 0;
}

static void write_manifest(const char *dir, const char *file, const char *text)
{
    struct hash32 h;
    char hex[65] = "";
    char manifest[512];
    struct wr w = wr_init(mspan_of(hex, 64));
    sha256(&h, span_str(text));
    base16_encode(&w, SPAN_OF(h.bytes));
    (void)snprintf(manifest, sizeof manifest,
                   "{\"files\":[{\"file\":\"%s\",\"type\":\"text/html\",\"sha256\":\"%s\"}]}", file,
                   hex);
    EXPECT(write_file(dir, "manifest.json", manifest));
}

static void remove_dir(const char *dir)
{
    static const char *const names[] = {"manifest.json", "index.html", "other.html"};
    for (size_t i = 0; i < 3; i++) {
        char path[256];
        (void)snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(dir);
}

TEST(only_what_the_manifest_names_is_served)
{
    static struct page p;
    struct diag diag = {0};
    char dir[] = "/tmp/pm-page-XXXXXX";
    TEST_REQUIRE(mkdtemp(dir));
    EXPECT_ERR(ERR_NOT_FOUND, page_load(&p, dir, &diag));
    EXPECT(write_file(dir, "index.html", "hello"));
    EXPECT(write_file(dir, "other.html", "other"));
    write_manifest(dir, "index.html", "hello");
    TEST_REQUIRE(EXPECT_OK(page_load(&p, dir, &diag)));
    EXPECT(page_find(&p, SPAN_LIT("/")));
    EXPECT(page_find(&p, SPAN_LIT("/index.html")));
    EXPECT(!page_find(&p, SPAN_LIT("/other.html")));
    EXPECT(!page_find(&p, SPAN_LIT("/manifest.json")));
    EXPECT(!page_find(&p, SPAN_LIT("")));
    EXPECT(!page_find(&p, SPAN_LIT("/../index.html")));
    page_done(&p);
    remove_dir(dir);
}

TEST(a_page_that_was_changed_is_refused)
{
    static struct page p;
    struct diag diag = {0};
    char dir[] = "/tmp/pm-page-XXXXXX";
    TEST_REQUIRE(mkdtemp(dir));
    EXPECT(write_file(dir, "index.html", "hello!"));
    write_manifest(dir, "index.html", "hello");
    EXPECT_ERR(ERR_AUTH, page_load(&p, dir, &diag));
    remove_dir(dir);
}

TEST(a_broken_manifest_is_refused)
{
    static const char *const names[] = {"../index.html", "/etc/passwd", ".hidden", "a/b", ""};
    static struct page p;
    struct diag diag = {0};
    char dir[] = "/tmp/pm-page-XXXXXX";
    TEST_REQUIRE(mkdtemp(dir));
    EXPECT(write_file(dir, "index.html", "hello"));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        test_note("%s", names[i]);
        write_manifest(dir, names[i], "hello");
        EXPECT_ERR(ERR_MALFORMED, page_load(&p, dir, &diag));
    }
    EXPECT(write_file(dir, "manifest.json", "{"));
    EXPECT_ERR(ERR_MALFORMED, page_load(&p, dir, &diag));
    EXPECT(write_file(dir, "manifest.json", "{\"files\":[]}"));
    EXPECT_ERR(ERR_MALFORMED, page_load(&p, dir, &diag)); /* no index.html */
    remove_dir(dir);
}

TEST_MAIN
