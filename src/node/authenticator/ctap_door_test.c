/* The door to a security key in software: what stands in tests where security_key_hid.c stands in programs. */
#include "base/check.h"
#include "node/authenticator/ctap_device_test.h"
#include "node/authenticator/libfido2.h"
#include "node/authenticator/security_key.h"

#include <string.h>

static struct ctap_device *plugged;

void ctap_device_plug(struct ctap_device *d)
{
    plugged = d;
}

static void *door_open(const char *path)
{
    return path[0] != '\0' ? plugged : NULL;
}

static void door_close(void *handle)
{
    check(handle == plugged);
}

static int door_read(void *handle, unsigned char *out, size_t n, int timeout_ms)
{
    uint8_t report[CTAP_REPORT_LEN];
    (void)timeout_ms; /* what does not come at once never comes */
    if (n < sizeof report || !ctap_device_read(handle, report)) {
        return -1;
    }
    memcpy(out, report, sizeof report);
    return sizeof report;
}

/* The first byte is the report's number, which HID devices without numbers leave zero. */
static int door_write(void *handle, const unsigned char *in, size_t n)
{
    check(n == CTAP_REPORT_LEN + 1);
    ctap_device_write(handle, in + 1);
    return (int)n;
}

enum err security_key_open(struct security_key *k, const char *path)
{
    static const fido_dev_io_t door = {
        .open = door_open, .close = door_close, .read = door_read, .write = door_write};
    fido_init(FIDO_DISABLE_U2F_FALLBACK);
    k->dev = fido_dev_new();
    if (!k->dev || fido_dev_set_io_functions(k->dev, &door) != FIDO_OK ||
        fido_dev_open(k->dev, path) != FIDO_OK) {
        security_key_done(k);
        return ERR_IO;
    }
    return OK;
}
