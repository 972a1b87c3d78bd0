/* tdx_guest: stands in for passmesh-tpm on a machine that is a TDX guest, with platform and maker made here:
 *
 *     tdx_guest --device DIR/NAME --for evidence
 *
 * Writes into DIR what its maker publishes, each header in a file of its own beside the body, and the maker's root (root.pem); then answers as passmesh-tpm does (tpm_wire.h). */
#include "base/rd.h"
#include "codec/pem.h"
#include "node/os/process.h"
#include "node/tpm/tpm_wire.h"
#include "tee/evidence.h"
#include "tee/forge_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

enum { ARGS = 5, DAY_S = 86400, BINDING_LEN = 64 };

static struct forge f;
static struct forged made;

static void print_day(char ret[static 24], int64_t s)
{
    time_t t = (time_t)s;
    struct tm day;
    if (!gmtime_r(&t, &day) || strftime(ret, 24, "%Y-%m-%dT00:00:00Z", &day) == 0) {
        exit(1);
    }
}

/* A platform in good order, by the clock of this machine. */
static void describe(void)
{
    static char yesterday[24];
    static char later[24];
    struct timeval tv = {0};
    (void)gettimeofday(&tv, NULL);
    print_day(yesterday, tv.tv_sec - DAY_S);
    print_day(later, tv.tv_sec + 30 * (int64_t)DAY_S);
    f.kind = TEE_TDX;
    f.attributes = UINT64_C(1) << 28;
    memset(f.tee_tcb_svn, 5, sizeof f.tee_tcb_svn);
    f.tee_tcb_svn[1] = 1;
    f.tcb_issue = f.qe_issue = yesterday;
    f.tcb_next = f.qe_next = later;
    f.pck_crl.this_update = f.root_crl.this_update =
        (walltime){(uint64_t)tv.tv_sec - (uint64_t)DAY_S};
    f.pck_crl.next_update = f.root_crl.next_update =
        (walltime){(uint64_t)tv.tv_sec + 30 * (uint64_t)DAY_S};
}

static void put(const char *device, const char *name, struct span bytes)
{
    char path[512];
    const char *slash = strrchr(device, '/');
    (void)snprintf(path, sizeof path, "%.*s/%s", slash ? (int)(slash - device) : 1,
                   slash ? device : ".", name);
    FILE *file = fopen(path, "w");
    if (!file || fwrite(bytes.p, 1, bytes.n, file) != bytes.n || fclose(file) != 0) {
        (void)fprintf(stderr, "tdx_guest: %s cannot be written\n", path);
        exit(1);
    }
}

static void publish(const char *device)
{
    static uint8_t pem[4096];
    static struct chain signing;
    struct chain_fault fault;
    struct wr w = wr_init(MSPAN_OF(pem));
    const struct dcap_texts *t = &made.texts;
    forge(&made, &f);
    if (chain_read(&signing, &t->signing_chain, 1, &fault) != OK) {
        exit(1);
    }
    pem_write(&w, "CERTIFICATE", signing.certs[signing.count - 1].der);
    put(device, "tcb", forge_signed_body("tcbInfo", t->tcb_info, t->tcb_info_signature));
    put(device, "tcb.header", forge_issuer_header(t->signing_chain));
    put(device, "identity",
        forge_signed_body("enclaveIdentity", t->qe_identity, t->qe_identity_signature));
    put(device, "pckcrl", t->pck_crl);
    put(device, "pckcrl.header", forge_issuer_header(t->pck_crl_chain));
    put(device, "rootcacrl", t->root_crl);
    put(device, "root.pem", span_of(pem, w.n));
}

static size_t answer(struct mspan out, struct span request)
{
    static const char name[] = "configfs-tsm";
    struct evidence e = {.kind = TEE_TDX};
    struct rd r = rd_init(request);
    struct wr w = wr_init(out);
    uint8_t op = rd_u8(&r);
    rd_copy(&r, MSPAN_OF(f.report_data));
    if (op != TPM_EVIDENCE || !rd_end(&r)) {
        wr_u8(&w, ERR_UNSUPPORTED);
        return w.n;
    }
    forge(&made, &f);
    e.parts[EVIDENCE_MAIN] = made.quote;
    wr_u8(&w, OK);
    wr_u8(&w, sizeof name - 1);
    wr_str(&w, name);
    evidence_encode(&w, &e);
    return w.n;
}

int main(int argc, char **argv)
{
    static uint8_t request[TPM_REQUEST_MAX];
    static uint8_t reply[TPM_REPLY_MAX];
    if (argc != ARGS || strcmp(argv[1], "--device") != 0) {
        return 2;
    }
    describe();
    publish(argv[2]);
    for (;;) {
        ssize_t n = recv(PROCESS_CHILD_FD, request, sizeof request, 0);
        if (n <= 0) {
            return 0;
        }
        size_t len = answer(MSPAN_OF(reply), span_of(request, (size_t)n));
        if (send(PROCESS_CHILD_FD, reply, len, MSG_NOSIGNAL) != (ssize_t)len) {
            return 1;
        }
    }
}
