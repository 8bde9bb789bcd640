# test_cli_folders.sh: a run, a sweep and a model find the data of the run from any folder, also when they have been moved,
# together with the data or alone; where they cannot, they say so.
. "$TACET_SOURCE/tests/cli.sh"
root=$(pwd -P)

mkdir -p project/data away
mv classes.csv project/data/ && mv few_classes.csv project/few.csv && rm -f few.csv
sed 's|classes.csv|data/classes.csv|; s|^test:.*|test:      csv few.csv label=kind|; s/epochs: 3/&, validate: 0.1/' net.yaml > project/net.yaml
cd project || exit 1
runs 0 "$tacet" train net.yaml -q
runs 0 "$tacet" train net.yaml --out apart -q
runs 0 "$tacet" eval runs/net/model.safetensors --json
cp out ../expected
has runs/net/run.json "\"folders\":\[\"../..\",\"$root/project\"\]"
has apart/run.json "\"folders\":\[\"..\",\"$root/project\"\]"
cd ..

answers() { # MODEL: as where it was trained
    runs 0 "$tacet" eval "$1" --json
    same "$root/expected" out
    hasnt err tacet:
}
steps() { # RUN: goes on, with the same bytes wherever that is
    runs 0 "$tacet" train --resume "$1" -q --set train.epochs=4
    empty err
    same "$root/project/four.safetensors" "$1/model.safetensors"
}
(cd project && "$tacet" train net.yaml --out four -q --set train.epochs=4 > /dev/null 2>&1; mv four/model.safetensors four.safetensors)

# ---- From another folder ----
answers project/runs/net/model.safetensors
answers project/runs/net/best.safetensors
answers "$root/project/runs/net/checkpoint.safetensors"
cd away || exit 1
answers ../project/runs/net/model.safetensors
runs 0 "$tacet" explain ../project/runs/net
# Rows that were learned are known from any folder.
runs 0 "$tacet" eval ../project/runs/net/model.safetensors --data "csv $root/project/data/classes.csv"
has err 'the figures include rows that the model was trained on'
# A file of that name here is another one.
echo 'a,b,c,d,kind' > few.csv && mkdir -p data && cp few.csv data/classes.csv
answers ../project/runs/net/model.safetensors
cp -r ../project/runs ../saved
steps ../project/runs/net
rm -rf few.csv data ../project/runs && mv ../saved ../project/runs
cd ../project/runs/net && answers model.safetensors && cd ../../.. || exit 1
ln -s ../project/runs/net away/link && answers away/link/model.safetensors && rm away/link
# A resumed run may be moved on, and has not forgotten.
(cd away && "$tacet" train --resume ../project/apart -q > /dev/null 2>&1)
has project/apart/run.json "\"folders\":\[\"..\",\"$root/project\"\],"

# ---- All of it is moved; the run is moved alone; both ----
mv project moved && mkdir project && cp moved/four.safetensors project/
answers moved/runs/net/model.safetensors
steps moved/runs/net
cd moved && mv ../moved/apart ../away/apart && cd .. || exit 1
runs 5 "$tacet" eval away/apart/model.safetensors
has err "cannot open few.csv: No such file" "the path is that of the run, which was begun in $root/project; --data replaces it"
runs 5 "$tacet" train --resume away/apart
has err "cannot open data/classes.csv: No such file" "which was begun in $root/project; --data replaces it"
cp -r moved/data moved/few.csv project/
answers away/apart/model.safetensors
steps away/apart
rm -r project/data project/few.csv

# ---- Other data by option, from here; the run then knows both folders ----
runs 0 "$tacet" eval away/apart/model.safetensors --data 'csv moved/few.csv label=kind'
cd away || exit 1
mv ../moved/data mine && cp ../moved/few.csv .
runs 0 "$tacet" train --resume apart -q --data 'csv mine/classes.csv label=kind' --set 'test=csv few.csv label=kind' --set train.epochs=5
has apart/run.json "\"folders\":\[\"..\",\"$root/away\",\"../../project\",\"$root/project\"\]"
cd ..
runs 0 "$tacet" train --resume away/apart -q --set train.epochs=6
runs 0 "$tacet" train --resume away/apart -q --set data.scale=1 --set train.epochs=7
mv away/mine moved/data

# ---- A record without folders, as earlier versions wrote it; a model without a record ----
sed -i 's/"folders":\[[^]]*\],//' moved/runs/net/run.json
runs 5 "$tacet" eval moved/runs/net/model.safetensors
has err "few.csv: No such file" "the path is that of the run, which was begun in another folder; --data replaces it"
runs 5 "$tacet" train --resume moved/runs/net
has err "classes.csv: No such file" "the path is that of the run, which was begun in another folder; --data replaces it"
cp moved/runs/net/model.safetensors alone.safetensors
runs 5 "$tacet" eval alone.safetensors
has err "few.csv: No such file" "--data replaces it"
cd moved || exit 1
runs 0 "$tacet" eval runs/net/model.safetensors --json
cp out ../expected
answers ../alone.safetensors
runs 5 "$tacet" train net.yaml --set data='csv nothing.csv label=kind'
hasnt err "begun"
cd ..
for odd in '{"folders":5}' '{"folders":[5,"",{}]}' '{"folders":["nowhere","/nowhere",".",".",".",".",".",".",".","."]}' '[]' '{' ''; do
    echo "$odd" > moved/runs/net/run.json
    runs 5 "$tacet" eval moved/runs/net/model.safetensors
    has err "few.csv: No such file" "--data replaces it"
done

# ---- A sweep and its runs ----
cd moved || exit 1
runs 0 "$tacet" sweep net.yaml --over 'relu1: l1 lambda=1e-4..1e-3:2' --out sweep -q
cp sweep/sweep.csv ../swept && rm -r sweep/relu1-l1-0.001-seed1
cd ../away || exit 1
runs 0 "$tacet" sweep --resume ../moved/sweep -q
cut -d, -f1-4 ../swept > before; cut -d, -f1-4 ../moved/sweep/sweep.csv > after
same before after
runs 0 "$tacet" eval ../moved/sweep/relu1-l1-0.001-seed1/model.safetensors
mv ../moved/sweep ../moved/deeper && mkdir ../moved/in && mv ../moved/deeper ../moved/in/
rm -r ../moved/in/deeper/relu1-l1-0.001-seed1
runs 0 "$tacet" sweep --resume ../moved/in/deeper -q # by the absolute path
rm -r ../moved/in/deeper/relu1-l1-0.001-seed1
mv ../moved/data ../hidden
runs 5 "$tacet" sweep --resume ../moved/in/deeper
has err "which was begun in $root/moved; --set data=... replaces it"
finish
