/* report.c: what a case prints, the lines of results.csv, and the bars, which compare a measurement with its target.
 * Cases run in separate processes, so every line is flushed before a process ends or begins. */
#include "bench.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static const char *folder, *subject = "";
static FILE *csv, *bars;

void stop(const char *what, const tacet_error *why)
{
    char text[2048] = "";
    if (why) tacet_error_text(why, text, sizeof text);
    fprintf(stderr, "bench: %s: %s%s%s\n", subject, what, why ? ": " : "", text);
    exit(1);
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double median(const double *x, int n)
{
    double sorted[MOST_ROUNDS];
    if (n < 1 || n > MOST_ROUNDS) stop("too few or too many figures", NULL);
    memcpy(sorted, x, (size_t)n * sizeof *x);
    qsort(sorted, (size_t)n, sizeof *sorted, ascending);
    return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

long peak_memory(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

void add_figures(row *r, const double *us, const double *peer_us, int n)
{
    double ratio[MOST_ROUNDS];
    for (int i = 0; i < n; i++) ratio[i] = us[i] / peer_us[i];
    r->us = median(us, n), r->peer_us = median(peer_us, n), r->ratio = median(ratio, n);
    r->least = r->most = ratio[0];
    for (int i = 1; i < n; i++) r->least = fmin(r->least, ratio[i]), r->most = fmax(r->most, ratio[i]);
}

/* ---- Files ---- */

FILE *report_file(const char *name)
{
    char path[512];
    if (!folder) return NULL;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    if (!f) fprintf(stderr, "bench: %s: %s\n", path, strerror(errno)), exit(1);
    return f;
}

void report_open(const char *to)
{
    folder = to;
    csv = report_file("results.csv");
    bars = tmpfile();
    if (!csv) return;
    fprintf(csv, "case,threads,peer,tacet_us,peer_us,ratio,tacet_rss_kb,peer_rss_kb\n");
    fflush(csv);
}

void report_case(const char *name) { subject = name; }

void report_close(void)
{
    char line[256];
    if (bars) {
        rewind(bars);
        for (bool first = true; fgets(line, sizeof line, bars); first = false)
            printf("%s%s", first ? "\nTargets:\n" : "", line);
        fclose(bars);
    }
    if (csv && fclose(csv)) stop("results.csv", NULL);
}

/* ---- Lines ---- */

void print_header(int threads)
{
    printf("\n%-14s %11s %11s %8s %8s %8s %11s %8s %8s  compared with\n", threads == 1 ? "One thread" : "Two threads",
           "Tacet us", "peer us", "ratio", "least", "most", "GFLOP/s", "Tacet MB", "peer MB");
}

static void figure(int width, int digits, double x)
{
    if (isnan(x))
        printf(" %*s", width, "-");
    else
        printf(" %*.*f", width, digits, x);
}

void print_row(const row *r)
{
    char rate[32] = "";
    printf("%-14s", r->name);
    figure(11, 1, r->us), figure(11, 1, r->peer_us);
    figure(8, 4, r->ratio), figure(8, 4, r->least), figure(8, 4, r->most);
    if (r->flops > 0) snprintf(rate, sizeof rate, "%.0f of %.0f", r->flops / r->us * 1e-3, sgemm_peak() * 1e-9);
    printf(" %11s", rate);
    figure(8, 1, (double)r->rss / 1024), figure(8, 1, r->peer_rss ? (double)r->peer_rss / 1024 : NAN);
    printf("  %s\n", r->peer);
    fflush(stdout);
    write_row(r);
}

static void number(int digits, double x)
{
    if (isnan(x))
        fputc(',', csv);
    else
        fprintf(csv, "%.*f,", digits, x);
}

void write_row(const row *r)
{
    if (!csv) return;
    fprintf(csv, "%s,%d,%s,", r->name, r->threads, r->peer);
    number(2, r->us), number(2, r->peer_us), number(5, r->ratio);
    fprintf(csv, "%ld,", r->rss);
    if (r->peer_rss) fprintf(csv, "%ld", r->peer_rss);
    fprintf(csv, "\n");
    fflush(csv);
}

void print_bar(const char *what, double is, double bar, bool at_most)
{
    char line[256];
    if (isnan(is)) return;
    const bool met = at_most ? is <= bar : is >= bar;
    snprintf(line, sizeof line, "%s %.4g, at %s %.4g: %s\n", what, is, at_most ? "most" : "least", bar,
             met ? "met" : "not met");
    printf("    %s", line);
    if (bars) fprintf(bars, "    %-14s %s", subject, line), fflush(bars);
}
