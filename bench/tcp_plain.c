/* tcp_plain MEGABYTES: so many bytes through a plain TCP connection over loopback, from one process to
 * another, in writes and reads as long as the driver's. Prints wall seconds, and CPU seconds of sender and
 * receiver: the limit of everything that goes over TCP on this machine. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK_LEN = 4 * 65537 };
static char block[BLOCK_LEN];

static double wall_s(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu_s(int who)
{
    struct rusage u;
    (void)getrusage(who, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void send_all(unsigned short port, long long bytes)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = port, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
        fail("connect");
    }
    while (bytes > 0) {
        ssize_t n = write(fd, block, bytes < BLOCK_LEN ? (size_t)bytes : BLOCK_LEN);
        if (n <= 0) {
            fail("write");
        }
        bytes -= n;
    }
    _exit(0);
}

int main(int argc, char **argv)
{
    long long bytes = (argc > 1 ? strtoll(argv[1], NULL, 10) : 1000) * 1000000;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in self = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof self;
    if (listener < 0 || bind(listener, (struct sockaddr *)&self, sizeof self) != 0 ||
        listen(listener, 1) != 0 || getsockname(listener, (struct sockaddr *)&self, &len) != 0) {
        fail("listen");
    }
    double start = wall_s();
    pid_t child = fork();
    if (child == 0) {
        send_all(self.sin_port, bytes);
    }
    int fd = accept(listener, NULL, NULL);
    if (fd < 0) {
        fail("accept");
    }
    double cpu_start = cpu_s(RUSAGE_SELF);
    for (long long left = bytes; left > 0;) {
        ssize_t n = read(fd, block, BLOCK_LEN);
        if (n <= 0) {
            fail("read");
        }
        left -= n;
    }
    double wall = wall_s() - start;
    (void)waitpid(child, NULL, 0);
    (void)printf("wall %.6f send %.6f receive %.6f\n", wall, cpu_s(RUSAGE_CHILDREN),
                 cpu_s(RUSAGE_SELF) - cpu_start);
    return 0;
}
