# test_cli_tables.sh: tables of people's own: what a run says about them, and other data for a model trained on them.
. "$TACET_SOURCE/tests/cli.sh"

# ---- One line says what was read ----
printf 'a,b,flower\n' > flowers.csv
awk 'BEGIN {
    srand(3); split("virginica setosa versicolor", name)
    for (i = 0; i < 150; i++) printf "%.2f,%.2f,%s\n", i % 3 + rand(), i % 3 - rand(), name[i % 3 + 1]
}' >> flowers.csv
cat > flowers.yaml << 'END'
model:     linear 8 | relu | linear 3
loss:      cross_entropy
optimizer: adam lr=0.05
data:      csv flowers.csv label=flower
train:     {epochs: 10, batch: 16}
END
runs 0 "$tacet" train flowers.yaml --out flowers
has err '^150 rows, header: yes, 2 inputs, 3 classes: setosa versicolor virginica$'
[ "$(grep -c 'header:' err)" -eq 1 ] || fault "the line comes more than once"
runs 0 "$tacet" eval flowers/model.safetensors
has err '^150 rows, header: yes, 2 inputs, 3 classes: setosa versicolor virginica$'
accuracy() { sed -n 's/.*accuracy \([0-9.]*\).*/\1/p' out; }
whole=$(accuracy)
awk "BEGIN { exit !($whole > 0.9) }" || fault "accuracy $whole"

# ---- Other data: columns in another order, others, none, without names ----
awk -F, '{ print $3 "," $2 "," $1 }' flowers.csv > turned.csv
runs 0 "$tacet" eval flowers/model.safetensors --data 'csv turned.csv label=flower'
[ "$(accuracy)" = "$whole" ] || fault "columns in another order give another accuracy: $(accuracy), not $whole"
runs 0 "$tacet" eval flowers/model.safetensors --data 'csv turned.csv'
[ "$(accuracy)" = "$whole" ] || fault "the label is not found by its name"
runs 0 "$tacet" predict flowers/model.safetensors --data 'csv flowers.csv label=flower' --csv
cp out straight
runs 0 "$tacet" predict flowers/model.safetensors --data 'csv turned.csv' --csv
same out straight
has err 'the column "flower" holds the answers and is left out'
cut -d, -f1,2 flowers.csv > bare.csv
runs 0 "$tacet" predict flowers/model.safetensors --data 'csv bare.csv' --csv
same out straight
empty err
tail -n +2 bare.csv > nameless.csv
runs 0 "$tacet" predict flowers/model.safetensors --data 'csv nameless.csv' --csv
same out straight
has err 'nameless.csv: the columns are matched with those of the model by position: the file has no names'
[ "$(wc -l < err)" -eq 1 ] || fault "this is said more than once"
sed '1s/b/height/' bare.csv > renamed.csv
runs 3 "$tacet" predict flowers/model.safetensors --data 'csv renamed.csv' --csv
has err 'renamed.csv: there is no column "b", which is an input of the model'
sed '1s/$/,no. of bees/; 2,$s/$/,1/' flowers.csv > more.csv
runs 3 "$tacet" eval flowers/model.safetensors --data 'csv more.csv'
has err '"no. of bees" is not a column that the model takes' 'drop="no. of bees" leaves it out'
runs 0 "$tacet" eval flowers/model.safetensors --data 'csv more.csv drop="no. of bees"'
runs 0 "$tacet" inspect flowers/model.safetensors
has out '^columns    a, b$' '^classes    setosa, versicolor, virginica$'
# Test and validation data are read in the same way.
runs 0 "$tacet" train flowers.yaml --out both --set 'test=csv turned.csv' --set 'validate=csv turned.csv label=1'
has out "accuracy $whole"
runs 3 "$tacet" train flowers.yaml --out bad --set 'validate=csv renamed.csv'
has err 'renamed.csv: there is no column "b"'

# Rows that are held out are among those that were read.
runs 0 "$tacet" train flowers.yaml --out share --set train.validate=0.2
has err '^150 rows, header: yes'

# ---- pandas' row numbers ----
awk 'NR == 1 { print "," $0 } NR > 1 { print NR - 2 "," $0 }' flowers.csv > index.csv
runs 0 "$tacet" train flowers.yaml --out index --set 'data=csv index.csv label=flower'
has err 'index.csv: column 1 has no name and is left out' '^150 rows, header: yes, 2 inputs'
runs 0 "$tacet" eval index/model.safetensors --data 'csv turned.csv'
[ "$(accuracy)" = "$whole" ] || fault "with row numbers: $(accuracy), not $whole"
runs 0 "$tacet" eval flowers/model.safetensors --data 'csv index.csv drop=1'
hasnt err 'no name'

# ---- Missing values and categories ride in the model ----
printf 'size,colour,kind\n1,red,0\n?,blue,1\n3,red,0\n5,blue,1\n' > words.csv
cat > words.yaml << 'END'
model:     linear 2
loss:      cross_entropy
optimizer: sgd lr=0.1
data:      csv words.csv label=kind onehot=colour missing=mean unknown=ignore
train:     {epochs: 2, batch: 2}
END
runs 0 "$tacet" train words.yaml --out words
has err '^4 rows, header: yes, 2 inputs, 2 classes$'
printf 'colour,size\ngreen,NA\nblue,4\n' > new.csv
runs 0 "$tacet" predict words/model.safetensors --data 'csv new.csv' --keep x --csv --raw
printf '3,0,0\n4,1,0\n' > expected; same out expected
runs 3 "$tacet" train words.yaml --out bad --set 'data=csv words.csv label=kind onehot=colour'
has err 'words.csv, line 3, column 1 (size): the value is missing: ?' 'missing=mean, missing=median or missing=NUMBER'

