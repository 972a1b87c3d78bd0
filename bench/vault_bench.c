/* The vault in a real passmesh-keyd, whose path is the argument: from a sealed PRF output to a signature, signatures a second, and what a
 * person's keyd weighs with an open vault. A line for each figure: name, value. */
#define _GNU_SOURCE
#include "base/check.h"
#include "base/test.h"
#include "crypto/backend.h"
#include "evm/bip32.h"
#include "node/keyd/keyd_client.h"
#include "node/keyd/vault_rig_test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { TIMEOUT_MS = 20000, UNLOCKS = 21, SIGNATURES = 4000 };

static struct bench {
    struct process process;
    struct keyd_client client;
    uint8_t reply[KEYD_REPLY_MAX];
    struct vault_rig rig;
} bench;

static enum err bench_ask(void *user, struct span *ret_body, uint8_t op, struct span body)
{
    struct bench *b = user;
    return keyd_client_ask(&b->client, MSPAN_OF(b->reply), ret_body, (enum keyd_op)op, body);
}

static uint64_t now_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static uint64_t rss_kib(int pid)
{
    char path[64];
    char text[2048] = {0};
    (void)snprintf(path, sizeof path, "/proc/%d/status", pid);
    int fd = open(path, O_RDONLY);
    ssize_t n = read(fd, text, sizeof text - 1);
    (void)close(fd);
    const char *line = n > 0 ? strstr(text, "VmRSS:") : NULL;
    return line ? strtoull(line + 6, NULL, 10) : 0;
}

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* The median of whole rounds: locked, unlocked, a transaction's worth of message prepared and signed for an account of a phrase. */
static uint64_t unlock_to_signature_us(struct bench *b, uint32_t number)
{
    uint64_t took[UNLOCKS];
    struct secp256k1_signature sig;
    struct span body;
    for (size_t i = 0; i < UNLOCKS; i++) {
        check(bench_ask(b, &body, KEYD_VAULT_LOCK, SPAN_EMPTY) == OK);
        uint64_t from = now_us();
        check(vault_rig_unlock(&b->rig) == OK);
        check(vault_rig_prepare(&b->rig, number, VAULT_SIGN_MESSAGE, "m/44'/60'/0'/0/0",
                                SPAN_LIT("a message")) == OK);
        check(vault_rig_sign(&b->rig, &sig, making_get()) == OK);
        took[i] = now_us() - from;
    }
    qsort(took, UNLOCKS, sizeof took[0], by_size);
    return took[UNLOCKS / 2];
}

/* Of the node's identity, which the engines of a daemon ask for: one request, one reply. */
static uint64_t signatures_per_s(struct bench *b)
{
    struct signature sig;
    static const struct span message =
        SPAN_INIT("noise-libp2p-static-key:0123456789abcdef0123456789abcdef");
    struct signer *port = &b->client.signer;
    uint64_t from = now_us();
    for (size_t i = 0; i < SIGNATURES; i++) {
        check(port->sign(port, &sig, SIGNER_NOISE_STATIC_KEY, message) == OK);
    }
    return (uint64_t)SIGNATURES * 1000000 / (now_us() - from);
}

int main(int argc, char **argv)
{
    struct bench *b = &bench;
    char dir[] = "/tmp/passmesh-bench-XXXXXX";
    struct span body;
    check(argc == 2 && mkdtemp(dir) && crypto_init() == OK);
    check(keyd_spawn(&b->process, argv[1], dir,
                     KEYD_MAY_IDENTITY | KEYD_MAY_MANAGE | KEYD_MAY_VAULT) == OK);
    keyd_client_init(&b->client, b->process.fd, TIMEOUT_MS);
    check(keyd_client_open_identity(&b->client) == OK);
    vault_rig_init(&b->rig, bench_ask, b, 1);
    uint64_t from = now_us();
    check(vault_rig_enrol(&b->rig));
    (void)printf("enrol_us %llu\n", (unsigned long long)(now_us() - from));
    check(bench_ask(b, &body, KEYD_VAULT_DRAW, SPAN_LIT("\x0c")) == OK);
    (void)printf("unlock_to_signature_us %llu\n", (unsigned long long)unlock_to_signature_us(b, 1));
    (void)printf("signatures_per_s %llu\n", (unsigned long long)signatures_per_s(b));
    (void)printf("rss_kib %llu\n", (unsigned long long)rss_kib(b->process.pid));
    (void)printf("capsule_bytes %d\n", CAPSULE_LEN);
    process_stop(&b->process, TIMEOUT_MS);
    static const char *const names[] = {"store", "store.key"};
    int fd = open(dir, O_RDONLY | O_DIRECTORY);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)unlinkat(fd, names[i], 0);
    }
    return rmdir(dir) == 0 ? 0 : 1;
}
