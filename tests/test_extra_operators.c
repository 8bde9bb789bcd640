/* The same tests over a table that has the operators of tests/ops too: other tests are built on them. */
#include "test_operators.c"
