/* Where kinds are run. Each place prints the kind's name, its own, and what the kind came to. */

static void show(const char *name, const char *place, uint64_t sum) {
    char text[200];
    int length = snprintf(text, sizeof text, "%s %s %016llx\n", name, place, (unsigned long long)sum);
    all(1, 1, text, length);
}

static void on_main(const char *name, kind what, uint64_t seed) {
    struct random r = {seed};
    show(name, "main", what(&r));
}

struct job {
    kind what;
    uint64_t seed, sum;
};

static void *work_off(void *one) {
    struct job *job = one;
    struct random r = {job->seed};
    job->sum = job->what(&r);
    return 0;
}

static void in_threads(const char *name, kind what, uint64_t seed) {
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    struct job jobs[THREADS];
    uint64_t sum = 0;
    for (int i = 0; i < THREADS; i++) {
        jobs[i] = (struct job){what, seed + i, 0};
        NEED(pthread_create(&threads[i], 0, work_off, &jobs[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        NEED(pthread_join(threads[i], 0) == 0);
        sum = mix(sum, jobs[i].sum);
    }
    show(name, "threads", sum);
}

static void in_child(const char *name, kind what, uint64_t seed) {
    int ends[2];
    uint64_t sum;
    NEED(pipe(ends) == 0);
    fflush(stdout);
    pid_t child = fork();
    NEED(child >= 0);
    if (child == 0) {
        struct random r = {seed};
        sum = what(&r);
        all(1, ends[1], &sum, sizeof sum);
        _exit(unexpected != 0);
    }
    all(0, ends[0], &sum, sizeof sum);
    EXPECT(wait_status(child) == 0);
    close(ends[0]);
    close(ends[1]);
    show(name, "child", sum);
}

/* In a handler, on a stack of its own, with vector registers that must survive it. */
static struct job handled;
static void works_off(int signal, siginfo_t *info, void *context) { work_off(&handled); }

static void in_handler(const char *name, kind what, uint64_t seed) {
    enum { SIZE = 256 << 10 };
    stack_t stack = {.ss_sp = pages(SIZE / PAGE, RW), .ss_size = SIZE}, before;
    NEED(sigaltstack(&stack, &before) == 0);
    struct sigaction action = on_signal(SIGUSR2, works_off, SA_ONSTACK);
    handled = (struct job){what, seed, 0};
    double kept = 1234.5;
    pid_t own = getpid();
    __asm__ volatile("movsd %0, %%xmm9\n\tsyscall\n\tmovsd %%xmm9, %0" : "+m"(kept) : "a"(SYS_kill), "D"(own), "S"(SIGUSR2) : "rcx", "r11", "xmm9", "memory");
    EXPECT(kept == 1234.5);
    put_back(SIGUSR2, action);
    NEED(sigaltstack(&before, 0) == 0);
    munmap(stack.ss_sp, SIZE);
    show(name, "handler", handled.sum);
}

/* Signals come all the while: by a timer, and from another thread. */
#ifndef TICK_US
#define TICK_US 3000
#endif
static _Atomic int ticks;
static void counts(int signal, siginfo_t *info, void *context) { ticks++; }

static void under_ticks(const char *name, kind what, uint64_t seed) {
    struct sigaction action = on_signal(SIGALRM, counts, SA_RESTART);
    struct itimerval often = {{0, TICK_US}, {0, TICK_US}}, never = {{0, 0}, {0, 0}};
    struct random r = {seed};
    NEED(setitimer(ITIMER_REAL, &often, 0) == 0);
    uint64_t sum = what(&r);
    NEED(setitimer(ITIMER_REAL, &never, 0) == 0);
    put_back(SIGALRM, action);
    show(name, "ticks", sum);
}

static _Atomic uint32_t storm_ends;
static pthread_t stormed;
static void *storms(void *unused) {
    struct timespec moment = {0, 300000};
    while (!storm_ends) {
        pthread_kill(stormed, SIGUSR1);
        nanosleep(&moment, 0);
    }
    return 0;
}

static void under_storm(const char *name, kind what, uint64_t seed) {
    struct sigaction action = on_signal(SIGUSR1, counts, SA_RESTART);
    struct random r = {seed};
    pthread_t other;
    stormed = pthread_self();
    storm_ends = 0;
    NEED(pthread_create(&other, 0, storms, 0) == 0);
    uint64_t sum = what(&r);
    storm_ends = 1;
    NEED(pthread_join(other, 0) == 0);
    put_back(SIGUSR1, action);
    show(name, "storm", sum);
}

/* On a stack that is writable and executable, and whose pages hold code that runs. */
static ucontext_t back_here, over_there;
static struct job there;
static void goes_there(void) {
    uint8_t beside[2 * PAGE];
    for (int i = 0; i < 20; i++) {
        uint8_t *code = beside + i * 401 % (2 * PAGE - MADE);
        make(code, i);
        EXPECT(CALL(code) == i);
    }
    work_off(&there);
}

static void on_code_stack(const char *name, kind what, uint64_t seed) {
    enum { SIZE = 256 << 10 };
    uint8_t *stack = pages(SIZE / PAGE, RWX);
    there = (struct job){what, seed, 0};
    NEED(getcontext(&over_there) == 0);
    over_there.uc_stack = (stack_t){.ss_sp = stack, .ss_size = SIZE};
    over_there.uc_link = &back_here;
    makecontext(&over_there, goes_there, 0);
    NEED(swapcontext(&back_here, &over_there) == 0);
    munmap(stack, SIZE);
    show(name, "code-stack", there.sum);
}
