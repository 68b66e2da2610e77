# Programs without a C library, each a few instructions that are counted by hand: one is chosen with
# -DPART_... The numbers to the right count the instructions executed; tests/step.rs has the sums.

.macro call_kernel number
        mov     $\number, %eax
        syscall
.endm
.macro leave                                    # 3
        xor     %edi, %edi
        call_kernel 231
.endm
.macro catch signal                             # 6
        mov     $\signal, %edi
        lea     action(%rip), %rsi
        xor     %edx, %edx
        mov     $8, %r10d
        call_kernel 13
.endm
.macro begin_region name                        # 3
        lea     \name(%rip), %rdi
        mov     $1, %esi
        .byte   0x0f, 0x1f, 0x84, 0x00
        .ascii  "FLGB"
.endm
.macro end_region                               # 1
        .byte   0x0f, 0x1f, 0x84, 0x00
        .ascii  "FLGE"
.endm

        .text
        .globl  _start
_start:

#if defined(PART_REPEAT)
        lea     room(%rip), %rsi                # 1
        lea     64(%rsi), %rdi                  # 2
        mov     $50, %ecx                       # 3
        rep movsb                               # 4: once, whatever its iterations
        rep stosb                               # 5: rcx is 0
        mov     $50, %ecx                       # 6
1:      loop    1b                              # 56: a jump to itself, 50 times
        leave                                   # 59

#elif defined(PART_RESTART)
        catch   11                              # 6
        mov     $0x10000000, %ebx               # 7
        addsd   (%rbx), %xmm0                   # 8: faults, and is executed again
        addsd   (%rbx), %xmm0                   # 9
        leave                                   # 12
handler:                                        # maps the page that is missing
        mov     $0x10000000, %edi               # 13
        mov     $4096, %esi                     # 14
        mov     $3, %edx                        # 15
        mov     $0x32, %r10d                    # 16
        mov     $-1, %r8                        # 17
        xor     %r9d, %r9d                      # 18
        call_kernel 9                           # 20
        ret                                     # 21, and 2 of the restorer

#elif defined(PART_KILLED)
        addsd   %xmm0, %xmm0                    # 1
        nop                                     # 2
        ud2                                     # does not retire

#elif defined(PART_BREAKPOINT)
        catch   5                               # 6
        int3                                    # 7: retires, and then traps
        leave                                   # 10
handler:
        ret                                     # 11, and 2 of the restorer

#elif defined(PART_REGIONS)
        divsd   %xmm1, %xmm0                    # outside
        mov     $3, %ebx
1:      begin_region outer
        addsd   %xmm1, %xmm0
        begin_region inner
        mulsd   %xmm1, %xmm0
        mulsd   %xmm1, %xmm0
        end_region
        end_region
        dec     %ebx
        jnz     1b
        leave                                   # 2 + 3 x 13 + 3 = 44

#elif defined(PART_UNBALANCED)
        end_region                              # 1
        leave                                   # 4

#elif defined(PART_LEFT_OPEN)
        begin_region outer                      # 3
        leave                                   # 6

#elif defined(PART_FORK)                        // the child works for the region of its parent
        begin_region outer                      # 3
        call_kernel 57                          # 5 fork
        test    %eax, %eax                      # 6
        jz      1f                              # 7
        mov     %eax, %edi                      # 8 parent
        xor     %esi, %esi                      # 9
        xor     %edx, %edx                      # 10
        xor     %r10d, %r10d                    # 11
        call_kernel 61                          # 13 wait4
        end_region                              # 14
        leave                                   # 17
1:      addsd   %xmm1, %xmm0                    # 1 child, after its test and jump: 2
        leave                                   # 4

#elif defined(PART_MASKS)
        mov     $0x5a5a, %eax                   # 1
        kmovw   %eax, %k1                       # 2
        vaddps  %zmm0, %zmm0, %zmm0{%k1}        # 3: 8 lanes
        vfmadd231pd %zmm0, %zmm0, %zmm0{%k1}{z} # 4: 4 lanes, 8 FLOPs
        vmulps  %zmm0, %zmm0, %zmm0             # 5: 16 lanes
        leave                                   # 8

#elif defined(PART_TILES)
        mov     $0x1023, %edi                   # 1
        mov     $18, %esi                       # 2
        call_kernel 158                         # 4 arch_prctl(ARCH_REQ_XCOMP_PERM, XTILEDATA)
        ldtilecfg tiles(%rip)                   # 5
        tdpbf16ps %tmm2, %tmm1, %tmm0           # 6: 4 x 3 x 10 products
        tilerelease                             # 7
        leave                                   # 10
#endif

restorer:
        call_kernel 15                          # 2

        .data
outer:  .ascii  "a"
inner:  .ascii  "b"
        .balign 8
#if !defined(PART_RESTART) && !defined(PART_BREAKPOINT)
handler:
#endif
action: .quad   handler, 0x04000000, restorer, 0
        .balign 64
tiles:  .byte   1, 0
        .zero   14
        .word   12, 20, 12                      # bytes a row of tmm0, tmm1, tmm2
        .zero   26
        .byte   4, 4, 5                         # their rows
        .zero   13
        .bss
room:   .zero   128
