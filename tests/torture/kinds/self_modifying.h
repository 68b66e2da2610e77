/* Code that the program itself changes, by ordinary stores. */

/* Functions anywhere in writable and executable pages, also across them, each rewritten again and again. */
KIND(smc_rewritten, THREADS, HANDLER) {
    uint8_t *code = pages(3, RWX);
    uint64_t sum = 0;
    for (int i = 0; i < 120; i++) {
        uint8_t *at = code + below(r, 3 * PAGE - MADE);
        uint32_t value = next(r);
        make(at, value);
        EXPECT(CALL(at) == value);
        sum = mix(sum, value);
    }
    munmap(code, 3 * PAGE);
    return sum;
}

/* Writable and executable in turn. */
KIND(smc_toggled, THREADS, HANDLER) {
    uint8_t *code = pages(2, RW);
    uint64_t sum = 0;
    for (int i = 0; i < 30; i++) {
        uint8_t *at = code + below(r, 2 * PAGE - MADE);
        NEED(mprotect(code, 2 * PAGE, RW) == 0);
        make(at, i);
        NEED(mprotect(code, 2 * PAGE, i % 3 ? RX : RWX) == 0);
        EXPECT(CALL(at) == i);
        EXPECT(CALL(at) == i);
        sum = mix(sum, i);
    }
    munmap(code, 2 * PAGE);
    return sum;
}

/* A loop that stores the immediate of an instruction a few bytes ahead, in its own block. */
KIND(smc_own_block, THREADS, HANDLER) {
    static const uint8_t loop[] = {
        0x31, 0xc0,             /*  0: xor %eax, %eax */
        0xb9, 60, 0, 0, 0,      /*  2: mov $60, %ecx */
        0x89, 0x0d, 5, 0, 0, 0, /*  7: mov %ecx, 5(%rip): the immediate at 18 */
        0xf2, 0x0f, 0x58, 0xc0, /* 13: addsd %xmm0, %xmm0 */
        0x05, 0, 0, 0, 0,       /* 17: add $0, %eax */
        0xff, 0xc9,             /* 22: dec %ecx */
        0x75, 0xed,             /* 24: jne 7 */
        0xc3,
    };
    uint8_t *code = pages(2, RWX), *at = code + below(r, PAGE + 100);
    memcpy(at, loop, sizeof loop);
    EXPECT(CALL(at) == 1830);
    EXPECT(CALL(at) == 1830);
    munmap(code, 2 * PAGE);
    return 1830;
}

/* The target of a call is patched, as lazy binders and inline caches do. */
KIND(smc_patched_call, THREADS, HANDLER) {
    uint8_t *code = pages(2, RWX), *caller = code + 64, *callees = code + PAGE - 200;
    uint64_t sum = 0;
    for (int i = 0; i < 16; i++) make(callees + i * 16, i * 3);
    for (int i = 0; i < 60; i++) {
        int which = below(r, 16);
        int32_t far = (int32_t)(callees + which * 16 - (caller + 5));
        uint64_t bytes = 0xc3000000000000 >> 8 | (uint64_t)(uint32_t)far << 8 | 0xe8;
        *(volatile uint64_t *)caller = (bytes & 0xffffffffff) | 0xc3ull << 40; /* call; ret */
        EXPECT(CALL(caller) == which * 3);
        sum = mix(sum, which);
    }
    munmap(code, 2 * PAGE);
    return sum;
}

