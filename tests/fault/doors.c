/*
 * What the system may refuse, refused to any program: loaded before its
 * libraries, the functions below count how often they are called, and one call
 * of them fails.
 *
 * Which, is said in a piece of memory that the test shares (UK_FAULT_FILE), so
 * that it can be said again while the program runs; tests/fault/fault.py is the
 * other side.
 */
#undef _FORTIFY_SOURCE /* its inline functions would be ours */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <link.h>
#include <netdb.h>
#include <pthread.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DOOR __attribute__((visibility("default")))

enum kind {
    MEMORY = 1,
    FILES = 2,
    NET = 4,
    REST = 8, /* processes, threads, names, random numbers, rights */
};

struct order {
    uint32_t kinds;    /* that count */
    uint32_t own;      /* only calls that the program itself makes */
    int64_t countdown; /* to the call that fails; 0 for none */
    uint64_t seen;     /* calls that counted */
    char failed[40];   /* the function */
};

static struct order *order;
static __thread bool in_names;
/* libtasn1 uses what it has not got, of which there is nothing to learn. */
static struct range {
    uintptr_t begin, end;
} program, careless;

static int
find_object(struct dl_phdr_info *info, size_t size, void *own)
{
    struct range *range = program.end == 0 ? &program : &careless;

    if (range == &careless && strstr(info->dlpi_name, "/libtasn1.so") == NULL)
        return 0;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        uintptr_t at = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
        uintptr_t end = at + info->dlpi_phdr[i].p_memsz;

        if (info->dlpi_phdr[i].p_type != PT_LOAD)
            continue;
        if (range->begin == 0)
            range->begin = at;
        range->end = end;
    }
    return 0; /* the first is the program */
}

static bool
is_in(const struct range *range, const void *caller)
{
    return (uintptr_t)caller >= range->begin && (uintptr_t)caller < range->end;
}

__attribute__((constructor)) static void
begin(void)
{
    const char *path = getenv("UK_FAULT_FILE");
    int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *found;

    if (fd < 0)
        return;
    dl_iterate_phdr(find_object, NULL);
    found =
        mmap(NULL, sizeof(*order), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (found != MAP_FAILED)
        order = found;
}

/* Is it this call that fails? */
static bool
fails(enum kind kind, const char *name, const void *caller)
{
    if (order == NULL || (order->kinds & kind) == 0)
        return false;
    if (kind == MEMORY && (in_names || is_in(&careless, caller)))
        return false;
    if (order->own && !is_in(&program, caller))
        return false;
    __atomic_add_fetch(&order->seen, 1, __ATOMIC_RELAXED);
    if (order->countdown <= 0 ||
        __atomic_sub_fetch(&order->countdown, 1, __ATOMIC_RELAXED) != 0)
        return false;
    strncpy(order->failed, name, sizeof(order->failed) - 1);
    return true;
}

static void *
next(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);

    if (found == NULL)
        abort();
    return found;
}

