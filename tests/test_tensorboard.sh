# test_tensorboard.sh: TensorBoard reads the event files of a run: every line of metrics.jsonl, histograms; for a run that
# was killed and resumed, every step once. Without TensorBoard, only tests/test_events.c tests these files.
python3 -c 'import tensorboard.backend.event_processing.event_accumulator' 2> /dev/null || exit 77
. "$TACET_SOURCE/tests/cli.sh"

cat > read.py << 'END'
import json, math, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
import glob, struct

run = sys.argv[1]
a = EventAccumulator(run, size_guidance={k: 0 for k in ("scalars", "histograms", "compressedHistograms", "tensors")})
a.Reload()
tags = a.Tags()
single = lambda x: struct.unpack("f", struct.pack("f", x))[0]
series = {}
for tag in tags["scalars"]:
    steps = [e.step for e in a.Scalars(tag)]
    assert steps == sorted(set(steps)), f"{tag}: {steps}"
    series[tag] = {e.step: e.value for e in a.Scalars(tag)}
lines = [json.loads(line) for line in open(run + "/metrics.jsonl")]
epochs = [line for line in lines if "seconds" in line]
steps = [line for line in lines if "seconds" not in line]
assert epochs and steps

def same(tag, of, value):
    got = series[tag]
    assert list(got) == [line["step"] for line in of], f"{tag}: {list(got)}"
    for line in of:
        assert got[line["step"]] == single(value(line)), f"{tag} at step {line['step']}: {got[line['step']]}, not {value(line)}"

for key in ("data_loss", "objective", "gradient_norm", "learning_rate"):
    same("train/" + key, steps, lambda line: line[key])
for key in ("data_loss", "objective"):
    same("epoch/" + key, epochs, lambda line: line[key])
for key in ("accuracy", "data_loss", "objective"):
    same("validation/" + key, epochs, lambda line: line["validation"][key])
same("penalty/relu1:l1", steps, lambda line: line["terms"][0]["value"])
same("epoch_penalty/relu1:l1", epochs, lambda line: line["terms"][0]["value"])
for i, layer in enumerate(("relu1", "relu2")):
    same("epoch_density/" + layer, epochs, lambda line: line["layers"][i]["density"])
    same("dead/" + layer, epochs, lambda line: line["layers"][i]["dead"])
assert series["lambda/relu1:l1"].keys() >= {line["step"] for line in lines}
assert len(series["density/relu1"]) == len(steps)

ends = [line["step"] for line in epochs]
for tag, count in (("parameters/linear1.weight", 64), ("parameters/linear3.bias", 3), ("firing/relu2", 8)):
    h = a.Histograms(tag)
    assert [e.step for e in h] == ends, f"{tag}: {[e.step for e in h]}"
    for e in h:
        v = e.histogram_value
        assert v.num == sum(v.bucket) == count and len(v.bucket) == len(v.bucket_limit), (tag, v)
    assert len(a.CompressedHistograms(tag)) == len(h)
# The server needs buckets with rising edges.
for path in glob.glob(run + "/*tfevents*"):
    for event in EventFileLoader(path).Load():
        for value in event.summary.value:
            if value.metadata.plugin_data.plugin_name != "histograms":
                continue
            edges = struct.unpack(f"{len(value.tensor.tensor_content) // 4}f", value.tensor.tensor_content)
            assert all(l <= r for l, r in zip(edges[0::3], edges[1::3])), edges
            assert edges[1:-2:3] == edges[3::3], edges
print(len(steps), "steps,", len(epochs), "epochs,", len(tags["scalars"]), "scalars,", len(tags["histograms"]), "histograms")
END
reads() {
    python3 read.py "$1" > out 2> err || fault "TensorBoard and $1/metrics.jsonl differ: $(tail -n 3 err)"
}

runs 0 "$tacet" train net.yaml --out a -q --tensorboard --set train.validate=0.2
reads a
has out "^4 steps, 3 epochs, 2[0-9] scalars, 8 histograms$"

# Killed more than once, and resumed.
long="net.yaml -q --tensorboard --set train.epochs=100 --set train.log=1 --set train.checkpoint=3 --set train.validate=0.2"
killed=0
for pause in 0.1 0.2 0.4 0.8 1.6; do
    rm -rf cut
    # shellcheck disable=SC2086
    timeout -s KILL $pause "$tacet" train $long --resume cut > out 2> err && continue
    [ -e cut/checkpoint.safetensors ] || continue
    # shellcheck disable=SC2086
    timeout -s KILL 0.2 "$tacet" train $long --resume cut > out 2> err
    # shellcheck disable=SC2086
    runs 0 "$tacet" train $long --resume cut
    reads cut
    has out "^800 steps, 100 epochs"
    killed=$((killed + 1))
    [ $killed -lt 2 ] || break
done
[ $killed -ge 1 ] || fault "no run was killed before it ended"
finish
