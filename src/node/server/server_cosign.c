/* Co-signers: the service's requests go to keyd, which alone decides. */
#include "base/rd.h"
#include "node/server/server_inside.h"

enum { REPLY_MAX = 256, RECOVERY_BASE = 27 };

MUST_CHECK static enum err read_made(struct service_cosigned *ret, struct span body)
{
    struct rd r = rd_init(body);
    rd_copy(&r, MSPAN_OF(ret->cosigner.bytes));
    rd_copy(&r, MSPAN_OF(ret->terms.bytes));
    return rd_end(&r) ? OK : ERR_IO;
}

MUST_CHECK static enum err read_signature(struct service_cosigned *ret, struct span body)
{
    struct rd r = rd_init(body);
    rd_copy(&r, mspan_of(ret->signature, 64));
    uint8_t recovery_id = rd_u8(&r);
    ret->signature[64] = (uint8_t)(RECOVERY_BASE + recovery_id);
    return rd_end(&r) && recovery_id < 2 ? OK : ERR_IO;
}

static enum keyd_op op_of(enum service_type type)
{
    if (type == SERVICE_COSIGN_REMOVE) {
        return KEYD_COSIGN_REMOVE;
    }
    return type == SERVICE_COSIGN_CREATE ? KEYD_COSIGN_CREATE : KEYD_COSIGN_SIGN;
}

MUST_CHECK static enum err
read_answer(struct service_cosigned *ret, enum service_type type, struct span body)
{
    if (type == SERVICE_COSIGN_REMOVE) {
        *ret = (struct service_cosigned){.signature = {0}};
        return body.n == 0 ? OK : ERR_IO;
    }
    return type == SERVICE_COSIGN_CREATE ? read_made(ret, body) : read_signature(ret, body);
}

static enum err server_cosign_ask(struct service_cosigner *self,
                                  struct service_cosigned *ret,
                                  enum service_type type,
                                  struct span request)
{
    struct server *s = ((struct server_cosigner *)(void *)self)->server;

    uint8_t room[REPLY_MAX];
    struct span body;
    enum err e = keyd_client_ask(&s->keyd, MSPAN_OF(room), &body, op_of(type), request);
    if (s->keyd.fd < 0) {
        e = ERR_IO; /* it is gone: its errors are no answers */
    }
    if (e == OK) {
        e = read_answer(ret, type, body);
    }
    if (e == ERR_IO || e == ERR_INTERNAL) {
        log_line(&s->log, LOG_ERROR, "cosign", "the key process does not answer: %s", err_name(e));
    }
    return e;
}

enum err server_cosign_start(struct server *s)
{
    if (s->config->cosign == SERVER_COSIGN_SEALED && !s->is_sealed) {
        server_give_up(s, ERR_STATE,
                       "server.ini says cosign = yes, but no TPM seals this server's keys: "
                       "passmesh-server seal tpm, or cosign = unsealed.");
        return ERR_STATE;
    }
    s->cosigner = (struct server_cosigner){
        .port = {.ask = server_cosign_ask, .is_sealed = s->is_sealed},
          .server = s
    };
    return OK;
}
