/* Linked into a passmesh-server of a test: roots_of is the certificate (PEM) in the file that PASSMESH_TEST_ROOT names, which is there when it is needed first, and no vendor's. The server of a
 * release does not have this. */
#include "codec/pem.h"
#include "tee/cert.h"
#include "tee/roots.h"

#include <stdio.h>
#include <stdlib.h>

static struct anchor anchor;

static void load(void)
{
    static uint8_t text[4096];
    static uint8_t der[4096];
    const char *path = getenv("PASSMESH_TEST_ROOT"); /* NOLINT(concurrency-mt-unsafe) */
    struct wr w = wr_init(MSPAN_OF(der));
    struct cert root;
    FILE *f = path ? fopen(path, "r") : NULL;
    if (!f) {
        return;
    }
    struct span rest = span_of(text, fread(text, 1, sizeof text, f));
    (void)fclose(f);
    if (pem_take(&w, &rest, "CERTIFICATE") == OK &&
        cert_decode(&root, span_of(der, w.n), NULL) == OK) {
        sha256(&anchor.spki, root.spki);
        sha256(&anchor.certificate, root.der);
    }
}

struct anchors roots_of(enum tee_kind kind)
{
    static bool is_loaded;
    (void)kind;
    if (!is_loaded) {
        load();
        is_loaded = true;
    }
    return (struct anchors){.list = &anchor, .count = 1};
}
