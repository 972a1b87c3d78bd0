/* TLS of a secure WebSocket as a server has it: byte 0 chooses the seed of the cuts, bytes 1 and 2 a byte of the honest client's
 * last flight and how it is changed, byte 3 a budget, byte 4 how many honest flights come first. Then come the fuzzer's own
 * bytes. It must end in a known state and give its memory back, and hand out no data before it is ready. OpenSSL draws its own
 * randomness, so the honest bytes differ from run to run. */
#include "base/check.h"
#include "base/rng.h"
#include "crypto/backend.h"
#include "p2p/tls_web.h"
#include "p2p/tls_web_test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tls_web_context serving;
static struct tls_web_context dialling;

static void start(void)
{
    const char *rule;
    check(crypto_init() == OK);
    check(tls_web_context_serve(&serving, &rule, SPAN_LIT(TLS_WEB_TEST_GOOD),
                                SPAN_LIT(TLS_WEB_TEST_GOOD_KEY)) == OK);
    check(tls_web_context_dial(&dialling, SPAN_LIT(TLS_WEB_TEST_CA)) == OK);
}

static void feed(struct tls_web *t, struct span in, struct rng *cuts)
{
    enum err err = OK;
    while (in.n > 0 && err == OK) {
        struct span piece = span_take(&in, (size_t)(1 + rng_below(cuts, 200)));
        while (piece.n > 0 && err == OK) {
            struct mspan data;
            err = tls_web_recv(t, &data, &piece);
            check(data.n == 0 || t->state >= TLS_WEB_READY);
            check((err == OK) == (t->state <= TLS_WEB_READY));
            check(t->state != TLS_WEB_FAILED || t->rule);
        }
    }
    tls_web_let_go(t);
}

static void talk(struct tls_web *from, struct tls_web *to, const uint8_t *change, struct rng *cuts)
{
    static uint8_t bytes[4096];
    size_t n = tls_web_send(from, MSPAN_OF(bytes));
    if (change && n > 0) {
        bytes[change[1] % n] ^= change[0];
    }
    feed(to, span_of(bytes, n), cuts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 5) {
        return 0;
    }
    if (!serving.ctx) {
        start();
    }
    struct rng_seeded cuts;
    struct budget honest;
    struct budget tested;
    rng_seeded_init(&cuts, data[0]);
    budget_init(&honest, NULL, "fuzz", (size_t)1 << 20);
    budget_init(&tested, NULL, "fuzz",
                data[3] == 0 ? (size_t)1 << 20 : TLS_WEB_SHAKING_MEM - 1024 + data[3] * 256U);
    struct tls_web_cfg cfg = {.context = &serving, .budget = &tested};
    struct tls_web client = {0};
    struct tls_web server = {0};
    if (tls_web_init(&server, &cfg) == OK) {
        cfg = (struct tls_web_cfg){.context = &dialling,
                                   .is_client = true,
                                   .name = SPAN_LIT("a.example"),
                                   .budget = &honest};
        check(tls_web_init(&client, &cfg) == OK);
        unsigned flights = data[4] % 3;
        for (unsigned i = 0; i < flights; i++) {
            talk(&client, &server, i + 1 == flights ? data + 1 : NULL, &cuts.rng);
            talk(&server, &client, NULL, &cuts.rng);
        }
        feed(&server, span_of(data + 5, size - 5), &cuts.rng);
    }
    tls_web_done(&client);
    tls_web_done(&server);
    check(honest.used == 0);
    check(tested.used == 0);
    return 0;
}
