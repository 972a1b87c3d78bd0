/* The vault with a security key and without a browser: the real libfido2 over a CTAP device in software, the API, and keyd's engine. */
#include "node/authenticator/device_vault.h"

#include "base/check.h"
#include "base/wr.h"
#include "crypto/backend.h"
#include "evm/tx.h"
#include "node/api/api_rig_test.h"
#include "node/authenticator/libfido2.h"
#include "node/authenticator/soft_key_test.h"
#include "node/keyd/keyd.h"
#include "node/tpm/tpm_rig_test.h"

#include <stdio.h>
#include <string.h>

static struct bench {
    struct device_api api; /* first */
    struct rig r;
    struct keyd_store store;
    struct keyd k;
    uint8_t reply[KEYD_REPLY_MAX];
    char members[16 * 1024];
    struct soft_key soft;
    struct device_vault d;
} bench;

static enum err keep(struct keyd_store *self, struct span content)
{
    (void)self;
    return content.n > 0 ? OK : ERR_IO;
}

static enum err
ask_keyd(struct api_node_port *self, struct span *ret_body, enum keyd_op op, struct span body)
{
    static uint8_t request[40000];
    struct bench *b = &bench;
    (void)self;
    struct wr w = wr_init(MSPAN_OF(request));
    wr_u8(&w, KEYD_VERSION);
    wr_u8(&w, (uint8_t)op);
    wr_be32(&w, 7);
    wr_bytes(&w, body);
    check(wr_ok(&w));
    keyd_tick(&b->k, b->r.w.t.mono);
    size_t n = keyd_answer(&b->k, MSPAN_OF(b->reply), KEYD_MAY_VAULT, span_of(request, w.n));
    *ret_body = span_from(span_of(b->reply, n), 7);
    return (enum err)b->reply[6];
}

static enum err
call(struct device_api *self, struct json *ret_result, const char *method, struct span members)
{
    struct bench *b = (struct bench *)(void *)self;
    check(members.n < sizeof b->members);
    memcpy(b->members, members.p ? members.p : (const uint8_t *)"", members.n);
    b->members[members.n] = '\0';
    if (!rig_ask(&b->r, method, members.n ? "%s" : " %s", b->members)) {
        text_set(self->code, sizeof self->code, span_str(b->r.error));
        return ERR_DENIED;
    }
    *ret_result = b->r.result;
    return OK;
}

static struct bench *start(void)
{
    struct bench *b = &bench;
    memset(b, 0, sizeof *b);
    EXPECT_OK(crypto_init());
    if (!rig_init(&b->r)) {
        return NULL;
    }
    b->api.call = call;
    b->store.save = keep;
    const struct keyd_cfg cfg = {
        .budget = test_budget(),
        .rng = &b->r.w.rng.rng,
        .store = &b->store,
        .work = test_budget(),
        .phrase_cost = {.passes = 1, .memory_kib = 8},
        .key_file_log2_n = 12,
        .idle_us = VAULT_IDLE_US
    };
    EXPECT_OK(keyd_init(&b->k, &cfg, SPAN_EMPTY));
    b->r.node.port.keys = ask_keyd;
    soft_key_plug(&b->soft, test_seed());
    soft_key_vault(&b->d, &b->soft, &b->api, &b->r.w.rng.rng);
    return b;
}

static void done(struct bench *b)
{
    device_vault_done(&b->d);
    security_key_done(&b->soft.key);
    keyd_done(&b->k);
    rig_done(&b->r);
}

