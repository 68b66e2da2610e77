/* Every way to start a process or a program. */
#include "test.h"
#include <spawn.h>
#include <linux/sched.h>

extern char **environ;

static void add(long n) {
    double x = 0;
    for (long i = 0; i < n; i++) __asm__ volatile("addsd %1, %0" : "+x"(x) : "x"(1.0));
    CHECK(x == (double)n);
}

static int ended(pid_t child) {
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int child_of_clone(void *n) {
    add((long)n);
    return (int)(long)n;
}

static void *executes(void *self) {
    char *args[] = {"starts", "child", "5", 0};
    add(3);
    execv(self, args);
    _exit(98);
}
static void *waits(void *unused) {
    for (;;) pause();
    return unused;
}

int main(int count, char **args) {
    if (count == 3) { /* the child: as many additions, which it gives as its status */
        add(atol(args[2]));
        return atoi(args[2]);
    }
    char *child[] = {"starts", "child", "7", 0};
    char *self = "/proc/self/exe", *stack = malloc(1 << 18);
    pid_t pid;
    switch (args[1][0]) {
    case 'v': /* 1 + 7 + 2 + 7 */
        pid = vfork();
        if (pid == 0) {
            execv(self, child);
            _exit(97);
        }
        add(1);
        printf("vfork, exec: %d\n", ended(pid));
        fflush(stdout);
        pid = vfork();
        if (pid == 0) {
            add(2);
            _exit(9);
        }
        printf("vfork, exit: %d\n", ended(pid));
        fflush(stdout);
        pid = vfork();
        if (pid == 0) {
            execv("/nonexistent", child);
            execv(self, child);
            _exit(97);
        }
        printf("vfork, failed exec, exec: %d\n", ended(pid));
        break;
    case 's': /* 7 + 7 */
        CHECK(posix_spawn(&pid, self, 0, 0, child, environ) == 0);
        printf("posix_spawn: %d\n", ended(pid));
        CHECK(posix_spawn(&pid, "/nonexistent", 0, 0, child, environ) == ENOENT);
        posix_spawnattr_t attributes;
        sigset_t all;
        sigfillset(&all);
        posix_spawnattr_init(&attributes);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
        posix_spawnattr_setsigdefault(&attributes, &all);
        posix_spawnattr_setsigmask(&attributes, &all);
        CHECK(posix_spawn(&pid, self, 0, &attributes, child, environ) == 0);
        printf("posix_spawn, attributes: %d\n", ended(pid));
        break;
    case 'c': /* 11 + 12 + 13 + 14 */
        pid = clone(child_of_clone, stack + (1 << 18), SIGCHLD, (void *)11L);
        printf("clone: %d\n", ended(pid));
        pid = clone(child_of_clone, stack + (1 << 18), SIGCHLD | CLONE_VM, (void *)12L);
        printf("clone, same memory: %d\n", ended(pid));
        pid = clone(child_of_clone, stack + (1 << 18), SIGCHLD | CLONE_VM | CLONE_VFORK, (void *)13L);
        printf("clone, as vfork: %d\n", ended(pid));
        struct clone_args how = {.exit_signal = SIGCHLD};
        fflush(stdout);
        pid = syscall(SYS_clone3, &how, sizeof how);
        if (pid == 0) {
            add(14);
            _exit(14);
        }
        printf("clone3: %d\n", ended(pid));
        break;
    case 't': { /* 3 + 5 */
        pthread_t thread;
        for (int i = 0; i < 3; i++) CHECK(pthread_create(&thread, 0, waits, 0) == 0);
        CHECK(pthread_create(&thread, 0, executes, self) == 0);
        pause();
        break;
    }
    case 'f': { /* 1 + 2 + ... + 50 */
        for (long i = 1; i <= 50; i++) {
            pid = fork();
            if (pid == 0) {
                add(i);
                _exit((int)i);
            }
            if (i % 2) CHECK(ended(pid) == i);
        }
        int sum = 0, status;
        while (wait(&status) > 0) sum += WEXITSTATUS(status);
        printf("fork: %d\n", sum);
        break;
    }
    case 'e': { /* 3 x 6: a fork of a fork of a fork, the last executes */
        for (int i = 0; i < 3; i++) {
            pid = fork();
            if (pid) return ended(pid);
            add(6);
        }
        char *last[] = {"starts", "child", "0", 0};
        execv(self, last);
        break;
    }
    case 'h': { /* 20: a thread of a child of a process with threads */
        pthread_t thread;
        CHECK(pthread_create(&thread, 0, waits, 0) == 0);
        pid = fork();
        if (pid == 0) {
            void *result;
            CHECK(pthread_create(&thread, 0, (void *(*)(void *))child_of_clone, (void *)20L) == 0);
            CHECK(pthread_join(thread, &result) == 0);
            exit(6);
        }
        printf("fork with threads: %d\n", ended(pid));
        break;
    }
    }
    return 0;
}
