/* stop_signals.h: the signals that ask a run or a sweep to write its checkpoints and stop. */
#ifndef CLI_STOP_SIGNALS_H
#define CLI_STOP_SIGNALS_H

#include <stdbool.h>

typedef struct cli_stop_signal {
    int number;
    bool twice; /* given by people, who may lose patience: a second one ends the program at once */
} cli_stop_signal;

enum { CLI_STOP_SIGNALS = 6 };
extern const cli_stop_signal cli_stop_signal_table[CLI_STOP_SIGNALS];

/* Whether to leave the signal alone: nohup makes a program ignore SIGHUP, so that it outlives its terminal. */
bool cli_stop_signal_ignored(int number);

#endif
