/* Argon2id and guarded memory. */
#include "crypto/guarded.h"

#include "base/test.h"
#include "crypto/argon2.h"
#include "crypto/backend.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Source: argon2-cffi 23 (the reference implementation), type ID, version 19, one lane. */
TEST(argon2id_as_the_reference_implementation)
{
    struct secret32 key;
    struct argon2_cost cost = {.passes = 2, .memory_kib = 1024};
    EXPECT_OK(crypto_init());
    EXPECT_OK(argon2id(&key, test_budget(), SPAN_LIT("password"),
                       (const uint8_t *)"somesaltsomesalt", &cost));
    EXPECT_SPAN(test_hex("08a19ee7f6d7f589c2ab6af18d6e724172b19f7d6fd462b38430ab31ceabeaf0"),
                SPAN_OF(key.bytes));
    cost = (struct argon2_cost){.passes = 1, .memory_kib = 8};
    EXPECT_OK(argon2id(&key, test_budget(), SPAN_EMPTY,
                       test_hex("000102030405060708090a0b0c0d0e0f").p, &cost));
    EXPECT_SPAN(test_hex("31ed41e2d73f27fdfe4eb4bec651341e58ba43477051c6fe4adad735d82ee08a"),
                SPAN_OF(key.bytes));
}

TEST(argon2id_refuses_costs_out_of_range_or_budget)
{
    static const struct argon2_cost bad[] = {
        {0,                     64                       },
        {ARGON2_PASSES_MAX + 1, 64                       },
        {1,                     7                        },
        {1,                     ARGON2_MEMORY_KIB_MAX + 1},
        {1,                     65536                    }, /* in range, beyond the budget below */
    };
    struct budget small;
    budget_init(&small, test_budget(), "small", 1024 * 1024);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct secret32 key;
        uint8_t salt[ARGON2_SALT_LEN] = {0};
        test_note("%u passes, %u KiB", bad[i].passes, bad[i].memory_kib);
        EXPECT_ERR(ERR_LIMIT, argon2id(&key, &small, SPAN_LIT("x"), salt, &bad[i]));
    }
    EXPECT_EQ(0, small.used);
}

TEST(guarded_memory_holds_what_is_written_and_is_charged)
{
    EXPECT_OK(crypto_init());
    struct guarded g = {0};
    struct budget small;
    budget_init(&small, test_budget(), "small", GUARDED_OVERHEAD + 112);
    TEST_REQUIRE(guarded_init(&g, &small, 100) == OK);
    struct guarded second = {0};
    EXPECT_ERR(ERR_LIMIT, guarded_init(&second, &small, 1));
    memcpy(guarded_write(&g), "secret", 6);
    guarded_close(&g);
    EXPECT(memcmp(guarded_read(&g), "secret", 6) == 0);
    guarded_close(&g);
    printf("# locked in memory: %s\n", g.locked ? "yes" : "no (RLIMIT_MEMLOCK)");
    guarded_done(&g);
    guarded_done(&g);
    EXPECT_EQ(0, small.used);
}

enum touch { TOUCH_CLOSED, WRITE_READABLE, TOUCH_BEYOND };

/* What becomes of a process that touches guarded memory where it must not: the number of its signal, or 0. */
static int signal_of(enum touch touch)
{
    pid_t child = fork();
    if (child == 0) {
        (void)signal(SIGSEGV, SIG_DFL); /* not a sanitizer's handler */
        struct guarded g = {0};
        if (guarded_init(&g, test_budget(), 32) != OK) {
            _exit(1);
        }
        volatile uint8_t *p = guarded_write(&g);
        switch (touch) {
        case TOUCH_CLOSED:   guarded_close(&g); break;
        case WRITE_READABLE: (void)guarded_read(&g); break;
        case TOUCH_BEYOND:   p += 32; break;
        }
        p[0] = 1;
        _exit(0);
    }
    int status = 0;
    EXPECT(child > 0 && waitpid(child, &status, 0) == child);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

TEST(touching_it_while_closed_writing_while_readable_and_overrunning_end_the_process)
{
    EXPECT_OK(crypto_init());
    (void)fflush(stdout);
    EXPECT(signal_of(TOUCH_CLOSED) != 0);
    EXPECT(signal_of(WRITE_READABLE) != 0);
    EXPECT(signal_of(TOUCH_BEYOND) != 0);
}

TEST(sizes_that_cannot_be_had_are_refused_and_cost_nothing)
{
    struct budget wide;
    struct guarded g = {0};
    EXPECT_OK(crypto_init());
    budget_init(&wide, NULL, "test", SIZE_MAX);
    EXPECT_ERR(ERR_LIMIT, guarded_init(&g, &wide, SIZE_MAX / 2 + 1));
    EXPECT_ERR(ERR_LIMIT,
               guarded_init(&g, &wide, (size_t)1 << 50)); /* more than an address space */
    EXPECT_EQ(0, wide.used);
    EXPECT(!g.p);
}

TEST_MAIN
