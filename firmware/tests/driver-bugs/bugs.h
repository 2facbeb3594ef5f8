/**
 * @file bugs.h
 * One mistake for each rule of the driver checker, and the same program without it.
 */
#ifndef BUGS_H
#define BUGS_H

#include "jobs.h"
#include "reta.h"

#include <stdbool.h>

/** A rule's id, perhaps with a variant (RULE:VARIANT), and the function that breaks it unless `clean`. */
struct bug {
    const char *rule;
    void (*run)(bool clean);
};

/** Ends of the tables: rule is NULL. */
extern const struct bug protocol_bugs[], event_bugs[], race_bugs[], memory_bugs[], sleep_bugs[];

/** The driver, polling. */
extern struct reta reta;

/** A value that the compiler knows nothing about. */
static inline void *unknown(void *pointer)
{
    __asm__ volatile("" : "+r"(pointer)::"memory");
    return pointer;
}

#endif
