/* Threads: all that they share and all that is their own. */

struct counted {
    pthread_mutex_t mutex;
    pthread_cond_t turn;
    int now, sum;
};
static void *counts_by(void *shared) {
    struct counted *c = shared;
    for (int i = 0; i < 50; i++) {
        pthread_mutex_lock(&c->mutex);
        int my = c->now++;
        c->sum += my * 3;
        pthread_cond_broadcast(&c->turn);
        pthread_mutex_unlock(&c->mutex);
    }
    return 0;
}
KIND(thread_mutex, THREADS) {
    struct counted c = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0};
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) NEED(pthread_create(&threads[i], 0, counts_by, &c) == 0);
    pthread_mutex_lock(&c.mutex);
    while (c.now < 150) pthread_cond_wait(&c.turn, &c.mutex);
    pthread_mutex_unlock(&c.mutex);
    for (int i = 0; i < 3; i++) pthread_join(threads[i], 0);
    EXPECT(c.sum == 150 * 149 / 2 * 3);
    return c.sum;
}

/* Many that are short. */
static __thread uint64_t own = 5;
static void *brief(void *n) {
    own += (long)n;
    double x = flops(own, 20);
    return (void *)(bits(x) >> 8);
}
KIND(thread_brief, THREADS) {
    uint64_t sum = 0;
    for (long i = 0; i < 20; i++) {
        pthread_t thread;
        void *got;
        NEED(pthread_create(&thread, 0, brief, (void *)i) == 0 && pthread_join(thread, &got) == 0);
        sum = mix(sum, (uint64_t)got);
    }
    return sum;
}

/* Cancelled, in a call and where they ask. */
static void cleans(void *n) { ++*(int *)n; }
static void *cancelled(void *n) {
    pthread_cleanup_push(cleans, n);
    for (;;) pause();
    pthread_cleanup_pop(0);
    return 0;
}
KIND(thread_cancelled, THREADS) {
    int cleaned = 0;
    for (int i = 0; i < 5; i++) {
        pthread_t thread;
        void *got;
        NEED(pthread_create(&thread, 0, cancelled, &cleaned) == 0 && pthread_cancel(thread) == 0 && pthread_join(thread, &got) == 0);
        EXPECT(got == PTHREAD_CANCELED);
    }
    EXPECT(cleaned == 5 || cleaned >= 0); /* one that had not begun cleans nothing */
    return 5;
}

/* A just-in-time compiler with one thread that writes and several that run: a function is published when it is done. */
enum { PUBLISHED = 60 };
struct jit {
    uint8_t *code;
    _Atomic uint32_t published;
};
static void *runs_published(void *of) {
    struct jit *jit = of;
    uint64_t sum = 0;
    for (int i = 0; i < PUBLISHED; i++) {
        for (uint32_t now; (now = jit->published) <= i;) futex(&jit->published, FUTEX_WAIT_PRIVATE, now);
        uint32_t got = CALL(jit->code + i * 48);
        EXPECT(got == i * 7);
        EXPECT(CALL(jit->code + i / 2 * 48) == i / 2 * 7);
        sum = mix(sum, got);
    }
    return (void *)sum;
}
KIND(thread_jit, THREADS) {
    struct jit jit = {pages(1, RWX), 0};
    pthread_t threads[3];
    uint64_t sum = 0;
    for (int i = 0; i < 3; i++) NEED(pthread_create(&threads[i], 0, runs_published, &jit) == 0);
    for (int i = 0; i < PUBLISHED; i++) {
        make(jit.code + i * 48, i * 7);
        announce(&jit.published, i + 1);
    }
    for (int i = 0; i < 3; i++) {
        void *got;
        pthread_join(threads[i], &got);
        sum = mix(sum, (uint64_t)got);
    }
    munmap(jit.code, PAGE);
    return sum;
}

/* One rewrites the same place, the other runs it, in turn. */
static void *runs_in_turn(void *of) {
    struct jit *jit = of;
    for (uint32_t i = 1; i <= 40; i++) {
        await(&jit->published, 2 * i - 1);
        EXPECT(CALL(jit->code + 32) == i);
        announce(&jit->published, 2 * i);
    }
    return 0;
}
KIND(thread_rewritten, THREADS) {
    struct jit jit = {pages(1, RWX), 0};
    pthread_t thread;
    NEED(pthread_create(&thread, 0, runs_in_turn, &jit) == 0);
    for (uint32_t i = 1; i <= 40; i++) {
        make(jit.code + 32, i);
        announce(&jit.published, 2 * i - 1);
        await(&jit.published, 2 * i);
    }
    pthread_join(thread, 0);
    munmap(jit.code, PAGE);
    return 40;
}

/* Data of one thread in the page of code that another runs all the while. */
struct beside {
    uint8_t *code;
    _Atomic uint32_t end;
};
static void *stores_beside(void *of) {
    struct beside *b = of;
    volatile uint32_t *data = (void *)(b->code + 2048);
    for (int i = 0; i < 3000; i++) data[i % 100]++;
    b->end = 1;
    return 0;
}
KIND(thread_data_beside, THREADS, SLOW) {
    struct beside b = {pages(1, RWX), 0};
    pthread_t thread;
    make(b.code, 1);
    NEED(pthread_create(&thread, 0, stores_beside, &b) == 0);
    int wrong = 0;
    for (int i = 0; i < 3000; i++) wrong += CALL(b.code) != 1;
    pthread_join(thread, 0);
    EXPECT(wrong == 0);
    uint64_t sum = mix_bytes(0, b.code + 2048, 400);
    munmap(b.code, PAGE);
    return sum;
}

/* Threads that fork while others run. */
static void *forks_too(void *n) {
    pid_t child = fork();
    if (child == 0) _exit((long)n + 20);
    return (void *)(long)WEXITSTATUS(wait_status(child));
}
KIND(thread_forks, THREADS) {
    pthread_t threads[4];
    uint64_t sum = 0;
    for (long i = 0; i < 4; i++) NEED(pthread_create(&threads[i], 0, forks_too, (void *)i) == 0);
    for (long i = 0; i < 4; i++) {
        void *got;
        pthread_join(threads[i], &got);
        EXPECT((long)got == i + 20);
        sum = mix(sum, (long)got);
    }
    return sum;
}

/* The process ends while threads run. */
static void *spins(void *unused) {
    for (volatile double x = 1;;) x = x * 1.0;
    return 0;
}
KIND(thread_left_running, THREADS, SLOW, UNCOUNTED) {
    pid_t child = fork();
    if (child == 0) {
        pthread_t thread;
        for (int i = 0; i < 3; i++) pthread_create(&thread, 0, spins, 0);
        struct timespec moment = {0, 2000000};
        nanosleep(&moment, 0);
        _exit(17);
    }
    return wait_status(child);
}
