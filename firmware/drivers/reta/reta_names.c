/**
 * @file reta_names.c
 * Error codes of the hardware and results of the driver, in words.
 */
#include "reta.h"

#include "reta_regs.h"

const char *reta_error_name(unsigned code)
{
    switch (code) {
    case RETA_ERR_CODE_ERR_NONE: return "no error";
    case RETA_ERR_CODE_ERR_OP: return "unknown opcode";
    case RETA_ERR_CODE_ERR_FIELD: return "reserved bit or encoding";
    case RETA_ERR_CODE_ERR_SIZE: return "illegal dimension";
    case RETA_ERR_CODE_ERR_ALIGN: return "misaligned pointer or stride";
    case RETA_ERR_CODE_ERR_STRIDE: return "output rows overlap";
    case RETA_ERR_CODE_ERR_ADDR: return "outside the reachable memory";
    default: return "unknown error";
    }
}

const char *reta_status_name(enum reta_status status)
{
    switch (status) {
    case RETA_OK: return "ok";
    case RETA_NO_DEVICE: return "no RETA in the accelerator slot";
    case RETA_BAD_VERSION: return "RETA of an unknown version";
    case RETA_UNSUPPORTED: return "RETA lacks a capability";
    case RETA_LOCKED: return "a job context is locked by somebody else";
    case RETA_JOB_FAILED: return "a job failed";
    case RETA_NOT_SUSPENDED: return "the list had ended by itself";
    case RETA_TIMED_OUT: return "a job does not end";
    default: return "unknown status";
    }
}
