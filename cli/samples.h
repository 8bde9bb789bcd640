/* samples.h: samples.safetensors, what a trained network of images makes of a few samples. The page of the run draws
 * it. */
#ifndef CLI_SAMPLES_H
#define CLI_SAMPLES_H

#include "job.h"
#include "run_folder.h"

/* Runs the model of a folder on a few rows that are spread over the validation data (otherwise the test data, otherwise
 * the training data), and writes bytes: `x` [samples, height, width, 1 or 3], the images between their least and their
 * largest number; and for each layer NAME with silent units whose value is an image [samples, height, width, channels],
 * the channels that fire most: 0 where they are silent, 255 for the largest number of the layer. If the training data
 * are augmented, there is also `x/augmented` [rows * draws, height, width, 1 or 3], a few of its rows, each as it is and
 * then as it is in the first epochs. Large images are reduced, so the file takes at most a megabyte. Its note "samples"
 * is an object:
 *
 *     {"part": "validation", "augment": "flip", "draws": 8, "answers": ["Bag", ...],
 *      "layers": [{"name", "units": 64, "channels": [12, 3, ...],
 *                  "density": [share of positions at which each channel fires, sample after sample]}]}
 *
 * answers: the class that the network gives each sample, if the data have classes. A run without
 * layers of that kind and without augmentation leaves no such file. */
tacet_status cli_samples_write(const cli_job *job, const cli_folder *f, int threads);

#endif
