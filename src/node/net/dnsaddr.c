/* Names that stand for several multiaddrs. */
#include "node/net/dnsaddr.h"

#include "base/wr.h"
#include "codec/dns_txt.h"
#include "codec/multiaddr.h"
#include "node/net/tcp.h"
#include "node/net/tcp_addr.h"

#include <arpa/nameser.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX "_dnsaddr."

enum { ANSWER_LEN_MAX = 8192, WAIT_S = 3, TRIES = 2 };

/* One question, on its way through the thread. */
struct lookup {
    uv_work_t work;
    struct tcp *tcp;
    host_link link;
    int answer_len; /* below 0: none */
    char name[sizeof PREFIX + TCP_NAME_LEN_MAX];
    uint8_t answer[ANSWER_LEN_MAX];
    struct dnsaddr_list list;
};

bool dnsaddr_is(struct span addr)
{
    struct multiaddr_part part;
    return multiaddr_next(&part, &addr) && part.code == MULTIADDR_DNSADDR;
}

void dnsaddr_read(struct dnsaddr_list *ret, struct span answer)
{
    struct dns_txt t;
    uint8_t text[DNS_TXT_LEN_MAX];
    size_t n;
    size_t used = 0;
    ret->count = 0;
    if (dns_txt_begin(&t, answer) != OK) {
        return;
    }
    while (ret->count < HOST_ADDRS_MAX && dns_txt_next(&t, text, &n)) {
        static const struct span key = SPAN_INIT("dnsaddr=");
        struct wr w = wr_init(mspan_from(MSPAN_OF(ret->bytes), used));
        if (!span_starts_with(span_of(text, n), key) ||
            multiaddr_parse(&w, span_from(span_of(text, n), key.n), NULL) != OK) {
            continue; /* other texts stand there too */
        }
        ret->addrs[ret->count++] = span_of(ret->bytes + used, w.n);
        used += w.n;
    }
}

/* On a thread of its own: nothing of the driver or the host is touched. */
static void on_work(uv_work_t *work)
{
    struct lookup *l = work->data;
    struct __res_state state = {0};
    l->answer_len = -1;
    if (res_ninit(&state) == 0) {
        state.retrans = WAIT_S;
        state.retry = TRIES;
        l->answer_len = res_nquery(&state, l->name, ns_c_in, ns_t_txt, l->answer, sizeof l->answer);
        res_nclose(&state);
    }
}

static void on_done(uv_work_t *work, int status)
{
    struct lookup *l = work->data;
    struct tcp *t = l->tcp;
    if (!t->is_done) {
        if (status == 0 && l->answer_len > 0 && (size_t)l->answer_len <= sizeof l->answer) {
            dnsaddr_read(&l->list, span_of(l->answer, (size_t)l->answer_len));
        }
        host_dial_found(t->cfg.host, loop_now(t->cfg.loop), l->link, l->list.addrs, l->list.count);
        tcp_pump(t);
    }
    free(l);
}

void dnsaddr_dial(struct tcp *t, const struct host_event *e)
{
    struct multiaddr_part part;
    struct span rest = e->addr;
    struct lookup *l = calloc(1, sizeof *l);
    if (!l) {
        abort();
    }
    bool fits = multiaddr_next(&part, &rest) && part.value.n > 0 &&
                part.value.n < TCP_NAME_LEN_MAX && span_find(part.value, 0) == part.value.n;
    l->tcp = t;
    l->link = e->link;
    l->work.data = l;
    if (fits) {
        memcpy(l->name, PREFIX, sizeof PREFIX - 1);
        memcpy(l->name + sizeof PREFIX - 1, part.value.p, part.value.n);
    }
    if (!fits || uv_queue_work(&t->cfg.loop->uv, &l->work, on_work, on_done) != 0) {
        host_dial_found(t->cfg.host, loop_now(t->cfg.loop), e->link, NULL, 0);
        free(l);
    }
}
