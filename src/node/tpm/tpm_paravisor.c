/* A paravisor's indices and key, through its virtual TPM. */
#include "node/tpm/tpm_paravisor.h"

#include "node/tpm/tpm_quote.h"

#include <poll.h>
#include <string.h>

enum { STEP_LEN = 512 /* every chip reads that much at once */ };

static struct tpm_chip *chip_of(struct azure_vtpm_ops *ops)
{
    return ((struct tpm_paravisor *)(void *)ops)->chip;
}

MUST_CHECK static enum err open_index(struct tpm_chip *c, ESYS_TR *ret, uint32_t index)
{
    return tpm_chip_err(
        Esys_TR_FromTPMPublic(c->ctx, index, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, ret));
}

MUST_CHECK static enum err
append_step(struct tpm_chip *c, struct buf *ret, ESYS_TR nv, uint16_t len, uint16_t at)
{
    TPM2B_MAX_NV_BUFFER *part = NULL;
    TRY(tpm_chip_err(Esys_NV_Read(c->ctx, ESYS_TR_RH_OWNER, nv, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                  ESYS_TR_NONE, len, at, &part)));
    enum err e = part->size == len ? buf_append(ret, span_of(part->buffer, len)) : ERR_IO;
    Esys_Free(part);
    return e;
}

MUST_CHECK static enum err read_whole(struct tpm_chip *c, struct buf *ret, ESYS_TR nv)
{
    TPM2B_NV_PUBLIC *area = NULL;
    enum err e = tpm_chip_err(
        Esys_NV_ReadPublic(c->ctx, nv, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &area, NULL));
    TRY(e);
    uint32_t len = area->nvPublic.dataSize;
    Esys_Free(area);
    for (uint32_t at = 0; at < len && e == OK; at += STEP_LEN) {
        uint32_t left = len - at;
        e = append_step(c, ret, nv, (uint16_t)(left < STEP_LEN ? left : STEP_LEN), (uint16_t)at);
    }
    return e;
}

static enum err paravisor_read(struct azure_vtpm_ops *ops, uint32_t index, struct buf *ret)
{
    struct tpm_chip *c = chip_of(ops);
    ESYS_TR nv = ESYS_TR_NONE;
    TRY(open_index(c, &nv, index));
    enum err e = read_whole(c, ret, nv);
    (void)Esys_TR_Close(c->ctx, &nv);
    return e;
}

MUST_CHECK static enum err make_index(struct tpm_chip *c, ESYS_TR *ret, uint32_t index, size_t len)
{
    static const TPM2B_AUTH no_password = {.size = 0};
    const TPM2B_NV_PUBLIC area = {
        .nvPublic = {.nvIndex = index,
                     .nameAlg = TPM2_ALG_SHA256,
                     .attributes = TPMA_NV_OWNERREAD | TPMA_NV_OWNERWRITE | TPMA_NV_NO_DA,
                     .dataSize = (uint16_t)len}
    };
    return tpm_chip_err(Esys_NV_DefineSpace(c->ctx, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD,
                                            ESYS_TR_NONE, ESYS_TR_NONE, &no_password, &area, ret));
}

static enum err paravisor_write(struct azure_vtpm_ops *ops, uint32_t index, struct span data)
{
    struct tpm_chip *c = chip_of(ops);
    ESYS_TR nv = ESYS_TR_NONE;
    TPM2B_MAX_NV_BUFFER whole = {.size = (uint16_t)data.n};
    if (data.n > STEP_LEN) {
        return ERR_LIMIT;
    }
    memcpy(whole.buffer, data.p, data.n);
    enum err e = open_index(c, &nv, index);
    if (e == ERR_NOT_FOUND) {
        e = make_index(c, &nv, index, data.n);
    }
    TRY(e);
    e = tpm_chip_err(Esys_NV_Write(c->ctx, ESYS_TR_RH_OWNER, nv, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                   ESYS_TR_NONE, &whole, 0));
    (void)Esys_TR_Close(c->ctx, &nv);
    return e;
}

static enum err paravisor_quote(struct azure_vtpm_ops *ops,
                                struct evidence *ret,
                                uint32_t handle,
                                struct span extra_data,
                                uint32_t registers)
{
    return tpm_quote_by(chip_of(ops), ret, handle, extra_data, registers);
}

static void paravisor_pause(struct azure_vtpm_ops *ops, uint32_t ms)
{
    (void)ops;
    (void)poll(NULL, 0, (int)ms);
}

void tpm_paravisor_init(struct tpm_paravisor *p, struct tpm_chip *chip)
{
    *p = (struct tpm_paravisor){
        .ops = {.read = paravisor_read,
                .write = paravisor_write,
                .quote = paravisor_quote,
                .pause = paravisor_pause},
        .chip = chip,
    };
}
