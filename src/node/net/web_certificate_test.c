/* Files of certificates, good and not. */
#include "node/net/web_certificate.h"

#include "base/test.h"
#include "crypto/backend.h"
#include "p2p/tls_web_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/web_certificate_XXXXXX";

static const char *path_of(const char *name)
{
    static char paths[2][64];
    static unsigned turn;
    char *path = paths[turn++ % 2];
    (void)snprintf(path, sizeof paths[0], "%s/%s", dir, name);
    return path;
}

static void put(const char *name, const char *text, mode_t mode)
{
    FILE *f = fopen(path_of(name), "w");
    TEST_REQUIRE(f != NULL);
    EXPECT(fputs(text, f) >= 0);
    EXPECT_EQ(0, fclose(f));
    EXPECT_EQ(0, chmod(path_of(name), mode));
}

static void expect_load(struct tls_web_context *c, enum err want, const char *rule)
{
    const char *said = "";
    struct web_certificate_files files = {.chain = path_of("chain"), .key = path_of("key")};
    EXPECT_ERR(want, web_certificate_load(c, &said, &files, test_budget()));
    if (want != OK) {
        EXPECT_STR(rule, said);
    }
}

TEST(files)
{
    static char long_text[TLS_WEB_PEM_LEN_MAX + 2];
    struct tls_web_context c = {0};
    EXPECT_OK(crypto_init());
    TEST_REQUIRE(mkdtemp(dir) != NULL);
    expect_load(&c, ERR_IO, "the file of the certificate cannot be read");
    put("chain", TLS_WEB_TEST_GOOD, 0644);
    expect_load(&c, ERR_IO, "the file of the key cannot be read");
    put("key", TLS_WEB_TEST_GOOD_KEY, 0604);
    expect_load(&c, ERR_DENIED, "others may read the file of the key: chmod o= it");
    EXPECT(c.ctx == NULL);
    EXPECT_EQ(0, chmod(path_of("key"), 0600));
    expect_load(&c, OK, NULL);
    struct ssl_ctx_st *first = c.ctx;
    EXPECT(first != NULL);
    put("chain", TLS_WEB_TEST_OTHER, 0644);
    expect_load(&c, ERR_MALFORMED, "the key is not that of the certificate");
    EXPECT(c.ctx == first);
    EXPECT_EQ(0, chmod(path_of("key"), 0640)); /* its group may */
    put("chain", TLS_WEB_TEST_GOOD, 0644);
    expect_load(&c, OK, NULL);
    memset(long_text, 'x', sizeof long_text - 1);
    put("chain", long_text, 0644);
    expect_load(&c, ERR_MALFORMED, "the file is too long");
    EXPECT_EQ(0, unlink(path_of("key")));
    EXPECT_EQ(0, mkfifo(path_of("key"), 0600)); /* nobody waits for what never comes */
    expect_load(&c, ERR_IO, "the file of the key cannot be read");
    tls_web_context_done(&c);
    EXPECT_EQ(0, unlink(path_of("key")));
    EXPECT_EQ(0, unlink(path_of("chain")));
    EXPECT_EQ(0, rmdir(dir));
}

TEST_MAIN
