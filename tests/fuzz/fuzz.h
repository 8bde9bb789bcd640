/* fuzz.h: what the fuzz targets share. A target is one file, fuzz_NAME.c, which `make fuzz` finds and runs: it tries one
 * input in LLVMFuzzerTestOneInput, and writes the inputs to begin with in fuzz_seeds.
 *
 * To try one input again: build/fuzz/bin/fuzz_NAME FILE */
#ifndef FUZZ_H
#define FUZZ_H

#include "base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t n);

/* ---- The inputs to begin with ---- */

void fuzz_seeds(void); /* of the target; calls these two */
void fuzz_seed(const void *bytes, size_t n);
void fuzz_seed_text(const char *text);

/* The contents of a file of the source tree, ending in a NUL, after `before`, which may be ""; the caller frees it. */
char *fuzz_source(const char *path, const char *before, size_t *n);

/* ---- Findings ---- */

/* Prints why this input is a finding, and ends the target. */
__attribute__((format(printf, 1, 2))) _Noreturn void fuzz_fail(const char *format, ...);

/* A library call failed: it must have said why. Prints it, for those who try one input. */
void fuzz_refused(const char *what, const tacet_error *e);

/* A memory hook that refuses more than `most` bytes altogether; fuzz_memory_end fails if anything has not been freed. */
tacet_memory *fuzz_memory_begin(size_t most);
void fuzz_memory_end(void);

/* ---- Files ---- */

/* The path of a file in the target's own folder; it stays valid for the next few calls. */
const char *fuzz_path(const char *name);
void fuzz_put(const char *name, const void *bytes, size_t n);
size_t fuzz_get(const char *name, void *bytes, size_t most); /* 0: it cannot be read */
void fuzz_remove(const char *name);

/* ---- Input ---- */

/* An input made of parts: a line "%% NAME" begins the part NAME, and the newline before such a line belongs to no part.
 * Returns the part of that name as a text, or NULL; the caller frees it. */
char *fuzz_part(const unsigned char *bytes, size_t n, const char *name, size_t *length);

/* Splits off the first line of a text, in place; NULL after the last. */
char *fuzz_line(char **text);

/* Writes a value as it was read. */
void fuzz_json(tc_json_writer *to, const tc_json *v);

/* ---- Data ---- */

/* Opens a source of data in which @ stands for the target's folder; if the library accepts it, everything that can be
 * done with data must work. schema: opens it so instead (NULL: learns it from the data). */
void fuzz_data(const char *source, const char *schema);

#endif
