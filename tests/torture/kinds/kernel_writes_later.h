/* What the kernel writes of its own accord, later, or for another process, into pages whose code has been executed:
 * statuses, words that it clears, robust lists, frames, restartable sequences, io_uring. */
#include "kernel_writes.h"
#include <linux/io_uring.h>

/* Of children: statuses, ids, and words that the kernel clears when a thread ends. */
static int quits(void *n) { syscall(SYS_exit, (long)n); return 0; }
KIND(writes_children, ALONE) {
    struct warm w = warm();
    uint8_t *stack = pages(16, RW);
    uint64_t sum = 0;
    for (int i = 0; i < 6; i++) {
        int *to = target(&w, r, 256);
        pid_t child = i < 3 ? fork() : 0;
        if (i < 3 && child == 0) _exit(i + 40);
        if (i == 0) EXPECT(syscall(SYS_wait4, child, to, 0, to + 8) == child && WEXITSTATUS(*to) == 40);
        if (i == 1) EXPECT(waitpid(child, to, 0) == child && WEXITSTATUS(*to) == 41);
        if (i == 2) EXPECT(waitid(P_PID, child, (siginfo_t *)to, WEXITED) == 0 && ((siginfo_t *)to)->si_status == 42);
        if (i == 3 || i == 4) {
            /* CHILD_CLEARTID and PARENT_SETTID, there. */
            _Atomic uint32_t *ended = (void *)to;
            *ended = 12345;
            long flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_CHILD_CLEARTID | CLONE_PARENT_SETTID;
            child = clone(quits, stack + 16 * PAGE, flags, (void *)5, to + 2, 0, ended);
            NEED(child > 0);
            EXPECT(to[2] == child);
            for (uint32_t now; (now = *ended) != 0;) syscall(SYS_futex, ended, FUTEX_WAIT, now, 0, 0, 0);
        }
        if (i == 5) {
            child = clone(quits, stack + 16 * PAGE, CLONE_PIDFD | SIGCHLD, (void *)9, to);
            NEED(child > 0);
            EXPECT(fcntl(*to, F_GETFD) >= 0);
            EXPECT(WEXITSTATUS(wait_status(child)) == 9);
            close(*to);
        }
        sum = mix(sum, i);
        warm_up(&w);
    }
    munmap(stack, 16 * PAGE);
    cool(&w);
    return sum;
}

/* A robust mutex, and a futex word that the kernel changes, there. */
static void *dies_locked(void *mutex) { pthread_mutex_lock(mutex); return 0; }
KIND(writes_futexes, THREADS) {
    struct warm w = warm();
    for (int i = 0; i < 5; i++) {
        pthread_mutexattr_t robust;
        pthread_mutexattr_init(&robust);
        pthread_mutexattr_setrobust(&robust, PTHREAD_MUTEX_ROBUST);
        if (i % 2) pthread_mutexattr_setprotocol(&robust, PTHREAD_PRIO_INHERIT);
        pthread_mutex_t *mutex = target(&w, r, sizeof *mutex);
        pthread_t thread;
        NEED(pthread_mutex_init(mutex, &robust) == 0);
        NEED(pthread_create(&thread, 0, dies_locked, mutex) == 0);
        NEED(pthread_join(thread, 0) == 0);
        warm_up(&w);
        EXPECT(pthread_mutex_lock(mutex) == EOWNERDEAD && pthread_mutex_consistent(mutex) == 0 && pthread_mutex_unlock(mutex) == 0);
        uint32_t *word = target(&w, r, 8);
        *word = i, word[1] = 0;
        EXPECT(CALL(w.code + 16) != 0);
        warm_up(&w);
        EXPECT(syscall(SYS_futex, word + 1, FUTEX_WAKE_OP, 1, 1, word, FUTEX_OP(FUTEX_OP_ADD, 5, FUTEX_OP_CMP_EQ, 0)) == 0 && *word == i + 5);
    }
    cool(&w);
    return 5;
}

/* From another process, into pages that are executed here. */
KIND(writes_from_another_process, ALONE) {
    struct warm w = warm();
    uint64_t sum = 0;
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
    pid_t parent = getpid();
    for (int i = 0; i < 8; i++) {
        uint8_t *to = target(&w, r, MADE);
        pid_t child = fork();
        NEED(child >= 0);
        if (child == 0) {
            uint8_t made[MADE];
            make(made, i + 500);
            struct iovec from = {made, MADE}, there = {to, MADE};
            if (i % 2 == 0) _exit(process_vm_writev(parent, &from, 1, &there, 1, 0) == MADE ? 0 : errno);
            char name[40];
            snprintf(name, sizeof name, "/proc/%d/mem", parent);
            int memory = open(name, O_RDWR);
            _exit(memory >= 0 && pwrite(memory, made, MADE, (off_t)to) == MADE ? 0 : errno);
        }
        int status = WEXITSTATUS(wait_status(child));
        if (status == 0) EXPECT(CALL(to) == i + 500);
        sum = mix(sum, status);
        warm_up(&w);
    }
    cool(&w);
    return sum;
}

