/* The system calls that programs of ours need, and those that none does. */
#include "core/calltable.h"

#include <errno.h>
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
static const struct uk_call common[] = {
    UK_CALL(read),
    UK_CALL(write),
    UK_CALL(readv),
    UK_CALL(writev),
    UK_CALL(pread64),
    UK_CALL(pwrite64),
    UK_CALL(close),
#ifdef __NR_close_range
    UK_CALL(close_range),
#endif
    UK_CALL(lseek),
    UK_CALL(openat),
    UK_CALL(fcntl),
    UK_CALL(flock),
    UK_CALL(dup),
    UK_CALL(dup3),
    UK_CALL(pipe2),
    UK_CALL(fstat),
    UK_CALL(newfstatat),
    UK_CALL(statx),
    UK_CALL(statfs),
    UK_CALL(fstatfs),
    UK_CALL(faccessat),
#ifdef __NR_faccessat2
    UK_CALL(faccessat2),
#endif
    UK_CALL(readlinkat),
    UK_CALL(getdents64),
    UK_CALL(getcwd),
    UK_CALL(ftruncate),
    UK_CALL(fallocate),
    UK_CALL(fadvise64),
    UK_CALL(fsync),
    UK_CALL(fdatasync),
    UK_CALL(sync_file_range),
    UK_CALL(unlinkat),
    UK_CALL(renameat2),
    UK_CALL(fchmod),
    UK_CALL(fchown),
    UK_CALL(umask),
#ifdef __NR_open
    UK_CALL(open),
    UK_CALL(dup2),
    UK_CALL(pipe),
    UK_CALL(stat),
    UK_CALL(lstat),
    UK_CALL(access),
    UK_CALL(readlink),
    UK_CALL(unlink),
    UK_CALL(rename),
    UK_CALL(poll),
    UK_CALL(select),
    UK_CALL(epoll_create),
    UK_CALL(epoll_wait),
    UK_CALL(eventfd),
    UK_CALL(time),
    UK_CALL(alarm),
    UK_CALL(arch_prctl),
#endif
#ifdef __NR_renameat
    UK_CALL(renameat),
#endif
    UK_CALL(ppoll),
    UK_CALL(pselect6),
    UK_CALL(epoll_create1),
    UK_CALL(epoll_ctl),
    UK_CALL(epoll_pwait),
#ifdef __NR_epoll_pwait2
    UK_CALL(epoll_pwait2),
#endif
    UK_CALL(eventfd2),
    UK_CALL(timerfd_create),
    UK_CALL(timerfd_settime),
    UK_CALL(timerfd_gettime),
    UK_CALL(signalfd4),
    UK_CALL(setitimer),
    /* Size of what waits to be read, non-blocking, is it a terminal. */
    UK_CALL_IS(ioctl, 1, ~0U, ENOTTY, 3, FIONREAD, FIONBIO, TCGETS),

    UK_CALL(brk),
    UK_CALL(munmap),
    UK_CALL(mremap),
    UK_CALL(madvise),
    UK_CALL(mincore),
    UK_CALL(msync),
    UK_CALL(mlock),
    UK_CALL(mlock2),
    UK_CALL(munlock),
    /* The code of a library, but none that was written here. */
    UK_CALL_IS(mmap, 2, PROT_EXEC | PROT_WRITE, EPERM, 3, 0, PROT_WRITE,
               PROT_EXEC),
    UK_CALL_IS(mprotect, 2, PROT_EXEC, EPERM, 1, 0),

    UK_CALL(futex),
    UK_CALL(set_robust_list),
    UK_CALL(get_robust_list),
    UK_CALL(set_tid_address),
    UK_CALL(rseq),
    UK_CALL(membarrier),
    UK_CALL(sched_yield),
    UK_CALL(sched_getaffinity),
    UK_CALL(sched_getparam),
    UK_CALL(sched_getscheduler),
    UK_CALL(sched_get_priority_max),
    UK_CALL(sched_get_priority_min),
    UK_CALL(getcpu),
    /* Its own name, for debuggers those of its memory, its own end. */
    UK_CALL_IS(prctl, 0, ~0U, EINVAL, 6, PR_SET_NAME, PR_GET_NAME, PR_SET_VMA,
               PR_GET_DUMPABLE, PR_GET_NO_NEW_PRIVS, PR_SET_PDEATHSIG),

    UK_CALL(rt_sigaction),
    UK_CALL(rt_sigprocmask),
    UK_CALL(rt_sigpending),
    UK_CALL(rt_sigreturn),
    UK_CALL(rt_sigsuspend),
    UK_CALL(rt_sigtimedwait),
    UK_CALL(sigaltstack),
    UK_CALL(restart_syscall),
    UK_CALL(exit),
    UK_CALL(exit_group),

    UK_CALL(getpid),
    UK_CALL(getppid),
    UK_CALL(gettid),
    UK_CALL(getpgid),
    UK_CALL(getsid),
    UK_CALL(getuid),
    UK_CALL(geteuid),
    UK_CALL(getgid),
    UK_CALL(getegid),
    UK_CALL(getresuid),
    UK_CALL(getresgid),
    UK_CALL(getgroups),
#ifdef __NR_getrlimit
    UK_CALL(getrlimit),
#endif
    UK_CALL_IS(prlimit64, 0, ~0U, EPERM, 1, 0), /* its own */
    UK_CALL(getrusage),
    UK_CALL(times),
    UK_CALL(sysinfo),
    UK_CALL(uname),
    UK_CALL(getrandom),
    UK_CALL(gettimeofday),
    UK_CALL(clock_gettime),
    UK_CALL(clock_getres),
    UK_CALL(clock_nanosleep),
    UK_CALL(nanosleep),

    /* AF_NETLINK: which addresses this machine has, for the order of those
     * that a name has. */
    UK_CALL_IS(socket, 0, ~0U, EAFNOSUPPORT, 4, AF_UNIX, AF_INET, AF_INET6,
               AF_NETLINK),
    UK_CALL_IS(socketpair, 0, ~0U, EAFNOSUPPORT, 1, AF_UNIX),
    UK_CALL(bind), /* the C library's, of netlink */
    UK_CALL(connect),
    UK_CALL(shutdown),
    UK_CALL(getsockname),
    UK_CALL(getpeername),
    UK_CALL(getsockopt),
    UK_CALL(setsockopt),
    UK_CALL(sendto),
    UK_CALL(sendmsg),
    UK_CALL(sendmmsg),
    UK_CALL(recvfrom),
    UK_CALL(recvmsg),
    UK_CALL(recvmmsg),
};

