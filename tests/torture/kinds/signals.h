/* Signals: what is delivered where, and what handlers see and change. */

static _Atomic uint64_t received;
static void receives(int signal, siginfo_t *info, void *context) {
    received = mix(received, signal * 1000 + (info->si_code == SI_QUEUE ? info->si_value.sival_int : 0));
}

KIND(sig_queued, ALONE) {
    sigset_t set, before;
    received = 0;
    struct sigaction a = on_signal(SIGRTMIN, receives, 0), b = on_signal(SIGRTMIN + 3, receives, 0), c = on_signal(SIGUSR1, receives, 0);
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN), sigaddset(&set, SIGRTMIN + 3), sigaddset(&set, SIGUSR1);
    for (int turn = 0; turn < 5; turn++) {
        pthread_sigmask(SIG_BLOCK, &set, &before);
        for (int i = 0; i < 5; i++) NEED(sigqueue(getpid(), i % 2 ? SIGRTMIN : SIGRTMIN + 3, (union sigval){.sival_int = below(r, 100)}) == 0);
        raise(SIGUSR1), raise(SIGUSR1);
        pthread_sigmask(SIG_SETMASK, &before, 0);
    }
    put_back(SIGRTMIN, a), put_back(SIGRTMIN + 3, b), put_back(SIGUSR1, c);
    return received;
}

/* Handlers within handlers, each on the alternate stack or not, masked or not. */
static volatile int depth;
static void nests(int signal, siginfo_t *info, void *context) {
    received = mix(received, signal * 10 + depth);
    if (depth++ < 5) raise(depth % 2 ? SIGUSR2 : SIGUSR1);
    received = mix(received, signal * 10 + --depth + 5);
}
KIND(sig_nested, ALONE) {
    uint8_t *memory = pages(32, RW);
    stack_t stack = {.ss_sp = memory, .ss_size = 32 * PAGE}, old;
    received = 0;
    NEED(sigaltstack(&stack, &old) == 0);
    struct sigaction a = on_signal(SIGUSR1, nests, SA_ONSTACK | SA_NODEFER), b = on_signal(SIGUSR2, nests, SA_NODEFER | (below(r, 2) ? SA_ONSTACK : 0));
    for (int i = 0; i < 10; i++) raise(SIGUSR1);
    put_back(SIGUSR1, a), put_back(SIGUSR2, b);
    NEED(sigaltstack(&old, 0) == 0);
    munmap(memory, 32 * PAGE);
    return received;
}

/* A handler changes registers, flags, vector state and the instruction pointer of what it interrupted. */
static void edits(int signal, siginfo_t *info, void *context) {
    REG(context, R12) = 4321;
    REG(context, EFL) |= 0x41; /* CF, ZF */
    REG(context, RIP) = REG(context, R13);
    ((ucontext_t *)context)->uc_mcontext.fpregs->_xmm[7].element[0] = 0x42280000; /* 42.0f */
}
KIND(sig_edited, ALONE) {
    struct sigaction a = on_signal(SIGUSR1, edits, 0);
    uint64_t sum = 0;
    for (int i = 0; i < 20; i++) {
        long value = 1, pid = getpid(), flags;
        float seven;
        __asm__ volatile("mov %3, %%rdi\n\tmov %4, %%rsi\n\tmov $0, %%r12\n\tlea 1f(%%rip), %%r13\n\tmov $62, %%eax\n\txorps %%xmm7, %%xmm7\n\tor $1, %%eax\n\tdec %%eax\n\tinc %%eax\n\tmov $62, %%eax\n\tsyscall\n\tmov $777, %%r12\n"
                         "1:\n\tpushfq\n\tpop %1\n\tmov %%r12, %0\n\tmovss %%xmm7, %2"
                         : "=r"(value), "=&r"(flags), "=m"(seven) : "r"(pid), "r"((long)SIGUSR1)
                         : "rax", "rcx", "rdx", "rdi", "rsi", "r11", "r12", "r13", "xmm7", "memory", "cc");
        EXPECT(value == 4321 && (flags & 0x41) == 0x41 && seven == 42.0f);
        sum = mix(sum, value + (flags & 0x41));
    }
    put_back(SIGUSR1, a);
    return sum;
}

