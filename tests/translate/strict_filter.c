/* A program that confines itself to the few calls that it makes: everything else kills it. */
#include "test.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>

#define ALLOW(call) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

/* Not executed before the filter is there: its translation needs the tracer's own calls. */
__attribute__((noinline)) static long later(long n) {
    double x = 0;
    for (long i = 0; i < n; i++) __asm__ volatile("addsd %1, %0" : "+x"(x) : "x"(1.0));
    static char text[16];
    long value = (long)x, at = sizeof text;
    text[--at] = '\n';
    for (; value; value /= 10) text[--at] = (char)('0' + value % 10);
    return write(1, text + at, sizeof text - at);
}

int main(void) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        ALLOW(SYS_write),
        ALLOW(SYS_exit_group),
        ALLOW(SYS_rt_sigreturn),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
    struct sock_fprog filter = {sizeof code / sizeof code[0], code};
    CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0);
    later(1000);
    _exit(3);
}
