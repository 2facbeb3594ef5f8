/**
 * @file request.h
 * What is to be generated, and what came out: two structures in memory that a loader or a debugger may write and read.
 */
#ifndef REQUEST_H
#define REQUEST_H

#include "retnet.h"

enum {
    RETNET_MAX_PROMPT = 2048,
    RETNET_MAX_GENERATE = 2048,
    RETNET_REQUEST_MAGIC = 0x51544E52, /* "RNTQ" */
    RETNET_RESULT_MAGIC = 0x52544E52,  /* "RNTR" */
};

/** The request. Its default is the model's first example. */
struct retnet_request {
    uint32_t magic;
    uint32_t prompt_length; /**< 1..RETNET_MAX_PROMPT */
    uint32_t generate;      /**< 0..RETNET_MAX_GENERATE */
    uint32_t chunk;         /**< rows of a prefill pass: 1, 16 (any up to RETNET_MAX_ROWS) */
    uint32_t tokens[RETNET_MAX_PROMPT];
};

/** The result. `magic` is written last. */
struct retnet_result {
    uint32_t magic;
    uint32_t status; /**< 0, or the program's exit code */
    uint32_t count;
    uint32_t tokens[RETNET_MAX_GENERATE];
};

/** Exit codes of the generating programs. */
enum generate_status {
    GENERATE_OK = 0,
    GENERATE_BAD_REQUEST = 2,
    GENERATE_NO_ACCELERATOR = 3,
    GENERATE_TOO_SMALL = 4,
    GENERATE_JOB_FAILED = 5,
    GENERATE_NO_WEIGHTS = 6, /**< retnet-flash: the flash holds no, other or damaged weights */
};

/* Volatile: written from outside before the program starts, read from outside at its end. */
extern volatile struct retnet_request retnet_request;
extern volatile struct retnet_result retnet_result;

/** Checks the request; says what is wrong with it. */
enum generate_status request_check(void);

#endif
