/* program.h: a compiled formula: instructions on registers. */
#ifndef TC_PROGRAM_H
#define TC_PROGRAM_H

#include "formula/expression.h"

enum { TC_MAX_REGISTERS = 192, TC_FIRST_REGISTER = TC_FORMULA_INPUTS };

/* A function, or three operations at once. `one` and `three` of a function are not used. */
typedef struct tc_instruction {
    bool tree;
    uint8_t function, one, three; /* of a tree: its middle operation, and those of its sides */
    uint8_t to, from[TC_LEAVES];  /* registers */
    uint8_t magnitudes;           /* bit k: operand k of a tree, 0 or 2, without its sign */
} tc_instruction;

/* Registers: the inputs, then constants, of which those from `scaled` on are times the factor, then others. */
typedef struct tc_program {
    int first, count; /* instructions */
    int constant, constants, scaled;
    int registers;
} tc_program;

struct tc_formula {
    tc_program program[TC_FORMULA_PROGRAMS];
    int registers; /* the most of any program */
    const double *constant;
    const tc_instruction *code;
    const char *text[TC_FORMULA_PROGRAMS];
};

#endif
