/* Copies of the sealed vault with servers: what the key process says of it goes to them, and what they give comes to the API. */
#include "base/rd.h"
#include "node/daemon/daemon_inside.h"

#include <stddef.h>

static bool find(void *user,
                 struct wallet_time t,
                 struct peer_id *ret,
                 const struct peer_id *tried,
                 size_t tried_count)
{
    struct daemon *d = user;
    return servers_find_keeper(&d->servers, t.mono, ret, tried, tried_count);
}

static enum err ask(void *user, struct wallet_time t, const struct copies_ask *a)
{
    struct daemon *d = user;
    const struct servers_keep k = {
        .tag = a->tag, .peer = a->peer, .type = a->type, .body = a->body};
    return servers_keep(&d->servers, t, &k);
}

static void on_kept(void *user, struct wallet_time t, uint64_t tag, enum err err, struct span body)
{
    struct daemon *d = user;
    const struct copies_answer a = {.tag = tag, .err = err, .body = body};
    copies_answered(&d->copies, t, &a);
}

static void on_begun(void *user, struct wallet_time t, const struct copies_found *f)
{
    struct daemon *d = user;
    const struct api_vault_search s = {
        .err = f->err, .asked = f->asked, .challenge = SPAN_OF(f->challenge.bytes)};
    (void)t;
    api_vault_find_begun(d->api, d->finding, &s);
}

static void on_done(void *user, struct wallet_time t, const struct copies_found *f)
{
    struct daemon *d = user;
    const struct api_vault_search s = {.err = f->err, .asked = f->asked, .capsule = f->capsule};
    (void)t;
    api_vault_find_done(d->api, d->finding, &s);
}

static void on_taken(void *user)
{
    struct daemon *d = user;
    api_vault_copies_changed(d->api);
}

void daemon_copies_hear(struct servers_cfg *cfg)
{
    cfg->kept = on_kept;
}

void daemon_copies_start(struct daemon *d)
{
    const struct copies_cfg cfg = {.budget = &d->budget,
                                   .log = &d->log,
                                   .store = db_store(d->db),
                                   .find = find,
                                   .ask = ask,
                                   .begun = on_begun,
                                   .done = on_done,
                                   .taken = on_taken,
                                   .user = d};
    copies_init(&d->copies, &cfg);
}

/* ---- what is kept ---- */

/* Of the passkey: its key, whether it may be backed up, the wallet's origin. */
MUST_CHECK static enum err
ask_passkey(struct daemon *d, struct capsule_put *ret, struct mspan room, struct span credential_id)
{
    struct span body;
    struct wr w = wr_init(room);
    wr_be16_sized(&w, credential_id);
    TRY(wr_end(&w));
    TRY(keyd_client_ask(&d->keyd, MSPAN_OF(d->keys_room), &body, KEYD_VAULT_PASSKEY,
                        span_of(room.p, w.n)));
    struct rd r = rd_init(body);
    rd_copy(&r, MSPAN_OF(ret->key.xy));
    ret->is_backup_eligible = rd_u8(&r) == 1;
    struct span origin = rd_be16_sized(&r);
    if (!rd_end(&r) || origin.n > room.n - w.n) {
        return ERR_IO;
    }
    /* What keyd says is overwritten by what it says next. */
    ret->credential_id = credential_id;
    ret->origin = span_of(room.p + w.n, span_copy(mspan_from(room, w.n), origin));
    return OK;
}

MUST_CHECK static enum err keep(struct daemon *d,
                                struct wallet_time t,
                                struct span credential_id,
                                const struct hash32 *locator)
{
    AUTO(buf_done) struct buf capsule;
    AUTO(buf_done) struct buf message;
    uint8_t room[CAPSULE_CREDENTIAL_ID_MAX + 2 + COPY_ORIGIN_MAX];
    struct capsule_put p = {.locator = *locator};
    buf_init(&capsule, &d->budget, CAPSULE_LEN);
    buf_init(&message, &d->budget, COPY_PUT_LEN_MAX);
    TRY(ask_passkey(d, &p, MSPAN_OF(room), credential_id));
    TRY(api_port_capsule(&d->port, &capsule));
    p.capsule = buf_span(&capsule);
    TRY(capsule_put_encode(&p, &message));
    return copies_keep(&d->copies, t, buf_span(&message));
}

static struct daemon *daemon_of(struct api_node_port *self)
{
    return (struct daemon *)(void *)((char *)self - offsetof(struct daemon, port));
}

static void
port_opened(struct api_node_port *self, struct span credential_id, struct span user_handle)
{
    struct daemon *d = daemon_of(self);
    struct hash32 locator;
    capsule_locator(&locator, user_handle);
    if (!d->config->is_copies || keep(d, daemon_time(d), credential_id, &locator) != OK) {
        log_line(&d->log, LOG_DEBUG, "copies", "no copies of the vault are made now");
    }
}

static void port_changed(struct api_node_port *self)
{
    AUTO(buf_done) struct buf capsule;
    struct daemon *d = daemon_of(self);
    buf_init(&capsule, &d->budget, CAPSULE_LEN);
    if (api_port_capsule(self, &capsule) == OK) {
        copies_refresh(&d->copies, daemon_time(d), buf_span(&capsule));
    }
}

static struct api_vault_copies port_known(struct api_node_port *self, uint64_t generation)
{
    struct api_vault_copies known = {.servers = 0};
    struct daemon *d = daemon_of(self);
    known.servers = (uint32_t)copies_known(&d->copies, daemon_time(d), generation, &known.until_s);
    return known;
}

/* ---- what is looked for ---- */

static enum err port_find(struct api_node_port *self, uint64_t id)
{
    struct daemon *d = daemon_of(self);
    uint64_t before = d->finding;
    d->finding = id; /* the answer may come from inside */
    enum err e = copies_find(&d->copies, daemon_time(d));
    d->finding = e == OK ? id : before;
    return e;
}

static enum err port_fetch(struct api_node_port *self, uint64_t id, const struct api_vault_fetch *f)
{
    struct daemon *d = daemon_of(self);
    const struct copies_fetch fetch = {
        .user_handle = f->user_handle, .credential_id = f->credential_id, .response = &f->response};
    d->finding = id;
    return copies_fetch(&d->copies, daemon_time(d), &fetch);
}

void daemon_copies_port(struct api_node_port *port)
{
    port->vault_opened = port_opened;
    port->vault_changed = port_changed;
    port->vault_copies = port_known;
    port->vault_find = port_find;
    port->vault_fetch = port_fetch;
}
