/* One memory object mapped twice: writable here, executable there. */

static uint64_t write_here_run_there(struct random *r, uint8_t *writable, uint8_t *code, int length) {
    uint64_t sum = 0;
    for (int i = 0; i < 60; i++) {
        int at = below(r, 3) ? below(r, 4) * 64 : below(r, length - MADE);
        uint32_t value = next(r);
        make(writable + at, value);
        EXPECT(CALL(code + at) == value);
        sum = mix(sum, value);
    }
    return sum;
}

static uint64_t mapped_twice(struct random *r, int file, int how) {
    enum { LENGTH = 4 * PAGE };
    uint8_t *writable = mmap(0, LENGTH, RW, MAP_SHARED, file, 0);
    uint8_t *code = mmap(0, LENGTH, how, how & PROT_WRITE ? MAP_SHARED : below(r, 2) ? MAP_SHARED : MAP_PRIVATE, file, 0);
    NEED(writable != MAP_FAILED && code != MAP_FAILED);
    uint64_t sum = write_here_run_there(r, writable, code, LENGTH);
    munmap(writable, LENGTH);
    EXPECT(CALL(code + 0) >= 0);
    writable = mmap(0, LENGTH, RW, MAP_SHARED, file, 0);
    sum = mix(sum, write_here_run_there(r, writable, code, LENGTH));
    munmap(writable, LENGTH);
    munmap(code, LENGTH);
    close(file);
    return sum;
}

KIND(dual_memfd, THREADS) {
    int file = memfd_create("code", 0);
    NEED(file >= 0 && ftruncate(file, 4 * PAGE) == 0);
    return mapped_twice(r, file, RX);
}
KIND(dual_memfd_writable, THREADS) {
    int file = memfd_create("code", 0);
    NEED(file >= 0 && ftruncate(file, 4 * PAGE) == 0);
    return mapped_twice(r, file, RWX);
}
KIND(dual_file, THREADS) { return mapped_twice(r, file_of(4 * PAGE), RX); }

KIND(dual_posix_shm, THREADS) {
    char name[64];
    snprintf(name, sizeof name, "/torture-%d-%ld", getpid(), syscall(SYS_gettid));
    int file = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
    if (file < 0) return 0;
    shm_unlink(name);
    NEED(ftruncate(file, 4 * PAGE) == 0);
    uint8_t *probe = mmap(0, PAGE, RX, MAP_SHARED, file, 0);
    if (probe == MAP_FAILED) { /* mounted noexec */
        close(file);
        return 1;
    }
    munmap(probe, PAGE);
    return mapped_twice(r, file, RX);
}

KIND(dual_system_v, THREADS) {
    int id = shmget(IPC_PRIVATE, 4 * PAGE, IPC_CREAT | 0700);
    NEED(id >= 0);
    uint8_t *writable = shmat(id, 0, 0), *code = shmat(id, 0, SHM_EXEC | SHM_RDONLY);
    NEED(writable != (void *)-1 && code != (void *)-1);
    shmctl(id, IPC_RMID, 0);
    uint64_t sum = write_here_run_there(r, writable, code, 4 * PAGE);
    shmdt(writable);
    shmdt(code);
    return sum;
}

