#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

/* An intrusive doubly linked list: the node lives inside the object, see list_entry. A zeroed node is
 * in no list. */
struct list {
    struct list *next;
    struct list *prev;
};

/* list_entry finds the object from its node: list_entry(n, struct stream, in_ready). */
#define list_entry(node, type, member) ((type *)(void *)((char *)(node) - offsetof(type, member)))

void list_init(struct list *head);
bool list_is_empty(const struct list *head);

/* list_is_linked: is this node in a list? */
bool list_is_linked(const struct list *node);

void list_add_last(struct list *head, struct list *node);
void list_add_first(struct list *head, struct list *node);

/* list_remove takes node out of whatever list it is in; does nothing if in none. */
void list_remove(struct list *node);

/* list_first and list_last return NULL if empty; list_next returns NULL after the last. */
struct list *list_first(const struct list *head);
struct list *list_last(const struct list *head);
struct list *list_next(const struct list *head, const struct list *node);

#endif
