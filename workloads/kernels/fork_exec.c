// The first process, a child, its child, and a second child that becomes this program again.
// class addss fp32 32 plain 100 100 100 100
// class subss fp32 32 plain 100 100 100 100
// class divss fp32 32 plain 100 100 100 100
// class mulsd fp64 64 plain 100 100 100 100
// total fp32 300 fp64 100 pmu 400
// processes 4
// threads 4
#include "known.h"
KERNEL {
    FILL_PS;
    if (arguments[0] == 2) {
        REPEAT("divss %%xmm1, %%xmm0");
        leave(0);
    }
    REPEAT("addss %%xmm1, %%xmm0");
    long child = CALL(SYS_FORK, 0, 0, 0);
    if (!child) {
        long grandchild = CALL(SYS_FORK, 0, 0, 0);
        if (!grandchild) {
            REPEAT("subss %%xmm1, %%xmm0");
            leave(0);
        }
        REPEAT("mulsd %%xmm1, %%xmm0");
        CALL(SYS_WAIT4, grandchild, 0, 0);
        leave(0);
    }
    CALL(SYS_WAIT4, child, 0, 0);
    child = CALL(SYS_FORK, 0, 0, 0);
    if (!child) {
        const char *again[] = {"fork_exec", "again", 0};
        CALL(SYS_EXECVE, "/proc/self/exe", again, 0);
        leave(1);
    }
    CALL(SYS_WAIT4, child, 0, 0);
    leave(0);
}
