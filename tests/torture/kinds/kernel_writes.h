#ifndef KERNEL_WRITES_H
#define KERNEL_WRITES_H
/* System calls that write into pages whose code has been executed. Each must do what it natively does, the
 * data must be there, and code beside it, and code that was read, must run. */
#include <sys/inotify.h>
#include <sys/sysinfo.h>
#include <sys/times.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

/* Three pages of functions, executed. A target is across two of them, or inside one. */
struct warm {
    uint8_t *code;
    int made;
};
static void warm_up(struct warm *w) {
    for (int page = 0; page < 3; page++) {
        for (int i = 0; i < 2; i++) {
            uint8_t *at = w->code + page * PAGE + (i ? PAGE - 2 * MADE - 600 : 16);
            make(at, ++w->made);
            EXPECT(CALL(at) == w->made);
        }
    }
}
static struct warm warm(void) {
    struct warm w = {pages(3, RWX), 0};
    warm_up(&w);
    return w;
}
static void cool(struct warm *w) {
    for (int page = 0; page < 3; page++) EXPECT(CALL(w->code + page * PAGE + 16) != 0);
    munmap(w->code, 3 * PAGE);
}
static void *target(struct warm *w, struct random *r, size_t size) {
    size_t at = below(r, 2) ? PAGE + 64 : 2 * PAGE - (size / 2 & -16);
    return w->code + at;
}

/* read(2) and its kin, over all three pages, with code in what is read. */
KIND(writes_read, THREADS) {
    uint8_t from[3 * PAGE];
    uint64_t sum = 0;
    int file = file_of(0);
    for (int i = 0; i + MADE < sizeof from; i += 16) make(from + i, i);
    all(1, file, from, sizeof from);
    for (int turn = 0; turn < 12; turn++) {
        struct warm w = warm();
        size_t at = below(r, 64) * 16, length = below(r, sizeof from - at) + 1;
        lseek(file, at, SEEK_SET);
        struct iovec parts[3] = {{w.code + at, length / 3}, {w.code + at + length / 3, length / 3}, {w.code + at + length / 3 * 2, length - length / 3 * 2}};
        ssize_t got;
        switch (turn % 4) {
        case 0: got = read(file, w.code + at, length); break;
        case 1: got = pread(file, w.code + at, length, at); break;
        case 2: got = readv(file, parts, 3); break;
        default: got = preadv2(file, parts, 3, at, 0);
        }
        EXPECT(got == length && memcmp(w.code + at, from + at, length) == 0);
        size_t code = at + below(r, length / 16 + 1) * 16;
        if (code + 16 <= at + length) {
            EXPECT(CALL(w.code + code) == code);
            sum = mix(sum, CALL(w.code + code));
        }
        sum = mix(sum, got);
        munmap(w.code, 3 * PAGE);
    }
    close(file);
    return sum;
}

/* Where the pages end, it ends, with a short count or EFAULT. */
KIND(writes_until_the_end, THREADS) {
    uint64_t sum = 0;
    uint8_t from[4 * PAGE];
    memset(from, 0xc3, sizeof from);
    int file = file_of(0), ends[2];
    all(1, file, from, sizeof from);
    NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    uint8_t *code = pages(5, RWX);
    for (int page = 0; page < 5; page++) make(code + page * PAGE, page), CALL(code + page * PAGE);
    NEED(munmap(code + 2 * PAGE, PAGE) == 0 && mprotect(code + 3 * PAGE, PAGE, RX) == 0);
    ssize_t got[6];
    got[0] = pread(file, code + PAGE + 100, 3 * PAGE, 0);
    got[1] = pread(file, code + 2 * PAGE, 10, 0) < 0 ? -errno : 0;
    got[2] = pread(file, code + 3 * PAGE + 5, 10, 0) < 0 ? -errno : 0;
    got[3] = pread(file, code + 4 * PAGE + 5, 10, 0);
    all(1, ends[1], from, 2 * PAGE);
    got[4] = read(ends[0], code + PAGE, 2 * PAGE) < 0 ? -errno : 1;
    got[5] = syscall(SYS_clock_gettime, CLOCK_MONOTONIC, code + 2 * PAGE - 8) < 0 ? -errno : 0;
    EXPECT(CALL(code + 3 * PAGE) == 3);
    for (int i = 0; i < 6; i++) sum = mix(sum, got[i]);
    EXPECT(got[0] == PAGE - 100 && got[1] == -EFAULT && got[2] == -EFAULT && got[3] == 10 && got[5] == -EFAULT);
    munmap(code, 5 * PAGE);
    close(file);
    close(ends[0]);
    close(ends[1]);
    return sum;
}

