/* Quotes of the TPM for the door. */
#include "node/tpm/tpm_collector.h"

#include "crypto/hash.h"
#include "node/tpm/tpm_quote.h"

enum { REGISTERS_DEFAULT = 0xff };

static enum err
tpm_collect(struct collector *self, struct collected *c, const uint8_t binding[static 64])
{
    struct tpm_collector *t = (struct tpm_collector *)(void *)self;
    struct hash32 hash;
    sha256(&hash, span_of(binding, 64));
    return tpm_quote_make(t->chip, &c->evidence, SPAN_OF(hash.bytes), t->registers);
}

void tpm_collector_init(struct tpm_collector *t, struct tpm_chip *chip)
{
    *t = (struct tpm_collector){
        .collector = {.name = "tpm", .note = "", .collect = tpm_collect},
        .chip = chip,
        .registers = REGISTERS_DEFAULT,
    };
}
