# test_report_browser_images.sh: the pages of networks of images in a browser.
# timeout 240
. "$TACET_SOURCE/tests/browser.sh"

# Images of three colours; more kernels than are drawn, one that is high and narrow, and long names.
array() { printf '\223NUMPY\001\000v\000%-117s\n' "{'descr': '|u1', 'fortran_order': False, 'shape': ($1), }"; }
{ array '60, 12, 9, 3'; head -c 19440 "$tacet"; } > images.npy
{ array '60,'; printf '\000\001\002%.0s' 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; } > labels.npy
cat > images.yaml << 'E'
model: >
  conv2d 70 3 padding=same name=layer1.0.convolution | relu name=layer1.0.activation |
  conv2d 5 5x1 | relu | conv2d 5 3x2 groups=5 | relu | flatten | linear 3
loss:      cross_entropy
optimizer: sgd lr=0.01
data:      npy x=images.npy y=labels.npy layout=hwc
augment:   flip | crop 2
train:     {epochs: 2, batch: 20, validate: 0.1}
E
runs 0 "$tacet" train images.yaml --out images -q
runs 0 "$tacet" train images.yaml --out images2 -q --penalty '*.weight: group_lasso 0.1 prox'
runs 0 "$tacet" report images images2 --out both_images.html
has images/report.html '<h2>Augmentation</h2>' '<h3>flip | crop 2</h3>'
looks_right images/report.html "$(grep -c '<figure' images/report.html)"
looks_right both_images.html "$(grep -c '<figure' both_images.html)"
finish
