/* stop_signals.c: the table of signals. A closed terminal may send SIGHUP twice, from the system and from the shell, and
 * batch systems repeat theirs: these must not end a run while it writes its checkpoint. */
#include "stop_signals.h"

#include <signal.h>
#include <stddef.h>

const cli_stop_signal cli_stop_signal_table[CLI_STOP_SIGNALS] = {
    {SIGINT, true},   /* Ctrl-C */
    {SIGTERM, true},  /* kill, systemd, Slurm and Kubernetes before they kill */
    {SIGHUP, false},  /* the terminal has been closed */
    {SIGUSR1, false}, /* Slurm: sbatch --signal=USR1@120 */
    {SIGUSR2, false}, /* Grid Engine and LSF, before the limit of a job */
    {SIGXCPU, false}, /* ulimit -t */
};

bool cli_stop_signal_ignored(int number)
{
    struct sigaction now;
    return number == SIGHUP && sigaction(number, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}