/* Ticks interrupt arithmetic whose flags, vector registers and x87 stack must survive. */
static void spoils(int signal, siginfo_t *info, void *context) {
    ticks++;
    __asm__ volatile("fninit; fldpi; fldz; xorps %%xmm0, %%xmm0; pcmpeqb %%xmm1, %%xmm1; std; cld; cmp $1, %%eax" ::: "xmm0", "xmm1", "cc", "memory");
}
KIND(sig_ticks_in_arithmetic, ALONE, SLOW) {
    struct sigaction a = on_signal(SIGALRM, spoils, SA_RESTART);
    struct itimerval often = {{0, 200}, {0, 200}}, never = {{0, 0}, {0, 0}};
    setitimer(ITIMER_REAL, &often, 0);
    uint64_t sum = 1;
    double x = 1, y = 0.5;
    long double l = 1;
    for (int i = 0; i < 300000; i++) {
        uint64_t carry = sum;
        __asm__ volatile("add %1, %0; adc $0, %0; rcl $1, %0; sbb $3, %0" : "+r"(sum) : "r"(carry * 7) : "cc");
        x = x * 0.75 + y;
        y = y * 0.5 + 0.25;
        if (i % 16 == 0) l = l * 0.5L + 1;
    }
    setitimer(ITIMER_REAL, &never, 0);
    put_back(SIGALRM, a);
    return mix(mix(mix(sum, bits(x)), bits(y)), bits((double)l));
}

/* Each thread gets its own, and answers. */
static __thread int mine;
static _Atomic uint32_t answered;
static void answers(int signal, siginfo_t *info, void *context) { mine++, answered++, futex(&answered, FUTEX_WAKE_PRIVATE, INT_MAX); }
static _Atomic uint32_t enough;
static void *listens(void *unused) {
    announce(&answered, answered + 1);
    while (!enough) pause();
    return (void *)(long)mine;
}
KIND(sig_to_threads, ALONE) {
    struct sigaction a = on_signal(SIGUSR1, answers, 0);
    pthread_t threads[3];
    uint64_t sum = 0;
    enough = 0;
    for (int i = 0; i < 3; i++) {
        uint32_t before = answered;
        NEED(pthread_create(&threads[i], 0, listens, 0) == 0);
        while (answered == before) futex(&answered, FUTEX_WAIT_PRIVATE, before);
    }
    for (int turn = 0; turn < 30; turn++) {
        uint32_t before = answered;
        NEED(pthread_kill(threads[turn % 3], SIGUSR1) == 0);
        while (answered == before) futex(&answered, FUTEX_WAIT_PRIVATE, before);
    }
    enough = 1;
    for (int i = 0; i < 3; i++) {
        void *got;
        struct timespec moment = {0, 1000000};
        pthread_kill(threads[i], SIGUSR1);
        while (pthread_tryjoin_np(threads[i], &got) == EBUSY) nanosleep(&moment, 0), pthread_kill(threads[i], SIGUSR1);
        EXPECT((long)got >= 10);
        sum = mix(sum, (long)got >= 10);
    }
    put_back(SIGUSR1, a);
    return sum;
}

/* Timers of every sort, until each has come so often. */
KIND(sig_timers, ALONE) {
    struct sigaction a = on_signal(SIGRTMIN + 1, counts, 0), b = on_signal(SIGVTALRM, counts, 0), c = on_signal(SIGPROF, counts, 0);
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN + 1};
    event._sigev_un._tid = syscall(SYS_gettid);
    struct itimerspec often = {{0, 500000}, {0, 500000}};
    ticks = 0;
    NEED(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0 && timer_settime(timer, 0, &often, 0) == 0);
    while (ticks < 10) pause();
    NEED(timer_delete(timer) == 0);
    struct itimerval used = {{0, 2000}, {0, 2000}}, never = {{0, 0}, {0, 0}};
    for (int which = ITIMER_VIRTUAL; which <= ITIMER_PROF; which++) {
        ticks = 0;
        NEED(setitimer(which, &used, 0) == 0);
        for (volatile long i = 0; ticks < 3;) i++;
        NEED(setitimer(which, &never, 0) == 0);
    }
    put_back(SIGRTMIN + 1, a), put_back(SIGVTALRM, b), put_back(SIGPROF, c);
    return 10;
}

/* Waited for, not handled. */
KIND(sig_waited_for, ALONE) {
    sigset_t set, before;
    siginfo_t info;
    uint64_t sum = 0;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1), sigaddset(&set, SIGUSR2), sigaddset(&set, SIGTRAP);
    pthread_sigmask(SIG_BLOCK, &set, &before);
    int file = signalfd(-1, &set, 0);
    for (int i = 0; i < 12; i++) {
        int signal = (int[]){SIGUSR1, SIGUSR2, SIGTRAP}[i % 3];
        struct timespec now = {0, 0};
        union sigval value = {.sival_int = i};
        NEED(sigqueue(getpid(), signal, value) == 0);
        if (i % 2) EXPECT(sigtimedwait(&set, &info, &now) == signal && info.si_value.sival_int == i);
        else {
            struct signalfd_siginfo got;
            EXPECT(read(file, &got, sizeof got) == sizeof got && got.ssi_signo == signal && got.ssi_int == i);
        }
        EXPECT(sigtimedwait(&set, &info, &now) == -1 && errno == EAGAIN);
        sum = mix(sum, signal);
    }
    close(file);
    pthread_sigmask(SIG_SETMASK, &before, 0);
    return sum;
}

