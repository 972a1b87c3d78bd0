#include "service/loss.h"

#include "base/test.h"

#include <stdio.h>

static struct loss l;

static instant at_s(uint64_t s)
{
    return (instant){.us = s * US_PER_S};
}

static struct loss_key key(const char *peer, const char *group)
{
    struct loss_key k = {0};
    EXPECT_OK(loss_key_init(&k, span_str(peer), span_str(group)));
    return k;
}

TEST(limits)
{
    loss_init(&l, (struct loss_limits){.per_peer = 100, .per_group = 150, .total = 200});
    struct loss_key a = key("a", "net");
    struct loss_key b = key("b", "net");
    struct loss_key c = key("c", "");
    EXPECT_OK(loss_reserve(&l, &a, 100, at_s(0)));
    EXPECT_ERR(ERR_DENIED, loss_reserve(&l, &a, 1, at_s(0)));  /* the peer's */
    EXPECT_ERR(ERR_DENIED, loss_reserve(&l, &b, 51, at_s(0))); /* the group's */
    EXPECT_OK(loss_reserve(&l, &b, 50, at_s(0)));
    EXPECT_ERR(ERR_DENIED, loss_reserve(&l, &c, 51, at_s(0))); /* all */
    EXPECT_OK(loss_reserve(&l, &c, 50, at_s(0)));
    loss_settle(&l, &c, (struct loss_settlement){.reserved = 50}, at_s(1));
    EXPECT_OK(loss_reserve(&l, &c, 50, at_s(1)));
    /* a loses all: it has nothing more in this hour, and all of it in the next */
    loss_settle(&l, &a, (struct loss_settlement){.reserved = 100, .lost = 100}, at_s(2));
    EXPECT_ERR(ERR_DENIED, loss_reserve(&l, &a, 1, at_s(3599)));
    loss_settle(&l, &b, (struct loss_settlement){.reserved = 50}, at_s(3599));
    loss_settle(&l, &c, (struct loss_settlement){.reserved = 50}, at_s(3599));
    EXPECT_OK(loss_reserve(&l, &a, 100, at_s(3600)));
}

TEST(too_many_keys)
{
    loss_init(&l, (struct loss_limits){.per_peer = 100, .per_group = 100, .total = 1000000});
    for (int i = 0; i < LOSS_KEYS_MAX; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "peer %d", i);
        struct loss_key k = key(name, "");
        EXPECT_OK(loss_reserve(&l, &k, 1, at_s(0)));
    }
    struct loss_key k = key("one more", "");
    EXPECT_ERR(ERR_LIMIT, loss_reserve(&l, &k, 1, at_s(0)));
    struct loss_key first = key("peer 0", "");
    loss_settle(&l, &first, (struct loss_settlement){.reserved = 1}, at_s(1));
    EXPECT_OK(loss_reserve(&l, &k, 1, at_s(1)));
    struct loss_key two = key("two", "more");
    loss_settle(&l, &k, (struct loss_settlement){.reserved = 1}, at_s(1));
    EXPECT_ERR(ERR_LIMIT,
               loss_reserve(&l, &two, 1, at_s(1))); /* room for the peer, none for its group */
    uint8_t long_name[LOSS_KEY_LEN_MAX + 1] = {0};
    EXPECT_ERR(ERR_LIMIT, loss_key_init(&k, SPAN_OF(long_name), SPAN_EMPTY));
}

TEST_MAIN
