#include "evm/bloom.h"

#include "crypto/keccak.h"

enum { BITS_PER_ENTRY = 3 };

/* bits_of finds the bytes and masks of an entry's bits. */
static void bits_of(size_t at[BITS_PER_ENTRY], uint8_t masks[BITS_PER_ENTRY], struct span entry)
{
    /* SPEC ethereum/yellowpaper §"4.3.1. Transaction Receipt": the bits are the low 11 bits of the first three pairs of
     * bytes of the entry's Keccak-256; bit 0 is the last bit of the last byte. */
    struct hash32 hash;
    keccak256(&hash, entry);
    for (size_t i = 0; i < BITS_PER_ENTRY; i++) {
        unsigned bit = ((unsigned)hash.bytes[2 * i] << 8 | hash.bytes[2 * i + 1]) & 0x7ff;
        at[i] = BLOOM_LEN - 1 - bit / 8;
        masks[i] = (uint8_t)(1u << (bit % 8));
    }
}

void bloom_add(struct bloom *b, struct span entry)
{
    size_t at[BITS_PER_ENTRY];
    uint8_t masks[BITS_PER_ENTRY];
    bits_of(at, masks, entry);
    for (size_t i = 0; i < BITS_PER_ENTRY; i++) {
        b->bytes[at[i]] |= masks[i];
    }
}

bool bloom_may_have(const struct bloom *b, struct span entry)
{
    size_t at[BITS_PER_ENTRY];
    uint8_t masks[BITS_PER_ENTRY];
    bits_of(at, masks, entry);
    for (size_t i = 0; i < BITS_PER_ENTRY; i++) {
        if ((b->bytes[at[i]] & masks[i]) == 0) {
            return false;
        }
    }
    return true;
}
