/* test_golden.c for the networks that need the operators of tests/ops. */
#define EXTRA "/extra"
#include "test_golden.c"
