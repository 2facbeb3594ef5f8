/**
 * @file classify.h
 * Between the main program and the drivers: classify_list.c uses the plain one, classify_guarded.c the guard.
 */
#ifndef CLASSIFY_H
#define CLASSIFY_H

#include "digits.h"
#include "reta.h"
#include "retnet_pass.h"

enum { BASE_TOKENS = 1, BASE_CLASS = 2 };

/** A pass, and the CTRL that moves on to the next image. */
enum { CLASSIFY_DESCS = RETNET_PASS_DESCS + 1 };

/** Builds the list that classifies `count` images, from where BASE_TOKENS points to where BASE_CLASS does. */
void classify_build(struct reta_desc list[CLASSIFY_DESCS], uint32_t count, unsigned chunk);

/** Opens the accelerator. */
enum reta_status classify_open(void);

/** Classifies the images of the request with retention in chunks of `chunk`. */
enum reta_status classify(unsigned chunk, volatile uint8_t *result);

/** Prints what the last form has cost, as part of its line; nothing under guard. */
void classify_cost(void);

/** Prints what had to be put right, under guard. */
void classify_remark(void);

/** Says why the driver failed. */
const char *classify_error(enum reta_status status);

#endif
