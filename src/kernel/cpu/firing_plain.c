/* firing_plain.c: firing lists on any machine. */
#define LANES 4
#define FIRING_SET tc_firing_plain
#define FIRING_NAME "plain"
#include "kernel/cpu/firing_body.h"