TEST(enrolled_unlocked_and_sent_with_a_key_alone)
{
    struct bench *b = start();
    TEST_REQUIRE(b);
    EXPECT_ERR(ERR_STATE, device_vault_unlock(&b->d)); /* there is none yet */
    EXPECT_OK(device_vault_enrol(&b->d));
    EXPECT_ERR(ERR_STATE, device_vault_enrol(&b->d));
    EXPECT(rig_ask(&b->r, "ordinary_create", "\"name\":\"By key\",\"words\":12"));
    struct rig_text address = rig_text(b->r.result, "address");
    EXPECT(rig_ask(&b->r, "vault_lock", " "));
    EXPECT_OK(device_vault_unlock(&b->d));
    rig_turn(&b->r, 10);
    struct rig_text op = rig_prepare(&b->r, "1000000000000000000");
    struct device_request q = {.operation = span_str(op.text), .revision = 1};
    EXPECT_OK(device_vault_begin(&b->d, &q));
    EXPECT_STR("1000000000000000000", rig_text(q.reading, "value").text);
    EXPECT_EQ(9, strlen(q.check_code));
    EXPECT_OK(device_vault_approve(&b->d, &q, SPAN_LIT("[\"first_time\"]")));
    rig_turn(&b->r, 10);
    EXPECT_EQ(1, b->r.w.chain.sent_count);
    struct tx tx;
    struct buf scratch;
    struct address sender;
    char text[ADDRESS_TEXT_LEN];
    buf_init(&scratch, test_budget(), 4096);
    EXPECT_OK(tx_decode(&tx, span_of(b->r.w.chain.sent, b->r.w.chain.sent_len)));
    EXPECT_OK(tx_sender(&sender, &tx, &scratch));
    address_print(text, sender);
    EXPECT_STR(address.text, text);
    buf_done(&scratch);
    EXPECT_ERR(ERR_DENIED, device_vault_approve(&b->d, &q, SPAN_LIT("[]"))); /* once */
    EXPECT_STR("operation_state", b->api.code);
    done(b);
}

TEST(a_wrong_pin_a_key_that_changes_and_another_key)
{
    struct bench *b = start();
    TEST_REQUIRE(b);
    b->d.pin = SPAN_LIT("9999");
    EXPECT_ERR(ERR_AUTH, device_vault_enrol(&b->d));
    b->d.pin = SPAN_LIT("1234");
    b->soft.device.fault = CTAP_FAULT_CHANGING;
    EXPECT_ERR(ERR_DENIED, device_vault_enrol(&b->d));
    EXPECT_STR("vault_prf_changed", b->api.code);
    b->soft.device.fault = CTAP_FAULT_NO_UV;
    EXPECT_ERR(ERR_DENIED, device_vault_enrol(&b->d));
    b->soft.device.fault = CTAP_NO_FAULT;
    EXPECT_OK(device_vault_enrol(&b->d));
    EXPECT(rig_ask(&b->r, "vault_lock", " "));
    soft_key_swap(&b->soft, test_seed() + 1); /* another key in the same port */
    EXPECT_ERR(ERR_NOT_FOUND, device_vault_unlock(&b->d));
    done(b);
}

/* ---- a copy that servers kept ---- */

static struct {
    uint8_t bytes[CAPSULE_LEN];
    uint8_t challenge[32];
} copy;

static enum err find_copy(struct api_node_port *self, uint64_t id)
{
    const struct api_vault_search s = {.asked = 1, .challenge = SPAN_OF(copy.challenge)};
    (void)self;
    api_vault_find_begun(bench.r.api, id, &s);
    return OK;
}

static enum err fetch_copy(struct api_node_port *self, uint64_t id, const struct api_vault_fetch *f)
{
    const struct api_vault_search s = {.asked = 1, .capsule = SPAN_OF(copy.bytes)};
    (void)self;
    EXPECT(f->user_handle.n > 0);
    api_vault_find_done(bench.r.api, id, &s);
    return OK;
}

static void opened(struct api_node_port *self, struct span credential_id, struct span user_handle)
{
    (void)self;
    EXPECT(credential_id.n > 0);
    EXPECT(user_handle.n > 0);
    copy.challenge[0]++;
}

/* The key is what stays. */
static struct bench *another_machine(struct bench *b)
{
    static struct ctap_device kept;
    kept = b->soft.device;
    done(b);
    b = start();
    if (!b) {
        return NULL;
    }
    security_key_done(&b->soft.key);
    b->soft.device = kept;
    ctap_device_power_cycle(&b->soft.device);
    EXPECT_OK(security_key_open(&b->soft.key, "soft"));
    b->r.node.port.vault_find = find_copy;
    b->r.node.port.vault_fetch = fetch_copy;
    return b;
}

static size_t accounts(struct bench *b)
{
    struct json list;
    return EXPECT(rig_ask(&b->r, "accounts_list", " ")) && rig_at(&list, b->r.result, "accounts")
               ? json_count(list)
               : 0;
}

