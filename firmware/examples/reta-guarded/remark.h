/**
 * @file remark.h
 * What guarded programs tell about what has been put right: a line that `pulpemu campaign` does not compare.
 */
#ifndef REMARK_H
#define REMARK_H

#include "reta_guard.h"

/** Prints the account if something had to be put right, and the result if it is none. */
void guard_remark(const struct reta_guard *guard, enum reta_status status);

#endif