KIND(writes_sockets, THREADS) {
    struct warm w = warm();
    uint64_t sum = 0;
    uint8_t data[600];
    int ends[2];
    for (int i = 0; i < sizeof data; i++) data[i] = next(r);
    NEED(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) == 0);
    for (int i = 0; i < 4; i++) {
        uint8_t *to = target(&w, r, sizeof data);
        NEED(send(ends[1], data, sizeof data, 0) == sizeof data);
        if (i == 0) EXPECT(recv(ends[0], to, sizeof data, 0) == sizeof data);
        if (i == 1) EXPECT(recvfrom(ends[0], to, sizeof data, 0, (void *)(to + 600), (void *)memset(to + 800, 64, 1)) == sizeof data);
        struct iovec part = {to, sizeof data};
        struct msghdr *message = (void *)(to + 700);
        *message = (struct msghdr){.msg_iov = &part, .msg_iovlen = 1};
        if (i == 2) EXPECT(recvmsg(ends[0], message, 0) == sizeof data);
        struct mmsghdr *several = (void *)(to + 700);
        several[0] = (struct mmsghdr){{.msg_iov = &part, .msg_iovlen = 1}};
        if (i == 3) EXPECT(recvmmsg(ends[0], several, 1, MSG_DONTWAIT, 0) == 1 && several[0].msg_len == sizeof data);
        EXPECT(memcmp(to, data, sizeof data) == 0);
        sum = mix_bytes(sum, to, sizeof data);
        warm_up(&w);
    }
    /* A descriptor that is passed, into control data there. */
    NEED(pipe((int *)data) == 0);
    union { struct cmsghdr h; char space[CMSG_SPACE(4)]; } control = {.h = {CMSG_LEN(4), SOL_SOCKET, SCM_RIGHTS}};
    memcpy(CMSG_DATA(&control.h), data, 4);
    struct iovec part = {"x", 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    NEED(sendmsg(ends[1], &message, 0) == 1);
    char *to = target(&w, r, 128);
    part.iov_base = to;
    message.msg_control = to + 64;
    message.msg_controllen = CMSG_SPACE(4);
    EXPECT(recvmsg(ends[0], &message, 0) == 1 && ((struct cmsghdr *)(to + 64))->cmsg_type == SCM_RIGHTS);
    int passed;
    memcpy(&passed, CMSG_DATA((struct cmsghdr *)(to + 64)), 4);
    EXPECT(close(passed) == 0 && close(((int *)data)[0]) == 0 && close(((int *)data)[1]) == 0);
    warm_up(&w);
    struct sockaddr_un *address = target(&w, r, 128);
    socklen_t *length = (void *)(w.code + PAGE - 300);
    *length = sizeof *address;
    EXPECT(getsockname(ends[0], (void *)address, length) == 0 && address->sun_family == AF_UNIX);
    *length = 4;
    EXPECT(getsockopt(ends[0], SOL_SOCKET, SO_TYPE, address, length) == 0 && *(int *)address == SOCK_DGRAM);
    warm_up(&w);
    int *made = target(&w, r, 8);
    EXPECT(socketpair(AF_UNIX, SOCK_STREAM, 0, made) == 0 && close(made[0]) == 0 && close(made[1]) == 0);
    warm_up(&w);
    made = target(&w, r, 8);
    EXPECT(pipe2(made, O_CLOEXEC) == 0 && close(made[0]) == 0 && close(made[1]) == 0);
    close(ends[0]);
    close(ends[1]);
    cool(&w);
    return sum;
}