TEST(a_vault_that_was_fetched_gets_its_accounts_though_the_daemon_ended_before_it_was_opened)
{
    struct buf capsule;
    struct device_fetch f = {.number = 0};
    memset(&copy, 0, sizeof copy);
    struct bench *b = start();
    TEST_REQUIRE(b);
    b->r.node.port.vault_opened = opened;
    EXPECT_OK(device_vault_enrol(&b->d));
    EXPECT_EQ(1, copy.challenge[0]); /* servers were told whose it is */
    EXPECT(rig_ask(&b->r, "ordinary_create", "\"name\":\"One\",\"words\":12"));
    EXPECT(rig_ask(&b->r, "ordinary_create", "\"name\":\"Two\",\"words\":12"));
    buf_init(&capsule, test_budget(), CAPSULE_LEN);
    EXPECT_OK(api_port_capsule(&b->r.node.port, &capsule));
    EXPECT_EQ(CAPSULE_LEN, span_copy(MSPAN_OF(copy.bytes), buf_span(&capsule)));
    buf_done(&capsule);
    b = another_machine(b);
    TEST_REQUIRE(b);
    EXPECT(rig_ask(&b->r, "watch_add",
                   "\"name\":\"Seen\",\"address\":"
                   "\"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed\""));
    EXPECT_ERR(ERR_STATE, device_vault_unlock(&b->d));
    EXPECT_OK(device_vault_fetch(&b->d, &f));
    EXPECT_ERR(ERR_DENIED, device_vault_fetch(&b->d, &f));
    EXPECT_STR("vault_exists", b->api.code);
    EXPECT_EQ(1, accounts(b));
    TEST_REQUIRE(rig_restart(&b->r));
    EXPECT_OK(device_vault_unlock(&b->d));
    EXPECT_EQ(3, accounts(b));
    EXPECT(rig_ask(&b->r, "vault_lock", " "));
    EXPECT_OK(device_vault_unlock(&b->d)); /* and not twice */
    EXPECT_EQ(3, accounts(b));
    done(b);
}

static struct api_vault_copies two_copies(struct api_node_port *self, uint64_t generation)
{
    (void)self;
    EXPECT(generation > 0);
    return (struct api_vault_copies){.servers = copy.challenge[1], .until_s = 1800000000};
}

/* What the newest event of the topic health says of the missing backup file. */
static struct rig_text health_says(struct bench *b)
{
    struct json data = b->r.topics[API_TOPIC_HEALTH].data;
    EXPECT_STR("backup_due", rig_text(data, "accounts.0.reasons.1.code").text);
    return rig_text(data, "accounts.0.reasons.1.params.servers");
}

TEST(the_health_says_how_many_servers_have_the_vault)
{
    memset(&copy, 0, sizeof copy);
    struct bench *b = start();
    TEST_REQUIRE(b);
    b->r.node.port.vault_copies = two_copies;
    EXPECT_OK(device_vault_enrol(&b->d));
    EXPECT(rig_ask(&b->r, "ordinary_create", "\"name\":\"One\",\"words\":12"));
    EXPECT(rig_ask(&b->r, "subscribe", "\"topics\":[\"health\"]"));
    rig_turn(&b->r, 300);
    EXPECT_STR("0", health_says(b).text);
    copy.challenge[1] = 2;
    rig_turn(&b->r, 300);
    EXPECT_STR("0", health_says(b).text); /* nobody has said that it changed */
    api_vault_copies_changed(b->r.api);
    rig_turn(&b->r, 300);
    EXPECT_STR("2", health_says(b).text);
    done(b);
}

/* ---- the TPM ---- */

/* The file that keeps the chip's passkey. */
static struct {
    struct device_blobs blobs; /* first */
    uint8_t bytes[DEVICE_BLOB_MAX];
    size_t n;
    bool fails;
} file;

static enum err file_load(struct device_blobs *self, struct mspan room, size_t *ret_n)
{
    (void)self;
    *ret_n = span_copy(room, span_of(file.bytes, file.n));
    return file.n > 0 ? OK : ERR_NOT_FOUND;
}

