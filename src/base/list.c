/* Intrusive lists. */
#include "base/list.h"

#include "base/check.h"

void list_init(struct list *head)
{
    head->next = head;
    head->prev = head;
}

bool list_is_empty(const struct list *head)
{
    return head->next == head || head->next == NULL;
}

bool list_is_linked(const struct list *node)
{
    return node->next != NULL;
}

static void insert(struct list *before, struct list *node, struct list *after)
{
    check(!list_is_linked(node));
    node->prev = before;
    node->next = after;
    before->next = node;
    after->prev = node;
}

void list_add_last(struct list *head, struct list *node)
{
    insert(head->prev, node, head);
}

void list_add_first(struct list *head, struct list *node)
{
    insert(head, node, head->next);
}

void list_remove(struct list *node)
{
    if (!list_is_linked(node)) {
        return;
    }
    node->prev->next = node->next;
    node->next->prev = node->prev;
    node->next = NULL;
    node->prev = NULL;
}

struct list *list_first(const struct list *head)
{
    return list_is_empty(head) ? NULL : head->next;
}

struct list *list_last(const struct list *head)
{
    return list_is_empty(head) ? NULL : head->prev;
}

struct list *list_next(const struct list *head, const struct list *node)
{
    return node->next == head ? NULL : node->next;
}
