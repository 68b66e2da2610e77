/* Prints what a program can see of its signals, flags, CPUs and children. Under a counter it must
   print the same as natively. The argument chooses the part. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

extern char **environ;
static char *self;

static void show_mask(const char *when) {
    sigset_t mask;
    sigprocmask(SIG_BLOCK, 0, &mask);
    printf("%s:", when);
    for (int s = 1; s < 32; s++)
        if (sigismember(&mask, s)) printf(" %d", s);
    printf("\n");
}

static void show_trap_action(const char *when) {
    struct sigaction a;
    sigaction(SIGTRAP, 0, &a);
    printf("%s: SIGTRAP %s\n", when, a.sa_handler == SIG_DFL ? "default" : a.sa_handler == SIG_IGN ? "ignored" : "caught");
}

static volatile int hits;
static void hit(int s) { (void)s; hits++; }

static void masks(void) {
    sigset_t all, trap, old, none;
    sigfillset(&all); sigemptyset(&trap); sigemptyset(&none); sigaddset(&trap, SIGTRAP);
    show_mask("at first");
    sigprocmask(SIG_BLOCK, &all, &old); show_mask("all blocked");
    sigprocmask(SIG_UNBLOCK, &trap, 0); show_mask("SIGTRAP unblocked");
    sigprocmask(SIG_BLOCK, &trap, 0); show_mask("blocked again");
    sigprocmask(SIG_SETMASK, &old, &all); printf("former had SIGTRAP: %d\n", sigismember(&all, SIGTRAP));
    show_mask("restored");
    signal(SIGTRAP, SIG_IGN); show_trap_action("ignored"); raise(SIGTRAP); show_trap_action("still");
    signal(SIGTRAP, hit); show_trap_action("caught"); raise(SIGTRAP); printf("hits %d\n", hits);
    sigprocmask(SIG_BLOCK, &trap, 0); raise(SIGTRAP); printf("pending, hits %d\n", hits);
    show_trap_action("while blocked");
    sigprocmask(SIG_SETMASK, &none, 0); printf("delivered, hits %d\n", hits);
    __asm__ volatile("int3"); printf("int3, hits %d\n", hits);
    signal(SIGTRAP, SIG_DFL); show_trap_action("at last");
}

static void in_handler(int s, siginfo_t *i, void *c) {
    ucontext_t *u = c;
    (void)i;
    printf("signal %d, trap flag in frame %lld, SIGTRAP in frame %d\n", s, (u->uc_mcontext.gregs[REG_EFL] >> 8) & 1,
           sigismember(&u->uc_sigmask, SIGTRAP));
    show_mask("in handler");
}

static void frames(void) {
    sigset_t trap;
    sigemptyset(&trap); sigaddset(&trap, SIGTRAP);
    struct sigaction a = {.sa_sigaction = in_handler, .sa_flags = SA_SIGINFO};
    sigaction(SIGUSR1, &a, 0);
    sigfillset(&a.sa_mask);
    sigaction(SIGUSR2, &a, 0);
    raise(SIGUSR1); show_mask("after"); raise(SIGUSR2); show_mask("after");
    sigprocmask(SIG_BLOCK, &trap, 0);
    raise(SIGUSR1); show_mask("after"); raise(SIGUSR2); show_mask("after");
    sigset_t wait; sigfillset(&wait); sigdelset(&wait, SIGUSR1); sigdelset(&wait, SIGTERM);
    sigset_t block; sigemptyset(&block); sigaddset(&block, SIGUSR1); sigprocmask(SIG_BLOCK, &block, 0);
    raise(SIGUSR1); sigsuspend(&wait); show_mask("after sigsuspend");
}

static volatile long saved;
static void save(int s, siginfo_t *i, void *c) {
    (void)s; (void)i;
    saved = ((ucontext_t *)c)->uc_mcontext.gregs[REG_EFL];
}

static void flags(void) {
    struct sigaction a = {.sa_sigaction = save, .sa_flags = SA_SIGINFO};
    sigaction(SIGUSR1, &a, 0);
    unsigned long pushed, popped, r11;
    __asm__ volatile("pushfq\n\tpopq %0" : "=r"(pushed));
    __asm__ volatile("syscall" : "=a"(r11) : "0"(SYS_getppid) : "rcx", "r11", "memory");
    __asm__ volatile("movl %1, %%eax\n\tsyscall\n\tmovq %%r11, %0" : "=r"(r11) : "i"(SYS_getppid) : "rax", "rcx", "r11", "memory");
    printf("trap flag pushed %lu, in r11 %lu\n", pushed >> 8 & 1, r11 >> 8 & 1);
    __asm__ volatile("pushfq\n\tpopfq\n\tnop\n\tpushfq\n\tpopq %0" : "=r"(popped) :: "cc");
    kill(getpid(), SIGUSR1);
    printf("after popf %lu, in the frame %lu\n", popped >> 8 & 1, (unsigned long)saved >> 8 & 1);
}

static volatile int own_traps;
static void own_trap(int s, siginfo_t *i, void *c) {
    (void)s; (void)i;
    ucontext_t *u = c;
    if (++own_traps == 5) u->uc_mcontext.gregs[REG_EFL] &= ~0x100L;
}

static void self_step(void) {
    struct sigaction a = {.sa_sigaction = own_trap, .sa_flags = SA_SIGINFO};
    sigaction(SIGTRAP, &a, 0);
    __asm__ volatile("pushfq\n\torl $0x100, (%%rsp)\n\tpopfq\n\tnop\n\tnop\n\tnop\n\tnop\n\tnop\n\tnop\n\tnop" ::: "memory", "cc");
    printf("own traps %d\n", own_traps);
}

static sigjmp_buf back;
static void jump(int s) { (void)s; siglongjmp(back, 1); }

static void faults(void) {
    signal(SIGSEGV, jump);
    for (volatile int i = 0; i < 3; i++)
        if (!sigsetjmp(back, 1)) *(volatile int *)8 = 1;
    signal(SIGILL, jump);
    if (!sigsetjmp(back, 1)) __asm__ volatile("ud2");
    show_mask("after faults");
}

static void spawns(void) {
    signal(SIGTRAP, hit); /* a handler, which exec resets */
    char *again[] = {self, "masks", 0};
    pid_t pid; int status;
    fflush(stdout);
    posix_spawn(&pid, self, 0, 0, again, environ);
    waitpid(pid, &status, 0);
    printf("spawned: %d\n", status); show_trap_action("parent"); show_mask("parent");
    fflush(stdout);
    if (!(pid = vfork())) { execv(self, again); _exit(9); }
    waitpid(pid, &status, 0);
    printf("vforked: %d\n", status);
    fflush(stdout);
    if (!(pid = vfork())) { execl("/nonexistent", "x", (char *)0); _exit(9); }
    waitpid(pid, &status, 0);
    printf("vfork, no exec: %d\n", WEXITSTATUS(status));
    fflush(stdout);
    printf("system: %d\n", system("exit 3"));
    FILE *f = popen("echo from a pipe", "r"); char line[80] = "";
    if (f && fgets(line, sizeof line, f)) printf("%s", line);
    printf("pclose %d\n", f ? pclose(f) : -1);
}

