/* The system calls that programs of ours need, and those that none does. */
#include "core/calltable.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <termios.h>

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

/* Where a name is missing, newer kinds of processors have only the newer
 * call. */
static const struct uk_syscall common[] = {
    UK_SYSCALL(read),
    UK_SYSCALL(write),
    UK_SYSCALL(readv),
    UK_SYSCALL(writev),
    UK_SYSCALL(pread64),
    UK_SYSCALL(pwrite64),
    UK_SYSCALL(close),
#ifdef __NR_close_range
    UK_SYSCALL(close_range),
#endif
    UK_SYSCALL(lseek),
    UK_SYSCALL(openat),
    /* Not whom it signals, and by what (F_SETOWN, F_SETSIG): that would end
     * others of the same user. */
    UK_SYSCALL_IS(fcntl, 1, ~0U, EPERM, 12, F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD,
                  F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK, F_SETLKW,
                  F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW),
    UK_SYSCALL(flock),
    UK_SYSCALL(dup),
    UK_SYSCALL(dup3),
    UK_SYSCALL(pipe2),
    UK_SYSCALL(fstat),
    UK_SYSCALL(newfstatat),
    UK_SYSCALL(statx),
    UK_SYSCALL(statfs),
    UK_SYSCALL(fstatfs),
    UK_SYSCALL(faccessat),
#ifdef __NR_faccessat2
    UK_SYSCALL(faccessat2),
#endif
    UK_SYSCALL(readlinkat),
    UK_SYSCALL(getdents64),
    UK_SYSCALL(getcwd),
    UK_SYSCALL(ftruncate),
    UK_SYSCALL(fallocate),
    UK_SYSCALL(fadvise64),
    UK_SYSCALL(fsync),
    UK_SYSCALL(fdatasync),
    UK_SYSCALL(sync_file_range),
    UK_SYSCALL(unlinkat),
    UK_SYSCALL(renameat2),
    UK_SYSCALL(fchmod),
    UK_SYSCALL(fchown),
    UK_SYSCALL(umask),
#ifdef __NR_open
    UK_SYSCALL(open),
    UK_SYSCALL(dup2),
    UK_SYSCALL(pipe),
    UK_SYSCALL(stat),
    UK_SYSCALL(lstat),
    UK_SYSCALL(access),
    UK_SYSCALL(readlink),
    UK_SYSCALL(unlink),
    UK_SYSCALL(rename),
    UK_SYSCALL(poll),
    UK_SYSCALL(select),
    UK_SYSCALL(epoll_create),
    UK_SYSCALL(epoll_wait),
    UK_SYSCALL(eventfd),
    UK_SYSCALL(time),
    UK_SYSCALL(alarm),
    UK_SYSCALL(arch_prctl),
#endif
#ifdef __NR_renameat
    UK_SYSCALL(renameat),
#endif
    UK_SYSCALL(ppoll),
    UK_SYSCALL(pselect6),
    UK_SYSCALL(epoll_create1),
    UK_SYSCALL(epoll_ctl),
    UK_SYSCALL(epoll_pwait),
#ifdef __NR_epoll_pwait2
    UK_SYSCALL(epoll_pwait2),
#endif
    UK_SYSCALL(eventfd2),
    UK_SYSCALL(timerfd_create),
    UK_SYSCALL(timerfd_settime),
    UK_SYSCALL(timerfd_gettime),
    UK_SYSCALL(signalfd4),
    UK_SYSCALL(setitimer),
    /* Size of what waits to be read, non-blocking, is it a terminal. */
    UK_SYSCALL_IS(ioctl, 1, ~0U, ENOTTY, 3, FIONREAD, FIONBIO, TCGETS),

    UK_SYSCALL(brk),
    UK_SYSCALL(munmap),
    UK_SYSCALL(mremap),
    UK_SYSCALL(madvise),
    UK_SYSCALL(mincore),
    UK_SYSCALL(msync),
    UK_SYSCALL(mlock),
    UK_SYSCALL(mlock2),
    UK_SYSCALL(munlock),
    /* The code of a library, which the name service loads late. */
    UK_SYSCALL_IS(mmap, 2, PROT_EXEC | PROT_WRITE, EPERM, 3, 0, PROT_WRITE,
                  PROT_EXEC),
    UK_SYSCALL_IS(mprotect, 2, PROT_EXEC, EPERM, 1, 0),

    UK_SYSCALL(futex),
    UK_SYSCALL(set_robust_list),
    UK_SYSCALL(get_robust_list),
    UK_SYSCALL(set_tid_address),
    UK_SYSCALL(rseq),
    UK_SYSCALL(membarrier),
    UK_SYSCALL(sched_yield),
    UK_SYSCALL(sched_getaffinity),
    UK_SYSCALL(sched_getparam),
    UK_SYSCALL(sched_getscheduler),
    UK_SYSCALL(sched_get_priority_max),
    UK_SYSCALL(sched_get_priority_min),
    UK_SYSCALL(getcpu),
    /* Its own name, and for debuggers those of its memory. */
    UK_SYSCALL_IS(prctl, 0, ~0U, EINVAL, 5, PR_SET_NAME, PR_GET_NAME,
                  PR_SET_VMA, PR_GET_DUMPABLE, PR_GET_NO_NEW_PRIVS),

    UK_SYSCALL(rt_sigaction),
    UK_SYSCALL(rt_sigprocmask),
    UK_SYSCALL(rt_sigpending),
    UK_SYSCALL(rt_sigreturn),
    UK_SYSCALL(rt_sigsuspend),
    UK_SYSCALL(rt_sigtimedwait),
    UK_SYSCALL(sigaltstack),
    UK_SYSCALL(restart_syscall),
    UK_SYSCALL(exit),
    UK_SYSCALL(exit_group),

    UK_SYSCALL(getpid),
    UK_SYSCALL(getppid),
    UK_SYSCALL(gettid),
    UK_SYSCALL(getpgid),
    UK_SYSCALL(getsid),
    UK_SYSCALL(getuid),
    UK_SYSCALL(geteuid),
    UK_SYSCALL(getgid),
    UK_SYSCALL(getegid),
    UK_SYSCALL(getresuid),
    UK_SYSCALL(getresgid),
    UK_SYSCALL(getgroups),
#ifdef __NR_getrlimit
    UK_SYSCALL(getrlimit),
#endif
    UK_SYSCALL_IS(prlimit64, 0, ~0U, EPERM, 1, 0), /* its own */
    UK_SYSCALL(getrusage),
    UK_SYSCALL(times),
    UK_SYSCALL(sysinfo),
    UK_SYSCALL(uname),
    UK_SYSCALL(getrandom),
    UK_SYSCALL(gettimeofday),
    UK_SYSCALL(clock_gettime),
    UK_SYSCALL(clock_getres),
    UK_SYSCALL(clock_nanosleep),
    UK_SYSCALL(nanosleep),

    /* AF_NETLINK: which addresses this machine has, for the order of those
     * that a name has. */
    UK_SYSCALL_IS(socket, 0, ~0U, EAFNOSUPPORT, 4, AF_UNIX, AF_INET, AF_INET6,
                  AF_NETLINK),
    UK_SYSCALL_IS(socketpair, 0, ~0U, EAFNOSUPPORT, 1, AF_UNIX),
    UK_SYSCALL(bind), /* the C library's, of netlink */
    UK_SYSCALL(connect),
    UK_SYSCALL(shutdown),
    UK_SYSCALL(getsockname),
    UK_SYSCALL(getpeername),
    UK_SYSCALL(getsockopt),
    UK_SYSCALL(setsockopt),
    UK_SYSCALL(sendto),
    UK_SYSCALL(sendmsg),
    UK_SYSCALL(sendmmsg),
    UK_SYSCALL(recvfrom),
    UK_SYSCALL(recvmsg),
    UK_SYSCALL(recvmmsg),
};

