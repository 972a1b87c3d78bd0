/* Settings of the server on this machine. */
#include "node/plugin/keeper_settings.h"

#include <string.h>

#define MS_MAX UINT64_C(9007199254740991)
enum { HOURS = 24, KBIT_S_MAX = 100000000 };

void keeper_settings_default(struct keeper_settings *s)
{
    *s = (struct keeper_settings){.listen = "/ip4/0.0.0.0/tcp/4001"};
}

/* One line of plain ASCII, since it goes into an INI file. */
static enum err take_text(char *ret, size_t room, struct json v, const char *name)
{
    struct json member;
    struct span text;
    if (!json_find(&member, v, name)) {
        return OK;
    }
    TRY(json_get_plain(&text, member));
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] <= ' ' || text.p[i] >= 0x7f) {
            return ERR_MALFORMED;
        }
    }
    if (text.n >= room) {
        return ERR_MALFORMED;
    }
    memset(ret, 0, room);
    (void)span_copy(mspan_of(ret, room - 1), text);
    return OK;
}

static enum err take_number(uint64_t *ret, struct json v, const char *name, uint64_t max)
{
    struct json member;
    uint64_t n;
    if (!json_find(&member, v, name)) {
        return OK;
    }
    TRY(json_find_u64(&n, v, name));
    if (n > max) {
        return ERR_MALFORMED;
    }
    *ret = n;
    return OK;
}

enum err keeper_settings_read(struct keeper_settings *s, struct json v)
{
    struct keeper_settings next = *s;
    struct json wanted;
    if (json_find(&wanted, v, "wanted")) {
        TRY(json_find_bool(&next.is_wanted, v, "wanted"));
    }
    TRY(take_text(next.network, sizeof next.network, v, "network_id"));
    TRY(take_text(next.node, sizeof next.node, v, "node"));
    TRY(take_text(next.listen, sizeof next.listen, v, "listen"));
    TRY(take_number(&next.clients, v, "clients", KEEPER_CLIENTS_MAX));
    TRY(take_number(&next.kbit_s, v, "kbit_s", KBIT_S_MAX));
    TRY(take_number(&next.from_hour, v, "from_hour", HOURS - 1));
    TRY(take_number(&next.to_hour, v, "to_hour", HOURS - 1));
    TRY(take_number(&next.checked_ms, v, "checked_ms", MS_MAX));
    *s = next;
    return OK;
}

void keeper_settings_write(struct json_writer *j, const struct keeper_settings *s)
{
    const struct {
        const char *name;
        const char *text;
    } texts[] = {
        {"network_id", s->network},
        {"node",       s->node   },
        {"listen",     s->listen }
    };
    const struct {
        const char *name;
        uint64_t number;
    } numbers[] = {
        {"clients",   s->clients  },
        {"kbit_s",    s->kbit_s   },
        {"from_hour", s->from_hour},
        {"to_hour",   s->to_hour  }
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        json_put_name(j, texts[i].name);
        json_put_str(j, texts[i].text);
    }
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        json_put_name(j, numbers[i].name);
        json_put_u64(j, numbers[i].number);
    }
}

bool keeper_settings_is_open(const struct keeper_settings *s, unsigned hour)
{
    if (s->from_hour == s->to_hour) {
        return true;
    }
    if (s->from_hour < s->to_hour) {
        return hour >= s->from_hour && hour < s->to_hour;
    }
    return hour >= s->from_hour || hour < s->to_hour; /* over midnight */
}

enum err keeper_settings_ini(struct wr *w, const struct keeper_settings *s, const char *network)
{
    wr_str(w, "# Written by the wallet at each start of the server.\n[server]\nnetwork = ");
    wr_str(w, network);
    wr_str(w, "\nnode = ");
    wr_str(w, s->node);
    wr_str(w, "\nlisten = ");
    wr_str(w, s->listen);
    wr_str(w, "\n");
    return wr_end(w);
}
