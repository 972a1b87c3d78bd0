#include "service/cache.h"

#include "base/test.h"

#include <string.h>

static struct hash32 key_of(unsigned i)
{
    struct hash32 key = {
        {(uint8_t)i, (uint8_t)(i >> 8)}
    };
    return key;
}

static void put(struct cache *c, unsigned i, size_t n)
{
    static uint8_t bytes[1024];
    struct hash32 key = key_of(i);
    bytes[0] = (uint8_t)i;
    cache_put(c, &key, span_of(bytes, n));
}

static bool has(struct cache *c, unsigned i)
{
    struct span answer;
    struct hash32 key = key_of(i);
    return cache_find(c, &answer, &key) && EXPECT_EQ((uint8_t)i, answer.p[0]);
}

static void begin(struct cache *c, size_t count_max, size_t bytes_max)
{
    cache_init(c, test_budget(),
               (struct cache_cfg){
                   .count_max = count_max, .bytes_max = bytes_max, .seed = {1, 2}
    });
}

TEST(what_was_used_longest_ago_goes)
{
    struct cache c;
    begin(&c, 3, 1000);
    put(&c, 1, 10);
    put(&c, 2, 10);
    put(&c, 3, 10);
    EXPECT(has(&c, 1));
    put(&c, 4, 10);
    EXPECT(has(&c, 1));
    EXPECT(!has(&c, 2));
    EXPECT(has(&c, 3));
    EXPECT(has(&c, 4));
    EXPECT_EQ(30, c.bytes);
    EXPECT_EQ(4, c.hits);
    EXPECT_EQ(1, c.misses);
    cache_done(&c);
}

TEST(bytes_are_counted)
{
    struct cache c;
    begin(&c, 100, 1000);
    put(&c, 1, 600);
    put(&c, 2, 400);
    EXPECT(has(&c, 1) && has(&c, 2));
    put(&c, 3, 1);
    EXPECT(!has(&c, 1));
    EXPECT(has(&c, 2) && has(&c, 3));
    put(&c, 4, 1001); /* has no place ever, and takes none */
    EXPECT(!has(&c, 4) && has(&c, 2) && has(&c, 3));
    put(&c, 2, 10); /* is there already */
    EXPECT_EQ(401, c.bytes);
    cache_done(&c);
    cache_done(&(struct cache){0});
}

TEST(without_memory_nothing_is_kept)
{
    struct cache c;
    struct budget small;
    budget_init(&small, test_budget(), "small", 100);
    cache_init(&c, &small,
               (struct cache_cfg){
                   .count_max = 3, .bytes_max = 1000, .seed = {1, 2}
    });
    put(&c, 1, 600);
    EXPECT(!has(&c, 1));
    EXPECT_EQ(0, c.bytes);
    cache_done(&c);
    budget_done(&small);
}

TEST_MAIN
