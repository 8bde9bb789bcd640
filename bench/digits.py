"""digits.py PATH: writes the digits of scikit-learn (1,797 images of 8x8 pixels, from the UCI repository's Optical
Recognition of Handwritten Digits) as an npz file, which the cases called targets-digits read."""

import sys

import numpy as np
from sklearn.datasets import load_digits

digits = load_digits()
np.savez(sys.argv[1], x=digits.data.astype(np.uint8), y=digits.target.astype(np.int32))
