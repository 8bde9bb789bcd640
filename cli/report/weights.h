/* weights.h: a run's weights as pictures: where exact zeros are, what the units that see an image look for. */
#ifndef CLI_WEIGHTS_H
#define CLI_WEIGHTS_H

#include "report/page.h"
#include "run_record.h"

/* A table of the matrices and a figure of each that holds exact zeros; and, where the input is an image, one of the
 * inputs that are in use, of the first layer's units, of what an autoencoder's units draw. From the model that the run
 * left; nothing where there is none. prefix ("", or "run: ") stands in front of each title. */
void cli_weights_zeros(cli_page *p, const cli_record *r, const char *prefix);
void cli_weights_images(cli_page *p, const cli_record *r, const char *prefix);

#endif
