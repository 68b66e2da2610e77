// The child counts in its parent's memory before it becomes this program again.
// class addps fp32 128 plain 100 400 400 400
// class mulss fp32 32 plain 100 100 100 100
// class subsd fp64 64 plain 100 100 100 100
// total fp32 500 fp64 100 pmu 600
// processes 2
// threads 2
#include "known.h"
KERNEL {
    static const char *again[] = {"vfork", "again", 0};
    FILL_PS;
    if (arguments[0] == 2) {
        REPEAT("mulss %%xmm1, %%xmm0");
        leave(0);
    }
    long child = CALL(SYS_VFORK, 0, 0, 0);
    if (!child) {
        REPEAT("addps %%xmm1, %%xmm0");
        CALL(SYS_EXECVE, "/proc/self/exe", again, 0);
        leave(1);
    }
    REPEAT("subsd %%xmm1, %%xmm0");
    CALL(SYS_WAIT4, child, 0, 0);
    leave(0);
}