/* Calls that are interrupted, and made again or not. */
static void *interrupts(void *thread) {
    struct timespec moment = {0, 3000000};
    nanosleep(&moment, 0);
    pthread_kill(*(pthread_t *)thread, SIGUSR1);
    nanosleep(&moment, 0);
    return 0;
}
static void writes_one(int signal, siginfo_t *info, void *context) { all(1, *(int *)&received, "y", 1); }
KIND(sig_restarted, ALONE) {
    uint64_t sum = 0;
    for (int i = 0; i < 6; i++) {
        int ends[2];
        char got = 0;
        pthread_t other, self = pthread_self();
        NEED(pipe(ends) == 0);
        received = ends[1];
        struct sigaction a = on_signal(SIGUSR1, writes_one, i % 2 ? SA_RESTART : 0);
        NEED(pthread_create(&other, 0, interrupts, &self) == 0);
        ssize_t n = i < 4 ? read(ends[0], &got, 1) : poll(&(struct pollfd){-1, POLLIN, 0}, 1, 20000);
        sum = mix(sum, n == 1 ? got : errno);
        EXPECT(n == (i < 4 && i % 2 ? 1 : -1));
        pthread_join(other, 0);
        put_back(SIGUSR1, a);
        close(ends[0]), close(ends[1]);
    }
    return sum;
}

/* Out of a handler by siglongjmp, and by setcontext. */
static sigjmp_buf out_of;
static void jumps(int signal, siginfo_t *info, void *context) { siglongjmp(out_of, signal); }
static ucontext_t outside;
static void leaves(int signal, siginfo_t *info, void *context) { setcontext(&outside); }
KIND(sig_left, ALONE) {
    struct sigaction a = on_signal(SIGUSR1, jumps, 0), b = on_signal(SIGUSR2, leaves, 0);
    volatile uint64_t sum = 0;
    volatile int times;
    for (volatile int i = 0; i < 15; i++) {
        int got = sigsetjmp(out_of, 1);
        if (got == 0) raise(SIGUSR1), EXPECT(!"reached");
        sum = mix(sum, got);
        times = 0;
        getcontext(&outside);
        if (times++ == 0) raise(SIGUSR2), EXPECT(!"reached");
        sum = mix(sum, times);
    }
    put_back(SIGUSR1, a), put_back(SIGUSR2, b);
    return sum;
}

/* Children that stop, go on, and die of signals. */
KIND(sig_children, ALONE) {
    static const int deadly[] = {SIGTERM, SIGKILL, SIGSEGV, SIGTRAP, SIGABRT, SIGUSR1, SIGILL, SIGALRM, SIGFPE, SIGSYS};
    uint64_t sum = 0;
    struct rlimit none = {0, 0};
    for (int i = 0; i < 10; i++) {
        pid_t child = fork();
        if (child == 0) {
            setrlimit(RLIMIT_CORE, &none);
            signal(deadly[i], SIG_DFL);
            if (i == 4) abort();
            if (i == 6) __builtin_trap();
            if (i == 3) __asm__ volatile("int3");
            if (i == 8) __asm__ volatile("xor %%ecx, %%ecx; xor %%edx, %%edx; mov $1, %%eax; div %%ecx" ::: "eax", "ecx", "edx");
            if (i == 2) *(volatile int *)8 = 1;
            raise(deadly[i]);
            for (;;) pause();
        }
        int status = wait_status(child);
        EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == deadly[i]);
        sum = mix(sum, status);
    }
    pid_t child = fork();
    if (child == 0) {
        raise(SIGSTOP);
        raise(SIGSTOP);
        _exit(3);
    }
    for (int i = 0; i < 2; i++) {
        int status;
        EXPECT(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
        sum = mix(sum, status);
        kill(child, SIGCONT);
        EXPECT(waitpid(child, &status, WCONTINUED) == child && WIFCONTINUED(status));
    }
    EXPECT(WEXITSTATUS(wait_status(child)) == 3);
    return sum;
}
