/* Keys of a repository's owners as files: PKCS #8 (RFC 5958) in PEM, in the one form that we write; other tools read it too. */
#include "node/plugin/repo.h"

#include "codec/pem.h"
#include "node/os/entropy.h"
#include "node/plugin/folder.h"
#include "node/plugin/repo_token.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_FILE_LEN_MAX = 1024, SEED_LEN = 32, HEAD_LEN_MAX = 40, PUBLIC_LEN_MAX = 1024 };

/* What stands before the 32 bytes of the seed (RFC 8410) or the number (RFC 5915, without the public point). */
static const uint8_t head_ed25519[] = {0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
                                       0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};
static const uint8_t head_p256[] = {0x30, 0x41, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07,
                                    0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08,
                                    0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x04,
                                    0x27, 0x30, 0x25, 0x02, 0x01, 0x01, 0x04, 0x20};

static struct span head_of(enum tuf_key_kind kind)
{
    return kind == TUF_KEY_ED25519 ? SPAN_OF(head_ed25519) : SPAN_OF(head_p256);
}

/* A new file that nobody else may read. */
static enum err write_new(const char *path, struct span bytes, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0) {
        return errno == EEXIST ? ERR_STATE : ERR_IO;
    }
    bool is_written = write(fd, bytes.p, bytes.n) == (ssize_t)bytes.n && fsync(fd) == 0;
    return close(fd) == 0 && is_written ? OK : ERR_IO;
}

static enum err write_secret(const char *path, enum tuf_key_kind kind, const struct secret32 *seed)
{
    uint8_t der[HEAD_LEN_MAX + SEED_LEN];
    uint8_t text[KEY_FILE_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(der));
    wr_bytes(&w, head_of(kind));
    wr_bytes(&w, SPAN_OF(seed->bytes));
    struct wr pem = wr_init(MSPAN_OF(text));
    pem_write(&pem, "PRIVATE KEY", span_of(der, w.n));
    enum err e = wr_ok(&w) && wr_ok(&pem) ? write_new(path, span_of(text, pem.n), 0600) : ERR_LIMIT;
    wipe(MSPAN_OF(der));
    wipe(MSPAN_OF(text));
    return e;
}

enum err repo_key_new(enum tuf_key_kind kind, const char *path)
{
    AUTO(secret32_wipe) struct secret32 seed;
    AUTO(tuf_signer_wipe) struct tuf_signer signer = {0};
    struct entropy entropy;
    uint8_t public[PUBLIC_LEN_MAX];
    char pub_path[REPO_PATH_LEN_MAX];
    int n = snprintf(pub_path, sizeof pub_path, "%s.pub", path);
    if (n < 0 || (size_t)n >= sizeof pub_path) {
        return ERR_LIMIT;
    }
    TRY(entropy_init(&entropy));
    do {
        rng_fill(&entropy.rng, MSPAN_OF(seed.bytes));
    } while (tuf_signer_init(&signer, kind, &seed) == ERR_MALFORMED);
    TRY(write_secret(path, kind, &seed));
    struct wr w = wr_init(MSPAN_OF(public));
    tuf_signer_print(&w, &signer);
    wr_str(&w, "\n");
    TRY(wr_end(&w));
    return write_new(pub_path, span_of(public, w.n), 0644);
}

static enum err decode(struct tuf_signer *ret, struct span text)
{
    static const enum tuf_key_kind kinds[] = {TUF_KEY_ED25519, TUF_KEY_P256};
    AUTO(secret32_wipe) struct secret32 seed;
    uint8_t der[HEAD_LEN_MAX + SEED_LEN];
    struct wr w = wr_init(MSPAN_OF(der));
    enum err e = pem_take(&w, &text, "PRIVATE KEY");
    for (size_t i = 0; i < 2 && e == OK; i++) {
        struct span head = head_of(kinds[i]);
        if (w.n == head.n + SEED_LEN && span_starts_with(span_of(der, w.n), head)) {
            memcpy(seed.bytes, der + head.n, SEED_LEN);
            e = tuf_signer_init(ret, kinds[i], &seed);
            wipe(MSPAN_OF(der));
            return e;
        }
    }
    wipe(MSPAN_OF(der));
    return ERR_MALFORMED;
}

enum err repo_key_load(struct tuf_signer *ret, const char *path)
{
    struct stat st;
    uint8_t text[KEY_FILE_LEN_MAX];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    }
    enum err e = fstat(fd, &st) == 0 ? OK : ERR_IO;
    if (e == OK && (st.st_mode & 077) != 0) {
        e = ERR_DENIED;
    }
    ssize_t n = e == OK ? read(fd, text, sizeof text) : -1;
    (void)close(fd);
    if (e == OK) {
        e = n > 0 ? decode(ret, span_of(text, (size_t)n)) : ERR_IO;
    }
    wipe(MSPAN_OF(text));
    return e;
}

enum err repo_token_show(const char *uri, int pin_fd)
{
    AUTO(repo_token_close) struct repo_token token = {.module = NULL};
    struct tuf_signer signer;
    uint8_t text[PUBLIC_LEN_MAX];
    char why[REPO_TOKEN_WORDS_LEN] = "";
    enum err e = repo_token_open(&token, uri, pin_fd, why);
    if (e != OK) {
        (void)fprintf(stderr, "passmesh-repo: the key cannot be used: %s\n", why);
        return e;
    }
    tuf_signer_init_token(&signer, &token.token);
    struct wr w = wr_init(MSPAN_OF(text));
    tuf_signer_print(&w, &signer);
    TRY(wr_end(&w));
    (void)printf("%.*s\n", (int)w.n, (const char *)text);
    return OK;
}
