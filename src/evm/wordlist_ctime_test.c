/* Runs under valgrind with the word marked undefined: a branch or an index that depends on it is reported. */
#include "base/test.h"
#include "evm/wordlist.h"

#include <string.h>
#include <valgrind/memcheck.h>

TEST(finding_a_word_goes_over_the_whole_list)
{
    static const char *const samples[] = {"abandon", "zoo", "nothing-of-the-kind"};
    for (size_t s = 0; s < sizeof samples / sizeof *samples; s++) {
        for (size_t i = 0; i < WORDLISTS_COUNT; i++) {
            struct word word = {{0}};
            memcpy(word.bytes, samples[s], strlen(samples[s]));
            VALGRIND_MAKE_MEM_UNDEFINED(&word, sizeof word);
            uint32_t found = wordlist_find(&wordlists[i], &word);
            VALGRIND_MAKE_MEM_DEFINED(&found, sizeof found);
            EXPECT(found <= WORDLIST_WORDS);
            EXPECT(i > 0 || found == (s == 0 ? 1U : s == 1 ? 2048U : 0U));
        }
    }
    EXPECT(RUNNING_ON_VALGRIND); /* else this test says nothing */
}

TEST(taking_a_word_goes_over_the_whole_list)
{
    uint32_t number = 2047;
    struct word word;
    VALGRIND_MAKE_MEM_UNDEFINED(&number, sizeof number);
    wordlist_at(&word, &wordlists[0], number);
    VALGRIND_MAKE_MEM_DEFINED(&word, sizeof word);
    EXPECT_STR("zoo", (const char *)word.bytes);
}

TEST_MAIN
