/* The real machine: answers are plausible, quick, and the same twice. */
#include "node/os/hardware.h"

#include "base/test.h"

#include <string.h>
#include <time.h>

enum { ROUNDS = 20, US_MAX = 20000 };

static uint64_t cpu_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

TEST(it_answers_and_answers_the_same)
{
    struct hardware a;
    struct hardware b;
    struct hardware_ops ops = hardware_this_machine();
    hardware_detect(&a, &ops, "/");
    hardware_detect(&b, &ops, "/");
    EXPECT(a.cores > 0);
    EXPECT(a.memory_kib > 1024);
    EXPECT(a.disk_free_kib > 0);
    EXPECT_EQ(a.role, b.role);
    for (int i = 0; i < HARDWARE_TECHNOLOGY_COUNT; i++) {
        EXPECT_EQ(a.states[i].is_usable, b.states[i].is_usable);
        EXPECT_STR(a.states[i].reason, b.states[i].reason);
    }
}

/* Time of this thread, so that a busy machine does not count. */
TEST(it_takes_less_than_twenty_milliseconds)
{
    struct hardware h;
    struct hardware_ops ops = hardware_this_machine();
    uint64_t least = UINT64_MAX;
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t from = cpu_us();
        hardware_detect(&h, &ops, "/");
        uint64_t took = cpu_us() - from;
        least = took < least ? took : least;
    }
    EXPECT(least < US_MAX);
}

TEST(where_data_is_not_yet_the_disk_of_the_root_counts)
{
    struct hardware h;
    hardware_detect_here(&h, "/nothing/here");
    EXPECT(h.disk_free_kib > 0);
}

TEST(only_regular_files_are_read)
{
    uint8_t room[16];
    struct hardware_ops ops = hardware_this_machine();
    EXPECT_EQ(0, ops.read(ops.self, "/dev/zero", MSPAN_OF(room)));
    EXPECT_EQ(0, ops.read(ops.self, "/proc", MSPAN_OF(room)));
    EXPECT_EQ(0, ops.read(ops.self, "/nothing/here", MSPAN_OF(room)));
    EXPECT_EQ(16, ops.read(ops.self, "/proc/meminfo", MSPAN_OF(room)));
    EXPECT_EQ(HARDWARE_ABSENT, ops.access(ops.self, "/nothing/here"));
    EXPECT_EQ(HARDWARE_OPEN, ops.access(ops.self, "/dev/null"));
}

TEST_MAIN