static const struct uk_call deadly[] = {
    UK_CALL_NO(execve),
    UK_CALL_NO(execveat),
    UK_CALL_NO(ptrace),
    UK_CALL_NO(process_vm_readv),
    UK_CALL_NO(process_vm_writev),
    UK_CALL_NO(setuid),
    UK_CALL_NO(setgid),
    UK_CALL_NO(setreuid),
    UK_CALL_NO(setregid),
    UK_CALL_NO(setresuid),
    UK_CALL_NO(setresgid),
    UK_CALL_NO(setfsuid),
    UK_CALL_NO(setfsgid),
    UK_CALL_NO(setgroups),
    UK_CALL_NO(capset),
    UK_CALL_NO(unshare),
    UK_CALL_NO(setns),
    UK_CALL_NO(chroot),
    UK_CALL_NO(pivot_root),
    UK_CALL_NO(mount),
    UK_CALL_NO(umount2),
#ifdef __NR_move_mount
    UK_CALL_NO(move_mount),
    UK_CALL_NO(open_tree),
    UK_CALL_NO(fsopen),
    UK_CALL_NO(fsconfig),
    UK_CALL_NO(fsmount),
    UK_CALL_NO(fspick),
#endif
    UK_CALL_NO(bpf),
    UK_CALL_NO(perf_event_open),
    UK_CALL_NO(userfaultfd),
#ifdef __NR_io_uring_setup
    UK_CALL_NO(io_uring_setup),
#endif
    UK_CALL_NO(open_by_handle_at),
    UK_CALL_NO(init_module),
    UK_CALL_NO(finit_module),
    UK_CALL_NO(delete_module),
    UK_CALL_NO(kexec_load),
    UK_CALL_NO(reboot),
    UK_CALL_NO(swapon),
    UK_CALL_NO(swapoff),
    UK_CALL_NO(settimeofday),
    UK_CALL_NO(clock_settime),
    UK_CALL_NO(adjtimex),
    UK_CALL_NO(sethostname),
    UK_CALL_NO(setdomainname),
    UK_CALL_NO(mknodat),
    UK_CALL_NO(personality),
};

struct uk_call_table
uk_calltable_common(void)
{
    return (struct uk_call_table){common, UK_COUNT(common)};
}

struct uk_call_table
uk_calltable_deadly(void)
{
    return (struct uk_call_table){deadly, UK_COUNT(deadly)};
}
