/* Requests of the devices process to the daemon's API. */
#include "node/authenticator/device_message.h"

#include "codec/base64.h"

enum { MESSAGE_MAX = 16 * 1024 };

const char device_vault_user[] = "Passmesh vault";

static const struct span rp_id = SPAN_INIT("passmesh.localhost");

void device_message_init(struct device_message *m, struct device_vault *d)
{
    *m = (struct device_message){.has_member = false};
    buf_init(&m->text, d->budget, MESSAGE_MAX);
    m->w = wr_init_buf(&m->text);
}

void device_message_done(struct device_message *m)
{
    buf_done(&m->text);
}

void device_put_name(struct device_message *m, const char *name)
{
    wr_str(&m->w, m->has_member ? ",\"" : "\"");
    wr_str(&m->w, name);
    wr_str(&m->w, "\":");
    m->has_member = true;
}

void device_put_bytes(struct device_message *m, const char *name, struct span bytes)
{
    device_put_name(m, name);
    wr_str(&m->w, "\"");
    base64_encode(&m->w, BASE64_URL_BARE, bytes);
    wr_str(&m->w, "\"");
}

void device_put_text(struct device_message *m, const char *name, struct span text)
{
    device_put_name(m, name);
    wr_str(&m->w, "\"");
    wr_bytes(&m->w, text); /* a word or an id: nothing to escape */
    wr_str(&m->w, "\"");
}

void device_put_assertion(struct device_message *m, const struct security_key_answer *a)
{
    device_put_name(m, "assertion");
    wr_str(&m->w, "{");
    m->has_member = false;
    device_put_bytes(m, "credential_id", span_of(a->credential_id, a->credential_id_len));
    device_put_bytes(m, "client_data_json", span_of(a->client_data, a->client_data_len));
    device_put_bytes(m, "authenticator_data", span_of(a->auth_data, a->auth_data_len));
    device_put_bytes(m, "signature", span_of(a->signature, a->signature_len));
    if (a->user_id_len > 0) {
        device_put_bytes(m, "user_handle", span_of(a->user_id, a->user_id_len));
    }
    wr_str(&m->w, "}");
    m->has_member = true;
}

enum err device_call(struct device_vault *d,
                     struct device_message *m,
                     struct json *ret_result,
                     const char *method)
{
    TRY(wr_end(&m->w));
    return d->api->call(d->api, ret_result, method, buf_span(&m->text));
}

enum err device_ask(struct device_vault *d, struct json *ret_result, const char *method)
{
    return d->api->call(d->api, ret_result, method, SPAN_EMPTY);
}

enum err
device_find_bytes(struct device_bytes *ret, struct json v, const char *outer, const char *name)
{
    struct span text;
    struct json inner = v;
    struct wr w = wr_init(MSPAN_OF(ret->p));
    if (outer && !json_find(&inner, v, outer)) {
        return ERR_MALFORMED;
    }
    TRY(json_find_plain(&text, inner, name));
    TRY(base64_decode(&w, BASE64_URL_BARE, text));
    ret->n = w.n;
    return OK;
}

struct security_key_ask device_asking(const struct device_vault *d)
{
    return (struct security_key_ask){.rp_id = rp_id, .origin = d->origin, .pin = d->pin};
}