static void *execs(void *a) { (void)a; char *again[] = {self, "flags", 0}; execv(self, again); return 0; }
static void *sleeps(void *a) { (void)a; for (;;) pause(); return 0; }
static void *counts(void *a) { for (int i = 0; i < 200; i++) __atomic_add_fetch((int *)a, 1, __ATOMIC_SEQ_CST); return 0; }

static void threads(void) {
    pthread_t t[4]; int n = 0;
    for (int i = 0; i < 4; i++) pthread_create(&t[i], 0, counts, &n);
    for (int i = 0; i < 4; i++) pthread_join(t[i], 0);
    printf("counted %d\n", n); fflush(stdout);
    pthread_create(&t[0], 0, sleeps, 0); pthread_create(&t[1], 0, sleeps, 0);
    pthread_create(&t[2], 0, execs, 0);
    pause();
}

static void leaves(void) { /* threads are killed by exit */
    pthread_t t; pthread_create(&t, 0, sleeps, 0); printf("leaving\n"); fflush(stdout); exit(5);
}

static void stops(void) {
    int status; pid_t pid; fflush(stdout);
    if (!(pid = fork())) { raise(SIGSTOP); usleep(100000); raise(SIGSTOP); _exit(4); }
    waitpid(pid, &status, WUNTRACED); printf("stopped %d by %d\n", WIFSTOPPED(status), WSTOPSIG(status));
    kill(pid, SIGCONT);
    waitpid(pid, &status, WCONTINUED); printf("continued %d\n", WIFCONTINUED(status));
    waitpid(pid, &status, WUNTRACED); printf("stopped %d by %d\n", WIFSTOPPED(status), WSTOPSIG(status));
    kill(pid, SIGCONT);
    waitpid(pid, &status, 0); printf("exited %d\n", WEXITSTATUS(status)); fflush(stdout);
    if (!(pid = fork())) { raise(SIGSTOP); _exit(4); }
    waitpid(pid, &status, WUNTRACED); kill(pid, SIGKILL);
    waitpid(pid, &status, 0); printf("killed by %d\n", WTERMSIG(status));
}

