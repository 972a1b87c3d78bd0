/* relay PORT DELAY_MS MBIT_PER_S QUEUE_MB: a long link in user space. It listens on a free port of 127.0.0.1,
 * prints "port N", and carries one connection at a time to PORT: in each direction a line that takes so
 * many bits a second, then a delay, then the other end. What is under way stands in a queue; when that is
 * full nothing more is read, as a sender of TCP would find it. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { READ_LEN_MAX = 64 * 1024, PIECES_MAX = 1 << 16, WAIT_MS = 1 };

struct piece {
    size_t end;      /* of the queue's bytes, counted from the beginning */
    uint64_t due_us; /* when they come out */
};

struct line {
    int from;
    int to;
    uint8_t *ring;
    size_t in_count;  /* bytes ever read */
    size_t out_count; /* bytes ever written */
    struct piece pieces[PIECES_MAX];
    size_t piece_in;
    size_t piece_out;
    uint64_t free_us; /* when the line has carried all that was read */
    bool ended;       /* nothing more to read */
    bool shut;        /* and the other end told */
};

struct link {
    uint64_t delay_us;
    uint64_t bits_per_us;
    size_t queue_len;
    struct line lines[2];
};

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static uint64_t now_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static size_t room(const struct link *k, const struct line *l)
{
    size_t ring = k->queue_len - (l->in_count - l->out_count);
    size_t edge = k->queue_len - l->in_count % k->queue_len;
    size_t n = ring < edge ? ring : edge;
    bool no_piece = l->piece_in - l->piece_out == PIECES_MAX;
    return l->ended || no_piece ? 0 : n < READ_LEN_MAX ? n : READ_LEN_MAX;
}

static void take(const struct link *k, struct line *l)
{
    ssize_t n = read(l->from, l->ring + l->in_count % k->queue_len, room(k, l));
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (n <= 0) {
        l->ended = true;
        return;
    }
    uint64_t now = now_us();
    l->in_count += (size_t)n;
    l->free_us = (l->free_us > now ? l->free_us : now) + (uint64_t)n * 8 / k->bits_per_us;
    l->pieces[l->piece_in++ % PIECES_MAX] =
        (struct piece){.end = l->in_count, .due_us = l->free_us + k->delay_us};
}

/* due_len is how many bytes may come out now, up to the ring's edge. */
static size_t due_len(const struct link *k, struct line *l)
{
    size_t end = l->out_count;
    uint64_t now = now_us();
    for (size_t i = l->piece_out; i < l->piece_in; i++) {
        const struct piece *p = &l->pieces[i % PIECES_MAX];
        if (p->due_us > now) {
            break;
        }
        end = p->end;
    }
    size_t edge = k->queue_len - l->out_count % k->queue_len;
    return end - l->out_count < edge ? end - l->out_count : edge;
}

static bool give(const struct link *k, struct line *l)
{
    size_t len = due_len(k, l);
    if (len == 0) {
        if (l->ended && !l->shut && l->out_count == l->in_count) {
            l->shut = true;
            (void)shutdown(l->to, SHUT_WR);
        }
        return true;
    }
    ssize_t n = write(l->to, l->ring + l->out_count % k->queue_len, len);
    if (n < 0) {
        return errno == EAGAIN || errno == EINTR;
    }
    l->out_count += (size_t)n;
    while (l->piece_out < l->piece_in && l->pieces[l->piece_out % PIECES_MAX].end <= l->out_count) {
        l->piece_out++;
    }
    return true;
}

/* carry moves what there is until both sides have ended, or one breaks. */
static void carry(struct link *k)
{
    bool good = true;
    while (good && !(k->lines[0].shut && k->lines[1].shut)) {
        struct pollfd fds[2];
        for (int i = 0; i < 2; i++) {
            struct line *l = &k->lines[i];
            fds[i] = (struct pollfd){.fd = room(k, l) > 0 ? l->from : -1, .events = POLLIN};
        }
        if (poll(fds, 2, WAIT_MS) < 0 && errno != EINTR) {
            fail("poll");
        }
        for (int i = 0; i < 2; i++) {
            if (fds[i].revents) {
                take(k, &k->lines[i]);
            }
            good = good && give(k, &k->lines[i]);
        }
    }
}

static void prepare(int fd)
{
    int one = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    (void)fcntl(fd, F_SETFL, O_NONBLOCK);
}

static void serve(struct link *k, int near, unsigned short port)
{
    int far = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    if (far < 0 || connect(far, (struct sockaddr *)&to, sizeof to) != 0) {
        fail("connect");
    }
    prepare(near);
    prepare(far);
    for (int i = 0; i < 2; i++) {
        uint8_t *ring = k->lines[i].ring;
        k->lines[i] = (struct line){.from = i ? far : near, .to = i ? near : far, .ring = ring};
    }
    carry(k);
    (void)close(near);
    (void)close(far);
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        (void)fprintf(stderr, "usage: relay PORT DELAY_MS MBIT_PER_S QUEUE_MB\n");
        return 2;
    }
    static struct link k;
    k.delay_us = strtoull(argv[2], NULL, 10) * 1000;
    k.bits_per_us = strtoull(argv[3], NULL, 10);
    k.queue_len = strtoul(argv[4], NULL, 10) * 1000000;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in self = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof self;
    if (listener < 0 || bind(listener, (struct sockaddr *)&self, sizeof self) != 0 ||
        listen(listener, 4) != 0 || getsockname(listener, (struct sockaddr *)&self, &len) != 0) {
        fail("listen");
    }
    for (int i = 0; i < 2; i++) {
        k.lines[i].ring = malloc(k.queue_len);
        if (!k.lines[i].ring) {
            fail("memory");
        }
    }
    (void)printf("port %u\n", ntohs(self.sin_port));
    (void)fflush(stdout);
    for (;;) {
        int near = accept(listener, NULL, NULL);
        if (near < 0) {
            fail("accept");
        }
        serve(&k, near, (unsigned short)strtoul(argv[1], NULL, 10));
    }
}
