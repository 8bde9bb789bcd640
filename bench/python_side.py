"""python_side.py: the benchmark's networks by Tacet from Python, as its users write them. It is started like peer.py and
answers in the same way:

    python_side.py CASE MODEL.safetensors THREADS"""
import resource
import sys
import time

try:
    import tacetnn as tn
except ImportError as why:
    sys.exit(f"python_side.py: {why}")

from rows import images, made_up, rounds

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


CASES = {"seed": seed, "mlp": lambda threads: mlp(threads, {}), "mlp-l1": lambda threads: mlp(threads, {"relu*": "l1 1e-3"})}


def main():
    plan, batches = CASES[sys.argv[1]](int(sys.argv[3]))
    tn.File(sys.argv[2]).load(plan)

    def step():
        x, target = next(batches)
        plan.step(x=x, target=target)
        return plan.data_loss

    print("Tacet from Python", flush=True)
    for line in sys.stdin:
        count = int(line)
        begin = time.perf_counter()
        losses = [step() for _ in range(count)]
        seconds = time.perf_counter() - begin
        print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, sum(losses) / count, flush=True)


main()