/* mremap of nothing: a second mapping of the same shared pages. */
KIND(dual_by_mremap, THREADS) {
    uint8_t *code = mmap(0, 4 * PAGE, RWX, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    NEED(code != MAP_FAILED);
    uint8_t *alias = mremap(code, 0, 4 * PAGE, MREMAP_MAYMOVE);
    NEED(alias != MAP_FAILED);
    uint64_t sum = write_here_run_there(r, alias, code, 4 * PAGE);
    sum = mix(sum, write_here_run_there(r, code, alias, 4 * PAGE));
    NEED(mprotect(code, 4 * PAGE, RX) == 0 && mprotect(alias, 4 * PAGE, RW) == 0);
    sum = mix(sum, write_here_run_there(r, alias, code, 4 * PAGE));
    munmap(code, 4 * PAGE);
    munmap(alias, 4 * PAGE);
    return sum;
}

/* Written to the file, executed where it is mapped. */
KIND(dual_file_written, THREADS) {
    int file = file_of(2 * PAGE), from = file_of(PAGE);
    uint8_t *shared = mmap(0, 2 * PAGE, RX, MAP_SHARED, file, 0), *private = mmap(0, 2 * PAGE, RX, MAP_PRIVATE, file, 0);
    NEED(shared != MAP_FAILED && private != MAP_FAILED);
    uint64_t sum = 0;
    for (int i = 0; i < 40; i++) {
        uint8_t made[MADE];
        off_t at = below(r, 2 * PAGE - MADE), zero = 0;
        make(made, i);
        switch (i % 3) {
        case 0: NEED(pwrite(file, made, MADE, at) == MADE); break;
        case 1: NEED(pwrite(from, made, MADE, 0) == MADE && lseek(file, at, SEEK_SET) == at && sendfile(file, from, &zero, MADE) == MADE); break;
        default: NEED(pwrite(from, made, MADE, 0) == MADE);
            if (copy_file_range(from, &zero, file, &at, MADE, 0) == MADE) at -= MADE;
            else NEED(pwrite(file, made, MADE, at) == MADE);
        }
        EXPECT(CALL(shared + at) == i && CALL(private + at) == i);
        sum = mix(sum, i);
    }
    munmap(shared, 2 * PAGE);
    munmap(private, 2 * PAGE);
    close(file);
    close(from);
    return sum;
}

/* A parent writes what its child executes, and the other way round. */
struct pingpong {
    _Atomic uint32_t turn;
    uint8_t answers[60];
};
static void pong(struct pingpong *state, uint32_t value) {
    state->turn = value;
    syscall(SYS_futex, &state->turn, FUTEX_WAKE, INT_MAX, 0, 0, 0);
}
static void ping(struct pingpong *state, uint32_t value) {
    for (uint32_t now; (now = state->turn) != value;) syscall(SYS_futex, &state->turn, FUTEX_WAIT, now, 0, 0, 0);
}
KIND(dual_across_processes, ALONE) {
    uint8_t *code = mmap(0, PAGE, RWX, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct pingpong *state = mmap(0, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    NEED(code != MAP_FAILED && (void *)state != MAP_FAILED);
    pid_t child = fork();
    NEED(child >= 0);
    if (child == 0) {
        for (int i = 0; i < 20; i++) {
            ping(state, 2 * i + 1);
            state->answers[i] = CALL(code + 64);
            make(code + 128, i + 100);
            pong(state, 2 * i + 2);
        }
        _exit(0);
    }
    uint64_t sum = 0;
    for (int i = 0; i < 20; i++) {
        make(code + 64, i);
        pong(state, 2 * i + 1);
        ping(state, 2 * i + 2);
        EXPECT(state->answers[i] == i && CALL(code + 128) == i + 100);
        sum = mix(sum, i);
    }
    EXPECT(wait_status(child) == 0);
    munmap(code, PAGE);
    munmap(state, PAGE);
    return sum;
}

/* A file that is cut and grows again under its mapping; a hole in a memory file. */
KIND(dual_hole, THREADS) {
    int file = memfd_create("code", 0);
    NEED(file >= 0 && ftruncate(file, 2 * PAGE) == 0);
    uint8_t *writable = mmap(0, 2 * PAGE, RW, MAP_SHARED, file, 0), *code = mmap(0, 2 * PAGE, RX, MAP_SHARED, file, 0);
    NEED(writable != MAP_FAILED && code != MAP_FAILED);
    for (int i = 0; i < 10; i++) {
        make(writable + PAGE + 32, i);
        EXPECT(CALL(code + PAGE + 32) == i);
        if (i % 2) NEED(ftruncate(file, PAGE) == 0 && ftruncate(file, 2 * PAGE) == 0);
        else NEED(fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, PAGE, PAGE) == 0);
        EXPECT(writable[PAGE + 32] == 0);
    }
    munmap(writable, 2 * PAGE);
    munmap(code, 2 * PAGE);
    close(file);
    return 10;
}
