#include "node/keyd/vault_rig_test.h"

#include "base/check.h"
#include "base/rd.h"
#include "base/test.h"
#include "base/wr.h"
#include "wallet/vault_channel.h"

#include <string.h>

void vault_rig_init(struct vault_rig *r, vault_rig_ask ask, void *user, uint8_t seed)
{
    memset(r, 0, sizeof *r);
    budget_init(&r->budget, NULL, "rig", 1 << 20);
    r->ask = ask;
    r->user = user;
    r->key = software_passkey_make(seed);
    rng_seeded_init(&r->rng, seed);
    memset(r->id, seed, sizeof r->id);
    rng_fill(&r->rng.rng, MSPAN_OF(r->secret));
}

static enum err send(struct vault_rig *r, struct span *ret_body, uint8_t op, const struct wr *w)
{
    check(wr_ok(w));
    return r->ask(r->user, ret_body, op, span_of(r->request, w->n));
}

void vault_rig_seal(struct vault_rig *r, struct wr *w, uint8_t op, struct span secret)
{
    struct span key;
    struct secret32 ephemeral;
    static uint8_t sealed[4096];
    struct mspan out = mspan_of(sealed, secret.n + VAULT_CHANNEL_OVERHEAD);
    if (!EXPECT_OK(r->ask(r->user, &key, KEYD_VAULT_CHANNEL, SPAN_EMPTY))) {
        return;
    }
    const struct vault_use of = {.budget = &r->budget, .name = span_of(&op, 1)};
    rng_fill(&r->rng.rng, MSPAN_OF(ephemeral.bytes));
    EXPECT_OK(vault_channel_seal(out, key.p, &ephemeral, of, secret));
    wr_bytes(w, span_const(out));
}

static void seal_prf(struct vault_rig *r, struct wr *w, uint8_t op)
{
    struct secret32 prf;
    struct span input = SPAN_OF(r->prf_input);
    hmac_sha256(&prf, SPAN_OF(r->secret), &input, 1);
    vault_rig_seal(r, w, op, SPAN_OF(prf.bytes));
}

static void use(struct vault_rig *r, struct making how)
{
    how.challenge = SPAN_OF(r->challenge);
    how.credential_id = SPAN_OF(r->id);
    software_passkey_use(&r->made, &r->key, how);
}

static void assertion(struct wr *w, const struct made *m)
{
    wr_be16_sized(w, m->assertion.client_data_json);
    wr_be16_sized(w, m->assertion.authenticator_data);
    wr_be16_sized(w, m->assertion.signature);
}

struct verdict {
    enum vault_refusal refusal;
    bool is_done;
};

static bool read_verdict(struct vault_rig *r, struct verdict *ret, struct span body)
{
    struct rd rd = rd_init(body);
    ret->refusal = (enum vault_refusal)rd_u8(&rd);
    ret->is_done = rd_u8(&rd) == 1;
    rd_copy(&rd, MSPAN_OF(r->challenge));
    struct span prf_input = rd_bytes(&rd, sizeof r->prf_input);
    if (ret->refusal == VAULT_ACCEPTED && !ret->is_done) {
        (void)span_copy(MSPAN_OF(r->prf_input), prf_input);
    }
    return EXPECT(rd_end(&rd));
}

static bool create(struct vault_rig *r, struct verdict *v, struct making how)
{
    struct span body;
    if (!EXPECT_OK(r->ask(r->user, &body, KEYD_VAULT_ENROL, SPAN_EMPTY)) ||
        !read_verdict(r, v, body)) {
        return false;
    }
    use(r, how);
    struct wr w = wr_init(MSPAN_OF(r->request));
    wr_be16_sized(&w, software_rp.id);
    wr_be16_sized(&w, software_rp.origin);
    wr_be16_sized(&w, r->made.registration.client_data_json);
    wr_be16_sized(&w, r->made.registration.attestation_object);
    return EXPECT_OK(send(r, &body, KEYD_VAULT_CREATED, &w)) && read_verdict(r, v, body);
}

static bool assert_once(struct vault_rig *r, struct verdict *v, struct making how)
{
    struct span body;
    use(r, how);
    struct wr w = wr_init(MSPAN_OF(r->request));
    assertion(&w, &r->made);
    seal_prf(r, &w, KEYD_VAULT_ASSERTED);
    return EXPECT_OK(send(r, &body, KEYD_VAULT_ASSERTED, &w)) && read_verdict(r, v, body);
}

