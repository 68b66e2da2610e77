/* Coroutines by swapcontext, and a call into the kernel's vsyscall page. */
#include "test.h"

static ucontext_t here, there;
static int rounds;
static void coroutine(void) {
    for (;;) {
        rounds++;
        swapcontext(&there, &here);
    }
}

int main(void) {
    getcontext(&there);
    there.uc_stack.ss_sp = malloc(1 << 16);
    there.uc_stack.ss_size = 1 << 16;
    makecontext(&there, coroutine, 0);
    for (int i = 0; i < 1000; i++) swapcontext(&here, &there);
    printf("%d\n", rounds);
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[512];
    while (fgets(line, sizeof line, maps))
        if (strstr(line, "[vsyscall]")) {
            long told = ((long (*)(long *))0xffffffffff600400)(0), now = time(0);
            printf("%d\n", now - told >= 0 && now - told < 2);
        }
    unsigned char *low = mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    put_return(low, 9);
    printf("%d\n", call(low));
    return 0;
}
