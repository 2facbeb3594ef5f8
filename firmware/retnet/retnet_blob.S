/*
 * The weights, as trained and quantised (models/, RETNET_BLOB is the file's name), in interleaved L2.
 */
        .section .model, "aw", @progbits
        .balign 16
        .globl  retnet_blob
        .type   retnet_blob, @object
retnet_blob:
        .incbin RETNET_BLOB
        .size   retnet_blob, . - retnet_blob
