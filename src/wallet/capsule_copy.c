/* The messages about copies of a capsule. Numbers are big-endian. */
#include "wallet/capsule_copy.h"

#include "base/check.h"
#include "base/rd.h"
#include "base/wr.h"
#include "crypto/hkdf.h"

#include <assert.h>

static_assert((int)CAPSULE_LEN == (int)SERVICE_CAPSULE_LEN, "as the protocol has it");

enum { PUT_VERSION = 1, GET_VERSION = 1, FLAG_BACKUP_ELIGIBLE = 1 };

static const char label_locator[] = "passmesh vault 1 locator";
static const char label_get[] = "passmesh vault 1 copy";

void capsule_locator(struct hash32 *ret, struct span user_handle)
{
    AUTO(secret32_wipe) struct secret32 root;
    hkdf_extract(&root, SPAN_EMPTY, user_handle);
    check(hkdf_expand(MSPAN_OF(ret->bytes), &root, span_str(label_locator)) == OK);
}

void capsule_copy_challenge(struct hash32 *ret, struct span nonces)
{
    const struct span parts[] = {span_of(label_get, sizeof label_get), nonces};
    sha256_of(ret, parts, 2);
}

enum err capsule_put_encode(const struct capsule_put *p, struct buf *out)
{
    struct wr w = wr_init_buf(out);
    wr_u8(&w, PUT_VERSION);
    wr_bytes(&w, SPAN_OF(p->locator.bytes));
    wr_bytes(&w, SPAN_OF(p->key.xy));
    wr_u8(&w, p->is_backup_eligible ? FLAG_BACKUP_ELIGIBLE : 0);
    wr_be16_sized(&w, p->credential_id);
    wr_be16_sized(&w, p->origin);
    wr_bytes(&w, p->capsule);
    return wr_end(&w);
}

static bool is_between(struct span s, size_t most)
{
    return s.n > 0 && s.n <= most;
}

enum err capsule_put_decode(struct capsule_put *ret, struct span in)
{
    struct capsule_put p;
    struct rd r = rd_init(in);
    uint8_t version = rd_u8(&r);
    rd_copy(&r, MSPAN_OF(p.locator.bytes));
    rd_copy(&r, MSPAN_OF(p.key.xy));
    uint8_t flags = rd_u8(&r);
    p.is_backup_eligible = flags == FLAG_BACKUP_ELIGIBLE;
    p.credential_id = rd_be16_sized(&r);
    p.origin = rd_be16_sized(&r);
    p.capsule = rd_bytes(&r, CAPSULE_LEN);
    bool is_good = rd_end(&r) && version == PUT_VERSION && flags <= FLAG_BACKUP_ELIGIBLE &&
                   is_between(p.credential_id, CAPSULE_CREDENTIAL_ID_MAX) &&
                   is_between(p.origin, COPY_ORIGIN_MAX);
    if (!is_good) {
        return ERR_MALFORMED;
    }
    *ret = p;
    return OK;
}

enum err capsule_get_encode(const struct capsule_get *g, struct buf *out)
{
    struct wr w = wr_init_buf(out);
    wr_u8(&w, GET_VERSION);
    wr_bytes(&w, SPAN_OF(g->locator.bytes));
    wr_be16_sized(&w, g->nonces);
    wr_be16_sized(&w, g->response.client_data_json);
    wr_be16_sized(&w, g->response.authenticator_data);
    wr_be16_sized(&w, g->response.signature);
    return wr_end(&w);
}

enum err capsule_get_decode(struct capsule_get *ret, struct span in)
{
    struct capsule_get g;
    struct rd r = rd_init(in);
    uint8_t version = rd_u8(&r);
    rd_copy(&r, MSPAN_OF(g.locator.bytes));
    g.nonces = rd_be16_sized(&r);
    g.response.client_data_json = rd_be16_sized(&r);
    g.response.authenticator_data = rd_be16_sized(&r);
    g.response.signature = rd_be16_sized(&r);
    bool is_good = rd_end(&r) && version == GET_VERSION && g.nonces.n % COPY_NONCE_LEN == 0 &&
                   is_between(g.nonces, (size_t)COPY_NONCES_MAX * COPY_NONCE_LEN);
    if (!is_good) {
        return ERR_MALFORMED;
    }
    *ret = g;
    return OK;
}
