# test_report_browser.sh: reports of runs and sweeps in a browser: their layout, narrow and wide, light and dark.
# timeout 240
. "$TACET_SOURCE/tests/browser.sh"

sed -e 's/^train: *{/train: {validate: 0.2, /' -e 's/relu1: l1 1e-3/relu1: l1 density=0.2\n  linear1.weight: l1 1e-4 prox/' \
    net.yaml > steer.yaml
runs 0 "$tacet" train steer.yaml --out a -q --set train.epochs=12
runs 0 "$tacet" train net.yaml --out with-a-rather-long-name-that-no-phone-has-room-for -q --set train.seed=2
runs 0 "$tacet" train net.yaml --out one -q --set train.epochs=1 --set optimizer.schedule=cosine
runs 0 "$tacet" report a with-* one --out several.html
runs 0 "$tacet" sweep steer.yaml --over 'relu2: l1 lambda=max/1000..max:9' --out lambdas -q
runs 0 "$tacet" sweep steer.yaml --over 'relu2: l1 1e-4..1e-1:5' --over 'linear2.weight: l1 1e-3..1e-5:3 prox' --seeds 2 --out grid -q
# Twelve columns of figures, and a picture whose columns have the names of classes.
awk 'BEGIN { print "a,b,class"; for (i = 0; i < 300; i++) print i % 7 "," i % 11 ",the class named " i % 10 }' > named.csv
sed -e '/^test:/d' -e 's/^data:.*/data: csv named.csv label=class/' -e 's/linear 3$/linear 10/' steer.yaml > named.yaml
echo 'metrics: [f1, precision, recall, confusion]' >> named.yaml
runs 0 "$tacet" sweep named.yaml --over 'relu2: l1 1e-4..1e-1:4' --seeds 2 --out wide -q
has wide/relu2-l1-0.1-seed1/report.html 'rotate(-90)" text-anchor="end">the class'
looks_right wide/report.html 5
looks_right wide/relu2-l1-0.1-seed1/report.html "$(grep -c '<figure' wide/relu2-l1-0.1-seed1/report.html)"
looks_right lambdas/report.html 5
looks_right grid/report.html 5
looks_right a/report.html "$(grep -c '<figure' a/report.html)"
looks_right several.html "$(grep -c '<figure' several.html)"
finish