# ---- Standardised targets: predictions are in the target's own unit ----
awk 'BEGIN { print "a,mean price"; for (i = 0; i < 200; i++) print i / 200 "," 1000000 + 3 * i + 5 * (i % 7) }' > price.csv
cat > price.yaml << 'END'
model:     linear 1
loss:      mse
optimizer: adam lr=0.05
data:      csv price.csv target="mean price" normalize=feature normalize_target=true
train:     {epochs: 60, batch: 20}
END
runs 0 "$tacet" train price.yaml --out price
has err '^200 rows, header: yes, 1 input, 1 target$'
runs 0 "$tacet" eval price/model.safetensors --json
cp out figures.json
runs 0 "$tacet" predict price/model.safetensors --data 'csv price.csv' --csv
awk 'NR > 1 { d = $1 - (1000000 + 3 * (NR - 2)); if (d > 50 || d < -50) bad++ } END { exit bad > 0 || NR != 201 }' out ||
    fault "the predictions are not near the prices: $(head -3 out)"
# The metrics are those of the predictions and the prices as they are in the files.
tail -n +2 price.csv | cut -d, -f2 > prices
tail -n +2 out | paste - prices | awk -v said="$(sed 's/.*"rmse":\([^,]*\),"mae":\([^,]*\),.*/\1 \2/' figures.json)" '
    { d = $1 - $2; s += d * d; a += d < 0 ? -d : d }
    END {
        split(said, figure, " ")
        rmse = figure[1] / sqrt(s / NR); mae = figure[2] / (a / NR)
        exit !(rmse > 0.95 && rmse < 1.05 && mae > 0.95 && mae < 1.05)
    }' || fault "rmse and mae are not those of the predictions: $(cat figures.json)"
runs 0 "$tacet" predict price/model.safetensors --data 'csv price.csv' --keep x --csv
hasnt out '^1000'
runs 2 "$tacet" train price.yaml --out bad --set 'data=csv price.csv target=mean'
has err 'price.csv has no column "mean"'
runs 2 "$tacet" train price.yaml --out bad --set 'data=csv price.csv target="mean prize"'
has err 'did you mean "mean price"?'

# ---- A model of an earlier version, whose notes are a scaling and the words of the classes ----
cp "$TACET_SOURCE/tests/checkpoints/model1.safetensors" .
printf 'label,u,v\nowl,3,1\ncat,1,3\nowl,5,1\n' > animals.csv
runs 0 "$tacet" eval model1.safetensors --data 'csv animals.csv label=label'
has out 'accuracy 1,'
runs 3 "$tacet" eval model1.safetensors --data 'csv flowers.csv label=flower'
has err 'the label "virginica" is not one of the classes'
runs 0 "$tacet" inspect model1.safetensors
has out '^classes    cat, owl$'

# ---- The delimiter belongs to what a model expects ----
tr , ';' < flowers.csv > semicolons.csv
runs 0 "$tacet" train flowers.yaml --out semicolons --set 'data=csv semicolons.csv label=flower delimiter=;'
runs 0 "$tacet" eval semicolons/model.safetensors --data 'csv semicolons.csv'
[ "$(accuracy)" = "$whole" ] || fault "the delimiter of the training file is not kept"
runs 0 "$tacet" eval semicolons/model.safetensors --data 'csv flowers.csv delimiter=,'
[ "$(accuracy)" = "$whole" ] || fault "another delimiter cannot be given"

# ---- The commands of docs/data.md and README.md ----
# shown FILE SECTION: runs each line after "$" in the section; what is shown below it must be in its output.
shown() {
    awk -v section="## $2" '/^## / { on = 0; outside = section != "## " && $0 != section } outside { next }
        /^    \$ / { sub(/^    \$ /, ""); print > ("command." ++n); printf "" > ("shown." n); on = 1; next }
        on && /^    / { sub(/^    /, ""); print > ("shown." n); next }
        { on = 0 }' "$TACET_SOURCE/$1"
    n=1
    while [ -e command.$n ]; do
        sed "s,^tacet ,\"$tacet\" ," command.$n > run.sh
        sh run.sh > all 2>&1 || fault "$1: $(cat command.$n all)"
        while read -r line; do
            grep -qF -- "$line" all || fault "$1: '$line' is not what this prints: $(cat command.$n all)"
        done < shown.$n
        rm command.$n
        n=$((n + 1))
    done
    [ $n -gt 3 ] || fault "$1 has only $n commands"
}
mkdir shown && cd shown || exit 1
cp -R "$TACET_SOURCE/examples" examples
cp examples/penguins/penguins.csv .
sed -n '/^Here `flowers.yaml` is$/,/^and/s/^    //p' "$TACET_SOURCE/docs/data.md" > flowers.yaml
shown docs/data.md ""
shown README.md "Your own table"
finish
