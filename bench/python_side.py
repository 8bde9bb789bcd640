"""python_side.py: the benchmark's networks by Tacet from Python, as its users write them. It is started like peer.py
and answers in the same way:

    python_side.py CASE MODEL.safetensors THREADS"""
import json
import os
import resource
import subprocess
import sys
import tempfile
import time

try:
    import tacetnn as tn
except ImportError as why:
    sys.exit(f"python_side.py: {why}")

from rows import FOLDER, images, made_up, pixels, rounds

MLP = "linear 512 | relu | linear 512 | relu | linear 10"
SEED = "linear 32 | relu | linear 16 | relu | linear 2"
SEED_PENALTIES = {"relu1": "l1 0.5 reduce=sum", "relu2": "norm 0.01 p=2 reduce=sum"}


def network(width, layers, optimizer, penalties, batch, threads):
    g = tn.Graph()
    x, target = g.input("x", width), g.labels("target")
    g.loss("cross_entropy", g.chain(x, layers), target)
    for selector, penalty in penalties.items():
        g.penalize(selector, penalty)
    return g.compile(batch=batch, optimizer=optimizer, threads=threads)


def seed(threads):
    return network(128, SEED, "sgd lr=1e-4", SEED_PENALTIES, 4, threads), rounds(*made_up(256, 128), 4)


def mlp(threads, penalties):
    return network(784, MLP, "sgd lr=0.1 momentum=0.9", penalties, 128, threads), rounds(*images(), 128)


def stepping(made):
    """Runs steps of a loop by hand; seconds and the mean loss."""
    plan, batches = made
    tn.File(sys.argv[2]).load(plan)

    def step():
        x, target = next(batches)
        plan.step(x=x, target=target)
        return plan.data_loss

    def run(count):
        begin = time.perf_counter()
        losses = [step() for _ in range(count)]
        return time.perf_counter() - begin, sum(losses) / count
    return run


def fitting(threads):
    """Runs epochs of Network.fit; seconds of all but the first, with all that happens between epochs."""
    x, y = pixels()

    def run(count):
        net = tn.Network(MLP, input=784, loss="cross_entropy", optimizer="sgd lr=0.1 momentum=0.9", threads=threads)
        ends = []
        net.fit(x, y, epochs=count + 1, data=f"scale={1 / 255}", progress=False,
                on_epoch=lambda run: ends.append(time.perf_counter()))
        return ends[-1] - ends[0], net.run.ledger[-1]["data_loss"]
    return run


def training(threads):
    """The same epochs by `tacet train`; the seconds that it spent in their steps."""
    def run(count):
        with tempfile.TemporaryDirectory() as folder:
            with open(folder + "/mlp.yaml", "w") as file:
                file.write(f"model: {MLP}\nloss: cross_entropy\noptimizer: sgd lr=0.1 momentum=0.9\n"
                           f"data: idx {FOLDER}\ntrain: {{epochs: {count + 1}}}\n")
            subprocess.run([os.environ["TACET"], "train", folder + "/mlp.yaml", "--out", folder + "/run", "--quiet",
                            "--threads", str(threads)], check=True, stdout=subprocess.DEVNULL)
            lines = [json.loads(line) for line in open(folder + "/run/metrics.jsonl")]
        epochs = [line for line in lines if "seconds" in line]
        return sum(line["seconds"] for line in epochs[1:]), epochs[-1]["data_loss"]
    return run


CASES = {"seed": lambda threads: stepping(seed(threads)),
         "mlp-l1": lambda threads: stepping(mlp(threads, {"relu*": "l1 1e-3"})),
         "fit": fitting, "train": training}


def main():
    run = CASES[sys.argv[1]](int(sys.argv[3]))
    print("tacet train" if sys.argv[1] == "train" else "Tacet from Python", flush=True)
    for line in sys.stdin:
        seconds, loss = run(int(line))
        print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, loss, flush=True)


main()