enum vault_refusal vault_rig_enrol_as(struct vault_rig *r, const struct making *hows, size_t count)
{
    struct verdict v = {.refusal = VAULT_REFUSAL_COUNT};
    if (!create(r, &v, hows[0])) {
        return VAULT_REFUSAL_COUNT;
    }
    for (size_t i = 0; i < count && v.refusal == VAULT_ACCEPTED; i++) {
        if (!assert_once(r, &v, hows[1 + i])) {
            return VAULT_REFUSAL_COUNT;
        }
    }
    return v.refusal;
}

bool vault_rig_enrol(struct vault_rig *r)
{
    struct making hows[] = {making_create(), making_get(), making_get()};
    hows[2].sign_count++;
    return EXPECT_EQ(VAULT_ACCEPTED, vault_rig_enrol_as(r, hows, 2));
}

enum err vault_rig_unlock(struct vault_rig *r)
{
    struct wr w = wr_init(MSPAN_OF(r->request));
    wr_be16_sized(&w, SPAN_OF(r->id));
    seal_prf(r, &w, KEYD_VAULT_UNLOCK);
    return send(r, &(struct span){0}, KEYD_VAULT_UNLOCK, &w);
}

enum err
vault_rig_import(struct vault_rig *r, uint32_t *ret_number, uint8_t kind, struct span secret)
{
    struct span body;
    struct wr w = wr_init(MSPAN_OF(r->request));
    wr_u8(&w, kind);
    vault_rig_seal(r, &w, KEYD_VAULT_IMPORT, secret);
    TRY(send(r, &body, KEYD_VAULT_IMPORT, &w));
    struct rd rd = rd_init(body);
    *ret_number = rd_be32(&rd);
    EXPECT(rd_end(&rd));
    return OK;
}

enum err vault_rig_prepare(
    struct vault_rig *r, uint32_t number, uint8_t kind, const char *path, struct span payload)
{
    struct span body;
    struct wr w = wr_init(MSPAN_OF(r->request));
    wr_u8(&w, kind);
    wr_be32(&w, number);
    wr_be16_sized(&w, span_str(path));
    wr_bytes(&w, payload);
    TRY(send(r, &body, KEYD_VAULT_PREPARE, &w));
    EXPECT(body.n > 32 + 32 + 20);
    memcpy(r->challenge, body.p, sizeof r->challenge);
    return OK;
}

enum err vault_rig_sign(struct vault_rig *r, struct secp256k1_signature *ret_sig, struct making how)
{
    struct span body;
    use(r, how);
    struct wr w = wr_init(MSPAN_OF(r->request));
    wr_be16_sized(&w, SPAN_OF(r->id));
    assertion(&w, &r->made);
    TRY(send(r, &body, KEYD_VAULT_SIGN, &w));
    struct rd rd = rd_init(body);
    rd_copy(&rd, MSPAN_OF(ret_sig->rs));
    ret_sig->recovery_id = rd_u8(&rd);
    EXPECT(rd_end(&rd));
    return OK;
}

enum err vault_rig_approve(struct vault_rig *r, struct span change, struct making how)
{
    TRY(vault_rig_prepare(r, 0, VAULT_CHANGE, "", change));
    use(r, how);
    struct wr w = wr_init(MSPAN_OF(r->request));
    wr_be16_sized(&w, SPAN_OF(r->id));
    assertion(&w, &r->made);
    return send(r, &(struct span){0}, KEYD_VAULT_APPROVE, &w);
}

enum err vault_rig_export(struct vault_rig *r, struct span *ret_body, struct span password)
{
    use(r, making_get());
    struct wr w = wr_init(MSPAN_OF(r->request));
    wr_be16_sized(&w, SPAN_OF(r->id));
    assertion(&w, &r->made);
    if (password.n > 0) {
        vault_rig_seal(r, &w, KEYD_VAULT_EXPORT, password);
    }
    return send(r, ret_body, KEYD_VAULT_EXPORT, &w);
}

enum vault_state vault_rig_state(struct vault_rig *r)
{
    struct span body = SPAN_EMPTY;
    EXPECT_OK(r->ask(r->user, &body, KEYD_VAULT_STATUS, SPAN_EMPTY));
    return body.n > 0 ? (enum vault_state)body.p[0] : VAULT_NONE;
}
