/* Processes that come and go in every way. */

KIND(proc_tree, THREADS) {
    uint64_t sum = 0;
    for (int i = 0; i < 3; i++) {
        int ends[2];
        NEED(pipe(ends) == 0);
        pid_t child = fork();
        if (child == 0) {
            pid_t grandchild = fork();
            if (grandchild == 0) {
                double x = flops(i, 50);
                all(1, ends[1], &x, sizeof x);
                _exit(7);
            }
            _exit(WEXITSTATUS(wait_status(grandchild)) + i);
        }
        double x;
        all(0, ends[0], &x, sizeof x);
        sum = mix(mix(sum, bits(x)), wait_status(child));
        close(ends[0]), close(ends[1]);
    }
    return sum;
}

/* `program` is what main was started as: it says so if its first argument is "answer". */
static const char *program;
KIND(proc_exec, THREADS) {
    uint64_t sum = 0;
    for (int i = 0; i < 4; i++) {
        char number[20];
        snprintf(number, sizeof number, "%d", i + 30);
        char *args[] = {(char *)program, "answer", number, 0};
        pid_t child;
        if (i == 0) NEED(posix_spawn(&child, program, 0, 0, args, environ) == 0);
        else if ((child = i == 1 ? vfork() : fork()) == 0) {
            if (i == 2) {
                int file = open(program, O_RDONLY);
                syscall(SYS_execveat, file, "", args, environ, AT_EMPTY_PATH);
            }
            execve(i == 3 ? "/proc/self/exe" : program, args, environ);
            _exit(99);
        }
        int status = wait_status(child);
        EXPECT(WEXITSTATUS(status) == i + 30);
        sum = mix(sum, status);
    }
    return sum;
}

/* A program in memory alone. */
KIND(proc_exec_memory, THREADS) {
    int file = memfd_create("program", 0), from = open(program, O_RDONLY);
    struct stat what;
    NEED(file >= 0 && from >= 0 && fstat(from, &what) == 0);
    for (off_t done = 0; done < what.st_size;) NEED(sendfile(file, from, &done, what.st_size - done) > 0);
    close(from);
    pid_t child = fork();
    if (child == 0) {
        char *args[] = {"x", "answer", "61", 0};
        fexecve(file, args, environ);
        _exit(99);
    }
    int status = wait_status(child);
    EXPECT(WEXITSTATUS(status) == 61);
    close(file);
    return status;
}

/* exec by another thread than the first. */
static void *executes(void *unused) {
    char *args[] = {(char *)program, "answer", "62", 0};
    execve(program, args, environ);
    return 0;
}
KIND(proc_exec_by_thread, THREADS) {
    pid_t child = fork();
    if (child == 0) {
        pthread_t one, other;
        pthread_create(&one, 0, (void *(*)(void *))pause, 0);
        pthread_create(&other, 0, executes, 0);
        for (;;) pause();
    }
    int status = wait_status(child);
    EXPECT(WEXITSTATUS(status) == 62);
    return status;
}

/* A process of its own that shares memory. */
static int shares(void *memory) {
    volatile double *x = memory;
    x[0] = flops(x[0], 40);
    make((uint8_t *)memory + 512, 55);
    return CALL((uint8_t *)memory + 512);
}
KIND(proc_shared_memory, THREADS) {
    uint8_t *stack = pages(16, RW), *memory = pages(1, RWX);
    uint64_t sum = 0;
    for (int i = 0; i < 5; i++) {
        make(memory + 512, i);
        EXPECT(CALL(memory + 512) == i);
        *(double *)memory = i;
        pid_t child = clone(shares, stack + 16 * PAGE, CLONE_VM | (i % 2 ? CLONE_VFORK : 0) | SIGCHLD, memory);
        NEED(child > 0);
        int status = wait_status(child);
        EXPECT(WEXITSTATUS(status) == 55 && CALL(memory + 512) == 55);
        sum = mix(mix(sum, status), bits(*(double *)memory));
    }
    munmap(stack, 16 * PAGE), munmap(memory, PAGE);
    return sum;
}

/* A vfork child changes its parent's code. */
KIND(proc_vfork_code, THREADS) {
    uint8_t *code = pages(1, RWX);
    for (int i = 0; i < 10; i++) {
        make(code, i);
        EXPECT(CALL(code) == i);
        pid_t child = vfork();
        if (child == 0) {
            make(code, i + 100);
            _exit(CALL(code) == i + 100 ? 0 : 1);
        }
        EXPECT(wait_status(child) == 0);
        EXPECT(CALL(code) == i + 100);
    }
    munmap(code, PAGE);
    return 10;
}

/* A fork child's code is its own. */
KIND(proc_fork_code, THREADS) {
    uint8_t *code = pages(2, RWX);
    uint64_t sum = 0;
    madvise(code + PAGE, PAGE, MADV_WIPEONFORK);
    for (int i = 0; i < 8; i++) {
        make(code, i), make(code + PAGE, i);
        EXPECT(CALL(code) == i && CALL(code + PAGE) == i);
        pid_t child = fork();
        if (child == 0) {
            if (CALL(code) != i || code[PAGE] != 0) _exit(1);
            make(code, i + 1), make(code + PAGE, i + 2);
            _exit(CALL(code) + CALL(code + PAGE) + 10);
        }
        make(code, i + 50);
        EXPECT(CALL(code) == i + 50);
        int status = wait_status(child);
        EXPECT(WEXITSTATUS(status) == 2 * i + 13 && CALL(code) == i + 50);
        sum = mix(sum, status);
    }
    munmap(code, 2 * PAGE);
    return sum;
}

/* From a handler, and from a thread while others run. */
static int forked_status;
static void forks(int signal, siginfo_t *info, void *context) {
    pid_t child = fork();
    if (child == 0) _exit(bits(flops(1, 30)) % 100);
    forked_status = wait_status(child);
}
KIND(proc_fork_in_handler, ALONE) {
    struct sigaction a = on_signal(SIGUSR1, forks, 0);
    uint64_t sum = 0;
    for (int i = 0; i < 5; i++) {
        raise(SIGUSR1);
        sum = mix(sum, forked_status);
    }
    put_back(SIGUSR1, a);
    return sum;
}

KIND(proc_shell, ALONE, SLOW) {
    char line[100];
    uint64_t sum = 0;
    FILE *shell = popen("i=0; while [ $i -lt 5 ]; do (echo $i; exit 3); i=$((i+$?-2)); done; exec /bin/echo end", "r");
    NEED(shell);
    while (fgets(line, sizeof line, shell)) sum = mix_bytes(sum, line, strlen(line));
    sum = mix(sum, pclose(shell));
    return mix(sum, system("kill -TERM $$"));
}

/* A daemon that outlives its parent, and is waited for by the pipe that it holds. */
KIND(proc_orphan, THREADS) {
    int ends[2];
    NEED(pipe(ends) == 0);
    pid_t child = fork();
    if (child == 0) {
        if (fork() == 0) {
            setsid();
            double x = flops(3, 70);
            all(1, ends[1], &x, sizeof x);
            _exit(0);
        }
        _exit(0);
    }
    double x;
    EXPECT(wait_status(child) == 0);
    close(ends[1]);
    all(0, ends[0], &x, sizeof x);
    char end;
    while (read(ends[0], &end, 1) < 0) NEED(errno == EINTR);
    close(ends[0]);
    return bits(x);
}
