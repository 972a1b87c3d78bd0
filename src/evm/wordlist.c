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
    uint32_t beyond = 0; /* not zero if the word is longer than any of the list */
    for (size_t b = list->width; b < sizeof word->bytes; b++) {
        beyond |= word->bytes[b];
    }
    uint32_t found = 0;
    for (uint32_t i = 0; i < WORDLIST_WORDS; i++) {
        const uint8_t *row = list->words + i * list->width;
        uint32_t differ = beyond;
        for (size_t b = 0; b < list->width; b++) {
            differ |= (uint32_t)(row[b] ^ word->bytes[b]);
        }
        found |= mask_if_zero(differ) & (i + 1);
    }
    return found;
}

void wordlist_at(struct word *ret_word, const struct wordlist *list, uint32_t i)
{
    memset(ret_word->bytes, 0, sizeof ret_word->bytes);
    for (uint32_t k = 0; k < WORDLIST_WORDS; k++) {
        const uint8_t *row = list->words + k * list->width;
        uint32_t mask = mask_if_zero(k ^ i);
        for (size_t b = 0; b < list->width; b++) {
            ret_word->bytes[b] |= (uint8_t)(row[b] & mask);
        }
    }
}
