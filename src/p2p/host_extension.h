#ifndef P2P_HOST_EXTENSION_H
#define P2P_HOST_EXTENSION_H

#include "base/list.h"
#include "p2p/host.h"

/* An extension: a protocol that lives on a host beside the application (the DHT, gossip). It sees every event
 * before the application does and keeps those of its own streams and dials; it has its share of the host's
 * clock; and when it has something for the application, the host reports HOST_EVENT_EXTENSION once, and again
 * after the application has polled the extension and left something.
 *
 * Embed as first member. In on_event the event's spans die with the first call on the host, as always. */
struct host_extension {
    struct list in_host;

    /* on_event: true if the event was the extension's own and nobody else is to see it. */
    bool (*on_event)(struct host_extension *self, const struct host_event *e);

    /* work does what waits: opens streams, writes. True if it did anything. */
    bool (*work)(struct host_extension *self);

    /* has_news: is there something for the application, of which it was not told yet? Asked by has_news it
     * counts as told. */
    bool (*has_news)(struct host_extension *self);

    instant (*deadline)(const struct host_extension *self);
    void (*tick)(struct host_extension *self, instant now);
};

/* host_extend adds an extension, which must outlive its place in the host; host_unextend removes it. */
void host_extend(struct host *h, struct host_extension *x);
void host_unextend(struct host_extension *x);

/* ---- for the host ---- */

bool host_extensions_take(struct host *h, const struct host_event *e);
bool host_extensions_work(struct host *h);
bool host_extensions_poll(struct host *h, struct host_event *ret_event);
instant host_extensions_deadline(const struct host *h);
void host_extensions_tick(struct host *h);

#endif
