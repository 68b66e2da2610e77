"""Random blocks of assembly that fault with flags and registers live: a handler notes all that it sees of
them and goes on behind the block, where the flags are noted again."""

import random
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
# rsp is the stack's; r15 points to memory, r14 to none, r13 is 0.
FREE = ["rax", "rcx", "rdx", "rbx", "rsi", "rdi", "rbp", "r8", "r9", "r10", "r11", "r12"]
LOW = {
    "rax": "eax", "rcx": "ecx", "rdx": "edx", "rbx": "ebx", "rsi": "esi", "rdi": "edi", "rbp": "ebp",
    **{f"r{n}": f"r{n}d" for n in range(8, 16)},
}
ALU = [
    "add %{a}, %{b}", "sub %{a}, %{b}", "adc %{a}, %{b}", "sbb %{a}, %{b}", "xor %{a}, %{b}", "and %{a}, %{b}",
    "or %{a}, %{b}", "cmp %{a}, %{b}", "test %{a}, %{b}", "inc %{a}", "dec %{a}", "neg %{a}", "not %{a}",
    "shl ${n}, %{a}", "sar ${n}, %{a}", "rol ${n}, %{a}", "rcr $1, %{a}", "imul %{a}, %{b}", "bt ${n}, %{a}",
    "lea 5(%{a},%{b},2), %{a}", "mov %{a}, %{b}", "cmovc %{a}, %{b}", "cmovle %{a}, %{b}", "setp %al",
    "lahf", "sahf", "cmc", "stc", "clc", "shld ${n}, %{a}, %{b}", "bsf %{a}, %{b}", "xadd %{a}, %{b}",
    "add %{a}, 8(%r15)", "mov 16(%r15), %{a}", "adc $7, %{l}", "popcnt %{a}, %{b}", "bswap %{a}",
    "movq %{a}, %xmm3", "addsd %xmm3, %xmm4", "paddd %xmm3, %xmm5", "cmpxchg %{a}, %{b}",
]
# What faults, and what it needs before.
FAULTS = [
    ("", "mov (%r14), %{a}"), ("", "add %{a}, (%r14)"), ("", "movups (%r14), %xmm1"), ("", "cmp %{a}, (%r14)"),
    ("", "adc (%r14), %{a}"), ("", "ud2"), ("", "int3"), ("", "hlt"), ("", "movaps 1(%r15), %xmm1"),
    ("", "div %r13"), ("", "idivl %r13d"), ("mov $1, %edx; mov $1, %ebx", "div %ebx"), ("", "cli"),
    ("", "lock incq (%r14)"), ("", "cmovz (%r14), %{a}"), ("", "push (%r14)"), ("", "bt %{a}, (%r14)"),
    ("mov $3, %ecx; mov %r14, %rdi; cld", "rep stosb"), ("mov %r15, %rsi; mov %r14, %rdi; cld", "movsq"),
    ("mov %r14, %rsi; mov %r15, %rdi; cld; mov $9, %ecx", "repe cmpsb"),
    # x87, pending: what raises it comes later.
    ("fld1; fldz; {x87}; fdivrp", "fwait"), ("fld1; fldz; {x87}; fdivrp", "fld1"), ("fldz; fldz; {x87}; fdivp", "fadd %st(0), %st"),
    ("fld1; fldz; {x87}; fdivrp", "movq %mm0, %mm1"), ("fld1; fldz; {x87}; fdivrp", "emms"), ("fld1; fchs; {x87}; fsqrt", "fstpl (%r15)"),
    ("fld1; fldz; {x87}; fdivrp", "fildl (%r15)"), ("fld1; fldz; {x87}; fdivrp", "fcomi %st(1), %st"),
    ("fld1; fldz; {x87}; fdivrp", "fcmovb %st(1), %st"), ("fld1; fldz; {x87}; fdivrp", "paddd %mm2, %mm3"),
    ("{x87}; fstp %st(0)", "fnop"), ("fldpi; fldz; {x87}; fdivrp", "fldcw 1016(%r15)"), ("fld1; fldz; {x87}; fdivrp", "cvtpi2ps %mm1, %xmm2"),
    # SSE and AVX, unmasked: at once.
    ("{sse}", "divsd %xmm0, %xmm7"), ("{sse}", "divps %xmm0, %xmm7"), ("{sse}", "sqrtsd %xmm6, %xmm1"),
    ("{sse}", "ucomisd %xmm8, %xmm8"), ("{sse}", "comiss %xmm9, %xmm9"), ("{sse}", "cvttsd2si %xmm10, %ecx"),
    ("{sse}", "mulsd %xmm10, %xmm10"), ("{sse}", "vdivpd %ymm0, %ymm7, %ymm1"), ("{sse}", "vsqrtps %ymm6, %ymm1"),
    ("{sse}", "vaddps %ymm9, %ymm9, %ymm1"), ("{sse}", "roundsd $0, %xmm8, %xmm1"), ("{sse}", "dpps $255, %xmm9, %xmm9"),
    ("{sse}", "maxsd %xmm8, %xmm8"), ("{sse}", "cmpltsd %xmm8, %xmm1"), ("{sse}", "cvtsd2ss %xmm10, %xmm1"), ("{sse}", "haddpd %xmm8, %xmm8"),
]
X87 = "fldcw 1000(%r15)"
SSE = "ldmxcsr 1004(%r15)"


