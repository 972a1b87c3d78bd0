/* Look-ups in word lists, without a branch or an index that depends on the word. */
#include "evm/wordlist.h"

#include "base/secret.h"

#include <string.h>

void word_wipe(struct word *w)
{
    wipe(MSPAN_OF(w->bytes));
}

/* All ones if x is zero, else zero. */
static uint32_t mask_if_zero(uint32_t x)
{
    return ((x | (0U - x)) >> 31) - 1U;
}

uint32_t wordlist_find(const struct wordlist *list, const struct word *word)
{
    uint32_t found = 0;
    const uint8_t *at = list->words;
    for (uint32_t i = 0; i < WORDLIST_WORDS; i++) {
        size_t len = *at++; /* of the list's word, which is no secret */
        uint32_t differ = 0;
        for (size_t b = 0; b < len; b++) {
            differ |= (uint32_t)(at[b] ^ word->bytes[b]);
        }
        for (size_t b = len; b < sizeof word->bytes; b++) {
            differ |= word->bytes[b];
        }
        found |= mask_if_zero(differ) & (i + 1);
        at += len;
    }
    return found;
}

void wordlist_at(struct word *ret_word, const struct wordlist *list, uint32_t i)
{
    memset(ret_word->bytes, 0, sizeof ret_word->bytes);
    const uint8_t *at = list->words;
    for (uint32_t k = 0; k < WORDLIST_WORDS; k++) {
        size_t len = *at++;
        uint32_t mask = mask_if_zero(k ^ i);
        for (size_t b = 0; b < len; b++) {
            ret_word->bytes[b] |= (uint8_t)(at[b] & mask);
        }
        at += len;
    }
}
