/* test_operators.c over a table that also has the operators of tests/ops, because other tests rely on them. */
#include "test_operators.c"
