/* schema.h: the schema of data (tacet_data_schema): what a model stores about the data that it takes. */
#ifndef CLI_SCHEMA_H
#define CLI_SCHEMA_H

#include "cli.h"

#include "base/json.h"

const char *cli_schema_of(cli_arena *a, const tacet_data *d);

/* What the model's file says about the data that it takes. The text belongs to the arena or the file. */
const char *cli_model_schema(cli_arena *a, const tacet_file *f);

/* A schema; and the words of its classes, one on each line. */
const tc_json *cli_schema_read(cli_arena *a, const char *schema);
const char *cli_schema_classes(cli_arena *a, const char *schema);

/* "150 rows, header: yes, 4 inputs, 3 classes: setosa versicolor virginica"; "60,000 rows of 28 x 28 x 1, 10 classes" */
const char *cli_data_line(cli_arena *a, const tacet_data *d);

#endif