/* What tells of files. */
KIND(writes_files, THREADS) {
    struct warm w = warm();
    uint64_t sum = 0;
    struct stat other;
    int file = file_of(1234);
    for (int i = 0; i < 10; i++) {
        char *to = target(&w, r, 1024);
        switch (i) {
        case 0: EXPECT(fstat(file, (void *)to) == 0 && ((struct stat *)to)->st_size == 1234); break;
        case 1: EXPECT(syscall(SYS_statx, file, "", AT_EMPTY_PATH, STATX_SIZE, to) == 0 && ((struct statx *)to)->stx_size == 1234); break;
        case 2: EXPECT(getcwd(to, 1000) == to && to[0] == '/' && stat(to, &other) == 0); break;
        case 3: EXPECT(readlink("/proc/self/exe", to, 1000) > 0 && to[0] == '/'); break;
        case 4: EXPECT(fstatfs(file, (void *)to) == 0 && ((struct statfs *)to)->f_bsize > 0); break;
        case 5: { int folder = open("/proc/self", O_RDONLY | O_DIRECTORY);
                  EXPECT(syscall(SYS_getdents64, folder, to, 1024) > 0 && to[19] == '.'); close(folder); break; }
        case 6: EXPECT(ioctl(file, FIONREAD, to) == 0 && *(int *)to == 1234); break;
        case 7: if (fsetxattr(file, "user.t", "abc", 3, 0) == 0) EXPECT(fgetxattr(file, "user.t", to, 100) == 3 && memcmp(to, "abc", 3) == 0 && flistxattr(file, to, 100) >= 7); break;
        case 8: EXPECT(fcntl(file, F_GETLK, memcpy(to, &(struct flock){.l_type = F_WRLCK}, sizeof(struct flock))) == 0 && ((struct flock *)to)->l_type == F_UNLCK); break;
        default: { struct file_handle { unsigned bytes; int type; char handle[128]; } *h = (void *)to; h->bytes = 128;
                  if (syscall(SYS_name_to_handle_at, file, "", h, to + 200, AT_EMPTY_PATH) == 0) EXPECT(h->bytes > 0 && h->bytes < 128); }
        }
        sum = mix(sum, i);
        warm_up(&w);
    }
    int watch = inotify_init1(IN_NONBLOCK), terminal = posix_openpt(O_RDWR | O_NOCTTY);
    if (terminal >= 0) {
        char *to = target(&w, r, 64);
        EXPECT(ioctl(terminal, TIOCGWINSZ, to) == 0 && *(uint64_t *)to == 0);
        EXPECT(ioctl(terminal, TCGETS, to) == 0);
        warm_up(&w);
        close(terminal);
    }
    if (watch >= 0) close(watch);
    close(file);
    cool(&w);
    return sum;
}

/* What tells of the system, of time and of the process. */
KIND(writes_facts, THREADS) {
    struct warm w = warm();
    uint64_t sum = 0;
    for (int i = 0; i < 24; i++) {
        void *to = target(&w, r, 512);
        memset(to, 0, 512);
        warm_up(&w);
        long got = 0;
        switch (i) {
        case 0: got = uname(to); EXPECT(strcmp(to, "Linux") == 0); break;
        case 1: got = syscall(SYS_clock_gettime, CLOCK_MONOTONIC, to); EXPECT(*(long *)to || ((long *)to)[1]); break;
        case 2: got = syscall(SYS_gettimeofday, to, 0); EXPECT(*(long *)to > 1000000); break;
        case 3: got = clock_gettime(CLOCK_REALTIME, to); EXPECT(*(long *)to > 1000000); break;
        case 4: got = syscall(SYS_time, to) == *(long *)to ? 0 : -1; break;
        case 5: got = syscall(SYS_times, to) < 0; break;
        case 6: got = getrusage(RUSAGE_SELF, to); break;
        case 7: got = syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, to); EXPECT(*(long *)to > 0); break;
        case 8: got = sysinfo(to); EXPECT(((struct sysinfo *)to)->mem_unit > 0); break;
        case 9: got = syscall(SYS_getrandom, to, 200, 0) == 200 ? 0 : -1; { int set = 0; for (int k = 0; k < 200; k++) set += ((uint8_t *)to)[k] != 0; EXPECT(set > 150); } break;
        case 10: got = syscall(SYS_sched_getaffinity, 0, 128, to) > 0 ? 0 : -1; EXPECT(*(uint64_t *)to != 0); break;
        case 11: got = syscall(SYS_getcpu, to, (char *)to + 8, 0); EXPECT(*(unsigned *)to < 100000); break;
        case 12: got = getresuid(to, to + 8, to + 16); EXPECT(*(unsigned *)to == getuid()); break;
        case 13: got = prctl(PR_GET_PDEATHSIG, to); break;
        case 14: got = syscall(SYS_arch_prctl, 0x1003, to); EXPECT(*(uint64_t *)to != 0); break;
        case 15: got = syscall(SYS_arch_prctl, 0x1004, to); EXPECT(*(uint64_t *)to == 0); break;
        case 16: got = syscall(SYS_rt_sigprocmask, SIG_SETMASK, 0, to, 8); break;
        case 17: got = syscall(SYS_rt_sigaction, SIGUSR1, 0, to, 8); break;
        case 18: got = sigaltstack(0, to); break;
        case 19: got = syscall(SYS_rt_sigpending, to, 8); EXPECT(*(uint64_t *)to == 0); break;
        case 20: got = syscall(SYS_sched_getparam, 0, to); break;
        case 21: got = syscall(SYS_get_robust_list, 0, to, to + 8); EXPECT(*(uint64_t *)to != 0); break;
        case 22: got = mincore(w.code, 3 * PAGE, to); EXPECT(((uint8_t *)to)[0] & 1); break;
        default: { struct timespec no = {0, 1000}; got = syscall(SYS_clock_getres, CLOCK_MONOTONIC, to); EXPECT(((long *)to)[1] > 0); nanosleep(&no, to); }
        }
        EXPECT(got == 0);
        sum = mix(sum, got);
        warm_up(&w);
    }
    cool(&w);
    return sum;
}

