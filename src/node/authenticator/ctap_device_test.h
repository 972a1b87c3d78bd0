#ifndef NODE_CTAP_DEVICE_TEST_H
#define NODE_CTAP_DEVICE_TEST_H

#include "base/err.h"
#include "base/rng.h"
#include "base/secret.h"
#include "base/span.h"
#include "base/wr.h"
#include "crypto/p256.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A CTAP 2.1 security key in software, for tests: HID reports in, HID reports out. PIN protocols 1 and 2, hmac-secret, resident keys, user
 * verification by PIN or of its own, credProtect. Faults can be set. It is in no program that is shipped. */

enum {
    CTAP_REPORT_LEN = 64,
    CTAP_MESSAGE_MAX = 2048,
    CTAP_CREDENTIALS_MAX = 8,
    CTAP_PIN_TRIES = 8,
};

enum ctap_fault {
    CTAP_NO_FAULT,
    CTAP_FAULT_STATUS,    /* answers the command with status fault_status */
    CTAP_FAULT_SILENT,    /* answers nothing */
    CTAP_FAULT_CUT,       /* an answer without its last byte, its length as if it were there */
    CTAP_FAULT_GARBAGE,   /* CBOR that is none */
    CTAP_FAULT_NO_UV,     /* clears the flag UV and computes hmac-secret as without it */
    CTAP_FAULT_CHANGING,  /* another hmac-secret at each assertion */
    CTAP_FAULT_SIGNATURE, /* a signature over something else */
};

struct ctap_credential {
    bool is_used;
    uint8_t id[32];
    struct secret32 key;
    uint8_t rp_id_hash[32];
    uint8_t user_id[64];
    size_t user_id_len;
    char user_name[64];
    int64_t protection; /* credProtect level */
    uint8_t secret[32]; /* CredRandom's root */
};

/* What getNextAssertion goes on with: the passkeys of an assertion without a list. */
struct ctap_more {
    uint8_t rp_id_hash[32];
    uint8_t client_data_hash[32];
    bool is_verified;
    size_t at;
    size_t count; /* 0: nothing was begun */
};

struct ctap_device {
    /* what it is */
    bool has_protocol_2; /* offers 2 before 1 */
    bool has_builtin_uv;
    bool denies; /* the person says no */
    enum ctap_fault fault;
    uint8_t fault_command; /* the CTAP command that it befalls; 0: any */
    uint8_t fault_status;
    /* its state */
    struct rng_seeded rng;
    struct ctap_credential credentials[CTAP_CREDENTIALS_MAX];
    uint8_t pin_hash[16];
    bool has_pin;
    int pin_tries;
    struct secret32 agreement; /* of key agreement, fresh at each start */
    uint8_t token[32];         /* pinUvAuthToken */
    bool has_token;
    uint32_t sign_count;
    uint32_t channel;
    struct ctap_more more;
    uint64_t commands_count;
    /* the message on its way in, and the one on its way out */
    uint8_t in[CTAP_MESSAGE_MAX];
    size_t in_len;
    size_t in_want;
    uint8_t in_command;
    uint8_t out[CTAP_MESSAGE_MAX];
    size_t out_len;
    size_t out_sent;
    uint8_t out_command;
    uint8_t out_sequence;
    bool has_out;
};

void ctap_device_init(struct ctap_device *d, uint64_t seed);

/* ctap_device_power_cycle forgets what a real key forgets: tokens and channels. */
void ctap_device_power_cycle(struct ctap_device *d);

/* ctap_device_write takes one report; ctap_device_read gives the next, false if there is none. */
void ctap_device_write(struct ctap_device *d, const uint8_t report[static CTAP_REPORT_LEN]);
bool ctap_device_read(struct ctap_device *d, uint8_t ret_report[static CTAP_REPORT_LEN]);

/* The device that security_key_open opens in tests, whatever the path. */
void ctap_device_plug(struct ctap_device *d);

/* What a CTAP command answers: its status, then CBOR in out. Used by the transport; a test may call it to look at one command alone. */
uint8_t ctap_device_command(struct ctap_device *d, struct wr *out, struct span request);

#endif