static void interrupts(void) {
    struct sigaction a = {.sa_handler = hit};
    sigaction(SIGALRM, &a, 0);
    struct itimerval t = {.it_value = {0, 500000}};
    setitimer(ITIMER_REAL, &t, 0);
    int rc = usleep(10000000); printf("sleep: %d, %s, hits %d\n", rc, strerror(errno), hits);
    a.sa_flags = SA_RESTART; sigaction(SIGALRM, &a, 0);
    int p[2]; char c = 0; if (pipe(p)) return;
    pid_t pid = fork();
    if (!pid) { usleep(1500000); if (write(p[1], "x", 1)) {} usleep(1000000); _exit(0); }
    setitimer(ITIMER_REAL, &t, 0);
    long n = read(p[0], &c, 1); printf("read: %ld %c, hits %d\n", n, c, hits);
    struct timespec two = {2, 0}; /* SIGCHLD, which nobody wants, comes meanwhile */
    printf("nanosleep: %d\n", nanosleep(&two, 0));
    waitpid(pid, 0, 0);
}

static void cpus(void) {
    cpu_set_t set; sched_getaffinity(0, sizeof set, &set); printf("cpus %d\n", CPU_COUNT(&set));
    cpu_set_t one; CPU_ZERO(&one);
    for (int c = 0; c < CPU_SETSIZE; c++) if (CPU_ISSET(c, &set)) { CPU_SET(c, &one); break; }
    printf("set %d\n", sched_setaffinity(0, sizeof one, &one));
    sched_getaffinity(0, sizeof set, &set); printf("cpus %d\n", CPU_COUNT(&set));
    printf("set %d\n", sched_setaffinity(getppid() ? 0 : 0, sizeof one, &one));
}

static void altstack(void) {
    static char stack[65536];
    stack_t s = {.ss_sp = stack, .ss_size = sizeof stack};
    sigaltstack(&s, 0);
    struct sigaction a = {.sa_handler = jump, .sa_flags = SA_ONSTACK};
    sigaction(SIGSEGV, &a, 0);
    if (!sigsetjmp(back, 1)) { char *sp; __asm__ volatile("mov %%rsp, %0" : "=r"(sp)); __asm__ volatile("mov $64, %%rsp\n\tpush %%rax" ::: "memory"); }
    else printf("survived a bad stack\n");
}

int main(int argc, char **argv) {
    const char *part = argc > 1 ? argv[1] : "";
    self = argv[0];
    if (!strcmp(part, "masks")) masks();
    else if (!strcmp(part, "frames")) frames();
    else if (!strcmp(part, "flags")) flags();
    else if (!strcmp(part, "self-step")) self_step();
    else if (!strcmp(part, "faults")) faults();
    else if (!strcmp(part, "spawns")) spawns();
    else if (!strcmp(part, "threads")) threads();
    else if (!strcmp(part, "leaves")) leaves();
    else if (!strcmp(part, "stops")) stops();
    else if (!strcmp(part, "interrupts")) interrupts();
    else if (!strcmp(part, "cpus")) cpus();
    else if (!strcmp(part, "altstack")) altstack();
    else return 2;
    return 0;
}