static const struct uk_syscall deadly[] = {
    UK_SYSCALL_NO(execve),
    UK_SYSCALL_NO(execveat),
    UK_SYSCALL_NO(ptrace),
    UK_SYSCALL_NO(process_vm_readv),
    UK_SYSCALL_NO(process_vm_writev),
    UK_SYSCALL_NO(setuid),
    UK_SYSCALL_NO(setgid),
    UK_SYSCALL_NO(setreuid),
    UK_SYSCALL_NO(setregid),
    UK_SYSCALL_NO(setresuid),
    UK_SYSCALL_NO(setresgid),
    UK_SYSCALL_NO(setfsuid),
    UK_SYSCALL_NO(setfsgid),
    UK_SYSCALL_NO(setgroups),
    UK_SYSCALL_NO(capset),
    UK_SYSCALL_NO(unshare),
    UK_SYSCALL_NO(setns),
    UK_SYSCALL_NO(chroot),
    UK_SYSCALL_NO(pivot_root),
    UK_SYSCALL_NO(mount),
    UK_SYSCALL_NO(umount2),
#ifdef __NR_move_mount
    UK_SYSCALL_NO(move_mount),
    UK_SYSCALL_NO(open_tree),
    UK_SYSCALL_NO(fsopen),
    UK_SYSCALL_NO(fsconfig),
    UK_SYSCALL_NO(fsmount),
    UK_SYSCALL_NO(fspick),
#endif
    UK_SYSCALL_NO(bpf),
    UK_SYSCALL_NO(perf_event_open),
    UK_SYSCALL_NO(userfaultfd),
#ifdef __NR_io_uring_setup
    UK_SYSCALL_NO(io_uring_setup),
#endif
    UK_SYSCALL_NO(open_by_handle_at),
    UK_SYSCALL_NO(init_module),
    UK_SYSCALL_NO(finit_module),
    UK_SYSCALL_NO(delete_module),
    UK_SYSCALL_NO(kexec_load),
    UK_SYSCALL_NO(reboot),
    UK_SYSCALL_NO(swapon),
    UK_SYSCALL_NO(swapoff),
    UK_SYSCALL_NO(settimeofday),
    UK_SYSCALL_NO(clock_settime),
    UK_SYSCALL_NO(adjtimex),
    UK_SYSCALL_NO(sethostname),
    UK_SYSCALL_NO(setdomainname),
    UK_SYSCALL_NO(mknodat),
    UK_SYSCALL_NO(personality),
};

struct uk_syscall_table
uk_calltable_common(void)
{
    return (struct uk_syscall_table){common, UK_COUNT(common)};
}

struct uk_syscall_table
uk_calltable_deadly(void)
{
    return (struct uk_syscall_table){deadly, UK_COUNT(deadly)};
}
