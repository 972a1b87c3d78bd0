/* Before a signature: what the key process has read, the cautions, and a yes. */
#include "devices.h"

#include "base/wr.h"
#include "node/os/prompt.h"

#include <stdio.h>
#include <string.h>

static void show(const char *name, struct json v, const char *member)
{
    char text[TEXT_LEN];
    struct wr w = wr_init(mspan_of(text, sizeof text - 1));
    if (json_find_string(&w, v, member) == OK) {
        text[w.n] = '\0';
        (void)printf("  %-14s %s\n", name, text);
    }
}

/* Risk lines that must be ticked, as the JSON array of their ids; each is shown. */
static enum err gather_ticks(struct wr *ticks, struct json operation)
{
    struct json risks;
    struct json one;
    bool needs_tick = false;
    wr_str(ticks, "[");
    if (!json_find(&risks, operation, "risks")) {
        return ERR_MALFORMED;
    }
    struct json_iter it = json_iterate(risks);
    while (json_next(&it, NULL, &one)) {
        struct span id;
        show("caution", one, "code");
        if (json_find_bool(&needs_tick, one, "tick") == OK && needs_tick) {
            TRY(json_find_plain(&id, one, "id"));
            wr_str(ticks, ticks->n > 1 ? ",\"" : "\"");
            wr_bytes(ticks, id);
            wr_str(ticks, "\"");
        }
    }
    wr_str(ticks, "]");
    return wr_end(ticks);
}

enum err approve_operation(struct device_vault *d, const char *id)
{
    char members[TEXT_LEN];
    char ticks_room[TEXT_LEN * 4];
    struct wr ticks = wr_init(MSPAN_OF(ticks_room));
    struct json operation;
    struct device_request q = {.operation = span_str(id)};
    int n = snprintf(members, sizeof members, "\"operation_id\":\"%s\"", id);
    if (n < 0 || (size_t)n >= sizeof members || strpbrk(id, "\"\\")) {
        return ERR_LIMIT;
    }
    TRY(d->api->call(d->api, &operation, "operation_get", span_of(members, (size_t)n)));
    TRY(json_find_u64(&q.revision, operation, "revision"));
    TRY(gather_ticks(&ticks, operation));
    TRY(device_vault_begin(d, &q));
    (void)printf("The key process has read:\n");
    show("to", q.reading, "to");
    show("wei", q.reading, "value");
    show("token to", q.reading, "token_to");
    show("token amount", q.reading, "token_amount");
    show("fee, at most", q.reading, "fee_max");
    show("nonce", q.reading, "nonce");
    (void)printf("  %-14s %s\n", "check code", q.check_code);
    if (!prompt_yes("Sign this?")) {
        return ERR_CLOSED;
    }
    say("Touch the key.");
    return device_vault_approve(d, &q, span_of(ticks_room, ticks.n));
}
