// class fadd x87 80 plain 100 100 100 0
// class fmul x87 80 plain 100 100 100 0
// class fsqrt x87 80 plain 100 100 100 0
// class fsub x87 80 plain 100 100 100 0
// class fdiv x87 80 plain 100 100 100 0
// class fiadd x87 80 plain 100 100 100 0
// class fsin x87 80 plain 100 100 100 0
// class fcos x87 80 plain 100 100 100 0
// class fsincos x87 80 plain 100 100 200 0
// class fpatan x87 80 plain 100 100 100 0
// class fprem x87 80 plain 100 100 100 0
// class f2xm1 x87 80 plain 100 100 100 0
// class fchs x87 80 plain 100 100 0 0
// class fabs x87 80 plain 100 100 0 0
// class frndint x87 80 plain 100 100 0 0
// total x87 1300 pmu 0
#include "known.h"
KERNEL {
    ONCE("fninit");
    /* The stack: 1 number, 2 from fsincos to fpatan, 2 from the second fld1 on, and none at the end. */
    REPEAT("fld1\n\tfadd %%st, %%st\n\tfmul %%st(0), %%st\n\tfsqrt\n\tfsubs ones(%%rip)\n\tfdivs ones(%%rip)\n\t"
           "fiaddl ones(%%rip)\n\tfchs\n\tfabs\n\tfsin\n\tfcos\n\tfsincos\n\tfpatan\n\tfrndint\n\t"
           "fld1\n\tfxch\n\tfprem\n\tf2xm1\n\tfstp %%st\n\tfstp %%st");
    leave(0);
}