/* Every kind of store. */
KIND(smc_stores, THREADS, HANDLER) {
    uint8_t *code = pages(2, RWX), from[64] __attribute__((aligned(16)));
    uint64_t sum = 0;
    for (int i = 0; i < 90; i++) {
        uint8_t *at = code + (below(r, 2) ? below(r, 100) * 16 : PAGE - 16 * below(r, 2)) ;
        uint8_t *unaligned = at + (i % 9 < 5 ? below(r, 7) : 0);
        memset(from, 0x90, sizeof from);
        make(from, i);
        switch (i % 9) {
        case 0: __asm__ volatile("rep movsb" : "+D"((uint8_t *){unaligned}), "+S"((uint8_t *){from}), "+c"((long){MADE})::"memory"); break;
        case 1: __asm__ volatile("movups (%0), %%xmm1; movups %%xmm1, (%1)" ::"r"(from), "r"(unaligned) : "xmm1", "memory"); break;
        case 2: { uint64_t a, b; memcpy(&a, from, 8); memcpy(&b, from + 8, 8);
                  __asm__ volatile("xchg %0, (%1); lock xchg %2, 8(%1)" : "+r"(a) : "r"(unaligned), "r"(b) : "memory"); break; }
        case 3: for (int k = 0; k < MADE; k++) ((volatile uint8_t *)unaligned)[k] = from[k]; break;
        case 4: { uint64_t a, b; memcpy(&a, from, 8); memcpy(&b, from + 8, 8);
                  __asm__ volatile("movnti %0, (%2); movnti %1, 8(%2); sfence" ::"r"(a), "r"(b), "r"(unaligned) : "memory"); break; }
        case 5: __asm__ volatile("movdqa (%0), %%xmm1; movntdq %%xmm1, (%1); sfence" ::"r"(from), "r"(at) : "xmm1", "memory"); break;
        case 6: { uint64_t a, b; memcpy(&a, from, 8); memcpy(&b, from + 8, 8);
                  uint64_t old = *(uint64_t *)at; *(uint64_t *)(at + 8) = b;
                  EXPECT(__sync_bool_compare_and_swap((uint64_t *)at, old, a)); break; }
        case 7: { uint8_t *end = at + 16; uint64_t a, b; memcpy(&a, from, 8); memcpy(&b, from + 8, 8);
                  __asm__ volatile("mov %%rsp, %%r8; mov %0, %%rsp; push %1; push %2; mov %%r8, %%rsp" ::"r"(end), "r"(b), "r"(a) : "r8", "memory"); break; }
        default: __asm__ volatile("movdqa (%0), %%xmm1; pcmpeqb %%xmm2, %%xmm2; maskmovdqu %%xmm2, %%xmm1" ::"r"(from), "D"(at) : "xmm1", "xmm2", "memory");
        }
        EXPECT(CALL(unaligned) == i);
        sum = mix(sum, i);
    }
    munmap(code, 2 * PAGE);
    return sum;
}

/* Data in the page of the code that changes it, a great many times. */
KIND(smc_data_beside, THREADS, SLOW) {
    static const uint8_t loop[] = {
        0x48, 0xff, 0x05, 0xf9, 0x00, 0x00, 0x00, /*  0: incq 0xf9(%rip): at 256 */
        0xf2, 0x0f, 0x58, 0xc0,                   /*  7: addsd %xmm0, %xmm0 */
        0xff, 0xcf,                               /* 11: dec %edi */
        0x75, 0xf1,                               /* 13: jne 0 */
        0x8b, 0x05, 0xeb, 0x00, 0x00, 0x00,       /* 15: mov 0xeb(%rip), %eax: at 256 */
        0xc3,
    };
    uint8_t *code = pages(1, RWX);
    memcpy(code, loop, sizeof loop);
    uint32_t got = 0;
    for (int i = 0; i < 5; i++) got = ((uint32_t(*)(int, double))code)(400, 1.0);
    EXPECT(got == 2000);
    munmap(code, PAGE);
    return got;
}

/* The stack is in the page of the code that calls and returns. */
KIND(smc_stack_in_page, THREADS) {
    static const uint8_t calls[] = {
        0x53,                         /*  0: push %rbx */
        0x31, 0xdb,                   /*  1: xor %ebx, %ebx */
        0xe8, 0x05, 0, 0, 0,          /*  3: call 13 */
        0x89, 0xd8,                   /*  8: mov %ebx, %eax */
        0x5b, 0xc3,                   /* 10: pop %rbx; ret */
        0x90,                         /* 12 */
        0x83, 0xc3, 0x03,             /* 13: add $3, %ebx */
        0xf2, 0x0f, 0x58, 0xc0,       /* 16: addsd %xmm0, %xmm0 */
        0xff, 0xcf,                   /* 20: dec %edi */
        0x74, 0x05,                   /* 22: je 29 */
        0xe8, 0xf0, 0xff, 0xff, 0xff, /* 24: call 13 */
        0xc3,                         /* 29 */
    };
    uint8_t *code = pages(1, RWX);
    uint64_t got;
    memcpy(code + 64, calls, sizeof calls);
    for (int i = 0; i < 20; i++) {
        __asm__ volatile("mov %%rsp, %%r12; mov %1, %%rsp; call *%2; mov %%r12, %%rsp"
                         : "=a"(got) : "r"(code + PAGE - 16), "r"(code + 64), "D"(100)
                         : "r12", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "xmm0", "memory");
        EXPECT((uint32_t)got == 300);
    }
    munmap(code, PAGE);
    return got & 0xffffffff;
}

/* A nested function of GNU C: a trampoline on an executable stack. */
__attribute__((noinline)) static int applied(int (*f)(int), int n) { return f(n); }
KIND(smc_trampoline, THREADS) {
    int sum = 0;
    double x = 1;
    for (int i = 0; i < 40; i++) {
        int base = below(r, 100);
        int add(int n) {
            x = flops(x, 3);
            return base + n;
        }
        int got = applied(add, i);
        EXPECT(got == base + i);
        sum += got;
    }
    return mix(sum, bits(x));
}
