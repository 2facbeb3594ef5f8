/*
 * Tensors and expected results of the test vectors: the vector files as they are, in interleaved L2 behind the arena.
 */
        .section .l2_data.vectors, "aw", @progbits
        .macro  group name
        .balign 4
        .globl  vectors_\name
vectors_\name:
        .incbin "\name\().bin"
        .endm

        group   linear
        group   retention
        group   norm
        group   map
        group   list
        group   errors
