/* A security key in software as a process of its own, so that what it holds outlives those who ask it: soft_key SOCKET PIN SEED [ID KEY].
 * ID and KEY, 32 bytes in hex each: a passkey of the wallet that it has from the start, and the test too.
 * Over the socket go CTAP HID reports, in both directions; each connection is like plugging it in anew. */
#include "codec/base16.h"
#include "crypto/backend.h"
#include "crypto/hash.h"
#include "node/authenticator/ctap_device_test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int listen_at(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    if (fd < 0 ||
        snprintf(at.sun_path, sizeof at.sun_path, "%s", path) >= (int)sizeof at.sun_path ||
        bind(fd, (const struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 4) != 0) {
        return -1;
    }
    return fd;
}

static void serve(struct ctap_device *d, int fd)
{
    uint8_t report[CTAP_REPORT_LEN];
    ctap_device_power_cycle(d);
    while (recv(fd, report, sizeof report, 0) == sizeof report) {
        ctap_device_write(d, report);
        while (ctap_device_read(d, report)) {
            if (send(fd, report, sizeof report, MSG_NOSIGNAL) != sizeof report) {
                return;
            }
        }
    }
}

static bool add_passkey(struct ctap_device *d, const char *id, const char *key)
{
    struct ctap_credential *c = &d->credentials[0];
    struct hash32 hash;
    sha256(&hash, SPAN_LIT("passmesh.localhost"));
    *c = (struct ctap_credential){.is_used = true, .user_id_len = 1, .protection = 2};
    memcpy(c->rp_id_hash, hash.bytes, sizeof c->rp_id_hash);
    return base16_decode_fixed(MSPAN_OF(c->id), span_str(id)) == OK &&
           base16_decode_fixed(MSPAN_OF(c->key.bytes), span_str(key)) == OK;
}

static void end(int number)
{
    (void)number;
    _exit(0);
}

int main(int argc, char **argv)
{
    static struct ctap_device device;
    struct hash32 hash;
    if ((argc != 4 && argc != 6) || crypto_init() != OK) {
        return 2;
    }
    ctap_device_init(&device, strtoull(argv[3], NULL, 10));
    device.has_protocol_2 = true;
    if (argc == 6 && !add_passkey(&device, argv[4], argv[5])) {
        return 2;
    }
    device.has_pin = true;
    sha256(&hash, span_str(argv[2]));
    memcpy(device.pin_hash, hash.bytes, sizeof device.pin_hash);
    (void)signal(SIGTERM, end);
    int at = listen_at(argv[1]);
    if (at < 0) {
        return 1;
    }
    for (;;) {
        int fd = accept(at, NULL, NULL);
        if (fd < 0) {
            return 1;
        }
        serve(&device, fd);
        (void)close(fd);
    }
}
