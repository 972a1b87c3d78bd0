/* passmesh-server withdraw: what the operator sees of it. */
#include "withdraw.h"

#include "base/check.h"
#include "codec/json.h"
#include "node/server/server_withdraw.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *in_ether(char out[static U256_TEXT_LEN], struct u256 wei)
{
    (void)u256_print_units(out, wei, U256_DECIMALS_ETHER);
    return out;
}

static bool confirm(void *user, const struct server_withdrawal_plan *p)
{
    const struct withdraw_words *w = user;
    char from[ADDRESS_TEXT_LEN];
    char to[ADDRESS_TEXT_LEN];
    char has[U256_TEXT_LEN];
    char value[U256_TEXT_LEN];
    char fee[U256_TEXT_LEN];
    char answer[16] = "";
    address_print(from, p->from);
    address_print(to, p->to);
    (void)fprintf(stderr,
                  "Network  %s (chain %llu)\nFrom     %s, which has %s ether\nTo       %s\n"
                  "Amount   %s ether\nGas      up to %s ether\n",
                  p->network, (unsigned long long)p->chain_id, from, in_ether(has, p->has), to,
                  in_ether(value, p->value), in_ether(fee, p->fee_max));
    if (w->is_sure) {
        return true;
    }
    (void)fprintf(stderr, "Send it? Type yes: ");
    return fgets(answer, sizeof answer, stdin) && strcmp(answer, "yes\n") == 0;
}

static void say_sent(void *user, const struct hash32 *hash)
{
    (void)user;
    (void)fprintf(stderr, "Sent; waiting for a block.\nHash     0x");
    for (size_t i = 0; i < sizeof hash->bytes; i++) {
        (void)fprintf(stderr, "%02x", hash->bytes[i]);
    }
    (void)fprintf(stderr, "\n");
}

static void print_done(const struct server_withdrawal_done *done)
{
    uint8_t room[256];
    struct wr w = wr_init(MSPAN_OF(room));
    struct json_writer j = json_writer_init(&w);
    json_put_object(&j);
    json_put_name(&j, "transaction");
    json_put_hex(&j, SPAN_OF(done->tx_hash.bytes));
    json_put_name(&j, "block");
    json_put_u64(&j, done->block);
    json_end_object(&j);
    check(json_writer_end(&j) == OK);
    (void)printf("%.*s\n", (int)w.n, (const char *)room);
}

int withdraw(const struct server_config *config, struct withdraw_words *words)
{
    char text[SERVER_TEXT_LEN] = "";
    struct server_withdrawal what = {.takes_all = words->amount == NULL};
    struct server_withdrawal_done done;
    enum address_checksum sum;
    if (address_parse(&what.to, &sum, span_str(words->address)) != OK ||
        sum != ADDRESS_CHECKSUM_VALID || address_is_zero(what.to)) {
        (void)fprintf(stderr,
                      "passmesh-server: %s is no address with a right checksum: copy it with its "
                      "upper and lower case letters (EIP-55).\n",
                      words->address);
        return EXIT_USAGE;
    }
    if (words->amount &&
        u256_parse_units(&what.wei, span_str(words->amount), U256_DECIMALS_ETHER) != OK) {
        (void)fprintf(stderr, "passmesh-server: %s is no amount of ether such as 0.25.\n",
                      words->amount);
        return EXIT_USAGE;
    }
    if (!words->is_sure && !isatty(STDIN_FILENO)) {
        (void)fprintf(stderr, "passmesh-server: nobody is there to confirm it: pass --yes.\n");
        return EXIT_USAGE;
    }
    const struct server_withdrawal_port port = {
        .user = words, .confirm = confirm, .sent = say_sent};
    if (server_withdraw(config, &what, &port, &done, text) != OK) {
        (void)fprintf(stderr, "passmesh-server: %s\n", text);
        return EXIT_FAILED;
    }
    if (words->is_json) {
        print_done(&done);
    } else {
        (void)printf("It is in block %llu.\n", (unsigned long long)done.block);
    }
    return EXIT_GOOD;
}
