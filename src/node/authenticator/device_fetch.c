/* The vault brought back from servers with a passkey alone. */
#include "node/authenticator/device_message.h"

static struct device_fetch *fetch_of(struct security_key_choice *self)
{
    return (struct device_fetch *)(void *)self; /* the port is the first member */
}

/* The one that is named as a vault's; 0: none, or several are. */
static size_t only_vault(const struct device_fetch *f)
{
    size_t found = 0;
    for (size_t i = 0; i < f->count; i++) {
        if (!span_equal(name_span(&f->names[i]), span_str(device_vault_user))) {
            continue;
        }
        if (found > 0) {
            return 0;
        }
        found = i + 1;
    }
    return found;
}

static bool choose(struct security_key_choice *self,
                   size_t *ret_i,
                   const struct security_key_user *users,
                   size_t count)
{
    struct device_fetch *f = fetch_of(self);
    f->count = count;
    for (size_t i = 0; i < count; i++) {
        if (name_parse(&f->names[i], users[i].name) != OK) {
            f->names[i] = (struct name){""};
        }
    }
    size_t wanted = f->number > 0 ? f->number : only_vault(f);
    if (wanted == 0 || wanted > count) {
        return false;
    }
    f->taken = wanted;
    *ret_i = wanted - 1;
    return true;
}

enum err device_vault_fetch(struct device_vault *d, struct device_fetch *f)
{
    AUTO(device_message_done) struct device_message m = {.has_member = false};
    struct security_key_ask q = device_asking(d);
    struct json result;
    struct device_bytes challenge;
    f->choice.choose = choose;
    f->count = 0;
    f->taken = 0;
    f->servers = 0;
    TRY(device_ask(d, &result, "vault_find_begin"));
    TRY(json_find_u64(&f->servers, result, "servers"));
    TRY(device_find_bytes(&challenge, result, "options", "challenge"));
    q.challenge = span_of(challenge.p, challenge.n);
    q.choice = &f->choice;
    TRY(d->authenticator->use(d->authenticator, &d->answer, &q));
    if (d->answer.user_id_len == 0) {
        return ERR_UNSUPPORTED;
    }
    device_message_init(&m, d);
    device_put_assertion(&m, &d->answer);
    return device_call(d, &m, &result, "vault_find_finish");
}
