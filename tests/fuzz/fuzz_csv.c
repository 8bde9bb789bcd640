/* fuzz_csv.c: CSV files with any options, and read as any schema says. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t n)
{
    char source[500];
    size_t length, ignored;
    char *table = fuzz_part(bytes, n, "table", &length), *options = fuzz_part(bytes, n, "options", &ignored),
         *schema = fuzz_part(bytes, n, "schema", &ignored);
    if (table) {
        fuzz_put("t.csv", table, length);
        snprintf(source, sizeof source, "csv @/t.csv %s", options ? fuzz_line(&(char *){options}) : "");
        fuzz_data(source, schema);
    }
    free(table);
    free(options);
    free(schema);
    return 0;
}

/* The first lines of a file, with the options and the schema that go with it. */
static void seed(const char *path, const char *options, const char *schema)
{
    enum { LINES = 12 };
    char before[2000];
    size_t n;
    snprintf(before, sizeof before, "%%%% options\n%s\n%s%s%s%%%% table\n", options, schema ? "%% schema\n" : "",
             schema ? schema : "", schema ? "\n" : "");
    char *text = fuzz_source(path, before, &n), *end = text + strlen(before);
    for (int i = 0; i < LINES && (end = strchr(end, '\n')); i++) end++;
    fuzz_seed(text, end ? (size_t)(end - text) : n);
    free(text);
}

void fuzz_seeds(void)
{
    const char *penguins = "examples/penguins/penguins.csv", *inputs = "examples/inputs/inputs.csv";
    seed(penguins, "label=species missing=mean normalize=feature", NULL);
    seed(penguins, "label=10 onehot=2,year missing=median unknown=ignore id=1", NULL);
    seed(
        penguins, "x=1-4,9 target=6 drop=male,8 header=auto",
        "{\"format\": 2, \"inputs\": [\"year\", \"male\"], \"label\": \"species\", \"classes\": [\"Adelie\", \"Gentoo\"]}");
    seed(inputs, "target=y normalize_target=true scale=0.01", NULL);
    seed(inputs, "x=1-4 target=5,21 header=no delimiter=; flat=false", NULL);
}
