/*
 * A network that is so many milliseconds long, for measurements.
 *
 *   login_delay NAME ADDRESS RTT_MS
 *
 * Makes a TUN device with ADDRESS (10.10.0.1, of a /24) in the network
 * namespace that it runs in.  A packet to any other address of that net is
 * held for half of RTT_MS, then handed back with source and destination
 * exchanged: who connects to 10.10.0.2 meets whoever listens at 10.10.0.1 on
 * the same port, handshakes and all, at that distance.  Says "ready", and runs
 * until its standard input ends.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "core/str.h"

#define ROOM   4096 /* packets that may be under way */
#define PACKET 65536
#define MTU    1500

struct packet {
    int64_t at_ns;
    size_t len;
    unsigned char bytes[MTU];
};

static struct packet under_way[ROOM];
static size_t first, count;

static void
fail(const char *what)
{
    fprintf(stderr, "login_delay: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t
now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int
make_device(const char *name, const char *address)
{
    struct sockaddr_in *in;
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    int tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
    if (tun < 0 || any < 0 || ioctl(tun, TUNSETIFF, &request) != 0)
        fail("making a device");
    in = (struct sockaddr_in *)(void *)&request.ifr_addr;
    *in = (struct sockaddr_in){.sin_family = AF_INET};
    if (inet_pton(AF_INET, address, &in->sin_addr) != 1 ||
        ioctl(any, SIOCSIFADDR, &request) != 0)
        fail("giving it an address");
    inet_pton(AF_INET, "255.255.255.0", &in->sin_addr);
    if (ioctl(any, SIOCSIFNETMASK, &request) != 0)
        fail("giving it a net");
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    if (ioctl(any, SIOCSIFFLAGS, &request) != 0)
        fail("starting it");
    close(any);
    return tun;
}

/* Exchanging the two addresses leaves every checksum as it is. */
static void
turn_round(struct packet *packet)
{
    unsigned char source[4];

    memcpy(source, packet->bytes + 12, sizeof(source));
    memcpy(packet->bytes + 12, packet->bytes + 16, sizeof(source));
    memcpy(packet->bytes + 16, source, sizeof(source));
}

static void
take_packets(int tun, int64_t delay_ns)
{
    while (count < ROOM) {
        struct packet *packet = &under_way[(first + count) % ROOM];
        ssize_t len = read(tun, packet->bytes, sizeof(packet->bytes));

        if (len <= 0)
            return;
        if (len < 20 || packet->bytes[0] >> 4 != 4)
            continue; /* no IPv4 */
        packet->len = (size_t)len;
        packet->at_ns = now_ns() + delay_ns;
        turn_round(packet);
        count++;
    }
}

static void
hand_back(int tun)
{
    while (count > 0 && under_way[first].at_ns <= now_ns()) {
        if (write(tun, under_way[first].bytes, under_way[first].len) < 0 &&
            errno != EINVAL)
            fail("handing a packet back");
        first = (first + 1) % ROOM;
        count--;
    }
}

static void
set_timer(int timer)
{
    struct itimerspec next = {.it_value = {0}};

    if (count > 0) {
        next.it_value.tv_sec = under_way[first].at_ns / 1000000000;
        next.it_value.tv_nsec = under_way[first].at_ns % 1000000000;
    }
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &next, NULL);
}

int
main(int argc, char **argv)
{
    unsigned long rtt_ms;
    uint64_t rings;
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    int tun;

    if (argc != 4 || !uk_str_to_ulong(argv[3], 10000, &rtt_ms))
        return 2;
    tun = make_device(argv[1], argv[2]);
    puts("ready");
    fflush(stdout);
    for (;;) {
        struct pollfd wait[] = {
            {tun, POLLIN, 0}, {timer, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};

        set_timer(timer);
        if (poll(wait, 3, -1) < 0)
            fail("waiting");
        if (wait[2].revents != 0 && read(STDIN_FILENO, &rings, 1) <= 0)
            return 0;
        (void)!read(timer, &rings, sizeof(rings));
        take_packets(tun, (int64_t)rtt_ms * 500000);
        hand_back(tun);
    }
}
