/* Code written at run time, in every way that programs do it. Each function also does one addition. */
#include "test.h"

/* addsd %xmm0, %xmm0; mov $value, %eax; ret */
enum { ADD = 4 };
static void put(unsigned char *code, uint32_t value) {
    static const unsigned char add[ADD] = {0xf2, 0x0f, 0x58, 0xc0};
    memcpy(code, add, ADD);
    put_return(code + ADD, value);
}
static int run(void *code) { return ((int (*)(double))code)(1.0); }

static int wrong;
static void expect(int got, int value) { wrong += got != value; }

static void by_mprotect(void) {
    unsigned char *page = pages(4096, PROT_READ | PROT_WRITE);
    for (int i = 0; i < 50; i++) {
        CHECK(mprotect(page, 4096, PROT_READ | PROT_WRITE) == 0);
        put(page, i);
        put(page + 64, i + 1000);
        CHECK(mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0);
        expect(run(page), i);
        expect(run(page + 64), i + 1000);
    }
    munmap(page, 4096);
}

static void rewritten(void) {
    unsigned char *page = pages(8192, PROT_READ | PROT_WRITE | PROT_EXEC);
    for (int i = 0; i < 200; i++) {
        put(page + i % 3 * 32, i);
        expect(run(page + i % 3 * 32), i);
        put(page + 4096 - 7, i); /* across the pages */
        expect(run(page + 4096 - 7), i);
    }
    munmap(page, 8192);
}

/* A loop that changes the immediate of an instruction a few bytes ahead of the store. */
static void of_itself(void) {
    static const unsigned char loop[] = {
        0x31, 0xc0,                               /*  0: xor %eax, %eax */
        0xb9, 100, 0, 0, 0,                       /*  2: mov $100, %ecx */
        0x89, 0x0d, 5, 0, 0, 0,                   /*  7: mov %ecx, 5(%rip): the immediate at 18 */
        0xf2, 0x0f, 0x58, 0xc0,                   /* 13: addsd %xmm0, %xmm0 */
        0x05, 0, 0, 0, 0,                         /* 17: add $0, %eax */
        0xff, 0xc9,                               /* 22: dec %ecx */
        0x75, 0xed,                               /* 24: jne 7 */
        0xc3,
    };
    unsigned char *page = pages(4096, PROT_READ | PROT_WRITE | PROT_EXEC);
    memcpy(page, loop, sizeof loop);
    expect(run(page), 5050);
    expect(run(page), 5050);
    munmap(page, 4096);
}

/* Pages that come back where others were, with other code. */
static void remapped(void) {
    void *hint = 0;
    for (int i = 0; i < 50; i++) {
        unsigned char *page =
            mmap(hint, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | (hint ? MAP_FIXED : 0), -1, 0);
        CHECK(page != MAP_FAILED);
        hint = page;
        put(page, i);
        expect(run(page), i);
        if (i % 2) CHECK(munmap(page, 4096) == 0);
    }
    unsigned char *page = hint;
    page = mmap(page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    put(page, 77);
    expect(run(page), 77);
    unsigned char *moved = mremap(page, 4096, 8192, MREMAP_MAYMOVE);
    CHECK(moved != MAP_FAILED);
    expect(run(moved), 77);
    CHECK(madvise(moved, 4096, MADV_DONTNEED) == 0); /* zeroes, again */
    put(moved, 78);
    expect(run(moved), 78);
}

/* A child's code is its own from the fork on. */
static void forked(void) {
    unsigned char *page = pages(4096, PROT_READ | PROT_WRITE | PROT_EXEC);
    put(page, 1);
    expect(run(page), 1);
    int status;
    pid_t child = fork();
    if (child == 0) {
        put(page, 2);
        _exit(run(page));
    }
    put(page, 3);
    expect(run(page), 3);
    CHECK(waitpid(child, &status, 0) == child);
    expect(WEXITSTATUS(status), 2);
    expect(run(page), 3);
}

/* One thread writes functions, another runs them. */
static unsigned char *shared;
static _Atomic int turn;
static void *runs(void *unused) {
    for (int i = 1; i <= 50; i++) {
        while (turn != 2 * i - 1) sched_yield();
        expect(run(shared), i);
        turn = 2 * i;
    }
    return unused;
}
static void of_another_thread(void) {
    shared = pages(4096, PROT_READ | PROT_WRITE | PROT_EXEC);
    pthread_t thread;
    CHECK(pthread_create(&thread, 0, runs, 0) == 0);
    for (int i = 1; i <= 50; i++) {
        put(shared, i);
        turn = 2 * i - 1;
        while (turn != 2 * i) sched_yield();
    }
    pthread_join(thread, 0);
}

int main(int count, char **args) {
    CHECK(count == 2);
    switch (args[1][0]) {
    case 'm': by_mprotect(); break;       /* 100 */
    case 'w': rewritten(); break;         /* 400 */
    case 's': of_itself(); break;         /* 200 */
    case 'r': remapped(); break;          /* 53 */
    case 'f': forked(); break;            /* 4 */
    case 'a': of_another_thread(); break; /* 50 */
    }
    printf("wrong: %d\n", wrong);
    return 0;
}
