/* Extensions of a host, each asked in turn. */
#include "p2p/host_extension.h"

#include "p2p/host_state.h"

static struct host_extension *of(struct list *l)
{
    return list_entry(l, struct host_extension, in_host);
}

void host_extend(struct host *h, struct host_extension *x)
{
    list_add_last(&h->extensions, &x->in_host);
}

void host_unextend(struct host_extension *x)
{
    list_remove(&x->in_host);
}

bool host_extensions_take(struct host *h, const struct host_event *e)
{
    for (struct list *l = list_first(&h->extensions); l; l = list_next(&h->extensions, l)) {
        if (of(l)->on_event(of(l), e)) {
            return true;
        }
    }
    return false;
}

bool host_extensions_work(struct host *h)
{
    bool any = false;
    for (struct list *l = list_first(&h->extensions); l; l = list_next(&h->extensions, l)) {
        any = of(l)->work(of(l)) || any;
    }
    return any;
}

bool host_extensions_poll(struct host *h, struct host_event *ret_event)
{
    for (struct list *l = list_first(&h->extensions); l; l = list_next(&h->extensions, l)) {
        if (of(l)->has_news(of(l))) {
            *ret_event = (struct host_event){.kind = HOST_EVENT_EXTENSION, .extension = of(l)};
            return true;
        }
    }
    return false;
}

instant host_extensions_deadline(const struct host *h)
{
    instant at = INSTANT_NEVER;
    for (struct list *l = list_first(&h->extensions); l; l = list_next(&h->extensions, l)) {
        at = instant_min(at, of(l)->deadline(of(l)));
    }
    return at;
}

void host_extensions_tick(struct host *h)
{
    for (struct list *l = list_first(&h->extensions); l; l = list_next(&h->extensions, l)) {
        of(l)->tick(of(l), h->now);
    }
}