def block(chance, number):
    def some(count):
        for _ in range(count):
            a, b = chance.sample(FREE, 2)
            yield chance.choice(ALU).format(a=a, b=b, l=LOW[a], n=chance.randrange(1, 31))

    prepare, fault = chance.choice(FAULTS)
    a = chance.choice(FREE)
    lines = [f".globl block_{number}", f"block_{number}:"]
    lines += [f"push %{r}" for r in ["rbx", "rbp", "r12", "r13", "r14", "r15"]]
    lines += [f"lea behind_{number}(%rip), %rax", "mov %rax, go_on_at(%rip)"]
    lines += ["lea memory(%rip), %r15", "xor %r13d, %r13d", f"mov ${chance.choice([0x10, 0x8000000000000000, 0x7ffffffff000])}, %r14"]
    lines += ["fninit", "ldmxcsr 1008(%r15)", "movups 64(%r15), %xmm3", "movups 80(%r15), %xmm4", "pxor %xmm0, %xmm0"]
    lines += [f"movups {96 + 16 * i}(%r15), %xmm{r}" for i, r in enumerate([6, 7, 8, 9, 10])]
    for register in FREE:
        value = chance.choice([chance.randrange(16), chance.getrandbits(64), 2**64 - 1 - chance.randrange(9)])
        lines.append(f"mov ${value}, %{register}")
    prepared = [p.strip() for p in prepare.format(x87=X87, sse=SSE).split(";") if p.strip()]
    before, after = list(some(chance.randrange(4))), list(some(chance.randrange(5)))
    flags = chance.getrandbits(12) & 0x8D5 | 0x202
    shape = chance.randrange(4)
    loop = chance.randrange(2, 6)
    # The fault comes the first time, or in a later turn of a loop whose counter is in memory.
    if shape == 0:
        lines.append(f"movl ${loop}, 1020(%r15)")
        lines += [f"turn_{number}:", *before, f"decl 1020(%r15)", f"jnz turn_{number}"]
        before = list(some(2))
    lines += prepared if shape % 2 else []
    lines += [f"pushq ${flags}", "popfq", *before]
    lines += [] if shape % 2 else prepared
    if shape == 3:
        lines += [f"jc over_{number}", "nop", f"over_{number}:"]
    lines += [f"fault_{number}: " + fault.format(a=a)]
    lines += after
    if chance.random() < 0.5:
        lines += ["pushfq", "pop 1032(%r15)"]
    lines += [f"behind_{number}:", "pushfq", "pop left_flags(%rip)", "cld", "fninit", "ldmxcsr memory+1008(%rip)"]
    lines += [f"mov %{r}, left+{8 * i}(%rip)" for i, r in enumerate(FREE)]
    lines += [f"pop %{r}" for r in ["r15", "r14", "r13", "r12", "rbp", "rbx"]]
    return [*lines, "ret", ""]


def source(seed, count):
    chance = random.Random(seed)
    assembly = [".text"]
    for number in range(count):
        assembly += block(chance, number)
    assembly += [".data", ".globl blocks", "blocks:"] + [f".quad block_{n}" for n in range(count)]
    assembly += [".globl count", f"count: .long {count}", ".section .note.GNU-stack,\"\",@progbits", ""]
    return "\n".join(assembly)


def build(seed, count, folder):
    """Static and at a fixed place, so that addresses are the same on every run."""
    text, path = folder / "blocks.S", folder / "program"
    text.write_text(source(seed, count))
    command = ["gcc", "-O1", "-w", "-static", "-no-pie", "-I", str(HERE), str(text), str(HERE / "blocks.c"), "-o", str(path)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return path
