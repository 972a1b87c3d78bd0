/* The way to soft_key: what stands in the test's passmesh-devices where security_key_hid.c stands in the one that is shipped. */
#include "node/authenticator/ctap_device_test.h"
#include "node/authenticator/libfido2.h"
#include "node/authenticator/security_key.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int way = -1;

static void *way_open(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    way = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    if (way < 0 ||
        snprintf(at.sun_path, sizeof at.sun_path, "%s", path) >= (int)sizeof at.sun_path ||
        connect(way, (const struct sockaddr *)&at, sizeof at) != 0) {
        return NULL;
    }
    return &way;
}

static void way_close(void *handle)
{
    (void)close(*(int *)handle);
}

static int way_read(void *handle, unsigned char *out, size_t n, int timeout_ms)
{
    struct pollfd p = {.fd = *(int *)handle, .events = POLLIN};
    if (n < CTAP_REPORT_LEN || poll(&p, 1, timeout_ms) != 1) {
        return -1;
    }
    return recv(p.fd, out, CTAP_REPORT_LEN, 0) == CTAP_REPORT_LEN ? CTAP_REPORT_LEN : -1;
}

/* The first byte is the report's number, which HID devices without numbers leave zero. */
static int way_write(void *handle, const unsigned char *in, size_t n)
{
    bool is_sent = n == CTAP_REPORT_LEN + 1 &&
                   send(*(int *)handle, in + 1, CTAP_REPORT_LEN, MSG_NOSIGNAL) == CTAP_REPORT_LEN;
    return is_sent ? (int)n : -1;
}

enum err security_key_open(struct security_key *k, const char *path)
{
    static const fido_dev_io_t io = {
        .open = way_open, .close = way_close, .read = way_read, .write = way_write};
    fido_init(FIDO_DISABLE_U2F_FALLBACK);
    k->dev = fido_dev_new();
    if (!k->dev || fido_dev_set_io_functions(k->dev, &io) != FIDO_OK ||
        fido_dev_open(k->dev, path) != FIDO_OK) {
        security_key_done(k);
        return ERR_IO;
    }
    return OK;
}