/* The frames of signals, on stacks whose pages hold code that ran. */
static uint8_t *framed;
static void runs_beside(int signal, siginfo_t *info, void *context) {
    for (int i = 0; i < 3; i++) {
        make(framed + i * 32, i + signal);
        EXPECT(CALL(framed + i * 32) == i + signal);
    }
}
KIND(writes_signal_frames, ALONE) {
    enum { SIZE = 64 << 10 };
    uint8_t *stack = pages(SIZE / PAGE, RWX);
    stack_t own = {.ss_sp = stack, .ss_size = SIZE}, before;
    NEED(sigaltstack(&own, &before) == 0);
    struct sigaction action = on_signal(SIGUSR1, runs_beside, SA_ONSTACK), segv;
    uint64_t sum = 0;
    for (int i = 0; i < 20; i++) {
        /* Where the frame will be. */
        for (int k = 1; k < 5; k++) {
            make(stack + SIZE - k * 1000, k);
            EXPECT(CALL(stack + SIZE - k * 1000) == k);
        }
        framed = stack + SIZE - 4 * PAGE - below(r, 3000);
        raise(SIGUSR1);
        sum = mix(sum, i);
    }
    NEED(sigaltstack(&before, 0) == 0);
    put_back(SIGUSR1, action);
    munmap(stack, SIZE);
    return sum;
}

/* A restartable-sequence area there, which the kernel writes whenever it likes. */
extern const ptrdiff_t __rseq_offset __attribute__((weak));
extern const unsigned __rseq_size __attribute__((weak));
KIND(writes_rseq, ALONE) {
#ifdef SYS_rseq
    if (!&__rseq_size || !__rseq_size) return 0;
    struct warm w = warm();
    void *own = (char *)__builtin_thread_pointer() + __rseq_offset;
    uint32_t *there = (void *)(w.code + PAGE + 1024);
    NEED(syscall(SYS_rseq, own, 32, 1, 0x53053053) == 0);
    memset(there, 0, 32);
    there[1] = -1;
    EXPECT(CALL(w.code + PAGE + 16) != 0);
    NEED(syscall(SYS_rseq, there, 32, 0, 0x53053053) == 0);
    int bad = 0;
    for (int i = 0; i < 50; i++) {
        make(w.code + PAGE + 16, i + 1);
        EXPECT(CALL(w.code + PAGE + 16) == i + 1);
        sched_yield();
        bad += there[1] > 100000;
    }
    EXPECT(bad == 0);
    NEED(syscall(SYS_rseq, there, 32, 1, 0x53053053) == 0);
    NEED(syscall(SYS_rseq, own, 32, 0, 0x53053053) == 0);
    cool(&w);
#endif
    return 0;
}

/* Reads that io_uring makes, of its own accord. */
KIND(writes_io_uring, THREADS) {
    struct warm w = warm();
    struct io_uring_params *p = target(&w, r, sizeof *p);
    memset(p, 0, sizeof *p);
    int ring = syscall(SYS_io_uring_setup, 4, p);
    if (ring < 0) {
        uint64_t why = errno;
        cool(&w);
        return why;
    }
    EXPECT(p->sq_entries == 4);
    struct io_uring_params own = *p;
    warm_up(&w);
    size_t length = own.sq_off.array + own.sq_entries * 4, finished = own.cq_off.cqes + own.cq_entries * sizeof(struct io_uring_cqe);
    uint8_t *sq = mmap(0, length, RW, MAP_SHARED, ring, IORING_OFF_SQ_RING), *cq = mmap(0, finished, RW, MAP_SHARED, ring, IORING_OFF_CQ_RING);
    struct io_uring_sqe *entry = mmap(0, 4 * sizeof *entry, RW, MAP_SHARED, ring, IORING_OFF_SQES);
    NEED(sq != MAP_FAILED && cq != MAP_FAILED && entry != MAP_FAILED);
    int file = file_of(0);
    uint8_t made[MADE];
    for (int i = 0; i < 10; i++) {
        make(made, i + 900);
        NEED(pwrite(file, made, MADE, 0) == MADE);
        uint8_t *to = target(&w, r, MADE);
        *entry = (struct io_uring_sqe){.opcode = IORING_OP_READ, .fd = file, .addr = (uintptr_t)to, .len = MADE};
        entry->flags = i % 2 ? IOSQE_ASYNC : 0;
        uint32_t *tail = (void *)(sq + own.sq_off.tail);
        ((uint32_t *)(sq + own.sq_off.array))[*tail & 3] = 0;
        __atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
        while (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, 0, 0) < 0) NEED(errno == EINTR);
        uint32_t *head = (void *)(cq + own.cq_off.head), *end = (void *)(cq + own.cq_off.tail);
        while (__atomic_load_n(end, __ATOMIC_ACQUIRE) == *head) syscall(SYS_io_uring_enter, ring, 0, 1, IORING_ENTER_GETEVENTS, 0, 0);
        struct io_uring_cqe *cqe = (void *)(cq + own.cq_off.cqes);
        EXPECT(cqe[*head & *(uint32_t *)(cq + own.cq_off.ring_mask)].res == MADE);
        __atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
        EXPECT(CALL(to) == i + 900);
        warm_up(&w);
    }
    munmap(sq, length), munmap(cq, finished), munmap(entry, 4 * sizeof *entry);
    close(file), close(ring);
    cool(&w);
    return 0;
}
