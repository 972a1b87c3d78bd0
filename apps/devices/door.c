/* The daemon's API as device_vault.h wants it. */
#include "devices.h"

#include "base/wr.h"
#include "codec/base64.h"

#include <string.h>

enum { PARAMS_MAX = 20 * 1024 };

static bool is_read(const char *method)
{
    static const char *const reads[] = {"vault_status", "operation_get", "accounts_list", "status",
                                        "recovery_status"};
    for (size_t i = 0; i < sizeof reads / sizeof reads[0]; i++) {
        if (strcmp(method, reads[i]) == 0) {
            return true;
        }
    }
    return false;
}

static enum err put_params(struct wr *w, struct door *d, const char *method, struct span members)
{
    uint8_t key[16];
    wr_str(w, "{");
    if (!is_read(method)) {
        rng_fill(&d->entropy->rng, MSPAN_OF(key));
        wr_str(w, "\"key\":\"");
        base64_encode(w, BASE64_URL_BARE, SPAN_OF(key));
        wr_str(w, members.n > 0 ? "\"," : "\"");
    }
    wr_bytes(w, members);
    wr_str(w, "}");
    return wr_end(w);
}

enum err
door_call(struct device_api *self, struct json *ret_result, const char *method, struct span members)
{
    static char room[PARAMS_MAX];
    struct door *d = (struct door *)(void *)self;
    struct wr params = wr_init(MSPAN_OF(room));
    struct wr code = wr_init(mspan_of(self->code, sizeof self->code - 1));
    struct span answer;
    struct json root;
    struct json error;
    struct json data;
    self->code[0] = '\0'; /* a refusal of the key's own is none of the daemon's */
    TRY(put_params(&params, d, method, members));
    TRY(local_client_call(&d->client, method, span_of(room, params.n), &answer));
    TRY(json_parse(&root, answer, NULL));
    if (json_find(&error, root, "error")) {
        bool has_code =
            json_find(&data, error, "data") && json_find_string(&code, data, "code") == OK;
        self->code[has_code ? code.n : 0] = '\0';
        return ERR_DENIED;
    }
    return json_find(ret_result, root, "result") ? OK : ERR_IO;
}
