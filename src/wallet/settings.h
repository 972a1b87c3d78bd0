#ifndef WALLET_SETTINGS_H
#define WALLET_SETTINGS_H

#include "base/buf.h"
#include "base/err.h"
#include "wallet/text.h"

/* What the person chose for the page; and which account and network it shows. */
enum language { LANGUAGE_AUTO, LANGUAGE_EN, LANGUAGE_ZH_HANS, LANGUAGE_COUNT };
enum theme { THEME_SYSTEM, THEME_LIGHT, THEME_DARK, THEME_COUNT };
enum density { DENSITY_COMFORTABLE, DENSITY_COMPACT, DENSITY_COUNT };
enum history_view { HISTORY_SCROLL, HISTORY_PAGES, HISTORY_COUNT };

/* May servers be looked for in the public DHT of IPFS, where strangers see this machine's address and that it looks for them. */
enum public_dht_choice { PUBLIC_DHT_ASK, PUBLIC_DHT_YES, PUBLIC_DHT_NO, PUBLIC_DHT_COUNT };

struct settings {
    enum language language;
    enum theme theme;
    enum density density;
    enum history_view history;
    enum public_dht_choice public_dht;
    bool shortcuts;
    bool hide_unknown_tokens;
    uint32_t lock_after_min; /* 0: never */
    struct id network;       /* selected; unset before the first choice */
    struct id account;
};

struct settings settings_default(void);

/* The words of the API for each choice. */
const char *language_name(enum language v);
const char *theme_name(enum theme v);
const char *density_name(enum density v);
const char *history_view_name(enum history_view v);
const char *public_dht_choice_name(enum public_dht_choice v);

MUST_CHECK enum err settings_encode(struct buf *out, const struct settings *s);

/* settings_decode starts from the defaults, so that a setting of a later version has one. */
MUST_CHECK enum err settings_decode(struct settings *ret, struct span record);

#endif
