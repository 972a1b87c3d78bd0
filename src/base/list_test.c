#include "base/list.h"

#include "base/test.h"

struct item {
    int value;
    struct list in_list;
};

/* The values in order, as decimal digits. */
static unsigned digits(const struct list *head)
{
    unsigned all = 0;
    for (struct list *n = list_first(head); n; n = list_next(head, n)) {
        all = all * 10 + (unsigned)list_entry(n, struct item, in_list)->value;
    }
    return all;
}

TEST(order)
{
    struct list head;
    list_init(&head);
    EXPECT(list_is_empty(&head));
    EXPECT(list_first(&head) == NULL);
    EXPECT(list_last(&head) == NULL);
    struct item items[3] = {{.value = 1}, {.value = 2}, {.value = 3}};
    EXPECT(!list_is_linked(&items[0].in_list));
    list_add_last(&head, &items[0].in_list);
    list_add_last(&head, &items[1].in_list);
    list_add_first(&head, &items[2].in_list);
    EXPECT_EQ(312, digits(&head));
    EXPECT(list_is_linked(&items[0].in_list));
    list_remove(&items[0].in_list);
    EXPECT_EQ(32, digits(&head));
    EXPECT(!list_is_linked(&items[0].in_list));
    list_remove(&items[0].in_list); /* in no list: nothing happens */
    list_add_last(&head, &items[0].in_list);
    EXPECT_EQ(321, digits(&head));
    for (size_t i = 0; i < 3; i++) {
        list_remove(&items[i].in_list);
    }
    EXPECT(list_is_empty(&head));
}

TEST(zeroed_head_is_empty)
{
    struct list head = {0};
    EXPECT(list_is_empty(&head));
    EXPECT(list_first(&head) == NULL);
}

TEST_MAIN