/* One function: it returns "bad" with this errno when it is its turn. */
#define WRAP(kind, number, bad, type, name, parameters, arguments)             \
    DOOR type name parameters                                                  \
    {                                                                          \
        static type(*real) parameters;                                         \
        if (fails(kind, #name, __builtin_return_address(0))) {                 \
            errno = number;                                                    \
            return bad;                                                        \
        }                                                                      \
        if (real == NULL)                                                      \
            *(void **)&real = next(#name);                                     \
        return real arguments;                                                 \
    }

/* Memory: what dlsym() itself may need must not come from it. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

#define WRAP_MEMORY(name, parameters, arguments)                               \
    DOOR void *name parameters                                                 \
    {                                                                          \
        if (fails(MEMORY, #name, __builtin_return_address(0))) {               \
            errno = ENOMEM;                                                    \
            return NULL;                                                       \
        }                                                                      \
        return __libc_##name arguments;                                        \
    }

WRAP_MEMORY(malloc, (size_t size), (size))
WRAP_MEMORY(calloc, (size_t count, size_t size), (count, size))
WRAP_MEMORY(realloc, (void *old, size_t size), (old, size))
WRAP(MEMORY, ENOMEM, NULL, void *, reallocarray,
     (void *old, size_t count, size_t size), (old, count, size))

/* Files. */
#define WRAP_OPEN(name, parameters, arguments)                                 \
    DOOR int name parameters                                                   \
    {                                                                          \
        static int(*real) parameters;                                          \
        mode_t mode = 0;                                                       \
        va_list more;                                                          \
        if (fails(FILES, #name, __builtin_return_address(0))) {                \
            errno = EMFILE;                                                    \
            return -1;                                                         \
        }                                                                      \
        va_start(more, flags);                                                 \
        if ((flags & (O_CREAT | O_TMPFILE)) != 0)                              \
            mode = va_arg(more, mode_t);                                       \
        va_end(more);                                                          \
        if (real == NULL)                                                      \
            *(void **)&real = next(#name);                                     \
        return real arguments;                                                 \
    }

WRAP_OPEN(open, (const char *path, int flags, ...), (path, flags, mode))
WRAP_OPEN(open64, (const char *path, int flags, ...), (path, flags, mode))
WRAP_OPEN(openat, (int at, const char *path, int flags, ...),
          (at, path, flags, mode))
int __open_2(const char *path, int flags);
WRAP(FILES, EMFILE, -1, int, __open_2, (const char *path, int flags),
     (path, flags))
WRAP(FILES, EIO, -1, ssize_t, read, (int fd, void *to, size_t size),
     (fd, to, size))

/* Eight bytes wake somebody (eventfd), for which there is always room. */
DOOR ssize_t
write(int fd, const void *from, size_t size)
{
    static ssize_t (*real)(int, const void *, size_t);

    if (size != sizeof(uint64_t) &&
        fails(FILES, "write", __builtin_return_address(0))) {
        errno = ENOSPC;
        return -1;
    }
    if (real == NULL)
        *(void **)&real = next("write");
    return real(fd, from, size);
}

WRAP(FILES, EIO, -1, ssize_t, pread,
     (int fd, void *to, size_t size, off_t offset), (fd, to, size, offset))
WRAP(FILES, EIO, -1, ssize_t, pread64,
     (int fd, void *to, size_t size, off64_t offset), (fd, to, size, offset))
WRAP(FILES, ENOSPC, -1, ssize_t, pwrite,
     (int fd, const void *from, size_t size, off_t offset),
     (fd, from, size, offset))
WRAP(FILES, ENOSPC, -1, ssize_t, pwrite64,
     (int fd, const void *from, size_t size, off64_t offset),
     (fd, from, size, offset))
WRAP(FILES, EIO, -1, int, fsync, (int fd), (fd))
WRAP(FILES, EIO, -1, int, fdatasync, (int fd), (fd))
WRAP(FILES, EIO, -1, int, fstat, (int fd, struct stat *to), (fd, to))
WRAP(FILES, EIO, -1, int, fstatat,
     (int at, const char *path, struct stat *to, int flags),
     (at, path, to, flags))
WRAP(FILES, EIO, -1, int, fchmod, (int fd, mode_t mode), (fd, mode))
WRAP(FILES, ENOSPC, -1, int, ftruncate, (int fd, off_t size), (fd, size))
WRAP(FILES, ENOSPC, -1, int, posix_fallocate, (int fd, off_t from, off_t size),
     (fd, from, size))
WRAP(FILES, EIO, -1, int, rename, (const char *from, const char *to),
     (from, to))
WRAP(FILES, EIO, -1, int, renameat,
     (int at, const char *from, int into, const char *to), (at, from, into, to))
WRAP(FILES, EIO, -1, int, link, (const char *from, const char *to), (from, to))
WRAP(FILES, EIO, -1, int, unlink, (const char *path), (path))
WRAP(FILES, EIO, -1, int, unlinkat, (int at, const char *path, int flags),
     (at, path, flags))
WRAP(FILES, ENOSPC, -1, int, mkdir, (const char *path, mode_t mode),
     (path, mode))
WRAP(FILES, ENOSPC, -1, int, mkdirat, (int at, const char *path, mode_t mode),
     (at, path, mode))
WRAP(FILES, ENOLCK, -1, int, flock, (int fd, int how), (fd, how))

/* The network, and waiting for it. */
WRAP(NET, EMFILE, -1, int, socket, (int domain, int type, int protocol),
     (domain, type, protocol))
WRAP(NET, EMFILE, -1, int, socketpair,
     (int domain, int type, int protocol, int pair[2]),
     (domain, type, protocol, pair))
WRAP(NET, ENETUNREACH, -1, int, connect,
     (int fd, const struct sockaddr *to, socklen_t size), (fd, to, size))
WRAP(NET, EADDRINUSE, -1, int, bind,
     (int fd, const struct sockaddr *at, socklen_t size), (fd, at, size))
WRAP(NET, EADDRINUSE, -1, int, listen, (int fd, int most), (fd, most))
WRAP(NET, EMFILE, -1, int, accept4,
     (int fd, struct sockaddr *from, socklen_t *size, int flags),
     (fd, from, size, flags))
WRAP(NET, ECONNRESET, -1, ssize_t, send,
     (int fd, const void *from, size_t size, int flags),
     (fd, from, size, flags))
WRAP(NET, ECONNRESET, -1, ssize_t, sendto,
     (int fd, const void *from, size_t size, int flags,
      const struct sockaddr *to, socklen_t len),
     (fd, from, size, flags, to, len))
WRAP(NET, ECONNRESET, -1, ssize_t, sendmsg,
     (int fd, const struct msghdr *from, int flags), (fd, from, flags))
WRAP(NET, ECONNRESET, -1, ssize_t, recv,
     (int fd, void *to, size_t size, int flags), (fd, to, size, flags))
WRAP(NET, ECONNRESET, -1, ssize_t, recvfrom,
     (int fd, void *to, size_t size, int flags, struct sockaddr *from,
      socklen_t *len),
     (fd, to, size, flags, from, len))
WRAP(NET, ECONNRESET, -1, ssize_t, recvmsg,
     (int fd, struct msghdr *to, int flags), (fd, to, flags))
WRAP(NET, ENOBUFS, -1, int, setsockopt,
     (int fd, int level, int name, const void *value, socklen_t size),
     (fd, level, name, value, size))
WRAP(NET, ENOBUFS, -1, int, getsockopt,
     (int fd, int level, int name, void *value, socklen_t *size),
     (fd, level, name, value, size))
WRAP(NET, ENOBUFS, -1, int, getsockname,
     (int fd, struct sockaddr *to, socklen_t *size), (fd, to, size))
WRAP(NET, ENOMEM, -1, int, epoll_create1, (int flags), (flags))
/* Nothing is missing that would let a descriptor be taken out. */
DOOR int
epoll_ctl(int fd, int what, int of, struct epoll_event *event)
{
    static int (*real)(int, int, int, struct epoll_event *);

    if (what != EPOLL_CTL_DEL &&
        fails(NET, "epoll_ctl", __builtin_return_address(0))) {
        errno = ENOSPC;
        return -1;
    }
    if (real == NULL)
        *(void **)&real = next("epoll_ctl");
    return real(fd, what, of, event);
}

WRAP(NET, EMFILE, -1, int, eventfd, (unsigned int value, int flags),
     (value, flags))
WRAP(NET, EAI_SYSTEM, EAI_SYSTEM, int, getaddrinfo,
     (const char *name, const char *port, const struct addrinfo *hints,
      struct addrinfo **to),
     (name, port, hints, to))

/* glibc's name service (2.36) takes it for granted that it has memory when it
 * begins: an assertion and a NULL in nss_database.c end the process. */
#define WRAP_NAMES(name, parameters, arguments)                                \
    DOOR int name parameters                                                   \
    {                                                                          \
        static int(*real) parameters;                                          \
        int code;                                                              \
        if (fails(REST, #name, __builtin_return_address(0))) {                 \
            *result = NULL;                                                    \
            return EIO;                                                        \
        }                                                                      \
        if (real == NULL)                                                      \
            *(void **)&real = next(#name);                                     \
        in_names = true;                                                       \
        code = real arguments;                                                 \
        in_names = false;                                                      \
        return code;                                                           \
    }

/* The rest. */
WRAP_NAMES(getpwnam_r,
           (const char *name, struct passwd *entry, char *to, size_t size,
            struct passwd **result),
           (name, entry, to, size, result))
WRAP_NAMES(getpwuid_r,
           (uid_t uid, struct passwd *entry, char *to, size_t size,
            struct passwd **result),
           (uid, entry, to, size, result))
WRAP(REST, ENOSYS, -1, ssize_t, getrandom,
     (void *to, size_t size, unsigned int flags), (to, size, flags))
WRAP(REST, ENOSYS, -1, int, getentropy, (void *to, size_t size), (to, size))
WRAP(REST, EAGAIN, -1, pid_t, fork, (void), ())

/* What a process is confined by; ENOMEM, because what a kernel does not have
 * is done without. */
DOOR int
prctl(int what, ...)
{
    static int (*real)(int, ...);
    unsigned long rest[4];
    va_list more;

    va_start(more, what);
    for (int i = 0; i < 4; i++)
        rest[i] = va_arg(more, unsigned long);
    va_end(more);
    if (fails(REST, "prctl", __builtin_return_address(0))) {
        errno = ENOMEM;
        return -1;
    }
    if (real == NULL)
        *(void **)&real = next("prctl");
    return real(what, rest[0], rest[1], rest[2], rest[3]);
}

DOOR long
syscall(long number, ...)
{
    static long (*real)(long, ...);
    long rest[6];
    va_list more;

    va_start(more, number);
    for (int i = 0; i < 6; i++)
        rest[i] = va_arg(more, long);
    va_end(more);
    if (number >= SYS_landlock_create_ruleset &&
        number <= SYS_landlock_restrict_self &&
        fails(REST, "syscall", __builtin_return_address(0))) {
        errno = ENOMEM;
        return -1;
    }
    if (real == NULL)
        *(void **)&real = next("syscall");
    return real(number, rest[0], rest[1], rest[2], rest[3], rest[4], rest[5]);
}

WRAP(REST, EAGAIN, EAGAIN, int, pthread_create,
     (pthread_t * thread, const pthread_attr_t *how, void *(*run)(void *),
      void *own),
     (thread, how, run, own))
WRAP(REST, EAGAIN, -1, int, setresuid, (uid_t first, uid_t now, uid_t saved),
     (first, now, saved))
WRAP(REST, EPERM, -1, int, setresgid, (gid_t first, gid_t now, gid_t saved),
     (first, now, saved))
WRAP(REST, EPERM, -1, int, setgroups, (size_t count, const gid_t *groups),
     (count, groups))
WRAP(REST, EPERM, -1, int, chdir, (const char *path), (path))
