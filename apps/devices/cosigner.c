/* What waits for the passkey about a co-signer: shown, and signed. */
#include "devices.h"

#include "node/authenticator/device_cosigner.h"
#include "node/os/prompt.h"

#include <stdio.h>

static const char *const titles[] = {
    [COSIGNER_ACT_MAKE] = "A co-signer is to be made by the server",
    [COSIGNER_ACT_SIGN] = "The co-signer is to sign a payment; its server is",
    [COSIGNER_ACT_RELEASE] = "Its key is not needed any more, the server is to be told",
    [COSIGNER_ACT_LEAVE] = "The co-signer is to be taken off; no server takes part, its key is at"};

static void show_address(const char *name, struct address a)
{
    char text[ADDRESS_TEXT_LEN];
    address_print(text, a);
    (void)printf("  %-14s %s\n", name, text);
}

static void show_number(const char *name, struct u256 n)
{
    char text[U256_TEXT_LEN];
    (void)u256_print_decimal(text, n);
    (void)printf("  %-14s %s\n", name, text);
}

/* Ether or a token, so much, to somebody or to all; name says what of it. */
static void
show_amount(const char *name, struct address token, struct address to, struct u256 amount)
{
    char token_text[ADDRESS_TEXT_LEN];
    char to_text[ADDRESS_TEXT_LEN];
    char number[U256_TEXT_LEN];
    bool is_ether = address_is_zero(token);
    address_print(token_text, token);
    address_print(to_text, to);
    (void)u256_print_decimal(number, amount);
    (void)printf("  %-14s %s %s%s to %s\n", name, number,
                 is_ether ? "wei" : "smallest units of token ", is_ether ? "" : token_text,
                 address_is_zero(to) ? "all together" : to_text);
}

static void show_terms(const struct cosigner_terms *t)
{
    show_address("account", t->account);
    for (size_t i = 0; i < t->chains_count; i++) {
        (void)printf("  %-14s %llu\n", "on chain", (unsigned long long)t->chains[i]);
    }
    for (size_t i = 0; i < t->limits_count; i++) {
        show_amount("limit a day", t->limits[i].token, t->limits[i].to, t->limits[i].amount);
    }
}

static void show(const struct device_cosigner *c)
{
    (void)printf("%s:\n  %s\n", titles[c->act], c->server);
    show_terms(&c->terms);
    if (c->act == COSIGNER_ACT_SIGN || c->act == COSIGNER_ACT_LEAVE) {
        show_address("co-signer", c->cosigner);
        show_number("this chain", u256_from_u64(c->chain_id));
    }
    for (size_t i = 0; i < c->payments_count; i++) {
        const struct device_payment *p = &c->payments[i];
        show_amount("pays", p->token, p->to, p->amount);
    }
    if (c->act == COSIGNER_ACT_SIGN) {
        show_number("fee, at most", c->fee_max);
    }
    if (c->act == COSIGNER_ACT_LEAVE) {
        show_number("must sign then", u256_from_u64(c->threshold));
    }
}

int cosigner_sign(struct device_vault *d, const struct door *door)
{
    static struct device_cosigner c;
    enum err e = device_cosigner_read(d, &c);
    if (e == ERR_NOT_FOUND) {
        say("Nothing waits. It is begun with `passmesh cosigner`.");
        return EXIT_FAILED;
    }
    if (e == ERR_AUTH || e == ERR_UNSUPPORTED) {
        say("Not signed: the wallet asks for a signature over something else than it shows.");
        return EXIT_FAILED;
    }
    if (e != OK) {
        return tell(e, door, "");
    }
    show(&c);
    if (!prompt_yes("Sign this?")) {
        say("Nothing was signed.");
        return EXIT_FAILED;
    }
    say("Touch the key.");
    e = device_cosigner_sign(d, &c);
    if (e == ERR_NOT_FOUND) {
        say("The account's passkey is not on this key, or not in this computer's TPM.");
        return EXIT_FAILED;
    }
    return tell(e, door, "Signed.");
}
