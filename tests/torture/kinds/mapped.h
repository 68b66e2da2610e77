/* Code that changes because of what is mapped where. */

KIND(map_remapped, THREADS) {
    uint8_t *place = pages(4, PROT_NONE), *code;
    uint64_t sum = 0;
    for (int i = 0; i < 40; i++) {
        code = mmap(place + PAGE, PAGE, RWX, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        NEED(code == place + PAGE);
        make(code + 32, i);
        EXPECT(CALL(code + 32) == i);
        if (below(r, 2)) NEED(mprotect(code, PAGE, PROT_NONE) == 0);
        sum = mix(sum, i);
    }
    munmap(place, 4 * PAGE);
    return sum;
}

/* Moved, grown, moved back over other code. */
KIND(map_moved, ALONE) {
    uint8_t *from = pages(4, RWX), *to = pages(4, RWX);
    uint64_t sum = 0;
    for (int i = 0; i < 20; i++) {
        make(from + 100, i);
        make(from + PAGE + 100, i + 1000);
        make(to + 100, i + 2000);
        EXPECT(CALL(from + 100) == i && CALL(from + PAGE + 100) == i + 1000 && CALL(to + 100) == i + 2000);
        NEED(mremap(from, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
        EXPECT(CALL(to + 100) == i && CALL(to + PAGE + 100) == i + 1000);
        NEED(mmap(from, 2 * PAGE, RWX, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == from);
        sum = mix(sum, i);
    }
    munmap(from, 4 * PAGE);
    munmap(to, 4 * PAGE);
    return sum;
}

/* The old place stays mapped, and is empty. */
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif
KIND(map_moved_away, THREADS) {
    uint8_t *code = pages(1, RWX);
    make(code, 1);
    EXPECT(CALL(code) == 1);
    uint8_t *moved = mremap(code, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0);
    NEED(moved != MAP_FAILED);
    EXPECT(CALL(moved) == 1 && code[0] == 0);
    make(code, 2);
    EXPECT(CALL(code) == 2 && CALL(moved) == 1);
    make(moved, 3);
    EXPECT(CALL(code) == 2 && CALL(moved) == 3);
    munmap(code, PAGE);
    munmap(moved, PAGE);
    return 3;
}

/* madvise empties anonymous pages, and gives private pages of a file their file's bytes back: with no store
 * and, the second time, where nothing is writable. */
KIND(map_discarded, THREADS) {
    uint8_t *code = pages(1, RWX), bytes[PAGE] = {0};
    for (int i = 0; i < 5; i++) {
        make(code + 8, i);
        EXPECT(CALL(code + 8) == i);
        NEED(madvise(code, PAGE, MADV_DONTNEED) == 0);
        EXPECT(code[8] == 0);
    }
    munmap(code, PAGE);
    int file = file_of(PAGE);
    make(bytes, 77);
    all(1, file, bytes, PAGE);
    code = mmap(0, PAGE, RWX, MAP_PRIVATE, file, 0);
    NEED(code != MAP_FAILED);
    for (int i = 0; i < 5; i++) {
        EXPECT(CALL(code) == 77);
        NEED(mprotect(code, PAGE, RWX) == 0);
        make(code, i);
        EXPECT(CALL(code) == i);
        NEED(mprotect(code, PAGE, RX) == 0);
        EXPECT(CALL(code) == i);
        NEED(madvise(code, PAGE, MADV_DONTNEED) == 0);
        EXPECT(CALL(code) == 77);
    }
    munmap(code, PAGE);
    close(file);
    return 77;
}

/* Executable only: readable too, where the CPU has no protection keys. */
KIND(map_execute_only, THREADS) {
    uint8_t *code = pages(1, RW), found[MADE];
    make(code, 5);
    memcpy(found, code, MADE);
    NEED(mprotect(code, PAGE, PROT_EXEC) == 0);
    EXPECT(CALL(code) == 5);
    int ends[2];
    NEED(pipe(ends) == 0);
    ssize_t written = write(ends[1], code, MADE); /* EFAULT with protection keys */
    uint64_t sum = written;
    if (written == MADE) {
        uint8_t out[MADE];
        all(0, ends[0], out, MADE);
        EXPECT(memcmp(out, found, MADE) == 0 && memcmp(code, found, MADE) == 0);
    }
    close(ends[0]);
    close(ends[1]);
    munmap(code, PAGE);
    return sum;
}

/* The kernel writes to an executable page that is not writable: /proc/self/mem may. */
KIND(map_written_by_proc, THREADS) {
    uint8_t *code = pages(2, RWX), made[MADE];
    int memory = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
    NEED(memory >= 0);
    make(code, 0);
    make(code + PAGE - 5, 0);
    NEED(mprotect(code, 2 * PAGE, RX) == 0);
    uint64_t sum = 0;
    for (int i = 0; i < 10; i++) {
        EXPECT(CALL(code) == i && CALL(code + PAGE - 5) == i);
        make(made, i + 1);
        EXPECT(pwrite(memory, made, MADE, (off_t)code) == MADE);
        EXPECT(pwrite(memory, made, MADE, (off_t)(code + PAGE - 5)) == MADE);
        sum = mix(sum, CALL(code));
    }
    EXPECT(CALL(code) == 10 && CALL(code + PAGE - 5) == 10);
    close(memory);
    munmap(code, 2 * PAGE);
    return sum;
}

/* A region that grows down as it is used, executable, with code in what has grown. */
KIND(map_grows_down, ALONE) {
    uint8_t *place = pages(64, PROT_NONE);
    munmap(place, 64 * PAGE);
    uint8_t *code = mmap(place + 60 * PAGE, 4 * PAGE, RWX, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, -1, 0);
    NEED(code == place + 60 * PAGE);
    uint64_t sum = 0;
    for (int i = 0; i < 30; i++) {
        uint8_t *at = code - i * PAGE + 100;
        make(at, i);
        EXPECT(CALL(at) == i);
        sum = mix(sum, i);
    }
    munmap(place + 20 * PAGE, 44 * PAGE);
    return sum;
}

/* The stack is made executable as the dynamic loader does it, for a library that needs that. */
__attribute__((noinline)) static uint32_t deep(int depth) {
    volatile uint8_t here[3000];
    here[0] = depth;
    make((uint8_t *)here + 64, depth);
    uint32_t got = depth ? deep(depth - 1) : 0;
    return got + CALL((uint8_t *)here + 64);
}
KIND(map_stack_made_executable, ALONE) {
    uint8_t *here = __builtin_frame_address(0);
    uint8_t *page = (uint8_t *)((uintptr_t)here & -PAGE);
    if (mprotect(page, PAGE, RWX | PROT_GROWSDOWN) != 0) return errno; /* a stack that does not grow */
    return deep(40);
}

/* The heap is made executable; it shrinks and grows again. */
KIND(map_heap_code, ALONE) {
    uint64_t sum = 0;
    for (int i = 0; i < 10; i++) {
        uint8_t *before = sbrk(0);
        NEED(sbrk(4 * PAGE) != (void *)-1);
        uint8_t *code = (uint8_t *)(((uintptr_t)before + PAGE - 1) & -PAGE);
        EXPECT(code[40] == 0);
        NEED(mprotect(code, PAGE, RWX) == 0);
        make(code + 40, i);
        EXPECT(CALL(code + 40) == i);
        NEED(sbrk(-4 * PAGE) != (void *)-1);
        sum = mix(sum, i);
    }
    return sum;
}

/* What natively refuses to be executable refuses it counted. */
#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#endif
KIND(map_write_xor_execute, CHILD) {
    uint64_t sum = 0;
    uint8_t *early = pages(1, RWX), *data = pages(1, RW);
    make(early, 9);
    sum = mix(sum, prctl(PR_SET_MDWE, 1, 0, 0, 0) == 0);
    sum = mix(sum, mmap(0, PAGE, RWX, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno : 0);
    sum = mix(sum, mprotect(data, PAGE, RX) ? errno : 0);
    sum = mix(sum, CALL(early));
    return sum;
}

/* A file of a filesystem that allows no execution. */
KIND(map_no_execution, THREADS) {
    static const char *const files[] = {"/proc/self/stat", "/sys/kernel/mm/transparent_hugepage/enabled", "/proc/version"};
    uint64_t sum = 0;
    for (int i = 0; i < 3; i++) {
        int file = open(files[i], O_RDONLY);
        void *code = mmap(0, PAGE, RX, MAP_PRIVATE, file, 0);
        sum = mix(sum, code == MAP_FAILED ? errno : 0);
        if (code != MAP_FAILED) munmap(code, PAGE);
        close(file);
    }
    return sum;
}

/* Attached as executable shared memory of System V. */
KIND(map_shm_exec, THREADS) {
    int id = shmget(IPC_PRIVATE, 2 * PAGE, IPC_CREAT | 0700);
    NEED(id >= 0);
    uint8_t *code = shmat(id, 0, SHM_EXEC);
    NEED(code != (void *)-1);
    shmctl(id, IPC_RMID, 0);
    uint64_t sum = 0;
    for (int i = 0; i < 30; i++) {
        uint8_t *at = code + below(r, 2 * PAGE - MADE);
        make(at, i);
        EXPECT(CALL(at) == i);
        sum = mix(sum, i);
    }
    NEED(shmdt(code) == 0);
    return sum;
}
