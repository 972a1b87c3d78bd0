/* tun_nat DEVICE OUTER INSIDE/BITS MAPPING FILTERING [keep]
 *
 * A router of a test that translates addresses by the simulator's rules (sim/nat.h) where the kernel's NAT has others. It makes the TUN device in
 * the namespace that it runs in, reads IPv4 packets there and writes them back translated, or drops them. Which packets come to the device
 * is for the routes of the namespace to say: all from inside, and all to the outer address, which is no address of the namespace.
 * MAPPING and FILTERING are ei, ad or apd; keep: outer ports are the inner ones where they are free. It prints "ready", and at the end of
 * stdin "passed N dropped N". */
#include "base/check.h"
#include "base/rng.h"
#include "nat_ip4.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum { PACKET_LEN_MAX = 65536 };

/* RFC 4787, 4.3, wants two minutes at least. */
static const uint64_t FLOW_TIMEOUT_US = 120 * US_PER_S;

static _Noreturn void fail(const char *what)
{
    (void)fprintf(stderr, "tun_nat: %s: %s\n", what, strerror(errno));
    exit(1);
}

static _Noreturn void usage(void)
{
    (void)fprintf(stderr, "usage: tun_nat DEVICE OUTER INSIDE/BITS ei|ad|apd ei|ad|apd [keep]\n");
    exit(2);
}

static int tun_open(const char *name)
{
    struct ifreq r = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        fail("/dev/net/tun");
    }
    if (strlen(name) >= sizeof r.ifr_name) {
        usage();
    }
    memcpy(r.ifr_name, name, strlen(name));
    if (ioctl(fd, TUNSETIFF, &r) != 0) {
        fail(name);
    }
    return fd;
}

static uint32_t ip_of(const char *text)
{
    struct in_addr a;
    if (inet_pton(AF_INET, text, &a) != 1) {
        usage();
    }
    return ntohl(a.s_addr);
}

static enum nat_rule rule_of(const char *text)
{
    static const char *const names[NAT_RULE_COUNT] = {"ei", "ad", "apd"};
    for (unsigned i = 0; i < NAT_RULE_COUNT; i++) {
        if (strcmp(names[i], text) == 0) {
            return (enum nat_rule)i;
        }
    }
    usage();
}

static void set_inside(struct nat_ip4 *n, char *text)
{
    char *slash = strchr(text, '/');
    unsigned long bits = slash ? strtoul(slash + 1, NULL, 10) : 0;
    if (bits < 1 || bits > 32) {
        usage();
    }
    *slash = 0;
    n->mask = UINT32_MAX << (32 - bits);
    n->inside = ip_of(text) & n->mask;
}

static instant now(void)
{
    struct timespec t;
    check(clock_gettime(CLOCK_MONOTONIC, &t) == 0);
    return (instant){.us = (uint64_t)t.tv_sec * US_PER_S + (uint64_t)t.tv_nsec / 1000};
}

/* run goes on until the end of stdin. */
static void run(struct nat_ip4 *n, int tun)
{
    static uint8_t bytes[PACKET_LEN_MAX];
    uint64_t passed = 0;
    uint64_t dropped = 0;
    struct pollfd fds[2] = {
        {.fd = tun,          .events = POLLIN},
        {.fd = STDIN_FILENO, .events = POLLIN}
    };
    while (poll(fds, 2, -1) >= 0 || errno == EINTR) {
        char c;
        if (fds[1].revents != 0 && read(STDIN_FILENO, &c, 1) <= 0) {
            break;
        }
        for (ssize_t got; (got = read(tun, bytes, sizeof bytes)) > 0;) {
            bool is_sent = nat_ip4_translate(n, mspan_of(bytes, (size_t)got), now()) &&
                           write(tun, bytes, (size_t)got) == got;
            passed += is_sent;
            dropped += !is_sent;
        }
    }
    (void)printf("passed %" PRIu64 " dropped %" PRIu64 "\n", passed, dropped);
}

int main(int argc, char **argv)
{
    static struct nat_ip4 n;
    static struct rng_seeded rng;
    bool keeps = argc == 7 && strcmp(argv[6], "keep") == 0;
    if (argc != 6 && !keeps) {
        usage();
    }
    uint64_t seed;
    check(getrandom(&seed, sizeof seed, 0) == (ssize_t)sizeof seed);
    rng_seeded_init(&rng, seed);
    set_inside(&n, argv[3]);
    struct nat_cfg cfg = {.ip = ip_of(argv[2]),
                          .mapping = rule_of(argv[4]),
                          .filtering = rule_of(argv[5]),
                          .timeout_us = FLOW_TIMEOUT_US,
                          .keeps_port = keeps};
    nat_init(&n.nat, &cfg, &rng.rng);
    int tun = tun_open(argv[1]);
    (void)printf("ready\n");
    (void)fflush(stdout);
    run(&n, tun);
    (void)close(tun);
    return 0;
}
