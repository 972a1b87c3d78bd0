/* Whom an address belongs to, and what is risky about it. */
#include "base/check.h"
#include "wallet/engine.h"

#include <string.h>

const char *known_name(enum known k)
{
    switch (k) {
    case KNOWN_OWN:      return "own";
    case KNOWN_CONTACT:  return "contact";
    case KNOWN_TOKEN:    return "token";
    case KNOWN_CONTRACT: return "contract";
    case KNOWN_SENT_TO:  return "sent_to";
    case KNOWN_NONE:     return "none";
    }
    return "none";
}

struct party
wallet_party(const struct wallet *w, const struct network *network, struct address address)
{
    struct party p = {.address = address, .known = KNOWN_NONE};
    for (size_t i = 0; i < w->account_count; i++) {
        if (address_equal(w->accounts[i]->address, address)) {
            p.known = KNOWN_OWN;
            p.name = w->accounts[i]->name;
            return p;
        }
    }
    for (size_t i = 0; i < w->contact_count; i++) {
        if (address_equal(w->contacts[i].address, address)) {
            p.known = KNOWN_CONTACT;
            p.name = w->contacts[i].name;
            return p;
        }
    }
    const struct token *token = network_token(network, address);
    if (token) {
        p.known = KNOWN_TOKEN;
        p.name = token->name;
    } else if (address_equal(network->entry_point, address) ||
               address_equal(network->factory, address) ||
               address_equal(network->verifier, address)) {
        p.known = KNOWN_CONTRACT;
    } else if (map_find(&w->sent_to, SPAN_OF(address.bytes))) {
        p.known = KNOWN_SENT_TO;
    }
    return p;
}

/* Digits that are alike, from either end, from which on two addresses look alike to somebody in a hurry. */
enum { ALIKE_DIGITS = 4 };

struct likeness {
    bool head;
    bool tail;
    size_t groups; /* of ten groups of four digits, how many differ */
};

static struct likeness likeness_of(struct address a, struct address b)
{
    struct likeness l = {0};
    l.head = memcmp(a.bytes, b.bytes, ALIKE_DIGITS / 2) == 0;
    l.tail = memcmp(a.bytes + 20 - ALIKE_DIGITS / 2, b.bytes + 20 - ALIKE_DIGITS / 2,
                    ALIKE_DIGITS / 2) == 0;
    for (size_t i = 0; i < 20; i += 2) {
        l.groups += memcmp(a.bytes + i, b.bytes + i, 2) != 0;
    }
    return l;
}

/* The gravest likeness to an address that the person trusts. */
struct look_search {
    struct address candidate;
    struct look_alike worst;
    bool both_ends;
};

static void look_at(struct look_search *s, struct address trusted, const struct name *name)
{
    struct likeness l = likeness_of(s->candidate, trusted);
    bool both = l.head && l.tail;
    if (l.groups == 0 || (!l.head && !l.tail) || (s->worst.found && (s->both_ends || !both))) {
        return;
    }
    s->both_ends = both;
    s->worst = (struct look_alike){.found = true, .address = trusted, .groups = l.groups};
    if (name) {
        s->worst.name = *name;
    } else {
        char text[ADDRESS_TEXT_LEN];
        address_print(text, trusted);
        text_set(s->worst.name.text, sizeof s->worst.name.text, span_str(text));
    }
}

static struct look_search search_look_alike(const struct wallet *w, struct address candidate)
{
    struct look_search s = {.candidate = candidate};
    for (size_t i = 0; i < w->account_count; i++) {
        look_at(&s, w->accounts[i]->address, &w->accounts[i]->name);
    }
    for (size_t i = 0; i < w->contact_count; i++) {
        look_at(&s, w->contacts[i].address, &w->contacts[i].name);
    }
    for (size_t i = 0; i < w->sent_to.count; i++) {
        struct address sent;
        span_copy(MSPAN_OF(sent.bytes), span_of(map_at(&w->sent_to, i)->key, 20));
        look_at(&s, sent, NULL);
    }
    return s;
}

static struct risk *add_risk(
    struct risk *risks, size_t *count, size_t count_max, enum risk_level level, const char *code)
{
    check(*count < count_max);
    struct risk *r = &risks[(*count)++];
    *r = (struct risk){.level = level, .tick = level == RISK_DANGER};
    coded_set(&r->what, code);
    return r;
}

size_t wallet_address_risks(const struct wallet *w,
                            const struct network *network,
                            const struct account *account,
                            struct address to,
                            struct risk *ret_risks,
                            size_t count_max,
                            struct look_alike *ret_look)
{
    check(count_max >= 3);
    size_t count = 0;
    struct party party = wallet_party(w, network, to);
    *ret_look = (struct look_alike){0};
    if (address_equal(account->address, to)) {
        (void)add_risk(ret_risks, &count, count_max, RISK_CAUTION, "same_account");
    } else if (party.known == KNOWN_OWN) {
        struct risk *r = add_risk(ret_risks, &count, count_max, RISK_INFO, "own_account");
        coded_add(&r->what, "name", name_span(&party.name));
    } else if (party.known == KNOWN_TOKEN) {
        struct risk *r = add_risk(ret_risks, &count, count_max, RISK_BLOCKED, "token_contract");
        coded_add_str(&r->what, "symbol", network_token(network, to)->symbol);
    } else if (party.known == KNOWN_CONTRACT) {
        struct risk *r = add_risk(ret_risks, &count, count_max, RISK_DANGER, "contract");
        r->tick = true;
    }
    if (party.known != KNOWN_NONE) {
        return count;
    }
    struct look_search s = search_look_alike(w, to);
    if (s.worst.found) {
        char text[ADDRESS_TEXT_LEN];
        address_print(text, s.worst.address);
        struct risk *r =
            add_risk(ret_risks, &count, count_max, s.both_ends ? RISK_DANGER : RISK_CAUTION,
                     s.both_ends ? "look_alike" : "look_alike_end");
        coded_add(&r->what, "name", name_span(&s.worst.name));
        coded_add_str(&r->what, "address", text);
        coded_add_u64(&r->what, "groups", s.worst.groups);
        *ret_look = s.worst;
    }
    (void)add_risk(ret_risks, &count, count_max, RISK_CAUTION, "first_time");
    return count;
}