static enum err file_save(struct device_blobs *self, struct span bytes)
{
    (void)self;
    if (!file.fails) {
        file.n = span_copy(MSPAN_OF(file.bytes), bytes);
    }
    return file.fails ? ERR_IO : OK;
}

static struct tpm_rig chip;
static struct tpm_key chip_key;
static struct device_tpm on_chip;

static bool start_chip(void)
{
    if (!tpm_rig_start(&chip, false)) {
        return false;
    }
    memset(&file, 0, sizeof file);
    file.blobs = (struct device_blobs){.load = file_load, .save = file_save};
    device_tpm_init(&on_chip, &chip_key, &file.blobs);
    return EXPECT_OK(tpm_key_open(&chip_key, tpm_fd_tcti(&chip.fd)));
}

static void use_chip(struct bench *b, const char *pin)
{
    b->d.authenticator = &on_chip.authenticator;
    b->d.pin = span_str(pin);
}

static void use_key(struct bench *b)
{
    b->d.authenticator = &b->soft.on_key.authenticator;
    b->d.pin = SPAN_LIT("1234");
}

static bool send_one(struct bench *b)
{
    struct rig_text op = rig_prepare(&b->r, "1000000000000000000");
    struct device_request q = {.operation = span_str(op.text), .revision = 1};
    return EXPECT_OK(device_vault_begin(&b->d, &q)) &&
           EXPECT_OK(device_vault_approve(&b->d, &q, SPAN_LIT("[\"first_time\"]")));
}

TEST(enrolled_by_a_key_and_opened_and_signed_by_the_chip)
{
    if (!start_chip()) {
        return;
    }
    struct bench *b = start();
    TEST_REQUIRE(b);
    EXPECT_OK(device_vault_enrol(&b->d));
    EXPECT(rig_ask(&b->r, "ordinary_create", "\"name\":\"By both\",\"words\":12"));
    use_chip(b, "a chip's pin");
    EXPECT_ERR(ERR_NOT_FOUND, device_vault_add(&b->d, &on_chip.authenticator, b->d.pin));
    file.fails = true;
    EXPECT_ERR(ERR_IO, device_vault_add(&b->d, &b->soft.on_key.authenticator, SPAN_LIT("1234")));
    file.fails = false;
    EXPECT_OK(device_vault_add(&b->d, &b->soft.on_key.authenticator, SPAN_LIT("1234")));
    EXPECT(rig_ask(&b->r, "vault_lock", " "));
    b->d.pin = SPAN_LIT("another pin");
    EXPECT_ERR(ERR_AUTH, device_vault_unlock(&b->d));
    b->d.pin = SPAN_LIT("a chip's pin");
    EXPECT_OK(device_vault_unlock(&b->d));
    rig_turn(&b->r, 10);
    EXPECT(send_one(b));
    EXPECT(rig_ask(&b->r, "vault_lock", " "));
    use_key(b);
    EXPECT_OK(device_vault_unlock(&b->d));
    done(b);
    tpm_key_done(&chip_key);
    tpm_rig_done(&chip);
}

TEST(enrolled_in_the_chip_and_opened_by_a_key)
{
    if (!start_chip()) {
        return;
    }
    struct bench *b = start();
    TEST_REQUIRE(b);
    use_chip(b, "4321");
    EXPECT_OK(device_vault_enrol(&b->d));
    use_key(b);
    EXPECT_OK(device_vault_add(&b->d, &on_chip.authenticator, SPAN_LIT("4321")));
    EXPECT(rig_ask(&b->r, "ordinary_create", "\"name\":\"By both\",\"words\":12"));
    EXPECT(rig_ask(&b->r, "vault_lock", " "));
    EXPECT_OK(device_vault_unlock(&b->d));
    rig_turn(&b->r, 10);
    EXPECT(send_one(b));
    EXPECT(rig_ask(&b->r, "vault_lock", " "));
    use_chip(b, "4321");
    file.n = 0; /* the file is lost, and with it the chip's passkey */
    EXPECT_ERR(ERR_NOT_FOUND, device_vault_unlock(&b->d));
    done(b);
    tpm_key_done(&chip_key);
    tpm_rig_done(&chip);
}

TEST_MAIN
