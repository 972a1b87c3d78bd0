/* attest_ask: asks a server twice what its machine proves, as a wallet does under the policy that is built in, and prints each verdict as a line of JSON:
 *
 *     attest_ask ADDR ROOT
 *
 * ROOT is a file with the certificate (PEM) of the CA that stands in for the makers': roots_of is this program's own, for a test. No program but those of tests takes a root from a file. */
#include "codec/pem.h"
#include "node/attest/attest_asker.h"
#include "node/net/socket_host.h"
#include "tee/cert.h"
#include "tee/roots.h"

#include <sys/time.h>

enum { TIMES = 2, ROOT_LEN_MAX = 4096 };

static struct socket_host s;
static struct attest_asker *asker;
static struct peer_id peer;
static struct anchor anchor;
static int ends_count;
static enum err err;

struct anchors roots_of(enum tee_kind kind)
{
    (void)kind;
    return (struct anchors){.list = &anchor, .count = 1};
}

static uint64_t unix_s(void *user)
{
    struct timeval tv = {0};
    (void)user;
    (void)gettimeofday(&tv, NULL);
    return (uint64_t)tv.tv_sec;
}

static void ask(void)
{
    err = attest_asker_ask(asker, &peer);
    if (err != OK) {
        loop_stop(&s.loop);
    }
}

static void on_end(void *user, const struct peer_id *from, const struct attest_verdict *v)
{
    static const char *const ends[] = {"accepted", "refused", "nothing", "broken"};
    (void)user;
    (void)from;
    (void)printf("{\"end\":\"%s\",\"kind\":\"%s\",\"level\":\"%s\",\"step\":\"%s\"}\n",
                 ends[v->end], tee_kind_name(v->kind), tee_level_name(v->level),
                 appraisal_step_name(v->step));
    (void)fflush(stdout);
    if (++ends_count < TIMES) {
        ask();
    } else {
        loop_stop(&s.loop);
    }
}

static void on_event(void *user, const struct host_event *e)
{
    (void)user;
    if (e->kind == HOST_EVENT_PEER_CONNECTED) {
        peer = e->peer;
        ask();
    } else if (e->kind == HOST_EVENT_DIAL_FAILED) {
        err = e->err;
        loop_stop(&s.loop);
    }
}

MUST_CHECK static enum err trust(const char *path)
{
    static uint8_t text[2 * ROOT_LEN_MAX];
    static uint8_t der[ROOT_LEN_MAX];
    struct cert root;
    FILE *f = fopen(path, "r");
    if (!f) {
        return ERR_NOT_FOUND;
    }
    struct span rest = span_of(text, fread(text, 1, sizeof text, f));
    struct wr w = wr_init(MSPAN_OF(der));
    (void)fclose(f);
    TRY(pem_take(&w, &rest, "CERTIFICATE"));
    TRY(cert_decode(&root, span_of(der, w.n), NULL));
    sha256(&anchor.spki, root.spki);
    sha256(&anchor.certificate, root.der);
    return OK;
}

MUST_CHECK static enum err start(const char *addr, const char *root)
{
    const struct socket_host_cfg cfg = {.on_event = on_event};
    TRY(socket_host_init(&s, &cfg));
    TRY(trust(root));
    const struct attest_asker_cfg wallet = {.host = &s.host,
                                            .budget = &s.budget,
                                            .rng = &s.entropy.rng,
                                            .unix_s = unix_s,
                                            .on_end = on_end};
    TRY(attest_asker_new(&asker, &wallet, NULL));
    return socket_host_dial(&s, addr);
}

int main(int argc, char **argv)
{
    err = argc == 3 ? start(argv[1], argv[2]) : ERR_MALFORMED;
    if (err == OK) {
        loop_run(&s.loop);
    }
    if (err != OK) {
        (void)fprintf(stderr, "attest_ask: %s\n", err_name(err));
    }
    attest_asker_free(asker);
    socket_host_done(&s);
    return err == OK ? 0 : 1;
}
