/* Commands and answers over a descriptor. */
#include "node/tpm/tpm_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { HEAD_LEN = 10, LEN_AT = 2 };

static struct tpm_fd *fd_of(TSS2_TCTI_CONTEXT *tcti)
{
    return (struct tpm_fd *)(void *)tcti;
}

static TSS2_RC fd_transmit(TSS2_TCTI_CONTEXT *tcti, size_t n, const uint8_t *command)
{
    struct tpm_fd *t = fd_of(tcti);
    ssize_t wrote;
    t->answer_len = 0;
    /* The device takes a command in one write, or not at all. */
    do {
        wrote = write(t->fd, command, n);
    } while (wrote < 0 && errno == EINTR);
    return wrote == (ssize_t)n ? TSS2_RC_SUCCESS : TSS2_TCTI_RC_IO_ERROR;
}

/* Bytes of an answer until it has n of them; the device gives all at once. */
static bool read_until(struct tpm_fd *t, size_t n)
{
    while (t->answer_len < n) {
        struct pollfd p = {.fd = t->fd, .events = POLLIN};
        int ready = poll(&p, 1, t->timeout_ms);
        if (ready < 0 && errno == EINTR) {
            continue;
        }
        if (ready <= 0) {
            return false;
        }
        ssize_t r = read(t->fd, t->answer + t->answer_len, sizeof t->answer - t->answer_len);
        if (r < 0 && errno == EINTR) {
            continue;
        }
        if (r <= 0) {
            return false;
        }
        t->answer_len += (size_t)r;
    }
    return true;
}

static bool read_answer(struct tpm_fd *t)
{
    if (!read_until(t, HEAD_LEN)) {
        return false;
    }
    const uint8_t *p = t->answer + LEN_AT;
    size_t len = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
    return len >= HEAD_LEN && len <= sizeof t->answer && read_until(t, len) && t->answer_len == len;
}

/* ESYS asks twice: for the length, then for the bytes. */
static TSS2_RC fd_receive(TSS2_TCTI_CONTEXT *tcti, size_t *n, uint8_t *out, int32_t timeout)
{
    struct tpm_fd *t = fd_of(tcti);
    (void)timeout;
    if (t->answer_len == 0 && !read_answer(t)) {
        t->answer_len = 0;
        return TSS2_TCTI_RC_IO_ERROR;
    }
    if (out && *n < t->answer_len) {
        return TSS2_TCTI_RC_INSUFFICIENT_BUFFER;
    }
    *n = t->answer_len;
    if (out) {
        memcpy(out, t->answer, t->answer_len);
        explicit_bzero(t->answer, sizeof t->answer);
        t->answer_len = 0;
    }
    return TSS2_RC_SUCCESS;
}

void tpm_fd_init(struct tpm_fd *t, int fd, int timeout_ms)
{
    *t = (struct tpm_fd){
        .common.v1 = {.magic = 0x7061737370617373,
                      .version = 2,
                      .transmit = fd_transmit,
                      .receive = fd_receive},
        .fd = fd,
        .timeout_ms = timeout_ms,
    };
}

struct TSS2_TCTI_OPAQUE_CONTEXT_BLOB *tpm_fd_tcti(struct tpm_fd *t)
{
    return (TSS2_TCTI_CONTEXT *)(void *)&t->common;
}

static int open_socket(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    size_t n = strlen(path);
    if (n >= sizeof a.sun_path) {
        return -1;
    }
    memcpy(a.sun_path, path, n + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)(const void *)&a, sizeof a) != 0) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

enum err tpm_fd_open(int *ret_fd, const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        return ERR_NOT_FOUND;
    }
    int fd = S_ISSOCK(st.st_mode) ? open_socket(path) : open(path, O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        return ERR_NOT_FOUND;
    }
    *ret_fd = fd;
    return OK;
}