/* What waits: for descriptors, for timers, for signals. */
KIND(writes_waits, THREADS) {
    struct warm w = warm();
    int ends[2], poller = epoll_create1(0), event = eventfd(7, 0), timer = timerfd_create(CLOCK_MONOTONIC, 0);
    NEED(pipe(ends) == 0 && write(ends[1], "abc", 3) == 3);
    struct epoll_event wanted = {EPOLLIN, {.u64 = 0x1234567890}};
    NEED(epoll_ctl(poller, EPOLL_CTL_ADD, ends[0], &wanted) == 0);
    struct epoll_event *events = target(&w, r, 64);
    EXPECT(epoll_wait(poller, events, 4, -1) == 1 && events->data.u64 == 0x1234567890);
    warm_up(&w);
    struct pollfd *polled = target(&w, r, 64);
    *polled = (struct pollfd){ends[0], POLLIN, 0};
    EXPECT(poll(polled, 1, -1) == 1 && polled->revents == POLLIN);
    polled->revents = 0;
    warm_up(&w);
    EXPECT(syscall(SYS_ppoll, polled, 1, 0, 0, 8) == 1 && polled->revents == POLLIN);
    warm_up(&w);
    fd_set *set = target(&w, r, sizeof *set);
    struct timeval *left = (void *)(w.code + PAGE - 200);
    FD_ZERO(set);
    FD_SET(ends[0], set);
    FD_SET(ends[1], set);
    *left = (struct timeval){5, 0};
    EXPECT(select(ends[1] + 1, set, 0, 0, left) == 1 && FD_ISSET(ends[0], set) && !FD_ISSET(ends[1], set) && left->tv_sec >= 3);
    warm_up(&w);
    uint64_t *number = target(&w, r, 8);
    EXPECT(read(event, number, 8) == 8 && *number == 7);
    struct itimerspec soon = {{0, 0}, {0, 1000000}}, *old;
    warm_up(&w);
    NEED(timerfd_settime(timer, 0, &soon, 0) == 0);
    number = target(&w, r, 8);
    EXPECT(read(timer, number, 8) == 8 && *number == 1);
    warm_up(&w);
    old = target(&w, r, sizeof *old);
    EXPECT(timerfd_gettime(timer, old) == 0 && old->it_value.tv_sec == 0);
    warm_up(&w);
    EXPECT(syscall(SYS_getitimer, ITIMER_VIRTUAL, target(&w, r, 32)) == 0);
    close(ends[0]), close(ends[1]), close(poller), close(event), close(timer);
    cool(&w);
    return 1;
}
#endif
