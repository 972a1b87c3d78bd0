#include "node/os/pinentry.h"

#include "base/test.h"

#include <string.h>

/* What the program does follows from the prompt that it is told to show: pinentry_fake_test.c. */
static enum err ask(const char *prompt, struct mspan room, size_t *ret_n)
{
    const struct pinentry_ask what = {
        .program = PINENTRY_FAKE, .title = "Passmesh", .what = "100 %\nof it", .prompt = prompt};
    return pinentry_get(room, ret_n, &what);
}

TEST(what_is_typed_comes_back)
{
    uint8_t room[63];
    size_t n = 0;
    EXPECT_OK(ask("pin", MSPAN_OF(room), &n));
    EXPECT_SPAN(SPAN_LIT("12%34 \xc3\xa4"), span_of(room, n));
    EXPECT_OK(ask("nothing", MSPAN_OF(room), &n));
    EXPECT_EQ(0, n);
    EXPECT_OK(ask("notices", MSPAN_OF(room), &n));
    EXPECT_SPAN(SPAN_LIT("1234"), span_of(room, n));
}

TEST(what_goes_wrong_is_told_apart)
{
    static const struct {
        const char *prompt;
        enum err want;
    } cases[] = {
        {"cancel",    ERR_CLOSED   },
        {"no tty",    ERR_NOT_FOUND},
        {"long",      ERR_LIMIT    },
        {"garbage",   ERR_IO       },
        {"die",       ERR_IO       },
        {"endless",   ERR_IO       },
        {"inquire",   ERR_IO       },
        {"unescaped", ERR_IO       },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t room[63];
        size_t n = 7;
        test_note("%s", cases[i].prompt);
        EXPECT_ERR(cases[i].want, ask(cases[i].prompt, MSPAN_OF(room), &n));
        EXPECT_EQ(7, n);
    }
}

TEST(without_the_program_it_says_so)
{
    uint8_t room[63];
    size_t n = 0;
    const struct pinentry_ask what = {
        .program = "/nonexistent/pinentry", .title = "", .what = "", .prompt = ""};
    EXPECT_ERR(ERR_NOT_FOUND, pinentry_get(MSPAN_OF(room), &n, &what));
}

TEST_MAIN
